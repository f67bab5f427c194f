"""Explore as a page: every choice that there is, computed by an engine, and traps that only one choice springs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lanes import ByEngine, for_engines
from tests.test_check_explore import NETWORK, TOLERANCE, X
from xlconv import reader, reference, workbook
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.check.explore import Explorer
from xlconv.check.pages import NOTHING, Batch, CheckedPage, Due, in_words
from xlconv.check.pages.explore import explore_page, whole
from xlconv.check.pages.judge import Judge, PageOutcome, compare
from xlconv.check.pages.lanes import of_values
from xlconv.declaration import explore_name
from xlconv.places import Atlas
from xlconv.reader import Cell, Workbook
from xlconv.recover.declared import found_by
from xlconv.selftest.copies import Copies


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    path = tmp_path_factory.mktemp("every") / "x.xlsx"
    workbook.write(NETWORK, X, path)
    return reader.read(path)


def explorer(book: Workbook) -> Explorer:
    found = Explorer.of(book, found_by(book))
    assert found is not None
    return found


def page(book: Workbook, most: int = 10**9) -> CheckedPage:
    found = found_by(book)
    outputs = reference.forward(found.network, np.random.default_rng(5).standard_normal(X.shape))
    return explore_page(explorer(book), found, [outputs], TOLERANCE, most, np.random.default_rng(0))


def checked(book: Workbook, tried: CheckedPage | None = None) -> PageOutcome:
    return compare(for_engines(tried or page(book)), ByEngine(book), TOLERANCE, "formualizer")


def trapped(book: Workbook, name: str, at: tuple[int, int], condition: str, wrong: str) -> tuple[Workbook, str]:
    """A copy in which a cell shows something else where a condition holds, and which cell that is."""
    cell = explorer(book).shown[name].part(*at)
    old = book.cell(*cell[:3]).formula
    return Copies(book).with_cell(cell, Cell(f"IF({condition},{wrong},{old})", None)), cell.place


def test_a_generated_workbook_is_right_for_every_choice(book: Workbook) -> None:
    """56 elements of four layers, and 19 choices beside those of each, in all cells; no value is left out."""
    outcome = checked(book)
    assert outcome.findings == []
    assert (outcome.choices, outcome.tried) == (56 + 4 * 19, 132)
    assert outcome.share == "for every one of 132 choices"
    cells = outcome.result.cells
    assert cells == sum(table.size for table in page(book).tables.values()) == 129
    texts_for_numbers, no_layers = 4 * 3 * (1 + 3 + 3 + 13), 4 * cells
    turned = 3 * (3 * 4 + 6)  # each share where each of three logits is the largest, and six cells beside them
    assert outcome.result.compared == 132 * cells + texts_for_numbers + no_layers + turned
    assert outcome.result.largest_error is not None
    assert outcome.result.largest_error < 1e-12


LAYER, CHANNEL, ROW, COLUMN = "$B$4", "$C$4", "$D$4", "$E$4"


NOWHERE = "an error or an empty text"
TRAPS = [
    ("kernel_0", (1, 2), f'AND({LAYER}="conv",{CHANNEL}=1,{ROW}=2,{COLUMN}=1)', "0.5", "conv 1 2 1", None),
    ("window_0", (0, 0), f'AND({LAYER}="pool",{ROW}=0,{COLUMN}=2)', "7", "pool 0 0 2", "an empty text"),
    ("at", (0, 0), f"{CHANNEL}=17", "3", "", None),
    ("at", (0, 1), f"{ROW}=-1000000", "1", "conv -1000000 -1000000 -1000000", "0.0"),
    ("at", (0, 2), f'AND({COLUMN}="",{LAYER}="pool")', "2", "pool 1 2 _", "0.0"),
    ("settings", (0, 1), f'EXACT({LAYER},"CONV")', "4", "CONV 1 3 3", "3.0"),
    ("softmax", (2, 3), f'AND({LAYER}="softmax",{CHANNEL}=1)', '"x"', "softmax 1 0 0", None),
    ("dense_sum_1", (0, 0), f'AND({LAYER}="softmax",{CHANNEL}=2)', "0", "softmax 2 0 0", "an empty text"),
    ("max", (0, 0), f'{LAYER}="no layer of this name"', "1", "no layer of this name 0 0 0", NOWHERE),
    ("at", (0, 1), f'{CHANNEL}="one"', "1", "conv one 0 0", "0.0"),
    ("at", (0, 0), f'{CHANNEL}="one"', "1", "conv one 0 0", NOWHERE),
    ("words", (0, 0), f'AND({LAYER}="dense",{CHANNEL}=1)', "\"In layer 'dense', element 1.\"", "dense 1 0 0", None),
]


@pytest.mark.parametrize(("name", "at", "condition", "wrong", "choice", "expected"), TRAPS)
def test_a_trap_for_one_choice_is_found(
    book: Workbook, name: str, at: tuple[int, int], condition: str, wrong: str, choice: str, expected: str | None
) -> None:
    """Whichever choice it is, if there is one; the finding names the cell alone, and that choice."""
    changed, cell = trapped(book, name, at, condition, wrong)
    findings = checked(changed).findings
    assert [finding.cell for finding in findings] == [cell] * bool(choice)
    for finding in findings:
        layer, channel, row, column = (each.replace("_", "left blank") for each in choice.rsplit(" ", 3))
        does = f"{explore_name(name)} shows something else than it should"
        assert finding.message == f"{does} for layer {layer}, channel {channel}, row {row}, column {column}"
        assert finding.rule == "explore"
        assert expected in (finding.expected, None)


def test_one_wrong_letter_of_one_sentence_is_found(book: Workbook) -> None:
    """The whole text counts, and what is due is said in full."""
    where = explorer(book).shown["words"].part(0, 0)
    old = book.cell(*where[:3]).formula
    changed = f'IF(AND({LAYER}="pool",{CHANNEL}=1,{ROW}=1,{COLUMN}=1),SUBSTITUTE({old},"of layer","if layer"),{old})'
    (finding,) = checked(Copies(book).with_cell(where, Cell(changed, None))).findings
    assert finding.message.endswith("for layer pool, channel 1, row 1, column 1")
    assert finding.expected.startswith("In layer 'pool', channel 1, row 1, column 1: the largest number in rows 1 to 2")
    assert finding.got == finding.expected.replace("of layer", "if layer")


def test_only_the_cell_at_fault_is_named(book: Workbook) -> None:
    """What reads a wrong cell is wrong, too, and is counted only."""
    changed, cell = trapped(book, "kernel_0", (0, 0), f"{ROW}=3", "9")
    outcome = checked(changed)
    assert [finding.cell for finding in outcome.findings] == [cell]
    assert outcome.result.wrong > outcome.result.at_fault == 1


def test_beyond_a_number_of_values_a_share_is_tried(book: Workbook) -> None:
    """Small layers whole, of the others corners before edges; what is no element is tried all the same."""
    cells = explorer(book).places.size
    some = page(book, most=100 * cells)
    assert (some.choices, some.tried) == (132, 100)
    assert compare(replace(some, batches=lambda: iter(())), ByEngine(book), TOLERANCE).share == (
        "for 100 of 132 choices (75.76%)"
    )
    by_layer: dict[str, list[tuple[int, ...]]] = {}
    for batch in some.batches():
        names, *at = batch.filled.values()
        for name, *each in zip(names, *at, strict=True):
            if all(isinstance(n, float) for n in each):
                by_layer.setdefault(str(name), []).append(tuple(each))  # type: ignore[arg-type]
    assert {(c, i, j) for c in (0, 1) for i in (0, 3) for j in (0, 3)} < set(by_layer["conv"])
    assert set(by_layer["dense"]) >= {(0, 0, 0), (1, 0, 0), (2, 0, 0)}
    assert (-1e6, -1e6, -1e6) in by_layer["pool"]
    inner = [at for at in by_layer["conv"] if at in set(np.ndindex(2, 4, 4)) and 0 < at[1] < 3 and 0 < at[2] < 3]
    assert inner in ([], [(0.0, 2.0, 2.0)])


def test_nobody_knows_which_elements_are_left_out(book: Workbook) -> None:
    """Without a generator that is given, two pages try other elements, of the same number."""

    def tried() -> list[tuple[float, ...]]:
        found = found_by(book)
        outputs = reference.forward(NETWORK, X)
        some = explore_page(explorer(book), found, [outputs], TOLERANCE, 120 * explorer(book).places.size)
        return [each for batch in some.batches() for each in zip(*batch.filled.values(), strict=True)]  # type: ignore[misc]

    runs = [tried() for _ in range(6)]
    assert len({len(run) for run in runs}) == 1
    assert len({tuple(map(str, run)) for run in runs}) > 1


@pytest.mark.parametrize(
    ("value", "number"), [(None, 0), (0.4, 0), (0.5, 1), (1.6, 2), (-0.4, 0), (-0.6, -1), (3.0, 3)]
)
def test_what_is_typed_counts_as(value: float | None, number: int) -> None:
    """Blank as 0, a fraction as the nearest whole number."""
    assert whole(value) == number


@pytest.mark.parametrize(
    ("value", "words"), [(3.0, "3"), (0.1, "0.1"), ("draw", "draw"), (None, "left blank"), ("", "an empty text")]
)
def test_what_is_typed_in_words(value: Value, words: str) -> None:
    """As a person would say it."""
    assert in_words(value) == words


TEXT = (("It is ", 1.23456, "."),)


@pytest.mark.parametrize(
    ("due", "shown", "is_right"),
    [
        (Due(np.array([[[2.0]]])), 2.0 + 1e-10, True),
        (Due(np.array([[[2.0]]])), 2.0 + 1e-8, False),
        (Due(np.array([[[2.0]]])), "2", False),
        (Due(np.array([[[2.0]]])), True, False),
        (Due(np.array([[[2.0]]])), None, False),
        (Due(np.array([[[2.0]]])), "", False),
        (Due(np.array([[[2.0]]])), ErrorValue("#N/A"), False),
        (Due(np.array([[[2.0]]])), 2.5, False),
        (Due(np.array([[[2.0]]]), whole=True), 2.5, True),
        (Due(np.array([[[2.0]]]), whole=True), 3.0, False),
        (Due(np.array([[[np.nan]]])), "", True),
        (Due(np.array([[[np.nan]]])), "x", False),
        (Due(np.array([[[np.nan]]])), None, False),
        (Due(np.array([[[np.nan]]])), 0.0, False),
        (Due(np.array([[[NOTHING]]])), "", True),
        (Due(np.array([[[NOTHING]]])), ErrorValue("#N/A"), True),
        (Due(np.array([[[NOTHING]]])), 0.0, False),
        (Due(np.array([[[NOTHING]]])), None, False),
        (Due(np.array([[[np.nan]]]), [TEXT]), "It is 1.2346.", True),
        (Due(np.array([[[np.nan]]]), [TEXT]), "It is 1.2345.", False),
        (Due(np.array([[[np.nan]]]), [TEXT]), "It is 1.2346", False),
        (Due(np.array([[[np.nan]]]), [TEXT]), "", False),
        (Due(np.array([[[np.nan]]]), [TEXT]), 1.2346, False),
        (Due(np.array([[[np.nan]]]), [(("",),)]), "", True),
        (Due(np.array([[[np.nan]]]), [(("",),)]), " ", False),
        (Due(np.array([[[np.nan]]]), [(("",),)]), None, False),
    ],
)
def test_what_is_due_is_shown(due: Due, shown: Value, is_right: bool) -> None:
    """Numbers within the tolerance, texts to the letter, nothing where there is no value; else a finding."""
    judge = Judge(SINGLE, TOLERANCE, "told")
    judge.add(Batch(1, {}, {}, {"t": due}, lambda _: "the only choice"), of_values([[shown]]))
    assert [finding.cell for finding in judge.findings()] == ([] if is_right else ["s!B1"])
    assert judge.result().compared == 1


SINGLE = CheckedPage(
    *("Single", "", "explore", Workbook(Path("x"), {"s": reader.Sheet("s")}, {}), Atlas(["s"])),
    {"t": Atlas(["s"]).places(Range("s", 1, 2))},
)


def test_what_was_not_evaluated_is_no_pass() -> None:
    """It is counted, and is neither compared nor a fault."""
    judge = Judge(SINGLE, TOLERANCE, "told")
    judge.add(Batch(1, {}, {}, {"t": Due(np.zeros((1, 1, 1)))}, str), of_values([[NotEvaluated("cannot")]]))
    assert judge.findings() == []
    assert (judge.result().compared, judge.result().not_evaluated) == (0, 1)
    assert not judge.result().complete
