"""Formula text: references made relative, so that formulas can be compared from cell to cell.

The tokens come from formualizer's tokenizer; nothing here knows of networks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import formualizer

from xlconv.cells import column_letters, column_number

_CORNER: Final = r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})"
_REFERENCE: Final = re.compile(rf"((?:'(?:[^']|'')+'|[^'!:]+)!)?{_CORNER}(?::{_CORNER})?")


def relative_form(formula: str, row: int, column: int) -> str:
    """The formula as R1C1 text, spaces left out: equal for two cells that compute the same from their own place.

    Args:
        formula: Without the leading `=`.
        row: Of the cell that holds it, from 1.
        column: Likewise.
    """
    return _rewritten(formula, lambda *corner: _relative_corner(row, column, *corner))


def moved(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads after being copied so many rows down and columns to the right."""
    return _rewritten(formula, lambda *corner: _moved_corner(rows, columns, *corner))


def _rewritten(formula: str, corner: Callable[[str, str, str, str], str]) -> str:
    try:
        tokens = list(formualizer.tokenize(f"={formula}"))
    except formualizer.TokenizerError:
        return formula
    return "".join(_token(token, corner) for token in tokens if token is not None)


def _token(token: formualizer.Token, corner: Callable[[str, str, str, str], str]) -> str:
    if token.token_type == formualizer.TokenType.Whitespace:
        return ""
    match = _REFERENCE.fullmatch(token.value) if token.subtype == formualizer.TokenSubType.Range else None
    if match is None:
        is_function = token.token_type == formualizer.TokenType.Func
        return token.value.upper() if is_function else token.value
    sheet, *parts = match.groups()
    first = corner(*parts[:4])
    return f"{sheet or ''}{first}" + (f":{corner(*parts[4:])}" if parts[5] else "")


def _relative_corner(row: int, column: int, column_mark: str, letters: str, row_mark: str, digits: str) -> str:
    to_row, to_column = int(digits), column_number(letters.upper())
    down = f"R{to_row}" if row_mark else f"R[{to_row - row}]"
    return down + (f"C{to_column}" if column_mark else f"C[{to_column - column}]")


def _moved_corner(rows: int, columns: int, column_mark: str, letters: str, row_mark: str, digits: str) -> str:
    to_row = int(digits) + (0 if row_mark else rows)
    to_column = column_number(letters.upper()) + (0 if column_mark else columns)
    return f"{column_mark}{column_letters(max(to_column, 1))}{row_mark}{max(to_row, 1)}"
