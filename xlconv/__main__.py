"""`python -m xlconv`, and the `xlconv` command."""

import gc
import os
import signal
import sys
from contextlib import suppress

_OBJECTS = 1_000_000
"""New ones, after which Python looks for garbage: seldom, as a process that ends soon makes little of it."""


def main() -> None:
    """Run the command line; nothing a user can cause ends in a traceback, not even Ctrl-C while modules load."""
    # What openpyxl had half written complains when it is thrown away; the error itself has been told by then.
    sys.unraisablehook = lambda _: None
    gc.set_threshold(_OBJECTS)
    _open_all()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    from xlconv.processes.ends import end_on_signals

    end_on_signals()
    from xlconv.processes.python import keep_to_module_path, keep_to_one_thread

    keep_to_module_path()
    keep_to_one_thread()
    from xlconv.cli import run

    try:
        code = run()
    except Exception:  # noqa: BLE001 - a fault of ours, which must not be taken for a difference in a workbook
        sys.excepthook(*sys.exc_info())
        code = 2
    _leave(code)


def _open_all() -> None:
    """Open what the caller has closed of stdin, stdout and stderr: a file would else take its place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _interrupted(*_: object) -> None:
    """Ctrl-C while the first modules load, of which nothing is held yet."""
    os.write(2, b"xlconv: interrupted\n")
    os._exit(128 + signal.SIGINT)


def _leave(code: int) -> None:
    """End the process at once: to free every object first, as Python does, takes a tenth of the whole time.

    What is held ends without it.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
