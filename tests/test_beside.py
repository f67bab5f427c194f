"""Formulas beside a network: those of one's own are a note, those that go on with it make it `not checked`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from tests import tampering
from tests.conftest import SHARED
from xlconv import reader
from xlconv.check import verify
from xlconv.report import Report

ROW = 300


def with_formulas(path: Path, target: Path, formulas: Mapping[str, str]) -> Report:
    """The report on a copy with formulas below it; {p} is the first probability, {q} the last, {3} the fourth."""
    where = reader.read(path).named_range("softmax")
    assert where is not None
    addresses = [where.part(row, 0).address for row in range(where.height)]
    xml = tampering.sheet_xml(path)
    rows: dict[int, str] = {}
    for cell, formula in formulas.items():
        row = int(cell.lstrip("ABCDEF"))
        text = formula.format(*addresses, p=addresses[0], q=addresses[-1]).removeprefix("=")
        rows[row] = rows.get(row, "") + f'<c r="{cell}"><f>{text}</f></c>'
    added = "".join(f'<row r="{row}">{cells}</row>' for row, cells in sorted(rows.items()))
    return verify(tampering.with_sheet(path, xml.replace("</sheetData>", f"{added}</sheetData>"), target))


OWN = {
    "maximum": {"A300": "=MAX({p}:{q})"},
    "products": {"A300": "=SUMPRODUCT({p}:{q},{p}:{q})"},
    "twice": {"A300": "={p}*2"},
    "a function that no layer has": {"A300": "=LARGE({p}:{q},2)"},
    "one behind the other": {"A300": "=SUM({p}:{q})", "A301": "=ROUND(A300,2)", "A302": '=IF(A301=1,"ok","not")'},
    "a column of percents": {f"A{300 + row}": f"=ROUND({{p}}*{row},2)" for row in range(6)},
}


@pytest.mark.parametrize("formulas", OWN.values(), ids=OWN)
def test_own_formulas_are_a_note(seven: Path, tmp_path: Path, formulas: Mapping[str, str]) -> None:
    """What somebody tried out beside the network changes no verdict; that it was not checked is said, and where."""
    report = with_formulas(seven, tmp_path / "x.xlsx", formulas)
    assert report.verdict == "agrees"
    assert report.unchecked_formulas == 0
    assert [finding for finding in report.findings if finding.rule == "not-recognised"] == []
    (note,) = [note for note in report.notes if "of your own" in note]
    last = [*formulas][-1]
    cells = f"A300:{last}" if len(formulas) > 1 else "A300"
    many = "1 formula of your own reads the network and was" if len(formulas) == 1 else ""
    assert note == f"{many or f'{len(formulas)} formulas of your own read the network and were'} not checked: " + (
        f"'conv-example'!{cells}"
    )


GOES_ON = {
    "a further layer": {f"A{300 + row}": f"=MAX(0,{{{row}}})" for row in range(4)},
    "one behind the other": {"A300": "=MAX({p}:{q})", "A301": "=MAX(A300,0)"},
}


@pytest.mark.parametrize("formulas", GOES_ON.values(), ids=GOES_ON)
def test_what_goes_on_is_not_checked(seven: Path, tmp_path: Path, formulas: Mapping[str, str]) -> None:
    """Formulas that do what layers do, several of them, might be the network's: they were not checked."""
    report = with_formulas(seven, tmp_path / "x.xlsx", formulas)
    assert report.verdict == "not checked"
    assert report.unchecked.endswith(f" of {report.formulas:,} formulas")
    assert report.unchecked_formulas > 0


def test_what_stands_between_layers_is_not_checked(seven: Path, tmp_path: Path) -> None:
    """A formula that a formula of the network reads is no formula of one's own, whatever it computes."""
    book = reader.read(seven)
    where = book.named_range("softmax_exp")
    assert where is not None
    formula = book.cell(*where[:3]).formula
    assert formula is not None
    source = formula.removeprefix("EXP(").partition("-")[0]
    row = f'<row r="{ROW}"><c r="A{ROW}"><f>{source}*1</f></c></row></sheetData>'
    xml = tampering.sheet_xml(seven).replace(f"<f>{formula}", f"<f>{formula.replace(source, f'A{ROW}', 1)}", 1)
    report = verify(tampering.with_sheet(seven, xml.replace("</sheetData>", row), tmp_path / "x.xlsx"))
    assert (report.verdict, report.unchecked) == ("not checked", f"1 of {report.formulas:,} formulas")
    assert [finding.cell for finding in report.findings] == [f"'conv-example'!A{ROW}"]
    assert not [note for note in report.notes if "of your own" in note]


TENSORS = {"entropy_example": "12 of 75 formulas"}


@pytest.mark.parametrize("name", TENSORS)
def test_a_prefix_is_not_the_whole(name: str) -> None:
    """Where tensors behind the recognised layers were not understood, that is the verdict, and not that all agrees."""
    path = SHARED / "real" / f"{name}.xlsx"
    if not path.exists():
        pytest.skip("the workbook is not there")
    report = verify(path)
    assert report.verdict == "not checked"
    assert report.unchecked == TENSORS[name]


def test_a_check_sum_is_no_tensor(tmp_path: Path) -> None:
    """In a workbook that does not say which network it is, few formulas behind the layers are somebody's own."""
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    for row, x in enumerate((0.5, -1.25, 2.0), 1):
        sheet[f"A{row}"] = x
        for letter, weight in zip("CDE", (0.3 * row, -0.7, 0.2 * row - 0.5), strict=True):
            sheet[f"{letter}{row}"] = weight
        sheet[f"G{row}"] = f"=MAX(0,$A$1*C{row}+$A$2*D{row}+$A$3*E{row})"
    sheet["I1"] = "=SUM(G1:G3)"
    book.save(tmp_path / "x.xlsx")
    report = verify(tmp_path / "x.xlsx")
    assert report.verdict == "agrees"
    assert "1 formula of your own reads the network and was not checked: Sheet!I1" in report.notes
