"""How long a piece of work in this process may take, and how much memory; and what was done of it until then.

Engines have limits of their own, as they are other processes. Here it is Python and NumPy that work, so that they can
be interrupted and say how far they came.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from xlconv.errors import BoundsError, printable

SECONDS: Final = 300.0
MEMORY: Final = 2048
"""In MiB."""
CELLS: Final = 20_000_000
"""That all formulas of a workbook may read, each counted as often as it is read."""

_PERIOD: Final = 0.05
_TOLD: Final = 4
"""Steps that are told one by one."""
_GRACE: Final = 10.0
"""Seconds that one computation may go on that cannot be interrupted."""


@dataclass(frozen=True)
class Bounds:
    """What the work on one workbook may use.

    Args:
        seconds: On the wall clock.
        memory: Of this process, in MiB.
        cells: That its formulas may read together.
    """

    seconds: float = SECONDS
    memory: int = MEMORY
    cells: int = CELLS


@dataclass
class _Work:
    """The work that is bound."""

    bounds: Bounds
    begun: float = field(default_factory=time.monotonic)
    done: list[str] = field(default_factory=list)
    problem: str = ""
    hint: str = ""

    def look(self) -> bool:
        """Whether it is beyond its bounds."""
        if self.problem:
            return True
        if time.monotonic() - self.begun > self.bounds.seconds:
            self.problem, self.hint = f"not done within {self.bounds.seconds:g} s", "--timeout SECONDS allows more"
        elif memory_used() > self.bounds.memory << 20:
            self.problem = f"needs more than {self.bounds.memory:,} MiB of memory"
            self.hint = "--max-memory MIB allows more"
        return bool(self.problem)

    def error(self) -> BoundsError:
        """Why it ended, and what was done."""
        told = self.done[:_TOLD] + [f"{len(self.done) - _TOLD:,} steps more"] * (len(self.done) > _TOLD)
        done = f"; done until then: {', '.join(told)}" if told else ""
        return BoundsError(f"{self.problem}{done}", self.hint or None)


_current: list[_Work] = []


@contextmanager
def within(bounds: Bounds, name: str = "") -> Iterator[None]:
    """Interrupt the block when it goes beyond its bounds.

    Only the main thread can be interrupted: elsewhere, and on Windows, only `cells` is heeded.

    Args:
        bounds: What it may use.
        name: What it works on, for the last words where nothing else can be said.

    Raises:
        BoundsError: It did.
    """
    work = _Work(bounds)
    _current.append(work)
    try:
        if hasattr(signal, "pthread_kill") and threading.current_thread() is threading.main_thread():
            with _watched(work, name):
                yield
        else:
            yield
    except MemoryError:
        work.problem, work.hint = "not enough memory", ""
        raise work.error() from None
    finally:
        _current.remove(work)


def done(step: str) -> None:
    """Note what has been done, to be told if the rest takes too long."""
    if _current:
        _current[-1].done.append(step)


def check_cells(read: int) -> None:
    """Refuse that formulas read so many cells.

    Raises:
        BoundsError: They are more than they may read.
    """
    work = _current[-1] if _current else _Work(Bounds())
    if read > work.bounds.cells:
        work.problem = f"its formulas read more than {work.bounds.cells:,} cells together"
        work.hint = "--max-cells NUMBER allows more"
        raise work.error()


def memory_used() -> int:
    """Bytes of memory that this process has; where the system does not tell, the most that it has had."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, ValueError):
        return _most_used()


def _most_used() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used << 10


@contextmanager
def _watched(work: _Work, name: str) -> Iterator[None]:
    """A thread looks at the clock and at the memory, and a signal interrupts this one.

    Some libraries let no other thread run for long, but look for signals: the system's own timer is heeded, too.
    """
    over, telling = threading.Event(), threading.Lock()

    def interrupt(*_: object) -> None:
        if not over.is_set() and work.look():
            raise work.error()

    before = signal.signal(signal.SIGALRM, interrupt)
    threading.Thread(target=_watch, args=(work, over, telling, name), daemon=True).start()
    signal.setitimer(signal.ITIMER_REAL, work.bounds.seconds + _PERIOD, 10 * _PERIOD)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        with telling:  # no signal comes after this
            over.set()
        signal.signal(signal.SIGALRM, before)


def _watch(work: _Work, over: threading.Event, telling: threading.Lock, name: str) -> None:
    while not over.wait(_PERIOD):
        if work.look():
            break
    deadline = time.monotonic() + _GRACE
    while not over.wait(_PERIOD):
        if time.monotonic() > deadline:
            os.write(2, f"xlconv: {printable(name)}: {work.error().message}\n".encode())
            os._exit(2)
        with telling:
            if not over.is_set():
                _interrupt()


def _interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGALRM)
