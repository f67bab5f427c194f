"""The convolution of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xlconv.errors import NetworkError, quoted
from xlconv.layers.base import (
    Layer,
    Pair,
    Setting,
    Shape,
    Sides,
    count,
    flag,
    four,
    image,
    only,
    pair,
    put,
    shape_text,
    windows,
)


@dataclass(frozen=True, init=False)
class Conv2d(Layer):
    """`y[o,i,j] = b[o] + sum_cmn w[o,c,m,n] x[g+c, i*s+m*d-top, j*s+n*d-left]`, zeros outside the input.

    Each of the groups has as many channels of the input and of the output; g is the first one of its group. `padding`
    is a pair, or four numbers (left, right, top, bottom) where it is not the same on both sides; "same" keeps the size.
    Deep learning calls this cross-correlation a convolution, and so does xlconv.
    """

    in_channels: int
    out_channels: int
    kernel_size: Pair
    stride: Pair
    padding: Pair | Sides
    dilation: Pair
    groups: int
    bias: bool

    seldom: ClassVar[dict[str, Setting]] = {"dilation": (1, 1), "groups": 1}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | Sides | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        only("padding_mode", padding_mode, "zeros", why="a ReflectionPad2d before the layer reflects")
        put(
            self,
            in_channels=count("in_channels", in_channels),
            out_channels=count("out_channels", out_channels),
            kernel_size=pair("kernel_size", kernel_size),
            stride=pair("stride", stride),
            dilation=pair("dilation", dilation),
            groups=count("groups", groups),
            bias=flag("bias", bias),
        )
        put(self, padding=self._padding(padding))
        self._check()

    def _padding(self, padding: int | Pair | Sides | str) -> Pair | Sides:
        """As a pair where both sides have the same."""
        if isinstance(padding, str):
            padding = self._named(padding)
        if not isinstance(padding, (tuple, list)) or len(padding) != 4:
            return pair("padding", padding, least=0)
        left, right, top, bottom = sides = four("padding", padding)
        if min(sides) < 0:
            raise NetworkError(f"padding must not be below 0, not {quoted(padding)}")
        return (top, left) if (left, top) == (right, bottom) else sides

    def _named(self, padding: str) -> Sides:
        """PyTorch's "valid", and "same", which has the odd one at the right and at the bottom."""
        only("padding", padding, "same", "valid")
        if padding == "same" and self.stride != (1, 1):
            raise NetworkError(f'padding "same" needs a stride of 1, not {shape_text(self.stride)}')
        down, right = (size - 1 if padding == "same" else 0 for size in self.extent)
        return right // 2, right - right // 2, down // 2, down - down // 2

    def _check(self) -> None:
        if any(p >= size for p, size in zip(self.sides, [self.extent[at] for at in (1, 1, 0, 0)], strict=True)):
            raise NetworkError(f"padding {shape_text(self.padding)} must be smaller than kernel_size")
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise NetworkError(
                f"{self.groups} groups do not divide {self.in_channels} input and {self.out_channels} output channels"
            )

    @property
    def extent(self) -> Pair:
        """Rows and columns from the first to the last that a window reads."""
        (height, width), (down, right) = self.kernel_size, self.dilation
        return down * (height - 1) + 1, right * (width - 1) + 1

    @property
    def sides(self) -> Sides:
        """The padding: left, right, top, bottom."""
        if len(self.padding) == 4:
            return self.padding
        top, left = self.padding
        return left, left, top, top

    @property
    def group_size(self) -> int:
        """How many channels an output channel reads."""
        return self.in_channels // self.groups

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """`weight` (out_channels, in_channels / groups, height, width) and, with a bias, `bias` (out_channels,)."""
        shapes: dict[str, Shape] = {"weight": (self.out_channels, self.group_size, *self.kernel_size)}
        if self.bias:
            shapes["bias"] = (self.out_channels,)
        return shapes

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(out_channels, H', W')` for an input `(in_channels, H, W)`."""
        channels, height, width = image(input_shape)
        if channels != self.in_channels:
            raise NetworkError(f"expects {self.in_channels} input channels, got {channels}")
        left, right, top, bottom = self.sides
        size = [height + top + bottom, width + left + right]
        return (self.out_channels, *windows(size, self.extent, self.stride, (0, 0)))
