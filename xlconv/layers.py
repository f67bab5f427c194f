"""One frozen dataclass for each layer type: its numbers, their validation, its output shape.

Names and meanings are PyTorch's (`torch.nn`). This module knows nothing of arrays, cells or formulas: each
reading of a layer (NumPy, formula text, PyTorch, ...) is a module of its own that dispatches on these classes.
Shapes are tuples without the batch: `(C, H, W)` for images, `(N,)` for vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Final, TypeAlias

from xlconv.errors import NetworkError, quoted

Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """What all layers share; not a layer itself."""

    elementwise: ClassVar[bool] = False
    """Each output depends on the input at the same index alone, so a formula can wrap the one before."""
    view: ClassVar[bool] = False
    """The output is the input's own numbers under another shape, so it needs no cells of its own."""
    divides: ClassVar[bool] = False
    """Whether each output is a quotient, whose divisor is never zero."""
    parts: ClassVar[tuple[str, ...]] = ()
    """Intermediate results, of the output's shape, that deserve cells of their own, by name."""

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """The shape of each weight array, by its PyTorch name; empty where nothing is learned."""
        return {}

    def output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input of `input_shape`.

        Raises:
            NetworkError: The layer cannot take such an input.
        """
        return input_shape

    def settings(self) -> dict[str, int | bool | tuple[int, ...]]:
        """The constructor's arguments by name, so that `type(layer)(**layer.settings())` equals the layer."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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
        _set(
            self,
            in_channels=_count("in_channels", in_channels),
            out_channels=_count("out_channels", out_channels),
            kernel_size=_pair("kernel_size", kernel_size),
            stride=_pair("stride", stride),
            padding=_pair("padding", padding, least=0),
            bias=_flag("bias", bias),
        )
        _check_padding(self.padding, tuple(k - 1 for k in self.kernel_size), "smaller than kernel_size")

    @property
    def weight_shapes(self) -> dict[str, Shape]:
        """`weight` (out_channels, in_channels, height, width) and, with a bias, `bias` (out_channels,)."""
        shapes: dict[str, Shape] = {"weight": (self.out_channels, self.in_channels, *self.kernel_size)}
        if self.bias:
            shapes["bias"] = (self.out_channels,)
        return shapes

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(out_channels, H', W')` for an input `(in_channels, H, W)`."""
        channels, *size = _image(input_shape)
        if channels != self.in_channels:
            raise NetworkError(f"expects {self.in_channels} input channels, got {channels}")
        return (self.out_channels, *_windows(size, self.kernel_size, self.stride, self.padding))


@dataclass(frozen=True)
class ReLU(Layer):
    """`y = max(0, x)`, element by element."""

    elementwise: ClassVar[bool] = True


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
        ceil_mode: bool = False,
    ) -> None:
        _set(
            self,
            kernel_size=_pair("kernel_size", kernel_size),
            stride=_pair("stride", kernel_size if stride is None else stride),
            padding=_pair("padding", padding, least=0),
            ceil_mode=_flag("ceil_mode", ceil_mode),
        )
        _check_padding(self.padding, tuple(k // 2 for k in self.kernel_size), "at most half of kernel_size")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, H', W')` for an input `(C, H, W)`."""
        channels, *size = _image(input_shape)
        return (channels, *_windows(size, self.kernel_size, self.stride, self.padding, self.ceil_mode))


@dataclass(frozen=True, init=False)
class ZeroPad2d(Layer):
    """The input with rows and columns of zeros around it: left, right, top, bottom; negative ones cut off."""

    padding: tuple[int, int, int, int]

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        sides = padding if isinstance(padding, (tuple, list)) else (padding,) * 4
        if len(sides) != 4 or not all(type(n) is int for n in sides):
            raise NetworkError(
                f"padding must be one whole number or four (left, right, top, bottom), not {quoted(padding)}"
            )
        _set(self, padding=tuple(sides))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(C, top + H + bottom, left + W + right)` for an input `(C, H, W)`."""
        channels, height, width = _image(input_shape)
        left, right, top, bottom = self.padding
        shape = (channels, top + height + bottom, left + width + right)
        rest = height + min(top, 0) + min(bottom, 0), width + min(left, 0) + min(right, 0)
        if min(rest) < 1:
            raise NetworkError(f"padding {self.padding} leaves nothing of an input of {shape_text(input_shape)}")
        return shape


@dataclass(frozen=True)
class Flatten(Layer):
    """All elements as one vector, in the order C, H, W."""

    view: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(N,)`, N the number of elements."""
        size = 1
        for n in input_shape:
            size *= n
        return (size,)


@dataclass(frozen=True)
class Linear(Layer):
    """`y[o] = b[o] + sum_n w[o,n] x[n]`."""

    in_features: int
    out_features: int
    bias: bool = True

    def __post_init__(self) -> None:
        _count("in_features", self.in_features)
        _count("out_features", self.out_features)
        _flag("bias", self.bias)

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


@dataclass(frozen=True)
class Softmax(Layer):
    """`y[i] = exp(x[i] - max x) / sum_j exp(x[j] - max x)` of a vector."""

    divides: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = ("exp",)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's own shape, `(N,)`."""
        if len(input_shape) != 1:
            raise NetworkError(f"expects a vector, got {shape_text(input_shape)}")
        return input_shape


LAYER_TYPES: Final[dict[str, type[Layer]]] = {
    cls.__name__: cls for cls in (Conv2d, ReLU, MaxPool2d, ZeroPad2d, Flatten, Linear, Softmax)
}


def shape_text(shape: Shape) -> str:
    """A shape as people write it: `2x26x26`."""
    return "x".join(map(str, shape))


def _set(layer: Layer, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(layer, name, value)


def _count(name: str, value: object, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise NetworkError(f"{name} must be a whole number of at least {least}, not {quoted(value)}")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise NetworkError(f"{name} must be true or false, not {quoted(value)}")
    return value


def _pair(name: str, value: object, least: int = 1) -> Pair:
    if isinstance(value, int):
        return (_count(name, value, least),) * 2
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise NetworkError(f"{name} must be one whole number or two (height, width), not {quoted(value)}")
    height, width = value
    return (_count(name, height, least), _count(name, width, least))


def _check_padding(padding: Pair, most: tuple[int, ...], rule: str) -> None:
    if any(p > m for p, m in zip(padding, most, strict=True)):
        raise NetworkError(f"padding {shape_text(padding)} must be {rule}")


def _image(shape: Shape) -> Shape:
    if len(shape) != 3:
        raise NetworkError(f"expects an image (channels, height, width), got {shape_text(shape)}")
    return shape


def _windows(size: list[int], kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool = False) -> Shape:
    """How many windows fit along each side: `(n + 2p - k)//s + 1`; with `ceil_mode` one that is cut off counts, too."""
    counts = []
    for n, k, s, p in zip(size, kernel, stride, padding, strict=True):
        room = n + 2 * p - k
        count = (-(-room // s) if ceil_mode else room // s) + 1
        counts.append(count - 1 if ceil_mode and (count - 1) * s >= n + p else count)
    if min(counts) < 1:
        raise NetworkError(f"kernel {shape_text(kernel)} does not fit an input of {shape_text(tuple(size))}")
    return tuple(counts)
