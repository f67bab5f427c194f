"""One cell changed anywhere is found and named."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests import handmade, tampering
from tests.conftest import needs_libreoffice
from xlconv import reader, workbook
from xlconv.check import inputs, networks_of, structure, values
from xlconv.engines import by_name
from xlconv.processes import pool, processors
from xlconv.recover.declared import found_by
from xlconv.recover.reading import read
from xlconv.selftest.detectors import flags

CHANGES = 300


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook with channels, biases and ReLUs that is checked quickly."""
    path = tmp_path_factory.mktemp("small") / "small.xlsx"
    workbook.write(handmade.network(inline=True), handmade.image(), path)
    return path


def changes(xml: str, count: int, seed: int) -> list[tampering.Change]:
    rng = random.Random(seed)
    found: dict[tuple[str, str], tampering.Change] = {}
    while len(found) < count:
        change = tampering.random_change(xml, rng)
        if change is not None:
            found[change.address, change.after] = change
    return list(found.values())


def cells_found(small: Path, folder: Path, change: tampering.Change) -> set[str]:
    """The cells that the check names in a copy of the workbook with one change; with a few inputs, for speed."""
    path = tampering.with_sheet(small, change.xml, folder / f"{change.kind}-{change.address}-{hash(change)}.xlsx")
    recovered = networks_of(reader.read(path))
    (found,) = recovered.networks
    tried = inputs.choose(found, 1, 0).for_engines
    named = flags(recovered, by_name("formualizer", isolated=False), [[tried[0], *tried[-3:]]])
    return {flag.cell.rpartition("!")[2] for flag in set().union(*named)}


def test_every_single_change_is_found_and_named(small: Path, tmp_path: Path) -> None:
    """Of 300 random single-cell changes each gives a finding on that very cell, and on no other formula."""
    made = changes(tampering.sheet_xml(small), CHANGES, seed=1)
    found = pool.in_order(partial(cells_found, small, tmp_path), made, processors())
    wrong = [(c.kind, c.address, c.before, c.after, f) for c, f in zip(made, found, strict=True) if f != {c.address}]
    assert wrong == []
    assert {change.kind for change in made} == tampering.KINDS.keys()


def test_values_alone_find_nearly_all(small: Path, tmp_path: Path) -> None:
    """The comparison with the reference needs no help from the structure: at most one change in sixty hides."""
    xml = tampering.sheet_xml(small)
    picked = changes(xml, 60, seed=2)
    engine = by_name("formualizer", isolated=False)
    tried = inputs.choose(found_by(reader.read(small)), inputs.DEFAULT_RANDOM, 0).for_engines
    hidden = 0
    for change in picked:
        book = reader.read(tampering.with_sheet(small, change.xml, tmp_path / "changed.xlsx"))
        outcome = values.compare(book, found_by(book), engine, tried, 1e-9)
        cells = {finding.cell.rpartition("!")[2] for finding in outcome.findings}
        assert cells <= {change.address}
        hidden += change.address not in cells
    assert hidden <= 1


def test_errors_that_add_up_are_found(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cells are off but each is right by what it reads, the first layer that is off is a finding."""
    monkeypatch.setattr(values._Comparison, "_continued", lambda _, __, tally, *___: np.full(tally.cells.shape, np.nan))
    change = changes(tampering.sheet_xml(small), 1, seed=4)[0]
    book = reader.read(tampering.with_sheet(small, change.xml, tmp_path / "changed.xlsx"))
    net = found_by(book)
    tried = inputs.choose(net, 1, 0).for_engines
    outcome = values.compare(book, net, by_name("formualizer"), tried, 1e-9)
    (finding,) = outcome.findings
    assert "right by what it reads" in finding.message
    assert finding.layer == next(layer.layer for layer in outcome.result.layers if layer.wrong)


@needs_libreoffice
@pytest.mark.libreoffice
def test_libreoffice_sees_a_change_too(small: Path, tmp_path: Path) -> None:
    """The comparison in LibreOffice names the changed cell as well."""
    change = next(c for c in changes(tampering.sheet_xml(small), 40, seed=3) if c.kind == "swap_kernels")
    path = tampering.with_sheet(small, change.xml, tmp_path / "changed.xlsx")
    book = reader.read(path)
    net = found_by(book)
    tried = inputs.choose(net, 2, 0).for_engines
    outcome = values.compare(book, net, by_name("libreoffice"), tried, 1e-9)
    assert [finding.cell.rpartition("!")[2] for finding in outcome.findings] == [change.address]
    assert structure.check(book, net, read(book)) != [] or change.before.startswith("SUMPRODUCT")
