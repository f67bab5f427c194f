"""Values of cells as lanes: the plain form of what an evaluator gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlconv.cells import NotEvaluated, Value
from xlconv.check.pages import ARRAY
from xlconv.engines.errors import is_array
from xlconv.formula.array import TEXT, TEXTS
from xlconv.formula.state import coded
from xlconv.network import FloatArray


@dataclass(frozen=True)
class Plain:
    """See `xlconv.check.pages.Lanes`."""

    numbers: FloatArray
    kinds: NDArray[np.uint8]


def of_values(lanes: Sequence[Sequence[Value]]) -> Plain:
    """What cells show in each of some lanes, lane by lane."""
    shape = len(lanes), len(lanes[0]) if lanes else 0
    flat = [value for lane in lanes for value in lane]
    numbers = np.array([value if type(value) is float else _text(value) for value in flat], dtype=np.float64)
    kinds = np.array([TEXT if type(value) is str else _kind(value) for value in flat], dtype=np.uint8)
    return Plain(numbers.reshape(shape).T, kinds.reshape(shape).T)


def _text(value: Value) -> int:
    return -1 if value is None else TEXTS.number(str(value))


def _kind(value: Value) -> int:
    return ARRAY if isinstance(value, NotEvaluated) and is_array(value) else coded(value)[0]
