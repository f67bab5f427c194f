"""Many cases in worker processes that are replaced when they die, and a table of what came out."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as Late
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from pebble import ProcessExpired, ProcessPool

from tests.fuzz import bases, differences, worker
from tests.fuzz.cases import FORMULAS, KINDS, Case
from tests.fuzz.tally import Tally
from tests.fuzz.worker import Outcome

_WALL_SECONDS: Final = 60
_BATCH: Final = 60
"""Workbooks that LibreOffice reads in one run."""


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of all chance")
    parser.add_argument(
        "--count", type=int, default=None, help="workbooks; twice as many formulas, two fifths templates"
    )
    parser.add_argument("--workbooks", type=int, default=None, metavar="N", help="mutated workbooks")
    parser.add_argument("--formulas", type=int, default=None, metavar="N", help=f"formulas, {FORMULAS} in a case")
    parser.add_argument("--templates", type=int, default=None, metavar="N", help="mutated templates, pictures, digits")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="cases at a time")
    parser.add_argument("--only", action="append", metavar="KIND:NUMBER", help="this case, shown at length")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where to put the files of cases that fail")
    parser.add_argument("--isolated", action="store_true", help="engines in processes of their own, as in real life")
    parser.add_argument("--no-libreoffice", action="store_true", help="compare nothing with LibreOffice")
    parser.add_argument("--patience", type=float, default=_WALL_SECONDS, metavar="S", help="by the clock, for a case")
    return parser.parse_args(arguments)


def chosen(asked: argparse.Namespace) -> list[Case]:
    """The cases that are asked for, the kinds in turn."""
    if asked.only:
        return [Case(kind, int(number), asked.seed) for kind, _, number in (each.partition(":") for each in asked.only)]
    given = (asked.workbooks, asked.formulas, asked.templates)
    count = 100 if asked.count is None and given == (None, None, None) else asked.count or 0
    usual = (count, 2 * count, 2 * count // 5)
    workbooks, formulas, templates = (own if n is None else n for n, own in zip(given, usual, strict=True))
    counts = dict(zip(KINDS, (workbooks, -(-formulas // FORMULAS), templates), strict=True))
    cases = [Case(kind, number, asked.seed) for kind, n in counts.items() for number in range(n)]
    return sorted(cases, key=lambda case: case.number / counts[case.kind])


def outcomes(cases: Sequence[Case], home: Path, jobs: int, isolated: bool, patience: float) -> Iterator[Outcome]:
    """What becomes of each case, in order; one that ends its process, or does not end, costs no other one."""
    start = get_context("spawn")
    pool = ProcessPool(min(jobs, len(cases)), context=start, initializer=worker.prepare, initargs=(isolated,))
    try:
        futures = [pool.schedule(worker.run, args=(case, home), timeout=patience) for case in cases]
        for case, future in zip(cases, futures, strict=True):
            try:
                yield future.result()
            except Late:
                yield Outcome(case, problem=f"no end within {patience:g} s")
            except ProcessExpired as error:
                yield Outcome(case, problem=f"its process ended: {error}")
    finally:
        pool.stop()  # to close it would wait for workers that are still starting
        pool.join()


def confirmed(outcome: Outcome, home: Path, patience: float) -> Outcome:
    """What becomes of a case that fails, where engines have processes of their own: that alone counts."""
    (again,) = outcomes([outcome.case], home, 1, True, patience)
    return again


def run(asked: argparse.Namespace, home: Path) -> Tally:
    """Run what is asked for."""
    tally = Tally(asked.seed, asked.keep)
    compares = differences.available() and not asked.no_libreoffice
    waiting: dict[Path, Outcome] = {}
    for outcome in outcomes(chosen(asked), home, asked.jobs, asked.isolated, asked.patience):
        if outcome.problem and not asked.isolated:
            tally.held += 1
            outcome = confirmed(outcome, home, asked.patience)
        tally.add(outcome, home)
        if outcome.compare and compares:
            waiting[outcome.compare] = outcome
        if len(waiting) >= _BATCH:
            _compare(waiting, tally, home)
    _compare(waiting, tally, home)
    return tally


def _compare(waiting: dict[Path, Outcome], tally: Tally, home: Path) -> None:
    """Compare what is waiting, and forget it."""
    if not waiting:
        return
    tally.compared += len(waiting)
    for path, problem in differences.compare({path: outcome.values for path, outcome in waiting.items()}):
        if problem == differences.STUMBLES:
            tally.stumbled += 1
        else:
            tally.differ(waiting[path], problem, home)
    for path in waiting:
        shutil.rmtree(path.parent, ignore_errors=True)
    waiting.clear()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table; 1 if anything failed."""
    asked = options(arguments)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        bases.make(home)
        tally = run(asked, home)
    print(tally.table(time.monotonic() - start))
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
