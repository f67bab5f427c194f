"""Which inputs cells depend on: more than their layer does, or less, is found, whatever the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tests import handmade
from tests.locating import located
from xlconv import reader, workbook
from xlconv.check import networks_of, structure, verify
from xlconv.layers import Flatten
from xlconv.network import Network, Node
from xlconv.report import Finding

FIRST, LAST = "{input_0 0 0}", "{input_0 27 27}"
"""The corners of the input: both are followed, whatever the seed."""
MIDDLE, BELOW = "{conv1_0 10 13}", "{conv1_0 11 13}"
"""Two cells of conv1 that neither of them reaches."""
OTHER = "{conv1_1 7 14}"
"""One of the other channel."""
NEEDLESS = ", as it should not: it makes no difference today"
CORNER = "{conv1_0 25 25}"
"""The cell of conv1 that reads the last pixel."""


def with_formulas(source: Path, target: Path, **formulas: str) -> Path:
    """A copy of a workbook with other formulas in some cells, which `located` reads.

    `{}` stands for what is there, without `=`.
    """
    book = openpyxl.load_workbook(source)
    sheet = book.worksheets[0]
    for name, formula in formulas.items():
        cell = sheet[located(name, source)]
        assert "{}" not in formula or cell.data_type == "f"
        cell.value = "=" + located(formula, source).replace("{}", str(cell.value)[1:])
    book.save(target)
    return target


def findings(path: Path) -> list[Finding]:
    """What the formulas alone show."""
    book = reader.read(path)
    recovered = networks_of(book)
    (found,) = recovered.networks
    return structure.check(book, found, recovered.reading)


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
        ("{}+0*{$input_0 0 0}", FIRST),
        ("{}+0*{input_0 27 27}", LAST),
        ("IF({$input_0 0 0}=1,{},{})", FIRST),
        ("{}+0*SUM(input_0)", FIRST),
        ("{}+0*SUM({input_0 0 0}:{input_0 1 1})", FIRST),
        ("{}+0*MAX({conv1_0 0 0}:{conv1_0 1 0})", "{conv1_0 0 0}"),
        ("{}*(1+0*COUNTIF({$input_0 0 0}:{$input_0 0 0},7))", FIRST),
        ("CHOOSE(1,{},{input_0 27 27})", LAST),
    ],
)
def test_more_than_the_window(seven: Path, tmp_path: Path, formula: str, on: str) -> None:
    """A cell that looks at a pixel outside its window is found, though no number shows it."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: formula})
    assert first(path) == (
        located(MIDDLE, seven),
        located(f"depends on {on}, as it should not: it makes no difference today", seven),
    )


@pytest.mark.xfail(strict=True, reason="what a cell between reads to no effect is not told yet")
def test_more_than_the_window_by_another_cell(seven: Path, tmp_path: Path) -> None:
    """The way may lead through cells that belong to no layer."""
    path = with_formulas(seven, tmp_path / "x.xlsx", A50="A51*0", A51=LAST, **{MIDDLE: "{}+$A$50"})
    assert first(path) == (located(MIDDLE, seven), f"depends on A50{NEEDLESS}")


@pytest.mark.parametrize(
    "formula",
    [
        "1",
        "0*2",
        "SUMPRODUCT({input_0 0 0}:{input_0 2 2},{$conv1_weight_0_0})",
        "SUM({$conv1_weight_0_0})",
    ],
)
def test_less_than_the_window(seven: Path, tmp_path: Path, formula: str) -> None:
    """A cell that does not look at a pixel of its window is found, and so may be those behind it."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{CORNER: formula})
    found = {finding.cell.rpartition("!")[2]: finding.rule for finding in findings(path)}
    assert found == {located(CORNER, seven): "formula"}


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
        "{}+0*{$input_0 0 0}",
        "IF({$input_0 0 0}=1,{},{})",
        '{}+0*INDIRECT("{input_0 0 0}")',
        "{}+0*OFFSET({input_0 0 0},1,1)",
        "{}+0*NOW()",
        "{}+0*RAND()",
        "{}+0*INDEX({$input_0},ROW(),1)",
        '{}+0*CELL("row")',
        "{}+1E-300",
        "IF(TODAY()>60000,0,{})",
        "{}+0*Draw!{draw_0 10 13}",
        "{}+0*SUM(samples)",
        'IF(choice="draw",{},{})',
    ],
)
def test_no_hidden_dependence_agrees(seven: Path, tmp_path: Path, formula: str) -> None:
    """By whichever function a cell looks elsewhere, past the input as well: the report names it alone."""
    report = verify(with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: formula}), random=1)
    assert not report.agrees
    found = [finding for finding in report.findings if finding.rule in ("formula", "dependence", "not-proved")]
    assert {finding.cell for finding in found} == {located(f"'conv-example'!{MIDDLE}", seven)}


def test_a_fault_is_told_from_its_wake(seven: Path, tmp_path: Path) -> None:
    """Of two cells that look too far, and all that follow from them, the two are found and no other."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: f"{{}}+0*{FIRST}", OTHER: f"{{}}+0*{LAST}"})
    found = [finding.cell.rpartition("!")[2] for finding in findings(path)]
    assert found == [located(MIDDLE, seven), located(OTHER, seven)]


def test_a_circle_is_found(seven: Path, tmp_path: Path) -> None:
    """Two cells that look at each other and too far are behind one another; that hides neither."""
    path = with_formulas(seven, tmp_path / "x.xlsx", **{MIDDLE: f"{{}}+0*{BELOW}+0*{FIRST}", BELOW: f"{{}}+0*{MIDDLE}"})
    found = {finding.cell.rpartition("!")[2] for finding in findings(path)}
    assert {located(MIDDLE, seven), located(BELOW, seven)} <= found


def test_a_network_of_views_alone(tmp_path: Path) -> None:
    """Where no layer has cells there is nothing to depend on anything."""
    workbook.write(Network((4,), [Node("flat", Flatten())], {}), np.ones(4), tmp_path / "x.xlsx")
    assert findings(tmp_path / "x.xlsx") == []
