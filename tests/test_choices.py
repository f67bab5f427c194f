"""Workbooks in which a sample is chosen, or drawn: what they show, what is read of them, and what faults are found."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests import tampering
from tests.conftest import needs_libreoffice
from xlconv import cells, reader, reference, workbook
from xlconv.check import verify
from xlconv.engines import by_name
from xlconv.errors import NetworkError, WorkbookError
from xlconv.layers import Conv2d, Flatten, Linear, Softmax
from xlconv.network import FloatArray, Network, Node
from xlconv.pages.choices import Chosen
from xlconv.recover import recover
from xlconv.recover.choices import Choices
from xlconv.recover.declared import found_by
from xlconv.templates import Samples, Template


@pytest.fixture(scope="module")
def three(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook that shows a sample of the digit 3."""
    path = tmp_path_factory.mktemp("three") / "3.xlsx"
    workbook.write(template.network, Chosen(3, 1), path, template.name, samples=template.samples)
    return path


def colour(classes: tuple[str, ...] = ("apple", "pear", "7")) -> tuple[Network, Samples]:
    """A network that reads three channels, with three samples of each class as they are."""
    nodes = [Node("conv", Conv2d(3, 2, 2)), Node("flat", Flatten()), Node("out", Linear(12, 3)), Node("s", Softmax())]
    rng = np.random.default_rng(3)
    weights = {f"{n.name}.{k}": rng.standard_normal(s) for n in nodes for k, s in n.layer.weight_shapes.items()}
    labels = np.array([2, 0, 1, 0, 1, 2, 2, 1, 0, 0], np.uint8)
    return Network((3, 3, 4), nodes, weights, classes), Samples(rng.standard_normal((10, 3, 3, 4)), labels)


def choices_in(path: Path) -> Choices:
    found = found_by(reader.read(path)).choices
    assert found is not None
    return found


def chosen(path: Path, label: str | float, number: float) -> list[cells.Edit]:
    """What a reader types to choose a sample."""
    where = choices_in(path)
    return [(where.choice, [[label]]), (where.sample, [[number]])]


def shown(path: Path, edits: list[list[cells.Edit]], engine: str) -> list[tuple[FloatArray, cells.Value, cells.Value]]:
    """What input, prediction and mark show in an engine after each group of edits."""
    book = reader.read(path)
    found = found_by(book)
    assert found.choices is not None
    assert found.choices.mark is not None
    inputs = found.atlas.ranges(found.inputs)
    asked = [*inputs, found.atlas.cell(found.prediction), found.choices.mark]
    results = by_name(engine, isolated=False).evaluate(book.package, edits, asked)
    shape = found.network.input_shape
    return [
        (
            np.array([v for rows in got[:-2] for row in rows for v in row], float).reshape(shape),
            got[-2][0][0],
            got[-1][0][0],
        )
        for got in results
    ]


def test_every_sample_can_be_chosen(template: Template, three: Path) -> None:
    """Three of each digit: the input shows it to the last bit, the prediction and the mark are the reference's."""
    choices = choices_in(three)
    assert len(choices.labels) == 30
    assert choices.labels.count(3.0) == 3
    edits = [chosen(three, float(digit), number) for digit in range(10) for number in range(3)]
    seen = set()
    for row, (x, prediction, mark) in enumerate(shown(three, edits, "formualizer")):
        np.testing.assert_array_equal(x, choices.samples[row])
        label = reference.predict(template.network, reference.forward(template.network, x))
        assert prediction == label
        assert mark == ("✓ right" if label == row // 3 else "✗ wrong")
        seen.add(mark)
    assert len(seen) == 2
    images = template.samples.of(3)
    np.testing.assert_array_equal(choices.samples[9:12].reshape(3, 28, 28) * 255, images[[0, 1, -1]])


@pytest.mark.parametrize("engine", ["ironcalc", pytest.param("libreoffice", marks=needs_libreoffice)])
def test_other_engines_show_the_same(template: Template, three: Path, engine: str) -> None:
    """Each digit, and a drawn one, of which a pixel and then a weight is changed: the prediction follows."""
    if engine == "ironcalc":
        pytest.importorskip("ironcalc")
    choices = choices_in(three)
    network = template.network
    drawn = np.zeros((28, 28))
    drawn[4:24, 13:16] = 1.0
    dotted = drawn.copy()
    dotted[4:7, 4:20] = 0.7
    edits = [chosen(three, float(digit), 0.0) for digit in range(10)]
    edits += [[*chosen(three, "draw", 0.0), (choices.draw[0], picture.tolist())] for picture in (drawn, dotted)]
    found = found_by(reader.read(three))
    weight = found.atlas.cell(int(found.weights["dense.weight"][8, 40]))
    edits.append([*edits[-1], (weight, [[9.0]])])
    others = {key: array.copy() for key, array in network.weights.items()}
    others["dense.weight"][8, 40] = 9.0
    changed = Network(network.input_shape, network.nodes, others, network.classes)
    results = (
        [shown(three, [each], engine)[0] for each in edits] if engine == "ironcalc" else shown(three, edits, engine)
    )
    assert len(results) == 13
    for number, (x, prediction, mark) in enumerate(results):
        expected = choices.samples[3 * number] if number < 10 else [drawn, dotted, dotted][number - 10][None]
        np.testing.assert_allclose(x, expected, rtol=0, atol=1e-14)
        model = network if number < 12 else changed
        assert prediction == reference.predict(model, reference.forward(model, np.asarray(expected)))
        assert (mark or "") == ("✓ right" if number < 10 else "")


def test_a_number_beyond_the_samples_shows_the_last(three: Path) -> None:
    """And one below zero the first; a text typed in another case is the same choice."""
    choices = choices_in(three)
    edits = [chosen(three, 3.0, 99.0), chosen(three, 3.0, -5.0), chosen(three, "DRAW", 0.0)]
    (last, _, _), (first, _, _), (blank, _, _) = shown(three, edits, "formualizer")
    np.testing.assert_array_equal(last, choices.samples[11])
    np.testing.assert_array_equal(first, choices.samples[9])
    assert not blank.any()


def test_the_choice_is_recovered(template: Template, tmp_path: Path) -> None:
    """What the input shows is read from the choice: a sample, a drawing, nothing; the network comes back exactly."""
    picture = np.round(np.random.default_rng(0).random((1, 28, 28)), 3)
    for number, x in enumerate([Chosen(0), Chosen(9, 12), picture, np.zeros((1, 28, 28))]):
        path = tmp_path / f"{number}.xlsx"
        workbook.write(template.network, x, path, samples=template.samples)
        recovered = recover(path)
        (found,) = recovered.networks
        assert found.network == template.network
        expected = template.samples.of(x.label)[x.number][None] / 255 if isinstance(x, Chosen) else x
        np.testing.assert_array_equal(found.x, expected)
        assert recovered.not_recognised == []
        assert (shown(path, [[]], "formualizer")[0][0] == expected).all()


def test_other_inputs_can_be_chosen_too(tmp_path: Path) -> None:
    """Three channels, samples below zero, classes that are words and one that is a number."""
    network, samples = colour()
    workbook.write(network, Chosen(1, 2), tmp_path / "x.xlsx", samples=samples)
    report = verify(tmp_path / "x.xlsx")
    assert report.verdict == "agrees"
    assert report.checked == report.formulas
    assert "sample pear" in report.inputs
    choices = choices_in(tmp_path / "x.xlsx")
    assert list(dict.fromkeys(choices.labels)) == ["apple", "pear", 7.0]
    ((x, _, _),) = shown(tmp_path / "x.xlsx", [chosen(tmp_path / "x.xlsx", "Apple", 1.0)], "formualizer")
    np.testing.assert_array_equal(x, samples.of(0)[1])


def test_the_generated_workbook_agrees(three: Path) -> None:
    """Every formula is checked, those that look the input up too; no finding."""
    report = verify(three)
    assert report.verdict == "agrees"
    assert report.findings == []
    assert report.checked == report.formulas > 3600
    assert report.engines[0].layers[0].layer == "input"
    assert {f"sample {digit}" for digit in range(10)} <= set(report.inputs)


def place(three: Path, what: str) -> str:
    choices = choices_in(three)
    where = {"row": choices.row, "mark": choices.mark, "pixel": cells.Range("", 20, 10)}[what]
    assert where is not None
    return where.address


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [
        ("row", "MAX(0,", "MAX(1,"),
        ("row", ",0)+", ",1)+"),
        ("row", '="draw",0,', '="draw",1,'),
        ("row", "$A$34,0)+", "$A$30,0)+"),
        ("row", "Samples!$C$5:$C$34", "Samples!$B$5:$B$34"),
        ("row", "MAX(0,", "MAX(0*prediction,"),  # all that follows stands in a circle
        ("mark", "=0,", "=1,"),
        ("mark", "✓ right", "✗ right"),
        ("mark", '""', '"✓"'),
        ("pixel", "=0,", "&lt;2,"),
        ("pixel", "$5:$", "$6:$"),
        ("pixel", "$34,", "$33,"),
        ("pixel", "/Samples!$B$2", ""),
        ("pixel", "Draw!", "Draw!$A"),
    ],
)
def test_faults_are_found(three: Path, tmp_path: Path, what: str, before: str, after: str) -> None:
    """A changed formula of the choice, the mark or an input cell is an error that names the cell."""
    address = place(three, what)
    xml = tampering.sheet_xml(three)
    cell = re.search(rf'<c r="{address}"[^>]*>.*?</c>', xml)
    assert cell is not None
    assert before in cell[0]
    changed = cell[0].replace(before, after, 1)
    path = tampering.with_sheet(three, xml.replace(cell[0], changed), tmp_path / "x.xlsx")
    report = verify(path, random=3)
    assert report.verdict == "differs"
    named = {finding.cell.rpartition("!")[2] for finding in report.findings if finding.rule != "stale"}
    assert named == {address}


def test_the_drawing_shows_its_prediction(three: Path, tmp_path: Path) -> None:
    """Beside the grid, where it is chosen; another formula there is found."""
    where = choices_in(three).read
    assert where is not None
    cell = reader.read(three).cell(*where[:3])
    assert cell.value == "draw is not chosen"
    assert cell.formula is not None
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(three) as package, zipfile.ZipFile(path, "w") as copy:
        for part in package.namelist():
            copy.writestr(part, package.read(part).replace(b"</f><v>draw is", b"+1</f><v>draw is"))
    found = {(finding.rule, finding.cell) for finding in verify(path, random=3).findings}
    assert found == {("value", where.place), ("stale", where.place)}


def test_a_number_typed_over_the_input_is_found(three: Path, tmp_path: Path) -> None:
    """It no longer follows the choice."""
    book = reader.read(three)
    edit = (cells.Range(book.named_range("input_0").sheet, 20, 10), [[0.25]])  # type: ignore[union-attr]
    (tmp_path / "x.xlsx").write_bytes(next(iter(reader.with_values(three.read_bytes(), [[edit]]))))
    report = verify(tmp_path / "x.xlsx", random=3)
    assert report.verdict == "differs"
    assert report.findings[0].cell.endswith("!J20")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("choice", "eleven", "neither 'draw' nor the label"),
        ("sample_scale", 0.0, "is 0"),
        ("sample_labels", "draw", "must stand together"),
    ],
)
def test_choices_that_contradict_themselves(
    three: Path, tmp_path: Path, name: str, value: str | float, says: str
) -> None:
    """They are one error that says what is wrong and where."""
    where = reader.read(three).named_range(name)
    assert where is not None
    edit = (where.part(0, 0), [[value]])
    (tmp_path / "x.xlsx").write_bytes(next(iter(reader.with_values(three.read_bytes(), [[edit]]))))
    with pytest.raises(WorkbookError, match=says):
        verify(tmp_path / "x.xlsx")


@pytest.mark.parametrize("name", ["sample_row", "samples", "draw_0", "sample_labels", "sample_scale"])
def test_a_missing_name_is_an_error(three: Path, tmp_path: Path, name: str) -> None:
    """As one that names another size is."""
    with zipfile.ZipFile(three) as package, zipfile.ZipFile(tmp_path / "x.xlsx", "w") as copy:
        for part in package.namelist():
            data = package.read(part)
            copy.writestr(
                part, data.replace(f'name="{name}"'.encode(), b'name="other"') if "workbook" in part else data
            )
    with pytest.raises(WorkbookError, match=name):
        verify(tmp_path / "x.xlsx")


def test_what_cannot_be_chosen_is_refused(tmp_path: Path) -> None:
    """Classes that a look-up would mistake for others, a sample that is not there, and one without samples."""
    for classes in [("draw", "b", "c"), ("a", "A", "c"), ("a*", "b", "c")]:
        network, samples = colour(classes)
        with pytest.raises(NetworkError, match="cannot be chosen"):
            workbook.write(network, Chosen(0), tmp_path / "x.xlsx", samples=samples)
    network, samples = colour()
    with pytest.raises(NetworkError, match="no sample 9 of 'apple'"):
        workbook.write(network, Chosen(0, 9), tmp_path / "x.xlsx", samples=samples)
    with pytest.raises(NetworkError, match="no samples are given"):
        workbook.write(network, Chosen(0), tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_that_takes_a_name_is_refused(tmp_path: Path) -> None:
    """A layer called `draw` would need the name of the grid to draw in."""
    network = Network((1, 2, 2), [Node("draw", Conv2d(1, 1, 2, bias=False))], {"draw.weight": np.ones((1, 1, 2, 2))})
    samples = Samples(np.ones((1, 2, 2)), np.zeros(1, np.uint8))
    with pytest.raises(NetworkError, match="'draw_0', which is taken"):
        workbook.write(network, Chosen(0), tmp_path / "x.xlsx", samples=samples)
