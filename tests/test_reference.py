"""The reference model, against small cases worked by hand and against PyTorch."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import needs_torch
from tests.strategies import inputs, networks
from xlconv import reference
from xlconv.errors import NetworkError
from xlconv.layers import Conv2d, Flatten, Layer, Linear, MaxPool2d, ReLU, Shape, Softmax, ZeroPad2d
from xlconv.network import INPUT, Network, Node

X = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]])
KERNEL = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])


def apply(layer: object, x: np.ndarray, **weights: np.ndarray) -> list[object]:
    return reference.apply(layer, x, weights).tolist()  # type: ignore[arg-type]


def test_convolution_by_hand() -> None:
    """The kernel is laid on each window as it is, not flipped: 1 - 5, 2 - 6, 4 - 8, 5 - 9."""
    assert apply(Conv2d(1, 1, 2, bias=False), X, weight=KERNEL) == [[[-4.0, -4.0], [-4.0, -4.0]]]


def test_convolution_with_padding_stride_and_bias_by_hand() -> None:
    """Zeros stand outside the input; windows begin at -1 and 1; the bias is added: e.g. 0 - 1 + 10 = 9."""
    layer = Conv2d(1, 1, 2, stride=2, padding=1)
    assert apply(layer, X, weight=KERNEL, bias=np.array([10.0])) == [[[9.0, 7.0], [3.0, 6.0]]]


def test_channels_are_added() -> None:
    """Each output channel is the sum over all input channels."""
    x = np.array([[[2.0]], [[3.0]]])
    weight = np.array([[[[10.0]], [[100.0]]], [[[1.0]], [[-1.0]]]])
    assert apply(Conv2d(2, 2, 1, bias=False), x, weight=weight) == [[[320.0]], [[-1.0]]]


def test_pooling_by_hand() -> None:
    """The largest of each window; what the last stride leaves over is dropped; padding never wins."""
    assert apply(MaxPool2d(2), X) == [[[5.0]]]
    assert apply(MaxPool2d(2, stride=1), X) == [[[5.0, 6.0], [8.0, 9.0]]]
    assert apply(MaxPool2d(2, stride=2, padding=1), -X) == [[[-1.0, -2.0], [-4.0, -5.0]]]


def test_pooling_with_a_window_cut_off_by_hand() -> None:
    """With ceil_mode the windows at the end read what there is; one that would begin in the padding is left out."""
    assert apply(MaxPool2d(2, ceil_mode=True), X) == [[[5.0, 6.0], [8.0, 9.0]]]
    assert apply(MaxPool2d(2, ceil_mode=True), -X) == [[[-1.0, -3.0], [-7.0, -9.0]]]
    assert apply(MaxPool2d(2, stride=2, padding=1, ceil_mode=True), -X) == [[[-1.0, -2.0], [-4.0, -5.0]]]


def test_zero_padding_by_hand() -> None:
    """Zeros on the sides with positive numbers, rows and columns cut off where they are negative."""
    assert apply(ZeroPad2d((1, 0, 0, 1)), X[:, :2, :2]) == [[[0.0, 1.0, 2.0], [0.0, 4.0, 5.0], [0.0, 0.0, 0.0]]]
    assert apply(ZeroPad2d((-1, 1, -2, 0)), X) == [[[8.0, 9.0, 0.0]]]


def test_softmax_parts_by_hand() -> None:
    """The intermediate results that a spreadsheet may show, in the order asked for, each from those before it."""
    x = np.array([0.0, math.log(3.0)])
    found = reference.parts(Softmax(), x, ["max", "exp", "sum"])
    assert list(found) == ["max", "exp", "sum"]
    np.testing.assert_allclose(found["max"], [math.log(3.0)])
    np.testing.assert_allclose(found["exp"], [1 / 3, 1.0])
    np.testing.assert_allclose(found["sum"], [4 / 3])
    plain = reference.parts(Softmax(), x, ["plain exp", "sum"])
    np.testing.assert_allclose(plain["plain exp"], [1.0, 3.0])
    np.testing.assert_allclose(plain["sum"], [4.0])
    np.testing.assert_allclose(reference.parts(Softmax(), x, ["exp"])["exp"], [1 / 3, 1.0])
    for known in (found, plain):
        np.testing.assert_allclose(reference.from_parts(Softmax(), x, known), [0.25, 0.75])
    with pytest.raises(NetworkError, match="no intermediate result 'mean'"):
        reference.part(Softmax(), "mean", x, {})
    with pytest.raises(NetworkError, match="ReLU has no intermediate result"):
        reference.part(ReLU(), "exp", x, {})


def test_parts_begin_with_what_is_known() -> None:
    """A part follows the value that is known of the one before it, right or wrong: so a fault is told from its wake."""
    x = np.array([0.0, 1.0])
    np.testing.assert_allclose(reference.part(Softmax(), "exp", x, {"max": np.array([1.0])}), np.exp([-1.0, 0.0]))
    np.testing.assert_allclose(reference.part(Softmax(), "exp", x, {"max": np.array([0.0])}), np.exp([0.0, 1.0]))
    np.testing.assert_allclose(reference.part(Softmax(), "sum", x, {"exp": np.array([2.0, 5.0])}), [7.0])


def test_the_rest_by_hand() -> None:
    """ReLU, flatten, linear and softmax."""
    assert apply(ReLU(), np.array([-1.0, 0.0, 2.0])) == [0.0, 0.0, 2.0]
    assert apply(Flatten(), X) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    weight = np.array([[1.0, 2.0], [0.0, -1.0]])
    assert apply(Linear(2, 2), np.array([3.0, 4.0]), weight=weight, bias=np.array([0.5, 0.0])) == [11.5, -4.0]
    assert apply(Softmax(), np.array([0.0, math.log(3.0)])) == pytest.approx([0.25, 0.75], abs=1e-16)


def test_softmax_does_not_overflow() -> None:
    """Logits in the thousands are no trouble, as the largest is subtracted first."""
    assert apply(Softmax(), np.array([1000.0, 1000.0, -1000.0])) == [0.5, 0.5, 0.0]


def test_forward_names_every_layer() -> None:
    """All outputs come back by name, each from the layer that its node names."""
    nodes = [Node("neg", Linear(1, 1, bias=False)), Node("a", ReLU()), Node("b", ReLU(), ("input",))]
    net = Network((1,), nodes, {"neg.weight": np.array([[-1.0]])})
    outputs = reference.forward(net, np.array([3.0]))
    assert {name: value.tolist() for name, value in outputs.items()} == {
        "input": [3.0],
        "neg": [-3.0],
        "a": [0.0],
        "b": [3.0],
    }


def test_a_wrong_input_is_refused() -> None:
    """An input of another shape is an error, not broadcast."""
    with pytest.raises(NetworkError, match="the network reads"):
        reference.forward(Network((2,), [Node("r", ReLU())], {}), np.zeros(1))


@needs_torch
@pytest.mark.torch
@settings(max_examples=150)
@given(networks(), st.integers(0, 1000))
def test_equals_pytorch(network: Network, seed: int) -> None:
    """Every layer of a random network has PyTorch's output, to 1e-9."""
    import torch

    from xlconv.pytorch import TorchNetwork

    x = inputs(network, seed)
    module = TorchNetwork(network).double().loaded(network.weights)
    with torch.no_grad():
        theirs = module.outputs(torch.from_numpy(x)[None])
    outputs = reference.forward(network, x)
    assert outputs.keys() == {INPUT, *(node.name for node in network.nodes)}
    for name, ours in outputs.items():
        np.testing.assert_allclose(ours, theirs[name][0].numpy(), rtol=1e-9, atol=1e-9, err_msg=name)


def theirs_and_ours(layer: Layer, shape: Shape) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What PyTorch and the reference make of an input of a shape, all below zero; None where they refuse it."""
    import torch

    from xlconv.pytorch import module

    x = -1.0 - np.random.default_rng(0).random(shape)
    try:
        theirs = module(layer)(torch.from_numpy(x)[None])[0].numpy()
    except RuntimeError:
        theirs = None
    try:
        size = layer.output_shape(shape)
    except NetworkError:
        return theirs, None
    ours = reference.apply(layer, x, {})
    assert ours.shape == size
    return theirs, ours


@needs_torch
@pytest.mark.torch
def test_every_small_pooling_equals_pytorch() -> None:
    """For all sizes, kernels, strides, paddings and both modes: PyTorch's numbers, and refused where it refuses."""
    done = refused = 0
    for n, k, s, ceil_mode in product(range(1, 7), range(1, 5), range(1, 5), (False, True)):
        for p in range(k // 2 + 1):
            theirs, ours = theirs_and_ours(MaxPool2d((k, 1), (s, 1), (p, 0), ceil_mode), (1, n, 2))
            assert (ours is None) == (theirs is None), (n, k, s, p, ceil_mode)
            np.testing.assert_array_equal(ours, theirs, err_msg=str((n, k, s, p, ceil_mode)))
            done, refused = done + 1, refused + (ours is None)
    assert 0 < refused < done // 4


@needs_torch
@pytest.mark.torch
def test_every_small_padding_equals_pytorch() -> None:
    """For all combinations of sides from -3 to 2: PyTorch's numbers; refused where nothing of the input is left."""
    done = refused = 0
    for sides in product(range(-3, 3), repeat=4):
        theirs, ours = theirs_and_ours(ZeroPad2d(sides), (2, 3, 4))
        if ours is None:
            left, right, top, bottom = (min(side, 0) for side in sides)
            assert 3 + top + bottom < 1 or 4 + left + right < 1
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=str(sides))
        done, refused = done + 1, refused + (ours is None)
    assert refused < done // 2
