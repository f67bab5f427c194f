"""The classes of a dense layer among which one is missing, as its cell holds no dense cell's formula.

Cells of a dense layer stand at regular distances, and so do their weights: where one is missing between others, or at
an end and is read like the others, it is known where it and its weights stand.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.places import NOWHERE, Places
from xlconv.recover import geometry

Ints: TypeAlias = NDArray[np.int64]

_LEAST = 2
"""Known classes that tell where another is."""


class Dense(NamedTuple):
    """A dense layer's cells.

    Args:
        cells: (O,) the outputs.
        weight: (O, N) the weights' cells; -1 where there is none.
        bias: (O,) the biases', or -1.
    """

    cells: Places
    weight: Places
    bias: Places


def completed(known: Dense, read: Places, mentioned: Places) -> Dense:
    """With the classes that are missing.

    Args:
        known: The others, in order.
        read: Cells that are read like them and that no formula computes, sorted; at the ends only such cells count.
        mentioned: Cells that hold something or that a formula names, sorted; between others only such cells count.
    """
    if known.cells.size < _LEAST:
        return known
    step = _step(known.cells)
    if step is None:
        return known
    numbers = (known.cells - known.cells[0]) // step
    first, last = 0, int(numbers[-1])
    while places.find(known.cells[:1] + (first - 1) * step, read)[0] >= 0:
        first -= 1
    while places.find(known.cells[:1] + (last + 1) * step, read)[0] >= 0:
        last += 1
    wanted = np.arange(first, last + 1)
    missing = known.cells[0] + np.setdiff1d(wanted, numbers) * step
    if not missing.size or wanted.size > 2 * numbers.size or (places.find(missing, mentioned) < 0).any():
        return known
    weight, bias = (_extended(array, numbers, wanted) for array in (known.weight, known.bias[:, None]))
    if weight is None or bias is None:
        return known
    return Dense(known.cells[0] + wanted * step, weight, bias[:, 0])


def _step(cells: Places) -> int | None:
    """From one cell to the next, where they stand in a row or a column at multiples of one distance."""
    steps = np.diff(cells)
    step = int(steps.min())
    rows, columns = np.unique(places.rows(cells)).size, np.unique(places.columns(cells)).size
    return step if 1 in (rows, columns) and step > 0 and not (steps % step).any() else None


def _extended(array: Places, numbers: Ints, wanted: Ints) -> Places | None:
    """The rows of an array at other numbers, where they are alike and follow each other at one distance; else None."""
    gaps = np.diff(numbers)
    known = array[0] != NOWHERE
    if ((array != NOWHERE) != known).any():
        return None
    if not known.any():
        return np.full((wanted.size, array.shape[1]), NOWHERE, np.int64)
    moves = np.diff(array[:, known], axis=0)
    if (moves % gaps[:, None]).any():
        return None
    step = geometry.most_common((moves // gaps[:, None]).ravel())
    made = np.full((wanted.size, array.shape[1]), NOWHERE, np.int64)
    made[:, known] = array[0, known] + (wanted - numbers[0])[:, None] * step
    if (made[numbers - wanted[0]][:, known] != array[:, known]).any():
        return None
    return made
