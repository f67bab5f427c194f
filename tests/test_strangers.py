"""Workbooks of strangers: what is right in them is left in peace, what is planted in their networks is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import needs_libreoffice
from tests.strangers import corpus
from tests.strangers.computing import has_areas, unlike
from tests.strangers.judging import judged, missed
from xlconv.cli import cli

NAMES = list(corpus.by_name())
PLAIN = [name for name in NAMES if not has_areas(corpus.by_name()[name].make().book)]
EMPTY = [name for name in NAMES if corpus.by_name()[name].make().holds == "nothing"]
FAULTS = [
    pytest.param(name, number, id=f"{name}: {fault.why}")
    for name in NAMES
    for number, fault in enumerate(corpus.by_name()[name].make().faults)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stranger.xlsx"


@pytest.mark.parametrize("name", PLAIN)
def test_they_are_right(name: str, path: Path) -> None:
    """The embedded engine shows what was worked out without it, where it can; it fills no areas by array formulas."""
    made = corpus.by_name()[name].make()
    made.book.save(path)
    assert unlike(made, path, ("formualizer",)) == []


@needs_libreoffice
@pytest.mark.libreoffice
@pytest.mark.parametrize("name", NAMES)
def test_they_are_right_in_a_spreadsheet_program(name: str, path: Path) -> None:
    """With LibreOffice for what the embedded engine lacks, every cell has its value, and no error that is not meant."""
    made = corpus.by_name()[name].make()
    made.book.save(path)
    engines = ("formualizer", "libreoffice") if name in PLAIN else ("libreoffice",)
    assert unlike(made, path, engines, every=True) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_right_is_left_in_peace(name: str, path: Path) -> None:
    """No cell is accused, nothing agrees that was not read, and where there is no network that is said in few lines."""
    made = corpus.by_name()[name].make()
    made.book.save(path)
    assert judged(made, path).problems == ()


UNSAID = {"habits: blank separators": "a window over the row above is not told from other weights: it is not checked"}
"""Faults that are left unchecked, and not named."""


@pytest.mark.parametrize(("name", "number"), FAULTS)
def test_what_is_planted_is_named(name: str, number: int, path: Path) -> None:
    """A fault in a network is named, and no other cell."""
    made = corpus.by_name()[name].make()
    if name in UNSAID:
        pytest.xfail(UNSAID[name])
    assert missed(made, made.faults[number], path) == ""


@pytest.mark.parametrize("name", EMPTY)
def test_that_there_is_no_network_is_said(name: str, path: Path) -> None:
    """`verify` ends with 2 and `recover` with 1, and one line says why."""
    corpus.by_name()[name].make().book.save(path)
    checked = CliRunner().invoke(cli, ["verify", str(path)], standalone_mode=False)
    assert checked.return_value == 2
    assert checked.stderr.splitlines() == [f"xlconv: {path}: not checked: no network was recognised in its formulas"]
    found = CliRunner().invoke(cli, ["recover", str(path)], standalone_mode=False)
    assert found.return_value == 1
    assert found.stdout.splitlines()[0] == f"{path}: 0 networks"


def test_there_are_many() -> None:
    """Families of all kinds; most are no network, and each network has a fault to be found."""
    made = {name: each.make() for name, each in corpus.by_name().items()}
    networks = [each for each in made.values() if each.holds == "network"]
    assert len(made) >= 36
    assert len(networks) >= 8
    assert all(each.layers and each.faults for each in networks)
    assert len({each.family for each in corpus.by_name().values()}) >= 8
