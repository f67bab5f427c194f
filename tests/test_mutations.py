"""One cell changed anywhere is found and named."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest

from tests import tampering
from tests.conftest import needs_libreoffice
from xlconv import reader
from xlconv.check import inputs, structure, values, verify
from xlconv.check.declared import declared_by
from xlconv.engines import by_name

CHANGES = 300


def changes(xml: str, count: int, seed: int) -> list[tampering.Change]:
    rng = random.Random(seed)
    found: dict[tuple[str, str], tampering.Change] = {}
    while len(found) < count:
        change = tampering.random_change(xml, rng)
        if change is not None:
            found[change.address, change.after] = change
    return list(found.values())


def cells_found(seven: Path, change: tampering.Change, target: Path) -> set[str]:
    """The cells that verify names in a copy of the workbook with one change."""
    report = verify(tampering.with_sheet(seven, change.xml, target))
    return {finding.cell.rpartition("!")[2] for finding in report.findings if finding.rule != "stale"}


def test_every_single_change_is_found_and_named(seven: Path, tmp_path: Path) -> None:
    """Of 300 random single-cell changes each gives a finding on that very cell, and on no other formula."""
    made = changes(tampering.sheet_xml(seven), CHANGES, seed=1)
    targets = [tmp_path / f"{number}.xlsx" for number in range(CHANGES)]
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(cells_found, repeat(seven), made, targets, chunksize=5))
    wrong = [(c.kind, c.address, c.before, c.after, f) for c, f in zip(made, found, strict=True) if f != {c.address}]
    assert wrong == []
    assert {change.kind for change in made} == tampering.KINDS.keys()


def test_values_alone_find_nearly_all(seven: Path, tmp_path: Path) -> None:
    """The comparison with the reference needs no help from the structure: at most one change in sixty hides."""
    xml = tampering.sheet_xml(seven)
    picked = changes(xml, 60, seed=2)
    engine = by_name("formualizer")
    tried, _ = inputs.choose(declared_by(reader.read(seven)), inputs.DEFAULT_RANDOM, 0)
    hidden = 0
    for change in picked:
        book = reader.read(tampering.with_sheet(seven, change.xml, tmp_path / "changed.xlsx"))
        outcome = values.compare(book, declared_by(book), engine, tried, 1e-9)
        cells = {finding.cell.rpartition("!")[2] for finding in outcome.findings}
        assert cells <= {change.address}
        hidden += change.address not in cells
    assert hidden <= 1


def test_errors_that_add_up_are_found(seven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cells are off but each is right by what it reads, the first layer that is off is a finding."""
    monkeypatch.setattr(values._Comparison, "_find_faults", lambda *_: None)
    change = changes(tampering.sheet_xml(seven), 1, seed=4)[0]
    book = reader.read(tampering.with_sheet(seven, change.xml, tmp_path / "changed.xlsx"))
    net = declared_by(book)
    tried, _ = inputs.choose(net, 1, 0)
    outcome = values.compare(book, net, by_name("formualizer"), tried, 1e-9)
    (finding,) = outcome.findings
    assert "right by what it reads" in finding.message
    assert finding.layer == next(layer.layer for layer in outcome.result.layers if layer.wrong)


@needs_libreoffice
@pytest.mark.libreoffice
def test_libreoffice_sees_a_change_too(seven: Path, tmp_path: Path) -> None:
    """The comparison in LibreOffice names the changed cell as well."""
    change = next(c for c in changes(tampering.sheet_xml(seven), 40, seed=3) if c.kind == "swap_kernels")
    path = tampering.with_sheet(seven, change.xml, tmp_path / "changed.xlsx")
    book = reader.read(path)
    net = declared_by(book)
    tried, _ = inputs.choose(net, 2, 0)
    outcome = values.compare(book, net, by_name("libreoffice"), tried, 1e-9)
    assert [finding.cell.rpartition("!")[2] for finding in outcome.findings] == [change.address]
    assert structure.check(book, net) != [] or change.before.startswith("SUMPRODUCT")
