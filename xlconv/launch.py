"""Opening a file with the program that the system uses for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from xlconv.errors import XlconvError
from xlconv.processes import programs

_SECONDS = 5
"""After which a program that is still running counts as having opened the file."""


def open_file(path: Path) -> None:
    """Open a file in Excel, LibreOffice or what else the system has for it; does not wait for it to be closed.

    Raises:
        XlconvError: The file is missing, or nothing here opens it.
    """
    if not path.is_file():
        raise XlconvError(f"{path}: no such file")
    whole = path.absolute()  # what begins with a slash is no option, nor anything but a file, to any program
    if sys.platform == "win32":
        try:
            os.startfile(whole)
        except OSError:
            raise _nothing(path) from None
        return
    command = _opener()
    if command is None:
        raise _nothing(path)
    if sys.platform != "darwin" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise XlconvError(
            f"{path} cannot be opened: there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set)"
        )
    process = subprocess.Popen(
        [command, str(whole)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        failed = process.wait(_SECONDS) != 0
    except subprocess.TimeoutExpired:
        failed = False
    if failed:
        raise _nothing(path)


def _opener() -> str | None:
    if sys.platform == "darwin":
        return "open"
    return programs.find("xdg-open", "soffice", "libreoffice")


def _nothing(path: Path) -> XlconvError:
    return XlconvError(f"{path}: nothing here opens .xlsx files", hint="install LibreOffice or Excel")
