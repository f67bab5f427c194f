"""Copies of a package in memory with numbers and texts put into cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from xlconv.cells import Edit
from xlconv.reader.elements import Place
from xlconv.reader.sheet import Cell
from xlconv.reader.workbook import builder_of


def with_values(package: bytes, groups: Iterable[Iterable[Edit]]) -> Iterator[bytes]:
    """Copies of a package, one for each group of edits, with values put into ranges in place of what is there.

    Raises:
        WorkbookError: The package cannot be read.
    """
    builder = builder_of(package)
    for edits in groups:
        cells: dict[str, dict[Place, Cell]] = {}
        for where, rows in edits:
            pairs = zip(where.cells(), chain.from_iterable(rows), strict=True)
            cells.setdefault(where.sheet, {}).update((at, Cell(None, _value(value))) for at, value in pairs)
        yield builder.package(cells)


def _value(value: float | str) -> float | str:
    return value if isinstance(value, str) else float(value)
