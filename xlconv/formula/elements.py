"""Numbers under an interpretation, many at once: what a formula, or a layer's definition, computes with.

`Floats`, which are here, are what engines compute with; `Residues`, in `xlconv.formula.field`, are exact, and stand for
all numbers at once. What is written with their operations means the same under both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Flags: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = Any
"""Of an array: whatever NumPy takes."""

UNARY: Final = ("EXP", "LN", "SQRT", "TANH", "ABS", "SIGN", "INT")
"""Functions of one number that elements have."""


class Elements(ABC):
    """An array of numbers.

    Args:
        data: (parts, *shape): what one number consists of comes first.
    """

    is_exact: ClassVar[bool] = False
    """Whether what is not known has a value all the same, by which equal texts are known to be equal."""
    members: tuple[Self, Flags] | None = None
    """What each is the largest of, along a last axis, and which of that counts: the largest of several joins these."""

    def __init__(self, data: NDArray[Any]) -> None:
        self.data = data

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the parts."""
        return self.data.shape[1:]

    @classmethod
    @abstractmethod
    def of(cls, numbers: ArrayLike) -> Self:
        """The elements that are these numbers, in their shape."""

    @abstractmethod
    def known(self) -> NDArray[np.float64]:
        """The number that each is, NaN where it may be any."""

    def undefined(self) -> Flags | None:
        """Where there is no number, such as for the root of what is below zero; None where that cannot be."""
        return None

    def __getitem__(self, index: Index) -> Self:
        at = index if isinstance(index, tuple) else (index,)
        return self._like(self.data[(slice(None), *at)])

    def taken(self, *index: Index) -> Self:
        """Some of these; the largest of several remain so."""
        found = self[index]
        if self.members is not None:
            numbers, counts = self.members
            found.members = (numbers[(*index, slice(None))], counts[(*index, slice(None))])
        return found

    def reshape(self, *shape: int) -> Self:
        """The same in another shape."""
        return self._like(self.data.reshape(len(self.data), *shape))

    def transpose(self, *axes: int) -> Self:
        """With the axes in another order."""
        return self._like(self.data.transpose(0, *(axis + 1 for axis in axes)))

    def spread(self, shape: tuple[int, ...]) -> Self:
        """The same, repeated so that it has a shape."""
        return self._like(np.broadcast_to(self.data, (len(self.data), *shape)))

    def where(self, keep: Flags, other: Self) -> Self:
        """These where they are to be kept, else others."""
        return self._like(np.where(keep, self.data, other.data))

    def copied(self) -> Self:
        """The same, of which something else may be made."""
        return self._like(self.data.copy())

    def put(self, at: Index, others: Self) -> None:
        """Write others in some places."""
        self.data[(slice(None), *(at if isinstance(at, tuple) else (at,)))] = others.data

    @classmethod
    def joined(cls, several: Sequence[Self], axis: int = -1) -> Self:
        """One behind the other along an axis, in which alone their shapes differ."""
        rank = len(several[0].shape)
        shape = np.broadcast_shapes(*(each.shape[:axis] + each.shape[rank + axis + 1 :] for each in several))
        parts = []
        for each in several:
            full = list(shape)
            full.insert(rank + axis, each.shape[axis])
            parts.append(np.broadcast_to(each.data, (len(each.data), *full)))
        return several[0]._like(np.concatenate(parts, axis=axis))

    @abstractmethod
    def _like(self, data: NDArray[Any]) -> Self: ...

    @abstractmethod
    def __add__(self, other: Self) -> Self: ...

    @abstractmethod
    def __sub__(self, other: Self) -> Self: ...

    @abstractmethod
    def __mul__(self, other: Self) -> Self: ...

    @abstractmethod
    def __truediv__(self, other: Self) -> Self: ...

    def __neg__(self) -> Self:
        return self.of(np.zeros((1,) * len(self.shape))) - self

    @abstractmethod
    def sum(self, axes: tuple[int, ...] = (-1,)) -> Self:
        """The sum along some of the last axes, which remain as 1."""

    @abstractmethod
    def product(self) -> Self:
        """The product along the last axis, which remains as 1."""

    @abstractmethod
    def power(self, exponent: Self) -> Self:
        """Each to a power; `0^0` and fractional powers of what is below zero are none."""

    @abstractmethod
    def unary(self, name: str) -> Self:
        """One of the functions `UNARY`."""

    def exp(self) -> Self:
        """`e^x`."""
        return self.unary("EXP")

    @abstractmethod
    def _largest(self, counts: Flags) -> Self:
        """The largest along the last axis, of those that count; 0 where none does."""

    def largest(self, counts: Flags | None = None) -> Self:
        """The largest along the last axis, which remains as 1.

        Args:
            counts: Of which; of all if None. Where there is none it is 0, as in a spreadsheet.
        """
        there = np.ones(self.shape, bool) if counts is None else np.broadcast_to(counts, self.shape)
        found = self._largest(there)
        found.members = (self[..., None, :], there[..., None, :])
        return found

    def least(self, counts: Flags | None = None) -> Self:
        """The smallest, likewise."""
        return -(-self).largest(counts)

    def relu(self) -> Self:
        """`max(0, x)`."""
        return self.largest_of([self, self.of(np.zeros((1,) * len(self.shape)))])

    @classmethod
    def largest_of(cls, several: Sequence[Self]) -> Self:
        """The largest of several, element by element; the largest of what is itself the largest is one of all."""
        opened = [each.members or (each[..., None], np.ones((*each.shape, 1), bool)) for each in several]
        shape = np.broadcast_shapes(*(each.shape for each in several))
        numbers = cls.joined([each.spread((*shape, each.shape[-1])) for each, _ in opened])
        counts = np.concatenate([np.broadcast_to(flags, (*shape, flags.shape[-1])) for _, flags in opened], axis=-1)
        found = numbers.largest(counts)[..., 0]
        found.members = (numbers, counts)
        return found

    @abstractmethod
    def place_of(self, sought: Self) -> Self:
        """Where something first stands along the last axis, from 1; NaN, or something unknown, where it does not."""

    @abstractmethod
    def picked(self, place: Self) -> Self:
        """What stands at a place of the last axis, from 1."""

    @abstractmethod
    def compared(self, sign: str, other: Self) -> Self:
        """1 where `=`, `<>`, `<`, `<=`, `>` or `>=` holds, else 0."""

    def complement(self) -> Self:
        """`1 - x`: whether a truth value does not hold."""
        return self.of(np.ones((1,) * len(self.shape))) - self

    @classmethod
    @abstractmethod
    def opaque(cls, name: str, operands: Sequence[Self]) -> Self:
        """What a function of which nothing is known gives, element by element: the same for the same operands."""


class Floats(Elements):
    """float64, as engines compute: NaN where there is no number."""

    @classmethod
    def of(cls, numbers: ArrayLike) -> Self:
        """As they are."""
        return cls(np.asarray(numbers, dtype=np.float64)[None])

    def known(self) -> NDArray[np.float64]:
        """All of them."""
        numbers: NDArray[np.float64] = self.data[0]
        return numbers

    def undefined(self) -> Flags | None:
        """What is not finite."""
        undefined: Flags | None = ~np.isfinite(self.data[0])
        return undefined

    def _like(self, data: NDArray[Any]) -> Self:
        return type(self)(data)

    def __add__(self, other: Self) -> Self:
        with np.errstate(all="ignore"):
            return self._like(self.data + other.data)

    def __sub__(self, other: Self) -> Self:
        with np.errstate(all="ignore"):
            return self._like(self.data - other.data)

    def __mul__(self, other: Self) -> Self:
        with np.errstate(all="ignore"):
            return self._like(self.data * other.data)

    def __truediv__(self, other: Self) -> Self:
        with np.errstate(all="ignore"):
            quotient = self.data / other.data
        return self._like(np.where(other.data == 0, np.nan, quotient))

    def sum(self, axes: tuple[int, ...] = (-1,)) -> Self:
        """In NumPy's order."""
        with np.errstate(all="ignore"):
            return self._like(self.data.sum(axis=axes, keepdims=True))

    def product(self) -> Self:
        """In NumPy's order."""
        with np.errstate(all="ignore"):
            return self._like(self.data.prod(axis=-1, keepdims=True))

    def power(self, exponent: Self) -> Self:
        """As NumPy has it, but for `0^0` and what is not finite."""
        with np.errstate(all="ignore"):
            power = self.data**exponent.data
        none = (self.data == 0) & (exponent.data <= 0)
        return self._like(np.where(none | ~np.isfinite(power), np.nan, power))

    def unary(self, name: str) -> Self:
        """As NumPy has it; NaN for what overflows or is not defined."""
        with np.errstate(all="ignore"):
            found = _UNARY[name](self.data)
        return self._like(np.where(np.isfinite(found), found, np.nan))

    def _largest(self, counts: Flags) -> Self:
        found = np.where(counts, self.data, -np.inf).max(axis=-1, keepdims=True, initial=-np.inf)
        return self._like(np.where(counts.any(axis=-1, keepdims=True), found, 0.0))

    def place_of(self, sought: Self) -> Self:
        """As numbers."""
        equal = self.data == sought.data
        places = np.where(equal.any(axis=-1), equal.argmax(axis=-1) + 1.0, np.nan)
        return self._like(places[..., None])

    def picked(self, place: Self) -> Self:
        """NaN beyond the ends."""
        at = np.trunc(place.data[0])
        inside = (at >= 1) & (at <= self.shape[-1])
        taken = np.take_along_axis(self.data[0], np.where(inside, at - 1, 0).astype(np.int64), axis=-1)
        return self.of(np.where(inside, taken, np.nan))

    def compared(self, sign: str, other: Self) -> Self:
        """As numbers."""
        return self._like(COMPARED[sign](self.data, other.data).astype(np.float64))

    @classmethod
    def opaque(cls, name: str, operands: Sequence[Self]) -> Self:  # noqa: ARG003
        """Never known."""
        return cls.of(np.full(np.broadcast_shapes(*(each.shape for each in operands)), np.nan))


_UNARY: Final[dict[str, Any]] = {
    "EXP": np.exp,
    "LN": np.log,
    "SQRT": np.sqrt,
    "TANH": np.tanh,
    "ABS": np.abs,
    "SIGN": np.sign,
    "INT": np.floor,
}

COMPARED: Final[dict[str, Any]] = {
    "=": np.equal,
    "<>": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
