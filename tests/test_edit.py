"""Edits: numbers and texts put into the cells of a package, blank ones too, and into nothing else of it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packages import rows_of, with_rows
from tests.test_engines import EACH_ENGINE
from xlconv import engines, reader
from xlconv.cells import Edit, Range

ROWS = (
    '<row r="2" spans="2:4"><c r="B2" s="0"><v>5</v></c> <c r="D2"><f>LEN(B2)</f><v>1</v></c></row>\n'
    '<row r="4" ht="20"/><row><c><v>1</v></c></row>'
    '<row r="7"><c r="A7"><f>B2&amp;C2&amp;B4&amp;A9</f></c></row>'
)
WRITTEN = (
    '<row r="2"><c r="B2"><v>5.0</v></c><c r="D2"><f>LEN(B2)</f></c></row>'
    '<row r="5"><c r="A5"><v>1.0</v></c></row>'
    '<row r="7"><c r="A7"><f>B2&amp;C2&amp;B4&amp;A9</f></c></row>'
)
"""The same as it is written for engines."""


def edited(rows: str | None, *edits: Edit) -> str:
    """What stands between the start and the end of all rows after some edits."""
    (copy,) = reader.with_values(with_rows(rows), [edits])
    return rows_of(copy)


def one(row: int, column: int, value: float | str) -> Edit:
    return Range("S", row, column), [[value]]


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (one(2, 2, 0.1), '<c r="B2"><v>5.0</v></c>', '<c r="B2"><v>0.1</v></c>'),
        (one(2, 2, 7), "<v>5.0</v>", "<v>7.0</v>"),
        (one(2, 4, 1e-300), "<f>LEN(B2)</f>", "<v>1e-300</v>"),
        (
            one(2, 2, " <&\r"),
            '<c r="B2"><v>5.0</v></c>',
            '<c r="B2" t="inlineStr"><is><t xml:space="preserve"> &lt;&amp;&#13;</t></is></c>',
        ),
        (one(2, 1, 8), '<c r="B2"', '<c r="A2"><v>8.0</v></c><c r="B2"'),
        (one(2, 3, 8), '<c r="D2"', '<c r="C2"><v>8.0</v></c><c r="D2"'),
        (one(2, 5, 8), '</c></row><row r="5"', '</c><c r="E2"><v>8.0</v></c></row><row r="5"'),
        (one(1, 1, 8), '<row r="2"', '<row r="1"><c r="A1"><v>8.0</v></c></row><row r="2"'),
        (one(3, 1, 8), '<row r="5"', '<row r="3"><c r="A3"><v>8.0</v></c></row><row r="5"'),
        (one(5, 1, 8), "<v>1.0</v>", "<v>8.0</v>"),
        (one(6, 28, 8), '<row r="7"', '<row r="6"><c r="AB6"><v>8.0</v></c></row><row r="7"'),
        (one(9, 1, 8), "</c></row>$", '</c></row><row r="9"><c r="A9"><v>8.0</v></c></row>$'),
        (
            (Range("S", 4, 9, 1, 3), [[1, 2, 3]]),
            '<row r="5"',
            '<row r="4"><c r="I4"><v>1.0</v></c><c r="J4"><v>2.0</v></c><c r="K4"><v>3.0</v></c></row><row r="5"',
        ),
    ],
)
def test_one_place_changes(edit: Edit, old: str, new: str) -> None:
    """What is put in stands in its place, in order; all the rest stays."""
    assert f"{WRITTEN}$".count(old) == 1
    assert f"{edited(ROWS, edit)}$" == f"{WRITTEN}$".replace(old, new)


def test_the_last_edit_of_a_cell_holds() -> None:
    """A cell is written once, also where two edits of a group meet in it."""
    assert '<row r="9"><c r="A9"><v>2.0</v></c></row>' in edited(ROWS, one(9, 1, "one"), one(9, 1, 2))


def test_each_group_changes_the_workbook_as_it_was() -> None:
    """An edit leaves nothing behind for the next copy."""
    copies = reader.with_values(with_rows(ROWS), [[one(2, 2, 1)], [], [one(7, 1, 2)]])
    last = WRITTEN.replace("<f>B2&amp;C2&amp;B4&amp;A9</f>", "<v>2.0</v>")
    assert [rows_of(copy) for copy in copies] == [WRITTEN.replace("5.0", "1.0"), WRITTEN, last]


@pytest.mark.parametrize("rows", ["", None])
def test_empty_worksheets_are_filled(rows: str | None) -> None:
    """Also one that has no row yet, or no place for rows."""
    assert edited(rows, one(1, 1, 8)) == '<row r="1"><c r="A1"><v>8.0</v></c></row>'


Cells = dict[tuple[int, int], float | str]

values = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.text("<&> ax\r\n\t", min_size=1))
cells = st.dictionaries(st.tuples(st.integers(1, 6), st.integers(1, 6)), values)


def put(package: bytes, new: Cells) -> bytes:
    (copy,) = reader.with_values(package, [[one(*at, value) for at, value in new.items()]])
    return copy


@given(cells, cells, st.sampled_from(["", "x:"]))
def test_what_is_put_in_is_read(there: Cells, new: Cells, prefix: str) -> None:
    """Whatever stands there and whatever is put in, reading gives both, the latter where they meet."""
    copy = put(put(with_rows("", prefix), there), new)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        path.write_bytes(copy)
        found = reader.read(path).sheets["S"].cells
    assert {at: cell.value for at, cell in found.items()} == {**there, **new}


@pytest.mark.parametrize("name", EACH_ENGINE)
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_engines_see_numbers_and_texts(name: str, prefix: str) -> None:
    """In each engine alike, over numbers and in blank cells, each group by itself; a text is never a formula."""
    edits: list[Edit] = [(Range("S", 2, 2, 1, 2), [["draw", 1.5]]), one(4, 2, "=1"), one(9, 1, "'<&> ä")]
    other: list[Edit] = [(Range("S", 2, 2, 1, 2), [[0.25, "conv2"]]), one(4, 2, 3), one(9, 1, " ")]
    asked = [Range("S", 7, 1), Range("S", 2, 2, 1, 3), Range("S", 4, 2), Range("S", 9, 1)]
    rows = ROWS.replace("<row><c>", '<row r="5"><c r="A5">')  # as IronCalc insists
    found = engines.by_name(name).evaluate(with_rows(rows, prefix), [edits, other], asked)
    assert found == [
        [[["draw1.5=1'<&> ä"]], [["draw", 1.5, 4.0]], [["=1"]], [["'<&> ä"]]],
        [[["0.25conv23 "]], [[0.25, "conv2", 4.0]], [[3.0]], [[" "]]],
    ]
