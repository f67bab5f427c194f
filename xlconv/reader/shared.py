"""Shared formulas: written once in a file, read by each of their cells with the references moved along."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final, NamedTuple

from xlconv.cells import MAX_COLUMNS, MAX_ROWS, column_letters, column_number
from xlconv.errors import WorkbookError

_NOT_BEFORE: Final = r"(?<![\w.$:\\?])"
_NOT_BEHIND: Final = r"(?![\w.$(!\\?])"
_COLUMN, _ROW = r"(\$?)([A-Za-z]{1,3})", r"(\$?)([1-9][0-9]{0,6})"
_PIECE: Final = re.compile(
    r"""(?P<verbatim>"[^"]*+" | '[^']*+' | \[(?:[^][]++|\[[^][]*+\])*+\])"""
    rf"| (?<![\w.$\\?]) {_COLUMN}{_ROW} {_NOT_BEHIND}"
    rf"| {_NOT_BEFORE} {_COLUMN}:{_COLUMN} {_NOT_BEHIND}"
    rf"| {_NOT_BEFORE} {_ROW}:{_ROW} {_NOT_BEHIND}",
    re.VERBOSE,
)
"""Texts, quoted names and brackets, in which nothing moves; then a cell, whole columns, whole rows."""
_COORDINATES: Final = ((2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (12, 13))
"""Groups of the dollar sign and of the letters or digits behind it."""


class _Column(NamedTuple):
    number: int

    def moved(self, _: int, right: int) -> str:
        return column_letters(_within(self.number + right, MAX_COLUMNS))


class _Row(NamedTuple):
    number: int

    def moved(self, down: int, _: int) -> str:
        return str(_within(self.number + down, MAX_ROWS))


class SharedFormula:
    """A formula and the cell whose it is.

    Args:
        text: Without `=`.
        row: Of its cell.
        column: Of its cell.
    """

    def __init__(self, text: str, row: int, column: int) -> None:
        self.text, self.row, self.column = text, row, column

    def at(self, row: int, column: int) -> str:
        """How it reads in another cell.

        Raises:
            WorkbookError: A reference would leave the worksheet.
        """
        down, right = row - self.row, column - self.column
        return "".join([p if isinstance(p, str) else p.moved(down, right) for p in self._pieces])

    @cached_property
    def _pieces(self) -> list[str | _Column | _Row]:
        """What stays as it is, and what moves, in turn."""
        pieces: list[str | _Column | _Row] = []
        end = 0
        for match in _PIECE.finditer(self.text):
            if match["verbatim"] is not None:
                continue
            for absolute, number in _COORDINATES:
                if match[number] is None or match[absolute]:
                    continue
                pieces.append(self.text[end : match.start(number)])
                end = match.end(number)
                name = match[number]
                pieces.append(_Row(int(name)) if name.isdecimal() else _Column(column_number(name.upper())))
        pieces.append(self.text[end:])
        return pieces


def _within(number: int, most: int) -> int:
    if not 1 <= number <= most:
        raise WorkbookError("a shared formula's reference leaves the worksheet")
    return number
