"""The one door for .xlsx files from outside: opens the package within limits, reads formulas and values.

Nothing here trusts the file: sizes are measured while decompressing, document type declarations are refused, and
cached values are kept apart from what engines are given (`Workbook.package`, which has none).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Final, NoReturn
from xml.parsers import expat

from xlconv.cells import Edit, ErrorValue, Range, Value, column_letters, column_number
from xlconv.errors import WorkbookError

MAX_FILE: Final = 64 << 20
MAX_ENTRIES: Final = 1000
MAX_PART: Final = 128 << 20
MAX_TOTAL: Final = 256 << 20
MAX_CELLS: Final = 2_000_000
MAX_DEPTH: Final = 256

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATIONSHIP_ID: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"
_END_TAGS: Final = {name: re.compile(rf"</([\w.-]+:)?{name}\s*>".encode()) for name in ("c", "v")}
_OLE2: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a file says of a cell.

    Args:
        formula: Its text without `=`, or None.
        value: The number, text or truth value in it; for a formula the cached value, None where there is none.
    """

    formula: str | None
    value: Value


@dataclass
class Sheet:
    """A worksheet: its cells by row and column, and where they stand in the part's text."""

    part: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    spans: dict[tuple[int, int], tuple[int, int, str]] = field(default_factory=dict)
    """Start and end of each `<c>` element, and its style."""


@dataclass
class Workbook:
    """A workbook as read.

    Args:
        path: The file.
        sheets: The worksheets by name, in their order.
        names: Workbook-level defined names in lower case, with what they stand for.
        package: The file without cached values: what an engine may see.
    """

    path: Path
    sheets: dict[str, Sheet]
    names: dict[str, str]
    package: bytes

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
        return _Reader(_Package(path)).workbook(path)
    except WorkbookError as error:
        raise WorkbookError(f"{path}: {error.message}", error.hint) from None


def with_numbers(package: bytes, groups: Iterable[Iterable[Edit]]) -> Iterator[bytes]:
    """Copies of a package, one for each group of edits, with numbers put into ranges in place of what is there."""
    reader = _Reader(_Package(BytesIO(package)))
    sheets = reader.sheets()
    for edits in groups:
        changes: dict[str, list[tuple[int, int, bytes]]] = {}
        for where, rows in edits:
            sheet = sheets[where.sheet]
            changes.setdefault(sheet.part, []).extend(_number_cells(sheet, where, rows))
        yield reader.package.rebuilt({part: _spliced(reader.package[part], cuts) for part, cuts in changes.items()})


def _number_cells(sheet: Sheet, where: Range, rows: Sequence[Sequence[float]]) -> Iterator[tuple[int, int, bytes]]:
    """Where the cells of a range stand in a worksheet's text, and what they are to be."""
    numbers = (number for row in rows for number in row)
    for (row, column), number in zip(where.cells(), numbers, strict=True):
        address = f"{column_letters(column)}{row}"
        if (row, column) not in sheet.spans:
            raise WorkbookError(f"{address} of {where.sheet!r} is blank, so no number can be put there")
        start, end, style = sheet.spans[row, column]
        yield start, end, f'<c r="{address}"{style}><v>{float(number)!r}</v></c>'.encode()


def _spliced(text: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    pieces, at = [], 0
    for start, end, new in sorted(changes):
        pieces += [text[at:start], new]
        at = end
    return b"".join([*pieces, text[at:]])


class _Package:
    """The parts of a ZIP package, decompressed within limits."""

    def __init__(self, source: Path | BytesIO) -> None:
        try:
            if isinstance(source, Path) and source.stat().st_size > MAX_FILE:
                raise WorkbookError(f"larger than {MAX_FILE >> 20} MiB")
            data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
        except FileNotFoundError:
            raise WorkbookError("no such file") from None
        except OSError as error:
            raise WorkbookError(f"cannot be read: {error.strerror or error}") from None
        if data.startswith(_OLE2):
            raise WorkbookError(
                "an encrypted workbook or an old .xls, which xlconv does not open",
                hint="remove the password, or save it as an Excel Workbook (.xlsx)",
            )
        if not data.startswith(b"PK"):
            raise WorkbookError("not an .xlsx workbook", hint="save it as an Excel Workbook (.xlsx)")
        self.parts: dict[str, bytes] = {}
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                self._unpack(archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise WorkbookError(f"a damaged or truncated .xlsx: {error}") from None

    def _unpack(self, archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise WorkbookError(f"{len(entries)} parts, more than {MAX_ENTRIES}")
        seen: set[str] = set()
        left = MAX_TOTAL
        for entry in entries:
            if entry.flag_bits & 1:
                raise WorkbookError("an encrypted package", hint="remove the password")
            if entry.filename.lower() in seen:
                raise WorkbookError(f"the part {entry.filename!r} is there twice")
            seen.add(entry.filename.lower())
            with archive.open(entry) as stream:
                data = stream.read(min(MAX_PART, left) + 1)
            left -= len(data)
            if len(data) > MAX_PART or left < 0:
                raise WorkbookError(f"more than {MAX_PART >> 20} MiB in a part or {MAX_TOTAL >> 20} MiB in all")
            self.parts[entry.filename] = data

    def __getitem__(self, name: str) -> bytes:
        if name not in self.parts:
            raise WorkbookError(f"the part {name!r} is missing: no workbook, or a damaged one")
        return self.parts[name]

    def relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Type and target part of each relationship of a part (or of the package: ``), by id."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag.endswith(" Relationship") and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), target)

        _parse(self[posixpath.join(folder, "_rels", f"{name}.rels")], start)
        return found

    def rebuilt(self, changes: Mapping[str, bytes]) -> bytes:
        """The package with some parts changed, stored without compression."""
        target = BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for name, data in self.parts.items():
                archive.writestr(name, changes.get(name, data))
        return target.getvalue()


class _Reader:
    """Finds the workbook's parts in a package and reads them."""

    def __init__(self, package: _Package) -> None:
        self.package = package
        self.part = self._workbook_part()
        self.sheet_ids: list[tuple[str, str]] = []
        self.names: dict[str, str] = {}
        self._read_workbook_part()
        self.strings = self._shared_strings()
        self.cuts: dict[str, list[tuple[int, int, bytes]]] = {}

    def workbook(self, path: Path) -> Workbook:
        sheets = self.sheets()
        texts = {part: _spliced(self.package[part], cuts) for part, cuts in self.cuts.items()}
        return Workbook(path, sheets, self.names, self.package.rebuilt(texts))

    def sheets(self) -> dict[str, Sheet]:
        relationships = self.package.relationships(self.part)
        sheets: dict[str, Sheet] = {}
        budget = MAX_CELLS
        for name, identity in self.sheet_ids:
            kind, target = relationships.get(identity, ("", ""))
            if not target:
                raise WorkbookError(f"worksheet {name!r} is missing from the package")
            if not kind.endswith("/worksheet"):
                continue  # chart sheets and the like have no cells
            handler = _SheetHandler(target, self.package[target], self.strings, budget)
            budget -= len(handler.sheet.cells)
            sheets[name] = handler.sheet
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
                self.sheet_ids.append((attributes.get("name", ""), attributes.get(_RELATIONSHIP_ID, "")))
            text.clear()
            if local == "definedName" and "localSheetId" not in attributes:
                pending.append(attributes.get("name", "").lower())

        def end(tag: str) -> None:
            if tag.endswith(" definedName") and pending:
                self.names[pending.pop()] = "".join(text)

        _parse(self.package[self.part], start, end, text.append)

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

        _parse(self.package[targets[0]], start, end, characters)
        return strings


class _SheetHandler:
    """Reads one worksheet's cells, and notes where cached values stand."""

    def __init__(self, part: str, text: bytes, strings: list[str], budget: int) -> None:
        self.sheet = Sheet(part)
        self.cuts: list[tuple[int, int, bytes]] = []
        self.text, self.strings, self.budget = text, strings, budget
        self.row = self.column = 0
        self.masters: dict[str, tuple[str, str]] = {}
        self.arrays: list[Range] = []
        self.collected: list[str] = []
        self.collecting = False
        self.values: list[tuple[tuple[int, int], int, int]] = []
        self._begin_cell({}, 0)
        self.parser = _parser(self._start, self._end, self._characters)
        _feed(self.parser, text)
        self._cut_values()

    def _begin_cell(self, attributes: Mapping[str, str], at: int) -> None:
        self.attributes, self.at = attributes, at
        self.formula: str | None = None
        self.raw: str | None = None
        self.formula_attributes: Mapping[str, str] = {}
        self.value_at = 0

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        local = tag.rpartition(" ")[2]
        if local == "row":
            self.row = _number(attributes.get("r"), self.row + 1)
            self.column = 0
        elif local == "c":
            self._begin_cell(attributes, self.parser.CurrentByteIndex)
        elif local in ("f", "v", "t"):
            self.collected.clear()
            self.collecting = True
            if local == "f":
                self.formula_attributes = attributes
            elif local == "v":
                self.value_at = self.parser.CurrentByteIndex

    def _characters(self, data: str) -> None:
        if self.collecting:
            self.collected.append(data)

    def _end(self, tag: str) -> None:
        local = tag.rpartition(" ")[2]
        if local == "c":
            self._end_cell()
        elif local in ("f", "v", "t"):
            self.collecting = False
            text = "".join(self.collected)
            if local == "f":
                self.formula = text
            elif local == "v":
                self.raw = text
                self.value_end = self._element_end(local)
            else:
                self.raw = (self.raw or "") + text

    def _element_end(self, local: str) -> int:
        """Behind the element that ends here; of one like `<v/>` the parser tells the end, else the end tag's start."""
        at = self.parser.CurrentByteIndex
        end_tag = _END_TAGS[local].match(self.text, at)
        return end_tag.end() if end_tag else at

    def _end_cell(self) -> None:
        row, column = self._position()
        if (row, column) in self.sheet.cells:
            raise WorkbookError(f"the cell {column_letters(column)}{row} is there twice in {self.sheet.part}")
        if len(self.sheet.cells) >= self.budget:
            raise WorkbookError(f"more than {MAX_CELLS} cells")
        formula = self._whole_formula(row, column)
        value = self._value(row, column)
        if formula is not None or value is not None:
            self.sheet.cells[row, column] = Cell(formula, value)
        style = f' s="{_number(self.attributes["s"], 0)}"' if "s" in self.attributes else ""
        self.sheet.spans[row, column] = (self.at, self._element_end("c"), style)
        if self.value_at:
            self.values.append(((row, column), self.value_at, self.value_end))
        self._begin_cell({}, 0)

    def _position(self) -> tuple[int, int]:
        address = self.attributes.get("r")
        if address is None:
            self.column += 1
            return self.row, self.column
        letters = address.rstrip("0123456789")
        if (
            not letters.isascii()
            or not letters.isupper()
            or len(letters) > 3
            or address[len(letters) :] != str(self.row)
        ):
            raise WorkbookError(f"the cell address {address!r} in row {self.row} of {self.sheet.part} is wrong")
        self.column = column_number(letters)
        return self.row, self.column

    def _whole_formula(self, row: int, column: int) -> str | None:
        kind, group = self.formula_attributes.get("t"), self.formula_attributes.get("si", "")
        address = f"{column_letters(column)}{row}"
        if kind == "array" and (where := Range.parse(f"s!{self.formula_attributes.get('ref', '')}")):
            self.arrays.append(where)
        if kind != "shared" or self.formula is None:
            return self.formula
        if self.formula:
            self.masters[group] = (self.formula, address)
            return self.formula
        if group not in self.masters:
            raise WorkbookError(f"{address} shares a formula that is not in {self.sheet.part}")
        from openpyxl.formula.translate import Translator

        formula, origin = self.masters[group]
        return str(Translator(f"={formula}", origin).translate_formula(address))[1:]

    def _value(self, row: int, column: int) -> Value:
        kind, raw = self.attributes.get("t", "n"), self.raw
        if raw is None or (raw == "" and kind == "n"):
            return None
        if kind in ("str", "inlineStr", "d"):
            return raw
        if kind == "e":
            return ErrorValue(raw)
        try:
            if kind == "s":
                return self.strings[int(raw)]
            if kind == "b":
                return bool(int(raw))
            number = float(raw)
        except (ValueError, IndexError):
            self._bad_value(row, column, raw)
        return number if isfinite(number) else self._bad_value(row, column, raw)

    def _bad_value(self, row: int, column: int, raw: str) -> NoReturn:
        raise WorkbookError(f"{column_letters(column)}{row} in {self.sheet.part} holds {raw[:40]!r}, which is no value")

    def _cut_values(self) -> None:
        """Note the cached values: of formulas, and of cells that an array formula fills."""
        for at, start, end in self.values:
            cell = self.sheet.cells.get(at)
            if cell is not None and (cell.formula is not None or self._in_array(*at)):
                self.cuts.append((start, end, b""))

    def _in_array(self, row: int, column: int) -> bool:
        return any(
            where.row <= row < where.row + where.height and where.column <= column < where.column + where.width
            for where in self.arrays
        )


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise WorkbookError(f"{text[:40]!r} where a whole number is due")
    return int(text)


def _ignore(*_: object) -> None:
    pass


def _parser(start: object, end: object = _ignore, characters: object = _ignore) -> expat.XMLParserType:
    depth = 0

    def counted(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise WorkbookError(f"XML nested deeper than {MAX_DEPTH}")
        start(tag, attributes)  # type: ignore[operator]

    def uncounted(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag)  # type: ignore[operator]

    def refuse(*_: object) -> None:
        raise WorkbookError("a document type declaration, which no .xlsx needs")

    parser = expat.ParserCreate("UTF-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = counted
    parser.EndElementHandler = uncounted
    parser.CharacterDataHandler = characters  # type: ignore[assignment]
    parser.StartDoctypeDeclHandler = refuse
    return parser


def _feed(parser: expat.XMLParserType, text: bytes) -> None:
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise WorkbookError(f"damaged XML: {error}") from None


def _parse(text: bytes, start: object, end: object = _ignore, characters: object = _ignore) -> None:
    _feed(_parser(start, end, characters), text)
