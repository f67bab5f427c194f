"""What openpyxl does not write, or not so that all programs read it: the cells of worksheets, and a drawing's prefix.

openpyxl cuts numbers to 16 digits, writes no cached values, and takes most of its time for cells. So it writes all but
the cells, and they are put in here: text, exact numbers, formulas and their cached values; with them the links, which
openpyxl looks for in cells.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping
from html import escape
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import IO, Final, NamedTuple

from xlconv.cells import Range, Value, column_letters
from xlconv.errors import EngineError
from xlconv.pages import Content, Formula, Page
from xlconv.style import Kind

_EMPTY: Final = re.compile(rb'<dimension ref="[A-Z0-9:]+" ?/>(.*)<sheetData(?: ?/>|></sheetData>)', re.DOTALL)
"""From the extent to the cells."""
_MARGINS: Final = b"<pageMargins"
"""What follows the links."""
_DRAWINGS: Final = "xl/drawings/drawing"
_DRAWN: Final = re.compile(rb"<(/?)(?=\w+[ />])")
"""The start of a tag without a prefix."""


class Cells(NamedTuple):
    """What a worksheet's part says of its cells.

    Args:
        extent: The range from A1 to the last cell.
        pieces: The inside of `<sheetData>`, in pieces; each cell is one.
        formulas: Of each piece that is a formula, by its place among all: the cell, what its opening tag has without a
            value, and the formula's element.
        links: The element `<hyperlinks>`; empty without any.
    """

    extent: str
    pieces: list[str]
    formulas: dict[int, tuple[tuple[int, int], str, str]]
    links: str

    def with_values(self, values: Mapping[tuple[int, int], Value]) -> Cells:
        """The same with cached values, by row and column; a formula may have none."""
        pieces = self.pieces.copy()
        for piece, (at, tag, formula) in self.formulas.items():
            pieces[piece] = f"{tag}{_computed(formula, values.get(at))}</c>"
        return self._replace(pieces=pieces)


def cells(page: Page, styles: Mapping[Kind, int]) -> Cells:
    """The cells of a worksheet, formulas without values.

    Args:
        page: The worksheet.
        styles: The number of each look.
    """
    written = Cells(_extent(page), [], {}, _links(page))
    rows: dict[int, list[tuple[int, Content, Kind]]] = {row: [] for row in page.heights}
    for (row, column), (content, kind) in page.cells.items():
        rows.setdefault(row, []).append((column, content, kind))
    for row in sorted(rows):
        height = f' ht="{page.heights[row]:g}" customHeight="1"' if row in page.heights else ""
        written.pieces.append(f'<row r="{row}"{height}>')
        for column, content, kind in sorted(rows[row], key=itemgetter(0)):
            tag = f'<c r="{column_letters(column)}{row}" s="{styles[kind]}"'
            if isinstance(content, Formula):
                formula = f"<f>{escape(content, quote=False)}</f>"
                written.formulas[len(written.pieces)] = (row, column), tag, formula
                written.pieces.append(f"{tag}>{formula}</c>")
            else:
                written.pieces.append(f"{tag}{_constant(content)}")
        written.pieces.append("</row>")
    return written


def copy(frame: BytesIO, target: Path | IO[bytes], sheets: Iterable[Cells], compressed: bool = True) -> None:
    """Copy a package, with cells in its worksheets, and drawings' elements with their usual prefix.

    Args:
        frame: The package as openpyxl wrote it, with as many worksheets, all empty.
        target: What to write.
        sheets: The cells of each worksheet.
        compressed: Whether it is to be small.
    """
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    parts = {f"xl/worksheets/sheet{number}.xml": sheet for number, sheet in enumerate(sheets, 1)}
    with zipfile.ZipFile(frame) as source, zipfile.ZipFile(target, "w", method) as package:
        for info in source.infolist():
            data = source.read(info)
            if info.filename in parts:
                sheet = parts.pop(info.filename)
                empty = _EMPTY.search(data)
                if not empty:
                    raise EngineError(f"{info.filename} is not as openpyxl used to write it")
                rows = "".join(sheet.pieces)
                filled = f'<dimension ref="{sheet.extent}"/>{empty[1].decode()}<sheetData>{rows}</sheetData>'
                after = data[empty.end() :].replace(_MARGINS, sheet.links.encode() + _MARGINS, 1)
                data = data[: empty.start()] + filled.encode() + after
            elif info.filename.startswith(_DRAWINGS):
                data = _prefixed(data)
            package.writestr(info.filename, data)
    if parts:
        raise EngineError(f"openpyxl wrote no {', '.join(parts)}")


def _prefixed(drawing: bytes) -> bytes:
    """A drawing's part in which a namespace without a prefix has the one that Excel writes; ExcelJS reads no other."""
    return _DRAWN.sub(rb"<\1xdr:", drawing.replace(b" xmlns=", b" xmlns:xdr=", 1))


def _extent(page: Page) -> str:
    """The range from A1 to the last cell."""
    rows, columns = zip(*page.cells, strict=True)
    return Range(page.title, 1, 1, max(rows), max(columns)).address


def _links(page: Page) -> str:
    """Links from cells to ranges of the workbook."""
    links = [
        f'<hyperlink ref="{cell.address}" location="{escape(to.place)}" display="{escape(to.place)}"/>'
        for cell, to in page.links
    ]
    return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""


def _constant(content: Content) -> str:
    """A text, a number or nothing, with what it needs of the cell's opening tag."""
    if content is None:
        return "/>"
    if isinstance(content, str):
        return f' t="inlineStr"><is><t xml:space="preserve">{escape(content, quote=False)}</t></is></c>'
    return f"><v>{_number(content)}</v></c>"


def _computed(formula: str, value: Value) -> str:
    """A formula's element and its cached value, with what they need of the cell's opening tag."""
    if value is None:
        return f">{formula}"
    if isinstance(value, str):
        return f' t="str">{formula}<v>{escape(value, quote=False)}</v>'
    if isinstance(value, bool):
        return f' t="b">{formula}<v>{value:d}</v>'
    return f">{formula}<v>{_number(float(str(value)))}</v>"


def _number(number: float) -> str:
    """The shortest text that is this number."""
    text = repr(float(number))
    return text[:-2] if text.endswith(".0") else text
