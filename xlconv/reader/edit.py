"""Numbers and texts put into the cells of a package that was read, without touching the rest of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain

from xlconv.cells import Edit
from xlconv.reader.book import Book
from xlconv.reader.package import Package
from xlconv.reader.sheet import Cell
from xlconv.reader.spans import Spans


def with_values(package: bytes, groups: Iterable[Iterable[Edit]]) -> Iterator[bytes]:
    """Copies of a package, one for each group of edits, with values put into ranges in place of what is there."""
    source = Package(BytesIO(package))
    parts = {sheet.name: sheet.part for sheet in Book(source).sheets}
    spans: dict[str, Spans] = {}
    for edits in groups:
        cells: dict[str, dict[tuple[int, int], Cell]] = {}
        for where, rows in edits:
            pairs = zip(where.cells(), chain.from_iterable(rows), strict=True)
            cells.setdefault(parts[where.sheet], {}).update((at, Cell(None, _value(value))) for at, value in pairs)
        for part in cells.keys() - spans.keys():
            spans[part] = Spans.of(source, part)
        yield source.rebuilt({part: spans[part].put(new) for part, new in cells.items()})


def _value(value: float | str) -> float | str:
    return value if isinstance(value, str) else float(value)
