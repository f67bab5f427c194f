"""A share of the attacks, the same one every time, and what `python -m tests.attacks` itself would notice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.attacks import corpus, explore
from tests.attacks.attack import Attack, Expected, attempt, base, is_right
from tests.editing import Package
from xlconv import reader

SEED = 2026
SHARE = 36
"""Attacks that are tried here; the command tries all."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base(tmp_path_factory.mktemp("attacks") / "original.xlsx")


@pytest.mark.parametrize(
    "attack", corpus.share(corpus.usual(), SHARE, SEED), ids=lambda attack: f"{attack.kind}: {attack.name}"
)
def test_a_share(original: Path, attack: Attack) -> None:
    """What no longer computes or shows its network is found, and its cell named; what still does is not accused."""
    outcome = attempt(attack, original)
    assert outcome.right, outcome


@pytest.mark.parametrize(
    ("verdict", "named", "found", "all_found", "only_named", "innocent"),
    [
        ("agrees", "", False, False, False, True),
        ("agrees", "N!A1", False, False, True, True),
        ("not checked", "", False, False, False, True),
        ("not checked", "N!A1", True, False, True, True),
        ("differs", "", False, False, False, False),
        ("differs", "N!A1", True, False, True, False),
        ("differs", "N!A1 N!B2 N!C3", True, True, True, False),
        ("differs", "N!C3", False, False, False, False),
        ("error: N!A1 is no number", "N!A1", True, False, True, False),
    ],
)
def test_what_counts_as_found(
    verdict: str, named: str, found: bool, all_found: bool, only_named: bool, innocent: bool
) -> None:
    """Of changes in N!A1 and N!B2: no verdict that it agrees, and one of the cells named, or each of them."""
    expected: tuple[Expected, ...] = ("found", "all", "named", "innocent")
    said = [is_right(each, verdict, set(named.split()), {"N!A1", "N!B2"}) for each in expected]
    assert said == [found, all_found, only_named, innocent]


def test_where_no_cell_is_known() -> None:
    """The verdict alone counts, so that a value which is only to be named cannot be right."""
    assert is_right("found", "not checked", set(), set())
    assert not is_right("found", "agrees", {"N!A1"}, set())
    assert not is_right("named", "differs", {"N!A1"}, set())


def test_every_attack_changes_the_workbook(original: Path, tmp_path: Path) -> None:
    """Each of them makes another package, and the cells that it says it changes are there or were."""
    before = Package(original).parts
    changed = Counter[str]()
    for attack in corpus.usual():
        package = Package(original)
        attack.change(package)
        assert package.parts != before, attack
        changed[attack.kind] += 1
    assert changed.total() >= 500
    assert min(changed.values()) >= 5


def test_traps_stand_in_fifty_formulas(original: Path) -> None:
    """The traps of Explore stand in more than fifty formulas, among them one at least of each kind in each table."""
    package = Package(original)
    drawn = explore.drawn_cells(package)
    trapped = set(drawn[: explore.DRAWN])
    kinds = explore.kinds(package)
    assert len(trapped) == explore.DRAWN >= 50
    assert len(drawn) == len(set(drawn)) == sum(map(len, kinds)) == 995
    assert len(kinds) >= 30
    assert [places for places in kinds if trapped.isdisjoint(places)] == []


def test_every_choice_there_is(original: Path) -> None:
    """What can be asked for in Explore is every number of the layers that the network has."""
    book = reader.read(original)
    cells = 0
    for name in ("conv1_0", "conv1_1", "conv2_0", "conv2_1", "maxpool_0", "maxpool_1", "dense", "softmax"):
        where = book.named_range(name)
        assert where is not None
        cells += len(list(where.cells()))
    assert len(explore.choices()) == len(set(explore.choices())) == cells == 2812
