"""Which of many wrong cells are at fault: those that read none of the others, or in a circle what comes after them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from xlconv.cells import Range
from xlconv.formula import notation
from xlconv.places import Atlas
from xlconv.reader import Workbook
from xlconv.recover.reading import array_members

Key: TypeAlias = tuple[str, int, int]
"""Worksheet in small letters, row and column."""


def roots(book: Workbook, atlas: Atlas, wrong: Collection[int], order: Sequence[Range] = ()) -> list[int]:
    """The places, sorted, of the wrong cells whose formula refers to no other.

    If each does, they stand in circles: then those that refer to one that should come after them, or else all.

    Args:
        book: The workbook.
        atlas: The worksheets that places refer to.
        wrong: The places of the wrong cells.
        order: Ranges of which none refers to a later one; not all that are wrong need be in them.
    """
    if not wrong:
        return []
    reading, places = _Reading(book, atlas, wrong), sorted(wrong)
    if alone := [place for place in places if not reading.of(place)]:
        return alone
    rank = {(where.sheet.lower(), *at): number for number, where in enumerate(order) for at in where.cells()}
    closing = [
        place
        for place in places
        if any(rank.get(key, -1) > rank.get(_key(atlas.cell(place)), len(order)) for key in reading.of(place))
    ]
    return closing or places


class _Reading:
    """What wrong cells read of one another."""

    def __init__(self, book: Workbook, atlas: Atlas, wrong: Collection[int]) -> None:
        self._book, self._atlas = book, atlas
        self._wrong = {_key(atlas.cell(place)) for place in wrong}
        self._held_by = dict(array_members(book, atlas))
        self._inside: dict[Range, set[Key]] = {}

    def of(self, place: int) -> set[Key]:
        """The wrong cells, but for itself, that the formula of a wrong cell refers to."""
        read = set[Key]().union(*(self._wrong_in(where) for where in self._ranges(place)))
        return read - {_key(self._atlas.cell(place))}

    def _ranges(self, place: int) -> Iterator[Range]:
        """What a cell's formula names, by address or by defined name; the holder of the array formula that fills it."""
        cell = self._atlas.cell(self._held_by.get(place, place))
        formula = self._book.cell(*cell[:3]).formula or ""
        yield cell
        yield from (where for where, *_ in notation.references(formula, cell.sheet))
        yield from filter(None, (self._book.named_range(name, cell.sheet) for name in notation.names(formula)))

    def _wrong_in(self, where: Range) -> set[Key]:
        if where not in self._inside:
            if where.size < len(self._wrong):
                found = {(where.sheet.lower(), *at) for at in where.cells()} & self._wrong
            else:
                found = {cell for cell in self._wrong if _is_in(where, *cell)}
            self._inside[where] = found
        return self._inside[where]


def _key(cell: Range) -> Key:
    return cell.sheet.lower(), cell.row, cell.column


def _is_in(where: Range, sheet: str, row: int, column: int) -> bool:
    is_inside = 0 <= row - where.row < where.height and 0 <= column - where.column < where.width
    return is_inside and where.sheet.lower() == sheet
