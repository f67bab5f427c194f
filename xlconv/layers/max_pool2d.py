"""The largest of each window."""

from __future__ import annotations

from dataclasses import dataclass

from xlconv.layers.base import Layer, Pair, Shape, check_padding, flag, image, only, pair, put, windows


@dataclass(frozen=True, init=False)
class MaxPool2d(Layer):
    """`y[c,i,j] = max_mn x[c, i*s+m-p, j*s+n-p]` over the places inside the input; stride defaults to the kernel.

    With `ceil_mode` a last window that is cut off at the end counts, too, if it begins inside the input or its padding.
    """

    kernel_size: Pair
    stride: Pair
    padding: Pair
    ceil_mode: bool

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        dilation: int = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        only("dilation", dilation, 1)
        only("return_indices", return_indices, False)
        put(
            self,
            kernel_size=pair("kernel_size", kernel_size),
            stride=pair("stride", kernel_size if stride is None else stride),
            padding=pair("padding", padding, least=0),
            ceil_mode=flag("ceil_mode", ceil_mode),
        )
        check_padding(self.padding, tuple(k // 2 for k in self.kernel_size), "at most half of kernel_size")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, H', W')` for an input `(C, H, W)`."""
        channels, *size = image(input_shape)
        return (channels, *windows(size, self.kernel_size, self.stride, self.padding, self.ceil_mode))
