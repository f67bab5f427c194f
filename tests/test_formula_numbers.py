"""Formulas computed in numbers show what spreadsheet programs show, for many cells and lanes at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula

from tests.conftest import needs_libreoffice
from tests.formula_battery import DIFFERENT, SHOWN, SILENT
from tests.formulas import CELLS, ERR, UNKNOWN, alike, book_of, by_engine, computed, package, shown
from xlconv import reader
from xlconv.cells import Value
from xlconv.formula.array import Array
from xlconv.formula.elements import Floats
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.forms import Forms, groups
from xlconv.formula.state import State, coded, held
from xlconv.formula.tree import parse
from xlconv.formula.walk import FUNCTIONS
from xlconv.places import Atlas

ALL = (*SHOWN, *SILENT)


def cells_of(formulas: Iterable[str], column: str = "G", first: int = 100) -> dict[str, Any]:
    """One formula below the other; one in braces is an array formula."""
    found: dict[str, Any] = {}
    for row, formula in enumerate(formulas, first):
        at = f"{column}{row}"
        is_array = formula[0] == "{" and formula[-1] == "}"
        found[at] = ArrayFormula(at, f"={formula[1:-1]}") if is_array else f"={formula}"
    return found


def in_numbers(formulas: Sequence[str], folder: Path) -> list[Value]:
    cells = cells_of(formulas)
    state = computed(book_of(package(cells), folder / "x.xlsx"), list(cells))
    return [shown(state, at) for at in cells]


def test_every_function_and_operator_is_in_the_battery() -> None:
    """No function that numbers know is without a formula, and no operator."""
    nodes = [node for formula in SHOWN for tree in [parse(formula.strip("{}"))] if tree for node in tree.walk()]
    assert set(FUNCTIONS) - {node.text for node in nodes if node.kind == "function"} == {"_xlfn.SINGLE"}
    operators = {node.text for node in nodes if node.kind == "operator"}
    assert operators >= {"+", "-", "*", "/", "^", "%", "&", "=", "<>", "<", "<=", ">", ">="}


def test_what_formulas_show(tmp_path: Path) -> None:
    """Each shows what is stated, all computed together."""
    found = in_numbers(list(SHOWN), tmp_path)
    wrong = {f: got for (f, right), got in zip(SHOWN.items(), found, strict=True) if not alike(got, right)}
    assert wrong == {}
    assert len(found) > 350


def test_what_is_not_known(tmp_path: Path) -> None:
    """Where programs differ, and what nobody has taught, nothing is said, not even that it is an error."""
    formulas = (*SILENT, *(f"{name}()" for name in FUNCTIONS))
    assert dict(zip(formulas, in_numbers(formulas, tmp_path), strict=True)) == dict.fromkeys(formulas, UNKNOWN)


@pytest.mark.parametrize(
    "name",
    [
        "formualizer",
        pytest.param("ironcalc", marks=pytest.mark.skipif(find_spec("ironcalc") is None, reason="no IronCalc")),
        pytest.param("libreoffice", marks=[needs_libreoffice, pytest.mark.libreoffice]),
    ],
)
def test_engines_show_the_same(name: str) -> None:
    """What an engine can compute it computes so, but for a list of formulas, each of one engine alone."""
    cells = cells_of(SHOWN)
    found = by_engine(name, package(cells), list(cells))
    pairs = zip(SHOWN.items(), found, strict=True)
    different = {formula for (formula, right), got in pairs if got != UNKNOWN and not alike(got, right)}
    assert different - set(DIFFERENT[name]) == set()
    assert sum(got != UNKNOWN for got in found) > 300


def test_at_most_one_engine_differs() -> None:
    """At least two of three engines show what is stated, or one and none shows something else."""
    listed = [formula for formulas in DIFFERENT.values() for formula in formulas]
    assert len(listed) == len(set(listed)) > 40
    assert set(listed) <= set(SHOWN)


def test_alone_as_together(tmp_path: Path) -> None:
    """A formula by itself shows what it shows among others that are like it but for their numbers."""
    together = in_numbers(ALL, tmp_path)
    book = book_of(package(cells_of(ALL)), tmp_path / "x.xlsx")
    atlas = Atlas(book.sheets)
    forms = Forms(book, atlas, groups(book))
    for formula, right, at in zip(ALL, together, cells_of(ALL), strict=True):
        state = State(held(book, atlas), atlas, Floats)
        place = atlas.place("Sheet", int(at[1:]), 7)
        Evaluation(forms, state).compute(np.array([place]), np.empty(0, np.int64))
        assert alike(shown(state, at), right), formula
    assert len(together) > 400


VALUES: tuple[Value, ...] = (3.0, -4.0, 0.0, None, "text", True, 2.5, "7", False, "", "a*", -0.5, 1e-300, 4.0)


def test_lanes(tmp_path: Path) -> None:
    """With other values in each of many lanes every formula shows what it shows with those values alone."""
    rng = np.random.default_rng(7)
    cells, count = cells_of(ALL), 12
    picked = rng.integers(len(VALUES), size=(count, 10))
    addresses = [*(f"A{row}" for row in (1, 2, 3, 4, 5, 6, 7, 8)), "B2", "C1"]
    book = book_of(package(cells, {**CELLS, "A4": 1}), tmp_path / "x.xlsx")
    wide = with_values(book, addresses, picked, list(cells))
    for lane in range(count):
        single = with_values(book, addresses, picked[lane : lane + 1], list(cells))
        for formula, at in zip(ALL, cells, strict=True):
            assert alike(shown(wide, at, lane), shown(single, at)), (formula, lane)
    kinds = [str(shown(wide, at, lane)) for at in cells for lane in range(count)]
    assert len(set(kinds)) > 150


def with_values(book: reader.Workbook, addresses: Sequence[str], picked: Any, asked: Sequence[str]) -> State[Floats]:
    """A state of lanes, each with its own values in some cells, after formulas have been computed."""
    atlas = Atlas(book.sheets)
    state = State(held(book, atlas), atlas, Floats, len(picked))
    places = [atlas.place("Sheet", int(at[1:]), ord(at[0]) - 64) for at in addresses]
    for place, lane in zip(places, picked.T, strict=True):
        pairs = np.array([coded(VALUES[at]) for at in lane], float)
        kinds = pairs[:, 0].astype(np.uint8).reshape(1, -1, 1, 1)
        state.put(np.array([place]), Array(kinds, Floats.of(pairs[:, 1].reshape(1, -1, 1, 1))))
    known, wanted = np.sort(places), [atlas.place("Sheet", int(at[1:]), 7) for at in asked]
    Evaluation(Forms(book, atlas, groups(book)), state).compute(np.array(wanted), known)
    return state


BESIDE: dict[str, tuple[str, Value]] = {
    "F2": ("B1:B5*2", 4.0),
    "F3": ("weights+A1", 6.0),
    "F4": ("@B1:B5", 4.0),
    "F5": ("_xlfn.SINGLE(B1:B5)", 5.0),
    "F9": ("B1:B5", ERR),
    "C9": ("C1:E1", 10.0),
    "D9": ("@C1:E1+1", 21.0),
    "H9": ("@C1:E1", ERR),
    "L2": ("Scores[@points]*2", 10.0),
    "L3": ("Scores[[#This Row],[name]]", "bob"),
    "L7": ("Scores[@points]", UNKNOWN),
}
"""Formulas that read what stands in their own row or column. `B1:B5*2`, no array formula, is not known."""


def test_own_row_or_column(tmp_path: Path) -> None:
    """A range in the place of a value is its cell in the formula's row or column; behind operators it is not known."""
    cells = {at: f"={formula}" for at, (formula, _) in BESIDE.items()}
    state = computed(book_of(package(cells), tmp_path / "x.xlsx"), list(cells))
    expected = {at: right for at, (_, right) in BESIDE.items()} | {"F2": UNKNOWN, "F3": UNKNOWN}
    assert {at: shown(state, at) for at in cells} == expected


def test_cells_that_read_each_other(tmp_path: Path) -> None:
    """Chains and running sums are computed in their order, copies too; what stands in a circle or behind it is not."""
    cells: dict[str, Any] = {f"F{row}": f"=F{row - 1}+B{min(row, 5)}" for row in range(2, 40)}
    cells |= {"F1": "=B1", "G1": "=G2+1", "G2": "=G1", "G3": "=G2*0", "G4": "=IF(TRUE,1,G4)", "H1": "=F39"}
    cells |= {f"I{row}": f"=I{row + 1}" for row in range(1, 9)} | {"I9": "=H1"}
    state = computed(book_of(package(cells), tmp_path / "x.xlsx"), list(cells))
    assert [shown(state, at) for at in ("F1", "F2", "F5", "F39")] == [1.0, 3.0, 15.0, 185.0]
    assert [shown(state, at) for at in ("H1", "I1", "I9")] == [185.0] * 3
    assert [shown(state, at) for at in ("G1", "G2", "G3", "G4")] == [UNKNOWN] * 4


def test_array_formulas_over_several_cells(tmp_path: Path) -> None:
    """Each cell shows its element; where a formula gives another number of values nothing is known."""
    cells: dict[str, Any] = {
        "F1": ArrayFormula("F1:H2", "=C1:E2*2"),
        "F4": ArrayFormula("F4:F6", "=TRANSPOSE(C1:E1)+B1"),
        "H4": ArrayFormula("H4:H5", "=MMULT(C1:E2,B1:B3)"),
        "F9": ArrayFormula("F9:F10", "=B1"),
        "G9": ArrayFormula("G9:G10", "=B1:B3"),
        "I1": "=SUM(F1:H2)",
    }
    state = computed(book_of(package(cells), tmp_path / "x.xlsx"), ["I1", "F4", "F5", "F6", "H4", "H5", "F10", "G9"])
    assert [shown(state, at) for at in ("F1", "H1", "G2", "H2", "I1")] == [20.0, 60.0, 100.0, 120.0, 420.0]
    assert [shown(state, at) for at in ("F4", "F5", "F6", "H4", "H5")] == [11.0, 21.0, 31.0, 140.0, 320.0]
    assert [shown(state, at) for at in ("F9", "F10", "G9", "G10")] == [1.0, 1.0, UNKNOWN, UNKNOWN]


# Random formulas

NUMBERS = st.sampled_from(["A1", "A2", "A3", "A4", "A7", "B3", "0", "1", "2", "0.5", "C1", "bias", "-3"])
ROWS = st.sampled_from(["B1:B5", "A1:A4", "B2:B5", "C1:E2", "A1:A5", "weights"])
WORDS = st.sampled_from(["A5", '"x"', "C3", "D3", '"abc"', "A4"])


def numeric(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas of a few others that give numbers."""

    def of(template: str, *kinds: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*kinds).map(lambda parts: template.format(*parts))

    condition = st.sampled_from(["=", "<>", "<", ">", "<=", ">="]).flatmap(
        lambda sign: of("{0}%s{1}" % sign, below, below)  # noqa: UP031
    )
    both = st.sampled_from(["AND({},{})", "OR({},{})"]).flatmap(lambda template: of(template, condition, condition))
    return st.one_of(
        *(of(f"({{}}{sign}{{}})", below, below) for sign in "+-*/"),
        *(of(f"{name}({{}})", below) for name in ("ABS", "INT", "SQRT", "EXP", "SIGN", "-", "TANH", "N")),
        *(of(f"{name}({{}},{{}})", ROWS, below) for name in ("SUM", "MAX", "MIN", "AVERAGE", "SUMSQ", "PRODUCT")),
        of("IF({},{},{})", condition, below, below),
        of("IF({},{},{})", both, below, below),
        of("IF(NOT({}),{},{})", condition, below, below),
        of("IFERROR({},{})", below, below),
        of("ROUND({},{})", below, st.sampled_from("012")),
        of("MOD({},{})", below, st.sampled_from("235")),
        of("INDEX({},{})", st.sampled_from(["B1:B5", "C1:E1", "A1:A5"]), below),
        of("MATCH({},{},0)", below, st.sampled_from(["B1:B5", "C1:E1"])),
        of("CHOOSE({},{},{})", below, below, below),
        of("SUMPRODUCT({0},{0})", st.sampled_from(["B1:B5", "C1:E2", "A1:A4"])),
        of("COUNTIF({},{})", ROWS, NUMBERS),  # of -0 the engine finds none
        of("LEN({}&{})", WORDS, WORDS),
        of("FIND({},{})", WORDS, WORDS),
        of("({}={})+{}", WORDS, WORDS, below),
    )


FORMULAS = st.recursive(NUMBERS, numeric, max_leaves=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FORMULAS, min_size=20, max_size=30, unique=True))
def test_random_formulas(formulas: list[str]) -> None:
    """Whatever numbers say of a formula, the embedded engine shows the same."""
    cells = cells_of(formulas)
    data = package(cells)
    with TemporaryDirectory() as folder:
        state = computed(book_of(data, Path(folder) / "x.xlsx"), list(cells))
    theirs = by_engine("formualizer", data, list(cells))
    for formula, at, value in zip(formulas, cells, theirs, strict=True):
        assert shown(state, at) == UNKNOWN or alike(shown(state, at), value), (formula, shown(state, at), value)
