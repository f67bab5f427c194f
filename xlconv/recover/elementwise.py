"""Which elementwise layer a formula is of one number: whichever of them is proved to be the same.

So a layer type that is added to the others is recognised as soon as it is said what it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from typing import Final

import numpy as np

from xlconv import mean
from xlconv.cells import Range
from xlconv.errors import NetworkError
from xlconv.formula.array import NUMBER, of_numbers
from xlconv.formula.field import Residues
from xlconv.formula.kinds import spelled_tree
from xlconv.formula.patterns import pattern_of
from xlconv.formula.references import Ref, References
from xlconv.formula.state import Held, State
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk
from xlconv.layers import LAYER_TYPES, Layer
from xlconv.places import Atlas

HOLE: Final = Node("reference", "#hole")
"""Stands for the number."""

_LARGEST: Final = 40
"""Nodes of a formula that may be a layer."""
_ALL: Final = 3
"""Arguments of IF; without the last it shows FALSE."""
_SINGLE: Final = ("MAX", "MIN", "SUM", "PRODUCT", "SUMPRODUCT", "AVERAGE")
"""Functions that make one number of an array."""


def around(tree: Node) -> Iterator[tuple[Node, Layer]]:
    """Parts of a formula of which the whole is a layer, the largest first, each with that layer."""
    seen = {tree}
    for part in tree.walk():
        if part in seen or not _reads(part):
            continue
        seen.add(part)
        rest = with_hole(tree, part)
        if is_of_holes(rest) and (layer := layer_of(rest)) is not None:
            yield part, layer


def is_by_element(tree: Node, part: Node) -> bool:
    """Whether what stands around a part takes an array of it element by element."""
    return not any(each.kind == "function" and each.text in _SINGLE for each in with_hole(tree, part).walk())


@lru_cache(maxsize=1 << 10)
def layer_of(tree: Node) -> Layer | None:
    """The elementwise layer that a formula with holes is, in exact arithmetic; None where it is none."""
    x = Residues.drawn((1,))
    kind, y = result(tree, x)
    numbers = tuple(dict.fromkeys(float(node.text) for node in tree.walk() if node.kind == "number"))
    found = (each for each in _candidates(numbers) if kind == NUMBER and bool(mean.element(each, x, {}).same(y).all()))
    return next(found, None)


def result(tree: Node, x: Residues) -> tuple[int, Residues]:
    """What a formula shows whose hole holds a number, or several in rows."""
    atlas, where = Atlas([_WHERE.sheet]), _WHERE.part(0, 0, *(x.shape if len(x.shape) > 1 else (1, 1)))
    hole = atlas.places(where)
    cells = np.sort(hole.ravel())
    state = State(Held(cells, np.full(cells.size, NUMBER, np.uint8), np.zeros(cells.size)), atlas, Residues)
    state.put(hole.ravel(), of_numbers(x.reshape(-1, 1, 1, 1)))
    pattern, parts = pattern_of(spelled_tree(tree), _Hole(where), _WHERE)
    assert pattern is not None
    at = np.full((1, len(parts.refs)), cells[0])
    shown = Walk(state, pattern, cells[-1:] + 1, at, np.array(parts.numbers).reshape(1, -1)).result()
    return int(shown.kinds.ravel()[0]), shown.numbers.reshape(1)


def _candidates(numbers: tuple[float, ...]) -> Iterator[Layer]:
    """The elementwise layers without weights, those that have one setting with each of some numbers for it, too."""
    for kind in LAYER_TYPES.values():
        if kind.elementwise:
            settings: list[tuple[float, ...]] = [(), *((number,) for number in numbers if len(fields(kind)) == 1)]
            for each in settings:
                with suppress(NetworkError, TypeError):
                    layer = kind(*each)
                    yield from [] if layer.weight_shapes else [layer]


_WHERE: Final = Range("formula", 1, 1)


class _Hole(References):
    """What the hole means."""

    def __init__(self, where: Range) -> None:
        self._where = where

    def of(self, text: str, cell: Range) -> Ref | None:  # noqa: ARG002
        return Ref(self._where) if text == HOLE.text else None


def with_hole(tree: Node, part: Node) -> Node:
    """A formula with a hole wherever a part of it stands."""
    if tree == part:
        return HOLE
    return tree._replace(children=tuple(with_hole(each, part) for each in tree.children)) if tree.children else tree


def is_of_holes(tree: Node) -> bool:
    """Whether a formula with holes is of these alone, and of one kind of value."""
    nodes = list(tree.walk())
    is_open = any(node.kind in ("reference", "other", "array", "text") and node != HOLE for node in nodes)
    shows_false = any(node.text == "IF" and len(node.children) != _ALL for node in nodes if node.kind == "function")
    return len(nodes) <= _LARGEST and not is_open and not shows_false


def _reads(node: Node) -> bool:
    return any(each.kind == "reference" for each in node.walk())
