"""What `Explore` should show of one element: cases worked by hand, and the reference by another route."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies
from xlconv import layers, reference
from xlconv.check.sentences import in_full
from xlconv.check.steps import Selection, as_image, explain, largest_windows
from xlconv.network import FloatArray, Network, Node

X = np.arange(1.0, 13.0).reshape(1, 3, 4)
"""1 to 4, 5 to 8, 9 to 12."""
PAIR = np.concatenate([X, -X])
NO = None
"""An empty text."""

Table = list[list[float | None]]


def steps(network: Network, selection: Selection, outputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The tables of one element."""
    found = explain(network, selection.layer, selection.at, outputs).steps
    return {name: table[0] for name, table in found.items()}


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
        "settings": [[2, 2, 2, 2, 1, 1, 0, 1, 1, 3, 4, 2, 1]],
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
        "settings": [[1, 2, 2, 2, 2, 1, 1, 1, 1, 3, 4, 0, 0]],
        "window_row": [[-1], [0]],
        "window_column": [[3, 4]],
        "window_0": [[NO, NO], [-4, NO]],
        "before": [[-4]],
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
    assert found["before"] == found["result"] == found["window_0"]
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 2, 1, 1, 3, 4, 0, 0]]


def test_relu() -> None:
    """Of an image the cell in its place, of a vector its element; the second ReLU wraps the first."""
    nodes = [Node("r", layers.ReLU()), Node("s", layers.ReLU(), inline=True)]
    found = shown(PAIR, nodes, {}, Selection("r", 1, 2, 3))
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 0, 1, 1, 3, 4, 0, 0]]
    assert [found[name] for name in ("window_row", "window_column", "window_0")] == [[[2]], [[3]], [[-12]]]
    assert [found[name] for name in ("before", "result")] == [[[-12]], [[0]]]
    found = shown(X.ravel(), [Node("r", layers.ReLU())], {}, Selection("r", 9, 2, 3))
    assert [found[name] for name in ("limits", "at")] == [[[11, 0, 0]], [[9, 0, 0]]]
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 0, 1, 1, 12, 1, 0, 0]]
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
        "settings": [[2, 1, 2, 1, 1, 0, 0, 1, 1, 1, 2, 0, 0]],
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
    assert found["settings"] == [[1, 4, 1, 1, 1, 0, 0, 1, 1, 4, 1, 0, 1]]
    assert found["dense_product_0"] == [[1], [20], [300], [4000]]
    assert [found[name] for name in ("bias", "before")] == [[[2]], [[4323]]]


def test_softmax() -> None:
    """x, x less the largest, the exponential, the share."""
    third = float(np.exp(-1.0))
    nodes = [Node("r", layers.ReLU()), Node("s", layers.Softmax())]
    found = shown(np.array([1.0, 2.0]), nodes, {}, Selection("s", 0, 0, 0))
    assert found.pop("softmax") == [[1, -1, third, third / (1 + third)], [2, 0, 1, 1 / (1 + third)]]
    share = [[pytest.approx(third / (1 + third), abs=1e-15)]]
    assert found.pop("before") == found.pop("result") == found.pop("cell") == share
    assert found == {
        "number": [[2]],
        "limits": [[1, 0, 0]],
        "at": [[0, 0, 0]],
        "settings": [[1, 2, 1, 1, 1, 0, 0, 1, 1, 2, 1, 0, 0]],
        "max": [[2]],
        "exp_sum": [[1 + third]],
    }


def test_groups_and_dilation() -> None:
    """The second of two groups reads channel 1 alone, every other column; `explore_settings` say so."""
    layer = layers.Conv2d(2, 4, 2, padding=(0, 0, 1, 0), dilation=(1, 2), groups=2, bias=False)
    weight = np.arange(1.0, 17.0).reshape(4, 1, 2, 2)
    found = shown(PAIR, [Node("c", layer)], {"c.weight": weight}, Selection("c", 3, 1, 1))
    assert found == {
        "number": [[1]],
        "limits": [[3, 2, 1]],
        "at": [[3, 1, 1]],
        "settings": [[1, 2, 2, 1, 1, 1, 0, 1, 2, 3, 4, 2, 0]],
        "window_row": [[0], [1]],
        "window_column": [[1, 3]],
        "window_0": [[-2, -4], [-6, -8]],
        "kernel_0": [[13, 14], [15, 16]],
        "product_0": [[-26, -56], [-90, -128]],
        "sum_0": [[-300]],
        "before": [[-300]],
        "result": [[-300]],
        "cell": [[-300]],
    }


@pytest.mark.parametrize(("counts", "read", "mean"), [(True, [0, 0, 0, -1], -0.25), (False, [NO, NO, NO, -1], -1)])
def test_means(counts: bool, read: list[float | None], mean: float) -> None:
    """Zeros of the padding are shown where they count, and nothing where they do not."""
    layer = layers.AvgPool2d(2, 2, 1, count_include_pad=counts)
    found = shown(PAIR, [Node("p", layer)], {}, Selection("p", 1, 0, 0))
    assert found["settings"] == [[1, 2, 2, 2, 2, 1, 1, 1, 1, 3, 4, 0, 0]]
    assert found["window_0"] == [read[:2], read[2:]]
    assert found["before"] == found["result"] == [[mean]]
    found = shown(PAIR, [Node("p", layers.AdaptiveAvgPool2d(1))], {}, Selection("p", 1, 0, 0))
    assert found["settings"] == [[1, 3, 4, 1, 1, 0, 0, 1, 1, 3, 4, 0, 0]]
    assert found["window_0"] == (-X[0]).tolist()
    assert found["result"] == [[-6.5]]


@pytest.mark.parametrize(
    ("row", "column", "read"), [(0, 0, [2, 1, 10]), (2, 1, [0, 0, 1]), (4, 5, [2, 2, 11]), (5, 0, [1, 1, 6])]
)
def test_mirror(row: int, column: int, read: list[float]) -> None:
    """One column at the left and two at the right, two rows above and one below, without the edge itself."""
    found = shown(X, [Node("m", layers.ReflectionPad2d((1, 2, 2, 1)))], {}, Selection("m", 0, row, column))
    assert found["window_row"] + found["window_column"] + found["window_0"] == [[n] for n in read]
    assert found["settings"] == [[1, 1, 1, 1, 1, 2, 1, 1, 1, 3, 4, 0, 0]]


def test_several_layers() -> None:
    """A sum has a window for each layer that it reads; of joined layers only that in whose turn it is is shown."""
    nodes = [Node("twice", layers.Add(), ("input", "input")), Node("both", layers.Concat(), ("input", "twice"))]
    found = shown(X, nodes, {}, Selection("twice", 0, 1, 2))
    assert [found[f"window_{k}"] for k in range(2)] == [[[7]], [[7]]]
    assert [found[name] for name in ("before", "result")] == [[[14]], [[14]]]
    assert found["settings"] == [[2, 1, 1, 1, 1, 0, 0, 1, 1, 3, 4, 0, 0]]
    found = shown(X, nodes, {}, Selection("both", 1, 1, 2))
    assert [found[name] for name in ("window_row", "window_column", "window_0")] == [[[1]], [[2]], [[14]]]
    assert found["settings"] == [[1, 1, 1, 1, 1, 0, 0, 1, 1, 3, 4, 0, 0]]
    found = shown(X.ravel(), nodes, {}, Selection("both", 14, 0, 0))
    assert [found[name] for name in ("window_row", "window_column", "window_0")] == [[[2]], [[0]], [[6]]]


@pytest.mark.parametrize(
    ("layer", "before", "result"),
    [
        (layers.LeakyReLU(0.25), -8, -2),
        (layers.Sigmoid(), -8, 1 / (1 + np.exp(8.0))),
        (layers.Tanh(), -8, np.tanh(-8.0)),
        (layers.BatchNorm2d(2, eps=1.0), -8, (-8 - 2) / 2 * 2 + 3),
        (layers.BatchNorm2d(2, eps=1.0, affine=False), -8, -5),
    ],
)
def test_elementwise(layer: layers.Layer, before: float, result: float) -> None:
    """`before` is what is read by the first elementwise layer, inline or not; all of them lead to the result."""
    own = {"weight": [9.0, 2.0], "bias": [9.0, 3.0], "running_mean": [9.0, 2.0], "running_var": [9.0, 3.0]}
    weights = {f"it.{key}": np.array(own[key]) for key in layer.weight_shapes}
    for pool in ([], [Node("pool", layers.MaxPool2d(1))]):
        nodes = [*pool, Node("it", layer, inline=bool(pool))]
        found = shown(PAIR, nodes, weights, Selection(nodes[0].name, 1, 1, 3))
        assert found["before"] == [[before]]
        assert found["result"] == found["cell"] == [[pytest.approx(result, abs=1e-15)]]
        assert found["settings"] == [[1, 1, 1, 1, 1, 0, 0, 1, 1, 3, 4, 0, 0]]


def test_log_softmax() -> None:
    """The shares are shown, too; what comes out is the logarithm of one."""
    found = shown(np.array([0.0, np.log(3.0)]), [Node("s", layers.LogSoftmax())], {}, Selection("s", 0, 0, 0))
    np.testing.assert_allclose(np.array(found["softmax"], float)[:, 3], [0.25, 0.75], rtol=1e-15)
    assert found["before"] == found["result"] == [[pytest.approx(np.log(0.25), abs=1e-15)]]


def made_of(layer: layers.Layer, at: int, found: Mapping[str, FloatArray]) -> float:
    """What the tables of an element come to, before its elementwise layers."""
    bias, window = found.get("bias", np.zeros((1, 1)))[0, 0], found.get("window_0", np.zeros((1, 1)))
    channels = int(found["settings"][0, 0])
    match layer:
        case layers.Conv2d() | layers.Linear():
            panel = "dense_" if isinstance(layer, layers.Linear) else ""
            made = sum(np.sum(found[f"{panel}window_{k}"] * found[f"{panel}kernel_{k}"]) for k in range(channels))
            return float(made + bias)
        case layers.MaxPool2d():
            return float(np.nanmax(window))
        case layers.AvgPool2d() | layers.AdaptiveAvgPool2d():
            return float(np.nanmean(window))
        case layers.Softmax():
            return float(found["softmax"][at, 3])
        case layers.LogSoftmax():
            return float(found["softmax"][at, 1] - np.log(found["exp_sum"][0, 0]))
        case layers.Add():
            return float(sum(found[f"window_{k}"][0, 0] for k in range(channels)))
    return float(window[0, 0])


@given(strategies.networks(), st.data())
def test_steps_lead_to_the_result(network: Network, data: st.DataObject) -> None:
    """In any network: what is shown of a window makes the numbers that the reference has by another route."""
    outputs = reference.forward(network, strategies.inputs(network, 0))
    rng = np.random.default_rng(0)
    assert len(network.fused) == sum(not (node.inline or node.layer.view) for node in network.nodes)
    for number, cells in enumerate(network.fused, 1):
        output, layer = outputs[cells.shows], cells.node.layer
        at = tuple(data.draw(st.integers(0, n - 1)) for n in output.shape)
        found = steps(network, Selection(cells.node.name, *(*at, *rng.integers(0, 9, 2))[:3]), outputs)
        assert found["number"] == number
        assert found["result"] == found["cell"] == output[at]
        own = outputs[cells.node.inputs[0] if layer.elementwise else cells.node.name][at]
        np.testing.assert_allclose(found["before"][0, 0], own, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(made_of(layer, at[0], found), own, rtol=1e-9, atol=1e-9)


@given(strategies.networks())
def test_windows_fit(network: Network) -> None:
    """The largest windows hold those of every layer, and one of them is as large in each direction."""
    outputs = reference.forward(network, strategies.inputs(network, 0))
    by_panel: dict[str, list[tuple[float, ...]]] = {}
    panels = {layers.Linear: "dense_", layers.Softmax: "softmax", layers.LogSoftmax: "softmax"}
    for cells in network.fused:
        settings = steps(network, Selection(cells.node.name, 0, 0, 0), outputs)["settings"]
        panel = panels.get(type(cells.node.layer), "")
        by_panel.setdefault(panel, []).append(tuple(settings[0, :3].tolist()))
    assert largest_windows(network) == {panel: tuple(map(max, *sizes, sizes[0])) for panel, sizes in by_panel.items()}


@given(strategies.networks(), st.integers(0, 99))
def test_many_elements_are_told_as_one_by_one(network: Network, seed: int) -> None:
    """In any network: all elements of a layer at once have the tables and the texts that each has by itself."""
    outputs = reference.forward(network, strategies.inputs(network, seed))
    for cells in network.fused:
        name = cells.node.name
        at = np.array(list(np.ndindex(as_image(network.shapes[cells.shows]))))
        together = explain(network, name, at, outputs)
        texts = together.texts(1e-9)
        for lane in np.random.default_rng(seed).integers(len(at), size=3).tolist():
            alone = explain(network, name, at[lane : lane + 1], outputs)
            assert alone.steps.keys() == together.steps.keys()
            for table, values in alone.steps.items():
                np.testing.assert_allclose(together.steps[table][lane], values[0], rtol=1e-13, atol=1e-13)
            assert [in_full(text) for text in alone.texts(1e-9)[0]] == [in_full(text) for text in texts[lane]]
