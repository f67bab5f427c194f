"""The sum of several layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, Shape, shape_text


@dataclass(frozen=True)
class Add(Layer):
    """`y = x_0 + x_1 + ...`, element by element, of layers of one shape."""

    several: ClassVar[bool] = True
    words: ClassVar[tuple[str, ...]] = (
        "The numbers in the same place of all the layers that it reads are added up: what one of them knows is kept.",
        "The numbers in the same place are added up.",
    )

    def joined_shape(self, shapes: Sequence[Shape]) -> Shape:
        """The shape that all of them have."""
        for shape in shapes:
            if shape != shapes[0]:
                raise NetworkError(f"adds layers of one shape, not of {shape_text(shapes[0])} and {shape_text(shape)}")
        return shapes[0]
