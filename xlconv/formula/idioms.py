"""Spellings that are a definition's in other words, which arithmetic does not show.

`1/(1+EXP(MIN(709,x)))` is `1/(1+EXP(x))`: beyond 709 both are less than 1e-307, but the first is no error.
`MAX(x,k*x)` is `k*x+(1-k)*MAX(0,x)` if k is from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from xlconv.formula.tree import Node

_TWO: Final = 2
LARGE: Final = 709.0
LARGEST: Final = 709.78
"""The exponential of the first is still a number, that of a little more than the second none any more."""


class Clamped(NamedTuple):
    """What may be a quotient whose exponential is kept from overflowing.

    Args:
        plain: The same without.
        ones: What has to be the number 1 for that.
        limit: What has to be a number from `LARGE` to `LARGEST`.
    """

    plain: Node
    ones: tuple[Node, Node]
    limit: Node


def sloped(args: tuple[Node, ...]) -> tuple[Node, Node] | None:
    """X and what may be a number k, of the arguments of `MAX(x,k*x)` in any order; None for all else."""
    for x, product in (args, args[::-1]) if len(args) == _TWO else ():
        if _is(product, "*", 2) and x in product.children:
            one, other = product.children
            return x, other if one == x else one
    return None


def clamped(quotient: Node) -> Iterator[Clamped]:
    """`1/(1+EXP(MIN(709,x)))`, with the arguments in any order; nothing for all else."""
    if not _is(quotient, "/", 2) or not _is(quotient.children[1], "+", 2):
        return
    one, total = quotient.children
    for at, exp in enumerate(total.children):
        if not (_is(exp, "EXP", 1) and _is(exp.children[0], "MIN", 2)):
            continue
        other = total.children[1 - at]
        for limit, x in (exp.children[0].children, exp.children[0].children[::-1]):
            terms = (exp._replace(children=(x,)), other)
            plain = quotient._replace(children=(one, total._replace(children=terms)))
            yield Clamped(plain, (one, other), limit)


def _is(node: Node, name: str, count: int) -> bool:
    return node.kind in ("operator", "function") and node.text == name and len(node.children) == count
