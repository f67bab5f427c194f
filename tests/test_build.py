"""The package that engines are given: what formulas need of a workbook, and nothing else of the file."""

from __future__ import annotations

import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.hostile import MAIN, OFFICE, book, content_types, package, parts, plain, relationships, sheet
from tests.test_engines import EACH_ENGINE
from xlconv import engines, reader
from xlconv.cells import ErrorValue, NotEvaluated, Range
from xlconv.errors import WorkbookError
from xlconv.reader.book import Calculation, DefinedName
from xlconv.reader.foreign import without_foreign

TITLE = 'it\'s "A" & <B>'
ESCAPED = "it's &quot;A&quot; &amp; &lt;B&gt;"
QUOTED = "'it''s \"A\" &amp; &lt;B&gt;'"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
CHART = f'<chartsheet xmlns="{MAIN}"/>'
DRAWN = f'<drawing xmlns="{MAIN}"/>'

BOOK = f"""<x:workbook xmlns:x="{MAIN}" xmlns:r="{OFFICE}"><x:workbookPr date1904="1" codeName="C"/>
<x:sheets><x:sheet name="{ESCAPED}" sheetId="7" r:id="a"/><x:sheet name="Chart" sheetId="2" r:id="b"/>
<x:sheet name="Two" sheetId="3" state="hidden" r:id="c"/></x:sheets>
<x:definedNames><x:definedName name="Rate">{QUOTED}!$A$1</x:definedName>
<x:definedName name="rate" localSheetId="2">Two!$A$1</x:definedName>
<x:definedName name="mine" localSheetId="1">Two!$A$1</x:definedName>
<x:definedName name="one" hidden="1" comment="x">Two!$A$1*2</x:definedName></x:definedNames>
<x:calcPr calcMode="manual" iterate="1" iterateCount="7" iterateDelta="0.5" fullPrecision="1"/></x:workbook>"""
STRINGS = (
    f'<sst xmlns="{MAIN}" count="9"><si><t> a_x000D_b </t></si><si><r><rPr><b/></rPr><t>ri</t></r><r><t>ch</t></r></si>'
    "<si><t>a</t></si></sst>"
)
FIRST = (
    '<row r="1" ht="30" s="4"><c r="A1" s="9"><v>2</v></c><c r="B1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c>'
    '<c r="D1" t="b"><v>1</v></c><c r="E1" t="e"><v>#N/A</v></c><c r="F1" t="inlineStr"><is><t>&amp;&#13;</t></is></c>'
    '<c r="G1" t="str"><v>a</v></c><c r="H1" s="3"/><c r="I1" t="d"><v>1904-01-03T12:00:00</v></c></row>'
    '<row r="2"><c r="A2"><f t="shared" si="0" ref="A2:B2">A1*3&lt;1</f><v>9</v></c>'
    '<c r="B2"><f t="shared" si="0"/><v>9</v></c>'
    '<c r="C2" cm="2"><f t="array" ref="C2:D2">{1,2}</f><v>9</v></c><c r="D2"><v>9</v></c>'
    '<c r="E2" cm="1"><f t="array" ref="E2">SUM(A1:A1*2)</f><v>9</v></c></row>'
    '<row r="3" hidden="1"><c r="A3"><v>5</v></c>'
    '<c r="B3"><f t="dataTable" ref="B3:C3" dt2D="1" dtr="1" r1="A1" r2="A3" ca="1"/><v>9</v></c>'
    '<c r="C3"><v>9</v></c></row>'
)
SECOND = (
    '<row r="1"><c r="A1"><v>0.1</v></c><c r="B1"><f>rate+1</f></c><c r="C1"><f>SUM(T[b])</f></c></row>'
    '<row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4" t="str"><v>b</v></c></row>'
    '<row r="5"><c r="A5"><v>1</v></c><c r="B5"><v>2</v></c></row>'
)
EXTRAS = (
    '<mergeCells><mergeCell ref="H8:H9"/></mergeCells><conditionalFormatting sqref="A1"/>'
    '<hyperlinks><hyperlink ref="A1" r:id="h"/></hyperlinks><drawing r:id="d"/><picture r:id="p"/>'
)
TABLE = (
    f'<table xmlns="{MAIN}" id="4" name="T" displayName="T" ref="A4:B6" totalsRowCount="1" totalsRowShown="1">'
    '<autoFilter ref="A4:B5"/><tableColumns count="2"><tableColumn id="1" name="a" totalsRowLabel="x"/>'
    '<tableColumn id="5" name="b" dataDxfId="1"><calculatedColumnFormula>1</calculatedColumnFormula></tableColumn>'
    '</tableColumns><tableStyleInfo name="TableStyleMedium2"/></table>'
)
METADATA = (
    f'<metadata xmlns="{MAIN}" xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    '<metadataTypes count="2"><metadataType name="XLRICHVALUE"/><metadataType name="XLDAPR"/></metadataTypes>'
    '<futureMetadata name="XLRICHVALUE" count="1"><bk><extLst/></bk></futureMetadata>'
    '<futureMetadata name="XLDAPR" count="1"><bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
    '<cellMetadata count="2"><bk><rc t="1" v="0"/></bk><bk><rc t="2" v="0"/></bk></cellMetadata>'
    '<valueMetadata count="1"><bk><rc t="2" v="0"/></bk></valueMetadata></metadata>'
)


def everything(path: Path, **changed: str) -> reader.Workbook:
    """A workbook with some of all that formulas need, and of what they do not; parts by a word of their names."""
    texts = {
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relationships(("r", "officeDocument", "xl/workbook.xml"), ("t", "thumbnail", "http://x/y.png")),
        "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": relationships(
            ("a", "worksheet", "worksheets/one.xml"),
            ("b", "chartsheet", "chartsheets/chart.xml"),
            ("c", "worksheet", "worksheets/two.xml"),
            ("s", "sharedStrings", "strings.xml"),
            ("m", "sheetMetadata", "metadata.xml"),
            ("y", "styles", "styles.xml"),
            ("z", "theme", "theme.xml"),
        ),
        "xl/strings.xml": STRINGS,
        "xl/metadata.xml": METADATA,
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>',
        "xl/theme.xml": "<x/>",
        "xl/chartsheets/chart.xml": CHART,
        "xl/worksheets/one.xml": sheet(FIRST, EXTRAS),
        "xl/worksheets/_rels/one.xml.rels": relationships(
            ("h", "hyperlink", "http://x/"), ("d", "drawing", "../drawing.xml"), ("p", "image", "http://x/y.png")
        ),
        "xl/drawing.xml": DRAWN,
        "xl/worksheets/two.xml": sheet(SECOND, '<tableParts count="1"><tablePart r:id="t"/></tableParts>'),
        "xl/worksheets/_rels/two.xml.rels": relationships(("t", "table", "../table.xml")),
        "xl/table.xml": TABLE,
        "customXml/item1.xml": "<x/>",
    }
    package(path, texts | {name: changed[key] for key in changed for name in texts if name.endswith(f"/{key}.xml")})
    return reader.read(path)


def tagged(tag: str, content: str) -> str:
    return f'{HEAD}<{tag} xmlns="{MAIN}" xmlns:r="{OFFICE}">{content}</{tag}>'


TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

BUILT = {
    "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/tables/table1.xml" ContentType="{TYPE}.table+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/metadata.xml" ContentType="{TYPE}.sheetMetadata+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/></Types>',
    "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{OFFICE}/worksheet" Target="/xl/worksheets/sheet2.xml"/>'
    f'<Relationship Id="r3" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    f'<Relationship Id="r4" Type="{OFFICE}/sheetMetadata" Target="/xl/metadata.xml"/></Relationships>',
    "xl/workbook.xml": tagged(
        "workbook",
        '<workbookPr date1904="1"/><sheets>'
        '<sheet name="it\'s &quot;A&quot; &amp; &lt;B&gt;" sheetId="1" r:id="r1"/>'
        '<sheet name="Two" sheetId="2" r:id="r2"/></sheets><definedNames>'
        "<definedName name=\"Rate\">'it''s \"A\" &amp; &lt;B&gt;'!$A$1</definedName>"
        '<definedName name="rate" localSheetId="1">Two!$A$1</definedName>'
        '<definedName name="one">Two!$A$1*2</definedName></definedNames>'
        '<calcPr iterate="1" iterateCount="7" iterateDelta="0.5" fullCalcOnLoad="1"/>',
    ),
    "xl/sharedStrings.xml": tagged(
        "sst",
        "".join(
            f'<si><t xml:space="preserve">{text}</t></si>' for text in (" a_x000D_b ", "rich", "&amp;&#13;", "a", "b")
        ),
    ),
    "xl/worksheets/sheet1.xml": tagged(
        "worksheet",
        '<sheetData><row r="1"><c r="A1"><v>2.0</v></c><c r="B1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c>'
        '<c r="D1" t="b"><v>1</v></c><c r="E1" t="e"><v>#N/A</v></c><c r="F1" t="s"><v>2</v></c>'
        '<c r="G1" t="s"><v>3</v></c><c r="I1"><v>2.5</v></c></row>'
        '<row r="2"><c r="A2"><f>A1*3&lt;1</f></c><c r="B2"><f>B1*3&lt;1</f></c>'
        '<c r="C2" cm="1"><f t="array" ref="C2:D2">{1,2}</f></c>'
        '<c r="E2"><f t="array" ref="E2">SUM(A1:A1*2)</f></c></row>'
        '<row r="3" hidden="1"><c r="A3"><v>5.0</v></c>'
        '<c r="B3"><f t="dataTable" ref="B3:C3" dt2D="1" dtr="1" r1="A1" r2="A3"></f></c></row></sheetData>',
    ),
    "xl/worksheets/sheet2.xml": tagged(
        "worksheet",
        '<sheetData><row r="1"><c r="A1"><v>0.1</v></c><c r="B1"><f>rate+1</f></c><c r="C1"><f>SUM(T[b])</f></c></row>'
        '<row r="4"><c r="A4" t="s"><v>3</v></c><c r="B4" t="s"><v>4</v></c></row>'
        '<row r="5"><c r="A5"><v>1.0</v></c><c r="B5"><v>2.0</v></c></row></sheetData>'
        '<tableParts count="1"><tablePart r:id="r1"/></tableParts>',
    ),
    "xl/worksheets/_rels/sheet2.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{OFFICE}/table" Target="/xl/tables/table1.xml"/></Relationships>',
    "xl/tables/table1.xml": f'{HEAD}<table xmlns="{MAIN}" id="1" name="T" displayName="T" ref="A4:B6" '
    'headerRowCount="1" totalsRowCount="1"><tableColumns count="2"><tableColumn id="1" name="a"/>'
    '<tableColumn id="2" name="b"/></tableColumns></table>',
}
"""All parts but the marks of dynamic arrays."""


def texts_of(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_every_part_is_built(tmp_path: Path) -> None:
    """Letter by letter what is listed, and no part, relationship, style or value besides."""
    built = texts_of(everything(tmp_path / "x.xlsx").package)
    assert '<metadataType name="XLDAPR"' in built.pop("xl/metadata.xml")
    assert built == BUILT


def test_what_was_read(tmp_path: Path) -> None:
    """The names with their scopes, of worksheets only; settings; which rows are hidden and which arrays dynamic."""
    book = everything(tmp_path / "x.xlsx")
    assert book.defined == (
        DefinedName("Rate", "'it''s \"A\" & <B>'!$A$1"),
        DefinedName("rate", "Two!$A$1", "Two"),
        DefinedName("one", "Two!$A$1*2"),
    )
    assert book.names == {"rate": "'it''s \"A\" & <B>'!$A$1", "one": "Two!$A$1*2"}
    assert (book.names_on("Two")["rate"], book.names_on(TITLE)["rate"]) == ("Two!$A$1", book.names["rate"])
    assert book.calculation == Calculation(manual=True, iterative=True, rounds=7, change=0.5, date1904=True)
    assert book.sheets[TITLE].dynamic == {(2, 3)}
    assert book.sheets[TITLE].hidden == {3}
    assert book.sheets[TITLE].arrays == {(2, 3): Range(TITLE, 2, 3, 1, 2), (2, 5): Range(TITLE, 2, 5)}


def test_a_package_read_again_builds_itself(tmp_path: Path) -> None:
    """Nothing is lost on the way, nor added; nor does it change in another process."""
    book = everything(tmp_path / "x.xlsx")
    (tmp_path / "y.xlsx").write_bytes(book.package)
    assert reader.read(tmp_path / "y.xlsx").package == book.package
    assert list(reader.with_values(book.package, [[]])) == [book.package]
    assert pickle.loads(pickle.dumps(book.builder())).package() == book.package


@pytest.mark.parametrize("name", EACH_ENGINE)
def test_engines_compute_what_is_built(tmp_path: Path, name: str) -> None:
    """Names, local ones first; tables; array formulas; names of worksheets, texts and shared formulas as they are."""
    rows = (
        f'<row r="7"><c r="A7"><f>{QUOTED}!A1+rate</f></c><c r="B7"><f>one</f></c><c r="C7"><f>SUM(T[b])+1</f></c>'
        f'<c r="D7"><f>{QUOTED}!B1&amp;"|"&amp;{QUOTED}!C1</f></c><c r="E7"><f>LEN({QUOTED}!F1)</f></c>'
        f'<c r="F7"><f t="array" ref="F7">SUM(A5:B5*B5:C5)</f></c><c r="G7"><f>{QUOTED}!I1*2</f></c>'
        '<c r="H7"><f t="shared" si="0" ref="H7:I7">A5*10</f></c><c r="I7"><f t="shared" si="0"/></c></row>'
    )
    totals = '<row r="6"><c r="B6"><f>SUBTOTAL(109,T[b])</f></c></row>'
    book = everything(
        tmp_path / "x.xlsx",
        one=sheet(FIRST.partition('<row r="3"')[0]),  # IronCalc reads no workbook with a data table
        two=sheet(SECOND + totals + rows, '<tableParts><tablePart r:id="t"/></tableParts>'),
    )
    found = engines.by_name(name).evaluate(book.package, [[]], [Range("Two", 7, 1, 1, 9), Range(TITLE, 1, 4, 1, 2)])
    lacks = NotEvaluated(f"{name}: #NAME? (a function that it lacks, or an unknown name)")
    of_formula = lacks if name == "ironcalc" else 0.2
    of_table = lacks if name == "formualizer" else 3.0
    row = [2.1, of_formula, of_table, " a\rb |rich", 2.0, 2.0, 5.0, 10.0, 20.0]
    assert found == [[[row], [[True, ErrorValue("#N/A")]]]]


@pytest.mark.parametrize(
    ("formula", "built"),
    [
        ("[1]S!$A$1+1", "#REF!+1"),
        ("SUM('[1]it''s S'!A1:B2,'it''s'!A1)", "SUM(#REF!,'it''s'!A1)"),
        ("'C:\\x\\[b.xlsx]S'!A1*'http://x/[b.xlsx]S'!$A:$B", "#REF!*#REF!"),
        ("SUM([1]S1:S2!A1:B2,[12]S!1:3)+[2]!name", "SUM(#REF!,#REF!)+#REF!"),
        ("IF(A1,[1]!function(A1),2)", "#REF!"),
        ("[1]S!#REF!", "#REF!"),
        ('"[1]S!A1"&A1', '"[1]S!A1"&A1'),
        ("T[[#This Row],[a]]*S!A1+[@b]*S!A1", "T[[#This Row],[a]]*S!A1+[@b]*S!A1"),
        ("[0]!name+[0]S!A1+[0]!function(A1)", "name+S!A1+function(A1)"),
    ],
)
def test_other_workbooks_are_errors(formula: str, built: str) -> None:
    """What refers to another workbook is `#REF!`, and the rest of the formula stays."""
    assert without_foreign(formula) == built


def test_other_workbooks_in_names_are_errors(tmp_path: Path) -> None:
    """A name for cells of another workbook is `#REF!` in what engines get, and what it was in what is judged."""
    named = '<definedNames><definedName name="n">[1]S!$A$1</definedName></definedNames>'
    plain(BOOK=book(rest=named))(tmp_path / "x.xlsx")
    found = reader.read(tmp_path / "x.xlsx")
    assert found.names == {"n": "[1]S!$A$1"}
    assert '<definedName name="n">#REF!</definedName>' in texts_of(found.package)["xl/workbook.xml"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"table": TABLE.replace('ref="A4:B6"', 'ref="A4:C6"')},
            "the table 'T' in xl/table.xml has no range of",
        ),
        ({"table": TABLE.replace('ref="A4:B6"', 'ref="4"')}, "the table 'T' in xl/table.xml has no range"),
        ({"table": TABLE.replace('displayName="T" ', "").replace('name="T"', "")}, "the table '' in xl/table.xml"),
        ({"table": TABLE.replace('totalsRowCount="1"', 'totalsRowCount="3"')}, "more rows of headers"),
        ({"table": TABLE.replace('totalsRowCount="1"', 'totalsRowCount="x"')}, "'x' where a whole number is due"),
        ({"table": "<x/>"}, "<x> where <table> is due"),
        (
            {"two": sheet("", '<tableParts><tablePart r:id="u"/></tableParts>')},
            "a table of xl/worksheets/two.xml",
        ),
        (
            {"two": sheet("", '<tableParts><tablePart r:id="t"/><tablePart r:id="t"/></tableParts>')},
            "the table 'T' is there twice",
        ),
        ({"workbook": BOOK.replace('iterateDelta="0.5"', 'iterateDelta="nan"')}, "'nan' where the largest change"),
        ({"workbook": BOOK.replace('iterateDelta="0.5"', 'iterateDelta="x"')}, "'x' where the largest change"),
        ({"workbook": BOOK.replace('"mine" localSheetId="1"', '"RATE" localSheetId="2"')}, "'RATE' is defined twice"),
        ({"one": sheet('<row r="1"><c r="A1" t="d"><v>1903-01-01</v></c></row>')}, "no value of type 'd'"),
        ({"one": sheet('<row r="1"><c r="A1" t="d"><v>tomorrow</v></c></row>')}, "no value of type 'd'"),
    ],
)
def test_what_is_refused(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    """A table that is missing or contradicts itself, a setting or a date that means nothing: programs would differ."""
    with pytest.raises(WorkbookError, match=words):
        everything(tmp_path / "x.xlsx", **changed)


@pytest.mark.parametrize(
    ("text", "date1904", "value"),
    [
        ("2020-01-31", "0", 43861.0),
        ("2020-01-31T18:00:00", "0", 43861.75),
        ("1900-03-01", "0", 61.0),
        ("1904-01-01", "1", 0.0),
    ],
)
def test_dates_are_numbers(tmp_path: Path, text: str, date1904: str, value: float) -> None:
    """A date that a cell spells out is the number that it is where it is chosen from a calendar."""
    book = everything(
        tmp_path / "x.xlsx",
        workbook=BOOK.replace('date1904="1"', f'date1904="{date1904}"'),
        one=sheet(f'<row r="1"><c r="A1" t="d"><v>{text}</v></c></row>'),
    )
    assert book.cell(TITLE, 1, 1).value == value


def test_a_long_text_is_written_once(tmp_path: Path) -> None:
    """However many cells show it: a small file does not become a large package."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 3001))
    texts = parts(
        RELATIONS=relationships(
            ("s", "worksheet", "worksheets/sheet1.xml"), ("t", "sharedStrings", "sharedStrings.xml")
        ),
        SHEET=sheet(rows),
        STRINGS=f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>',
    )
    package(tmp_path / "x.xlsx", texts)
    assert len(reader.read(tmp_path / "x.xlsx").package) < 300_000
