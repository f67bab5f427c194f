"""What `Explore` should show of one element: cases worked by hand, and the reference by another route."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies
from xlconv import layers, reference
from xlconv.check.steps import Selection, chosen, largest_windows, of_layer, steps
from xlconv.layers import LAYER_TYPES, Layer
from xlconv.network import FloatArray, Network, Node

X = np.arange(1.0, 13.0).reshape(1, 3, 4)
"""1 to 4, 5 to 8, 9 to 12."""
PAIR = np.concatenate([X, -X])
NO = None
"""An empty text."""

Table = list[list[float | None]]


def shown(x: FloatArray, nodes: list[Node], weights: dict[str, FloatArray], selection: Selection) -> dict[str, Table]:
    network = Network(x.shape, nodes, weights)
    tables = steps(network, selection, reference.forward(network, x))
    return {name: [[NO if np.isnan(v) else v for v in row] for row in table.tolist()] for name, table in tables.items()}


def test_convolution() -> None:
    """Two channels, stride 2 down, padding 1 above: at the corner the window reaches out, and reads 0 there."""
    weight = np.array([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]], [[[1, 0], [0, 0]], [[0, 0], [0, -1]]]])
    nodes = [Node("c", layers.Conv2d(2, 2, 2, (2, 1), (1, 0))), Node("r", layers.ReLU(), inline=True)]
    found = shown(PAIR, nodes, {"c.weight": weight, "c.bias": np.array([0.5, -9.0])}, Selection("c", 1, 0, 2))
    assert found == {
        "number": [[1]],
        "limits": [[1, 1, 2]],
        "at": [[1, 0, 2]],
        "settings": [[2, 2, 2, 2, 1, 1, 0, 3, 4, 1, 1]],
        "window_row": [[-1], [0]],
        "window_column": [[2, 3]],
        "window_0": [[0, 0], [3, 4]],
        "kernel_0": [[1, 0], [0, 0]],
        "product_0": [[0, 0], [0, 0]],
        "sum_0": [[0]],
        "window_1": [[0, 0], [-3, -4]],
        "kernel_1": [[0, 0], [0, -1]],
        "product_1": [[0, 0], [0, 4]],
        "sum_1": [[4]],
        "bias": [[-9]],
        "before": [[-5]],
        "result": [[0]],
        "cell": [[0]],
    }


def test_pooling() -> None:
    """Of the chosen channel, beyond the limits the nearest; at the edge of padding nothing is read."""
    found = shown(PAIR, [Node("p", layers.MaxPool2d(2, 2, 1))], {}, Selection("p", 7, -3, 99))
    assert found == {
        "number": [[1]],
        "limits": [[1, 1, 2]],
        "at": [[1, 0, 2]],
        "settings": [[1, 2, 2, 2, 2, 1, 1, 3, 4, 0, 0]],
        "window_row": [[-1], [0]],
        "window_column": [[3, 4]],
        "window_0": [[NO, NO], [-4, NO]],
        "result": [[-4]],
        "cell": [[-4]],
    }


@pytest.mark.parametrize(
    ("row", "column", "read"), [(0, 0, [0, -2, 0.0]), (2, 0, [2, -2, 0]), (1, 3, [1, 1, 6]), (3, 3, [3, 1, 0])]
)
def test_padding(row: int, column: int, read: list[float]) -> None:
    """Two columns at the left, one cut off at the right, one row below."""
    found = shown(X, [Node("z", layers.ZeroPad2d((2, -1, 0, 1)))], {}, Selection("z", 0, row, column))
    assert found["window_row"] + found["window_column"] + found["window_0"] == [[n] for n in read]
    assert found["result"] == found["window_0"]
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 2, 3, 4, 0, 0]]
    assert "before" not in found


def test_relu() -> None:
    """Of an image the cell in its place, of a vector its element; the second ReLU wraps the first."""
    nodes = [Node("r", layers.ReLU()), Node("s", layers.ReLU(), inline=True)]
    found = shown(PAIR, nodes, {}, Selection("r", 1, 2, 3))
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 0, 3, 4, 2, 0]]
    assert [found[name] for name in ("window_row", "window_column", "window_0")] == [[[2]], [[3]], [[-12]]]
    assert [found[name] for name in ("before", "result")] == [[[-12]], [[0]]]
    found = shown(X.ravel(), [Node("r", layers.ReLU())], {}, Selection("r", 9, 2, 3))
    assert [found[name] for name in ("limits", "at")] == [[[11, 0, 0]], [[9, 0, 0]]]
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 0, 12, 1, 1, 0]]
    assert [found[name] for name in ("window_row", "window_column", "window_0")] == [[[9]], [[0]], [[10]]]


def test_dense() -> None:
    """A flattened image is read as it was, and a vector as a column."""
    x = np.array([[[1.0, 2]], [[3, 4]]])
    weight = np.array([[0.0, 0, 0, 0], [1, 10, 100, 1000]])
    nodes = [Node("f", layers.Flatten()), Node("d", layers.Linear(4, 2, bias=False))]
    found = shown(x, nodes, {"d.weight": weight}, Selection("d", 1, 5, 5))
    assert found == {
        "number": [[1]],
        "limits": [[1, 0, 0]],
        "at": [[1, 0, 0]],
        "settings": [[2, 1, 2, 1, 1, 0, 0, 1, 2, 0, 0]],
        "dense_window_0": [[1, 2]],
        "dense_kernel_0": [[1, 10]],
        "dense_product_0": [[1, 20]],
        "dense_sum_0": [[21]],
        "dense_window_1": [[3, 4]],
        "dense_kernel_1": [[100, 1000]],
        "dense_product_1": [[300, 4000]],
        "dense_sum_1": [[4300]],
        "before": [[4321]],
        "result": [[4321]],
        "cell": [[4321]],
    }
    weights = {"d.weight": weight, "d.bias": np.array([1.0, 2])}
    found = shown(x.ravel(), [Node("d", layers.Linear(4, 2))], weights, Selection("d", 1, 0, 0))
    assert found["settings"] == [[1, 4, 1, 1, 1, 0, 0, 4, 1, 0, 1]]
    assert found["dense_product_0"] == [[1], [20], [300], [4000]]
    assert [found[name] for name in ("bias", "before")] == [[[2]], [[4323]]]


def test_softmax() -> None:
    """x, x less the largest, the exponential, the share."""
    third = float(np.exp(-1.0))
    nodes = [Node("r", layers.ReLU()), Node("s", layers.Softmax())]
    found = shown(np.array([1.0, 2.0]), nodes, {}, Selection("s", 0, 0, 0))
    assert found.pop("softmax") == [[1, -1, third, third / (1 + third)], [2, 0, 1, 1 / (1 + third)]]
    assert found.pop("result") == found.pop("cell") == [[pytest.approx(third / (1 + third), abs=1e-15)]]
    assert found == {
        "number": [[2]],
        "limits": [[1, 0, 0]],
        "at": [[0, 0, 0]],
        "settings": [[1, 2, 1, 1, 1, 0, 0, 2, 1, 0, 0]],
        "max": [[2]],
        "exp_sum": [[1 + third]],
    }


@given(strategies.networks(), st.data())
def test_steps_lead_to_the_result(network: Network, data: st.DataObject) -> None:
    """In any network: what is shown of a window makes the number that the reference has by another route."""
    outputs = reference.forward(network, strategies.inputs(network, 0))
    rng = np.random.default_rng(0)
    shown = list(chosen(network))
    assert len(shown) == sum(not (node.inline or node.layer.view) for node in network.nodes)
    for number, cells in enumerate(shown, 1):
        output = outputs[cells.shows]
        at = tuple(data.draw(st.integers(0, n - 1)) for n in output.shape)
        found = steps(network, Selection(cells.node.name, *(*at, *rng.integers(0, 9, 2))[:3]), outputs)
        value = output[at]
        for _ in cells.inline:
            value = max(0.0, value)
        assert found["number"] == number
        assert found["result"] == found["cell"] == value
        match cells.node.layer:
            case layers.MaxPool2d():
                made = np.nanmax(found["window_0"])
            case layers.ZeroPad2d():
                made = found["window_0"][0, 0]
            case layers.Softmax():
                made = found["softmax"][at[0], 3]
            case _:
                made = found["before"][0, 0]
        relus = found["settings"][0, 9]
        np.testing.assert_allclose(max(made, 0.0) if relus else made, value, rtol=1e-12, atol=1e-12)


@given(strategies.networks())
def test_windows_fit(network: Network) -> None:
    """The largest windows hold those of every layer, and one of them is as large in each direction."""
    outputs = reference.forward(network, strategies.inputs(network, 0))
    by_panel: dict[str, list[tuple[float, ...]]] = {}
    for cells in chosen(network):
        panel = {layers.Linear: "dense_", layers.Softmax: "softmax"}.get(type(cells.node.layer), "")
        settings = steps(network, Selection(cells.node.name, 0, 0, 0), outputs)["settings"]
        by_panel.setdefault(panel, []).append(tuple(settings[0, :3].tolist()))
    assert largest_windows(network) == {panel: tuple(map(max, *sizes, sizes[0])) for panel, sizes in by_panel.items()}


@pytest.mark.parametrize("layer_type", LAYER_TYPES.values(), ids=LAYER_TYPES)
def test_every_layer_can_be_told(layer_type: type[Layer]) -> None:
    """Each layer type that has cells of its own has its steps."""
    assert layer_type.view or layer_type in of_layer.registry
