"""Make everyday edits, and print by class how many the checker leaves in peace: `python -m tests.everyday`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.everyday import corpus, programs
from tests.everyday.edit import Edit, Outcome


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.everyday", description=__doc__)
    parser.add_argument("--kind", action="append", help="only this class; may be repeated")
    parser.add_argument("--name", default="", help="only those whose name has this text in it")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="workbooks at a time")
    return parser.parse_args(arguments)


def chosen(asked: argparse.Namespace) -> list[Edit]:
    """The edits that are asked for, and that can be made here."""
    there = programs.available() | {""}
    edits = [edit for edit in corpus.by_name().values() if edit.needs in there and asked.name in edit.name]
    return [edit for edit in edits if not asked.kind or edit.kind in asked.kind]


def main() -> None:
    """Exit code 1 where the checker cried wolf."""
    asked, start, tally = options(), time.monotonic(), dict[str, list[int]]()
    edits = chosen(asked)
    with TemporaryDirectory() as folder:
        corpus.prepare(Path(folder), edits)
        for edit, outcome in corpus.outcomes(edits, Path(folder), asked.jobs):
            tally.setdefault(edit.kind, [0, 0])[not outcome.clean] += 1
            if not outcome.clean:
                print(told(edit, outcome), flush=True)
    print(f"\n{'class':<14}{'clean':>7}{'not':>6}")
    for kind, (clean, other) in {**tally, "all": [*map(sum, zip(*tally.values(), strict=True))]}.items():
        print(f"{kind:<14}{clean:>7}{other:>6}")
    print(f"{time.monotonic() - start:.0f} s")
    sys.exit(any(other for _, other in tally.values()))


def told(edit: Edit, outcome: Outcome) -> str:
    """What the checker said, in one line."""
    said = f"; {len(outcome.said)} findings and notes: {'; '.join(outcome.said[:2])}" if outcome.said else ""
    return f"not clean: {edit.kind}: {edit.name}: {outcome.verdict}{said}"


if __name__ == "__main__":
    main()
