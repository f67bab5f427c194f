"""What the cells of a workbook hold under an interpretation."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from typing import Final, Generic, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

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


_FEW: Final = 12
"""Cells with values of their own in each lane, for these to be compared lane by lane."""
_FAR_FEWER: Final = 4
_OPEN: Final = (UNKNOWN, 0.0)
"""A cell with a formula."""

Alike: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Lanes of which each is unlike the others, and for each lane which of these it is like."""


class Held(NamedTuple):
    """Kind and number of what cells hold, sorted by place."""

    places: Places
    kinds: Kinds
    numbers: NDArray[np.float64]


class State(Generic[E]):
    """Values of cells: those of the file, unknown ones where formulas stand, and what is put in their place.

    Args:
        there: What every cell holds but for formulas.
        atlas: The worksheets.
        elements: The interpretation's.
        lanes: How many values a cell may have, one for each input or choice.
        blank: Cells that hold nothing, and into which something is to be put.
    """

    def __init__(
        self, there: Held, atlas: Atlas, elements: type[E], lanes: int = 1, blank: Places | None = None
    ) -> None:
        self.atlas, self.elements = atlas, elements
        self.places, self.kinds, numbers = _with_blank(there, blank)
        self.numbers = elements.of(numbers)
        self._found: dict[tuple[int, ...], Places] = {}
        self._clear(lanes)

    def _clear(self, lanes: int) -> None:
        self.lanes, self._used = lanes, 0
        self._only: slice | NDArray[np.int64] | None = None
        self._row = np.full(self.places.size, -1)
        self._wide_kinds: Kinds = np.empty((0, lanes), np.uint8)
        self._wide = self.elements.of(np.empty((0, lanes)))
        self._alike: dict[tuple[int, ...], Alike | None] = {(): (np.zeros(1, np.int64), np.zeros(lanes, np.int64))}

    def fresh(self, lanes: int) -> State[E]:
        """The same state, as it is now, with other lanes, of which nothing is known yet."""
        made = copy(self)
        made.kinds, made.numbers = self.kinds.copy(), self.numbers.copied()
        made._clear(lanes)
        return made

    def only(self, lanes: NDArray[np.int64]) -> State[E]:
        """Some of the lanes, to be read."""
        made = copy(self)
        made.lanes = lanes.size
        made._only = _as_slice(lanes if self._only is None else np.arange(len(self._wide_kinds.T))[self._only][lanes])
        return made

    def alike(self, several: Iterable[Places]) -> Alike | None:
        """Lanes in which some cells hold the same: one of each kind, and which of these each lane is like.

        None where these would not be far fewer than there are, or that is not soon seen.

        Args:
            several: Where the cells are; see `where`.
        """
        rows = set[int]()
        for at in several:
            mine = self._row[at[at >= 0]]
            rows |= set(np.flatnonzero(np.bincount(mine[mine >= 0])).tolist())
            if len(rows) > _FEW:
                return None
        return self._told_apart(tuple(sorted(rows))) if rows else None

    def _told_apart(self, rows: tuple[int, ...]) -> Alike | None:
        """The same of rows, whose values remain as they are: it is known for those before the last one."""
        if rows not in self._alike:
            before = self._told_apart(rows[:-1])
            self._alike[rows] = before and self._told_apart_by(rows[-1], before[1])
        return self._alike[rows]

    def _told_apart_by(self, row: int, key: NDArray[np.int64]) -> Alike | None:
        first = np.zeros(1, np.int64)
        for values in (self._wide_kinds[row], *self._wide.data[:, row]):
            own = np.unique(values, return_inverse=True)[1]
            _, first, key = np.unique(key * self.lanes + own, return_index=True, return_inverse=True)
            if first.size * _FAR_FEWER > self.lanes:
                return None
        return first, key

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

    def where(self, first: Places, height: int, width: int) -> Places:
        """(N, height, width): where the cells of ranges of a size are among all that hold something, -1 for blank ones.

        Args:
            first: (N,) their first cells; that of one range is kept in mind.
            height: Rows of each.
            width: Columns of each.
        """
        if first.size != 1:
            return places.find(first[:, None, None] + places.offsets(height, width), self.places)
        key = int(first[0]), height, width
        if key not in self._found:
            self._found[key] = places.find(first[0] + places.offsets(height, width), self.places)[None]
        return self._found[key]

    def at(self, cells: Places) -> Array[E]:
        """What some cells hold: (cells, rows, columns) of places give (cells, lanes or 1, rows, columns)."""
        return self.held(places.find(cells, self.places))

    def held(self, at: Places) -> Array[E]:
        """The same, by where the cells are."""
        there = at >= 0
        if not self.places.size:
            return Array(np.full((1, 1, 1, 1), BLANK, np.uint8), self._zeros(at), True)
        kinds, numbers, row = self.kinds[at], self.numbers[at], self._row[at]
        if not there.all():
            kinds, row = np.where(there, kinds, np.uint8(BLANK)), np.where(there, row, -1)
            numbers = numbers.where(there, self.elements.of(np.zeros((1,) * at.ndim)))
        shape = (at.shape[0], 1, *at.shape[1:])
        if self._used and (is_wide := row >= 0).any():
            wide = self._widened(np.maximum(row, 0))
            if not is_wide.all():
                wide = wide.where(is_wide[:, None], Array(kinds.reshape(shape), numbers.reshape(*shape)))
            return replace(wide, is_range=True)
        return Array(_as_one(kinds.reshape(shape)), numbers.reshape(*shape), is_range=True)

    def in_lanes(self, cells: Places) -> tuple[Kinds, E]:
        """(cells, lanes): what each of some cells holds in each lane."""
        at = places.find(cells, self.places)
        there, row, shape = at >= 0, self._row[at], (cells.size, self.lanes)
        wide = np.flatnonzero(there & (row >= 0))
        kinds = np.broadcast_to(np.where(there, self.kinds[at], np.uint8(BLANK))[:, None], shape).copy()
        numbers = self.numbers[at].where(there, self.elements.of(np.zeros(1)))[:, None].spread(shape).copied()
        kinds[wide] = self._wide_kinds[row[wide]]
        numbers.put(wide, self._wide[row[wide]])
        return kinds, numbers

    def differs(self, at: Places) -> NDArray[np.bool_]:
        """(cells,): whether something that is read differs from lane to lane, by where it is; see `where`."""
        found: NDArray[np.bool_] = np.any((at >= 0) & (self._row[at] >= 0), axis=(1, 2))
        return found

    def _widened(self, row: Places) -> Array[E]:
        """What is in some rows for every lane; in memory the cells of a range lie together, as they are summed up."""
        if self._only is None or isinstance(self._only, slice):
            lanes = slice(None) if self._only is None else self._only
            kinds, numbers = self._wide_kinds[:, lanes][row], self._wide[:, lanes][row]
        else:
            kinds, numbers = self._wide_kinds[row[..., None], self._only], self._wide[row[..., None], self._only]
        kinds, numbers = kinds.transpose(0, 3, 1, 2), numbers.transpose(0, 3, 1, 2)
        return Array(_as_one(kinds), numbers if row[0].size == 1 else numbers.copied())

    def _zeros(self, cells: Places) -> E:
        return self.elements.of(np.zeros((cells.shape[0], 1, *cells.shape[1:])))


def _as_one(kinds: Kinds) -> Kinds:
    """One kind, where all are the same."""
    first = kinds[:1, :1, :1, :1]
    return first if kinds.size and (kinds == first).all() else kinds


def _as_slice(lanes: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Lanes one behind the other as a slice, for which nothing is copied."""
    first = int(lanes[0])
    return slice(first, first + lanes.size) if (np.diff(lanes) == 1).all() else lanes


def _with_blank(there: Held, blank: Places | None) -> Held:
    """A copy, with cells that hold nothing."""
    more = np.empty(0, np.int64) if blank is None else np.setdiff1d(blank, there.places)
    at = np.searchsorted(there.places, more)
    return Held(np.insert(there.places, at, more), np.insert(there.kinds, at, BLANK), np.insert(there.numbers, at, 0.0))


def held(book: Workbook, atlas: Atlas) -> Held:
    """What every cell holds."""
    cells, coded_values = [], []
    for name, sheet in book.sheets.items():
        cells.append(atlas.of(name, list(sheet.cells)))
        coded_values += [_OPEN if cell.formula is not None else coded(cell.value) for cell in sheet.cells.values()]
    for sheet in book.sheets.values():
        for where in sheet.spread.values():
            cells.append(atlas.places(where).ravel())
            coded_values += [_OPEN] * where.size
    every = np.concatenate([np.empty(0, np.int64), *cells])
    order = np.argsort(every, kind="stable")
    is_last = np.append(every[order][1:] != every[order][:-1], True)[: order.size]
    both = np.array(coded_values, float).reshape(-1, 2)[order[is_last]]
    return Held(every[order[is_last]], both[:, 0].astype(np.uint8), both[:, 1])
