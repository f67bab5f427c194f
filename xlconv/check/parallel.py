"""Work on several things at the same time, in processes of their own; knows nothing of what the work is.

A process that dies takes down the one thing that it worked on, and no other.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")

_SECONDS: Final = 5
"""That a process has to end its own children."""


@dataclass(frozen=True)
class Died:
    """What became of a thing whose process died: how, in a few words."""

    how: str


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(work: Callable[[Item], Done], items: Sequence[Item], jobs: int) -> Generator[Done | Died, None, None]:
    """What the work makes of each item, in the items' order.

    When the iterator is closed before its end, or by Ctrl-C, all processes end.

    Args:
        work: Goes to other processes, so it must be picklable, as must be the items and what it makes of them.
        items: What to work on.
        jobs: How many processes.
    """
    pool = _Pool(work, items)
    try:
        for _ in range(min(jobs, len(items))):
            pool.start()
        for at in range(len(items)):
            while at not in pool.done:
                pool.collect()
            yield pool.done.pop(at)
    finally:
        pool.end()


@dataclass
class _Worker:
    """A process, the way to it, and the number of the item that it works on."""

    process: BaseProcess
    connection: Connection
    at: int = -1


class _Pool(Generic[Item, Done]):
    def __init__(self, work: Callable[[Item], Done], items: Sequence[Item]) -> None:
        self.work = work
        self.todo = iter(enumerate(items))
        self.workers: list[_Worker] = []
        self.done: dict[int, Done | Died] = {}
        self.ending: list[BaseProcess] = []

    def start(self) -> None:
        """A fresh process, if something is left to do."""
        first = next(self.todo, None)
        if first is None:
            return
        context = get_context("spawn")  # a fork of a process with threads may hang
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.work), daemon=False)
        with _without_interrupts():
            process.start()
        theirs.close()
        self.workers.append(_Worker(process, ours))
        self._give(self.workers[-1], first)

    def collect(self) -> None:
        """Wait until a process has done or died, and give it the next item or replace it."""
        ready = wait([worker.connection for worker in self.workers])
        for worker in [each for each in self.workers if each.connection in ready]:
            try:
                self.done[worker.at] = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                self.start()
                continue
            following = next(self.todo, None)
            if following is None:
                self._let_go(worker)  # at which it ends
            else:
                self._give(worker, following)

    def _give(self, worker: _Worker, item: tuple[int, Item]) -> None:
        worker.at = item[0]
        with suppress(BrokenPipeError, ConnectionResetError):  # dead already, which is seen when it is waited for
            worker.connection.send(item[1])

    def _bury(self, worker: _Worker) -> None:
        worker.process.join()
        self._let_go(worker)
        self.done[worker.at] = Died(_how(worker.process.exitcode or 0))

    def _let_go(self, worker: _Worker) -> None:
        worker.connection.close()
        self.workers.remove(worker)
        self.ending.append(worker.process)

    def end(self) -> None:
        """End all processes that are at work, and wait until none is left."""
        for worker in list(self.workers):
            worker.process.terminate()
            self._let_go(worker)
        for process in self.ending:
            process.join(_SECONDS)
            process.kill()
            process.join()


def _how(code: int) -> str:
    known = -code in set(signal.Signals) if code < 0 else False
    return signal.Signals(-code).name if known else f"exit code {code}"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started here does not hear of Ctrl-C: this one ends it then, and it has nothing to say."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(connection: Connection, work: Callable[[Any], Any]) -> None:
    """Work until the other side closes the connection, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that children and temporary files go, too
    with suppress(EOFError, OSError):
        while True:
            connection.send(work(connection.recv()))
