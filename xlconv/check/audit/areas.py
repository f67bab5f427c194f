"""The cells that formulas refer to, seen from any cell that shares the formula.

Nothing here judges them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from xlconv.cells import MAX_COLUMNS, MAX_ROWS, Range, column_number
from xlconv.reader import Workbook

_CORNER: Final = r"(\$?)([A-Za-z]{1,3})?(\$?)([0-9]{1,7})?"
_AREA: Final = re.compile(rf"(?:('(?:[^']|'')+'|[^'!:\[\]]+)!)?{_CORNER}(?::{_CORNER})?")


class Place(NamedTuple):
    """A cell."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        return Range(*self).place


class Area(NamedTuple):
    """The cells that a reference means: corners as they stand in one cell, and which of them move with the cell.

    Args:
        sheet: The worksheet's name as the reference spells it, or empty for the formula's own.
        corners: First row, first column, last row, last column.
        moves: 1 for each of these that is relative, 0 for an absolute one.
    """

    sheet: str
    corners: tuple[int, int, int, int]
    moves: tuple[int, int, int, int]

    @classmethod
    def parse(cls, reference: str) -> Area | None:
        """The area of a reference; None for names, tables, other workbooks and several worksheets."""
        match = _AREA.fullmatch(reference)
        if match is None:
            return None
        sheet, *parts = match.groups()
        first, last = parts[:4], parts[4:]
        if not any(last[1::2]):
            if not (first[1] and first[3]):
                return None
            last = first
        if bool(first[1]) != bool(last[1]) or bool(first[3]) != bool(last[3]):
            return None
        name = (sheet or "").removesuffix("!")
        name = name[1:-1].replace("''", "'") if name.startswith("'") else name
        (top, left), (bottom, right) = _corner(first, False), _corner(last, True)
        return cls(name, (top[0], left[0], bottom[0], right[0]), (top[1], left[1], bottom[1], right[1]))

    @property
    def single(self) -> bool:
        """Whether it is one cell."""
        return self.corners[:2] == self.corners[2:]

    def seen_from(self, place: Place, origin: Place) -> Range:
        """Where it lies for a cell, given the cell in which it reads as it does."""
        down, right = place.row - origin.row, place.column - origin.column
        top, left, bottom, last = self.corners
        if down or right:
            moves = self.moves
            top, left = top + moves[0] * down, left + moves[1] * right
            bottom, last = bottom + moves[2] * down, last + moves[3] * right
        if top > bottom:
            top, bottom = bottom, top
        if left > last:
            left, last = last, left
        return Range(self.sheet or place.sheet, top, left, bottom - top + 1, last - left + 1)


def _corner(parts: Sequence[str], at_end: bool) -> list[tuple[int, int]]:
    """Row and column of a corner, each with whether it moves; whole rows and columns reach from edge to edge."""
    column_mark, letters, row_mark, digits = parts
    row = (int(digits), int(not row_mark)) if digits else (MAX_ROWS if at_end else 1, 0)
    column = (column_number(letters.upper()), int(not column_mark)) if letters else (MAX_COLUMNS if at_end else 1, 0)
    return [row, column]


AreaOf: TypeAlias = Callable[[str], Area | None]
"""Finds the cells of a reference or of a defined name."""


def areas_of(book: Workbook) -> AreaOf:
    """Finds the cells of a reference or of a defined name, but for names that mean other cells elsewhere."""

    @cache
    def area_of(text: str) -> Area | None:
        if text.lower() in book.ambiguous:
            return None
        target = book.names.get(text.lower())
        area = Area.parse(text if target is None else target)
        return None if area and target is not None and any(area.moves) else area

    return area_of
