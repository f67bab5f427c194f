"""Addresses by the defined names of a workbook, so that tests need not know where its blocks stand."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xlconv import reader

_read = cache(reader.read)


def located(text: str, path: Path) -> str:
    """A text with addresses in it: of `{conv1_0}`, or of its cell `{conv1_0 0 13}` in that row and column, from 0.

    With dollars where there is one, `{$conv1_0}`. The cell may be beyond the block, as `{conv1_0 -1 0}` is.
    """

    def address(match: re.Match[str]) -> str:
        dollar, name, row, column = match.groups()
        where = _read(path).named_range(name)
        assert where is not None, name
        if row is not None:
            where = where.part(int(row), int(column))
        return where.absolute if dollar else where.address

    return re.sub(r"\{(\$?)([a-z]\w*)(?: (-?\d+) (-?\d+))?\}", address, text)
