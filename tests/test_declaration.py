"""The rows that state a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from tests.strategies import networks
from xlconv import declaration
from xlconv.errors import NetworkError
from xlconv.layers import (
    Add,
    AvgPool2d,
    BatchNorm1d,
    Concat,
    Conv2d,
    Dropout,
    Layer,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    ZeroPad2d,
)
from xlconv.network import Network, Node


@given(networks())
def test_rows_are_read_back(network: Network) -> None:
    """Any network's rows state the same input shape and the same nodes."""
    assert declaration.parse(declaration.rows(network)) == (network.input_shape, list(network.nodes))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("a", "Conv3d", "input", "", "no", ""), "unknown type 'Conv3d'"),
        (("a", "Linear", "input", "in_features=2", "no", ""), "do not fit Linear"),
        (("a", "Linear", "input", "in_features=two, out_features=1, bias=no", "no", ""), "'two' is not a shape"),
        (("a", "ReLU", "input", "x=1", "no", ""), "do not fit ReLU"),
    ],
)
def test_other_rows_are_refused(row: tuple[str, ...], words: str) -> None:
    """What states no layer is an error that names the layer."""
    with pytest.raises(NetworkError, match=words):
        declaration.parse([declaration.HEADER, ("input", "Input", "", "", "", "2"), row])


@pytest.mark.parametrize(
    ("layer", "settings"),
    [
        (ZeroPad2d((-1, 2, 0, -3)), "padding=-1x2x0x-3"),
        (ZeroPad2d(0), "padding=0x0x0x0"),
        (
            MaxPool2d(2, (3, 1), ceil_mode=True),
            "kernel_size=2x2, stride=3x1, padding=0x0, ceil_mode=yes",
        ),
        (
            Conv2d(1, 2, (3, 5), 2, (1, 2), bias=False),
            "in_channels=1, out_channels=2, kernel_size=3x5, stride=2x2, padding=1x2, bias=no",
        ),
        (
            Conv2d(1, 1, (3, 2), padding=(1, 0, 0, 2), dilation=(1, 3)),
            "in_channels=1, out_channels=1, kernel_size=3x2, stride=1x1, padding=1x0x0x2, dilation=1x3, bias=yes",
        ),
        (
            AvgPool2d(3, 1, 1, count_include_pad=False),
            "kernel_size=3x3, stride=1x1, padding=1x1, ceil_mode=no, count_include_pad=no",
        ),
        (ReLU(inplace=True), ""),
        (LeakyReLU(), "negative_slope=0.01"),
        (LeakyReLU(-3), "negative_slope=-3.0"),
        (LeakyReLU(1e-07), "negative_slope=1e-07"),
        (LeakyReLU(1.25e22), "negative_slope=1.25e+22"),
        (Dropout(0), "p=0.0"),
    ],
)
def test_settings_as_text(layer: Layer, settings: str) -> None:
    """Settings read as people write them; numbers may be below zero."""
    shape = (1, 9, 9)
    node = Node("a", layer)
    weights = {f"a.{key}": np.zeros(size) for key, size in layer.weight_shapes.items()}
    assert declaration.rows(Network(shape, [node], weights))[2][3] == settings
    pairs = dict(item.partition("=")[::2] for item in settings.split(", ")) if settings else {}
    assert declaration.make_layer("a", type(layer).__name__, pairs) == layer
    assert declaration.parse(declaration.rows(Network(shape, [node], weights)))[1] == [replace(node, inputs=("input",))]


def test_rows_of_a_graph() -> None:
    """What a layer reads stands there in its order, and whose weights it has, beside its settings."""
    nodes = [
        Node("a", Linear(2, 2)),
        Node("b", Linear(2, 2), shares="a"),
        Node("c", Concat(), ("b", "input", "b")),
        Node("d", BatchNorm1d(6, 0.001, momentum=0.5, affine=False)),
        Node("e", Add(), ("d", "c")),
    ]
    rows = declaration.rows(Network((2,), nodes, None))
    linear = "in_features=2, out_features=2, bias=yes"
    assert rows[2:] == [
        ("a", "Linear", "input", linear, "no", "2"),
        ("b", "Linear", "a", f"{linear}, weights=a", "no", "2"),
        ("c", "Concat", "b, input, b", "", "no", "6"),
        ("d", "BatchNorm1d", "c", "num_features=6, eps=0.001, affine=no", "no", "6"),
        ("e", "Add", "d, c", "", "no", "6"),
    ]
    assert declaration.parse(rows)[1] == list(Network((2,), nodes, None).nodes)


@pytest.mark.parametrize("text", ["1x2x3x4x", "x1", "1--2", "-", "- 1", "1e", "+1", "", "1x-", "99999999999"])
def test_other_numbers_are_refused(text: str) -> None:
    """What is no number, and no numbers with x between them, is an error."""
    with pytest.raises(NetworkError, match="is not a shape"):
        declaration.make_layer("a", "ZeroPad2d", {"padding": text})


def test_other_tables_are_refused() -> None:
    """A table without the header is none of ours."""
    with pytest.raises(NetworkError, match="table of layers"):
        declaration.parse([("a",) * 6] * 3)
