"""Ask the checker about strangers' workbooks, and print what it says of each: `python -m tests.strangers`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.strangers import corpus
from tests.strangers.judging import Outcome


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.strangers", description=__doc__)
    parser.add_argument("--name", default="", help="only those whose name has this text in it")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="workbooks at a time")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the workbooks there, and ask nothing")
    return parser.parse_args(arguments)


def main() -> None:
    """Exit code 1 where something is not right about what the checker says."""
    asked = options()
    names = [name for name in corpus.by_name() if asked.name in name]
    if asked.save:
        corpus.save(names, asked.save)
        return
    wrong = 0
    print(f"{'workbook':<42}{'verdict':<13}{'accused':>7}{'networks':>9}{'lines':>6}{'s':>6}  planted")
    with TemporaryDirectory() as folder:
        for name, outcome, faults in corpus.outcomes(names, Path(folder), asked.jobs):
            wrong += bool(outcome.problems or any(faults))
            print("\n".join(row(name, outcome, faults)), flush=True)
    print(f"\n{len(names) - wrong} of {len(names)} as they should be")
    sys.exit(bool(wrong))


def row(name: str, outcome: Outcome, faults: Sequence[str]) -> list[str]:
    """One workbook: what was said, and what is not right about it below."""
    found = f"{sum(not each for each in faults)} of {len(faults)}" if faults else "-"
    counts = f"{outcome.accused:>7}{outcome.networks:>9}{outcome.lines:>6}{outcome.seconds:>6.1f}  {found}"
    problems = [*outcome.problems, *(f"planted: {each}" for each in faults if each)]
    return [f"{name:<42}{outcome.verdict[:12]:<13}{counts}", *(f"    {problem[:160]}" for problem in problems)]


if __name__ == "__main__":
    main()
