"""What the check makes of the words on the worksheet `Explore`: its own sentences, and every change of the formula."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import numpy as np
import pytest

from tests import explored
from xlconv import engines, layers, reader, reference, wording, workbook
from xlconv.cells import ErrorValue, Value, column_letters
from xlconv.check.explore import Explorer
from xlconv.check.sentences import Clause, Text, in_full, is_said, texts
from xlconv.check.steps import Selection, explain
from xlconv.layers import Layer
from xlconv.network import FloatArray, Network, Node
from xlconv.recover.declared import found_by
from xlconv.selftest.copies import Copies

TOLERANCE = 1e-9


def said(network: Network, x: FloatArray, chosen: Selection, tolerance: float = TOLERANCE) -> tuple[Text, ...]:
    (found,) = explain(network, chosen.layer, chosen.at, reference.forward(network, x)).texts(tolerance)
    return found


def fill(template: str, **fields: str | float) -> Text:
    """The text of one choice."""
    clause = Clause(template, {key: v if isinstance(v, str) else np.array([v]) for key, v in fields.items()})
    (((text,)),) = texts(clause, 1, TOLERANCE)
    return text


@pytest.mark.parametrize("name", explored.SENTENCES)
def test_sentences(name: str) -> None:
    """Those that the writer's tests have, by numbers worked out by hand."""
    network, sentences = explored.SENTENCES[name]
    found = [[in_full(text) for text in said(network, explored.X, Selection(*choice))] for choice in sentences]
    assert found == [[sentence] for sentence in sentences.values()]


def single(layer: Layer, x: FloatArray, *before: Layer) -> str:
    """What is said of the first element of a layer with an inline ReLU; all weights are 1, all biases 2."""
    nodes = [Node(f"l{at}", each) for at, each in enumerate(before)]
    nodes += [Node("it", layer), Node("relu", layers.ReLU(), inline=True)]
    shapes = {f"{node.name}.{key}": shape for node in nodes for key, shape in node.layer.weight_shapes.items()}
    weights = {key: np.full(shape, 2.0 if key.endswith("bias") else 1.0) for key, shape in shapes.items()}
    (text,) = said(Network(x.shape, nodes, weights), x, Selection("it", 0, 0, 0))
    return in_full(text)


ONES = np.ones((2, 3, 3))
IS_ABOVE = "This is not below zero, and ReLU leaves it at"
IS_BELOW = "This is below zero, and ReLU makes it 0."


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            single(layers.Conv2d(2, 1, (1, 2)), ONES / 3),
            "channel 0, row 0, column 0: the filter lies on row 0 and columns 0 to 1 of the input, "
            f"in each of its 2 channels. The products and the bias, 2, add up to 3.3333. {IS_ABOVE} 3.3333.",
        ),
        (
            single(layers.MaxPool2d((2, 1), stride=1), -ONES, layers.ZeroPad2d(0)),
            "channel 0, row 0, column 0: the largest number in rows 0 to 1 and column 0 of layer 'l0', channel 0, "
            f"is -1. {IS_BELOW}",
        ),
        (
            single(layers.ZeroPad2d(-1), -ONES),
            f"channel 0, row 0, column 0: here stands what the input has in row 1, column 1: -1. {IS_BELOW}",
        ),
        (
            single(layers.Linear(18, 1), ONES, layers.Flatten()),
            "element 0: each number of the input (2 channels of 3 rows and 3 columns) has a weight of its own. "
            f"The products and the bias, 2, add up to 20. {IS_ABOVE} 20.",
        ),
        (
            single(layers.Linear(2, 1, bias=False), -ONES[:, 0, 0], layers.Softmax(), layers.ReLU()),
            "element 0: each number of layer 'l1' (2 in all) has a weight of its own. "
            f"The products add up to 1. {IS_ABOVE} 1.",
        ),
        (
            single(layers.Softmax(), ONES[:, 0, 0]),
            "element 0: x is 1. The largest of all is 1, and x less that is 0. The exponential of this is 1; "
            f"divided by the sum of all exponentials, 2, it is a share of 0.5. {IS_ABOVE} 0.5.",
        ),
    ],
)
def test_further_sentences(found: str, expected: str) -> None:
    """Clauses that those do not have."""
    assert found == f"In layer 'it', {expected}"


TEXT = fill("In layer '{name}', row {row}: {x:4} and {y:4}.", name="l1.5 (*", row=-2.0, x=1.23456, y=12345.678991)


@pytest.mark.parametrize(
    ("got", "is_right"),
    [
        ("In layer 'l1.5 (*', row -2: 1.2346 and 12345.679.", True),
        ("In layer 'l1.5 (*', row -2: 1.2346E0 and 1.2345679E+4.", True),
        ("In layer 'l1.5 (*', row -2: 1.2345 and 12345.679.", False),
        ("In layer 'l1.5 (*', row -2: 1.23456 and 12345.679.", False),
        ("In layer 'l1.5 (*', row -2: 1.235 and 12345.679.", False),
        ("In layer 'l1.5 (*', row -2: -1.2346 and 12345.679.", False),
        ("In layer 'l1.5 (*', row -2: 1.2346 and 12345.679", False),
        ("In layer 'l1.5 (*', row -2: 1.2346 and 12345.679. ", False),
        ("In layer 'l1.5 (*', row 2: 1.2346 and 12345.679.", False),
        ("In layer 'l1.5 (*', row -2: 12345.679 and 1.2346.", False),
        ("In layer 'l1.5 (*', row -2: x and 12345.679.", False),
        ("In layer 'l1x5 (*', row -2: 1.2346 and 12345.679.", False),
        ("in layer 'l1.5 (*', row -2: 1.2346 and 12345.679.", False),
        ("", False),
        (1.2346, False),
        (None, False),
        (ErrorValue("#REF!"), False),
    ],
)
def test_letters_and_numbers(got: Value, is_right: bool) -> None:
    """The letters must be those, and the numbers be those in their order, rounded to 4 decimals."""
    expected = "In layer 'l1.5 (*', row -2: 1.2346 and 12345.679."
    assert in_full(TEXT) == expected
    assert is_said(got, (TEXT,), TOLERANCE) is is_right
    assert is_said(got, (fill("other"), TEXT), TOLERANCE) is is_right


@pytest.mark.parametrize("value", [1.00005, 2.00015, -0.00005, 12345.67895])
def test_one_half_may_go_either_way(value: float) -> None:
    """Programs round it as they happen to hold it."""
    text = fill("{x:4}", x=value)
    for got, is_right in ((value - 5e-5, True), (value + 5e-5, True), (value - 1.5e-4, False), (value + 1.5e-4, False)):
        assert is_said(f"{got:.4f}", (text,), TOLERANCE) is is_right


@pytest.mark.parametrize("x", [0.0, 1e-10, -1e-10, 1e-6, -1e-6, 1.0])
def test_nearly_zero_may_go_either_way(x: float) -> None:
    """Where rounding decides whether a number is below zero, either wording is right."""
    network = Network((1,), [Node("relu", layers.ReLU())], {})
    found = [in_full(text) for text in said(network, np.array([x]), Selection("relu", 0, 0, 0))]
    assert (IS_BELOW in found[0]) == (x < 0)
    assert len(found) == (2 if abs(x) <= TOLERANCE else 1)
    assert len({IS_BELOW in text for text in found}) == len(found)


IN_A_ROW = explored.grown(
    (2, 4, 4),
    [
        Node("conv", layers.Conv2d(2, 1, 2, stride=(1, 2), padding=1)),
        Node("conv_relu", layers.ReLU(), inline=True),
        Node("one", layers.Conv2d(1, 1, 1, bias=False)),
        Node("apart", layers.Conv2d(2, 1, 2, dilation=(1, 3)), ("input",)),
        Node("apart_leak", layers.LeakyReLU(), inline=True),
        Node("pool", layers.MaxPool2d((2, 3), (2, 1), padding=1), ("input",)),
        Node("pool_relu", layers.ReLU(), inline=True),
        Node("low", layers.MaxPool2d(1), ("input",)),
        Node("pad", layers.ZeroPad2d(1), ("input",)),
        Node("pad_relu", layers.ReLU(), inline=True),
        Node("relu", layers.ReLU(), ("input",)),
        Node("all", layers.Flatten(), ("input",)),
        Node("channels", layers.Linear(32, 4)),
        Node("elements", layers.Linear(4, 3, bias=False)),
        Node("elements_relu", layers.ReLU(), inline=True),
        Node("vector_relu", layers.ReLU(), ("channels",)),
        Node("image", layers.Flatten(), ("one",)),
        Node("rows", layers.Linear(15, 3)),
        Node("rows_relu", layers.ReLU(), inline=True),
        Node("softmax", layers.Softmax(), ("channels",)),
    ],
    decimals=9,
)
GRAPH = explored.grown(
    (4, 3, 4),
    [
        Node("mean", layers.AvgPool2d((2, 3), (2, 1), 1)),
        Node("mean_relu", layers.ReLU(), inline=True),
        Node("less", layers.AvgPool2d((1, 2), 1, (0, 1), count_include_pad=False), ("input",)),
        Node("mirror", layers.ReflectionPad2d((1, 0, 0, 2)), ("input",)),
        Node("both", layers.Concat(), ("input", "input")),
        Node("two", layers.Conv2d(8, 2, 1, groups=2, dilation=(2, 1)), ("both",)),
        Node("four", layers.Conv2d(4, 4, (1, 2), (1, 2), (0, 1), groups=4, bias=False), ("input",)),
        Node("sum", layers.Add(), ("both", "both")),
        Node("norm", layers.BatchNorm2d(8)),
        Node("one", layers.AdaptiveAvgPool2d(1), ("input",)),
        Node("flat", layers.Flatten()),
        Node("dense", layers.Linear(4, 3)),
        Node("total", layers.Add(), ("dense", "dense")),
        Node("vectors", layers.Concat(), ("dense", "total")),
        Node("log", layers.LogSoftmax(), ("dense",)),
    ],
    decimals=9,
)
"""In both together each clause is told and left out, and every number may be of either sign."""

OF_GRAPHS: tuple[str, ...] = (
    wording.MEAN,
    wording.ADD,
    wording.OF_CHANNEL,
    wording.OF_ELEMENT,
    wording.LOG_SOFTMAX,
    wording.THEN,
)
OF_GRAPHS += (wording.ZEROS_OUTSIDE, wording.NOTHING_OUTSIDE, wording.GROUP, wording.ONE_OF_GROUP, wording.DILATION)


class Said(NamedTuple):
    """What formulas say for each of some selections, and what they may say."""

    right: list[tuple[Text, ...]]
    shown: list[list[Value]]

    def is_found(self, formula: int) -> bool:
        """Whether a fault is seen; never where the text is right, too, as of what is 0."""
        faults = [not is_said(row[formula], may, TOLERANCE) for may, row in zip(self.right, self.shown, strict=True)]
        pairs = zip(self.right, self.shown, strict=True)
        assert faults == [row[formula] != row[0] and row[formula] not in [*map(in_full, may)] for may, row in pairs]
        return any(faults)


class Everything(NamedTuple):
    """A workbook in which the words stand somewhere."""

    network: Network
    x: FloatArray
    explorer: Explorer
    copies: Copies
    formula: str

    @property
    def columns(self) -> dict[str, str]:
        """The letters of some columns of the table of layers."""
        first = self.explorer.shown["settings"].column
        settings = {"channels": 0, "height": 1, "width": 2, "bias": 12}
        then = re.search(r'INDEX\(\$([A-Z]+)\$[^)]*\)="nothing"', self.formula)
        kind = re.search(r"CHOOSE\(INDEX\(\$([A-Z]+)\$", self.formula)
        assert then
        assert kind
        found = {name: column_letters(first + at) for name, at in settings.items()}
        return found | {"then": then[1], "kind": kind[1]}


def written(network: Network, path: Path) -> Everything:
    """A workbook of a network."""
    x = np.random.default_rng(0).standard_normal(network.input_shape)
    workbook.write(network, x, path)
    book = reader.read(path)
    explorer = Explorer.of(book, found_by(book))
    assert explorer
    return Everything(network, x, explorer, Copies(book), book.cell(*explorer.shown["words"][:3]).formula or "")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """In which there is no text that is never shown."""
    return written(IN_A_ROW, tmp_path_factory.mktemp("sentences") / "x.xlsx")


def evaluated(of: Everything, formulas: list[str]) -> Said:
    """Formulas in the place of the words, side by side."""
    chosen = of.explorer.selections(np.random.default_rng(0), 24 * 13)
    copy, cells = of.copies.with_formulas_below([(of.explorer.shown["words"], formula) for formula in formulas])
    engine = engines.by_name("formualizer", isolated=False)
    shown = engine.evaluate(copy.package, [of.explorer.edits(each) for each in chosen], cells)
    outputs = reference.forward(of.network, of.x)
    right = [explain(of.network, each.layer, each.at, outputs).texts(TOLERANCE)[0] for each in chosen]
    return Said(right, [[block[0][0] for block in group] for group in shown])


def changed(formula: str, pattern: str, new: str) -> Iterator[str]:
    """A formula for each match of a pattern outside of its texts."""
    code = re.sub('"[^"]*"', lambda match: "_" * len(match[0]), formula)
    for match in re.finditer(pattern, code):
        yield formula[: match.start()] + match.expand(new) + formula[match.end() :]


def letters(formula: str) -> Iterator[str]:
    """A formula for each of its texts, with one letter changed, and without the text."""
    for match in re.finditer('"([^"]*)"', formula):
        text = match[1]
        for new in (text[:-1] + "~", "") if text else ():
            yield f'{formula[: match.start()]}"{new}"{formula[match.end() :]}'


CHANGES = {
    "clauses that are told or not": (r"=([01]),", r"<>\1,"),
    "singular for plural": (r"\$(?:{height}|{width})\$\d+=1,", "TRUE,"),
    "plural for singular": (r"\$(?:{height}|{width})\$\d+=1,", "FALSE,"),
    "no clause": (r"(\$(?:{channels}|{bias})\$\d+)=[01],", r"\1=\1,"),
    "below zero": ("<0,", ">=0,"),
    "inside and outside": ("<0\\)", "<=0)"),
    "inside and outside at the end": (">=", ">"),
    "another kind's sentence": (r"CHOOSE\((INDEX\([^)]*\))", r"CHOOSE(MOD(\1,7)+1"),
    "another layer": (r"INDEX\(\$(?!{then}|{kind})[A-Z]+(\$\d+):\$[A-Z]+(?=\$\d+,\$A)", r"INDEX($C\1:$C"),
    "other layers behind it": (r"INDEX\(\${then}(\$\d+):\${then}", r"INDEX($C\1:$C"),
    "more decimals": (",4\\)", ",9)"),
    "fewer decimals": (",4\\)", ",2)"),
}
ALWAYS_ZERO = ("ReLU makes it ", "what stands there is ")
"""What stands before numbers that have no decimals."""


@pytest.mark.parametrize("what", CHANGES)
def test_changed_words_are_found(everything: Everything, what: str) -> None:
    """Each place where the formula has something of this kind, by itself, gives another text somewhere: a fault."""
    formula, (pattern, new) = everything.formula, CHANGES[what]
    for name, column in everything.columns.items():
        pattern = pattern.replace(f"{{{name}}}", column)
    formulas = [formula, *changed(formula, pattern, new)]
    assert len(formulas) > 1
    found = evaluated(everything, formulas)
    missed = [formulas[at] for at in range(1, len(formulas)) if not found.is_found(at)]
    zeros = sum(formula.count(text) for text in ALWAYS_ZERO) if "decimals" in what else 0
    assert len(missed) == zeros, missed


def test_changed_letters_are_found(everything: Everything) -> None:
    """Every text in the formula, whichever clause it belongs to."""
    formulas = [everything.formula, *letters(everything.formula)]
    assert len(formulas) > 150
    found = evaluated(everything, formulas)
    assert not found.is_found(0)
    assert [formulas[at] for at in range(1, len(formulas)) if not found.is_found(at)] == []


def test_changed_letters_of_a_graph_are_found(tmp_path: Path) -> None:
    """Of each sentence and clause that there is beside those above, every text, in one of the places where it is."""
    everything = written(GRAPH, tmp_path / "x.xlsx")
    parts = sorted({text for each in OF_GRAPHS for text, *_ in Formatter().parse(each) if text.strip(" .:,")})
    formulas, of_part = [everything.formula], [""]
    for part in parts:
        for match in re.finditer(re.escape(f'"{part}"'), everything.formula):
            formulas.append(f'{everything.formula[: match.start()]}"{part}~"{everything.formula[match.end() :]}')
            of_part.append(part)
    found = evaluated(everything, formulas)
    assert not found.is_found(0)
    assert {of_part[at] for at in range(1, len(formulas)) if found.is_found(at)} == set(parts)
