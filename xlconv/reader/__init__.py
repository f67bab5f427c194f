"""The one door for .xlsx files from outside: opens the package within limits, reads formulas and values.

Nothing here trusts the file: sizes are measured while decompressing, document type declarations are refused, what
spreadsheet programs would read differently is refused, and cached values are kept apart from what engines are given
(`Workbook.package`, which has none).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xlconv.cells import Range
from xlconv.errors import WorkbookError
from xlconv.reader.book import Book, Calculation, check_styles, shared_strings
from xlconv.reader.edit import with_values
from xlconv.reader.limits import MAX_CELLS
from xlconv.reader.outside import find
from xlconv.reader.package import Cut, Package
from xlconv.reader.sheet import Budget, Cell, Sheet, SheetReader

__all__ = ["MAX_CELLS", "Calculation", "Cell", "Sheet", "Workbook", "read", "with_values"]


@dataclass
class Workbook:
    """A workbook as read.

    Args:
        path: The file.
        sheets: The worksheets by name, in their order.
        names: Workbook-level defined names in lower case, with what they stand for; without those that mean something
            else on some worksheet.
        package: The file's XML without cached values: what an engine may see.
        calculation: How the file asks to be calculated.
        outside: What in it reaches out of the workbook, or runs: links, macros, connections; one line each.
        notes: What programs may show differently, though it was read; one line each.
    """

    path: Path
    sheets: dict[str, Sheet]
    names: dict[str, str]
    package: bytes
    calculation: Calculation = field(default_factory=Calculation)
    outside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def cell(self, sheet: str, row: int, column: int) -> Cell:
        """A cell, blank where the file has none."""
        return self.sheets[sheet].cells.get((row, column), Cell(None, None))

    def named_range(self, name: str) -> Range | None:
        """The range of a defined name, if it has one on a worksheet that exists, of no more cells than there may be."""
        where = Range.parse(self.names.get(name.lower(), ""))
        return where if where and where.sheet in self.sheets and where.size <= MAX_CELLS else None


def read(path: Path) -> Workbook:
    """Read a workbook.

    Raises:
        WorkbookError: The file is missing, damaged, too large, no .xlsx or .xlsm, or read differently by programs.
    """
    try:
        return _read(path)
    except WorkbookError as error:
        raise WorkbookError(f"{path}: {error.message}", error.hint) from None


def _read(path: Path) -> Workbook:
    package = Package(path)
    book = Book(package)
    if styles := book.related("styles"):
        check_styles(package, styles)
    sheets, cuts = _read_sheets(book)
    outside = find(package)
    package.parse_rest()
    return Workbook(
        path,
        sheets,
        book.names,
        package.rebuilt({**cuts, **outside.cuts}),
        book.calculation,
        outside.lines,
        tuple(note for name, sheet in sheets.items() for note in _under_merges(name, sheet)),
    )


def _read_sheets(book: Book) -> tuple[dict[str, Sheet], dict[str, list[Cut]]]:
    """The worksheets, and where cached values are to be cut out of their parts."""
    strings = shared_strings(book.package, part) if (part := book.related("sharedStrings")) else []
    budget = Budget()
    sheets, cuts = {}, {}
    for name, part, state in book.sheets:
        reader = SheetReader(name, part, strings, budget)
        book.package.parse(part, reader.parser)
        reader.check_box()
        reader.sheet.state = state
        sheets[name], cuts[part] = reader.sheet, reader.cuts
    return sheets, cuts


def _under_merges(name: str, sheet: Sheet) -> list[str]:
    """A note on values under merged cells: Excel hides them, and computes with them."""
    hidden = [
        at for where in sheet.merged for at in where.cells() if at in sheet.cells and at != (where.row, where.column)
    ]
    if not hidden:
        return []
    return [f"{len(hidden):,} values hidden under merged cells, the first in {Range(name, *hidden[0]).place}"]
