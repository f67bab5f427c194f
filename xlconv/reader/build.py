"""The package that engines are given: built from what was read of a workbook, nothing of the file's own XML is in it.

It has what formulas need: worksheets, texts, names, tables, the marks of dynamic arrays. There is no link to anything
outside, no drawing, no style, no part of another kind, and no cached value.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

from xlconv.cells import Range
from xlconv.reader import metadata, xml
from xlconv.reader.book import Calculation, DefinedName
from xlconv.reader.elements import DYNAMIC, Place, Rows, Strings, attribute_of, formula_text
from xlconv.reader.sheet import Cell, Sheet
from xlconv.reader.tables import Table

_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_TYPES: Final = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
)
_WORKBOOK, _STRINGS, _METADATA = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/metadata.xml"
_DYNAMIC_ARRAYS: Final = (
    f'<metadata xmlns="{xml.MAIN}" xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    f'<metadataTypes count="1"><metadataType name="{metadata.KIND}" minSupportedVersion="120000" copy="1" pasteAll="1" '
    'pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1" '
    'coerce="1" cellMeta="1"/></metadataTypes>'
    f'<futureMetadata name="{metadata.KIND}" count="1"><bk><extLst><ext uri="{{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
    f'<cellMetadata count="{DYNAMIC}"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)


class PackageBuilder:
    """Builds the package of a workbook, and of copies of it with some other cells.

    Args:
        sheets: The worksheets by name, in their order.
        names: Of the workbook and of single worksheets.
        calculation: How it asks to be calculated.
    """

    def __init__(
        self, sheets: Mapping[str, Sheet], names: Sequence[DefinedName] = (), calculation: Calculation | None = None
    ) -> None:
        strings = Strings()
        self._rows = {name: Rows(sheet, strings) for name, sheet in sheets.items()}
        self._worksheets = {name: f"xl/worksheets/sheet{number}.xml" for number, name in enumerate(sheets, 1)}
        self._parts, self._table_count = _Parts(), 0
        self._tails = {name: self._add_tables(name, sheet.tables) for name, sheet in sheets.items()}
        links = [("worksheet", self._add_worksheet(name)) for name in sheets]
        links.append(("sharedStrings", self._parts.add(_STRINGS, "sharedStrings", _tagged("sst", *strings.pieces()))))
        if any(sheet.dynamic for sheet in sheets.values()):
            links.append(("sheetMetadata", self._parts.add(_METADATA, "sheetMetadata", _encoded(_DYNAMIC_ARRAYS))))
        self._parts.add(_WORKBOOK, "sheet.main", _workbook(list(sheets), names, calculation or Calculation()))
        self._parts.tie(_WORKBOOK, links)
        self._parts.tie("", [("officeDocument", _WORKBOOK)])

    def package(
        self,
        cells: Mapping[str, Mapping[Place, Cell]] | None = None,
        arrays: Mapping[str, Mapping[Place, Range]] | None = None,
    ) -> bytes:
        """The package, stored without compression.

        Args:
            cells: What stands in some cells instead of what was read, by worksheet.
            arrays: The ranges that the array formulas among these fill.
        """
        changed = {
            self._worksheets[name]: self._worksheet(name, new, (arrays or {}).get(name))
            for name, new in (cells or {}).items()
        }
        target = BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for part, text in {**self._parts.all(), **changed}.items():
                archive.writestr(zipfile.ZipInfo(part), text)
        return target.getvalue()

    def _add_worksheet(self, name: str) -> str:
        return self._parts.add(self._worksheets[name], "worksheet", self._worksheet(name))

    def _worksheet(
        self, name: str, cells: Mapping[Place, Cell] | None = None, arrays: Mapping[Place, Range] | None = None
    ) -> bytes:
        rows, tail = self._rows[name].pieces(cells, arrays), self._tails[name].encode()
        return _tagged("worksheet", b"<sheetData>", *rows, b"</sheetData>", tail)

    def _add_tables(self, name: str, tables: Sequence[Table]) -> str:
        """Add the parts of a worksheet's tables; what the worksheet says of them."""
        if not tables:
            return ""
        links = [("table", self._add_table(table)) for table in tables]
        self._parts.tie(self._worksheets[name], links)
        ties = "".join(f'<tablePart r:id="r{number}"/>' for number in range(1, len(tables) + 1))
        return f'<tableParts count="{len(tables)}">{ties}</tableParts>'

    def _add_table(self, table: Table) -> str:
        self._table_count += 1
        return self._parts.add(f"xl/tables/table{self._table_count}.xml", "table", _table(table, self._table_count))


class _Parts:
    """The parts of a package that stay the same in all copies, and what each is."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}
        self._kinds: dict[str, str] = {}

    def add(self, part: str, kind: str, text: bytes) -> str:
        """Add a part of a kind of spreadsheet; its name."""
        self._texts[part], self._kinds[part] = text, kind
        return part

    def tie(self, part: str, links: Sequence[tuple[str, str]]) -> None:
        """Add the relationships of a part, by kind and target, with the ids r1, r2, ..."""
        folder, name = posixpath.split(part)
        ties = (
            f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="/{target}"/>'
            for number, (kind, target) in enumerate(links, 1)
        )
        text = f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(ties)}</Relationships>'
        self._texts[posixpath.join(folder, "_rels", f"{name}.rels")] = _encoded(text)

    def all(self) -> dict[str, bytes]:
        """Every part by its name; first what says of what type each is."""
        types = "".join(
            f'<Override PartName="/{part}" ContentType="{_TYPE}{kind}+xml"/>' for part, kind in self._kinds.items()
        )
        return {"[Content_Types].xml": _encoded(f"{_TYPES}{types}</Types>"), **self._texts}


def _workbook(sheets: Sequence[str], names: Sequence[DefinedName], calculation: Calculation) -> bytes:
    tabs = "".join(
        f'<sheet name={attribute_of(name)} sheetId="{number}" r:id="r{number}"/>'
        for number, name in enumerate(sheets, 1)
    )
    defined = "".join(_defined_name(each, sheets) for each in names)
    content = (
        f'<workbookPr date1904="{int(calculation.date1904)}"/><sheets>{tabs}</sheets>'
        f"{f'<definedNames>{defined}</definedNames>' if defined else ''}"
        f'<calcPr iterate="{int(calculation.iterative)}" iterateCount="{calculation.rounds}" '
        f'iterateDelta="{calculation.change!r}" fullCalcOnLoad="1"/>'
    )
    return _tagged("workbook", content.encode())


def _defined_name(each: DefinedName, sheets: Sequence[str]) -> str:
    scope = "" if each.sheet is None else f' localSheetId="{sheets.index(each.sheet)}"'
    return f"<definedName name={attribute_of(each.name)}{scope}>{formula_text(each.text)}</definedName>"


def _table(table: Table, number: int) -> bytes:
    columns = "".join(
        f'<tableColumn id="{at}" name={attribute_of(column)}/>' for at, column in enumerate(table.columns, 1)
    )
    name = attribute_of(table.name)
    return _encoded(
        f'<table xmlns="{xml.MAIN}" id="{number}" name={name} displayName={name} ref="{table.where.address}" '
        f'headerRowCount="{table.headers}" totalsRowCount="{table.totals}">'
        f'<tableColumns count="{len(table.columns)}">{columns}</tableColumns></table>'
    )


def _tagged(tag: str, *content: bytes) -> bytes:
    """A whole part, of one element."""
    return b"".join([_encoded(f'<{tag} xmlns="{xml.MAIN}" xmlns:r="{_OFFICE}">'), *content, f"</{tag}>".encode()])


def _encoded(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
