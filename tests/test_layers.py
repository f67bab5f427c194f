"""Layers: sizes, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlconv.errors import NetworkError
from xlconv.layers import (
    LAYER_TYPES,
    AdaptiveAvgPool2d,
    Add,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    LogSoftmax,
    MaxPool2d,
    ReflectionPad2d,
    ReLU,
    Shape,
    Sigmoid,
    Softmax,
    Tanh,
    ZeroPad2d,
)


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
        (Conv2d(1, 1, 3, padding=(0, 1, 2, 0)), (1, 5, 5), (1, 5, 4)),
        (Conv2d(1, 1, 3, dilation=2), (1, 5, 7), (1, 1, 3)),
        (Conv2d(1, 1, (3, 2), dilation=(1, 3), stride=(1, 2)), (1, 5, 9), (1, 3, 3)),
        (Conv2d(6, 4, 1, groups=2), (6, 3, 3), (4, 3, 3)),
        (Conv2d(1, 1, 4, padding="same"), (1, 5, 5), (1, 5, 5)),
        (Conv2d(1, 1, (2, 3), padding="same", dilation=(3, 1)), (1, 4, 6), (1, 4, 6)),
        (Conv2d(1, 1, 3, padding="valid"), (1, 5, 5), (1, 3, 3)),
        (AvgPool2d(2), (2, 5, 5), (2, 2, 2)),
        (AvgPool2d(3, 2, 1), (1, 7, 7), (1, 4, 4)),
        (AvgPool2d(2, ceil_mode=True), (2, 4, 5), (2, 2, 3)),
        (AdaptiveAvgPool2d(), (3, 4, 7), (3, 1, 1)),
        (ReflectionPad2d(2), (1, 3, 4), (1, 7, 8)),
        (ReflectionPad2d((1, 0, 0, 2)), (1, 3, 4), (1, 5, 5)),
        (LeakyReLU(), (2, 3, 4), (2, 3, 4)),
        (Sigmoid(), (5,), (5,)),
        (Tanh(), (2, 3, 4), (2, 3, 4)),
        (LogSoftmax(), (10,), (10,)),
        (BatchNorm2d(2), (2, 3, 4), (2, 3, 4)),
        (BatchNorm1d(5), (5,), (5,)),
        (Dropout(), (2, 3, 4), (2, 3, 4)),
    ],
)
def test_output_shapes(layer: Layer, shape: Shape, expected: Shape) -> None:
    """Sizes follow (n + 2p - k)//s + 1, worked by hand; with ceil_mode a window that is cut off counts, too."""
    assert layer.output_shape(shape) == expected


@pytest.mark.parametrize(
    ("layer", "shapes", "expected"),
    [
        (Add(), [(2, 3, 4), (2, 3, 4)], (2, 3, 4)),
        (Add(), [(5,), (5,), (5,)], (5,)),
        (Concat(), [(2, 3, 4), (1, 3, 4), (2, 3, 4)], (5, 3, 4)),
        (Concat(), [(5,), (1,)], (6,)),
    ],
)
def test_output_shapes_of_several(layer: Layer, shapes: list[Shape], expected: Shape) -> None:
    """A sum has the shape that all have; of joined layers the channels (or elements) add up."""
    assert layer.joined_shape(shapes) == expected


@pytest.mark.parametrize(
    ("layer", "shapes", "words"),
    [
        (Add(), [(2, 3, 4), (2, 3, 5)], "adds layers of one shape, not of 2x3x4 and 2x3x5"),
        (Add(), [(2, 1, 1), (2, 1, 1), (2,)], "adds layers of one shape, not of 2x1x1 and 2"),
        (Concat(), [(2, 3, 4), (2, 4, 3)], "joins layers of one size, not of 2x3x4 and 2x4x3"),
        (Concat(), [(2,), (2, 1, 1)], "joins layers of one size, not of 2 and 2x1x1"),
    ],
)
def test_shapes_that_do_not_go_together(layer: Layer, shapes: list[Shape], words: str) -> None:
    """What reads several layers says which of them differ."""
    with pytest.raises(NetworkError, match=words):
        layer.joined_shape(shapes)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (ReLU(inplace=True), ReLU()),
        (LeakyReLU(0.2, inplace=True), LeakyReLU(0.2)),
        (Dropout(0.25, inplace=True), Dropout(0.25)),
        (Softmax(dim=1), Softmax()),
        (Softmax(dim=-1), Softmax(None)),
        (LogSoftmax(dim=1), LogSoftmax()),
        (LogSoftmax(dim=-1), LogSoftmax(None)),
        (Concat(dim=1), Concat()),
        (Flatten(start_dim=1), Flatten()),
        (Flatten(1, 3), Flatten(1, -1)),
        (BatchNorm2d(2, momentum=0.9), BatchNorm2d(2)),
        (BatchNorm2d(2, 1e-5, None, True, True), BatchNorm2d(2)),
        (BatchNorm1d(2, momentum=0), BatchNorm1d(2)),
        (MaxPool2d(2, None, 0, 1, False), MaxPool2d(2)),
        (MaxPool2d(2, 2, 0, 1, False, True), MaxPool2d(2, ceil_mode=True)),
        (AvgPool2d(2, None, 0, False, True, None), AvgPool2d(2)),
        (AdaptiveAvgPool2d((1, 1)), AdaptiveAvgPool2d(1)),
        (Conv2d(1, 2, 3, 1, 0, 1, 1, True, "zeros"), Conv2d(1, 2, 3)),
        (Conv2d(1, 1, 3, padding="same"), Conv2d(1, 1, 3, padding=1)),
        (Conv2d(1, 1, 3, padding="valid"), Conv2d(1, 1, 3)),
        (Conv2d(1, 1, (2, 4), padding="same"), Conv2d(1, 1, (2, 4), padding=(1, 2, 0, 1))),
        (Conv2d(1, 1, 3, padding=(2, 2, 1, 1)), Conv2d(1, 1, 3, padding=(1, 2))),
    ],
    ids=str,
)
def test_arguments_that_change_nothing(given: Layer, plain: Layer) -> None:
    """PyTorch's arguments that change nothing in evaluation are taken, and forgotten."""
    assert given == plain
    assert given.settings() == plain.settings()


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("ReLU", {"inplace": 1}, "inplace must be true or false, not 1"),
        ("LeakyReLU", {"negative_slope": float("nan")}, "negative_slope must be a number, not nan"),
        ("LeakyReLU", {"negative_slope": True}, "negative_slope must be a number, not True"),
        ("LeakyReLU", {"inplace": None}, "inplace must be true or false, not None"),
        ("Dropout", {"p": 1.5}, "p must be a probability from 0 to 1, not 1.5"),
        ("Dropout", {"p": "half"}, "p must be a number, not 'half'"),
        ("Softmax", {"dim": 0}, "dim must be None or 1 or -1, not 0: the shares are those of one vector"),
        ("LogSoftmax", {"dim": 2}, "dim must be None or 1 or -1, not 2: the shares are those of one vector"),
        ("Concat", {"dim": 0}, "dim must be 1, not 0: channels go behind channels, elements behind elements"),
        ("Concat", {"dim": True}, "dim must be 1, not True"),
        ("Flatten", {"start_dim": 0}, "start_dim must be 1, not 0: all but the batch becomes one vector"),
        ("Flatten", {"end_dim": 2}, "end_dim must be -1 or 3, not 2: all but the batch becomes one vector"),
        ("BatchNorm2d", {"num_features": 0}, "num_features must be a whole number of at least 1, not 0"),
        ("BatchNorm2d", {"num_features": 2, "eps": 0}, "eps must be above 0, not 0"),
        ("BatchNorm2d", {"num_features": 2, "momentum": "x"}, "momentum must be a number, not 'x'"),
        (
            "BatchNorm2d",
            {"num_features": 2, "track_running_stats": False},
            "track_running_stats must be True, not False: without them the batch decides what a number becomes",
        ),
        ("BatchNorm1d", {"num_features": 2, "affine": 1}, "affine must be true or false, not 1"),
        ("MaxPool2d", {"kernel_size": 2, "dilation": 2}, "dilation must be 1, not 2"),
        ("MaxPool2d", {"kernel_size": 2, "return_indices": True}, "return_indices must be False, not True"),
        ("AvgPool2d", {"kernel_size": 2, "divisor_override": 3}, "divisor_override must be None, not 3"),
        ("AvgPool2d", {"kernel_size": 2, "count_include_pad": 1}, "count_include_pad must be true or false, not 1"),
        ("AvgPool2d", {"kernel_size": 2, "padding": 2}, "padding 2x2 must be at most half of kernel_size"),
        ("AdaptiveAvgPool2d", {"output_size": 2}, "output_size must be 1, not 2: an AvgPool2d makes larger outputs"),
        ("AdaptiveAvgPool2d", {"output_size": (1, 2)}, r"output_size must be 1, not \(1, 2\)"),
        ("AdaptiveAvgPool2d", {"output_size": None}, "output_size must be one whole number or two"),
        ("ReflectionPad2d", {"padding": -1}, "padding must not be below 0, not -1"),
        ("ReflectionPad2d", {"padding": (1, 2)}, "padding must be one whole number or four"),
        (
            "Conv2d",
            {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding_mode": "reflect"},
            "padding_mode must be 'zeros', not 'reflect': a ReflectionPad2d before the layer reflects",
        ),
        (
            "Conv2d",
            {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": "full"},
            "padding must be 'same' or 'valid', not 'full'",
        ),
        (
            "Conv2d",
            {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": "same", "stride": (1, 2)},
            'padding "same" needs a stride of 1, not 1x2',
        ),
        (
            "Conv2d",
            {"in_channels": 3, "out_channels": 4, "kernel_size": 3, "groups": 2},
            "2 groups do not divide 3 input and 4 output channels",
        ),
        (
            "Conv2d",
            {"in_channels": 4, "out_channels": 3, "kernel_size": 3, "groups": 2},
            "2 groups do not divide 4 input and 3 output channels",
        ),
        ("Conv2d", {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "dilation": 0}, "dilation must be a whole"),
        (
            "Conv2d",
            {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": (0, 0, -1, 0)},
            r"padding must not be below 0, not \(0, 0, -1, 0\)",
        ),
    ],
)
def test_arguments_that_would_change_something(kind: str, arguments: dict[str, object], words: str) -> None:
    """Those that would are refused in one line, with what may be there instead."""
    with pytest.raises(NetworkError, match=words) as error:
        LAYER_TYPES[kind](**arguments)
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("Conv2d", (0, 2, 3), "in_channels"),
        ("Conv2d", (1, 2, 0), "kernel_size"),
        ("Conv2d", (1, 2, (3, 3, 3)), "kernel_size"),
        ("Conv2d", (1, 2, 3, 0), "stride"),
        ("Conv2d", (1, 2, 3, 1, -1), "padding"),
        ("Conv2d", (1, 2, 3, 1, 3), "smaller than kernel_size"),
        ("Conv2d", (1, 2, 3, 1, 0, 0), "dilation"),
        ("Conv2d", (1, 2, 3, 1, 0, 1, 0), "groups"),
        ("Conv2d", (1, 2, 3, 1, 0, 1, 1, "yes"), "bias"),
        ("Conv2d", (True, 2, 3), "in_channels"),
        ("MaxPool2d", (2, 2, 2), "half of kernel_size"),
        ("MaxPool2d", (1.5,), "kernel_size"),
        ("MaxPool2d", (2, 2, 0, 1, False, 1), "ceil_mode must be true or false"),
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
        (Conv2d(1, 1, 3, dilation=4), (1, 8, 8), "does not fit"),
        (AvgPool2d(3), (1, 2, 2), "does not fit"),
        (AvgPool2d(2), (8,), "expects an image"),
        (AdaptiveAvgPool2d(), (8,), "expects an image"),
        (ReflectionPad2d(2), (1, 2, 3), r"padding \(2, 2, 2, 2\) must be smaller than the input of 1x2x3"),
        (ReflectionPad2d((0, 3, 0, 0)), (1, 3, 3), "must be smaller than the input"),
        (ReflectionPad2d(1), (3,), "expects an image"),
        (BatchNorm2d(3), (2, 4, 4), "expects 3 channels, got 2"),
        (BatchNorm2d(3), (3,), "expects an image"),
        (BatchNorm1d(3), (2,), "expects 3 numbers, got 2"),
        (BatchNorm1d(3), (3, 1, 1), "expects a vector"),
        (LogSoftmax(), (1, 2, 2), "expects a vector"),
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
