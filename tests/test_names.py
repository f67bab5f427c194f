"""Defined names: of the workbook and of one worksheet, gone, and pointed elsewhere."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.test_choices import colour
from xlconv import reader, workbook
from xlconv.check import verify
from xlconv.check.roots import roots
from xlconv.cli import cli
from xlconv.errors import WorkbookError
from xlconv.pages.choices import Chosen
from xlconv.places import Atlas
from xlconv.reader import Cell, Workbook
from xlconv.reader.book import DefinedName
from xlconv.recover.declared import check_declared, declares, found_by

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
        added = f'<definedName name="mine">{everywhere}</definedName>'
        added += f'<definedName name="mine" localSheetId="0">{here}</definedName>'
        return lambda xml: xml.replace("<definedNames>", f"<definedNames>{added}")

    found = []
    for number, refs in enumerate([(other.reference, bias.reference), (bias.reference, other.reference)]):
        edits = {"xl/worksheets/sheet1.xml": by_name, "xl/workbook.xml": named(*refs)}
        report = verify(rewritten(chosen, tmp_path / f"{number}.xlsx", edits), random=3)
        found.append({(finding.rule, finding.cell) for finding in report.findings if finding.rule != "stale"})
    assert found == [set(), {("formula", cell.part(0, 0).place)}]


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
