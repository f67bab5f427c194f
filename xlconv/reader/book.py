"""What a workbook's own parts say: its worksheets, names and settings, the shared strings, the number of styles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf
from typing import Final, NamedTuple

from xlconv.cells import MAX_TEXT
from xlconv.errors import WorkbookError
from xlconv.reader import formulas, xml
from xlconv.reader.limits import MAX_CELLS, MAX_SHEETS, MAX_STYLES
from xlconv.reader.package import Package, Relationship
from xlconv.reader.rows import is_true, is_whole, whole_number

_MAIN: Final = f"{xml.MAIN} "
_RELATIONSHIP_ID: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"
_CONTENT_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
_CONTENT_TYPES_PART: Final = "[Content_Types].xml"
_WORKBOOKS: Final = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "application/vnd.ms-excel.sheet.macroenabled.main+xml",
)
_OTHERS: Final = {
    "application/vnd.ms-excel.sheet.binary.": "a binary workbook (.xlsb)",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template.": "a template (.xltx)",
    "application/vnd.ms-excel.template.": "a template (.xltm)",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.": "a Word document",
    "application/vnd.openxmlformats-officedocument.presentationml.": "a presentation",
}
"""What else has a main part, by how its content type begins."""

_DEPTH_OF_TEXT: Final = 3
"""Of a `<t>` that is all of a shared string; a run's is deeper."""


_ESCAPED: Final = re.compile("_x[0-9A-Fa-f]{4}_")
"""A character by its code, which some programs show as that."""


class Calculation(NamedTuple):
    """How a workbook asks to be calculated.

    Args:
        manual: Only when told to.
        iterative: Circular references are followed round and round.
        as_displayed: With the rounded numbers that cells show.
        rounds: How often, at most.
        change: Until no cell changes by more.
        date1904: Days are counted from 1904.
    """

    manual: bool = False
    iterative: bool = False
    as_displayed: bool = False
    rounds: int = 100
    change: float = 0.001
    date1904: bool = False


class DefinedName(NamedTuple):
    """A name of a workbook.

    Args:
        name: As it is spelled.
        text: What it stands for.
        sheet: The worksheet on which alone it does; None if on all.
    """

    name: str
    text: str
    sheet: str | None = None


class SheetEntry(NamedTuple):
    """A worksheet as the workbook lists it.

    Args:
        name: On its tab.
        part: Where its cells are.
        state: `visible`, `hidden` or `veryHidden`.
    """

    name: str
    part: str
    state: str


class Book:
    """The workbook part of a package, and which parts belong to it."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.part = _main_part(package)
        self.relationships = package.relationships(self.part)
        self.sheets: list[SheetEntry] = []
        self.names: dict[str, str] = {}
        self.defined: list[DefinedName] = []
        self.calculation = Calculation()
        self._formulas = formulas.Budget()
        self._tabs: list[str] = []
        self._seen: set[str] = set()
        self._is_macro = False
        self._name = ""
        self._scope: str | None = None
        starts = {
            "workbookPr": self._properties,
            "sheet": self._sheet,
            "calcPr": self._settings,
            "definedName": self._begin_name,
            **dict.fromkeys(("sheets", "definedNames"), xml.look_at_place),
        }
        self._parser = xml.Parser(
            f"{_MAIN}workbook",
            {_MAIN + name: start for name, start in starts.items()},
            {f"{_MAIN}definedName": self._end_name},
        )
        package.parse(self.part, self._parser)
        self._check_sheets()
        self._check_names()

    def _sheet(self, attributes: Mapping[str, str]) -> None:
        name, identity = attributes.get("name", ""), attributes.get(_RELATIONSHIP_ID, "")
        if identity not in self.relationships:
            raise WorkbookError(f"worksheet {name[:40]!r} is missing from the package")
        self._tabs.append(name)
        kind, target, external = self.relationships[identity]
        if external or target not in self.package.parts:
            raise WorkbookError(f"worksheet {name[:40]!r} is missing from the package: it has no part {target[:80]!r}")
        if kind == "worksheet":  # chart sheets and the like have no cells
            self.sheets.append(SheetEntry(name, target, attributes.get("state", "visible")))

    def _check_sheets(self) -> None:
        if not self.sheets:
            raise WorkbookError("no worksheet in it")
        if len(self.sheets) > MAX_SHEETS:
            raise WorkbookError(f"{len(self.sheets):,} worksheets, more than {MAX_SHEETS}")
        names: set[str] = set()
        parts: set[str] = set()
        for name, part, _ in self.sheets:
            if folded(name) in names or part in parts:
                raise WorkbookError(f"the worksheet {name[:40]!r} is there twice")
            if _ESCAPED.search(name):
                raise WorkbookError(f"the worksheet {name[:40]!r} has another name for some programs")
            names.add(folded(name))
            parts.add(part)

    def _once(self, element: str) -> None:
        """Refuse an element that is there twice: some programs take the first, some the last."""
        if element in self._seen:
            raise WorkbookError(f"two XML elements <{element}>, a workbook has one")
        self._seen.add(element)

    def _properties(self, attributes: Mapping[str, str]) -> None:
        self._once("workbookPr")
        self.calculation = self.calculation._replace(date1904=is_true(attributes.get("date1904")))

    def _settings(self, attributes: Mapping[str, str]) -> None:
        self._once("calcPr")
        self.calculation = self.calculation._replace(
            manual=attributes.get("calcMode") == "manual",
            iterative=is_true(attributes.get("iterate")),
            as_displayed=not is_true(attributes.get("fullPrecision", "1")),
            rounds=whole_number(attributes.get("iterateCount"), Calculation().rounds),
            change=_change(attributes.get("iterateDelta")),
        )

    def _begin_name(self, attributes: Mapping[str, str]) -> None:
        self._name, self._scope = attributes.get("name", ""), attributes.get("localSheetId")
        self._is_macro = any(is_true(attributes.get(kind)) for kind in ("function", "vbProcedure", "xlm"))
        self._parser.collecting = True

    def _end_name(self) -> None:
        text = self._parser.collected()
        if problem := self._formulas.spend(text):
            raise WorkbookError(f"the name {self._name[:40]!r} has a formula {problem}")
        if self._scope is not None and not (is_whole(self._scope) and int(self._scope) < len(self._tabs)):
            raise WorkbookError(f"the name {self._name[:40]!r} is of the worksheet number {self._scope[:40]!r}")
        if not self._is_macro:  # the name of a macro stands for no cells
            sheet = None if self._scope is None else self._tabs[int(self._scope)]
            self.defined.append(DefinedName(self._name, text, sheet))

    def _check_names(self) -> None:
        """Each is there once for the workbook and once for a worksheet; those of chart sheets are nobody's."""
        sheets = {sheet.name for sheet in self.sheets}
        seen: set[tuple[str, str | None]] = set()
        for name, _, sheet in self.defined:
            if (folded(name), sheet) in seen:
                raise WorkbookError(f"the name {name[:40]!r} is defined twice")
            seen.add((folded(name), sheet))
        self.defined = [each for each in self.defined if each.sheet is None or each.sheet in sheets]
        self.names = {name.lower(): text for name, text, sheet in self.defined if sheet is None}

    def related(self, kind: str) -> str:
        """The part of a kind that a workbook has once; empty where it has none."""
        found = {each.target for each in self.relationships.values() if each.kind == kind and not each.external}
        if len(found) > 1:
            raise WorkbookError(f"several parts of the kind {kind!r}, a workbook has one")
        return "".join(found)


def folded(name: str) -> str:
    """A name without the case of its letters, the same for all that any program takes for the same."""
    return name.upper().casefold()


def _change(text: str | None) -> float:
    try:
        change = float(text or Calculation().change)
    except ValueError:
        change = -1.0
    if not 0 <= change < inf:
        raise WorkbookError(f"{text!r:.40} where the largest change of an iteration is due")
    return change


def _main_part(package: Package) -> str:
    """The part that is the workbook, by relationship and content type."""
    package["_rels/.rels"]
    found = [each for each in package.relationships("").values() if each.kind == "officeDocument"]
    if not found:
        raise WorkbookError("no workbook in the package: not an .xlsx")
    if len(found) > 1 or found[0].external:
        raise WorkbookError("no single workbook in the package")
    _check_content_type(package, found[0])
    return found[0].target


def _check_content_type(package: Package, main: Relationship) -> None:
    types: dict[str, str] = {}

    def note(attributes: Mapping[str, str]) -> None:
        part = attributes.get("PartName") or f"*.{attributes.get('Extension', '')}"
        types[part.lower()] = attributes.get("ContentType", "").lower()

    starts = {f"{_CONTENT_TYPES} {name}": note for name in ("Override", "Default")}
    package.parse(_CONTENT_TYPES_PART, xml.Parser(f"{_CONTENT_TYPES} Types", starts))
    extension = main.target.rpartition(".")[2]
    found = types.get(f"/{main.target}".lower()) or types.get(f"*.{extension}".lower(), "")
    if found in _WORKBOOKS:
        return
    kind = next((name for prefix, name in _OTHERS.items() if found.startswith(prefix)), "")
    raise WorkbookError(
        f"{kind or f'the main part is of the type {found[:80]!r}'}, not an .xlsx workbook",
        hint="save it as an Excel Workbook (.xlsx)",
    )


def shared_strings(package: Package, part: str) -> list[str]:
    """The texts that cells refer to by number; without phonetic guides."""
    strings: list[str] = []
    pieces: list[str] = []
    depths: list[int] = []
    phonetic = False

    def begin_string(_: Mapping[str, str]) -> None:
        pieces.clear()
        depths.clear()

    def end_string() -> None:
        text = "".join(pieces)
        if len(text) > MAX_TEXT:
            raise WorkbookError(f"a text of {len(text):,} characters, more than {MAX_TEXT:,} in {part}")
        if len(strings) >= MAX_CELLS:
            raise WorkbookError(f"more than {MAX_CELLS:,} texts in {part}")
        strings.append(text)

    def begin_phonetic(_: Mapping[str, str]) -> None:
        nonlocal phonetic
        phonetic = True

    def end_phonetic() -> None:
        nonlocal phonetic
        phonetic = False

    def begin_text(_: Mapping[str, str]) -> None:
        parser.collecting = True
        if not phonetic:
            depths.append(parser.depth)
        if len(depths) > 1 and _DEPTH_OF_TEXT in depths:
            raise WorkbookError(f"several texts where one is due, which are no runs of one, in {part}")

    def end_text() -> None:
        text = parser.collected()
        if not phonetic:
            pieces.append(text)

    starts = {"si": begin_string, "rPh": begin_phonetic, "t": begin_text}
    ends = {"si": end_string, "rPh": end_phonetic, "t": end_text}
    parser = xml.Parser(
        f"{_MAIN}sst",
        {_MAIN + name: start for name, start in starts.items()},
        {_MAIN + name: end for name, end in ends.items()},
    )
    package.parse(part, parser)
    return strings


def check_styles(package: Package, part: str) -> None:
    """Refuse more cell styles than Excel has."""
    count = -1

    def begin_styles(_: Mapping[str, str]) -> None:
        nonlocal count
        count = 0

    def style(_: Mapping[str, str]) -> None:
        nonlocal count
        count += count >= 0
        if count > MAX_STYLES:
            raise WorkbookError(f"more than {MAX_STYLES:,} cell styles")

    starts = {f"{_MAIN}cellXfs": begin_styles, f"{_MAIN}xf": style}
    package.parse(part, xml.Parser(f"{_MAIN}styleSheet", starts))
