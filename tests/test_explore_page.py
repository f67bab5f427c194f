"""The worksheet `Explore`: whatever cell is chosen, it shows how that cell's number comes about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import chain, product
from typing import NamedTuple

import numpy as np
import pytest

from tests.conftest import needs_libreoffice
from tests.explored import NETWORKS, SENTENCES, X, made
from xlconv import engines, finish, reference, workbook
from xlconv.cells import Edit, ErrorValue, Range, Value
from xlconv.layers import Concat, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax, ZeroPad2d
from xlconv.layout import lay_out
from xlconv.network import FloatArray, Network, Node
from xlconv.pages import Formula, Page, explore, net
from xlconv.pages.explore import ElementChoice
from xlconv.templates import Template

SAFE = {"IF", "INDEX", "MATCH", "CHOOSE", "SUM", "SUMPRODUCT", "MAX", "MIN", "EXP", "INT", "MOD", "ROUND", "ABS", "LN"}
SAFE |= {"TANH", "SQRT", "AVERAGE"}
CHOICES = {"explore_layer", "explore_channel", "explore_row", "explore_column"}


class Book(NamedTuple):
    """A workbook of two worksheets, the network's and `Explore`, and what the first should show."""

    network: Network
    outputs: Mapping[str, FloatArray]
    page: Page
    package: bytes

    def choose(
        self, choices: Sequence[ElementChoice], names: Sequence[str], engine: str
    ) -> list[list[list[list[Value]]]]:
        """For each choice the values of each name."""
        edits: list[list[Edit]] = [
            [(self.page.names[f"explore_{what}"], [[value]]) for what, value in choice._asdict().items()]
            for choice in choices
        ]
        ranges = [self.page.names[name] for name in names]
        return engines.by_name(engine, isolated=False).evaluate(self.package, edits, ranges)


def book(network: Network, title: str = "My net's", x: FloatArray | None = None) -> Book:
    if x is None:
        x = np.random.default_rng(5).normal(0, 1, network.input_shape).round(2)
    layout = lay_out(network, title)
    page = explore.page(network, layout)
    assert page
    pages = [net.page(network, x, layout), page]
    frame, styles = workbook._frame(pages)
    package = BytesIO()
    finish.copy(frame, package, [finish.cells(each, styles) for each in pages])
    return Book(network, reference.forward(network, x), page, package.getvalue())


def holders(network: Network) -> list[tuple[str, str]]:
    """The layers with cells, each with the last of the inline layers behind it."""
    nodes = [node for node in network.nodes if not (node.inline or node.layer.view)]
    inline = {node.inputs[0]: node.name for node in network.nodes if node.inline}
    found = []
    for node in nodes:
        last = node.name
        while last in inline:
            last = inline[last]
        found.append((node.name, last))
    return found


def every_choice(network: Network, most: int = 40) -> list[tuple[ElementChoice, str, tuple[int, ...]]]:
    """Choices in all layers, with the layer whose number is shown, and its index there."""
    found = []
    for name, last in holders(network):
        indices = list(product(*map(range, network.shapes[name])))
        for index in indices[:: -(-len(indices) // most)] + indices[-1:]:
            c, i, j = (*index, 0, 0)[:3]
            found.append((ElementChoice(name, c, i, j), last, index))
    return found


def number(value: Value) -> float:
    assert isinstance(value, float), value
    return value


@pytest.mark.parametrize("name", NETWORKS)
def test_what_comes_out_is_the_cell(name: str) -> None:
    """In every layer the steps end in the number of the first worksheet, which is the reference's."""
    made_book = book(NETWORKS[name])
    choices = every_choice(made_book.network)
    assert {each[0].layer for each in choices} == {layer for layer, _ in holders(made_book.network)} != set()
    names = ["explore_result", "explore_cell"]
    for (choice, last, index), found in zip(
        choices, made_book.choose([each[0] for each in choices], names, "formualizer"), strict=True
    ):
        result, cell = (number(each[0][0]) for each in found)
        assert result == pytest.approx(cell, rel=1e-12, abs=1e-12), choice
        assert cell == pytest.approx(made_book.outputs[last][index], rel=1e-12, abs=1e-12), choice


def test_the_template(template: Template) -> None:
    """The same in the network that comes with xlconv; it opens with the last convolution."""
    made_book = book(template.network)
    assert made_book.page.cells[made_book.page.names["explore_layer"][1:3]][0] == "conv2"
    choices = every_choice(made_book.network, 5)
    found = made_book.choose([each[0] for each in choices], ["explore_result"], "formualizer")
    for (choice, last, index), ((((result,),),)) in zip(choices, found, strict=True):
        assert number(result) == pytest.approx(made_book.outputs[last][index], rel=1e-12, abs=1e-12), choice


def is_rounded(told: float, number: float) -> bool:
    """Whether one is the other with 4 decimals; one half may go either way."""
    return round(told, 4) == told and abs(told - number) <= 0.00005 * (1 + 1e-9)


def channels(network: Network, choice: ElementChoice) -> list[float]:
    """The channels that are told of and shown nowhere: of a group its first and last, of joined layers that of one."""
    node = network[choice.layer]
    if isinstance(node.layer, Conv2d):
        first = choice.channel // (node.layer.out_channels // node.layer.groups) * node.layer.group_size
        return [first, first + node.layer.group_size - 1]
    starts = np.cumsum([0, *(network.shapes[source][0] for source in node.inputs)])
    return [choice.channel - float(starts[starts <= choice.channel][-1])] if isinstance(node.layer, Concat) else []


@pytest.mark.parametrize("name", NETWORKS)
def test_words_tell_what_is_shown(name: str) -> None:
    """The words hold the result, and no number but those that other cells show, rounded to 4 decimals."""
    made_book = book(NETWORKS[name])
    names = [each for each in made_book.page.names if each not in CHOICES | {"explore_words"}]
    choices = [each[0] for each in every_choice(made_book.network, 7)]
    assert {each.layer for each in choices} == {layer for layer, _ in holders(made_book.network)} != set()
    for choice, found in zip(choices, made_book.choose(choices, ["explore_words", *names], "formualizer"), strict=True):
        ((text,),) = found[0]
        values = dict(zip(names, found[1:], strict=True))
        told = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:E-?\d+)?", re.sub("layer '[^']*'", "", str(text)))]
        shown = [n for rows in values.values() for row in rows for n in row if isinstance(n, float)]
        shown += channels(made_book.network, choice)
        assert all(any(is_rounded(n, of) for of in shown) for n in told), text
        assert any(is_rounded(n, number(values["explore_result"][0][0])) for n in told), text
        assert f"layer '{choice.layer}'" in str(text)


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences(name: str) -> None:
    """One of each kind, by numbers worked out by hand."""
    network, sentences = SENTENCES[name]
    found = book(network, x=X).choose(list(sentences), ["explore_words"], "formualizer")
    assert [text for (((text,),),) in found] == list(sentences.values())


def test_window_kernel_and_products() -> None:
    """A convolution at the upper edge: the window reaches into the padding, and is beside its kernel."""
    network = made((2, 4, 4), [Conv2d(2, 3, 3, stride=2, padding=1), MaxPool2d(2), Conv2d(3, 1, 1)])
    made_book = book(network)
    x = np.random.default_rng(5).normal(0, 1, (2, 4, 4)).round(2)
    names = ["window_row", "window_column", "window_1", "kernel_1", "product_1", "sum_1", "window_2", "settings", "at"]
    names = [f"explore_{name}" for name in names]
    ((rows, columns, window, kernel, products, total, beyond, settings, at),) = made_book.choose(
        [ElementChoice("l0", 2, 0, 1)], names, "formualizer"
    )
    assert (rows, columns) == ([[-1], [0], [1]], [[1, 2, 3]])
    expected = np.vstack([np.zeros(3), x[1, :2, 1:4]])
    weights = network.weights["l0.weight"][2, 1]
    np.testing.assert_array_equal(window, expected)
    np.testing.assert_array_equal(kernel, weights)
    np.testing.assert_allclose(np.array(products, float), expected * weights)
    assert number(total[0][0]) == pytest.approx((expected * weights).sum())
    assert beyond == [[""] * 3] * 3
    assert settings == [[2, 3, 3, 2, 2, 1, 1, 1, 1, 4, 4, 3, 1]]
    assert at == [[2, 0, 1]]


def test_what_does_not_apply_is_empty() -> None:
    """Pooling reads a window of its own channel, nothing outside, and multiplies nothing."""
    network = made((2, 3, 3), [Conv2d(2, 2, 1), MaxPool2d(2, ceil_mode=True), Flatten(), Linear(8, 2), Softmax()])
    made_book = book(network)
    names = [name for name in made_book.page.names if name not in CHOICES | {"explore_words"}]
    (found,) = made_book.choose([ElementChoice("l1", 1, 1, 0)], names, "formualizer")
    values = dict(zip(names, found, strict=True))
    expected = np.maximum(made_book.outputs["l0"][1, 2, :2], -9)
    window = values.pop("explore_window_0")
    np.testing.assert_array_equal(window[0], expected)
    assert window[1] == ["", ""]
    kept = {name for name, rows in values.items() if any(value != "" for row in rows for value in row)}
    assert kept == {
        *("explore_number", "explore_limits", "explore_at", "explore_settings", "explore_window_row"),
        *("explore_window_column", "explore_before", "explore_result", "explore_cell"),
    }


def test_choices_that_do_not_exist_give_the_nearest() -> None:
    """After another layer is chosen, the row may be too large for it."""
    made_book = book(NETWORKS["no convolution"])
    (found,) = made_book.choose([ElementChoice("l0", 9, -3, 2)], ["explore_at", "explore_limits"], "formualizer")
    assert found == [[[1, 0, 2]], [[1, 2, 2]]]


@pytest.mark.parametrize("engine", ["formualizer", "ironcalc"])
def test_the_only_layer_is_looked_up_by_its_name(engine: str) -> None:
    """Of a layer that there is not nothing is shown, be there but one that could be meant."""
    made_book = book(made((1, 2, 3), [ReLU()]))
    right, wrong = made_book.choose(
        [ElementChoice("l0", 0, 0, 0), ElementChoice("l1", 0, 0, 0)], ["explore_limits"], engine
    )
    assert right == [[[0, 1, 2]]]
    assert [type(value) for value in wrong[0][0]] == [ErrorValue] * 3


@pytest.mark.parametrize("name", NETWORKS)
def test_formulas(name: str) -> None:
    """Every formula has a name of the contract and calls safe functions; no first worksheet's formula knows of it."""
    made_book = book(NETWORKS[name])
    page = made_book.page
    named = {at for where in page.names.values() for at in where.cells()}
    formulas = {at: text for at, (text, _) in page.cells.items() if isinstance(text, Formula)}
    assert named - set(formulas) == {page.names[name][1:3] for name in CHOICES}
    assert set(formulas) <= named
    for text in formulas.values():
        assert set(re.findall(r"([A-Z0-9.]+)\(", re.sub('"[^"]*"', "", text))) <= SAFE
        assert not re.search(r"explore_|l0_|\{|#REF", re.sub('"[^"]*"', "", text))


def test_first_worksheet_does_not_read_it() -> None:
    network = NETWORKS["padding, strides, biases"]
    first = net.page(network, np.zeros(network.input_shape), lay_out(network, "net"))
    assert not [text for text, _ in first.cells.values() if isinstance(text, Formula) and "Explore" in text]


@pytest.mark.parametrize(
    ("network", "fits"),
    [
        (made((64, 8, 8), [Conv2d(64, 1, 8)]), False),
        (made((10, 8, 8), [Conv2d(10, 1, 8)]), True),
        (made((1, 1, 1), [ZeroPad2d(0)] * 251), False),
        (made((1, 2, 2), [ZeroPad2d(0)] * 240), False),
        (made((1, 2, 2), [ZeroPad2d(0)] * 40), True),
        (made((2, 1, 1), [Flatten()]), False),
        (Network((1, 3, 3), [Node("explore_window", MaxPool2d(2))], {}), False),
    ],
    ids=["many cells", "fewer cells", "many layers", "long formulas", "shorter formulas", "no layers", "a taken name"],
)
def test_none_where_it_would_be_too_large(network: Network, fits: bool) -> None:
    page = explore.page(network, lay_out(network, "net"))
    assert (page is not None) is fits


def test_first_choice() -> None:
    network = NETWORKS["padding, strides, biases"]
    layout = lay_out(network, "net")
    for at, expected in ((None, ("l4", 0, 2, 2)), (ElementChoice("l2", 1, 3, 4), ("l2", 1, 3, 4))):
        page = explore.page(network, layout, at)
        assert page
        cells = [page.names[f"explore_{what}"] for what in ("layer", "channel", "row", "column")]
        assert tuple(page.cells[cell[1:3]][0] for cell in cells) == expected


@pytest.mark.parametrize(
    "engine", ["ironcalc", pytest.param("libreoffice", marks=[needs_libreoffice, pytest.mark.libreoffice])]
)
def test_other_programs_compute_the_same(engine: str) -> None:
    """Text, blanks and look-ups mean the same to them."""
    made_book = book(NETWORKS["padding, strides, biases"])
    choices = [each[0] for each in every_choice(made_book.network, 1)]
    names = [name for name in made_book.page.names if name not in CHOICES]
    compared = 0
    for choice, ours, theirs in zip(
        choices,
        made_book.choose(choices, names, "formualizer"),
        made_book.choose(choices, names, engine),
        strict=True,
    ):
        for name, mine, other in zip(names, ours, theirs, strict=True):
            for a, b in zip(chain(*mine), chain(*other), strict=True):
                assert ("" if b is None else b) == (pytest.approx(a, abs=1e-12) if isinstance(a, float) else a), (
                    choice,
                    name,
                )
                compared += 1
    assert compared == len(choices) * sum(where.size for name, where in made_book.page.names.items() if name in names)
    assert len(choices) >= 8


def test_validations() -> None:
    """A layer of the list, and whole numbers up to the limits."""
    page = book(NETWORKS["a vector"]).page
    kinds = {str(each.sqref): (each.type, each.formula2) for each in page.validations}
    limits = page.names["explore_limits"]
    assert kinds == {
        page.names["explore_layer"].address: ("list", None),
        **{
            page.names[f"explore_{what}"].address: ("whole", limits.part(0, at).absolute)
            for at, what in enumerate(("channel", "row", "column"))
        },
    }
    names = Range.parse(f"Explore!{page.validations[0].formula1}")
    assert names
    assert [page.cells[at][0] for at in names.cells()] == ["l0", "l2"]
