"""The classes of a dense layer among which one is missing, or reads what is another's, as its formula is a wrong one.

Cells of a dense layer stand at regular distances, and so do their weights: where one is missing between others, or at
an end and is read like the others, it is known where it and its weights stand; and so it is where one has weights that
are another's, or that are none.
"""

from __future__ import annotations

from collections.abc import Callable
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


def completed(known: Dense, is_free: Callable[[Places], NDArray[np.bool_]], mentioned: Places) -> Dense:
    """With the classes that are missing.

    Args:
        known: The others, in order.
        is_free: Which cells are read like them, and computed by no layer; at the ends only such cells count.
        mentioned: Cells that hold something or that a formula names, sorted; between others only such cells count.
    """
    if known.cells.size < _LEAST:
        return known
    step = _step(known.cells)
    if step is None:
        return known
    numbers = (known.cells - known.cells[0]) // step
    first, last = 0, int(numbers[-1])
    while is_free(known.cells[:1] + (first - 1) * step)[0]:
        first -= 1
    while is_free(known.cells[:1] + (last + 1) * step)[0]:
        last += 1
    wanted = np.arange(first, last + 1)
    missing = known.cells[0] + np.setdiff1d(wanted, numbers) * step
    if not missing.size or wanted.size > 2 * numbers.size or (places.find(missing, mentioned) < 0).any():
        return known
    weight, bias = (_extended(array, numbers, wanted) for array in (known.weight, known.bias[:, None]))
    if weight is None or bias is None:
        return known
    return Dense(known.cells[0] + wanted * step, weight, bias[:, 0])


def corrected(known: Dense, numbers: Places) -> Dense:
    """With the weights that are due where a class has some of another's, lacks some, or has cells without numbers.

    Args:
        known: All classes, in order.
        numbers: Cells that hold a number, sorted.
    """
    weight, step = _corrected(known.weight, numbers)
    bias, _ = _corrected(known.bias[:, None], numbers, step)
    return Dense(known.cells, weight, bias[:, 0])


def _corrected(rows: Places, numbers: Places, due: int | None = None) -> tuple[Places, int | None]:
    """Rows that repeat one pattern at one distance, where most do; and that distance."""
    pattern = _pattern(rows)
    if not ((rows != NOWHERE) & (pattern != NOWHERE)).any(axis=1).all():
        return rows, None
    offsets = np.array([geometry.most_common((row - pattern)[(row != NOWHERE) & (pattern != NOWHERE)]) for row in rows])
    exact = (rows == np.where(pattern == NOWHERE, NOWHERE, pattern + offsets[:, None])).all(axis=1)
    step = _usual_step(offsets, exact, due)
    if step is not None:
        at = np.flatnonzero(exact)
        begin = geometry.most_common(offsets[at] - at * step)
        offsets = begin + np.arange(len(rows)) * step
    regular = np.where(pattern == NOWHERE, NOWHERE, pattern + offsets[:, None])
    odd = np.flatnonzero((rows != regular).any(axis=1)).tolist()
    wrong = [at for at in odd if _is_wrong(rows, regular, at, pattern, numbers)]
    if 2 * len(wrong) > len(rows):
        return rows, step
    found = rows.copy()
    found[wrong] = regular[wrong]
    return found, step


def _pattern(rows: Places) -> Places:
    """The row of which most others are copies, at some distance; of equals one that is whole and goes on evenly."""
    known = rows != NOWHERE
    first = rows[np.arange(len(rows)), known.argmax(axis=1)]
    shapes = np.where(known, rows - first[:, None], NOWHERE * (1 << 40))
    _, at, count = np.unique(shapes, axis=0, return_index=True, return_counts=True)
    steps = np.diff(shapes[at], axis=1)
    even = np.array([int((each == geometry.most_common(each)).sum()) if each.size else 0 for each in steps])
    best = np.lexsort((even, known[at].sum(axis=1), count))[-1]
    found: Places = rows[at[best]]
    return found


def _usual_step(offsets: Ints, exact: NDArray[np.bool_], due: int | None) -> int | None:
    """From one row to the next, as most exact ones have it; of equals the one that is due, or that moves at all."""
    at = np.flatnonzero(exact)
    pairs = [(one, other) for apart in (1, 2) for one, other in zip(at, at[apart:], strict=False)]
    steps = {int(d) for i, j in pairs for d, rest in [divmod(offsets[j] - offsets[i], j - i)] if rest == 0}
    fits = {step: int(np.unique(offsets[at] - at * step, return_counts=True)[1].max()) for step in steps}
    fits = {step: count for step, count in fits.items() if 2 * count >= exact.size and count > 1}
    return max(fits, key=lambda step: (fits[step], step == due, step != 0), default=None)


def _is_wrong(rows: Places, regular: Places, at: int, pattern: Places, numbers: Places) -> bool:
    """Whether a row is irregular as some of it is another's, missing, or no number, which the regular one is not."""
    others = np.delete(rows, at, axis=0)
    there, due, usual = (places.find(row, numbers) >= 0 for row in (rows[at], regular[at], pattern))
    is_odd = (there != usual).any() or np.isin(rows[at][there], others).any()
    return bool(is_odd and (due >= usual).all() and not np.isin(regular[at][due], others).any())


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
