"""Texts with numbers in them: made for many choices at once, and compared with what a cell shows.

A text is told in clauses, each of which applies to some of the choices. What it is about is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from string import Formatter
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv.cells import Value
from xlconv.network import FloatArray

Text: TypeAlias = tuple[str | float, ...]
"""A text in pieces, its numbers as they are before they are rounded."""

BoolArray: TypeAlias = NDArray[np.bool_]

_DECIMALS: Final = 4
_HALF: Final = 0.5 * 10.0**-_DECIMALS
_NUMBER: Final = r"(-?(?:\d+(?:\.\d+)?|\.\d+)(?:[Ee][+-]?\d+)?)"


@dataclass(frozen=True)
class Clause:
    """One of the contract's texts with its fields, for N choices.

    Args:
        template: The text, with fields in braces.
        fields: Each a text, a number for each choice, or further clauses.
        applies: Of which choices it is told; of all if None.
        margin: For each choice how far the number is from one for which `applies` would be the opposite.
    """

    template: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    applies: BoolArray | None = None
    margin: FloatArray | None = None


Field: TypeAlias = str | FloatArray | tuple[Clause, ...]


def texts(clause: Clause, count: int, tolerance: float) -> list[tuple[Text, ...]]:
    """What may be told of each of some choices: two texts where rounding decides which clauses apply, else one.

    Args:
        clause: All that is told.
        count: The number of choices.
        tolerance: How large a margin rounding may bridge.
    """
    inner = list(_clauses(clause))
    margins = [each.margin <= tolerance for each in inner if each.margin is not None]
    unsure = np.logical_or.reduce(margins) if margins else np.zeros(count, bool)
    found: list[tuple[Text, ...]] = [(text,) for text in _texts(clause, np.arange(count), -1.0)]
    some = np.flatnonzero(unsure)
    for at, other in zip(some.tolist(), _texts(clause, some, tolerance), strict=True):
        found[at] = (*found[at], other)
    return found


def is_said(got: Value, texts: Sequence[Text], tolerance: float) -> bool:
    """Whether a cell says one of some texts to the letter, with their numbers rounded.

    Args:
        got: What it shows.
        texts: What it may say.
        tolerance: Absolute; relative where a number is beyond 1.
    """
    return isinstance(got, str) and (got == in_full(texts[0]) or any(_says(got, text, tolerance) for text in texts))


def in_full(text: Text) -> str:
    """A text with its numbers rounded."""
    return "".join(map(_spelled, text))


@lru_cache(1 << 14)
def _spelled(piece: str | float) -> str:
    """A piece of a text; many numbers are places, which come again and again."""
    return piece if isinstance(piece, str) else f"{round(piece, _DECIMALS) + 0.0:.15g}"


def _clauses(clause: Clause) -> Iterator[Clause]:
    """A clause and all those inside of it."""
    yield clause
    for value in clause.fields.values():
        for inner in value if isinstance(value, tuple) else ():
            yield from _clauses(inner)


def _texts(clause: Clause, choices: NDArray[np.intp], bridged: float) -> list[Text]:
    """The text of each of some choices; clauses with a margin that can be bridged apply where they else would not."""
    told = [(each, _applies(each, choices, bridged)) for each in _clauses(clause) if each.applies is not None]
    found: list[Text] = [()] * choices.size
    for alike in _alike([applies for _, applies in told], choices.size):
        left_out = {id(each) for each, applies in told if not applies[alike[0]]}
        columns = [
            repeat(piece, alike.size) if isinstance(piece, str) else piece[choices[alike]].tolist()
            for piece in _pieces(clause, left_out)
        ]
        for at, text in zip(alike.tolist(), zip(*columns, strict=True), strict=True):
            found[at] = text
    return found


def _applies(clause: Clause, choices: NDArray[np.intp], bridged: float) -> BoolArray:
    assert clause.applies is not None
    applies: BoolArray = clause.applies[choices]
    return applies if clause.margin is None else applies ^ (clause.margin[choices] <= bridged)


def _alike(flags: Sequence[BoolArray], count: int) -> Iterator[NDArray[np.intp]]:
    """The choices of which the same clauses are told, group by group."""
    key = np.zeros(count, np.int64)
    for number, each in enumerate(flags):
        key |= each.astype(np.int64) << number
    for value in np.unique(key):
        yield np.flatnonzero(key == value)


def _pieces(clause: Clause, left_out: set[int]) -> Iterator[str | FloatArray]:
    """The pieces of a text, a number for all choices at once."""
    for literal, name, *_ in Formatter().parse(clause.template):
        if literal:
            yield literal
        value = clause.fields[name] if name else ""
        if isinstance(value, tuple):
            for inner in value:
                yield from () if id(inner) in left_out else _pieces(inner, left_out)
        elif not isinstance(value, str) or value:
            yield value


def _says(got: str, text: Text, tolerance: float) -> bool:
    """Whether it is that text to the letter, and each number the one in its place, rounded."""
    pattern = "".join(re.escape(piece) if isinstance(piece, str) else _NUMBER for piece in text)
    match = re.fullmatch(pattern, got)
    values = [piece for piece in text if not isinstance(piece, str)]
    return match is not None and all(
        _is_rounded(float(number), value, tolerance) for number, value in zip(match.groups(), values, strict=True)
    )


def _is_rounded(number: float, value: float, tolerance: float) -> bool:
    """Whether a number is a value rounded to few decimals."""
    slack = tolerance * max(1.0, abs(value))
    return abs(number - value) <= _HALF + slack and number == round(number, _DECIMALS)
