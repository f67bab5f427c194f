"""What each element of a layer is, said once in operations that numbers and a finite field have in common.

In numbers it is what the reference computes, which tests hold it to; in the field formulas are held to it. Nothing here
knows of cells, of formulas or of the reference; an element's index is worked out from the layer's definition alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from math import prod
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from xlconv import layers
from xlconv.errors import NetworkError
from xlconv.formula.elements import Elements, Flags
from xlconv.layers import Layer, Shape

E = TypeVar("E", bound=Elements)
Index = Sequence[NDArray[np.int64]]
"""Of elements: one array for each axis."""


@dataclass(frozen=True)
class Source(Generic[E]):
    """What a layer reads.

    Args:
        numbers: In the shape of its input; 0 where there is nothing.
        there: Where there is something; everywhere if None.
    """

    numbers: E
    there: Flags | None = None

    def at(self, *index: NDArray[np.int64]) -> tuple[E, Flags]:
        """The numbers at some index, and which of them there are: outside of the input there are zeros, and nothing."""
        index = tuple(np.broadcast_arrays(*index))
        sides = zip(index, self.numbers.shape, strict=True)
        inside = np.logical_and.reduce([(at >= 0) & (at < size) for at, size in sides])
        within = tuple(np.where(inside, at, 0) for at in index)
        there = inside if self.there is None else inside & self.there[within]
        numbers = self.numbers[within]
        return numbers.where(there, numbers.of(np.zeros((1,) * inside.ndim))), there

    def all(self) -> tuple[E, Flags]:
        """All numbers in one row."""
        size = prod(self.numbers.shape)
        there = np.ones(size, bool) if self.there is None else self.there.ravel()
        return self.numbers.reshape(size), there


@dataclass(frozen=True)
class Operands(Generic[E]):
    """What a layer's elements are made of.

    Args:
        x: What it reads, `(C, H, W)` or `(N,)`.
        weights: Its own, keyed `weight`, `bias` and the like, in their shapes.
        parts: Intermediate results that are known, by name.
        others: What else it reads, if it reads several layers.
    """

    x: Source[E]
    weights: Mapping[str, E] = field(default_factory=dict)
    parts: Mapping[str, E] = field(default_factory=dict)
    others: tuple[Source[E], ...] = ()


@singledispatch
def mean(layer: Layer, of: Operands[E], at: Index) -> E:
    """Some elements of a layer's output.

    Args:
        layer: The layer.
        of: What they are made of.
        at: (K,) the index of each along every axis of the output.

    Returns:
        (K,) the elements.
    """
    if not layer.elementwise:
        raise NetworkError(f"it is not said what {type(layer).__name__} means")
    return element(layer, of.x.at(*at)[0], of_channel(of.weights, at))


@singledispatch
def element(layer: Layer, x: E, weights: Mapping[str, E]) -> E:
    """What an elementwise layer makes of some elements.

    Args:
        layer: The layer.
        x: (K,) the elements.
        weights: Its own, of each element's channel, (K,).
    """
    raise NetworkError(f"it is not said what {type(layer).__name__} means")


def of_channel(weights: Mapping[str, E], at: Index) -> dict[str, E]:
    """The weights of an elementwise layer that go with some elements: one of each kind for each channel."""
    return {name: numbers[at[0]] for name, numbers in weights.items()}


@singledispatch
def part(layer: Layer, name: str, of: Operands[E], at: Index) -> E:
    """Some elements of an intermediate result."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate result {name!r}")


def reads(layer: Layer, shape: Shape) -> int:
    """About how many numbers an element reads of an input of some shape."""
    sizes = [prod(size[1:]) for size in layer.weight_shapes.values()]
    if isinstance(layer, (layers.MaxPool2d, layers.AvgPool2d)):
        return prod(layer.kernel_size)
    return max([*sizes, prod(shape) if layer.parts or isinstance(layer, layers.AdaptiveAvgPool2d) else 1])


def prediction(x: E, labels: E | None) -> E:
    """(1,) where the largest of a vector stands, from 0; or the label that stands there."""
    place = x.place_of(x.largest())
    return place - x.of(np.ones(1)) if labels is None else labels.picked(place)


@mean.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, of: Operands[E], at: Index) -> E:
    """`y[o,i,j] = b[o] + sum_cmn w[o,c,m,n] x[g+c, i*s+m*d-top, j*s+n*d-left]`."""
    o, i, j = (each[:, None] for each in at)
    c, m, n = np.indices((layer.group_size, *layer.kernel_size)).reshape(3, -1)
    (down, right), (below, beside), (left, _, top, _) = layer.stride, layer.dilation, layer.sides
    first = o // (layer.out_channels // layer.groups) * layer.group_size
    window, _ = of.x.at(first + c, i * down + m * below - top, j * right + n * beside - left)
    y = (window * of.weights["weight"][o, c, m, n]).sum()
    return (y + of.weights["bias"][o] if layer.bias else y)[:, 0]


@mean.register(layers.Linear)
def linear(layer: layers.Linear, of: Operands[E], at: Index) -> E:
    """`y[o] = b[o] + sum_n w[o,n] x[n]`."""
    (o,) = at
    y = (of.x.numbers[None] * of.weights["weight"][o]).sum()[:, 0]
    return y + of.weights["bias"][o] if layer.bias else y


@mean.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, of: Operands[E], at: Index) -> E:
    """`y[c,i,j] = max_mn x[c, i*s+m-p, j*s+n-p]` over the places inside the input."""
    window, there = of.x.at(*_window(layer, at))
    return window.largest(there).taken(..., 0)


@mean.register(layers.AvgPool2d)
def avg_pool2d(layer: layers.AvgPool2d, of: Operands[E], at: Index) -> E:
    """`y[c,i,j] = sum_mn x[c, i*s+m-p, j*s+n-p] / n`, n being the places of the window that count."""
    c, i, j = _window(layer, at)
    window, _ = of.x.at(c, i, j)
    counts = np.ones(np.broadcast_shapes(i.shape, j.shape), bool)
    for place, size, pad in zip((i, j), of.x.numbers.shape[1:], layer.padding, strict=True):
        around = pad if layer.count_include_pad else 0
        counts = counts & (place >= -around) & (place < size + around)
    return (window.sum() / window.of(counts.sum(axis=1, keepdims=True)))[:, 0]


@mean.register(layers.AdaptiveAvgPool2d)
def adaptive_avg_pool2d(layer: layers.AdaptiveAvgPool2d, of: Operands[E], at: Index) -> E:
    """`y[c,0,0]` is the mean of channel c."""
    numbers = of.x.numbers.reshape(of.x.numbers.shape[0], -1)
    return (numbers.sum() / numbers.of(np.full((1, 1), float(numbers.shape[1]))))[at[0], 0]


def _window(layer: layers.MaxPool2d | layers.AvgPool2d, at: Index) -> Index:
    """Channels, rows and columns of what windows cover: (K, places) each, also outside of the input."""
    c, i, j = (each[:, None] for each in at)
    m, n = np.indices(layer.kernel_size).reshape(2, -1)
    (down, right), (top, left) = layer.stride, layer.padding
    return c, i * down + m - top, j * right + n - left


@mean.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, of: Operands[E], at: Index) -> E:
    """`y[c,i,j] = x[c, i-top, j-left]`, zeros outside the input."""
    (c, i, j), (left, _, top, _) = at, layer.padding
    return of.x.at(c, i - top, j - left)[0]


@mean.register(layers.ReflectionPad2d)
def reflection_pad2d(layer: layers.ReflectionPad2d, of: Operands[E], at: Index) -> E:
    """`y[c,i,j] = x[c, i-top, j-left]`, mirrored at the first and last row and column."""
    (c, i, j), (left, _, top, _) = at, layer.padding
    _, height, width = of.x.numbers.shape
    return of.x.at(c, _mirrored(i - top, height - 1), _mirrored(j - left, width - 1))[0]


def _mirrored(place: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    """Places before the first or behind the last one as those that they mirror."""
    before: NDArray[np.int64] = np.abs(place)
    return np.where(before > last, 2 * last - before, before)


@mean.register(layers.Add)
def add(layer: layers.Add, of: Operands[E], at: Index) -> E:
    """`y = x_0 + x_1 + ...`."""
    y = of.x.at(*at)[0]
    for other in of.others:
        y = y + other.at(*at)[0]
    return y


@mean.register(layers.Concat)
def concat(layer: layers.Concat, of: Operands[E], at: Index) -> E:
    """One behind the other along the first axis."""
    first, *rest = at
    y, begin = of.x.at(first, *rest)[0], 0
    for before, source in zip((of.x, *of.others), of.others, strict=False):
        begin += before.numbers.shape[0]
        y = y.where(first < begin, source.at(first - begin, *rest)[0])
    return y


@element.register(layers.ReLU)
def relu(layer: layers.ReLU, x: E, weights: Mapping[str, E]) -> E:
    """`y = max(0, x)`."""
    return x.relu()


@element.register(layers.LeakyReLU)
def leaky_relu(layer: layers.LeakyReLU, x: E, weights: Mapping[str, E]) -> E:
    """`y = max(0, x) + negative_slope * min(0, x)`."""
    return x.relu() - x.of(np.full(1, layer.negative_slope)) * (-x).relu()


@element.register(layers.Sigmoid)
def sigmoid(layer: layers.Sigmoid, x: E, weights: Mapping[str, E]) -> E:
    """`y = 1 / (1 + exp(-x))`."""
    one = x.of(np.ones(1))
    return one / (one + (-x).exp())


@element.register(layers.Tanh)
def tanh(layer: layers.Tanh, x: E, weights: Mapping[str, E]) -> E:
    """`y = (e^x - e^-x) / (e^x + e^-x)`."""
    return x.unary("TANH")


@element.register(layers.BatchNorm2d)
@element.register(layers.BatchNorm1d)
def batch_norm(layer: layers.BatchNorm2d | layers.BatchNorm1d, x: E, weights: Mapping[str, E]) -> E:
    """`y = (x - running_mean) / sqrt(running_var + eps) * weight + bias`."""
    spread = (weights["running_var"] + x.of(np.full(1, layer.eps))).unary("SQRT")
    y = (x - weights["running_mean"]) / spread
    return y * weights["weight"] + weights["bias"] if layer.affine else y


@mean.register(layers.Dropout)
def dropout(layer: layers.Dropout, of: Operands[E], at: Index) -> E:
    """The same numbers: nothing is left out in evaluation."""
    return of.x.at(*at)[0]


@mean.register(layers.Flatten)
def flatten(layer: layers.Flatten, of: Operands[E], at: Index) -> E:
    """The same numbers in the order C, H, W."""
    return of.x.all()[0][at[0]]


@mean.register(layers.Softmax)
def softmax(layer: layers.Softmax, of: Operands[E], at: Index) -> E:
    """`y[i] = exp(x[i] - max x) / sum_j exp(x[j] - max x)`."""
    total = of.parts.get("sum", of.parts.get("plain sum"))
    exp = _exponentials(of, is_plain="plain sum" in of.parts)
    return exp[at[0]] / (exp.sum() if total is None else total)


@mean.register(layers.LogSoftmax)
def log_softmax(layer: layers.LogSoftmax, of: Operands[E], at: Index) -> E:
    """`y[i] = x[i] - max x - ln sum_j exp(x[j] - max x)`."""
    numbers, there = of.x.all()
    is_plain = any(name.startswith("plain") for name in of.parts)
    most = numbers.of(np.zeros(1)) if is_plain else of.parts.get("max", numbers.largest(there))
    total = of.parts.get("sum", of.parts.get("plain sum"))
    if total is None:
        total = _exponentials(of, is_plain=is_plain).sum()
    return numbers[at[0]] - most - total.unary("LN")


@part.register(layers.Softmax)
@part.register(layers.LogSoftmax)
def softmax_part(layer: layers.Softmax | layers.LogSoftmax, name: str, of: Operands[E], at: Index) -> E:
    """`max`, `exp` (of x less the largest), `plain exp` (of x as it is), `sum` and `plain sum` (of all of these)."""
    if name == "max":
        numbers, there = of.x.all()
        return numbers.largest(there)
    exp = _exponentials(of, is_plain=name.startswith("plain"))
    return exp[at[0]] if name.endswith("exp") else exp.sum()


def _exponentials(of: Operands[E], *, is_plain: bool) -> E:
    """Those that are known, or of all numbers, as they are or less the largest."""
    known = of.parts.get("exp", of.parts.get("plain exp"))
    if known is not None:
        return known
    numbers, there = of.x.all()
    if is_plain:
        return numbers.exp()
    return (numbers - (of.parts["max"] if "max" in of.parts else numbers.largest(there))).exp()
