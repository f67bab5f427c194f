"""The rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.layers.base import Layer


@dataclass(frozen=True)
class ReLU(Layer):
    """`y = max(0, x)`, element by element."""

    elementwise: ClassVar[bool] = True
