"""Lines of a table of operations, told apart: who reads what, each element or each window once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv.places import Places

Ints: TypeAlias = NDArray[np.int64]


def each_once(cells: Places, element: Ints) -> Iterator[Ints]:
    """Lines in groups that have each element once, first come first."""
    order = np.lexsort((cells, element))
    begins = np.flatnonzero(np.r_[True, np.diff(element[order]) != 0])
    rank = np.arange(order.size) - np.repeat(begins, np.diff(np.r_[begins, order.size]))
    for number in range(int(rank.max()) + 1):
        yield np.sort(order[rank == number])


def each_window_once(cell: Places, element: Ints) -> Iterator[Ints]:
    """Lines in groups in which no two cells read the same window: several channels may have one kernel."""
    cells, inverse = np.unique(cell, return_inverse=True)
    marks = np.zeros(cells.size, np.int64)
    np.add.at(marks, inverse, (element + 1) * (element + 7919))
    _, window = np.unique(marks, return_inverse=True)
    for mine in each_once(cells, window):
        chosen = np.zeros(cells.size, bool)
        chosen[mine] = True
        yield np.flatnonzero(chosen[inverse])


def usual(row: Ints, value: Ints, count: int) -> Ints:
    """For each of so many rows the value that is most often there; -1 for one without."""
    pairs, often = np.unique(np.stack([row, value]), axis=1, return_counts=True)
    found = np.full(count, -1)
    by_count = np.argsort(often, kind="stable")
    found[pairs[0][by_count]] = pairs[1][by_count]
    return found
