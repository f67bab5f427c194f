"""LibreOffice, headless: a process of its own with a profile of its own, made to recalculate everything.

Left to itself LibreOffice believes cached values: the profile says to recalculate always, and the files that it is
given have none. The profile also forbids macros, links and updates, and knows the network only through a proxy that
is not there. It writes 15 significant digits. It is bound to limits like the other engines; a small network needs
less than half of the memory that they allow.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Final

from xlconv import reader
from xlconv.cells import Edit, ErrorValue, Range, Value
from xlconv.engines.errors import error_value
from xlconv.engines.limits import Limits
from xlconv.errors import EngineError
from xlconv.processes import held, programs

_SECONDS_A_FILE: Final = 20
"""What each file adds to the limits of time, as all go through one process."""

_LIMITED: Final = 'read -r go || exit; ulimit -c 0; ulimit -v "$1"; ulimit -t "$2"; shift 2; exec "$@" </dev/null'
"""The shell waits until it is held, and binds itself and what it becomes: limits set between fork and exec would be
unsafe beside threads."""

_ENVIRONMENT: Final = {"MALLOC_ARENA_MAX": "2"}  # each thread's own arena would count as 64 MiB of memory

_USUAL_PLACES: Final = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
)

_NOWHERE: Final = ("127.0.0.1", 9)
"""A proxy that there is none of: the port where everything is thrown away."""

_SCRIPTING: Final = "/org.openoffice.Office.Common/Security/Scripting"
_JOB: Final = "/org.openoffice.Office.Jobs/Jobs/org.openoffice.Office.Jobs:Job['UpdateCheck']/Arguments"
_INET: Final = "/org.openoffice.Inet/Settings"
_SETTINGS: Final = (
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", 0),  # always
    ("/org.openoffice.Office.Calc/Content/Update", "Link", 1),  # never
    (_SCRIPTING, "MacroSecurityLevel", 3),  # those from trusted places only, of which there is none
    (_SCRIPTING, "DisableMacrosExecution", "true"),
    (_SCRIPTING, "DisableActiveContent", "true"),  # since 7.6; programs pass over what they do not know
    (_SCRIPTING, "BlockUntrustedRefererLinks", "true"),
    ("/org.openoffice.Office.Update/Update", "Enabled", "false"),
    (_JOB, "AutoCheckEnabled", "false"),
    (_INET, "ooInetProxyType", 2),  # the ones that follow
    (_INET, "ooInetNoProxy", ""),
    *((_INET, f"ooInet{kind}ProxyName", _NOWHERE[0]) for kind in ("HTTP", "HTTPS", "FTP")),
    *((_INET, f"ooInet{kind}ProxyPort", _NOWHERE[1]) for kind in ("HTTP", "HTTPS", "FTP")),
)
"""What the profile says, by path and property: recalculate everything, run nothing, fetch nothing."""

_ITEMS: Final = "".join(
    f'<item oor:path="{escape(path)}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>\n'
    for path, name, value in _SETTINGS
)
_PROFILE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<oor:items xmlns:oor="http://openoffice.org/2001/registry">\n{_ITEMS}</oor:items>\n'
)


class LibreOffice:
    """See `xlconv.engines.Engine`.

    Args:
        program: The path of `soffice`.
        limits: Of its process.
    """

    name = "libreoffice"

    def __init__(self, program: str, limits: Limits | None = None) -> None:
        self.program = program
        self.limits = limits or Limits()

    @cached_property
    def title(self) -> str:
        """`LibreOffice` and its version."""
        try:
            with held.temporary_folder() as folder:
                said = _run([self.program, "--version"], Limits(self.limits.memory, 30, 30), folder)
        except (OSError, EngineError):
            return "LibreOffice"
        return " ".join(said.split()[:2]) or "LibreOffice"

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """Write one file for each group of edits, convert them all in one run, read the results."""
        with held.temporary_folder() as folder:
            files = []
            for number, copy in enumerate(reader.with_values(package, edits)):
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
        more = _SECONDS_A_FILE * len(files)
        limits = self.limits
        said = _run(command, Limits(limits.memory, limits.cpu_seconds + more, limits.seconds + more), folder)
        if missing := [file for file in files if not (folder / "out" / file.name).exists()]:
            reason = said.strip()[-300:] or "no reason given"
            raise EngineError(f"LibreOffice did not convert {len(missing)} of {len(files)} workbooks: {reason}")


def engine(limits: Limits) -> LibreOffice:
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
    return LibreOffice(program, limits)


def find_program() -> str | None:
    """The path of `soffice`, on the PATH or in its usual places."""
    found = programs.find("soffice", "libreoffice")
    return found or next((place for place in _USUAL_PLACES if Path(place).exists()), None)


def _run(command: Sequence[str], limits: Limits, folder: Path) -> str:
    """Run to the end or to a limit; soffice starts processes of its own, which end with it."""
    if os.name == "posix":
        ends = str(limits.memory >> 10), str(limits.cpu_seconds)
        command = ["/bin/sh", "-c", _LIMITED, "sh", *ends, *command]
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with held.running(command, folder, subprocess.STDOUT, _ENVIRONMENT | temporary) as process:
        try:
            said, _ = process.communicate(b"go\n", timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise EngineError(f"LibreOffice did not finish within {limits.seconds:g} s") from None
    return said.decode(errors="replace")


def _values(path: Path, ranges: Sequence[Range]) -> list[list[list[Value]]]:
    book = reader.read(path)
    found = []
    for where in ranges:
        if where.sheet not in book.sheets:
            raise EngineError(f"LibreOffice wrote no worksheet {where.sheet!r}")
        cells = book.sheets[where.sheet].cells
        rows = range(where.row, where.row + where.height)
        columns = range(where.column, where.column + where.width)
        found.append([[_value(cells.get((row, column))) for column in columns] for row in rows])
    return found


def _value(cell: reader.Cell | None) -> Value:
    value = cell.value if cell else None
    return error_value("libreoffice", value.code) if isinstance(value, ErrorValue) else value
