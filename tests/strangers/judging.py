"""What the checker says of a stranger's workbook, and what of that is not right."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.strangers.reading import Cell, behind
from tests.strangers.stranger import Made, Planted
from xlconv.cells import Range, column_letters
from xlconv.check import verify
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import XlconvError
from xlconv.recover import Recovered, recover
from xlconv.recover.describe import to_text as described
from xlconv.report import Report
from xlconv.report.text import to_text

LINES: Final = 30
"""In which `verify` and `recover` have to say that nothing was recognised, with examples of the formulas there are."""
_SAME: Final = {"Conv2d": "Linear"}
"""A dense layer of several samples is one of kernels as wide as a sample, too."""


@dataclass(frozen=True)
class Outcome:
    """What was said.

    Args:
        verdict: Of `verify`, or the error's message.
        accused: How many cells findings call wrong.
        networks: How many were found.
        lines: How many `verify` takes to say it.
        seconds: How long it takes.
        problems: What is not right about all that, in one line each.
    """

    verdict: str
    accused: int
    networks: int
    lines: int
    seconds: float
    problems: tuple[str, ...]


def judged(made: Made, path: Path) -> Outcome:
    """What is said of a workbook in which everything is right, saved at a path."""
    start = time.monotonic()
    try:
        report = verify(path, [by_name(DEFAULT, isolated=False)])
        recovered = recover(path)
    except XlconvError as error:
        return Outcome(f"error: {error.message}", 0, 0, 1, time.monotonic() - start, ("it could not be read",))
    seconds = time.monotonic() - start
    problems = (
        *_accusing(report),
        *_claiming(made, report, recovered),
        *_finding(made, recovered),
        *_telling(report, recovered),
    )
    return Outcome(
        report.verdict, len(accused(report)), len(recovered.networks), _lines(to_text(report)), seconds, problems
    )


def missed(made: Made, planted: Planted, path: Path) -> str:
    """What is not right about what is said once a fault is planted; empty where it alone is named.

    Args:
        made: The workbook, which is changed.
        planted: The fault.
        path: Where to save it.
    """
    sheet, _, address = planted.cell.rpartition("!")
    made.book[sheet][address] = planted.value
    made.book.save(path)
    try:
        report = verify(path, [by_name(DEFAULT, isolated=False)])
    except XlconvError as error:
        return f"error: {error.message}"
    named = accused(report)
    others = sorted(named - {planted.cell})
    if planted.cell not in named:
        instead = f", but {', '.join(others[:3])}" if others else ""
        return f"{planted.cell} ({planted.why}) is not named, the verdict is: {report.verdict}{instead}"
    return f"beside {planted.cell} ({planted.why}) {len(others)} right cells: {', '.join(others[:3])}" if others else ""


def accused(report: Report) -> set[str]:
    """The cells that findings call wrong, without quotes; of a finding of no cell its rule."""
    errors = [finding for finding in report.findings if finding.severity == "error"]
    return {cell.replace("'", "") for each in errors for cell in (each.cell, *each.cells) if cell} | {
        each.rule for each in errors if not each.cell
    }


def _accusing(report: Report) -> Iterator[str]:
    cells, rules = sorted(accused(report)), sorted({each.rule for each in report.findings if each.severity == "error"})
    if cells:
        yield f"accuses {len(cells)} right cells ({', '.join(rules)}): {', '.join(cells[:3])}"
    elif report.verdict == "differs":
        yield "differs, without a finding"


def _claiming(made: Made, report: Report, recovered: Recovered) -> Iterator[str]:
    """Whether more is said to agree than was read, or less than there is."""
    unread = _unread(made, recovered)
    if unread and report.agrees:
        yield f"agrees, though {len(unread)} formulas that read it were not read: {', '.join(unread[:3])}"
    if made.holds == "nothing" and report.agrees:
        yield "agrees, though there is no network"
    if made.agrees and report.verdict == "not checked":
        yield f"not checked: {report.unchecked}"


def _unread(made: Made, recovered: Recovered) -> list[str]:
    """The formulas that read a network that was found, and belong to none; but for those that are only beside it."""
    owned = (each.atlas.cell(place) for each in recovered.networks for place in each.formulas.tolist())
    reading = behind(made.book, {Cell(found.sheet, found.row, found.column) for found in owned})
    left = {Cell(group.sheet, *cell) for group in recovered.not_recognised for cell in group.cells}
    beside = [found for text in made.beside if (found := Range.parse("'{}'!{}".format(*text.split("!"))))]
    return [
        f"{cell.sheet}!{column_letters(cell.column)}{cell.row}"
        for cell in sorted(left & reading)
        if not any(each.sheet == cell.sheet and each.has(cell.row, cell.column) for each in beside)
    ]


def _finding(made: Made, recovered: Recovered) -> Iterator[str]:
    """Whether networks are found where there are some, and none where there is nothing."""
    kinds = Counter(type(node.layer).__name__ for found in recovered.networks for node in found.network.nodes)
    if made.holds == "nothing" and recovered.networks:
        yield f"{len(recovered.networks)} networks found where there is none: {', '.join(kinds)}"
    if made.holds == "network" and not recovered.networks:
        yield "no network found"
    elif lacking := _lacking(Counter(made.layers), kinds):
        yield f"not found: {', '.join(lacking)}"


def _lacking(wanted: Counter[str], kinds: Counter[str]) -> list[str]:
    """The layers that are to be found, and are not."""
    spare = kinds - wanted
    for kind, same in _SAME.items():
        kinds[same] += spare[kind]
    return sorted((wanted - kinds).elements())


def _telling(report: Report, recovered: Recovered) -> Iterator[str]:
    """Whether that nothing was recognised is told in few lines."""
    if recovered.networks:
        return
    for command, text in (("verify", to_text(report)), ("recover", described(recovered))):
        if _lines(text) > LINES:
            yield f"{command} says in {_lines(text)} lines that nothing was recognised"


def _lines(text: str) -> int:
    return text.count("\n") + 1
