"""An engine's process: reads a request, binds itself to the limits, computes, writes the answer."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

from xlconv.engines.wire import Request, encode_error, encode_results
from xlconv.errors import EngineError


def main() -> None:
    """Answer the request on stdin on stdout; whatever goes wrong ends the process, and the parent says how."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # at once, also in the middle of a long computation
    with os.fdopen(os.dup(1), "wb") as out:
        _silence_stdout()
        out.write(_answer(Request.decode(sys.stdin.buffer.read())))
    os._exit(0)  # to free every object takes longer than it is worth


def _silence_stdout() -> None:
    """What libraries print is not part of the answer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _answer(request: Request) -> bytes:
    request.limits.apply()
    engine = import_module(request.module).engine()
    try:
        return encode_results(engine.evaluate(request.package, request.edits, request.ranges))
    except EngineError as error:
        return encode_error(error.message)
