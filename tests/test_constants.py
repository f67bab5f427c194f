"""Formulas of numbers alone: the number that each is, and weights that are written so."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests import handmade
from xlconv import reader
from xlconv.cells import Range
from xlconv.check import verify
from xlconv.engines import by_name
from xlconv.formula.constants import constant
from xlconv.recover import recover

NUMBERS = {
    "7": 7.0,
    "0.3*2": 0.6,
    "-0.5": -0.5,
    "1/8": 0.125,
    "-2^2": 4.0,
    "2^3^2": 64.0,
    "50%": 0.5,
    "-(3+1)*25%": -1.0,
    "1-2-3": -4.0,
    "+1E-3": 0.001,
    "2^-1": 0.5,
    "8/4/2": 1.0,
}


@pytest.mark.parametrize("formula", NUMBERS)
def test_numbers(formula: str) -> None:
    """Each is the number that Excel has for it, and the embedded engine."""
    assert constant(formula) == NUMBERS[formula]


@pytest.mark.parametrize(
    "formula",
    [
        "A1",
        "0.3*A1",
        "PI()",
        "1/0",
        "0^0",
        "(-8)^0.5",
        "10^400",
        '"a"',
        "1=1",
        "TRUE",
        "SUM(1,2)",
        "{1,2}",
        "1+",
        "-1:2",
    ],
)
def test_no_numbers(formula: str) -> None:
    """What reads something, calls something, is no number or an error is none."""
    assert constant(formula) is None


def test_the_engine_agrees(tmp_path: Path) -> None:
    """The embedded engine has the same number for each."""
    book = openpyxl.Workbook()
    for row, formula in enumerate(NUMBERS, 1):
        book["Sheet"][f"A{row}"] = f"={formula}"
    book.save(tmp_path / "x.xlsx")
    read = reader.read(tmp_path / "x.xlsx")
    ((rows,),) = by_name("formualizer", isolated=False).evaluate(
        read.package, [[]], [Range("Sheet", 1, 1, len(NUMBERS))]
    )
    assert [row[0] for row in rows] == pytest.approx(list(NUMBERS.values()), abs=1e-15)


def test_weights_of_a_generated_workbook(seven: Path, tmp_path: Path) -> None:
    """A weight written `=n*1` is the number that it is: all agrees, and a note says it."""
    book = openpyxl.load_workbook(seven)
    where = reader.read(seven).named_range("dense_weight_0_0")
    assert where is not None
    sheet = book[where.sheet]
    formulas = 0
    for row, column in where.cells():
        cell = sheet.cell(row, column)
        cell.value = f"={cell.value!r}*2/2"
        formulas += 1
    book.save(tmp_path / "x.xlsx")
    report = verify(tmp_path / "x.xlsx")
    assert formulas == where.size == 144
    assert report.findings == []
    assert report.agrees
    assert report.checked == report.formulas
    (note,) = [note for note in report.notes if "numbers alone" in note]
    assert note.startswith("144 inputs or weights are formulas of numbers alone")
    before, after = recover(seven).networks[0].network, recover(tmp_path / "x.xlsx").networks[0].network
    assert before == after


def test_weights_of_others(tmp_path: Path) -> None:
    """The same where the workbook does not say which network it is."""
    made = handmade.STYLES["star"](tmp_path / "x.xlsx")
    (found,) = recover(tmp_path / "x.xlsx").networks
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    place = found.atlas.cell(int(found.weights["conv1.weight"].flat[0]))
    cell = book[place.sheet].cell(place.row, place.column)
    number = cell.value
    cell.value = f"={number!r}*1"
    book.save(tmp_path / "y.xlsx")
    report = verify(tmp_path / "y.xlsx")
    assert report.findings == []
    assert report.agrees
    assert (
        f"{place.place} is a formula of numbers alone (={number!r}*1), and taken for what it comes to" in report.notes
    )
    (again,) = recover(tmp_path / "y.xlsx").networks
    assert again.network == found.network
    assert made.network.input_shape == again.network.input_shape
