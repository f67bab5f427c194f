"""The check of the worksheet `Explore`: what it asks for, what it finds, and what it makes of the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from xlconv import layers, reader, reference, workbook
from xlconv.cells import Edit, ErrorValue, NotEvaluated, Range, Value
from xlconv.check.explore import Comparison, Explorer
from xlconv.check.sentences import in_full
from xlconv.check.steps import WORDS, Explained, Selection, explain, sizes
from xlconv.declaration import EXPLORE_SHEET, explore_name
from xlconv.engines import Engine
from xlconv.network import Network, Node
from xlconv.places import Places
from xlconv.reader import Cell, Sheet, Workbook
from xlconv.recover.declared import found_by

TOLERANCE = 1e-9

NETWORK = Network(
    (1, 4, 4),
    [
        Node("conv", layers.Conv2d(1, 2, 3, padding=1)),
        Node("relu", layers.ReLU(), inline=True),
        Node("pool", layers.MaxPool2d(2, padding=1)),
        Node("flat", layers.Flatten()),
        Node("dense", layers.Linear(18, 3)),
        Node("softmax", layers.Softmax()),
    ],
    {
        "conv.weight": np.random.default_rng(0).standard_normal((2, 1, 3, 3)),
        "conv.bias": [0.1, -0.2],
        "dense.weight": np.random.default_rng(1).standard_normal((3, 18)),
        "dense.bias": [0.3, 0.2, 0.1],
    },
)
X = np.random.default_rng(2).standard_normal((1, 4, 4))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explore") / "x.xlsx"
    workbook.write(NETWORK, X, path)
    return path


@pytest.fixture
def book(path: Path) -> Workbook:
    """A workbook of the network; where its worksheet `Explore` would stand there are cells, names, and no sense."""
    book = reader.read(path)
    sheet = Sheet("nowhere")
    book.sheets[EXPLORE_SHEET] = sheet
    for row, choice in enumerate(("layer", "channel", "row", "column"), 1):
        book.names[explore_name(choice)] = Range(EXPLORE_SHEET, row, 1).reference
        sheet.cells[row, 1] = Cell(None, 0.0)
    row = 10
    for name, height, width in sizes(NETWORK):
        where = Range(EXPLORE_SHEET, row, 3, height, width)
        book.names[explore_name(name)] = where.reference
        sheet.cells |= dict.fromkeys(where.cells(), Cell("A1", None))
        row += height
    return book


@cache
def right(chosen: Selection) -> Explained:
    return explain(NETWORK, chosen.layer, chosen.at, reference.forward(NETWORK, X))


Changes = Mapping[tuple[str, int, int], Value]


class Told:
    """An engine that shows what it is told: what is right, but for some cells.

    Args:
        book: The workbook.
        changed: What cells show instead, by name, row and column in it.
    """

    name = title = "told"

    def __init__(self, book: Workbook, changed: Changes | None = None) -> None:
        self.ranges = {book.named_range(explore_name(name)): name for name, *_ in sizes(NETWORK)}
        self.changed = changed or {}

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """The ranges of each selection."""
        return [[self._shown(selection(group), where) for where in ranges] for group in edits]

    def _shown(self, chosen: Selection, where: Range) -> list[list[Value]]:
        name = self.ranges[where]
        tables = {name: table[0] for name, table in right(chosen).steps.items()}
        rows: list[list[Value]] = [[""] * where.width for _ in range(where.height)]
        if name == WORDS:
            rows[0][0] = in_full(right(chosen).texts(TOLERANCE)[0][0])
        for (i, j), number in np.ndenumerate(tables.get(name, np.empty((0, 0)))):
            rows[i][j] = "" if np.isnan(number) else float(number)
        for (changed, i, j), value in self.changed.items():
            if changed == name:
                rows[i][j] = value
        return rows


def selection(edits: Sequence[Edit]) -> Selection:
    """What edits choose."""
    (layer, *at) = [value for _, ((value,),) in edits]
    return Selection(str(layer), *map(int, at))


def explorer(book: Workbook) -> Explorer:
    found = Explorer.of(book, found_by(book))
    assert found is not None
    return found


def explored(
    book: Workbook, engine: Engine, selections: Sequence[Selection], tolerance: float = TOLERANCE
) -> Comparison | None:
    """Compare what the worksheet shows for the workbook's own input; None where there is no such worksheet."""
    found = found_by(book)
    own = Explorer.of(book, found)
    if own is None:
        return None
    comparison = Comparison(own, engine.title, tolerance)
    ranges = list(own.shown.values())
    places = [place for where in ranges for place in found.atlas.places(where).ravel().tolist()]
    groups = engine.evaluate(book.package, [own.edits(each) for each in selections], ranges) if ranges else []
    outputs = reference.forward(found.network, found.x)
    for selection, group in zip(selections, groups, strict=False):
        values = dict(zip(places, (cell for rows in group for row in rows for cell in row), strict=True))
        comparison.add(selection, found.network, outputs, partial(_looked_up, values))
    return comparison


def _looked_up(values: Mapping[int, Value], cells: Places) -> list[Value]:
    return [values[place] for place in cells.tolist()]


def checked(book: Workbook, changed: Changes | None = None, count: int = 12) -> Comparison:
    selections = explorer(book).selections(np.random.default_rng(0), count)
    comparison = explored(book, Told(book, changed), selections)
    assert comparison is not None
    return comparison


def test_what_is_right_has_no_finding(book: Workbook) -> None:
    """All cells are compared for each selection."""
    comparison = checked(book)
    assert explorer(book).findings == ()
    assert comparison.findings() == []
    result = comparison.result()
    cells = sum(height * width for _, height, width in sizes(NETWORK))
    assert (result.cells, result.compared, result.wrong, result.largest_error) == (cells, 12 * cells, 0, 0.0)
    assert result.complete


def test_without_the_worksheet(book: Workbook) -> None:
    """Nothing is said of a workbook that has none."""
    del book.names["explore_layer"]
    assert Explorer.of(book, found_by(book)) is None
    assert explored(book, Told(book), []) is None


@pytest.mark.parametrize("name", [name for name, *_ in sizes(NETWORK)])
def test_each_table_is_compared(book: Workbook, name: str) -> None:
    """A number that is off in any of them is found, as are a text, an error and nothing at all."""
    where = book.named_range(explore_name(name))
    assert where is not None
    last = where.height - 1, where.width - 1
    for wrong in (0.123456, 1e9, "text 3", ErrorValue("#REF!"), None, True):
        (finding,) = checked(book, {(name, *last): wrong}).findings()
        assert (finding.rule, finding.cell) == ("explore", where.part(*last).place)
        assert finding.message.startswith(f"explore_{name} shows ")
        assert finding.got == ("blank" if wrong is None else str(wrong))


def test_findings_say_what_was_chosen(book: Workbook) -> None:
    """The first selection for which a cell is wrong, what is due, and what the cell's formula is."""
    (finding,) = checked(book, {("bias", 0, 0): 0.1}).findings()
    assert finding.message == (
        "explore_bias shows something else than it should for layer conv, channel 1, row 0, column 0"
    )
    assert (finding.expected, finding.got, finding.formula, finding.engine) == ("-0.2", "0.1", "A1", "told")
    (finding,) = checked(book, {("window_0", 2, 2): 7.0}, count=2).findings()
    assert (finding.expected, finding.got) == (repr(float(X[0, 1, 1])), "7.0")
    found = {finding.expected for finding in checked(book, {("max", 0, 0): 7.0}).findings()}
    assert found == {"an empty text"}


def test_many_findings_are_one(book: Workbook) -> None:
    """Beyond a few, the wrong cells are counted."""
    where = book.named_range(explore_name("dense_kernel_0"))
    assert where is not None
    changed: dict[tuple[str, int, int], Value] = {
        (f"dense_{kind}_{k}", i, j): -5.0
        for kind in ("kernel", "window")
        for k in range(2)
        for i in range(where.height)
        for j in range(where.width)
    }
    findings = checked(book, changed).findings()
    assert len(findings) == 21
    assert findings[-1].count == len(findings[-1].cells) == len(changed) - 20
    assert checked(book, changed).result().wrong == len(changed)


@pytest.mark.parametrize(
    ("formulas", "named"),
    [
        ({}, {"bias", "before", "result", "cell"}),
        ({"before": "SUM(A1,{bias})", "result": "{before}", "cell": "1"}, {"bias", "cell"}),
        ({"before": "explore_bias+1", "result": "Explore_Result", "cell": '"{bias}"'}, {"bias", "result", "cell"}),
        ({"before": "SUM({bias}:{cell})", "result": "explore!{bias}", "cell": "nowhere!{bias}"}, {"bias", "cell"}),
        ({"bias": "{cell}", "before": "{bias}", "result": "{before}", "cell": "{before}"}, {"bias"}),
        ({"bias": "{cell}", "before": "{bias}", "result": "{before}", "cell": "{at}"}, {"cell"}),
    ],
    ids=["none reads another", "a chain", "names and texts", "ranges and worksheets", "a circle", "a right cell"],
)
def test_what_reads_a_wrong_cell_is_not_named(book: Workbook, formulas: Mapping[str, str], named: set[str]) -> None:
    """Only those wrong cells are at fault that refer to no other; if each does, those that refer to a later one."""
    wrong = ("bias", "before", "result", "cell")
    cells = {name: where.part(0, 0) for name, where in explorer(book).shown.items()}
    addresses = {name: cell.address for name, cell in cells.items()}
    for name, formula in formulas.items():
        book.sheets[EXPLORE_SHEET].cells[cells[name][1:3]] = Cell(formula.format(**addresses), None)
    comparison = checked(book, {(name, 0, 0): 7.0 for name in wrong})
    expected = {cells[name].place for name in named or wrong}
    assert {finding.cell for finding in comparison.findings()} == expected
    result = comparison.result()
    assert (result.wrong, result.at_fault) == (4, len(expected))
    assert result.first in expected


def test_array_formulas_are_read_where_they_are_held(book: Workbook) -> None:
    """The cells that one fills are wrong as it is, or as what it reads is."""
    where, bias = explorer(book).shown["settings"], explorer(book).shown["bias"]
    sheet = book.sheets[EXPLORE_SHEET]
    sheet.arrays[where.row, where.column] = where
    for at in list(where.cells())[1:]:
        del sheet.cells[at]
    changed: dict[tuple[str, int, int], Value] = {("settings", 0, at): 99.0 for at in range(where.width)}
    assert [finding.cell for finding in checked(book, changed).findings()] == [where.part(0, 0).place]
    del changed["settings", 0, 0]
    assert len(checked(book, changed).findings()) == where.width - 1
    sheet.cells[where.row, where.column] = Cell(f"{bias.address}+1", None)
    assert [each.cell for each in checked(book, {**changed, ("bias", 0, 0): 7.0}).findings()] == [bias.place]


def test_much_that_is_missing_is_one_finding(book: Workbook) -> None:
    """As where all names but those that choose were deleted."""
    for name, *_ in sizes(NETWORK):
        del book.names[explore_name(name)]
    findings = explorer(book).findings
    assert len(findings) == 21
    assert findings[-1].count == len(list(sizes(NETWORK))) - 20


def test_the_tolerance_is_relative_beyond_1(book: Workbook) -> None:
    """As for activations."""
    found = reference.forward(NETWORK, X)["conv"]
    chosen = Selection("conv", *np.argwhere(found == found.max())[0].tolist())
    value = float(found.max())
    for error, wrong in ((0.5e-9, 0), (0.9e-9 * value, 0), (1.1e-9 * value, 1)):
        told = Told(book, {("cell", 0, 0): value + error})
        comparison = explored(book, told, [chosen])
        assert comparison is not None
        assert comparison.result().wrong == wrong


def test_what_an_engine_lacks_is_no_pass_and_no_fault(book: Workbook) -> None:
    """A cell that was not evaluated is counted, with the reason, and is no finding."""
    comparison = checked(book, {("bias", 0, 0): NotEvaluated("told: #NAME?")})
    assert comparison.findings() == []
    assert comparison.reasons == {"told: #NAME?": 1}
    assert comparison.result().not_evaluated == 1
    assert not comparison.result().complete


@pytest.mark.parametrize("name", ["layer", "column", "kernel_0", "at", "words"])
def test_missing_and_wrong_names(book: Workbook, name: str) -> None:
    """A name that is not there, or has another size, is a finding; the others are compared, if all can be chosen."""
    full = explore_name(name)
    where = book.named_range(full)
    assert where is not None
    for text in ("#REF!", where._replace(height=where.height + 1).reference, where._replace(width=9999).reference):
        book.names[full] = text
        if Explorer.of(book, found_by(book)) is None:
            assert (name, text) == ("layer", "#REF!")
            continue
        (finding,) = explorer(book).findings
        assert finding.rule == "explore"
        assert repr(full) in finding.message
        assert finding.expected == f"{where.height}x{where.width} cells"
        assert (explorer(book).places.size > 0) == (name not in ("layer", "column"))
    if name not in ("layer", "column"):
        assert checked(book).findings() == []


def test_cells_without_formulas(book: Workbook) -> None:
    """A number in the place of a formula is a finding whatever it shows, and a formula where one chooses."""
    where = book.named_range("explore_at")
    assert where is not None
    cells = book.sheets[EXPLORE_SHEET].cells
    cells[where.row, where.column] = Cell(None, 0.0)
    del cells[where.row, where.column + 1]
    cells[3, 1] = Cell("A9", None)
    settings = book.named_range("explore_settings")
    assert settings is not None
    del cells[settings.row, settings.column + 1]  # filled by the array formula beside it
    book.sheets[EXPLORE_SHEET].arrays[settings.row, settings.column] = settings
    found = {(finding.rule, finding.cell) for finding in explorer(book).findings}
    assert found == {
        ("constant", where.part(0, 0).place),
        ("blank", where.part(0, 1).place),
        ("explore", f"{EXPLORE_SHEET}!A3"),
    }


def test_selections(book: Workbook) -> None:
    """Every layer by turns; of each its corners, its edges, something beyond on either side, and inner cells."""
    found = explorer(book).selections(np.random.default_rng(0), 4 * 60)
    assert [each.layer for each in found[:8]] == ["conv", "pool", "dense", "softmax"] * 2
    conv = [(each.row, each.column) for each in found if each.layer == "conv"]
    assert {(0, 0), (0, 3), (3, 0), (3, 3)} <= set(conv)
    assert any(row > 3 and column > 3 for row, column in conv)
    assert any(row < 0 and column < 0 for row, column in conv)
    assert {(row, column) for row in (1, 2) for column in (1, 2)} <= set(conv)
    for layer, channels in {"conv": 2, "pool": 2, "dense": 3, "softmax": 3}.items():
        chosen = {each.channel for each in found if each.layer == layer}
        assert set(range(channels)) < chosen
        assert min(chosen) < 0
        assert max(chosen) >= channels
    assert found == explorer(book).selections(np.random.default_rng(0), 4 * 60)
    assert all(a.layer != b.layer for a, b in pairwise(found))


@pytest.mark.parametrize("wrong", ["In layer 'conv', ", "", None, 7.0, ErrorValue("#REF!")])
def test_words_are_compared(book: Workbook, wrong: Value) -> None:
    """A finding on the words says what they should be."""
    (finding,) = checked(book, {("words", 0, 0): wrong}).findings()
    assert finding.expected.startswith("In layer 'conv', channel 1, row 0, column 0: the filter lies on rows -1 to 1 ")


def test_words_about_nearly_zero(book: Workbook) -> None:
    """Rounding may make of 0 a number below it; then the words may say so."""
    x = np.zeros((1, 4, 4))
    network = Network((1, 4, 4), [Node("relu", layers.ReLU())], {})
    chosen = Selection("relu", 0, 1, 1)
    ((above, below),) = explain(network, "relu", chosen.at, reference.forward(network, x)).texts(TOLERANCE)
    assert in_full(above).endswith(" This is not below zero, and ReLU leaves it at 0.")
    assert in_full(below).endswith(" This is below zero, and ReLU makes it 0.")
