"""The net's choice as a page: every label by every sample, the drawing, the mark, and traps that one choice springs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lanes import ByEngine, for_engines
from tests.test_check_explore import TOLERANCE
from tests.test_choices import colour
from xlconv import reader, workbook
from xlconv.cells import Range, Value
from xlconv.check.pages import NOTHING, CheckedPage
from xlconv.check.pages.judge import PageOutcome, compare
from xlconv.check.pages.net import LabelChoice, mark_of, net_page, read_of, row_of
from xlconv.layers import Linear, Softmax
from xlconv.network import Network, Node
from xlconv.pages.choices import Chosen
from xlconv.reader import Cell, Workbook
from xlconv.recover.declared import found_by
from xlconv.selftest.copies import Copies
from xlconv.templates import Samples


def written(path: Path, classes: tuple[str, ...]) -> Workbook:
    network, samples = colour(classes)
    workbook.write(network, Chosen(0), path, samples=samples)
    return reader.read(path)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """Classes that are words, but for one: three apples, three pears, three of 7."""
    return written(tmp_path_factory.mktemp("words") / "x.xlsx", ("apple", "pear", "7"))


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    return written(tmp_path_factory.mktemp("numbers") / "x.xlsx", ("0", "1", "2"))


def page(book: Workbook, most: int = 10**9) -> CheckedPage:
    return net_page(book, found_by(book), most, np.random.default_rng(0))


def checked(book: Workbook) -> PageOutcome:
    return compare(for_engines(page(book)), ByEngine(book), TOLERANCE, "formualizer")


@pytest.mark.parametrize("which", ["words", "numbers"])
def test_a_generated_workbook_is_right_for_every_choice(which: str, request: pytest.FixtureRequest) -> None:
    """Whatever is chosen, drawn and predicted; every cell of input, row, mark and text is compared."""
    outcome = checked(request.getfixturevalue(which))
    assert outcome.findings == []
    swapped = 2 if which == "words" else 0
    assert outcome.choices == outcome.tried == 9 + 3 * 7 + swapped + 3 * 4 + 3 * 2
    assert outcome.result.cells == 36 + 3
    assert outcome.result.complete


def trapped(book: Workbook, cell: Range, formula: str) -> Workbook:
    """A copy with another formula in one cell; in it `old` stands for the one that was there."""
    text = formula.replace("old", book.cell(*cell[:3]).formula or "")
    for name in ("choice", "sample", "sample_row", "prediction"):
        where = book.named_range(name)
        assert where is not None
        text = text.replace(f"[{name}]", where.part(0, 0).reference)
    return Copies(book).with_cell(cell, Cell(text, None))


def cell_of(book: Workbook, name: str, at: tuple[int, int] = (0, 0)) -> Range:
    where = book.named_range(name)
    assert where is not None
    return where.part(*at)


NOT_ANY = "an error or an empty text"
RIGHT, WRONG, NOT_DRAWN = "✓ right", "✗ wrong", "draw is not chosen"
OF_ROW = [
    ('IF(AND([choice]="pear",[sample]=2),4,old)', "choice pear, sample 2", "6.0"),
    ('IF(EXACT([choice],"PEAR"),1,old)', "choice PEAR, sample 0", "4.0"),
    ("IF(AND(ISBLANK([sample]),[choice]=7),9,old)", "choice 7, sample left blank", "7.0"),
    ("IF(AND([sample]=0.5,[choice]=7),9,old)", "choice 7, sample 0.5", "7.0"),
    ("IF(AND([sample]=-1,[choice]=7),9,old)", "choice 7, sample -1", "7.0"),
    ("IF(AND([sample]=1000000,[choice]=7),8,old)", "choice 7, sample 1000000", "9.0"),
    ('IF([choice]="no label of a sample",1,old)', "choice no label of a sample, sample 0", NOT_ANY),
    ("IF([choice]=8,1,old)", "choice 8, sample 0", NOT_ANY),
    ('IF(AND([sample]="one",[choice]="pear"),5,old)', "choice pear, sample one", NOT_ANY),
    ('IF(AND(EXACT([choice],"DRAW"),[sample]="one"),1,old)', "choice DRAW, sample one", "0.0"),
]
OF_INPUT = [
    ("IF(AND([choice]=7,[sample]=1),1,old)", "choice 7, sample 1", None),
    ("IF([sample_row]=4,1,old)", "choice pear, sample 0", None),
]
OF_MARK = [
    ('IF(AND([choice]="pear",[prediction]=7),"✓ right",old)', "choice pear, sample 0, if 7 is predicted", WRONG),
    ('IF(AND([choice]="pear",[sample]=2),"✓ right",old)', "choice pear, sample 2, if apple is predicted", WRONG),
    ('SUBSTITUTE(old,"wrong","wrong, nearly")', "choice apple, sample 0, if pear is predicted", WRONG),
    ('IF([sample_row]=0," ",old)', "choice draw, sample 0, if apple is predicted", "an empty text"),
    ('IFERROR(old,"✓ right")', "choice apple, sample one, if apple is predicted", NOT_ANY),
]
OF_TEXT = [
    ('IF([choice]=7,"draw is chosen",old)', "choice 7, sample 0, if apple is predicted", NOT_DRAWN),
    ('IF(AND([sample_row]=0,[prediction]=7),"7",old)', "choice draw, sample 0, if 7 is predicted", "7.0"),
    ('IF(AND([sample_row]=0,[prediction]="pear"),"a",old)', "choice draw, sample 0, if pear is predicted", "pear"),
]
TRAPS = [
    (name, *trap)
    for name, traps in {"sample_row": OF_ROW, "input_2": OF_INPUT, "mark": OF_MARK, "drawn_prediction": OF_TEXT}.items()
    for trap in traps
]


@pytest.mark.parametrize(("name", "formula", "choice", "expected"), TRAPS)
def test_a_trap_for_one_choice_is_found(
    words: Workbook, name: str, formula: str, choice: str, expected: str | None
) -> None:
    """Whichever choice it is; the finding names the cell alone, the first such choice, and what is due in full."""
    cell = cell_of(words, name)
    (finding,) = checked(trapped(words, cell, formula)).findings
    assert (finding.rule, finding.layer, finding.cell) == ("value", "input", cell.place)
    assert finding.message == f"{name} shows something else than it should for {choice}"
    assert expected in (finding.expected, None)


@pytest.mark.parametrize(
    ("condition", "choice"),
    [
        ("([sample_row]=0)*(Draw!$C$6>0.97)*(Draw!$C$6<1)", "drawing "),
        ("([sample_row]=0)*(Draw!$C$6<0)", "drawing 4 of several"),
        ("([sample_row]=0)*ISBLANK(Draw!$C$6)", "choice draw, sample 0"),
        ("([sample_row]>0)*(Samples!$B$2>150)", ", with other samples, divided by "),
        ("([sample_row]=3)*(Samples!$J$7>120)", "choice apple, sample 2, with other samples, divided by "),
    ],
)
def test_a_trap_for_some_numbers_is_found(words: Workbook, condition: str, choice: str) -> None:
    """In the drawing, blank cells too, in samples and in the scale."""
    cell = cell_of(words, "input_0", (1, 1))
    (finding,) = checked(trapped(words, cell, f"IF({condition},0.123,old)")).findings
    assert finding.cell == cell.place
    assert choice in finding.message


def test_the_blank_number_is_the_first_sample(words: Workbook) -> None:
    """As it is written, and by the counterpart; a fraction is its whole part."""
    assert "INT(" in (words.cell(*cell_of(words, "sample_row")[:3]).formula or "")
    evaluator = ByEngine(words)
    places = [int(page(words).atlas.places(cell_of(words, name))[0, 0]) for name in ("choice", "sample", "sample_row")]
    filled: dict[int, list[Value]] = {places[0]: [7.0] * 4, places[1]: [None, 0.9, 1.9, 1.0]}
    shown = evaluator.values(np.array(places[2:]), filled, {})
    assert shown.numbers[0].tolist() == [7.0, 7.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("label", "sample", "row"),
    [
        *(("apple", 0.0, 1), ("APPLE", 2.0, 3), ("apple", 3.0, 3), ("pear", None, 4), ("pear", -7.0, 4)),
        *(("pear", 1.99, 5), (7.0, 1.0, 8), ("draw", 2.0, 0), ("Draw", "x", 0)),
        *(("plum", 0.0, NOTHING), (7.0, "x", NOTHING), (8.0, 0.0, NOTHING)),
    ],
)
def test_the_row_that_is_shown(words: Workbook, label: Value, sample: Value, row: float) -> None:
    """Rows 1 to 3 are apples, 4 to 6 pears, 7 to 9 of the class 7."""
    choices = found_by(words).choices
    assert choices is not None
    assert row_of(choices, LabelChoice(label, sample)) == row


def test_what_is_said() -> None:
    """To the letter, whatever the case of the label's letters."""
    assert mark_of(3.0, "Pear", "pear") == "✓ right"
    assert mark_of(3.0, "pear", "apple") == mark_of(3.0, "7", 7.0) == "✗ wrong"
    assert (mark_of(0.0, "draw", "draw"), mark_of(NOTHING, "plum", "plum")) == ("", None)
    assert (read_of(0.0, 7.0), read_of(2.0, 7.0), read_of(NOTHING, 7.0)) == (7.0, "draw is not chosen", None)


@pytest.mark.parametrize("classes", [None, ("a", "b", "c")])
def test_vectors_and_classes_without_names(tmp_path: Path, classes: tuple[str, ...] | None) -> None:
    """An input that is a vector, and a prediction that is an index."""
    weights = {"out.weight": np.arange(12.0).reshape(3, 4), "out.bias": np.zeros(3)}
    network = Network((4,), [Node("out", Linear(4, 3)), Node("s", Softmax())], weights, classes or ())
    samples = Samples(np.random.default_rng(0).standard_normal((6, 4)), np.array([0, 1, 2, 0, 1, 2], np.uint8))
    workbook.write(network, Chosen(1), tmp_path / "x.xlsx", samples=samples)
    book = reader.read(tmp_path / "x.xlsx")
    assert checked(book).findings == []
    cell = cell_of(book, "input", (2, 0))
    (finding,) = checked(trapped(book, cell, "IF([sample_row]=6,0,old)")).findings
    assert finding.cell == cell.place
    cell = cell_of(book, "mark")
    first, other = ('"a"', '"c"') if classes else ("0", "2")
    (finding,) = checked(trapped(book, cell, f'IF(AND([choice]={first},[prediction]={other}),"",old)')).findings
    assert finding.cell == cell.place


def test_beyond_a_number_of_values_some_choices_are_tried(words: Workbook) -> None:
    """And it is said of how many."""
    some = page(words, most=20 * 36)
    assert (some.tried, some.choices) == (20, 50)
    assert compare(for_engines(some), ByEngine(words), TOLERANCE).findings == []


def test_without_choices_there_is_no_page(small: Path) -> None:
    """A workbook whose input is plain numbers has nothing to choose."""
    book = reader.read(small)
    outcome = checked(book)
    assert (outcome.findings, outcome.choices, outcome.result.cells) == ([], 0, 0)


def test_a_trap_for_a_blank_drawing_is_found(tmp_path: Path) -> None:
    """Also where the workbook's own drawing is not blank."""
    network, samples = colour()
    workbook.write(network, np.full((3, 3, 4), 0.5), tmp_path / "x.xlsx", samples=samples)
    book = reader.read(tmp_path / "x.xlsx")
    cell = cell_of(book, "input_0", (1, 1))
    (finding,) = checked(trapped(book, cell, "IF(([sample_row]=0)*ISBLANK(Draw!$C$6),0.123,old)")).findings
    assert (finding.cell, finding.expected) == (cell.place, "0.0")
    assert finding.message == "input_0 shows something else than it should for drawing 1 of several"
