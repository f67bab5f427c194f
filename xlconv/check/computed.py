"""What an engine computes for a network's cells, trial by trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, islice, zip_longest

import numpy as np

from xlconv.cells import Edit, Value
from xlconv.check.edits import Edits
from xlconv.check.explore import Explorer
from xlconv.check.inputs import Trial
from xlconv.engines import Engine
from xlconv.network import FloatArray
from xlconv.places import Atlas, Places, find
from xlconv.reader import Workbook
from xlconv.recover.found import Found
from xlconv.recover.reading import array_members


class Computed:
    """What an engine computed for one trial, by place.

    Args:
        places: What was asked for, sorted.
        values: In their order.
        others: Cells whose values come from other engines, and from which.
    """

    def __init__(self, places: Places, values: Sequence[Value], others: Mapping[int, str] | None = None) -> None:
        self.places, self._values = places, values
        self.others = others or {}
        self._numbers = np.array([value if type(value) is float else np.nan for value in values])

    def numbers(self, cells: Places) -> FloatArray:
        """The numbers in some cells, in their shape; NaN where a cell shows something else or is not known."""
        at = find(cells, self.places)
        numbers: FloatArray = np.where(at < 0, np.nan, self._numbers[at])
        return numbers

    def values(self, cells: Places) -> list[Value]:
        """What some cells show.

        Raises:
            KeyError: One of them was not asked for.
        """
        at = find(cells, self.places)
        if (at < 0).any():
            raise KeyError(f"the value of cell {cells[at < 0][0]} was not asked for")
        return [self._values[each] for each in at.tolist()]

    def value(self, cell: int) -> Value:
        """What a cell shows; it must have been asked for."""
        return self.values(np.array([cell]))[0]

    def value_or_none(self, cell: int) -> Value:
        """The same for any cell; None for one that was not asked for."""
        return self.value(cell) if find(np.array([cell]), self.places)[0] >= 0 else None

    def shown(self, cells: Places) -> list[Value]:
        """What those of some sorted cells show that were asked for."""
        return [self._values[at] for at in np.flatnonzero(find(self.places, cells) >= 0).tolist()]

    def in_order(self) -> Iterator[Value]:
        """What the cells show, in the order of their places."""
        return iter(self._values)


def is_same(shown: Value, right: Value, tolerance: float) -> bool:
    """Whether a cell shows what it should; the tolerance is relative where that is beyond 1."""
    if isinstance(shown, float) and isinstance(right, float):
        return abs(shown - right) <= tolerance * max(1.0, abs(right))
    return type(shown) is type(right) and shown == right


@dataclass(frozen=True)
class Question:
    """What an engine is to compute of one network.

    Args:
        cells: What is asked for, sorted.
        edits: What is put into the workbook for each trial.
        given: Cells into which each trial puts something, sorted.
        edited: Cells into which some trial does, sorted.
        views: Those of the cells that only show the network: an array there is no value that they could show.
    """

    cells: Places
    edits: Sequence[Sequence[Edit]]
    given: Places
    edited: Places
    views: Places = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def of(cls, atlas: Atlas, cells: Places, edits: Sequence[Sequence[Edit]], views: Places | None = None) -> Question:
        """Worked out from the edits."""
        edited = [_edited(atlas, group) for group in edits]
        shown = np.empty(0, np.int64) if views is None else views
        return cls(np.unique(cells), edits, reduce(np.intersect1d, edited), reduce(np.union1d, edited), shown)


def _edited(atlas: Atlas, edits: Sequence[Edit]) -> Places:
    return np.unique(np.concatenate([np.empty(0, np.int64), *(atlas.places(where).ravel() for where, _ in edits)]))


def question(book: Workbook, found: Found, trials: Sequence[Trial], extra: Places | None = None) -> Question:
    """All cells of a network, for each trial.

    Args:
        book: The workbook.
        found: The network and where it stands.
        trials: What to put into it.
        extra: Further cells to be computed.
    """
    atlas, explorer = found.atlas, Explorer.of(book, found)
    asked = [found.formulas, *([extra] if extra is not None else []), *([explorer.places] if explorer else [])]
    cells = np.concatenate(asked)
    known = set(cells.tolist())
    holders = [holder for member, holder in array_members(book, atlas) if member in known]
    edits = Edits(found)
    groups = [
        [*edits.of(trial), *(explorer.edits(trial.selection) if explorer and trial.selection else ())]
        for trial in trials
    ]
    views = explorer.places if explorer else None
    return Question.of(atlas, np.concatenate([cells, np.array(holders, dtype=np.int64)]), groups, views)


def compute(
    book: Workbook, found: Found, engine: Engine, trials: Sequence[Trial], extra: Places | None = None
) -> list[Computed]:
    """The values of all cells of a network, for each trial; see `question`.

    Raises:
        EngineError: The engine could not compute the workbook at all.
    """
    asked = question(book, found, trials, extra)
    return answers(engine, found.atlas, book.package, [[asked]])[0]


def answers(engine: Engine, atlas: Atlas, package: bytes, steps: Sequence[Sequence[Question]]) -> list[list[Computed]]:
    """The values that each of several questions asks for, for each trial.

    Args:
        engine: Computes the workbook.
        atlas: The worksheets that places refer to.
        package: The workbook.
        steps: Questions that are answered at the same time, in one evaluation for each number of trial. No edit of
            one changes what is asked for by the others of its step, or of a later one.

    Raises:
        EngineError: The engine could not compute the workbook at all.
    """
    asked = [question for step in steps for question in step]
    ranges = atlas.ranges(np.concatenate([np.empty(0, np.int64), *(each.cells for each in asked)]))
    places = np.concatenate([atlas.places(where).ravel() for where in ranges] or [np.empty(0, np.int64)])
    order = np.argsort(places, kind="stable")
    groups = [_together(step) for step in steps]
    edits = list(chain.from_iterable(groups))
    computed = engine.evaluate(package, edits, ranges) if ranges else [[] for _ in edits]
    flat = ([value for block in group for row in block for value in row] for group in computed)
    found = []
    for step, each in zip(steps, groups, strict=True):
        values = list(islice(flat, len(each)))
        for question in step:
            at = order[find(question.cells, places[order])].tolist()
            found.append([Computed(question.cells, [own[i] for i in at]) for own in values[: len(question.edits)]])
    return found


def _together(questions: Sequence[Question]) -> list[list[Edit]]:
    """The edits of several questions, trial by trial."""
    trials = zip_longest(*(question.edits for question in questions), fillvalue=())
    return [list(chain.from_iterable(edits)) for edits in trials]
