"""What all layers share, and how their numbers are held to what they may be."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, TypeAlias

from xlconv.errors import NetworkError, quoted

Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """What all layers share; not a layer itself."""

    elementwise: ClassVar[bool] = False
    """Each output depends on the input at the same index alone, so a formula can wrap the one before."""
    view: ClassVar[bool] = False
    """The output is the input's own numbers under another shape, so it needs no cells of its own."""
    divides: ClassVar[bool] = False
    """Whether each output is a quotient, whose divisor is never zero."""
    parts: ClassVar[tuple[str, ...]] = ()
    """Intermediate results, of the output's shape, that deserve cells of their own, by name."""

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

    def settings(self) -> dict[str, int | bool | tuple[int, ...]]:
        """The constructor's arguments by name, so that `type(layer)(**layer.settings())` equals the layer."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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


def check_padding(padding: Pair, most: tuple[int, ...], rule: str) -> None:
    """Hold padding to the most that there may be on each side, or a `NetworkError`."""
    if any(p > m for p, m in zip(padding, most, strict=True)):
        raise NetworkError(f"padding {shape_text(padding)} must be {rule}")


def image(shape: Shape) -> Shape:
    """The shape of an image, or a `NetworkError`."""
    if len(shape) != 3:
        raise NetworkError(f"expects an image (channels, height, width), got {shape_text(shape)}")
    return shape


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
