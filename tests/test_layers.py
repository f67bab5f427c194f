"""Layers: sizes, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlconv.errors import NetworkError
from xlconv.layers import LAYER_TYPES, Conv2d, Flatten, Layer, Linear, MaxPool2d, ReLU, Shape, Softmax, ZeroPad2d


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Conv2d(1, 2, 3), (1, 28, 28), (2, 26, 26)),
        (Conv2d(3, 4, (3, 5), stride=(2, 1), padding=(1, 2)), (3, 9, 8), (4, 5, 8)),
        (Conv2d(1, 1, 3, stride=2), (1, 8, 8), (1, 3, 3)),
        (MaxPool2d(2), (2, 24, 24), (2, 12, 12)),
        (MaxPool2d(2), (2, 5, 5), (2, 2, 2)),
        (MaxPool2d(3, stride=2, padding=1), (1, 7, 7), (1, 4, 4)),
        (MaxPool2d(2, ceil_mode=True), (2, 5, 5), (2, 3, 3)),
        (MaxPool2d(2, ceil_mode=True), (2, 4, 5), (2, 2, 3)),
        (MaxPool2d(3, stride=2, padding=1, ceil_mode=True), (1, 6, 7), (1, 4, 4)),
        (MaxPool2d(2, stride=2, padding=1, ceil_mode=True), (1, 3, 4), (1, 2, 3)),
        (MaxPool2d(1, stride=3, ceil_mode=True), (1, 4, 5), (1, 2, 2)),
        (MaxPool2d(3, ceil_mode=True), (1, 2, 2), (1, 1, 1)),
        (ZeroPad2d(1), (2, 3, 4), (2, 5, 6)),
        (ZeroPad2d((1, 2, 3, 4)), (1, 5, 6), (1, 12, 9)),
        (ZeroPad2d((-1, 2, 0, -3)), (1, 5, 6), (1, 2, 7)),
        (Flatten(), (2, 12, 12), (288,)),
        (Linear(288, 10), (288,), (10,)),
        (ReLU(), (2, 3, 4), (2, 3, 4)),
        (Softmax(), (10,), (10,)),
    ],
)
def test_output_shapes(layer: Layer, shape: Shape, expected: Shape) -> None:
    """Sizes follow (n + 2p - k)//s + 1, worked by hand; with ceil_mode a window that is cut off counts, too."""
    assert layer.output_shape(shape) == expected


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("Conv2d", (0, 2, 3), "in_channels"),
        ("Conv2d", (1, 2, 0), "kernel_size"),
        ("Conv2d", (1, 2, (3, 3, 3)), "kernel_size"),
        ("Conv2d", (1, 2, 3, 0), "stride"),
        ("Conv2d", (1, 2, 3, 1, -1), "padding"),
        ("Conv2d", (1, 2, 3, 1, 3), "smaller than kernel_size"),
        ("Conv2d", (1, 2, 3, 1, 0, "yes"), "bias"),
        ("Conv2d", (True, 2, 3), "in_channels"),
        ("MaxPool2d", (2, 2, 2), "half of kernel_size"),
        ("MaxPool2d", (1.5,), "kernel_size"),
        ("MaxPool2d", (2, 2, 0, 1), "ceil_mode must be true or false"),
        ("ZeroPad2d", ((1, 2, 3),), "one whole number or four"),
        ("ZeroPad2d", ((1, 2, 3, 4, 5),), "one whole number or four"),
        ("ZeroPad2d", ((1, 2, 3, 0.5),), "one whole number or four"),
        ("ZeroPad2d", (None,), "one whole number or four"),
        ("ZeroPad2d", (True,), "one whole number or four"),
        ("ZeroPad2d", ("1234",), "one whole number or four"),
        ("Linear", (3, 0), "out_features"),
    ],
)
def test_wrong_settings_are_named(kind: str, arguments: tuple[object, ...], words: str) -> None:
    """A setting out of range is refused by its name."""
    with pytest.raises(NetworkError, match=words):
        LAYER_TYPES[kind](*arguments)


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (Conv2d(2, 1, 3), (1, 8, 8), "expects 2 input channels, got 1"),
        (Conv2d(1, 1, 9), (1, 8, 8), "does not fit"),
        (Conv2d(1, 1, 3), (8,), "expects an image"),
        (Linear(4, 2), (5,), "expects a vector of 4"),
        (Linear(4, 2), (1, 2, 2), "expects a vector of 4"),
        (Softmax(), (1, 2, 2), "expects a vector"),
        (MaxPool2d(3), (1, 2, 2), "does not fit"),
        (MaxPool2d(3, 1, ceil_mode=True), (1, 2, 2), "does not fit"),
        (ZeroPad2d(1), (8,), "expects an image"),
        (ZeroPad2d((-2, -2, 0, 0)), (1, 3, 3), "leaves nothing"),
        (ZeroPad2d((0, 0, -3, 5)), (1, 3, 3), "leaves nothing"),
    ],
)
def test_inputs_that_do_not_fit(layer: Layer, shape: Shape, words: str) -> None:
    """A layer says what it expects and what it got."""
    with pytest.raises(NetworkError, match=words):
        layer.output_shape(shape)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_one_number_or_two(kernel: int, channels: int, stride: int) -> None:
    """A size given once and given for both sides makes the same layer, and settings make it again."""
    layer = Conv2d(channels, 1, kernel, stride)
    assert layer == Conv2d(channels, 1, (kernel, kernel), (stride, stride))
    assert Conv2d(**layer.settings()) == layer  # type: ignore[arg-type]
    assert hash(layer) == hash(Conv2d(channels, 1, (kernel, kernel), stride))


@given(st.tuples(*(st.integers(-3, 3) for _ in range(4))))
def test_padding_once_or_four_times(sides: tuple[int, int, int, int]) -> None:
    """One number pads all four sides, a list reads as a tuple, and settings make the layer again."""
    layer = ZeroPad2d(sides)
    assert layer.padding == sides
    assert ZeroPad2d(list(sides)) == layer  # type: ignore[arg-type]
    assert ZeroPad2d(**layer.settings()) == layer  # type: ignore[arg-type]
    assert ZeroPad2d(sides[0]) == ZeroPad2d((sides[0],) * 4)
