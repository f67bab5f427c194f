"""What a worker process does: it makes a case, runs it through the command line, and measures what that took."""

from __future__ import annotations

import io
import os
import resource
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fuzz.cases import Act, Case, Step

CPU_SECONDS: Final = 10.0
MEMORY: Final = 1 << 30
_CODES: Final = (0, 1, 2)
_ADDRESSES: Final = 6 << 30
"""Of a worker's address space, so that a case may not take the machine's memory before it is measured."""


@dataclass
class Outcome:
    """What became of a case.

    Args:
        case: Which.
        codes: What each of its steps ended with, by name; None where it is no command.
        problem: What is wrong; empty if nothing.
        cpu: Seconds of processor time of the slowest step, all its processes together.
        memory: Most bytes that a process held at a time.
        compare: The workbook that LibreOffice is to read.
        values: What it should see there.
    """

    case: Case
    codes: list[tuple[str, int | None]] = field(default_factory=list)
    problem: str = ""
    cpu: float = 0.0
    memory: int = 0
    compare: Path | None = None
    values: Any = None


def prepare(isolated: bool) -> None:
    """Bind this process to a limit; unless it is said otherwise, engines compute in it, which is ten times as fast."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if isolated:
        return
    from xlconv import engines

    by_name: Callable[..., engines.Engine] = engines.by_name
    engines.by_name = lambda name, **settings: by_name(name, **{**settings, "isolated": False})


def run(case: Case, home: Path) -> Outcome:
    """Run a case; its folder stays where it is of use to somebody."""
    folder = home / "cases" / f"{case.kind}-{case.number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(folder)
    outcome = Outcome(case)
    _forget_peak()
    try:
        for step in case.steps(home, folder):
            _run_step(step, outcome)
            if outcome.problem:
                break
    except Exception:  # noqa: BLE001 - a fault of the harness, which must not cost the other cases
        outcome.problem = f"the case could not be made: {traceback.format_exc()}"
    outcome.memory = max(_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)
    if outcome.memory > MEMORY and not outcome.problem:
        outcome.problem = f"{outcome.memory >> 20} MB of memory"
    os.chdir(home)
    if not outcome.problem and outcome.compare is None:
        shutil.rmtree(folder)
    return outcome


def _run_step(step: Step, outcome: Outcome) -> None:
    start = _cpu()
    code, problem = _done(step.act)
    seconds = _cpu() - start
    outcome.codes.append((step.name, code))
    outcome.cpu = max(outcome.cpu, seconds)
    if not problem and seconds > CPU_SECONDS:
        problem = f"{seconds:.1f} s of processor time"
    outcome.problem = f"{step.name}: {problem}" if problem else ""
    if step.compare and code == 0 and not problem:
        from tests.fuzz.differences import expected

        outcome.compare, outcome.values = step.compare, expected(step.compare)


def _done(act: Act) -> tuple[int | None, str]:
    """The exit code of a command, and what is wrong with how it ended."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = act() if callable(act) else _command(act)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever escapes is what is looked for
        return None, traceback.format_exc()
    err.flush()
    said = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
    if "Traceback" in said:
        return code, said
    return code, "" if code is None or code in _CODES else f"exit code {code}"


def _command(arguments: list[str]) -> int:
    from xlconv import cli

    with _arguments(["xlconv", *arguments]):
        return cli.run()


@contextmanager
def _arguments(arguments: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = arguments
    try:
        yield
    finally:
        sys.argv = before


def _cpu() -> float:
    """Seconds of this process and of those that it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _forget_peak() -> None:
    """From now on the peak of memory is that of this case; where the system knows no such thing, of all so far."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
