"""A workbook's formulas computed in numbers for many choices at once, as pages ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from xlconv import places
from xlconv.cells import Value
from xlconv.check.pages import Known
from xlconv.check.pages.lanes import Plain
from xlconv.formula.array import BLANK, NUMBER, Array, Kinds, of_numbers
from xlconv.formula.elements import Floats
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.state import State, coded
from xlconv.network import FloatArray
from xlconv.places import Places
from xlconv.recover.reading import Reading

_NONE: Final = np.empty(0, np.int64)


class Numbers:
    """See `xlconv.check.pages.Evaluator`.

    Args:
        reading: The workbook's formulas.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._base: State[Floats] | None = None
        self._blank = _NONE

    def values(self, asked: Places, filled: Mapping[int, Sequence[Value]], known: Mapping[int, float]) -> Plain:
        """What cells show in each lane."""
        count = max((len(lane) for lane in filled.values()), default=1)
        own = Known.of(known)
        given = places.distinct(np.array([*filled], np.int64), own.places)
        state = self._state(given, count)
        if known:
            state.put(own.places, of_numbers(Floats.of(own.numbers.reshape(-1, 1, 1, 1))))
        if filled:
            state.put(np.array(list(filled), np.int64), _of_lanes(list(filled.values())))
        Evaluation(self._reading.forms, state).compute(asked, given)
        kinds, shown = state.in_lanes(asked)
        return Plain(shown.known(), kinds)

    def _state(self, given: Places, lanes: int) -> State[Floats]:
        """What the file holds; with room for what is given."""
        if self._base is None or (places.find(given, self._base.places) < 0).any():
            self._blank = places.distinct(self._blank, given)
            self._base = State(self._reading.held, self._reading.atlas, Floats, blank=self._blank)
        return self._base.fresh(lanes)


def _of_lanes(lanes: Sequence[Sequence[Value]]) -> Array[Floats]:
    """What stands in some cells in each lane."""
    kinds, numbers = zip(*map(_of_lane, lanes), strict=True)
    shape = (len(lanes), -1, 1, 1)
    return Array(np.stack(kinds).reshape(shape), Floats.of(np.stack(numbers).reshape(shape)))


def _of_lane(lane: Sequence[Value]) -> tuple[Kinds, FloatArray]:
    """The kinds and numbers of what stands in a cell; most of it are numbers."""
    if not set(map(type, lane)) <= {float, type(None)}:
        known = {(type(value), value): coded(value) for value in dict.fromkeys(lane)}
        both = np.array([known.get((type(value), value)) or coded(value) for value in lane], float)
        return both[:, 0].astype(np.uint8), both[:, 1]
    numbers = np.array(lane, float)
    kinds = np.full(numbers.size, NUMBER, np.uint8)
    for at in np.flatnonzero(np.isnan(numbers)).tolist():
        if lane[at] is None:
            kinds[at], numbers[at] = BLANK, 0.0
    return kinds, numbers
