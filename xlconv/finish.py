"""What openpyxl leaves out of a worksheet's cells: cached values and, to save time, styles.

openpyxl writes formulas without values, and takes most of its time for the style of each cell. So the first
worksheet's numbers and formulas are written plain, and completed here in one pass over its text.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

from xlconv.cells import Range, Value, column_number
from xlconv.errors import EngineError

Block: TypeAlias = tuple[Range, int, list[list[Value]]]
"""A rectangle of cells, the number of their style, and the values in them."""

_PART: Final = "xl/worksheets/sheet1.xml"
_PLAIN_CELL: Final = re.compile(rb'<c r="([A-Z]+)(\d+)"(?: t="n")?>(<f>[^<]*</f>)?<v ?(?:/>|>[^<]*</v>)</c>')
_WITHOUT_STYLE: Final = re.compile(rb'<c r="[A-Z]+\d+"(?: t="\w+")?>')


def copy(plain: BytesIO, target: Path, blocks: Sequence[Block]) -> None:
    """Copy a package, with every number, formula and style of the first worksheet complete.

    Args:
        plain: The package as openpyxl wrote it.
        target: The file to write.
        blocks: All cells of the worksheet that are numbers or formulas.
    """
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for info in source.infolist():
            data = source.read(info)
            package.writestr(info, _completed(data, blocks) if info.filename == _PART else data)


def _completed(text: bytes, blocks: Sequence[Block]) -> bytes:
    rows: dict[int, list[Block]] = {}
    for block in blocks:
        for row in range(block[0].row, block[0].row + block[0].height):
            rows.setdefault(row, []).append(block)

    def complete(match: re.Match[bytes]) -> bytes:
        letters, digits, formula = match.groups(b"")
        row, column = int(digits), column_number(letters.decode())
        for where, style, values in rows.get(row, ()):
            if where.column <= column < where.column + where.width:
                kind, shown = _shown(values[row - where.row][column - where.column])
                return b'<c r="%b%b" s="%d"%b>%b<v>%b</v></c>' % (letters, digits, style, kind, formula, shown)
        raise EngineError(f"nothing is known of the cell {letters.decode()}{digits.decode()}")

    completed = _PLAIN_CELL.sub(complete, text)
    if left := _WITHOUT_STYLE.search(completed):
        raise EngineError(f"a cell is not as openpyxl used to write them: {left[0].decode()}")
    return completed


def _shown(value: Value) -> tuple[bytes, bytes]:
    """The attribute for a value's type, and its text."""
    if isinstance(value, str):
        from html import escape  # slow to load, and few workbooks have a text for a value

        return b' t="str"', escape(value, quote=False).encode()
    return b"", repr(value).encode()
