"""Elements of a finite field: equal for two formulas that are equal for all numbers, and hardly ever else.

The chance of error is that of Schwartz and Zippel; for exponentials see Mirage, arXiv 2405.05751. A number is four
residues, two independent draws of two each: `p` modulo P, which is compared, and `q` modulo Q, as which it stands in an
exponent. With P = 2Q + 1 and W of order Q, `exp(x) = W**x mod P` turns sums into products. The largest of several
numbers, steps and whatever else no arithmetic gives are hashes of their operands, keyed by the system's randomness:
whoever writes a formula cannot know them.

A formula of total degree d that differs is taken for equal with a chance of at most (d / P)^2, or (d / Q)^2 for what
stands in exponents. Layers have products and quotients, of which d is below ten: that is less than 1e-15.
"""

from __future__ import annotations

import hashlib
import operator
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlconv.formula.elements import COMPARED, Elements, Flags, Floats

Words: TypeAlias = NDArray[np.uint64]

_Q: Final = 1_073_741_789
_P: Final = 2 * _Q + 1
_W: Final = 4
_MODULI: Final = np.array([_P, _Q, _P, _Q], np.uint64)
_DRAWS: Final = 2
_EXPONENTS: Final = 1200
"""Of two, that a float may have, as products of its parts too."""
_KEY: Final = secrets.token_bytes(32)
"""Of all hashes in this process."""

_NONE: Final = np.uint64(2**64 - 1)
_LARGEST_POWER: Final = 16
_HALF: Final = 0.5


class Residues(Elements):
    """Numbers that may be any, or known ones.

    Args:
        data: (4, *shape): p and q of the first draw, then of the second.
        exact: The number where it is a known one, else NaN; None where none is.
    """

    is_exact = True
    step: tuple[Self, Self] | None = None
    """Of what a comparison is in: the same but where both sides are equal, and their difference."""

    def __init__(self, data: Words, exact: NDArray[np.float64] | None = None) -> None:
        super().__init__(data)
        self.exact = exact

    @classmethod
    def of(cls, numbers: ArrayLike) -> Self:
        """Exactly: a float is a whole number times a power of two."""
        exact = np.asarray(numbers, dtype=np.float64)
        return cls(_residues(exact), exact)

    @classmethod
    def drawn(cls, shape: tuple[int, ...]) -> Self:
        """Numbers that may be any: the system's randomness, whose like nobody can write into a formula."""
        rng = np.random.Generator(np.random.PCG64DXSM(secrets.randbits(128)))
        return cls(np.stack([rng.integers(1, modulus, shape, np.uint64) for modulus in _MODULI.tolist()]))

    def known(self) -> NDArray[np.float64]:
        """Those that are no variables."""
        return np.full(self.shape, np.nan) if self.exact is None else self.exact

    def same(self, other: Residues) -> Flags:
        """Where two are equal, for all numbers."""
        equal: Flags = (self.data[::2] == other.data[::2]).all(axis=0)
        return equal

    def _like(self, data: Words, exact: NDArray[np.float64] | None = None) -> Self:
        return type(self)(data, exact)

    def __getitem__(self, index: Any) -> Self:
        taken = super().__getitem__(index)
        taken.exact = None if self.exact is None else self.exact[index]
        return taken

    def reshape(self, *shape: int) -> Self:
        """The same in another shape."""
        return self._like(self.data.reshape(4, *shape), None if self.exact is None else self.exact.reshape(shape))

    def transpose(self, *axes: int) -> Self:
        """With the axes in another order."""
        turned = super().transpose(*axes)
        turned.exact = None if self.exact is None else self.exact.transpose(axes)
        return turned

    def spread(self, shape: tuple[int, ...]) -> Self:
        """The same, repeated so that it has a shape."""
        wide = super().spread(shape)
        wide.exact = None if self.exact is None else np.broadcast_to(self.exact, shape)
        return wide

    def where(self, keep: Flags, other: Self) -> Self:
        """These where they are to be kept, else others."""
        return self._like(np.where(keep, self.data, other.data), np.where(keep, self.known(), other.known()))

    def copied(self) -> Self:
        """The same, of which something else may be made."""
        return self._like(self.data.copy(), None if self.exact is None else self.exact.copy())

    def put(self, at: Any, others: Self) -> None:
        """Write others in some places."""
        super().put(at, others)
        if others.exact is not None or self.exact is not None:
            self.exact = self.known()
            self.exact[at] = others.known()

    @classmethod
    def joined(cls, several: Sequence[Self], axis: int = -1) -> Self:
        """One behind the other along an axis."""
        found = super().joined(several, axis)
        if any(each.exact is not None for each in several):
            shapes = [each.spread(_at_axis(found.shape, axis, each.shape[axis])) for each in several]
            found.exact = np.concatenate([each.known() for each in shapes], axis=axis)
        return found

    def __add__(self, other: Self) -> Self:
        found = self._like(_reduced(self.data + other.data), _exact(np.add, self, other))
        return found._stepped(operator.add, self, other)

    def __sub__(self, other: Self) -> Self:
        data = _reduced(self.data + (_moduli(other.data) - other.data))
        return self._like(data, _exact(np.subtract, self, other))._stepped(operator.sub, self, other)

    def __mul__(self, other: Self) -> Self:
        found = self._like(_reduced(self.data * other.data), _exact(np.multiply, self, other))
        if self.step is not None:
            found = self._chosen(other, found)
        elif other.step is not None:
            found = other._chosen(self, found)
        return found._stepped(operator.mul, self, other)

    def _stepped(self, operation: Callable[[Self, Self], Self], left: Self, right: Self) -> Self:
        """These, the result of an operation, with what they are but where two compared numbers are equal."""
        if left.step is not None and right.step is None:
            self.step = (operation(left.step[0], right), left.step[1])
        elif right.step is not None and left.step is None:
            self.step = (operation(left, right.step[0]), right.step[1])
        return self

    def __truediv__(self, other: Self) -> Self:
        exact = _exact(np.divide, self, other)
        zero = (other.data[::2] == 0).any(axis=0)
        found = self._like(_reduced(self.data * _inverses(other.data)), exact)
        return found if not zero.any() else found.where(~zero, self.opaque("/0", [self.spread(found.shape)]))

    def sum(self, axes: tuple[int, ...] = (-1,)) -> Self:
        """Exactly."""
        exact = None if self.exact is None else self.exact.sum(axis=axes, keepdims=True)
        return self._like(_reduced(self.data.sum(axis=axes, keepdims=True)), exact)

    def product(self) -> Self:
        """Exactly."""
        found = self[..., :1]
        for at in range(1, self.shape[-1]):
            found = found * self[..., at : at + 1]
        return found

    def power(self, exponent: Self) -> Self:
        """Of small whole numbers, and roots; all others are hashes."""
        shape = np.broadcast_shapes(self.shape, exponent.shape)
        found, known = self.opaque("^", [self.spread(shape), exponent.spread(shape)]), exponent.known()
        for whole in np.unique(known[~np.isnan(known)]).tolist():
            if whole in range(-_LARGEST_POWER, _LARGEST_POWER + 1):
                found = self._power(int(whole)).where(known == whole, found)
        if (known == _HALF).any():
            found = self.unary("SQRT").where(known == _HALF, found)
        return found

    def _power(self, exponent: int) -> Self:
        one = found = self._ones(len(self.shape))
        for _ in range(abs(exponent)):
            found = found * self
        return found if exponent >= 0 else one / found

    @classmethod
    def _ones(cls, rank: int) -> Self:
        return cls.of(np.ones((1,) * rank))

    def unary(self, name: str) -> Self:
        """EXP and what follows from it; ABS, of which x and -x are alike; hashes."""
        if name == "EXP":
            return self._exp()
        if name == "ABS":  # as max(0, x) + max(0, -x)
            half = self * self.of(np.full((1,) * len(self.shape), 0.5))
            largest = self.largest_of([half, -half])
            return largest + largest
        if name == "TANH":
            twice, one = (self + self)._exp(), self._ones(len(self.shape))
            return (twice - one) / (twice + one)
        return self.opaque(name, [self])

    def _exp(self) -> Self:
        p = _powers(self.data[1::2])
        q = _mixed(p, "exp") % np.uint64(_Q)
        zero = self.known() == 0
        exact = np.where(zero, 1.0, np.nan)
        if zero.any():
            q = np.where(zero, np.uint64(1), q)
        return self._like(_interleaved(p, q), exact if zero.any() else None)

    def _largest(self, counts: Flags) -> Self:
        """`s + G(the numbers less s)` with their mean s and a hash G of sets: what is added to all is added to it."""
        order = np.argsort(np.where(counts, self.data[0], _NONE), axis=-1)
        data = np.take_along_axis(self.data, order[None], axis=-1)
        there = np.take_along_axis(counts, order, axis=-1)
        there[..., 1:] &= (data[::2, ..., 1:] != data[::2, ..., :-1]).any(axis=0)
        count = there.sum(axis=-1, keepdims=True)
        shares = _inverses_of_counts(self.shape[-1])[:, np.maximum(count, 1)]
        mean = _reduced(np.where(there, data, 0).sum(axis=-1, keepdims=True) % _moduli(data) * shares)
        centred = _reduced(data + (_moduli(mean) - mean))
        marks = np.where(there, _mixed(centred[::2], "member"), 0).sum(axis=-1, keepdims=True)
        p, q = _mixed(marks, "set") % np.uint64(_P), _mixed(marks, "set in an exponent") % np.uint64(_Q)
        found = _reduced(mean + np.where(count > 1, _interleaved(p, q), 0))
        return self._like(found)._or_known(self._largest_known(counts))

    def _or_known(self, exact: NDArray[np.float64] | None) -> Self:
        return self if exact is None or np.isnan(exact).all() else self.of(exact).where(~np.isnan(exact), self)

    def _largest_known(self, counts: Flags) -> NDArray[np.float64] | None:
        if self.exact is None:
            return None
        known = (~np.isnan(self.exact) | ~counts).all(axis=-1, keepdims=True)
        return np.where(known, Floats.of(self.exact).largest(counts).data[0], np.nan)

    def place_of(self, sought: Self) -> Self:
        """A hash of all."""
        return self.opaque("place", [sought, *(self[..., at : at + 1] for at in range(self.shape[-1]))])

    def picked(self, place: Self) -> Self:
        """A hash of all."""
        return self.opaque("picked", [place, *(self[..., at : at + 1] for at in range(self.shape[-1]))])

    def compared(self, sign: str, other: Self) -> Self:
        """By sign: `x > 0` is `(1 + |x|/x)/2` where x is not 0, which makes `x*(x>0)` a ReLU."""
        shape = np.broadcast_shapes(self.shape, other.shape)
        difference = (other - self if sign in ("<", "<=") else self - other).spread(shape)
        equal, one = self.opaque("=0", [difference * difference]), self._ones(len(shape))
        if sign in ("=", "<>"):
            found = equal if sign == "=" else one - equal
        else:
            half = self.of(np.full((1,) * len(shape), 0.5))
            step = half + half * (difference.unary("ABS") / difference)
            found = step + half * equal if "=" in sign else step - half * equal
            found.step = (step, difference)
        return found._decided(sign, self, other)

    def complement(self) -> Self:
        """Of a comparison still one."""
        found = super().complement()
        if self.step is not None:
            step, difference = self.step
            found.step = (self._ones(len(step.shape)) - step, difference)
        return found

    def _decided(self, sign: str, left: Self, right: Self) -> Self:
        """With 0 or 1 where both sides are known numbers, or are one and the same."""
        a, b = np.broadcast_arrays(left.known(), right.known())
        same, known = np.broadcast_to(left.same(right), a.shape), ~(np.isnan(a) | np.isnan(b))
        if not (same.any() or known.any()):
            return self
        answer = np.where(known, COMPARED[sign](a, b), sign in ("=", "<=", ">="))
        decided = self.of(answer.astype(np.float64)).where(known | same, self)
        if self.step is not None:
            decided.step = (self._like(decided.data, decided.exact), self.step[1])
        return decided

    def _chosen(self, number: Self, product: Self) -> Self:
        """A number times whether it, or a share of it, is above zero (these): at zero that is 0 all the same."""
        assert self.step is not None
        step, difference = self.step
        alike = number._is_share(difference)
        return (number * step).where(alike, product) if alike.any() else product

    def _is_share(self, other: Self) -> Flags:
        """Where these are a known number times others: in all draws the same number, as no variable is."""
        half = len(_MODULI) // _DRAWS
        crossed = (_reduced(a.data * np.roll(b.data, half, axis=0)) for a, b in ((self, other), (other, self)))
        one, two = crossed
        found: Flags = (one == two).all(axis=0)
        return found

    @classmethod
    def opaque(cls, name: str, operands: Sequence[Self]) -> Self:
        """A hash of the operands, in their order."""
        marks = np.zeros((_DRAWS, *np.broadcast_shapes(*(each.shape for each in operands))), np.uint64)
        for at, each in enumerate(operands):
            marks = _mixed(marks ^ _mixed(each.data[::2], f"operand {at}"), name)
        p, q = _mixed(marks, "value") % np.uint64(_P), _mixed(marks, "in an exponent") % np.uint64(_Q)
        return cls(_interleaved(p, q))


def _at_axis(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    """A shape with another size along an axis that is counted from the end."""
    sizes = list(shape)
    sizes[axis] = size
    return tuple(sizes)


def _exact(operation: Any, left: Residues, right: Residues) -> NDArray[np.float64] | None:
    """The known results of known numbers."""
    if left.exact is None or right.exact is None:
        return None
    with np.errstate(all="ignore"):
        found: NDArray[np.float64] = operation(left.exact, right.exact)
    return np.where(np.isfinite(found), found, np.nan)


def _moduli(data: Words) -> Words:
    return _MODULI.reshape(4, *(1,) * (data.ndim - 1))


def _reduced(data: Words) -> Words:
    reduced: Words = data % _moduli(data)
    return reduced


def _interleaved(p: Words, q: Words) -> Words:
    """Both draws, p before q."""
    data = np.empty((4, *p.shape[1:]), np.uint64)
    data[::2], data[1::2] = p, q
    return data


def _residues(numbers: NDArray[np.float64]) -> Words:
    mantissa, exponent = np.frexp(np.where(np.isfinite(numbers), numbers, 0.0))
    whole = (mantissa * 2.0**53).astype(np.int64)
    signed = np.stack([whole % modulus for modulus in _MODULI.astype(np.int64).tolist()]).astype(np.uint64)
    return _reduced(signed * _powers_of_two()[:, exponent - 53 + _EXPONENTS])


@cache
def _powers_of_two() -> Words:
    """(4, exponents) from 2^-1200 on."""
    return np.array([list(_doubled(modulus)) for modulus in _MODULI.tolist()], np.uint64)


def _doubled(modulus: int) -> Iterator[int]:
    """The same for one modulus, each twice the one before."""
    power = pow(2, -_EXPONENTS, modulus)
    for _ in range(2 * _EXPONENTS):
        yield power
        power = 2 * power % modulus


@cache
def _inverses_of_counts(most: int) -> Words:
    """(4, most + 1): of whole numbers."""
    return np.array([[pow(max(n, 1), -1, modulus) for n in range(most + 1)] for modulus in _MODULI.tolist()], np.uint64)


def _inverses(data: Words) -> Words:
    """By Fermat: the modulus less 2 is the exponent; of 0 it is 0."""
    exponents, found, square = _MODULI - np.uint64(2), np.ones_like(data), data
    for bit in range(int(_MODULI.max()).bit_length()):
        taken = (exponents >> np.uint64(bit) & np.uint64(1)).astype(bool).reshape(4, *(1,) * (data.ndim - 1))
        found = np.where(taken, _reduced(found * square), found)
        square = _reduced(square * square)
    return found


@cache
def _powers_by_byte() -> Words:
    """(4, 256): W to the power of each byte at each of its places."""
    return np.array([[pow(_W, byte << 8 * place, _P) for byte in range(256)] for place in range(4)], np.uint64)


def _powers(exponents: Words) -> Words:
    """W to some powers, modulo P."""
    table, found = _powers_by_byte(), np.ones_like(exponents)
    for place in range(4):
        found = found * table[place, exponents >> np.uint64(8 * place) & np.uint64(255)] % np.uint64(_P)
    return found


@cache
def _salt(name: str) -> np.uint64:
    """A number for each hash, the same in this process only."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, key=_KEY).digest()
    return np.uint64(int.from_bytes(digest, "big"))


def _mixed(x: Words, name: str) -> Words:
    """The last step of the generator SplitMix64: each bit of the result depends on each bit of x and of the name."""
    x = x + _salt(name)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = x ^ (x >> np.uint64(31))
    return mixed
