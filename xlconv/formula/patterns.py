"""Formulas that are alike but for where they read: one pattern, and for each cell where its ranges begin."""

from __future__ import annotations

from typing import NamedTuple

from xlconv.cells import Range
from xlconv.formula.references import Ref, References
from xlconv.formula.tree import Node


class Pattern(NamedTuple):
    """A formula without the places that it reads.

    Args:
        tree: References have the numbers of their ranges for texts.
        sizes: Height and width of each range.
    """

    tree: Node
    sizes: tuple[tuple[int, int], ...]


def pattern_of(tree: Node, references: References, cell: Range) -> tuple[Pattern, list[Ref]]:
    """The pattern of a formula, and the ranges that it reads in a cell.

    A reference to nothing that is known becomes a node of no known kind.
    """
    refs: list[Ref] = []

    def numbered(node: Node) -> Node:
        if node.kind == "reference":
            ref = references.of(node.text, cell)
            if ref is None:
                return Node("other", node.text)
            if ref not in refs:
                refs.append(ref)
            return Node("reference", str(refs.index(ref)))
        return node._replace(children=tuple(map(numbered, node.children))) if node.children else node

    numbered_tree = numbered(tree)
    return Pattern(numbered_tree, tuple((ref.range.height, ref.range.width) for ref in refs)), refs
