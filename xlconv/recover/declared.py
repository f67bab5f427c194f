"""What a workbook says of itself: the network that it claims to compute, and the blocks where that stands.

The worksheet `Network` states the layers, defined names say where the blocks are, the weights are read from their
cells. Whether the formulas compute that network is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from xlconv import declaration, layers
from xlconv.cells import Range, Value, block_name, label
from xlconv.errors import NetworkError, WorkbookError, quoted
from xlconv.layers import Shape, shape_text
from xlconv.network import INPUT, MAX_LAYERS, FloatArray, Network, Node
from xlconv.places import NOWHERE, Atlas, Places, sorted_places
from xlconv.reader import MAX_CELLS, Workbook
from xlconv.recover import found
from xlconv.recover.choices import Choices, choices_of
from xlconv.recover.given import Given


@dataclass(frozen=True)
class NamedBlock:
    """The rectangle of one 2-D slice.

    Args:
        role: `input`, `output`, or the name of an array of weights: `weight`, `bias`, ...
        layer: The layer whose it is, or `input`.
        indices: Of the slice: channel; output and input channel for weights; empty for a vector.
        name: Its defined name.
        range: Where it stands.
        part: For an intermediate result, its name.
    """

    role: str
    layer: str
    indices: tuple[int, ...]
    name: str
    range: Range
    part: str = ""


@dataclass(frozen=True)
class DeclaredStage:
    """A layer with cells of its own, the inline layers in its formulas, and its blocks."""

    nodes: tuple[Node, ...]
    outputs: tuple[NamedBlock, ...]
    parts: dict[str, tuple[NamedBlock, ...]]

    @property
    def name(self) -> str:
        """The layer whose name the blocks carry."""
        return self.nodes[0].name

    @property
    def result(self) -> str:
        """The last inline layer: the one whose output the blocks show."""
        return self.nodes[-1].name

    @property
    def title(self) -> str:
        """Such as `Conv2d + ReLU`."""
        return " + ".join(type(node.layer).__name__ for node in self.nodes)


@dataclass
class Declared:
    """A network and where it stands."""

    network: Network
    x: FloatArray
    inputs: tuple[NamedBlock, ...]
    weights: tuple[NamedBlock, ...]
    stages: tuple[DeclaredStage, ...]
    classes: Range | None
    prediction: Range | None
    given: Given
    """Reads the numbers of input and weights."""
    choices: Choices | None = None

    def blocks(self) -> Iterator[NamedBlock]:
        """All blocks: the input's, then each layer's weights and outputs."""
        yield from self.inputs
        for stage in self.stages:
            yield from (block for block in self.weights if block.layer in [node.name for node in stage.nodes])
            for blocks in (*stage.parts.values(), stage.outputs):
                yield from blocks


def declared_by(book: Workbook) -> Declared:
    """The network that a workbook of xlconv's states.

    Raises:
        WorkbookError: It states none, or its blocks do not fit the layers.
    """
    try:
        return _Finder(book).declared()
    except (WorkbookError, NetworkError) as error:
        raise WorkbookError(f"{book.path}: {error.message}", error.hint) from None


def declares(book: Workbook) -> bool:
    """Whether a workbook says which network it is."""
    return book.named_range(declaration.NAME) is not None


def check_declared(book: Workbook) -> None:
    """Refuse a workbook that has lost what says which network it is, while other names that go with it stand.

    Raises:
        WorkbookError: It is one; what these names promise would pass unchecked.
    """
    left = [] if declares(book) else [name for name in book.names if _is_left(book, name)]
    if left:
        others = f" and {len(left) - 1:,} more that go with it" if len(left) > 1 else ""
        raise WorkbookError(
            f"{book.path}: the name {declaration.NAME!r} or its worksheet is gone, which says what network this is, "
            f"but the name {left[0]!r} stands{others}",
            hint="put it back, or delete these names too: then what the formulas compute is found out without it",
        )


def _is_left(book: Workbook, name: str) -> bool:
    """Whether a name is one that only a workbook has that says which network it is."""
    if book.named_range(name) is None:
        return False
    blocks = re.fullmatch(r"(\w+)_weight(_\d+)+", name)
    has_output = blocks and (book.named_range(blocks[1]) or book.named_range(f"{blocks[1]}_0"))
    return name in (declaration.CHOSEN, declaration.READ) or declaration.is_view(name) or bool(has_output)


def is_signed(book: Workbook) -> bool:
    """Whether a workbook is one of those that say which network they are, even if what it says is damaged."""
    sheet = next((sheet for name, sheet in book.sheets.items() if name.lower() == declaration.SHEET.lower()), None)
    texts = {cell.value for cell in sheet.cells.values()} if sheet else set()
    return declaration.NAME in book.names or texts.issuperset(declaration.HEADER)


def found_by(book: Workbook) -> found.Found:
    """The network that a workbook of xlconv's states, and the cells where it stands.

    Raises:
        WorkbookError: It states none, or its blocks do not fit the layers.
    """
    net, atlas = declared_by(book), Atlas(book.sheets)
    stages = tuple(
        found.Stage(
            stage.nodes,
            stage.result,
            _places(atlas, stage.outputs, net.network.shapes[stage.name]),
            {part: _places(atlas, blocks, net.network.shapes[stage.name]) for part, blocks in stage.parts.items()},
        )
        for stage in net.stages
    )
    weights = {
        key: _places(atlas, [block for block in net.weights if f"{block.layer}.{block.role}" == key], array.shape)
        for key, array in net.network.weights.items()
    }
    return found.Found(
        net.inputs[0].range.sheet,
        net.network,
        net.x,
        atlas,
        _places(atlas, net.inputs, net.network.input_shape),
        weights,
        stages,
        net.given,
        None if net.classes is None else atlas.places(net.classes).ravel(),
        NOWHERE if net.prediction is None else int(atlas.places(net.prediction)[0, 0]),
        declared=True,
        choices=net.choices,
        views=_views(book, atlas),
    )


def _views(book: Workbook, atlas: Atlas) -> Places:
    """The formulas on the worksheet `Explore`, going by their names."""
    views = [book.named_range(name) for name in book.names if declaration.is_view(name)]
    cells = {
        atlas.place(where.sheet, *at)
        for where in views
        if where is not None and where.sheet in book.sheets and where.size <= MAX_CELLS
        for at in where.cells()
        if book.cell(where.sheet, *at).formula is not None
    }
    return sorted_places(cells)


def _places(atlas: Atlas, blocks: Sequence[NamedBlock], shape: Shape) -> Places:
    """The cells of an array, in its shape."""
    return np.concatenate([atlas.places(block.range).ravel() for block in blocks]).reshape(shape)


class _Finder:
    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.given = Given(book)
        self.sheet = ""
        self.cells = 0
        table = book.named_range(declaration.NAME)
        if table is None:
            raise WorkbookError(
                f"no defined name {declaration.NAME!r} that says which network it is",
                hint="xlconv inspect lists workbooks that xlconv generate wrote; xlconv recover reads any workbook",
            )
        if table.width != len(declaration.HEADER) or table.height > MAX_LAYERS + 2:
            raise WorkbookError(f"{declaration.NAME!r} names {table.height}x{table.width} cells, no table of layers")
        if self.book.cell(table.sheet, table.row + table.height, table.column).value is not None:
            raise WorkbookError(f"the table of layers goes on below the range that {declaration.NAME!r} names")
        self.rows = [[label(value) for value in row] for row in self._values(table)]
        self.shape, self.nodes = declaration.parse(self.rows)

    def declared(self) -> Declared:
        shapes = Network(self.shape, self.nodes, None)
        self._check_shapes(shapes)
        inputs = tuple(self._image_blocks("input", INPUT, self.shape))
        choices = choices_of(self.given, self.shape)
        weights = tuple(block for node in shapes.nodes for block in self._weight_blocks(shapes, node))
        numbers = {}
        for key, array in shapes.weights.items():
            blocks = [block for block in weights if f"{block.layer}.{block.role}" == key]
            numbers[key] = self._numbers(blocks, array.shape)
            if key in shapes.never_negative:
                self._check_variances(key, blocks)
        network = Network(self.shape, self.nodes, numbers, self._classes())
        return Declared(
            network,
            self._numbers(inputs, self.shape) if choices is None else choices.x,
            inputs,
            weights,
            tuple(self._stages(network)),
            self.book.named_range("classes"),
            self._prediction(network),
            self.given,
            choices,
        )

    def _check_shapes(self, network: Network) -> None:
        """That the table states the shapes that the layers have."""
        for row in self.rows[2:]:
            due = shape_text(network.shapes[row[0]])
            if row[-1] != due:
                raise WorkbookError(f"the table of layers says {quoted(row[-1])} of {row[0]!r}, whose output is {due}")

    def _stages(self, network: Network) -> Iterator[DeclaredStage]:
        for fused in network.fused:
            node, shape = fused.node, network.shapes[fused.node.name]
            parts = {part: tuple(self._image_blocks("output", node.name, shape, part)) for part in node.layer.parts}
            yield DeclaredStage(fused.nodes, tuple(self._image_blocks("output", node.name, shape)), parts)

    def _image_blocks(self, role: str, layer: str, shape: Shape, part: str = "") -> Iterator[NamedBlock]:
        """The blocks of an image, one for each channel, or of a vector."""
        if len(shape) == 1:
            yield self._block(role, layer, (), (shape[0], 1), part)
        else:
            for channel in range(shape[0]):
                yield self._block(role, layer, (channel,), (shape[1], shape[2]), part)

    def _weight_blocks(self, network: Network, node: Node) -> Iterator[NamedBlock]:
        layer = node.layer
        if node.shares:
            return
        if isinstance(layer, layers.Conv2d):
            for o, c in product(range(layer.out_channels), range(layer.group_size)):
                yield self._block("weight", node.name, (o, c), layer.kernel_size)
            for o in range(layer.out_channels if layer.bias else 0):
                yield self._block("bias", node.name, (o,), (1, 1))
        elif isinstance(layer, layers.Linear):
            image = network.shapes[network.viewed(node.inputs[0])]
            for o in range(layer.out_features):
                if len(image) == 3:
                    for c in range(image[0]):
                        yield self._block("weight", node.name, (o, c), (image[1], image[2]))
                else:
                    yield self._block("weight", node.name, (o,), (image[0], 1))
            if layer.bias:
                yield self._block("bias", node.name, (), (layer.out_features, 1))
        else:
            for name, (size,) in layer.weight_shapes.items():
                yield self._block(name, node.name, (), (size, 1))

    def _block(
        self, role: str, layer: str, indices: tuple[int, ...], size: tuple[int, int], part: str = ""
    ) -> NamedBlock:
        name = block_name(layer, part if role in ("input", "output") else role, indices)
        where = self.book.named_range(name)
        if where is None:
            raise WorkbookError(f"no defined name {name!r} for the {part or role} of {layer!r}")
        if (where.height, where.width) != size:
            raise WorkbookError(f"{name!r} is {where.height}x{where.width} cells, {layer!r} needs {size[0]}x{size[1]}")
        self.sheet = self.sheet or where.sheet
        if where.sheet != self.sheet:
            raise WorkbookError(f"{name!r} stands on another worksheet than the blocks before it")
        self.cells += where.size
        if self.cells > MAX_CELLS:
            raise WorkbookError(f"its blocks have more than {MAX_CELLS:,} cells")
        return NamedBlock(role, layer, indices, name, where, part)

    def _numbers(self, blocks: Sequence[NamedBlock], shape: Shape) -> FloatArray:
        """The numbers in some blocks, in the array's order."""
        cells = (Range(block.range.sheet, *at) for block in blocks for at in block.range.cells())
        return np.array([self.given.number(cell) for cell in cells]).reshape(shape)

    def _check_variances(self, key: str, blocks: Sequence[NamedBlock]) -> None:
        for cell in (Range(block.range.sheet, *at) for block in blocks for at in block.range.cells()):
            if self.given.number(cell) < 0:
                raise WorkbookError(f"{cell.place} of {key} holds {self.given.number(cell)}: no variance is below 0")

    def _classes(self) -> list[str]:
        where = self.book.named_range("classes")
        if where is None:
            return []
        if where.width != 1 or where.size > MAX_CELLS:
            raise WorkbookError(f"'classes' names {where.height}x{where.width} cells, it must be one column")
        for at in where.cells():
            if self.book.cell(where.sheet, *at).formula is not None:
                raise WorkbookError(f"the class name in {Range('', *at).address} is a formula, it must be plain")
        return [label(row[0]) for row in self._values(where)]

    def _prediction(self, network: Network) -> Range | None:
        last = network.nodes[-1]
        if len(network.shapes[last.name]) != 1 or last.layer.view:
            return None
        where = self.book.named_range("prediction")
        if where is None:
            raise WorkbookError("no defined name 'prediction'")
        if where.sheet != self.sheet:
            raise WorkbookError("'prediction' stands on another worksheet than the blocks")
        if where.size != 1:
            raise WorkbookError(f"'prediction' names {where.height}x{where.width} cells, it must be one")
        return where

    def _values(self, where: Range) -> list[list[Value]]:
        sheet = where.sheet
        return [
            [self.book.cell(sheet, where.row + i, where.column + j).value for j in range(where.width)]
            for i in range(where.height)
        ]
