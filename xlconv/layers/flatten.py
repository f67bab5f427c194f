"""An image as a vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.layers.base import Layer, Shape


@dataclass(frozen=True)
class Flatten(Layer):
    """All elements as one vector, in the order C, H, W."""

    view: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(N,)`, N the number of elements."""
        size = 1
        for n in input_shape:
            size *= n
        return (size,)
