"""What formulas compute, in the words of networks: a sum of products, the largest of some cells, shares of a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from xlconv.cells import Range
from xlconv.layers import Layer


class OperandRef(NamedTuple):
    """A range that a formula reads, and whether it moves with the cell when the formula is copied.

    Args:
        range: Where it is for the cell at hand.
        down: Its rows move with the cell.
        right: Its columns do.
        turned: Its elements are taken column by column, as TRANSPOSE gives them.
    """

    range: Range
    down: bool
    right: bool
    turned: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns as the formula sees them."""
        height, width = self.range.height, self.range.width
        return (width, height) if self.turned else (height, width)


class Term(NamedTuple):
    """`coefficient * sum_k a[k] * b[k]` of two ranges, or `coefficient * sum_k a[k]` of one.

    With `matrix` the element (i, j) of an array is the product of row i of one with column j of the other.
    """

    coefficient: float
    refs: tuple[OperandRef, ...]
    matrix: bool = False


@dataclass(frozen=True)
class Sum:
    """A sum of products, of cells and of a constant. Over arrays (`shape`) it is not yet summed up."""

    terms: tuple[Term, ...]
    constant: float = 0.0
    shape: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Max:
    """The largest of the cells of some ranges."""

    refs: tuple[OperandRef, ...]


@dataclass(frozen=True)
class Window:
    """What a layer of windows makes of the cells of a range, but for the largest."""

    refs: tuple[OperandRef, ...]
    kind: type[Layer]


@dataclass(frozen=True)
class Applied:
    """An elementwise layer of something."""

    of: Meaning
    layer: Layer
    shape: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Exp:
    """`exp(of - the largest of shift)`, without a shift where there is none."""

    of: Sum
    shift: tuple[OperandRef, ...] = ()
    shape: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class SumExp:
    """The sum of some `exp`, of single ones or over arrays."""

    parts: tuple[Exp, ...]


@dataclass(frozen=True)
class Share:
    """`part / whole`."""

    part: Sum | Exp
    whole: Sum | SumExp
    shape: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Argmax:
    """The place of the largest cell of a range, counted from `base`, or the label that stands there."""

    of: OperandRef
    labels: tuple[OperandRef, ...] = ()
    base: float = 1.0


Meaning: TypeAlias = Sum | Max | Window | Applied | Exp | SumExp | Share | Argmax


def element(of: Meaning, i: int, j: int) -> Meaning:
    """One cell of an array."""
    if isinstance(of, Sum):
        return Sum(tuple(_element_term(term, i, j) for term in of.terms), of.constant)
    if isinstance(of, Applied):
        return Applied(element(of.of, i, j), of.layer)
    if isinstance(of, Exp):
        inner = element(of.of, i, j)
        assert isinstance(inner, Sum)
        return Exp(inner, of.shift)
    if isinstance(of, Share):
        part = element(of.part, i, j)
        assert isinstance(part, (Sum, Exp))
        return Share(part, of.whole)
    return of


def _element_term(term: Term, i: int, j: int) -> Term:
    if term.matrix:
        left, right = term.refs
        return Term(term.coefficient, (_line(left, i, across=True), _line(right, j, across=False)))
    return Term(term.coefficient, tuple(_cell(ref, i, j) for ref in term.refs))


def _cell(ref: OperandRef, i: int, j: int) -> OperandRef:
    """The cell of a range that stands at a place of an array; it moves with the place."""
    row, column = (j, i) if ref.turned else (i, j)
    return OperandRef(ref.range.part(row, column), True, True)


def _line(ref: OperandRef, at: int, across: bool) -> OperandRef:
    """A row of a matrix (across) or a column; it moves with the place in the result."""
    if across != ref.turned:
        return OperandRef(ref.range.part(at, 0, 1, ref.range.width), True, False)
    return OperandRef(ref.range.part(0, at, ref.range.height, 1), False, True)
