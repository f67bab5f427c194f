"""The hyperbolic tangent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.layers.base import Layer


@dataclass(frozen=True)
class Tanh(Layer):
    """`y = tanh(x)`, element by element."""

    elementwise: ClassVar[bool] = True
    words: ClassVar[tuple[str, ...]] = (
        "Every number is bent to between -1 and 1: near zero it stays as it is, far from there it nears an end.",
        "Every number is bent to between -1 and 1.",
    )
