"""Data tables: on a network, before it, behind it, and elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_choices import colour
from tests.test_names import rewritten
from xlconv import reader, workbook
from xlconv.cells import Range
from xlconv.check import verify
from xlconv.pages.choices import Chosen

SHEET = "xl/worksheets/sheet1.xml"


def with_rows(small: Path, target: Path, rows: str) -> Path:
    """A copy with more rows at the end of the first worksheet."""
    return rewritten(small, target, {SHEET: lambda xml: xml.replace("</sheetData>", f"{rows}</sheetData>")})


def found(path: Path) -> tuple[list[tuple[str, str, int]], list[str]]:
    report = verify(path, random=3)
    findings = [(each.cell, each.message, each.count) for each in report.findings if each.rule == "data-table"]
    return findings, [note for note in report.notes if "data table" in note]


def cell_of(path: Path, name: str) -> Range:
    where = reader.read(path).named_range(name)
    assert where is not None
    return where.part(0, 0)


def test_a_cell_of_a_network(small: Path, tmp_path: Path) -> None:
    """Although the text in it is the right formula: it is none."""
    cell = cell_of(small, "conv_0")

    def marked(xml: str) -> str:
        table = rf'\1<f t="dataTable" ref="{cell.address}" dt2D="0" dtr="0" r1="A1">'
        xml, count = re.subn(rf'(<c r="{cell.address}"[^>]*>)<f>', table, xml)
        assert count == 1
        return xml

    path = rewritten(small, tmp_path / "x.xlsx", {SHEET: marked})
    assert found(path) == ([(cell.place, "a data table fills cells of a network", 1)], [])
    assert verify(path, random=3).verdict == "differs"


def table(row: int, formula: str, r1: str) -> str:
    """Four cells that a data table fills, two in a row, with a formula above the first."""
    mark = f'<f t="dataTable" ref="B{row + 1}:C{row + 2}" dt2D="0" dtr="0" r1="{r1}"/>'
    return (
        f'<row r="{row}"><c r="B{row}"><f>{formula}</f></c></row>'
        f'<row r="{row + 1}"><c r="B{row + 1}">{mark}<v>1</v></c><c r="C{row + 1}"><v>2</v></c></row>'
        f'<row r="{row + 2}"><c r="B{row + 2}"><v>3</v></c><c r="C{row + 2}"><v>4</v></c></row>'
    )


@pytest.mark.parametrize("how", ["at once", "by another cell", "by what it puts in"])
def test_behind_a_network(small: Path, tmp_path: Path, how: str) -> None:
    """It computes the network with other numbers in it, and shows what comes of that."""
    softmax, pixel = cell_of(small, "softmax").address, cell_of(small, "input_0").address
    formula, r1, more = {
        "at once": (softmax, "A90", ""),
        "by another cell": ("A80*2", "A90", f'<row r="80"><c r="A80"><f>{softmax}+1</f></c></row>'),
        "by what it puts in": ("1+1", pixel, ""),
    }[how]
    path = with_rows(small, tmp_path / "x.xlsx", more + table(100, formula, r1))
    sheet = cell_of(small, "softmax").sheet
    assert found(path) == ([(f"{sheet}!B101", "a data table reads a network", 4)], [])


def test_before_a_network(small: Path, tmp_path: Path) -> None:
    """What a layer reads must stand there."""
    bias = cell_of(small, "dense_bias")
    path = rewritten(
        with_rows(small, tmp_path / "x.xlsx", table(100, "1+1", "A90")),
        tmp_path / "y.xlsx",
        {SHEET: lambda xml: re.sub(rf'(<c r="{bias.address}"[^>]*>)<v>[^<]*</v>', r"\1<f>C102</f><v>4</v>", xml)},
    )
    assert found(path) == ([(f"{bias.sheet}!B101", "a network reads cells that a data table fills", 4)], [])


def test_elsewhere(small: Path, tmp_path: Path) -> None:
    """It is nobody's business, but other programs show something else: a note."""
    rows = '<row r="90"><c r="A90"><v>5</v></c></row>' + table(100, "A90*2", "A90")
    path = with_rows(small, tmp_path / "x.xlsx", rows)
    findings, (note,) = found(path)
    assert findings == []
    assert note.startswith(f"{cell_of(small, 'dense').sheet}!B101:C102 is a data table")
    assert verify(path, random=3).verdict == "agrees"


@pytest.mark.parametrize(
    ("name", "part"), [("mark", 1), ("explore_result", 3), ("drawn_prediction", 4), ("samples", 5)]
)
def test_what_goes_with_a_network(tmp_path: Path, name: str, part: int) -> None:
    """The mark, Explore, the text beside the drawing and the samples are the network's, too."""
    network, samples = colour(("a", "b", "c"))
    workbook.write(network, Chosen(0), tmp_path / "x.xlsx", samples=samples)
    cell = cell_of(tmp_path / "x.xlsx", name)

    def marked(xml: str) -> str:
        table = rf'\1<f t="dataTable" ref="{cell.address}" dt2D="0" dtr="0" r1="ZZ99"/>\2'
        xml, count = re.subn(rf'(<c r="{cell.address}"[^>]*>)(?:<f>[^<]*</f>)?(<v>)', table, xml)
        assert count == 1
        return xml

    path = rewritten(tmp_path / "x.xlsx", tmp_path / "y.xlsx", {f"xl/worksheets/sheet{part}.xml": marked})
    assert found(path) == ([(cell.place, "a data table fills cells of a network", 1)], [])
