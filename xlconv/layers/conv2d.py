"""The convolution of images."""

from __future__ import annotations

from dataclasses import dataclass

from xlconv.errors import NetworkError
from xlconv.layers.base import Layer, Pair, Shape, check_padding, count, flag, image, pair, put, windows


@dataclass(frozen=True, init=False)
class Conv2d(Layer):
    """`y[o,i,j] = b[o] + sum_cmn w[o,c,m,n] x[c, i*s+m-p, j*s+n-p]`, zeros outside the input.

    Deep learning calls this cross-correlation a convolution, and so does xlconv.
    """

    in_channels: int
    out_channels: int
    kernel_size: Pair
    stride: Pair
    padding: Pair
    bias: bool

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        bias: bool = True,
    ) -> None:
        put(
            self,
            in_channels=count("in_channels", in_channels),
            out_channels=count("out_channels", out_channels),
            kernel_size=pair("kernel_size", kernel_size),
            stride=pair("stride", stride),
            padding=pair("padding", padding, least=0),
            bias=flag("bias", bias),
        )
        check_padding(self.padding, tuple(k - 1 for k in self.kernel_size), "smaller than kernel_size")

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """`weight` (out_channels, in_channels, height, width) and, with a bias, `bias` (out_channels,)."""
        shapes: dict[str, Shape] = {"weight": (self.out_channels, self.in_channels, *self.kernel_size)}
        if self.bias:
            shapes["bias"] = (self.out_channels,)
        return shapes

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(out_channels, H', W')` for an input `(in_channels, H, W)`."""
        channels, *size = image(input_shape)
        if channels != self.in_channels:
            raise NetworkError(f"expects {self.in_channels} input channels, got {channels}")
        return (self.out_channels, *windows(size, self.kernel_size, self.stride, self.padding))
