"""Networks: layers, names, inputs and weights that fit each other."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from xlconv.errors import NetworkError
from xlconv.layers import (
    Add,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
)
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
        ([CONV, Node("a", ReLU(), inline=True), Node("b", Add(), ("a", "conv1"))], WEIGHT, "also read by another"),
        ([CONV, Node("b", Add())], WEIGHT, "layer 'b': Add reads several layers, not 1"),
        ([CONV, Node("b", Concat(), ("conv1",))], WEIGHT, "layer 'b': Concat reads several layers, not 1"),
        ([CONV, Node("b", Add(), ("conv1", "input"))], WEIGHT, "layer 'b': adds layers of one shape, not of 2x3x3 and"),
        ([CONV, Node("b", Concat(), ("conv1", "later"))], WEIGHT, "'later', which is not a layer before it"),
        ([CONV, Node("b", Dropout(), inline=True)], WEIGHT, "only an elementwise layer"),
        ([CONV, Node("b", ReLU(), shares="conv1")], WEIGHT, "layer 'b' shares the weights of 'conv1', which is no"),
        ([CONV, Node("b", CONV.layer, ("input",), shares="c")], WEIGHT, "shares the weights of 'c', which is no layer"),
        ([CONV, Node("b", CONV.layer, ("input",), shares="b")], WEIGHT, "shares the weights of 'b', which is no layer"),
        ([CONV, Node("b", Conv2d(2, 2, 3), shares="conv1")], WEIGHT, "that has such weights of its own"),
        (
            [CONV, Node("b", CONV.layer, ("input",), shares="conv1"), Node("c", CONV.layer, ("input",), shares="b")],
            WEIGHT,
            "layer 'c' shares the weights of 'b', which is no layer before it that has such weights of its own",
        ),
        (
            [CONV, Node("b", CONV.layer, ("input",), shares="conv1")],
            {**WEIGHT, "b.weight": np.ones((2, 1, 3, 3))},
            "no layer uses: b.weight",
        ),
        (
            [Node("n", BatchNorm2d(1, affine=False))],
            {"n.running_mean": np.zeros(1), "n.running_var": np.array([-1e-9])},
            "n.running_var holds numbers below 0, which a variance never is",
        ),
    ],
)
def test_what_does_not_fit_is_refused(nodes: list[Node], weights: dict[str, np.ndarray], words: str) -> None:
    """The message says which layer or weight is wrong."""
    with pytest.raises(NetworkError, match=words):
        Network((1, 5, 5), nodes, weights)


GRAPH = Network(
    (2,),
    [
        Node("one", Linear(2, 2, bias=False)),
        Node("bent", Sigmoid(), inline=True),
        Node("norm", BatchNorm1d(2, affine=False), inline=True),
        Node("out", Dropout()),
        Node("two", Linear(2, 2, bias=False), ("out",), shares="one"),
        Node("relu", ReLU()),
        Node("again", ReLU(), inline=True),
        Node("sum", Add(), ("out", "input", "again")),
        Node("flat", Flatten(), ("input",)),
    ],
    None,
)


def test_layers_in_the_same_cells() -> None:
    """A layer stands with the inline ones around it; views have no cells of their own."""
    fused = [(each.node.name, [node.name for node in each.inline], each.shows) for each in GRAPH.fused]
    assert fused == [
        ("one", ["bent", "norm"], "norm"),
        ("two", [], "two"),
        ("relu", ["again"], "again"),
        ("sum", [], "sum"),
    ]
    assert {node.name: GRAPH.viewed(node.name) for node in GRAPH.nodes if GRAPH.is_view(node.name)} == {
        "out": "norm",
        "flat": "input",
    }
    assert not GRAPH.is_view("input")
    assert {name: GRAPH.fused_with(name).node.name for name in ("bent", "norm", "out", "again", "sum")} == {
        **dict.fromkeys(("bent", "norm", "out"), "one"),
        "again": "relu",
        "sum": "sum",
    }


def test_shared_weights() -> None:
    """There is one array for both layers, under the name of the first; without weights variances are 1."""
    assert {key: array.tolist() for key, array in GRAPH.weights.items()} == {
        "one.weight": [[0, 0], [0, 0]],
        "norm.running_mean": [0, 0],
        "norm.running_var": [1, 1],
    }
    assert GRAPH["two"].weight_keys() == {"weight": "one.weight"}
    assert GRAPH.weights_of("two")["weight"] is GRAPH.weights_of("one")["weight"]
    assert GRAPH.never_negative == {"norm.running_var"}
    alone = [replace(node, shares="") for node in GRAPH.nodes]
    assert Network((2,), alone, None) != GRAPH


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
