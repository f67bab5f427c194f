"""Places the blocks of a network on a worksheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xlconv import layers, measure
from xlconv.cells import Blocks, Range, block_name
from xlconv.errors import NetworkError
from xlconv.layers import Shape, shape_text
from xlconv.layout.blocks import FIRST_ROW, MARK_HEIGHT, Block, Heading, Layout, Role
from xlconv.network import INPUT, Fused, Network, Node

_HEADING_WIDTH: Final = 14 * measure.CELL
"""Pixels that a layer takes at least: room for a sentence in a few lines."""
_LONGEST_TITLE: Final = 24 * measure.CELL
_LONGEST_CHART: Final = 50
"""Elements of a vector of which a bar chart can still be read."""
_PANEL_HEIGHT: Final = 16
_PANEL_WIDTH: Final = 20
_RESULT_HEIGHT: Final = 9
_RESULT_WIDTH: Final = 16 * measure.CELL
"""Pixels at least."""
_CHART_HEIGHTS: Final = 8, 20
_TALL: Final = 24
"""Below a vector of more elements nothing would be seen; it is put beside."""
_GAP: Final = 2
"""Columns between layers, for the arrow."""
_MIN_WIDTH: Final = 4
"""Columns that a block takes at least, so that its caption is not cut."""
_SHRUNK: Final = 1.6 * measure.CELL
"""Pixels of a text that can be shrunk to a cell and still be read."""


class Builder:
    """Places block after block, from left to right.

    Args:
        network: What is to stand there.
        sheet: The worksheet's name.
        panel: Whether there is to be room for choosing a sample.
    """

    def __init__(self, network: Network, sheet: str, panel: bool) -> None:
        self.network = network
        self.panel = panel
        self.layout = Layout(sheet)
        self.column = 1
        self.edge = 1
        """The first column that nothing of the current layer needs."""
        self.bottom = FIRST_ROW

    def build(self) -> Layout:
        """The layout."""
        self._place_input()
        fused = {each.node.name: each for each in self.network.fused}
        for node in self.network.nodes:
            if node.layer.view:
                self.layout.outputs[node.name] = self.layout.outputs[node.inputs[0]]
            elif not node.inline:
                self._place_node(fused[node.name])
        if self.network.classes and self.layout.classes is None:
            self._open(Heading("classes", self.column, "classes"))
            self._place_classes()
        self._close()
        self._place_prediction()
        return self.layout

    def _place_input(self) -> None:
        shape = self.network.input_shape
        self._open(Heading(INPUT, self.column, INPUT, shape_text(shape)))
        ranges = self._stack(shape, _pitch(shape))
        self._add_output("input", INPUT, ranges, shape)
        if self.panel:
            self._place_panel(ranges[-1])
        self.layout.outputs[INPUT] = Blocks(tuple(ranges))

    def _place_panel(self, last: Range) -> None:
        where = Range(self.layout.sheet, last.row + last.height + 1, last.column, _PANEL_HEIGHT, _PANEL_WIDTH)
        if last.height > _TALL and last.width == 1:
            where = where._replace(row=FIRST_ROW + 1, column=last.column + 2)
        self.layout.panel = where._replace(width=max(where.width, last.width))
        self.edge = max(self.edge, where.column + where.width)
        self.bottom = max(self.bottom, where.row + where.height)

    def _place_node(self, fused: Fused) -> None:
        node, shape = fused.node, self.network.shapes[fused.node.name]
        adjacent = self.layout.blocks[-1].range == self.layout.outputs[node.inputs[0]].ranges[-1]
        self._open(Heading(node.name, self.column, node.name, self._kinds(fused, adjacent)))
        pitch = _pitch(shape)
        for each in fused.nodes:
            pitch = max(pitch, self._place_weights(each))
        if self.network.classes and shape == (len(self.network.classes),) and self.layout.classes is None:
            self._place_classes()
        for part in node.layer.parts:
            self._place_part(node, part, shape)
        ranges = self._stack(shape, pitch)
        self._add_output("output", node.name, ranges, shape)
        for each in fused.nodes:
            self.layout.outputs[each.name] = Blocks(tuple(ranges))
        if adjacent:
            self._place_arrow(self.layout.outputs[node.inputs[0]].ranges[0])

    def _kinds(self, fused: Fused, adjacent: bool) -> str:
        """What a layer is made of, its output's shape and, where it is not the one beside, what it reads."""
        names = [type(each.layer).__name__ for each in fused.nodes]
        sources = [self.network.viewed(source) for source in fused.node.inputs]
        if not fused.node.layer.several:
            names = [*self._views(fused.node.inputs[0]), *names]
        text = f"{' + '.join(names)}  {shape_text(self.network.shapes[fused.node.name])}"
        return text if adjacent and len(sources) == 1 else f"{text}, reads {' and '.join(sources)}"

    def _views(self, name: str) -> list[str]:
        """The types of the views through which a layer is read."""
        names: list[str] = []
        while name != INPUT and self.network[name].layer.view:
            names.insert(0, type(self.network[name].layer).__name__)
            (name,) = self.network[name].inputs
        return names

    def _place_arrow(self, before: Range) -> None:
        middle = min(before.height, _TALL) // 2 - 1
        column = self.layout.headings[-1].column - _GAP
        self.layout.arrows.append(Range(self.layout.sheet, FIRST_ROW + 1 + max(0, middle), column, 2, _GAP))

    def _place_weights(self, node: Node) -> int:
        """Place a layer's weights, unless they are another's; returns the rows from one output block to the next."""
        pitch = 0
        if node.shares:
            self._share(node)
        elif isinstance(node.layer, layers.Conv2d):
            pitch = self._place_kernels(node, node.layer)
        elif isinstance(node.layer, layers.Linear):
            self._place_linear(node, node.layer)
        else:
            self._place_vectors(node)
        return pitch

    def _share(self, node: Node) -> None:
        """Take the cells of another layer's weights."""
        layout = self.layout
        layout.vectors[node.name] = layout.vectors[node.shares]
        if node.shares in layout.weights:
            layout.weights[node.name] = layout.weights[node.shares]
            read = [
                self.network.shapes[self.network.viewed(each.inputs[0])] for each in (node, self.network[node.shares])
            ]
            if isinstance(node.layer, layers.Linear) and read[0] != read[1]:
                raise NetworkError(
                    f"layer {node.name!r} shares the weights of {node.shares!r}, but reads {shape_text(read[0])}, "
                    f"not {shape_text(read[1])}: the weights cannot lie beside both"
                )

    def _place_vectors(self, node: Node) -> None:
        """Weights of which there is one for each channel or element, column beside column."""
        for name, shape in node.layer.weight_shapes.items():
            (where,) = self._stack(shape, 0)
            self._add("vector", node.name, (), where, name.replace("running_", ""), name)
            mine = self.layout.vectors.setdefault(node.name, {})
            mine[name] = [where.part(o, 0) for o in range(shape[0])]
        if node.layer.weight_shapes and len(self.network.shapes[node.name]) > 1:
            self.column += 1  # an image does not stand close beside them

    def _place_kernels(self, node: Node, layer: layers.Conv2d) -> int:
        """The filters of each output channel beside it, one kernel slice for each input channel."""
        height, width = layer.kernel_size
        above = 0 if layer.group_size == 1 else 1
        rows = above + layer.group_size * (height + 2) + (3 if layer.bias else 0)
        pitch = max(_pitch(self.network.shapes[node.name]), rows)
        inset = min(6, max(0, (pitch - rows) // 2))
        table: list[list[Range]] = []
        biases = self.layout.vectors.setdefault(node.name, {})
        for o in range(layer.out_channels):
            row = FIRST_ROW + o * pitch + inset + above
            slices = [self._range(row + 1 + c * (height + 2), height, width) for c in range(layer.group_size)]
            table.append(slices)
            if above:
                self.layout.labels.append((self._range(row - 1, 1, 1), f"filter {o}"))
            for c, where in enumerate(slices):
                self._add("weight", node.name, (o, c), where, f"channel {c}" if above else f"filter {o}")
            if layer.bias:
                where = self._range(row + rows - above - 2, 1, 1)
                self._add("vector", node.name, (o,), where, f"bias {o}", "bias")
                biases.setdefault("bias", []).append(where)
        self.layout.weights[node.name] = table
        self._advance(max(width, _MIN_WIDTH))
        return pitch

    def _place_linear(self, node: Node, layer: layers.Linear) -> None:
        x = self.layout.outputs[node.inputs[0]].ranges
        if len(self.network.shapes[self.network.viewed(node.inputs[0])]) == 1:
            table = self._place_columns(node, layer, x[0].height)
        else:
            table = self._place_stacks(node, layer, x)
        self.layout.weights[node.name] = table
        biases = self.layout.vectors.setdefault(node.name, {})
        if layer.bias:
            (where,) = self._stack((layer.out_features,), 0)
            self._add("vector", node.name, (), where, "bias", "bias")
            biases["bias"] = [where.part(o, 0) for o in range(layer.out_features)]

    def _place_columns(self, node: Node, layer: layers.Linear, height: int) -> list[list[Range]]:
        """Weights for a vector: one column for each output."""
        table = []
        for o in range(layer.out_features):
            where = self._range(FIRST_ROW + 1, height, 1)
            texts = f"w {self._output_name(layer, o)[0]}", f"w {o}"
            caption = measure.first_that_fits(texts, measure.CAPTION, _SHRUNK)
            self._add("weight", node.name, (o,), where, caption)
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
                self._add("weight", node.name, (o, c), where, self._stack_caption(layer, o, c, where, len(x)))
        self._advance(max(width, _MIN_WIDTH))
        return table

    def _stack_caption(self, layer: layers.Linear, o: int, c: int, where: Range, channels: int) -> str:
        name, what = self._output_name(layer, o)
        inside, brief = (f", channel {c}", f", {c}") if channels > 1 else ("", "")
        texts = f"weights for {what} {name}{inside}", f"{what} {name}{inside}", f"{name}{brief}", f"{o}{brief}"
        return measure.first_that_fits(texts, measure.CAPTION, max(where.width, _MIN_WIDTH) * measure.CELL)

    def _output_name(self, layer: layers.Linear, o: int) -> tuple[str, str]:
        """The class or number of an element of a dense layer's output, and which of both it is."""
        if layer.out_features == len(self.network.classes):
            return self.network.classes[o], "class"
        return str(o), "output"

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
        """The class of the largest output, where the network ends in a vector with cells of its own, and its chart."""
        last = self.network.nodes[-1]
        shape = self.network.shapes[last.name]
        if len(shape) != 1 or last.layer.view:
            return
        where = self._result(shape[0])
        self.layout.result = where
        self._add("prediction", "prediction", (), where._replace(height=1, width=1), "prediction")
        row = where.row + where.height
        if self.panel:
            self.layout.mark = Range(where.sheet, row, where.column)
            row += MARK_HEIGHT
        if shape[0] <= _LONGEST_CHART:
            low, high = _CHART_HEIGHTS
            height = min(max(low, 2 * shape[0]), high)
            self.layout.chart = where._replace(row=row + 2, height=height)
            self.layout.labels.append((where._replace(row=row + 1, height=1), f"{last.name} as bars"))

    def _result(self, length: int) -> Range:
        """Where the prediction is to stand: below the last vectors, or beside them where they are long."""
        last = self.network.fused_with(self.network.nodes[-1].name).node.name
        beside = length > _TALL or self.layout.headings[-1].layer not in (last, "classes")
        if beside:
            self._open(Heading("prediction", self.column, "result"))
            self._close()
            row = FIRST_ROW + 1
        else:
            row = FIRST_ROW + length + 3
        heading = self.layout.headings[-1]
        column = heading.column if beside else self._first_of_last_vectors(length)
        missing = _RESULT_WIDTH - self.layout.pixels(column, heading.column + heading.width - column)
        wider = heading._replace(width=heading.width + max(0, -(-missing // measure.CELL)))
        self.layout.headings[-1] = wider
        return Range(self.layout.sheet, row, column, _RESULT_HEIGHT, wider.column + wider.width - column)

    def _first_of_last_vectors(self, length: int) -> int:
        """The leftmost of the columns at the end that hold nothing but vectors of some length."""
        column = self.layout.headings[-1].column
        for block in reversed(self.layout.blocks):
            if block.indices or block.range.height != length or block.role in ("weight", "input"):
                break
            column = block.range.column
        return column

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
        scores = any(isinstance(node.layer, layers.Softmax) for node in self.network.nodes if name in node.inputs)
        for index, where in enumerate(ranges):
            caption = "logits" if scores else name
            if len(shape) == 3:
                texts = (f"{name}, channel {index}" if shape[0] > 1 else name), f"channel {index}"
                room = max(where.width, _MIN_WIDTH) * measure.CELL
                caption = measure.first_that_fits(texts, measure.CAPTION, room)
            self._add(role, name, _indices(shape, index), where, caption)

    def _add(
        self, role: Role, layer: str, indices: tuple[int, ...], where: Range, caption: str, part: str = ""
    ) -> None:
        name = block_name(layer, "weight" if role == "weight" else part, indices)
        self.layout.blocks.append(Block(role, layer, indices, where, name, caption, part))
        self.bottom = max(self.bottom, where.row + where.height)

    def _range(self, row: int, height: int, width: int) -> Range:
        return Range(self.layout.sheet, row, self.column, height, width)

    def _open(self, heading: Heading) -> None:
        """Begin a layer, a gap to the right of the one before."""
        if self.layout.headings:
            self._close()
            self.column = self.edge + _GAP
        self.edge = self.column
        self.layout.headings.append(heading._replace(column=self.column))

    def _close(self) -> None:
        """Give the current layer as many columns as its blocks and its heading need."""
        heading = self.layout.headings[-1]
        texts = measure.text_width(heading.title, measure.TITLE), measure.text_width(heading.shape, measure.SHAPE)
        needed = max(_HEADING_WIDTH, min(_LONGEST_TITLE, max(texts) * 1.1))
        missing = needed - self.layout.pixels(heading.column, self.edge - heading.column)
        self.edge += max(0, -int(-missing // measure.CELL))
        self.layout.headings[-1] = heading._replace(width=self.edge - heading.column)

    def _advance(self, width: int, gap: int = 1) -> None:
        self.edge = self.column + width
        self.column += width + gap


def _pitch(shape: Shape) -> int:
    """Rows from one slice to the next: the slice, its caption and an empty row."""
    return shape[1] + 2 if len(shape) == 3 else 0


def _indices(shape: Shape, index: int) -> tuple[int, ...]:
    return (index,) if len(shape) == 3 else ()
