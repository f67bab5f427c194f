"""Large workbooks: what is read and computed only where it is needed, so that no size turns right into wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pytest

from xlconv import check, reader, workbook
from xlconv.cells import Value
from xlconv.check.numbers import Numbers
from xlconv.check.pages.lanes import Plain
from xlconv.formula.array import TEXTS, Array
from xlconv.formula.walk import FUNCTIONS, Walk
from xlconv.layers import Conv2d
from xlconv.network import Network, Node
from xlconv.places import Atlas
from xlconv.recover import reading
from xlconv.recover.reading import Reading

CHOSEN: Final = "A1"


def computed(folder: Path, formulas: Mapping[str, str], lanes: Sequence[Value]) -> Plain:
    """What formulas show where A1 holds one value in each lane."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet[CHOSEN] = 1
    for cell, formula in formulas.items():
        sheet[cell] = formula
    book.save(folder / "x.xlsx")
    read = reading.read(reader.read(folder / "x.xlsx"))
    places = [read.atlas.place("Sheet", sheet[cell].row, sheet[cell].column) for cell in formulas]
    chosen = Atlas(read.book.sheets).place("Sheet", 1, 1)
    return Numbers(read).values(np.array(places), {chosen: list(lanes)}, {})


def test_each_lane_shows_the_part_that_it_chooses(tmp_path: Path) -> None:
    """IF and CHOOSE give in each lane what a spreadsheet would: a part of it, an error beyond the last, or a text."""
    formulas = {
        "B1": '=IF(A1>2,A1*10,"none")',
        "B2": "=CHOOSE(A1,A1+100,A1+200,A1+300)",
        "B3": '=IF(B1="none",0,B1+1)',
        "B4": "=SUM(IF(A1=1,A1,B2),1)",
    }
    shown = computed(tmp_path, formulas, [1.0, 2.0, 3.0, 4.0])
    assert shown.kinds.tolist() == [[2, 2, 0, 0], [0, 0, 0, 4], [0, 0, 0, 0], [0, 0, 0, 4]]
    assert shown.numbers[0, 2:].tolist() == [30.0, 40.0]
    assert [TEXTS.all[int(number)] for number in shown.numbers[0, :2]] == ["none", "none"]
    assert shown.numbers[1, :3].tolist() == [101.0, 202.0, 303.0]
    assert shown.numbers[2].tolist() == [0.0, 0.0, 31.0, 41.0]
    assert shown.numbers[3, :3].tolist() == [2.0, 203.0, 304.0]


def asked_lanes(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    """For how many lanes a function is asked, each time from now on."""
    asked, function = [], FUNCTIONS[name]

    def counted(walk: Walk[Any], args: Any) -> Array[Any]:
        asked.append(walk.state.lanes)
        return function(walk, args)

    monkeypatch.setitem(FUNCTIONS, name, counted)
    return asked


def test_a_part_is_computed_in_the_lanes_that_show_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four lanes one chooses the exponential, which is asked for that lane alone."""
    asked = asked_lanes(monkeypatch, "EXP")
    shown = computed(tmp_path, {"B1": "=CHOOSE(A1,0,EXP(A1-2),5)"}, [1.0, 2.0, 3.0, 3.0])
    assert shown.numbers.tolist() == [[0.0, 1.0, 5.0, 5.0]]
    assert asked == [1]


def test_texts_are_joined_and_compared_by_lane(tmp_path: Path) -> None:
    """A text of several parts is the same text whichever lane makes it, in whatever letters it is compared."""
    formulas = {"B1": '="row "&A1&" of "&3', "B2": '=IF(B1="ROW 2 OF 3","yes","")'}
    shown = computed(tmp_path, formulas, [1.0, 2.0, "x", None])
    texts = [[TEXTS.all[int(number)] for number in row] for row in shown.numbers]
    assert texts == [["row 1 of 3", "row 2 of 3", "row x of 3", "row  of 3"], ["", "yes", "", ""]]


def test_lanes_that_are_alike_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200 lanes with four values each value is computed once, in any order, and shown in its lanes."""
    asked = asked_lanes(monkeypatch, "ABS")
    shown = computed(tmp_path, {"B1": "=ABS(A1)*10", "B2": '=IF(A1=3,"three",B1)'}, [-4.0, 2.0, -1.0, 3.0] * 50)
    assert shown.numbers[0].tolist() == [40.0, 20.0, 10.0, 30.0] * 50
    assert shown.kinds[1].tolist() == [0, 0, 0, 2] * 50
    assert asked == [4]


def test_a_declared_network_is_proved_without_reading_what_formulas_mean(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists of all that all formulas read, which have a limit, are not made where a network is declared."""

    def refused(_: Reading) -> None:
        raise AssertionError("lists of all operands")

    monkeypatch.setattr(reading, "_bundles", refused)
    report = check.verify(small)
    assert report.agrees
    assert report.checked == report.formulas


def test_explore_of_one_layer_shows_nothing_of_another(tmp_path: Path) -> None:
    """A network of one layer agrees: its look-up, too, is an error where another layer's name is typed."""
    weights = {"only.weight": np.linspace(-1.0, 1.0, 36).reshape(2, 2, 3, 3), "only.bias": np.array([0.5, -0.5])}
    network = Network((2, 5, 5), [Node("only", Conv2d(2, 2, 3))], weights)
    workbook.write(network, np.linspace(0.0, 1.0, 50).reshape(2, 5, 5), tmp_path / "one.xlsx")
    report = check.verify(tmp_path / "one.xlsx")
    assert [finding.message for finding in report.findings if finding.severity == "error"] == []
    assert report.agrees
