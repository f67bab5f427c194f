"""The first worksheet: the network, from the input on the left to the prediction on the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from xlconv import emit, measure, style
from xlconv.cells import Range, column_letters
from xlconv.errors import NetworkError
from xlconv.layers import Softmax
from xlconv.layout import FIRST_ROW, SENTENCE_ROW, SENTENCE_ROWS, SHAPE_ROW, TITLE_ROW, Block, Heading, Layout
from xlconv.network import INPUT, FloatArray, Network, Node
from xlconv.pages import Content, Formula, Page, class_content, scales
from xlconv.pages.bars import bars
from xlconv.pages.sentences import WordPlace, of_input, sentences

_LONGEST_FORMULA: Final = 8192
_MOST_ARGUMENTS: Final = 255
_SCREEN: Final = 1880, 800
"""Pixels for cells on a screen of 1920 x 1080."""
_ZOOMS: Final = 10, 100
_HEADER: Final = int((style.TITLE_HEIGHT + (FIRST_ROW - SHAPE_ROW) * style.LINE_HEIGHT) / 0.75)
"""Pixels of the rows that do not scroll."""
_LOOKS: Final = {"part": "output", "vector": "bias"}
_LONGEST_LINE: Final = 1000
"""Pixels of a sentence's line; longer ones are hard to read."""


def page(network: Network, x: FloatArray, layout: Layout, inputs: Sequence[FloatArray] = ()) -> Page:
    """The worksheet.

    Args:
        network: What to compute.
        x: The input in it, of the network's input shape.
        layout: Where all blocks stand.
        inputs: Typical inputs, from which the colours' scales are taken; without any, from `x`.

    Raises:
        NetworkError: A formula would be too long.
    """
    page = Page(layout.sheet, zoom=_zoom(layout), frozen=f"A{FIRST_ROW}", square=True)
    wide = set(layout.wide_columns)
    page.widths = {at: style.WIDE if at in wide else style.CELL_WIDTH for at in range(1, layout.last_column + 1)}
    page.heights = dict.fromkeys(range(TITLE_ROW, FIRST_ROW), style.LINE_HEIGHT) | {TITLE_ROW: style.TITLE_HEIGHT}
    known = scales.of_activations(network, inputs or [x])
    for heading in layout.headings:
        _put_heading(page, layout, heading, _sentences(network, layout, heading.layer, known[INPUT].signed))
    _put_labels(page, layout)
    for block in layout.blocks:
        kind: style.Kind = "caption" if block.role == "prediction" or _is_image(block, network) else "head"
        page.put(block.range.row - 1, block.range.column, block.caption, kind)
        page.fill(block.range, _kind(block, network), _content(network, x, layout, block), block.name)
    _put_rules(page, network, layout, known)
    if layout.chart:
        page.charts.append(bars(network, layout, layout.chart))
    return page


def _zoom(layout: Layout) -> int:
    """In per cent, so that all of the network can be seen at once, if that is possible."""
    width = layout.pixels(1, layout.last_column)
    height = _HEADER + (layout.last_row - FIRST_ROW + 1) * measure.CELL
    low, high = _ZOOMS
    return max(low, min(high, int(100 * min(_SCREEN[0] / width, _SCREEN[1] / height))))


def _put_heading(page: Page, layout: Layout, heading: Heading, texts: tuple[str, ...]) -> None:
    """Title, shape and the longest sentence that fits, over a layer's columns."""
    where = Range(layout.sheet, TITLE_ROW, heading.column, 1, heading.width)
    width = layout.pixels(heading.column, heading.width) - measure.CELL
    title = measure.shortened(heading.title, 1.1 * measure.TITLE, width)
    shape = measure.shortened(heading.shape, measure.SHAPE, width)
    lines = _lines(texts, min(width, _LONGEST_LINE))
    rows: list[tuple[int, str, style.Kind]] = [(TITLE_ROW, title, "title"), (SHAPE_ROW, shape, "shape")]
    rows += [(SENTENCE_ROW + at, (lines[at : at + 1] or [""])[0], "sentence") for at in range(SENTENCE_ROWS)]
    for row, text, kind in rows:
        page.fill(where._replace(row=row), kind, lambda _i, _j: None)
        page.put(row, where.column, text or None, kind)


def _lines(texts: tuple[str, ...], width: float) -> list[str]:
    """The first text that fits the rows under a title, in lines; else the last one, cut off."""
    tries = [measure.broken(text, measure.SENTENCE, width) for text in texts]
    lines = next((lines for lines in tries if _fit(lines, width)), tries[-1])
    return [measure.shortened(line, measure.SENTENCE, width) for line in lines[:SENTENCE_ROWS]]


def _fit(lines: list[str], width: float) -> bool:
    return len(lines) <= SENTENCE_ROWS and all(measure.text_width(line, measure.SENTENCE) <= width for line in lines)


def _sentences(network: Network, layout: Layout, name: str, signed: bool) -> tuple[str, ...]:
    if name == INPUT:
        return of_input(network.input_shape, signed, layout.panel is not None)
    if name == "classes":
        return ("The names of the classes.",)
    if name == "prediction":
        return ("The largest number wins.",)
    fused = network.fused_with(name)
    source, y = network.viewed(fused.node.inputs[0]), network.shapes[name]
    read = "the input" if source == INPUT else network.fused_with(source).node.name
    inline = tuple(type(each.layer).__name__ for each in fused.inline)
    place = WordPlace(read, network.shapes[source], y, inline, y == (len(network.classes),))
    return sentences(fused.node.layer, place)


def _put_labels(page: Page, layout: Layout) -> None:
    """Captions that are no block's, arrows, and what is merged."""
    for where, text in layout.labels:
        page.put(where.row, where.column, text, "caption")
    for where in layout.arrows:
        page.spread(where, "→", "arrow")
    if layout.result:
        page.spread(layout.result, None, "prediction")
    if layout.mark_area:
        page.spread(layout.mark_area, None, "mark")


def _is_image(block: Block, network: Network) -> bool:
    """Whether a block is one of a picture's, or a matrix of weights."""
    if block.role == "classes":
        return False
    return len(block.indices) > 1 or len(network.shapes[block.layer]) == 3


def _kind(block: Block, network: Network) -> style.Kind:
    """How a block's cells look."""
    if block.role == "classes":
        return "class"
    if block.role == "prediction" or block.indices:
        return _LOOKS.get(block.role, block.role)  # type: ignore[return-value]
    shares = block.role == "output" and isinstance(network[block.layer].layer, Softmax)
    return "share" if shares else "vector"


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
    array = x if block.role == "input" else network.weights[f"{block.layer}.{block.part or block.role}"]
    if block.role == "weight" and array.ndim == 2 and len(block.indices) == 2:
        array = array.reshape(array.shape[0], -1, block.range.height, block.range.width)
    numbers: FloatArray = array[block.indices].reshape(block.range.height, block.range.width)
    return numbers


def _formulas(network: Network, layout: Layout, block: Block) -> Callable[[int, int], Formula]:
    node = network[block.layer]
    operands = _operands(layout, node)
    chain = [(each.layer, _operands(layout, each)) for each in network.fused_with(node.name).inline]
    formula = emit.formula.dispatch(type(node.layer))

    def text(i: int, j: int) -> Formula:
        index = (*block.indices, i, j) if block.indices else (i,)
        if block.part:
            return _checked(emit.part_formula(node.layer, block.part, operands, index), node.name)
        expression = formula(node.layer, operands, index)
        for layer, own in chain:
            expression = emit.wrap(layer, expression, own.of_channel(index[0]))
        return _checked(expression, node.name)

    return text


def _operands(layout: Layout, node: Node) -> emit.Operands:
    """Where the numbers stand that a layer reads."""
    x, *others = (layout.outputs[source] for source in node.inputs)
    weights, vectors = layout.weights.get(node.name, ()), layout.vectors.get(node.name, {})
    return emit.Operands(x, weights, vectors, layout.parts.get(node.name, {}), tuple(others))


def _checked(expression: str, layer: str) -> Formula:
    if len(expression) >= _LONGEST_FORMULA:
        raise NetworkError(
            f"layer {layer!r}: a formula would have {len(expression) + 1} characters, Excel takes {_LONGEST_FORMULA}",
            hint="fewer input channels",
        )
    if expression.count(",") >= _MOST_ARGUMENTS and _arguments(expression) > _MOST_ARGUMENTS:
        raise NetworkError(
            f"layer {layer!r}: a function would have more than {_MOST_ARGUMENTS} arguments, which is what Excel takes",
            hint="fewer input channels",
        )
    return Formula(expression)


def _arguments(expression: str) -> int:
    """The most that a function in a formula without texts has."""
    counts, open_ = [0], [0]
    for sign in expression:
        if sign == "(":
            open_.append(1)
        elif sign == ")":
            counts.append(open_.pop())
        elif sign == ",":
            open_[-1] += 1
    return max(counts)


def _put_rules(page: Page, network: Network, layout: Layout, known: dict[str, scales.Scale]) -> None:
    """Colours: one scale for all blocks of a tensor, so that they can be compared; and for the class that wins."""
    for (layer, role, part), ranges in _tensors(layout).items():
        shares = layer != INPUT and isinstance(network[layer].layer, Softmax)
        if shares and not part:
            page.rules.append((ranges, style.bars()))
            continue
        if role in ("weight", "vector"):
            scale = scales.of_weights(network.weights[f"{layer}.{part or role}"])
        else:
            last = layer if layer == INPUT else network.fused_with(layer).shows
            scale = scales.Scale(1.0, False) if part else known[last]
        heat = style.heat(scale.most, scale.signed, ink=layer == INPUT)
        page.rules += [(ranges, style.quiet()), (ranges, heat)]  # of the same ranges, or LibreOffice takes one of them
    end = network.nodes[-1]
    if layout.classes and not end.layer.view:
        (vector,) = layout.outputs[end.name].ranges
        wins = f"${column_letters(vector.column)}{vector.row}=MAX({vector.absolute})"
        page.rules.append((layout.classes.address, style.winner(wins)))


def _tensors(layout: Layout) -> dict[tuple[str, str, str], str]:
    """Where each tensor stands, by layer, role and name of the intermediate result."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for block in layout.blocks:
        if block.role not in ("classes", "prediction"):
            groups.setdefault((block.layer, block.role, block.part), []).append(block.range.address)
    return {key: " ".join(addresses) for key, addresses in groups.items()}
