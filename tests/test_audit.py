"""The audit of any workbook's formulas: each fault is found where it is, and what looks like it is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from tests.conftest import SHARED
from xlconv import reader
from xlconv.check import networks_of, whole
from xlconv.check.audit import audit
from xlconv.check.audit.functions import EXCEL, PREFIXES, lacking
from xlconv.report import Finding

NUMBERS: Final = {f"{letter}{row}": row + at / 10 for at, letter in enumerate("ABCDEFG") for row in range(1, 9)}
"""Numbers in A1:G8, which formulas in the tests read."""


def book_of(path: Path, cells: Mapping[str, Any]) -> reader.Workbook:
    """A workbook with one worksheet that holds the numbers and these cells."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "S"
    for address, value in {**NUMBERS, **cells}.items():
        sheet[address] = value
    workbook.save(path)
    return reader.read(path)


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """Findings for a worksheet of numbers with these cells in it."""
    return lambda cells: audit(book_of(tmp_path / "book.xlsx", cells))


def rules(findings: list[Finding]) -> list[str]:
    return sorted({finding.rule for finding in findings})


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("NOW()", ["volatile"]),
        ("SUM(OFFSET(A1,1,1))", ["volatile"]),
        ("INDIRECT(G1)", ["volatile"]),
        ("RAND()+RANDBETWEEN(A1,B1)", ["volatile"]),
        ("_xlfn.RANDARRAY()", ["unportable", "volatile"]),
        ("INDEX(A1:C3,2,3)", []),
        ("SUM(A1,A2)&\"NOW()\"", []),
    ],
)  # fmt: skip
def test_volatile(found: Any, formula: str, expected: list[str]) -> None:
    """Functions that change by themselves are found, a text that looks like one is not."""
    assert rules(found({"J1": f"={formula}"})) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("_xlfn.CONCAT(A1,B1)", ["Excel 2010"]),
        ("_xlfn.XLOOKUP(A1,B1:B3,C1:C3)", ["Excel 2010", "LibreOffice before 24.8"]),
        ("_xlfn._xlws.FILTER(A1:A3,B1:B3)", ["LibreOffice before 24.8"]),
        ("_xlfn.TEXTAFTER(A1,B1)", ["LibreOffice before 25.8", "Google Sheets"]),
        ("_xlfn.AGGREGATE(9,6,A1:A3)", ["AGGREGATE is unknown to Google Sheets"]),
        ("SUMME(A1:A3)", ["SUMME is unknown to Excel"]),
        ("QUERY(A1:A3)", ["QUERY is unknown to Excel"]),
        ("_xlfn.SUM(A1:A3)", ["SUM is unknown to Excel"]),
        ("EXP(A1)+LN(A2)+TANH(A3)", []),
        ("SUMPRODUCT(A1:A3,B1:B3)+MAX(A1:A3)+COUNTIF(A1:A3,A1)", []),
        ("INDEX(A1:A3,MATCH(MAX(A1:A3),A1:A3,0))", []),
        ("_xlfn.STDEV.S(A1:A3)", []),
        ("NETWORKDAYS.INTL(A1,A2)", []),
        ("IFERROR(VLOOKUP(A1,A1:C3,2,FALSE),0)", []),
    ],
)
def test_unportable(found: Any, formula: str, expected: list[str]) -> None:
    """The programs that lack a function are named, and a function of all programs is left alone."""
    messages = [finding.message for finding in found({"J1": f"={formula}"}) if finding.rule == "unportable"]
    assert bool(messages) == bool(expected)
    assert all(words in messages[0] for words in expected)


@pytest.mark.parametrize(
    ("formula", "spelt"),
    [
        ("CONCAT(A1,B1)", "_xlfn.CONCAT"),
        ("STDEV.S(A1:A3)", "_xlfn.STDEV.S"),
        ("MAXIFS(A1:A3,B1:B3,B1)", "_xlfn.MAXIFS"),
        ("SUM(SORT(A1:A3))", "_xlfn._xlws.SORT"),
        ("_xlfn.CONCAT(A1,B1)", ""),
        ("_xlfn._xlws.SORT(A1:A3)", ""),
        ("CONCATENATE(A1,B1)", ""),
        ("STDEV(A1:A3)", ""),
        ("COUNTIFS(A1:A3,B1)", ""),
    ],
)
def test_missing_prefix(found: Any, formula: str, spelt: str) -> None:
    """A function that came after Excel 2007 needs its prefix in the file."""
    messages = [finding.message for finding in found({"J1": f"={formula}"}) if finding.rule == "missing-prefix"]
    assert bool(messages) == bool(spelt)
    assert not spelt or spelt in messages[0]


PLAIN: Final = [
    ("SUM(A1:C3*E1:G3)", "A1:C3"),
    ("SUM(A1:C3*2)", "A1:C3"),
    ("MAX(A1:A3-B1:B3)", "A1:A3"),
    ("A1:A8*B1", "A1:A8"),
    ("A1:A8", "A1:A8"),
    ("A:A+B1", "A:A"),
    ("EXP(A1:A3)", "A1:A3"),
    ("SUM(EXP(A1:A3))", "A1:A3"),
    ("SUM(IF(A1:A3>B1,A1:A3,0))", "A1:A3"),
    ("SUMPRODUCT(IF(A1:A3>B1,A1:A3,0))", "A1:A3"),
    ("SUMPRODUCT(A1:C1,TRANSPOSE(A1:A3))", "A1:A3"),
    ("MMULT(TRANSPOSE(A1:A3),B1:B3)", "A1:A3"),
    ("AND(A1:A3>B1)", "A1:A3"),
    ("MATCH(1,(A1:A3=B1)*(B1:B3=C1),0)", "A1:A3"),
    ("COUNTIF(A1:A3,B1:B3)", "B1:B3"),
    ("IF(A1>0,A1:A3,0)", "A1:A3"),
    ("SUM(--(A1:A3>1))", "A1:A3"),
]

ARRAYS_ALLOWED: Final = [
    "SUMPRODUCT(A1:C3*E1:G3)",
    "SUMPRODUCT(A1:C3,E1:G3)",
    "SUMPRODUCT(EXP(A1:A3-MAX(A1:A3)))",
    "SUMPRODUCT(ABS(A1:A3))",
    "SUMPRODUCT(--(A1:A3>B1),B1:B3)",
    "SUMPRODUCT(MAX((A1:A3>B1)*C1:C3))",
    "SUM(A1:C3)*2",
    "MAX(0,SUM(A1:C3))",
    "SUM(INDEX(A1:A3*B1:B3,0))",
    "LOOKUP(B1,1/(A1:A3>B1),B1:B3)",
    "_xlfn.AGGREGATE(14,6,A1:A3/(B1:B3>C1),1)",
    "SUM(MMULT(A1:B2,C1:D2))",
    "COUNTIF(A1:A3,B1)",
    "VLOOKUP(A1,A1:C3,2,FALSE)",
    "IF(A1>0,SUM(A1:A3),MAX(A1:A3))",
    "SUM({1,2,3}*A1)",
    "A1*B1",
    "SUM(A1:INDEX(A1:A8,3))",
    "ROWS(A1:A3)*B1",
    "_xlfn.SINGLE(A1:A3)*B1",
    "SUMPRODUCT((A1:A3=B1)*IF(C1>0,B1:B3,C1:C3))",
]


@pytest.mark.parametrize(("formula", "reference"), PLAIN)
def test_arrays_in_plain_formulas(found: Any, formula: str, reference: str) -> None:
    """Excel takes one cell of each range here; no engine shows it."""
    (finding,) = [each for each in found({"J20": f"={formula}"}) if each.rule == "array-in-plain-formula"]
    assert f"the range {reference} " in finding.message
    assert finding.cell == "S!J20"


@pytest.mark.parametrize("formula", ARRAYS_ALLOWED)
def test_arrays_where_they_are_taken(found: Any, formula: str) -> None:
    """Functions that take arrays take them in plain formulas, too."""
    assert "array-in-plain-formula" not in rules(found({"J20": f"={formula}"}))


@pytest.mark.parametrize(("formula", "reference"), PLAIN)
def test_array_formulas(found: Any, formula: str, reference: str) -> None:
    """What was entered as an array is calculated as one, in one cell or in several."""
    cells = {"J20": ArrayFormula("J20", f"={formula}"), "J30": ArrayFormula("J30:K31", f"={formula}")}
    assert "array-in-plain-formula" not in rules(found(cells))


def test_a_name_of_several_cells(tmp_path: Path) -> None:
    """A defined name is as many cells as it stands for."""
    book = book_of(tmp_path / "book.xlsx", {"J20": "=SUM(many*2)", "J22": "=one/2", "J23": "=moving"})
    book.names.update({"many": "S!$A$1:$C$3", "one": "S!$A$1", "moving": "S!X1:Y2"})
    (finding,) = [each for each in audit(book) if each.rule == "array-in-plain-formula"]
    assert finding.cell == "S!J20"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("[1]Sheet!A1", ["external-link"]),
        ("SUM('[Book.xlsx]S'!A1:A3)", ["external-link"]),
        ("[1]!price+A1", ["external-link"]),
        ("WEBSERVICE(A1)", ["missing-prefix", "reaches-out"]),
        ("IMPORTRANGE(A1,B1)", ["reaches-out"]),
        ("cmd|'/C calc'!A0", ["reaches-out"]),
        ("app|topic!item", ["reaches-out"]),
        ("RTD(A1,B1,C1)", ["reaches-out"]),
        ("SUM([0]!price)", []),
        ("S!A1", []),
        ("'S'!A1&\"[1]S!A1 a|b!c\"", []),
        ("HYPERLINK(A1,B1)", []),
    ],
)
def test_what_reaches_out(found: Any, formula: str, expected: list[str]) -> None:
    """Other workbooks, other programs and the network are named; a text that looks like one is not."""
    assert rules(found({"J1": f"={formula}"})) == expected


@pytest.mark.parametrize(
    ("formula", "numbers"),
    [
        ("A1*0.5", "0.5"),
        ("A1*2", "2"),
        ("SUMPRODUCT(A1:B1,{0.25,3})", "0.25 and 3"),
        ("ROUND(A1,6)", "6"),
        ("A1-3", "3"),
        ("A1^3", "3"),
        ("MAX(0,A1)", ""),
        ("A1-1", ""),
        ("A1*-1", ""),
        ("A1^2+A2/2+POWER(A3,2)", ""),
        ("INDEX(A1:C3,2,3)", ""),
        ("SUBTOTAL(9,A1:A3)", ""),
        ("A1&\"7\"", ""),
    ],
)  # fmt: skip
def test_hard_coded(found: Any, formula: str, numbers: str) -> None:
    """Numbers in a formula are told, but for those that are no one's choice."""
    messages = [each.message for each in found({"J1": f"={formula}"}) if each.rule == "hard-coded"]
    assert bool(messages) == bool(numbers)
    assert not numbers or messages[0].endswith(f" {numbers}")


def test_cells_that_share_a_formula_share_a_finding(found: Any) -> None:
    """One finding for a relative form, with its cells."""
    (finding,) = found({f"J{row}": f"=A{row}*0.5" for row in range(1, 6)} | {"L1": "=A1"})
    assert (finding.rule, finding.cell, finding.count) == ("hard-coded", "S!J1", 5)
    assert finding.cells == ("S!J1", "S!J2", "S!J3", "S!J4", "S!J5")
    assert finding.formula == "A1*0.5"


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("M1", "M1, which is blank"),
        ("A1+M1", "M1, which is blank"),
        ("SUM(M1:N9)", "M1:N9, which is all blank"),
        ("SUMPRODUCT(A1:B2,M1:N2)", "M1:N2, which is all blank"),
        ("A1*L1", "L1, a text"),
        ("SUMPRODUCT(A1:B2,K1:L2)", "K1:L2, which has a text"),
        ("SUM(A1:B2,L1:M2)", ""),
        ("SUM(L:M)", ""),
        ("SUM(M:N)", "M:N, which is all blank"),
        ("SUMPRODUCT(G8:H9,A1:B2)", ""),
        ("IF(M1=\"\",0,A1*M1)", ""),
        ("IF(ISBLANK(M1),0,M1)", ""),
        ("IF(M1,A1,A2)", ""),
        ("SUM(M9:A1)", ""),
        ("COUNTA(M1:N9)", ""),
        ("L1&A1", ""),
        ("L1=A1", ""),
        ("L1", ""),
        ("A1*missing!B2", ""),
    ],
)  # fmt: skip
def test_reads_blank(found: Any, formula: str, words: str) -> None:
    """Blank cells and texts that count as numbers are told, those that a formula asks about are not."""
    messages = [each.message for each in found({"L1": "label", "J1": f"={formula}"}) if each.rule == "reads-blank"]
    assert bool(messages) == bool(words)
    assert not words or messages[0].endswith(words)


def test_reading_of_array_members(found: Any) -> None:
    """The cells that an array formula fills are not blank, whether or not the file has their values."""
    assert found({"J1": ArrayFormula("J1:K2", "=A1:B2+C1:D2"), "M1": "=SUM(K1:K2)", "M2": "=K2"}) == []


def test_array_members_with_contents(tmp_path: Path) -> None:
    """What a file holds in the cells that an array formula fills is of that formula."""
    book = book_of(tmp_path / "book.xlsx", {"J1": ArrayFormula("J1:K2", "=A1:B2&C1:D2"), "M1": "=K1*A1"})
    book.sheets["S"].cells[1, 11] = reader.Cell(None, "text")
    book.sheets["S"].cells[2, 10] = reader.Cell("A1:B2&C1:D2", None)
    assert audit(book) == []


def column(letter: str, rows: range, formula: str) -> dict[str, Any]:
    return {f"{letter}{row}": formula.format(row=row) for row in rows}


RUN: Final = column("J", range(1, 9), "=A{row}+B{row}")
BLOCK: Final = RUN | column("K", range(1, 9), "=B{row}+C{row}") | column("L", range(1, 9), "=C{row}+D{row}")


@pytest.mark.parametrize(
    ("cells", "cell", "expected"),
    [
        ({**RUN, "J4": "=A4-B4"}, "S!J4", "=A4+B4"),
        ({**RUN, "J4": "=A3+B4"}, "S!J4", "=A4+B4"),
        ({**BLOCK, "K4": "=B4+D4"}, "S!K4", "=B4+C4"),
        ({"J1": "=A1", "K1": "=B1", "L1": "=A3", "M1": "=D1", "N1": "=E1"}, "S!L1", "=C1"),
        (RUN, "", ""),
        (BLOCK, "", ""),
        ({**RUN, "J8": "=SUM(J1:J7)"}, "", ""),
        ({**RUN, "J4": "=SUM(J1:J3)"}, "", ""),
        ({**BLOCK, "J4": "=A4-B4", "K4": "=B4-C4", "L4": "=C4-D4"}, "", ""),
        ({**column("J", range(1, 4), "=A{row}+B{row}"), "J2": "=A2-B2"}, "", ""),
        ({f"J{row}": f"=A{row}{'+-'[row % 2]}B{row}" for row in range(1, 9)}, "", ""),
        ({**RUN, "J1": "=A1", "J8": "=B8"}, "", ""),
        ({**RUN, "J4": ArrayFormula("J4", "=A4+B4")}, "", ""),
        ({f"{each}1": "=$B$1" if each in "MQ" else "=$A$1" for each in "JKLMNOPQ"}, "", ""),
    ],
)
def test_neighbours(found: Any, cells: dict[str, Any], cell: str, expected: str) -> None:
    """A formula unlike those on both sides is told with what is due; rows of totals and patterns are not."""
    findings = [each for each in found(cells) if each.rule == "neighbour"]
    assert [(each.cell, each.expected) for each in findings] == ([(cell, expected)] if cell else [])


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        ({**RUN, "J4": 3.5}, "S!J4"),
        ({**RUN, "J4": "3.5"}, ""),
        ({**BLOCK, "K4": "text"}, "S!K4"),
        ({**BLOCK, "K4": 2}, "S!K4"),
        ({**RUN, "J1": 3.5, "J8": 7}, ""),
        ({**RUN, "J4": 3.5, "K4": 3.6, "I4": 3}, ""),
        ({**RUN, "J4": "Section"}, ""),
        ({**RUN, "J4": None}, ""),
        ({**RUN, "J4": "#N/A"}, ""),
        ({**BLOCK, "K4": 2, "L4": 3}, "S!K4"),
        ({"J1": "=A1", "J2": 5, "J3": "=A3"}, ""),
        (RUN, ""),
    ],
)
def test_copied_numbers(found: Any, cells: dict[str, Any], cell: str) -> None:
    """A constant between equal formulas is told; a line of inputs, a heading and a first value are not."""
    findings = [each for each in found(cells) if each.rule == "copied-number"]
    assert [each.cell for each in findings] == ([cell] if cell else [])


def test_known_cells_have_no_neighbours(tmp_path: Path) -> None:
    """Cells of recognised layers are held to their layer elsewhere; their own faults are still told."""
    cells = {**BLOCK, "J4": "=A4*0.5", "L4": 7, "N9": "=M7"}
    book = book_of(tmp_path / "book.xlsx", cells)
    assert rules(audit(book)) == ["copied-number", "hard-coded", "neighbour", "reads-blank"]
    known = {"S": {(row, column) for row in range(1, 10) for column in range(10, 15)}}
    assert rules(audit(book, known)) == ["hard-coded"]


def test_error_values(tmp_path: Path) -> None:
    """Errors that a file shows are told, of a formula or as constants, and so are deleted references."""
    path = tmp_path / "book.xlsx"
    book = book_of(path, {"J1": "#N/A", "J3": "=A1", "J5": "=A1+#REF!", "J7": '=A1&"#REF!"'})
    at = book.sheets["S"].cells
    at[3, 10] = reader.Cell("A1", at[1, 10].value)
    at[5, 10] = reader.Cell("A1+#REF!", at[1, 10].value)
    findings = audit(book)
    assert rules(findings) == ["error-value"]
    assert [(each.cell, each.formula) for each in findings] == [("S!J5", "A1+#REF!"), ("S!J1", ""), ("S!J3", "A1")]


@pytest.mark.parametrize("state", ["hidden", "veryHidden", "visible"])
def test_hidden_sheets(tmp_path: Path, state: str) -> None:
    """A hidden worksheet with formulas is told, one with numbers only is not."""
    workbook = openpyxl.Workbook()
    for title, value in (("Sheet 2", "=1+0"), ("Data", 1)):
        sheet = workbook.create_sheet(title)
        sheet["A1"] = value
        sheet.sheet_state = state
    workbook.save(tmp_path / "book.xlsx")
    findings = audit(reader.read(tmp_path / "book.xlsx"))
    assert [(each.rule, each.cell) for each in findings] == (
        [] if state == "visible" else [("hidden-sheet", "'Sheet 2'!A1")]
    )


@pytest.mark.parametrize(
    ("setting", "value", "rule", "words"),
    [
        ("calcMode", "manual", ["calculation-mode"], "manual"),
        ("iterate", True, [], ""),
        ("fullPrecision", False, ["precision-as-displayed"], "precision as displayed"),
        ("calcMode", "auto", [], ""),
    ],
)
def test_calculation_mode(tmp_path: Path, setting: str, value: Any, rule: list[str], words: str) -> None:
    """Each departure from the usual calculation is told."""
    workbook = openpyxl.Workbook()
    setattr(workbook.calculation, setting, value)
    workbook.save(tmp_path / "book.xlsx")
    findings = audit(reader.read(tmp_path / "book.xlsx"))
    assert rules(findings) == rule
    assert all(words in finding.message for finding in findings)


def test_what_is_outside(tmp_path: Path) -> None:
    """Lines of what reaches out of the workbook become findings."""
    book = book_of(tmp_path / "book.xlsx", {})
    book.outside = ("macros (vbaProject.bin)", "a link to prices.xlsx")
    assert [(each.rule, each.message) for each in audit(book)] == [
        ("macros", "macros (vbaProject.bin)"),
        ("external-link", "a link to prices.xlsx"),
    ]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("SUM(A1;B1)", True), ("SUM(A1", True), ("A1+B1", False)],
)
def test_unreadable(found: Any, formula: str, expected: bool) -> None:
    """What cannot be read is told, once, and stops nothing."""
    assert ("unreadable" in rules(found({"J1": f"={formula}"}))) == expected


def test_generated_workbooks_have_no_findings(seven: Path) -> None:
    """Nothing is found in a workbook as it was written; little even if nothing were known of it."""
    book = reader.read(seven)
    assert whole.audited(networks_of(book), np.empty(0, np.int64), np.empty(0, np.int64)) == []
    known = {("hard-coded", "Explore"), ("reads-blank", "'conv-example'")}  # a blank pixel of a sample is 0
    assert {(finding.rule, finding.cell.partition("!")[0]) for finding in audit(book)} == known


@pytest.mark.skipif(not SHARED.exists(), reason="no workbooks of others at hand")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conv-example.xlsx", []),
        ("entropy_example.xlsx", [("hard-coded", "entropy!C9"), ("volatile", "log_entropy!I2")]),
    ],
)
def test_workbooks_of_others(name: str, expected: list[tuple[str, str]]) -> None:
    """In workbooks that people made by hand only what is there is found."""
    assert [(each.rule, each.cell) for each in audit(reader.read(SHARED / "real" / name))] == expected


def test_function_tables() -> None:
    """The tables hang together, and hold the functions that all programs must have."""
    assert PREFIXES.keys() < EXCEL
    safe = "SUM SUMPRODUCT MAX MIN EXP LN LOG TANH IF INDEX MATCH VLOOKUP CHOOSE COUNTIF SUMIF AVERAGE TEXT REPT"
    assert all(name in EXCEL and name not in PREFIXES and not lacking(name) for name in safe.split())
    assert openpyxl.utils.FORMULAE - {"DATESTRING"} <= EXCEL
