"""Formulas against what their layer does at their place: by meaning, whatever the numbers and however it is said."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests import tampering
from tests.locating import located
from xlconv import reader, workbook
from xlconv.check import structure, verify
from xlconv.errors import WorkbookError
from xlconv.layers import ZeroPad2d
from xlconv.network import Network, Node
from xlconv.reader import Cell
from xlconv.recover.declared import found_by
from xlconv.recover.reading import read as reading_of
from xlconv.report import Finding

DENSE = r"SUMPRODUCT\({$maxpool_0},[^+]*\+SUMPRODUCT\([^)]*\)"
CONV1 = r"SUMPRODUCT\(([A-Z0-9:]+),({$conv1_weight_0_0})\)"
"""What stands in the 676 cells of conv1's channel 0, within `MAX(0,...)`."""
EXP = r"EXP\(([A-Z]+\d+)-MAX\(([^)]*)\)\)"
POOL = r"MAX\(([A-Z0-9]+:[A-Z0-9]+)\)<"


def checked(seven: Path, tmp_path: Path, pattern: str, replacement: str, count: int = 0) -> tuple[int, list[Finding]]:
    """How many formulas were changed, all or the first few, and what is found in the changed workbook.

    In the pattern a dollar is a dollar, as in the replacement.
    """
    pattern, replacement = located(pattern, seven).replace("$", r"\$"), located(replacement, seven)
    xml, changed = re.subn(pattern, replacement, tampering.sheet_xml(seven), count=count)
    book = reader.read(tampering.with_sheet(seven, xml, tmp_path / "changed.xlsx"))
    reading = reading_of(book)
    return changed, structure.check(book, found_by(book), reading)


@pytest.mark.parametrize(
    ("pattern", "replacement", "rule", "words"),
    [
        (DENSE, r"\g<0>+IF({$input_0 0 0}=1,50,0)", "formula", "holds the number 50"),
        (DENSE, r"\g<0>+IF(TODAY()&gt;60000,1,0)", "not-proved", "calls TODAY"),
        (DENSE, r"\g<0>+RAND()*1E-10", "not-proved", "calls RAND"),
        (DENSE, r"\g<0>+IFERROR(1/({$input_0 0 0}-1)*0,7)", "formula", "holds the number 7"),
        (DENSE, r"\g<0>+1E-300", "not-proved", "holds the number 1e-300"),
        (DENSE, r"\g<0>*1", "", ""),
        (DENSE, r"\g<0>*2", "formula", "holds the number 2"),
        (DENSE, r"-(\g<0>)", "formula", "nothing that a layer does"),
        (DENSE, r"\g<0>+{$input_0 1 0}", "formula", "the value of {input_0 1 0}"),
        (CONV1, r"MIN(500,\g<0>)", "formula", "holds the number 500"),
        (CONV1, r"\g<0>+{$input_0 0 0}", "formula", "the value of {input_0 0 0}"),
        (CONV1, r"\g<0>+Network!$A$40", "reads-blank", "outside the blocks: A40"),
        (CONV1, r"SUMPRODUCT(OFFSET(\1,0,0),\2)", "not-proved", "calls OFFSET"),
        (CONV1, r'SUMPRODUCT(INDIRECT("\1"),\2)', "not-proved", "calls INDIRECT"),
        (CONV1, r"SUM(\1+\2)", "formula", "the value of"),
        (CONV1, r"SUMPRODUCT(\1,\1)", "formula", "products of"),
        (CONV1, r"SUMPRODUCT(\1,{0.1,0,0;0,0,0;0,0,0})", "formula", "holds the number 0.1"),
        (CONV1, r"SUMPRODUCT(\1,conv1_weight_1_0)", "formula", "{conv1_weight_1_0}"),
        (rf"MAX\(0,{CONV1}\)", r"MAX(-1E-10,SUMPRODUCT(\1,\2))", "formula", "holds the number 1e-10"),
        (rf"MAX\(0,{CONV1}\)", r"SUMPRODUCT(\1,\2)", "formula", "products of"),
        (
            rf"MAX\(0,{CONV1}\)",
            r"MAX(0,SUMPRODUCT(\1,\2))+{$input_0 0 0}",
            "formula",
            "with ReLU, the value of {input_0 0 0}",
        ),
        (EXP, r"EXP(\1)", "formula", "EXP of"),
        (POOL, r"LARGE(\1,2)<", "not-proved", "holds the number 2"),
        (POOL, r"SUM(\1)<", "formula", "the value of"),
        (POOL, r"MAX(0,\1)<", "not-proved", "with ReLU"),
        ("<f>INDEX", "<f>IF({$input_0 0 0}=1,3,0)+INDEX", "formula", "holds the number 3"),
        (r"MATCH\(MAX\(", "MATCH(MIN(", "formula", "the smallest of"),
    ],
)
def test_other_meanings(seven: Path, tmp_path: Path, pattern: str, replacement: str, rule: str, words: str) -> None:
    """A formula that does not do what its layer does there is a finding, rare as its effect may be: one a cell."""
    changed, findings = checked(seven, tmp_path, pattern, replacement)
    assert changed > 0
    assert sum(finding.count for finding in findings) == (changed if rule else 0)
    if rule:
        assert findings[0].rule == rule
        assert located(words, seven) in findings[0].message + findings[0].got


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (DENSE, r"\g<0>+0"),
        (DENSE, r"-(-(\g<0>))"),
        (CONV1, r"SUM(\1*\2)"),
        (CONV1, r"SUMPRODUCT(\2,\1)"),
        (CONV1, r"SUMPRODUCT((\1)*(\2))"),
        (CONV1, r"sumproduct( \1 , \2 )"),
        (CONV1, r"SUMPRODUCT(\1,conv1_weight_0_0)"),
        (CONV1, r"SUMPRODUCT('conv-example'!\1,\2)"),
        (rf"MAX\(0,({CONV1})\)", r"MAX(\1,0)"),
        (rf"MAX\(0,({CONV1})\)", r"IF(\1&gt;0,\1,0)"),
        (rf"MAX\(0,({CONV1})\)", r"IF(\1&lt;=0,0,\1)"),
        (rf"MAX\(0,({CONV1})\)", r"MAX(0,MAX(0,\1))"),
        (POOL, r"MAX(MAX(\1),MAX(\1))<"),
        (POOL, r"LARGE(\1,1)<"),
        (EXP, r"EXP(+\1-MAX(\2))"),
        (EXP, r"EXP(-MAX(\2))*EXP(\1)"),
    ],
)
def test_other_spellings(seven: Path, tmp_path: Path, pattern: str, replacement: str) -> None:
    """A formula that does the same in other words is no finding, and neither is what was written."""
    changed, findings = checked(seven, tmp_path, pattern, replacement)
    assert changed > 0
    assert findings == []


def test_generated_formulas_are_right(seven: Path) -> None:
    """Nothing is found in a workbook as it was written."""
    book = reader.read(seven)
    assert structure.check(book, found_by(book), reading_of(book)) == []


CELL = "'conv-example'!{conv1_0 0 13}"
WINDOW, BELOW = "{input_0 0 13}:{input_0 2 15}", "{input_0 1 13}:{input_0 3 15}"
"""What the cell reads, and what the one below it does."""
DUE = f"=MAX(0,SUMPRODUCT({WINDOW},{{$conv1_weight_0_0}}))"


def test_what_is_due_is_said_in_the_neighbours_words(seven: Path, tmp_path: Path) -> None:
    """Expected is the formula as its neighbours have it, moved to the cell; got is what the cell does instead."""
    _, (finding,) = checked(seven, tmp_path, rf"SUMPRODUCT\({WINDOW},", f"SUMPRODUCT({BELOW},", count=1)
    assert (finding.rule, finding.cell, finding.layer) == ("formula", located(CELL, seven), "conv1")
    assert finding.expected == located(DUE, seven)
    assert finding.got == located(f"products of {BELOW} with {{conv1_weight_0_0}}, with ReLU", seven)
    assert finding.formula == located(f"MAX(0,SUMPRODUCT({BELOW},{{$conv1_weight_0_0}}))", seven)


@pytest.mark.parametrize(
    ("content", "rule", "got"),
    [("<v>0.25</v>", "constant", "0.25"), ("", "blank", "blank"), ("<v>0</v>", "constant", "0.0")],
)
def test_no_formula_where_one_is_due(seven: Path, tmp_path: Path, content: str, rule: str, got: str) -> None:
    """A number or nothing in the place of a formula is a finding, whatever the number."""
    cell = r'(<c r="{conv1_0 0 13}"[^>]*>)<f>[^<]*</f><v>[^<]*</v>'
    changed, (finding,) = checked(seven, tmp_path, cell, rf"\g<1>{content}")
    assert changed == 1
    assert (finding.rule, finding.cell, finding.got) == (rule, located(CELL, seven), got)
    assert finding.expected == located(DUE, seven)


def test_a_copy_of_a_wrong_copy_is_right(tmp_path: Path) -> None:
    """Cells of two paddings are copies: one that copies a blank cell is at fault, the one that copies it is not."""
    network = Network((1, 2, 2), [Node("first", ZeroPad2d((1, 0, 0, 0))), Node("second", ZeroPad2d((1, 0, 0, 0)))], {})
    workbook.write(network, np.ones((1, 2, 2)), tmp_path / "x.xlsx")
    book = reader.read(tmp_path / "x.xlsx")
    where = book.named_range("first_0")
    assert where is not None
    cell = where.part(1, 2)
    blank = cell._replace(row=cell.row + 9).address
    book.sheets[cell.sheet].cells[cell.row, cell.column] = Cell(blank, None)
    found = structure.check(book, found_by(book), reading_of(book))
    assert {finding.cell for finding in found} == {cell.place}


def test_many_wrong_cells_are_counted(seven: Path, tmp_path: Path) -> None:
    """Of a block that is wrong as a whole each of the first cells is named, the rest are one finding."""
    changed, findings = checked(seven, tmp_path, CONV1, r"\g<0>+{$input_0 0 0}")
    assert changed == 676
    assert [finding.count for finding in findings] == [1] * 200 + [476]
    assert len({finding.cell for finding in findings}) == 201
    assert len(findings[-1].cells) == 200


def renamed(seven: Path, target: Path, old: str, new: str) -> Path:
    """A copy whose workbook part, where the defined names are, is changed."""
    with zipfile.ZipFile(seven) as source, zipfile.ZipFile(target, "w") as package:
        for name in source.namelist():
            data = source.read(name).decode() if name == "xl/workbook.xml" else source.read(name)
            if isinstance(data, str):
                assert old in data
                data = data.replace(old, new)
            package.writestr(name, data)
    return target


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Network!{$network}", "Network!{$network 0 0}:{$network 8 5}", "goes on below"),
        ("'conv-example'!{$conv1_0}", "Network!{$conv1_0}", "stands on another worksheet"),
        ("'conv-example'!{$conv1_0}", "'conv-example'!{$conv1_0 0 0}:{$conv1_0 26 25}", "is 27x26 cells"),
        ("'conv-example'!{$conv1_0}", "#REF!", "no defined name 'conv1_0'"),
    ],
)
def test_names_that_do_not_fit_the_layers(seven: Path, tmp_path: Path, old: str, new: str, words: str) -> None:
    """What the names and the table of layers say must hold together, else there is nothing to check against."""
    path = renamed(seven, tmp_path / "changed.xlsx", f">{located(old, seven)}<", f">{located(new, seven)}<")
    with pytest.raises(WorkbookError, match=words):
        verify(path)


def test_swapped_names_are_found(seven: Path, tmp_path: Path) -> None:
    """Two channels' names exchanged: the values no longer fit."""
    path = renamed(seven, tmp_path / "a.xlsx", 'name="conv1_0"', 'name="conv1_x"')
    path = renamed(path, tmp_path / "b.xlsx", 'name="conv1_1"', 'name="conv1_0"')
    path = renamed(path, tmp_path / "c.xlsx", 'name="conv1_x"', 'name="conv1_1"')
    report = verify(path, random=1)
    assert {finding.layer for finding in report.findings} >= {"conv1"}
