"""Where the cells of a worksheet stand in its XML, and what puts other ones into it, blank ones too."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from xlconv.cells import Range, column_letters
from xlconv.errors import WorkbookError
from xlconv.reader.package import Cut, Package
from xlconv.reader.rows import MAIN, Walker, whole_number
from xlconv.reader.sheet import Cell

_PREFIX: Final = re.compile(rb"<([\w.-]+:|)")
_END_OF_EMPTY: Final = len("/>")


@dataclass
class _Parent:
    """A row, whose children are cells, or all rows of a worksheet.

    Args:
        tag: As it stands in the text, such as `x:row`.
        prefix: Of that, such as `x:`; its children may have the same.
        begun: Where its start tag begins.
        end: Where its end tag begins; where it has none (`<row/>`), where it ends.
        closed: Whether it has an end tag.
        inside: The columns or rows of its children, in order.
    """

    tag: str
    prefix: str
    begun: int
    end: int = 0
    closed: bool = True
    inside: list[int] = field(default_factory=list)

    def with_last(self, content: str) -> Cut:
        """What puts something behind all its children."""
        if self.closed:
            return self.end, self.end, content.encode()
        return self.end - _END_OF_EMPTY, self.end, f">{content}</{self.tag}>".encode()

    def with_children(self, new: Iterable[tuple[int, str]], begun: Callable[[int], int]) -> Iterator[Cut]:
        """What puts further children between those that are there, by their column or row, in order.

        Args:
            new: Column or row, and the element.
            begun: Where one that is there begins.
        """
        for at, group in groupby(new, lambda child: bisect(self.inside, child[0])):
            content = "".join(element for _, element in group)
            if at == len(self.inside):
                yield self.with_last(content)
            else:
                start = begun(self.inside[at])
                yield start, start, content.encode()


class Spans(Walker):
    """Start, end and style of each `<c>` element of a worksheet, its rows, and which cells share formulas."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.spans: dict[tuple[int, int], tuple[int, int, str]] = {}
        self.shared: list[tuple[int, int]] = []
        self.rows: dict[int, _Parent] = {}
        self.data: _Parent | None = None
        self.begun = 0
        self.style = ""
        self.parser.starts = {**self.parser.starts, f"{MAIN}f": self._begin_formula}
        ends = {f"{MAIN}row": self._end_row, f"{MAIN}sheetData": self._end_data}
        self.parser.ends = {**self.parser.ends, **ends}

    @classmethod
    def of(cls, package: Package, part: str) -> Spans:
        """Those of one worksheet of a package."""
        spans = cls(part)
        package.parse(part, spans.parser)
        return spans

    def begin_data(self, _: Mapping[str, str]) -> None:
        """Note where all rows stand."""
        super().begin_data(_)
        self.data = self._parent("sheetData")

    def begin_row(self, attributes: Mapping[str, str]) -> None:
        """Note where it begins."""
        super().begin_row(attributes)
        self.rows[self.row] = self._parent("row")

    def begin_cell(self, attributes: Mapping[str, str]) -> None:
        """Note where it begins."""
        super().begin_cell(attributes)
        self.begun = self.parser.at
        self.style = f' s="{whole_number(attributes["s"], 0)}"' if "s" in attributes else ""

    def end_cell(self) -> None:
        """Keep where it stands."""
        self.rows[self.row].inside.append(self.column)
        self.spans[self.row, self.column] = (self.begun, self.parser.element_end("c"), self.style)

    def put(
        self, cells: Mapping[tuple[int, int], Cell], filled: Mapping[tuple[int, int], Range] | None = None
    ) -> list[Cut]:
        """What puts other cells in the place of those that are there, keeping their style, or of blank ones.

        Args:
            cells: By row and column; those with a formula are written without their value.
            filled: The ranges that array formulas fill, by the cells that hold them.
        """
        elements: dict[int, list[tuple[int, str]]] = {}
        cuts: list[Cut] = []
        for at, cell in sorted(cells.items(), key=lambda item: item[0]):
            start, end, style = self.spans.get(at, (0, 0, ""))
            element = _element(self._prefix_in(at[0]), at, cell, (filled or {}).get(at), style)
            if end:
                cuts.append((start, end, element.encode()))
            else:
                elements.setdefault(at[0], []).append((at[1], element))
        return [*cuts, *self._insertions(elements)]

    def _insertions(self, elements: Mapping[int, list[tuple[int, str]]]) -> Iterator[Cut]:
        """What puts cells where there are none, by row: into rows that are there, and into new ones."""
        new_rows: list[tuple[int, str]] = []
        for row, cells in elements.items():
            if row in self.rows:
                yield from self.rows[row].with_children(cells, partial(self._begun, row))
            else:
                content, p = "".join(element for _, element in cells), self._prefix_in(row)
                new_rows.append((row, f'<{p}row r="{row}">{content}</{p}row>'))
        if new_rows:
            yield from self._data().with_children(new_rows, lambda row: self.rows[row].begun)

    def _begun(self, row: int, column: int) -> int:
        """Where a cell begins."""
        return self.spans[row, column][0]

    def _prefix_in(self, row: int) -> str:
        """What stands before the names of elements in a row, such as `x:`."""
        return (self.rows.get(row) or self._data()).prefix

    def _data(self) -> _Parent:
        if self.data is None:
            raise WorkbookError(f"{self.part} has no place for cells")
        return self.data

    def _parent(self, name: str) -> _Parent:
        match = _PREFIX.match(self.parser.text, self.parser.at)
        prefix = match[1].decode() if match else ""
        return _Parent(f"{prefix}{name}", prefix, self.parser.at)

    def _end_row(self) -> None:
        self._end(self.rows[self.row], "row")
        self._data().inside.append(self.row)

    def _end_data(self) -> None:
        self._end(self._data(), "sheetData")

    def _end(self, parent: _Parent, name: str) -> None:
        parent.end = self.parser.at
        parent.closed = self.parser.element_end(name) > parent.end

    def _begin_formula(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("t") == "shared":
            self.shared.append((self.row, self.column))


def _element(prefix: str, at: tuple[int, int], cell: Cell, filled: Range | None, style: str) -> str:
    """A `<c>` element, without a cached value."""
    p, kind, body = prefix, "", ""
    if cell.formula is not None:
        array = f' t="array" ref="{filled.address}"' if filled else ""
        body = f"<{p}f{array}>{escape(cell.formula)}</{p}f>"
    elif isinstance(cell.value, bool):
        kind, body = ' t="b"', f"<{p}v>{int(cell.value)}</{p}v>"
    elif isinstance(cell.value, float):
        body = f"<{p}v>{cell.value!r}</{p}v>"
    elif isinstance(cell.value, str):
        kind, body = ' t="inlineStr"', f'<{p}is><{p}t xml:space="preserve">{escape(cell.value)}</{p}t></{p}is>'
    return f'<{p}c r="{column_letters(at[1])}{at[0]}"{style}{kind}>{body}</{p}c>'
