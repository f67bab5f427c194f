"""Functions of texts."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xlconv.formula.array import BOOLEAN, ERROR, NUMBER, TEXT, TEXTS, UNKNOWN, Array, doubted, worst
from xlconv.formula.functions.arithmetic import mapped, rounded
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk, function

_LARGEST: Final = 1e21
_SURROGATES: Final = 0x10000
"""From here on characters are two in some programs."""


def as_text(walk: Walk[Any], value: Array[Any]) -> Array[Any]:
    """Numbers, truth values and blank cells as the texts that they read as."""
    if value.kinds.size == 1 and value.kinds[0, 0, 0, 0] == TEXT:
        return value
    shape = np.broadcast_shapes(value.kinds.shape, value.numbers.shape)
    kinds, known = np.broadcast_to(value.kinds, shape), np.broadcast_to(value.numbers.known(), shape)
    spelled = np.where(kinds == TEXT, known, 0.0)
    for kind, spell in ((NUMBER, _general), (BOOLEAN, _truth)):
        mine = kinds == kind
        if mine.any():
            spelled = np.where(mine, TEXTS.mapped(spell, np.where(mine, known, np.nan)), spelled)
    kinds = np.where(np.isnan(spelled) & (kinds < ERROR), np.uint8(UNKNOWN), kinds)
    return Array(np.where(kinds < ERROR, np.uint8(TEXT), kinds), walk.elements.of(np.nan_to_num(spelled)))


def _truth(number: float) -> float:
    return TEXTS.number("TRUE" if number else "FALSE")


def _general(number: float) -> float:
    """As a spreadsheet spells a number in a text; of huge ones, and of more than 15 digits, programs differ."""
    text = f"{number:.15g}"
    if float(text) != number or abs(number) >= _LARGEST:
        return nan
    if "e" in text and abs(number) >= 1e-10:
        text = np.format_float_positional(float(text), trim="-")
    return TEXTS.number("0" if text == "-0" else text.upper())


def _of_texts(walk: Walk[Any], values: list[Array[Any]], kind: int, made: Callable[..., Any]) -> Array[Any]:
    """What a function makes of texts and numbers: a text or a number; NaN is an error, infinity is not known."""
    known = [each.numbers.known() for each in values]
    return _settled(walk, values, kind, known, TEXTS.mapped(made, *known))


def _settled(
    walk: Walk[Any],
    values: list[Array[Any]],
    kind: int,
    known: list[NDArray[np.float64]],
    found: NDArray[np.float64],
) -> Array[Any]:
    """The same, if that was found of the numbers that are known."""
    kinds = np.where(np.isnan(found), np.uint8(ERROR), np.uint8(kind))
    kinds = np.where(np.isnan(sum(known)) | np.isinf(found), np.uint8(UNKNOWN), kinds)
    found = np.where(np.isfinite(found), found, 0.0)
    return Array(np.where(worst(values) >= ERROR, worst(values), kinds), walk.elements.of(found))


@function("CONCATENATE")
def concatenate(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """One text behind the other."""
    parts = [as_text(walk, walk.value(node)) for inner in args for node in _joined(inner)]
    if not parts or not all(part.is_single for part in parts):
        return walk.unknown()
    known = [part.numbers.known() for part in parts]
    return parts[0] if len(parts) == 1 else _settled(walk, parts, TEXT, known, TEXTS.joined(*known))


def _joined(node: Node) -> list[Node]:
    """The parts of `a&b&c`, one by one."""
    if node.kind != "operator" or node.text != "&":
        return [node]
    return [inner for child in node.children for inner in _joined(child)]


def _from_text(
    walk: Walk[Any], args: tuple[Node, ...], kind: int, made: Callable[..., Any], count: int = 1
) -> Array[Any]:
    """A function of a text and of numbers, so many arguments in all."""
    if len(args) != count:
        return walk.unknown()
    first, *rest = walk.values(args)
    return _of_texts(walk, [as_text(walk, first), *(walk.as_number(each) for each in rest)], kind, made)


@function("MID")
def mid(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """A part of a text, from a place on, counted from 1."""

    def part(text: float, first: float, count: float) -> float:
        if first < 1 or count < 0 or _is_odd(text):
            return inf if _is_odd(text) else nan
        return TEXTS.number(TEXTS.all[int(text)][int(first) - 1 : int(first) - 1 + int(count)])

    return _from_text(walk, args, TEXT, part, 3)


def _length(text: float) -> float:
    return inf if _is_odd(text) else float(len(TEXTS.all[int(text)]))


def _is_odd(text: float) -> bool:
    """Whether programs differ in how many characters there are."""
    return any(ord(sign) >= _SURROGATES for sign in TEXTS.all[int(text)])


@function("LEN")
def len_(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """How many characters a text has."""
    return _from_text(walk, args, NUMBER, _length)


def _recased(text: float, case: Callable[[str], str]) -> float:
    """With each letter in another case; of letters that become two programs differ."""
    signs = [case(sign) for sign in TEXTS.all[int(text)]]
    return TEXTS.number("".join(signs)) if all(len(sign) == 1 for sign in signs) else inf


@function("UPPER")
def upper(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """In capitals."""
    return _from_text(walk, args, TEXT, lambda text: _recased(text, str.upper))


@function("LOWER")
def lower(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """In small letters."""
    return _from_text(walk, args, TEXT, lambda text: _recased(text, str.lower))


@function("CODE")
def code(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The number of a text's first character, where that is one of ASCII."""

    def number(text: float) -> float:
        first = TEXTS.all[int(text)][:1]
        return nan if not first else float(ord(first)) if first.isascii() else inf

    return _from_text(walk, args, NUMBER, number)


@function("FIND")
def find(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """Where one text begins in another, from 1."""
    if len(args) != 2:
        return walk.unknown()
    sought, text = (as_text(walk, value) for value in walk.values(args))

    def place(one: float, other: float) -> float:
        if _is_odd(other):
            return inf
        at = TEXTS.all[int(other)].find(TEXTS.all[int(one)])
        return at + 1.0 if at >= 0 else nan

    return _of_texts(walk, [sought, text], NUMBER, place)


@function("VALUE")
def value(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """The number that a text reads as."""
    if len(args) != 1:
        return walk.unknown()
    held = walk.value(args[0])
    found = walk.as_number(held)
    return Array(np.where(held.kinds == BOOLEAN, np.uint8(ERROR), found.kinds), found.numbers)


@function("TEXT")
def text(walk: Walk[Any], args: tuple[Node, ...]) -> Array[Any]:
    """A number as a format spells it; of formats, those of zeros behind the point are known."""
    if len(args) != 2 or args[1].kind != "text" or set(args[1].text) - {"0", "."} or not args[1].text.startswith("0"):
        return walk.unknown()
    decimals = len(args[1].text.partition(".")[2])
    if args[1].text.partition(".")[0] != "0":
        return walk.unknown()
    held = walk.value(args[0])
    number = walk.as_number(held)
    digits = mapped(walk, [number, walk.number(float(decimals))], rounded)
    found = _of_texts(walk, [digits], TEXT, lambda one: TEXTS.number(f"{one:.{decimals}f}"))
    odd = (number.numbers.known() < 0) & (digits.numbers.known() == 0)
    kinds = doubted(found.kinds, odd | (held.kinds == BOOLEAN) | ((held.kinds == TEXT) & (number.kinds != ERROR)))
    shown = Array(kinds, found.numbers)
    plain = (held.kinds == TEXT) & (number.kinds == ERROR)
    return held.where(plain, shown) if plain.any() else shown
