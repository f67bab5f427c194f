"""The logistic function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.layers.base import Layer


@dataclass(frozen=True)
class Sigmoid(Layer):
    """`y = 1 / (1 + exp(-x))`, element by element."""

    elementwise: ClassVar[bool] = True
    may_fail: ClassVar[int] = 1
    words: ClassVar[tuple[str, ...]] = (
        "Every number is bent to between 0 and 1: far below zero to almost 0, zero to one half, far above to almost 1.",
        "Every number is bent to between 0 and 1.",
    )
