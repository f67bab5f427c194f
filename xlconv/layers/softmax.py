"""Shares of a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, Shape, shape_text


@dataclass(frozen=True)
class Softmax(Layer):
    """`y[i] = exp(x[i] - max x) / sum_j exp(x[j] - max x)` of a vector."""

    divides: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = ("exp",)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's own shape, `(N,)`."""
        if len(input_shape) != 1:
            raise NetworkError(f"expects a vector, got {shape_text(input_shape)}")
        return input_shape
