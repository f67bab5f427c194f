"""An embedded engine in a process of its own, for files from outside.

A hostile workbook can make an engine crash, use all memory or never end. Its process is bound to `Limits`, and its
death is an `EngineError`. The process is a fresh interpreter, so that it starts quickly, knows nothing of this one,
and may be started from any thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, TYPE_CHECKING, Final

from xlconv.cells import Edit, Range
from xlconv.engines.limits import Limits
from xlconv.engines.wire import MAX_HEADER, Request, Results, decode_results
from xlconv.errors import EngineError, printable
from xlconv.processes import held, python

if TYPE_CHECKING:
    from xlconv.engines import Engine

_GROUPS_A_JOB: Final = 6
"""A further process is worth its start for so many groups of edits."""

_MODULE: Final = "xlconv.engines.child"

_ENVIRONMENT: Final = {
    "MALLOC_ARENA_MAX": "2",  # each thread's own arena would count as 64 MiB of address space
    "RAYON_NUM_THREADS": "1",
    "RUST_BACKTRACE": "0",
}
_OUT_OF_MEMORY: Final = ("MemoryError", "memory allocation of ")
"""How Python and Rust begin to say it."""
_LONGEST_REASON: Final = 300
_CHUNK: Final = 1 << 20


class Isolated:
    """See `xlconv.engines.Engine`.

    Args:
        engine: What computes, there.
        limits: Of each process.
        jobs: How many processes may share the groups of edits.
    """

    def __init__(self, engine: Engine, limits: Limits, jobs: int = 1) -> None:
        self.name = engine.name
        self.engine = engine
        self.limits = limits
        self.jobs = min(jobs, os.cpu_count() or 1)

    @property
    def title(self) -> str:
        """The engine's."""
        return self.engine.title

    def evaluate(self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]) -> Results:
        """Share the groups of edits between processes, and wait for each."""
        with ExitStack() as stack:
            folder = stack.enter_context(held.temporary_folder())
            module = type(self.engine).__module__
            children = [
                stack.enter_context(_running(self.name, Request(module, self.limits, package, part, ranges), folder))
                for part in _parts(edits, self.jobs)
            ]
            for child in children:  # they start side by side
                child.begin()
            return list(chain.from_iterable(child.results() for child in children))


def _parts(edits: Sequence[Sequence[Edit]], jobs: int) -> Iterator[Sequence[Sequence[Edit]]]:
    """As many parts of nearly the same size as are worth a process."""
    count = max(1, min(jobs, len(edits) // _GROUPS_A_JOB))
    for part in range(count):
        yield edits[part * len(edits) // count : (part + 1) * len(edits) // count]


@contextmanager
def _running(name: str, request: Request, folder: Path) -> Iterator[_Child]:
    """A process that waits for a request; it is ended on the way out, and at the time limit."""
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with (
        TemporaryFile(dir=folder) as stderr,
        held.running(python.command(_MODULE), folder, stderr, _ENVIRONMENT | temporary) as process,
    ):
        child = _Child(name, request, process, stderr)
        timer = Timer(request.limits.seconds, child.end)
        timer.daemon = True
        timer.start()
        try:
            yield child
        finally:
            timer.cancel()


@dataclass
class _Child:
    """One process, its request and what it says on stderr."""

    name: str
    request: Request
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    late: bool = False

    def begin(self) -> None:
        """Give it the request."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # dead already, which is seen when it is waited for
            self.process.stdin.write(self.request.encode())
            self.process.stdin.close()

    def end(self) -> None:
        """As it is late."""
        self.late = True
        self.process.kill()

    def results(self) -> Results:
        """What it computed.

        Raises:
            EngineError: It computed nothing, or did not live to say so.
        """
        groups, ranges = len(self.request.edits), self.request.ranges
        answer = self._answer(MAX_HEADER + 8 * groups * sum(where.size for where in ranges))
        if self.late or self.process.wait() != 0:
            raise EngineError(self._death())
        try:
            results = decode_results(answer, groups, ranges)
        except ValueError as error:
            raise EngineError(f"{self.name}'s process gave {error}") from None
        if isinstance(results, str):
            raise EngineError(_line(results))
        return results

    def _answer(self, limit: int) -> bytes:
        assert self.process.stdout is not None
        answer = bytearray()
        for chunk in iter(partial(self.process.stdout.read, _CHUNK), b""):
            answer += chunk
            if len(answer) > limit:
                raise EngineError(f"{self.name}'s process gave too long an answer")
        return bytes(answer)

    def _death(self) -> str:
        """How it ended, in one line."""
        name, limits, code = self.name, self.request.limits, self.process.returncode
        if self.late:
            return f"{name} did not finish within {limits.seconds:g} s"
        if hasattr(signal, "SIGXCPU") and code == -signal.SIGXCPU:
            return f"{name} needed more than {limits.cpu_seconds} s of processor time"
        said = self._last_words()
        if said.startswith(_OUT_OF_MEMORY):
            return f"{name} needed more than {_size(limits.memory)} of memory"
        how = f"{name}'s process ended with {_signal_name(-code) if code < 0 else f'exit code {code}'} on this file"
        return f"{how}: {said}" if said else how

    def _last_words(self) -> str:
        self.stderr.seek(max(0, self.stderr.seek(0, os.SEEK_END) - _LONGEST_REASON))
        lines = self.stderr.read().decode(errors="replace").split("\n")
        return next((_line(line) for line in reversed(lines) if line.strip() and not line.startswith("note: ")), "")


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _size(limit: int) -> str:
    return f"{limit / (1 << 30):g} GiB" if limit >= 1 << 30 else f"{limit >> 20} MiB"


def _line(text: str) -> str:
    return printable(text.strip())[:_LONGEST_REASON]
