"""One worksheet's cells from its XML, and where their values stand in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, NoReturn

from xlconv.cells import ErrorValue, Range, Value, column_letters, column_number
from xlconv.errors import WorkbookError
from xlconv.reader import xml

MAX_CELLS: Final = 2_000_000
_END_TAGS: Final = {name: re.compile(rf"</([\w.-]+:)?{name}\s*>".encode()) for name in ("c", "v")}


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
    arrays: dict[tuple[int, int], Range] = field(default_factory=dict)
    """The range that each array formula fills, by the cell that holds it."""
    state: str = "visible"
    """`visible`, `hidden` or `veryHidden`."""


class SheetHandler:
    """Reads one worksheet's cells, and notes where cached values stand."""

    def __init__(self, part: str, text: bytes, strings: list[str], budget: int) -> None:
        self.sheet = Sheet(part)
        self.cuts: list[tuple[int, int, bytes]] = []
        self.text, self.strings, self.budget = text, strings, budget
        self.row = self.column = 0
        self.masters: dict[str, tuple[str, str]] = {}
        self.collected: list[str] = []
        self.collecting = False
        self.values: list[tuple[tuple[int, int], int, int]] = []
        self._begin_cell({}, 0)
        self.parser = xml.parser(self._start, self._end, self._characters)
        xml.feed(self.parser, text)
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
            self.sheet.arrays[row, column] = where
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
            for where in self.sheet.arrays.values()
        )


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise WorkbookError(f"{text[:40]!r} where a whole number is due")
    return int(text)
