"""A formula's text in pieces, and the same text with some of them replaced. Nothing here knows of networks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

import formualizer

from xlconv.cells import MAX_COLUMNS, MAX_ROWS, column_letters, column_number

Kind: TypeAlias = Literal["reference", "number", "function", "open", "close", "comma", "operator", "other"]
Span: TypeAlias = tuple[int, int]
"""Pieces from one up to, but not including, another."""

_CORNER: Final = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})")


class Piece(NamedTuple):
    """A piece of a formula's text.

    Args:
        text: As it stands; a function's with the bracket behind it.
        kind: What it is.
    """

    text: str
    kind: Kind


class Call(NamedTuple):
    """A function with its arguments, or a pair of brackets.

    Args:
        at: The piece that opens it.
        end: Behind the bracket that closes it.
        arguments: The pieces of each.
    """

    at: int
    end: int
    arguments: tuple[Span, ...]


@dataclass(frozen=True)
class ParsedFormula:
    """A formula in pieces, without spaces.

    Args:
        pieces: In order; none where the text is no formula.
    """

    pieces: tuple[Piece, ...]

    @classmethod
    def parse(cls, text: str) -> ParsedFormula:
        """The pieces of a text without the leading `=`."""
        try:
            tokens = [token for token in formualizer.tokenize(f"={text}") if token is not None]
        except formualizer.TokenizerError:
            return cls(())
        blank = formualizer.TokenType.Whitespace
        return cls(tuple(Piece(token.value, _kind(token)) for token in tokens if token.token_type != blank))

    def of(self, kind: Kind) -> list[int]:
        """The pieces of a kind."""
        return [at for at, piece in enumerate(self.pieces) if piece.kind == kind]

    def text(self, start: int = 0, end: int | None = None) -> str:
        """Some of the pieces, or all, as text."""
        return "".join(piece.text for piece in self.pieces[start:end])

    def replaced(self, spans: Mapping[Span, str]) -> str:
        """The text with other text in the place of some pieces."""
        made, at = [], 0
        for (start, end), new in sorted(spans.items()):
            made += [self.text(at, start), new]
            at = end
        return "".join([*made, self.text(at)])

    def with_piece(self, at: int, new: str) -> str:
        """The text with one piece replaced."""
        return self.replaced({(at, at + 1): new})

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All functions and brackets, inner ones first."""
        return tuple(self._calls())

    def _calls(self) -> Iterator[Call]:
        opened: list[list[int]] = []
        for at, piece in enumerate(self.pieces):
            if piece.kind in ("function", "open"):
                opened.append([at])
            elif piece.kind == "comma" and opened:
                opened[-1].append(at)
            elif piece.kind == "close" and opened:
                bounds = [*opened.pop(), at]
                spans = ((start + 1, end) for start, end in pairwise(bounds))
                yield Call(bounds[0], at + 1, tuple(spans))

    def sums(self) -> Iterator[list[Span]]:
        """Terms with + or - between them, wherever there are at least two; the sign is the piece before a term."""
        for start, end in [(0, len(self.pieces)), *(span for call in self.calls for span in call.arguments)]:
            if signs := self._signs.get(start):
                yield list(zip([start, *(at + 1 for at in signs)], [*signs, end], strict=True))

    @cached_property
    def _signs(self) -> dict[int, list[int]]:
        """The signs outside of further brackets, by where the argument begins whose terms they stand between."""
        found: dict[int, list[int]] = {}
        begun = [0]
        for at, piece in enumerate(self.pieces):
            if piece.kind in ("function", "open"):
                begun.append(at + 1)
            elif piece.kind == "close" and len(begun) > 1:
                begun.pop()
            elif piece.kind == "comma" and len(begun) > 1:
                begun[-1] = at + 1
            elif self._is_sign(at):
                found.setdefault(begun[-1], []).append(at)
        return found

    def _is_sign(self, at: int) -> bool:
        """Whether a piece is a + or - between two others."""
        piece, before = self.pieces[at], self.pieces[at - 1].kind if at else "open"
        return piece.text in ("+", "-") and before in ("reference", "number", "close", "other")


def _kind(token: formualizer.Token) -> Kind:
    kinds, parts = formualizer.TokenType, formualizer.TokenSubType
    if token.token_type == kinds.Func:
        return "function" if token.subtype == parts.Open else "close"
    if token.token_type in (kinds.Paren, kinds.Array):
        return "open" if token.subtype == parts.Open else "close"
    if token.token_type == kinds.Sep:
        return "comma"
    if token.token_type in (kinds.OpInfix, kinds.OpPrefix, kinds.OpPostfix):
        return "operator"
    if token.token_type == kinds.Operand and token.subtype == parts.Number:
        return "number"
    return "reference" if token.token_type == kinds.Operand and token.subtype == parts.Range else "other"


class Corner(NamedTuple):
    """A cell as a reference spells it.

    Args:
        row: From 1.
        column: From 1.
        marks: A `$` or nothing before the column and before the row.
    """

    row: int
    column: int
    marks: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        return f"{self.marks[0]}{column_letters(self.column)}{self.marks[1]}{self.row}"

    def moved(self, rows: int, columns: int) -> Corner:
        """So many rows down and columns to the right."""
        return self._replace(row=self.row + rows, column=self.column + columns)

    @property
    def exists(self) -> bool:
        """Whether a worksheet has such a cell."""
        return 1 <= self.row <= MAX_ROWS and 1 <= self.column <= MAX_COLUMNS


class Reference(NamedTuple):
    """A reference to a cell or a range.

    Args:
        sheet: The worksheet as it is spelled, with `!`, or nothing.
        corners: One or two.
    """

    sheet: str
    corners: tuple[Corner, ...]

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """None where the text is another reference, such as a defined name."""
        sheet, mark, cells = text.rpartition("!")
        found = [_CORNER.fullmatch(corner) for corner in cells.split(":")]
        if len(found) > 2 or None in found:
            return None
        corners = (match.groups() for match in found if match)
        return cls(sheet + mark, tuple(Corner(int(r), column_number(c.upper()), (cm, rm)) for cm, c, rm, r in corners))

    def __str__(self) -> str:
        return self.sheet + ":".join(map(str, self.corners))

    @property
    def exists(self) -> bool:
        """Whether there are such cells, in this order."""
        first, last = self.corners[0], self.corners[-1]
        ordered = first.row <= last.row and first.column <= last.column
        return ordered and all(corner.exists for corner in self.corners)

    def moved(self, rows: int, columns: int) -> Reference:
        """So many rows down and columns to the right."""
        return self._replace(corners=tuple(corner.moved(rows, columns) for corner in self.corners))
