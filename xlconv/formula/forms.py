"""All formulas of a workbook, those that are copies of each other together, each parsed once; who reads whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.cells import Range
from xlconv.formula import notation
from xlconv.formula.kinds import spelled
from xlconv.formula.patterns import Parts, Pattern, pattern_of
from xlconv.formula.references import Ref, References
from xlconv.places import Atlas, Places
from xlconv.reader import Workbook

_MOST: Final = 1 << 25
"""Cells of the rectangle around all formulas of a worksheet, for who reads whom to be looked up in it."""


class Group(NamedTuple):
    """Cells of a worksheet whose formulas are copies of each other.

    Args:
        sheet: The worksheet.
        form: The formula in R1C1 notation.
        formula: The first cell's.
        cells: Row and column of each.
    """

    sheet: str
    form: str
    formula: str
    cells: list[tuple[int, int]]

    @property
    def first(self) -> Range:
        """The first cell."""
        return Range(self.sheet, *self.cells[0])


def groups(book: Workbook) -> list[Group]:
    """All formulas of a workbook."""
    found: dict[tuple[str, str, bool], Group] = {}
    for name, sheet in book.sheets.items():
        spread = sheet.spread
        for at, cell in sheet.cells.items():
            if cell.formula is None:
                continue
            form = notation.relative_form(cell.formula, *at)
            key = (name, form, at in spread)
            if key not in found:
                found[key] = Group(name, form, cell.formula, [])
            found[key].cells.append(at)
    return list(found.values())


class Forms:
    """The formulas of a workbook, and which of them read which.

    Args:
        book: The workbook.
        atlas: Its worksheets.
        all_groups: Its formulas.

    Attributes:
        plans: See `xlconv.formula.plan`.
        alike: Likewise.
    """

    def __init__(self, book: Workbook, atlas: Atlas, all_groups: list[Group]) -> None:
        self.book, self.atlas, self.groups = book, atlas, all_groups
        self.references = References(book)
        self.plans: dict[tuple[bytes, bytes], Any] = {}
        self.alike: dict[tuple[int, ...], Any] = {}
        self._patterns: dict[int, tuple[Pattern | None, Parts]] = {}
        self._firsts: dict[int, Places] = {}
        self._read_by: dict[tuple[Range, ...], frozenset[int]] = {}
        self._reads: dict[int, frozenset[int]] = {}
        sizes = np.array([len(group.cells) for group in all_groups], np.int64)
        cells = np.array([at for group in all_groups for at in group.cells], np.int64).reshape(-1, 2)
        first = np.repeat(np.array([atlas.place(group.sheet, 0, 0) for group in all_groups], np.int64), sizes)
        ends = list(pairwise([0, *np.cumsum(sizes).tolist()]))
        self._standing = first + places.shift(cells[:, 0], cells[:, 1])
        self._number = np.repeat(np.arange(sizes.size), sizes)
        self.cells = [cells[start:stop] for start, stop in ends]
        self.places = [self._standing[start:stop] for start, stop in ends]

    def _parsed(self, number: int) -> tuple[Pattern | None, Parts]:
        if number not in self._patterns:
            group = self.groups[number]
            self._patterns[number] = pattern_of(spelled(group.formula), self.references, group.first)
        return self._patterns[number]

    def pattern(self, group: int) -> Pattern | None:
        """What a group's formula is; None where it cannot be read."""
        return self._parsed(group)[0]

    def refs(self, group: int) -> list[Ref]:
        """The ranges that a group's formula names, as its first cell does."""
        return self._parsed(group)[1].refs

    def numbers(self, group: int) -> tuple[float, ...]:
        """The numbers that a group's formula holds."""
        return self._parsed(group)[1].numbers

    def at(self, group: int, cells: NDArray[np.int64]) -> Places:
        """(cells, ranges): where the ranges begin that some cells of a group read."""
        if group not in self._firsts:
            self._firsts[group] = self._all_firsts(group)
        every = self._firsts[group]
        return every if cells.size == len(every) else every[cells]

    def _all_firsts(self, group: int) -> Places:
        refs = self.refs(group)
        found = np.array([[self.atlas.place(*ref.range[:3]) for ref in refs]], np.int64)
        if len(self.cells[group]) == 1:
            return found
        moved = self.cells[group] - self.cells[group][0]
        down, right = (np.array([ref[side] for ref in refs], np.int64) for side in (1, 2))
        firsts: Places = found + places.shift(moved[:, :1] * down, moved[:, 1:] * right)
        return firsts

    @cached_property
    def _grids(self) -> dict[str, _Grid]:
        """Of every worksheet which group's formula stands where."""
        grids = {}
        for name in self.book.sheets:
            mine = [at for at, group in enumerate(self.groups) if group.sheet == name]
            if mine:
                grids[name] = _Grid([self._filled_cells(at) for at in mine], mine)
        return grids

    def _filled_cells(self, group: int) -> NDArray[np.int64]:
        spread = self.spread_of(group)
        return self.cells[group] if spread is None else np.array(list(spread.cells()), np.int64)

    def group_of(self, cells: Places) -> NDArray[np.int64]:
        """The group of each cell, -1 for a cell that no formula fills."""
        filled, numbers, _ = self._sorted
        at = places.find(cells, filled)
        return np.where(at >= 0, numbers[at], -1) if filled.size else np.full(cells.shape, -1)

    def by_group(self, cells: Places) -> dict[int, NDArray[np.int64]]:
        """The groups that show something in some cells, each with those of its formulas that do."""
        filled, numbers, index = self._sorted
        at = places.find(np.unique(cells), filled)
        at = at[at >= 0]
        at = at[np.lexsort((index[at], numbers[at]))]
        found, first = np.unique(numbers[at], return_index=True)
        return {int(group): np.unique(own) for group, own in zip(found, np.split(index[at], first[1:]), strict=False)}

    def singles(self, cells: Places) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """The same but for array formulas that fill several cells."""
        yield from ((group, at) for group, at in self.by_group(cells).items() if self.spread_of(group) is None)

    def read(self, group: int, at: NDArray[np.int64]) -> Iterator[Places]:
        """(formulas, cells): what some formulas of a group read in each range that they name."""
        for first, ref in zip(self.at(group, at).T, self.refs(group), strict=True):
            yield first[:, None] + places.offsets(ref.range.height, ref.range.width).ravel()

    def all_among(self, cells: Places) -> set[int]:
        """The groups whose formulas all stand in some sorted cells."""
        count = np.bincount(self._number[places.find(self._standing, cells) >= 0], minlength=len(self.groups))
        return set(np.flatnonzero(count == np.bincount(self._number, minlength=len(self.groups))).tolist())

    @cached_property
    def _sorted(self) -> tuple[Places, NDArray[np.int64], NDArray[np.int64]]:
        """All cells that formulas fill, the group of each, and which of the group's formulas it is."""
        spread = {group: self.atlas.places(where).ravel() for group, where in self._spreads.items()}
        alone = ~np.isin(self._number, list(spread))
        every = np.concatenate([self._standing[alone], *spread.values()])
        more = [np.full(cells.size, group) for group, cells in spread.items()]
        number = np.concatenate([self._number[alone], *more])
        own = np.arange(self._number.size) - np.searchsorted(self._number, self._number)
        order = np.lexsort((number, every))
        index = np.concatenate([own[alone], *(np.arange(each.size) % len(self.cells[each[0]]) for each in more)])
        return every[order], number[order], index[order]

    @cached_property
    def _spreads(self) -> dict[int, Range]:
        """The range that a group's one array formula fills, where that is more than a cell."""
        arrays = ((at, self.book.sheets[each.sheet].arrays.get(each.cells[0])) for at, each in enumerate(self.groups))
        return {at: where for at, where in arrays if where is not None and where.size > 1}

    def spread_of(self, group: int) -> Range | None:
        """The range that a group's one array formula fills, where that is more than a cell."""
        return self._spreads.get(group)

    def filled_by(self, group: int, at: NDArray[np.int64]) -> Places:
        """The cells that show what some formulas of a group give."""
        spread = self.spread_of(group) if at.size else None
        return self.places[group][at] if spread is None else self.atlas.places(spread).ravel()

    def read_by(self, group: int) -> frozenset[int]:
        """The groups of which a group may read a cell; one and the same set for groups that read the same ranges."""
        if group not in self._reads:
            around = tuple([self._around(group, ref) for ref in self.refs(group)])
            if around not in self._read_by:
                grids = ((self._grids.get(where.sheet), where) for where in around)
                self._read_by[around] = frozenset().union(*(grid.within(where) for grid, where in grids if grid))
            self._reads[group] = self._read_by[around]
        return self._reads[group]

    def _around(self, group: int, ref: Ref) -> Range:
        """The rectangle around a range as all cells of a group see it."""
        if len(self.cells[group]) == 1 or not (ref.down or ref.right):
            return ref.range
        moves = (self.cells[group] - self.cells[group][0]) * np.array([ref.down, ref.right])
        (top, left), (bottom, right) = moves.min(axis=0).tolist(), moves.max(axis=0).tolist()
        sheet, row, column, height, width = ref.range
        return Range(sheet, row + top, column + left, height + bottom - top, width + right - left)

    def behind(self, asked: Iterable[int], stop: set[int]) -> dict[int, frozenset[int]]:
        """The groups that some are computed from, each with those that it reads itself.

        Args:
            asked: Groups.
            stop: Groups that are known.
        """
        found: dict[int, frozenset[int]] = {}
        unknown: dict[frozenset[int], frozenset[int]] = {}
        waiting = list(asked)
        while waiting:
            group = waiting.pop()
            if group in found:
                continue
            read = self.read_by(group)
            if read not in unknown:
                unknown[read] = read - stop
                waiting += unknown[read]
            found[group] = unknown[read]
        return found


class _Grid:
    """Which group's formula stands where, on one worksheet."""

    def __init__(self, cells: list[NDArray[np.int64]], numbers: list[int]) -> None:
        every = np.concatenate(cells)
        (self._top, self._left), (bottom, right) = every.min(axis=0), every.max(axis=0)
        self._numbers = set(numbers)
        self._within: dict[Range, set[int]] = {}
        size = (int(bottom - self._top) + 1, int(right - self._left) + 1)
        self._at = np.full(size, -1, np.int32) if size[0] * size[1] <= _MOST else None
        if self._at is not None:
            for number, each in zip(numbers, cells, strict=True):
                self._at[each[:, 0] - self._top, each[:, 1] - self._left] = number

    def within(self, where: Range) -> set[int]:
        """The groups that have a cell in a range; all, where the formulas stand too far apart to tell."""
        if where not in self._within:
            self._within[where] = self._looked_up(where)
        return self._within[where]

    def _looked_up(self, where: Range) -> set[int]:
        if self._at is None:
            return self._numbers
        top, left = max(0, where.row - self._top), max(0, where.column - self._left)
        bottom, right = where.row + where.height - self._top, where.column + where.width - self._left
        if bottom <= 0 or right <= 0:
            return set()
        return set(np.unique(self._at[top:bottom, left:right]).tolist()) - {-1}


def in_order(reads: dict[int, frozenset[int]]) -> Iterator[list[int]]:
    """Groups, generation after generation, each after those that it reads; in the end those that read each other.

    Many groups read the same ones, as those of a page do that look something up: they wait for them together.
    """
    alike: dict[frozenset[int], list[int]] = {}
    for group, read in reads.items():
        alike.setdefault(read, []).append(group)
    readers: dict[int, list[frozenset[int]]] = {}
    for read in alike:
        for each in read:
            readers.setdefault(each, []).append(read)
    waiting = {read: len(read) for read in alike}
    ready = alike.get(frozenset(), [])
    while ready:
        yield ready
        following = []
        for read in (each for group in ready for each in readers.get(group, ())):
            waiting[read] -= 1
            if not waiting[read]:
                following += alike[read]
        ready = following
    if circle := [group for group, read in reads.items() if waiting[read]]:
        yield circle
