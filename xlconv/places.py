"""Cells as whole numbers, so that NumPy can hold a tensor's cells in the tensor's own shape.

A place is `worksheet * 2**36 + row * 2**15 + column`; -1 is no cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv.cells import MAX_COLUMNS, MAX_ROWS, Range
from xlconv.processes.bounds import check_cells

Places: TypeAlias = NDArray[np.int64]

NOWHERE: Final = -1
_ROW: Final = 1 << 15
_SHEET: Final = 1 << 36


class Atlas:
    """The worksheets of a workbook, by number.

    Args:
        sheets: Their names.
    """

    def __init__(self, sheets: Iterable[str]) -> None:
        self.sheets = list(sheets)
        self._numbers = {name: number for number, name in enumerate(self.sheets)}

    def place(self, sheet: str, row: int, column: int) -> int:
        """One cell."""
        return self._numbers[sheet] * _SHEET + row * _ROW + column

    def places(self, where: Range, turned: bool = False) -> Places:
        """The cells of a range, in its shape; transposed if turned.

        Raises:
            BoundsError: They are more than all formulas together may read.
        """
        check_cells(where.size)
        grid = self.place(where.sheet, where.row, where.column) + offsets(where.height, where.width)
        return grid.T if turned else grid

    def within(self, places: Places, where: Range) -> NDArray[np.bool_]:
        """Which of some places lie in a range, however large that is."""
        row, column = rows(places - self.place(where.sheet, where.row, 0)), columns(places) - where.column
        inside: NDArray[np.bool_] = (row >= 0) & (row < where.height) & (column >= 0) & (column < where.width)
        return inside

    def of(self, sheet: str, cells: Sequence[tuple[int, int]]) -> Places:
        """The places of some cells of a worksheet, by row and column."""
        pairs = np.array(cells, dtype=np.int64).reshape(-1, 2)
        return self.place(sheet, 0, 0) + shift(pairs[:, 0], pairs[:, 1])

    def cell(self, place: int) -> Range:
        """The cell of a place."""
        sheet, rest = divmod(int(place), _SHEET)
        return Range(self.sheets[sheet], *divmod(rest, _ROW))

    def cells(self, places: Places) -> Iterator[tuple[str, int, int]]:
        """Worksheet, row and column of each of some places."""
        sheet, rest = np.divmod(places.ravel(), _SHEET)
        row, column = np.divmod(rest, _ROW)
        names = self.sheets
        for number, r, c in zip(sheet.tolist(), row.tolist(), column.tolist(), strict=True):
            yield names[number], r, c

    def ranges(self, places: Places) -> list[Range]:
        """Few rectangles that hold all these cells; those of one grid with gaps are one rectangle."""
        return [tile.range for tile in self.tiles(places)]

    def tiles(self, places: Places) -> list[Tile]:
        """The same, each with the rows and columns from one of its cells to the next."""
        found: list[Tile] = []
        rest = np.unique(places[places >= 0])
        while rest.size:
            tile, inside = self._tile(rest)
            found.append(tile)
            rest = rest[~inside]
        return found

    def _tile(self, places: Places) -> tuple[Tile, NDArray[np.bool_]]:
        """The largest grid that begins at the first of some places, and which of them are in it."""
        grid = largest_grid(places)
        down = int(grid[1, 0] - grid[0, 0]) // _ROW if grid.shape[0] > 1 else 1
        right = int(grid[0, 1] - grid[0, 0]) if grid.shape[1] > 1 else 1
        size = (grid.shape[0] - 1) * down + 1, (grid.shape[1] - 1) * right + 1
        return Tile(self.cell(int(places[0])).part(0, 0, *size), down, right), find(
            places, np.sort(grid, axis=None)
        ) >= 0


class Tile(NamedTuple):
    """Cells at regular distances.

    Args:
        range: The rectangle around them.
        down: Rows from one to the next.
        right: Columns.
    """

    range: Range
    down: int
    right: int

    @property
    def size(self) -> int:
        """The number of cells."""
        return (-(-self.range.height // self.down)) * (-(-self.range.width // self.right))


def largest_grid(places: Places, gaps: bool = True) -> Places:
    """The largest grid of regular distances, or without gaps, that begins at the first of some sorted places."""
    across, step = _run(places, int(places[0]))
    if step > 1 and not gaps:
        across = 1
    line = places[0] + np.arange(across) * step
    rows, down = _run_of_lines(places, line)
    if down > 1 and not gaps:
        rows = 1
    grid: Places = line[None, :] + (np.arange(rows) * down * _ROW)[:, None]
    return grid


def _run(places: Places, first: int) -> tuple[int, int]:
    """How many places follow the first in its row at the distance of the second, and that distance."""
    row_end = first - first % _ROW + _ROW - 1
    in_row = places[(places >= first) & (places <= row_end)]
    if in_row.size == 1:
        return 1, 1
    step = int(in_row[1] - in_row[0])
    gaps = np.flatnonzero(np.diff(in_row) != step)
    return int(gaps[0] + 1 if gaps.size else in_row.size), step


def _run_of_lines(places: Places, line: Places) -> tuple[int, int]:
    """How many times the whole line is repeated below itself at one distance, and that distance in rows."""
    below = places[(places > line[0]) & ((places - line[0]) % _ROW == 0) & (places // _SHEET == line[0] // _SHEET)]
    if not below.size:
        return 1, 1
    down = int(below[0] - line[0]) // _ROW
    rows = batch = 1
    while True:  # twice as many lines at a time
        lines = line + (rows + np.arange(batch))[:, None] * down * _ROW
        there = (find(lines, places) >= 0).all(axis=1)
        if not there.all():
            return rows + int(there.argmin()), down
        rows, batch = rows + batch, 2 * batch


def offsets(height: int, width: int) -> Places:
    """What to add to the first place of a range for each of its cells."""
    grid: Places = np.arange(height, dtype=np.int64)[:, None] * _ROW + np.arange(width, dtype=np.int64)
    return grid


def sheets(places: Places) -> Places:
    """The number of the worksheet of each place, from 0."""
    return places // _SHEET


def rows(places: Places) -> Places:
    """The row of each cell, with the worksheet in the higher bits."""
    return places // _ROW


def columns(places: Places) -> Places:
    """The column of each cell."""
    return places % _ROW


def are_cells(places: Places) -> bool:
    """Whether all places are cells that a worksheet has."""
    row, column = rows(places) % (_SHEET // _ROW), columns(places)
    return bool(1 <= row.min() <= row.max() <= MAX_ROWS and 1 <= column.min() <= column.max() <= MAX_COLUMNS)


def shift(rows: Places, columns: Places) -> Places:
    """What to add to places to go so many rows down and columns to the right."""
    return rows * _ROW + columns


def find(places: Places, among: Places) -> Places:
    """The index of each place in a sorted array, -1 where it is not in it."""
    if not among.size:
        return np.full(places.shape, -1, dtype=np.int64)
    at = np.searchsorted(among, places)
    at[at == among.size] = 0
    found: Places = np.where(among[at] == places, at, -1)
    return found


def distinct(*several: Places) -> Places:
    """The places that are in one of several arrays, sorted, each once; what is sorted already costs least."""
    every = np.sort(np.concatenate([np.empty(0, np.int64), *map(np.ravel, several)]), kind="stable")
    found: Places = every[np.append(every[:-1] != every[1:], True)] if every.size else every
    return found


def sorted_places(found: Iterable[int]) -> Places:
    """Places as a sorted array."""
    return np.sort(np.fromiter(found, dtype=np.int64))
