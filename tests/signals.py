"""What is left when a command ends by a signal at a random moment: `python -m tests.signals --count 200 --seed 1`.

Each trial has a folder of its own for temporary files and one to work in, and processes that can be told by a variable
in their environment. Two seconds after the end of the command none of them may be there, no temporary file, and no
output that is not whole.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from xlconv import templates
from xlconv.errors import XlconvError

MARK: Final = "XLCONV_TRIAL"
SECONDS: Final = 2.0
PATIENCE: Final = 60.0
FIRST: Final = 0.15
"""Before this the interpreter itself may still be starting, which nobody can do anything about."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)

COMMANDS: Final[dict[str, tuple[list[str], float]]] = {
    "verify": (["verify", "7.xlsx"], 1.9),
    "verify, IronCalc": (["verify", "7.xlsx", "--engine", "ironcalc"], 1.5),
    "verify, LibreOffice": (["verify", "7.xlsx", "--engine", "libreoffice"], 6.0),
    "verify, two at a time": (["verify", "7.xlsx", "8.xlsx", "9.xlsx", "--jobs", "2", "--json"], 3.5),
    "recover": (["recover", "7.xlsx", "--output", "network"], 0.6),
    "recover over another": (["recover", "7.xlsx", "--output", "old", "--force"], 0.6),
    "generate": (["generate", "--digit", "3", "--output", "3.xlsx"], 0.45),
    "generate over another": (["generate", "--digit", "3", "--output", "9.xlsx", "--force"], 0.45),
}
"""What is run, and about how many seconds it takes on a quiet machine: most signals come before its end."""


@dataclass
class Trial:
    """One command and what came of it."""

    command: str
    number: signal.Signals
    delay: float
    code: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        what = f"{self.command}, {self.number.name} after {self.delay:.3f} s: exit code {self.code}"
        return "; ".join([what, *self.problems])


def trials(count: int, seed: int, commands: list[str]) -> Iterator[Trial]:
    """Each of the signals in turn for each of the commands in turn, at random moments."""
    rng = random.Random(seed)
    for at in range(count):
        command = commands[at // len(SIGNALS) % len(commands)]
        yield Trial(command, SIGNALS[at % len(SIGNALS)], rng.uniform(FIRST, COMMANDS[command][1]))


def run(trial: Trial, workbook: Path) -> Trial:
    """Run the command, send the signal, and look what is left."""
    with TemporaryDirectory(prefix="trial-") as name:
        work, temporary = Path(name, "work"), Path(name, "temporary")
        work.mkdir()
        temporary.mkdir()
        for copy in ("7.xlsx", "8.xlsx", "9.xlsx"):
            shutil.copy(workbook, work / copy)
        shutil.copytree(templates.locate(templates.DEFAULT), work / "old")
        mark = f"{os.getpid()}-{time.monotonic_ns()}"
        arguments, _ = COMMANDS[trial.command]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "xlconv", *arguments],
            cwd=work,
            env={**os.environ, "TMPDIR": str(temporary), MARK: mark},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            process.wait(trial.delay)
        except subprocess.TimeoutExpired:
            process.send_signal(trial.number)
        _judge(trial, process, mark, work, temporary)
    return trial


def _judge(trial: Trial, process: subprocess.Popen[str], mark: str, work: Path, temporary: Path) -> None:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < PATIENCE:
        time.sleep(0.01)
    took = time.monotonic() - begun
    process.kill()
    trial.code = process.wait()
    if took > SECONDS:
        trial.problems.append(f"it ended after {took:.1f} s")
    deadline = time.monotonic() + SECONDS
    while _left(mark, work, temporary) and time.monotonic() < deadline:
        time.sleep(0.02)
    trial.problems += _left(mark, work, temporary)
    assert process.stderr is not None
    said = process.stderr.read()
    if trial.code not in (0, 128 + trial.number, -signal.SIGKILL if trial.number == signal.SIGKILL else 0):
        trial.problems.append(f"exit code {trial.code}")
    if "Traceback" in said or (trial.code > 0 and said.count("\n") != 1):
        trial.problems.append(f"it said {said!r}")
    for pid in _processes(mark):
        os.kill(pid, signal.SIGKILL)


def _left(mark: str, work: Path, temporary: Path) -> list[str]:
    problems = [f"process {pid} is left: {_command_of(pid)}" for pid in _processes(mark)]
    problems += [f"{path.name} is left" for path in temporary.iterdir()]
    known = {"7.xlsx", "8.xlsx", "9.xlsx", "3.xlsx", "old", "network"}
    problems += [f"{path.name} is left" for path in work.iterdir() if path.name not in known]
    problems += [f"{path.name} is not whole" for path in work.iterdir() if path.name in known and not _is_whole(path)]
    return problems + ([] if (work / "old").is_dir() else ["the old folder is gone"])


def _is_whole(path: Path) -> bool:
    if path.is_dir():
        try:
            return bool(templates.load(path).network.nodes)
        except XlconvError:
            return False
    try:
        with zipfile.ZipFile(path) as package:
            return package.testzip() is None
    except zipfile.BadZipFile:
        return False


def _processes(mark: str) -> list[int]:
    """Those that have the mark in their environment and are running."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:  # it has ended, or is another user's
                continue
    return found


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120]
    except OSError:
        return ""


def main() -> int:
    """Print each trial after which something was left; 0 if there is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", action="append", choices=COMMANDS, help="only this one")
    asked = parser.parse_args()
    bad, codes = 0, dict[int, int]()
    with TemporaryDirectory() as folder:
        workbook = Path(folder, "7.xlsx")
        generate = [sys.executable, "-P", "-m", "xlconv", "generate", "--digit", "7", "--output", str(workbook)]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
        for trial in trials(asked.count, asked.seed, asked.command or list(COMMANDS)):
            run(trial, workbook)
            bad += bool(trial.problems)
            codes[trial.code] = codes.get(trial.code, 0) + 1
            if trial.problems:
                print(trial, flush=True)
    print(f"{asked.count} signals, something left or wrong after {bad}; exit codes {codes}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
