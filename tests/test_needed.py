"""Which cells others need, and that engines compute the same without all that is not needed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from tests import handmade
from tests.conftest import SHARED
from tests.strategies import inputs, networks
from xlconv import reader, workbook
from xlconv.cells import Range, Value
from xlconv.check import inputs as trials
from xlconv.check.computed import Question, answers, question
from xlconv.check.evaluation import evaluated, evaluations
from xlconv.check.needed import Needs
from xlconv.engines import Engine, by_name
from xlconv.places import Places
from xlconv.recover import Recovered, recover_book
from xlconv.recover.reading import read

EMBEDDED = by_name("formualizer", isolated=False)


def needs_of(path: Path) -> Needs:
    book = reader.read(path)
    reading = read(book)
    return Needs(book, reading.groups, reading.atlas)


def cells(needs: Needs, *addresses: str) -> Places:
    return np.array([needs.atlas.place(*Range.parse(each)[:3]) for each in addresses])  # type: ignore[index]


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Formulas of all kinds of reference, and beside them what nothing of theirs reads."""
    book = openpyxl.Workbook()
    one, two = book["Sheet"], book.create_sheet("The other")
    for row in range(1, 7):
        one[f"A{row}"] = row
        two[f"A{row}"] = 10 * row
        one[f"B{row}"] = f"=SUM(A$1:A{row})"
    one["C1"] = "=B2*'The other'!A3"
    one["C2"] = "=total+1"
    one["C3"] = "=SUM(B:B)"
    one["C4"] = ArrayFormula("C4:C5", "=A1:A2*2")
    one["C6"] = "=C5"
    one["D1"] = "=OFFSET('The other'!$A$1,2,0)"
    one["D2"] = '=INDIRECT("A"&A1)'
    one["D3"] = "=D2+1"
    one["D4"] = "=SUMIF(A1:A3,2,B1)"
    one["D5"] = "=C1+C2"
    book.defined_names["total"] = DefinedName("total", attr_text="'The other'!$A$5:$A$5")
    book.save(tmp_path / "chain.xlsx")
    return tmp_path / "chain.xlsx"


NEEDED = {
    "Sheet!A4": ["Sheet!A4"],
    "Sheet!B3": ["Sheet!A1", "Sheet!A2", "Sheet!A3", "Sheet!B3"],
    "Sheet!C1": ["Sheet!A1", "Sheet!A2", "Sheet!B2", "Sheet!C1", "'The other'!A3"],
    "Sheet!C2": ["Sheet!C2", "'The other'!A5"],
    "Sheet!C3": [*(f"Sheet!{column}{row}" for row in range(1, 7) for column in "AB"), "Sheet!C3"],
    "Sheet!C6": ["Sheet!A1", "Sheet!A2", "Sheet!C4", "Sheet!C5", "Sheet!C6"],
    "Sheet!D1": ["Sheet!D1", *(f"'The other'!A{row}" for row in range(1, 7))],
    "Sheet!D5": [
        *("Sheet!A1", "Sheet!A2", "Sheet!B2", "Sheet!C1", "Sheet!C2", "Sheet!D5", "'The other'!A3", "'The other'!A5"),
    ],
}


@pytest.mark.parametrize("cell", NEEDED)
def test_needed(chain: Path, cell: str) -> None:
    """Addresses, ranges that grow, whole columns, names, arrays and OFFSET: what they name and what that reads."""
    needs = needs_of(chain)
    found = needs.of(cells(needs, cell))
    assert found is not None
    np.testing.assert_array_equal(found, np.sort(cells(needs, *NEEDED[cell])))


@pytest.mark.parametrize("cell", ["Sheet!D2", "Sheet!D3", "Sheet!D4"])
def test_unknown_reach(chain: Path, cell: str) -> None:
    """Where a formula makes addresses of texts, or reads more than it names, all is needed; also behind it."""
    needs = needs_of(chain)
    assert needs.of(cells(needs, cell)) is None


def test_what_is_given_is_not_followed(chain: Path) -> None:
    """What stands in a cell into which a value is put does not matter."""
    needs = needs_of(chain)
    found = needs.of(cells(needs, "Sheet!C1"), cells(needs, "Sheet!B2"))
    assert found is not None
    np.testing.assert_array_equal(found, np.sort(cells(needs, "Sheet!B2", "Sheet!C1", "'The other'!A3")))


@pytest.mark.parametrize("cell", NEEDED)
@pytest.mark.parametrize("engine", ["formualizer", "ironcalc"])
def test_a_part_computes_the_same(chain: Path, cell: str, engine: str) -> None:
    """An engine gives a cell the same value with all cells and with those that are needed."""
    needs, where = needs_of(chain), Range.parse(cell)
    assert where is not None
    needed = needs.of(cells(needs, cell))
    assert needed is not None
    computer = by_name(engine, isolated=False)
    part, whole = (computer.evaluate(p, [[]], [where]) for p in (needs.package(needed), needs.book.package))
    assert part == whole
    assert isinstance(part[0][0][0][0], float)


def test_what_stops_a_spill_stays(tmp_path: Path) -> None:
    """Where a formula gives an array, cells beside it are filled, so that it cannot spill as it could not before."""
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    sheet["A1"], sheet["A2"], sheet["B1"], sheet["B2"] = 1, 2, "=A1:A2*2", "=7"
    book.save(tmp_path / "x.xlsx")
    needs = needs_of(tmp_path / "x.xlsx")
    needed = needs.of(cells(needs, "Sheet!B1"))
    assert needed is not None
    assert cells(needs, "Sheet!B2")[0] not in needed
    packages = needs.package(needed), needs.book.package
    part, whole = (EMBEDDED.evaluate(package, [[]], [Range("Sheet", 1, 2)]) for package in packages)
    assert part == whole


def questions_of(recovered: Recovered) -> list[Question]:
    return [question(recovered.book, each, trials.choose(each, 0, 0).for_engines) for each in recovered.networks]


def assert_cut_is_right(recovered: Recovered, engine: Engine) -> int:
    """With and without the cut, together and one by one: the same values; how many were compared."""
    asked = questions_of(recovered)
    needs = Needs(recovered.book, recovered.reading.groups, recovered.reading.atlas)
    needs.is_most = lambda _: False  # type: ignore[method-assign]
    compared = 0
    for each, together in zip(asked, evaluated(engine, asked, needs), strict=True):
        (alone,) = answers(engine, needs.atlas, recovered.book.package, [[each]])
        for one, other in zip(together, alone, strict=True):
            assert list(one.in_order()) == list(other.in_order())
            compared += one.places.size
    return compared


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 1000))
def test_random_networks_compute_the_same(network: object, seed: int) -> None:
    """A workbook of any network has the same values where engines get only what is needed."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        workbook.write(network, inputs(network, seed), path)  # type: ignore[arg-type]
        recovered = recover_book(reader.read(path))
    asked = sum(each.cells.size * len(each.edits) for each in questions_of(recovered))
    assert assert_cut_is_right(recovered, EMBEDDED) == asked


REAL = ("conv-example", "entropy_example", "excel-nn", "kelp-cnn", "tetris-cnn", "backpropagation")


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("engine", ["formualizer", "ironcalc"])
def test_workbooks_of_others_compute_the_same(name: str, engine: str) -> None:
    """All networks of a workbook together have the values that each has by itself in the whole workbook."""
    path = SHARED / "real" / f"{name}.xlsx"
    if not path.exists():
        pytest.skip("the workbook is not there")
    assert assert_cut_is_right(recover_book(reader.read(path)), by_name(engine, isolated=False)) > 20


def two_networks(path: Path) -> Path:
    """The same network on two worksheets."""
    made = handmade.STYLES["star"](path)
    book = openpyxl.load_workbook(path)
    book.copy_worksheet(book[made.input.sheet])
    book.save(path)
    return path


class Counting:
    """An engine that counts how often it is asked."""

    name, title = "formualizer", "counting"

    def __init__(self) -> None:
        self.packages: list[bytes] = []

    def evaluate(self, package: bytes, *rest: object) -> object:
        self.packages.append(package)
        return EMBEDDED.evaluate(package, *rest)  # type: ignore[arg-type]


def test_networks_share_one_evaluation(tmp_path: Path) -> None:
    """Networks that have nothing to do with each other are computed together, with as many edits as for one."""
    recovered = recover_book(reader.read(two_networks(tmp_path / "x.xlsx")))
    assert len(recovered.networks) == 2
    asked = questions_of(recovered)
    needs = Needs(recovered.book, recovered.reading.groups, recovered.reading.atlas)
    (evaluation,) = evaluations(asked, needs)
    assert evaluation.steps == [[0, 1]]
    counting = Counting()
    evaluated(counting, asked, needs)  # type: ignore[arg-type]
    assert counting.packages == [evaluation.package]


def question_on(needs: Needs, cell: str, given: str) -> Question:
    where = Range.parse(given)
    assert where is not None
    return Question.of(needs.atlas, cells(needs, cell), [[(where, [[1.0]])], [(where, [[2.0]])]])


def shown(asked: list[Question], needs: Needs) -> list[list[Value]]:
    """What the one cell of each question shows in each trial."""
    results = evaluated(EMBEDDED, asked, needs)
    return [[computed.value(q.cells[0]) for computed in each] for q, each in zip(asked, results, strict=True)]


def test_who_would_be_changed_comes_first(chain: Path) -> None:
    """What is put into C1 replaces what another question asks for: that comes before, in the same evaluation."""
    needs = needs_of(chain)
    asked = [
        question_on(needs, "Sheet!D5", "Sheet!C1"),
        question_on(needs, "Sheet!B2", "Sheet!A1"),
        question_on(needs, "Sheet!C1", "Sheet!B2"),
    ]
    (evaluation,) = evaluations(asked, needs)
    assert evaluation.steps == [[1], [2], [0]]
    found = shown(asked, needs)
    assert found == [[52.0, 53.0], [3.0, 4.0], [30.0, 60.0]]


def test_circles_are_computed_one_by_one(chain: Path) -> None:
    """Where each would change what the other needs, each has an evaluation of its own."""
    needs = needs_of(chain)
    asked = [question_on(needs, "Sheet!C1", "Sheet!A1"), question_on(needs, "Sheet!B3", "Sheet!A2")]
    assert [each.steps for each in evaluations(asked, needs)] == [[[0]], [[1]]]
    found = shown(asked, needs)
    assert found == [[90.0, 120.0], [5.0, 6.0]]


def test_unknown_needs_take_the_whole_workbook(chain: Path) -> None:
    """A question that may read anything is asked by itself, of the whole workbook."""
    needs = needs_of(chain)
    asked = [question_on(needs, "Sheet!D3", "Sheet!A1"), question_on(needs, "Sheet!B3", "Sheet!A2")]
    found = evaluations(asked, needs)
    assert [(each.steps, each.package == needs.book.package) for each in found] == [([[0]], True), ([[1]], False)]
