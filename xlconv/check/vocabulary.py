"""What a formula may consist of: the functions, operators, numbers and cells that its layer needs, and nothing else.

Recalculation with any number of inputs cannot find a formula that is wrong on a rare occasion only, such as
`IF($A$5=1,...)` or `IF(TODAY()>...)`, nor one that a program at hand computes but Excel does not, such as a plain
`SUM(a*b)` of ranges. So formulas are held to the words of their layer. Of cells with the same relative formula one is
read for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from xlconv import layers, syntax
from xlconv.cells import Range
from xlconv.check.declared import Block, Declared, Stage
from xlconv.network import INPUT


class Words(NamedTuple):
    """What the formulas of a block may consist of."""

    functions: frozenset[str]
    operators: frozenset[str]
    numbers: frozenset[str]
    ranges: tuple[Range, ...]


_PLAIN: Final[dict[type[layers.Layer], tuple[str, str]]] = {
    layers.Conv2d: ("SUMPRODUCT SUM", "+"),
    layers.Linear: ("SUMPRODUCT SUM", "+"),
    layers.MaxPool2d: ("MAX", ""),
    layers.ReLU: ("MAX", ""),
    layers.Softmax: ("SUM", "/"),
}
"""Functions and operators of each layer's output."""

_PARTS: Final[dict[str, tuple[str, str]]] = {"exp": ("EXP MAX", "-")}


def of_block(net: Declared, stage: Stage, block: Block) -> Words:
    """The words for the cells of a block."""
    first = stage.nodes[0]
    functions, operators = _PARTS[block.part] if block.part else _PLAIN[type(first.layer)]
    is_relu = any(isinstance(node.layer, layers.ReLU) for node in stage.nodes)
    words = [*functions.split(), *(["MAX"] if is_relu else [])]
    if stage.parts and not block.part:
        ranges = [each.range for blocks in stage.parts.values() for each in blocks]
    else:
        ranges = [*_shown(net, first.inputs[0]), *(each.range for each in net.weights if each.layer == first.name)]
    return Words(frozenset(words), frozenset(operators.split()), frozenset("0" if is_relu else ""), tuple(ranges))


def of_prediction(net: Declared) -> Words:
    """The words for the predicted class."""
    ranges = list(_shown(net, net.network.nodes[-1].name))
    if net.classes is not None:
        ranges.append(net.classes)
    return Words(frozenset({"INDEX", "MATCH", "MAX"}), frozenset("-"), frozenset("01"), tuple(ranges))


def objection(formula: str, sheet: str, words: Words) -> str:
    """What is wrong with a formula's words, in a few words of our own; empty where nothing is."""
    return next(_objections(syntax.parts(formula, sheet), words), "")


def _objections(parts: syntax.Parts, words: Words) -> Iterator[str]:
    for function in sorted(parts.functions - words.functions):
        yield f"the formula calls {function}, which its layer has no need of"
    for operator in sorted(parts.operators - words.operators):
        yield f"the formula uses {operator}, which its layer has no need of"
    for number in sorted(parts.numbers - words.numbers):
        yield f"the formula holds the number {number}; numbers belong in cells"
    for other in parts.others:
        yield f"the formula holds {other}, which is neither a cell nor a range"
    for where in parts.ranges:
        if not any(_contains(block, where) for block in words.ranges):
            yield f"the formula reads {where.address}, which is outside the blocks that its layer reads"
    for where in parts.ranges_beside_operators:
        yield f"the formula calculates with the range {where.address} outside a function, which Excel does not do alike"


def _shown(net: Declared, name: str) -> Sequence[Range]:
    """The blocks that show a layer's output, also through views such as Flatten."""
    while name != INPUT and net.network[name].layer.view:
        name = net.network[name].inputs[0]
    if name == INPUT:
        return [block.range for block in net.inputs]
    return [block.range for stage in net.stages if stage.result == name for block in stage.outputs]


def _contains(outer: Range, inner: Range) -> bool:
    return (
        outer.sheet == inner.sheet
        and outer.row <= inner.row
        and outer.column <= inner.column
        and inner.row + inner.height <= outer.row + outer.height
        and inner.column + inner.width <= outer.column + outer.width
    )
