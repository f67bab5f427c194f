"""Dropout as it is in evaluation: nothing is left out."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import ClassVar

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, flag, number, put


@dataclass(frozen=True)
class Dropout(Layer):
    """`y = x`: only in training each number is left out with probability `p`."""

    p: float = 0.5
    inplace: InitVar[bool] = False

    view: ClassVar[bool] = True

    def __post_init__(self, inplace: bool) -> None:
        flag("inplace", inplace)
        put(self, p=number("p", self.p))
        if not 0 <= self.p <= 1:
            raise NetworkError(f"p must be a probability from 0 to 1, not {self.p}")
