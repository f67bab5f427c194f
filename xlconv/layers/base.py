"""What all layers share, and how their numbers are held to what they may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import ClassVar, TypeAlias

from xlconv.errors import NetworkError, quoted

Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]
Sides: TypeAlias = tuple[int, int, int, int]
"""Left, right, top, bottom."""
Setting: TypeAlias = int | float | bool | tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """What all layers share; not a layer itself."""

    elementwise: ClassVar[bool] = False
    """Each output depends on the input at the same index alone, so a formula can wrap the one before."""
    view: ClassVar[bool] = False
    """The output is the input's own numbers, perhaps under another shape, so it needs no cells of its own."""
    several: ClassVar[bool] = False
    """Whether it reads several layers; all others read one."""
    may_fail: ClassVar[int] = 0
    """How many of its operations have no result for some numbers (a quotient, a root), but for none that they get."""
    parts: ClassVar[tuple[str, ...]] = ()
    """Intermediate results, of the output's shape, that deserve cells of their own, by name."""
    never_negative: ClassVar[tuple[str, ...]] = ()
    """Weights that are never below zero, by name."""
    seldom: ClassVar[Mapping[str, Setting]] = {}
    """Arguments that are seldom other than they are by default, and that."""
    words: ClassVar[tuple[str, ...]] = ()
    """What it does, in plain words, the longest text first; of layers that nothing more is told of."""

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """The shape of each weight array, by its PyTorch name; empty where nothing is learned."""
        return {}

    def output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input of `input_shape`.

        Raises:
            NetworkError: The layer cannot take such an input.
        """
        return input_shape

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        """The same for the shapes of all that it reads, of which most layers read one."""
        (input_shape,) = shapes
        return self.output_shape(input_shape)

    def settings(self, brief: bool = False) -> dict[str, Setting]:
        """The constructor's arguments by name, so that `type(layer)(**layer.settings())` equals the layer.

        Args:
            brief: Without those that are seldom other than they are by default, where they are not.
        """
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in every.items() if not brief or self.seldom.get(name) != value}


def shape_text(shape: Shape) -> str:
    """A shape as people write it: `2x26x26`."""
    return "x".join(map(str, shape))


def put(layer: Layer, **values: object) -> None:
    """Set what a frozen layer consists of."""
    for name, value in values.items():
        object.__setattr__(layer, name, value)


def count(name: str, value: object, least: int = 1) -> int:
    """A whole number of at least some size.

    Raises:
        NetworkError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise NetworkError(f"{name} must be a whole number of at least {least}, not {quoted(value)}")
    return value


def flag(name: str, value: object) -> bool:
    """True or false, or a `NetworkError`."""
    if not isinstance(value, bool):
        raise NetworkError(f"{name} must be true or false, not {quoted(value)}")
    return value


def pair(name: str, value: object, least: int = 1) -> Pair:
    """Height and width, of which one number says both, or a `NetworkError`."""
    if isinstance(value, int):
        return (count(name, value, least),) * 2
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise NetworkError(f"{name} must be one whole number or two (height, width), not {quoted(value)}")
    height, width = value
    return (count(name, height, least), count(name, width, least))


def number(name: str, value: object) -> float:
    """A finite number, or a `NetworkError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise NetworkError(f"{name} must be a number, not {quoted(value)}")
    return float(value)


def only(name: str, value: object, *allowed: object, why: str = "") -> None:
    """Hold an argument of PyTorch's to the values with which it changes nothing, or a `NetworkError`."""
    if not any(value == each and type(value) is type(each) for each in allowed):
        known = " or ".join(quoted(each) for each in allowed)
        raise NetworkError(f"{name} must be {known}, not {quoted(value)}{why and f': {why}'}")


def check_padding(padding: Pair, most: tuple[int, ...], rule: str) -> None:
    """Hold padding to the most that there may be on each side, or a `NetworkError`."""
    if any(p > m for p, m in zip(padding, most, strict=True)):
        raise NetworkError(f"padding {shape_text(padding)} must be {rule}")


def four(name: str, value: object) -> Sides:
    """Left, right, top and bottom, of which one number says all, or a `NetworkError`."""
    sides = tuple(value) if isinstance(value, (tuple, list)) else (value,) * 4
    if len(sides) != 4 or not all(type(n) is int for n in sides):
        raise NetworkError(f"{name} must be one whole number or four (left, right, top, bottom), not {quoted(value)}")
    return sides


def image(shape: Shape) -> Shape:
    """The shape of an image, or a `NetworkError`."""
    if len(shape) != 3:
        raise NetworkError(f"expects an image (channels, height, width), got {shape_text(shape)}")
    return shape


def vector(shape: Shape) -> Shape:
    """The shape of a vector, or a `NetworkError`."""
    if len(shape) != 1:
        raise NetworkError(f"expects a vector, got {shape_text(shape)}")
    return shape


def padded(shape: Shape, sides: Sides) -> Shape:
    """The shape of an image with so many rows and columns more at its sides; negative ones cut off."""
    channels, height, width = image(shape)
    left, right, top, bottom = sides
    rest = height + min(top, 0) + min(bottom, 0), width + min(left, 0) + min(right, 0)
    if min(rest) < 1:
        raise NetworkError(f"padding {sides} leaves nothing of an input of {shape_text(shape)}")
    return channels, top + height + bottom, left + width + right


def windows(size: list[int], kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool = False) -> Shape:
    """How many windows fit along each side: `(n + 2p - k)//s + 1`; with `ceil_mode` one that is cut off counts, too."""
    counts = []
    for n, k, s, p in zip(size, kernel, stride, padding, strict=True):
        room = n + 2 * p - k
        fit = (-(-room // s) if ceil_mode else room // s) + 1
        counts.append(fit - 1 if ceil_mode and (fit - 1) * s >= n + p else fit)
    if min(counts) < 1:
        raise NetworkError(f"kernel {shape_text(kernel)} does not fit an input of {shape_text(tuple(size))}")
    return tuple(counts)
