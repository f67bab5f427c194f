"""The one door for files from outside: what it reads, and what it refuses."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from tests import tampering
from tests.conftest import SHARED
from tests.hostile import KINDS
from tests.packages import rows_of
from xlconv import engines, reader
from xlconv.cells import ErrorValue, Range
from xlconv.errors import WorkbookError
from xlconv.reader import Cell
from xlconv.reader.shared import SharedFormula
from xlconv.reader.sheet import Budget, DataTable


def test_cells_of_every_kind(tmp_path: Path) -> None:
    """Numbers, texts, truth values, formulas, array formulas, names and rich strings come back as they are."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "it's"
    for row in ([1.5, "text", True, "=A1*2"], [None, " space ", -1e-9, "#N/A"]):
        sheet.append(row)
    sheet["A3"] = ArrayFormula("A3", "=SUM(A1:A2*2)")
    book.defined_names.add(openpyxl.workbook.defined_name.DefinedName("Here", attr_text="'it''s'!$A$1:$B$2"))
    book.save(tmp_path / "x.xlsx")
    found = reader.read(tmp_path / "x.xlsx")
    values = {at: (cell.formula, cell.value) for at, cell in found.sheets["it's"].cells.items()}
    assert values == {
        (1, 1): (None, 1.5),
        (1, 2): (None, "text"),
        (1, 3): (None, True),
        (1, 4): ("A1*2", None),
        (2, 2): (None, " space "),
        (2, 3): (None, -1e-9),
        (2, 4): (None, ErrorValue("#N/A")),
        (3, 1): ("SUM(A1:A2*2)", None),
    }
    assert found.named_range("HERE") == Range("it's", 1, 1, 2, 2)
    assert found.named_range("nowhere") is None


def package(parts: dict[str, str]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return target.getvalue()


RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def relationships(*kinds: str) -> str:
    """A worksheet, and one of each kind, to parts that differ."""
    others = "".join(f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{n}"/>' for n, kind in enumerate(kinds))
    sheet = f'<Relationship Id="s" Type="{OFFICE}/worksheet" Target="worksheets/s.xml"/>'
    return f'<Relationships xmlns="{RELATIONSHIPS}">{sheet}{others}</Relationships>'


def workbook(*sheets: tuple[str, str], name: str = "1") -> str:
    """Worksheets by name and relationship, and a defined name."""
    tabs = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="{tie}"/>' for n, (name, tie) in enumerate(sheets, 1))
    names = f'<definedNames><definedName name="n">{name}</definedName></definedNames>'
    return f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{tabs}</sheets>{names}</workbook>'


def parts(sheet: str, **more: str) -> dict[str, str]:
    """A minimal workbook around a worksheet's data."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{CONTENT_TYPES}">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{WORKBOOK_TYPE}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONSHIPS}">'
        f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        '<sheets><sheet name="S" sheetId="1" r:id="s"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONSHIPS}">'
        f'<Relationship Id="s" Type="{OFFICE}/worksheet" Target="worksheets/s.xml"/>'
        f'<Relationship Id="t" Type="{OFFICE}/worksheet" Target="worksheets/t.xml"/>'
        f'<Relationship Id="u" Type="{OFFICE}/sharedStrings" Target="strings.xml"/></Relationships>',
        "xl/strings.xml": f'<sst xmlns="{MAIN}"/>',
        "xl/worksheets/t.xml": f'<worksheet xmlns="{MAIN}"/>',
        "xl/worksheets/s.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        **more,
    }


def read(data: bytes, tmp_path: Path) -> reader.Workbook:
    (tmp_path / "x.xlsx").write_bytes(data)
    return reader.read(tmp_path / "x.xlsx")


def test_shared_formulas_and_cells_without_addresses(tmp_path: Path) -> None:
    """A formula that Excel wrote once for many cells is given to each as it reads there."""
    row = '<row r="{}"><c><v>1</v></c><c><f t="shared" si="0" {}>{}</f><v>9</v></c></row>'
    sheet = row.format(1, 'ref="B1:B2"', "A1*$A$1+B$5") + row.format(2, "", "")
    book = read(package(parts(sheet)), tmp_path)
    assert book.cell("S", 1, 2).formula == "A1*$A$1+B$5"
    assert book.cell("S", 2, 2).formula == "A2*$A$1+B$5"
    assert book.cell("S", 2, 2).value == 9


@pytest.mark.parametrize(
    ("formula", "there"),
    [
        ("A1*$A$1+B$5+$C7", "C5*$A$1+D$5+$C11"),
        ("SUM(B2:D4*$AD$11:$AF$13)", "SUM(D6:F8*$AD$11:$AF$13)"),
        ('IF(A1="A1 ""B2""",Sheet1!C3)', 'IF(C5="A1 ""B2""",Sheet1!E7)'),
        ("'A1 it''s B2'!C3:D4", "'A1 it''s B2'!E7:F8"),
        ("SUM(A:$C)+SUM(1:$3)", "SUM(C:$C)+SUM(5:$3)"),
        ("LOG10(A1)+ATAN2(1E3,B1)%", "LOG10(C5)+ATAN2(1E3,D5)%"),
        ("[1]Sheet1!A1+T[[#This Row],[A1]]", "[1]Sheet1!C5+T[[#This Row],[A1]]"),
        ("tax_A1+A1.x+ABCD1+AB12!C3", "tax_A1+A1.x+ABCD1+AB12!E7"),
        ("A1:INDEX(B:B,3)", "C5:INDEX(D:D,3)"),
    ],
)
def test_shared_formulas_move_references_only(formula: str, there: str) -> None:
    """Two columns right and four rows down; nothing moves in texts, names, functions, brackets, other sheets' names."""
    assert SharedFormula(formula, 1, 1).at(5, 3) == there


def test_shared_formulas_stay_on_the_worksheet() -> None:
    """To the last row and column and not beyond."""
    assert SharedFormula("A1", 2, 2).at(1_048_576 + 1, 16_384 + 1) == "XFD1048576"
    for row, column in ((1_048_576 + 2, 2), (2, 16_384 + 2), (1, 2), (2, 1)):
        with pytest.raises(WorkbookError, match="leaves the worksheet"):
            SharedFormula("A1", 2, 2).at(row, column)


@pytest.mark.parametrize("kind", ["external link", "DDE link", ".xlsm", "OLE object"])
def test_what_runs_is_not_passed_on(tmp_path: Path, kind: str) -> None:
    """Engines get neither macros and objects nor what other files said, and still compute the rest."""
    KINDS[kind](tmp_path / "x.xlsx")
    book = reader.read(tmp_path / "x.xlsx")
    with zipfile.ZipFile(BytesIO(book.package)) as archive:
        assert all(name.endswith((".xml", ".rels")) for name in archive.namelist())
        assert not any(b"777" in archive.read(name) for name in archive.namelist())
    ((((value,),),),) = engines.by_name("formualizer").evaluate(book.package, [[]], [Range("S", 1, 3)])
    assert value == (ErrorValue("#REF!") if "link" in kind else 3)


def test_values_of_data_tables_are_left_out(tmp_path: Path) -> None:
    """Of all cells that one fills, as of arrays; inline strings too."""
    sheet = (
        '<row r="1"><c r="A1"><f t="dataTable" ref="A1:C1" r1="E1"/><v>11</v></c><c r="B1"><v>12</v></c>'
        '<c r="C1" t="inlineStr"><is><t>thirteen</t></is></c><c r="D1"><v>14</v></c></row>'
    )
    book = read(package(parts(sheet)), tmp_path)
    assert book.sheets["S"].data_tables == {(1, 1): DataTable(Range("S", 1, 1, 1, 3), {"r1": "E1"})}
    assert rows_of(book.package) == (
        '<row r="1"><c r="A1"><f t="dataTable" ref="A1:C1" r1="E1"></f></c><c r="D1"><v>14.0</v></c></row>'
    )


def test_phonetic_guides_are_no_text(tmp_path: Path) -> None:
    """Neither in shared strings nor in cells."""
    text = "<r><t>ab</t></r><r><t>c</t></r><rPh><t>x</t></rPh>"
    sheet = f'<row r="1"><c r="A1" t="inlineStr"><is>{text}</is></c><c r="B1" t="s"><v>0</v></c></row>'
    strings = f'<sst xmlns="{MAIN}"><si>{text}</si></sst>'
    book = read(package({**parts(sheet), "xl/strings.xml": strings}), tmp_path)
    assert [book.cell("S", 1, column).value for column in (1, 2)] == ["abc", "abc"]


@pytest.mark.parametrize("text", ["<t>a</t><t>b</t>", "<t>a</t><r><t>b</t></r>", "<r><t>b</t></r><t>a</t>"])
@pytest.mark.parametrize("where", ["cell", "string"])
def test_several_texts(text: str, where: str, tmp_path: Path) -> None:
    """A text is one or has runs: of several some programs read the first and some all, so they are refused."""
    cell = f'<row r="1"><c r="A1" t="inlineStr"><is>{text if where == "cell" else "<t/>"}</is></c></row>'
    strings = f'<sst xmlns="{MAIN}"><si>{text if where == "string" else "<t/>"}</si></sst>'
    with pytest.raises(WorkbookError, match="several texts"):
        read(package({**parts(cell), "xl/strings.xml": strings}), tmp_path)


def test_cached_values_are_left_out(tmp_path: Path) -> None:
    """Of formulas and of the cells that an array formula fills; plain numbers stay."""
    sheet = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B1">C1:D1*2</f><v>11</v></c><c r="B1"><v>12</v></c>'
        '<c r="C1"><v>13</v></c><c r="D1" t="str"><f>"x"</f><v>14</v></c><c r="E1"><f>1</f><v/></c></row>'
    )
    book = read(package(parts(sheet)), tmp_path)
    assert rows_of(book.package) == (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B1">C1:D1*2</f></c><c r="C1"><v>13.0</v></c>'
        '<c r="D1"><f>"x"</f></c><c r="E1"><f>1</f></c></row>'
    )
    assert book.cell("S", 1, 4).value == "14"


def test_array_formulas_of_one_cell_and_of_two(tmp_path: Path) -> None:
    """Each stays an array formula for its range; of one that fills two cells the second is the first one's."""
    sheet = (
        '<row r="1"><c r="A1"><f t="array" ref="A1">SUM(D1:D2*E1:E2)</f><v>9</v></c><c r="D1"><v>2</v></c>'
        '<c r="E1"><v>3</v></c></row>'
        '<row r="2"><c r="A2"><f t="array" ref="A2:A3">D1:D2*10</f><v>9</v></c><c r="D2"><v>5</v></c>'
        '<c r="E2"><v>7</v></c></row>'
        '<row r="3"><c r="A3"><v>9</v></c></row>'
    )
    book = read(package(parts(sheet)), tmp_path)
    assert book.sheets["S"].arrays == {(1, 1): Range("S", 1, 1), (2, 1): Range("S", 2, 1, 2, 1)}
    assert book.sheets["S"].spread == {(2, 1): Range("S", 2, 1, 2, 1)}
    assert rows_of(book.package) == (
        '<row r="1"><c r="A1"><f t="array" ref="A1">SUM(D1:D2*E1:E2)</f></c><c r="D1"><v>2.0</v></c>'
        '<c r="E1"><v>3.0</v></c></row>'
        '<row r="2"><c r="A2"><f t="array" ref="A2:A3">D1:D2*10</f></c><c r="D2"><v>5.0</v></c>'
        '<c r="E2"><v>7.0</v></c></row>'
    )
    ((values,),) = engines.by_name("formualizer").evaluate(book.package, [[]], [Range("S", 1, 1, 3, 1)])
    assert values == [[41.0], [20.0], [50.0]]


def test_a_changed_array_formula_is_written_as_one(tmp_path: Path) -> None:
    """A copy with another array formula has the attributes of one, and without them if it fills nothing else."""
    array, rest = '<f t="array" ref="A1:B1">D1:E1*2</f>', '<c r="D1"><v>2.0</v></c><c r="E1"><v>3.0</v></c></row>'
    builder = read(package(parts(f'<row r="1"><c r="A1">{array}</c>{rest}')), tmp_path).builder()
    changed = {"S": {(1, 1): Cell("D1:E1*3", None)}}
    kept = builder.package(changed, {"S": {(1, 1): Range("S", 1, 1, 1, 2)}})
    assert rows_of(kept) == f'<row r="1"><c r="A1"><f t="array" ref="A1:B1">D1:E1*3</f></c>{rest}'
    assert rows_of(builder.package(changed)) == f'<row r="1"><c r="A1"><f>D1:E1*3</f></c>{rest}'
    ((values,),) = engines.by_name("formualizer").evaluate(kept, [[]], [Range("S", 1, 1, 1, 2)])
    assert values == [[6.0, 9.0]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"xl/workbook.xml": f'<!DOCTYPE x [<!ENTITY a "b">]><workbook xmlns="{MAIN}"/>'}, "document type"),
        ({"xl/workbook.xml": '<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"/>'}, "Strict Open XML"),
        ({"xl/workbook.xml": f'<workbook xmlns="{MAIN}">' + "<a>" * 300}, "nested deeper"),
        ({"xl/theme.xml": "<a>" * 300}, "nested deeper than 256 \\(xl/theme.xml\\)"),
        ({"xl/workbook.xml": "<a/>"}, "<a> where <workbook> is due"),
        ({"xl/workbook.xml": f'<workbook xmlns="{MAIN}"><sheets></workbook>'}, "damaged XML"),
        ({"xl/workbook.xml": f'<workbook xmlns="{MAIN}"/>'}, "no worksheet"),
        ({"XL/Workbook.xml": "x"}, "there twice"),
        ({"xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONSHIPS}"/>'}, "'S' is missing"),
        ({"_rels/.rels": f'<Relationships xmlns="{RELATIONSHIPS}"/>'}, "no workbook in the package"),
        ({"_rels/.rels": relationships("officeDocument", "officeDocument")}, "no single workbook"),
        ({"xl/_rels/workbook.xml.rels": relationships("sharedStrings", "sharedStrings")}, "several parts of the kind"),
        ({"xl/_rels/workbook.xml.rels": relationships("x", "x").replace("r1", "s")}, "relationship 's' is there twice"),
        ({"xl/workbook.xml": workbook(("S", "s"), ("T", "s"))}, "worksheet 'T' is there twice"),
        ({"xl/workbook.xml": workbook(("S", "s"), ("s", "t"))}, "worksheet 's' is there twice"),
        (
            {"xl/workbook.xml": workbook(("S", "s"), name="1+" * 5000)},
            "the name 'n' has a formula of 10,000 characters",
        ),
        (
            {"xl/strings.xml": f'<sst xmlns="{MAIN}"><si><t>{"x" * 40_000}</t></si></sst>'},
            "a text of 40,000 characters",
        ),
    ],
)
def test_packages_that_are_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    """Each is refused in one line that names the file."""
    with pytest.raises(WorkbookError, match=words) as caught:
        read(package({**parts(""), **changes}), tmp_path)
    assert "x.xlsx" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('<row r="1"><c r="A2"><v>1</v></c></row>', "cell address 'A2' in row 1"),
        ('<row r="1"><c r="a1"><v>1</v></c></row>', "cell address"),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', "A1 is there twice"),
        ('<row r="1"><c r="A1"><v>1e999</v></c></row>', "holds '1e999', which is no value"),
        ('<row r="1"><c r="A1"><v>NaN</v></c></row>', "holds 'NaN'"),
        ('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', "holds '7'"),
        ('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', "holds '-1'"),
        ('<row r="1"><c r="A1" t="b"><v>7</v></c></row>', "holds '7'"),
        ('<row r="1"><c r="A1" t="x"><v>7</v></c></row>', "no value of type 'x'"),
        ('<row r="1"><c r="A1"><v>1_0</v></c></row>', "holds '1_0'"),
        ('<row r="1"><c r="A1"><v>1<b/>0</v></c></row>', "<b> inside a text"),
        ('<row r="1"><c r="A1"><v>1</v><f>2</f></c></row>', "A1 .* has a formula twice, or behind its value"),
        ('<row r="1"><c r="A1"><f t="y">2</f></c></row>', "unknown kind 'y'"),
        ('<row r="1"><c r="A1"><f t="array" ref="B1">2</f></c></row>', "does not begin there"),
        ('<row r="1"><c r="A1"><f t="array">2</f></c></row>', "'' in .* is no range of cells"),
        ('<row r="1"><c r="A1"><v>\uff11</v></c></row>', "which is no value"),
        ('<row r="1"><c r="A1"><x><v>1</v></x></c></row>', "<v> where none may be"),
        ('<x><row r="1"><c r="A1"><v>1</v></c></row></x>', "<row> where none may be"),
        ('</sheetData><sheetData><row r="1"/>', "in two places"),
        ('<row r="1"><c r="A1"><is><t>2</t></is></c></row>', "not of its type"),
        ('<row r="1"><c r="A1"><f t="shared" si="4"/></c></row>', "shares a formula that is not in"),
        ('<row r="x"/>', "'x' where a whole number is due"),
    ],
)
def test_cells_that_are_refused(tmp_path: Path, row: str, words: str) -> None:
    """What spreadsheet programs read differently, or not at all, is not guessed."""
    with pytest.raises(WorkbookError, match=words):
        read(package(parts(row)), tmp_path)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seven: Path) -> None:
    """The package that engines get may be large, as it is not compressed; cells are counted over all worksheets."""
    with pytest.raises(WorkbookError, match="1008 parts, more than 1000"):
        read(package({**parts(""), **{f"x{n}": "" for n in range(1001)}}), tmp_path)
    monkeypatch.setattr(reader.workbook, "Budget", lambda: Budget(cells=6610))  # the first worksheet alone has less
    with pytest.raises(WorkbookError, match=r"more than 1,000,000 cells"):
        reader.read(seven)


@pytest.mark.skipif(not (SHARED / "real").is_dir(), reason="the workbooks made by others are not here")
def test_the_fast_ai_workbook(tmp_path: Path) -> None:
    """The original is read: 4,025 formulas on two worksheets, array formulas among them, their caches cut out."""
    book = reader.read(SHARED / "real" / "conv-example.xlsx")
    counts = {name: sum(c.formula is not None for c in s.cells.values()) for name, s in book.sheets.items()}
    assert counts == {"conv-example": 2865, "conv-example (2)": 1160}
    assert book.cell("conv-example", 3, 35).formula == "SUM(B2:D4*$AD$11:$AF$13)"
    with zipfile.ZipFile(BytesIO(book.package)) as archive:
        assert b"</f><v>" not in archive.read(tampering.SHEET)


@pytest.mark.parametrize(
    ("part", "element"),
    [
        ("_rels/.rels", "Relationship"),
        ("xl/_rels/workbook.xml.rels", "Relationship"),
        ("[Content_Types].xml", "Override"),
        ("xl/workbook.xml", "sheet"),
        ("xl/workbook.xml", "sheets"),
        ("xl/worksheets/s.xml", "row"),
        ("xl/worksheets/s.xml", "c"),
        ("xl/worksheets/s.xml", "v"),
        ("xl/strings.xml", "si"),
        ("xl/strings.xml", "t"),
    ],
)
def test_elements_inside_foreign_ones(part: str, element: str, tmp_path: Path) -> None:
    """What stands in an element that some programs skip and some look into is refused, whatever it is."""
    texts = parts('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    texts |= {"xl/strings.xml": f'<sst xmlns="{MAIN}"><si><t>a</t></si></sst>'}
    assert read(package(texts), tmp_path).cell("S", 1, 1).value == "a"
    wrapped = re.sub(rf"<{element}[ >/].*?(</{element}>|/>)", r'<x:y xmlns:x="urn:x">\g<0></x:y>', texts[part], count=1)
    assert wrapped != texts[part]
    with pytest.raises(WorkbookError, match=f"<{element}> where none may be"):
        read(package({**texts, part: wrapped}), tmp_path)


@pytest.mark.parametrize("attributes", ['si="0"', 'si="0" ref=""', 'si="0" ref="nowhere"'])
def test_a_shared_formula_of_no_cells(attributes: str, tmp_path: Path) -> None:
    """LibreOffice computes nothing for one that does not say which cells share it."""
    sheet = f'<row r="1"><c r="A1"><f t="shared" {attributes}>1+1</f></c></row>'
    with pytest.raises(WorkbookError, match="has a shared formula, but is not among the cells that share it"):
        read(package(parts(sheet)), tmp_path)


@pytest.mark.parametrize("where", [" http://schemas.openxmlformats.org/officeDocument/2006/relationships", "urn:x", ""])
def test_relationships_of_another_type(where: str, tmp_path: Path) -> None:
    """A type that only ends like the right one is none for LibreOffice, which then opens nothing."""
    texts = parts('<row r="1"><c r="A1"><v>7</v></c></row>')
    rels = re.sub(r'Type="[^"]*/officeDocument"', f'Type="{where}/officeDocument"', texts["_rels/.rels"])
    assert rels != texts["_rels/.rels"]
    with pytest.raises(WorkbookError, match="which programs read differently"):
        read(package({**texts, "_rels/.rels": rels}), tmp_path)
