"""A program that outlives the process that started it for a moment, and ends and removes what that one left.

It is told on its stdin what there is, and what is no longer there. The end of its stdin is the end of that process,
in whichever way it ended, `kill -9` too. A process that is about to end may ask to have all that done before, and gets
an answer on stdout; what it does nevertheless until its end is undone then. The program is run by its path in a bare
interpreter: it imports nothing of xlconv.

A record is a sign, `+` or `-`, a kind, and one or two texts, each of which ends with a NUL; one more NUL ends it:

    p PATH      a file or folder that is to be removed
    m OLD PATH  a folder that stood at PATH and has been put aside: it goes back if nothing stands there, else away
    g NUMBER    a group of processes (on Windows a process) that is to be ended
    k NUMBER    one process
    e           the end is near
"""

from __future__ import annotations

import os
import signal
import sys
import time

_STDIN, _STDOUT = 0, 1
_SECONDS = 2.0
"""In which what has been removed may be written again by a process that has not ended yet."""


def main() -> None:
    """Listen until the other side is gone, then tidy up."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    held: dict[tuple[bytes, ...], None] = {}
    _listen(held)
    _tidy(held)


def _tidy(held: dict[tuple[bytes, ...], None]) -> None:
    """End and remove what there is; only what may be there again is kept in mind."""
    _end([(kind, int(texts[0])) for kind, *texts in held if kind in (b"g", b"k")])
    for old, path in [texts for kind, *texts in held if kind == b"m"]:
        _put_back(os.fsdecode(old), os.fsdecode(path))
    _remove([os.fsdecode(texts[0]) for kind, *texts in held if kind == b"p"])
    for key in [key for key in held if key[0] != b"p"]:
        del held[key]


def _listen(held: dict[tuple[bytes, ...], None]) -> None:
    """Note what there is, kinds and texts in the order in which they are told, until the other side is gone."""
    text = b""
    while chunk := os.read(_STDIN, 1 << 16):
        *records, text = (text + chunk).split(b"\0\0")
        for record in records:
            key = (record[1:2], *record[2:].split(b"\0"))
            if key[0] == b"e":
                _tidy(held)
                _answer()
            elif record[:1] == b"+":
                held[key] = None
            else:
                held.pop(key, None)


def _answer() -> None:
    try:
        os.write(_STDOUT, b"done")
    except OSError:
        return  # it did not wait


def _end(processes: list[tuple[bytes, int]]) -> None:
    for kind, number in processes:
        try:
            if sys.platform == "win32":
                os.kill(number, signal.SIGTERM)
            else:
                (os.killpg if kind == b"g" else os.kill)(number, signal.SIGKILL)
        except OSError:
            continue  # it has ended


def _put_back(old: str, path: str) -> None:
    if not os.path.lexists(path):
        try:
            os.replace(old, path)
        except OSError:
            return  # it is not aside, or cannot be moved: it stays where it is
    _remove_one(old)


def _remove(paths: list[str]) -> None:
    deadline = time.monotonic() + _SECONDS
    while paths and time.monotonic() < deadline:
        for path in paths:
            _remove_one(path)
        paths = [path for path in paths if os.path.lexists(path)]
        time.sleep(0.01 if paths else 0)


def _remove_one(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        import shutil  # here, as there is seldom a folder left

        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    main()
