"""What an attack is, what became of one, and how one is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

from tests.editing import Package, Place
from xlconv import templates, workbook
from xlconv.check import verify
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import XlconvError
from xlconv.pages.choices import Chosen

Expected: TypeAlias = Literal["found", "all", "named", "innocent"]
"""What is right.

`found`: the verdict is not that it agrees, and where the changed cells are known a finding names one of them. `all`: it
names each of them. `named`: the formula's value is the same for every input, but not what a copy of it would give, or
its cached value is wrong, so a finding names it, whatever the verdict. `innocent`: nothing is called wrong.
"""

Change: TypeAlias = Callable[[Package], Iterable[Place] | Place | None]
"""Edits a workbook; the cells of which one is to be named, or None where the change is in no cell."""

DIGIT: Final = 7


@dataclass(frozen=True)
class Attack:
    """One change of a workbook.

    Args:
        kind: The class that it belongs to.
        name: In a few words; unique in its class.
        change: What it does.
        expected: What the checker has to say.
    """

    kind: str
    name: str
    change: Change
    expected: Expected = "found"


@dataclass(frozen=True)
class Outcome:
    """What the checker said.

    Args:
        right: Whether that is what it has to say.
        verdict: Its verdict, or the error's message.
        named: What its findings name, the first few.
        cells: Of which one is to be named.
    """

    right: bool
    verdict: str
    named: tuple[str, ...]
    cells: tuple[str, ...]


def base(path: Path) -> Path:
    """Write the workbook that is attacked."""
    template = templates.load("conv-example")
    workbook.write(template.network, Chosen(DIGIT), path, template.name, samples=template.samples, about=template.about)
    return path


def attempt(attack: Attack, original: Path) -> Outcome:
    """Make the change in a copy, and ask the checker."""
    package = Package(original)
    changed = attack.change(package)
    cells = tuple(map(str, [] if changed is None else [changed] if isinstance(changed, Place) else changed))
    with TemporaryDirectory() as folder:
        return judged(package.save(Path(folder) / "attacked.xlsx"), attack.expected, cells)


def judged(path: Path, expected: Expected, cells: tuple[str, ...]) -> Outcome:
    """Whether the checker says of a workbook what it has to say."""
    try:
        report = verify(path, [by_name(DEFAULT, isolated=False)])
    except XlconvError as error:
        verdict, named = f"error: {error.message}", [cell for cell in cells if cell.rpartition("!")[2] in error.message]
    else:
        verdict = report.verdict
        named = [cell.replace("'", "") for each in report.findings for cell in (each.cell, *each.cells) if cell]
    return Outcome(
        is_right(expected, verdict, set(named), set(cells)), verdict, tuple(sorted(set(named))[:6]), cells[:4]
    )


def is_right(expected: Expected, verdict: str, named: Set[str], cells: Set[str]) -> bool:
    """Whether a verdict and the cells that findings name are what has to be said of changed cells."""
    found, reached = verdict != "agrees", not cells or not cells.isdisjoint(named)
    match expected:
        case "found":
            return found and reached
        case "all":
            return found and cells <= named
        case "named":
            return bool(cells) and reached
        case "innocent":
            return verdict in ("agrees", "not checked")
