"""What stands in the cells of inputs and weights: numbers, formulas of numbers, nothing, or what is no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_every_label import written
from tests.test_selecting import place
from xlconv import reader
from xlconv.cells import ErrorValue, Range, Value
from xlconv.check import verify
from xlconv.reader import Cell, Workbook
from xlconv.recover import recover_book
from xlconv.recover.declared import found_by
from xlconv.recover.given import Given
from xlconv.selftest.copies import Copies

CELL = Range("Sheet", 2, 3)


class Book(Workbook):
    """A workbook of one cell."""

    def __init__(self, formula: str | None, value: Value) -> None:
        self._cell = Cell(formula, value)

    def cell(self, sheet: str, row: int, column: int) -> Cell:
        return self._cell if (sheet, row, column) == CELL[:3] else Cell(None, None)


@pytest.mark.parametrize(
    ("formula", "value", "number", "kept_as"),
    [
        (None, 0.25, 0.25, ""),
        (None, None, 0.0, "blank"),
        (None, "0.25", 0.0, "not_numbers"),
        (None, True, 0.0, "not_numbers"),
        (None, ErrorValue("#N/A"), 0.0, "not_numbers"),
        ("0.3*2", 7.0, 0.6, "constants"),
        ("A1*2", 7.0, 0.0, "not_numbers"),
        ("1/0", None, 0.0, "not_numbers"),
    ],
)
def test_a_cell(formula: str | None, value: Value, number: float, kept_as: str) -> None:
    """The number that counts, and what is kept of it; cached values are not believed."""
    given = Given(Book(formula, value))
    assert given.number(CELL) == number
    kept = {name: getattr(given, name) for name in ("blank", "not_numbers", "constants")}
    assert kept == {name: [CELL] if name == kept_as else [] for name in kept}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """A network of three colours, whose samples can be chosen."""
    return written(tmp_path_factory.mktemp("given") / "x.xlsx", ("apple", "pear", "7"))


@pytest.mark.parametrize("name", ["conv_weight_1_2", "out_bias", "draw_0"])
def test_cleared_cells_are_zeros(book: Workbook, tmp_path: Path, name: str) -> None:
    """The workbook is still its network; that the weight is 0 is a note, and no word is lost on paper."""
    cell = place(book, name)
    (tmp_path / "x.xlsx").write_bytes(Copies(book).with_cell(cell, Cell(None, None)).package)
    report = verify(tmp_path / "x.xlsx")
    assert report.verdict == "agrees"
    notes = [note for note in report.notes if "is blank, and taken for 0" in note]
    assert notes == ([] if name == "draw_0" else [f"{cell.place} is blank, and taken for 0"])


def test_several_cleared_cells_are_one_note(book: Workbook, tmp_path: Path) -> None:
    """With the first of them; where no declaration says which network it is, too."""
    where = book.named_range("conv_weight_0_1")
    assert where is not None
    changed = book
    for at in where.cells():
        changed = Copies(changed).with_cell(Range(where.sheet, *at), Cell(None, None))
    (tmp_path / "x.xlsx").write_bytes(changed.package)
    notes = verify(tmp_path / "x.xlsx").notes
    first = where.part(0, 0).place
    assert f"4 inputs or weights are blank, and taken for 0: {first} and others" in notes
    declared = found_by(reader.read(tmp_path / "x.xlsx")).given.blank
    (found,) = recover_book(reader.read(tmp_path / "x.xlsx")).networks
    assert set(found.given.blank) == set(declared)
    assert len(declared) == 4
