"""What the cells of a workbook hold under an interpretation."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Generic

import numpy as np

from xlconv import places
from xlconv.cells import ErrorValue, Value
from xlconv.formula.array import BLANK, BOOLEAN, ERROR, NUMBER, TEXT, TEXTS, UNKNOWN, Array, E, Kinds
from xlconv.places import Atlas, Places
from xlconv.reader import Workbook


def coded(value: Value) -> tuple[int, float]:
    """The kind of a value, and its number."""
    if value is None:
        return BLANK, 0.0
    if isinstance(value, str):
        return TEXT, float(TEXTS.number(value))
    if isinstance(value, bool):
        return BOOLEAN, float(value)
    return (NUMBER, value) if isinstance(value, float) else (ERROR if isinstance(value, ErrorValue) else UNKNOWN, 0.0)


class State(Generic[E]):
    """Values of cells: those of the file, unknown ones where formulas stand, and what is put in their place.

    Args:
        book: The workbook.
        atlas: Its worksheets.
        elements: The interpretation's.
        lanes: How many values a cell may have, one for each input or choice.
        blank: Cells that hold nothing, and into which something is to be put.
    """

    def __init__(
        self, book: Workbook, atlas: Atlas, elements: type[E], lanes: int = 1, blank: Places | None = None
    ) -> None:
        self.book, self.atlas, self.elements, self.lanes = book, atlas, elements, lanes
        held = dict.fromkeys([] if blank is None else blank.ravel().tolist(), (BLANK, 0.0))
        held |= _held(book, atlas)
        self.places = np.array(sorted(held), np.int64)
        coded_values = np.array([held[place] for place in self.places.tolist()], float).reshape(-1, 2)
        self.kinds: Kinds = coded_values[:, 0].astype(np.uint8)
        self.numbers = elements.of(coded_values[:, 1])
        self._row = np.full(self.places.size, -1)
        self._used = 0
        self._wide_kinds: Kinds = np.empty((0, lanes), np.uint8)
        self._wide = elements.of(np.empty((0, lanes)))

    def fresh(self, lanes: int) -> State[E]:
        """The same state, as it is now, with other lanes, of which nothing is known yet."""
        made = copy(self)
        made.lanes, made.kinds, made.numbers = lanes, self.kinds.copy(), self.numbers.copied()
        made._row, made._used = np.full(self.places.size, -1), 0
        made._wide_kinds, made._wide = np.empty((0, lanes), np.uint8), self.elements.of(np.empty((0, lanes)))
        return made

    def put(self, cells: Places, values: Array[E]) -> None:
        """Give some cells, which hold something, other values: (cells or 1, lanes or 1, 1, 1)."""
        at = places.find(cells, self.places)
        kinds, numbers = values.kinds[:, :, 0, 0], values.numbers[:, :, 0, 0]
        if self.lanes == 1 or kinds.shape[1] == numbers.shape[1] == 1:
            self.kinds[at] = kinds[:, 0]
            self.numbers.put(at, numbers[:, 0].spread((cells.size,)))
            self._row[at] = -1
            return
        rows = self._more(cells.size)
        self._row[at] = rows
        self._wide_kinds[rows] = kinds
        self._wide.put(rows, numbers.spread((cells.size, self.lanes)))

    def _more(self, count: int) -> Places:
        """Further rows for values of each lane."""
        first, room = self._used, len(self._wide_kinds)
        self._used += count
        if self._used > room:
            more = max(self._used, 2 * room) - room
            self._wide_kinds = np.concatenate([self._wide_kinds, np.zeros((more, self.lanes), np.uint8)])
            self._wide = self.elements.joined([self._wide, self.elements.of(np.zeros((more, self.lanes)))], axis=-2)
        return np.arange(first, self._used)

    def at(self, cells: Places) -> Array[E]:
        """What some cells hold: (cells, rows, columns) of places give (cells, lanes or 1, rows, columns)."""
        at = places.find(cells, self.places)
        there = at >= 0
        if not self.places.size:
            return Array(np.full((cells.shape[0], 1, *cells.shape[1:]), BLANK, np.uint8), self._zeros(cells), True)
        kinds = np.where(there, self.kinds[at], np.uint8(BLANK))[:, None]
        numbers = self.numbers[at].where(there, self.elements.of(np.zeros((1,) * cells.ndim)))
        found = Array(kinds, numbers.reshape(cells.shape[0], 1, *cells.shape[1:]), is_range=True)
        row = np.where(there, self._row[at], -1)
        return found if self.lanes == 1 or (row < 0).all() else self._widened(found, row)

    def _widened(self, found: Array[E], row: Places) -> Array[E]:
        """With every lane's own values, for cells that have some: where those are."""
        lanes = np.moveaxis(np.where(row[..., None] >= 0, row[..., None], 0), -1, 1)
        lane = np.arange(self.lanes)[None, :, None, None]
        is_wide = (row >= 0)[:, None]
        wide = Array(self._wide_kinds[lanes, lane], self._wide[lanes, lane])
        return replace(wide.where(is_wide, found), is_range=True)

    def _zeros(self, cells: Places) -> E:
        return self.elements.of(np.zeros((cells.shape[0], 1, *cells.shape[1:])))


def _held(book: Workbook, atlas: Atlas) -> dict[int, tuple[int, float]]:
    """Kind and number of what every cell holds."""
    held = {
        atlas.place(name, *at): (UNKNOWN, 0.0) if cell.formula is not None else coded(cell.value)
        for name, sheet in book.sheets.items()
        for at, cell in sheet.cells.items()
    }
    for sheet in book.sheets.values():
        for where in sheet.spread.values():
            held |= dict.fromkeys(atlas.places(where).ravel().tolist(), (UNKNOWN, 0.0))
    return held
