"""The rectified linear unit."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.layers.base import Layer, flag


@dataclass(frozen=True)
class ReLU(Layer):
    """`y = max(0, x)`, element by element."""

    inplace: InitVar[bool] = False

    elementwise: ClassVar[bool] = True

    def __post_init__(self, inplace: bool) -> None:
        flag("inplace", inplace)
