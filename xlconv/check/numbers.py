"""A workbook's formulas computed in numbers for many choices at once, as pages ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from xlconv import places
from xlconv.cells import Value
from xlconv.check.pages.lanes import Plain
from xlconv.formula.array import NUMBER, Array, of_numbers
from xlconv.formula.elements import Floats
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.state import State, coded
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
        given = np.unique(np.array([*filled, *known], np.int64))
        state = self._state(given, count)
        if known:
            numbers = Floats.of(np.array(list(known.values()), float).reshape(-1, 1, 1, 1))
            state.put(np.array(list(known), np.int64), of_numbers(numbers))
        if filled:
            state.put(np.array(list(filled), np.int64), _of_lanes(list(filled.values())))
        Evaluation(self._reading.forms, state).compute(asked, given)
        return _plain(state.at(asked[:, None, None]), (asked.size, count))

    def _state(self, given: Places, lanes: int) -> State[Floats]:
        """What the file holds; with room for what is given."""
        if self._base is None or (places.find(given, self._base.places) < 0).any():
            self._blank = np.union1d(self._blank, given)
            self._base = State(self._reading.held, self._reading.atlas, Floats, blank=self._blank)
        return self._base.fresh(lanes)


def _of_lanes(lanes: Sequence[Sequence[Value]]) -> Array[Floats]:
    """What stands in some cells in each lane; most of it are numbers."""
    flat, shape = [value for lane in lanes for value in lane], (len(lanes), -1, 1, 1)
    kinds = np.full(len(flat), NUMBER, np.uint8)
    for at in [at for at, value in enumerate(flat) if type(value) is not float]:
        kinds[at], flat[at] = coded(flat[at])
    return Array(kinds.reshape(shape), Floats.of(np.array(flat, float).reshape(shape)))


def _plain(shown: Array[Floats], shape: tuple[int, int]) -> Plain:
    kinds = np.broadcast_to(shown.kinds[:, :, 0, 0], shape)
    return Plain(np.broadcast_to(shown.numbers.data[0, :, :, 0, 0], shape), kinds)
