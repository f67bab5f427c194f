"""Which inputs cells depend on: more than their layer does, or less, is found, whatever the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tests import handmade
from xlconv import reader, workbook
from xlconv.check import liveness, networks_of, verify
from xlconv.check.report import Finding
from xlconv.layers import Flatten
from xlconv.network import Network, Node

FIRST, LAST = "A5", "AB32"
"""The corners of the input: both are followed, whatever the seed."""
MIDDLE = "AV15"
"""A cell of conv1 that neither of them reaches; row 11, column 14."""
CORNER = "BH30"
"""The cell of conv1 that reads the last pixel."""


def with_formulas(source: Path, target: Path, **formulas: str) -> Path:
    """A copy of a workbook with other formulas in some cells; `{}` stands for what is there, without `=`."""
    book = openpyxl.load_workbook(source)
    sheet = book.worksheets[0]
    for cell, formula in formulas.items():
        sheet[cell] = "=" + formula.replace("{}", str(sheet[cell].value)[1:])
    book.save(target)
    return target


def findings(path: Path) -> list[Finding]:
    """What liveness alone finds."""
    book = reader.read(path)
    recovered = networks_of(book)
    (found,) = recovered.networks
    return liveness.check(book, found, recovered.reading, seed=0)


def test_circles_that_iteration_hides(tmp_path: Path) -> None:
    """A workbook that follows circular references is a finding where it has one, not merely for the setting."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"] = "=B1+1", 2
    book.calculation.iterate = True
    book.save(tmp_path / "none.xlsx")
    book.active["B1"] = "=A1+1"
    book.save(tmp_path / "one.xlsx")
    assert verify(tmp_path / "none.xlsx").findings == []
    (finding,) = verify(tmp_path / "one.xlsx").findings
    assert (finding.rule, finding.cell, finding.count) == ("calculation-mode", "Sheet!A1", 2)


def first(path: Path) -> tuple[str, str]:
    """The first cell found, and what is said of it."""
    found = findings(path)
    assert {finding.rule for finding in found} == {"dependence"}
    return found[0].cell.rpartition("!")[2], found[0].message.replace("'conv-example'!", "")


@pytest.mark.parametrize(
    ("formula", "on"),
    [
        ("{}+0*$A$5", FIRST),
        ("{}+0*AB32", LAST),
        ("IF($A$5=1,{},{})", FIRST),
        ("IF('conv-example'!$A$5>2,0,{})", FIRST),
        ("{}+0*SUM(input_0)", FIRST),
        ("{}+0*SUM(A4:B6)", FIRST),
        ("{}+0*MAX(AI5:AI6)", FIRST),
        ("{}*(1+0*COUNTIF($A$5:$A$5,7))", FIRST),
        ("CHOOSE(1,{},AB32)", LAST),
    ],
)
def test_more_than_the_window(seven: Path, tmp_path: Path, formula: str, on: str) -> None:
    """A cell that looks at a pixel outside its window is found, though no number shows it."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: formula})
    assert first(path) == (MIDDLE, f"depends on {on}, as it should not")


def test_more_than_the_window_by_another_cell(seven: Path, tmp_path: Path) -> None:
    """The way may lead through cells that belong to no layer."""
    path = with_formulas(seven, tmp_path / "x.xlsx", A50="A51*0", A51="AB32", **{MIDDLE: "{}+$A$50"})
    assert first(path) == (MIDDLE, f"depends on {LAST}, as it should not")


@pytest.mark.parametrize("formula", ["1", "0*2", "SUMPRODUCT(A5:C7,$AD$11:$AF$13)", "SUM($AD$11:$AF$13)"])
def test_less_than_the_window(seven: Path, tmp_path: Path, formula: str) -> None:
    """A cell that does not look at a pixel of its window is found, and so may be those behind it."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{CORNER: formula})
    found = {finding.cell.rpartition("!")[2]: finding.message for finding in findings(path)}
    assert found[CORNER].endswith(("!AB32, as it should", "!A5, as it should not"))


def test_as_it_was_written(seven: Path) -> None:
    """Nothing is found in a workbook as it was written."""
    assert findings(seven) == []


@pytest.mark.parametrize("style", handmade.STYLES)
def test_other_styles(tmp_path: Path, style: str) -> None:
    """Nor in those of other people, whatever their formulas look like."""
    if style == "steps":
        pytest.xfail("products in cells of their own are not yet taken for a convolution")
    handmade.STYLES[style](tmp_path / "x.xlsx")
    assert findings(tmp_path / "x.xlsx") == []


@pytest.mark.parametrize(
    "formula",
    [
        "{}+0*$A$5",
        "IF($A$5=1,{},{})",
        '{}+0*INDIRECT("A5")',
        "{}+0*OFFSET(A5,1,1)",
        "{}+0*NOW()",
        "{}+0*RAND()",
        "{}+0*INDEX($A$5:$AB$32,ROW(),1)",
        '{}+0*CELL("row")',
        "{}+1E-300",
        "IF(TODAY()>60000,0,{})",
    ],
)
def test_no_hidden_dependence_agrees(seven: Path, tmp_path: Path, formula: str) -> None:
    """By whichever function a cell looks elsewhere: it is the one error of the report."""
    report = verify(with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: formula}), random=1)
    assert not report.agrees
    errors = [finding for finding in report.findings if finding.severity == "error"]
    assert {finding.cell for finding in errors} == {f"'conv-example'!{MIDDLE}"}
    assert errors[0].rule in ("vocabulary", "formula", "dependence")


def test_a_fault_is_told_from_its_wake(seven: Path, tmp_path: Path) -> None:
    """Of two cells that look too far, and all that follow from them, the two are found and no other."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: "{}+0*$A$5", "AW40": "{}+0*AB32"})
    assert [finding.cell.rpartition("!")[2] for finding in findings(path)] == [MIDDLE, "AW40"]


def test_a_circle_is_found(seven: Path, tmp_path: Path) -> None:
    """Two cells that look at each other and too far are behind one another; that hides neither."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: "{}+0*AV16+0*A5", "AV16": "{}+0*AV15"})
    assert {MIDDLE, "AV16"} <= {finding.cell.rpartition("!")[2] for finding in findings(path)}


def test_a_network_of_views_alone(tmp_path: Path) -> None:
    """Where no layer has cells there is nothing to depend on anything."""
    workbook.write(Network((4,), [Node("flat", Flatten())], {}), np.ones(4), tmp_path / "x.xlsx")
    assert findings(tmp_path / "x.xlsx") == []
