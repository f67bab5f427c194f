"""An image with its mirror image around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.errors import NetworkError, quoted
from xlconv.layers.base import Layer, Shape, Sides, four, image, padded, put, shape_text


@dataclass(frozen=True, init=False)
class ReflectionPad2d(Layer):
    """The input with rows and columns around it that mirror it at its first and last ones: left, right, top, bottom."""

    padding: Sides

    words: ClassVar[tuple[str, ...]] = (
        "Around each map stands its mirror image: the rows and columns beside its edge.",
    )

    def __init__(self, padding: int | Sides) -> None:
        put(self, padding=four("padding", padding))
        if min(self.padding) < 0:
            raise NetworkError(f"padding must not be below 0, not {quoted(padding)}")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, top + H + bottom, left + W + right)` for an input `(C, H, W)`."""
        _, height, width = image(input_shape)
        left, right, top, bottom = self.padding
        if max(left, right) >= width or max(top, bottom) >= height:
            raise NetworkError(f"padding {self.padding} must be smaller than the input of {shape_text(input_shape)}")
        return padded(input_shape, self.padding)
