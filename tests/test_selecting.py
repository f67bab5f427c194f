"""Cells of pages that show something else where something is so that no choice of the page decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.test_check_explore import NETWORK, TOLERANCE, X
from tests.test_every_label import written
from xlconv import reader, workbook
from xlconv.cells import Range
from xlconv.check import every
from xlconv.check.numbers import Numbers
from xlconv.reader import Cell, Workbook
from xlconv.recover.declared import found_by
from xlconv.recover.reading import read
from xlconv.selftest.copies import Copies


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """A network of plain numbers, with Explore."""
    path = tmp_path_factory.mktemp("selecting") / "x.xlsx"
    workbook.write(NETWORK, X, path)
    return reader.read(path)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """A network whose input is chosen."""
    return written(tmp_path_factory.mktemp("selecting") / "x.xlsx", ("apple", "pear", "7"))


def said(book: Workbook) -> set[tuple[str, str]]:
    """Rules and cells of what is found in the pages."""
    found, reading = found_by(book), read(book)
    outcomes = every.pages(found, reading, Numbers(reading), TOLERANCE)
    return {(finding.rule, finding.cell) for outcome in outcomes for finding in outcome.findings}


def place(book: Workbook, at: str) -> Range:
    """The first cell of a defined name, or an address."""
    where = Range.parse(at) if "!" in at else book.named_range(at)
    assert where is not None
    return where.part(0, 0)


def changed(book: Workbook, **formulas: str) -> Workbook:
    """A copy with other formulas, by name or by `Sheet__Address`; `old` is what was there, `{name}` a name's cell."""
    for name, formula in formulas.items():
        cell = place(book, name.replace("__", "!"))
        old = book.cell(*cell[:3]).formula or ""
        names = ("input_0", "pool_0", "explore_row", "s", "sample_scale")
        known = {each: place(book, each).reference for each in names if book.named_range(each)}
        book = Copies(book).with_cell(cell, Cell(formula.format(**known).replace("old", old), None))
    return book


def test_nothing_is_said_of_what_was_written(explored: Workbook, chosen: Workbook) -> None:
    """Explore chooses by the element, the mark by row and prediction."""
    assert said(explored) == said(chosen) == set()


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("explore_window_0", "IF({input_0}=0.25,0.5,old)"),
        ("explore_window_0", "IF(ABS({input_0}-0.25)<1E-9,0.5,old)"),
        ("explore_kernel_0", "CHOOSE(1+({input_0}>9),old,0.5)"),
        ("explore_cell", "IF(INDEX(Network!$A$1:$F$9,1,1)=7,0.5,old)"),
        ("explore_cell", "IF(Explore!$ZZ$99=1,0.5,old)"),
        ("explore_cell", "IF({explore_row}=1234,0.5,old)"),
        ("explore_cell", "IFERROR(1/({pool_0}-0.25)*0,0.5)+old"),
        ("explore_before", 'IF(old="",old,old+ROUND({input_0}/1E6,0))'),
        ("explore_result", "old+COUNTIF({input_0},0.25)"),
        ("explore_result", 'IF({input_0}&""="0.25",0.5,old)'),
        ("explore_result", 'IF(IF({input_0}=0.25,"a","")="a",0.5,old)'),
        ("explore_result", 'IF({input_0}="",0.5,old)'),
        ("explore_result", 'IF(Explore!$ZZ$99="",old,0.5)'),
        ("explore_result", "old+MAX(0,1-1E9*ABS({input_0}-0.25))"),
        ("explore_result", "old*({input_0}-0.25)/({input_0}-0.25)"),
        ("explore_result", "old*{input_0}^0"),
        ("explore_result", "MIN(old,50)"),
        ("explore_result", "IF(ISNUMBER(MATCH(0.25,{input_0}:{input_0},0)),0.5,old)"),
        ("explore_result", "old+Explore!$ZZ$99"),
        ("explore_result", "old+SUM(Explore!$ZZ$98:$ZZ$99)"),
        ("explore_result", "old+N(Network!$A$1)"),
        ("explore_words", 'IF({input_0}=0.25,"ha",old)'),
        ("explore_words", 'IF(Network!$Z$9=0.25,"ha",old)'),
    ],
)
def test_what_explore_chooses_by_more_is_not_proved(explored: Workbook, name: str, formula: str) -> None:
    """A number of the network, another worksheet, a blank cell, what is typed where the element counts."""
    book = changed(explored, **{name: formula})
    assert said(book) == {("not-proved", place(book, name).place)}


def test_a_cell_between_is_named_alone(explored: Workbook) -> None:
    """What goes by it goes by what it chooses."""
    book = changed(explored, Explore__Z99="IF({input_0}=0.25,1,0)", explore_cell="IF(Explore!Z99=1,0.5,old)")
    assert said(book) == {("not-proved", "Explore!Z99")}


def test_array_formulas_are_held_to_it(explored: Workbook) -> None:
    """One that fills several cells is one that chooses in each of them."""
    window = explored.named_range("explore_window_0")
    source = explored.named_range("input_0")
    assert window is not None
    assert source is not None
    first = window.part(0, 0)
    old = explored.cell(*first[:3]).formula or ""
    sheets = dict(explored.sheets)
    sheet = sheets[first.sheet]
    filled = first._replace(height=2)
    cells = {**sheet.cells, **{at: Cell(None, 0.0) for at in filled.cells()}}
    cells[first[1:3]] = Cell(f"IF({source.part(0, 0).reference}=0.25,0.5,{old})", None)
    arrays = {**sheet.arrays, first[1:3]: filled}
    changed_sheet = replace(sheet, cells=cells, arrays=arrays)
    book = replace(explored, sheets={**sheets, first.sheet: changed_sheet})
    assert ("not-proved", first.place) in said(book)


def test_a_circle_does_not_hide_it(explored: Workbook) -> None:
    """Cells that may read each other are looked at, too."""
    book = changed(explored, Explore__Z98="IF({input_0}=0.25,Z99,0)", Explore__Z99="IF({input_0}=0.5,Z98,0)")
    book = changed(book, explore_cell="old+Explore!Z98")
    assert ("not-proved", "Explore!Z98") in said(book)


def test_a_sum_between_is_seen_through(explored: Workbook) -> None:
    """A cell on another worksheet, or one that adds, may hold anything."""
    book = changed(explored, Network__Z99="{input_0}+1", explore_cell="IF(Network!Z99=1.25,0.5,old)")
    assert said(book) == {("not-proved", place(book, "explore_cell").place)}
    book = changed(explored, Explore__Z99="{input_0}+{input_0}", explore_cell="IF(Explore!Z99=1.25,0.5,old)")
    assert said(book) == {("not-proved", place(book, "explore_cell").place)}


@pytest.mark.parametrize("formula", ["old+0", "IF(1=1,old,0)", "-(-(old))", "MAX(old,old)"])
def test_other_spellings_are_left_in_peace(explored: Workbook, formula: str) -> None:
    """Nothing is chosen there by anything that was not before."""
    assert said(changed(explored, explore_cell=formula)) == set()


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("explore_at", "IF({explore_row}=3.4,1,old)"),
        ("explore_at", "IF({explore_row}=17,1,old)"),
        ("explore_at", "IF({explore_row}=1000,1,old)"),
    ],
)
def test_many_numbers_are_typed(explored: Workbook, name: str, formula: str) -> None:
    """Tenths, whole numbers, powers of ten."""
    book = changed(explored, **{name: formula})
    assert ("explore", place(book, name).place) in said(book)


@pytest.mark.parametrize("left_out", range(3))
def test_each_is_the_largest_for_once(explored: Workbook, left_out: int) -> None:
    """The largest of what a Softmax reads, without one of them."""
    x = explored.named_range("explore_softmax")
    assert x is not None
    read = ",".join(x.part(at, 0).address for at in range(x.height) if at != left_out)
    book = changed(explored, explore_max=f'IF({x.part(0, 0).address}="","",MAX({read}))')
    assert said(book) == {("explore", place(book, "explore_max").place)}


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("mark", 'IF({s}=0.25,"✓ right",old)'),
        ("mark", 'IF({sample_scale}=254,"✓ right",old)'),
        ("drawn_prediction", "IF({input_0}=0.25,3,old)"),
        ("sample_row", "IF(Network!$Z$99=7,1,old)"),
        ("mark", 'IF({input_0}&""="0.25","✓ right",old)'),
        ("mark", 'IF(Network!$Z$99="",old,"✓ right")'),
        ("drawn_prediction", "IF(Draw!$B$5=0.25,3,old)"),
        ("sample_row", "old+Explore!$AZ$30"),
        ("sample_row", "old+SUM(Network!$Z$98:$Z$99)"),
    ],
)
def test_what_the_net_shows_goes_by_the_choice(chosen: Workbook, name: str, formula: str) -> None:
    """And by the prediction, and by what stands beside the samples."""
    book = changed(chosen, **{name: formula})
    assert ("not-proved", place(book, name).place) in said(book)


@pytest.mark.parametrize("number", ["7", "-12", "1.5", "24"])
def test_many_numbers_of_a_sample_are_typed(chosen: Workbook, number: str) -> None:
    """For each label."""
    sample = place(chosen, "sample").reference
    book = changed(chosen, sample_row=f"IF({sample}={number},3,old)")
    assert ("value", place(book, "sample_row").place) in said(book)


def test_what_reads_a_wrong_cell_is_not_to_blame(explored: Workbook) -> None:
    """A cell that is blank, or reads another than it should, is named alone."""
    cell = place(explored, "explore_window_row")
    assert said(Copies(explored).with_cell(cell, Cell(None, None))) == {("explore", cell.place)}
    moved = changed(explored, explore_window_row="Explore!$E$99+old")
    assert said(moved) == {("explore", cell.place)}
