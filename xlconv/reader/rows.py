"""Walks through the rows and cells of a worksheet's XML, which must stand where and as Excel writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from xlconv.cells import MAX_COLUMNS, MAX_ROWS, column_letters, column_number
from xlconv.errors import WorkbookError
from xlconv.reader import xml

MAIN: Final = f"{xml.MAIN} "
_LETTERS: Final = re.compile("[A-Z]{1,3}")


class Walker:
    """Walks through a worksheet's rows and cells, which must stand in order, and knows where it is."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.row = self.column = self.last_row = self.last_column = 0
        self.row_digits = ""
        self.known: dict[str, int] = {}
        starts = {"sheetData": self.begin_data, "row": self.begin_row, "c": self.begin_cell}
        self.parser = xml.Parser(
            f"{MAIN}worksheet",
            {MAIN + name: start for name, start in starts.items()},
            {f"{MAIN}c": self.end_cell},
        )

    def begin_data(self, _: Mapping[str, str]) -> None:
        """At the start of all rows."""
        if self.parser.depth != 2 or self.row_digits:
            raise WorkbookError(f"the rows of {self.part} stand in two places")
        self.row_digits = "0"

    def begin_row(self, attributes: Mapping[str, str]) -> None:
        """At the start of a row."""
        if self.parser.depth != 3:
            self.misplaced("row")
        row = whole_number(attributes.get("r"), self.row + 1)
        if not 1 <= row <= MAX_ROWS:
            raise WorkbookError(f"a row {row} in {self.part}, a worksheet has {MAX_ROWS:,}")
        if row <= self.row:
            raise WorkbookError(f"row {row} of {self.part} is there twice or not in order (after row {self.row})")
        self._reach()
        self.row, self.row_digits, self.column = row, str(row), 0

    def begin_cell(self, attributes: Mapping[str, str]) -> None:
        """At the start of a cell."""
        if self.parser.depth != 4:
            self.misplaced("c")
        address = attributes.get("r")
        column = self.column + 1 if address is None else self._column_of(address)
        if column > MAX_COLUMNS:
            raise WorkbookError(f"a cell {column_letters(column)}{self.row} in {self.part}, the last column is XFD")
        if column <= self.column:
            problem = "twice" if column == self.column else "out of order"
            raise WorkbookError(f"the cell {column_letters(column)}{self.row} is there {problem} in {self.part}")
        self.column = column

    def box(self) -> tuple[int, int]:
        """The last row and column that have a cell, when all is read."""
        self._reach()
        return self.last_row, self.last_column

    def _reach(self) -> None:
        if self.column:
            self.last_row, self.last_column = self.row, max(self.last_column, self.column)

    def end_cell(self) -> None:
        """At the end of a cell."""

    def misplaced(self, name: str) -> NoReturn:
        """Refuse an element that stands where it must not: some programs read it, some do not."""
        raise WorkbookError(f"an XML element <{name}> where none may be in {self.part}, near row {self.row}")

    def _column_of(self, address: str) -> int:
        letters = address[: -len(self.row_digits)]
        column = self.known.get(letters, 0) if address.endswith(self.row_digits) else 0
        if column:
            return column
        if not address.endswith(self.row_digits) or not _LETTERS.fullmatch(letters):
            raise WorkbookError(f"the cell address {address[:40]!r} in row {self.row} of {self.part} is wrong")
        self.known[letters] = column_number(letters)
        return self.known[letters]

    @property
    def address(self) -> str:
        """Of the cell where it is."""
        return f"{column_letters(self.column)}{self.row}"


def is_whole(text: str) -> bool:
    """Whether a text is a whole number, of few digits."""
    return text.isascii() and text.isdecimal() and len(text) <= 9


def whole_number(text: str | None, default: int) -> int:
    """The number that an attribute states; a default where there is none."""
    if text is None:
        return default
    if not is_whole(text):
        raise WorkbookError(f"{text[:40]!r} where a whole number is due")
    return int(text)


def is_true(text: str | None) -> bool:
    """Whether an attribute says yes; other words than XML has for that are read differently by programs."""
    if text not in (None, "0", "1", "false", "true"):
        raise WorkbookError(f"{text!r:.40} where true or false is due")
    return text in ("1", "true")
