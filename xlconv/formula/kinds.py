"""Formulas by kind: those that differ only in the cells that they name, and in their numbers, are parsed once.

Each cell that a formula names is put aside, and each number, and what is left is parsed with `A1` and `1` in their
places. Where that is not seen to be the same, as with what looks like a cell inside a name, the formula itself is.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from xlconv.formula.tree import Node, parse

_COLUMN: Final = r"(?:[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D])"
_CORNER: Final = rf"\$?{_COLUMN}\$?[1-9][0-9]{{0,5}}"
_LEAF: Final = re.compile(
    rf"""
      ("(?:[^"]|"")*")
    | (?<![\w.$:!'#]) ((?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)? ({_CORNER}(?::{_CORNER})?) (?![\w.(!:])
    | ('(?:[^']|'')*')
    | (?<![\w.$:!'#]) ([0-9]+(?:\.[0-9]+)?) (?![\w.(!:])
    """,
    re.VERBOSE,
)
"""A text, the worksheet of a reference and its cells, something else in quotes, a number."""
_PERIOD: Final = _LEAF.groups + 1
_SHEETS, _CELLS, _NUMBERS = (slice(at, None, _PERIOD) for at in (2, 3, 5))


@dataclass(frozen=True, eq=False)
class Kind:
    """What formulas have in common that differ only in the cells that they name and in their numbers.

    Args:
        tree: References, and numbers, have their places among all of their like for texts; None where the formula
            cannot be read.
    """

    tree: Node | None

    @cached_property
    def nodes(self) -> list[Node]:
        """All parts of it."""
        return [*self.tree.walk()] if self.tree else []


class Spelled(NamedTuple):
    """A formula as one of its kind.

    Args:
        kind: What it shares with others.
        refs: The text of each reference.
        numbers: Each number in it.
    """

    kind: Kind
    refs: tuple[str, ...]
    numbers: tuple[float, ...]

    def text(self, leaf: Node) -> str:
        """What a reference of the kind's tree, or another part, reads in this formula."""
        return self.refs[int(leaf.text)] if leaf.kind == "reference" else leaf.text

    def written(self, node: Node) -> Hashable:
        """A part of the kind's tree as it is in this formula: equal where two parts say the same."""
        if node.kind == "number":
            return self.numbers[int(node.text)]
        return node.kind, self.text(node), node.prefix, tuple(map(self.written, node.children))


@lru_cache(maxsize=1 << 14)
def spelled(formula: str) -> Spelled:
    """A formula, without its leading `=`, as one of its kind."""
    pieces = _LEAF.split(formula)
    sheets, cells, numbers = pieces[_SHEETS], pieces[_CELLS], pieces[_NUMBERS]
    pieces[_CELLS] = [each and ("A1:A1" if ":" in each else "A1") for each in cells]
    pieces[_NUMBERS] = [each and "1" for each in numbers]
    kind = _kind("".join([each for each in pieces if each]))
    if kind is None:
        return _by_itself(formula)
    refs = [(sheet or "") + each for sheet, each in zip(sheets, cells, strict=True) if each]
    return Spelled(kind, tuple(refs), tuple([float(each) for each in numbers if each]))


@lru_cache(maxsize=1 << 12)
def _kind(skeleton: str) -> Kind | None:
    """The kind of formulas that are alike but for their cells and numbers; None where that is not as it looks."""
    pieces, found = _LEAF.split(skeleton), _by_itself(skeleton)
    named = [(sheet or "") + each for sheet, each in zip(pieces[_SHEETS], pieces[_CELLS], strict=True) if each]
    is_plain = [*found.refs] == named and len(found.numbers) == sum(each is not None for each in pieces[_NUMBERS])
    return found.kind if is_plain and set(found.numbers) <= {1.0} else None


def _by_itself(formula: str) -> Spelled:
    """A formula that is parsed as it stands."""
    return spelled_tree(parse(formula))


def spelled_tree(tree: Node | None) -> Spelled:
    """The formula that a tree is of; one that cannot be read where there is none."""
    refs, numbers = list[str](), list[float]()

    def numbered(node: Node) -> Node:
        if node.kind == "reference":
            refs.append(node.text)
            return Node("reference", str(len(refs) - 1))
        if node.kind == "number":
            numbers.append(float(node.text))
            return Node("number", str(len(numbers) - 1))
        return node._replace(children=tuple(map(numbered, node.children))) if node.children else node

    kind = _of_tree(tree and numbered(tree))
    return Spelled(kind, tuple(refs), tuple(numbers))


@lru_cache(maxsize=1 << 12)
def _of_tree(tree: Node | None) -> Kind:
    return Kind(tree)
