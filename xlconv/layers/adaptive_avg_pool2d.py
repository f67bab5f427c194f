"""The mean of each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.errors import NetworkError, quoted
from xlconv.layers.base import Layer, Pair, Shape, image, pair, put


@dataclass(frozen=True, init=False)
class AdaptiveAvgPool2d(Layer):
    """`y[c,0,0]` is the mean of channel c; other output sizes than 1 are not known."""

    output_size: Pair

    words: ClassVar[tuple[str, ...]] = ("Of every map only the mean of all its numbers stays.",)

    def __init__(self, output_size: int | Pair = 1) -> None:
        put(self, output_size=pair("output_size", output_size))
        if self.output_size != (1, 1):
            raise NetworkError(f"output_size must be 1, not {quoted(output_size)}: an AvgPool2d makes larger outputs")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, 1, 1)` for an input `(C, H, W)`."""
        return (image(input_shape)[0], 1, 1)
