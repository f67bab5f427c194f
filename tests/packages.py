"""Small packages for engines."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def one_cell(formula: str | None, without: str = "") -> bytes:
    """A workbook whose worksheet `Sheet` has one formula, in A1; without one of its parts if asked for."""
    book = openpyxl.Workbook()
    book["Sheet"]["A1"] = formula
    return _package({name: data for name, data in _parts(book).items() if name != without})


def with_rows(rows: str | None, prefix: str = "") -> bytes:
    """A workbook whose worksheet `S` has these rows of XML; all its elements get a prefix, such as `x:`, if asked for.

    Args:
        rows: Without prefixes; None for a worksheet without a place for them.
        prefix: With the colon.
    """
    data = "" if rows is None else f"<sheetData>{rows}</sheetData>" if rows else "<sheetData/>"
    body = re.sub("<(/?)", rf"<\1{prefix}", f"{data}</worksheet>")
    namespace = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    parts = _parts(openpyxl.Workbook())
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'name="Sheet"', b'name="S"')
    parts["xl/worksheets/sheet1.xml"] = f'<{prefix}worksheet {namespace}="{MAIN}">{body}'.encode()
    return _package(parts)


def rows_of(package: bytes) -> str:
    """What stands between the start and the end of all rows of the first worksheet."""
    with zipfile.ZipFile(BytesIO(package)) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    return text.partition("<sheetData>")[2].rpartition("</sheetData>")[0]


def _parts(book: openpyxl.Workbook) -> dict[str, bytes]:
    whole = BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as source:
        return {name: source.read(name) for name in source.namelist()}


def _package(parts: dict[str, bytes]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return target.getvalue()
