"""What a formula may consist of: the functions, operators and numbers that its layer needs.

A formula that does not mean what its layer does at its place is a finding anyway; here stands why, where it is a word:
a function such as TODAY, a number that belongs in a cell, a text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from xlconv import layers
from xlconv.formula import notation
from xlconv.recover.found import Stage


class Words(NamedTuple):
    """What the formulas of a block may consist of."""

    functions: frozenset[str]
    operators: frozenset[str]
    numbers: frozenset[str]


_PLAIN: Final[dict[type[layers.Layer], tuple[str, str]]] = {
    layers.Conv2d: ("SUMPRODUCT SUM MMULT TRANSPOSE", "+ *"),
    layers.Linear: ("SUMPRODUCT SUM MMULT TRANSPOSE", "+ *"),
    layers.MaxPool2d: ("MAX", ""),
    layers.ZeroPad2d: ("", ""),
    layers.ReLU: ("MAX IF", ""),
    layers.Softmax: ("SUM SUMPRODUCT EXP MAX", "/ -"),
}
"""Functions and operators of each layer's output."""

_PARTS: Final[dict[str, tuple[str, str]]] = {
    "exp": ("EXP MAX", "-"),
    "plain exp": ("EXP", ""),
    "max": ("MAX", ""),
    "sum": ("SUM SUMPRODUCT", "+"),
}


def of(stage: Stage | None, name: str) -> Words:
    """The words for the cells of a layer, of one of its intermediate results (`softmax exp`), or of the prediction."""
    if stage is None:
        return _words("INDEX MATCH MAX", "-", "01")
    if not stage.nodes:
        return _words("", "", "")
    part = name[len(stage.name) :].strip()
    functions, operators = _PARTS[part] if part else _PLAIN[type(stage.nodes[0].layer)]
    if any(isinstance(node.layer, layers.ReLU) for node in stage.nodes):
        return _words(f"{functions} MAX IF", f"{operators} > >= < <=", "0")
    return _words(functions, operators, "0" if isinstance(stage.nodes[0].layer, layers.ZeroPad2d) else "")


def _words(functions: str, operators: str, numbers: str) -> Words:
    return Words(frozenset(functions.split()), frozenset(operators.split()), frozenset(numbers))


def objection(formula: str, words: Words, names: Collection[str] = ()) -> str:
    """What is wrong with a formula's words, in a few words of our own; empty where nothing is.

    Args:
        formula: Without the leading `=`.
        words: Those that it may consist of.
        names: The workbook's defined names in lower case: what they stand for is read as it is in any formula.
    """
    return next(_objections(notation.parts(formula), words, names), "")


def _objections(parts: notation.Parts, words: Words, names: Collection[str]) -> Iterator[str]:
    for function in sorted(parts.functions - words.functions):
        yield f"the formula calls {function}, which its layer has no need of"
    for operator in sorted(parts.operators - words.operators):
        yield f"the formula uses {operator}, which its layer has no need of"
    for number in sorted(parts.numbers - words.numbers):
        yield f"the formula holds the number {number}; numbers belong in cells"
    for other in parts.others:
        if other.lower() not in names:
            yield f"the formula holds {other}, which is neither a cell nor a range"
