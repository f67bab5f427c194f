"""Small packages for engines."""

from __future__ import annotations

import zipfile
from io import BytesIO

import openpyxl


def one_cell(formula: str | None, without: str = "") -> bytes:
    """A workbook whose worksheet `Sheet` has one formula, in A1; without one of its parts if asked for."""
    book = openpyxl.Workbook()
    book["Sheet"]["A1"] = formula
    whole, target = BytesIO(), BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(target, "w") as package:
        for name in set(source.namelist()) - {without}:
            package.writestr(name, source.read(name))
    return target.getvalue()
