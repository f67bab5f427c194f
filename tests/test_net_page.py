"""The first worksheet as a page: nothing stands on anything else, nothing is cut off, and colours can be compared."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.cell import absolute_coordinate

from tests import explored, test_every_layer
from tests.strategies import inputs, networks
from xlconv import digits, measure, style, workbook
from xlconv.cells import Range
from xlconv.layers import (
    LAYER_TYPES,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Softmax,
)
from xlconv.layout import FIRST_ROW, SENTENCE_ROW, SENTENCE_ROWS, Layout, lay_out
from xlconv.network import FloatArray, Network, Node
from xlconv.pages import Page, net, scales
from xlconv.pages.sentences import sentences
from xlconv.templates import Template

CALIBRI = {
    **dict(zip("abcdefghijklm", (981, 1076, 866, 1076, 1019, 625, 964, 1076, 470, 490, 931, 470, 1636), strict=True)),
    **dict(zip("nopqrstuvwxyz", (1076, 1080, 1076, 1076, 714, 801, 686, 1076, 925, 1464, 887, 927, 809), strict=True)),
    **dict.fromkeys("0123456789", 1038),
    **dict.fromkeys(" .,:;-()'", 640),
    **dict.fromkeys("MW", 1822),
}
"""How wide Calibri's letters are, in 2048ths of its size; others are no wider than 1378."""

SIZES: dict[style.Kind, float] = {
    "title": 1.05 * measure.TITLE,
    "shape": measure.SHAPE,
    "sentence": measure.SENTENCE,
    "caption": measure.CAPTION,
}


def calibri_width(text: str, points: float) -> float:
    return sum(CALIBRI.get(char, 1378) for char in text) / 2048 * points * 96 / 72


def of(template: Template, digit: int) -> FloatArray:
    return digits.sample(template.samples.images, template.samples.labels, digit, 0, template.network.input_shape)


def chain(shape: tuple[int, ...], *layers: object, classes: tuple[str, ...] = ()) -> Network:
    """Layers in a row, with random weights."""
    nodes = [Node(f"layer{n}", layer) for n, layer in enumerate(layers)]  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    weights = {f"{n.name}.{key}": rng.standard_normal(s) for n in nodes for key, s in n.layer.weight_shapes.items()}
    return Network(shape, nodes, weights, classes)


BENT = [BatchNorm2d(2), LeakyReLU(0.1), Sigmoid()]

SMALL = {
    "vectors": chain(
        (4,), Linear(4, 8), ReLU(), Linear(8, 3), Softmax(), classes=("setosa", "versicolor", "virginica")
    ),
    "colours": chain((3, 8, 8), Conv2d(3, 4, 3, padding=1), MaxPool2d(2), Conv2d(4, 2, 3, stride=2)),
    "many outputs": chain((2, 2, 2), Flatten(), Linear(8, 60), Softmax()),
    "one number": chain((1,), Linear(1, 1)),
    "one pixel": chain((1, 1, 1), Conv2d(1, 70, 1), Conv2d(70, 2, 1), Flatten(), Linear(2, 26)),
    "a graph of images": explored.NETWORKS["a graph of images"],
    "a graph of vectors": explored.NETWORKS["a graph of vectors"],
    "every layer": test_every_layer.NETWORK,
    "long formulas": explored.grown(
        (60, 3, 3),
        [Node("conv", Conv2d(60, 2, 3)), *(Node(f"n{n}", each, inline=True) for n, each in enumerate(BENT))],
    ),
    "long vector": chain((40,), ReLU(), Linear(40, 2), classes=("a class with a name that is far too long", "other")),
}


def owners(layout: Layout) -> dict[str, Range]:
    """All that needs cells of its own, below the headings."""
    single = {"panel": layout.panel, "result": layout.result, "mark": layout.mark_area, "chart": layout.chart}
    found = {what: where for what, where in single.items() if where}
    for block in layout.blocks:
        if block.role != "prediction":
            found[block.name] = block.range
        found[f"caption of {block.name}"] = Range(layout.sheet, block.range.row - 1, block.range.column)
    found |= {text + where.address: where for where, text in layout.labels}
    return found | {f"arrow {n}": where for n, where in enumerate(layout.arrows)}


def check_apart(layout: Layout) -> None:
    taken: dict[tuple[int, int], str] = {}
    for what, where in owners(layout).items():
        assert where.row >= FIRST_ROW, what
        assert where.column + where.width - 1 <= layout.last_column, what
        assert where.row + where.height - 1 <= layout.last_row, what
        for at in where.cells():
            assert taken.setdefault(at, what) == what, (what, taken[at])
    assert taken


def check_texts(page: Page, layout: Layout) -> None:
    """Every text ends before the next thing in its row, or the worksheet's end."""
    filled = {at for at, (content, _) in page.cells.items() if content is not None}
    merged = {at for where in page.merged for at in where.cells()}
    texts = [(at, str(content), kind) for at, (content, kind) in page.cells.items() if content and kind in SIZES]
    assert texts
    for (row, column), text, kind in texts:
        after = [at[1] for at in filled | merged if at[0] == row and at[1] > column]
        room = layout.pixels(column, min(after, default=layout.last_column + 1) - column)
        assert calibri_width(text, SIZES[kind]) <= room, (text, room)


def check_headings(page: Page, layout: Layout) -> None:
    """Headings do not touch, every one has a sentence that fits its own columns, and none is cut short."""
    assert layout.headings
    for left, right in pairwise(layout.headings):
        assert left.column + left.width < right.column
    for heading in layout.headings:
        rows = range(SENTENCE_ROW, SENTENCE_ROW + SENTENCE_ROWS)
        lines = [page.cells[row, heading.column][0] for row in rows]
        assert isinstance(lines[0], str)
        room = layout.pixels(heading.column, heading.width)
        assert all(calibri_width(str(line), measure.SENTENCE) < room for line in lines if line)
        assert not any("…" in str(line) for line in lines)
        assert str([line for line in lines if line][-1]).endswith(".")


@settings(max_examples=150, deadline=None)
@given(networks(8), st.booleans(), st.integers(0, 2**32))
def test_nothing_overlaps_and_nothing_is_cut(network: Network, panel: bool, seed: int) -> None:
    """For any network, with and without the choice of a sample."""
    layout = lay_out(network, "net", panel)
    check_apart(layout)
    page = net.page(network, inputs(network, seed), layout)
    check_texts(page, layout)
    check_headings(page, layout)
    check_zoom(page, layout)


@pytest.mark.parametrize("panel", [False, True])
@pytest.mark.parametrize("network", SMALL.values(), ids=SMALL)
def test_unusual_networks_are_laid_out_well(network: Network, panel: bool) -> None:
    """The same for some that random ones are not like."""
    layout = lay_out(network, "net", panel)
    check_apart(layout)
    page = net.page(network, inputs(network, 0), layout)
    check_texts(page, layout)
    check_headings(page, layout)
    check_zoom(page, layout)


def check_zoom(page: Page, layout: Layout) -> None:
    """As large as the screen allows, and not larger."""
    width = layout.pixels(1, layout.last_column)
    height = sum(page.heights.values()) / 0.75 + (layout.last_row - FIRST_ROW + 1) * measure.CELL
    fits = min(1880 / width, 800 / height) * 100
    assert page.zoom == max(10, min(100, int(fits)))


def test_the_template_can_be_read_at_its_zoom(template: Template) -> None:
    """All of it is on the screen, and letters are not smaller than eight pixels."""
    layout = lay_out(template.network, "net", panel=True)
    page = net.page(template.network, of(template, 7), layout)
    assert page.zoom >= 33
    assert measure.SENTENCE * 96 / 72 * page.zoom / 100 >= 8
    assert page.frozen == f"A{FIRST_ROW}"


def test_wide_columns_are_as_wide_as_the_layout_says() -> None:
    """Excel's pixels for a width in a file, by ECMA-376, 18.3.1.13, where a digit of the default font has seven."""
    for width, pixels in (style.WIDE, measure.WIDE), (style.CELL_WIDTH, measure.CELL):
        assert int((256 * width + int(128 / 7)) / 256 * 7) == pixels
    assert style.ROW_HEIGHT / 0.75 == measure.CELL


def test_tensors_stand_at_constant_pitches(template: Template) -> None:
    """Channels below one another, kernels and dense weights in regular stacks, so that formulas can count to them."""
    for network in (template.network, *SMALL.values()):
        layout = lay_out(network, "net")
        assert set(layout.weights) <= set(layout.outputs) != set()
        for blocks in layout.outputs.values():
            assert len({where.column for where in blocks.ranges}) == 1
            assert len({b.row - a.row for a, b in pairwise(blocks.ranges)}) <= 1
        for table in layout.weights.values():
            for kernels in table:
                assert len({where.column for where in kernels}) == 1
            steps = {b.row - a.row for kernels in table for a, b in pairwise(kernels)}
            assert len(steps) <= 1


def color_scales(page: Page) -> dict[str, list[tuple[str, float]]]:
    """The points of each colour scale, by the ranges that it holds for."""
    scales = [(ranges, rule.colorScale) for ranges, rule in page.rules if rule.colorScale]
    return {ranges: [(point.type, point.val) for point in scale.cfvo] for ranges, scale in scales}


def test_colours_are_fixed_and_symmetrical(template: Template) -> None:
    """One scale of plain numbers for each tensor, the same for every input, with white at zero."""
    layout = lay_out(template.network, "net")
    typical = [of(template, digit) for digit in range(10)]
    three, seven = (net.page(template.network, of(template, n), layout, typical) for n in (3, 7))
    found = color_scales(seven)
    assert found == color_scales(three)
    for points in found.values():
        assert {kind for kind, _ in points} == {"num"}
        numbers = [value for _, value in points]
        assert 0 in numbers
        assert numbers == [0, numbers[-1]] or numbers == [-numbers[-1], 0, numbers[-1]]
    shown = {name: blocks for name, blocks in layout.outputs.items() if name != "softmax"}
    ends = {name: found[" ".join(w.address for w in blocks.ranges)][0][1] for name, blocks in shown.items()}
    assert ends["input"] == ends["relu1"] == ends["relu2"] == ends["maxpool"] == 0
    assert ends["dense"] < 0
    weights = " ".join(where.address for kernels in layout.weights["conv2"] for where in kernels)
    assert found[weights] == [("num", -3.0), ("num", 0), ("num", 3.0)]


def test_blank_and_negative_inputs_have_colours() -> None:
    """A scale never ends where it begins, and runs below zero where numbers may."""
    network = chain((1, 4, 4), Conv2d(1, 2, 3, bias=False), MaxPool2d(2), ReLU())
    blank = scales.of_activations(network, [np.zeros((1, 4, 4))])
    assert blank["input"] == (1.0, False)
    assert blank["layer0"] == blank["layer1"] == (1.0, True)
    assert blank["layer2"] == (1.0, False)
    assert scales.of_activations(network, [np.full((1, 4, 4), -3.0)])["input"] == (3.0, True)


@pytest.mark.parametrize(
    ("number", "end"),
    [
        (0, 1),
        (1, 1),
        (0.11, 0.15),
        (2.28, 2.5),
        (4.01, 5),
        (0.3, 0.3),
        (99, 100),
        (1e-5, 1e-5),
        (np.inf, 1),
        (np.nan, 1),
    ],
)
def test_scales_end_at_round_numbers(number: float, end: float) -> None:
    """Not below the number, and near it."""
    assert scales.rounded_up(number) == end


def test_a_few_large_numbers_do_not_pale_all_others() -> None:
    """Of many weights, the largest one may be beyond the scale."""
    weights = np.full(1000, 0.4)
    weights[0] = 100.0
    assert scales.of_weights(weights).most == 0.4
    assert scales.of_weights(weights[:50]).most == 100.0


@pytest.mark.parametrize("layer_type", [kind for kind in LAYER_TYPES.values() if not kind.view])
def test_every_layer_has_its_words(layer_type: type[Layer]) -> None:
    """Whatever has cells of its own is explained: by its own words, or by what there is to say of its place."""
    assert layer_type.words or layer_type in sentences.registry
    assert all(len(longer) > len(shorter) for longer, shorter in pairwise(layer_type.words))


def words(page: Page, layout: Layout, layer: str) -> str:
    (heading,) = (heading for heading in layout.headings if heading.layer == layer)
    rows = range(SENTENCE_ROW, SENTENCE_ROW + SENTENCE_ROWS)
    lines = [page.cells[row, heading.column][0] for row in rows]
    return " ".join(str(line) for line in lines if line).replace("\N{NO-BREAK SPACE}", " ")


def test_the_template_is_explained_at_length(template: Template) -> None:
    """The numbers in the sentences are the network's."""
    layout = lay_out(template.network, "net")
    page = net.page(template.network, of(template, 7), layout)
    assert "28 rows of 28 numbers" in words(page, layout, "input")
    assert "28 - 3 + 1 = 26" in words(page, layout, "conv1")
    assert "Each of the 2 filters" in words(page, layout, "conv1")
    assert "each of the 2 maps of conv1" in words(page, layout, "conv2")
    assert "half the rows and columns" in words(page, layout, "maxpool")
    assert "288 products" in words(page, layout, "dense")
    assert "score (logit) of the class" in words(page, layout, "dense")
    assert "add up to 1" in words(page, layout, "softmax")
    with_panel = net.page(template.network, of(template, 7), lay_out(template.network, "net", panel=True))
    assert "Choose another one below" in words(with_panel, layout, "input")


def test_weights_say_what_they_are_for(template: Template) -> None:
    """A filter, a channel of a filter, the weights of a class."""
    layout = lay_out(template.network, "net")
    page = net.page(template.network, of(template, 7), layout)
    above = {name: page.cells[where.row - 1, where.column][0] for name, where in page.names.items() if where.row > 1}
    assert above["conv1_weight_1_0"] == "filter 1"
    assert above["conv2_weight_1_0"] == "channel 0"
    kernel = page.names["conv2_weight_1_0"]
    assert page.cells[kernel.row - 2, kernel.column][0] == "filter 1"
    assert above["dense_weight_7_1"] == "weights for class 7, channel 1"
    assert (above["dense"], above["classes"], above["softmax_exp"]) == ("logits", "class", "exp")


def test_what_is_not_beside_is_named() -> None:
    """An arrow leads from a layer to the one that reads it; where that is another, the heading says which."""
    nodes = [Node("a", ReLU()), Node("b", ReLU()), Node("c", ReLU(), ("a",))]
    layout = lay_out(Network((3,), nodes, {}), "net")
    assert [heading.shape for heading in layout.headings] == ["3", "ReLU  3", "ReLU  3", "ReLU  3, reads a"]
    assert [where.column + where.width for where in layout.arrows] == [h.column for h in layout.headings[1:3]]


def test_the_prediction_is_large_and_one_cell(template: Template) -> None:
    """Its name is that of one cell, the upper left of many; below it the mark has room, if samples are chosen."""
    for panel in (False, True):
        layout = lay_out(template.network, "net", panel)
        page = net.page(template.network, of(template, 7), layout)
        where, area = page.names["prediction"], layout.result
        assert area is not None
        assert where == area._replace(height=1, width=1)
        assert area in page.merged
        assert area.size >= 6 * 5
        assert (layout.mark is not None) == (layout.mark_area in page.merged) == panel
        assert layout.panel is None or (layout.panel.width >= 14 and layout.panel.height >= 12)
        for one, other in combinations(page.merged, 2):
            assert not set(one.cells()) & set(other.cells())


def test_probabilities_are_bars(seven: Path) -> None:
    """A chart of all classes whose axes are shown, and a bar in each cell that is full at 1."""
    book = openpyxl.load_workbook(seven)
    sheet = book.worksheets[0]
    (chart,) = sheet._charts
    (series,) = chart.ser
    names = {name: book.defined_names[name].attr_text for name in ("softmax", "classes")}
    assert (series.val.numRef.f, series.cat.strRef.f) == (names["softmax"], names["classes"])
    assert chart.type == "bar"
    assert chart.x_axis.delete is False
    assert chart.x_axis.scaling.orientation == "maxMin"
    rules = [(where.sqref, rule) for where in sheet.conditional_formatting for rule in where.rules]
    ((cells, bar),) = [(cells, rule.dataBar) for cells, rule in rules if rule.dataBar]
    assert names["softmax"] == f"'conv-example'!{absolute_coordinate(str(cells))}"
    assert [(point.type, point.val) for point in bar.cfvo] == [("num", 0), ("num", 1)]
    assert (bar.minLength, bar.maxLength) == (0, 100)


def test_images_and_long_vectors_have_no_bars(tmp_path: Path) -> None:
    """A chart stands where a network ends in a vector of which bars can be told apart; and logits have one, too."""
    for name, charts in (("colours", 0), ("many outputs", 0), ("one number", 1), ("vectors", 1)):
        network = SMALL[name]
        layout = lay_out(network, "net")
        assert len(net.page(network, inputs(network, 0), layout).charts) == charts
        assert (layout.result is None) == (name == "colours")
        workbook.write(network, inputs(network, 0), tmp_path / f"{name}.xlsx")
