"""The comparison of values, given what an engine says, without any engine: which cells are wrong, at fault, unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from xlconv import reader, workbook
from xlconv.cells import Edit, ErrorValue, NotEvaluated, Range, Value
from xlconv.check import values
from xlconv.check.inputs import Trial
from xlconv.check.values import EngineOutcome
from xlconv.layers import Linear, ReLU
from xlconv.network import FloatArray, Network, Node
from xlconv.recover.declared import found_by

NETWORK = Network(
    (2,),
    [Node("one", Linear(2, 2)), Node("relu", ReLU()), Node("two", Linear(2, 2, bias=False))],
    {
        "one.weight": np.array([[1.0, 2.0], [3.0, -4.0]]),
        "one.bias": [0.5, -0.5],
        "two.weight": [[1.0, 1.0], [2.0, -1.0]],
    },
)
FIRST, SECOND = np.array([1.0, 2.0]), np.array([3.0, 1.0])
RIGHT = {
    "one": ([5.5, -5.5], [5.5, 4.5]),
    "relu": ([5.5, 0.0], [5.5, 4.5]),
    "two": ([5.5, 11.0], [10.0, 6.5]),
    "prediction": ([1.0], [0.0]),
}
"""What the blocks show for the first input and for the second, worked by hand."""
Shown = Mapping[tuple[str, int, int], Value]
"""What cells show instead, by block, place in it, and trial."""


class Told:
    """An engine that shows what it is told."""

    name = title = "told"

    def __init__(self, book: reader.Workbook, instead: Shown) -> None:
        self.cells: dict[tuple[str, int, int], tuple[str, int]] = {}
        self.instead = instead
        for name in RIGHT:
            where = book.named_range(name)
            assert where is not None
            self.cells |= {(where.sheet, *at): (name, number) for number, at in enumerate(where.cells())}

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """What is right, but where it is told otherwise."""
        return [[self._rows(where, trial) for where in ranges] for trial in range(len(edits))]

    def _rows(self, where: Range, trial: int) -> list[list[Value]]:
        shown = [self._cell((where.sheet, *at), trial) for at in where.cells()]
        return [shown[at : at + where.width] for at in range(0, len(shown), where.width)]

    def _cell(self, at: tuple[str, int, int], trial: int) -> Value:
        if at not in self.cells:
            return None
        name, number = self.cells[at]
        return self.instead.get((name, number, trial), RIGHT[name][trial][number])


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> reader.Workbook:
    """A workbook of the network, without the worksheet that shows how one number is computed."""
    path = tmp_path_factory.mktemp("values") / "x.xlsx"
    workbook.write(NETWORK, FIRST, path)
    book = reader.read(path)
    del book.sheets["Explore"]
    return book


def compared(book: reader.Workbook, instead: Shown | None = None, tolerance: float = 1e-9) -> EngineOutcome:
    """The comparison for two inputs."""
    trials = [Trial("first", FIRST, is_changed=False), Trial("second", SECOND)]
    return values.compare(book, found_by(book), Told(book, instead or {}), trials, tolerance)


def place(book: reader.Workbook, name: str, number: int) -> str:
    where = book.named_range(name)
    assert where is not None
    return Range(where.sheet, *list(where.cells())[number]).place


def counts(outcome: EngineOutcome) -> dict[str, tuple[int, int, int]]:
    """Of each layer, how many cells are wrong, at fault, not evaluated."""
    return {each.layer: (each.wrong, each.at_fault, each.not_evaluated) for each in outcome.result.layers}


def test_what_is_right(book: reader.Workbook) -> None:
    """Each cell is compared for each input, without an error, and nothing is found."""
    outcome = compared(book)
    told = [(each.layer, each.cells, each.compared, each.largest_error) for each in outcome.result.layers]
    assert told == [("one", 2, 4, 0.0), ("relu", 2, 4, 0.0), ("two", 2, 4, 0.0), ("prediction", 1, 2, 0.0)]
    assert outcome.findings == []
    assert outcome.result.complete
    assert outcome.result.reasons == []
    assert outcome.result.engine == "told"


def test_a_wrong_cell_and_those_that_follow_it(book: reader.Workbook) -> None:
    """A cell that is wrong by what it reads is at fault; what is right by what it reads is wrong, but not at fault."""
    outcome = compared(book, {("one", 0, 1): 6.5, ("relu", 0, 1): 6.5, ("two", 0, 1): 11.0, ("two", 1, 1): 8.5})
    assert counts(outcome) == {"one": (1, 1, 0), "relu": (1, 0, 0), "two": (2, 0, 0), "prediction": (0, 0, 0)}
    (finding,) = outcome.findings
    assert (finding.rule, finding.cell, finding.layer) == ("value", place(book, "one", 0), "one")
    assert (finding.expected, finding.got) == ("5.5", "6.5")
    assert finding.message == "computes another value than the reference for second"
    assert [each.first for each in outcome.result.layers[:2]] == [place(book, "one", 0), place(book, "relu", 0)]
    assert outcome.result.layers[0].largest_error == pytest.approx(1 / 5.5)


def test_a_cell_that_never_changes(book: reader.Workbook) -> None:
    """A value that was pasted over a formula is right for the first input and frozen for the second."""
    followers: Shown = {("two", 0, 1): 5.5, ("two", 1, 1): 11.0, ("prediction", 0, 1): 1.0}
    outcome = compared(book, {("relu", 1, 1): 0.0, **followers})
    (finding,) = outcome.findings
    assert (finding.rule, finding.cell, finding.expected, finding.got) == (
        "frozen",
        place(book, "relu", 1),
        "4.5",
        "0.0",
    )
    assert counts(outcome) == {"one": (0, 0, 0), "relu": (1, 1, 0), "two": (2, 0, 0), "prediction": (1, 0, 0)}


@pytest.mark.parametrize(
    ("error", "tolerance", "wrong"),
    [(4e-9, 1e-9, 0), (7e-9, 1e-9, 1), (4e-9, 1e-10, 1), (0.1, 0.02, 0), (-0.1, 0.02, 0), (-0.12, 0.02, 1)],
)
def test_the_tolerance_is_relative_beyond_one(
    book: reader.Workbook, error: float, tolerance: float, wrong: int
) -> None:
    """Of 5.5 the part that the tolerance says may be missing or too much."""
    outcome = compared(book, {("two", 0, 0): 5.5 + error}, tolerance)
    assert counts(outcome)["two"] == (wrong, wrong, 0)
    assert len(outcome.findings) == wrong


def test_below_one_the_tolerance_is_absolute(book: reader.Workbook) -> None:
    """Of a zero nothing is relative."""
    assert compared(book, {("relu", 1, 0): 0.9e-9}).findings == []
    assert [each.layer for each in compared(book, {("relu", 1, 0): 1.1e-9}).findings] == ["relu"]


@pytest.mark.parametrize(
    ("shown", "got"), [(None, "blank"), ("5.5", "5.5"), (ErrorValue("#NUM!"), "#NUM!"), (True, "True")]
)
def test_what_is_no_number_is_wrong(book: reader.Workbook, shown: Value, got: str) -> None:
    """A blank cell, a text, even one that reads like the number, an error, a truth value."""
    outcome = compared(book, {("two", 0, 0): shown})
    assert counts(outcome)["two"] == (1, 1, 0)
    (finding,) = outcome.findings
    assert (finding.cell, finding.got, finding.expected) == (place(book, "two", 0), got, "5.5")


def test_what_could_not_be_evaluated_is_neither_right_nor_wrong(book: reader.Workbook) -> None:
    """It is counted with the engine's reason, as is what reads it; nothing is found, and it is not complete."""
    unknown: dict[tuple[str, int, int], Value] = {
        (name, number, 1): NotEvaluated("no such function") for name, number in (("one", 0), ("relu", 0))
    }
    outcome = compared(book, unknown | {("two", 0, 1): ErrorValue("#NAME?"), ("two", 1, 1): ErrorValue("#NAME?")})
    assert counts(outcome) == {"one": (0, 0, 1), "relu": (0, 0, 1), "two": (0, 0, 2), "prediction": (0, 0, 0)}
    assert outcome.findings == []
    assert not outcome.result.complete
    assert outcome.result.reasons == ["2 cells: no such function"]


def test_the_predicted_class(book: reader.Workbook) -> None:
    """Another class than that of the largest element is wrong, and named with the right one."""
    outcome = compared(book, {("prediction", 0, 1): 1.0})
    assert counts(outcome)["prediction"] == (1, 1, 0)
    (finding,) = outcome.findings
    assert (finding.cell, finding.layer, finding.expected, finding.got) == (
        place(book, "prediction", 0),
        "prediction",
        "0",
        "1.0",
    )


def test_own_values_are_those_of_the_first_input(book: reader.Workbook) -> None:
    """They are what cached values are held to."""
    found = found_by(book)
    shown: FloatArray = compared(book).own_values.numbers(found.stages[-1].cells)
    np.testing.assert_array_equal(shown, [5.5, 11.0])
