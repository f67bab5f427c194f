"""How one element of a layer comes about, step by step, in NumPy: what the worksheet `Explore` should show of it.

The windows are worked out here from the layers' definitions; of formulas and cells nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from xlconv import layers
from xlconv.errors import NetworkError
from xlconv.layers import Layer, Shape
from xlconv.network import INPUT, FloatArray, Network, Node

Steps: TypeAlias = dict[str, FloatArray]
"""Tables by name, without `explore_`; NaN is an empty text, as is what is not there."""

WORDS: Final = "words"
"""The name of the text that tells all this; it is no table."""

CIRCULAR: Final = ("max", "exp_sum")
"""Tables that some cells of `softmax` read, and that read others."""

WINDOW_KINDS: Final = ("window", "kernel", "product")
"""Tables of one channel of a window."""


@dataclass(frozen=True)
class Selection:
    """An element of a layer's output, or a place outside of it, for which the nearest element is shown.

    Args:
        layer: Whose.
        channel: From 0; of a vector, which element.
        row: From 0; of a vector it does not matter.
        column: The same.
    """

    layer: str
    channel: int
    row: int
    column: int

    def __str__(self) -> str:
        return f"layer {self.layer}, channel {self.channel}, row {self.row}, column {self.column}"

    def nearest(self, shape: Shape) -> tuple[int, int, int]:
        """The channel, row and column that are shown; of a vector row and column are 0."""
        chosen = (self.channel, self.row, self.column)
        channel, row, column = (max(0, min(at, n - 1)) for at, n in zip(chosen, as_image(shape), strict=True))
        return channel, row, column


class Cells(NamedTuple):
    """Layers whose formulas stand in the same cells.

    Args:
        node: The layer.
        inline: The elementwise layers around it.
    """

    node: Node
    inline: tuple[Node, ...]

    @property
    def shows(self) -> str:
        """The layer whose output stands there."""
        return self.inline[-1].name if self.inline else self.node.name


@dataclass(frozen=True)
class Element:
    """One element, and what it is made of.

    Args:
        x: What the layer reads, as channels, rows and columns.
        weights: The layer's own, keyed `weight` and `bias`.
        at: Channel, row and column of the element; a vector's are (n, 0, 0).
        is_vector: Whether it is a vector's.
        result: The element itself.
    """

    x: FloatArray
    weights: Mapping[str, FloatArray]
    at: tuple[int, int, int]
    is_vector: bool
    result: float


def chosen(network: Network) -> list[Cells]:
    """The layers that can be chosen: those with cells of their own."""
    found: list[Cells] = []
    for node in network.nodes:
        if node.inline:
            at = next(at for at, cells in enumerate(found) if cells.shows == node.inputs[0])
            found[at] = found[at]._replace(inline=(*found[at].inline, node))
        elif not node.layer.view:
            found.append(Cells(node, ()))
    return found


def as_image(shape: Shape) -> tuple[int, int, int]:
    """Channels, rows and columns; a vector's elements are channels of one cell."""
    channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
    return channels, height, width


def steps(network: Network, selection: Selection, outputs: Mapping[str, FloatArray]) -> Steps:
    """All that should be shown of an element.

    Args:
        network: Layers and weights.
        selection: Which element.
        outputs: Every layer's output by name, and the input.
    """
    choices = chosen(network)
    number, cells = next((at, cells) for at, cells in enumerate(choices, 1) if cells.node.name == selection.layer)
    node, output = cells.node, outputs[cells.shows]
    at = selection.nearest(output.shape)
    result = float(output[at] if output.ndim == 3 else output[at[0]])
    x = _read(network, node, outputs)
    element = Element(x, network.weights_of(node.name), at, output.ndim == 1, result)
    relus = sum(isinstance(each.layer, layers.ReLU) for each in (node, *cells.inline))
    bias = int("bias" in node.layer.weight_shapes)
    return {
        "number": _cell(number),
        "limits": np.array([as_image(output.shape)], dtype=float) - 1,
        "at": np.array([at], dtype=float),
        "settings": np.array([[*window(node.layer, x), *_pace(node.layer), *x.shape[1:], relus, bias]], dtype=float),
        **of_layer(node.layer, element),
        "result": _cell(result),
        "cell": _cell(result),
    }


def _read(network: Network, node: Node, outputs: Mapping[str, FloatArray]) -> FloatArray:
    """What a layer reads, as an image: a vector is a column; a dense layer reads a flattened image as it was."""
    name = node.inputs[0]
    if isinstance(node.layer, layers.Linear):
        while name != INPUT and network[name].layer.view:
            name = network[name].inputs[0]
    x = outputs[name]
    return x if x.ndim == 3 else x.reshape(1, -1, 1)


def largest_windows(network: Network) -> dict[str, tuple[int, int, int]]:
    """Channels, height and width that hold the window of every layer, by panel: `` for most, `dense_`, `softmax`."""
    zeros = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    found: dict[str, tuple[int, int, int]] = {}
    for node, _ in chosen(network):
        kind = {layers.Linear: "dense_", layers.Softmax: "softmax"}.get(type(node.layer), "")
        sides = zip(found.get(kind, (0, 0, 0)), window(node.layer, _read(network, node, zeros)), strict=True)
        channels, height, width = (max(pair) for pair in sides)
        found[kind] = (channels, height, width)
    return found


def window(layer: Layer, x: FloatArray) -> tuple[int, int, int]:
    """Channels, height and width of what one element is made of."""
    if isinstance(layer, layers.Conv2d):
        return (layer.in_channels, *layer.kernel_size)
    if isinstance(layer, layers.MaxPool2d):
        return (1, *layer.kernel_size)
    channels, height, width = x.shape
    return (channels, height, width) if isinstance(layer, layers.Linear | layers.Softmax) else (1, 1, 1)


def _pace(layer: Layer) -> tuple[int, int, int, int]:
    """Stride down and right, rows of padding above and columns at the left."""
    if isinstance(layer, layers.Conv2d | layers.MaxPool2d):
        return (*layer.stride, *layer.padding)
    if isinstance(layer, layers.ZeroPad2d):
        left, _, top, _ = layer.padding
        return (1, 1, top, left)
    return (1, 1, 0, 0)


@singledispatch
def of_layer(layer: Layer, _element: Element) -> Steps:
    """The steps that only some layers have."""
    raise NetworkError(f"it is not known what {type(layer).__name__} is made of")


@of_layer.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, element: Element) -> Steps:
    """`p_k = x_k * w_k` of each channel k, their sums, and the bias."""
    channel = element.at[0]
    rows, columns = _window_at(layer, element)
    windows = [_cut(image, rows, columns, 0.0) for image in element.x]
    return {
        **_indices(rows, columns),
        **_products("", windows, element.weights["weight"][channel], element.weights.get("bias"), channel),
    }


@of_layer.register(layers.Linear)
def linear(_layer: layers.Linear, element: Element) -> Steps:
    """The same over all that it reads."""
    channel = element.at[0]
    kernel = element.weights["weight"][channel].reshape(element.x.shape)
    return _products("dense_", list(element.x), kernel, element.weights.get("bias"), channel)


@of_layer.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, element: Element) -> Steps:
    """The window, with nothing outside of the source."""
    rows, columns = _window_at(layer, element)
    return {**_indices(rows, columns), "window_0": _cut(element.x[element.at[0]], rows, columns, np.nan)}


@of_layer.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, element: Element) -> Steps:
    """The one cell that is read, or 0."""
    rows, columns = _window_at(layer, element)
    return {**_indices(rows, columns), "window_0": _cut(element.x[element.at[0]], rows, columns, 0.0)}


@of_layer.register(layers.ReLU)
def relu(_layer: layers.ReLU, element: Element) -> Steps:
    """The one cell that is read."""
    channel, row, column = (0, element.at[0], 0) if element.is_vector else element.at
    number = _cell(float(element.x[channel, row, column]))
    return {**_indices(np.array([row]), np.array([column])), "window_0": number, "before": number}


@of_layer.register(layers.Softmax)
def softmax(_layer: layers.Softmax, element: Element) -> Steps:
    """`x`, `x - max x`, `e = exp(x - max x)`, `e / sum e`."""
    x = element.x.ravel()
    below = x - x.max()
    e = np.exp(below)
    return {
        "softmax": np.stack([x, below, e, e / e.sum()], axis=1),
        "max": _cell(float(x.max())),
        "exp_sum": _cell(float(e.sum())),
    }


def _window_at(layer: Layer, element: Element) -> tuple[FloatArray, FloatArray]:
    """Rows and columns of the source, from 0, that a window covers, also outside of it."""
    _, height, width = window(layer, element.x)
    down, right, top, left = _pace(layer)
    _, row, column = element.at
    return row * down - top + np.arange(float(height)), column * right - left + np.arange(float(width))


def _cut(image: FloatArray, rows: FloatArray, columns: FloatArray, outside: float) -> FloatArray:
    """What an image has in some rows and columns."""
    cut = np.full((rows.size, columns.size), outside)
    for i, row in enumerate(rows.astype(int)):
        for j, column in enumerate(columns.astype(int)):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                cut[i, j] = image[row, column]
    return cut


def _products(
    panel: str, windows: list[FloatArray], kernels: FloatArray, biases: FloatArray | None, channel: int
) -> Steps:
    found: Steps = {}
    sums = []
    for k, (x, w) in enumerate(zip(windows, kernels, strict=True)):
        for kind, table in zip(WINDOW_KINDS, (x, w, x * w), strict=True):
            found[f"{panel}{kind}_{k}"] = table
        sums.append(float((x * w).sum()))
        found[f"{panel}sum_{k}"] = _cell(sums[-1])
    bias = 0.0 if biases is None else float(biases[channel])
    if biases is not None:
        found["bias"] = _cell(bias)
    return {**found, "before": _cell(sum(sums) + bias)}


def _indices(rows: FloatArray, columns: FloatArray) -> Steps:
    return {"window_row": rows[:, None].astype(float), "window_column": columns[None, :].astype(float)}


def _cell(number: float) -> FloatArray:
    return np.array([[number]], dtype=np.float64)


def sizes(network: Network) -> Iterator[tuple[str, int, int]]:
    """Each table that a workbook should have for a network, with its height and width.

    None reads a later one, but for those of `CIRCULAR`.
    """
    for name, width in {"number": 1, "limits": 3, "at": 3, "settings": 11}.items():
        yield name, 1, width
    for panel, (channels, height, width) in largest_windows(network).items():
        if panel == "softmax":
            yield "max", 1, 1
            yield "exp_sum", 1, 1
            yield "softmax", height, 4
            continue
        if not panel:
            yield "window_row", height, 1
            yield "window_column", 1, width
        for k in range(channels):
            for kind in WINDOW_KINDS:
                yield f"{panel}{kind}_{k}", height, width
            yield f"{panel}sum_{k}", 1, 1
    for name in ("bias", "before", "result", "cell", WORDS):
        yield name, 1, 1
