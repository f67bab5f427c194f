"""Worksheets as plain cells, and formulas for windows of them: what the styles of `handmade` are written with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias
from xml.sax.saxutils import escape

import numpy as np
import openpyxl
from numpy.typing import NDArray
from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from xlconv.cells import Range

Numbers: TypeAlias = NDArray[np.float64]


class Page(dict[str, Any]):
    """A worksheet: what stands in its cells by address; each is written once."""

    def __init__(self, title: str, heading: str = "A1") -> None:
        super().__init__({heading: f"A small network ({title})"})
        self.title = title

    def __setitem__(self, address: str, value: Any) -> None:
        assert address not in self, f"{address} is taken"
        super().__setitem__(address, value)


class Block(NamedTuple):
    """A rectangle of cells, spelled as in formulas.

    `f"{x}"` is `A1:C3`, `f"{x:$}"` is `$A$1:$C$3`, and with `!` in the format the worksheet stands before it.
    """

    page: Page
    row: int
    column: int
    height: int = 1
    width: int = 1

    def __format__(self, spec: str) -> str:
        d = "$" if "$" in spec else ""
        first = f"{d}{get_column_letter(self.column)}{d}{self.row}"
        last = f"{d}{get_column_letter(self.column + self.width - 1)}{d}{self.row + self.height - 1}"
        title = self.page.title if self.page.title.isalnum() else f"'{self.page.title}'"
        return (f"{title}!" if "!" in spec else "") + (first if first == last else f"{first}:{last}")

    def part(self, row: int, column: int, height: int = 1, width: int = 1) -> Block:
        return Block(self.page, self.row + row, self.column + column, height, width)

    def cells(self) -> list[Block]:
        """One by one, row by row."""
        return [self.part(*at) for at in np.ndindex(self.height, self.width)]

    def put(self, value: Any) -> None:
        """Write into the block's first cell; a formula in braces is an array formula for all of them."""
        array = isinstance(value, str) and value.startswith("{")
        self.page[f"{self.part(0, 0)}"] = ArrayFormula(f"{self}", value[1:-1]) if array else value

    def range(self) -> Range:
        return Range(self.page.title, *self[1:])


Spelled: TypeAlias = Block | str
"""What can stand in a formula: cells by address, or by a defined name."""
Constants: TypeAlias = tuple[Sequence[Sequence[Spelled]], Sequence[Spelled]]
"""Of each output channel, the kernels for its inputs; of each, the bias."""
Spell: TypeAlias = Callable[[Sequence[Any], Sequence[Any], Any], str]
"""The text of a formula: of the windows it reads, their kernels, and the bias."""


def areas(page: Page, corners: str, height: int, width: int | None = None) -> list[Block]:
    """Blocks of one size, square if no width is given, by their upper left cells."""
    places = map(coordinate_to_tuple, corners.split())
    return [Block(page, row, column, height, width or height) for row, column in places]


def down(columns: str, first: int, step: int, count: int = 4) -> str:
    """Corners in the columns named, again every `step` rows."""
    return " ".join(f"{column}{first + step * n}" for n in range(count) for column in columns.split())


def cells(blocks: Iterable[Block]) -> Iterator[Block]:
    """The cells of one block after the other."""
    return chain.from_iterable(block.cells() for block in blocks)


def numbers(page: Page, corners: str, arrays: Numbers) -> list[Block]:
    """Matrices of numbers, written; NaN is a blank cell."""
    blocks = areas(page, corners, *arrays.shape[1:])
    for cell, number in zip(cells(blocks), arrays.ravel(), strict=True):
        if not np.isnan(number):
            cell.put(float(number))
    return blocks


def constants(
    page: Page,
    weights: Mapping[str, Numbers],
    layer: str,
    corners: tuple[str, str],
    shape: tuple[int, ...] = (),
) -> tuple[list[list[Block]], list[Block]]:
    """A layer's weights, written.

    Args:
        page: The worksheet.
        weights: Of the network.
        layer: Its name.
        corners: Of the kernels, output by output, and of the biases.
        shape: Of an output's kernels (inputs, height, width), where it is not that of the weights.
    """
    weight = weights[f"{layer}.weight"]
    count, *size = shape or weight.shape[1:]
    flat = numbers(page, corners[0], weight.reshape(-1, *size))
    kernels = [flat[at : at + count] for at in range(0, len(flat), count)]
    return kernels, numbers(page, corners[1], weights[f"{layer}.bias"].reshape(-1, 1, 1))


def convolve(
    outputs: Iterable[Block], inputs: Sequence[Block], by: Constants, spell: Spell, stride: int = 1, padding: int = 0
) -> None:
    """Formulas that read windows of three by three."""
    for output, kernels, bias in zip(outputs, *by, strict=True):
        for i, j in np.ndindex(output.height, output.width):
            windows = [x.part(i * stride - padding, j * stride - padding, 3, 3) for x in inputs]
            output.part(i, j).put(spell(windows, kernels, bias))


def dense(outputs: Iterable[Block], inputs: Sequence[Spelled], by: Constants, spell: Spell) -> None:
    """Formulas that read the whole input."""
    for output, kernels, bias in zip(outputs, *by, strict=True):
        output.put(spell(inputs, kernels, bias))


def pool(outputs: Iterable[Block], inputs: Iterable[Block], spell: Callable[[Block], str], apart: int = 1) -> None:
    """Formulas that read windows of two by two, the results `apart` rows and columns from each other."""
    for output, x in zip(outputs, inputs, strict=True):
        for i, j in np.ndindex(x.height // 2, x.width // 2):
            output.part(i * apart, j * apart).put(spell(x.part(2 * i, 2 * j, 2, 2)))


def each(outputs: Iterable[Block], inputs: Iterable[Block], spell: Callable[[Block], str]) -> None:
    """Formulas that read one cell each."""
    for output, x in zip(cells(outputs), cells(inputs), strict=True):
        output.put(spell(x))


def save(path: Path, *pages: Page, names: Mapping[str, Block] | None = None) -> None:
    """Write a workbook with openpyxl."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for page in pages:
        sheet = book.create_sheet(page.title)
        for address, value in page.items():
            sheet[address] = value
    for name, block in (names or {}).items():
        book.defined_names[name] = DefinedName(name, attr_text=f"{block:!$}")
    book.save(path)


# Shared formulas, which openpyxl does not write

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>',
}


def save_shared(path: Path, page: Page, blocks: Sequence[Block]) -> None:
    """Write one worksheet whose blocks of formulas are shared: each is stated in the block's first cell alone."""
    group = {f"{cell}": (number, block) for number, block in enumerate(blocks) for cell in block.cells()}
    rows: dict[int, dict[int, str]] = {}
    for address, value in page.items():
        row, column = coordinate_to_tuple(address)
        rows.setdefault(row, {})[column] = _cell(address, value, *group.get(address, ()))
    lines = (
        f'<row r="{row}">{"".join(cells[at] for at in sorted(cells))}</row>' for row, cells in sorted(rows.items())
    )
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for part, text in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            package.writestr(part, text.replace("{title}", page.title))


def _cell(address: str, value: str | float, number: int | None = None, block: Block | None = None) -> str:
    if not isinstance(value, str):
        return f'<c r="{address}"><v>{value!r}</v></c>'
    if not value.startswith("="):
        return f'<c r="{address}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if block is None:
        return f'<c r="{address}"><f>{escape(value[1:])}</f></c>'
    if address != f"{block.part(0, 0)}":
        return f'<c r="{address}"><f t="shared" si="{number}"/></c>'
    return f'<c r="{address}"><f t="shared" ref="{block}" si="{number}">{escape(value[1:])}</f></c>'
