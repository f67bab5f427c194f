"""A program that outlives the process that started it for a moment, and ends and removes what that one left.

It is told on its stdin what there is, and what is no longer there. The end of its stdin is the end of that process,
in whichever way it ended, `kill -9` too. It is run by its path in a bare interpreter: it imports nothing of xlconv.

A record is a sign, `+` or `-`, a kind, and one or two texts, each of which ends with a NUL; one more NUL ends it:

    p PATH      a file or folder that is to be removed
    m OLD PATH  a folder that stood at PATH and has been put aside: it goes back if nothing stands there, else away
    g NUMBER    a group of processes (on Windows a process) that is to be ended
"""

import os
import signal
import sys
import time

_SECONDS = 2.0
"""In which what has been removed may be written again by a process that has not ended yet."""


def main() -> None:
    """Listen until the other side is gone, then tidy up."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    held = _listen(sys.stdin.buffer.raw)
    _end([int(each[1]) for each in held if each[0] == b"g"])
    for _, old, path in [each for each in held if each[0] == b"m"]:
        _put_back(os.fsdecode(old), os.fsdecode(path))
    _remove([os.fsdecode(each[1]) for each in held if each[0] == b"p"])


def _listen(stdin) -> dict:
    """What there is at the end, in the order in which it was told."""
    held: dict = {}
    text = b""
    while chunk := stdin.read(1 << 16):
        *records, text = (text + chunk).split(b"\0\0")
        for record in records:
            key = (record[1:2], *record[2:].split(b"\0"))
            if record[:1] == b"+":
                held[key] = None
            else:
                held.pop(key, None)
    return held


def _end(groups: list) -> None:
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL) if hasattr(os, "killpg") else os.kill(group, signal.SIGTERM)
        except OSError:
            pass  # it has ended


def _put_back(old: str, path: str) -> None:
    try:
        if os.path.lexists(old) and not os.path.lexists(path):
            os.replace(old, path)
    except OSError:
        pass
    _remove_one(old if os.path.lexists(path) else "")


def _remove(paths: list) -> None:
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
