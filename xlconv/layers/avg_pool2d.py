"""The mean of each window, or of each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.layers.base import Layer, Pair, Shape, check_padding, flag, image, only, pair, put, windows


@dataclass(frozen=True, init=False)
class AvgPool2d(Layer):
    """`y[c,i,j] = sum_mn x[c, i*s+m-p, j*s+n-p] / n`, zeros outside the input; stride defaults to the kernel.

    n is how many places of the window lie in the input and its padding or, without `count_include_pad`, in the input.
    With `ceil_mode` a last window that is cut off at the end counts, too, if it begins inside the input or its padding.
    """

    kernel_size: Pair
    stride: Pair
    padding: Pair
    ceil_mode: bool
    count_include_pad: bool

    words: ClassVar[tuple[str, ...]] = ("Of every piece only the mean of its numbers stays.",)

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: None = None,
    ) -> None:
        only("divisor_override", divisor_override, None)
        put(
            self,
            kernel_size=pair("kernel_size", kernel_size),
            stride=pair("stride", kernel_size if stride is None else stride),
            padding=pair("padding", padding, least=0),
            ceil_mode=flag("ceil_mode", ceil_mode),
            count_include_pad=flag("count_include_pad", count_include_pad),
        )
        check_padding(self.padding, tuple(k // 2 for k in self.kernel_size), "at most half of kernel_size")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, H', W')` for an input `(C, H, W)`."""
        channels, *size = image(input_shape)
        return (channels, *windows(size, self.kernel_size, self.stride, self.padding, self.ceil_mode))
