"""Which cells an engine needs to compute others: what their formulas read, what those read, and so on.

What a formula may read is known where its text says it: in addresses and in names of ranges. Where it does not
(`INDIRECT`, a name that stands for a formula, a table's column), the whole workbook is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache, partial
from operator import or_
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.cells import MAX_COLUMNS, MAX_ROWS
from xlconv.check.audit.areas import Area, AreaOf, areas_of
from xlconv.check.audit.functions import EXCEL, REACHES_OUT, lacking, parameter, words
from xlconv.formula.forms import Group
from xlconv.formula.kinds import Kind, Spelled, spelled
from xlconv.formula.tree import Node
from xlconv.places import Atlas, Places
from xlconv.reader import Cell, Sheet, Workbook
from xlconv.reader.build import PackageBuilder
from xlconv.recover.reading import array_members

_LATE: Final = frozenset(name for name in EXCEL if any("LibreOffice" in program for program in lacking(name)))
"""Most of them give arrays as large as what they find."""
_KNOWN: Final = EXCEL - REACHES_OUT - _LATE - words("AVERAGEIF CELL GETPIVOTDATA INDIRECT INFO SUMIF")
"""Functions that read what is named in their arguments and nothing else: of SUMIF the range to be added up may reach
further than it says. OFFSET stays on the worksheet of what it is given."""
_SINGLE: Final = words("INDEX LOOKUP SUMPRODUCT")
"""Functions that give one value though they take arrays."""
_SEVERAL: Final = words("COLUMN MMULT OFFSET ROW TRANSPOSE")
_MOST: Final = 0.8
"""Of all formulas."""
_MIDDLE: Final = 1 << 14
"""Half as many columns as places have for each row."""
_BLANK: Final = Cell(None, None)
_FILLED: Final = Cell(None, 0.0)
_AT_A_TIME: Final = 1 << 22
"""Rows of ranges that are looked up together."""


class Needs:
    """What the cells of a workbook need.

    Args:
        book: The workbook.
        groups: Its formulas.
        atlas: The worksheets that places refer to.
    """

    def __init__(self, book: Workbook, groups: Sequence[Group], atlas: Atlas) -> None:
        self.book, self.atlas, self._groups = book, atlas, groups
        self._names = {name.lower(): name for name in book.sheets}
        self._area_of = areas_of(book)
        self._areas = cache(self._areas_of)

    @cached_property
    def _members(self) -> Places:
        """Cells that array formulas fill, each with the cell that holds the formula, in two columns."""
        return np.array(list(array_members(self.book, self.atlas)), dtype=np.int64).reshape(-1, 2)

    @cached_property
    def _filled(self) -> Places:
        """All cells that hold something, sorted."""
        cells = [self.atlas.of(name, list(sheet.cells)) for name, sheet in self.book.sheets.items()]
        filled: Places = np.unique(np.concatenate([*cells, self._members[:, 0]]))
        return filled

    @cached_property
    def _group(self) -> Places:
        """The number of the group of each of them, -1 where it holds no formula."""
        numbers = np.full(self._filled.size, -1)
        for number, group in enumerate(self._groups):
            numbers[self._at(self.atlas.of(group.sheet, group.cells))] = number
        return numbers

    @cached_property
    def _holder(self) -> Places:
        """Of each of them that an array formula fills the index of the cell that holds the formula, else -1."""
        holders = np.full(self._filled.size, -1)
        holders[self._at(self._members[:, 0])] = self._at(self._members[:, 1])
        return holders

    def of(self, cells: Places, given: Places | None = None) -> Places | None:
        """All cells that hold something and that some cells need, these among them.

        Args:
            cells: What is to be computed.
            given: Cells into which a value is put; what stands in them is not needed.

        Returns:
            The cells, sorted; None where only the whole workbook will do.
        """
        needed, shut = np.zeros((2, self._filled.size), bool)
        if given is not None:
            shut[self._at(given)] = True
        new = np.unique(self._at(cells))
        try:
            while new.size:
                needed[new] = True
                opened = new[~shut[new]]
                new = np.flatnonzero(self._read(opened) & ~needed) if opened.size else opened
        except _UnknownReachError:
            return None
        return self._filled[needed]

    def package(self, cells: Places) -> bytes:
        """What an engine is given that needs these cells alone.

        Where a formula may spill, what would stop it is there, too: a number in place of each further cell.
        """
        kept: dict[str, set[tuple[int, int]]] = {name: set() for name in self.book.sheets}
        for sheet, row, column in self.atlas.cells(cells):
            kept[sheet].add((row, column))
        numbers = np.unique(self._group[self._at(cells)]).tolist()
        spilling = {self._groups[number].sheet for number in numbers if number >= 0 and self._may_spill(number)}
        sheets = {name: _part(sheet, kept[name], name in spilling) for name, sheet in self.book.sheets.items()}
        return PackageBuilder(sheets, self.book.defined, self.book.calculation).package()

    def over_ranges(self, *, alone: bool) -> Places:
        """Cells whose formulas apply a function of single values to a range, sorted.

        Args:
            alone: Leave out array formulas, and those that calculate with the range first.
        """
        cells = [
            self.atlas.of(group.sheet, group.cells)
            for group in self._groups
            if not (alone and group.cells[0] in self.book.sheets[group.sheet].arrays)
            and self._is_over_range(spelled(group.formula), alone=alone)
        ]
        return np.unique(np.concatenate([*cells, np.empty(0, np.int64)]))

    def _is_over_range(self, formula: Spelled, *, alone: bool) -> bool:
        """Whether a function of single values stands over a range in it."""
        asked = _of_single_values(formula.kind)
        return any(
            (not alone or node.kind == "reference") and not _is_single(node, partial(self._area_in, formula))
            for node in asked
        )

    def _area_in(self, formula: Spelled, ref: str) -> Area | None:
        """The cells of a reference by its place in a formula."""
        return self._area_of(formula.refs[int(ref)])

    def is_most(self, cells: Places) -> bool:
        """Whether so many are to be computed that hardly any formula could be left out."""
        return cells.size > _MOST * sum(len(group.cells) for group in self._groups)

    def _at(self, cells: Places) -> Places:
        """The index of each of those cells that hold something."""
        at = places.find(cells, self._filled)
        return at[at >= 0]

    def _read(self, new: Places) -> NDArray[np.bool_]:
        """What some cells read, for all cells that hold something."""
        steps = np.zeros(self._filled.size + 1, np.int64)
        for starts, stops in self._runs(new):
            np.add.at(steps, starts, 1)
            np.add.at(steps, stops, -1)
        read: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
        holders = self._holder[new]
        read[holders[holders >= 0]] = True
        return read

    def _runs(self, new: Places) -> Iterator[tuple[Places, Places]]:
        """Runs of cells that are read: the indices where they begin, and those behind them."""
        order = np.argsort(self._group[new], kind="stable")
        new = new[order]
        numbers, first = np.unique(self._group[new], return_index=True)
        for number, cells in zip(numbers.tolist(), np.split(new, first[1:]), strict=True):
            if number >= 0:
                for area in self._areas(number):
                    yield from self._lines(self._groups[number], area, self._filled[cells])

    def _lines(self, group: Group, area: Area, cells: Places) -> Iterator[tuple[Places, Places]]:
        """The cells in each row of an area, seen from each of some cells."""
        boxes = _boxes(area, cells - self.atlas.place(group.sheet, *group.cells[0]))
        sheet = self.atlas.place(self._names[(area.sheet or group.sheet).lower()], 0, 0)
        boxes[:, 1] = np.minimum(boxes[:, 1], self._last_row(sheet))
        heights = np.maximum(boxes[:, 1] - boxes[:, 0] + 1, 0)
        for part in np.array_split(np.arange(len(boxes)), 1 + int(heights.sum()) // _AT_A_TIME):
            each, high = np.repeat(part, heights[part]), heights[part]
            row = boxes[each, 0] + np.arange(each.size) - np.repeat(np.cumsum(high) - high, high)
            first, stop = (sheet + places.shift(row, boxes[each, side]) for side in (2, 3))
            yield np.searchsorted(self._filled, first), np.searchsorted(self._filled, stop, side="right")

    def _last_row(self, sheet: int) -> int:
        """The last row of a worksheet in which something stands, given the place before its first cell."""
        end = int(np.searchsorted(self._filled, sheet + places.shift(np.array(MAX_ROWS + 1), np.array(0))))
        return int(places.rows(self._filled[end - 1] - sheet)) if end and self._filled[end - 1] > sheet else 0

    def _areas_of(self, number: int) -> list[Area]:
        """What the formulas of a group may read, as it stands in the first of them.

        Raises:
            _UnknownReachError: Their text does not say it.
        """
        group = self._groups[number]
        formula = spelled(group.formula)
        is_read = formula.kind.tree is not None and all(map(_is_known, formula.kind.nodes))
        if self.book.sheets[group.sheet].data_tables or not is_read:
            raise _UnknownReachError
        areas = list(map(self._area_of, formula.refs))
        of_offset = [node for node in formula.kind.nodes if node.text == "OFFSET" and node.children]
        areas += [self._sheet_of(formula, node.children[0]) for node in of_offset]
        found = [area for area in areas if area and (area.sheet or group.sheet).lower() in self._names]
        if len(found) < len(areas):
            raise _UnknownReachError
        return list(dict.fromkeys(found))

    def _may_spill(self, number: int) -> bool:
        """Whether formulas of a group may fill cells beside their own, if those are blank."""
        group = self._groups[number]
        sheet, formula = self.book.sheets[group.sheet], spelled(group.formula)
        if all(at in sheet.arrays and at not in sheet.dynamic for at in group.cells):
            return False
        tree = formula.kind.tree
        return tree is None or not _is_single(tree, partial(self._area_in, formula))

    def _sheet_of(self, formula: Spelled, node: Node) -> Area | None:
        """The whole worksheet of a reference in a formula."""
        area = self._area_in(formula, node.text) if node.kind == "reference" else None
        return area and Area(area.sheet, (1, 1, MAX_ROWS, MAX_COLUMNS), (0, 0, 0, 0))


class _UnknownReachError(Exception):
    """What a formula may read is not known."""


@lru_cache(maxsize=1 << 12)
def _of_single_values(kind: Kind) -> list[Node]:
    """The arguments of functions of single values in formulas of a kind, but for numbers and texts."""
    called = ((node, at, child) for node in kind.nodes for at, child in enumerate(node.children))
    return [
        child
        for node, at, child in called
        if node.kind == "function" and child.kind not in ("number", "text") and parameter(node.text, at) == "V"
    ]


def _is_known(node: Node) -> bool:
    """Whether a part of a formula reads no more than what is named in it."""
    if node.kind == "function":
        return node.text in _KNOWN
    if node.kind == "operator":
        return node.text not in (":", "#")
    return node.kind != "other" or not node.children


def _is_single(node: Node, area_of: AreaOf) -> bool:
    """Whether a part of a formula gives one value: several would go into the cells beside, if those are blank."""
    if node.kind == "reference":
        area = area_of(node.text)
        return area is not None and area.single
    single = [_is_single(child, area_of) for child in node.children]
    if node.kind == "function":
        takes = [parameter(node.text, at) for at in range(len(single))]
        known = (take == "R" or (take == "A" and node.text in _SINGLE) for take in takes)
        return node.text not in _SEVERAL and all(map(or_, known, single))
    if node.kind == "operator":
        return node.text not in " ,:#" and all(single)
    return node.kind != "array"


def _boxes(area: Area, moved: Places) -> Places:
    """An area seen from several cells: first and last row, first and last column of each box, each box once."""
    down = places.rows(moved + places.shift(np.array(0), np.array(_MIDDLE)))
    right = moved - places.shift(down, np.array(0))
    corners = np.array(area.corners) + np.array(area.moves) * np.stack([down, right, down, right], axis=1)
    sides = np.sort(corners[:, ::2], axis=1), np.sort(corners[:, 1::2], axis=1)
    boxes: Places = np.unique(np.concatenate(sides, axis=1), axis=0)
    return boxes


def _part(sheet: Sheet, kept: set[tuple[int, int]], is_filled: bool) -> Sheet:
    """A worksheet with some of its cells, and perhaps a number in each other; no formula of theirs names a table."""
    some = {at: cell for at, cell in sheet.cells.items() if at in kept and cell != _BLANK}
    return replace(
        sheet,
        cells={at: some.get(at, _FILLED) for at, cell in sheet.cells.items() if cell != _BLANK} if is_filled else some,
        arrays={at: where for at, where in sheet.arrays.items() if at in kept},
        dynamic=sheet.dynamic & kept,
        data_tables={},
        tables=[],
    )
