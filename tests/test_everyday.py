"""A share of the everyday edits, the same one every time: the checker leaves them in peace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_gnumeric, needs_libreoffice, needs_node
from tests.editing import Package
from tests.everyday import corpus, programs, sheets
from tests.everyday.edit import Edit, attempt

NEEDS = {
    programs.LIBREOFFICE: [needs_libreoffice, pytest.mark.libreoffice],
    programs.GNUMERIC: [needs_gnumeric],
    programs.NODE: [needs_node],
    "": [],
}
SEED = 2026
SHARE = 30
"""Edits that are made here beside what programs save as it is; the command makes all."""
EDITS = [
    pytest.param(edit, marks=NEEDS[edit.needs], id=f"{edit.kind}: {edit.name}") for edit in corpus.share(SHARE, SEED)
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbooks that are edited."""
    folder = tmp_path_factory.mktemp("everyday")
    corpus.prepare(folder, [])
    return folder


@pytest.fixture(scope="module")
def prepared(home: Path) -> Callable[[str], None]:
    """What gets a program ready, once, where a test needs it."""
    ready: set[str] = set()

    def prepare(program: str) -> None:
        programs.prepare(home, {program} - ready)
        ready.add(program)

    return prepare


@pytest.mark.parametrize("edit", EDITS)
def test_the_checker_agrees(home: Path, prepared: Callable[[str], None], edit: Edit) -> None:
    """After it the workbook is still its network, of which there is one thing to be noted at most."""
    prepared(edit.needs)
    outcome = attempt(edit, home)
    assert outcome.clean, outcome


def test_there_are_many() -> None:
    """Edits of five classes, most of which need no program that may be missing; a share has some of each."""
    kinds = {edit.kind for edit in corpus.by_name().values()}
    assert kinds == {"beside", "looks", "sheets", "inputs", "programs"} == {e.kind for e in corpus.share(SHARE, SEED)}
    assert len(corpus.by_name()) >= 140
    assert sum(not edit.needs for edit in corpus.by_name().values()) >= 100


def test_a_renamed_worksheet_is_followed_everywhere(home: Path) -> None:
    """No formula, name, validation, chart or link reads a worksheet by a title that it no longer has."""
    package = Package(home / "seven.xlsx")
    sheets.all_renamed(package)
    assert package.titles() == ["My first net", "Layers", "Look closer", "Paper's edge", "Digits"]
    for part in package.parts:
        if part.startswith(("xl/worksheets/sheet", "xl/charts", "xl/workbook")):
            found = package.text(part)
            assert not [title for title in sheets.NEW if f"<f>'{title}'!" in found or f'location="{title}!' in found]
    assert package.names()["draw_0"] == "'Paper''s edge'!$B$5:$AC$32"
    assert package.formula(package.at("input_0")).startswith("IF($L$47=0,'Paper''s edge'!B5,INDEX('Digits'!$E$5")
