"""How long the work on a workbook may take and what it may use: it ends in one true line, soon, and nothing is lost."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests import hostile
from tests.conftest import SHARED
from xlconv.cells import column_letters
from xlconv.errors import BoundsError
from xlconv.processes import bounds
from xlconv.processes.bounds import Bounds, within
from xlconv.reader import read
from xlconv.recover import reading

needs_signals = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows cannot interrupt a thread")
MIB = 1 << 20


def work(seconds: float) -> None:
    """In Python, which can be interrupted anywhere."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass


@needs_signals
def test_time() -> None:
    """Work that goes on is interrupted, and it is said what was done, how much time there was, and how to get more."""
    begun = time.monotonic()
    with pytest.raises(BoundsError) as caught, within(Bounds(seconds=0.2)):  # noqa: PT012
        bounds.done("one thing read")
        bounds.done("two computed")
        work(20)
    assert caught.value.message == "not done within 0.2 s; done until then: one thing read, two computed"
    assert caught.value.hint == "--timeout SECONDS allows more"
    assert time.monotonic() - begun < 5


@needs_signals
def test_many_steps() -> None:
    """The first ones are told, the others counted."""
    with pytest.raises(BoundsError) as caught, within(Bounds(cells=1)):  # noqa: PT012
        for step in range(1, 1007):
            bounds.done(f"step {step}")
        bounds.check_cells(2)
    assert caught.value.message.endswith("; done until then: step 1, step 2, step 3, step 4, 1,002 steps more")


@needs_signals
def test_memory() -> None:
    """Work that fills the memory is interrupted."""
    kept = []
    limit = bounds.memory_used() // MIB + 100
    with pytest.raises(BoundsError) as caught, within(Bounds(memory=limit)):  # noqa: PT012
        while True:
            kept.append(np.ones(MIB))
            time.sleep(0.001)
    assert caught.value.message == f"needs more than {limit:,} MiB of memory"
    assert caught.value.hint == "--max-memory MIB allows more"
    assert sum(each.nbytes for each in kept) < 2000 * MIB


def test_memory_that_is_not_there() -> None:
    """Where the system has none, that is said, too."""
    with pytest.raises(BoundsError, match=r"^not enough memory$"), within(Bounds()):
        raise MemoryError


def test_cells() -> None:
    """So many cells may be read, and not one more."""
    with within(Bounds(cells=10)):
        bounds.check_cells(10)
        with pytest.raises(BoundsError, match=r"^its formulas read more than 10 cells together$") as caught:
            bounds.check_cells(11)
    assert caught.value.hint == "--max-cells NUMBER allows more"
    bounds.check_cells(11)


@needs_signals
def test_nothing_is_left_of_it() -> None:
    """Work that is done in time is not interrupted, nor what comes after it; the clock stops."""
    before, threads = signal.getsignal(signal.SIGALRM), threading.active_count()
    for _ in range(50):
        with within(Bounds(seconds=0.06)):
            work(0.01)
    work(0.3)
    assert signal.getsignal(signal.SIGALRM) == before
    assert threading.active_count() <= threads + 1


@needs_signals
def test_an_error_of_the_work_itself() -> None:
    """It passes."""
    with pytest.raises(KeyError), within(Bounds()):
        raise KeyError


def test_in_another_thread() -> None:
    """Where nothing can be interrupted the work is done all the same."""
    found = []

    def run() -> None:
        with within(Bounds(seconds=0.05)):
            work(0.2)
            found.append(1)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [1]


@needs_signals
def test_a_library_that_lets_no_thread_run() -> None:
    """A regular expression that would take for ever is interrupted."""
    with pytest.raises(BoundsError, match=r"^not done within 0\.1 s$"), within(Bounds(seconds=0.1)):
        re.match("(a*)*b", "a" * 64)


@needs_signals
def test_what_cannot_be_interrupted() -> None:
    """A library that computes for ever ends with the process, in one line."""
    program = """
import numpy as np
from xlconv.processes import bounds
bounds._GRACE = 0.5
large = np.random.default_rng(0).standard_normal((6000, 6000))
with bounds.within(bounds.Bounds(seconds=0.1), "a.xlsx"):
    bounds.done("it was read")
    np.linalg.svd(large)
"""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "xlconv: a.xlsx: not done within 0.1 s; done until then: it was read\n"
    assert time.monotonic() - begun < 20


# The command line


def xlconv(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "xlconv", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(seven: Path, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bounds")
    shutil.copy(seven, path / "7.xlsx")
    shutil.copy(small, path / "small.xlsx")
    distinct(30_000)(path / "distinct.xlsx")
    return path


def distinct(count: int) -> hostile.Make:
    """Formulas of which no two are alike."""
    width = 100
    rows = []
    for row in range(count // width):
        cells = (f'<c r="{column_letters(at + 1)}{row + 1}"><f>{row * width + at}+1</f></c>' for at in range(width))
        rows.append(f'<row r="{row + 1}">{"".join(cells)}</row>')
    return hostile.with_rows("".join(rows))


@needs_signals
@pytest.mark.parametrize("command", [["verify"], ["recover"], ["show"], ["render", "--output", "x.png"]], ids=str)
def test_timeout(folder: Path, command: list[str]) -> None:
    """Each command ends with exit code 2 and says truly how far it came."""
    code, out, err = xlconv(folder, command[0], "distinct.xlsx", *command[1:], "--timeout", "0.4")
    assert (code, out) == (2, "")
    what = "could not be checked: " if command == ["verify"] else ""
    first, hint = err.splitlines()
    assert first.startswith(f"xlconv: distinct.xlsx: {what}not done within 0.4 s")
    assert first.removesuffix("; done until then: 30,000 formulas read").endswith("not done within 0.4 s")
    assert hint == "hint: --timeout SECONDS allows more"
    assert not (folder / "x.png").exists()


@needs_signals
def test_timeout_of_one_of_several(folder: Path) -> None:
    """The others are checked, one at a time and two at a time."""
    for jobs in ("1", "2"):
        arguments = ("small.xlsx", "distinct.xlsx", "small.xlsx", "--random", "1", "--jobs", jobs, "--timeout", "2.5")
        code, out, err = xlconv(folder, "verify", *arguments)
        assert code == 2
        assert out.count("small.xlsx: every activation agrees") == 2
        assert "xlconv: distinct.xlsx: could not be checked: not done within 2.5 s" in err


@needs_signals
def test_max_memory(folder: Path) -> None:
    """The memory of the main process has its bound."""
    code, _, err = xlconv(folder, "verify", "7.xlsx", "--max-memory", "64")
    assert code == 2
    first, hint = err.splitlines()
    assert first.startswith("xlconv: 7.xlsx: could not be checked: needs more than 64 MiB of memory")
    assert hint == "hint: --max-memory MIB allows more"


def test_max_cells(folder: Path) -> None:
    """What the formulas read is counted before it is listed."""
    code, _, err = xlconv(folder, "verify", "7.xlsx", "--max-cells", "1000")
    assert code == 2
    assert err.splitlines() == [
        "xlconv: 7.xlsx: could not be checked: its formulas read more than 1,000 cells together; done until then: "
        "4,605 formulas read, 1 network recognised",
        "hint: --max-cells NUMBER allows more",
    ]


def test_the_defaults_are_told() -> None:
    """The help of each command names its bounds with what they are."""
    for command in ("verify", "recover", "show", "render"):
        _, out, _ = xlconv(Path.cwd(), command, "--help")
        words = " ".join(out.split())
        assert "--timeout SECONDS For each workbook. [default: 300.0; 0<x<=1000000]" in words
        assert "--max-memory MIB" in words
        assert "--max-cells NUMBER" in words


# What formulas read


def test_whole_columns_are_not_spelled_out(tmp_path: Path) -> None:
    """Of ranges far beyond all that is used, what is used counts: 2,000 sums over 40 whole rows are no burden."""
    hostile.many_formulas(2000, "SUM(B$1:XFD$40)+{}")(tmp_path / "sums.xlsx")
    found = reading.read(read(tmp_path / "sums.xlsx"))
    cells, sources = found.precedents
    assert cells.size == sources.size == 2000 * 40


def test_tables_are_not_spelled_out_for_each_cell(tmp_path: Path) -> None:
    """Where many cells look something up in one large table, it is listed once; smaller ones are, for each."""
    hostile.many_formulas(700, "INDEX(C$1:Z$400,{},1)")(tmp_path / "table.xlsx")
    hostile.many_formulas(700, "INDEX($C$1:$Z$400,{},1)")(tmp_path / "fixed.xlsx")
    for name, count in (("table", 700), ("fixed", 700)):
        cells, sources = reading.read(read(tmp_path / f"{name}.xlsx")).precedents
        assert cells.size == sources.size == (count if name == "table" else 700) * 24 * 400
    rows = "".join(f'<row r="{n}"><c r="A{n}"><f>INDEX($C$1:$Z$400,A$999,1)</f></c></row>' for n in range(1, 701))
    hostile.with_rows(rows)(tmp_path / "alike.xlsx")
    cells, _ = reading.read(read(tmp_path / "alike.xlsx")).precedents
    assert cells.size == 24 * 400 + 700


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared/real is not there")
def test_a_strangers_table_is_within_bounds() -> None:
    """A workbook in which 1,568 cells look something up in 25,088 is checked, as far as it is understood."""
    code, out, err = xlconv(SHARED / "real", "verify", "excel-nn.xlsx", "--random", "1")
    assert (code, err) == (2, "xlconv: excel-nn.xlsx: not checked: 787 of 2,407 formulas\n")
    assert out.startswith("excel-nn.xlsx: not checked")


def test_used_part_follows_copies() -> None:
    """A range that moves up and left with its copies keeps what they see."""
    book = read_rows('<row r="9"><c r="C9"><v>1</v></c></row>')
    used = reading.Used(book)
    whole = reading.Range("S", 2, 2, 100_000, 3)
    assert used.part(whole, np.array([[0, 0], [5, 1]])).address == "B2:C9"
    assert used.part(whole, np.array([[0, 0], [-1, -1]])).address == "B2:D10"
    assert used.part(whole._replace(row=50), np.array([[0, 0]])).address == "B50:C50"
    small = reading.Range("S", 50, 50, 100, 100)
    assert used.part(small, np.array([[0, 0]])) == small


def read_rows(rows: str) -> object:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        hostile.with_rows(rows)(Path(name, "a.xlsx"))
        return read(Path(name, "a.xlsx"))
