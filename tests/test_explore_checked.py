"""The worksheet `Explore` as it is written, under its check: right in every engine, and every change of it found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests import strategies
from tests.test_check_explore import NETWORK, TOLERANCE, X, explored
from tests.test_engines import EACH_ENGINE, needs_ironcalc
from xlconv import digits, engines, layers, reader, workbook
from xlconv.cells import Range, Value, column_letters, column_number
from xlconv.check import inputs, values
from xlconv.check.explore import Comparison, Explorer
from xlconv.check.steps import WORDS, Selection
from xlconv.declaration import EXPLORE_SHEET
from xlconv.errors import EngineError
from xlconv.network import FloatArray, Network, Node
from xlconv.reader import Cell, Workbook
from xlconv.recover.declared import found_by
from xlconv.report import Finding
from xlconv.selftest.copies import Copies
from xlconv.templates import Template

EMBEDDED = engines.by_name("formualizer", isolated=False)


def written(network: Network, x: FloatArray, path: Path) -> Workbook:
    workbook.write(network, x, path, force=True)
    return reader.read(path)


def explorer(book: Workbook) -> Explorer:
    found = Explorer.of(book, found_by(book))
    assert found is not None
    return found


def checked(book: Workbook, engine: engines.Engine, count: int) -> Comparison:
    comparison = explored(book, engine, selections(book, count))
    assert comparison is not None
    return comparison


def selections(book: Workbook, count: int) -> list[Selection]:
    return explorer(book).selections(np.random.default_rng(0), count)


def assert_right(book: Workbook, engine: engines.Engine, count: int) -> None:
    """Everything is there and right, and the worksheet has no formula beside what is compared."""
    comparison = checked(book, engine, count)
    assert explorer(book).findings == ()
    assert comparison.findings() == []
    result = comparison.result()
    assert result.complete
    assert result.compared == count * result.cells
    formulas = [at for at, cell in book.sheets[EXPLORE_SHEET].cells.items() if cell.formula is not None]
    assert sorted(formulas) == sorted(at[1:] for at in found_by(book).atlas.cells(explorer(book).places))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    return written(NETWORK, X, tmp_path_factory.mktemp("explore") / "small.xlsx")


@pytest.mark.parametrize("name", EACH_ENGINE)
def test_every_engine_shows_the_same(small: Workbook, name: str) -> None:
    """A small network with padding, in each engine."""
    assert_right(small, engines.by_name(name), 24)


@pytest.mark.parametrize("name", EACH_ENGINE)
@pytest.mark.parametrize(
    "layer", [layers.Linear(1, 1), layers.Softmax(), layers.ReLU()], ids=["dense", "softmax", "relu"]
)
def test_single_cells(tmp_path: Path, layer: layers.Layer, name: str) -> None:
    """One layer of one element: look-ups in a range of one cell, which IronCalc refuses."""
    weights = {f"only.{key}": np.full(shape, 0.5) for key, shape in layer.weight_shapes.items()}
    network = Network((1,), [Node("only", layer)], weights)
    assert_right(written(network, np.array([2.0]), tmp_path / "x.xlsx"), engines.by_name(name), 3)


def test_default_template(template: Template, tmp_path: Path) -> None:
    """Several hundred cells of all its layers."""
    samples = template.samples
    x = digits.sample(samples.images, samples.labels, 7, 0, template.network.input_shape)
    assert_right(written(template.network, x, tmp_path / "x.xlsx"), EMBEDDED, 300)


@pytest.mark.parametrize("name", ["formualizer", pytest.param("ironcalc", marks=needs_ironcalc)])
@given(strategies.networks())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_networks(tmp_path: Path, name: str, network: Network) -> None:
    """Any network that has layers with cells of their own: strides, paddings, views, layers that share a source."""
    book = written(network, strategies.inputs(network, 0), tmp_path / "x.xlsx")
    if all(node.layer.view for node in network.nodes):
        assert EXPLORE_SHEET not in book.sheets
    else:
        assert_right(book, engines.by_name(name, isolated=False), 20)


_REFERENCE = re.compile(r"(?<![A-Z$!:])(\$?)([A-Z]{1,2})(\$?)(\d+)(?!\d|:)")
_OPERATOR = re.compile(r"<=|>=|<|>|\+|-|\*|/")
_NUMBER = re.compile(r"(?<![A-Z$\d.])\d+(?![\d.])")
_FUNCTION = re.compile(r"MAX|MIN|SUM|EXP|CHOOSE")


def moved(match: re.Match[str], rng: random.Random) -> str:
    """A reference to the cell below, above or beside."""
    down, right = rng.choice([(-1, 0), (1, 0), (0, -1), (0, 1)])
    column, row = max(1, column_number(match[2]) + right), max(1, int(match[4]) + down)
    return f"{match[1]}{column_letters(column)}{match[3]}{row}"


CHANGES: dict[re.Pattern[str], Callable[[re.Match[str], random.Random], str]] = {
    _REFERENCE: moved,
    _OPERATOR: lambda match, rng: rng.choice([each for each in ("<=", "<", "+", "-", "*") if each != match[0]]),
    _NUMBER: lambda match, rng: str(int(match[0]) + rng.choice((-1, 1))),
    _FUNCTION: lambda match, _: {"MAX": "MIN", "MIN": "MAX", "SUM": "MAX", "EXP": "ABS", "CHOOSE": "SUM"}[match[0]],
}


def changes(book: Workbook, rng: random.Random) -> Iterator[tuple[Range, str]]:
    """Cells of all tables but the words, each with another formula."""
    tables = [where for name, where in explorer(book).shown.items() if name != WORDS]
    while True:
        where = rng.choice(tables)
        cell = where.part(rng.randrange(where.height), rng.randrange(where.width))
        formula = book.cell(*cell[:3]).formula or ""
        pattern = rng.choice(list(CHANGES))
        outside_of_texts = re.sub('"[^"]*"', lambda match: "_" * len(match[0]), formula)
        if matches := list(pattern.finditer(outside_of_texts)):
            match = rng.choice(matches)
            yield cell, formula[: match.start()] + CHANGES[pattern](match, rng) + formula[match.end() :]


def shown(book: Workbook, chosen: list[Selection]) -> list[list[list[list[Value]]]]:
    where = explorer(book)
    return EMBEDDED.evaluate(book.package, [where.edits(each) for each in chosen], list(where.shown.values()))


def test_changed_formulas_are_found(small: Workbook) -> None:
    """A reference moved by one, another operator, number or function: what changes any number has a finding."""
    copies, chosen = Copies(small), selections(small, 24)
    before = shown(small, chosen)
    found = same = 0
    for _, (cell, formula) in zip(range(50), changes(small, random.Random(0)), strict=False):
        changed = copies.with_cell(cell, Cell(formula, None))
        try:
            after = shown(changed, chosen)
        except EngineError:  # formualizer refuses a range whose corners are in disorder
            continue
        comparison = checked(changed, Told(after), 24)
        is_found = bool(comparison.findings()) or not comparison.result().complete
        assert is_found == (after != before), f"{cell.place}: {formula}"
        found, same = found + is_found, same + (not is_found)
    assert found > 20
    assert same > 3


def planted(book: Workbook, name: str, old: str, new: str, at: tuple[int, int] = (0, 0)) -> tuple[Workbook, str]:
    """A copy with something else in the formula of one cell, and which cell that is."""
    cell = explorer(book).shown[name].part(*at)
    formula = book.cell(*cell[:3]).formula or ""
    assert old in formula, formula
    return Copies(book).with_cell(cell, Cell(formula.replace(old, new, 1), None)), cell.place


@pytest.mark.parametrize(
    ("name", "old", "new", "at"),
    [
        ("number", "MATCH($B$4", "MATCH($B$5", (0, 0)),
        ("number", "MATCH", "-MATCH", (0, 0)),
        ("limits", "INDEX(", "1+INDEX(", (0, 0)),
        ("at", "MIN(C5", "MIN(B5", (0, 0)),
        ("at", "MAX(0,", "MAX(1,", (0, 1)),
        ("settings", "INDEX(", "1+INDEX(", (0, 1)),
        ("settings", "INDEX(", "1-INDEX(", (0, 9)),
        ("window_row", "IF(", "1+IF(", (1, 0)),
        ("window_0", "IF(", "0.5+IF(", (1, 1)),
        ("kernel_0", "IF(", "0.5+IF(", (1, 1)),
        ("product_0", "*", "+", (1, 1)),
        ("sum_0", "SUM(", "MAX(", (0, 0)),
        ("dense_window_0", "IF(", "0.5+IF(", (1, 1)),
        ("dense_sum_1", "SUM(", "MAX(", (0, 0)),
        ("softmax", "EXP(", "ABS(", (1, 2)),
        ("max", "MAX(", "MIN(", (0, 0)),
        ("bias", "INDEX(", "1+INDEX(", (0, 0)),
        ("before", "SUM(", "MAX(", (0, 0)),
        ("result", "MAX(0,", "MAX(1,", (0, 0)),
    ],
)
def test_only_the_cell_at_fault_is_named(small: Workbook, name: str, old: str, new: str, at: tuple[int, int]) -> None:
    """However many cells it makes wrong, and wherever they stand."""
    changed, cell = planted(small, name, old, new, at)
    comparison = checked(changed, EMBEDDED, 40)
    assert [finding.cell for finding in comparison.findings()] == [cell]
    result = comparison.result()
    assert (result.at_fault, result.first) == (1, cell)
    assert result.wrong > 1


def test_a_fault_of_the_template_is_named(template: Template, tmp_path: Path) -> None:
    """Where one cell makes all others wrong, most of which stand before it."""
    samples = template.samples
    x = digits.sample(samples.images, samples.labels, 7, 0, template.network.input_shape)
    book = written(template.network, x, tmp_path / "x.xlsx")
    for old, new in (("$B$4", "$B$5"), ("MATCH", "-MATCH")):
        changed, cell = planted(book, "number", old, new)
        comparison = checked(changed, EMBEDDED, 20)
        assert [finding.cell for finding in comparison.findings()] == [cell]
        assert comparison.result().wrong > 900


@pytest.mark.parametrize("value", [2.0, "", None, "text"])
@pytest.mark.parametrize("last", [False, True])
def test_a_value_in_place_of_a_formula_is_compared(small: Workbook, last: bool, value: Value) -> None:
    """With what it should show: it is no formula of the network, and the cells beside have other values."""
    shown = explorer(small)
    cell = shown.atlas.cell(int(shown.places[-1])) if last else shown.shown["window_row"].part(0, 0)
    changed = Copies(small).with_cell(cell, Cell(None, value))
    (finding,) = compared(changed)
    assert finding.cell == cell.place
    assert finding.got == {"": "an empty text", None: "blank"}.get(value, str(value))  # type: ignore[arg-type]


def test_what_the_workbook_has_chosen_is_compared(small: Workbook) -> None:
    """For its own input nothing is put in, and a cell in a circle is the one at fault."""
    assert explorer(small).own is not None
    number, result = (explorer(small).shown[name] for name in ("number", "result"))
    for formula, does in (f"{result.address}+1", "shows an error"), ("A1:B3", "gives an array instead of a value"):
        changed = Copies(small).with_cell(number, Cell(formula, None))
        found = found_by(changed)
        trials = inputs.choose(found, 0, 0).for_engines
        (finding,) = values.compare(changed, found, EMBEDDED, trials[:1], TOLERANCE).findings
        assert finding.cell == number.place
        assert does in finding.message
    for at, value in (0, "no layer"), (1, 0.5), (3, "text"):
        changed = Copies(small).with_cell(explorer(small).choices[at], Cell(None, value))
        assert explorer(changed).own is None


@pytest.mark.parametrize("name", ["formualizer", "libreoffice"])
def test_cells_that_an_array_formula_fills_are_compared(small: Workbook, tmp_path: Path, name: str) -> None:
    """Nine products by one formula are right; with another operator they are not."""
    shown = explorer(small).shown
    products, window, weights = (shown[f"{part}_0"] for part in ("product", "window", "kernel"))
    for operator, wrong in ("*", False), ("+", True):
        text = f'IF({weights.address}="","",{window.address}{operator}{weights.address})'
        cells = dict.fromkeys(products.cells(), Cell(None, None)) | {products[1:3]: Cell(text, None)}
        package = small.builder().package({EXPLORE_SHEET: cells}, {EXPLORE_SHEET: {products[1:3]: products}})
        (tmp_path / "x.xlsx").write_bytes(package)
        findings = compared(reader.read(tmp_path / "x.xlsx"), engines.by_name(name))
        assert [finding.cell for finding in findings] == [products.part(0, 0).place] * wrong


def compared(book: Workbook, engine: engines.Engine = EMBEDDED) -> list[Finding]:
    """What is found by values alone."""
    found = found_by(book)
    trials = inputs.choose(found, 5, 0, explorer(book)).for_engines
    return values.compare(book, found, engine, trials, TOLERANCE).findings


class Told:
    """An engine that has computed already."""

    name = title = "told"

    def __init__(self, values: list[list[list[list[Value]]]]) -> None:
        self.values = values

    def evaluate(self, *_: object) -> list[list[list[list[Value]]]]:
        """What it is told."""
        return self.values


def test_a_wrong_network_is_found(small: Workbook) -> None:
    """The last step reads the first worksheet: a layer that is wrong there shows here, too."""
    conv = small.named_range("conv_0")
    assert conv is not None
    cell = conv.part(0, 0)
    changed = Copies(small).with_cell(cell, Cell(f"{small.cell(*cell[:3]).formula}+1", None))
    names = {finding.message.split()[0] for finding in checked(changed, EMBEDDED, 40).findings()}
    assert "explore_cell" in names
