"""Workbooks that other people might have made: they compute their network, and it is found in them."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import handmade
from tests.conftest import needs_libreoffice
from xlconv import engines, reader, reference
from xlconv.layers import Layer, ReLU
from xlconv.network import INPUT, FloatArray, Network
from xlconv.recover import recover

ONLY_LIBREOFFICE = {"mmult"}
"""Styles with array formulas over several cells, which formualizer does not compute."""

COMPUTED = [
    pytest.param(name, "libreoffice", marks=[needs_libreoffice, pytest.mark.libreoffice])
    if name in ONLY_LIBREOFFICE
    else (name, "formualizer")
    for name in handmade.STYLES
]


@pytest.mark.parametrize(("style", "engine"), COMPUTED)
def test_style_computes_the_network(tmp_path: Path, style: str, engine: str) -> None:
    """The probabilities are the reference's, for the image in the file and for another one."""
    made = handmade.STYLES[style](tmp_path / "x.xlsx")
    package = reader.read(tmp_path / "x.xlsx").package
    program = engines.by_name(engine)
    (here,) = program.evaluate(package, [[]], made.probabilities)
    (other,) = program.evaluate(package, [[(made.input, handmade.image(2)[0].tolist())]], made.probabilities)
    for values, image in [(here, handmade.image()), (other, handmade.image(2))]:
        got = np.array(list(chain.from_iterable(chain.from_iterable(values))), float)
        np.testing.assert_allclose(got, probabilities(made.network, image), rtol=0, atol=1e-12)


@pytest.mark.parametrize("network", [handmade.network(inline=True), handmade.padded_network()], ids=["usual", "padded"])
def test_the_network_is_worth_finding(network: Network) -> None:
    """No weight is zero, each ReLU sees both signs in each channel, and no probability hides the others."""
    assert all(weight.all() for weight in network.weights.values())
    for image in (handmade.image(), handmade.image(2)):
        outputs = reference.forward(network, image)
        for node in network.nodes:
            if isinstance(node.layer, ReLU):
                on = outputs[node.name] > 0
                assert on.any(axis=(1, 2)).all()
                assert not on.all(axis=(1, 2)).any()
        assert outputs["softmax"].min() > 0.01


_PARTIAL = pytest.mark.xfail(strict=True, reason="sums of partial sums are not yet seen as one convolution")


@pytest.mark.parametrize(
    "style", [pytest.param(style, marks=[_PARTIAL] if style == "steps" else []) for style in handmade.STYLES]
)
def test_style_is_recovered(tmp_path: Path, style: str) -> None:
    """Exactly the network that the style states is found: its layers, their order, their weights, what is inline."""
    made = handmade.STYLES[style](tmp_path / "x.xlsx")
    (found,) = recover(tmp_path / "x.xlsx").networks
    assert found.network.input_shape == made.network.input_shape
    assert structure(found.network) == structure(made.network)
    for got, expected in zip(weights(found.network), weights(made.network), strict=True):
        np.testing.assert_array_equal(got, expected)


def probabilities(network: Network, image: FloatArray) -> FloatArray:
    return reference.forward(network, image)[network.nodes[-1].name]


def structure(network: Network) -> list[tuple[Layer, tuple[int, ...], bool]]:
    """Each layer, the numbers of the layers that it reads, and whether it is inline; names do not count."""
    number = {name: at for at, name in enumerate([INPUT, *(node.name for node in network.nodes)])}
    return [(node.layer, tuple(number[name] for name in node.inputs), node.inline) for node in network.nodes]


def weights(network: Network) -> list[Any]:
    """The weights in the layers' order."""
    return list(network.weights.values())
