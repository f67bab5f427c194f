"""What the worksheet `Explore` knows of the layers that can be chosen there: a row of its table for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from itertools import groupby
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from xlconv import emit, layers, wording
from xlconv.cells import Blocks
from xlconv.errors import NetworkError
from xlconv.layers import Layer, Pair, Shape
from xlconv.layout import Layout
from xlconv.network import INPUT, Fused, Network, Node
from xlconv.pages.explore.lookup import Stack

Kind: TypeAlias = Literal[
    "conv",
    "pool",
    "mean",
    "pad",
    "mirror",
    "number",
    "vector number",
    "add",
    "vector add",
    "concat",
    "vector concat",
    "dense",
    "softmax",
    "log softmax",
]
"""How a layer is told and computed."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ELEMENTS: Final[frozenset[Kind]] = frozenset({"softmax", "log softmax"})
"""Those that have a panel with all that they read, element by element."""
WINDOWED: Final[frozenset[Kind]] = frozenset(KINDS) - ELEMENTS - {"dense"}
"""Those that the first panel shows."""
OF_VECTORS: Final[frozenset[Kind]] = frozenset(
    {"vector number", "vector add", "vector concat", "dense", "softmax", "log softmax"}
)
"""Those whose output is a vector."""


NOTHING_MORE: Final = "nothing"
"""In place of the names of elementwise layers, where there are none."""


class ReadBlocks(NamedTuple):
    """What one cell of a layer reads.

    Args:
        kind: How it is computed.
        window: Channels, height and width.
        stride: Down and right.
        padding: Rows above and columns at the left.
        dilation: Down and right.
        per_group: How many output channels read the same channels; 0 where that is not asked.
        counts_padding: Whether zeros of the padding count in a mean.
    """

    kind: Kind
    window: tuple[int, int, int] = (1, 1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    per_group: int = 0
    counts_padding: bool = False


@dataclass(frozen=True)
class Entry:
    """A layer that can be chosen.

    Args:
        fused: The layer, and the inline ones in its formulas.
        shape: Of its output.
        reading: What a cell reads.
        sources: The layers with cells, or `input`, that it reads.
        size: Height and width of the first that it reads.
        cells: Where the numbers stand that it reads, for each of these.
        x: The same as stacks.
        y: Its output.
        weight: Its weights, if any.
        bias: Its biases, if any.
        vectors: The weights of its elementwise layers, by layer and name.
    """

    fused: Fused
    shape: Shape
    reading: ReadBlocks
    sources: tuple[str, ...]
    size: Pair
    cells: tuple[Blocks, ...]
    x: tuple[Stack, ...]
    y: Stack
    weight: Stack | None
    bias: Stack | None
    vectors: dict[str, dict[str, Stack]]

    @property
    def node(self) -> Node:
        """The layer."""
        return self.fused.node

    @property
    def kind(self) -> Kind:
        """How it is computed."""
        return self.reading.kind

    @property
    def settings(self) -> tuple[int, ...]:
        """The numbers of `explore_settings`."""
        reading = self.reading
        steps = (*reading.stride, *reading.padding, *reading.dilation)
        return *reading.window, *steps, *self.size, reading.per_group, int(self.bias is not None)

    @property
    def limits(self) -> tuple[int, int, int]:
        """The largest channel, row and column."""
        channels, *size = self.shape
        height, width = size or (1, 1)
        return channels - 1, height - 1, width - 1

    @property
    def reads(self) -> str:
        """What it reads, in words."""
        return wording.AND.join(map(_in_words, self.sources))

    @property
    def each_read(self) -> list[str]:
        """The same, one by one."""
        return [_in_words(source) for source in self.sources]

    @property
    def then(self) -> str:
        """The types of the elementwise layers of its formulas; several of one type in a row are named once."""
        names = [type(node.layer).__name__ for node in self.elementwise]
        return wording.AND.join(name for name, _ in groupby(names)) or NOTHING_MORE

    @property
    def elementwise(self) -> list[Node]:
        """The elementwise layers of its formulas, in order."""
        return [node for node in self.fused.nodes if node.layer.elementwise]

    def wrapped(self, before: str, channel: str) -> str:
        """The expression for what these make of a number."""
        for node in self.elementwise:
            own = {name: stack.element(0, 0, channel, 0) for name, stack in self.vectors[node.name].items()}
            before = emit.wrap(node.layer, before, own)
        return before


def _in_words(source: str) -> str:
    return wording.READS_INPUT if source == INPUT else wording.READS_LAYER.format(name=source)


def entries(network: Network, layout: Layout) -> list[Entry]:
    """The layers that have cells of their own."""
    return [_entry(network, layout, fused) for fused in network.fused]


def _entry(network: Network, layout: Layout, fused: Fused) -> Entry:
    node, shape = fused.node, network.shapes[fused.node.name]
    cells = tuple(layout.outputs[name] for name in node.inputs)
    what = reading(node.layer, cells, shape)
    first, read = cells[0].ranges[0], network.shapes[node.inputs[0]]
    size = (first.height, first.width) if len(read) == 3 or what.kind == "dense" else (read[0], 1)
    weight = layout.weights.get(node.name)
    bias = layout.vectors.get(node.name, {}).get("bias") if weight else None
    return Entry(
        fused=fused,
        shape=shape,
        reading=what,
        sources=tuple(_with_cells(network, name) for name in node.inputs),
        size=size,
        cells=cells,
        x=tuple(map(Stack.image, cells)),
        y=Stack.image(layout.outputs[node.name]),
        weight=Stack.of(weight) if weight else None,
        bias=Stack.of([[cell] for cell in bias]) if bias else None,
        vectors={each.name: _vectors(layout, each) for each in fused.nodes if each.layer.elementwise},
    )


def _vectors(layout: Layout, node: Node) -> dict[str, Stack]:
    """Each array of weights of an elementwise layer as one column."""
    columns = layout.vectors.get(node.name, {})
    return {name: Stack.of([[cells[0]._replace(height=len(cells))]]) for name, cells in columns.items()}


def _with_cells(network: Network, name: str) -> str:
    """The layer, or the input, in whose cells a layer's output stands."""
    source = network.viewed(name)
    return source if source == INPUT else network.fused_with(source).node.name


@singledispatch
def reading(layer: Layer, _x: tuple[Blocks, ...], shape: Shape) -> ReadBlocks:
    """What one cell of a layer reads, given the slices of all that the layer reads and the shape of its output."""
    if not layer.elementwise:
        raise NetworkError(f"it is not known what {type(layer).__name__} reads")
    return ReadBlocks("number" if len(shape) == 3 else "vector number")


@reading.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, _x: tuple[Blocks, ...], _shape: Shape) -> ReadBlocks:
    """Of every channel of its group as much as the kernel covers."""
    left, _, above, _ = layer.sides
    window, per_group = (layer.group_size, *layer.kernel_size), layer.out_channels // layer.groups
    return ReadBlocks("conv", window, layer.stride, (above, left), layer.dilation, per_group)


@reading.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, _x: tuple[Blocks, ...], _shape: Shape) -> ReadBlocks:
    """As much as the kernel covers, of its own channel."""
    return ReadBlocks("pool", (1, *layer.kernel_size), layer.stride, layer.padding)


@reading.register(layers.AvgPool2d)
def avg_pool2d(layer: layers.AvgPool2d, _x: tuple[Blocks, ...], _shape: Shape) -> ReadBlocks:
    """The same."""
    window, counts = (1, *layer.kernel_size), layer.count_include_pad
    return ReadBlocks("mean", window, layer.stride, layer.padding, counts_padding=counts)


@reading.register(layers.AdaptiveAvgPool2d)
def adaptive_avg_pool2d(_layer: layers.AdaptiveAvgPool2d, x: tuple[Blocks, ...], _shape: Shape) -> ReadBlocks:
    """All of its own channel."""
    first = x[0].ranges[0]
    return ReadBlocks("mean", (1, first.height, first.width))


@reading.register(layers.ZeroPad2d)
@reading.register(layers.ReflectionPad2d)
def pad2d(layer: layers.ZeroPad2d | layers.ReflectionPad2d, _x: tuple[Blocks, ...], _shape: Shape) -> ReadBlocks:
    """One number, or none where the padding is."""
    left, _, top, _ = layer.padding
    return ReadBlocks("pad" if isinstance(layer, layers.ZeroPad2d) else "mirror", padding=(top, left))


@reading.register(layers.Add)
def add(_layer: layers.Add, x: tuple[Blocks, ...], shape: Shape) -> ReadBlocks:
    """The number in the same place of each."""
    return ReadBlocks("add" if len(shape) == 3 else "vector add", (len(x), 1, 1))


@reading.register(layers.Concat)
def concat(_layer: layers.Concat, _x: tuple[Blocks, ...], shape: Shape) -> ReadBlocks:
    """One number of one of them."""
    return ReadBlocks("concat" if len(shape) == 3 else "vector concat")


@reading.register(layers.Linear)
def linear(_layer: layers.Linear, x: tuple[Blocks, ...], _shape: Shape) -> ReadBlocks:
    """All numbers, as they stand: also a flattened image is still one there."""
    blocks = x[0].ranges
    return ReadBlocks("dense", (len(blocks), blocks[0].height, blocks[0].width))


@reading.register(layers.Softmax)
@reading.register(layers.LogSoftmax)
def softmax(layer: layers.Softmax | layers.LogSoftmax, _x: tuple[Blocks, ...], shape: Shape) -> ReadBlocks:
    """All numbers, as a column."""
    return ReadBlocks("softmax" if isinstance(layer, layers.Softmax) else "log softmax", (1, shape[0], 1))
