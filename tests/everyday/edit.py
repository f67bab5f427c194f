"""What an everyday edit is, and what the checker has to say of one: it agrees, with one note at most."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tests import handmade
from tests.attacks.attack import base as seven
from tests.editing import Package
from xlconv import workbook
from xlconv.check import verify
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import XlconvError

Change: TypeAlias = Callable[[Path, Path], None]
"""Makes of one file another."""
BESIDE: Final = ("have no cached value", "the sample digits do not fit")
"""What the checker notes of a workbook that was saved by a program that computes nothing, and of the small network."""
Base: TypeAlias = Literal["seven", "biased"]
"""The workbook that is edited: the template's, or one of a small network with biases."""


@dataclass(frozen=True)
class Edit:
    """One thing that people do.

    Args:
        kind: The class that it belongs to.
        name: In a few words; unique in its class.
        change: What it does.
        base: To which workbook.
        needs: The program that does it; empty for none.
    """

    kind: str
    name: str
    change: Change
    base: Base = "seven"
    needs: str = ""


@dataclass(frozen=True)
class Outcome:
    """What the checker said.

    Args:
        clean: Whether it agrees, with one note at most.
        verdict: Its verdict, or the error's message.
        said: Its findings and notes, but for those that have nothing to do with the edit.
    """

    clean: bool
    verdict: str
    said: tuple[str, ...]


def bases(folder: Path) -> None:
    """Write the workbooks that are edited."""
    seven(folder / "seven.xlsx")
    workbook.write(handmade.network(inline=True), handmade.image(), folder / "biased.xlsx")


def attempt(edit: Edit, folder: Path) -> Outcome:
    """Make the edit in a copy, and ask the checker.

    Args:
        edit: What to do.
        folder: Where the workbooks that are edited are; the copy comes there, too.
    """
    target = folder / f"{re.sub(r'[^a-z0-9]+', '-', f'{edit.kind} {edit.name}'.lower())}.xlsx"
    try:
        edit.change(folder / f"{edit.base}.xlsx", target)
        return judged(target)
    finally:
        target.unlink(missing_ok=True)


def judged(path: Path) -> Outcome:
    """What the checker says of a workbook."""
    try:
        report = verify(path, [by_name(DEFAULT, isolated=False)])
    except XlconvError as error:
        return Outcome(False, f"error: {error.message}", ())
    findings = [f"{each.rule} {each.cell} {each.message}" for each in report.findings]
    said = (*findings, *(note for note in report.notes if not any(text in note for text in BESIDE)))
    return Outcome(report.agrees and len(said) <= 1, report.verdict, said)


def by_package(change: Callable[[Package], object]) -> Change:
    """An edit of the XML."""

    def changed(source: Path, target: Path) -> None:
        package = Package(source)
        change(package)
        package.save(target)

    return changed


def without_caches(change: Callable[[Package], object]) -> Change:
    """An edit of what formulas read, so that the values that were computed before are none of the workbook's now."""

    def changed(package: Package) -> None:
        change(package)
        package.strip_caches()

    return by_package(changed)
