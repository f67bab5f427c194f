"""Formulas computed under an interpretation, in the order in which they read each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.cells import Range
from xlconv.formula import functions
from xlconv.formula.array import Array, E
from xlconv.formula.forms import Forms
from xlconv.formula.kinds import spelled
from xlconv.formula.patterns import Pattern, pattern_of
from xlconv.formula.plan import Generation, generation, plan
from xlconv.formula.state import State
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk
from xlconv.places import Places

__all__ = ["Evaluation", "functions"]

_AT_ONCE: Final = 1 << 20
"""Numbers that a formula reads for many cells and lanes, which are worked on together."""
_UNREADABLE: Final = Pattern(Node("other"), ())
_ROUNDS: Final = 3000
"""Cells that read each other, one behind the other."""


class Evaluation(Generic[E]):
    """A workbook's formulas under one interpretation.

    Args:
        forms: The formulas.
        state: What cells hold; what is computed is put there.
    """

    def __init__(self, forms: Forms, state: State[E]) -> None:
        self.forms, self.state = forms, state

    def compute(self, asked: Places, known: Places) -> None:
        """Compute some cells, and whatever they are computed from; those in a circle stay unknown.

        Args:
            asked: The cells.
            known: Cells, sorted, that keep what they hold.
        """
        for each in plan(self.forms, asked, known):
            if each.is_circle:
                self._in_rounds(each.groups)
            else:
                self._put(each)

    def _in_rounds(self, waiting: dict[int, NDArray[np.int64]]) -> None:
        """Groups that read each other, or themselves: cells that read nothing that waits, round after round."""
        for _ in range(_ROUNDS):
            pending = np.sort(np.concatenate([self.forms.filled_by(group, at) for group, at in waiting.items()]))
            ready = {group: at[self._is_ready(group, at, pending)] for group, at in waiting.items()}
            if not any(at.size for at in ready.values()):
                return
            self._put(generation(self.forms, ready))
            waiting = {group: np.setdiff1d(at, ready[group]) for group, at in waiting.items()}

    def _is_ready(self, group: int, at: NDArray[np.int64], pending: Places) -> NDArray[np.bool_]:
        """Which cells of a group read none of some sorted cells."""
        ready = np.ones(at.size, bool)
        for read in self.forms.read(group, at):
            ready &= ~(places.find(read, pending) >= 0).any(axis=1)
        return ready

    def _put(self, formulas: Generation) -> None:
        for cells, values in self._results(formulas):
            self.state.put(cells, values)

    def results(self, cells: Places) -> Iterator[tuple[Places, Array[E]]]:
        """What the formulas of some cells give, from what the state holds; some cells at a time, others too."""
        yield from self._results(generation(self.forms, self.forms.by_group(cells)))

    def _results(self, formulas: Generation) -> Iterator[tuple[Places, Array[E]]]:
        """What formulas give, in portions."""
        for group in formulas.spread:
            spread, pattern = self.forms.spread_of(group), self.forms.pattern(group)
            if spread is not None and pattern is not None:
                yield self.state.atlas.places(spread).ravel(), self._spread(group, pattern, spread)
        for alike in formulas.alike:
            portion = max(1, _AT_ONCE // (self.state.lanes * _size(alike.pattern, alike.firsts)))
            for first in range(0, alike.cells.size, portion):
                some = alike.part(slice(first, first + portion))
                for walk in Walk(self.state, *some).apart():
                    yield walk.cells, walk.shown()

    def _spread(self, group: int, pattern: Pattern, spread: Range) -> Array[E]:
        """What each cell of an array formula shows: (cells, lanes or 1, 1, 1)."""
        first, numbers = np.array([0]), np.array(self.forms.numbers(group)).reshape(1, -1)
        walk = Walk(self.state, pattern, self.forms.places[group][first], self.forms.at(group, first), numbers)
        value = walk.value(pattern.tree)
        if value.size not in ((spread.height, spread.width), (1, 1)):
            value = walk.unknown()
        shape = np.broadcast_shapes(value.kinds.shape, value.numbers.shape, (1, 1, spread.height, spread.width))
        wide = value.spread(shape).flat()
        return Array(wide.kinds.transpose(3, 1, 2, 0), wide.numbers.transpose(3, 1, 2, 0))

    def result(self, formula: str, cell: Range) -> Array[E]:
        """What another formula would give in a cell; unknown where it cannot be read."""
        pattern, (refs, numbers) = pattern_of(spelled(formula), self.forms.references, cell)
        atlas = self.state.atlas
        at = np.array([atlas.place(*ref.range[:3]) for ref in refs], np.int64).reshape(1, -1)
        own = np.array([atlas.place(*cell[:3])])
        walk = Walk(self.state, pattern or _UNREADABLE, own, at, np.array(numbers).reshape(1, -1))
        return walk.result()


def _size(pattern: Pattern, firsts: Places) -> int:
    """How many numbers a cell reads that others of its pattern do not."""
    moving = (firsts != firsts[:1]).any(axis=0).tolist()
    return 1 + sum(height * width for (height, width), moves in zip(pattern.sizes, moving, strict=True) if moves)
