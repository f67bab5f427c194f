"""Copies of a workbook with other cells, built as engines are given them, without any program that writes workbooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlconv.cells import Range
from xlconv.reader import Cell, Sheet, Workbook


class Copies:
    """Makes copies of a workbook.

    Args:
        book: The workbook.
    """

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.builder = book.builder()

    def with_cell(self, where: Range, cell: Cell) -> Workbook:
        """The workbook with something else in one cell; an array formula stays one unless it is replaced by a value."""
        sheet, at = self.book.sheets[where.sheet], (where.row, where.column)
        filled = None if cell.formula is None else sheet.arrays.get(at)
        cells = {**sheet.cells, at: cell}
        if cell == Cell(None, None):
            del cells[at]
        arrays = {key: value for key, value in sheet.arrays.items() if key != at or filled}
        copy = replace(self.book, sheets={**self.book.sheets, where.sheet: replace(sheet, cells=cells, arrays=arrays)})
        copy.package = self.builder.package({where.sheet: {at: cell}}, {where.sheet: {at: filled}} if filled else {})
        return copy

    def with_formulas_below(self, formulas: Sequence[tuple[Range, str]]) -> tuple[Workbook, list[Range]]:
        """The workbook with formulas of some of its cells (or others for them) once more, in free cells.

        They stand below everything on the same worksheet, where they compute what they would in their cell, as their
        addresses mean the same there.

        Returns:
            The workbook, whose package alone has them, and where each formula stands.
        """
        below = {name: _last_row(sheet) + 1 for name, sheet in self.book.sheets.items()}
        new: dict[str, dict[tuple[int, int], Cell]] = {}
        filled: dict[str, dict[tuple[int, int], Range]] = {}
        places = []
        for where, text in formulas:
            row = below[where.sheet] = below[where.sheet] + 1
            new.setdefault(where.sheet, {})[row, 1] = Cell(text, None)
            places.append(Range(where.sheet, row, 1))
            if (where.row, where.column) in self.book.sheets[where.sheet].arrays:
                filled.setdefault(where.sheet, {})[row, 1] = places[-1]
        copy = replace(self.book)
        copy.package = self.builder.package(new, filled)
        return copy, places


def _last_row(sheet: Sheet) -> int:
    """The last row that has a cell, or that a formula fills; 0 if there is none."""
    ranges = [*sheet.arrays.values(), *(table.where for table in sheet.data_tables.values())]
    return max([row for row, _ in sheet.cells] + [where.row + where.height - 1 for where in ranges], default=0)
