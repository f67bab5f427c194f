"""Shared formulas: written once in a file, read by each of their cells with the references moved along."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

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
        template, numbers = self._template
        rows, columns = self._reach
        if down not in rows or right not in columns:
            raise WorkbookError("a shared formula's reference leaves the worksheet")
        return template % tuple([n + down if is_row else column_letters(n + right) for n, is_row in numbers])

    @cached_property
    def _template(self) -> tuple[str, list[tuple[int, bool]]]:
        """The formula with `%s` for each row or column that moves, and their numbers, with whether it is a row."""
        pieces, numbers = [], []
        end = 0
        for match in _PIECE.finditer(self.text):
            for absolute, number in _COORDINATES:
                name = match[number]
                if name is None or match[absolute]:
                    continue
                pieces.append(self.text[end : match.start(number)])
                end = match.end(number)
                numbers.append((int(name), True) if name.isdecimal() else (column_number(name.upper()), False))
        pieces.append(self.text[end:])
        return "%s".join(piece.replace("%", "%%") for piece in pieces), numbers

    @cached_property
    def _reach(self) -> tuple[range, range]:
        """How far rows and columns may move."""
        rows, columns = ([number for number, is_row in self._template[1] if is_row is kind] for kind in (True, False))
        return _moves(rows, MAX_ROWS), _moves(columns, MAX_COLUMNS)


def _moves(numbers: list[int], most: int) -> range:
    return range(1 - min(numbers), most + 1 - max(numbers)) if numbers else range(-most, most)
