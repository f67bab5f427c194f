"""How elements of a layer come about, step by step, in NumPy, and in words: one function for each type of layer.

Each is worked out from the layer's definition, for any number of elements at once; of formulas and cells nothing is
known here. The words are the contract's, in `xlconv.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import layers, wording
from xlconv.check.sentences import Clause, Field
from xlconv.errors import NetworkError
from xlconv.layers import Layer, Pair
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
        sources: What the layer reads, of each layer as channels, rows and columns; a vector is a column.
        weights: The layer's own, keyed `weight`, `bias` and the like.
        at: Channel, row and column of each element, (N, 3); those of a vector are (n, 0, 0).
        is_vector: Whether they are a vector's.
        reads: What the layer reads, each in words.
    """

    sources: Sequence[FloatArray]
    weights: Mapping[str, FloatArray]
    at: Ints
    is_vector: bool
    reads: Sequence[str]

    @property
    def x(self) -> FloatArray:
        """What the layer reads, of several layers the first."""
        return self.sources[0]

    @property
    def channel(self) -> Ints:
        """Of each element."""
        return self.at[:, 0]

    @property
    def place(self) -> tuple[Ints, Ints, Ints]:
        """Channel, row and column of the same element in what is read."""
        channel, row, column = self.at.T
        return (column, channel, row) if self.is_vector else (channel, row, column)


class Window(NamedTuple):
    """What one element is made of.

    Args:
        channels: That are read.
        height: Rows that are read.
        width: Columns that are read.
        stride: Down and right, from one element to the next.
        before: Rows of padding above and columns at the left.
        dilation: Down and right, from one number of the window to the next.
    """

    channels: int
    height: int
    width: int
    stride: Pair = (1, 1)
    before: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def settings(self) -> tuple[int, ...]:
        """As they are listed."""
        return self.channels, self.height, self.width, *self.stride, *self.before, *self.dilation

    def rows(self, elements: LayerElements) -> FloatArray:
        """(N, height): the rows of the source, from 0, that windows cover, also outside of it."""
        return _positions(elements.at[:, 1], self.stride[0], self.before[0], self.height, self.dilation[0])

    def columns(self, elements: LayerElements) -> FloatArray:
        """(N, width): the columns, likewise."""
        return _positions(elements.at[:, 2], self.stride[1], self.before[1], self.width, self.dilation[1])


class Told(NamedTuple):
    """What is shown of some elements, and what is said of them.

    Args:
        window: What one element is made of.
        steps: The tables that only layers of some types have.
        before: (N,) what the layer makes of it; of an elementwise layer, what it reads.
        words: What is told; of each element all clauses that apply.
        panel: Where the window is shown: with most others, or those of dense layers (`dense_`), or the `softmax`.
    """

    window: Window
    steps: Steps
    before: FloatArray
    words: tuple[Clause, ...]
    panel: str = ""


def _positions(at: Ints, step: int, before: int, size: int, apart: int) -> FloatArray:
    positions: FloatArray = (at * step - before)[:, None] + apart * np.arange(float(size))
    return positions


@singledispatch
def tell(layer: Layer, elements: LayerElements) -> Told:
    """The steps that lead to elements of a layer, and the words for them."""
    if not layer.elementwise:
        raise NetworkError(f"it is not known what {type(layer).__name__} is made of")
    x = elements.x[elements.place]
    return _one_number(x, *elements.place[1:], _clause(wording.NUMBER, reads=elements.reads[0], x=x))


def _one_number(x: FloatArray, row: Ints, column: Ints, words: tuple[Clause, ...]) -> Told:
    """A window of one number."""
    found = {"window_row": _cell(row), "window_column": _cell(column), "window_0": _cell(x)}
    return Told(Window(1, 1, 1), found, x, words)


@tell.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, elements: LayerElements) -> Told:
    """`p_k = x_k * w_k` of each channel k of the group, their sums, and the bias: `y = b + sum_k sum p_k`."""
    left, _, above, _ = layer.sides
    lies = Window(layer.group_size, *layer.kernel_size, layer.stride, (above, left), layer.dilation)
    found = _indices(lies, elements)
    first = elements.channel // (layer.out_channels // layer.groups) * layer.group_size
    read = np.stack([_cut(elements.x, found, 0.0, first + k) for k in range(layer.group_size)])
    kernels = elements.weights["weight"][elements.channel].swapaxes(0, 1)
    sums, before = _products("", read, kernels, elements)
    told = Clause(
        wording.CONV,
        {
            **_span(lies, found, elements),
            **_sum(sums, before),
            "each": _each(layer, elements, first),
            "outside": (Clause(wording.ZEROS_OUTSIDE, applies=_reaches_out(found, elements.x)),),
        },
    )
    return Told(lies, {**found, **sums}, before, (told,))


def _each(layer: layers.Conv2d, elements: LayerElements, first: Ints) -> tuple[Clause, ...]:
    """Which channels are read, where there are several."""
    if layer.groups > 1:
        k = first.astype(float)
        one, several = (
            (wording.ONE_OF_GROUP, {"first": k}),
            (wording.GROUP, {"first": k, "last": k + layer.group_size - 1}),
        )
        template, fields = one if layer.group_size == 1 else several
        return _clause(template, **fields)
    return _clause(wording.EACH, k=_all(elements, layer.in_channels)) if layer.in_channels != 1 else ()


@tell.register(layers.Linear)
def linear(_layer: layers.Linear, elements: LayerElements) -> Told:
    """`p_k = x_k * w_k` over all that the layer reads, and `y = b + sum_k sum p_k`."""
    shape = elements.x.shape
    kernels = elements.weights["weight"][elements.channel].reshape(-1, *shape).swapaxes(0, 1)
    read = np.broadcast_to(elements.x[:, None], kernels.shape)
    sums, before = _products("dense_", read, kernels, elements)
    told = _clause(wording.DENSE, reads=elements.reads[0], count=_count(elements), **_sum(sums, before))
    return Told(Window(*shape), sums, before, told, "dense_")


@tell.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, elements: LayerElements) -> Told:
    """`y = max x` over the window, with nothing outside of the source."""
    lies = Window(1, *layer.kernel_size, layer.stride, layer.padding)
    found = _indices(lies, elements)
    read = _cut(elements.x, found, np.nan, elements.channel)
    return _pooled(lies, found, read, np.nanmax(read, axis=(1, 2)), elements, wording.POOL, wording.NOTHING_OUTSIDE)


@tell.register(layers.AvgPool2d)
def avg_pool2d(layer: layers.AvgPool2d, elements: LayerElements) -> Told:
    """`y` is the mean of the window, in which zeros of the padding count or do not."""
    lies = Window(1, *layer.kernel_size, layer.stride, layer.padding)
    found = _indices(lies, elements)
    wide = [(0, 0), *((p, p) for p in layer.padding)]
    x = np.pad(elements.x, wide, constant_values=0.0 if layer.count_include_pad else np.nan)
    moved = {name: found[name] + p for name, p in zip(found, layer.padding, strict=True)}
    read = _cut(x, moved, np.nan, elements.channel)
    outside = wording.ZEROS_OUTSIDE if layer.count_include_pad else wording.NOTHING_OUTSIDE
    return _pooled(lies, found, read, np.nanmean(read, axis=(1, 2)), elements, wording.MEAN, outside)


@tell.register(layers.AdaptiveAvgPool2d)
def adaptive_avg_pool2d(_layer: layers.AdaptiveAvgPool2d, elements: LayerElements) -> Told:
    """`y` is the mean of a channel."""
    lies = Window(1, *elements.x.shape[1:])
    found = _indices(lies, elements)
    read = elements.x[elements.channel]
    return _pooled(lies, found, read, read.mean(axis=(1, 2)), elements, wording.MEAN, wording.NOTHING_OUTSIDE)


def _pooled(
    lies: Window, found: Steps, read: FloatArray, before: FloatArray, elements: LayerElements, told: str, outside: str
) -> Told:
    """What pooling makes of windows."""
    fields: dict[str, Field] = {
        **_span(lies, found, elements),
        "c": elements.channel.astype(float),
        "before": before,
        "outside": (Clause(outside, applies=_reaches_out(found, elements.x)),),
    }
    return Told(lies, {**found, "window_0": read}, before, _clause(told, **fields))


@tell.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, elements: LayerElements) -> Told:
    """`y` is the one cell that is read, or 0."""
    left, _, top, _ = layer.padding
    lies = Window(1, 1, 1, before=(top, left))
    found = _indices(lies, elements)
    read = _cut(elements.x, found, 0.0, elements.channel)
    x, outside = _number(read), _reaches_out(found, elements.x)
    fields: dict[str, Field] = {"row": _number(found["window_row"]), "column": _number(found["window_column"])}
    fields |= {"reads": elements.reads[0], "x": x}
    told = Clause(wording.PAD_OUTSIDE, fields, outside), Clause(wording.PAD_INSIDE, fields, ~outside)
    return Told(lies, {**found, "window_0": read}, x, told)


@tell.register(layers.ReflectionPad2d)
def reflection_pad2d(layer: layers.ReflectionPad2d, elements: LayerElements) -> Told:
    """`y` is the one cell that is read: there, or where it stands in the mirror."""
    left, _, top, _ = layer.padding
    _, height, width = elements.x.shape
    row = _mirrored(elements.at[:, 1] - top, height)
    column = _mirrored(elements.at[:, 2] - left, width)
    x = elements.x[elements.channel, row, column]
    fields: dict[str, Field] = {"row": row.astype(float), "column": column.astype(float)}
    told = _one_number(x, row, column, _clause(wording.PAD_INSIDE, reads=elements.reads[0], x=x, **fields))
    return told._replace(window=Window(1, 1, 1, before=(top, left)))


def _mirrored(at: Ints, size: int) -> Ints:
    """Places as those of an endless row of images and mirror images that share their first and last places."""
    period = max(1, 2 * (size - 1))
    inside: Ints = at % period
    return np.minimum(inside, period - inside) if size > 1 else 0 * at


@tell.register(layers.Add)
def add(_layer: layers.Add, elements: LayerElements) -> Told:
    """`y = x_0 + x_1 + ...`, each of them in a window of its own."""
    numbers = [x[elements.place] for x in elements.sources]
    before: FloatArray = np.sum(numbers, axis=0)
    words = _clause(wording.ADD, reads=wording.AND.join(elements.reads), before=before)
    told = _one_number(numbers[0], *elements.place[1:], words)
    steps = told.steps | {f"window_{k}": _cell(x) for k, x in enumerate(numbers)}
    return Told(Window(len(numbers), 1, 1), steps, before, words)


@tell.register(layers.Concat)
def concat(_layer: layers.Concat, elements: LayerElements) -> Told:
    """`y` is the one number that is read of the layer in whose turn it is."""
    axis = 1 if elements.is_vector else 0
    ends = np.cumsum([x.shape[axis] for x in elements.sources])
    which = np.searchsorted(ends, elements.channel, side="right")
    own = elements.channel - np.concatenate([[0], ends])[which]
    channel, row, column = elements.place
    at = (channel, own, column) if elements.is_vector else (own, row, column)
    x = np.concatenate(elements.sources, axis=axis)[elements.place]
    template = wording.OF_ELEMENT if elements.is_vector else wording.OF_CHANNEL
    words = tuple(
        Clause(template, {"reads": reads, "k": own.astype(float), "x": x}, which == number)
        for number, reads in enumerate(elements.reads)
    )
    return _one_number(x, at[1], at[2], words)


@tell.register(layers.Softmax)
@tell.register(layers.LogSoftmax)
def softmax(layer: layers.Softmax | layers.LogSoftmax, elements: LayerElements) -> Told:
    """`x`, `x - max x`, `e = exp(x - max x)`, `e / sum e`, of which the result is the last or its logarithm."""
    x = elements.x.ravel()
    below = x - x.max()
    e = np.exp(below)
    most, total = _all(elements, x.max()), _all(elements, e.sum())
    table = np.stack([x, below, e, e / e.sum()], axis=1)
    shown = np.broadcast_to(table, (len(elements.at), *table.shape))
    of = {name: table[elements.channel, at] for at, name in enumerate(("x", "less", "exp", "share"))}
    is_log = isinstance(layer, layers.LogSoftmax)
    before = of["less"] - np.log(total) if is_log else of["share"]
    told = Clause(
        wording.LOG_SOFTMAX if is_log else wording.SOFTMAX, {**of, "most": most, "total": total, "before": before}
    )
    steps = {"softmax": shown, "max": _cell(most), "exp_sum": _cell(total)}
    return Told(Window(*elements.x.shape), steps, before, (told,), "softmax")


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


def _products(panel: str, read: FloatArray, kernels: FloatArray, elements: LayerElements) -> tuple[Steps, FloatArray]:
    """Windows, kernels, products and sums of each channel, and the bias if any; and the sum of all."""
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
    return found, total


def _span(lies: Window, found: Steps, elements: LayerElements) -> dict[str, Field]:
    """Which rows and columns of what the window covers, and by which stride and dilation."""
    told = {}
    for name, template, (down, right) in (
        ("stride", wording.STRIDE, lies.stride),
        ("apart", wording.DILATION, lies.dilation),
    ):
        pace = {"d": _all(elements, down), "r": _all(elements, right)}
        told[name] = _clause(template, **pace) if (down, right) != (1, 1) else ()
    return {
        "rows": _from_to(wording.ROW, wording.ROWS, found["window_row"][:, :, 0]),
        "columns": _from_to(wording.COLUMN, wording.COLUMNS, found["window_column"][:, 0, :]),
        "reads": elements.reads[0],
        **told,
    }


def _from_to(one: str, several: str, numbers: FloatArray) -> tuple[Clause, ...]:
    first, last = numbers[:, 0], numbers[:, -1]
    return _clause(one, first=first) if numbers.shape[1] == 1 else _clause(several, first=first, last=last)


def _sum(steps: Steps, before: FloatArray) -> dict[str, Field]:
    """The bias, if any, and the sum of all."""
    bias = _clause(wording.BIAS, bias=_number(steps["bias"])) if "bias" in steps else ()
    return {"bias": bias, "before": before}


def then(names: Sequence[str], before: FloatArray, result: FloatArray) -> tuple[Clause, ...]:
    """What elementwise layers make of numbers; near zero, rounding may decide for the other clause of ReLU's two.

    Args:
        names: The types of the layers, in order; with one that is there several times in a row named once.
        before: (N,) the numbers.
        result: (N,) what becomes of them.
    """
    if not names:
        return ()
    if list(names) != [wording.RELU]:
        return _clause(wording.THEN, names=wording.AND.join(names), result=result)
    is_below, margin = before < 0, np.abs(before)
    return (
        Clause(wording.NOT_BELOW_ZERO, {"result": result}, ~is_below, margin),
        Clause(wording.BELOW_ZERO, {"result": result}, is_below, margin),
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
