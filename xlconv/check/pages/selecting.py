"""Cells that choose what they show by what they should not, such as a number of the network, or that read it at all.

A page is computed for all of its choices, but under a few inputs alone: a formula that shows something else where one
pixel is 0.25, or where a note is typed beside the net, may be right under all of these. What a page shows may be chosen
by a few cells; of the network's numbers it shows sums, products, the largest, and what follows from them, but nothing
that is made with a number in the formula, as `MAX(0,1-1E9*ABS(A1-0.25))` is; and it reads no other cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

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
    """Cells on the worksheets of a page that choose by others than they may, or read others than they may.

    Args:
        reading: The workbook's formulas.
        basis: By what the cells of the page may choose.
        wrong: Cells that are told already, sorted: what goes by them is not to blame.

    Returns:
        Sorted.
    """
    rules, found = _Rules(basis, places.distinct(basis.allowed, wrong), reading.held.places), [_NONE]
    for each in plan(reading.forms, basis.cells, basis.known):
        for alike in _formulas(reading.forms, each):
            bad = rules.broken(alike)
            if bad.any() and (proved := np.isin(alike.cells, basis.proves())).any():
                bad = np.where(proved, rules.broken(alike, numbers=True), bad)
            found.append(alike.cells[bad])
            rules.take(alike, bad | (places.find(alike.cells, wrong) >= 0))
    choosing = places.distinct(*found)
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


_Sizes: TypeAlias = tuple[tuple[int, int], ...]


class _Rules:
    """Which cells may be read, and by which may be chosen.

    Args:
        basis: Of the page.
        allowed: Cells by which may be chosen, sorted, as far as they do not vary.
        filled: All cells that hold something, sorted.
    """

    def __init__(self, basis: Basis, allowed: Places, filled: Places) -> None:
        self._basis, self._varying, self._allowed, self._filled = basis, _NONE, allowed, filled
        self._sheets = np.unique(places.sheets(basis.cells))
        self._of_page = places.distinct(basis.cells, basis.typed, allowed)
        self._known = places.distinct(basis.known, basis.network, self._of_page)

    def broken(self, alike: Alike, *, numbers: bool = False) -> NDArray[np.bool_]:
        """Which of some cells choose or read what they may not.

        Args:
            alike: The cells, and their formula.
            numbers: Whether it may compute with numbers of its own.
        """
        firsts, sizes = alike.firsts, alike.pattern.sizes
        zeros = set(np.flatnonzero((alike.numbers == 0).all(axis=0)).tolist())
        uses = _uses(alike.pattern.tree, None if numbers else zeros)
        settled, free = (places.find(alike.cells, some) >= 0 for some in (self._basis.settled, self._basis.free))
        bad = self.varies(firsts, sizes, uses.choosing) & ~free
        bad[settled] = self.varies(firsts[settled], sizes, uses.choosing, self._basis.typed)
        bad |= self.strange(firsts, sizes, uses.shown | uses.choosing)
        bad |= self.strange(firsts, sizes, uses.asked, of_page=True)
        bad |= free & self.strange(firsts, sizes, uses.choosing, of_page=True)
        return bad

    def take(self, alike: Alike, told: NDArray[np.bool_]) -> None:
        """Take in computed cells; those that depend on no more than what is chosen, or are told, may be gone by."""
        cells, sizes = alike.cells, alike.pattern.sizes
        settled = places.find(cells, self._basis.settled) >= 0
        varying = self.varies(alike.firsts, sizes, set(range(len(sizes)))) & ~settled & ~told
        self._varying = places.distinct(self._varying, cells[varying])
        self._allowed = places.distinct(self._allowed, cells[~varying])
        here = cells[np.isin(places.sheets(cells), self._sheets)]
        self._known, self._of_page = places.distinct(self._known, here), places.distinct(self._of_page, here)

    def varies(self, firsts: Places, sizes: _Sizes, refs: set[int], also: Places = _NONE) -> NDArray[np.bool_]:
        """Which of some cells read one by which may not be chosen, by where their ranges begin."""
        sheets = np.unique(places.sheets(self._allowed))
        found = np.zeros(len(firsts), bool)
        for ref in refs:
            first, which = np.unique(firsts[:, ref], return_inverse=True)
            here, (height, width) = np.isin(places.sheets(first), sheets), sizes[ref]
            read = first[here, None] + places.offsets(height, width).ravel()
            may = (places.find(read, self._allowed) >= 0) | (places.find(read, also) >= 0)
            if height * width > 1:
                may |= places.find(read, self._filled) < 0
            bad: NDArray[np.bool_] = ~here
            bad[here] = (~may | (places.find(read, self._varying) >= 0)).any(axis=1)
            found |= bad[which]
        return found

    def strange(self, firsts: Places, sizes: _Sizes, refs: set[int], *, of_page: bool = False) -> NDArray[np.bool_]:
        """Which of some cells read one that is none of the page, of the network or of what may be gone by.

        Blank cells count, but for those in a range beside others.

        Args:
            firsts: Where the ranges of each begin.
            sizes: Of the ranges.
            refs: Which of them.
            of_page: Whether those of the network are strange, too.
        """
        found = np.zeros(len(firsts), bool)
        for ref in refs:
            first, which = np.unique(firsts[:, ref], return_inverse=True)
            read = first[:, None] + places.offsets(*sizes[ref]).ravel()
            known: NDArray[np.bool_] = places.find(read, self._of_page if of_page else self._known) >= 0
            passed = np.any(known, axis=1, keepdims=True) & (places.find(read, self._filled) < 0)
            found |= np.any(~known & ~passed, axis=1)[which]
        return found


class _Uses(NamedTuple):
    """What the ranges of a formula are read for.

    Args:
        choosing: Something is chosen by them.
        shown: They are computed with, or shown.
        asked: It is asked whether they are an empty text, which holds for no number.
    """

    choosing: set[int]
    shown: set[int]
    asked: set[int]


_Zeros: TypeAlias = set[int] | None
"""Which numbers of a pattern are 0 in all cells; None where any numbers may stand in it."""


def _uses(tree: Node, zeros: _Zeros) -> _Uses:
    """Of a pattern."""
    uses = _Uses(set(), set(), set())
    _use(tree, uses, zeros, chooses=False)
    return uses


def _use(node: Node, uses: _Uses, zeros: _Zeros, *, chooses: bool) -> None:
    if node.kind == "reference":
        (uses.choosing if chooses else uses.shown).add(int(node.text))
    elif (asked := _asked_for_text(node)) is not None:
        uses.asked.add(asked)
    elif node.text == "INDEX" and node.children and node.children[0].kind == "reference":
        for child in node.children[1:]:  # what stands between blocks of the network is not shown, as these say
            _use(child, uses, zeros, chooses=True)
        if chooses:
            uses.choosing.add(int(node.children[0].text))
    else:
        of_these = _CHOOSING.get(node.text) if node.kind == "function" else None
        computing = _ARITHMETIC if node.kind == "operator" else _COMPUTING
        is_plain = node.text in computing and not _has_number(node, zeros)
        for at, child in enumerate(node.children):
            says_which = not is_plain if of_these is None else at in of_these
            _use(child, uses, zeros, chooses=chooses or says_which)


def _asked_for_text(node: Node) -> int | None:
    """The range of which it is asked such as `A1=""`."""
    if node.kind != "operator" or node.text not in ("=", "<>") or Node("text", "") not in node.children:
        return None
    refs = [int(child.text) for child in node.children if child.kind == "reference"]
    return refs[0] if len(refs) == 1 else None


def _has_number(node: Node, zeros: _Zeros) -> bool:
    """Whether a number of the formula is computed with, but for a 0 that is added, or that the largest is at least."""
    if zeros is None:
        return False
    for child in node.children:
        inside = list(child.walk())
        numbers = {int(each.text) for each in inside if each.kind == "number"}
        is_number = bool(numbers) and not any(each.kind == "reference" for each in inside)
        if is_number and not (node.text in ("MAX", "SUM", "+") and numbers <= zeros):
            return True
    return False
