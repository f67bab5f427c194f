"""Whether LibreOffice sees in a mutated file the cells and the values that xlconv does.

xlconv reads the file and has formualizer compute what it read; LibreOffice is given the file itself, and made to
recalculate.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from tests.fuzz import bases, packages
from xlconv import reader
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.check import networks_of
from xlconv.engines.formualizer import Formualizer
from xlconv.engines.libreoffice import _PROFILE as PROFILE
from xlconv.engines.libreoffice import find_program
from xlconv.errors import WorkbookError

Seen: TypeAlias = dict[tuple[str, int, int], Value]
"""Values by worksheet, row and column."""

STUMBLES: Final = "LibreOffice cannot open it for something that is in no cell"
"""A fault of LibreOffice's: without what says how a worksheet looks it sees what xlconv does."""
_BEHIND_CELLS: Final = re.compile(
    rb"(</(?:\w+:)?sheetData>|<(?:\w+:)?sheetData\s*/>).*(</(?:\w+:)?worksheet>)", re.DOTALL
)

RELATIVE: Final = 1e-9
SMALL: Final = 1e-12
"""Numbers that are closer are equal: sums whose terms cancel differ by rounding alone."""
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
"""A character as LibreOffice writes some of them."""
_MOST: Final = 200_000
"""Cells from A1 to the last one of a worksheet that are computed."""
_SECONDS: Final = 20
"""For each file of a run."""


def expected(path: Path) -> Seen:
    """What all cells show, but for those of no network that odd formulas may reach, on which programs disagree."""
    book = reader.read(path)
    seen: Seen = {}
    doubtful = _doubtful(book, path)
    boxes = [where for where in map(_box, book.sheets, book.sheets.values()) if where.size <= _MOST]
    (found,) = Formualizer().evaluate(book.package, [[]], boxes)
    for where, rows in zip(boxes, found, strict=True):
        for at, value in zip(where.cells(), (value for row in rows for value in row), strict=True):
            if (where.sheet, *at) not in doubtful and not isinstance(value, NotEvaluated):
                seen[where.sheet, *at] = value
    return seen


def _doubtful(book: reader.Workbook, path: Path) -> set[tuple[str, int, int]]:
    """The cells of no network that formulas fill, where mutation made any formula or name: one may read another."""
    mine = {found.atlas.cell(place)[:3] for found in networks_of(book).networks for place in found.owned.tolist()}
    if _formulas_of(book) <= _usual_formulas(path.name):
        return set()
    cells = set()
    for name, sheet in book.sheets.items():
        for at in (at for at, cell in sheet.cells.items() if cell.formula is not None):
            cells |= {(name, *each) for each in _filled(name, sheet, at).cells()}
    return cells - mine


def _formulas_of(book: reader.Workbook) -> set[str]:
    """The formulas of cells, and those of names with the names."""
    formulas = {cell.formula for sheet in book.sheets.values() for cell in sheet.cells.values() if cell.formula}
    return formulas | {f"{name}={text}" for name, text in book.names.items()}


@lru_cache
def _usual_formulas(name: str) -> set[str]:
    """Those of a workbook before it was mutated."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        bases.WORKBOOKS[path.stem](path)
        return _formulas_of(reader.read(path))


def _filled(name: str, sheet: reader.Sheet, at: tuple[int, int]) -> Range:
    """The cells that a formula fills."""
    table = sheet.data_tables.get(at)
    return table.where if table else sheet.arrays.get(at, Range(name, *at))


def _box(name: str, sheet: reader.Sheet) -> Range:
    """From A1 to the last row and column that have something."""
    ranges = [_filled(name, sheet, at) for at in sheet.cells]
    rows, columns = ((w.row + w.height - 1 for w in ranges), (w.column + w.width - 1 for w in ranges))
    return Range(name, 1, 1, max(rows, default=1), max(columns, default=1))


def compare(expectations: Mapping[Path, Seen]) -> Iterator[tuple[Path, str]]:
    """The workbooks in which LibreOffice sees something else, each with the first of it; or `STUMBLES`."""
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as name:
        converted = _converted(list(expectations), Path(name))
        for path, seen in expectations.items():
            made = converted[path]
            if problem := _difference(seen, made) if made else _without_looks(path, seen, Path(name)):
                yield path, problem


def _without_looks(path: Path, seen: Seen, folder: Path) -> str:
    """What is wrong with a workbook that LibreOffice cannot open: it may be what stands behind the cells."""
    entries = packages.read(path.read_bytes())
    for entry in entries:
        entry.data = _BEHIND_CELLS.sub(rb"\1\2", entry.data)
    bare = folder / "bare.xlsx"
    bare.write_bytes(packages.written(entries))
    made = _converted([bare], folder)[bare]
    return (_difference(seen, made) or STUMBLES) if made else "LibreOffice cannot open it"


def _converted(paths: Sequence[Path], folder: Path) -> dict[Path, Path | None]:
    """What LibreOffice makes of each; what is not there after a run of all is tried once more by itself."""
    copies = {path: folder / f"{path.stem}-{number}.xlsx" for number, path in enumerate(paths)}
    for path, copy in copies.items():
        shutil.copyfile(path, copy)
    out = folder / "out"
    _convert(list(copies.values()), folder, out)
    for copy in copies.values():
        if not (out / copy.name).exists():
            _convert([copy], folder, out)
    return {path: out / copy.name if (out / copy.name).exists() else None for path, copy in copies.items()}


def _convert(files: Sequence[Path], folder: Path, out: Path) -> None:
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "registrymodifications.xcu").write_text(PROFILE, encoding="utf-8")
    command = [
        find_program() or "soffice",
        f"-env:UserInstallation={profile.parent.as_uri()}",
        *("--headless", "--norestore", "--nolockcheck", "--convert-to", "xlsx:Calc MS Excel 2007 XML"),
        *("--outdir", str(out), *map(str, files)),
    ]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(60 + _SECONDS * len(files))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # soffice starts a process of its own


def _difference(seen: Seen, converted: Path) -> str:
    """The first cell in which the two see something else."""
    try:
        sheets = reader.read(_without_properties(converted)).sheets
    except WorkbookError as error:
        return f"what LibreOffice made of it cannot be read: {error.message}"
    for (sheet, row, column), value in seen.items():
        if sheet not in sheets:
            return f"LibreOffice has no worksheet {sheet!r}"
        cell = sheets[sheet].cells.get((row, column))
        if not is_same(value, cell.value if cell else None):
            where = Range(sheet, row, column).place
            return f"{where} shows {cell.value if cell else None!r} in LibreOffice, {value!r} here"
    return next(_further(seen, sheets), "")


def _without_properties(path: Path) -> Path:
    """What LibreOffice has written, without the document's properties, which it may write wrongly."""
    entries = [entry for entry in packages.read(path.read_bytes()) if not entry.name.startswith("docProps/")]
    path.write_bytes(packages.written(entries))
    return path


def _further(seen: Seen, sheets: Mapping[str, reader.Sheet]) -> Iterator[str]:
    """Cells that LibreOffice alone sees, beyond what was computed here."""
    last: dict[str, tuple[int, int]] = {}
    for sheet, row, column in seen:
        last[sheet] = max(last.get(sheet, (0, 0))[0], row), max(last.get(sheet, (0, 0))[1], column)
    for name, sheet in sheets.items():
        for (row, column), cell in sheet.cells.items():
            beyond = name not in last or row > last[name][0] or column > last[name][1]
            if beyond and cell.formula is None and cell.value not in (None, ""):
                yield f"{Range(name, row, column).place} shows {cell.value!r} in LibreOffice, and is not there here"


def is_same(one: Value, other: Value) -> bool:
    """Whether two cells show the same: blank is the same as an empty text, an error the same as another one.

    Spaces at the ends of a text are no matter, as programs read `xml:space` differently; nor is whether `_x0041_` is
    a character or stands for one.

    Args:
        one: What is seen here.
        other: What LibreOffice has written.
    """
    if isinstance(one, ErrorValue) or isinstance(other, ErrorValue):
        return isinstance(one, ErrorValue) and isinstance(other, ErrorValue)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= max(SMALL, RELATIVE * max(abs(one), abs(other)))
    if not isinstance(one or "", str) or not isinstance(other or "", str) or False in (one, other):
        return False
    return _unescaped(one or "") == _unescaped(other or "")


def _unescaped(text: str) -> str:
    """A text as Excel shows it, without spaces at its ends."""
    before = None
    while text != before:
        before, text = text, _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return text.strip()


def available() -> bool:
    """Whether LibreOffice is there."""
    return find_program() is not None
