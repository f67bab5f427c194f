"""Grades: students' workbooks against the network that was asked for, and many workbooks at a time."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tests import handmade, tampering
from tests.locating import located
from tests.reports import GRADES, layer, report
from xlconv import templates
from xlconv.check import verify
from xlconv.check.alignment import align, differences, units
from xlconv.check.grading import expectation
from xlconv.errors import TemplateError, WorkbookError
from xlconv.layers import Conv2d, Flatten, Layer, Linear, MaxPool2d, ReLU, Softmax, ZeroPad2d
from xlconv.network import Network, Node
from xlconv.report import Failure, Grade, Report
from xlconv.report.junit import to_junit
from xlconv.report.markdown import to_markdown
from xlconv.report.table import to_csv, to_frame
from xlconv.report.text import summary, to_text

CONV2 = ("AH9:AM14", "AO9:AT14")
"""The second layer in `handmade.mixture`."""
EXPECTED = handmade.network(inline=True)
LAYERS = ["conv1", "conv2", "pool", "fc", "softmax"]

Edit = Callable[[openpyxl.worksheet.worksheet.Worksheet], None]


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mixture") / "x.xlsx"
    handmade.mixture(path)
    return path


@pytest.fixture
def student(mixture: Path, tmp_path: Path) -> Callable[[Edit], Path]:
    """Makes the workbook of a student who did something else."""

    def make(edit: Edit) -> Path:
        book = openpyxl.load_workbook(mixture)
        edit(book.worksheets[0])
        book.save(tmp_path / "student.xlsx")
        return tmp_path / "student.xlsx"

    return make


def replaced(areas: Iterable[str], *changes: tuple[str, str]) -> Edit:
    """Other formulas in some areas, by regular expressions."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for area in areas:
            for row in sheet[area]:
                for cell in row:
                    before = cell.value
                    for old, new in changes:
                        cell.value = re.sub(old, new, cell.value, flags=re.DOTALL)
                    assert cell.value != before

    return edit


def graded(path: Path, any_weights: bool = False, against: Network = EXPECTED) -> Report:
    return verify(path, random=3, against=against, any_weights=any_weights)


def wrong(found: Report) -> dict[str, Grade]:
    """The layers that are not right, after a look at whether all are there in order."""
    assert [grade.layer for grade in found.grades] == LAYERS
    assert found.points == sum(grade.right for grade in found.grades)
    return {grade.layer: grade for grade in found.grades if not grade.right}


def said(found: Report, *rules: str) -> list[str]:
    return [finding.message for finding in found.findings if finding.rule in rules]


# Students


@pytest.mark.parametrize("style", ["star", "long_sums", "no_dollars", "sheets", "names", "shared", "mixture"])
def test_another_style_is_right(tmp_path: Path, style: str) -> None:
    """However a student arranges and spells the network, all layers are right."""
    handmade.STYLES[style](tmp_path / "x.xlsx")
    found = graded(tmp_path / "x.xlsx")
    assert not wrong(found)
    assert found.points == 5
    assert found.verdict == "agrees"


def test_padded_style_is_right(tmp_path: Path) -> None:
    """So is another network, against itself."""
    made = handmade.padded(tmp_path / "x.xlsx")
    assert not wrong(graded(tmp_path / "x.xlsx", against=made.network))


def test_an_early_mistake_counts_once(student: Callable[[Edit], Path]) -> None:
    """One cell of conv1 reads another window: every layer behind has wrong numbers, and conv1 alone is wrong."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["Q11"].value = sheet["Q12"].value

    found = graded(student(edit))
    assert found.engines[0].layers[-1].wrong
    assert wrong(found).keys() == {"conv1"}
    grade = wrong(found)["conv1"]
    assert (grade.result, grade.first) == ("wrong", "'Überblick'!Q11")
    assert grade.reason == "the formula does not compute what this layer computes here"


def test_several_wrong_cells(student: Callable[[Edit], Path]) -> None:
    """The first of them is named, in the order in which they are computed, and the others counted."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for cell in ("X9", "P10", "O11"):
            sheet[cell].value = 0.5

    grade = wrong(graded(student(edit)))["conv1"]
    assert grade.first == "'Überblick'!P10"
    assert grade.reason == "a constant where a formula is due (and 2 more)"


def test_a_missing_relu(student: Callable[[Edit], Path]) -> None:
    """It is said in plain words, and the weights of that layer are right."""
    found = graded(student(replaced(CONV2, (r"^= max\((.*), 0\)$", r"=\1"))))
    reason = "expected Conv2d + ReLU, found Conv2d: the ReLU is missing"
    assert wrong(found) == {"conv2": Grade("conv2", "Conv2d + ReLU", "wrong", "'Überblick'!AH9", reason)}
    assert said(found, "architecture", "weights") == [reason]
    assert found.verdict == "differs"


def test_a_missing_bias(student: Callable[[Edit], Path]) -> None:
    """So is a bias that is not added."""
    found = graded(student(replaced(CONV2, (r",\$(V|AE)\$4", ""))))
    assert wrong(found)["conv2"].reason == "expected a bias, found no bias"
    assert len(wrong(found)) == 1


def test_copied_numbers(student: Callable[[Edit], Path]) -> None:
    """Numbers pasted over a whole layer: it is wrong, and what reads them is right."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for area in CONV2:
            for number, cell in enumerate(cell for row in sheet[area] for cell in row):
                cell.value = number / 10

    found = graded(student(edit))
    assert wrong(found).keys() == {"conv2"}
    assert wrong(found)["conv2"].first == "'Überblick'!AH9"
    assert wrong(found)["conv2"].reason == "numbers stand where formulas are due"
    (finding,) = (each for each in found.findings if each.rule == "architecture")
    assert finding.count == 72


def test_another_function(student: Callable[[Edit], Path]) -> None:
    """Formulas that are no layer: theirs is wrong, and what reads them is right."""
    found = graded(student(replaced(CONV2, (r"^= max\((.*), 0\)$", r"=TANH(\1)"))))
    assert wrong(found).keys() == {"conv2"}
    assert wrong(found)["conv2"].reason == "expected Conv2d + ReLU, found Conv2d + Tanh: the ReLU is missing"


def test_swapped_kernels(student: Callable[[Edit], Path]) -> None:
    """The kernels of conv1 exchanged in all formulas: its weights are not those asked for, unless any will do."""
    swap = replaced(
        ("O9:V16", "X9:AE16"),
        (r"\$B\$3:\$D\$5", "@"),
        (r"\$G\$3:\$I\$5", "$B$3:$D$5"),
        ("@", "$G$3:$I$5"),
    )
    path = student(swap)
    found = graded(path)
    assert wrong(found).keys() == {"conv1"}
    assert wrong(found)["conv1"].reason == "18 of 18 numbers of conv1.weight are not those expected"
    assert not wrong(graded(path, any_weights=True))


def test_wrong_weights(student: Callable[[Edit], Path]) -> None:
    """One finding for each array: how many, the first cell, what is expected and what is there."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["C4"].value += 0.5
        sheet["H3"].value = 7
        sheet["E4"].value = -3

    path = student(edit)
    found = graded(path)
    assert wrong(found).keys() == {"conv1"}
    kernels, bias = (each for each in found.findings if each.rule == "weights")
    due = EXPECTED.weights["conv1.weight"][0, 0, 1, 1]
    assert (kernels.cell, kernels.count, kernels.layer) == ("'Überblick'!C4", 2, "conv1")
    assert kernels.cells == ("'Überblick'!C4", "'Überblick'!H3")
    assert (float(kernels.expected), float(kernels.got)) == (due, due + 0.5)
    assert (bias.cell, bias.count, bias.got) == ("'Überblick'!E4", 1, "-3.0")
    assert graded(path, any_weights=True).agrees


def test_rounding_of_weights_is_none(student: Callable[[Edit], Path]) -> None:
    """A weight that a program has written with sixteen digits is the one asked for."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["C4"].value *= 1 + 1e-15

    assert not wrong(graded(student(edit)))


def test_a_missing_layer(student: Callable[[Edit], Path]) -> None:
    """A layer that is not there is missing, without a cell."""

    def edit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for row in sheet["C22:D25"]:
            for cell in row:
                cell.value = None

    found = graded(student(edit))
    assert wrong(found) == {"softmax": Grade("softmax", "Softmax", "missing", "", "no such layer was found")}
    assert said(found, "architecture") == ["Softmax: no such layer was found"]


def test_a_layer_too_much(mixture: Path) -> None:
    """What is not asked for is said; the layers asked for are right."""
    short = Network((1, 10, 10), EXPECTED.nodes[:-1], EXPECTED.weights)
    found = verify(mixture, random=3, against=short)
    assert [grade.result for grade in found.grades] == ["right"] * 4
    assert said(found, "architecture") == ["Softmax is too much: no such layer is expected there"]


def test_no_network_at_all(tmp_path: Path) -> None:
    """All layers of an empty workbook are missing."""
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    found = graded(tmp_path / "empty.xlsx")
    assert {grade.result for grade in found.grades} == {"missing"}
    assert found.verdict == "differs"


def test_what_the_engine_cannot_evaluate_is_not_right(monkeypatch: pytest.MonkeyPatch, mixture: Path) -> None:
    """A layer that was not computed is neither right nor wrong."""
    unsure = [layer("conv1", not_evaluated=1)]
    monkeypatch.setattr("xlconv.check.values._Comparison.result", lambda _: report(layers=unsure).engines[0])
    found = wrong(graded(mixture))
    assert {name: grade.result for name, grade in found.items()} == {"conv1": "not checked"}


# Generated workbooks


@pytest.mark.parametrize(
    ("cell", "name"), [("{conv1_0 0 0}", "conv1"), ("{conv2_0 4 7}", "conv2"), ("{maxpool_0 0 8}", "maxpool")]
)
def test_a_tampered_cell_of_our_own(seven: Path, tmp_path: Path, cell: str, name: str) -> None:
    """The layer with the tampered cell is wrong, by that cell; all others are right."""
    xml, cell = tampering.sheet_xml(seven), located(cell, seven)
    changed = re.sub(rf'(<c r="{cell}"[^>]*>)<f>[^<]*</f>', r"\1", xml)
    assert changed != xml
    found = verify(tampering.with_sheet(seven, changed, tmp_path / "x.xlsx"), random=3, against="conv-example")
    (grade,) = (each for each in found.grades if not each.right)
    assert (grade.layer, grade.first) == (name, f"'conv-example'!{cell}")
    assert len(found.grades) == 5


def test_against_another_workbook(seven: Path, mixture: Path, tmp_path: Path) -> None:
    """A workbook's network can be asked for, whatever its numbers are."""
    assert verify(seven, random=1, against=seven).points == 5
    assert verify(mixture, random=1, against=mixture).agrees
    found = verify(mixture, random=1, against=seven)
    assert "expected an input of 1x28x28, found 1x10x10" in said(found, "architecture")


def test_other_classes(seven: Path, template: templates.Template) -> None:
    """Classes are compared where both sides have them."""
    network = template.network
    other = Network(network.input_shape, network.nodes, network.weights, [f"n{name}" for name in network.classes])
    none = Network(network.input_shape, network.nodes, network.weights)
    assert said(verify(seven, random=0, against=other), "architecture") == ["the classes are not those expected"]
    assert verify(seven, random=0, against=none).agrees


def test_expectations_that_there_are_none_of(tmp_path: Path) -> None:
    """A template or workbook that gives no network is refused."""
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    with pytest.raises(WorkbookError, match="no network was found in it"):
        expectation(tmp_path / "empty.xlsx")
    with pytest.raises(TemplateError, match="no template 'nothing'"):
        expectation("nothing")


# Alignment


def network(*layers: Layer | str, shape: tuple[int, ...] = (1, 12, 12)) -> Network:
    nodes = [Node(f"n{at}", each) for at, each in enumerate(layers) if isinstance(each, Layer)]
    weights = {f"{n.name}.{key}": np.ones(size) for n in nodes for key, size in n.layer.weight_shapes.items()}
    return Network(shape, nodes, weights)


CONV, RELU, POOL = Conv2d(1, 1, 3), ReLU(), MaxPool2d(2)


@pytest.mark.parametrize(
    ("expected", "found", "pairs"),
    [
        ([CONV, RELU, CONV], [CONV, CONV, RELU], ((0, 0), (1, 1))),
        ([CONV, POOL, CONV], [CONV, CONV], ((0, 0), (2, 1))),
        ([CONV, CONV], [CONV, POOL, CONV], ((0, 0), (1, 2))),
        ([CONV, Conv2d(1, 1, 3, stride=2)], [Conv2d(1, 1, 3, stride=2)], ((1, 0),)),
        ([POOL], [CONV], ()),
        ([CONV, RELU, POOL], [RELU, CONV, POOL], ((0, 1), (1, 2))),
    ],
)
def test_alignment(expected: list[Layer], found: list[Layer], pairs: tuple[tuple[int, int], ...]) -> None:
    """Layers keep their order, and none is another type's; of several the most alike is taken."""
    assert align(units(network(*expected)), units(network(*found))) == pairs


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        ([CONV, RELU], [CONV, RELU], []),
        ([CONV, RELU], [CONV], ["expected Conv2d + ReLU, found Conv2d: the ReLU is missing"]),
        ([CONV], [CONV, RELU], ["expected Conv2d, found Conv2d + ReLU: the ReLU is too much"]),
        ([CONV, RELU], [CONV, RELU, RELU], []),
        ([POOL], [MaxPool2d(3, 2)], ["expected kernel size 2x2, found kernel size 3x3"]),
        ([CONV], [Conv2d(1, 1, 3, stride=2)], ["expected stride 1x1, found stride 2x2"]),
        ([CONV], [Conv2d(1, 2, 3)], ["expected 1 output channel, found 2 output channels"]),
        ([CONV], [Conv2d(1, 1, 3, bias=False)], ["expected a bias, found no bias"]),
        ([Conv2d(1, 1, 3, padding=1)], [ZeroPad2d(1), CONV], []),
        ([CONV], [ZeroPad2d((1, 0, 0, 0)), CONV], ["expected padding 0x0, found padding 1, 0, 0, 0"]),
    ],
)
def test_differences(expected: list[Layer], found: list[Layer], words: list[str]) -> None:
    """What is different is said in the layers' own words."""
    ((one,), (other,)) = (units(network(*each)) for each in (expected, found))
    assert differences(one, other) == words


def test_inputs_of_another_size_are_not_the_layers_own_fault() -> None:
    """A dense layer behind a wrong pool has other inputs than expected, and is not blamed for that."""
    one = units(network(POOL, Flatten(), Linear(36, 2), Softmax()))
    other = units(network(MaxPool2d(3), Flatten(), Linear(16, 2), Softmax()))
    assert [len(differences(a, b)) for a, b in zip(one, other, strict=True)] == [2, 0, 0]


# Reports


def test_text() -> None:
    """A table below the verdict; what is wrong stands out without colour."""
    lines = to_text(report(grades=GRADES)).splitlines()
    assert lines[1:6] == [
        "  1 of 3 layers right",
        "    layer    type           grade    first wrong cell  reason",
        "    conv1    Conv2d + ReLU  WRONG    net!B2            a constant where a formula is due",
        "    conv2    Conv2d + ReLU  right",
        "    maxpool  MaxPool2d      missing                    no such layer was found",
    ]
    assert "layers right" not in to_text(report())


def test_summary() -> None:
    """With several workbooks a line for each, and none where no grades were asked for."""
    assert summary([report(grades=GRADES), Failure("b.xlsx", "no file")]).splitlines() == [
        "workbook   layers right",
        "book.xlsx  1 of 3        every activation agrees",
        "b.xlsx     -             failed",
    ]
    assert summary([report(grades=GRADES)]) == summary([report(), report()]) == ""


def test_tables() -> None:
    """A row for each file and layer, with the workbook's points."""
    reports: list[Report | Failure] = [report(grades=GRADES), Failure("b.xlsx", "no file")]
    rows = list(csv.DictReader(to_csv(reports).splitlines()))
    assert [(row["file"], row["layer"], row["grade"], row["points"], row["out_of"]) for row in rows] == [
        ("book.xlsx", "conv1", "wrong", "1", "3"),
        ("book.xlsx", "conv2", "right", "1", "3"),
        ("book.xlsx", "maxpool", "missing", "1", "3"),
        ("b.xlsx", "", "", "", ""),
    ]
    assert (rows[0]["first"], rows[0]["problem"]) == ("net!B2", "a constant where a formula is due")
    frame = to_frame(reports)
    assert (len(frame), frame["points"].max(), frame["out_of"].max()) == (4, 1, 3)


def test_other_formats() -> None:
    """JUnit has a test case for each layer, Markdown a table and the points."""
    found = [report(grades=[*GRADES, Grade("softmax", "Softmax", "not checked", "net!Z9", "not evaluated")])]
    xml = to_junit(found)
    assert xml.count('classname="layers expected"') == 4
    assert '<failure message="no such layer was found" type="missing"' in xml
    assert '<error message="not evaluated" type="not checked">' in xml
    text = to_markdown(found)
    assert "| 1 of 4 |" in text
    assert "**wrong**" in text
    assert "layers right" not in to_markdown([report()])
