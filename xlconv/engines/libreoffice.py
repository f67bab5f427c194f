"""LibreOffice, headless: a process of its own with a profile of its own, made to recalculate everything.

Left to itself LibreOffice believes cached values: the profile says to recalculate always, and the files that it is
given have none. It writes 15 significant digits.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from xlconv import reader
from xlconv.cells import Edit, Range, Value
from xlconv.errors import EngineError

_SECONDS: Final = 120
"""For the start; each file adds `_SECONDS_A_FILE`."""
_SECONDS_A_FILE: Final = 20

_USUAL_PLACES: Final = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
)

_PROFILE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
</oor:items>
"""
"""Recalculate always; never run macros."""


class LibreOffice:
    """See `xlconv.engines.Engine`.

    Args:
        program: The path of `soffice`.
    """

    name = "libreoffice"

    def __init__(self, program: str) -> None:
        self.program = program

    @cached_property
    def title(self) -> str:
        """`LibreOffice` and its version."""
        try:
            said = subprocess.run([self.program, "--version"], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "LibreOffice"
        return " ".join(said.stdout.split()[:2]) or "LibreOffice"

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """Write one file for each group of edits, convert them all in one run, read the results."""
        with tempfile.TemporaryDirectory(prefix="xlconv-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            files = []
            for number, copy in enumerate(reader.with_numbers(package, edits)):
                files.append(folder / f"{number:04}.xlsx")
                files[-1].write_bytes(copy)
            self._convert(files, folder)
            return [_values(folder / "out" / file.name, ranges) for file in files]

    def _convert(self, files: Sequence[Path], folder: Path) -> None:
        profile = folder / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        command = [
            self.program,
            f"-env:UserInstallation={profile.as_uri()}",
            *("--headless", "--norestore", "--nolockcheck", "--convert-to", "xlsx:Calc MS Excel 2007 XML"),
            *("--outdir", str(folder / "out"), *map(str, files)),
        ]
        limit = _SECONDS + _SECONDS_A_FILE * len(files)
        said = _run(command, limit)
        if missing := [file for file in files if not (folder / "out" / file.name).exists()]:
            reason = said.strip()[-300:] or "no reason given"
            raise EngineError(f"LibreOffice did not convert {len(missing)} of {len(files)} workbooks: {reason}")


def engine() -> LibreOffice:
    """The engine, where LibreOffice is installed.

    Raises:
        EngineError: It is not.
    """
    program = find_program()
    if program is None:
        raise EngineError(
            "LibreOffice is not installed (no soffice on the PATH)",
            hint="install it (on Debian and Ubuntu: apt-get install libreoffice-calc), or use --engine formualizer",
        )
    return LibreOffice(program)


def find_program() -> str | None:
    """The path of `soffice`, on the PATH or in its usual places."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return found or next((place for place in _USUAL_PLACES if Path(place).exists()), None)


def _run(command: Sequence[str], limit: float) -> str:
    """Run to the end or the time limit; soffice starts processes of its own, so the whole group is ended."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise EngineError(f"LibreOffice did not finish within {limit:.0f} s") from None
    finally:
        _end(process)
    return said.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()


def _values(path: Path, ranges: Sequence[Range]) -> list[list[list[Value]]]:
    book = reader.read(path)
    found = []
    for where in ranges:
        cells = book.sheets[where.sheet].cells
        rows = range(where.row, where.row + where.height)
        columns = range(where.column, where.column + where.width)
        found.append([[cells[at].value if (at := (r, c)) in cells else None for c in columns] for r in rows])
    return found
