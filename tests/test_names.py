"""Defined names: of the workbook and of one worksheet, gone, and pointed elsewhere."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from tests.test_choices import colour
from xlconv import reader, workbook
from xlconv.cells import Range
from xlconv.check import names, verify
from xlconv.check.audit import audit
from xlconv.check.roots import roots
from xlconv.cli import cli
from xlconv.engines.libreoffice import find_program
from xlconv.errors import WorkbookError
from xlconv.layers import Linear, Softmax
from xlconv.network import Network, Node
from xlconv.pages.choices import Chosen
from xlconv.places import Atlas
from xlconv.reader import Cell, Workbook
from xlconv.reader.book import DefinedName
from xlconv.reader.dropdowns import DropDown
from xlconv.recover.declared import check_declared, declares, found_by
from xlconv.recover.reading import read
from xlconv.templates import Samples

Edit = Callable[[str], str]

_NET = re.compile(r"<definedName name=\"(\w+)\">xlconv!([^<]+)</definedName>")


def rewritten(source: Path, target: Path, edits: dict[str, Edit], extra: dict[str, str] | None = None) -> Path:
    """A copy of a workbook with some of its parts changed, and others added."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in package.namelist():
            text = package.read(part)
            copy.writestr(part, edits[part](text.decode()).encode() if part in edits else text)
        for part, added in (extra or {}).items():
            copy.writestr(part, added)
    return target


def with_copied_sheet(source: Path, target: Path) -> Path:
    """The first worksheet copied as Excel does: each of its names is there again, for the copy alone."""
    with zipfile.ZipFile(source) as package:
        sheet = re.sub(r"<drawing [^>]*/>", "", package.read("xl/worksheets/sheet1.xml").decode())

    def of_workbook(xml: str) -> str:
        count = xml.count("<sheet ")
        sheets = f'<sheet name="xlconv (2)" sheetId="99" r:id="copy" xmlns:r="{_RELATIONSHIPS}"/></sheets>'
        again = rf"""\g<0><definedName name="\1" localSheetId="{count}">'xlconv (2)'!\2</definedName>"""
        return _NET.sub(again, xml.replace("</sheets>", sheets))

    def of_relationships(xml: str) -> str:
        added = f'<Relationship Id="copy" Type="{_RELATIONSHIPS}/worksheet" Target="worksheets/copy.xml"/>'
        return xml.replace("</Relationships>", f"{added}</Relationships>")

    def of_types(xml: str) -> str:
        return xml.replace(
            "</Types>", f'<Override PartName="/xl/worksheets/copy.xml" ContentType="{_WORKSHEET}"/></Types>'
        )

    edits = {
        "xl/workbook.xml": of_workbook,
        "xl/_rels/workbook.xml.rels": of_relationships,
        "[Content_Types].xml": of_types,
    }
    return rewritten(source, target, edits, {"xl/worksheets/copy.xml": sheet})


_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORKSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workbook in which samples can be chosen."""
    path = tmp_path_factory.mktemp("names") / "x.xlsx"
    network, samples = colour(("a", "b", "c"))
    workbook.write(network, Chosen(0), path, samples=samples)
    return path


def test_a_copied_worksheet_with_names_of_its_own_verifies(chosen: Path, tmp_path: Path) -> None:
    """The declared network is found by the workbook's names, whatever the copy calls its cells; no finding."""
    path = with_copied_sheet(chosen, tmp_path / "copy.xlsx")
    book = reader.read(path)
    own, copy = book.named_range("conv_0"), book.named_range("conv_0", "xlconv (2)")
    assert own is not None
    assert copy is not None
    assert (own.sheet, copy.sheet, own[1:]) == ("xlconv", "xlconv (2)", copy[1:])
    assert found_by(book).title == "xlconv"
    report = verify(path, random=3)
    assert (report.verdict, report.findings) == ("agrees", [])
    assert any(line.startswith("xlconv: input 3x3x4") for line in report.networks)


def test_a_formula_sees_the_names_of_its_worksheet(chosen: Path, tmp_path: Path) -> None:
    """A bias by a name that is the right cell on this worksheet alone is right; the other way round it is wrong."""
    book = reader.read(chosen)
    bias, cell = book.named_range("conv_bias_0"), book.named_range("conv_0")
    assert bias is not None
    assert cell is not None
    other = bias._replace(row=bias.row + 1)

    def by_name(xml: str) -> str:
        at = xml.index(f'<c r="{cell.part(0, 0).address}"')
        return xml[:at] + xml[at:].replace(bias.absolute, "mine", 1)

    def named(everywhere: str, here: str) -> Edit:
        added = f'<definedName name="mine">{everywhere}</definedName>' if everywhere else ""
        added += f'<definedName name="mine" localSheetId="0">{here}</definedName>'
        return lambda xml: xml.replace("<definedNames>", f"<definedNames>{added}")

    found = []
    right, wrong = bias.reference, other.reference
    for number, refs in enumerate([(wrong, right), ("", right), (right, wrong), ("", wrong)]):
        edits = {"xl/worksheets/sheet1.xml": by_name, "xl/workbook.xml": named(*refs)}
        report = verify(rewritten(chosen, tmp_path / f"{number}.xlsx", edits), random=3)
        found.append({(finding.rule, finding.cell) for finding in report.findings if finding.rule != "stale"})
    assert found == [set(), set(), *[{("formula", cell.part(0, 0).place)}] * 2]


def test_what_formulas_read_by_local_names() -> None:
    """What a cell reads, and whether that holds numbers, is told by the names of its own worksheet."""
    sheets = {name: reader.Sheet("x") for name in ("S", "T")}
    sheets["S"].cells |= {(1, 1): Cell(None, 1.0), (2, 1): Cell("n*2", 2.0)}
    sheets["T"].cells |= {(2, 1): Cell("m*2", 0.0)}
    defined = (DefinedName("n", "T!$A$1"), DefinedName("n", "S!$A$1", "S"), DefinedName("m", "T!$A$1"))
    book = Workbook(Path("x"), sheets, {"n": "T!$A$1", "m": "T!$A$1"}, defined)
    atlas = Atlas(sheets)
    cell, source = read(book).precedents
    assert dict(zip(cell.tolist(), source.tolist(), strict=True)) == {
        atlas.place("S", 2, 1): atlas.place("S", 1, 1),
        atlas.place("T", 2, 1): atlas.place("T", 1, 1),
    }
    blank = [each.cell for each in audit(book, {}, {}) if each.rule == "reads-blank"]
    assert blank == ["T!A2"]


def test_which_cell_is_at_fault_by_local_names() -> None:
    """A formula that reads a wrong cell by a name of its worksheet only follows that."""
    sheets = {name: reader.Sheet("x") for name in ("S", "T")}
    for sheet in sheets.values():
        sheet.cells |= {(1, 1): Cell("1", 1.0), (2, 1): Cell("n", 1.0)}
    defined = (DefinedName("N", "T!$A$1"), DefinedName("n", "S!$A$1", "S"))
    book = Workbook(Path("x"), sheets, {"n": "T!$A$1"}, defined)
    atlas = Atlas(sheets)
    wrong = [atlas.place("S", 1, 1), atlas.place("S", 2, 1), atlas.place("T", 2, 1)]
    assert roots(book, atlas, wrong) == [atlas.place("S", 1, 1), atlas.place("T", 2, 1)]


def without(*names: str, sheet: str = "") -> Edit:
    """The part of the workbook without some names, and without a worksheet."""

    def edited(xml: str) -> str:
        for name in names:
            xml, count = re.subn(rf'<definedName name="{name}"[^>]*>[^<]*</definedName>', "", xml)
            assert count, name
        return re.sub(rf'<sheet [^>]*name="{sheet}"[^>]*/>', "", xml) if sheet else xml

    return edited


@pytest.mark.parametrize("edit", [without("network"), without(sheet="Network"), without("network", sheet="Network")])
def test_a_declaration_that_is_gone_is_said(chosen: Path, tmp_path: Path, edit: Edit) -> None:
    """The name, its worksheet, or both: one line that says so and names what is left, and exit code 2."""
    path = rewritten(chosen, tmp_path / "x.xlsx", {"xl/workbook.xml": edit})
    done = CliRunner().invoke(cli, ["verify", str(path)], standalone_mode=False)
    assert done.return_value == 2
    assert done.stdout == ""
    first, hint = done.stderr.strip().splitlines()
    assert first.startswith(f"xlconv: {path}: the name 'network' or its worksheet is gone")
    assert "'conv_weight_0_0' stands and " in first
    assert hint.startswith("hint: put it back")


@pytest.mark.parametrize("kept", ["explore_at", "sample_row", "drawn_prediction", "conv_weight_0_0"])
def test_one_name_that_is_left_is_enough(chosen: Path, kept: str) -> None:
    """Any of those that only such a workbook has; a block of weights if the layer's own block stands beside it."""
    book = reader.read(chosen)
    book.names = {name: book.names[name] for name in {kept, "conv_0"}}
    with pytest.raises(WorkbookError, match=f"the name '{kept}' stands$"):
        check_declared(book)


@pytest.mark.parametrize("names", [[], ["prediction", "choice", "mark", "classes", "conv_0"], ["conv_weight_0_0"]])
def test_names_that_anybody_may_have(chosen: Path, names: list[str]) -> None:
    """A workbook without the others of ours is judged by its formulas alone."""
    book = reader.read(chosen)
    book.names = {name: book.names[name] for name in names}
    check_declared(book)
    book.names["sample_row"] = "#REF!"
    check_declared(book)
    assert not declares(book)


def named(path: Path, name: str, at: tuple[int, int] = (0, 0)) -> Range:
    where = reader.read(path).named_range(name)
    assert where is not None
    return where.part(*at)


def renamed(name: str, where: Range) -> Edit:
    """A name given to another cell."""

    def edited(xml: str) -> str:
        text = rf'<definedName name="{name}">{where.reference}</definedName>'
        xml, count = re.subn(rf'<definedName name="{name}"[^>]*>[^<]*</definedName>', lambda _: text, xml)
        assert count == 1
        return xml

    return edited


def misnamed(path: Path) -> list[tuple[str, str, str]]:
    found = verify(path, random=3).findings
    return [(each.cell.rpartition("!")[2], each.message, each.expected) for each in found if each.rule == "names"]


@pytest.mark.parametrize(
    ("name", "seen", "due"),
    [
        ("choice", "choice", "the cell with the drop-down"),
        ("mark", "mark", "the cell that says '✓ right' or '✗ wrong'"),
        ("drawn_prediction", "drawn_prediction", "the cell that says 'draw is not chosen'"),
        ("classes", "classes", "the cells from which the prediction takes its own"),
    ],
)
def test_a_missing_name_is_a_finding(chosen: Path, tmp_path: Path, name: str, seen: str, due: str) -> None:
    """It says which name, and where the cell is that should have it; the formulas are checked all the same."""
    path = rewritten(chosen, tmp_path / "x.xlsx", {"xl/workbook.xml": without(name)})
    where = reader.read(chosen).named_range(seen)
    assert where is not None
    assert misnamed(path) == [(where.address, f"no defined name {name!r}: it is that of {due}", where.place)]
    assert verify(path, random=3).verdict == "differs"


@pytest.mark.parametrize(
    ("name", "down", "due"),
    [
        ("choice", 20, "the cell with the drop-down"),
        ("mark", 4, "the cell that says '✓ right' or '✗ wrong'"),
        ("drawn_prediction", 4, "the cell that says 'draw is not chosen'"),
        ("prediction", 1, "the cell below the word 'prediction'"),
    ],
)
def test_a_moved_name_is_a_finding(chosen: Path, tmp_path: Path, name: str, down: int, due: str) -> None:
    """Also where the other cell has the same formula: it says which cell people see and which one has the name."""
    seen = named(chosen, name)
    moved = seen._replace(row=seen.row + 30 * down)
    book = reader.read(chosen)
    formula = book.cell(*seen[:3]).formula
    content = f"><f>{escape(formula)}</f>" if formula else ' t="inlineStr"><is><t>a</t></is>'
    cell = f'<c r="{moved.address}"{content}</c>'
    part = "xl/worksheets/sheet4.xml" if seen.sheet == "Draw" else "xl/worksheets/sheet1.xml"
    edits = {
        "xl/workbook.xml": renamed(name, moved),
        part: lambda xml: xml.replace("</sheetData>", f'<row r="{moved.row}">{cell}</row></sheetData>'),
    }
    path = rewritten(chosen, tmp_path / "x.xlsx", edits)
    assert misnamed(path) == [(moved.address, f"the name {name!r} is not that of {due}", seen.place)]


def test_classes_that_stand_elsewhere(chosen: Path, tmp_path: Path) -> None:
    """Names that are not beside the last layer's cells are not those that people see there."""
    moved = named(chosen, "classes")._replace(row=60, height=3)
    cells = ""
    for row, text in zip((60, 61, 62), "abc", strict=True):
        address = moved._replace(row=row, height=1).address
        cells += f'<row r="{row}"><c r="{address}" t="inlineStr"><is><t>{text}</t></is></c></row>'
    edits: dict[str, Edit] = {
        "xl/workbook.xml": renamed("classes", moved),
        "xl/worksheets/sheet1.xml": lambda xml: xml.replace("</sheetData>", f"{cells}</sheetData>"),
    }
    ((cell, message, expected),) = misnamed(rewritten(chosen, tmp_path / "x.xlsx", edits))
    assert (cell, message) == (moved.address, "the name 'classes' is not that of the cells beside s")
    assert expected == named(chosen, "classes")._replace(height=3).place


def test_without_drop_downs_nothing_is_said_of_them(chosen: Path, tmp_path: Path) -> None:
    """Some programs drop them when they save a workbook; without both, name and drop-down, it cannot be read."""
    gone = {"xl/worksheets/sheet1.xml": lambda xml: re.sub("<dataValidations.*</dataValidations>", "", xml)}
    path = rewritten(chosen, tmp_path / "x.xlsx", gone)
    assert reader.read(path).sheets["xlconv"].drop_downs == []
    assert verify(path, random=3).verdict == "agrees"
    rewritten(path, tmp_path / "y.xlsx", {"xl/workbook.xml": without("choice")})
    with pytest.raises(WorkbookError, match="no defined name 'choice', but one 'sample_row'"):
        verify(tmp_path / "y.xlsx")


@pytest.mark.parametrize("save", ["openpyxl", "libreoffice"])
def test_saved_by_other_programs(chosen: Path, tmp_path: Path, save: str) -> None:
    """Names and drop-downs stand as they were."""
    if save == "openpyxl":
        openpyxl.load_workbook(chosen).save(tmp_path / "x.xlsx")
    else:
        program = find_program()
        if program is None:
            pytest.skip("LibreOffice is not installed")
        arguments = ["--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx"]
        subprocess.run([program, *arguments, "--outdir", tmp_path, chosen], check=True, timeout=120)
    book = reader.read(tmp_path / "x.xlsx")
    assert [each.cells[0].address for each in book.sheets["xlconv"].drop_downs] == [named(chosen, "choice").address]
    assert misnamed(tmp_path / "x.xlsx") == []


def test_drop_downs_are_read(chosen: Path, tmp_path: Path) -> None:
    """In both ways in which Excel writes them; of other kinds of validation nothing is kept."""
    more = (
        '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" xmlns:x14="http://schemas.microsoft.com/office/'
        'spreadsheetml/2009/9/main"><x14:dataValidations xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main">'
        '<x14:dataValidation type="list"><x14:formula1><xm:f>Samples!$D$5:$D$8</xm:f></x14:formula1>'
        "<xm:sqref>B2 C3:D4</xm:sqref></x14:dataValidation></x14:dataValidations></ext></extLst></worksheet>"
    )
    edits: dict[str, Edit] = {"xl/worksheets/sheet1.xml": lambda xml: xml.replace("</worksheet>", more)}
    first, second = reader.read(rewritten(chosen, tmp_path / "x.xlsx", edits)).sheets["xlconv"].drop_downs
    assert first.source == second.source == "Samples!$D$5:$D$8"
    assert [where.address for where in first.cells] == [named(chosen, "choice").address]
    assert second.cells == (Range("xlconv", 2, 2), Range("xlconv", 3, 3, 2, 2))


def test_a_typed_mark_is_another_mark(chosen: Path, tmp_path: Path) -> None:
    """A text that says what the mark says, in a cell of its own, is taken for it by whoever looks."""
    cell = '<row r="99"><c r="C99" t="inlineStr"><is><t>✓ right</t></is></c></row>'
    edits: dict[str, Edit] = {
        "xl/worksheets/sheet1.xml": lambda xml: xml.replace("</sheetData>", f"{cell}</sheetData>")
    }
    path = rewritten(chosen, tmp_path / "x.xlsx", edits)
    due = "the name 'mark' is not that of the cell that says '✓ right' or '✗ wrong'"
    assert misnamed(path) == [(named(chosen, "mark").address, due, "xlconv!C99")]


def test_a_network_without_classes_lacks_no_name(tmp_path: Path) -> None:
    """Its prediction is an index, taken from the last layer's own cells."""
    weights = {"out.weight": np.arange(12.0).reshape(3, 4), "out.bias": np.zeros(3)}
    network = Network((4,), [Node("out", Linear(4, 3)), Node("s", Softmax())], weights)
    samples = Samples(np.random.default_rng(0).standard_normal((6, 4)), np.array([0, 1, 2, 0, 1, 2], np.uint8))
    workbook.write(network, Chosen(1), tmp_path / "x.xlsx", samples=samples)
    assert reader.read(tmp_path / "x.xlsx").named_range("classes") is None
    assert misnamed(tmp_path / "x.xlsx") == []


@pytest.mark.parametrize(
    ("source", "is_the_one"),
    [
        ('"a,b,c,draw"', True),
        ('"A, B, c, Draw, and more"', True),
        ("Samples!$D$5:$D$8", True),
        ("sample_labels", False),
        ('"a,b"', False),
        ('"yes,no"', False),
        ("nowhere!$A$1:$A$9", False),
        ("OFFSET(A1,0,0)", False),
    ],
)
def test_which_drop_down_chooses(chosen: Path, source: str, is_the_one: bool) -> None:
    """One that lists all labels and the drawing, spelled in any way; others have nothing to do with the choice."""
    book = reader.read(chosen)
    book.sheets["xlconv"].drop_downs = [DropDown((Range("xlconv", 70, 1, 2, 1),), source)]
    found = [each.cell for each in names.check(book, found_by(book))]
    assert found == ([named(chosen, "choice").place] if is_the_one else [])
