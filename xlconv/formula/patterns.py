"""Formulas that are alike but for where they read, and but for their numbers: they are walked together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from xlconv.cells import Range
from xlconv.formula.kinds import Kind, Spelled
from xlconv.formula.references import Ref, References
from xlconv.formula.tree import Node


@dataclass(frozen=True, eq=False)
class Pattern:
    """A formula without the places that it reads, and without its numbers; there is one of each.

    Args:
        tree: References, and numbers, have their places among all of their like for texts.
        sizes: Height and width of each range.
        cut: Which ranges are whole columns or rows, of which the cells behind all that is filled are left out.
    """

    tree: Node
    sizes: tuple[tuple[int, int], ...]
    cut: frozenset[int] = frozenset()


class Parts(NamedTuple):
    """What a pattern leaves out, as a formula has it in one cell."""

    refs: list[Ref]
    numbers: tuple[float, ...]


def pattern_of(formula: Spelled, references: References, cell: Range) -> tuple[Pattern | None, Parts]:
    """The pattern of a formula, and the ranges and numbers in it; None where the formula cannot be read.

    A range that it names twice is in it once. A reference to nothing that is known becomes a node of no known kind.
    """
    meant = [references.of(text, cell) for text in formula.refs]
    refs = list(dict.fromkeys([ref for ref in meant if ref is not None]))
    number = {ref: str(at) for at, ref in enumerate(refs)}
    leaves = [
        Node("other", text) if ref is None else Node("reference", number[ref])
        for text, ref in zip(formula.refs, meant, strict=True)
    ]
    sizes = tuple([(ref.range.height, ref.range.width) for ref in refs])
    cut = frozenset([at for at, ref in enumerate(refs) if ref.is_cut])
    return _pattern(formula.kind, tuple(leaves), sizes, cut), Parts(refs, formula.numbers)


@lru_cache(maxsize=1 << 12)
def _pattern(
    kind: Kind, leaves: tuple[Node, ...], sizes: tuple[tuple[int, int], ...], cut: frozenset[int]
) -> Pattern | None:
    """The pattern of a kind, given what becomes of its references."""

    def put(node: Node) -> Node:
        if node.kind == "reference":
            return leaves[int(node.text)]
        return node._replace(children=tuple(map(put, node.children))) if node.children else node

    return None if kind.tree is None else Pattern(put(kind.tree), sizes, cut)
