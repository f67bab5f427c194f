"""A package's parts as text, and its cells, names and worksheets by what a person calls them.

Edits are made in the XML, so that nothing else changes, as it would if a library wrote the workbook anew. Knows nothing
of xlconv, which is to judge what is edited here.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from html import escape, unescape
from pathlib import Path
from typing import NamedTuple

from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
TYPES = "[Content_Types].xml"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_SHEET_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
_CELL = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)


class Place(NamedTuple):
    """A cell: the worksheet's title and the address."""

    sheet: str
    address: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.address}"

    @property
    def fixed(self) -> str:
        """As a formula of any worksheet says it: `'My net'!$A$9`."""
        row, column = coordinate_to_tuple(self.address)
        return f"'{self.sheet}'!${get_column_letter(column)}${row}"

    def moved(self, rows: int, columns: int) -> Place:
        """The cell so many rows below and columns to the right."""
        row, column = coordinate_to_tuple(self.address)
        return Place(self.sheet, f"{get_column_letter(column + columns)}{row + rows}")


class Package:
    """A workbook that is being edited."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as source:
            self.parts = {name: source.read(name) for name in source.namelist()}

    def save(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for name, data in self.parts.items():
                target.writestr(name, data)
        return path

    def text(self, part: str) -> str:
        return self.parts[part].decode()

    def replace(self, part: str, old: str, new: str, count: int = -1) -> None:
        """Other text in a part; the old one must be there."""
        text = self.text(part)
        assert old in text, f"{part}: {old}"
        self.parts[part] = text.replace(old, new, count).encode()

    def substitute(self, part: str, pattern: str, new: str) -> None:
        """Other text for all that a regular expression matches, which must be something."""
        text, count = re.subn(pattern, new, self.text(part), flags=re.DOTALL)
        assert count, f"{part}: {pattern}"
        self.parts[part] = text.encode()

    def titles(self) -> list[str]:
        return [unescape(title) for title in re.findall(r'<sheet\b[^>]*? name="([^"]*)"', self.text(WORKBOOK))]

    def part(self, title: str) -> str:
        """The name of a worksheet's part."""
        found = re.search(rf'<sheet\b[^>]*? name="{re.escape(escape(title))}"[^>]*? r:id="(\w+)"', self.text(WORKBOOK))
        assert found, title
        relations = re.findall(r"<Relationship\b[^>]*>", self.text(RELATIONS))
        (relation,) = (each for each in relations if f'Id="{found[1]}"' in each)
        target = re.search(r'Target="([^"]*)"', relation)
        assert target
        return target[1].lstrip("/") if target[1].startswith("/") else f"xl/{target[1]}"

    def add_sheet(self, title: str, xml: str, state: str = "visible") -> None:
        """One more worksheet, as the last."""
        number = len(self.titles()) + 1
        part = f"xl/worksheets/sheet{number}.xml"
        self.parts[part] = xml.encode()
        self.replace(TYPES, "</Types>", f'<Override PartName="/{part}" ContentType="{_SHEET_TYPE}"/></Types>')
        relation = f'<Relationship Type="{_SHEET_RELATION}" Target="/{part}" Id="rId9{number}"/>'
        self.replace(RELATIONS, "</Relationships>", f"{relation}</Relationships>")
        namespace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        sheet = f'<sheet xmlns:r="{namespace}" name="{title}" sheetId="9{number}" state="{state}" r:id="rId9{number}"/>'
        self.replace(WORKBOOK, "</sheets>", f"{sheet}</sheets>")

    def strip_caches(self) -> None:
        """No cached values, as programs write that compute nothing."""
        for part in map(self.part, self.titles()):
            self.parts[part] = re.sub(r"</f><v>[^<]*</v>", "</f>", self.text(part)).encode()

    def names(self) -> dict[str, str]:
        found = re.findall(r'<definedName name="([^"]*)"[^>]*>([^<]*)<', self.text(WORKBOOK))
        return {name: unescape(reference) for name, reference in found}

    def set_name(self, name: str, reference: str) -> None:
        """What a name of the workbook stands for; a new name if there was none."""
        element = f'<definedName name="{name}">{escape(reference, quote=False)}</definedName>'
        if name in self.names():
            self._substitute_name(name, element)
        else:
            self.replace(WORKBOOK, "</definedNames>", f"{element}</definedNames>")

    def delete_name(self, name: str) -> None:
        self._substitute_name(name, "")

    def make_local(self, name: str, title: str, reference: str | None = None) -> None:
        """A name of one worksheet; the workbook's of the same name stays only where a reference is given."""
        number = self.titles().index(title)
        shown = escape(reference or self.names()[name], quote=False)
        element = f'<definedName name="{name}" localSheetId="{number}">{shown}</definedName>'
        if reference is None:
            self._substitute_name(name, element)
        else:
            self.replace(WORKBOOK, "</definedNames>", f"{element}</definedNames>")

    def exchange_names(self, one: str, two: str) -> None:
        names = self.names()
        self.set_name(one, names[two])
        self.set_name(two, names[one])

    def _substitute_name(self, name: str, element: str) -> None:
        pattern = rf'<definedName name="{re.escape(name)}"[^>]*>[^<]*</definedName>'
        self.substitute(WORKBOOK, pattern, element.replace("\\", "\\\\"))

    def at(self, name: str, row: int = 0, column: int = 0) -> Place:
        """A cell of a named block, by row and column from 0."""
        sheet, _, address = self.names()[name].rpartition("!")
        first = address.partition(":")[0].replace("$", "")
        return Place(sheet.strip("'").replace("''", "'"), first).moved(row, column)

    def block(self, name: str) -> list[Place]:
        """All cells of a named block, row by row."""
        sheet, _, address = self.names()[name].rpartition("!")
        return area(sheet.strip("'").replace("''", "'"), address)

    def formulas(self, title: str) -> dict[str, str]:
        """The formulas of a worksheet by address."""
        found = {}
        for cell in _CELL.finditer(self.text(self.part(title))):
            formula = re.search(r"<f[^>]*>([^<]*)</f>", cell[3] or "")
            if formula:
                found[cell[1]] = unescape(formula[1])
        return found

    def formula(self, place: Place) -> str:
        found = re.search(r"<f[^>]*>([^<]*)</f>", self._content(place))
        assert found, place
        return unescape(found[1])

    def number(self, place: Place) -> str:
        """A number as the file spells it."""
        found = re.search(r"<v>([^<]*)</v>", self._content(place))
        assert found, place
        return found[1]

    def set_formula(self, place: Place, formula: str, attributes: str = "") -> None:
        """Another formula, without a cached value, so that no stale one gives it away."""
        self.set_content(place, f"<f{attributes}>{escape(formula, quote=False)}</f>")

    def wrap(self, place: Place, text: str) -> None:
        """A formula in which the old one stands for `{old}`."""
        self.set_formula(place, text.replace("{old}", self.formula(place)))

    def set_elements(self, places: Iterable[Place], formulas: Iterable[tuple[str, str]]) -> None:
        """Other formulas in many cells of one worksheet, each with the attributes of its element."""
        changed = {
            place: f"<f{kind}>{escape(text, quote=False)}</f>"
            for place, (text, kind) in zip(places, formulas, strict=True)
        }
        sheet = next(iter(changed)).sheet

        def cell(found: re.Match[str]) -> str:
            content = changed.get(Place(sheet, found[1]))
            look = "".join(re.findall(r' s="\d+"', found[2]))
            return found[0] if content is None else f'<c r="{found[1]}"{look}>{content}</c>'

        part = self.part(sheet)
        self.parts[part] = _CELL.sub(cell, self.text(part)).encode()

    def edit(self, place: Place, old: str, new: str) -> None:
        """A formula with another text in place of one, each time."""
        formula = self.formula(place)
        assert old in formula, f"{place}: {old} is not in {formula}"
        self.set_formula(place, formula.replace(old, new))

    def set_number(self, place: Place, number: float | str) -> None:
        self.set_content(place, f"<v>{number}</v>")

    def set_text(self, place: Place, text: str) -> None:
        shown = escape(text, quote=False)
        self.set_content(place, f'<is><t xml:space="preserve">{shown}</t></is>', ' t="inlineStr"')

    def clear(self, place: Place) -> None:
        self.set_content(place, "")

    def set_content(self, place: Place, content: str, kind: str = "") -> None:
        """What stands between a cell's tags; the cell keeps its look, and is made where there is none."""
        part = self.part(place.sheet)
        text = self.text(part)
        start, end, attributes = self._find(text, place)
        look = "".join(re.findall(r' s="\d+"', attributes))
        cell = f'<c r="{place.address}"{look}{kind}>{content}</c>'
        self.parts[part] = (text[:start] + cell + text[end:]).encode()

    def xml(self, place: Place) -> str:
        """The element of a cell."""
        text = self.text(self.part(place.sheet))
        start, end, _ = self._find(text, place)
        return text[start:end]

    def set_xml(self, place: Place, xml: str) -> None:
        """Other text for the element of a cell."""
        part = self.part(place.sheet)
        text = self.text(part)
        start, end, _ = self._find(text, place)
        self.parts[part] = (text[:start] + xml + text[end:]).encode()

    def _content(self, place: Place) -> str:
        found = _CELL.match(self.xml(place))
        assert found, place
        return found[3] or ""

    def _find(self, text: str, place: Place) -> tuple[int, int, str]:
        found = re.search(rf'<c r="{place.address}"([^>]*?)(?:/>|>.*?</c>)', text, re.DOTALL)
        if found:
            return found.start(), found.end(), found[1]
        at = _gap(text, place.address)
        return at, at, ""

    def rows(self, title: str) -> Iterator[re.Match[str]]:
        yield from re.finditer(r'<row r="(\d+)"[^>]*?(?:/>|>(.*?)</row>)', self.text(self.part(title)), re.DOTALL)

    def add_row(self, title: str, number: int) -> None:
        """An empty row where there is none."""
        part = self.part(title)
        text = self.text(part)
        if f'<row r="{number}"' in text:
            return
        after = next((row.start() for row in self.rows(title) if int(row[1]) > number), text.index("</sheetData>"))
        self.parts[part] = (text[:after] + f'<row r="{number}"></row>' + text[after:]).encode()


def _gap(text: str, address: str) -> int:
    """Where in the XML a cell that is not there would stand."""
    number, column = coordinate_to_tuple(address)
    row = re.search(rf'<row r="{number}"[^>]*?>(.*?)</row>', text, re.DOTALL)
    assert row, f"there is no row {number}"
    for cell in _CELL.finditer(text, row.start(1), row.end(1)):
        if coordinate_to_tuple(cell[1])[1] > column:
            return cell.start()
    return row.end(1)


def area(sheet: str, address: str) -> list[Place]:
    """The cells of `$A$9:$AB$36`, row by row."""
    first, _, last = address.replace("$", "").partition(":")
    top, left = coordinate_to_tuple(first)
    bottom, right = coordinate_to_tuple(last or first)
    return [
        Place(sheet, f"{get_column_letter(column)}{row}")
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    ]


def delete(package: Package, title: str) -> None:
    """Delete a worksheet as Excel does: what reads it, and its names, stand for nothing any more."""
    part, workbook = package.part(title), package.text(WORKBOOK)
    (element,) = re.findall(rf'<sheet\b[^>]* name="{title}"[^>]*/>', workbook)
    (number,) = re.findall(r'r:id="(\w+)"', element)
    package.replace(WORKBOOK, element, "")
    package.substitute(RELATIONS, rf'<Relationship\b[^>]*Id="{number}"[^>]*/>', "")
    package.substitute(TYPES, rf'<Override PartName="/{part}"[^>]*/>', "")
    del package.parts[part]
    for name, reference in package.names().items():
        if reference.startswith(f"{title}!"):
            package.set_name(name, reference.replace(f"{title}!", "#REF!"))
    for other in map(package.part, package.titles()):
        package.parts[other] = _without(title, package.text(other)).encode()


def _without(title: str, text: str) -> str:
    """The XML of a worksheet whose formulas no longer read another one."""

    def lost(formula: re.Match[str]) -> str:
        return re.sub(rf"\b{title}!\$?[A-Z]+\$?\d+(:\$?[A-Z]+\$?\d+)?", "#REF!", formula[0])

    return re.sub(r"<f>[^<]*", lost, text)
