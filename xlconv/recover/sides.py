"""Which side of products that are added up is what a layer reads, and which its weights.

Products are the same either way. What is computed is no weight; cells that read the same input have biases of their
own, places of one filter have one; and who goes on reads all that was computed from a sample, and nothing of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.places import Places

Ints: TypeAlias = NDArray[np.int64]
Pair: TypeAlias = tuple[Places, Places]

_FURTHER_ON: Final = 5
"""Elementwise steps, one behind the other."""


def sources(
    cells: Places, sides: Sequence[Pair], fixed: Sequence[int], bias: Places | None, live: Places, read_on: ReadOn
) -> list[int]:
    """For each product 1 if its first side is what is read, -1 if the second is, 0 where that can't be told.

    Args:
        cells: That add up products.
        sides: (cells, numbers) of each product the two sides.
        fixed: For each product 1 if the second side alone does not move with the cell, -1 if the first, else 0.
        bias: (cells, 1) what each adds, or none.
        live: Cells that are computed, sorted.
        read_on: What goes on with such cells.
    """
    together = read_on.together(cells, *(np.concatenate(each, axis=1) for each in zip(*sides, strict=True)))
    answers = []
    for (a, b), is_fixed in zip(sides, fixed, strict=True):
        answer = float(np.isin(a, live).mean() - np.isin(b, live).mean())
        answers.append(int(np.sign(answer or _goes_with(b, bias) - _goes_with(a, bias) or together or is_fixed)))
    if 0 in answers:
        guess = [_by_variety(a, b) for a, b in sides]
        overlap = _overlaps([a if g > 0 else b for (a, b), g in zip(sides, guess, strict=True) if g])
        answers = [answer or (g if overlap else -g) for answer, g in zip(answers, guess, strict=True)]
    return answers


def _both(pairs: Sequence[Pair]) -> Pair:
    cell, source = (np.concatenate([*(pair[side] for pair in pairs), np.empty(0, np.int64)]) for side in (0, 1))
    return cell, source


class ReadOn:
    """Who reads what layers compute.

    Args:
        pairs: Cells, and what each reads.
        through: Cells that stand for another each, element by element.
    """

    def __init__(self, pairs: Sequence[Pair], through: Sequence[Pair]) -> None:
        self._cell, source = _both(pairs)
        cells, sources = _both(through)
        order = np.argsort(cells, kind="stable")
        cells, sources = cells[order], sources[order]
        for _ in range(_FURTHER_ON if cells.size else 0):
            at = places.find(source, cells)
            source = np.where(at >= 0, sources[at], source)
        self._source = source

    def together(self, cells: Places, one: Places, other: Places) -> int:
        """1 where what is read together is the same on one side of the products that cells add up, -1 on the other.

        Whoever goes on with a sample reads all that was computed from it, and nothing of another.
        """
        order = np.argsort(cells)
        at = places.find(self._source, cells[order])
        reader, row = self._cell[at >= 0], order[at[at >= 0]]
        kinds = [np.unique(side, axis=0, return_inverse=True)[1] for side in (one, other)]
        counts = [_kinds_of(reader, kind[row]) for kind in kinds]
        votes = [int(((mine == 1) & (theirs > 1)).sum()) for mine, theirs in (counts, counts[::-1])]
        for (mine, theirs), kind, weights, sign in zip((votes, votes[::-1]), kinds, (other, one), (1, -1), strict=True):
            if mine > theirs and (kind.any() or _side_by_side(weights)):
                return sign
        return 0


def _kinds_of(reader: Places, kind: Ints) -> Ints:
    """Of how many kinds each reader reads something, in the readers' order."""
    return np.unique(np.unique(np.stack([reader, kind]), axis=1)[0], return_counts=True)[1]


def _side_by_side(side: Places) -> bool:
    """Whether each cell reads a column, or a row, of its own: no windows that follow one another, or overlap."""
    for line, across in ((places.columns, places.rows), (places.rows, places.columns)):
        lines = line(side)
        is_line = (lines == lines[:, :1]).all() and (across(side) == across(side[:1])).all()
        if is_line and np.unique(lines[:, 0]).size == len(np.unique(side, axis=0)) > 1:
            return True
    return False


def _goes_with(side: Places, bias: Places | None) -> float:
    """How far cells that read the same there have the same bias, as all places of a filter, or all samples, have."""
    if bias is None or 4 * np.unique(bias, return_counts=True)[1].max() >= 3 * bias.size:
        return 0.0
    both = np.unique(np.concatenate([side, bias], axis=1), axis=0)
    return len(np.unique(side, axis=0)) / len(both)


def _by_variety(a: Places, b: Places) -> int:
    """1 where the first side stands in more places than the second, -1 where in fewer."""
    counts = [np.unique(side[:, 0]).size for side in (a, b)]
    return int(np.sign(counts[0] - counts[1]))


def _overlaps(moving: list[Places]) -> bool:
    """Whether what moves is read more than once, as the windows of a convolution are; weights of classes are not."""
    if not moving:
        return True
    there = np.concatenate([np.unique(side) for side in moving])
    read = sum(np.unique(side, axis=0).size for side in moving)
    return bool(np.unique(there).size < read)
