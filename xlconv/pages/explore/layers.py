"""What the worksheet `Explore` knows of the layers that can be chosen there: a row of its table for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from xlconv import layers, wording
from xlconv.cells import Blocks, Range
from xlconv.errors import NetworkError
from xlconv.layers import Layer, Pair, Shape
from xlconv.layout import Layout
from xlconv.network import INPUT, Network, Node
from xlconv.pages.explore.lookup import Stack

Kind: TypeAlias = Literal["conv", "pool", "pad", "relu", "vector relu", "dense", "softmax"]
"""How a layer is told and computed."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WINDOWED: Final[frozenset[Kind]] = frozenset({"conv", "pool", "pad", "relu", "vector relu"})
"""Those that the first panel shows."""


class ReadBlocks(NamedTuple):
    """What one cell of a layer reads.

    Args:
        kind: How it is computed.
        window: Channels, height and width.
        stride: Down and right.
        padding: Rows above and columns at the left.
    """

    kind: Kind
    window: tuple[int, int, int]
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass(frozen=True)
class Entry:
    """A layer that can be chosen.

    Args:
        node: The layer.
        shape: Of its output.
        reading: What a cell reads.
        source: The layer with cells, or `input`, that it reads.
        size: Height and width of what it reads.
        relus: How many ReLUs its formulas have.
        cells: Where the numbers stand that it reads.
        x: The same as a stack.
        y: Its output.
        weight: Its weights, if any.
        bias: Its biases, if any.
    """

    node: Node
    shape: Shape
    reading: ReadBlocks
    source: str
    size: Pair
    relus: int
    cells: Blocks
    x: Stack
    y: Stack
    weight: Stack | None
    bias: Stack | None

    @property
    def kind(self) -> Kind:
        """How it is computed."""
        return self.reading.kind

    @property
    def settings(self) -> tuple[int, ...]:
        """The numbers of `explore_settings`."""
        reading = self.reading
        return *reading.window, *reading.stride, *reading.padding, *self.size, self.relus, int(self.bias is not None)

    @property
    def limits(self) -> tuple[int, int, int]:
        """The largest channel, row and column."""
        channels, *size = self.shape
        height, width = size or (1, 1)
        return channels - 1, height - 1, width - 1

    @property
    def reads(self) -> str:
        """What it reads, in words."""
        return wording.READS_INPUT if self.source == INPUT else wording.READS_LAYER.format(name=self.source)


def entries(network: Network, layout: Layout) -> list[Entry]:
    """The layers that have cells of their own."""
    return [_entry(network, layout, node) for node in network.nodes if not (node.inline or node.layer.view)]


def _entry(network: Network, layout: Layout, node: Node) -> Entry:
    (name,), shape = node.inputs, network.shapes[node.name]
    cells, read = layout.outputs[name], network.shapes[name]
    what = reading(node.layer, cells.ranges, shape)
    # All inline layers are ReLUs: `emit.wrap` knows no other.
    relus = len(layout.inline[node.name]) + isinstance(node.layer, layers.ReLU)
    first = cells.ranges[0]
    size = (first.height, first.width) if len(read) == 3 or what.kind == "dense" else (read[0], 1)
    weight, bias = layout.weights.get(node.name), layout.biases.get(node.name)
    return Entry(
        node=node,
        shape=shape,
        reading=what,
        source=_with_cells(network, name),
        size=size,
        relus=relus,
        cells=cells,
        x=Stack.image(cells),
        y=Stack.image(layout.outputs[node.name]),
        weight=Stack.of(weight) if weight else None,
        bias=Stack.of([[cell] for cell in bias]) if bias else None,
    )


def _with_cells(network: Network, name: str) -> str:
    """The layer, or the input, in whose cells a layer's output stands."""
    while name != INPUT and (network[name].inline or network[name].layer.view):
        (name,) = network[name].inputs
    return name


@singledispatch
def reading(layer: Layer, _x: Sequence[Range], _shape: Shape) -> ReadBlocks:
    """What one cell of a layer reads, given the slices of all that the layer reads and the shape of its output."""
    raise NetworkError(f"it is not known what {type(layer).__name__} reads")


@reading.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, _x: Sequence[Range], _shape: Shape) -> ReadBlocks:
    """Of every channel as much as the kernel covers."""
    return ReadBlocks("conv", (layer.in_channels, *layer.kernel_size), layer.stride, layer.padding)


@reading.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, _x: Sequence[Range], _shape: Shape) -> ReadBlocks:
    """As much as the kernel covers, of its own channel."""
    return ReadBlocks("pool", (1, *layer.kernel_size), layer.stride, layer.padding)


@reading.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, _x: Sequence[Range], _shape: Shape) -> ReadBlocks:
    """One number, or none where the padding is."""
    left, _, top, _ = layer.padding
    return ReadBlocks("pad", (1, 1, 1), padding=(top, left))


@reading.register(layers.ReLU)
def relu(_layer: layers.ReLU, _x: Sequence[Range], shape: Shape) -> ReadBlocks:
    """The number in the same place."""
    return ReadBlocks("relu" if len(shape) == 3 else "vector relu", (1, 1, 1))


@reading.register(layers.Linear)
def linear(_layer: layers.Linear, x: Sequence[Range], _shape: Shape) -> ReadBlocks:
    """All numbers, as they stand: also a flattened image is still one there."""
    return ReadBlocks("dense", (len(x), x[0].height, x[0].width))


@reading.register(layers.Softmax)
def softmax(_layer: layers.Softmax, _x: Sequence[Range], shape: Shape) -> ReadBlocks:
    """All numbers, as a column."""
    return ReadBlocks("softmax", (1, shape[0], 1))
