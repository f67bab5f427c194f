"""The XML of a worksheet's rows and cells as engines are given it: formulas without values, nothing of how it looks.

Rows are kept as they were written, so that a copy with a few other cells writes few rows anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final, TypeAlias

from xlconv.cells import ErrorValue, Range, Value, column_letters
from xlconv.reader.foreign import without_foreign
from xlconv.reader.sheet import Cell, DataTable, Sheet

Place: TypeAlias = tuple[int, int]
"""Row and column."""

DYNAMIC: Final = "1"
"""The mark of cells with dynamic arrays."""


def text_of(text: str) -> str:
    """A text between tags; a carriage return would otherwise be read as a line feed."""
    return escape(text, quote=False).replace("\r", "&#13;")


def attribute_of(text: str) -> str:
    """A text as the value of an attribute, with its quotes; breaks and tabs would otherwise be read as spaces."""
    value = text_of(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{value}"'


def formula_text(formula: str) -> str:
    """A formula between tags."""
    return text_of(without_foreign(formula))


class Strings:
    """The texts that cells refer to by number: a long one in a million cells is written once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Of a text, which is kept."""
        return self.numbers.setdefault(text, len(self.numbers))

    def pieces(self) -> list[bytes]:
        """The inside of `<sst>`, text by text."""
        return [f'<si><t xml:space="preserve">{text_of(text)}</t></si>'.encode() for text in self.numbers]


class Rows:
    """The rows of a worksheet.

    Args:
        sheet: The worksheet.
        strings: The workbook's texts; those of this worksheet are added.
    """

    def __init__(self, sheet: Sheet, strings: Strings) -> None:
        self._sheet, self._strings = sheet, strings
        self._columns: dict[int, list[int]] = {}
        computed = _computed(sheet)
        for at, cell in sheet.cells.items():
            if at not in computed or cell.formula is not None:
                self._columns.setdefault(at[0], []).append(at[1])
        self._rows = {row: self._row(row, {}) for row in self._columns}

    def pieces(
        self, cells: Mapping[Place, Cell] | None = None, arrays: Mapping[Place, Range] | None = None
    ) -> list[bytes]:
        """The inside of `<sheetData>`, row by row.

        Args:
            cells: What stands in some cells instead.
            arrays: The ranges that the array formulas among these fill.
        """
        changed: dict[int, dict[int, str]] = {}
        for at, cell in (cells or {}).items():
            element = _element(at, cell, _formula_attributes((arrays or {}).get(at)))
            changed.setdefault(at[0], {})[at[1]] = element
        rows = self._rows | {row: self._row(row, elements) for row, elements in changed.items()}
        return [rows[row] for row in sorted(rows)]

    def _row(self, row: int, changed: Mapping[int, str]) -> bytes:
        """A row in which some cells are others, by column."""
        columns = self._columns.get(row, ())
        elements = {column: self._element((row, column)) for column in columns if column not in changed}
        elements.update(changed)
        hidden = ' hidden="1"' if row in self._sheet.hidden else ""
        return f'<row r="{row}"{hidden}>{"".join([elements[column] for column in sorted(elements)])}</row>'.encode()

    def _element(self, at: Place) -> str:
        cell = self._sheet.cells[at]
        if cell.formula is None and type(cell.value) is str:
            return f'<c r="{_address(at)}" t="s"><v>{self._strings.number(cell.value)}</v></c>'
        if at in self._sheet.data_tables:
            return _element(at, cell, _data_table_attributes(self._sheet.data_tables[at]))
        mark = f' cm="{DYNAMIC}"' if at in self._sheet.dynamic else ""
        return _element(at, cell, _formula_attributes(self._sheet.arrays.get(at)), mark)


def _computed(sheet: Sheet) -> set[Place]:
    """The cells whose values come from the array formula or data table of another cell."""
    filled = [(at, where) for at, where in sheet.spread.items()]
    filled += [(at, table.where) for at, table in sheet.data_tables.items()]
    return {cell for at, where in filled for cell in where.cells() if cell != at and cell in sheet.cells}


def _element(at: Place, cell: Cell, formula_attributes: str, mark: str = "") -> str:
    """A `<c>` element, without a cached value."""
    if cell.formula is not None:
        return f'<c r="{_address(at)}"{mark}><f{formula_attributes}>{formula_text(cell.formula)}</f></c>'
    kind, content = _constant(cell.value)
    return f'<c r="{_address(at)}"{kind}>{content}</c>'


def _constant(value: Value) -> tuple[str, str]:
    """The type of a cell, as an attribute, and its content."""
    if isinstance(value, bool):
        return ' t="b"', f"<v>{int(value)}</v>"
    if isinstance(value, float):
        return "", f"<v>{value!r}</v>"
    if isinstance(value, str):
        return ' t="inlineStr"', f'<is><t xml:space="preserve">{text_of(value)}</t></is>'
    if isinstance(value, ErrorValue):
        return ' t="e"', f"<v>{text_of(value.code)}</v>"
    return "", ""


def _formula_attributes(filled: Range | None) -> str:
    return f' t="array" ref="{filled.address}"' if filled else ""


def _data_table_attributes(table: DataTable) -> str:
    settings = "".join(f" {name}={attribute_of(value)}" for name, value in table.settings.items())
    return f' t="dataTable" ref="{table.where.address}"{settings}'


def _address(at: Place) -> str:
    return f"{column_letters(at[1])}{at[0]}"
