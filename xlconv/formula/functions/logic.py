"""Functions of conditions."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlconv.formula.array import BLANK, BOOLEAN, ERROR, NUMBER, TEXT, UNKNOWN, Array
from xlconv.formula.elements import Elements
from xlconv.formula.functions.arithmetic import numbers_in
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk, fits, function


@function("IF")
def if_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The second argument where the first holds, else the third."""
    if not 2 <= len(args) <= 3:
        return walk.unknown()
    condition, yes = truth(walk, walk.value(args[0])), walk.value(args[1])
    no = walk.value(args[2]) if len(args) == 3 else walk.constant(BOOLEAN, 0.0)
    return chosen(walk, condition, yes, no)


def chosen(walk: Walk[Any], condition: Array[Any], yes: Array[Any], no: Array[Any]) -> Array[Any]:
    """One of two, value by value; in the field, where the condition may be either, both weighed with it."""
    if not fits(condition, yes, no):
        return walk.unknown()
    known = condition.numbers.known()
    decided, holds = ~np.isnan(known), known != 0
    found = yes.where(holds & decided, no)
    kinds = np.where(condition.kinds >= ERROR, condition.kinds, found.kinds)
    if decided.all():
        return Array(kinds, found.numbers)
    a, b = walk.as_number(yes), walk.as_number(no)
    numeric = (yes.kinds != TEXT) & (no.kinds != TEXT)
    mixed = np.where(numeric, np.maximum(a.kinds, b.kinds), np.uint8(UNKNOWN))
    weighed = b.numbers + (a.numbers - b.numbers) * condition.numbers
    return Array(np.where(decided, kinds, np.maximum(mixed, condition.kinds)), found.numbers.where(decided, weighed))


def truth(walk: Walk[Any], value: Array[Any]) -> Array[Any]:
    """Whether it holds: a number other than 0, or TRUE; a NUMBER 0 or 1."""
    kinds = np.where(value.kinds <= BOOLEAN, np.uint8(NUMBER), value.kinds)
    kinds = np.where(value.kinds == TEXT, np.uint8(ERROR), kinds)
    if (value.kinds == BOOLEAN).all():
        return Array(kinds, value.numbers)
    held = value.numbers.compared("<>", walk.number(0.0).numbers)
    return Array(kinds, value.numbers.where(value.kinds == BOOLEAN, held))


@function("AND")
def and_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether all hold."""
    return _joined(walk, args, any_of=False)


@function("OR")
def or_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether any holds."""
    return _joined(walk, args, any_of=True)


def _joined(walk: Walk[Any], args: tuple[Node, ...], any_of: bool) -> Array[Any]:
    found: Array[Any] | None = None
    for node in args:
        value = walk.value(node)
        if not value.is_single:
            return walk.unknown()
        each = _not(truth(walk, value)) if any_of else truth(walk, value)
        found = each if found is None else _both(found, each)
    if found is None:
        return walk.unknown()
    found = _not(found) if any_of else found
    return Array(_as_booleans(found.kinds), found.numbers)


def _both(one: Array[Any], other: Array[Any]) -> Array[Any]:
    """Whether both hold; where one always does, the other."""
    kinds = np.maximum(one.kinds, other.kinds)
    for sure, rest in ((one, other), (other, one)):
        if (sure.numbers.known() == 1).all():
            return Array(kinds, rest.numbers)
    return Array(kinds, one.numbers * other.numbers)


@function("NOT")
def not_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether it does not hold."""
    if len(args) != 1:
        return walk.unknown()
    found = _not(truth(walk, walk.value(args[0])))
    return Array(_as_booleans(found.kinds), found.numbers)


def _not(value: Array[Any]) -> Array[Any]:
    numbers: Elements = value.numbers.complement()
    return Array(value.kinds, numbers)


def _as_booleans(kinds: Any) -> Any:
    return np.where(kinds == NUMBER, np.uint8(BOOLEAN), kinds)


@function("IFERROR")
def iferror(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The second argument where the first is an error, which in the field nobody sees."""
    if len(args) != 2 or walk.elements.is_exact:
        return walk.unknown()
    value, other = walk.values(args)
    return other.where(value.kinds == ERROR, value) if fits(value, other) else walk.unknown()


def _asked(walk: Walk[Any], args: tuple[Node, ...], *kinds: int) -> Array[Any]:
    """Whether a value is of one of some kinds; in the field, where all cells are numbers, that is not known."""
    if len(args) != 1 or walk.elements.is_exact:
        return walk.unknown()
    value = walk.value(args[0])
    numbers = walk.elements.of(np.isin(value.kinds, kinds).astype(float))
    return Array(np.where(value.kinds == UNKNOWN, value.kinds, np.uint8(BOOLEAN)), numbers)


@function("ISNUMBER")
def isnumber(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether it is a number."""
    return _asked(walk, args, NUMBER)


@function("ISTEXT")
def istext(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether it is a text."""
    return _asked(walk, args, TEXT)


@function("ISBLANK")
def isblank(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether there is nothing."""
    return _asked(walk, args, BLANK)


@function("ISERROR")
def iserror(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether it is an error."""
    return _asked(walk, args, ERROR)


@function("COUNT")
def count(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """How many numbers there are, which in the field is not known, as a cell may be cleared."""
    if walk.elements.is_exact:
        return walk.unknown()
    found = np.zeros((1, 1, 1, 1))
    for node in args:
        found = found + (numbers_in(walk, node).kinds == NUMBER).sum(axis=(2, 3), keepdims=True)
    return Array(np.full((1, 1, 1, 1), NUMBER, np.uint8), walk.elements.of(found))


@function("COUNTIF")
def countif(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """How many cells are equal to a number."""
    if len(args) != 2:
        return walk.unknown()
    cells, sought = walk.values(args)
    if not sought.is_single or (sought.kinds != NUMBER).any() or (cells.kinds >= ERROR).any():
        return walk.unknown()
    equal = walk.compared("=", cells, sought)
    counts = walk.elements.of((cells.kinds == NUMBER).astype(float)) * equal.numbers
    return Array(np.full((1, 1, 1, 1), NUMBER, np.uint8), counts.sum((-2, -1)))
