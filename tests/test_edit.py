"""Edits: numbers and texts put into the cells of a package, blank ones too, and into nothing else of it."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packages import with_rows
from tests.test_engines import EACH_ENGINE
from xlconv import engines, reader
from xlconv.cells import Edit, Range
from xlconv.errors import WorkbookError
from xlconv.reader.package import Package
from xlconv.reader.sheet import Budget, SheetReader

ROWS = (
    '<row r="2" spans="2:4"><c r="B2" s="0"><v>5</v></c> <c r="D2"><f>LEN(B2)</f></c></row>\n<row r="4" ht="20"/>'
    '<row><c><v>1</v></c></row><row r="7"><c r="A7"><f>B2&amp;C2&amp;B4&amp;A9</f></c></row>'
)


def edited(rows: str, *edits: Edit) -> str:
    """What stands between the start and the end of all rows after some edits."""
    (copy,) = reader.with_values(with_rows(rows), [edits])
    return sheet_data(copy)


def sheet_data(package: bytes) -> str:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    return text.partition("sheetData")[2].rpartition("sheetData")[0].rpartition("</")[0]


def one(row: int, column: int, value: float | str) -> Edit:
    return Range("S", row, column), [[value]]


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (one(2, 2, 0.1), '<c r="B2" s="0"><v>5</v></c>', '<c r="B2" s="0"><v>0.1</v></c>'),
        (one(2, 2, 7), "<v>5</v>", "<v>7.0</v>"),
        (
            one(2, 2, " <&"),
            '<c r="B2" s="0"><v>5</v></c>',
            '<c r="B2" s="0" t="inlineStr"><is><t xml:space="preserve"> &lt;&amp;</t></is></c>',
        ),
        (one(2, 1, 8), '<c r="B2"', '<c r="A2"><v>8.0</v></c><c r="B2"'),
        (one(2, 3, 8), '<c r="D2"', '<c r="C2"><v>8.0</v></c><c r="D2"'),
        (one(2, 5, 8), "</c></row>\n", '</c><c r="E2"><v>8.0</v></c></row>\n'),
        (one(4, 1, 8), '<row r="4" ht="20"/>', '<row r="4" ht="20"><c r="A4"><v>8.0</v></c></row>'),
        (one(1, 1, 8), '<row r="2"', '<row r="1"><c r="A1"><v>8.0</v></c></row><row r="2"'),
        (one(3, 1, 8), '<row r="4"', '<row r="3"><c r="A3"><v>8.0</v></c></row><row r="4"'),
        (one(5, 1, 8), "<c><v>1</v></c>", '<c r="A5"><v>8.0</v></c>'),
        (one(6, 28, 8), '<row r="7"', '<row r="6"><c r="AB6"><v>8.0</v></c></row><row r="7"'),
        (one(9, 1, 8), "</c></row>$", '</c></row><row r="9"><c r="A9"><v>8.0</v></c></row>$'),
        (
            (Range("S", 4, 9, 1, 3), [[1, 2, 3]]),
            '<row r="4" ht="20"/>',
            '<row r="4" ht="20"><c r="I4"><v>1.0</v></c><c r="J4"><v>2.0</v></c><c r="K4"><v>3.0</v></c></row>',
        ),
    ],
)
def test_one_place_changes(edit: Edit, old: str, new: str) -> None:
    """What is put in stands in its place, in order, in the style of what was there; all the rest stays."""
    whole = f"{sheet_data(with_rows(ROWS))}$"
    assert whole.count(old) == 1
    assert f"{edited(ROWS, edit)}$" == whole.replace(old, new)


def test_the_last_edit_of_a_cell_holds() -> None:
    """A cell is written once, also where two edits of a group meet in it."""
    assert '<row r="9"><c r="A9"><v>2.0</v></c></row>' in edited(ROWS, one(9, 1, "one"), one(9, 1, 2))


def test_empty_worksheets_are_filled() -> None:
    """Also one that has no row yet; one that has no place for rows is refused."""
    assert edited("", one(1, 1, 8)).endswith('<row r="1"><c r="A1"><v>8.0</v></c></row>')
    with pytest.raises(WorkbookError, match="no place for cells"):
        list(reader.with_values(with_rows(None), [[one(1, 1, 8)]]))


Cells = dict[tuple[int, int], float | str]

values = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.text("<&> ax", min_size=1))
cells = st.dictionaries(st.tuples(st.integers(1, 6), st.integers(1, 6)), values)


def put(package: bytes, new: Cells) -> bytes:
    (copy,) = reader.with_values(package, [[one(*at, value) for at, value in new.items()]])
    return copy


@given(cells, cells, st.sampled_from(["", "x:"]))
def test_what_is_put_in_is_read(there: Cells, new: Cells, prefix: str) -> None:
    """Whatever stands there and whatever is put in, reading gives both, the latter where they meet."""
    copy = put(put(with_rows("", prefix), there), new)
    package = Package(BytesIO(copy))
    sheet = SheetReader("S", "xl/worksheets/sheet1.xml", [], Budget())
    package.parse(sheet.part, sheet.parser)
    assert {at: cell.value for at, cell in sheet.sheet.cells.items()} == {**there, **new}


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
