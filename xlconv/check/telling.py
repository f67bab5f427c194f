"""How elements of a layer come about, step by step, in NumPy, and in words: one function for each type of layer.

Each is worked out from the layer's definition, for any number of elements at once; of formulas and cells nothing is
known here. The words are the contract's, in `xlconv.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import layers, wording
from xlconv.check.sentences import Clause, Field
from xlconv.errors import NetworkError
from xlconv.layers import Layer
from xlconv.network import FloatArray

Steps: TypeAlias = dict[str, FloatArray]
"""Tables by name, without `explore_`, each (elements, height, width); NaN is an empty text, as is what is missing."""

Ints: TypeAlias = NDArray[np.int64]

WINDOW_KINDS: Final = ("window", "kernel", "product")
"""Tables of one channel of a window."""


@dataclass(frozen=True)
class LayerElements:
    """N elements of one layer's output, and what they are made of.

    Args:
        x: What the layer reads, as channels, rows and columns.
        weights: The layer's own, keyed `weight` and `bias`.
        at: Channel, row and column of each element, (N, 3); those of a vector are (n, 0, 0).
        is_vector: Whether they are a vector's.
        result: The elements themselves, with what inline layers make of them.
        reads: What the layer reads, in words.
        relus: How many ReLUs its formulas have.
    """

    x: FloatArray
    weights: Mapping[str, FloatArray]
    at: Ints
    is_vector: bool
    result: FloatArray
    reads: str
    relus: int

    @property
    def channel(self) -> Ints:
        """Of each element."""
        return self.at[:, 0]


class Window(NamedTuple):
    """What one element is made of: channels, height and width, stride, and padding above and at the left."""

    channels: int
    height: int
    width: int
    down: int = 1
    right: int = 1
    above: int = 0
    left: int = 0

    def rows(self, elements: LayerElements) -> FloatArray:
        """(N, height): the rows of the source, from 0, that windows cover, also outside of it."""
        return _positions(elements.at[:, 1], self.down, self.above, self.height)

    def columns(self, elements: LayerElements) -> FloatArray:
        """(N, width): the columns, likewise."""
        return _positions(elements.at[:, 2], self.right, self.left, self.width)


class Told(NamedTuple):
    """What is shown of some elements, and what is said of them.

    Args:
        window: What one element is made of.
        steps: The tables that only layers of some types have.
        words: What is told; of each element all clauses that apply.
        panel: Where the window is shown: with most others, or those of dense layers (`dense_`), or the `softmax`.
    """

    window: Window
    steps: Steps
    words: tuple[Clause, ...]
    panel: str = ""


def _positions(at: Ints, step: int, before: int, size: int) -> FloatArray:
    positions: FloatArray = (at * step - before)[:, None] + np.arange(float(size))
    return positions


@singledispatch
def tell(layer: Layer, _elements: LayerElements) -> Told:
    """The steps that lead to elements of a layer, and the words for them."""
    raise NetworkError(f"it is not known what {type(layer).__name__} is made of")


@tell.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, elements: LayerElements) -> Told:
    """`p_k = x_k * w_k` of each channel k, their sums, and the bias: `y = b + sum_k sum p_k`."""
    lies = Window(layer.in_channels, *layer.kernel_size, *layer.stride, *layer.padding)
    found = _indices(lies, elements)
    read = np.stack([_cut(image, found, 0.0) for image in elements.x])
    kernels = elements.weights["weight"][elements.channel].swapaxes(0, 1)
    sums = _products("", read, kernels, elements)
    told = Clause(
        wording.CONV,
        {
            **_span(lies, found, elements),
            **_sum(sums, elements),
            "each": _clause(wording.EACH, k=_all(elements, lies.channels)) if lies.channels != 1 else (),
            "outside": (Clause(wording.ZEROS_OUTSIDE, applies=_reaches_out(found, elements.x)),),
        },
    )
    return Told(lies, {**found, **sums}, (told,))


@tell.register(layers.Linear)
def linear(_layer: layers.Linear, elements: LayerElements) -> Told:
    """`p_k = x_k * w_k` over all that the layer reads, and `y = b + sum_k sum p_k`."""
    shape = elements.x.shape
    kernels = elements.weights["weight"][elements.channel].reshape(-1, *shape).swapaxes(0, 1)
    read = np.broadcast_to(elements.x[:, None], kernels.shape)
    sums = _products("dense_", read, kernels, elements)
    count = _count(elements)
    told = _clause(wording.DENSE, reads=elements.reads, count=count, **_sum(sums, elements))
    return Told(Window(*shape), sums, told, "dense_")


@tell.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, elements: LayerElements) -> Told:
    """`y = max x` over the window, with nothing outside of the source."""
    lies = Window(1, *layer.kernel_size, *layer.stride, *layer.padding)
    found = _indices(lies, elements)
    read = _cut(elements.x, found, np.nan, elements.channel)
    most: FloatArray = np.nanmax(read, axis=(1, 2))
    told = Clause(
        wording.POOL,
        {
            **_span(lies, found, elements),
            "c": elements.channel.astype(float),
            "most": most,
            "outside": (Clause(wording.NOTHING_OUTSIDE, applies=_reaches_out(found, elements.x)),),
            "relu": _relu(most, elements),
        },
    )
    return Told(lies, {**found, "window_0": read}, (told,))


@tell.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, elements: LayerElements) -> Told:
    """`y` is the one cell that is read, or 0."""
    left, _, top, _ = layer.padding
    lies = Window(1, 1, 1, above=top, left=left)
    found = _indices(lies, elements)
    read = _cut(elements.x, found, 0.0, elements.channel)
    x, outside = _number(read), _reaches_out(found, elements.x)
    fields: dict[str, Field] = {"row": _number(found["window_row"]), "column": _number(found["window_column"])}
    fields |= {"reads": elements.reads, "x": x, "relu": _relu(x, elements)}
    told = Clause(wording.PAD_OUTSIDE, fields, outside), Clause(wording.PAD_INSIDE, fields, ~outside)
    return Told(lies, {**found, "window_0": read}, told)


@tell.register(layers.ReLU)
def relu(_layer: layers.ReLU, elements: LayerElements) -> Told:
    """`y = max(0, x)` of the one cell that is read."""
    channel, row, column = elements.at.T
    if elements.is_vector:
        channel, row = column, channel
    read = _cell(elements.x[channel, row, column])
    found = {"window_row": _cell(row), "window_column": _cell(column), "window_0": read, "before": read}
    x = _number(read)
    return Told(Window(1, 1, 1), found, _clause(wording.RELU, reads=elements.reads, x=x, relu=_relu(x, elements)))


@tell.register(layers.Softmax)
def softmax(_layer: layers.Softmax, elements: LayerElements) -> Told:
    """`x`, `x - max x`, `e = exp(x - max x)`, `e / sum e`."""
    x = elements.x.ravel()
    below = x - x.max()
    e = np.exp(below)
    most, total = _all(elements, x.max()), _all(elements, e.sum())
    table = np.stack([x, below, e, e / e.sum()], axis=1)
    shown = np.broadcast_to(table, (len(elements.at), *table.shape))
    of = {name: table[elements.channel, at] for at, name in enumerate(("x", "less", "exp"))}
    told = Clause(wording.SOFTMAX, {**of, "most": most, "total": total, "result": elements.result})
    steps = {"softmax": shown, "max": _cell(most), "exp_sum": _cell(total)}
    return Told(Window(*elements.x.shape), steps, (told,), "softmax")


def _indices(lies: Window, elements: LayerElements) -> Steps:
    return {"window_row": lies.rows(elements)[:, :, None], "window_column": lies.columns(elements)[:, None, :]}


def _cut(images: FloatArray, found: Steps, outside: float, channel: Ints | None = None) -> FloatArray:
    """What an image, or of several the one of each element's channel, has in the rows and columns of windows."""
    height, width = images.shape[-2:]
    rows, columns = found["window_row"].astype(np.int64), found["window_column"].astype(np.int64)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    at = rows.clip(0, height - 1), columns.clip(0, width - 1)
    read = images[at] if channel is None else images[channel[:, None, None], at[0], at[1]]
    cut: FloatArray = np.where(inside, read, outside)
    return cut


def _reaches_out(found: Steps, x: FloatArray) -> NDArray[np.bool_]:
    """Whether windows reach beyond what is read."""
    ends = (found["window_row"], x.shape[1]), (found["window_column"], x.shape[2])
    beyond = [((at < 0) | (at >= size)).any(axis=(1, 2)) for at, size in ends]
    out: NDArray[np.bool_] = beyond[0] | beyond[1]
    return out


def _products(panel: str, read: FloatArray, kernels: FloatArray, elements: LayerElements) -> Steps:
    """Windows, kernels, products and sums of each channel, the bias if any, and the sum of all."""
    found: Steps = {}
    products = read * kernels
    sums: FloatArray = products.sum(axis=(2, 3))
    for k, tables in enumerate(zip(read, kernels, products, strict=True)):
        found |= {f"{panel}{kind}_{k}": table for kind, table in zip(WINDOW_KINDS, tables, strict=True)}
        found[f"{panel}sum_{k}"] = _cell(sums[k])
    total = sums.sum(axis=0)
    if "bias" in elements.weights:
        bias = elements.weights["bias"][elements.channel]
        found["bias"], total = _cell(bias), total + bias
    return {**found, "before": _cell(total)}


def _span(lies: Window, found: Steps, elements: LayerElements) -> dict[str, Field]:
    """Which rows and columns of what the window covers, and by which stride."""
    pace = {"d": _all(elements, lies.down), "r": _all(elements, lies.right)}
    return {
        "rows": _from_to(wording.ROW, wording.ROWS, found["window_row"][:, :, 0]),
        "columns": _from_to(wording.COLUMN, wording.COLUMNS, found["window_column"][:, 0, :]),
        "reads": elements.reads,
        "stride": _clause(wording.STRIDE, **pace) if (lies.down, lies.right) != (1, 1) else (),
    }


def _from_to(one: str, several: str, numbers: FloatArray) -> tuple[Clause, ...]:
    first, last = numbers[:, 0], numbers[:, -1]
    return _clause(one, first=first) if numbers.shape[1] == 1 else _clause(several, first=first, last=last)


def _sum(steps: Steps, elements: LayerElements) -> dict[str, Field]:
    """The bias, if any, the sum of all, and what becomes of it."""
    bias = _clause(wording.BIAS, bias=_number(steps["bias"])) if "bias" in steps else ()
    before = _number(steps["before"])
    return {"bias": bias, "before": before, "relu": _relu(before, elements)}


def _relu(before: FloatArray, elements: LayerElements) -> tuple[Clause, ...]:
    """One of two clauses where there is a ReLU; near zero, rounding may decide for the other."""
    if not elements.relus:
        return ()
    result: dict[str, Field] = {"result": elements.result}
    is_below, margin = before < 0, np.abs(before)
    return (
        Clause(wording.NOT_BELOW_ZERO, result, ~is_below, margin),
        Clause(wording.BELOW_ZERO, result, is_below, margin),
    )


def _count(elements: LayerElements) -> tuple[Clause, ...]:
    """How many numbers a dense layer reads: those of a vector, of one image, or of several channels."""
    k, h, w = (_all(elements, n) for n in elements.x.shape)
    if len(elements.x) != 1:
        return _clause(wording.CHANNELS_COUNT, k=k, h=h, w=w)
    return _clause(wording.IMAGE_COUNT, h=h, w=w) if elements.x.shape[2] != 1 else _clause(wording.VECTOR_COUNT, h=h)


def _clause(template: str, **fields: Field) -> tuple[Clause, ...]:
    return (Clause(template, fields),)


def _all(elements: LayerElements, number: float) -> FloatArray:
    """A number that is the same for all elements."""
    return np.full(len(elements.at), float(number))


def _cell(numbers: FloatArray | Ints) -> FloatArray:
    """A number for each element, as a table of one cell."""
    return numbers.astype(np.float64)[:, None, None]


def _number(table: FloatArray) -> FloatArray:
    """The number of a table of one cell, for each element."""
    return table[:, 0, 0]
