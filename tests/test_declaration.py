"""The rows that state a network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.strategies import networks
from xlconv import declaration
from xlconv.errors import NetworkError
from xlconv.layers import Conv2d, Layer, MaxPool2d, ZeroPad2d
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
    ],
)
def test_settings_as_text(layer: Layer, settings: str) -> None:
    """Settings read as people write them; numbers may be below zero."""
    shape = (1, 9, 9)
    node = Node("a", layer)
    weights = {f"a.{key}": np.zeros(size) for key, size in layer.weight_shapes.items()}
    assert declaration.rows(Network(shape, [node], weights))[2][3] == settings
    assert declaration.make_layer("a", type(layer).__name__, settings) == layer


@pytest.mark.parametrize("text", ["1x2x3x4x", "x1", "1--2", "-", "- 1", "1e3", "+1", "", "1x-", "99999999999"])
def test_other_numbers_are_refused(text: str) -> None:
    """What is no number, and no numbers with x between them, is an error."""
    with pytest.raises(NetworkError, match="is not a shape"):
        declaration.make_layer("a", "ZeroPad2d", f"padding={text}")


def test_other_tables_are_refused() -> None:
    """A table without the header is none of ours."""
    with pytest.raises(NetworkError, match="table of layers"):
        declaration.parse([("a",) * 6] * 3)
