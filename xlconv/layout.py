"""Which rectangle (block) of the worksheet holds which tensor.

The worksheet reads from left to right: input, then for each layer its weights and its output; the channels of a
layer stand below one another. This module knows shapes and cells; it must not know formulas, numbers or colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from xlconv import layers
from xlconv.cells import MAX_COLUMNS, MAX_ROWS, Blocks, Range, block_name
from xlconv.errors import NetworkError
from xlconv.layers import Shape, shape_text
from xlconv.network import INPUT, Network, Node

Role: TypeAlias = Literal["input", "weight", "bias", "output", "part", "classes", "prediction"]

TITLE_ROW: Final = 1
SHAPE_ROW: Final = 2
FIRST_ROW: Final = 4
"""Of the captions; the first blocks stand below it."""
_PANEL_HEIGHT: Final = 16
_PANEL_WIDTH: Final = 20
_MIN_WIDTH: Final = 4
"""Columns that a block takes at least, so that its caption is not cut."""


class Block(NamedTuple):
    """The rectangle of one 2-D slice.

    Args:
        role: What its numbers are.
        layer: The layer whose they are, or `input`.
        indices: Of the slice: channel; output and input channel for weights; empty for a vector.
        range: Where it stands.
        name: Its defined name.
        caption: What stands above it.
        part: For an intermediate result, its name.
    """

    role: Role
    layer: str
    indices: tuple[int, ...]
    range: Range
    name: str
    caption: str
    part: str = ""


class Heading(NamedTuple):
    """The frozen title over a layer's columns."""

    column: int
    title: str
    shape: str


@dataclass
class Layout:
    """All blocks of a network's worksheet, and where each layer's output and weights stand."""

    sheet: str
    blocks: list[Block] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    wide_columns: list[int] = field(default_factory=list)
    outputs: dict[str, Blocks] = field(default_factory=dict)
    weights: dict[str, list[list[Range]]] = field(default_factory=dict)
    biases: dict[str, list[Range]] = field(default_factory=dict)
    parts: dict[str, dict[str, Blocks]] = field(default_factory=dict)
    classes: Range | None = None
    panel: Range | None = None
    """Below the input, where the choice of a sample stands."""
    inline: dict[str, list[Node]] = field(default_factory=dict)
    """For a layer with cells, the inline layers that its formulas are wrapped in."""

    @property
    def last_row(self) -> int:
        """The last row of any block."""
        return max(block.range.row + block.range.height - 1 for block in self.blocks)

    @property
    def last_column(self) -> int:
        """The last column of any block."""
        return max(block.range.column + block.range.width - 1 for block in self.blocks)


def lay_out(network: Network, sheet: str, panel: bool = False) -> Layout:
    """The blocks of a network, on one worksheet.

    Args:
        network: What is to stand there.
        sheet: The worksheet's name.
        panel: Whether there is to be room for choosing a sample.

    Raises:
        NetworkError: It does not fit a worksheet, or two blocks would have the same defined name.
    """
    layout = _Builder(network, sheet, panel).build()
    if layout.last_row > MAX_ROWS or layout.last_column > MAX_COLUMNS:
        raise NetworkError(
            f"the network needs {layout.last_row} rows and {layout.last_column} columns, "
            f"a worksheet has {MAX_ROWS} and {MAX_COLUMNS}"
        )
    seen: dict[str, Block] = {}
    for block in layout.blocks:
        other = seen.setdefault(block.name.lower(), block)
        if other is not block:
            raise NetworkError(
                f"layers {other.layer!r} and {block.layer!r} both need the defined name {block.name!r}: rename one"
            )
    return layout


def inline_chain(network: Network, name: str) -> list[Node]:
    """The inline layers that follow a layer, in order."""
    chain: list[Node] = []
    at = name
    while follower := next((n for n in network.nodes if n.inline and n.inputs[0] == at), None):
        chain.append(follower)
        at = follower.name
    return chain


class _Builder:
    """Places block after block, from left to right."""

    def __init__(self, network: Network, sheet: str, panel: bool) -> None:
        self.network = network
        self.panel = panel
        self.layout = Layout(sheet)
        self.column = 1
        self.bottom = FIRST_ROW

    def build(self) -> Layout:
        self._place_input()
        for node in self.network.nodes:
            if node.layer.view:
                self.layout.outputs[node.name] = self.layout.outputs[node.inputs[0]]
            elif not node.inline:
                self._place_node(node)
        if self.network.classes and self.layout.classes is None:
            self._place_classes()
        self._place_prediction()
        return self.layout

    def _place_input(self) -> None:
        shape = self.network.input_shape
        self._heading("input", shape_text(shape))
        ranges = self._stack(shape, _pitch(shape))
        self._add_output("input", INPUT, ranges, shape)
        if self.panel:
            self._place_panel(ranges[-1])
        self.layout.outputs[INPUT] = Blocks(tuple(ranges))

    def _place_panel(self, last: Range) -> None:
        row = last.row + last.height + 2
        self.layout.panel = Range(self.layout.sheet, row, last.column, _PANEL_HEIGHT, _PANEL_WIDTH)
        self.column = max(self.column, last.column + _PANEL_WIDTH + 1)
        self.bottom = max(self.bottom, row + _PANEL_HEIGHT)

    def _place_node(self, node: Node) -> None:
        chain = inline_chain(self.network, node.name)
        self.layout.inline[node.name] = chain
        shape = self.network.shapes[node.name]
        title = " + ".join(type(each.layer).__name__ for each in [node, *chain])
        self._heading(node.name, f"{title}  {shape_text(shape)}")
        pitch = self._place_weights(node, shape)
        if self.network.classes and shape == (len(self.network.classes),) and self.layout.classes is None:
            self._place_classes()
        for part in node.layer.parts:
            self._place_part(node, part, shape)
        ranges = self._stack(shape, pitch)
        self._add_output("output", node.name, ranges, shape)
        for each in [node, *chain]:
            self.layout.outputs[each.name] = Blocks(tuple(ranges))

    def _place_weights(self, node: Node, shape: Shape) -> int:
        """Place a layer's weights; returns the rows from one output block to the next."""
        pitch = _pitch(shape)
        if node.layer.weight_shapes and self.column - 1 in self.layout.wide_columns:
            self._advance(0)
        if isinstance(node.layer, layers.Conv2d):
            pitch = self._place_kernels(node, node.layer, pitch)
        elif isinstance(node.layer, layers.Linear):
            self._place_linear(node, node.layer)
        return pitch

    def _place_kernels(self, node: Node, layer: layers.Conv2d, pitch: int) -> int:
        """The filters of each output channel beside it, one kernel slice for each input channel."""
        height, width = layer.kernel_size
        rows = layer.in_channels * (height + 2) + (3 if layer.bias else 0)
        pitch = max(pitch, rows)
        inset = min(6, max(0, (pitch - rows) // 2))
        table: list[list[Range]] = []
        for o in range(layer.out_channels):
            row = FIRST_ROW + o * pitch + inset
            slices = [self._range(row + 1 + c * (height + 2), height, width) for c in range(layer.in_channels)]
            table.append(slices)
            for c, where in enumerate(slices):
                caption = f"filter {o}" if layer.in_channels == 1 else f"filter {o}, channel {c}"
                self._add("weight", node.name, (o, c), where, caption)
            if layer.bias:
                where = self._range(row + 1 + rows - 3, 1, 1)
                self._add("bias", node.name, (o,), where, f"bias {o}")
                self.layout.biases.setdefault(node.name, []).append(where)
        self.layout.weights[node.name] = table
        self._advance(max(width, _MIN_WIDTH))
        return pitch

    def _place_linear(self, node: Node, layer: layers.Linear) -> None:
        x = self.layout.outputs[node.inputs[0]].ranges
        if x[0].width == 1 and len(x) == 1 and not self._is_image_view(node.inputs[0]):
            table = self._place_columns(node, layer, x[0].height)
        else:
            table = self._place_stacks(node, layer, x)
        self.layout.weights[node.name] = table
        if layer.bias:
            (where,) = self._stack((layer.out_features,), 0)
            self._add("bias", node.name, (), where, "bias")
            self.layout.biases[node.name] = [where.part(o, 0) for o in range(layer.out_features)]

    def _is_image_view(self, name: str) -> bool:
        while name != INPUT and self.network[name].layer.view:
            name = self.network[name].inputs[0]
        return len(self.network.shapes[name]) == 3

    def _place_columns(self, node: Node, layer: layers.Linear, height: int) -> list[list[Range]]:
        """Weights for a vector: one column for each output."""
        table = []
        for o in range(layer.out_features):
            where = self._range(FIRST_ROW + 1, height, 1)
            self._add("weight", node.name, (o,), where, f"w {o}")
            table.append([where])
            self.column += 1
        self._advance(0)
        return table

    def _place_stacks(self, node: Node, layer: layers.Linear, x: Sequence[Range]) -> list[list[Range]]:
        """Weights for an image: for each output one block for each channel, stack beside stack."""
        height, width = x[0].height, x[0].width
        stack = len(x) * (height + 2)
        per_column = max(1, (self.bottom + 2 - FIRST_ROW) // stack)
        table = []
        for o in range(layer.out_features):
            if o and o % per_column == 0:
                self._advance(max(width, _MIN_WIDTH))
            row = FIRST_ROW + 1 + (o % per_column) * stack
            blocks = [self._range(row + c * (height + 2), height, width) for c in range(len(x))]
            table.append(blocks)
            for c, where in enumerate(blocks):
                self._add("weight", node.name, (o, c), where, self._class_caption(layer, o, c, len(x)))
        self._advance(max(width, _MIN_WIDTH))
        return table

    def _class_caption(self, layer: layers.Linear, o: int, c: int, channels: int) -> str:
        is_class = layer.out_features == len(self.network.classes)
        what = f"class {self.network.classes[o]}" if is_class else f"out {o}"
        return what if channels == 1 else f"{what}, channel {c}"

    def _place_classes(self) -> None:
        (where,) = self._stack((len(self.network.classes),), 0)
        self._add("classes", "classes", (), where, "class")
        self.layout.classes = where

    def _place_part(self, node: Node, part: str, shape: Shape) -> None:
        ranges = self._stack(shape, _pitch(shape))
        for index, where in enumerate(ranges):
            self._add("part", node.name, _indices(shape, index), where, part, part)
        self.layout.parts.setdefault(node.name, {})[part] = Blocks(tuple(ranges))

    def _place_prediction(self) -> None:
        """The class of the largest output, where the network ends in a vector with cells of its own."""
        last = self.network.nodes[-1]
        if len(self.network.shapes[last.name]) == 1 and not last.layer.view:
            (where,) = self._stack((1,), 0)
            self._add("prediction", "prediction", (), where, "prediction")

    def _stack(self, shape: Shape, pitch: int) -> list[Range]:
        """A tensor's 2-D slices below one another, in columns of their own."""
        if len(shape) == 1:
            ranges = [self._range(FIRST_ROW + 1, shape[0], 1)]
            self.layout.wide_columns.append(self.column)
            self._advance(1, gap=0)
            return ranges
        channels, height, width = shape
        ranges = [self._range(FIRST_ROW + 1 + c * pitch, height, width) for c in range(channels)]
        self._advance(max(width, _MIN_WIDTH))
        return ranges

    def _add_output(self, role: Role, name: str, ranges: list[Range], shape: Shape) -> None:
        readers = [node for node in self.network.nodes if name in node.inputs]
        vector = f"{name} (logits)" if any(isinstance(node.layer, layers.Softmax) for node in readers) else name
        for index, where in enumerate(ranges):
            caption = vector if len(shape) == 1 else f"{name}, channel {index}"
            self._add(role, name, _indices(shape, index), where, caption)

    def _add(
        self, role: Role, layer: str, indices: tuple[int, ...], where: Range, caption: str, part: str = ""
    ) -> None:
        suffix = role if role in ("weight", "bias") else part
        name = block_name(layer, suffix, indices)
        self.layout.blocks.append(Block(role, layer, indices, where, name, caption, part))
        self.bottom = max(self.bottom, where.row + where.height)

    def _range(self, row: int, height: int, width: int) -> Range:
        return Range(self.layout.sheet, row, self.column, height, width)

    def _heading(self, title: str, shape: str) -> None:
        self.layout.headings.append(Heading(self.column, title, shape))

    def _advance(self, width: int, gap: int = 1) -> None:
        self.column += width + gap


def _pitch(shape: Shape) -> int:
    """Rows from one slice to the next: the slice, its caption and an empty row."""
    return shape[1] + 2 if len(shape) == 3 else 0


def _indices(shape: Shape, index: int) -> tuple[int, ...]:
    return (index,) if len(shape) == 3 else ()
