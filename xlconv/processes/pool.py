"""Work on several things at the same time, in processes of their own; knows nothing of what the work is.

The pool is pebble's: a process that dies, or works too long, takes down the one thing that it worked on, and no other.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import TimeoutError as LateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.synchronize import RLock
from typing import Any, Final, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from xlconv.processes.ends import undivided
from xlconv.processes.held import hold_process, let_go_process

Item = TypeVar("Item")
Done = TypeVar("Done")

_BROKEN: Final = "the death of all processes"


@dataclass(frozen=True)
class Died:
    """What became of a thing whose process died: how, in a few words."""

    how: str


def in_order(
    work: Callable[[Item], Done], items: Sequence[Item], jobs: int, seconds: float | None = None
) -> Generator[Done | Died, None, None]:
    """What the work makes of each item, in the items' order.

    When the iterator is closed before its end all processes end.

    Args:
        work: Goes to other processes, so it must be picklable, as must be the items and what it makes of them.
        items: What to work on.
        jobs: How many processes.
        seconds: For each item, after which its process is ended.
    """
    _start_tracker()
    pool = ProcessPool(min(jobs, len(items)), initializer=_begin, initargs=(work,), context=_Context())
    try:
        with _without_interrupts():
            futures = [pool.schedule(_do, (item,), timeout=seconds) for item in items]
        for future in futures:
            yield _result(future)
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _result(future: ProcessFuture[Done]) -> Done | Died:
    try:
        return future.result()
    except ProcessExpired as error:
        return Died(_how(error.exitcode))
    except BrokenProcessPool:
        return Died(_BROKEN)
    except LateError as error:
        if len(error.args) == 2:  # the pool's own, with the seconds
            return Died(f"no answer within {error.args[1]:g} s")
        raise


def _start_tracker() -> None:
    """Start the process that removes locks when this one has been ended, so that it does so in silence."""
    if os.name != "posix":
        return
    from multiprocessing import resource_tracker

    sys.warnoptions.append("ignore")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove("ignore")


class _Process(SpawnProcess):
    """Ends with the process that started it, also while it is just starting."""

    def start(self) -> None:
        """Start it."""
        with undivided():
            super().start()
            assert self.pid is not None
            hold_process(self.pid)

    def is_alive(self) -> bool:
        """Whether it is running."""
        alive = super().is_alive()
        self._look()
        return alive

    def join(self, timeout: float | None = None) -> None:
        """Wait for it."""
        super().join(timeout)
        self._look()

    def _look(self) -> None:
        if self.pid is not None and self.exitcode is not None:
            let_go_process(self.pid)


class _Context(SpawnContext):
    """Fresh interpreters, as a fork of a process with threads may hang.

    The pool gives its locks up before its processes have ended, and one that is just starting would complain.
    """

    Process = _Process

    def __init__(self) -> None:
        super().__init__()
        self.locks: list[RLock] = []

    def RLock(self) -> RLock:  # noqa: N802 (its name there)
        """A lock that lasts as long as this."""
        self.locks.append(super().RLock())
        return self.locks[-1]


def _how(code: int) -> str:
    known = -code in set(signal.Signals) if code < 0 else False
    return signal.Signals(-code).name if known else f"exit code {code}"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes and threads that are started here do not hear of Ctrl-C: this one ends them in silence."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_work: list[Callable[[Any], Any]] = []
"""What a process of the pool does with each item; it is sent once."""


def _begin(work: Callable[[Any], Any]) -> None:
    """At the start of a process of the pool; what it holds ends without it, so that it may end at once."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work[:] = [work]


def _do(item: Any) -> Any:
    (work,) = _work
    return work(item)


def _end_with_parent() -> None:
    """Whatever ends the process that started this one, ends this one."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
