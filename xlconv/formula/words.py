"""What a formula does, in a few words: `products of A1:C3 with K1:M3, the value of K5, with ReLU`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xlconv.cells import Range
from xlconv.formula.references import References
from xlconv.formula.tree import Node, parse
from xlconv.formula.walk import FUNCTIONS

_NOTHING: Final = "nothing that a layer does"
_PLAIN: Final = frozenset({"0", "1"})


class _OtherError(Exception):
    """It does something that there are no words for."""


def told(formula: str, cell: Range, references: References) -> str:
    """What a formula does.

    Args:
        formula: Without the leading `=`.
        cell: Where it stands.
        references: What references mean.
    """
    tree = parse(formula)
    try:
        return _NOTHING if tree is None else ", ".join(_Words(cell, references).of(tree)) or _NOTHING
    except _OtherError:
        return _NOTHING


def objection(formula: str) -> str:
    """What is in a formula of which nothing can be proved, or that belongs in a cell; empty where nothing is."""
    tree = parse(formula)
    if tree is None:
        return "the formula cannot be read"
    nodes = list(tree.walk())
    for node in nodes:
        if node.kind == "function" and f"{node.prefix}{node.text}" not in FUNCTIONS:
            return f"the formula calls {node.text}, of which nothing can be proved"
    for node in nodes:
        if node.kind == "number" and node.text not in _PLAIN:
            return f"the formula holds the number {node.text}; numbers belong in cells"
        if node.kind in ("text", "boolean", "other"):
            return f"the formula holds {node.text or 'something'}, which is neither a cell nor a range"
    return ""


class _Words:
    def __init__(self, cell: Range, references: References) -> None:
        self._cell, self._references = cell, references

    def of(self, node: Node) -> Iterator[str]:
        """The parts of a sum, and what is done with it."""
        match node.kind, node.text, node.children:
            case "reference", _, _:
                yield f"the value of {self._place(node)}"
            case "operator", "+", (left, right):
                yield from self.of(left)
                yield from self.of(right)
            case "operator", "/", (part, whole):
                yield self._place(part) if part.kind == "reference" else ", ".join(self.of(part))
                yield f"divided by {self._whole(whole)}"
            case "operator", "*", (left, right):
                yield f"products of {self._place(left)} with {self._place(right)}"
            case "function", name, args:
                yield from self._function(name, args)
            case _:
                raise _OtherError

    def _function(self, name: str, args: tuple[Node, ...]) -> Iterator[str]:
        rest = [arg for arg in args if not (arg.kind == "number" and arg.text == "0")]
        if name == "MAX" and len(rest) < len(args) and len(rest) == 1:
            yield from self.of(rest[0])
            yield "with ReLU"
        elif name in ("MAX", "MIN") and rest:
            extreme = "largest" if name == "MAX" else "smallest"
            yield f"the {extreme} of {', '.join(map(self._place, rest))}"
        elif name == "SUMPRODUCT" and len(args) == 2:
            yield f"products of {self._place(args[0])} with {self._place(args[1])}"
        elif name in ("SUM", "SUMPRODUCT"):
            for arg in args:
                yield from self.of(arg)
        elif name == "EXP" and len(args) == 1:
            yield from self._exp(args[0])
        elif name == "MATCH" and len(args) == 3:
            yield f"the place of {', '.join(self.of(args[0]))}"
        elif name == "INDEX" and len(args) == 2:
            yield from self.of(args[1])
            yield f"as a label of {self._place(args[0])}"
        else:
            raise _OtherError

    def _exp(self, of: Node) -> Iterator[str]:
        if of.kind == "operator" and of.text == "-" and len(of.children) == 2:
            yield f"EXP of {self._place(of.children[0])}"
            yield f"less {', '.join(self.of(of.children[1]))}"
        else:
            yield f"EXP of {self._place(of)}"

    def _whole(self, node: Node) -> str:
        if node.kind == "function" and node.text == "SUM":
            return f"the sum of {', '.join(map(self._place, node.children))}"
        return ", ".join(self.of(node))

    def _place(self, node: Node) -> str:
        if node.kind != "reference":
            raise _OtherError
        found = self._references.of(node.text, self._cell)
        if found is None:
            return node.text
        where = found.range
        return where.address if where.sheet == self._cell.sheet else where.place
