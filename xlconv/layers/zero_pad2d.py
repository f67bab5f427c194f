"""Zeros around an image."""

from __future__ import annotations

from dataclasses import dataclass

from xlconv.layers.base import Layer, Shape, Sides, four, padded, put


@dataclass(frozen=True, init=False)
class ZeroPad2d(Layer):
    """The input with rows and columns of zeros around it: left, right, top, bottom; negative ones cut off."""

    padding: Sides

    def __init__(self, padding: int | Sides) -> None:
        put(self, padding=four("padding", padding))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, top + H + bottom, left + W + right)` for an input `(C, H, W)`."""
        return padded(input_shape, self.padding)
