"""Try attacks on the checker, and print by class how many were found: `python -m tests.attacks`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks import corpus
from tests.attacks.attack import Attack, Outcome, base


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--kind", action="append", help="only this class; may be repeated")
    parser.add_argument("--name", help="only those whose name has this text in it")
    parser.add_argument("--count", type=int, metavar="N", help="a share of so many, classes in turn")
    parser.add_argument("--every-choice", action="store_true", help="a trap on every choice of Explore; takes an hour")
    parser.add_argument("--seed", type=int, default=0, help="of the share")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="workbooks at a time")
    return parser.parse_args(arguments)


def chosen(asked: argparse.Namespace) -> list[Attack]:
    """The attacks that are asked for."""
    attacks = list(corpus.by_name().values()) if asked.every_choice else corpus.usual()
    if asked.kind:
        attacks = [attack for attack in attacks if attack.kind in asked.kind]
    if asked.name:
        attacks = [attack for attack in attacks if asked.name in attack.name]
    return corpus.share(attacks, asked.count, asked.seed) if asked.count else attacks


def main() -> None:
    """Exit code 1 where the checker did not say of one what it has to say."""
    asked = options()
    start, tally, missed = time.monotonic(), dict[str, list[int]](), 0
    with TemporaryDirectory() as folder:
        for attack, outcome in corpus.outcomes(chosen(asked), base(Path(folder) / "original.xlsx"), asked.jobs):
            counts = tally.setdefault(attack.kind, [0, 0])
            counts[not outcome.right] += 1
            if not outcome.right:
                print(told(attack, outcome), flush=True)
    print(f"\n{'class':<14}{'right':>7}{'missed':>8}")
    for kind, (right, wrong) in tally.items():
        print(f"{kind:<14}{right:>7}{wrong:>8}")
        missed += wrong
    total = sum(map(sum, tally.values()))
    print(f"{'all':<14}{total - missed:>7}{missed:>8}   {time.monotonic() - start:.0f} s")
    sys.exit(bool(missed))


def told(attack: Attack, outcome: Outcome) -> str:
    """What went wrong, in one line."""
    cells = f" {', '.join(outcome.cells)}" if outcome.cells else ""
    named = f", named {', '.join(outcome.named)}" if outcome.named else ""
    return f"missed: {attack.kind}: {attack.name}{cells}: should be {attack.expected}, is: {outcome.verdict}{named}"


if __name__ == "__main__":
    main()
