"""Formula text that finds a number by its indices, where these stand in cells: INDEX and CHOOSE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from xlconv.cells import Blocks, Range

Term: TypeAlias = str | int
"""A number, or an expression for one."""


_ATOM: Final = re.compile(r"[$A-Z]+[$\d]+|[A-Z]+\([^()]*\)")
"""An address, or a function of no other."""


class Stack(NamedTuple):
    """Blocks of one size at constant distances, one for each outer index o and inner index k.

    Args:
        where: The least range that holds all of them.
        outer: How many outer indices there are.
        per: How many of them stand below one another, before the next column of blocks.
        down: Rows from one outer index to the next.
        right: Columns from one column of blocks to the next.
        inner: Rows from one inner index to the next.
        size: Height and width of a block.
    """

    where: Range
    outer: int
    per: int
    down: int
    right: int
    inner: int
    size: tuple[int, int]

    @classmethod
    def of(cls, blocks: Sequence[Sequence[Range]]) -> Stack:
        """The stack of `blocks[o][k]`."""
        first, count = blocks[0][0], len(blocks)
        per = next((o for o, row in enumerate(blocks) if row[0].column != first.column), count)
        down = blocks[1][0].row - first.row if per > 1 else 0
        right = blocks[per][0].column - first.column if per < count else 0
        inner = blocks[0][1].row - first.row if len(blocks[0]) > 1 else 0
        for o, row in enumerate(blocks):
            for k, block in enumerate(row):
                place = first.part(o % per * down + k * inner, o // per * right, first.height, first.width)
                assert block == place, f"{block.place} is not at {place.place}, as the distances before it say"
        everything = [block for row in blocks for block in row]
        height = max(block.row + block.height for block in everything) - first.row
        width = max(block.column + block.width for block in everything) - first.column
        size = first.height, first.width
        return cls(first.part(0, 0, height, width), count, per, down, right, inner, size)

    @classmethod
    def image(cls, blocks: Blocks) -> Stack:
        """The stack of an array's slices."""
        return cls.of([[block] for block in blocks.ranges])

    def element(self, o: Term, k: Term, i: Term, j: Term) -> str:
        """The number at row i and column j of block (o, k)."""
        below, beside = self._split(o)
        rows = plus(times(below, self.down), times(k, self.inner), i, 1)
        return index(self.where, self.where.reference, rows, plus(times(beside, self.right), j, 1))

    def flat(self, n: str) -> str:
        """The element n of the vector that the blocks are when laid end to end, row by row."""
        height, width = self.size
        if width == 1 and self.outer == 1:
            return self.element(0, 0, n, 0)
        block, rest = f"INT({n}/{height * width})", f"MOD({n},{height * width})"
        return self.element(block, 0, f"INT({rest}/{width})", f"MOD({n},{width})")

    def _split(self, o: Term) -> tuple[Term, Term]:
        """The row and the column of blocks in which an outer index stands."""
        if self.per == self.outer:
            return o, 0
        if self.per == 1:
            return 0, o
        return f"MOD({o},{self.per})", f"INT({o}/{self.per})"


def index(where: Range, text: str, *at: str) -> str:
    """The number at some place, from 1, of a range; IronCalc takes the INDEX of a single cell for an error.

    Args:
        where: The range.
        text: As the formula is to name it.
        at: Row and column; one of them for a range of one row or column.
    """
    return text if where.size == 1 else f"INDEX({text},{','.join(at)})"


def plus(*terms: Term) -> str:
    """The sum of some terms."""
    texts = [term for term in terms if isinstance(term, str)]
    number = sum(term for term in terms if isinstance(term, int))
    return "+".join([*texts, *([str(number)] if number or not texts else [])])


def times(term: Term, number: int) -> Term:
    """The product of a term and a number."""
    if isinstance(term, int):
        return term * number
    if not number:
        return 0
    return f"{term}*{number}" if _ATOM.fullmatch(term) else f"({term})*{number}"


def choose(number: str, arms: Sequence[str]) -> str:
    """One of some expressions, by its number from 1."""
    return arms[0] if len(set(arms)) == 1 else f"CHOOSE({number},{','.join(arms)})"
