"""Functions of conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv.formula.array import (
    BLANK,
    BOOLEAN,
    ERROR,
    NUMBER,
    TEXT,
    TEXTS,
    UNKNOWN,
    Array,
    Kinds,
    doubted,
    gathered,
    row_of,
)
from xlconv.formula.elements import Elements, Flags
from xlconv.formula.functions.arithmetic import numbers_in
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk, fits, function


@function("IF")
def if_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The second argument where the first holds, else the third."""
    if not 2 <= len(args) <= 3:
        return walk.unknown()
    condition, parts = truth(walk, walk.value(args[0])), (*args[1:], Node("boolean", "FALSE"))[:2]
    known = condition.numbers.known()
    if condition.is_single and not np.isnan(known).any():
        return branched(walk, condition.kinds, (known == 0).astype(np.int16), parts)
    return chosen(walk, condition, *walk.values(parts))


def branched(walk: Walk[Any], kinds: Kinds, which: NDArray[np.int16], parts: Sequence[Node]) -> Array[Any]:
    """One of several parts of a formula, for each cell and lane; each is computed only in lanes that show it.

    Args:
        walk: The formula.
        kinds: Of what chooses; an error, or what is not known, is what is shown.
        which: (cells or 1, lanes or 1, 1, 1): the part, from 0; others than there are give an error.
        parts: To choose from.
    """
    none = (which < 0) | (which >= len(parts))
    default = np.where(kinds >= ERROR, kinds, np.where(none, np.uint8(ERROR), np.uint8(BLANK)))
    which = np.where(default == BLANK, which, np.int16(-1))
    numbers = [number for number in range(len(parts)) if (which == number).any()]
    if len(numbers) == 1 and (which == numbers[0]).all():
        value = walk.value(parts[numbers[0]])
        return Array(value.kinds, value.numbers)
    shown = [_shown(walk, parts[number], which == number) for number in numbers]
    sizes = {value.size for _, _, value in shown} or {(1, 1)}
    return walk.unknown() if len(sizes) > 1 else _put_together(walk, default, shown, sizes.pop())


_Shown: TypeAlias = tuple[Flags, NDArray[np.int64] | slice, Array[Any]]
"""Where a part of a formula is shown, in which lanes, and what it is in these."""


def _shown(walk: Walk[Any], part: Node, where: Flags) -> _Shown:
    if where.shape[1] == 1:
        return where, slice(None), walk.value(part)
    lanes = np.flatnonzero(where.any(axis=(0, 2, 3)))
    return where[:, lanes], lanes, walk.only(lanes).value(part)


def _put_together(walk: Walk[Any], default: Kinds, shown: Sequence[_Shown], size: tuple[int, int]) -> Array[Any]:
    """What several parts show, each where it is shown."""
    inner = [np.broadcast_shapes(value.kinds.shape, value.numbers.shape) for _, _, value in shown]
    cells = max([default.shape[0], *(shape[0] for shape in inner)])
    lanes = max([1, *(shape[1] for shape in inner)]) if default.shape[1] == 1 else default.shape[1]
    shape = (cells, lanes, *size)
    kinds = np.broadcast_to(default, shape).copy()
    numbers = walk.elements.of(np.zeros(shape))
    for where, some, value in shown:
        before = Array(kinds[:, some], numbers[:, some])
        now = value if where.all() else value.where(where, before)
        kinds[:, some] = now.kinds
        numbers.put((slice(None), some), now.numbers)
    return Array(kinds, numbers)


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
    if (value.kinds == TEXT).any():
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
    row = row_of([_conditions(walk, node) for node in args])
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
    kinds = row_of([numbers_in(walk, node) for node in args]).kinds
    unknown = (kinds == UNKNOWN).any(axis=(2, 3), keepdims=True)
    count = (kinds == NUMBER).sum(axis=(2, 3), keepdims=True)
    return Array(np.where(unknown, np.uint8(UNKNOWN), np.uint8(NUMBER)), walk.elements.of(count))


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
