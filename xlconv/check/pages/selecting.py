"""Cells that choose what they show by what they should not, such as a number of the network.

A page is computed for all of its choices, but under a few inputs alone: a formula that shows something else where one
pixel is 0.25, or where a note is typed beside the net, may be right under all of these. What a page shows may be chosen
by a few cells; of all else it shows sums, products, the largest, and what follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.check.pages import Basis
from xlconv.formula.forms import Forms
from xlconv.formula.plan import Alike, Generation, generation, plan
from xlconv.formula.tree import Node
from xlconv.places import Places
from xlconv.recover.reading import Reading

_COMPUTING: Final = frozenset(
    {"SUM", "SUMPRODUCT", "SUMSQ", "PRODUCT", "AVERAGE", "MAX", "MIN", "MMULT", "TRANSPOSE", "N"}
    | {"EXP", "LN", "LOG", "LOG10", "SQRT", "TANH", "ABS", "POWER"}
)
"""Functions that compute with what they are given."""
_CHOOSING: Final = {"IF": {0}, "CHOOSE": {0}, "INDEX": {1, 2}}
"""Functions that show one of several values, and the arguments that say which."""
_ARITHMETIC: Final = frozenset("+-*/^%@")
_NONE: Final = np.empty(0, np.int64)


def selecting(reading: Reading, basis: Basis, wrong: Places = _NONE) -> Places:
    """Cells on the worksheets of a page that choose by others than they may, and of which the page's are computed.

    Args:
        reading: The workbook's formulas.
        basis: By what the cells of the page may choose.
        wrong: Cells that are told already, sorted: what goes by them is not to blame.

    Returns:
        Sorted.
    """
    rules, found = _Rules(np.union1d(basis.allowed, wrong), reading.held.places), [_NONE]
    for each in plan(reading.forms, basis.cells, basis.known):
        for alike in _formulas(reading.forms, each):
            by, firsts, sizes = _chosen_by(alike.pattern.tree), alike.firsts, alike.pattern.sizes
            chooses, is_settled = rules.broken(firsts, sizes, by), places.find(alike.cells, basis.settled) >= 0
            if is_settled.any():
                chooses[is_settled] = rules.broken(firsts[is_settled], sizes, by, basis.typed)
            found.append(alike.cells[chooses])
            is_told = chooses | (places.find(alike.cells, wrong) >= 0)
            depends = rules.broken(firsts, sizes, set(range(len(sizes)))) & ~is_settled & ~is_told
            rules.take(alike.cells[depends], alike.cells[~depends])
    choosing = np.setdiff1d(np.concatenate(found), basis.free)
    here: Places = choosing[np.isin(places.sheets(choosing), places.sheets(basis.cells))]
    return here


def _formulas(forms: Forms, formulas: Generation) -> Iterator[Alike]:
    """All formulas of a generation; those that may read each other twice, so that each is seen behind the others."""
    for _ in range(1 + formulas.is_circle):
        yield from formulas.alike or generation(forms, formulas.groups).alike
    for group in formulas.spread:
        if (pattern := forms.pattern(group)) is not None:
            cells, first = forms.filled_by(group, np.arange(1)), forms.at(group, np.arange(1))
            yield Alike(pattern, cells, np.repeat(first, cells.size, axis=0), np.empty((1, 0)))


class _Rules:
    """By which cells may be chosen.

    Args:
        allowed: These cells, sorted, as far as they do not vary.
        filled: All cells that hold something, sorted.
    """

    def __init__(self, allowed: Places, filled: Places) -> None:
        self._varying, self._allowed, self._filled = _NONE, allowed, filled

    def take(self, varying: Places, others: Places) -> None:
        """Take in computed cells, those that depend on others than these, and those that do not."""
        self._varying, self._allowed = np.union1d(self._varying, varying), np.union1d(self._allowed, others)

    def broken(
        self, firsts: Places, sizes: tuple[tuple[int, int], ...], refs: set[int], also: Places = _NONE
    ) -> NDArray[np.bool_]:
        """Which of some cells read another one, by where their ranges begin, in some of these."""
        found = np.zeros(len(firsts), bool)
        for ref in refs:
            first, which = np.unique(firsts[:, ref], return_inverse=True)
            found |= self._is_broken(first, *sizes[ref], also)[which]
        return found

    def _is_broken(self, first: Places, height: int, width: int, also: Places) -> NDArray[np.bool_]:
        """Whether another one is in a range, by where it begins; in larger ones blank cells do not count."""
        here = np.isin(places.sheets(first), np.unique(places.sheets(self._allowed)))
        read = first[here, None] + places.offsets(height, width).ravel()
        may = (places.find(read, self._allowed) >= 0) | (places.find(read, also) >= 0)
        if height * width > 1:
            may |= places.find(read, self._filled) < 0
        found: NDArray[np.bool_] = ~here
        found[here] = (~may | (places.find(read, self._varying) >= 0)).any(axis=1)
        return found


def _chosen_by(tree: Node) -> set[int]:
    """The ranges of a pattern by which something is chosen."""
    return set(_choosing(tree, chooses=False))


def _choosing(node: Node, *, chooses: bool) -> Iterator[int]:
    if node.kind == "reference" and chooses:
        yield int(node.text)
    if _asks_for_text(node):
        return
    is_plain = node.text in (_ARITHMETIC if node.kind == "operator" else _COMPUTING)
    of_these = _CHOOSING.get(node.text) if node.kind == "function" else None
    for at, child in enumerate(node.children):
        says_which = not is_plain if of_these is None else at in of_these
        yield from _choosing(child, chooses=chooses or says_which)


def _asks_for_text(node: Node) -> bool:
    """Whether it is such as `A1=""`, which holds for no number."""
    return node.kind == "operator" and node.text in ("=", "<>") and any(child.kind == "text" for child in node.children)
