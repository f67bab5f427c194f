"""Numbers put into the cells of a package that was read, without touching the rest of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO

from xlconv.cells import Edit, Range, column_letters
from xlconv.errors import WorkbookError
from xlconv.reader.book import Book
from xlconv.reader.package import Cut, Package
from xlconv.reader.rows import Walker, whole_number


def with_numbers(package: bytes, groups: Iterable[Iterable[Edit]]) -> Iterator[bytes]:
    """Copies of a package, one for each group of edits, with numbers put into ranges in place of what is there."""
    source = Package(BytesIO(package))
    parts = {sheet.name: sheet.part for sheet in Book(source).sheets}
    places: dict[str, _Places] = {}
    for edits in groups:
        cuts: dict[str, list[Cut]] = {}
        for where, rows in edits:
            part = parts[where.sheet]
            if part not in places:
                places[part] = _Places(part)
                source.parse(part, places[part].parser)
            cuts.setdefault(part, []).extend(_number_cells(places[part], where, rows))
        yield source.rebuilt(cuts)


class _Places(Walker):
    """Start, end and style of each `<c>` element of a worksheet."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.spans: dict[tuple[int, int], tuple[int, int, str]] = {}
        self.begun = 0
        self.style = ""

    def begin_cell(self, attributes: Mapping[str, str]) -> None:
        super().begin_cell(attributes)
        self.begun = self.parser.at
        self.style = f' s="{whole_number(attributes["s"], 0)}"' if "s" in attributes else ""

    def end_cell(self) -> None:
        self.spans[self.row, self.column] = (self.begun, self.parser.element_end("c"), self.style)


def _number_cells(places: _Places, where: Range, rows: Sequence[Sequence[float]]) -> Iterator[Cut]:
    """Where the cells of a range stand in a worksheet's text, and what they are to be."""
    numbers = (number for row in rows for number in row)
    for (row, column), number in zip(where.cells(), numbers, strict=True):
        address = f"{column_letters(column)}{row}"
        if (row, column) not in places.spans:
            raise WorkbookError(f"{address} of {where.sheet!r} is blank, so no number can be put there")
        start, end, style = places.spans[row, column]
        yield start, end, f'<c r="{address}"{style}><v>{float(number)!r}</v></c>'.encode()
