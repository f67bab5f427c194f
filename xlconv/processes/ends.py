"""How the command line ends when it is told to: at once, with one line, wherever it is.

Nothing is unwound, as that takes a while and may be stopped half-way: what this process holds ends without it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

NOT_WHOLE: Final = "nothing was written that was not whole"
_SHOW_CURSOR: Final = "\x1b[?25h"
"""A progress bar hides it."""

_NUMBERS: Final = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_TIDY: Final = 1.0
_SOON: Final = 60.0
_ending: Final = threading.RLock()
_step: Final = threading.Lock()
_stepping: Final[list[int]] = []
"""The thread that is in the middle of a step."""
_is_watched: Final = sys.platform != "win32"
_begun: Final[list[int]] = []
_spared: Final[set[int]] = set()
"""Signals that somebody else heeds for the moment."""


def end_on_signals() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP end this process with the exit code 128 + signal.

    A signal that is ignored, as `nohup` and shells ask for, stays so.
    """
    heeded = [number for number in _NUMBERS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    for number in heeded:
        signal.signal(number, lambda number, _: _end(number))
    if not _is_watched:  # Windows has no wake-up by pipe
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(read, heeded), daemon=True).start()


@contextmanager
def undivided() -> Iterator[None]:
    """In the block no signal ends this process, but right behind it: a process that is half started would complain."""
    with _step:
        _stepping.append(threading.get_ident())
        try:
            yield
        finally:
            _stepping.pop()


@contextmanager
def interrupts_raise() -> Iterator[None]:
    """In the block Ctrl-C is a `KeyboardInterrupt`."""
    before = signal.getsignal(signal.SIGINT)
    if before in (signal.SIG_IGN, None):
        yield
        return
    _spared.add(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _spared.discard(signal.SIGINT)


def _wait(read: int, heeded: list[int]) -> None:
    """In a thread of its own: the main one, which is told too, may be in the middle of a long computation."""
    while True:
        for number in os.read(read, 1):
            if number in heeded and number not in _spared:
                _end(number)


def _end(number: int) -> None:
    if _is_watched and threading.get_ident() in _stepping:
        return  # the other thread does it, when the step is done
    if not _ending.acquire(blocking=False):
        time.sleep(_SOON)  # the other thread is at it
    if _begun:  # this one is, and was told once more
        return
    _begun.append(number)
    _step.acquire(timeout=_TIDY)
    how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    with suppress(OSError, ValueError, AttributeError):
        cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
        os.write(2, f"{cursor}xlconv: {how}; {NOT_WHOLE}\n".encode())
    end_all = getattr(sys.modules.get("xlconv.processes.held"), "end_all", None)
    if end_all is not None:  # else nothing is held yet
        end_all(_TIDY)
    os._exit(128 + number)
