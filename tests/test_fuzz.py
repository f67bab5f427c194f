"""A portion of the fuzz run, the same one every time, and what the run itself would notice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.conftest import needs_libreoffice
from tests.fuzz import bases, folders, grammar
from tests.fuzz.cases import KINDS, Case, Step, mutant

if sys.platform == "win32":
    pytest.skip("Windows has no limits on a process's memory and time", allow_module_level=True)

from tests.fuzz import __main__ as fuzzing
from tests.fuzz import differences, worker
from tests.fuzz.__main__ import outcomes
from tests.fuzz.tally import Tally
from xlconv.cells import ErrorValue

ROOT = Path(__file__).parents[1]
SEED = 2026


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    bases.make(folder)
    return folder


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


def test_a_portion() -> None:
    """No crash, no exit code but 0, 1, 2, nothing beyond its bounds, nothing that LibreOffice sees differently."""
    counts = ("--workbooks", "300", "--formulas", "800", "--templates", "120")
    done = fuzz("--seed", str(SEED), *counts, "--patience", "120")
    assert done.returncode == 0, done.stdout + done.stderr
    compared = re.search(r"LibreOffice +(\d+) workbooks compared, 0 differ", done.stdout)
    assert compared
    assert int(compared[1]) > 80 * differences.available()


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_every_time(home: Path, tmp_path: Path, kind: str) -> None:
    """Its seed, kind and number make the same files, in this process and in any other."""
    files = []
    for name in ("once", "again"):
        folder = tmp_path / f"{kind}-{name}"
        folder.mkdir()
        steps = Case(kind, 7, SEED).steps(home, folder)
        for step in steps:
            if step.name in ("verify", "audit", "load_mnist", "generate", "generate --image", "verify --against"):
                break
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert files[0] == files[1]
    assert files[0]


def test_mutants_differ(home: Path) -> None:
    """Hardly any mutant is what it was made from, and hardly two are the same."""
    package = (home / "plain.xlsx").read_bytes()
    made = {mutant(package, Random(at)) for at in range(200)}
    assert len(made - {package}) > 180
    formulas = {grammar.formula(Random(at)) for at in range(1000)}
    assert len(formulas) > 850
    assert {"@", "#", "%", "{", "[", "!"} <= set("".join(formulas))
    for name, mutate in folders.FILES.items():
        data = (home / "template" / name).read_bytes()
        assert len({mutate(data, Random(at)) for at in range(100)} - {data}) > 60


@pytest.mark.parametrize("name", bases.WORKBOOKS)
def test_what_is_mutated_agrees(home: Path, name: str) -> None:
    """Every workbook that is mutated is right as it is, so that its mutants have something to lose."""
    code, problem = worker._done(["verify", "--random", "1", str(home / f"{name}.xlsx")])
    assert (code, problem) == (0, "")


@needs_libreoffice
def test_libreoffice_sees_what_is_not_mutated(home: Path) -> None:
    """Every cell of every workbook that is mutated shows the same in LibreOffice; a wrong value is told."""
    paths = [home / f"{name}.xlsx" for name in bases.WORKBOOKS]
    expectations = {path: differences.expected(path) for path in paths}
    assert all(len(seen) > 300 for seen in expectations.values())
    assert list(differences.compare(expectations)) == []
    seen = expectations[home / "plain.xlsx"]
    where = next(at for at, value in seen.items() if isinstance(value, float))
    value = seen[where]
    assert isinstance(value, float)
    seen[where] = value + 1e-6
    ((path, problem),) = differences.compare(expectations)
    assert path.name == "plain.xlsx"
    assert "in LibreOffice" in problem


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.000001, False),
        (0.0, None, False),
        (0.0, 1e-15, True),
        (None, "", True),
        (None, False, False),
        (True, 1.0, True),
        ("a", "a ", True),
        ("a", "b", False),
        ("_x0041_", "_x005F_x0041_", True),
        ("1", 1.0, False),
        (ErrorValue("#NUM!"), ErrorValue("#VALUE!"), True),
        (ErrorValue("#NUM!"), 0.0, False),
        (ErrorValue("#NUM!"), None, False),
    ],
)
def test_what_is_the_same(one: object, other: object, same: bool) -> None:
    """Numbers to nine digits, texts but for spaces around them, any error for any other."""
    assert differences.is_same(one, other) is same  # type: ignore[arg-type]


# Cases that fail; they stand here, and a process of the pool finds them by their names


def fail(how: str) -> None:
    if how == "raises":
        raise KeyError(how)
    if how == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "takes memory":
        bytearray(b"x" * ((1 << 30) + (1 << 24)))
    if how == "does not end":
        time.sleep(60)
    if how == "computes for long":
        start = time.process_time()
        while time.process_time() < start + 0.3:
            pass


class Failing(Case):
    """A case that fails in the way that its kind says."""

    def steps(self, home: Path, folder: Path) -> Iterator[Step]:
        how = self.kind
        yield Step(how, lambda: fail(how))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("raises", "KeyError: 'raises'"),
        ("dies", "its process ended"),
        ("takes memory", "MB of memory"),
        ("does not end", "no end within 20 s"),
    ],
)
def test_failures_are_noticed(how: str, says: str, home: Path) -> None:
    """An exception, a dead process, too much memory or time: each is told, and costs no other case."""
    found = list(outcomes([Failing(how, 0, 0), Failing("is fine", 1, 0)], home, 1, True, 20))
    assert says in found[0].problem
    assert found[1].problem == ""


def test_processor_time_is_noticed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that computes for longer than it may is told."""
    monkeypatch.chdir(home)
    monkeypatch.setattr(worker, "CPU_SECONDS", 0.1)
    assert "computes for long: 0." in worker.run(Failing("computes for long", 0, 0), home).problem


def test_a_case_again() -> None:
    """One case by itself is run by its kind and number."""
    done = fuzz("--seed", "1", "--only", "workbook:0", "--only", "template:0", "--no-libreoffice", "--patience", "120")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seed 1, 2 cases" in done.stdout


def test_a_failure_is_told_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 1, a line says how to run the case again, and its files are kept."""
    files = tmp_path / "cases" / "workbook-7" / "x.xlsx"
    files.parent.mkdir(parents=True)
    files.write_bytes(b"x")
    tally = Tally(3, tmp_path / "kept")
    tally.add(worker.Outcome(Case("workbook", 7, 3), problem="a crash"), tmp_path)
    assert tally.failures == ["--seed 3 --only workbook:7: a crash"]
    assert (tmp_path / "kept" / "3-workbook-7" / "x.xlsx").read_bytes() == b"x"
    monkeypatch.setattr(fuzzing, "run", lambda asked, home: tally)
    assert fuzzing.main(["--count", "0"]) == 1
