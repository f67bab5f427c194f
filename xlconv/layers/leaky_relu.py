"""The rectified linear unit that lets a little through."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.layers.base import Layer, flag, number, put


@dataclass(frozen=True)
class LeakyReLU(Layer):
    """`y = max(0, x) + negative_slope * min(0, x)`, element by element."""

    negative_slope: float = 0.01
    inplace: InitVar[bool] = False

    elementwise: ClassVar[bool] = True
    words: ClassVar[tuple[str, ...]] = (
        "What is below zero is made much smaller instead of 0, all else stays as it is.",
        "What is below zero becomes smaller.",
    )

    def __post_init__(self, inplace: bool) -> None:
        flag("inplace", inplace)
        put(self, negative_slope=number("negative_slope", self.negative_slope))
