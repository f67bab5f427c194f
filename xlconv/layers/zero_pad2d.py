"""Zeros around an image."""

from __future__ import annotations

from dataclasses import dataclass

from xlconv.errors import NetworkError, quoted
from xlconv.layers.base import Layer, Shape, image, put, shape_text


@dataclass(frozen=True, init=False)
class ZeroPad2d(Layer):
    """The input with rows and columns of zeros around it: left, right, top, bottom; negative ones cut off."""

    padding: tuple[int, int, int, int]

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        sides = padding if isinstance(padding, (tuple, list)) else (padding,) * 4
        if len(sides) != 4 or not all(type(n) is int for n in sides):
            raise NetworkError(
                f"padding must be one whole number or four (left, right, top, bottom), not {quoted(padding)}"
            )
        put(self, padding=tuple(sides))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, top + H + bottom, left + W + right)` for an input `(C, H, W)`."""
        channels, height, width = image(input_shape)
        left, right, top, bottom = self.padding
        shape = (channels, top + height + bottom, left + width + right)
        rest = height + min(top, 0) + min(bottom, 0), width + min(left, 0) + min(right, 0)
        if min(rest) < 1:
            raise NetworkError(f"padding {self.padding} leaves nothing of an input of {shape_text(input_shape)}")
        return shape
