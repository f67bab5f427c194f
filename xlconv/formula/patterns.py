"""Formulas that are alike but for where they read, and but for their numbers: they are walked together."""

from __future__ import annotations

from typing import NamedTuple

from xlconv.cells import Range
from xlconv.formula.references import Ref, References
from xlconv.formula.tree import Node


class Pattern(NamedTuple):
    """A formula without the places that it reads, and without its numbers.

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
    numbers: list[float]


def pattern_of(tree: Node, references: References, cell: Range) -> tuple[Pattern, Parts]:
    """The pattern of a formula, and the ranges and numbers in it.

    A reference to nothing that is known becomes a node of no known kind.
    """
    refs: list[Ref] = []
    numbers: list[float] = []

    def numbered(node: Node) -> Node:
        if node.kind == "number":
            numbers.append(float(node.text))
            return Node("number", str(len(numbers) - 1))
        if node.kind == "reference":
            ref = references.of(node.text, cell)
            if ref is None:
                return Node("other", node.text)
            if ref not in refs:
                refs.append(ref)
            return Node("reference", str(refs.index(ref)))
        return node._replace(children=tuple(map(numbered, node.children))) if node.children else node

    numbered_tree = numbered(tree)
    sizes = tuple((ref.range.height, ref.range.width) for ref in refs)
    cut = frozenset(at for at, ref in enumerate(refs) if ref.is_cut)
    return Pattern(numbered_tree, sizes, cut), Parts(refs, numbers)
