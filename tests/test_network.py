"""Networks: layers, names, inputs and weights that fit each other."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xlconv.errors import NetworkError
from xlconv.layers import Conv2d, Flatten, Layer, Linear, ReLU, Softmax
from xlconv.network import Network, Node

CONV = Node("conv1", Conv2d(1, 2, 3, bias=False))
WEIGHT = {"conv1.weight": np.ones((2, 1, 3, 3))}


def test_inputs_default_to_the_layer_before() -> None:
    """A layer reads the one before it, the first the input, unless it says otherwise."""
    net = Network((1, 5, 5), [CONV, Node("relu1", ReLU()), Node("again", ReLU(), ("conv1",))], WEIGHT)
    assert [node.inputs for node in net.nodes] == [("input",), ("conv1",), ("conv1",)]
    assert net.shapes == {"input": (1, 5, 5), "conv1": (2, 3, 3), "relu1": (2, 3, 3), "again": (2, 3, 3)}


def test_weights_are_frozen_copies() -> None:
    """Nobody can change a network's weights from outside."""
    mine = np.ones((2, 1, 3, 3), dtype=np.float32)
    net = Network((1, 5, 5), [CONV], {"conv1.weight": mine})
    mine[:] = 5
    assert net.weights["conv1.weight"].dtype == np.float64
    assert (net.weights["conv1.weight"] == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        net.weights["conv1.weight"][0] = 2


def test_equality_is_by_layers_and_weights() -> None:
    """Two networks are equal if and only if layers, names and every weight are."""
    net = Network((1, 5, 5), [CONV], WEIGHT)
    assert net == Network((1, 5, 5), [CONV], WEIGHT)
    assert net != Network((1, 5, 5), [CONV], {"conv1.weight": np.full((2, 1, 3, 3), 1.0 + 1e-15)})
    assert net != Network((1, 6, 5), [CONV], WEIGHT)
    assert net != Network((1, 5, 5), [Node("conv2", CONV.layer)], {"conv2.weight": WEIGHT["conv1.weight"]})


@pytest.mark.parametrize(
    ("nodes", "weights", "words"),
    [
        ([], {}, "at least one layer"),
        ([CONV], {}, "missing weights: conv1.weight"),
        ([CONV], {**WEIGHT, "conv1.bias": np.ones(2)}, "no layer uses: conv1.bias"),
        ([CONV], {"conv1.weight": np.ones((2, 3, 3))}, "conv1.weight is 2x3x3, the layer needs 2x1x3x3"),
        ([CONV], {"conv1.weight": np.full((2, 1, 3, 3), np.nan)}, "NaN or infinity"),
        ([CONV, Node("CONV1", ReLU())], WEIGHT, "taken by 'conv1'"),
        ([CONV, Node("input", ReLU())], WEIGHT, "taken"),
        ([CONV, Node("my layer", ReLU())], WEIGHT, "not usable"),
        ([CONV, Node("r", ReLU(), ("conv2",))], WEIGHT, "'conv2', which is not a layer before it"),
        ([CONV, Node("r", ReLU(), ("conv1", "input"))], WEIGHT, "reads one layer, not 2"),
        ([CONV, Node("s", Softmax())], WEIGHT, "layer 's': expects a vector"),
        ([CONV, Node("f", Flatten(), inline=True)], WEIGHT, "only an elementwise layer"),
        ([CONV, Node("f", Flatten()), Node("r", ReLU(), inline=True)], WEIGHT, "no formula that it could wrap"),
        ([Node("r", ReLU(), inline=True)], {}, "no formula that it could wrap"),
        ([CONV, Node("a", ReLU(), inline=True), Node("b", ReLU(), ("conv1",))], WEIGHT, "also read by another"),
    ],
)
def test_what_does_not_fit_is_refused(nodes: list[Node], weights: dict[str, np.ndarray], words: str) -> None:
    """The message says which layer or weight is wrong."""
    with pytest.raises(NetworkError, match=words):
        Network((1, 5, 5), nodes, weights)


def test_classes_must_match_the_output() -> None:
    """Class names are as many as the last vector has elements."""
    weights = {"fc.weight": np.ones((2, 3)), "fc.bias": np.ones(2)}
    with pytest.raises(NetworkError, match="3 class names for an output of 2"):
        Network((3,), [Node("fc", Linear(3, 2))], weights, ["a", "b", "c"])


@pytest.mark.parametrize("shape", [(), (2, 2), (1, 0, 3), (1.0, 2, 2), (True, 2, 2)])
def test_input_shapes_are_checked(shape: tuple[int, ...]) -> None:
    """An input is an image or a vector of whole sizes."""
    with pytest.raises(NetworkError, match="input shape"):
        Network(shape, [Node("r", ReLU())], {})


@pytest.mark.parametrize("classes", ["ab", ["a", "a"], ["a", " "], ["a", 1]])
def test_classes_are_different_names(classes: list[str]) -> None:
    """Class names are texts that can be told apart."""
    weights = {"fc.weight": np.ones((2, 3)), "fc.bias": np.ones(2)}
    with pytest.raises(NetworkError, match="class names must"):
        Network((3,), [Node("fc", Linear(3, 2))], weights, classes)


def test_untrained() -> None:
    """Without weights there are zeros that fit the layers."""
    net = Network((1, 5, 5), [CONV, Node("flat", Flatten()), Node("fc", Linear(18, 2))], None)
    assert {key: (array.shape, array.any()) for key, array in net.weights.items()} == {
        "conv1.weight": ((2, 1, 3, 3), False),
        "fc.weight": ((2, 18), False),
        "fc.bias": ((2,), False),
    }


@pytest.mark.parametrize(
    ("shape", "layers", "words"),
    [
        ((1, 1000, 1001), [ReLU()], "an input of 1x1000x1001 has more than 1,000,000 numbers"),
        ((500_001,), [ReLU()], "'n0': with it inputs, weights and outputs are 1,000,002 numbers"),
        ((1, 9, 9), [Conv2d(1, 10**9, 9)], "'n0': with it inputs, weights and outputs are 83,000,000,081 numbers"),
        ((1, 9, 9), [Flatten(), Linear(81, 10**30)], "'n1': with it inputs, weights and outputs are 83,0"),
        ((333_334,), [Softmax()], "'n0': with it inputs, weights and outputs are 1,000,002 numbers"),
        ((1,), [ReLU()] * 1001, "1,001 layers, more than 1,000"),
    ],
)
def test_larger_than_a_workbook(shape: tuple[int, ...], layers: list[Layer], words: str) -> None:
    """A network of more numbers than a workbook has cells is refused, before there is an array of that size."""
    nodes = [Node(f"n{number}", layer) for number, layer in enumerate(layers)]
    with pytest.raises(NetworkError, match=re.escape(words)):
        Network(shape, nodes, None)


def test_what_needs_no_cells_is_not_counted() -> None:
    """Views and layers that are inline have no cells, so a workbook has room for them."""
    nodes = [Node("relu", ReLU()), Node("again", ReLU(), inline=True), Node("flat", Flatten())]
    assert Network((1, 500, 1000), nodes, {}).shapes["flat"] == (500_000,)
