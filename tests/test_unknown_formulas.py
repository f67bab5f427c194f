"""Formulas that nobody knows, in workbooks: every command takes them for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import tampering
from xlconv.check import verify
from xlconv.cli import cli
from xlconv.engines import by_name
from xlconv.report import Report
from xlconv.selftest.formula import ParsedFormula

ODD = [
    "@A1",
    "A1#",
    "@A1:A3",
    "LET(x,A1,x)",
    "LAMBDA(x,x+1)(A1)",
    "IF(A1,,2)",
    "{1,2;3,4}",
    "T[[#This Row],[a]]",
    "A1:A3 A2:B2",
    "Sheet1:Sheet3!A1",
    "1+",
    "A1==B1",
    "-" * 8000 + "A1",
    "1" + "%" * 8000,
    "+".join(["A1"] * 2700),
    "SUM(" * 64 + "A1" + ")" * 64,
    "A1" + "#" * 250,
]


@pytest.fixture(scope="module")
def with_odd_ones(seven: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, and formulas that nobody knows far below it."""
    xml = tampering.sheet_xml(seven)
    rows = "".join(
        f'<row r="{row}"><c r="A{row}"><f>{formula}</f></c></row>' for row, formula in enumerate(ODD, start=5000)
    )
    path = tmp_path_factory.mktemp("odd") / "odd.xlsx"
    return tampering.with_sheet(seven, xml.replace("</sheetData>", f"{rows}</sheetData>"), path)


@pytest.mark.parametrize(
    ("command", "says"),
    [("recover", "softmax"), ("verify", "exp of Softmax"), ("show", "> 7  100.0 %"), ("inspect", "softmax")],
)
def test_every_command_takes_them(with_odd_ones: Path, command: str, says: str) -> None:
    """The network beside them is read, and the command ends as it should."""
    done = CliRunner().invoke(cli, [command, str(with_odd_ones)], standalone_mode=False)
    assert done.exception is None
    assert says in done.stdout


def changed(path: Path, target: Path, old: str, new: str) -> Report:
    """What is said of a copy in which the first formula that begins like the one reads like the other."""
    xml = tampering.sheet_xml(path)
    assert f"<f>{old}" in xml
    tampering.with_sheet(path, xml.replace(f"<f>{old}", f"<f>{new}", 1), target)
    return verify(target, [by_name("formualizer")], random=1)


def test_at_before_a_cell_is_that_cell(seven: Path, tmp_path: Path) -> None:
    """A layer's formula with `@` before a cell computes what it did, and is its layer's."""
    assert changed(seven, tmp_path / "at.xlsx", "EXP(", "EXP(@").verdict == "agrees"


def test_a_spill_of_a_range_is_not_understood(seven: Path, tmp_path: Path) -> None:
    """A layer's formula with `#` behind a range is named, as its layer has no need of it."""
    old = "MAX(0,SUMPRODUCT(A9:C11"
    report = changed(seven, tmp_path / "spill.xlsx", old, f"{old}#")
    assert report.verdict != "agrees"
    assert any("A9:C11#" in finding.formula for finding in report.findings)


@pytest.mark.parametrize("formula", ODD)
def test_pieces(formula: str) -> None:
    """Put together, the pieces of a formula are the formula."""
    assert ParsedFormula.parse(formula).text() in (formula.replace(" ", ""), formula)
