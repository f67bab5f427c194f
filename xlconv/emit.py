"""The text of one cell's formula, for each layer: `formula(layer, operands, index)`.

Only functions that Excel 2010, LibreOffice, Google Sheets, Gnumeric and the embedded engine compute alike. This
module knows addresses and layers; it must not know arrays of numbers, nor the reference model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
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
        vectors: By name the weights of which there is one for each output channel (or feature), such as `bias`.
        parts: Intermediate results of the layer itself that have cells of their own, by name.
        others: Further inputs, of a layer that reads several.
    """

    x: Blocks
    weight: Sequence[Sequence[Range]] = ()
    vectors: Mapping[str, Sequence[Range]] = field(default_factory=dict)
    parts: Mapping[str, Blocks] = field(default_factory=dict)
    others: tuple[Blocks, ...] = ()

    def with_bias(self, terms: list[str], o: int) -> str:
        """The sum of some terms and of the bias, if there is one, of an output channel (or feature)."""
        return _sum(terms + [cell.absolute for cell in self.vectors.get("bias", ())[o : o + 1]])

    def of_channel(self, o: int) -> dict[str, str]:
        """The addresses of an elementwise layer's weights that go with a channel (or element)."""
        return {name: cells[o].absolute for name, cells in self.vectors.items()}


@singledispatch
def formula(layer: Layer, operands: Operands, index: tuple[int, ...]) -> str:
    """The expression, without `=`, of the output element at `index`.

    Args:
        layer: What to compute.
        operands: Where its numbers stand.
        index: `(c, i, j)` in an image, `(n,)` in a vector.
    """
    if not layer.elementwise:
        raise NetworkError(f"no formula is known for {type(layer).__name__}")
    return wrap(layer, operands.x.cell(index).address, operands.of_channel(index[0]))


@singledispatch
def wrap(layer: Layer, expression: str, weights: Mapping[str, str]) -> str:
    """The expression of an elementwise layer around that of its input.

    Args:
        layer: What to compute.
        expression: Of what it reads.
        weights: The addresses of its weights for this element, by name.
    """
    raise NetworkError(f"{type(layer).__name__} cannot wrap a formula")


@singledispatch
def part_formula(layer: Layer, part: str, operands: Operands, index: tuple[int, ...]) -> str:
    """The expression of an element of one of the layer's intermediate results."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate result {part!r}")


@formula.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`SUMPRODUCT(x_0[window],w_o0)+SUMPRODUCT(x_1[window],w_o1)+...+b_o`; what lies outside the input is left out."""
    o, i, j = index
    first = o // (layer.out_channels // layer.groups) * layer.group_size
    images = operands.x.ranges[first : first + layer.group_size]
    (down, right), (left, _, above, _) = layer.stride, layer.sides
    products = _products if layer.dilation == (1, 1) else _dilated
    terms = [
        term
        for x, w in zip(images, operands.weight[o], strict=True)
        for term in products(layer, x, w, i * down - above, j * right - left)
    ]
    return operands.with_bias(terms, o)


def _products(layer: layers.Conv2d, x: Range, w: Range, top: int, left: int) -> list[str]:
    """One sum of products, for a window whose cells lie side by side."""
    row, height = _inside(top, layer.kernel_size[0], x.height)
    column, width = _inside(left, layer.kernel_size[1], x.width)
    window = x.part(row, column, height, width)
    kernel = w if (height, width) == layer.kernel_size else w.part(row - top, column - left, height, width)
    return [f"SUMPRODUCT({window.address},{kernel.absolute})"]


def _dilated(layer: layers.Conv2d, x: Range, w: Range, top: int, left: int) -> list[str]:
    """Product by product, for a window with cells left out between; none where all of it lies outside."""
    (height, width), (below, beside) = layer.kernel_size, layer.dilation
    places = [(m, n, top + m * below, left + n * beside) for m in range(height) for n in range(width)]
    return [
        f"{x.part(row, column).address}*{w.part(m, n).absolute}"
        for m, n, row, column in places
        if 0 <= row < x.height and 0 <= column < x.width
    ]


@formula.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`MAX(x_c[window])`."""
    return f"MAX({_window(layer, operands, index)[0].address})"


@formula.register(layers.AvgPool2d)
def avg_pool2d(layer: layers.AvgPool2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`SUM(x_c[window])/n`: AVERAGE would leave out blank cells, which are zeros."""
    window, (height, width) = _window(layer, operands, index)
    count = height * width if layer.count_include_pad else window.size
    return f"SUM({window.address})/{count}"


def _window(
    layer: layers.MaxPool2d | layers.AvgPool2d, operands: Operands, index: tuple[int, ...]
) -> tuple[Range, tuple[int, int]]:
    """What a window covers of its channel, and its height and width with the padding that it covers."""
    c, *at = index
    x = operands.x.ranges[c]
    parts, sizes = [], []
    for n, k, s, p, i in zip((x.height, x.width), layer.kernel_size, layer.stride, layer.padding, at, strict=True):
        parts.append(_inside(i * s - p, k, n))
        sizes.append(min(i * s - p + k, n + p) - (i * s - p))
    (row, height), (column, width) = parts
    return x.part(row, column, height, width), (sizes[0], sizes[1])


@formula.register(layers.AdaptiveAvgPool2d)
def adaptive_avg_pool2d(layer: layers.AdaptiveAvgPool2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`SUM(x_c)/n`."""
    x = operands.x.ranges[index[0]]
    return f"SUM({x.address})/{x.size}"


@formula.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`x_c[i-top,j-left]`; 0 outside the input."""
    c, i, j = index
    left, _, top, _ = layer.padding
    x = operands.x.ranges[c]
    row, column = i - top, j - left
    return x.part(row, column).address if 0 <= row < x.height and 0 <= column < x.width else "0"


@formula.register(layers.ReflectionPad2d)
def reflection_pad2d(layer: layers.ReflectionPad2d, operands: Operands, index: tuple[int, ...]) -> str:
    """`x_c[i-top,j-left]`, mirrored at the first and last row and column."""
    c, i, j = index
    left, _, top, _ = layer.padding
    x = operands.x.ranges[c]
    return x.part(_mirrored(i - top, x.height), _mirrored(j - left, x.width)).address


@formula.register(layers.Linear)
def linear(layer: layers.Linear, operands: Operands, index: tuple[int, ...]) -> str:
    """`SUMPRODUCT(x_0,w_o0)+SUMPRODUCT(x_1,w_o1)+...+b_o`, one product for each block of the input."""
    (o,) = index
    pairs = zip(operands.x.ranges, operands.weight[o], strict=True)
    return operands.with_bias([f"SUMPRODUCT({x.absolute},{w.absolute})" for x, w in pairs], o)


@formula.register(layers.Add)
def add(layer: layers.Add, operands: Operands, index: tuple[int, ...]) -> str:
    """`x_0+x_1+...`."""
    return _sum([x.cell(index).address for x in (operands.x, *operands.others)])


@formula.register(layers.Concat)
def concat(layer: layers.Concat, operands: Operands, index: tuple[int, ...]) -> str:
    """The number of the layer in whose turn it is."""
    first, *rest = index
    for x in (operands.x, *operands.others):
        count = len(x.ranges) if rest else sum(block.size for block in x.ranges)
        if first < count:
            return x.cell((first, *rest)).address
        first -= count
    raise NetworkError(f"Concat has no element {index}")


@wrap.register(layers.ReLU)
def relu(layer: layers.ReLU, expression: str, weights: Mapping[str, str]) -> str:
    """`MAX(0,x)`."""
    return f"MAX(0,{expression})"


@wrap.register(layers.LeakyReLU)
def leaky_relu(layer: layers.LeakyReLU, expression: str, weights: Mapping[str, str]) -> str:
    """`MAX(0,x)+0.01*MIN(0,x)`."""
    return f"MAX(0,{expression})+{_number(layer.negative_slope)}*MIN(0,{expression})"


@wrap.register(layers.Sigmoid)
def sigmoid(layer: layers.Sigmoid, expression: str, weights: Mapping[str, str]) -> str:
    """`1/(1+EXP(MIN(709,-x)))`: EXP overflows at 710, where 1/(1+EXP(709)) is as good as 0."""
    return f"1/(1+EXP(MIN(709,-{_grouped(expression)})))"


@wrap.register(layers.Tanh)
def tanh(layer: layers.Tanh, expression: str, weights: Mapping[str, str]) -> str:
    """`TANH(x)`."""
    return f"TANH({expression})"


@wrap.register(layers.BatchNorm2d)
@wrap.register(layers.BatchNorm1d)
def batch_norm(layer: layers.BatchNorm2d | layers.BatchNorm1d, expression: str, weights: Mapping[str, str]) -> str:
    """`(x-mean)/SQRT(var+0.00001)*weight+bias`."""
    y = f"({expression}-{weights['running_mean']})/SQRT({weights['running_var']}+{_number(layer.eps)})"
    return f"{y}*{weights['weight']}+{weights['bias']}" if layer.affine else y


@formula.register(layers.Softmax)
def softmax(layer: layers.Softmax, operands: Operands, index: tuple[int, ...]) -> str:
    """`e_i/SUM(e)`, e being the column of exponentials."""
    exp = operands.parts["exp"]
    return f"{exp.cell(index).address}/{_over('SUM', exp)}"


@formula.register(layers.LogSoftmax)
def log_softmax(layer: layers.LogSoftmax, operands: Operands, index: tuple[int, ...]) -> str:
    """`x_i-MAX(x)-LN(SUM(e))`, e being the column of exponentials."""
    exp = operands.parts["exp"]
    return f"{operands.x.cell(index).address}-{_over('MAX', operands.x)}-LN({_over('SUM', exp)})"


@part_formula.register(layers.Softmax)
@part_formula.register(layers.LogSoftmax)
def softmax_exp(layer: Layer, part: str, operands: Operands, index: tuple[int, ...]) -> str:
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


def _mirrored(place: int, size: int) -> int:
    """A place before the first or behind the last as the one that it mirrors."""
    return size - 1 - abs(size - 1 - abs(place))


def _grouped(expression: str) -> str:
    """In parentheses, unless it is one address."""
    return expression if expression.replace("$", "").isalnum() else f"({expression})"


def _number(value: float) -> str:
    """A number as a formula spells it."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _sum(terms: list[str]) -> str:
    """The sum of some terms; 0 where there are none."""
    if len(terms) <= _LONGEST_CHAIN:
        return "+".join(terms) or "0"
    chunks = [terms[at : at + _SUM_ARGUMENTS] for at in range(0, len(terms), _SUM_ARGUMENTS)]
    return "+".join(f"SUM({','.join(chunk)})" for chunk in chunks)
