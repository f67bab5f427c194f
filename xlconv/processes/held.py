"""What ends with this process: other processes, temporary files and folders."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

_PROGRAM: Final = Path(__file__).with_name("keeper.py")
_NAME_BYTES: Final = 6


class _Keeper:
    """The process that tidies up behind this one; it is started when there is something to hold."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def tell(self, sign: str, kind: str, *texts: str) -> None:
        """Say what there is (+), or is no longer (-)."""
        record = b"\0".join([f"{sign}{kind}".encode() + os.fsencode(texts[0]), *map(os.fsencode, texts[1:])])
        with self.lock, suppress(OSError, ValueError):  # without it what there is ends in the usual way alone
            if self.process is None:
                self.process = _started_keeper()
            assert self.process.stdin is not None
            self.process.stdin.write(record + b"\0\0")

    def dismiss(self, seconds: float) -> None:
        """Have everything ended and removed, and wait for that; takes no lock, as the process is about to end."""
        if self.process is None or self.process.stdin is None or self.process.stdout is None:
            return
        with suppress(OSError, ValueError):
            self.process.stdin.write(b"+e\0\0")
            select.select([self.process.stdout], [], [], seconds)

    def forget(self) -> None:
        """In a fork of the process, the keeper is the parent's: this one gets its own."""
        process, self.process, self.lock = self.process, None, threading.Lock()
        if process is not None and process.stdin is not None and process.stdout is not None:
            process.stdin.close()
            process.stdout.close()
            process.returncode = 0  # not this one's to wait for


def _started_keeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_PROGRAM)],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_PROGRAM.parent,
        start_new_session=True,
    )


_keeper: Final = _Keeper()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keeper.forget)


def hold_process(number: int) -> None:
    """Have a process end with this one, if it has not been let go before."""
    _keeper.tell("+", "k", str(number))


def let_go_process(number: int) -> None:
    """Forget a process that has ended."""
    _keeper.tell("-", "k", str(number))


def end_all(seconds: float) -> None:
    """End and remove all that is held, as this process is about to end; wait so long for it at most."""
    _keeper.dismiss(seconds)


@contextmanager
def held_path(path: Path) -> Iterator[None]:
    """A file or folder that is removed if the process ends before the block does; what it is by then is the block's."""
    where = str(path.absolute())
    _keeper.tell("+", "p", where)
    try:
        yield
    finally:
        _keeper.tell("-", "p", where)


@contextmanager
def put_aside(path: Path, old: Path) -> Iterator[None]:
    """A folder that stands somewhere else while another takes its place.

    If the process ends before the block does, it goes back, unless something stands in its place.
    """
    texts = str(old.absolute()), str(path.absolute())
    _keeper.tell("+", "m", *texts)
    try:
        yield
    finally:
        _keeper.tell("-", "m", *texts)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder that is removed at the end of the block, or of the process."""
    folder = Path(tempfile.gettempdir()).absolute() / f"xlconv-{os.urandom(_NAME_BYTES).hex()}"
    with held_path(folder):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_files() -> Iterator[None]:
    """What libraries write to the system's folder for temporary files is removed likewise."""
    before = tempfile.tempdir
    with temporary_folder() as folder:
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before


@contextmanager
def running(
    command: Sequence[str],
    cwd: Path,
    stderr: int | IO[bytes],
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, with all that it starts in its turn; they end with the block, or with this process.

    It must do nothing before it has read something from its stdin: only then is it certain to be held.

    Args:
        command: The program and its arguments.
        cwd: Where it runs.
        stderr: Where that goes; stdout is a pipe.
        env: Further variables of its environment.
    """
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    _keeper.tell("+", "g", str(process.pid))
    try:
        yield process
    finally:
        end(process)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                _close(stream)
        process.wait()
        _keeper.tell("-", "g", str(process.pid))


def _close(stream: IO[Any] | None) -> None:
    if stream is not None:
        stream.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and those that it has started, which may outlive it."""
    if hasattr(os, "killpg"):
        import signal

        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of one that has ended
            os.killpg(process.pid, signal.SIGKILL)
    elif process.returncode is None:
        process.kill()
