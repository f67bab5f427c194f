"""However xlconv ends, nothing is left: no process, no temporary file, nothing that is not whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests import signals
from tests.conftest import needs_libreoffice

if not Path("/proc/self/environ").exists():
    pytest.skip("needs /proc to see which processes there are", allow_module_level=True)

SEED = 7
COUNT = len(signals.SIGNALS)
"""Of the signals that are sent to each command; `python -m tests.signals` sends more."""


@pytest.mark.parametrize("command", [name for name in signals.COMMANDS if "LibreOffice" not in name])
def test_ended_at_random_moments(seven: Path, command: str) -> None:
    """Each of four signals: within two seconds nothing is left, and the exit code is 128 + signal."""
    made = [signals.run(trial, seven) for trial in signals.trials(COUNT, SEED, [command])]
    assert len(made) == COUNT
    assert [str(trial) for trial in made if trial.problems] == []


@needs_libreoffice
def test_ended_while_libreoffice_computes(seven: Path) -> None:
    """The processes that LibreOffice starts in its turn are ended, too."""
    made = [signals.run(trial, seven) for trial in signals.trials(4, SEED, ["verify, LibreOffice"])]
    assert [str(trial) for trial in made if trial.problems] == []


KILLED = """
import sys, time
from pathlib import Path
from xlconv.processes import held
from xlconv import files

def wait():
    print("ready", flush=True)
    time.sleep(60)

{body}
"""


def killed(tmp_path: Path, body: str, number: int = signal.SIGKILL) -> None:
    """Run a body until it is ready, then end its process, and wait for what it held to go."""
    program = KILLED.format(body=body)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)


def until(true: Callable[[], bool]) -> bool:
    """Whether something comes true within two seconds."""
    deadline = time.monotonic() + signals.SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_kill_with_a_half_written_file(tmp_path: Path) -> None:
    """The file beside the old one is removed, the old one stays."""
    (tmp_path / "a").write_text("old")
    body = "with files.whole_file(Path(sys.argv[1], 'a'), force=True) as new:\n    new.write_text('half'); wait()"
    killed(tmp_path, body)
    assert until(lambda: [path.name for path in tmp_path.iterdir()] == ["a"])
    assert (tmp_path / "a").read_text() == "old"


def test_kill_with_a_half_written_folder(tmp_path: Path) -> None:
    """Folders are removed with what is in them."""
    body = (
        "with files.whole_folder(Path(sys.argv[1], 'a')) as new:\n    (new / 'network.toml').write_text('half'); wait()"
    )
    killed(tmp_path, body)
    assert until(lambda: not list(tmp_path.iterdir()))


def test_kill_between_two_folders(tmp_path: Path) -> None:
    """Where the old folder has been put aside and the new one is not there yet, the old one comes back."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "network.toml").write_text("old")
    body = """
import pathlib
replace, made = pathlib.Path.replace, []

def slow(self, target):
    made.append(target)
    if len(made) == 2:
        wait()
    return replace(self, target)

pathlib.Path.replace = slow
with files.whole_folder(Path(sys.argv[1], 'a'), force=True) as new:
    (new / 'network.toml').write_text('new')
"""
    killed(tmp_path, body)
    assert until(lambda: [path.name for path in tmp_path.iterdir()] == ["a"])
    assert (tmp_path / "a" / "network.toml").read_text() == "old"


def test_kill_before_the_old_folder_is_gone(tmp_path: Path) -> None:
    """Where the new folder is there already, the old one goes."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "network.toml").write_text("old")
    body = """
import shutil
shutil.rmtree = lambda *_, **__: wait()
with files.whole_folder(Path(sys.argv[1], 'a'), force=True) as new:
    (new / 'network.toml').write_text('new')
"""
    killed(tmp_path, body)
    assert until(lambda: [path.name for path in tmp_path.iterdir()] == ["a"])
    assert (tmp_path / "a" / "network.toml").read_text() == "new"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_kill_with_processes(tmp_path: Path, number: int) -> None:
    """A process that was started ends, and one that it has started in its turn; their folder goes."""
    body = """
script = 'read -r go; sleep 61 & echo $! > pids; echo $$ >> pids; wait'
with held.temporary_folder() as folder, held.running(['/bin/sh', '-c', script], folder, None) as process:
    process.stdin.write(b'go\\n'); process.stdin.flush()
    while not (folder / 'pids').exists() or (folder / 'pids').read_text().count('\\n') < 2:
        time.sleep(0.01)
    Path(sys.argv[1], 'pids').write_text((folder / 'pids').read_text())
    Path(sys.argv[1], 'folder').write_text(str(folder))
    wait()
"""
    killed(tmp_path, body, number)
    pids = list(map(int, (tmp_path / "pids").read_text().split()))
    assert until(lambda: not any(map(is_running, pids)))
    assert until(lambda: not Path((tmp_path / "folder").read_text()).exists())


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_in_a_long_computation(number: signal.Signals) -> None:
    """A process that is deep in one computation of a library ends at once, in one line."""
    program = """
from xlconv.processes.ends import end_on_signals
import numpy as np
end_on_signals()
print("ready", flush=True)
big = np.random.default_rng(0).standard_normal((4000, 4000))
while True:
    np.linalg.svd(big)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        begun = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert time.monotonic() - begun < signals.SECONDS
    assert process.returncode == 128 + number
    how = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
    assert said == f"xlconv: {how}; nothing was written that was not whole\n"


@pytest.mark.parametrize("seed", range(4))
def test_several_signals_in_a_row(seven: Path, tmp_path: Path, seed: int) -> None:
    """Who presses Ctrl-C twice does not wait longer."""
    rng = random.Random(seed)
    command = [sys.executable, "-P", "-m", "xlconv", "verify", "--self-test", str(seven)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(rng.uniform(0.5, 1.5))
    begun = time.monotonic()
    for _ in range(4):
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        time.sleep(rng.uniform(0, 0.004))
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - begun < signals.SECONDS
    assert process.returncode == 130
    assert said == "xlconv: interrupted; nothing was written that was not whole\n"


def test_ignored_signals_stay_ignored(tmp_path: Path) -> None:
    """What `nohup` asks for is honoured."""
    program = """
import os, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from xlconv.processes.ends import end_on_signals
end_on_signals()
os.kill(os.getpid(), signal.SIGHUP)
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


def test_two_at_once(tmp_path: Path) -> None:
    """Of two that write a file which was not there, one refuses: nothing that somebody else made is replaced."""
    body = """
import sys
from pathlib import Path
from xlconv import files
from xlconv.errors import OutputError
try:
    with files.whole_file(Path(sys.argv[1])) as new:
        print('ready', flush=True)
        sys.stdin.read()
        new.write_text(sys.argv[2])
except OutputError as error:
    print(error.message, error.hint)
"""
    command = [sys.executable, "-c", body, str(tmp_path / "a")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": Path(__file__).parents[1]}
    with (
        subprocess.Popen([*command, "first"], **pipes) as first,  # type: ignore[call-overload]
        subprocess.Popen([*command, "second"], **pipes) as second,  # type: ignore[call-overload]
    ):
        assert (first.stdout.readline(), second.stdout.readline()) == ("ready\n", "ready\n")
        assert first.communicate()[0] == ""
        assert second.communicate()[0] == f"{tmp_path / 'a'} exists already --force replaces it\n"
    assert (tmp_path / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
