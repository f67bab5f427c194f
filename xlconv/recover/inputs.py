"""Where a network begins: the blocks of cells that its first layers read and that no layer computes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.places import Places
from xlconv.recover.operations import Operations, OperationTable

Ints: TypeAlias = NDArray[np.int64]


class Box(NamedTuple):
    """A rectangle of cells, its ends included; rows hold the worksheet in their higher bits."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top + 1, self.right - self.left + 1

    @property
    def sheet(self) -> int:
        """The worksheet's number."""
        return self.top >> 21

    def joined(self, other: Box) -> Box:
        """The rectangle around both."""
        ends = zip(self, other, strict=True)
        top, left, bottom, right = (pick(pair) for pick, pair in zip((min, min, max, max), ends, strict=True))
        return Box(top, left, bottom, right)

    def overlaps(self, other: Box) -> bool:
        """Whether they share a cell; a single row or column also counts where it touches the other."""
        near = 1 if 1 in self.size + other.size else 0
        return (
            self.top <= other.bottom + near
            and other.top <= self.bottom + near
            and self.left <= other.right + near
            and other.left <= self.right + near
        )

    def shrunk(self, by: int) -> Box:
        """Without so many rows and columns at each side."""
        return Box(self.top + by, self.left + by, self.bottom - by, self.right - by)

    def cells(self) -> Places:
        """(height, width) its cells."""
        rows = np.arange(self.top, self.bottom + 1)[:, None]
        columns = np.arange(self.left, self.right + 1)[None, :]
        return places.shift(rows, columns)


def find_inputs(operations: Operations, filled: Places) -> list[Places]:
    """The inputs of all networks of a workbook, each of shape (C, H, W).

    Args:
        operations: What the formulas do.
        filled: Cells that hold a number or a formula, sorted.
    """
    boxes: list[Box] = []
    dots = _first(operations.dots)
    for box in _boxes_of_dots(dots):
        boxes = _with(boxes, box)
    siblings = []
    for table in (operations.maxima, operations.elementwise, operations.exps, operations.direct):
        first = _first(table)
        found = list(_boxes_of(np.unique(first.source)))
        for box in found:
            boxes = _with(boxes, box)
        if table in (operations.maxima, operations.elementwise):
            siblings.append(found)
    boxes = [_without_border(box, filled) for box in boxes]
    return [np.stack([box.cells() for box in group]) for group in _grouped(boxes, dots, siblings)]


def _without_border(box: Box, filled: Places) -> Box:
    """Without a border of blank cells around a block that has no blank cell: that is padding."""
    there = places.find(box.cells(), filled) >= 0
    if there.all() or not there.any():
        return box
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    sides = {int(rows[0]), there.shape[0] - 1 - int(rows[-1]), int(columns[0]), there.shape[1] - 1 - int(columns[-1])}
    inner = box.shrunk(min(sides))
    return inner if len(sides) == 1 and places.find(inner.cells(), filled).min() >= 0 else box


def _first(table: OperationTable) -> OperationTable:
    """The lines of cells that read nothing that is computed."""
    first = table.depth == 1
    return OperationTable(*(column[first] for column in (table.cell, table.source, table.weight, table.depth)))


def _boxes_of_dots(dots: OperationTable) -> Iterator[Box]:
    """Around what is multiplied with the same weight; for weights used once, around what their cell reads."""
    order = np.argsort(dots.weight, kind="stable")
    source, weight = dots.source[order], dots.weight[order]
    begins = np.flatnonzero(np.r_[True, np.diff(weight) != 0]) if weight.size else weight
    shared = np.diff(np.r_[begins, weight.size]) > 1
    seen: set[Box] = set()
    for begin, end in zip(begins[shared], np.r_[begins, weight.size][1:][shared], strict=True):
        seen.add(_regular(source[begin:end]))
    single = np.ones(weight.size, bool)
    single[order] = ~np.repeat(shared, np.diff(np.r_[begins, weight.size]))
    yield from sorted(seen)
    done: set[bytes] = set()
    cells, inverse = np.unique(dots.cell[single], return_inverse=True)
    by_cell = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse, minlength=cells.size))
    for lines in np.split(by_cell, ends[:-1]) if cells.size else []:
        read = np.unique(dots.source[single][lines])
        if read.tobytes() not in done:
            done.add(read.tobytes())
            yield from _boxes_of(read)


def _regular(source: Places) -> Box:
    """Around a grid of cells, without a stray row or column of few."""
    rows, columns = places.rows(source), places.columns(source)
    top, bottom = _ends(rows)
    left, right = _ends(columns)
    return Box(top, left, bottom, right)


def _ends(values: Ints) -> tuple[int, int]:
    there, count = np.unique(values, return_counts=True)
    regular = there[4 * count > count.max()]
    return int(regular[0]), int(regular[-1])


def _boxes_of(cells: Places) -> Iterator[Box]:
    """Few rectangles around some cells."""
    rest = cells
    while rest.size:
        top, left = int(places.rows(rest[:1])[0]), int(places.columns(rest[:1])[0])
        grid = places.largest_grid(rest, gaps=False)
        box = Box(top, left, int(places.rows(grid).max()), int(places.columns(grid).max()))
        yield box
        rest = rest[~np.isin(rest, box.cells())]


def _with(boxes: list[Box], box: Box) -> list[Box]:
    """The boxes with one more; those that overlap become one."""
    while True:
        near = [other for other in boxes if box.overlaps(other)]
        if not near:
            return [*boxes, box]
        boxes = [other for other in boxes if other not in near]
        for other in near:
            box = box.joined(other)


def _grouped(boxes: list[Box], dots: OperationTable, siblings: list[list[Box]]) -> list[list[Box]]:
    """Boxes of one size that are read by the same cells are the channels of one input."""
    boxes = sorted(boxes)
    number = np.full(dots.source.size, -1, np.int64)
    for at, box in enumerate(boxes):
        rows, columns = places.rows(dots.source), places.columns(dots.source)
        inside = (rows >= box.top) & (rows <= box.bottom) & (columns >= box.left) & (columns <= box.right)
        number[inside] = at
    group = list(range(len(boxes)))

    def join(one: int, other: int) -> None:
        if boxes[one].size == boxes[other].size and group[one] != group[other]:
            old, new = group[one], group[other]
            group[:] = [new if each == old else each for each in group]

    order = np.lexsort((number, dots.cell))
    same = np.diff(dots.cell[order]) == 0
    pairs = np.stack([number[order][:-1][same], number[order][1:][same]], axis=1) if same.any() else np.empty((0, 2))
    for one, other in np.unique(pairs.astype(np.int64), axis=0):
        if one != other and min(one, other) >= 0:
            join(int(one), int(other))
    for found in siblings:
        numbers = [at for at, box in enumerate(boxes) if any(box.overlaps(each) for each in found)]
        for one, other in pairwise(numbers):
            if boxes[one].sheet == boxes[other].sheet and boxes[one].size != (1, 1):
                join(one, other)
    return [[box for box, mine in zip(boxes, group, strict=True) if mine == each] for each in dict.fromkeys(group)]
