"""Copies of a workbook with other cells, made in its XML, without any program that writes workbooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO

from xlconv.cells import Range
from xlconv.reader import Cell, Workbook
from xlconv.reader.book import Book
from xlconv.reader.package import Package
from xlconv.reader.spans import Spans


class Copies:
    """Makes copies of a workbook.

    Args:
        book: The workbook; in the copies each formula that it shares between cells stands in each of them.
    """

    def __init__(self, book: Workbook) -> None:
        package = Package(BytesIO(book.package))
        self.parts = {sheet.name: sheet.part for sheet in Book(package).sheets}
        cuts = {}
        for name, part in self.parts.items():
            spans, cells = Spans.of(package, part), book.sheets[name].cells
            cuts[part] = spans.put({at: cells[at] for at in spans.shared})
        self.book = replace(book, package=package.rebuilt(cuts))
        self.package = Package(BytesIO(self.book.package))
        self.spans = {name: Spans.of(self.package, part) for name, part in self.parts.items()}

    def __getstate__(self) -> dict[str, object]:
        """What another process needs: parsers do not travel, so that it parses anew."""
        return {"book": self.book}

    def __setstate__(self, state: Mapping[str, Workbook]) -> None:
        self.__init__(state["book"])  # type: ignore[misc]

    def with_cell(self, where: Range, cell: Cell) -> Workbook:
        """The workbook with something else in one cell; an array formula stays one unless it is replaced by a value."""
        sheet, at = self.book.sheets[where.sheet], (where.row, where.column)
        filled = None if cell.formula is None else sheet.arrays.get(at)
        cells = {**sheet.cells, at: cell}
        if cell == Cell(None, None):
            del cells[at]
        arrays = {key: value for key, value in sheet.arrays.items() if key != at or filled}
        cuts = self.spans[where.sheet].put({at: cell}, {at: filled} if filled else {})
        package = self.package.rebuilt({self.parts[where.sheet]: cuts})
        sheets = {**self.book.sheets, where.sheet: replace(sheet, cells=cells, arrays=arrays)}
        return replace(self.book, sheets=sheets, package=package)

    def with_formulas_below(self, formulas: Sequence[tuple[Range, str]]) -> tuple[Workbook, list[Range]]:
        """The workbook with formulas of some of its cells (or others for them) once more, in free cells.

        They stand below everything on the same worksheet, where they compute what they would in their cell, as their
        addresses mean the same there.

        Returns:
            The workbook, whose package alone has them, and where each formula stands.
        """
        below = {name: spans.box()[0] + 1 for name, spans in self.spans.items()}
        new: dict[str, dict[tuple[int, int], Cell]] = {name: {} for name in self.parts}
        filled: dict[str, dict[tuple[int, int], Range]] = {name: {} for name in self.parts}
        places = []
        for where, text in formulas:
            row = below[where.sheet] = below[where.sheet] + 1
            new[where.sheet][row, 1] = Cell(text, None)
            places.append(Range(where.sheet, row, 1))
            if (where.row, where.column) in self.book.sheets[where.sheet].arrays:
                filled[where.sheet][row, 1] = places[-1]
        cuts = {self.parts[name]: self.spans[name].put(cells, filled[name]) for name, cells in new.items() if cells}
        return replace(self.book, package=self.package.rebuilt(cuts)), places
