"""The first worksheet: the network, from the input on the left to the prediction on the right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from xlconv import emit, style
from xlconv.errors import NetworkError
from xlconv.layers import ReLU
from xlconv.layout import SHAPE_ROW, TITLE_ROW, Block, Layout
from xlconv.network import INPUT, FloatArray, Network
from xlconv.pages import Content, Formula, Page

_LONGEST_FORMULA = 8192


def page(network: Network, x: FloatArray, layout: Layout) -> Page:
    """The worksheet.

    Args:
        network: What to compute.
        x: The input in it, of the network's input shape.
        layout: Where all blocks stand.

    Raises:
        NetworkError: A formula would be too long.
    """
    page = Page(layout.sheet, zoom=style.ZOOM, frozen=f"A{SHAPE_ROW + 1}", square=True)
    for heading in layout.headings:
        page.put(TITLE_ROW, heading.column, heading.title, "title")
        page.put(SHAPE_ROW, heading.column, heading.shape, "shape")
    wide = set(layout.wide_columns)
    page.widths = {at: style.WIDE if at in wide else style.CELL_WIDTH for at in range(1, layout.last_column + 1)}
    for block in layout.blocks:
        page.put(block.range.row - 1, block.range.column, block.caption, "caption")
        page.fill(block.range, _kind(block, network), _content(network, x, layout, block), block.name)
    for kind, signed, ranges in _heat_maps(network, layout):
        page.rules.append((ranges, style.heat(kind, signed)))
    return page


def class_content(name: str) -> Content:
    """A class name as a cell holds it: a number where it is one, else text."""
    return float(name) if re.fullmatch(r"0|-?[1-9]\d{0,14}", name) else name


def _kind(block: Block, network: Network) -> style.Kind:
    """How a block's cells look."""
    if block.role == "classes":
        return "class"
    if block.role == "output" or block.role == "part":
        if len(network.shapes[block.layer]) == 3:
            return "output"
        return "share" if block.role == "output" and network[block.layer].layer.parts else "vector"
    return block.role


def _content(network: Network, x: FloatArray, layout: Layout, block: Block) -> Callable[[int, int], Content]:
    """What stands in the cell at row and column, from 0, of a block."""
    if block.role == "prediction":
        text = emit.prediction(layout.outputs[network.nodes[-1].name], layout.classes)
        return lambda _i, _j: Formula(text)
    if block.role == "classes":
        return lambda i, _j: class_content(network.classes[i])
    if block.role in ("output", "part"):
        return _formulas(network, layout, block)
    numbers: list[list[float]] = _numbers(network, x, block).tolist()
    return lambda i, j: numbers[i][j]


def _numbers(network: Network, x: FloatArray, block: Block) -> FloatArray:
    """The numbers of an input, weight or bias block."""
    array = x if block.role == "input" else network.weights[f"{block.layer}.{block.role}"]
    if block.role == "weight" and array.ndim == 2 and len(block.indices) == 2:
        array = array.reshape(array.shape[0], -1, block.range.height, block.range.width)
    numbers: FloatArray = array[block.indices].reshape(block.range.height, block.range.width)
    return numbers


def _formulas(network: Network, layout: Layout, block: Block) -> Callable[[int, int], Formula]:
    node = network[block.layer]
    operands = emit.Operands(
        layout.outputs[node.inputs[0]],
        layout.weights.get(node.name, ()),
        layout.biases.get(node.name, ()),
        layout.parts.get(node.name, {}),
    )
    chain = [each.layer for each in layout.inline[node.name]]
    formula = emit.formula.dispatch(type(node.layer))

    def text(i: int, j: int) -> Formula:
        index = (*block.indices, i, j) if block.indices else (i,)
        if block.part:
            return _checked(emit.part_formula(node.layer, block.part, operands, index), node.name)
        expression = formula(node.layer, operands, index)
        for layer in chain:
            expression = emit.wrap(layer, expression)
        return _checked(expression, node.name)

    return text


def _checked(expression: str, layer: str) -> Formula:
    if len(expression) >= _LONGEST_FORMULA:
        raise NetworkError(
            f"layer {layer!r}: a formula would have {len(expression) + 1} characters, Excel takes {_LONGEST_FORMULA}",
            hint="fewer input channels",
        )
    return Formula(expression)


def _heat_maps(network: Network, layout: Layout) -> Iterator[tuple[style.Kind, bool, str]]:
    """One colour scale for all blocks of a role in a layer, so that they can be compared."""
    groups: dict[tuple[str, str, str], list[Block]] = {}
    for block in layout.blocks:
        if block.role in ("input", "weight", "output", "part"):
            groups.setdefault((block.layer, block.role, block.part), []).append(block)
    for (layer, role, part), blocks in groups.items():
        ranges = " ".join(block.range.address for block in blocks)
        if role == "input":
            yield "input", False, ranges
        else:
            last = [layer, *(node.name for node in layout.inline.get(layer, ()))][-1]
            yield "output", role == "weight" or not (part or _unsigned(network, last)), ranges


def _unsigned(network: Network, name: str) -> bool:
    """Whether a layer's output cannot be negative, as far as the kinds of layers tell."""
    if name == INPUT:
        return False
    layer = network[name].layer
    if isinstance(layer, ReLU) or layer.parts:
        return True
    return not layer.weight_shapes and _unsigned(network, network[name].inputs[0])
