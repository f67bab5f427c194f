"""Workbooks saved by other programs, and what only a program does right: rows inserted, worksheets copied."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import openpyxl

from tests.everyday.edit import Change, Edit
from xlconv.engines.libreoffice import find_program

NODE: Final = "node"
LIBREOFFICE: Final = "LibreOffice"
GNUMERIC: Final = "Gnumeric"
PACKAGES: Final = ("xlsx@0.18.5", "exceljs@4.4.0")
_SECONDS: Final = 60

_BASIC: Final = "http://openoffice.org/2000/"
_LIBRARIES: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:libraries PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "libraries.dtd">
<library:libraries xmlns:library="{_BASIC}library" xmlns:xlink="http://www.w3.org/1999/xlink">
<library:library library:name="Standard" library:link="false" xlink:type="simple"
 xlink:href="$(USER)/basic/Standard/script.xlb/"/></library:libraries>"""
_LIBRARY: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="{_BASIC}library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Edits"/></library:library>"""
_MODULE: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="{_BASIC}script" script:name="Edits" script:language="StarBasic">{{}}</script:module>"""
_MACRO: Final = """
Sub Edit(source As String, target As String)
  On Error Goto Failed
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  book = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  sheets = book.Sheets
  net = sheets.getByName("conv-example")
  {}
  Dim written(0) As New com.sun.star.beans.PropertyValue
  written(0).Name = "FilterName"
  written(0).Value = "Calc MS Excel 2007 XML"
  book.storeToURL(target, written())
Failed:
  book.close(True)
  StarDesktop.terminate()
End Sub
"""

MACROS: Final = {
    "two rows inserted above": "net.Rows.insertByIndex(3, 2)",
    "a column inserted before": "net.Columns.insertByIndex(0, 1)",
    "a column inserted between layers": "net.Columns.insertByIndex(34, 3)",
    "a row inserted below": "net.Rows.insertByIndex(64, 1)",
    "a row deleted above": "net.Rows.removeByIndex(4, 1)",
    "rows inserted above the drawing": 'sheets.getByName("Draw").Rows.insertByIndex(2, 3)',
    "a column inserted before the samples": 'sheets.getByName("Samples").Columns.insertByIndex(0, 1)',
    "rows inserted above Explore": 'sheets.getByName("Explore").Rows.insertByIndex(1, 1)',
    "the net renamed": 'net.Name = "It\'s mine"',
    "all renamed": 'For i = 0 To sheets.Count - 1 : sheets.getByIndex(i).Name = "Sheet " & i : Next',
    "the net moved": 'sheets.moveByName("conv-example", 5)',
    "the net copied": 'sheets.copyByName("conv-example", "copy", 5)',
    "Explore copied": 'sheets.copyByName("Explore", "copy", 5)',
    "Explore deleted": 'sheets.removeByName("Explore")',
    "another digit chosen": 'net.getCellRangeByName("L39").Value = 3',
    "draw chosen": 'net.getCellRangeByName("L39").String = "draw"',
    "a drawing": 'net.getCellRangeByName("L39").String = "draw" : '
    'For i = 6 To 26 : sheets.getByName("Draw").getCellRangeByName("N" & i).Value = 1 : Next',
    "a weight changed": 'net.getCellRangeByName("AF16").Value = 0.5',
    "a weight cleared": 'net.getCellRangeByName("AF16").String = ""',
    "a weight as a formula": 'net.getCellRangeByName("AF16").Formula = "=0.3*2"',
    "the largest share beside": 'net.getCellRangeByName("GJ12").Formula = "=MAX(FY9:FY18)"',
    "a range named": 'book.NamedRanges.addNewByName("mine", "$\'conv-example\'.$GJ$12", '
    'net.getCellRangeByName("A1").CellAddress, 0)',
}  # fmt: skip

_SCRIPT: Final = """
const [,, library, source, target] = process.argv
async function main() {
  if (library === "xlsx") {
    const sheets = require("xlsx")
    sheets.writeFile(sheets.readFile(source, {cellFormula: true, cellStyles: true, sheetStubs: true}), target)
  } else {
    const {Workbook} = require("exceljs")
    const book = new Workbook()
    await book.xlsx.readFile(source)
    await book.xlsx.writeFile(target)
  }
}
main().catch(error => { console.error(error); process.exit(1) })
"""


def available() -> set[str]:
    """The programs that are there."""
    found = {LIBREOFFICE: find_program(), GNUMERIC: shutil.which("ssconvert"), NODE: shutil.which("npm")}
    return {name for name, program in found.items() if program}


def prepare(folder: Path, programs: set[str]) -> None:
    """What these programs need: packages for node, a profile for LibreOffice that it has used before."""
    if NODE in programs:
        (folder / NODE).mkdir()
        (folder / NODE / "save.js").write_text(_SCRIPT)
        _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder / NODE, *PACKAGES)
    if LIBREOFFICE in programs:
        _run(str(find_program()), _profile(folder), "--headless", "--terminate_after_init")


def _profile(folder: Path) -> str:
    return f"-env:UserInstallation={(folder / 'profile').as_uri()}"


def _run(*command: str | Path, seconds: float = _SECONDS) -> None:
    """Run a program, and end it with all that it has started if it takes too long."""
    program = subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said, _ = program.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        raise
    assert program.returncode == 0, said


def _call(folder: Path, macro: str) -> None:
    """Call a macro, again where LibreOffice hangs before it opens anything, as it does once in ten or twenty times."""
    for seconds in (_SECONDS / 2, _SECONDS / 2, _SECONDS):
        with suppress(subprocess.TimeoutExpired):
            return _run(str(find_program()), _profile(folder), "--headless", macro, seconds=seconds)
    raise AssertionError("LibreOffice did not end, three times")


def by_macro(macro: str) -> Change:
    """Opened, changed and saved by LibreOffice."""

    def change(source: Path, target: Path) -> None:
        with TemporaryDirectory() as folder:
            shutil.copytree(source.parent / "profile", Path(folder) / "profile")
            basic = Path(folder) / "profile/user/basic"
            (basic / "Standard").mkdir(parents=True, exist_ok=True)
            (basic / "script.xlc").write_text(_LIBRARIES)
            (basic / "Standard/script.xlb").write_text(_LIBRARY)
            (basic / "Standard/Edits.xba").write_text(_MODULE.format(escape(_MACRO.format(macro))))
            _call(Path(folder), f'macro:///Standard.Edits.Edit("{source.as_uri()}","{target.as_uri()}")')
        assert target.exists(), "LibreOffice wrote nothing"

    return change


def by_gnumeric(source: Path, target: Path) -> None:
    """Opened and saved by Gnumeric."""
    _run("ssconvert", "--recalc", source, target)


def by_node(library: str) -> Change:
    """Opened and saved by a library for JavaScript."""

    def change(source: Path, target: Path) -> None:
        _run("node", source.parent / NODE / "save.js", library, source, target)

    return change


def by_openpyxl(source: Path, target: Path) -> None:
    """Opened and saved by openpyxl, which keeps no cached values."""
    openpyxl.load_workbook(source).save(target)


def edits() -> Iterator[Edit]:
    """All of this class; each base is saved by each program."""
    for base in ("seven", "biased"):
        told = "" if base == "seven" else ", with biases"
        yield Edit("programs", f"saved by openpyxl{told}", by_openpyxl, base)
        yield Edit("programs", f"saved by Gnumeric{told}", by_gnumeric, base, GNUMERIC)
        yield Edit("programs", f"saved by SheetJS{told}", by_node("xlsx"), base, NODE)
        yield Edit("programs", f"saved by ExcelJS{told}", by_node("exceljs"), base, NODE)
    yield Edit("programs", "saved by LibreOffice", by_macro(""), needs=LIBREOFFICE)
    yield from (Edit("programs", name, by_macro(macro), needs=LIBREOFFICE) for name, macro in MACROS.items())
