"""Workbooks that programs read differently: each is refused, and what programs really write is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import hostile
from tests.hostile import Make
from xlconv import reader
from xlconv.errors import WorkbookError

STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_TIES = "http://purl.oclc.org/ooxml/officeDocument/relationships"
NAME = '<definedNames><definedName name="{}"{}>S!$A$1</definedName>{}</definedNames>'


def rows(cells: str) -> Make:
    return hostile.with_rows(f'<row r="1">{cells}</row><row r="2"><c r="A2"><v>1</v></c></row>')


def workbook(rest: str = "", before: str = "") -> Make:
    """A workbook with something behind its worksheets, or before them."""
    text = hostile.book(rest=rest).replace("<sheets>", f"{before}<sheets>")
    return hostile.plain(BOOK=text)


def names(first: str, second: str) -> Make:
    other = f'<definedName name="{second}">S!$B$1</definedName>'
    return workbook(NAME.format(first, "", other))


def sheets(first: str, second: str) -> Make:
    tabs = f'<sheet name="{first}" sheetId="1" r:id="s"/><sheet name="{second}" sheetId="2" r:id="t"/>'
    ties = (("s", "worksheet", "worksheets/sheet1.xml"), ("t", "worksheet", "worksheets/sheet2.xml"))
    more = {"xl/worksheets/sheet2.xml": hostile.sheet("")}
    return hostile.plain(more, BOOK=hostile.book(tabs), RELATIONS=hostile.relationships(*ties))


def tie(text: str) -> Make:
    """Another relationship of the worksheet."""
    return hostile.plain(RELATIONS=text.join(hostile.relationships(("s", "worksheet", "?")).split('Target="?"')))


def shared(attributes: str, text: str = "A2*2", more: str = "") -> Make:
    return rows(f'<c r="A1"><v>1</v></c><c r="B1"><f t="shared" {attributes}>{text}</f></c>{more}')


UNLIKE: dict[str, tuple[Make, str]] = {
    "a value of Strict": (rows(f'<c r="A1"><v>1</v><s:v xmlns:s="{STRICT}">7</s:v></c>'), "of Strict Open XML"),
    "a cell of Strict": (rows(f'<s:c xmlns:s="{STRICT}" r="A1"><s:v>7</s:v></s:c>'), "of Strict Open XML"),
    "a name of Strict": (
        workbook(f'<definedNames><s:definedName xmlns:s="{STRICT}" name="x">S!$A$1</s:definedName></definedNames>'),
        "of Strict Open XML",
    ),
    "a worksheet's id of Strict": (
        hostile.plain(BOOK=hostile.book(f'<sheet name="S" sheetId="1" q:id="s" xmlns:q="{STRICT_TIES}" r:id="s"/>')),
        "of Strict Open XML",
    ),
    "two settings": (workbook("<calcPr/><calcPr/>"), "two XML elements <calcPr>"),
    "two properties": (workbook(before="<workbookPr/><workbookPr/>"), "two XML elements <workbookPr>"),
    "as displayed, off": (workbook('<calcPr fullPrecision="off"/>'), "'off' where true or false is due"),
    "as displayed, F": (workbook('<calcPr fullPrecision="F"/>'), "'F' where true or false is due"),
    "1904, on": (workbook(before='<workbookPr date1904="on"/>'), "'on' where true or false is due"),
    "hidden, t": (hostile.with_rows('<row r="1" hidden="t"><c r="A1"><v>1</v></c></row>'), "'t' where true or false"),
    "names but for micro and mu": (names("\u00b5w", "\u03bcw"), "is defined twice"),
    "names but for a long s": (names("sw", "\u017fw"), "is defined twice"),
    "names but for a dotless i": (names("iw", "\u0131w"), "is defined twice"),
    "worksheets but for two sigmas": (sheets("\u03c3", "\u03c2"), "is there twice"),
    "a worksheet's name by codes": (sheets("A", "_x0041_"), "has another name for some programs"),
    "a name of the worksheet 0x": (workbook(NAME.format("n", ' localSheetId=""', "")), "of the worksheet number"),
    "a name of the worksheet +0": (workbook(NAME.format("n", ' localSheetId="+0"', "")), "of the worksheet number"),
    "a name of no worksheet": (workbook(NAME.format("n", ' localSheetId="7"', "")), "of the worksheet number"),
    "a target with a question": (tie('Target="worksheets/sheet1.xml?x"'), "leads to another part"),
    "a target with a dot": (tie('Target="worksheets/./sheet1.xml"'), "leads to another part"),
    "a mode in small letters": (tie('Target="worksheets/sheet1.xml" TargetMode="external"'), "leads to another part"),
    "a time alone": (rows('<c r="A1" t="d"><v>12:00:00</v></c>'), "is no value"),
    "a time with a zone": (rows('<c r="A1" t="d"><v>06:00+05:00</v></c>'), "is no value"),
    "a date with a zone": (rows('<c r="A1" t="d"><v>2020-01-31T12:00:00+05:00</v></c>'), "is no value"),
    "a week": (rows('<c r="A1" t="d"><v>2020-W05-1</v></c>'), "is no value"),
    "an hour": (rows('<c r="A1" t="d"><v>2020-01-31T12</v></c>'), "is no value"),
    "shared without a number": (shared('ref="B1:B2"'), "shares a formula of the number ''"),
    "shared by minus one": (shared('si="-1" ref="B1:B2"'), "shares a formula of the number '-1'"),
    "shared by others": (shared('si="0" ref="C1:C2"'), "is not among the cells that share it"),
    "shared twice": (
        shared('si="1" ref="B1:B2"', more='<c r="C1"><f t="shared" si="01" ref="C1:C2">A2*3</f></c>'),
        "has a shared formula of the number 1, which another has too",
    ),
    "an array with dollars": (rows('<c r="A1"><f t="array" ref="$A$1">1+1</f></c>'), "which does not begin there"),
    "two arrays in a cell": (
        rows('<c r="A1"><f t="array" ref="A1:C1">1+1</f></c><c r="B1"><f t="array" ref="B1:C1">2</f></c>'),
        "meets another formula",
    ),
    "a formula in an array": (
        rows('<c r="A1"><f t="array" ref="A1:B1">1+1</f></c><c r="B1"><f>2</f></c>'),
        "meets another formula",
    ),
}


def read(make: Callable[[Path], object], folder: Path) -> reader.Workbook:
    make(folder / "x.xlsx")
    return reader.read(folder / "x.xlsx")


@pytest.mark.parametrize(("make", "says"), UNLIKE.values(), ids=UNLIKE)
def test_refused(make: Make, says: str, tmp_path: Path) -> None:
    """One line that names what is wrong."""
    with pytest.raises(WorkbookError) as caught:
        read(make, tmp_path)
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_what_programs_write(tmp_path: Path) -> None:
    """The cells of an array have empty formulas in Excel's files; shared formulas are numbered; dates have no zone."""
    cells = (
        '<c r="A1"><f t="array" ref="A1:B1">{1,2}</f></c><c r="B1"><f ca="1"/><v>2</v></c>'
        '<c r="C1"><f t="shared" si="0" ref="C1:D1">A2*2</f></c><c r="D1"><f t="shared" si="0"/></c>'
        '<c r="E1" t="d"><v>2020-01-31T12:00:00</v></c>'
    )
    book = read(rows(cells), tmp_path)
    assert [book.cell("S", 1, column).formula for column in (1, 3, 4)] == ["{1,2}", "A2*2", "B2*2"]
    assert book.cell("S", 1, 5).value == 43861.5


def test_names_of_macros_stand_for_no_cells(tmp_path: Path) -> None:
    """Programs do not find them in formulas."""
    book = read(workbook(NAME.format("n", ' function="1" hidden="1"', "")), tmp_path)
    assert book.names == {}


def test_pivot_tables_are_noted(tmp_path: Path) -> None:
    """Their cells are read as they stand in the file, which programs need not show."""
    book = read(hostile.sheet_related("pivotTable", "../pivotTables/p1.xml", "xl/pivotTables/p1.xml"), tmp_path)
    assert book.notes == ("pivot tables (1): programs may write their cells anew when they open the file",)
