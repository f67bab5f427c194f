"""Every layer's output as tables, for notebooks."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xlconv
from tests.strategies import networks
from xlconv import reference
from xlconv.errors import NetworkError
from xlconv.layers import Conv2d, Flatten, Linear, ReLU, Softmax
from xlconv.network import FloatArray, Network, Node
from xlconv.templates import Template
from xlconv.tracing import ORANGES, class_layers, scale


def as_array(frame: pd.DataFrame) -> FloatArray:
    """The numbers of a table in the layer's shape."""
    numbers: FloatArray = frame.to_numpy()
    shape = (*frame.index.levshape, -1) if isinstance(frame.index, pd.MultiIndex) else -1
    return numbers.reshape(shape)


def small(classes: tuple[str, ...] = ("a", "b", "c")) -> Network:
    """2x3x2, a ReLU, and three classes."""
    nodes = [
        Node("conv", Conv2d(2, 1, 1, bias=False)),
        Node("relu", ReLU(), inline=True),
        Node("flat", Flatten()),
        Node("hidden", Linear(6, 3, bias=False)),
        Node("fc", Linear(3, 3, bias=False)),
        Node("relu2", ReLU()),
        Node("softmax", Softmax()),
    ]
    rng = np.random.default_rng(3)
    shapes = {f"{node.name}.{key}": shape for node in nodes for key, shape in node.layer.weight_shapes.items()}
    return Network((2, 3, 2), nodes, {key: rng.standard_normal(shape) for key, shape in shapes.items()}, classes)


@given(networks(), st.integers(0, 100))
def test_trace_is_the_reference(network: Network, seed: int) -> None:
    """The tables are `input` and the layers in order, and hold what the reference model computes, exactly."""
    x = np.random.default_rng(seed).standard_normal(network.input_shape)
    expected = reference.forward(network, x)
    traced = network.trace(x)
    assert list(traced) == list(expected)
    assert len(traced) == len(expected)
    for name, frame in traced.items():
        np.testing.assert_array_equal(as_array(frame), expected[name])


def test_images_by_channel_and_row() -> None:
    """An image's rows are (channel, row), its columns the image's."""
    x = np.arange(12.0).reshape(2, 3, 2)
    frame = small().trace(x)["input"]
    assert frame.index.names == ["channel", "row"]
    assert frame.columns.name == "column"
    assert frame.loc[(1, 2), 0] == x[1, 2, 0] == 10.0
    pd.testing.assert_frame_equal(frame.loc[0], pd.DataFrame(x[0]), check_names=False)


def test_vectors_by_class() -> None:
    """The layers at the end whose elements are the classes have their names; others of that length have not."""
    network = small()
    assert class_layers(network) == {"fc", "relu2", "softmax"}
    traced = network.trace(np.ones((2, 3, 2)).tolist())
    for name in ("fc", "relu2", "softmax"):
        assert list(traced[name].index) == ["a", "b", "c"]
    assert list(traced["hidden"].index) == [0, 1, 2]
    assert list(small(classes=()).trace(np.ones((2, 3, 2)))["softmax"].index) == [0, 1, 2]


@pytest.mark.parametrize("x", [np.zeros((1, 3, 2)), "a text", [[1], [2, 3]], None, [[object()]]])
def test_other_inputs_are_refused(x: object) -> None:
    """What is not an input of the network is refused in one line."""
    with pytest.raises(NetworkError) as caught:
        xlconv.trace(small(), x)  # type: ignore[arg-type]
    assert "\n" not in caught.value.message


def test_trace_stays_callable(template: Template) -> None:
    """The public name is the function, also after it was used."""
    x = np.zeros(template.network.input_shape)
    for _ in range(2):
        assert "conv1" in xlconv.trace(template.network, x)


class Page(HTMLParser):
    """The texts, tags and inline colours of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


HOSTILE = ("<script>alert(1)</script>", "a&amp;b", "\x1b[31m\n")


def page(network: Network) -> tuple[str, Page]:
    html = network.trace(np.ones((2, 3, 2)))._repr_html_()
    return html, Page(html)


def test_notebook_shows_heat_maps() -> None:
    """Each layer is a table of its own under its name, type and shape; its cells are coloured."""
    html, seen = page(small())
    assert seen.tags.count("table") == 8
    assert {"conv", "softmax", "input"} <= set(seen.texts)
    assert "background-color" in html
    assert any("Conv2d 1x3x2" in text for text in seen.texts)


def test_notebook_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what colours need, the tables are plain."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    html, seen = page(small())
    assert seen.tags.count("table") == 8
    assert "background-color" not in html


@pytest.mark.parametrize("package", ["", "matplotlib", "jinja2"])
def test_class_names_are_texts(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class's name is shown as it is, and does nothing."""
    if package:
        monkeypatch.setitem(sys.modules, package, None)
    _, seen = page(small(HOSTILE))
    assert "script" not in seen.tags
    assert {"<script>alert(1)</script>", "a&amp;b", "\\x1b[31m\\n"} <= set(seen.texts)


def test_large_tables_are_cut() -> None:
    """A page stays small enough to be shown."""
    network = Network((1, 200, 200), [Node("relu", ReLU())], {})
    traced = network.trace(np.ones((1, 200, 200)))
    assert traced["relu"].shape == (200, 200)
    assert len(traced._repr_html_()) < 500_000


def test_scale() -> None:
    """Zero has the quiet colour: symmetric where numbers are below it, from it up where none is."""
    assert scale(np.array([0.0, 3.0, np.nan])) == (ORANGES, 0.0, 3.0)
    assert scale(np.array([-4.0, 3.0, np.inf]))[1:] == (-4.0, 4.0)
    assert scale(np.array([1.0, 3.0]), signed=True)[1:] == (-3.0, 3.0)
    assert scale(np.zeros(3))[1:] == (0.0, 1.0)
    assert scale(np.ones(3), is_input=True).colours != ORANGES


def test_pandas_comes_late() -> None:
    """To load the library costs no pandas, and a trace no Matplotlib before it is shown."""
    code = (
        "import sys, numpy as np, xlconv; n = xlconv.load('conv-example').network; print('pandas' in sys.modules);"
        "xlconv.trace(n, np.zeros((1, 28, 28))); print('pandas' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
