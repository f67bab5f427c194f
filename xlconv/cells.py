"""Cell addresses, ranges, sheet quoting and legal defined names, as Excel spells them.

Rows and columns count from 1, as in Excel; indices of arrays count from 0. Nothing here knows of networks; the
names that blocks carry are made from plain text and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
MAX_TEXT: Final = 32_767
"""Characters in a cell."""

_ADDRESS_LIKE: Final = re.compile(r"[A-Z]{1,2}[0-9]|[A-Z]{3}[0-9]+$|RC?$|C$|TRUE$|FALSE$", re.IGNORECASE)
"""What begins like this may be read as an address, as `C1_FOO` is: R1C1 has other letters in other languages."""
_PLAIN_SHEET: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE: Final = re.compile(
    r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!]+))!"
    r"\$?(?P<c1>[A-Z]{1,3})\$?(?P<r1>[0-9]{1,7})(?::\$?(?P<c2>[A-Z]{1,3})\$?(?P<r2>[0-9]{1,7}))?"
)


@lru_cache(maxsize=MAX_COLUMNS)
def column_letters(column: int) -> str:
    """The letters of a column: 1 is `A`, 28 is `AB`."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@lru_cache(maxsize=MAX_COLUMNS)
def column_number(letters: str) -> int:
    """The number of a column: `A` is 1, `AB` is 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def quote_sheet(sheet: str) -> str:
    """A worksheet's name as formulas spell it: in apostrophes unless it is a plain word, and begins like no address."""
    if _PLAIN_SHEET.fullmatch(sheet) and not _ADDRESS_LIKE.match(sheet):
        return sheet
    return "'" + sheet.replace("'", "''") + "'"


class Range(NamedTuple):
    """A rectangle of cells of one worksheet.

    Args:
        sheet: The worksheet's name.
        row: The first row, from 1.
        column: The first column, from 1.
        height: In cells.
        width: In cells.
    """

    sheet: str
    row: int
    column: int
    height: int = 1
    width: int = 1

    @classmethod
    def parse(cls, reference: str) -> Range | None:
        """The range of a reference with a sheet, `'My net'!$A$1:$B$2`; None where the text is something else."""
        match = _REFERENCE.fullmatch(reference)
        if not match:
            return None
        sheet = match["plain"] or match["quoted"].replace("''", "'")
        row, column = int(match["r1"]), column_number(match["c1"])
        last_row, last_column = int(match["r2"] or row), column_number(match["c2"] or match["c1"])
        if not (1 <= row <= last_row <= MAX_ROWS and 1 <= column <= last_column <= MAX_COLUMNS):
            return None
        return cls(sheet, row, column, last_row - row + 1, last_column - column + 1)

    @property
    def address(self) -> str:
        """Relative, without the sheet: `B2:D4`, or `B2` for one cell."""
        first = f"{column_letters(self.column)}{self.row}"
        if self.height == self.width == 1:
            return first
        return f"{first}:{column_letters(self.column + self.width - 1)}{self.row + self.height - 1}"

    @property
    def absolute(self) -> str:
        """Absolute, without the sheet: `$B$2:$D$4`."""
        return _absolute(self)

    @property
    def reference(self) -> str:
        """Absolute, with the sheet: `'My net'!$B$2:$D$4`."""
        return f"{quote_sheet(self.sheet)}!{self.absolute}"

    @property
    def place(self) -> str:
        """As reports name it, relative with the sheet: `'My net'!B2`."""
        return f"{quote_sheet(self.sheet)}!{self.address}"

    @property
    def size(self) -> int:
        """The number of cells."""
        return self.height * self.width

    def has(self, row: int, column: int) -> bool:
        """Whether a cell of its worksheet is in it."""
        return self.row <= row < self.row + self.height and self.column <= column < self.column + self.width

    def part(self, row: int, column: int, height: int = 1, width: int = 1) -> Range:
        """A rectangle inside, its corner counted from 0."""
        return Range(self.sheet, self.row + row, self.column + column, height, width)

    def cells(self) -> Iterator[tuple[int, int]]:
        """Row and column of every cell, row by row."""
        for row in range(self.row, self.row + self.height):
            for column in range(self.column, self.column + self.width):
                yield row, column


@lru_cache(maxsize=1024)
def _absolute(where: Range) -> str:
    first = f"${column_letters(where.column)}${where.row}"
    if where.size == 1:
        return first
    return f"{first}:${column_letters(where.column + where.width - 1)}${where.row + where.height - 1}"


class Blocks(NamedTuple):
    """Where an array stands: its 2-D slices, one range each, in the array's order.

    An image (C, H, W) has C ranges of H x W, a vector (N,) one of N x 1; a flattened image is a vector that
    stands where the image does.
    """

    ranges: tuple[Range, ...]

    def cell(self, index: tuple[int, ...]) -> Range:
        """The cell of one element, by its index `(c, i, j)` or `(n,)`."""
        if len(index) == 3:
            block, row, column = index
        else:
            block, rest = divmod(index[0], self.ranges[0].size)
            row, column = divmod(rest, self.ranges[0].width)
        return self.ranges[block].part(row, column)


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """An error that a cell shows, such as `#DIV/0!`."""

    code: str

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """What stands for a cell that an engine could not compute, which says nothing about the workbook."""

    reason: str

    def __str__(self) -> str:
        return self.reason


Value: TypeAlias = float | str | bool | ErrorValue | NotEvaluated | None
"""What a cell shows; None where it is blank."""


def label(value: Value) -> str:
    """The text that a cell's value is as a label: `7` for the number 7, nothing for a blank cell."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


Edit: TypeAlias = tuple[Range, Sequence[Sequence[float | str]]]
"""Numbers and texts to put into a range, row by row; blank cells are filled, formulas replaced."""


def defined_name(text: str) -> str:
    """A legal defined name near `text`: other characters become `_`, and what begins like an address follows one."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return f"_{name}" if _ADDRESS_LIKE.match(name) else name


def block_name(layer: str, role: str = "", indices: Sequence[int] = ()) -> str:
    """The defined name of a block: `conv1_0`, `conv1_weight_1_0`, `dense`, `_fc1`, `softmax_exp`.

    Args:
        layer: The layer's name, or `input`.
        role: `weight`, `bias` or the name of an intermediate result; empty for the layer's output.
        indices: Of the 2-D slice: output channel and input channel for weights; empty for a vector.
    """
    return defined_name("_".join([layer, *([role] if role else []), *map(str, indices)]))
