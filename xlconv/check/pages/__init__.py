"""Pages: named tables of cells that are computed from cells that a person fills, and what they should show.

What is due is worked out elsewhere, from the network and the contract alone. Cells are computed by an evaluator, for
many choices at once: each choice has a lane of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from xlconv.cells import Range, Value
from xlconv.check.sentences import Text
from xlconv.formula.array import UNKNOWN
from xlconv.network import FloatArray
from xlconv.places import Atlas, Places
from xlconv.reader import Workbook
from xlconv.report.rules import RuleId

ARRAY: Final = UNKNOWN + 1
"""A kind that a cell shows beside those of `xlconv.formula.array`: several values where one is due."""

NOTHING: Final = inf
"""In the place of a number: no value is right, so an error or an empty text is due."""

_NONE: Final = np.empty(0, np.int64)

MOST_VALUES: Final = 20_000_000
"""Cell values that are computed of a page; beyond that a share of its choices is taken."""
AT_ONCE: Final = 2_000_000
"""Cell values that are computed in one batch, so that they need not much memory."""


class Lanes(Protocol):
    """What C cells show in N lanes, (C, N) each."""

    @property
    def numbers(self) -> FloatArray:
        """The number that a cell shows, and of a text its number in `xlconv.formula.array.TEXTS`, 0 for an empty one.

        For what is neither, -1, or the number of a text that says how to report it.
        """
        ...

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """Of `xlconv.formula.array`, where what was not evaluated is `UNKNOWN`, or `ARRAY`."""
        ...


class Evaluator(Protocol):
    """What computes formulas for many lanes at once."""

    def values(self, asked: Places, filled: Mapping[int, Sequence[Value]], known: Mapping[int, float]) -> Lanes:
        """What cells show.

        Args:
            asked: The cells, by place.
            filled: By place what stands in a cell in each of N lanes, None where it is blank; a formula that stands
                there is not computed.
            known: By place numbers that stand in cells in all lanes, also instead of formulas.
        """
        ...


class Known(Mapping[int, float]):
    """Numbers of many cells, by place.

    Args:
        places: The cells, each once.
        numbers: One of each.
    """

    def __init__(self, places: Places, numbers: FloatArray) -> None:
        self.places, self.numbers = places, numbers

    @classmethod
    def of(cls, known: Mapping[int, float]) -> Known:
        """The same, whatever says it."""
        if isinstance(known, cls):
            return known
        return cls(np.array([*known], np.int64), np.array([*known.values()], np.float64))

    def __getitem__(self, place: int) -> float:
        return float(self.numbers[np.flatnonzero(self.places == place)[0]])

    def __iter__(self) -> Iterator[int]:
        return iter(self.places.tolist())

    def __len__(self) -> int:
        return self.places.size


@dataclass(frozen=True)
class Due:
    """What a table should show for each of N choices.

    Args:
        numbers: (N, H, W); NaN for a text, `NOTHING` where no value is right.
        texts: For each choice what its one cell may say, what it rather should first; none where a number is due.
            An empty text is due where the number is NaN, if no texts are given.
        whole: Whether only the whole part of a number counts, as that of a row to be looked up does.
    """

    numbers: FloatArray
    texts: Sequence[tuple[Text, ...]] = ()
    whole: bool = False


@dataclass(frozen=True)
class Batch:
    """Some choices of a page.

    Args:
        count: How many, N.
        filled: What stands in the cells that a person fills, by place, in each of N lanes.
        known: Numbers of other cells, by place, the same for all of these choices.
        due: By name of a table what it should show; tables without one may show anything.
        choice: In words, the choice of a lane.
    """

    count: int
    filled: Mapping[int, Sequence[Value]]
    known: Mapping[int, float]
    due: Mapping[str, Due]
    choice: Callable[[int], str]


class Basis(NamedTuple):
    """By which cells those of a page may choose what they show; all sorted.

    Args:
        cells: The cells of which this is so.
        known: Cells whose formulas are of no interest: those that a person fills, and the network's.
        allowed: Cells by which they may choose; of computed ones those that depend on no others.
        typed: Cells by which the settled ones may choose, too.
        settled: Cells that make of what is typed what is there; the others go by these.
        free: Cells that may choose by anything of the page, such as a sentence that says what is below zero.
        network: Further cells of the network, which may be shown.
        proves: Tells of which cells it is proved that the numbers in their formulas are right; it is asked if need be.
    """

    cells: Places
    known: Places
    allowed: Places
    typed: Places = _NONE
    settled: Places = _NONE
    free: Places = _NONE
    network: Places = _NONE
    proves: Callable[[], Places] = lambda: _NONE


@dataclass(frozen=True)
class CheckedPage:
    """Named tables, and how they are tried.

    Args:
        title: What to call it.
        layer: Whose findings those of its cells are, if any layer's.
        rule: Of the findings.
        book: The workbook.
        atlas: The worksheets that places refer to.
        tables: The cells of each table, (H, W), by defined name.
        order: Ranges of which none refers to a later one; see `xlconv.check.roots`.
        batches: Gives the choices that are tried.
        choices: How many choices there are.
        tried: How many of them are tried.
        basis: By what its cells may choose, as far as that is known.
    """

    title: str
    layer: str
    rule: RuleId
    book: Workbook
    atlas: Atlas
    tables: Mapping[str, Places]
    order: Sequence[Range] = ()
    batches: Callable[[], Iterator[Batch]] = lambda: iter(())
    choices: int = 0
    tried: int = 0
    basis: Basis | None = None

    def cells(self, names: Iterable[str]) -> Places:
        """The cells of some tables, table by table."""
        return np.concatenate([*(self.tables[name].ravel() for name in names), np.empty(0, np.int64)])

    def about(self, cell: int) -> CheckedPage:
        """The same choices, of which nothing is compared but the tables that hold a cell, by its place."""
        tables = {name: cells for name, cells in self.tables.items() if (cells == cell).any()}

        def batches() -> Iterator[Batch]:
            for batch in self.batches() if tables else ():
                due = {name: each for name, each in batch.due.items() if name in tables}
                if due:
                    yield replace(batch, due=due)

        return replace(self, tables=tables, batches=batches)


def in_words(value: Value) -> str:
    """What is typed into a cell, as findings name it."""
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value) if value else "left blank" if value is None else "an empty text"
