"""Spellings that differ from a definition only by what float64 cannot hold, to be read as that definition.

`1/(1+EXP(MIN(709,x)))` is `1/(1+EXP(x))`: beyond 709 both are less than 1e-307, but the first is no error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from xlconv.formula.tree import Node

_LEAST: Final = 709.0
"""The exponential of more than this hardly is a number."""

Holds: TypeAlias = Callable[[Node, Callable[[float], bool]], bool]
"""Whether a part of a formula is a number of which something holds in all cells."""


def without_clamp(quotient: Node, holds: Holds) -> Node | None:
    """`1/(1+EXP(x))` for `1/(1+EXP(MIN(709,x)))`, with the arguments in any order; None for all else.

    Args:
        quotient: A part of a formula.
        holds: Tells what numbers in it are.
    """
    if not (_is(quotient, "/", 2) and holds(quotient.children[0], lambda number: number == 1)):
        return None
    total = quotient.children[1]
    if not _is(total, "+", 2):
        return None
    for at, part in enumerate(total.children):
        inner = _clamped(part, holds)
        if inner is not None and holds(total.children[1 - at], lambda number: number == 1):
            exp = part._replace(children=(inner,))
            children = (exp, total.children[1]) if at == 0 else (total.children[0], exp)
            return quotient._replace(children=(quotient.children[0], total._replace(children=children)))
    return None


def _clamped(node: Node, holds: Holds) -> Node | None:
    """X of `EXP(MIN(709,x))`."""
    if not (_is(node, "EXP", 1) and _is(node.children[0], "MIN", 2)):
        return None
    one, other = node.children[0].children
    if holds(one, lambda number: number >= _LEAST):
        return other
    return one if holds(other, lambda number: number >= _LEAST) else None


def _is(node: Node, name: str, count: int) -> bool:
    return node.kind in ("operator", "function") and node.text == name and len(node.children) == count
