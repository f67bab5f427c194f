"""Formulas as trees.

Trees come from formualizer. They are turned into nodes of our own here and nowhere else, so that what nobody knows (an
operator, a kind of literal) is a node like any other. Nothing here knows of networks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import formualizer

Kind: TypeAlias = Literal["function", "operator", "reference", "number", "text", "boolean", "missing", "array", "other"]

_DEEPEST: Final = 256
"""Levels of a tree: what walks it goes down by recursion. Formualizer reads no deeper ones either."""
_PREFIX: Final = re.compile(r"(?:_xlfn\.|_xlws\.|_xludf\.)+", re.IGNORECASE)


class Node(NamedTuple):
    """A part of a formula.

    Args:
        kind: What it is; `missing` is an argument left out, `other` an error, a call of a result, or not known.
        text: The function's name in capitals without a prefix, the operator, the reference, the number, the text; of an
            array how many rows it has.
        children: Arguments or operands.
        prefix: What stands before a function's name, such as `_xlfn.`.
    """

    kind: Kind
    text: str = ""
    children: tuple[Node, ...] = ()
    prefix: str = ""

    def walk(self) -> Iterator[Node]:
        """The node and all below it."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending += reversed(node.children)


@lru_cache(maxsize=1 << 12)
def parse(formula: str) -> Node | None:
    """The tree of a formula without its leading `=`; None where it cannot be read, or is too deep."""
    try:
        parsed = formualizer.parse(f"={formula}").to_dict()
    except (formualizer.ParserError, formualizer.TokenizerError):
        return None
    return _node(parsed, 0)


def _node(parsed: Mapping[str, Any], depth: int) -> Node | None:
    """The node for one of formualizer's; None where what is below it is too deep."""
    below: list[Node] = []
    for child in _children(parsed):
        node = _node(child, depth + 1) if depth + 1 < _DEEPEST else None
        if node is None:
            return None
        below.append(node)
    return _labelled(parsed, tuple(below))


def _children(parsed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    match parsed["node_type"]:
        case "Function":
            return list(parsed["args"])
        case "BinaryOp":
            return [parsed["left"], parsed["right"]]
        case "UnaryOp":
            return [parsed["operand"]]
        case "Array":
            return [item for row in parsed["rows"] for item in row]
        case "Call":
            return [parsed["callee"], *parsed["args"]]
    return []


def _labelled(parsed: Mapping[str, Any], below: tuple[Node, ...]) -> Node:
    match parsed["node_type"]:
        case "Function":
            prefix = _PREFIX.match(parsed["name"])
            name = parsed["name"][prefix.end() if prefix else 0 :].upper()
            return Node("function", name, below, prefix[0].lower() if prefix else "")
        case "BinaryOp" | "UnaryOp":
            return Node("operator", parsed["operator"], below)
        case "Reference":
            return Node("reference", parsed["reference"])
        case "Array":
            return Node("array", str(len(parsed["rows"])), below)
        case "Omitted":
            return Node("missing")
        case "Literal":
            return _literal(parsed["value"])
    return Node("other", str(parsed.get("value", "")), below)


def _literal(value: object) -> Node:
    """A literal; a text such as `#N/A` may be the error as well, which is not told."""
    if isinstance(value, bool):
        return Node("boolean", str(value).upper())
    if isinstance(value, (int, float)):
        return Node("number", repr(value).removesuffix(".0"))
    return Node("text" if isinstance(value, str) and not value.startswith("#") else "other", str(value))
