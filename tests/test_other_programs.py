"""The same file in programs that xlconv does not use: Gnumeric, IronCalc, and Google Sheets' function set."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from tests import tampering
from tests.conftest import needs_gnumeric, needs_libreoffice
from xlconv import digits, reader, reference
from xlconv.check import verify
from xlconv.engines.libreoffice import find_program
from xlconv.network import FloatArray
from xlconv.recover.declared import declared_by
from xlconv.templates import Template

GOOGLE_SHEETS = {"EXP", "INDEX", "MATCH", "MAX", "SUM", "SUMPRODUCT"}
GOOGLE_SHEETS |= {"CHOOSE", "IF", "INT", "MIN", "MOD", "ROUND"}
"""From Google's list of functions (support.google.com/docs/table/25273): what formulas of ours may call there."""


@pytest.fixture
def planted(seven: Path, tmp_path: Path) -> Path:
    """The workbook with 42 as every cached value: only a real recalculation gives the right numbers."""
    return tampering.with_sheet(seven, tampering.plant_cached(tampering.sheet_xml(seven), "42"), tmp_path / "in.xlsx")


def assert_right(template: Template, path: Path, value: Callable[[str, int, int], Any]) -> None:
    """Every activation cell has the reference's value for sample 0 of the digit 7."""
    samples = template.samples
    x: FloatArray = digits.sample(samples.images, samples.labels, 7, 0, (1, 28, 28))
    outputs = reference.forward(template.network, x)
    net = declared_by(reader.read(path))
    compared = 0
    for stage in net.stages:
        for block in stage.outputs:
            expected = outputs[stage.result][block.indices].ravel()
            got = [value(block.range.sheet, *at) for at in block.range.cells()]
            np.testing.assert_allclose(np.array(got, float), expected, rtol=1e-9, atol=1e-9)
            compared += len(got)
    assert compared == 2812
    assert net.prediction is not None
    assert value(net.prediction.sheet, net.prediction.row, net.prediction.column) == 7


@needs_gnumeric
def test_gnumeric(template: Template, planted: Path, tmp_path: Path) -> None:
    """Gnumeric recalculates the file to the same numbers."""
    target = tmp_path / "out.xlsx"
    subprocess.run(["ssconvert", "--recalc", str(planted), str(target)], check=True, capture_output=True)
    book = openpyxl.load_workbook(target, data_only=True)
    assert_right(template, planted, lambda sheet, row, column: book[sheet].cell(row, column).value)


@needs_gnumeric
def test_a_copy_saved_by_gnumeric_verifies(seven: Path, tmp_path: Path) -> None:
    """Opened and saved by Gnumeric the workbook is still what it was, and nothing is found in it."""
    target = tmp_path / "out.xlsx"
    subprocess.run(["ssconvert", "--recalc", str(seven), str(target)], check=True, capture_output=True)
    report = verify(target, random=1)
    assert report.agrees
    assert report.checked == report.formulas == 4605
    assert report.findings == []


@needs_libreoffice
@pytest.mark.libreoffice
def test_a_copy_saved_by_libreoffice_verifies(seven: Path, tmp_path: Path) -> None:
    """The same for LibreOffice."""
    program = str(find_program())
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(seven)]
    subprocess.run(command, check=True, capture_output=True)
    report = verify(tmp_path / "out" / seven.name, random=1)
    assert report.agrees
    assert report.checked == report.formulas == 4605
    assert report.findings == []


def test_ironcalc(template: Template, planted: Path) -> None:
    """IronCalc recalculates the file to the same numbers."""
    ironcalc = pytest.importorskip("ironcalc", reason="IronCalc is not installed")
    model = ironcalc.load_from_xlsx(str(planted), "en", "UTC", "en")
    model.evaluate()
    sheets = {sheet["name"]: at for at, sheet in enumerate(model.get_worksheets_properties())}
    assert_right(template, planted, lambda sheet, row, column: model.get_cell_value(sheets[sheet], row, column))


def test_google_sheets_knows_every_function(seven: Path) -> None:
    """Formulas call nothing that Google Sheets lacks, and only operators, ranges, numbers and texts stand around."""
    cells = [cell for sheet in reader.read(seven).sheets.values() for cell in sheet.cells.values()]
    formulas = [cell.formula for cell in cells if cell.formula is not None]
    assert len(formulas) == 4605
    for formula in formulas:
        plain = re.sub('"[^"]*"', '""', formula).replace("'conv-example'!", "")
        assert set(re.findall(r"([A-Z][A-Z0-9.]*)\(", plain)) <= GOOGLE_SHEETS
        assert re.fullmatch(r"[A-Z0-9$:,()+*/<>=&\"-]+", re.sub("(Draw|Samples)!", "", plain))
