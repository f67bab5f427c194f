"""What an engine computes for a network's cells, trial by trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from xlconv.cells import Value
from xlconv.check.edits import Edits
from xlconv.check.explore import Explorer
from xlconv.check.inputs import Trial
from xlconv.engines import Engine
from xlconv.network import FloatArray
from xlconv.places import Places, find
from xlconv.reader import Workbook
from xlconv.recover.found import Found


class Computed:
    """What an engine computed for one trial, by place.

    Args:
        order: For each place that was asked for, sorted, where its value is among the values.
        places: Those places.
        values: In the order in which the engine gave them.
    """

    def __init__(self, places: Places, order: Places, values: Sequence[Value]) -> None:
        self.places, self._order = places, order
        self._values = values
        self._numbers = np.array([value if type(value) is float else np.nan for value in values])

    def numbers(self, cells: Places) -> FloatArray:
        """The numbers in some cells, in their shape; NaN where a cell shows something else or is not known."""
        at = find(cells, self.places)
        numbers: FloatArray = np.where(at < 0, np.nan, self._numbers[self._order[at]])
        return numbers

    def values(self, cells: Places) -> list[Value]:
        """What some cells show.

        Raises:
            KeyError: One of them was not asked for.
        """
        at = find(cells, self.places)
        if (at < 0).any():
            raise KeyError(f"the value of cell {cells[at < 0][0]} was not asked for")
        return [self._values[each] for each in self._order[at].tolist()]

    def value(self, cell: int) -> Value:
        """What a cell shows; it must have been asked for."""
        return self.values(np.array([cell]))[0]

    def value_or_none(self, cell: int) -> Value:
        """The same for any cell; None for one that was not asked for."""
        return self.value(cell) if find(np.array([cell]), self.places)[0] >= 0 else None

    def in_order(self) -> Iterator[Value]:
        """What the cells show, in the order of their places."""
        return (self._values[at] for at in self._order.tolist())


def is_same(shown: Value, right: Value, tolerance: float) -> bool:
    """Whether a cell shows what it should; the tolerance is relative where that is beyond 1."""
    if isinstance(shown, float) and isinstance(right, float):
        return abs(shown - right) <= tolerance * max(1.0, abs(right))
    return type(shown) is type(right) and shown == right


def compute(
    book: Workbook, found: Found, engine: Engine, trials: Sequence[Trial], extra: Places | None = None
) -> list[Computed]:
    """The values of all cells of a network, for each trial.

    Args:
        book: The workbook.
        found: The network and where it stands.
        engine: Computes the workbook.
        trials: What to put into it.
        extra: Further cells to be computed.

    Raises:
        EngineError: The engine could not compute the workbook at all.
    """
    atlas, explorer = found.atlas, Explorer.of(book, found)
    asked = [found.formulas, *([extra] if extra is not None else []), *([explorer.places] if explorer else [])]
    ranges = atlas.ranges(np.unique(np.concatenate(asked)))
    places = np.concatenate([atlas.places(where).ravel() for where in ranges] or [np.empty(0, np.int64)])
    order = np.argsort(places, kind="stable")
    edits = Edits(found)
    groups = [
        [*edits.of(trial), *(explorer.edits(trial.selection) if explorer and trial.selection else ())]
        for trial in trials
    ]
    computed = engine.evaluate(book.package, groups, ranges) if ranges else [[] for _ in groups]
    return [
        Computed(places[order], order, [value for block in group for row in block for value in row])
        for group in computed
    ]
