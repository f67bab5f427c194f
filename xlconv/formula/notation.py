"""The text of formulas: references made relative, so that formulas can be compared from cell to cell, and moved.

Nothing here knows of networks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from xlconv.cells import MAX_COLUMNS, MAX_ROWS, Range, column_letters, column_number

_CORNER: Final = r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})"
_SHEET: Final = r"(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!"
_REFERENCE: Final = re.compile(rf"({_SHEET})?{_CORNER}(?::{_CORNER})?")
_PIECE: Final = re.compile(
    rf"""
      (?P<text>"(?:[^"]|"")*")
    | (?P<bracket>\[[^\[\]]*\])
    | (?P<space>\s+)
    | (?<![\w.$]) (?P<sheet>{_SHEET})? {_CORNER} (?: : {_CORNER} )? (?![\w.(!])
    | (?P<function>[A-Za-z_][\w.]*)(?=\()
    | (?P<other>'(?:[^']|'')+' | [\w.$]+)
    """,
    re.VERBOSE,
)
"""What a formula's text is cut into, as far as its references are concerned."""

_SIGNS: Final = r"[A-Z0-9$:,;()+\-*/^<>=.%&!_]*"
_PLAIN: Final = re.compile(rf"""{_SIGNS}(?:(?:"[^"]*"|'[^']*'!){_SIGNS})*""")
_PLAIN_CORNER: Final = re.compile(r"""("[^"]*"|'[^']*'!)|(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([0-9]{1,7})(?![\w.(!])""")

Corner: TypeAlias = Callable[[str, str, str, str], str]


@lru_cache(maxsize=1 << 19)
def relative_form(formula: str, row: int, column: int) -> str:
    """The formula as R1C1 text, spaces left out: equal for two cells that compute the same from their own place.

    Args:
        formula: Without the leading `=`.
        row: Of the cell that holds it, from 1.
        column: Likewise.
    """
    if _PLAIN.fullmatch(formula):
        return _relative_plain(formula, row, column)
    return _rewritten(formula, lambda *corner: _relative_corner(row, column, *corner))


def _relative_plain(formula: str, row: int, column: int) -> str:
    """The same, several times as fast, for a formula in capitals, without spaces and brackets but in quotes."""
    pieces = _PLAIN_CORNER.split(formula)
    form = pieces[:1]
    for at in range(1, len(pieces), 6):
        quoted, column_mark, letters, row_mark, digits, rest = pieces[at : at + 6]
        if quoted is not None:
            form += quoted, rest
            continue
        down = f"R{digits}" if row_mark else f"R[{int(digits) - row}]"
        right = column_number(letters) if column_mark else f"[{column_number(letters) - column}]"
        form.append(f"{down}C{right}{rest}")
    return "".join(form)


def moved(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads after being copied so many rows down and columns to the right."""
    return _rewritten(formula, lambda *corner: _moved_corner(rows, columns, *corner))


def reference(text: str, sheet: str) -> tuple[Range, bool, bool] | None:
    """The range that a reference names, and whether its rows and its columns move when the formula is copied.

    Args:
        text: Such as `$A1:$B2` or `'My net'!A1`.
        sheet: The worksheet of the formula, which is meant where the text names none.

    Returns:
        None where the text is no reference to cells.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    own, column_mark, letters, row_mark, digits, _, last_letters, _, last_digits = match.groups()
    rows = sorted((int(digits), int(last_digits or digits)))
    columns = sorted((column_number(letters.upper()), column_number((last_letters or letters).upper())))
    if rows[0] < 1 or rows[1] > MAX_ROWS or columns[1] > MAX_COLUMNS:
        return None
    name = sheet if own is None else own[1:-2].replace("''", "'") if own[0] == "'" else own[:-1]
    where = Range(name, rows[0], columns[0], rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)
    return where, not row_mark, not column_mark


def references(formula: str, sheet: str) -> Iterator[tuple[Range, bool, bool]]:
    """All ranges that a formula names, whatever it does with them, as `reference` gives them; names are left out."""
    for match in _PIECE.finditer(formula):
        found = reference(match[0], sheet) if match.groups()[5] else None
        if found is not None:
            yield found


def names(formula: str) -> Iterator[str]:
    """The words of a formula that may be defined names."""
    for match in _PIECE.finditer(formula):
        if match["other"]:
            yield match["other"]


def _rewritten(formula: str, corner: Corner) -> str:
    def piece(match: re.Match[str]) -> str:
        groups = match.groups()
        if match["space"]:
            return ""
        if match["function"]:
            return match["function"].upper()
        if groups[4] is None:  # no reference
            return match[0]
        first = corner(*groups[4:8])
        return f"{match['sheet'] or ''}{first}" + (f":{corner(*groups[8:12])}" if groups[9] else "")

    return _PIECE.sub(piece, formula)


def _relative_corner(row: int, column: int, column_mark: str, letters: str, row_mark: str, digits: str) -> str:
    to_row, to_column = int(digits), column_number(letters.upper())
    down = f"R{to_row}" if row_mark else f"R[{to_row - row}]"
    return down + (f"C{to_column}" if column_mark else f"C[{to_column - column}]")


def _moved_corner(rows: int, columns: int, column_mark: str, letters: str, row_mark: str, digits: str) -> str:
    to_row = int(digits) + (0 if row_mark else rows)
    to_column = column_number(letters.upper()) + (0 if column_mark else columns)
    return f"{column_mark}{column_letters(max(to_column, 1))}{row_mark}{max(to_row, 1)}"
