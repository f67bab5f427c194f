"""Many workbooks at a time, and the command line's options for that."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from threading import Thread
from types import ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner

from tests import handmade
from tests.reports import report
from xlconv.check import inputs
from xlconv.check.many import verify_many
from xlconv.cli import cli
from xlconv.processes.pool import Died, in_order
from xlconv.report import Failure, Report

EXPECTED = handmade.network(inline=True)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mixture") / "x.xlsx"
    handmade.mixture(path)
    return path


def square(number: int) -> int:
    """Work that ends its process, at 3."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02 * (number % 2))
    return number * number


def test_a_dead_process_costs_its_own_item_only() -> None:
    """The others are done, and all come in order."""
    found = list(in_order(square, range(8), jobs=2))
    assert found == [0, 1, 4, Died("SIGKILL"), 16, 25, 36, 49]
    assert list(in_order(square, [3, 3, 3], jobs=2)) == [Died("SIGKILL")] * 3


def test_nothing_is_left_when_the_rest_is_not_wanted() -> None:
    """Closing the iterator ends the processes."""
    with closing(in_order(time.sleep, [0, 600, 600], jobs=2)) as found:
        next(found)
    assert not multiprocessing.active_children()


@pytest.fixture(scope="module")
def folder(seven: Path, mixture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workbooks of students, garbage between good ones."""
    path = tmp_path_factory.mktemp("hand-in")
    for name in ("a", "c", "e"):
        shutil.copy(mixture, path / f"{name}.xlsx")
    (path / "b.xlsx").write_bytes(b"garbage")
    shutil.copy(seven, path / "d.xlsx")
    return path


def test_order_is_kept(folder: Path) -> None:
    """Two at a time give the reports that one at a time gives, a failure where a file is garbage."""
    files = [folder / f"{name}.xlsx" for name in "dbaxec"]
    one, two = (list(verify_many(files, ["formualizer"], jobs, random=1, against=EXPECTED)) for jobs in (1, 2))
    assert [each.file for each in two] == [str(file) for file in files]
    assert [each.as_dict() for each in one] == [each.as_dict() for each in two]
    assert [each.verdict for each in two] == ["differs", "failed", "agrees", "failed", "agrees", "agrees"]


def test_a_check_that_dies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workbook has a failure that says how."""
    monkeypatch.setattr("xlconv.processes.pool.in_order", lambda *_: (each for each in (report(), Died("SIGKILL"))))
    good, bad = verify_many([folder / "a.xlsx", folder / "c.xlsx"], ["formualizer"], 2)
    assert good.verdict == "agrees"
    assert isinstance(bad, Failure)
    assert bad.error == f"{folder / 'c.xlsx'}: the process that checked it ended with SIGKILL"


def test_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the report of one workbook of several; alone it is raised, for who is to mend it."""

    def broken(path: Path, *_: object) -> Report:
        return {Path("a.xlsx"): report()}[path]

    monkeypatch.setattr("xlconv.check.verify", broken)
    good, bad = verify_many([Path("a.xlsx"), Path("b.xlsx")], [])
    assert (good.verdict, bad.verdict) == ("agrees", "failed")
    with pytest.raises(KeyError):
        list(verify_many([Path("b.xlsx")], []))


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "xlconv", "verify", *arguments]


def test_command_line(folder: Path) -> None:
    """Reports in order, the garbage on stderr, a summary, and a table with a row for each file and layer."""
    arguments = ("a.xlsx", "b.xlsx", "c.xlsx", "--against", "e.xlsx", "--jobs", "2", "--random", "1")
    done = subprocess.run(
        command(folder, *arguments, "--csv", "g.csv"), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("xlconv: b.xlsx: ")
    assert done.stdout.index("a.xlsx: every") < done.stdout.index("c.xlsx: every")
    assert [line.split()[:2] for line in done.stdout.splitlines()[-3:]] == [
        ["a.xlsx", "5"],
        ["b.xlsx", "-"],
        ["c.xlsx", "5"],
    ]
    with (folder / "g.csv").open(encoding="utf-8-sig") as file:
        rows = [(row["file"], row["grade"]) for row in csv.DictReader(file)]
    assert rows == [*[("a.xlsx", "right")] * 5, ("b.xlsx", ""), *[("c.xlsx", "right")] * 5]


def children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found = [int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()]
    return found + [each for child in found for each in children(child)]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_interrupt_ends_all(folder: Path, tmp_path: Path) -> None:
    """Ctrl-C ends the checks at once: one line, no traceback, no process left."""
    arguments = ["a.xlsx", "c.xlsx", "d.xlsx", "e.xlsx"] * 10
    process = subprocess.Popen(
        command(folder, *arguments, "--jobs", "2"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while len(children(process.pid)) < 4 and time.monotonic() < deadline:  # two checks and an engine's process
        time.sleep(0.02)
    started = children(process.pid)
    assert len(started) >= 4
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.strip() == "xlconv: interrupted; nothing was written that was not whole"
    deadline = time.monotonic() + 5
    while any(map(is_running, started)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, started))


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(folder: Path, closed: str) -> None:
    """Two at a time are checked where the caller has closed stdin, stdout or stderr, too."""
    line = shlex.join(command(folder, "a.xlsx", "c.xlsx", "--jobs", "2", "--random", "0"))
    done = subprocess.run(["bash", "-c", f"{line} {closed}"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def read_all(terminal: int, chunks: list[bytes]) -> None:
    """All that comes out of a terminal, until nobody writes into it any more."""
    with suppress(OSError):
        while chunk := os.read(terminal, 4096):
            chunks.append(chunk)


def test_progress(folder: Path) -> None:
    """Somebody who looks at stderr sees a bar; stdout has the reports alone."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    chunks: list[bytes] = []
    reader = Thread(target=read_all, args=(ours, chunks))
    reader.start()
    done = subprocess.run(
        command(folder, "a.xlsx", "c.xlsx", "--random", "0"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    reader.join(timeout=60)
    os.close(ours)
    seen = b"".join(chunks).decode()
    assert "2/2 workbooks" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)
    assert done.returncode == 0
    assert done.stdout.startswith(b"a.xlsx: every activation agrees")
    assert b"\x1b" not in done.stdout


# The command line's options


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["verify", *map(str, arguments)], standalone_mode=False)
    if done.exception is not None:
        return 2, str(done.exception.format_message() if hasattr(done.exception, "format_message") else done.exception)
    return done.return_value, done.stdout


def test_default_of_random() -> None:
    """The command line's is the library's, which it does not load to know that."""
    (option,) = (each for each in cli.commands["verify"].params if each.name == "random")
    assert option.default == inputs.DEFAULT_RANDOM


def test_against_as_json(mixture: Path) -> None:
    """--json has the grades, --any-weights is refused without --against."""
    code, text = run(mixture, "--against", mixture, "--random", "0", "--json")
    assert code == 0
    (file,) = json.loads(text)["files"]
    first = file["grades"][0]
    assert (first["layer"], first["right"], first["result"]) == ("conv1", True, "right")
    assert run(mixture, "--any-weights") == (2, "--any-weights goes with --against")


@cache
def selftest(all_found: bool) -> ModuleType:
    """Stands in for the module that plants faults."""
    module = ModuleType("xlconv.selftest")

    def self_test(path: Path, engine_name: str, count: int, seed: int, jobs: int) -> SimpleNamespace:
        text = f"{path.name} {engine_name} {count} {seed} {jobs}"
        return SimpleNamespace(all_found=all_found, to_text=lambda: text)

    module.self_test = self_test  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("all_found", [True, False])
def test_self_test(monkeypatch: pytest.MonkeyPatch, all_found: bool) -> None:
    """--self-test prints what was found in each file, and fails where a fault was not."""
    monkeypatch.setitem(sys.modules, "xlconv.selftest", selftest(all_found))
    code, text = run("a.xlsx", "b.xlsx", "--self-test", "--faults", "7", "--seed", "3", "--jobs", "2")
    assert code == (0 if all_found else 1)
    assert text.splitlines() == ["a.xlsx formualizer 7 3 2", "b.xlsx formualizer 7 3 2"]


@pytest.mark.parametrize("option", ["--json", "--against=conv-example", "--csv=-", "--engine=all"])
def test_self_test_alone(option: str) -> None:
    """It makes no report, takes one engine, and compares with no template."""
    code, text = run("a.xlsx", "--self-test", option)
    assert code == 2
    assert "--self-test" in text
