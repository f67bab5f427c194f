"""A workbook as it was read: its worksheets, names and settings, and what engines are given of it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path

from xlconv.cells import Range
from xlconv.errors import WorkbookError
from xlconv.reader.book import Book, Calculation, DefinedName, check_styles, shared_strings
from xlconv.reader.build import PackageBuilder
from xlconv.reader.metadata import dynamic_marks
from xlconv.reader.outside import find
from xlconv.reader.package import Package
from xlconv.reader.sheet import Budget, Cell, Common, Sheet, SheetReader
from xlconv.reader.tables import check_names, read_tables


@dataclass
class Workbook:
    """A workbook as read.

    Args:
        path: The file.
        sheets: The worksheets by name, in their order.
        names: Workbook-level defined names in lower case, with what they stand for, whatever they mean to the formulas
            of a worksheet that has names of its own.
        defined: All defined names.
        calculation: How the file asks to be calculated.
        outside: What in it reaches out of the workbook, or runs: links, macros, connections; one line each.
        notes: What programs may show differently, though it was read; one line each.
    """

    path: Path
    sheets: dict[str, Sheet]
    names: dict[str, str]
    defined: tuple[DefinedName, ...] = ()
    calculation: Calculation = field(default_factory=Calculation)
    outside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def package(self) -> bytes:
        """What an engine may see: a package of what formulas need, without cached values."""
        return self.builder().package()

    def builder(self) -> PackageBuilder:
        """What builds packages of it, also with other cells."""
        return PackageBuilder(self.sheets, self.defined, self.calculation)

    def cell(self, sheet: str, row: int, column: int) -> Cell:
        """A cell, blank where the file has none."""
        return self.sheets[sheet].cells.get((row, column), Cell(None, None))

    def names_on(self, sheet: str) -> Mapping[str, str]:
        """The defined names that a worksheet's formulas know, in lower case: its own before those of the workbook."""
        return ChainMap(self._local.get(sheet, {}), self.names)

    @cached_property
    def ambiguous(self) -> frozenset[str]:
        """Names that some worksheet has for itself, in lower case."""
        return frozenset(name for names in self._local.values() for name in names)

    def named_range(self, name: str, sheet: str = "") -> Range | None:
        """The range of a defined name, if it has one on a worksheet that exists.

        Args:
            name: The name.
            sheet: Whose formulas ask; by default nobody's, so that it is the workbook's name.
        """
        where = Range.parse(self.names_on(sheet).get(name.lower(), ""))
        return where if where and where.sheet in self.sheets else None

    @cached_property
    def _local(self) -> dict[str, dict[str, str]]:
        """The names of single worksheets."""
        found: dict[str, dict[str, str]] = {}
        for name, text, sheet in self.defined:
            if sheet is not None:
                found.setdefault(sheet, {})[name.lower()] = text
        return found


def read(path: Path) -> Workbook:
    """Read a workbook.

    Raises:
        WorkbookError: The file is missing, damaged, too large, no .xlsx or .xlsm, or read differently by programs.
    """
    try:
        return _read(path)
    except WorkbookError as error:
        raise WorkbookError(f"{path}: {error.message}", error.hint) from None


def builder_of(package: bytes) -> PackageBuilder:
    """What builds copies of a package in memory.

    Raises:
        WorkbookError: It is none that `read` would read.
    """
    book = Book(Package(BytesIO(package)))
    return PackageBuilder(_read_sheets(book), book.defined, book.calculation)


def _read(path: Path) -> Workbook:
    package = Package(path)
    book = Book(package)
    if styles := book.related("styles"):
        check_styles(package, styles)
    sheets = _read_sheets(book)
    outside = find(package)
    package.parse_rest()
    notes = [note for name, sheet in sheets.items() for note in _under_merges(name, sheet)]
    notes += _pivot_tables(package)
    return Workbook(path, sheets, book.names, tuple(book.defined), book.calculation, outside, tuple(notes))


def _read_sheets(book: Book) -> dict[str, Sheet]:
    common, budget = _common(book), Budget()
    sheets: dict[str, Sheet] = {}
    for name, part, state in book.sheets:
        reader = SheetReader(name, part, common, budget)
        book.package.parse(part, reader.parser)
        reader.check_box()
        reader.check_filled()
        reader.sheet.state = state
        if reader.tables:
            reader.sheet.tables = read_tables(book.package, part, name, reader.tables)
        sheets[name] = reader.sheet
    check_names([table for sheet in sheets.values() for table in sheet.tables])
    return sheets


def _common(book: Book) -> Common:
    strings, marks = book.related("sharedStrings"), book.related("sheetMetadata")
    return Common(
        shared_strings(book.package, strings) if strings else (),
        dynamic_marks(book.package, marks) if marks else frozenset(),
        book.calculation.date1904,
    )


def _pivot_tables(package: Package) -> list[str]:
    """A note on what programs write into cells when they open the file, whatever stands there."""
    count = sum(tie.kind == "pivotTable" for _, tie in package.all_relationships())
    return [f"pivot tables ({count:,}): programs may write their cells anew when they open the file"] if count else []


def _under_merges(name: str, sheet: Sheet) -> list[str]:
    """A note on values under merged cells: Excel hides them, and computes with them."""
    hidden = [
        at for where in sheet.merged for at in where.cells() if at in sheet.cells and at != (where.row, where.column)
    ]
    if not hidden:
        return []
    return [f"{len(hidden):,} values hidden under merged cells, the first in {Range(name, *hidden[0]).place}"]
