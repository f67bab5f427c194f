"""What recover believes: layers that are proved, with numbers as weights, batches; and not what only looks alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from tests.conftest import SHARED
from xlconv.check import verify
from xlconv.recover import recover
from xlconv.recover.describe import to_text
from xlconv.report import Report

Write = Callable[[Worksheet], None]


def numbers(sheet: Worksheet, corner: str, *shape: int, seed: int = 0) -> None:
    """Numbers as people type them."""
    first = sheet[corner]
    typed = np.random.default_rng([seed, first.row, first.column]).uniform(-1, 1, shape).round(2)
    for (row, column), value in np.ndenumerate(typed):
        sheet.cell(first.row + row, first.column + column, float(value))


def filled(sheet: Worksheet, cells: str, formula: Callable[[int, str], str]) -> None:
    """A formula for each cell of a range, by its row and the letter of its column."""
    for line in sheet[cells]:
        for cell in line:
            cell.value = formula(cell.row, cell.column_letter)


def saved(write: Write, path: Path, changes: Mapping[str, object] | None = None) -> Path:
    """The workbook, with some cells changed."""
    book = openpyxl.Workbook()
    write(book["Sheet"])
    for cell, value in (changes or {}).items():
        book["Sheet"][cell] = value
    book.save(path)
    return path


def kinds(path: Path) -> list[list[str]]:
    """The layers of each network."""
    return [[type(node.layer).__name__ for node in found.network.nodes] for found in recover(path).networks]


def wrong(report: Report) -> set[str]:
    """The cells that findings call wrong."""
    return {each.cell.rpartition("!")[2] for each in report.findings if each.severity == "error"}


# No networks


def gradients(sheet: Worksheet) -> None:
    """The product of two things that are computed from an input, and new weights."""
    numbers(sheet, "A1", 4, 1)
    numbers(sheet, "C1", 4, 3)
    filled(sheet, "G1:G3", lambda r, _: f"=SUMPRODUCT($A$1:$A$4,{'CDE'[r - 1]}$1:{'CDE'[r - 1]}$4)")
    filled(sheet, "H1:H3", lambda r, _: f"=(G{r}-0.5)*G{r}*(1-G{r})")
    filled(sheet, "J1:L4", lambda r, c: f"=$A{r}*$H${'JKL'.index(c) + 1}")
    filled(sheet, "N1:P4", lambda r, c: f"={'CDE'['NOP'.index(c)]}{r}-0.1*{'JKL'['NOP'.index(c)]}{r}")
    filled(sheet, "R1:R3", lambda r, _: f"=MAX(0,SUMPRODUCT($A$1:$A$4,{'NOP'[r - 1]}$1:{'NOP'[r - 1]}$4))")


def prices(sheet: Worksheet) -> None:
    """Products of two columns, and their sum."""
    numbers(sheet, "A1", 8, 2)
    filled(sheet, "D1:D8", lambda r, _: f"=A{r}*B{r}")
    sheet["D9"] = "=SUMPRODUCT(A1:A8,B1:B8)"


def regression(sheet: Worksheet) -> None:
    """What a line predicts, row by row, and how far off it is."""
    numbers(sheet, "A1", 8, 3)
    numbers(sheet, "F1", 3, 1)
    filled(sheet, "H1:H8", lambda r, _: f"=A{r}*$F$1+B{r}*$F$2+$F$3")
    filled(sheet, "I1:I8", lambda r, _: f"=(H{r}-C{r})^2")
    sheet["I9"] = "=AVERAGE(I1:I8)"


def attention(sheet: Worksheet) -> None:
    """Shares of scores that are computed from each other."""
    numbers(sheet, "A1", 4, 2)
    filled(sheet, "D1:G4", lambda r, c: f"=(A{r}*A{'DEFG'.index(c) + 1}+B{r}*B{'DEFG'.index(c) + 1})/SQRT(2)")
    filled(sheet, "I1:L4", lambda r, c: f"=EXP({'DEFG'['IJKL'.index(c)]}{r})/SUMPRODUCT(EXP($D{r}:$G{r}))")


@pytest.mark.parametrize("write", [gradients, prices, regression, attention])
def test_no_network(write: Write, tmp_path: Path) -> None:
    """Nothing is recognised, accused or said to agree; that is told in few lines."""
    path = saved(write, tmp_path / "x.xlsx")
    report = verify(path)
    assert kinds(path) == []
    assert report.verdict == "not checked"
    assert wrong(report) == set()
    assert len(to_text(recover(path)).splitlines()) <= 14


# Networks


def by_row(sheet: Worksheet) -> None:
    """A batch of five as rows, with biases, ReLU and softmax."""
    numbers(sheet, "A1", 5, 2)
    numbers(sheet, "D1", 3, 3)
    numbers(sheet, "H1", 4, 2)
    filled(sheet, "K1:M5", lambda r, c: "=MAX(0,$A{0}*{1}$1+$B{0}*{1}$2+{1}$3)".format(r, "DEF"["KLM".index(c)]))
    filled(sheet, "O1:P5", lambda r, c: "=$K{0}*{1}$1+$L{0}*{1}$2+$M{0}*{1}$3+{1}$4".format(r, "HI"["OP".index(c)]))
    filled(sheet, "R1:S5", lambda r, c: f"=EXP({'OP'['RS'.index(c)]}{r})/(EXP($O{r})+EXP($P{r}))")


def by_column(sheet: Worksheet) -> None:
    """A batch of three as columns, biases multiplied with a row of ones, sums below the exponentials."""
    numbers(sheet, "A1", 3, 3)
    numbers(sheet, "E1", 4, 4)
    for row, column in (("4", "ABC"), ("14", "ABC")):
        for letter in column:
            sheet[f"{letter}{row}"] = 1
    numbers(sheet, "E10", 2, 5)
    for row, column in np.ndindex(4, 3):
        at = f"{'ABC'[column]}{row + 6}"
        sheet[at] = ArrayFormula(at, f"=MMULT($E{row + 1}:$H{row + 1},{at[0]}$1:{at[0]}$4)")
        sheet[f"{at[0]}{row + 10}"] = f"=MAX(0,{at})"
    for row, column in np.ndindex(2, 3):
        at = f"{'ABC'[column]}{row + 16}"
        sheet[at] = ArrayFormula(at, f"=MMULT($E{row + 10}:$I{row + 10},{at[0]}$10:{at[0]}$14)")
    filled(sheet, "A19:C20", lambda r, c: f"=EXP({c}{r - 3})")
    filled(sheet, "A21:C21", lambda _, c: f"=SUM({c}19:{c}20)")
    filled(sheet, "A23:C24", lambda r, c: f"={c}{r - 4}/{c}$21")


def over_one_cell(sheet: Worksheet) -> None:
    """Shares of a sum of exponentials that stands in a cell, without these."""
    numbers(sheet, "A1", 3, 1)
    numbers(sheet, "C1", 3, 4)
    filled(sheet, "H1:H4", lambda r, _: f"=SUMPRODUCT($A$1:$A$3,{'CDEF'[r - 1]}$1:{'CDEF'[r - 1]}$3)")
    sheet["I6"] = "=EXP(H1)+EXP(H2)+EXP(H3)+EXP(H4)"
    filled(sheet, "I1:I4", lambda r, _: f"=EXP(H{r})/($I$6)")


def of_a_table(sheet: Worksheet) -> None:
    """A table of samples, computed by its columns."""
    for column, title in enumerate(["x1", "x2", "h", "y"], 1):
        sheet.cell(1, column, title)
    numbers(sheet, "A2", 4, 2)
    numbers(sheet, "G1", 5, 1)
    filled(sheet, "C2:C5", lambda *_: "=MAX(0,T[[#This Row],[x1]]*$G$1+T[[#This Row],[x2]]*$G$2+$G$3)")
    filled(sheet, "D2:D5", lambda *_: "=T[[#This Row],[h]]*$G$4+$G$5")
    sheet.add_table(Table(displayName="T", ref="A1:D5"))


DENSE = ["Linear", "ReLU", "Linear"]
NETWORKS: list[tuple[Write, Sequence[str], int]] = [
    (by_row, [*DENSE, "Softmax"], 5),
    (by_column, [*DENSE, "Softmax"], 3),
    (over_one_cell, ["Linear", "Softmax"], 1),
    (of_a_table, DENSE, 4),
]


@pytest.mark.parametrize(("write", "layers", "samples"), NETWORKS, ids=lambda each: getattr(each, "__name__", None))
def test_a_network(write: Write, layers: Sequence[str], samples: int, tmp_path: Path) -> None:
    """It is found, for each sample, with one set of weights; all its formulas are read, and agree."""
    path = saved(write, tmp_path / "x.xlsx")
    assert kinds(path) == [list(layers)] * samples
    found = recover(path)
    assert found.not_recognised == []
    assert all(
        (each.weights[key] == cells).all()
        for each in found.networks
        for key, cells in found.networks[0].weights.items()
    )
    report = verify(path)
    assert (report.verdict, report.checked) == ("agrees", report.formulas)
    assert len(report.networks) == 1


FAULTS: list[tuple[Write, str, object]] = [
    (by_row, "L3", "=MAX(0,$A3*E$1+$A3*E$2+E$3)"),
    (by_row, "M2", "=$A2*F$1+$B2*F$2+F$3"),
    (by_row, "P4", "=$K4*I$1+$L4*I$2+$M4*I$3+H$4"),
    (by_row, "R5", "=EXP(O5)/(EXP($O5)+EXP($O5))"),
    (by_column, "B11", "=MAX(0,B8)"),
    (by_column, "B21", "=SUM(B19:B19)"),
    (over_one_cell, "I6", "=EXP(H1)+EXP(H2)+EXP(H3)"),
    (over_one_cell, "H2", "=SUMPRODUCT($A$1:$A$3,C$1:C$3)"),
    (over_one_cell, "I3", "=EXP(H2)/($I$6)"),
    (of_a_table, "C3", "=MAX(0,T[[#This Row],[x1]]*$G$1+T[[#This Row],[x2]]*$G$2+$G$4)"),
]


@pytest.mark.parametrize(("write", "cell", "value"), FAULTS)
def test_a_fault_is_named(write: Write, cell: str, value: object, tmp_path: Path) -> None:
    """It, and no other cell, whatever is computed from it."""
    report = verify(saved(write, tmp_path / "x.xlsx", {cell: value}))
    assert wrong(report) == {cell}


def test_what_overflows_is_noted(tmp_path: Path) -> None:
    """Softmax without the maximum is right, and no input is tried for which it has no value."""
    report = verify(saved(over_one_cell, tmp_path / "x.xlsx"))
    assert any(note.startswith("softmax overflows where it reads more than 709") for note in report.notes)


def test_what_is_not_read_keeps_it_from_agreeing(tmp_path: Path) -> None:
    """Formulas that go on with what a network says; one that only looks at it, or compares it for one number, may."""
    on = {f"U{row}": f"=ROUND(R{row}*100,0)" for row in range(1, 6)}
    look = {f"U{row}": f'=IF(R{row}>S{row},"yes","no")' for row in range(1, 6)}
    loss = {f"U{row}": f"=(R{row}-A{row})^2" for row in range(1, 6)} | {"U6": "=AVERAGE(U1:U5)"}
    assert verify(saved(by_row, tmp_path / "x.xlsx", on)).verdict == "not checked"
    assert verify(saved(by_row, tmp_path / "y.xlsx", look)).verdict == "agrees"
    assert verify(saved(by_row, tmp_path / "z.xlsx", loss)).verdict == "agrees"


# What others made

REAL = {
    "kelp-cnn": "not checked",
    "backpropagation": "not checked",
    "excel-nn": "not checked",
    "tetris-cnn": "agrees",
    "layers-example": "not checked",
    "entropy_example": "not checked",
}


@pytest.mark.parametrize("name", REAL)
def test_nobody_is_accused(name: str) -> None:
    """What is right is not called wrong; the forward passes are found."""
    path = SHARED / "real" / f"{name}.xlsx"
    if not path.exists():
        pytest.skip("the workbook is not there")
    report = verify(path)
    assert wrong(report) == set()
    assert report.verdict == REAL[name]
    assert report.networks


def test_a_forward_pass_beside_its_backward_pass() -> None:
    """A batch of two as columns; the rest is not recognised."""
    path = SHARED / "real" / "backpropagation.xlsx"
    if not path.exists():
        pytest.skip("the workbook is not there")
    assert kinds(path) == [["Linear", "ReLU", "Linear", "ReLU", "Linear", "Softmax"]] * 2
