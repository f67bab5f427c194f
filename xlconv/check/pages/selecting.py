"""Cells of a page that choose what they show by what is no choice of the page, such as a number of the network.

A page is computed for all of its choices, but under a few inputs alone: a formula that shows something else where one
pixel is 0.25, or where a note is typed beside the net, may be right under all of these. A page chooses by what stands
on its own worksheet; of all else it shows sums, products, the largest, and what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.formula.forms import Forms
from xlconv.formula.plan import Alike, plan
from xlconv.formula.tree import Node
from xlconv.places import Places

_COMPUTING: Final = frozenset(
    {"SUM", "SUMPRODUCT", "SUMSQ", "PRODUCT", "AVERAGE", "MAX", "MIN", "MMULT", "TRANSPOSE", "N"}
    | {"EXP", "LN", "LOG", "LOG10", "SQRT", "TANH", "ABS", "POWER"}
)
"""Functions that compute with what they are given."""
_CHOOSING: Final = {"IF": {0}, "CHOOSE": {0}, "INDEX": {1, 2}}
"""Functions that show one of several values, and the arguments that say which."""
_ARITHMETIC: Final = frozenset("+-*/^%@")


def selecting(forms: Forms, cells: Places, known: Places, filled: Places) -> Places:
    """Those of a page's cells that choose by other worksheets, by what is computed from these, or by a blank cell.

    Args:
        forms: The workbook's formulas.
        cells: The page's, on one worksheet.
        known: Cells, sorted, whose formulas are of no interest: those that a person fills, and the network's.
        filled: All cells that hold something, sorted.
    """
    varying, found = _Varying(int(places.sheets(cells[:1])[0]), known, filled), [np.empty(0, np.int64)]
    for generation in plan(forms, cells, known):
        for alike in generation.alike:
            found.append(alike.cells[varying.read(alike, _choosing(alike.pattern.tree))])
            varying.add(alike)
    return np.intersect1d(np.concatenate(found), cells)


class _Varying:
    """Cells whose values depend on more than the choices of a page."""

    def __init__(self, sheet: int, known: Places, filled: Places) -> None:
        self._sheet, self._filled = sheet, np.union1d(known, filled)
        self._cells = np.empty(0, np.int64)

    def add(self, alike: Alike) -> None:
        """Take in what some formulas compute."""
        depends = self.read(alike, range(len(alike.pattern.sizes)))
        self._cells = np.union1d(self._cells, alike.cells[depends])

    def read(self, alike: Alike, refs: set[int] | range) -> NDArray[np.bool_]:
        """Which of some cells read one in some of their ranges."""
        found = np.zeros(alike.cells.size, bool)
        for ref in refs:
            first, which = np.unique(alike.firsts[:, ref], return_inverse=True)
            found |= self._within(first, *alike.pattern.sizes[ref])[which]
        return found

    def _within(self, first: Places, height: int, width: int) -> NDArray[np.bool_]:
        """Whether one is in a range that begins at each of some places; a single blank cell counts as well."""
        here = places.sheets(first) == self._sheet
        read = first[here, None, None] + places.offsets(height, width)
        found: NDArray[np.bool_] = ~here
        found[here] = (places.find(read, self._cells) >= 0).any(axis=(1, 2))
        if height == width == 1:
            found |= places.find(first, self._filled) < 0
        return found


def _choosing(node: Node) -> set[int]:
    """The ranges of a pattern by which something is chosen."""
    return set(_chosen_by(node, chooses=False))


def _chosen_by(node: Node, *, chooses: bool) -> Iterator[int]:
    if node.kind == "reference" and chooses:
        yield int(node.text)
    if _asks_for_text(node):
        return
    is_plain = node.text in (_ARITHMETIC if node.kind == "operator" else _COMPUTING)
    of_these = _CHOOSING.get(node.text) if node.kind == "function" else None
    for at, child in enumerate(node.children):
        says_which = not is_plain if of_these is None else at in of_these
        yield from _chosen_by(child, chooses=chooses or says_which)


def _asks_for_text(node: Node) -> bool:
    """Whether it is such as `A1=""`, which holds for no number."""
    return node.kind == "operator" and node.text in ("=", "<>") and any(child.kind == "text" for child in node.children)
