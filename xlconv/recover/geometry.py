"""Grids of cells, and the windows that they read: kernel, stride and padding from places alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.places import NOWHERE, Places

Ints: TypeAlias = NDArray[np.int64]
Coordinates: TypeAlias = tuple[NDArray[np.signedinteger], NDArray[np.signedinteger], NDArray[np.signedinteger]]
"""Channel, row and column in a tensor (C, H, W), from 0."""

_RARE: Final = 20
"""Times that a weight is used less than others, beyond what padding does to those at a kernel's edge."""
_FAR: Final = 1 << 20
"""Beyond any offset inside a worksheet."""


class Grid(NamedTuple):
    """Cells at regular distances.

    Args:
        cells: (H, W), whether or not each of them was given.
        row: The row of each given cell in it, from 0; -1 for one that is not on the grid.
        column: Likewise.
    """

    cells: Places
    row: Ints
    column: Ints


def grid(cells: Places) -> Grid:
    """The grid that most of some cells make up."""
    rows, row = _axis(places.rows(cells))
    columns, column = _axis(places.columns(cells))
    on = (row >= 0) & (column >= 0)
    made = places.shift(rows[:, None], columns[None, :])
    return Grid(made, np.where(on, row, -1), np.where(on, column, -1))


def _axis(values: Ints) -> tuple[Ints, Ints]:
    """The longest run of regular steps among some values, and the index of each value in it, or -1."""
    there, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    if there.size == 1:
        return there, np.zeros(values.size, np.int64)
    step = most_common(np.diff(there))
    breaks = np.flatnonzero(np.diff(there) != step) + 1
    runs = np.split(np.arange(there.size), breaks)
    best = max(runs, key=lambda run: int(count[run].sum()))
    index = np.full(there.size, -1, np.int64)
    index[best] = np.arange(best.size)
    return there[best], index[inverse]


def most_common(values: Ints) -> int:
    """The value that is there most often, the least of equals."""
    there, count = np.unique(values, return_counts=True)
    return int(there[count.argmax()])


class Windows(NamedTuple):
    """How the cells of one output channel of a convolution read their source.

    Args:
        stride: Rows and columns from one window to the next.
        first: Row and column in the source at which the first window begins; below 0 where it begins outside.
        kernel: (C, height, width) the weights' cells; -1 where there is none.
    """

    stride: tuple[int, int]
    first: tuple[int, int]
    kernel: Places


def fit_windows(row: Ints, column: Ints, source: Coordinates, weight: Places, channels: int) -> Windows | None:
    """The windows behind many products.

    Args:
        row: For each product the row of its cell in the output, from 0.
        column: Likewise.
        source: For each product the element of the source.
        weight: For each product the weight's cell.
        channels: Of the source.

    Returns:
        None where no one kernel explains most cells, each with all of its products.
    """
    often = _is_often(weight)
    row, column, weight = row[often], column[often], weight[often]
    c, y, x = (side[often] for side in source)
    stride = _stride(row, column, y, weight), _stride(column, row, x, weight)
    key = (c * _FAR + y - row * stride[0]) * _FAR + (x - column * stride[1]) + _FAR // 2 * (_FAR + 1)
    cells, usual = _by_majority(weight, key)
    reader = row * _FAR + column
    unusual = np.unique(reader[key != usual[places.find(weight, cells)]])
    if 4 * unusual.size > np.unique(reader).size:
        return None
    key = usual - _FAR // 2 * (_FAR + 1)
    left = (key + _FAR // 2) % _FAR - _FAR // 2
    key = (key - left) // _FAR
    top = (key + _FAR // 2) % _FAR - _FAR // 2
    channel = (key - top) // _FAR
    height, width = int(np.ptp(top)) + 1, int(np.ptp(left)) + 1
    if height * width * channels > 16 * cells.size + 64:
        return None
    kernel = np.full((channels, height, width), NOWHERE, np.int64)
    at = channel, top - top.min(), left - left.min()
    kernel[at] = cells
    if np.count_nonzero(kernel != NOWHERE) < cells.size:
        return None
    return Windows(stride, (int(top.min()), int(left.min())), kernel)


def _is_often(weight: Places) -> NDArray[np.bool_]:
    """Which products are with a weight that is not far rarer than others, as what a faulty cell takes for one is."""
    _, inverse, count = np.unique(weight, return_inverse=True, return_counts=True)
    often: NDArray[np.bool_] = (_RARE * count >= count.max())[inverse]
    return often


def _stride(along: Ints, across: Ints, source: Ints, weight: Places) -> int:
    """How far windows move in the source for one step in the output, by the most common step; 1 where there is none."""
    order = np.lexsort((along, across, weight))
    same = (np.diff(weight[order]) == 0) & (np.diff(across[order]) == 0)
    steps, moves = np.diff(along[order])[same], np.diff(source[order])[same]
    if not (steps == 1).any():
        return 1
    return max(1, most_common(moves[steps == 1]))


def _by_majority(names: Places, keys: Ints) -> tuple[Places, Ints]:
    """Each name, sorted, and the key that goes with it most often."""
    order = np.lexsort((keys, names))
    names, keys = names[order], keys[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(names) != 0) | (np.diff(keys) != 0)])
    count = np.diff(np.r_[begins, names.size])
    order = np.lexsort((-count, names[begins]))
    begins, count = begins[order], count[order]
    first = np.r_[True, np.diff(names[begins]) != 0]
    return names[begins[first]], keys[begins[first]]


class Pooling(NamedTuple):
    """How the cells of a pooling layer read their source, along one side.

    Args:
        kernel: Its size.
        stride: From one window to the next.
        padding: Before the source.
        ceil: Whether the last window is cut off.
        unread: Rows (or columns) at the end that a further window would have read.
    """

    kernel: int
    stride: int
    padding: int
    ceil: bool
    unread: int = 0


def fit_pooling(index: Ints, low: Ints, high: Ints, size: int) -> Pooling | None:
    """Kernel, stride and padding along one side.

    Args:
        index: For each cell its row (or column) in the output.
        low: For each cell the first row (or column) that it reads in the source.
        high: The last.
        size: Of the source.

    Returns:
        None where no one kernel explains what most cells read.
    """
    count = int(index.max(initial=-1)) + 1
    if np.unique(index).size < max(count, 1):
        return None
    usual = most_common(high - low)
    first, last = np.array([_most_common_ends(low[index == i], high[index == i], usual) for i in range(count)]).T
    if 4 * np.count_nonzero((low != first[index]) | (high != last[index])) > index.size:
        return None
    kernel = int((last - first).max()) + 1
    padding = kernel - 1 - int(last[0]) if first[0] == 0 else -int(first[0])
    if count == 1:
        stride = max(kernel, size + 2 * padding - kernel + 1)
    else:
        stride, rest = divmod(int(first[-1]) + padding, count - 1)
        if rest or stride < 1:
            return None
    if not 0 <= padding <= kernel // 2:
        return None
    expected = np.arange(count) * stride - padding
    if (first != np.maximum(expected, 0)).any() or (last != np.minimum(expected + kernel, size) - 1).any():
        return None
    room = size + 2 * padding - kernel
    if count == room // stride + 1:
        return Pooling(kernel, stride, padding, ceil=False)
    if count == -(-room // stride) + 1 and (count - 1) * stride < size + padding:
        return Pooling(kernel, stride, padding, ceil=True)
    if padding == 0 and count < room // stride + 1:
        return Pooling(kernel, stride, padding, ceil=False, unread=room - (count - 1) * stride)
    return None


def _most_common_ends(low: Ints, high: Ints, usual: int) -> Ints:
    """The first and last that are there most often, of equals those that are as far apart as elsewhere."""
    ends, count = np.unique(np.stack([low, high]), axis=1, return_counts=True)
    best: Ints = ends[:, np.lexsort((np.diff(ends, axis=0)[0] == usual, count))[-1]]
    return best


def on_grid(channel: Places) -> Places:
    """Where the cells of a channel stand, going by those that are known; -1 all over if most are on no one grid."""
    i, j = np.nonzero(channel != NOWHERE)
    known = channel[i, j]
    down, right = _usual_step(known, i, j), _usual_step(known, j, i)
    first = most_common(known - i * down - j * right)
    grid: Places = first + np.arange(channel.shape[0])[:, None] * down + np.arange(channel.shape[1]) * right
    is_grid = 2 * np.count_nonzero(grid[i, j] == known) > known.size and np.unique(grid).size == grid.size
    is_grid &= places.are_cells(grid)
    return grid if is_grid else np.full_like(channel, NOWHERE)


def _usual_step(cells: Places, along: Ints, across: Ints) -> int:
    """How far it is most often from a cell to the next along one side; 0 where no two stand in a line."""
    order = np.lexsort((along, across))
    in_line = np.diff(across[order]) == 0
    steps, moves = np.diff(along[order])[in_line], np.diff(cells[order])[in_line]
    whole = steps > 0
    whole[whole] = moves[whole] % steps[whole] == 0
    return most_common(moves[whole] // steps[whole]) if whole.any() else 0


def padding(
    size: Sequence[int], out: Sequence[int], kernel: tuple[int, int], stride: tuple[int, int], first: tuple[int, int]
) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
    """What goes around the source first (left, right, top, bottom), and the layer's own padding.

    A window that begins outside the source reads zeros there; where that is the same on both sides it is the layer's
    own padding.
    """
    around, own = [], []
    for n, m, k, s, begin in zip(size, out, kernel, stride, first, strict=True):
        before, after = -begin, (m - 1) * s + k + begin - n
        symmetric = 0 <= before < k and 0 <= n + 2 * before - k - (m - 1) * s < s
        own.append(before if symmetric else 0)
        around.append((0, 0) if symmetric else (before, after))
    (top, bottom), (left, right) = around
    return (left, right, top, bottom), (own[0], own[1])
