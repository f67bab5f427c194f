"""Which formulas of a workbook read given cells, directly or through others, by what openpyxl makes of the formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet


class Cell(NamedTuple):
    """A cell: the worksheet's title, row and column from 1."""

    sheet: str
    row: int
    column: int


class Entered(NamedTuple):
    """A formula: the cells that it fills, of which the first has it, and those that it reads."""

    fills: tuple[Cell, ...]
    reads: frozenset[Cell]


def behind(book: Workbook, cells: Set[Cell]) -> set[Cell]:
    """The cells of all formulas that read these, directly or through others."""
    formulas, known, grown = list(entered(book)), set(cells), True
    while grown:
        fresh = {cell for each in formulas if not known.isdisjoint(each.reads) for cell in each.fills} - known
        known |= fresh
        grown = bool(fresh)
    return {cell for each in formulas if not known.isdisjoint(each.reads) for cell in each.fills}


def entered(book: Workbook) -> Iterator[Entered]:
    """Every formula."""
    for page in book.worksheets:
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, ArrayFormula):
                    yield Entered(tuple(_area(page.title, cell.value.ref)), _read(book, page, cell.value.text))
                elif cell.data_type == "f":
                    yield Entered((Cell(page.title, cell.row, cell.column),), _read(book, page, cell.value))


def _read(book: Workbook, page: Worksheet, formula: str) -> frozenset[Cell]:
    named = (token.value for token in Tokenizer(formula).items if token.subtype == Token.RANGE)
    return frozenset(cell for text in named for cell in _meant(book, page.title, text))


def _meant(book: Workbook, sheet: str, text: str) -> Iterator[Cell]:
    """The cells of a range, a name or a table of which a column is meant."""
    if text in book.defined_names:
        text = book.defined_names[text].attr_text
    called = text.partition("[")[0]
    for page in book.worksheets:
        if called in page.tables:
            yield from _area(page.title, page.tables[called].ref)
            return
    before, _, area = text.rpartition("!")
    if re.fullmatch(r"\$?[A-Z]+\$?\d+(:\$?[A-Z]+\$?\d+)?", area):
        yield from _area(before.strip("'") or sheet, area)


def _area(sheet: str, area: str) -> Iterator[Cell]:
    left, top, right, bottom = range_boundaries(area)
    yield from (Cell(sheet, row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
