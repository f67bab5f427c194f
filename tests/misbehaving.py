"""An engine whose package is the name of what it does wrong. It runs in a process of its own only."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from xlconv.cells import Edit, Range, Value
from xlconv.errors import EngineError


class Misbehaving:
    """See `xlconv.engines.Engine`."""

    name = "misbehaving"
    title = "misbehaving 1.0"

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        deed, _, argument = package.decode().partition(" ")
        DEEDS[deed](*filter(None, [argument]))
        return [[[[1.0] * where.width] * where.height for where in ranges] for _ in edits]


def engine() -> Misbehaving:
    return Misbehaving()


def answers(data: bytes) -> None:
    """Write to whatever is open, as one that has taken over the process could, and be done."""
    for descriptor in range(3, 64):
        with suppress(OSError):
            os.write(descriptor, data)
    os._exit(0)


def floods() -> None:
    for descriptor in range(3, 64):
        with suppress(OSError):
            while True:
                os.write(descriptor, bytes(1 << 20))


def allocates() -> None:
    kept = [bytes(64 << 20) for _ in range(1000)]
    print(len(kept))


def aborts(words: str) -> None:
    sys.stderr.write(f"{words}\nnote: run with `RUST_BACKTRACE=1` to see more\n")
    sys.stderr.flush()
    os.abort()


def panics() -> None:
    import ironcalc

    ironcalc.test_panic()


def hangs(pid_file: str = "") -> None:
    if pid_file:
        Path(pid_file).write_text(str(os.getpid()))
    time.sleep(60)


def computes() -> None:
    while True:
        pass


def litters() -> None:
    Path("here").write_text("x")
    Path(os.environ["TMPDIR"], "there").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)


def refuses() -> None:
    raise EngineError("a formula\x1b[31m\nthat is too long")


DEEDS: dict[str, Callable[..., None]] = {
    "behaves": lambda: None,
    "prints": lambda: print("Unexpected type (empty)" * 10000, flush=True),
    "dies": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exits": lambda: os._exit(3),
    "aborts": aborts,
    "allocates": allocates,
    "hangs": hangs,
    "computes": computes,
    "answers": lambda text="": answers(text.encode()),
    "floods": floods,
    "panics": panics,
    "litters": litters,
    "refuses": refuses,
}
