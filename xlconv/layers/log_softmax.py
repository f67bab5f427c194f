"""The logarithms of shares of a whole."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.layers.base import Layer, Shape, only, vector


@dataclass(frozen=True)
class LogSoftmax(Layer):
    """`y[i] = x[i] - max x - ln sum_j exp(x[j] - max x)` of a vector."""

    dim: InitVar[int | None] = None

    may_fail: ClassVar[int] = 1
    parts: ClassVar[tuple[str, ...]] = ("exp",)
    words: ClassVar[tuple[str, ...]] = (
        "The logarithm of each number's share of the whole: 0 would be all of it, far below zero is almost nothing.",
        "The logarithm of each number's share of the whole.",
    )

    def __post_init__(self, dim: int | None) -> None:
        only("dim", dim, None, 1, -1, why="the shares are those of one vector")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's own shape, `(N,)`."""
        return vector(input_shape)
