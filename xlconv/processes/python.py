"""Interpreters of our own: where they may import from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_HOME: Final = str(Path(__file__).resolve().parents[2])
"""Where xlconv itself is imported from."""

_START: Final = "import sys; sys.path[:] = sys.argv[1:]; from {module} import main; main()"


def module_path() -> list[str]:
    """Where this process imports from, without the current folder, in which anything may lie.

    xlconv's own folder comes last, unless it is known: in a checkout it may be the current one, whose modules must not
    come before others.
    """
    current = _resolved("")
    places = [place for place in sys.path if place and _resolved(place) != current]
    known = {_resolved(place) for place in places}
    return [str(Path(place).absolute()) for place in places] + [_HOME] * (_HOME not in known)


def command(module: str) -> list[str]:
    """What starts a fresh interpreter that runs `main` of a module, in any folder."""
    return [sys.executable, "-I", "-S", "-c", _START.format(module=module), *module_path()]


def keep_to_module_path() -> None:
    """Bind this process, and all interpreters that it or a library starts, to `module_path`."""
    sys.path[:] = module_path()
    os.environ["PYTHONSAFEPATH"] = "1"


def keep_to_one_thread() -> None:
    """Let NumPy, which is not loaded yet, start no threads: to start and end them costs more than they gain here."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _resolved(place: str) -> str:
    try:
        return str(Path(place).resolve())
    except OSError:  # the current folder was removed
        return ""
