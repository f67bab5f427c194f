"""Which cells a formula's words mean: references, defined names, tables."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from xlconv.cells import Range
from xlconv.formula import notation
from xlconv.reader import Workbook

_STRUCTURED: Final = re.compile(r"(?P<table>[^\W\d][\w.]*)?\[(?P<inside>.*)\]")
_PIECES: Final = re.compile(r"\[([^\[\]]*)\]")
_LARGE: Final = 1 << 16
"""A range of more cells may be a whole column or more."""


class Ref(NamedTuple):
    """A range that a formula reads, and whether it moves with the cell when the formula is copied.

    Args:
        range: Where it is for the cell at hand.
        down: Its rows move with the cell.
        right: Its columns do.
        is_cut: What lies beyond all cells of its worksheet is left out.
    """

    range: Range
    down: bool = False
    right: bool = False
    is_cut: bool = False


class References:
    """What references mean in a workbook.

    Args:
        book: The workbook.
    """

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._lasts: dict[str, tuple[int, int]] = {}
        self._known: dict[tuple[str, Range | str], Ref | None] = {}
        self._names = {(each.name.lower(), (each.sheet or "").lower()): each.text for each in book.defined}
        self._sheets = {name.lower(): name for name in book.sheets}
        self._tables = {table.name.lower(): table for sheet in book.sheets.values() for table in sheet.tables}

    def of(self, text: str, cell: Range) -> Ref | None:
        """The cells of a reference, a defined name or a table's column in a formula; None where it is something else.

        Of a large range what lies beyond all cells of its worksheet is left out, if it does not move.

        Args:
            text: Such as `$A1:$B2`, `'My net'!A1`, `weights` or `Scores[points]`.
            cell: Where the formula stands.
        """
        key = text, cell if "[" in text else cell.sheet  # a table's column may mean the cell's own row
        if key not in self._known:
            ref = self._of(text, cell)
            is_large = ref is not None and ref.range.size > _LARGE
            self._known[key] = ref._replace(range=self._clipped(ref), is_cut=True) if ref and is_large else ref
        return self._known[key]

    def _clipped(self, ref: Ref) -> Range:
        """To the last row and column that hold something, as far as it does not move."""
        where = ref.range
        row, column = self._last(where.sheet)
        height = where.height if ref.down else min(where.height, max(1, row - where.row + 1))
        return where.part(
            0, 0, height, where.width if ref.right else min(where.width, max(1, column - where.column + 1))
        )

    def _last(self, sheet: str) -> tuple[int, int]:
        if sheet not in self._lasts:
            cells = self._book.sheets[sheet].cells
            self._lasts[sheet] = max((row for row, _ in cells), default=1), max((at for _, at in cells), default=1)
        return self._lasts[sheet]

    def _of(self, text: str, cell: Range) -> Ref | None:
        found = notation.reference(text, cell.sheet)
        if found is None and "[" in text:
            return self._structured(text, cell)
        if found is None:
            name = text.lower()
            meant = self._names.get((name, cell.sheet.lower())) or self._names.get((name, "")) or ""
            found = notation.reference(meant, cell.sheet) if "!" in meant else None
        if found is None or found[0].sheet.lower() not in self._sheets:
            return None
        where, down, right = found
        return Ref(where._replace(sheet=self._sheets[where.sheet.lower()]), down, right)

    def _structured(self, text: str, cell: Range) -> Ref | None:
        """`Table[column]`, `Table[@column]`, `Table[[#All],[column]]` and the like."""
        match = _STRUCTURED.fullmatch(text)
        table = self._tables.get((match["table"] or "").lower()) if match else None
        if match is None or table is None:
            return None
        inside = match["inside"]
        pieces = [piece.strip() for piece in _PIECES.findall(inside)] or [inside.strip()]
        if inside.startswith("@") or pieces[0].startswith("@"):
            pieces = ["#this row", *(piece.removeprefix("@").strip("[]") for piece in pieces)]
        words = [piece.lower() for piece in pieces if piece.startswith("#")]
        columns = [piece.lower() for piece in pieces if piece and not piece.startswith("#")]
        names = [name.lower() for name in table.columns]
        if any(column not in names for column in columns) or len(columns) > 2:
            return None
        first, last = (names.index(columns[0]), names.index(columns[-1])) if columns else (0, len(names) - 1)
        rows = self._rows(words, table.where.height, table.headers, table.totals)
        if rows is None or last < first:
            return None
        if words and words[0] == "#this row":
            return self._this_row(table.where, cell, first, last)
        return Ref(table.where.part(rows[0], first, rows[1] - rows[0], last - first + 1))

    @staticmethod
    def _rows(words: list[str], height: int, headers: int, totals: int) -> tuple[int, int] | None:
        """The first of a table's rows that is meant, and the one behind the last."""
        parts = {
            "#all": (0, height), "#headers": (0, headers), "#data": (headers, height - totals),
            "#totals": (height - totals, height), "#this row": (headers, height - totals),
        }  # fmt: skip
        if any(word not in parts for word in words):
            return None
        meant = [parts[word] for word in words] or [parts["#data"]]
        return min(first for first, _ in meant), max(behind for _, behind in meant)

    @staticmethod
    def _this_row(where: Range, cell: Range, first: int, last: int) -> Ref | None:
        if cell.sheet != where.sheet or not where.row <= cell.row < where.row + where.height:
            return None
        return Ref(where.part(cell.row - where.row, first, 1, last - first + 1), down=True)
