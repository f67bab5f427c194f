"""Functions that look something up by its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from xlconv.formula.array import BLANK, ERROR, NUMBER, TEXT, TEXTS, UNKNOWN, Array, doubted, of_numbers
from xlconv.formula.functions.logic import branched
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk, function

_WILD = "*?~"


@function("INDEX")
def index(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The value at a row and a column, from 1; of one row or column the second argument is enough."""
    if not 2 <= len(args) <= 3 or args[1].kind == "missing":
        return walk.unknown()
    values, *at = walk.values(args)
    at = [walk.as_number(each) for each in at]
    if not all(each.is_single for each in at):
        return walk.unknown()
    height, width = values.size
    if len(at) == 1:
        at = [walk.number(1.0), at[0]] if height == 1 else [at[0], walk.number(1.0)]
        if 1 not in (height, width):
            return walk.unknown()
    asked = np.maximum(at[0].kinds, at[1].kinds)
    known = [np.where(asked >= ERROR, 1.0, np.trunc(each.numbers.known())) for each in at]
    if walk.elements.is_exact and any(np.isnan(each).any() for each in known):
        return _picked(walk, values, at)
    row, column = np.broadcast_arrays(*known)
    inside = (row >= 1) & (row <= height) & (column >= 1) & (column <= width)
    place = np.where(inside, (row - 1) * width + column - 1, 0).astype(np.int64)
    found = _taken(values.flat(), place)
    is_line = (row == 0) | (column == 0) | (not values.is_sized)  # a whole row or column
    kinds = np.where(inside, found.kinds, np.where(is_line, np.uint8(UNKNOWN), np.uint8(ERROR)))
    return Array(np.where(asked >= ERROR, asked, kinds), found.numbers)


def _taken(row: Array[Any], place: Any) -> Array[Any]:
    """The value at a place of a row, for each cell and lane."""
    cells, lanes = row.kinds.shape[:2]
    at = (np.arange(cells)[:, None], np.arange(lanes), 0, place[:, :, 0, 0])
    return Array(row.kinds[at][:, :, None, None], row.numbers[at][:, :, None, None])


def _picked(walk: Walk[Any], values: Array[Any], at: list[Array[Any]]) -> Array[Any]:
    """In the field, at a place that may be any."""
    if not walk.elements.is_exact or (values.kinds >= TEXT).any() or 1 not in values.size:
        return walk.unknown()
    place = at[1] if values.size[0] == 1 else at[0]
    return of_numbers(values.flat().numbers.picked(place.numbers))


@function("MATCH")
def match(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Where a value first stands in a row or column, from 1."""
    if len(args) != 3:
        return walk.unknown()
    sought, values, how = walk.values(args)
    if not (sought.is_single and how.is_single) or 1 not in values.size:
        return walk.unknown()
    row, sought, how = walk.folded(values).flat(), walk.folded(sought), walk.as_number(how)
    doubts = (how.numbers.known() != 0) | _is_wild(sought)
    kinds = np.maximum(np.where(sought.kinds >= ERROR, sought.kinds, np.uint8(NUMBER)), how.kinds)
    kinds = doubted(kinds, doubts)
    if walk.elements.is_exact:
        doubts = ((row.kinds > NUMBER) | (sought.kinds > NUMBER)).any(axis=3, keepdims=True)
        return Array(doubted(kinds, doubts), row.numbers.place_of(sought.numbers))
    equal = (row.kinds == sought.kinds) & (sought.kinds != BLANK) & (row.numbers.known() == sought.numbers.known())
    there = equal.any(axis=3, keepdims=True)
    place = np.where(there, equal.argmax(axis=3)[..., None] + 1.0, 0.0)
    is_nothing = (row.kinds == NUMBER) & (row.numbers.known() == 0)  # which a blank cell means in some programs
    doubts = (row.kinds == UNKNOWN) | ((sought.kinds == BLANK) & is_nothing)
    unknown = doubts.any(axis=3, keepdims=True)
    kinds = np.where(unknown, np.uint8(UNKNOWN), np.where(there | (kinds >= ERROR), kinds, np.uint8(ERROR)))
    return Array(kinds, walk.elements.of(place))


def _is_wild(value: Array[Any]) -> Any:
    """Which texts have signs that stand for others."""
    texts = np.where(value.kinds == TEXT, value.numbers.known(), 0.0)
    return TEXTS.mapped(lambda number: float(not set(TEXTS.all[int(number)]).isdisjoint(_WILD)), texts) == 1


@function("CHOOSE")
def choose(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The argument of some number, from 1."""
    number = walk.as_number(walk.value(args[0])) if args else walk.unknown()
    known = np.trunc(number.numbers.known())
    if not number.is_single or (walk.elements.is_exact and np.isnan(known).any()):
        return walk.unknown()
    return branched(walk, number.kinds, np.clip(known, 0, len(args)).astype(np.int16) - 1, args[1:])


@function("ROWS")
def rows(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """How many rows a range has."""
    return _counted(walk, args, 0)


def _counted(walk: Walk[Any], args: tuple[Node, ...], axis: int) -> Array[Any]:
    value = walk.value(args[0])
    return walk.number(float(value.size[axis])) if value.is_sized and len(args) == 1 else walk.unknown()


@function("COLUMNS")
def columns(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """How many columns a range has."""
    return _counted(walk, args, 1)


@function("_xlfn.SINGLE")
def single(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """`@`, as Excel writes it."""
    return walk.value(Node("operator", "@", args))
