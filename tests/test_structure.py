"""What no recalculation shows: formulas with words that their layer has no need of, in one cell or in a whole block."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from tests import tampering
from xlconv import reader
from xlconv.check import structure, verify
from xlconv.check.declared import declared_by
from xlconv.errors import WorkbookError

DENSE = r"SUMPRODUCT\(\$CN[^+]*\+SUMPRODUCT\([^)]*\)"
CONV1 = r"MAX\(0,SUMPRODUCT\(([A-Z0-9:]+),(\$AD\$11:\$AF\$13)\)\)"


@pytest.mark.parametrize(
    ("pattern", "replacement", "words"),
    [
        (DENSE, r"\g<0>+IF($A$5=1,50,0)", "calls IF"),
        (DENSE, r"\g<0>+IF(TODAY()&gt;60000,1,0)", "calls IF"),
        (DENSE, r"\g<0>+RAND()*1E-10", "calls RAND"),
        (DENSE, r"\g<0>+IFERROR(1/($A$5-1)*0,7)", "calls IFERROR"),
        (DENSE, r"\g<0>+0", "holds the number 0"),
        (DENSE, r"-(-(\g<0>))", "uses -"),
        (CONV1, r"MIN(500,\g<0>)", "calls MIN"),
        (CONV1, r"\g<0>+$A$3", "reads A3"),
        (CONV1, r"\g<0>+Network!$A$20", "reads A20"),
        (CONV1, r"MAX(0,SUMPRODUCT(OFFSET(\1,0,0),\2))", "calls OFFSET"),
        (CONV1, r"MAX(0,SUM(\1*\2))", r"uses \*"),
        (CONV1, r"MAX(0,SUM(\1+\2))", "calculates with the range"),
        (CONV1, r"MAX(0,SUMPRODUCT(\1,{0.1,0,0;0,0,0;0,0,0}))", "holds the number"),
        (CONV1, r"MAX(0,SUMPRODUCT(\1,conv1_weight_0_0))", "holds conv1_weight_0_0"),
        (CONV1, r"MAX(-1E-10,SUMPRODUCT(\1,\2))", "uses -"),
        (r"EXP\((\$?FO\d+)-MAX\(([^)]*)\)\)", r"EXP(\1)/EXP(MAX(\2))", "uses /"),
        (r"INDEX\(", "IF($A$5=1,3,0)+INDEX(", "calls IF"),
    ],
)
def test_foreign_words(seven: Path, tmp_path: Path, pattern: str, replacement: str, words: str) -> None:
    """A function, operator, number or cell that a layer has no need of is a finding, rare as its effect may be."""
    xml, count = re.subn(pattern, replacement, tampering.sheet_xml(seven))
    assert count > 0
    book = reader.read(tampering.with_sheet(seven, xml, tmp_path / "changed.xlsx"))
    findings = structure.check(book, declared_by(book))
    assert findings
    assert {finding.rule for finding in findings} == {"vocabulary"}
    assert re.search(words, findings[0].message), findings[0].message


def test_generated_formulas_have_no_foreign_words(seven: Path) -> None:
    """Nothing is found in a workbook as it was written."""
    book = reader.read(seven)
    assert structure.check(book, declared_by(book)) == []


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
        ("Network!$A$1:$F$10", "Network!$A$1:$F$9", "goes on below"),
        ("'conv-example'!$AI$5:$BH$30", "Network!$AI$5:$BH$30", "stands on another worksheet"),
        ("'conv-example'!$AI$5:$BH$30", "'conv-example'!$AI$5:$BH$31", "is 27x26 cells"),
        ("'conv-example'!$AI$5:$BH$30", "#REF!", "no defined name 'conv1_0'"),
    ],
)
def test_names_that_do_not_fit_the_layers(seven: Path, tmp_path: Path, old: str, new: str, words: str) -> None:
    """What the names and the table of layers say must hold together, else there is nothing to check against."""
    with pytest.raises(WorkbookError, match=words):
        verify(renamed(seven, tmp_path / "changed.xlsx", old, new))


def test_swapped_names_are_found(seven: Path, tmp_path: Path) -> None:
    """Two channels' names exchanged: the values no longer fit."""
    path = renamed(seven, tmp_path / "a.xlsx", 'name="conv1_0"', 'name="conv1_x"')
    path = renamed(path, tmp_path / "b.xlsx", 'name="conv1_1"', 'name="conv1_0"')
    path = renamed(path, tmp_path / "c.xlsx", 'name="conv1_x"', 'name="conv1_1"')
    report = verify(path, random=1)
    assert {finding.layer for finding in report.findings} >= {"conv1"}


def test_against_a_template(seven: Path, tmp_path: Path) -> None:
    """Another weight is named by its cell; other layers by the first that differs."""
    xml = tampering.sheet_xml(seven)
    changed = re.sub(r'(<c r="AD11"[^>]*><v>)[^<]*', r"\g<1>0.5", xml)
    path = tampering.with_sheet(seven, changed, tmp_path / "changed.xlsx")
    assert "weights" not in {finding.rule for finding in verify(path, random=1).findings}
    (finding,) = (f for f in verify(path, against="conv-example", random=1).findings if f.rule == "weights")
    assert (finding.cell, finding.expected, finding.got) == ("'conv-example'!AD11", "-0.2809", "0.5")
