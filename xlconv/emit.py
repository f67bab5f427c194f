"""The text of one cell's formula, for each layer: `formula(layer, operands, index)`.

Only functions that Excel 2010, LibreOffice, Google Sheets, Gnumeric and the embedded engine compute alike. This
module knows addresses and layers; it must not know arrays of numbers, nor the reference model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch

from xlconv import layers
from xlconv.cells import Blocks, Range
from xlconv.errors import NetworkError
from xlconv.layers import Layer

_LONGEST_CHAIN = 60
"""Terms joined by `+`; more go through SUM, as engines limit the depth of a chain."""

_SUM_ARGUMENTS = 200
"""Below Excel's 255."""


@dataclass(frozen=True)
class Operands:
    """Where the numbers stand that a layer reads.

    Args:
        x: The layer's input.
        weight: For each output channel (or feature) the blocks that go with the blocks of `x`.
        bias: For each output channel (or feature) one cell; empty without bias.
        parts: Intermediate results of the layer itself that have cells of their own, by name.
    """

    x: Blocks
    weight: Sequence[Sequence[Range]] = ()
    bias: Sequence[Range] = ()
    parts: Mapping[str, Blocks] = field(default_factory=dict)


@singledispatch
def formula(layer: Layer, operands: Operands, index: tuple[int, ...]) -> str:
    """The expression, without `=`, of the output element at `index`.

    Args:
        layer: What to compute.
        operands: Where its numbers stand.
        index: `(c, i, j)` in an image, `(n,)` in a vector.
    """
    raise NetworkError(f"no formula is known for {type(layer).__name__}")


@singledispatch
def wrap(layer: Layer, expression: str) -> str:
    """The expression of an elementwise layer around that of its input."""
    raise NetworkError(f"{type(layer).__name__} cannot wrap a formula")


@singledispatch
def part_formula(layer: Layer, part: str, operands: Operands, index: tuple[int, ...]) -> str:
    """The expression of an element of one of the layer's intermediate results."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate result {part!r}")


@formula.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`SUMPRODUCT(x_0[window],w_o0)+SUMPRODUCT(x_1[window],w_o1)+...+b_o`; what lies outside the input is left out."""
    o, i, j = index
    kernels, images = operands.weight[o], operands.x.ranges
    top, left = i * layer.stride[0] - layer.padding[0], j * layer.stride[1] - layer.padding[1]
    row, height = _inside(top, layer.kernel_size[0], images[0].height)
    column, width = _inside(left, layer.kernel_size[1], images[0].width)
    terms = []
    for x, w in zip(images, kernels, strict=True):
        window = x.part(row, column, height, width)
        kernel = w if (height, width) == layer.kernel_size else w.part(row - top, column - left, height, width)
        terms.append(f"SUMPRODUCT({window.address},{kernel.absolute})")
    return _sum(terms + [cell.absolute for cell in operands.bias[o : o + 1]])


@formula.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`MAX(x_c[window])`."""
    c, i, j = index
    x = operands.x.ranges[c]
    row, height = _inside(i * layer.stride[0] - layer.padding[0], layer.kernel_size[0], x.height)
    column, width = _inside(j * layer.stride[1] - layer.padding[1], layer.kernel_size[1], x.width)
    return f"MAX({x.part(row, column, height, width).address})"


@formula.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`x_c[i-top,j-left]`; 0 outside the input."""
    c, i, j = index
    left, _, top, _ = layer.padding
    x = operands.x.ranges[c]
    row, column = i - top, j - left
    return x.part(row, column).address if 0 <= row < x.height and 0 <= column < x.width else "0"


@formula.register(layers.Linear)
def linear(layer: layers.Linear, operands: Operands, index: tuple[int, ...]) -> str:
    """`SUMPRODUCT(x_0,w_o0)+SUMPRODUCT(x_1,w_o1)+...+b_o`, one product for each block of the input."""
    (o,) = index
    pairs = zip(operands.x.ranges, operands.weight[o], strict=True)
    terms = [f"SUMPRODUCT({x.absolute},{w.absolute})" for x, w in pairs]
    return _sum(terms + [cell.absolute for cell in operands.bias[o : o + 1]])


@formula.register(layers.ReLU)
def relu(layer: layers.ReLU, operands: Operands, index: tuple[int, ...]) -> str:
    """`MAX(0,x)`."""
    return wrap(layer, operands.x.cell(index).address)


@wrap.register(layers.ReLU)
def wrap_relu(layer: layers.ReLU, expression: str) -> str:
    """`MAX(0,...)`."""
    return f"MAX(0,{expression})"


@formula.register(layers.Softmax)
def softmax(layer: layers.Softmax, operands: Operands, index: tuple[int, ...]) -> str:
    """`e_i/SUM(e)`, e being the column of exponentials."""
    exp = operands.parts["exp"]
    return f"{exp.cell(index).address}/{_over('SUM', exp)}"


@part_formula.register(layers.Softmax)
def softmax_exp(layer: layers.Softmax, part: str, operands: Operands, index: tuple[int, ...]) -> str:
    """`EXP(x_i-MAX(x))`: the maximum is subtracted because EXP overflows at 710."""
    return f"EXP({operands.x.cell(index).address}-{_over('MAX', operands.x)})"


def prediction(output: Blocks, classes: Range | None) -> str:
    """The class (or index from 0) of the largest element of the network's last vector."""
    (vector,) = output.ranges
    place = f"MATCH(MAX({vector.absolute}),{vector.absolute},0)"
    return f"INDEX({classes.absolute},{place})" if classes else f"{place}-1"


def _inside(start: int, length: int, size: int) -> tuple[int, int]:
    """Start and length of the part of a window that lies inside 0..size."""
    first = max(start, 0)
    return first, min(start + length, size) - first


def _over(function: str, blocks: Blocks) -> str:
    return f"{function}({','.join(block.absolute for block in blocks.ranges)})"


def _sum(terms: list[str]) -> str:
    if len(terms) <= _LONGEST_CHAIN:
        return "+".join(terms)
    chunks = [terms[at : at + _SUM_ARGUMENTS] for at in range(0, len(terms), _SUM_ARGUMENTS)]
    return "+".join(f"SUM({','.join(chunk)})" for chunk in chunks)
