"""Shares of a whole."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.layers.base import Layer, Shape, only, vector


@dataclass(frozen=True)
class Softmax(Layer):
    """`y[i] = exp(x[i] - max x) / sum_j exp(x[j] - max x)` of a vector."""

    dim: InitVar[int | None] = None

    may_fail: ClassVar[int] = 1
    parts: ClassVar[tuple[str, ...]] = ("exp",)

    def __post_init__(self, dim: int | None) -> None:
        only("dim", dim, None, 1, -1, why="the shares are those of one vector")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's own shape, `(N,)`."""
        return vector(input_shape)
