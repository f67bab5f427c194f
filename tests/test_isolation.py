"""Engines in processes of their own: whatever becomes of the process, xlconv says it in one line and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.misbehaving import Misbehaving
from tests.packages import one_cell
from xlconv import engines
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.engines import isolated, wire
from xlconv.engines.isolated import Isolated
from xlconv.engines.limits import Limits
from xlconv.errors import EngineError
from xlconv.processes import held

needs_posix = pytest.mark.skipif(os.name != "posix", reason="signals and resource limits are POSIX")
needs_ironcalc = pytest.mark.skipif(find_spec("ironcalc") is None, reason="IronCalc is not installed")

A1 = Range("Sheet", 1, 1)
PAIR = Range("Sheet", 1, 1, 1, 2)
TIGHT = Limits(memory=1 << 30, cpu_seconds=1, seconds=20)


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that a test starts: all have ended and are waited for, and none leaves a file behind."""
    processes: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]
            if "keeper.py" not in str(self.args):  # that one stays until the end
                processes.append(self)

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(held.subprocess, "Popen", Recorded)
    yield processes
    assert [process.returncode is not None for process in processes] == [True] * len(processes)
    assert list(folder.iterdir()) == []


def result_of(deed: str, limits: Limits = TIGHT) -> list[list[list[list[Value]]]]:
    return Isolated(Misbehaving(), limits).evaluate(deed.encode(), [[]], [PAIR])


@pytest.mark.parametrize("deed", ["behaves", "prints"])
def test_an_engine_that_does_its_work(deed: str) -> None:
    """What it computes comes back, and what it prints does not come between."""
    assert result_of(deed) == [[[[1.0, 1.0]]]]


DEATHS = {
    "dies": ("dies", "misbehaving's process ended with SIGKILL on this file"),
    "exits": ("exits", "misbehaving's process ended with exit code 3 on this file"),
    "aborts": ("aborts stack overflow", "misbehaving's process ended with SIGABRT on this file: stack overflow"),
    "needs memory (Python)": ("allocates", "misbehaving needed more than 1 GiB of memory"),
    "needs memory (Rust)": ("aborts memory allocation of 12 bytes", "misbehaving needed more than 1 GiB of memory"),
    "computes for ever": ("computes", "misbehaving needed more than 1 s of processor time"),
    "answers nothing": ("answers", "misbehaving's process gave an unreadable answer"),
    "answers garbage": ("answers \x00\x01\x02", "misbehaving's process gave an unreadable answer"),
    "answers too little": ('answers {"others": []}', "misbehaving's process gave an answer of another length"),
    "refuses": ("refuses", r"a formula\x1b[31m\nthat is too long"),
}


@needs_posix
@pytest.mark.parametrize(("deed", "message"), DEATHS.values(), ids=DEATHS)
def test_an_engine_that_misbehaves(deed: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    """It is an error in one line; nothing reaches the terminal."""
    with pytest.raises(EngineError) as caught:
        result_of(deed)
    assert str(caught.value) == message
    assert capfd.readouterr() == ("", "")


def test_an_engine_that_never_ends() -> None:
    """The wall clock is honoured."""
    start = time.monotonic()
    with pytest.raises(EngineError, match=r"^misbehaving did not finish within 0\.5 s$"):
        result_of("hangs", Limits(seconds=0.5))
    assert time.monotonic() - start < 5


def test_an_engine_that_floods(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end does not fill the memory of xlconv."""
    monkeypatch.setattr(isolated, "MAX_HEADER", 8 << 20)
    with pytest.raises(EngineError, match=r"^misbehaving's process gave too long an answer$"):
        result_of("floods")


@needs_posix
def test_an_engine_that_litters() -> None:
    """Files that it leaves go with it: the fixture has looked."""
    with pytest.raises(EngineError, match="SIGKILL"):
        result_of("litters")


@needs_ironcalc
@needs_posix
def test_an_engine_that_panics(capfd: pytest.CaptureFixture[str]) -> None:
    """A panic of Rust's is quoted in the error, and printed nowhere."""
    with pytest.raises(EngineError) as caught:
        result_of("panics")
    words = "pyo3_runtime.PanicException: This function panics for testing panic handling"
    assert str(caught.value) == f"misbehaving's process ended with exit code 1 on this file: {words}"
    assert capfd.readouterr() == ("", "")


@needs_ironcalc
@needs_posix
@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("=" + "(" * 100_000 + "1" + ")" * 100_000, "ironcalc's process ended with SIGSEGV on this file"),
        ("=SUMPRODUCT(B1:XFD1048576,B1:XFD1048576)", "ironcalc needed more than 1 GiB of memory"),
    ],
    ids=["parentheses", "memory"],
)
def test_formulas_that_end_ironcalc(formula: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real ones, which end the process by a signal; a backtrace does not hide why, even where it is asked for."""
    monkeypatch.setenv("RUST_BACKTRACE", "full")
    with pytest.raises(EngineError) as caught:
        engines.by_name("ironcalc", limits=Limits(memory=1 << 30)).evaluate(one_cell(formula), [[]], [A1])
    assert str(caught.value) == message


@pytest.mark.parametrize(("count", "processes"), [(1, 1), (11, 1), (12, 2), (40, 2)])
def test_jobs(
    count: int, processes: int, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many groups of edits are shared between processes, and come back in their order; one job is one process."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    package = one_cell("=B1*2")
    edits = [[(Range("Sheet", 1, 2), [[float(n)]])] for n in range(count)]
    found = engines.by_name("formualizer", jobs=2).evaluate(package, edits, [A1])
    assert [group[0][0][0] for group in found] == [2.0 * n for n in range(count)]
    assert len(started) == processes
    assert engines.by_name("formualizer", jobs=1).evaluate(package, edits, [A1]) == found
    assert len(started) == processes + 1


INTERRUPTED = """
import sys
from tests.misbehaving import Misbehaving
from xlconv.engines.isolated import Isolated
from xlconv.engines.limits import Limits

try:
    Isolated(Misbehaving(), Limits()).evaluate(sys.argv[1].encode(), [[]], [])
except KeyboardInterrupt:
    print("interrupted")
"""


@needs_posix
@pytest.mark.parametrize("whom", ["group", "parent"])
def test_interrupt(tmp_path: Path, whom: str) -> None:
    """Ctrl-C ends the engine's process at once, whether the terminal tells both or only xlconv is told."""
    pid_file, folder = tmp_path / "pid", tmp_path / "its own"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, f"hangs {pid_file}"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        child = int(written(pid_file))
        if whom == "group":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=10)
    assert said == ("interrupted\n", "")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert list(folder.iterdir()) == []


def written(path: Path) -> str:
    """What a file has, once it has something."""
    for _ in range(200):
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.05)
    raise TimeoutError(path)


# What goes over the wire


def test_results_come_back_as_they_were() -> None:
    """Numbers to the last bit, and every other kind of value."""
    row: list[Value] = [0.1 + 0.2, -0.0, 5e-324, True, False, None, "True", "#DIV/0!", "\ud800\n", ErrorValue("#N/A")]
    row.append(NotEvaluated("x: #NAME?"))
    results = [[[row, row], [[1.0]]], [[row, row], [["1.0"]]]]
    ranges = [Range("S", 1, 1, 2, len(row)), Range("S", 9, 9)]
    found = wire.decode_results(wire.encode_results(results), 2, ranges)
    assert repr(found) == repr(results)


NUMBER = array("d", [1.0]).tobytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[]\n" + NUMBER,
        b"1\n" + NUMBER,
        b"{}\n" + NUMBER,
        b'{"others": []}\n',
        b'{"others": []}\n' + NUMBER + NUMBER,
        b'{"others": []}\n' + NUMBER[:-1],
        b'{"others": 5}\n' + NUMBER,
        b'{"others": [["text", "x"]]}\n' + NUMBER,
        b'{"others": [["eval", "x", [0]]]}\n' + NUMBER,
        b'{"others": [[["text"], "x", [0]]]}\n' + NUMBER,
        b'{"others": [["text", "x", [1]]]}\n' + NUMBER,
        b'{"others": [["text", "x", ["0"]]]}\n' + NUMBER,
        b'{"others": [["text", "x", 0]]}\n' + NUMBER,
        b"[" * 100_000 + b"\n" + NUMBER,
        b"\xff\xfe\n" + NUMBER,
    ],
)
def test_unreadable_answers(data: bytes) -> None:
    """What has not the expected form is refused."""
    with pytest.raises(ValueError, match=r"^an (unreadable answer|answer of another length)$"):
        wire.decode_results(data, 1, [A1])
