"""Formulas as trees, and the cells that they refer to, seen from any cell that shares the formula.

Nothing here judges them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from xlconv import syntax
from xlconv.cells import MAX_COLUMNS, MAX_ROWS, Range, column_number

Kind: TypeAlias = Literal["function", "operator", "reference", "number", "array", "other"]

_PREFIX: Final = re.compile(r"(?:_xlfn\.|_xlws\.|_xludf\.)+", re.IGNORECASE)
_CORNER: Final = r"(\$?)([A-Za-z]{1,3})?(\$?)([0-9]{1,7})?"
_AREA: Final = re.compile(rf"(?:('(?:[^']|'')+'|[^'!:\[\]]+)!)?{_CORNER}(?::{_CORNER})?")


class Node(NamedTuple):
    """A part of a formula.

    Args:
        kind: What it is.
        text: The function's name in capitals without a prefix, the operator, the reference or the number.
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


def parse(formula: str) -> Node | None:
    """The tree of a formula without its leading `=`; None where it cannot be read."""
    tree = syntax.tree(formula)
    return None if tree is None else _node(tree)


def _node(tree: syntax.Tree) -> Node:
    match tree["node_type"]:
        case "Function":
            prefix = _PREFIX.match(tree["name"])
            name = tree["name"][prefix.end() if prefix else 0 :].upper()
            return Node("function", name, _nodes(tree["args"]), prefix[0].lower() if prefix else "")
        case "BinaryOp":
            return Node("operator", tree["operator"], _nodes([tree["left"], tree["right"]]))
        case "UnaryOp":
            return Node("operator", tree["operator"], _nodes([tree["operand"]]))
        case "Reference":
            return Node("reference", tree["reference"])
        case "Array":
            return Node("array", "", _nodes([item for row in tree["rows"] for item in row]))
        case "Call":
            return Node("other", "", _nodes([tree["callee"], *tree["args"]]))
    value = tree.get("value")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Node("number", repr(value).removesuffix(".0")) if is_number else Node("other", str(value))


def _nodes(trees: list[syntax.Tree]) -> tuple[Node, ...]:
    return tuple(_node(tree) for tree in trees)


class Place(NamedTuple):
    """A cell."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        return Range(*self).place


class Area(NamedTuple):
    """The cells that a reference means: corners as they stand in one cell, and which of them move with the cell.

    Args:
        sheet: The worksheet's name as the reference spells it, or empty for the formula's own.
        corners: First row, first column, last row, last column.
        moves: 1 for each of these that is relative, 0 for an absolute one.
    """

    sheet: str
    corners: tuple[int, int, int, int]
    moves: tuple[int, int, int, int]

    @classmethod
    def parse(cls, reference: str) -> Area | None:
        """The area of a reference; None for names, tables, other workbooks and several worksheets."""
        match = _AREA.fullmatch(reference)
        if match is None:
            return None
        sheet, *parts = match.groups()
        first, last = parts[:4], parts[4:]
        if not any(last[1::2]):
            if not (first[1] and first[3]):
                return None
            last = first
        if bool(first[1]) != bool(last[1]) or bool(first[3]) != bool(last[3]):
            return None
        name = (sheet or "").removesuffix("!")
        name = name[1:-1].replace("''", "'") if name.startswith("'") else name
        (top, left), (bottom, right) = _corner(first, False), _corner(last, True)
        return cls(name, (top[0], left[0], bottom[0], right[0]), (top[1], left[1], bottom[1], right[1]))

    @property
    def single(self) -> bool:
        """Whether it is one cell."""
        return self.corners[:2] == self.corners[2:]

    def seen_from(self, place: Place, origin: Place) -> Range:
        """Where it lies for a cell, given the cell in which it reads as it does."""
        down, right = place.row - origin.row, place.column - origin.column
        top, left, bottom, last = self.corners
        if down or right:
            moves = self.moves
            top, left = top + moves[0] * down, left + moves[1] * right
            bottom, last = bottom + moves[2] * down, last + moves[3] * right
        if top > bottom:
            top, bottom = bottom, top
        if left > last:
            left, last = last, left
        return Range(self.sheet or place.sheet, top, left, bottom - top + 1, last - left + 1)


def _corner(parts: Sequence[str], at_end: bool) -> list[tuple[int, int]]:
    """Row and column of a corner, each with whether it moves; whole rows and columns reach from edge to edge."""
    column_mark, letters, row_mark, digits = parts
    row = (int(digits), int(not row_mark)) if digits else (MAX_ROWS if at_end else 1, 0)
    column = (column_number(letters.upper()), int(not column_mark)) if letters else (MAX_COLUMNS if at_end else 1, 0)
    return [row, column]


AreaOf: TypeAlias = Callable[[str], Area | None]
"""Finds the cells of a reference or of a defined name."""
