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
        weights: Its own, keyed `weight` and `bias`, in their shapes.
        parts: Intermediate results that are known, by name.
    """

    x: Source[E]
    weights: Mapping[str, E] = field(default_factory=dict)
    parts: Mapping[str, E] = field(default_factory=dict)


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
    raise NetworkError(f"it is not said what {type(layer).__name__} means")


@singledispatch
def part(layer: Layer, name: str, of: Operands[E], at: Index) -> E:
    """Some elements of an intermediate result."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate result {name!r}")


def reads(layer: Layer, shape: Shape) -> int:
    """About how many numbers an element reads of an input of some shape."""
    sizes = [prod(size[1:]) for size in layer.weight_shapes.values()]
    if isinstance(layer, layers.MaxPool2d):
        return prod(layer.kernel_size)
    return max([*sizes, prod(shape) if layer.parts else 1])


def inline(layer: Layer, y: E) -> E:
    """What an elementwise layer makes of elements."""
    return mean(layer, Operands(Source(y)), [np.arange(y.shape[0])])


def prediction(x: E, labels: E | None) -> E:
    """(1,) where the largest of a vector stands, from 0; or the label that stands there."""
    place = x.place_of(x.largest())
    return place - x.of(np.ones(1)) if labels is None else labels.picked(place)


@mean.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, of: Operands[E], at: Index) -> E:
    """`y[o,i,j] = b[o] + sum_cmn w[o,c,m,n] x[c, i*s+m-p, j*s+n-p]`."""
    o, i, j = (each[:, None] for each in at)
    c, m, n = np.indices((layer.in_channels, *layer.kernel_size)).reshape(3, -1)
    (down, right), (top, left) = layer.stride, layer.padding
    window, _ = of.x.at(c, i * down + m - top, j * right + n - left)
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
    c, i, j = (each[:, None] for each in at)
    m, n = np.indices(layer.kernel_size).reshape(2, -1)
    (down, right), (top, left) = layer.stride, layer.padding
    window, there = of.x.at(c, i * down + m - top, j * right + n - left)
    return window.largest(there).taken(..., 0)


@mean.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, of: Operands[E], at: Index) -> E:
    """`y[c,i,j] = x[c, i-top, j-left]`, zeros outside the input."""
    (c, i, j), (left, _, top, _) = at, layer.padding
    return of.x.at(c, i - top, j - left)[0]


@mean.register(layers.ReLU)
def relu(layer: layers.ReLU, of: Operands[E], at: Index) -> E:
    """`y = max(0, x)`."""
    return of.x.numbers.taken(*at).relu()


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


@part.register(layers.Softmax)
def softmax_part(layer: layers.Softmax, name: str, of: Operands[E], at: Index) -> E:
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
