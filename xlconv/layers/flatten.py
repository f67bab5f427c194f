"""An image as a vector."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from math import prod
from typing import ClassVar

from xlconv.layers.base import Layer, Shape, only


@dataclass(frozen=True)
class Flatten(Layer):
    """All elements as one vector, in the order C, H, W."""

    start_dim: InitVar[int] = 1
    end_dim: InitVar[int] = -1

    view: ClassVar[bool] = True

    def __post_init__(self, start_dim: int, end_dim: int) -> None:
        only("start_dim", start_dim, 1, why="all but the batch becomes one vector")
        only("end_dim", end_dim, -1, 3, why="all but the batch becomes one vector")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(N,)`, N the number of elements."""
        return (prod(input_shape),)
