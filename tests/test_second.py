"""Second opinions: what one engine cannot evaluate is never called wrong, and what several show is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tests.conftest import needs_libreoffice
from xlconv import engines, reader
from xlconv.cells import Edit, ErrorValue, NotEvaluated, Range, Value
from xlconv.check import second, verify
from xlconv.check.computed import Question
from xlconv.check.needed import Needs
from xlconv.engines import Engine
from xlconv.errors import EngineError
from xlconv.recover.reading import read
from xlconv.report import Report

LACKS = NotEvaluated("one: #NAME? (a function that it lacks, or an unknown name)")
VALUE, NUM, CIRCLE = ErrorValue("#VALUE!"), ErrorValue("#NUM!"), ErrorValue("#CIRC!")


class Saying:
    """An engine that shows the same in every cell, and counts how many it is asked for."""

    def __init__(self, name: str, value: Value) -> None:
        self.name, self.title, self._value = name, f"{name} 1.0", value
        self.asked = 0

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        self.asked += sum(where.size for where in ranges) * len(edits)
        return [[[[self._value] * where.width] * where.height for where in ranges] for _ in edits]


@pytest.mark.parametrize(
    ("said", "value", "by"),
    [
        ([1.5, 2.5, 3.5], 1.5, ""),
        ([LACKS, 2.5, 3.5], 2.5, "ironcalc 1.0"),
        ([LACKS, LACKS, 3.5], 3.5, "libreoffice 1.0"),
        ([VALUE, 2.5, VALUE], 2.5, "ironcalc 1.0"),
        ([VALUE, VALUE, 3.5], 3.5, "libreoffice 1.0"),
        ([VALUE, VALUE, VALUE], VALUE, ""),
        ([NUM, NUM, 3.5], NUM, ""),
        ([NUM, 0.0, NUM], NUM, ""),
        ([NUM, 0.0, 3.5], 3.5, "libreoffice 1.0"),
        ([NUM, 0.0, None], NotEvaluated("formualizer: #NUM!, which no other engine confirms"), ""),
        ([CIRCLE, 2.5, VALUE], 2.5, "ironcalc 1.0"),
        ([CIRCLE, CIRCLE, VALUE], CIRCLE, ""),
        ([LACKS, LACKS, LACKS], LACKS, ""),
        ([NUM, None, None], NUM, ""),
        ([VALUE, VALUE, None], VALUE, ""),
        ([NUM, LACKS, None], NotEvaluated("formualizer: #NUM!, which no other engine confirms"), ""),
        ([LACKS, NUM, LACKS], NotEvaluated("formualizer: #NUM!, which no other engine confirms"), ""),
        ([LACKS, NUM, VALUE], NUM, ""),
        ([LACKS, "a", None], "a", "ironcalc 1.0"),
        ([LACKS, True, None], True, "ironcalc 1.0"),
    ],
)
def test_who_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[Value], value: Value, by: str
) -> None:
    """A value of any engine before none; an error where two show one. None stands for an engine that is not there."""
    known = dict(zip(second.NAMES, said, strict=True))
    first, *others = [Saying(name, shows) for name, shows in known.items() if shows is not None]

    def by_name(name: str) -> Engine:
        found = [engine for engine in others if engine.name == name]
        if not found:
            raise EngineError(f"{name} is not installed")
        return found[0]

    monkeypatch.setattr(second, "by_name", by_name)
    ((computed,),) = opinions(tmp_path, first)
    assert computed[0].value(int(computed[0].places[0])) == value
    assert list(computed[0].others.values()) == [by] * bool(by)


def opinions(folder: Path, *asked: Engine, formula: str = "=1+1") -> list[second.Results]:
    """What engines say of the one formula of a workbook."""
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    sheet["A1"], sheet["A2"], sheet["B2"], sheet["A3"], sheet["A4"], sheet["C1"] = -800, 3, 5, 1, 7, formula
    book.save(folder / "x.xlsx")
    read_book = reader.read(folder / "x.xlsx")
    reading = read(read_book)
    question = Question.of(reading.atlas, np.array([reading.atlas.place("Sheet", 1, 3)]), [[]])
    needs = Needs(read_book, reading.groups, reading.atlas)
    return second.opinions(asked, [question], needs, reading)


def test_nobody_else_is_asked_for_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first engine has all values no other is looked for."""
    monkeypatch.setattr(second, "by_name", lambda _: pytest.fail("another engine is looked for"))
    opinions(tmp_path, Saying("formualizer", 1.0))


def test_engines_that_were_asked_anyway_are_not_asked_again(tmp_path: Path) -> None:
    """With several engines each completes the others."""
    one, two = Saying("formualizer", LACKS), Saying("ironcalc", 2.0)
    results = opinions(tmp_path, one, two)
    assert [[computed.value(int(computed.places[0])) for computed in trials] for (trials,) in results] == [[2.0], [2.0]]
    assert (one.asked, two.asked) == (1, 1)


def column(sheet: openpyxl.worksheet.worksheet.Worksheet, letter: str, formulas: Sequence[float | str]) -> None:
    for row, formula in enumerate(formulas, 1):
        sheet[f"{letter}{row}"] = formula


def with_softmax(path: Path, formula: str) -> Report:
    """The report on a dense layer and a softmax, whose formula has {row} for its row."""
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    column(sheet, "A", [0.5, -1.25, 2.0])
    for row in range(1, 4):
        for letter, weight in zip("CDE", (0.3 * row, -0.7, 0.2 * row - 0.5), strict=True):
            sheet[f"{letter}{row}"] = weight
    column(sheet, "G", [f"=$A$1*C{row}+$A$2*D{row}+$A$3*E{row}" for row in (1, 2, 3)])
    column(sheet, "I", [formula.format(row=row) for row in (1, 2, 3)])
    book.save(path)
    return verify(path)


@needs_libreoffice
@pytest.mark.libreoffice
def test_a_function_over_a_range(tmp_path: Path) -> None:
    """`SUMPRODUCT(EXP(range))` is computed by a program that can, and not called wrong because two engines cannot."""
    report = with_softmax(tmp_path / "x.xlsx", "=EXP(G{row})/SUMPRODUCT(EXP($G$1:$G$3))")
    assert report.verdict == "agrees", report.findings
    (engine,) = report.engines
    assert engine.wrong == 0
    ((other, cells),) = engine.others.items()
    assert other.startswith("LibreOffice")
    assert cells == 3


@pytest.mark.parametrize(
    ("formula", "value", "by"),
    [
        pytest.param("=1/(1+EXP(-A1))", NUM, "", marks=[needs_libreoffice, pytest.mark.libreoffice]),
        ("=1/0", ErrorValue("#DIV/0!"), ""),
        ("=SUM(MMULT(A2:B2,A3:A4))", 38.0, "ironcalc"),
        ("=SUMPRODUCT(A2:B2,A2:B2)", 34.0, ""),
        pytest.param("=SUMPRODUCT(ABS(A2:B2))", 8.0, "LibreOffice", marks=[needs_libreoffice, pytest.mark.libreoffice]),
    ],
)
def test_what_is_the_workbooks_own(tmp_path: Path, formula: str, value: Value, by: str) -> None:
    """An overflow and a division by zero are errors in every engine; what formualizer lacks another one computes."""
    results = opinions(tmp_path, engines.by_name("formualizer"), formula=formula)
    (((computed,),),) = results
    assert computed.value(int(computed.places[0])) == value
    assert [title.split()[0] for title in computed.others.values()] == [by] * bool(by)
