"""Copies of a workbook with other cells, made in its XML, without any program that writes workbooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

from xlconv.cells import Range, column_letters
from xlconv.reader import Cell, Workbook
from xlconv.reader.book import Book
from xlconv.reader.package import Cut, Package
from xlconv.reader.rows import MAIN, Walker, whole_number

_TAG: Final = re.compile(rb"<([\w.-]+:|)c\b")


class Copies:
    """Makes copies of a workbook.

    Args:
        book: The workbook; in the copies each formula that it shares between cells stands in each of them.
    """

    def __init__(self, book: Workbook) -> None:
        package = Package(BytesIO(book.package))
        self.parts = {sheet.name: sheet.part for sheet in Book(package).sheets}
        walkers = _walked(package, self.parts.values())
        cuts = {self.parts[name]: list(self._unshared(book, name, walkers[part])) for name, part in self.parts.items()}
        self.book = replace(book, package=package.rebuilt(cuts))
        self.package = Package(BytesIO(self.book.package))
        self.walkers = _walked(self.package, self.parts.values())

    def _unshared(self, book: Workbook, sheet: str, walker: _Spans) -> Iterator[Cut]:
        for at in walker.shared:
            start, end, style = walker.spans[at]
            yield start, end, _element(walker.prefix, at, book.sheets[sheet].cells[at], None, style)

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
        part = self.parts[where.sheet]
        start, end, style = self.walkers[part].spans[at]
        element = _element(self.walkers[part].prefix, at, cell, filled, style)
        package = self.package.rebuilt({part: [(start, end, element)]})
        sheets = {**self.book.sheets, where.sheet: replace(sheet, cells=cells, arrays=arrays)}
        return replace(self.book, sheets=sheets, package=package)

    def with_formulas_below(self, formulas: Sequence[tuple[Range, str]]) -> tuple[Workbook, list[Range]]:
        """The workbook with formulas of some of its cells (or others for them) once more, in free cells.

        They stand below everything on the same worksheet, where they compute what they would in their cell, as their
        addresses mean the same there.

        Returns:
            The workbook, whose package alone has them, and where each formula stands.
        """
        rows: dict[str, list[str]] = {}
        below = {name: self.walkers[part].box()[0] + 1 for name, part in self.parts.items()}
        places = []
        for where, text in formulas:
            row = below[where.sheet] = below[where.sheet] + 1
            filled = self.book.sheets[where.sheet].arrays.get((where.row, where.column))
            alone = filled and Range(where.sheet, row, 1)
            part = self.parts[where.sheet]
            prefix = self.walkers[part].prefix
            element = _element(prefix, (row, 1), Cell(text, None), alone, "").decode()
            rows.setdefault(part, []).append(f'<{prefix}row r="{row}">{element}</{prefix}row>')
            places.append(Range(where.sheet, row, 1))
        cuts = {part: [(at := self.walkers[part].end, at, "".join(new).encode())] for part, new in rows.items()}
        return replace(self.book, package=self.package.rebuilt(cuts)), places


class _Spans(Walker):
    """Start, end and style of each `<c>` element of a worksheet, which of them share formulas, and where rows end."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.spans: dict[tuple[int, int], tuple[int, int, str]] = {}
        self.shared: list[tuple[int, int]] = []
        self.begun = self.end = 0
        self.style = self.prefix = ""
        self.parser.starts = {**self.parser.starts, f"{MAIN}f": self._begin_formula}
        self.parser.ends = {**self.parser.ends, f"{MAIN}sheetData": self._end_data}

    def begin_cell(self, attributes: Mapping[str, str]) -> None:
        super().begin_cell(attributes)
        self.begun = self.parser.at
        if not self.spans:
            self.prefix = self._prefix()
        self.style = f' s="{whole_number(attributes["s"], 0)}"' if "s" in attributes else ""

    def end_cell(self) -> None:
        self.spans[self.row, self.column] = (self.begun, self.parser.element_end("c"), self.style)

    def _prefix(self) -> str:
        """What stands before the names of elements, such as `x:`."""
        match = _TAG.match(self.parser.text, self.begun)
        return match[1].decode() if match else ""

    def _begin_formula(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("t") == "shared":
            self.shared.append((self.row, self.column))

    def _end_data(self) -> None:
        self.end = self.parser.at


def _walked(package: Package, parts: Iterable[str]) -> dict[str, _Spans]:
    walkers = {part: _Spans(part) for part in parts}
    for part, walker in walkers.items():
        package.parse(part, walker.parser)
    return walkers


def _element(prefix: str, at: tuple[int, int], cell: Cell, filled: Range | None, style: str) -> bytes:
    """A `<c>` element, without a cached value."""
    p, kind, body = prefix, "", ""
    if cell.formula is not None:
        array = f' t="array" ref="{filled.address}"' if filled else ""
        body = f"<{p}f{array}>{escape(cell.formula)}</{p}f>"
    elif isinstance(cell.value, bool):
        kind, body = ' t="b"', f"<{p}v>{int(cell.value)}</{p}v>"
    elif isinstance(cell.value, float):
        body = f"<{p}v>{cell.value!r}</{p}v>"
    elif isinstance(cell.value, str):
        kind, body = ' t="inlineStr"', f'<{p}is><{p}t xml:space="preserve">{escape(cell.value)}</{p}t></{p}is>'
    return f'<{p}c r="{column_letters(at[1])}{at[0]}"{style}{kind}>{body}</{p}c>'.encode()
