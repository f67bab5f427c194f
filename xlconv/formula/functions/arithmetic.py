"""Functions of numbers: sums, products, the largest, exponentials, rounding, matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from xlconv.formula.array import (
    BLANK,
    BOOLEAN,
    ERROR,
    NUMBER,
    TEXT,
    TEXTS,
    Array,
    doubted,
    gathered,
    row_of,
    settled,
    worst,
)
from xlconv.formula.elements import UNARY, Elements
from xlconv.formula.idioms import sloped
from xlconv.formula.tree import Node
from xlconv.formula.walk import FUNCTIONS, Walk, fits, function


def _unary(name: str, walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    if len(args) != 1:
        return walk.unknown()
    x = walk.as_number(walk.value(args[0]))
    kinds = doubted(x.kinds, _nearly_whole(x.numbers.known())) if name == "INT" else x.kinds
    return settled(kinds, x.numbers.unary(name))


def _nearly_whole(numbers: Any) -> Any:
    """Where programs differ: some take 8.999999999999999 for 9."""
    with np.errstate(all="ignore"):
        apart = np.abs(numbers - np.round(numbers))
        return (apart > 0) & (apart <= _NEARLY * np.abs(numbers))


FUNCTIONS.update({name: partial(_unary, name) for name in UNARY})


def numbers_in(walk: Walk[Any], node: Node) -> Array[Any]:
    """An argument in one row, as functions such as SUM take it: of cells and arrays what is a number counts alone.

    What does not count is BOOLEAN. Where a function gives a cell, what is no number is either that cell or a value.
    """
    value = walk.value(node)
    if value.is_single and not value.is_range:
        number = walk.as_number(value)
        may_be_cell = node.text in _GIVE_CELLS and (value.kinds != NUMBER).any()
        kinds = doubted(number.kinds, value.kinds != NUMBER) if may_be_cell else number.kinds
        return Array(kinds, number.numbers).flat()
    row = value.flat()
    kinds = np.where((row.kinds == NUMBER) | (row.kinds >= ERROR), row.kinds, np.uint8(BOOLEAN))
    return Array(kinds, row.numbers)


def _one_row(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """All arguments in one row, of which BOOLEAN does not count."""
    return row_of([numbers_in(walk, node) for node in args])


def _counted(row: Array[Any], otherwise: float) -> Elements:
    """The numbers of a row, and another in the place of what does not count."""
    counts = row.kinds == NUMBER
    other = row.numbers.of(np.full((1, 1, 1, 1), otherwise))
    numbers: Elements = row.numbers if counts.all() else row.numbers.where(counts, other)
    return numbers


_TWO: Final = 2
_NEARLY: Final = 1e-14
_FAR_LARGER: Final = 1e12
_GIVE_CELLS: Final = ("IF", "CHOOSE", "INDEX", "IFERROR")


@function("SUM")
def sum_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The sum of all numbers."""
    row = _one_row(walk, args)
    return settled(gathered(_hushed(row)), _counted(row, 0.0).sum())


@function("PRODUCT")
def product(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The product of all numbers; of none programs differ."""
    row = _one_row(walk, args)
    kinds = doubted(gathered(_hushed(row)), ~(row.kinds == NUMBER).any(axis=(2, 3), keepdims=True))
    return settled(kinds, _counted(row, 1.0).product())


@function("AVERAGE")
def average(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The mean of all numbers; an error of none."""
    row = _one_row(walk, args)
    count = (row.kinds == NUMBER).sum(axis=(2, 3), keepdims=True)
    mean = _counted(row, 0.0).sum() / row.numbers.of(np.maximum(count, 1).astype(float))
    kinds = np.where((count == 0) & (gathered(_hushed(row)) < ERROR), np.uint8(ERROR), gathered(_hushed(row)))
    return settled(kinds, mean)


def _hushed(row: Array[Any]) -> Any:
    """Kinds, with what does not count as numbers."""
    return np.where(row.kinds == BOOLEAN, np.uint8(NUMBER), row.kinds)


@function("MAX")
def max_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The largest number; 0 of none. The largest of what is the largest itself is one of all."""
    found = _extreme(walk, args, least=False)
    return _sloped(walk, args, found) if walk.elements.is_exact else found


def _sloped(walk: Walk[Any], args: tuple[Node, ...], found: Array[Any]) -> Array[Any]:
    """The largest of a number and a share of it, as a sum of it and its ReLU."""
    parts = sloped(args)
    if parts is None or parts[1].kind != "number":
        return found
    x, share = walk.as_number(walk.value(parts[0])), walk.numbers[:, int(parts[1].text)]
    if not x.is_single:
        return found
    slope = walk.elements.of(share[:, None, None, None])
    numbers = slope * x.numbers + slope.complement() * x.numbers.relu()
    is_share = ((share >= 0) & (share <= 1))[:, None, None, None]
    return settled(x.kinds, numbers).where(is_share, found)


@function("MIN")
def min_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The smallest number; 0 of none."""
    return _extreme(walk, args, least=True)


def _extreme(walk: Walk[Any], args: tuple[Node, ...], least: bool) -> Array[Any]:
    name = "MIN" if least else "MAX"
    flat = tuple(inner for node in args for inner in _opened(node, name))
    row = _one_row(walk, flat)
    numbers, counts = row.numbers, row.kinds == NUMBER
    found = numbers.least(counts) if least else numbers.largest(counts)
    return settled(gathered(_hushed(row)), found)


def _opened(node: Node, name: str) -> list[Node]:
    """The arguments of `MAX(MAX(a),b)`, one by one."""
    if node.kind != "function" or node.text != name:
        return [node]
    return [inner for child in node.children for inner in _opened(child, name)]


def _nth(least: bool, walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """`LARGE(x,1)` is `MAX(x)` where there is a number; of other places nothing is known."""
    if len(args) != _TWO:
        return walk.unknown()
    found, place = _extreme(walk, args[:1], least), walk.as_number(walk.value(args[1]))
    if not place.is_single:
        return walk.unknown()
    none = ~(numbers_in(walk, args[0]).kinds == NUMBER).any(axis=(2, 3), keepdims=True)
    kinds = np.where(none & (found.kinds < ERROR), np.uint8(ERROR), found.kinds)
    return Array(doubted(np.maximum(kinds, place.kinds), place.numbers.known() != 1), found.numbers)


FUNCTIONS.update(LARGE=partial(_nth, False), SMALL=partial(_nth, True))


@function("SUMPRODUCT")
def sumproduct(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The sum of the products of what stands in the same place; what is no number counts as 0."""
    arrays = walk.values(args)
    if len({each.size for each in arrays}) > 1:
        return walk.error() if all(each.is_sized for each in arrays) else walk.unknown()
    numbers = [each.numbers if (each.kinds == NUMBER).all() else _or_zero(each) for each in arrays]
    product = numbers[0]
    for other in numbers[1:]:
        product = product * other
    kinds = gathered(worst(arrays))
    for each in arrays:
        kinds = doubted(kinds, _may_count(each).any(axis=(2, 3), keepdims=True))
    return settled(kinds, product.sum((-2, -1)))


def _may_count(values: Array[Any]) -> Any:
    """Where programs differ: some take truth values, and texts that read like numbers, for those."""
    texts = values.kinds == TEXT
    if not texts.any():
        return values.kinds == BOOLEAN
    read = TEXTS.mapped(TEXTS.as_number, np.where(texts, values.numbers.known(), np.nan))
    return (values.kinds == BOOLEAN) | (texts & ~np.isnan(read))


def _or_zero(values: Array[Any]) -> Elements:
    zero = values.numbers.of(np.zeros((1, 1, 1, 1)))
    found: Elements = values.numbers.where(values.kinds == NUMBER, zero)
    return found


@function("SUMSQ")
def sumsq(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The sum of the squares of all numbers."""
    row = _one_row(walk, args)
    numbers = _counted(row, 0.0)
    return settled(gathered(_hushed(row)), (numbers * numbers).sum())


@function("POWER")
def power(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The same as `^`."""
    return walk.arithmetic("^", *walk.values(args)) if len(args) == 2 else walk.unknown()


@function("LOG", "LOG10")
def log(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """To the base 10, unless another is given."""
    values = [walk.as_number(value) for value in walk.values(args)] or [walk.unknown()]
    base = values[1] if len(values) > 1 else walk.number(10.0)
    logs = [settled(each.kinds, each.numbers.unary("LN")) for each in (values[0], base)]
    return walk.arithmetic("/", *logs)


@function("MMULT")
def mmult(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The product of two matrices."""
    if len(args) != 2:
        return walk.unknown()
    left, right = walk.values(args)
    if left.size[1] != right.size[0]:
        return walk.error() if left.is_sized and right.is_sized else walk.unknown()
    rows, columns, turned = left.size[0], right.size[1], right.turned()
    a = left.numbers.reshape(*left.numbers.shape[:2], rows, 1, -1)
    b = turned.numbers.reshape(*turned.numbers.shape[:2], 1, columns, -1)
    kinds = np.maximum(_whole(left), _whole(right))
    return Array(np.broadcast_to(kinds, (*kinds.shape[:2], rows, columns)), (a * b).sum()[..., 0])


def _whole(matrix: Array[Any]) -> Any:
    """Whether all of a matrix are numbers; blank cells and texts are errors, of truth values programs differ."""
    kinds = np.where((matrix.kinds == BLANK) | (matrix.kinds == TEXT), np.uint8(ERROR), matrix.kinds)
    return gathered(doubted(kinds, kinds == BOOLEAN))


@function("TRANSPOSE")
def transpose(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Rows as columns."""
    return walk.value(args[0]).turned() if len(args) == 1 else walk.unknown()


@function("ROUND")
def round_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """To so many decimals."""
    return _mapped(walk, args, rounded)


@function("MOD")
def mod(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """What is left over, with the divisor's sign; of numbers that are far larger programs differ."""
    values = [walk.as_number(value) for value in walk.values(args)]
    if len(values) != _TWO or not fits(*values):
        return walk.unknown()
    found, (number, divisor) = mapped(walk, values, _left_over), [each.numbers.known() for each in values]
    return Array(doubted(found.kinds, np.abs(number) > _FAR_LARGER * np.abs(divisor)), found.numbers)


def _left_over(number: Any, divisor: Any) -> Any:
    there = np.where(divisor == 0, np.nan, divisor)
    return number - there * np.floor(number / there)


def rounded(number: Any, digits: Any) -> Any:
    """To so many decimals, halves away from zero, as the number is written with 15 digits."""
    scale = 10.0 ** np.trunc(digits)
    scaled = np.abs(number) * scale
    whole = np.floor(scaled)
    is_up = (scaled - whole) * (1 + 1e-15) + 1e-15 * np.maximum(1.0, scaled) >= 0.5
    return np.sign(number) * (whole + is_up) / scale


def _mapped(walk: Walk[Any], args: tuple[Node, ...], function: Callable[..., Any]) -> Array[Any]:
    """A function of two known numbers; of others a hash."""
    return mapped(walk, walk.values(args), function) if len(args) == _TWO else walk.unknown()


def mapped(walk: Walk[Any], values: list[Array[Any]], function: Callable[..., Any]) -> Array[Any]:
    """The same for values."""
    values = [walk.as_number(value) for value in values]
    if not fits(*values):
        return walk.unknown()
    with np.errstate(all="ignore"):
        found = function(*(value.numbers.known() for value in values))
    if not walk.elements.is_exact:
        return settled(worst(values), walk.elements.of(found))
    hashed = walk.elements.opaque(function.__name__, [value.numbers for value in values])
    return Array(worst(values), walk.elements.of(np.nan_to_num(found)).where(~np.isnan(found), hashed))


@function("N")
def n(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The number; 0 of a text."""
    value = walk.value(args[0]) if len(args) == 1 else walk.unknown()
    zero = value.kinds == TEXT
    return walk.number(0.0).where(zero, walk.as_number(value)) if zero.any() else walk.as_number(value)
