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
from xlconv.layers import (
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


def test_groups_by_hand() -> None:
    """Each output channel reads its own half of the channels: 10 of the first, 100 of the second."""
    x = np.array([[[2.0]], [[3.0]]])
    weight = np.array([10.0, 1.0, 100.0, -1.0]).reshape(4, 1, 1, 1)
    assert apply(Conv2d(2, 4, 1, groups=2, bias=False), x, weight=weight) == [[[20.0]], [[2.0]], [[300.0]], [[-3.0]]]


def test_dilation_by_hand() -> None:
    """Every other cell is read: 1 - 9 in the middle; with padding by side 0 - 8 at the left and 4 - 0 at the right."""
    assert apply(Conv2d(1, 1, 2, dilation=2, bias=False), X, weight=KERNEL) == [[[-8.0]]]
    layer = Conv2d(1, 1, 2, padding=(1, 1, 0, 0), dilation=2, bias=False)
    assert apply(layer, X, weight=KERNEL) == [[[-8.0, -8.0, 2.0]]]


def test_padding_by_side_by_hand() -> None:
    """One row above and one column at the right: 0 - 2, 0 - 3, 0 - 0; 1 - 5, 2 - 6, 3 - 0; 4 - 8, 5 - 9, 6 - 0."""
    layer = Conv2d(1, 1, 2, padding=(0, 1, 1, 0), bias=False)
    assert apply(layer, X, weight=KERNEL) == [[[-2.0, -3.0, 0.0], [-4.0, -4.0, 3.0], [-4.0, -4.0, 6.0]]]


def test_means_by_hand() -> None:
    """Zeros of the padding count unless said; what lies beyond them, with ceil_mode, never does."""
    assert apply(AvgPool2d(2), X) == [[[3.0]]]
    assert apply(AvgPool2d(2, stride=1), X) == [[[3.0, 4.0], [6.0, 7.0]]]
    assert apply(AvgPool2d(2, padding=1), X) == [[[0.25, 1.25], [2.75, 7.0]]]
    assert apply(AvgPool2d(2, padding=1, count_include_pad=False), X) == [[[1.0, 2.5], [5.5, 7.0]]]
    assert apply(AvgPool2d(2, ceil_mode=True), X) == [[[3.0, 4.5], [7.5, 9.0]]]
    assert apply(AvgPool2d(3, 3, 1, ceil_mode=True), X) == [[[12 / 9, 9 / 6], [15 / 6, 9 / 4]]]
    assert apply(AvgPool2d(3, 3, 1, ceil_mode=True, count_include_pad=False), X) == [[[3.0, 4.5], [7.5, 9.0]]]
    assert apply(AdaptiveAvgPool2d(), np.concatenate([X, -2 * X])) == [[[5.0]], [[-10.0]]]


def test_reflection_by_hand() -> None:
    """The rows and columns beside the edge, in the mirror: the edge itself is not repeated."""
    assert apply(ReflectionPad2d((1, 0, 0, 2)), X) == [
        [[2.0, 1.0, 2.0, 3.0], [5.0, 4.0, 5.0, 6.0], [8.0, 7.0, 8.0, 9.0], [5.0, 4.0, 5.0, 6.0], [2.0, 1.0, 2.0, 3.0]]
    ]
    assert apply(ReflectionPad2d((0, 2, 0, 0)), X[:, :1]) == [[[1.0, 2.0, 3.0, 2.0, 1.0]]]


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


def test_elementwise_layers_by_hand() -> None:
    """1 / (1 + 1/3) and 1 / (1 + 3); (3 - 1/3) / (3 + 1/3); a fifth of what is below zero."""
    x = np.array([math.log(3.0), 0.0, -math.log(3.0)])
    assert apply(Sigmoid(), x) == pytest.approx([0.75, 0.5, 0.25], abs=1e-15)
    assert apply(Tanh(), x) == pytest.approx([0.8, 0.0, -0.8], abs=1e-15)
    assert apply(LeakyReLU(0.2), np.array([-5.0, 0.0, 5.0])) == [-1.0, 0.0, 5.0]
    assert apply(LeakyReLU(2.0), np.array([-5.0, 5.0])) == [-10.0, 5.0]
    assert apply(LeakyReLU(-1.0), np.array([-5.0, 5.0])) == [5.0, 5.0]
    assert apply(Dropout(0.9), X) == X.tolist()


def test_batch_norm_by_hand() -> None:
    """(5 - 1) / 2 * 10 + 0.5 and (5 - 2) / 1 * 100 - 1, each channel with numbers of its own."""
    own = {"running_mean": np.array([1.0, 2.0]), "running_var": np.array([3.0, 0.0])}
    affine = {"weight": np.array([10.0, 100.0]), "bias": np.array([0.5, -1.0])}
    x = np.array([[[5.0, 1.0]], [[5.0, 1.0]]])
    assert apply(BatchNorm2d(2, 1.0), x, **own, **affine) == [[[20.5, 0.5]], [[299.0, -101.0]]]
    assert apply(BatchNorm2d(2, 1.0, affine=False), x, **own) == [[[2.0, 0.0]], [[3.0, -1.0]]]
    assert apply(BatchNorm1d(2, 1.0), x[:, 0, 0], **own, **affine) == [20.5, 299.0]


def test_several_layers_by_hand() -> None:
    """Sums place by place; channels behind channels, elements behind elements."""
    x, y = np.array([[[1.0, 2.0]]]), np.array([[[10.0, 20.0]]])
    assert reference.apply(Add(), x, {}, y, y).tolist() == [[[21.0, 42.0]]]
    assert reference.apply(Concat(), x, {}, y, x).tolist() == [[[1.0, 2.0]], [[10.0, 20.0]], [[1.0, 2.0]]]
    assert reference.apply(Concat(), x[0, 0], {}, y[0, 0]).tolist() == [1.0, 2.0, 10.0, 20.0]


def test_log_softmax_by_hand() -> None:
    """The logarithms of a quarter and three quarters, whichever intermediate results are known."""
    x = np.array([0.0, math.log(3.0)])
    expected = pytest.approx([math.log(0.25), math.log(0.75)], abs=1e-15)
    assert apply(LogSoftmax(), x) == expected
    for names in (["exp"], ["max", "exp", "sum"], ["plain exp"], ["plain exp", "sum"]):
        found = reference.from_parts(LogSoftmax(), x, reference.parts(LogSoftmax(), x, names))
        assert found.tolist() == expected, names


def test_large_numbers_do_not_overflow() -> None:
    """Numbers in the thousands are no trouble: the largest is subtracted first, and of two ways the small one taken."""
    assert apply(Softmax(), np.array([1000.0, 1000.0, -1000.0])) == [0.5, 0.5, 0.0]
    assert apply(LogSoftmax(), np.array([1000.0, -1000.0])) == [0.0, -2000.0]
    with np.errstate(all="raise", under="ignore"):
        assert apply(Sigmoid(), np.array([-800.0, 800.0])) == [0.0, 1.0]
        assert apply(Tanh(), np.array([-800.0, 800.0])) == [-1.0, 1.0]


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


def test_shared_weights_and_several_inputs() -> None:
    """A layer with another's weights computes with these; one that reads several has them in their order."""
    nodes = [
        Node("one", Linear(1, 1), ("input",)),
        Node("two", Linear(1, 1), shares="one"),
        Node("sum", Add(), ("one", "two")),
        Node("both", Concat(), ("two", "sum", "input")),
    ]
    net = Network((1,), nodes, {"one.weight": [[3.0]], "one.bias": [1.0]})
    outputs = reference.forward(net, np.array([2.0]))
    assert {name: value.tolist() for name, value in outputs.items()} == {
        "input": [2.0],
        "one": [7.0],
        "two": [22.0],
        "sum": [29.0],
        "both": [22.0, 29.0, 2.0],
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
            sizes = (k, 1), (s, 1), (p, 0)
            pools: list[Layer] = [MaxPool2d(*sizes, ceil_mode=ceil_mode)]
            pools += [AvgPool2d(*sizes, ceil_mode, count_include_pad=counts) for counts in (True, False)]
            for layer in pools:
                theirs, ours = theirs_and_ours(layer, (1, n, 2))
                assert (ours is None) == (theirs is None), (n, layer)
                if theirs is not None and ours is not None:
                    np.testing.assert_allclose(ours, theirs, rtol=1e-14, err_msg=f"{n} {layer}")
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
