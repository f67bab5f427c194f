"""What came out of many cases: counts, the slowest, and what failed."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.worker import Outcome


@dataclass
class Tally:
    """Counts of a run.

    Args:
        seed: Of the run.
        keep: Where the files of cases that fail are put.
        held: Cases that failed where engines compute in the worker, and were tried again.
        compared: Workbooks that LibreOffice was given, too.
        differing: Those of them in which it sees something else, or that it cannot open.
        stumbled: Those that it cannot open for something that is in no cell.
    """

    seed: int
    keep: Path | None = None
    cases: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: Outcome | None = None
    largest: Outcome | None = None
    held: int = 0
    compared: int = 0
    differing: int = 0
    stumbled: int = 0

    def add(self, outcome: Outcome, home: Path) -> None:
        """Count a case."""
        self.cases[outcome.case.kind] += 1
        self.codes.update((name, code) for name, code in outcome.codes if code is not None)
        self.slowest = max(filter(None, (self.slowest, outcome)), key=lambda each: each.cpu)
        self.largest = max(filter(None, (self.largest, outcome)), key=lambda each: each.memory)
        if outcome.problem:
            self._fail(outcome, outcome.problem, home)

    def differ(self, outcome: Outcome, problem: str, home: Path) -> None:
        """Count a workbook in which LibreOffice sees something else."""
        self.differing += 1
        self._fail(outcome, f"verify says that it agrees, but {problem}", home)

    def _fail(self, outcome: Outcome, problem: str, home: Path) -> None:
        name = f"{outcome.case.kind}:{outcome.case.number}"
        line = f"--seed {self.seed} --only {name}: {problem}"
        self.failures.append(line)
        print(line, flush=True)
        folder = home / "cases" / name.replace(":", "-")
        if self.keep and folder.exists():
            shutil.copytree(folder, self.keep / f"{self.seed}-{folder.name}", dirs_exist_ok=True)

    def table(self, seconds: float) -> str:
        """All of it in a few lines."""
        lines = [f"seed {self.seed}, {sum(self.cases.values()):,} cases in {seconds:.0f} s"]
        lines += [f"  {kind:<10}{count:>8,}" for kind, count in self.cases.items()]
        lines.append("exit codes")
        for name in dict.fromkeys(name for name, _ in sorted(self.codes)):
            counts = (f"{code}: {self.codes[name, code]:,}" for code in range(3) if self.codes[name, code])
            lines.append(f"  {name:<18}{'  '.join(counts)}")
        if self.slowest and self.largest:
            lines.append(f"slowest            {self.slowest.cpu:.1f} s of processor time ({_name(self.slowest)})")
            lines.append(f"largest            {self.largest.memory >> 20:,} MB ({_name(self.largest)})")
        lines.append(f"tried again        {self.held:,} failed with engines in the worker, and were tried again")
        lines.append(f"LibreOffice        {self.compared:,} workbooks compared, {self.differing:,} differ")
        lines.append(f"                   {self.stumbled:,} it cannot open for something that is in no cell")
        lines.append(f"failures           {len(self.failures):,}")
        return "\n".join(lines)


def _name(outcome: Outcome) -> str:
    return f"{outcome.case.kind}:{outcome.case.number}"
