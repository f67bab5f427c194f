"""The one door for .xlsx files from outside: opens the package within limits, reads formulas and values.

Nothing here trusts the file: sizes are measured while decompressing, document type declarations are refused, and
cached values are kept apart from what engines are given (`Workbook.package`, which has none).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from xlconv.cells import Edit, Range, column_letters
from xlconv.errors import WorkbookError
from xlconv.reader import xml
from xlconv.reader.package import Package, spliced
from xlconv.reader.sheet import MAX_CELLS, Cell, Sheet, SheetHandler

__all__ = ["MAX_CELLS", "Calculation", "Cell", "Sheet", "Workbook", "read", "with_numbers"]

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATIONSHIP_ID: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"


class Calculation(NamedTuple):
    """How a workbook asks to be calculated.

    Args:
        manual: Only when told to.
        iterative: Circular references are followed round and round.
        as_displayed: With the rounded numbers that cells show.
    """

    manual: bool = False
    iterative: bool = False
    as_displayed: bool = False


@dataclass
class Workbook:
    """A workbook as read.

    Args:
        path: The file.
        sheets: The worksheets by name, in their order.
        names: Workbook-level defined names in lower case, with what they stand for.
        package: The file without cached values: what an engine may see.
        calculation: How the file asks to be calculated.
        outside: What in it reaches out of the workbook, or runs: links, macros, connections; one line each.
    """

    path: Path
    sheets: dict[str, Sheet]
    names: dict[str, str]
    package: bytes
    calculation: Calculation = field(default_factory=Calculation)
    outside: tuple[str, ...] = ()

    def cell(self, sheet: str, row: int, column: int) -> Cell:
        """A cell, blank where the file has none."""
        return self.sheets[sheet].cells.get((row, column), Cell(None, None))

    def named_range(self, name: str) -> Range | None:
        """The range of a defined name, if it has one on a worksheet that exists."""
        where = Range.parse(self.names.get(name.lower(), ""))
        return where if where and where.sheet in self.sheets else None


def read(path: Path) -> Workbook:
    """Read a workbook.

    Raises:
        WorkbookError: The file is missing, damaged, too large, or no .xlsx.
    """
    try:
        return _Reader(Package(path)).workbook(path)
    except WorkbookError as error:
        raise WorkbookError(f"{path}: {error.message}", error.hint) from None


def with_numbers(package: bytes, groups: Iterable[Iterable[Edit]]) -> Iterator[bytes]:
    """Copies of a package, one for each group of edits, with numbers put into ranges in place of what is there."""
    reader = _Reader(Package(BytesIO(package)))
    sheets = reader.sheets()
    for edits in groups:
        changes: dict[str, list[tuple[int, int, bytes]]] = {}
        for where, rows in edits:
            sheet = sheets[where.sheet]
            changes.setdefault(sheet.part, []).extend(_number_cells(sheet, where, rows))
        yield reader.package.rebuilt({part: spliced(reader.package[part], cuts) for part, cuts in changes.items()})


def _number_cells(sheet: Sheet, where: Range, rows: Sequence[Sequence[float]]) -> Iterator[tuple[int, int, bytes]]:
    """Where the cells of a range stand in a worksheet's text, and what they are to be."""
    numbers = (number for row in rows for number in row)
    for (row, column), number in zip(where.cells(), numbers, strict=True):
        address = f"{column_letters(column)}{row}"
        if (row, column) not in sheet.spans:
            raise WorkbookError(f"{address} of {where.sheet!r} is blank, so no number can be put there")
        start, end, style = sheet.spans[row, column]
        yield start, end, f'<c r="{address}"{style}><v>{float(number)!r}</v></c>'.encode()


class _Reader:
    """Finds the workbook's parts in a package and reads them."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.part = self._workbook_part()
        self.sheet_ids: list[tuple[str, str, str]] = []
        self.calculation = Calculation()
        self.names: dict[str, str] = {}
        self._read_workbook_part()
        self.strings = self._shared_strings()
        self.cuts: dict[str, list[tuple[int, int, bytes]]] = {}

    def workbook(self, path: Path) -> Workbook:
        sheets = self.sheets()
        texts = {part: spliced(self.package[part], cuts) for part, cuts in self.cuts.items()}
        return Workbook(path, sheets, self.names, self.package.rebuilt(texts), self.calculation)

    def sheets(self) -> dict[str, Sheet]:
        relationships = self.package.relationships(self.part)
        sheets: dict[str, Sheet] = {}
        budget = MAX_CELLS
        for name, identity, state in self.sheet_ids:
            kind, target = relationships.get(identity, ("", ""))
            if not target:
                raise WorkbookError(f"worksheet {name!r} is missing from the package")
            if not kind.endswith("/worksheet"):
                continue  # chart sheets and the like have no cells
            handler = SheetHandler(target, self.package[target], self.strings, budget)
            budget -= len(handler.sheet.cells)
            sheets[name] = handler.sheet
            handler.sheet.state = state
            self.cuts[target] = handler.cuts
        if not sheets:
            raise WorkbookError("no worksheet in it")
        return sheets

    def _workbook_part(self) -> str:
        for kind, target in self.package.relationships("").values():
            if kind.endswith("/officeDocument"):
                return target
        raise WorkbookError("no workbook in the package: not an .xlsx")

    def _read_workbook_part(self) -> None:
        pending: list[str] = []
        text: list[str] = []

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            namespace, _, local = tag.rpartition(" ")
            if namespace == _STRICT:
                raise WorkbookError(
                    "a Strict Open XML workbook, which xlconv does not read",
                    hint="save it as an Excel Workbook (.xlsx)",
                )
            if local == "workbook" and namespace != _MAIN:
                raise WorkbookError("not an .xlsx workbook")
            if local == "sheet":
                state = attributes.get("state", "visible")
                self.sheet_ids.append((attributes.get("name", ""), attributes.get(_RELATIONSHIP_ID, ""), state))
            if local == "calcPr":
                self.calculation = Calculation(
                    manual=attributes.get("calcMode") == "manual",
                    iterative=attributes.get("iterate") in ("1", "true"),
                    as_displayed=attributes.get("fullPrecision") in ("0", "false"),
                )
            text.clear()
            if local == "definedName" and "localSheetId" not in attributes:
                pending.append(attributes.get("name", "").lower())

        def end(tag: str) -> None:
            if tag.endswith(" definedName") and pending:
                self.names[pending.pop()] = "".join(text)

        xml.parse(self.package[self.part], start, end, text.append)

    def _shared_strings(self) -> list[str]:
        targets = [
            target for kind, target in self.package.relationships(self.part).values() if kind.endswith("/sharedStrings")
        ]
        strings: list[str] = []
        if not targets:
            return strings
        pieces: list[str] = []
        depth = {"t": 0, "rPh": 0}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            local = tag.rpartition(" ")[2]
            if local in depth:
                depth[local] += 1
            if local == "si":
                pieces.clear()

        def end(tag: str) -> None:
            local = tag.rpartition(" ")[2]
            if local in depth:
                depth[local] -= 1
            if local == "si":
                strings.append("".join(pieces))

        def characters(data: str) -> None:
            if depth["t"] and not depth["rPh"]:
                pieces.append(data)

        xml.parse(self.package[targets[0]], start, end, characters)
        return strings
