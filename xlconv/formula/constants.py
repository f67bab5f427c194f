"""Formulas of numbers alone, such as `0.3*2`: which number each is. What reads a cell or calls a function is none."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import isfinite
from typing import Final

from xlconv.formula.tree import Node, parse

_BINARY: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
_UNARY: Final[dict[str, Callable[[float], float]]] = {
    "+": operator.pos,
    "-": operator.neg,
    "%": lambda number: number / 100,
}


def constant(formula: str) -> float | None:
    """The number that a formula always is, in float64; None where it is no such formula, or an error such as `1/0`.

    Args:
        formula: Without the leading `=`.
    """
    tree = parse(formula)
    try:
        number = None if tree is None else _number(tree)
    except ArithmeticError:
        return None
    return number if type(number) is float and isfinite(number) else None


def _number(node: Node) -> float | None:
    if node.kind == "number":
        return float(node.text)
    if node.kind != "operator":
        return None
    below = [_number(child) for child in node.children]
    numbers = [number for number in below if type(number) is float]
    if len(numbers) < len(below):
        return None
    if len(numbers) == 1 and node.text in _UNARY:
        return _UNARY[node.text](numbers[0])
    if len(numbers) != 2 or node.text not in _BINARY or (node.text == "^" and numbers == [0.0, 0.0]):
        return None
    return _BINARY[node.text](*numbers)
