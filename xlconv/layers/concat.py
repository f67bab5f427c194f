"""Several layers, one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, Shape, only, shape_text


@dataclass(frozen=True)
class Concat(Layer):
    """The channels (or the elements of vectors) of several layers, one layer behind the other; `torch.cat` at dim 1."""

    dim: InitVar[int] = 1

    several: ClassVar[bool] = True
    words: ClassVar[tuple[str, ...]] = (
        "The layers that it reads, one behind the other: their numbers stay as they are.",
    )

    def __post_init__(self, dim: int) -> None:
        only("dim", dim, 1, why="channels go behind channels, elements behind elements")

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        """All channels, of height and width that all of them have; or all elements."""
        first = shapes[0]
        for shape in shapes:
            if shape[1:] != first[1:] or len(shape) != len(first):
                raise NetworkError(f"joins layers of one size, not of {shape_text(first)} and {shape_text(shape)}")
        return (sum(shape[0] for shape in shapes), *first[1:])
