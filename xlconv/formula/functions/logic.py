"""Functions of conditions."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlconv.formula.array import BLANK, BOOLEAN, ERROR, NUMBER, TEXT, TEXTS, UNKNOWN, Array, doubted, gathered
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
    numbers = found.numbers.where(decided, weighed) if decided.any() else weighed
    return Array(np.where(decided, kinds, np.maximum(mixed, condition.kinds)), numbers)


def truth(walk: Walk[Any], value: Array[Any]) -> Array[Any]:
    """Whether it holds: a number other than 0, or TRUE; a NUMBER 0 or 1."""
    kinds = np.where(value.kinds <= BOOLEAN, np.uint8(NUMBER), value.kinds)
    kinds = np.where(value.kinds == TEXT, np.where(_is_word(value), np.uint8(UNKNOWN), np.uint8(ERROR)), kinds)
    if (value.kinds == BOOLEAN).all():
        return Array(kinds, value.numbers)
    held = value.numbers.compared("<>", walk.number(0.0).numbers)
    return Array(kinds, value.numbers.where(value.kinds == BOOLEAN, held))


def _is_word(value: Array[Any]) -> Any:
    """Where programs differ: some take the texts `TRUE` and `FALSE` for truth values."""
    texts = value.kinds == TEXT
    words = [float(TEXTS.number(word)) for word in ("true", "false")]
    return texts & np.isin(TEXTS.mapped(TEXTS.folded, np.where(texts, value.numbers.known(), np.nan)), words)


@function("AND")
def and_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether all hold."""
    return _joined(walk, args, any_of=False)


@function("OR")
def or_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Whether any holds."""
    return _joined(walk, args, any_of=True)


def _joined(walk: Walk[Any], args: tuple[Node, ...], any_of: bool) -> Array[Any]:
    conditions = [_conditions(walk, node) for node in args]
    row = conditions[0]
    for each in conditions[1:]:
        row = _beside(walk, row, each)
    counts = row.kinds != BLANK
    kinds = gathered(row.kinds)
    kinds = np.where((kinds < ERROR) & ~counts.any(axis=3, keepdims=True), np.uint8(ERROR), kinds)
    row = _not(row) if any_of else row
    found = Array(kinds, row.numbers.where(counts, walk.number(1.0).numbers).product())
    found = _not(found) if any_of else found
    return Array(_as_booleans(found.kinds), found.numbers)


def _conditions(walk: Walk[Any], node: Node) -> Array[Any]:
    """An argument in one row; blank cells and cells with texts, which do not count, are BLANK."""
    row = walk.value(node).flat()
    found = truth(walk, row)
    ignored = (row.kinds == BLANK) | (row.kinds == TEXT)
    return Array(np.where(ignored, np.uint8(BLANK), found.kinds), found.numbers) if row.is_range else found


def _beside(walk: Walk[Any], one: Array[Any], other: Array[Any]) -> Array[Any]:
    """Both in one row."""
    shape = np.broadcast_shapes(*(each.shape[:2] for row in (one, other) for each in (row.kinds, row.numbers)))
    wide = [row.spread((*shape, 1, row.size[1])) for row in (one, other)]
    return Array(np.concatenate([row.kinds for row in wide], axis=3), walk.elements.joined([r.numbers for r in wide]))


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
    """How many cells are equal to a number; of texts that read like it programs differ."""
    if len(args) != 2:
        return walk.unknown()
    cells, sought = walk.values(args)
    if not sought.is_single:
        return walk.unknown()
    equal = walk.compared("=", cells, sought)
    counts = walk.elements.of((cells.kinds == NUMBER).astype(float)) * equal.numbers
    read = walk.as_number(cells)
    is_equal = (read.kinds == UNKNOWN) | (read.numbers.known() == sought.numbers.known())
    doubts = (cells.kinds == UNKNOWN) | ((cells.kinds == TEXT) & (read.kinds != ERROR) & is_equal)
    doubts = doubts.any(axis=(2, 3), keepdims=True) | (sought.kinds != NUMBER)
    kinds = gathered(np.where(cells.kinds == ERROR, np.uint8(NUMBER), equal.kinds))
    return Array(doubted(kinds, doubts), counts.sum((-2, -1)))
