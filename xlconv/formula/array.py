"""What a part of a formula is while it is walked: values of kinds, for many cells and lanes at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from math import inf, nan
from typing import Any, Final, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from xlconv.formula.elements import Elements, Flags

E = TypeVar("E", bound=Elements)
Kinds: TypeAlias = NDArray[np.uint8]

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")

NUMBER, BLANK, TEXT, BOOLEAN, ERROR, UNKNOWN = range(6)
"""Kinds of values. Of an unknown one it is not known what it is, which is not said to be an error."""


@dataclass(frozen=True)
class Array(Generic[E]):
    """Values: axes are the cells that share a formula, lanes (inputs or choices), rows and columns; 1 is for all.

    Args:
        kinds: Of each value.
        numbers: The number, 0 or 1 of a truth value, the number of a text (`Texts`); 0 for all else.
        is_range: Whether these are cells, of which functions such as SUM leave out what is no number.
        is_cut: Whether these are whole columns or rows, of which the cells behind all that is filled are left out.
    """

    kinds: Kinds
    numbers: E
    is_range: bool = False
    is_cut: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.numbers.shape[2], self.numbers.shape[3]

    @property
    def is_sized(self) -> bool:
        """Whether it is known how many rows and columns there are."""
        return not (self.is_cut or (self.is_single and not self.is_range and (self.kinds == UNKNOWN).any()))

    @property
    def is_single(self) -> bool:
        """Whether it is one value."""
        return self.size == (1, 1)

    def spread(self, shape: tuple[int, ...]) -> Array[E]:
        """The same, repeated so that it has a shape."""
        return replace(self, kinds=np.broadcast_to(self.kinds, shape), numbers=self.numbers.spread(shape))

    def turned(self) -> Array[E]:
        """Rows as columns."""
        return Array(self.kinds.transpose(0, 1, 3, 2), self.numbers.transpose(0, 1, 3, 2))

    def where(self, keep: Flags, other: Array[E]) -> Array[E]:
        """These values where they are to be kept, else others."""
        return Array(np.where(keep, self.kinds, other.kinds), self.numbers.where(keep, other.numbers))

    def flat(self) -> Array[E]:
        """All values in one row."""
        height, width = self.size
        wide = self.spread(np.broadcast_shapes(self.kinds.shape, self.numbers.shape))
        cells, lanes = wide.kinds.shape[:2]
        kinds, numbers = wide.kinds.reshape(cells, lanes, 1, -1), wide.numbers.reshape(cells, lanes, 1, height * width)
        return Array(kinds, numbers, self.is_range, self.is_cut)


def of_numbers(numbers: E) -> Array[E]:
    """Values that are all numbers."""
    return Array(np.full((1, 1, 1, 1), NUMBER, np.uint8), numbers)


def row_of(rows: Sequence[Array[E]]) -> Array[E]:
    """Several rows as one, one behind the other."""
    if len(rows) == 1:
        return rows[0]
    shape = np.broadcast_shapes(*(each.shape[:2] for row in rows for each in (row.kinds, row.numbers)))
    wide = [row.spread((*shape, 1, row.size[1])) for row in rows]
    numbers = wide[0].numbers.joined([row.numbers for row in wide])
    return Array(np.concatenate([row.kinds for row in wide], axis=3), numbers)


def settled(kinds: Kinds, numbers: E) -> Array[E]:
    """Values of which those that came out as no number are errors."""
    undefined = numbers.undefined()
    if undefined is None or not undefined.any():
        return Array(kinds, numbers)
    shape = np.broadcast_shapes(kinds.shape, numbers.shape)
    kinds = np.where(undefined & (np.broadcast_to(kinds, shape) < ERROR), np.uint8(ERROR), kinds)
    return Array(kinds, numbers.where(~undefined, numbers.of(np.zeros((1,) * len(numbers.shape)))))


def worst(arrays: Sequence[Array[E]]) -> Kinds:
    """For each value whether it is a number: an error where one of several is, unknown where one is."""
    found = arrays[0].kinds
    for each in arrays[1:]:
        found = np.maximum(found, each.kinds)
    kinds: Kinds = np.where(found >= ERROR, found, np.uint8(NUMBER))
    return kinds


def doubted(kinds: Kinds, doubts: Any) -> Kinds:
    """Kinds, of which some are not known as programs differ."""
    return np.where(doubts & (kinds < ERROR), np.uint8(UNKNOWN), kinds) if doubts.any() else kinds


def gathered(kinds: Kinds) -> Kinds:
    """The same for values of a row together."""
    found: Kinds = np.where(kinds >= ERROR, kinds, np.uint8(NUMBER)).max(axis=(2, 3), keepdims=True)
    return found


@dataclass
class Texts:
    """Texts by number: equal numbers are equal texts."""

    all: list[str] = field(default_factory=lambda: [""])
    _numbers: dict[str, int] = field(default_factory=lambda: {"": 0})
    _each: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @contextmanager
    def forgotten(self) -> Iterator[None]:
        """Forget in the end what came up in the meantime, as thousands of sentences do for each workbook."""
        count = len(self.all)
        try:
            yield
        finally:
            for text in self.all[count:]:
                del self._numbers[text]
            del self.all[count:]
            self._each.clear()

    def number(self, text: str) -> int:
        """The number of a text."""
        if text not in self._numbers:
            self._numbers[text] = len(self.all)
            self.all.append(text)
        return self._numbers[text]

    def folded(self, number: float) -> float:
        """Of the same text in small letters."""
        return self.number(self.all[int(number)].casefold())

    def as_number(self, number: float) -> float:
        """The number that a text reads as; NaN for none, infinity where that depends on the program."""
        text = self.all[int(number)].strip()
        if _NUMBER.fullmatch(text):
            return float(text)
        return inf if any(sign.isdigit() for sign in text) else nan

    def each(self, function: Callable[[float], float], texts: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a function gives for each of some texts; it is asked once for each text."""
        at = texts.astype(np.int64)
        known = self._each.get(function.__name__, np.empty((0, 2)))
        if len(known) < len(self.all):
            known = np.concatenate([known, np.zeros((len(self.all) - len(known), 2))])
        there = np.zeros(len(known), bool)
        there[at] = True
        new = np.flatnonzero(there & (known[:, 0] == 0))
        known[new] = [(1.0, function(number)) for number in new.tolist()] or np.empty((0, 2))
        self._each[function.__name__] = known
        found: NDArray[np.float64] = known[at, 1]
        return found

    def joined(self, *parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The texts that several make, one behind the other; NaN where one of them is none."""
        shape = np.broadcast_shapes(*(each.shape for each in parts))
        known = ~np.isnan(sum(parts))
        columns = [self._each_of(np.broadcast_to(part, shape)[known] if part.size > 1 else part) for part in parts]
        texts = list(islice(map("".join, zip(*columns, strict=False)), int(known.sum())))
        made = {text: self.number(text) for text in dict.fromkeys(texts)}
        found = np.full(shape, np.nan)
        found[known] = [made[text] for text in texts]
        return found

    def _each_of(self, numbers: NDArray[np.float64]) -> Iterable[str]:
        """The texts of some numbers, or without end that of one."""
        texts = map(self.all.__getitem__, np.nan_to_num(numbers).astype(np.int64).ravel().tolist())
        return texts if numbers.size != 1 else repeat(next(texts))

    def mapped(self, function: Callable[..., float], *numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a function gives for each combination of numbers; NaN where one of them is none."""
        shape = np.broadcast_shapes(*(each.shape for each in numbers))
        rows = [np.broadcast_to(each, shape).ravel() for each in numbers]
        known = ~np.isnan(sum(rows))
        if len(rows) > 1:
            return self._mapped_several(function, rows, known).reshape(shape)
        found = np.full(rows[0].size, np.nan)
        different, which = np.unique(rows[0][known], return_inverse=True)
        found[known] = np.array([function(each) for each in different.tolist()], float)[which]
        return found.reshape(shape)

    def _mapped_several(
        self, function: Callable[..., float], rows: list[NDArray[np.float64]], known: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        found = np.full(known.size, np.nan)
        keys = list(zip(*(row[known].tolist() for row in rows), strict=True))
        made = {key: function(*key) for key in dict.fromkeys(keys)}
        found[known] = [made[key] for key in keys]
        return found


TEXTS: Final = Texts()
"""All texts that formulas came upon in this process."""
