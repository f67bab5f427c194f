"""`verify --if-network`: what has no network is skipped, and said to be; what should have one is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.workbook.defined_name import DefinedName

from tests import handmade
from xlconv.cli import cli

Make: TypeAlias = Callable[[Path], object]


def budget(path: Path) -> None:
    """A workbook of somebody's, with what the audit finds errors and warnings in."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in range(1, 21):
        sheet.append([row, row * 1.5, f"=A{row}*B{row}", f"=SUM(A1:A{row})"])
    sheet["F1"], sheet["F2"], sheet["F3"] = "=SUM(H1:H9)", "=SUMPRODUCT(A1:A20,B1:B20)", "=NOW()"
    sheet["F4"] = "=WEBSERVICE(A1)"
    book.save(path)


def values_only(path: Path) -> None:
    """A workbook without a formula."""
    book = openpyxl.Workbook()
    book.active.append(["network", 1, 2])
    book.save(path)


def with_a_sheet_called_network(path: Path) -> None:
    """A budget of those who look after cables."""
    budget(path)
    book = openpyxl.load_workbook(path)
    book.create_sheet("Network").append(["layer", "type", "cable"])
    book.save(path)


OTHERS: dict[str, Make] = {
    "budget": budget,
    "no formula": values_only,
    "a sheet called Network": with_a_sheet_called_network,
}


def changed(seven: Path, path: Path, change: Callable[[openpyxl.Workbook], None]) -> None:
    book = openpyxl.load_workbook(seven)
    change(book)
    book.save(path)


def without_formulas(book: openpyxl.Workbook) -> None:
    """Every formula is a number now."""
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.value = 0.5


def without_formulas_and_name(book: openpyxl.Workbook) -> None:
    without_formulas(book)
    del book.defined_names["network"]


def without_formulas_and_sheet(book: openpyxl.Workbook) -> None:
    without_formulas(book)
    del book["Network"]


def with_another_name(book: openpyxl.Workbook) -> None:
    without_formulas(book)
    book.defined_names["network"] = DefinedName("network", attr_text="Network!#REF!")


DAMAGED = {
    "no formulas": without_formulas,
    "no formulas, no name": without_formulas_and_name,
    "no formulas, no worksheet Network": without_formulas_and_sheet,
    "no formulas, a name that names nothing": with_another_name,
}


def verify(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit code and what is said of the first file."""
    done = CliRunner().invoke(cli, ["verify", *map(str, arguments), "--random", "0", "--json"], standalone_mode=False)
    assert done.exception is None
    return done.return_value, json.loads(done.stdout)["files"][0]


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_without_a_network(tmp_path: Path, make: Make) -> None:
    """It is skipped, also where warnings count, and blocks nobody; without the option it does."""
    make(tmp_path / "a.xlsx")
    code, report = verify(tmp_path / "a.xlsx", "--if-network", "--strict")
    assert (code, report["verdict"], report["networks"]) == (0, "skipped", [])
    assert verify(tmp_path / "a.xlsx")[0] != 0


def test_findings_stay(tmp_path: Path) -> None:
    """In JSON stands what was found, as it would be found without the option."""
    budget(tmp_path / "a.xlsx")
    skipped, checked = verify(tmp_path / "a.xlsx", "--if-network")[1], verify(tmp_path / "a.xlsx")[1]
    assert skipped["findings"] == checked["findings"]
    assert {"error", "warning"} <= {finding["severity"] for finding in skipped["findings"]}
    assert (skipped["verdict"], checked["verdict"]) == ("skipped", "differs")


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_network_of_ours(tmp_path: Path, seven: Path, change: Callable[[openpyxl.Workbook], None]) -> None:
    """A workbook that says of itself that it has a network is not skipped, however little of that is left."""
    changed(seven, tmp_path / "a.xlsx", change)
    code, report = verify(tmp_path / "a.xlsx", "--if-network")
    assert code != 0
    assert report["verdict"] in ("differs", "not checked", "failed")


def test_a_network_of_somebody(tmp_path: Path) -> None:
    """A network in formulas that say nothing of themselves is checked."""
    handmade.mixture(tmp_path / "a.xlsx")
    assert verify(tmp_path / "a.xlsx", "--if-network")[1]["verdict"] == "agrees"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """Nobody knows whether there is a network in it."""
    (tmp_path / "a.xlsx").write_bytes(b"garbage")
    code, report = verify(tmp_path / "a.xlsx", "--if-network")
    assert (code, report["verdict"]) == (2, "failed")


def test_against_asks_for_a_network(tmp_path: Path) -> None:
    """An empty hand-in has all layers missing: --if-network makes no way around the grades."""
    budget(tmp_path / "a.xlsx")
    code, report = verify(tmp_path / "a.xlsx", "--if-network", "--against", "conv-example")
    assert (code, report["verdict"]) == (1, "differs")
    assert {grade["result"] for grade in report["grades"]} == {"missing"}


def test_text_and_batch(tmp_path: Path, seven: Path) -> None:
    """What is skipped is one line among the reports, and changes nothing for the others."""
    budget(tmp_path / "a.xlsx")
    arguments = ["verify", str(tmp_path / "a.xlsx"), str(seven), "--random", "0", "--if-network"]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.return_value == 0
    assert done.stdout.splitlines()[:2] == [
        f"{tmp_path / 'a.xlsx'}: skipped: no network was recognised in its formulas",
        f"{seven}: every activation agrees",
    ]
