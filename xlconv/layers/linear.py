"""The dense layer."""

from __future__ import annotations

from dataclasses import dataclass

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, Shape, count, flag, shape_text


@dataclass(frozen=True)
class Linear(Layer):
    """`y[o] = b[o] + sum_n w[o,n] x[n]`."""

    in_features: int
    out_features: int
    bias: bool = True

    def __post_init__(self) -> None:
        count("in_features", self.in_features)
        count("out_features", self.out_features)
        flag("bias", self.bias)

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """`weight` (out_features, in_features) and, with a bias, `bias` (out_features,)."""
        shapes: dict[str, Shape] = {"weight": (self.out_features, self.in_features)}
        if self.bias:
            shapes["bias"] = (self.out_features,)
        return shapes

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(out_features,)` for an input `(in_features,)`."""
        if input_shape != (self.in_features,):
            raise NetworkError(
                f"expects a vector of {self.in_features}, got {shape_text(input_shape)}",
                hint="an image becomes a vector through a Flatten layer" if len(input_shape) == 3 else None,
            )
        return (self.out_features,)
