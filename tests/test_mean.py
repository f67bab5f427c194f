"""What a layer's elements are, said once: in numbers what the reference and PyTorch compute."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import needs_torch
from tests.strategies import some_layer
from xlconv import mean, reference
from xlconv.errors import NetworkError
from xlconv.formula.elements import Floats
from xlconv.formula.field import Residues
from xlconv.layers import (
    LAYER_TYPES,
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
from xlconv.network import FloatArray

SHAPES: list[Shape] = [(1, 6, 6), (2, 5, 7), (3, 4, 4), (1, 8, 5), (2, 3, 3), (5,), (1,), (7,)]
ONE_OF_EACH: list[tuple[Layer, Shape]] = [
    (Conv2d(2, 3, (2, 3), (2, 1), (1, 2)), (2, 5, 6)),
    (Conv2d(1, 2, 3, bias=False), (1, 6, 6)),
    (Linear(6, 4), (6,)),
    (Linear(3, 2, bias=False), (3,)),
    (MaxPool2d((2, 3), (1, 2), (1, 1), ceil_mode=True), (2, 5, 6)),
    (MaxPool2d(2), (1, 5, 5)),
    (ZeroPad2d((1, -1, 0, 2)), (2, 4, 4)),
    (ReLU(), (2, 3, 3)),
    (ReLU(), (4,)),
    (Flatten(), (2, 3, 2)),
    (Softmax(), (5,)),
    (LogSoftmax(), (5,)),
    (Conv2d(4, 6, (2, 3), (1, 2), (1, 0, 2, 0), (2, 1), 2), (4, 5, 7)),
    (AvgPool2d((3, 2), (2, 2), (1, 1), ceil_mode=True), (2, 6, 5)),
    (AvgPool2d((3, 2), (2, 2), (1, 1), ceil_mode=True, count_include_pad=False), (2, 6, 5)),
    (AdaptiveAvgPool2d(1), (3, 4, 5)),
    (ReflectionPad2d((1, 2, 3, 0)), (2, 4, 5)),
    (LeakyReLU(0.1), (2, 3, 3)),
    (Sigmoid(), (4,)),
    (Tanh(), (2, 3, 3)),
    (BatchNorm2d(3), (3, 2, 2)),
    (BatchNorm1d(3, affine=False), (3,)),
    (Add(), (2, 3, 3)),
    (Concat(), (2, 3, 3)),
    (Concat(), (4,)),
    (Dropout(), (2, 3, 3)),
]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Layer, FloatArray, dict[str, FloatArray]]:
    """A layer, an input and weights."""
    shape = draw(st.sampled_from(SHAPES))
    return case(draw(some_layer(shape)), shape, draw(st.integers(0, 2**32)))


def case(layer: Layer, shape: Shape, seed: int) -> tuple[Layer, FloatArray, dict[str, FloatArray]]:
    rng = np.random.default_rng(seed)
    weights = {key: rng.standard_normal(size) for key, size in layer.weight_shapes.items()}
    weights = {key: np.abs(array) if key in layer.never_negative else array for key, array in weights.items()}
    return layer, rng.standard_normal(shape) * 10.0 ** rng.integers(-1, 2), weights


def operands(x: FloatArray, weights: Mapping[str, FloatArray], **parts: FloatArray) -> mean.Operands[Floats]:
    known = {name: Floats.of(array.ravel()) for name, array in parts.items()}
    source, own = mean.Source(Floats.of(x)), {key: Floats.of(w) for key, w in weights.items()}
    return mean.Operands(source, own, known, (source, source))  # of what reads several, all are the same


def shape_of(layer: Layer, shape: Shape) -> Shape:
    return layer.joined_shape([shape] * (3 if layer.several else 1))


def applied(layer: Layer, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """What the reference computes, of what reads several from three times the same."""
    return reference.apply(layer, x, weights, *([x, x] if layer.several else []))


def everywhere(shape: Shape) -> list[Any]:
    return list(np.indices(shape).reshape(len(shape), -1))


def elements(layer: Layer, x: FloatArray, weights: Mapping[str, FloatArray], **parts: FloatArray) -> FloatArray:
    """All elements, in the output's shape."""
    shape = shape_of(layer, x.shape)
    return mean.mean(layer, operands(x, weights, **parts), everywhere(shape)).data[0].reshape(shape)


def assert_close(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_every_layer_type_has_its_case() -> None:
    """The list of one of each leaves out no layer type."""
    assert {type(layer) for layer, _ in ONE_OF_EACH} == set(LAYER_TYPES.values())


@pytest.mark.parametrize(("layer", "shape"), ONE_OF_EACH)
def test_one_of_each(layer: Layer, shape: Shape) -> None:
    """In numbers every layer type means what the reference computes."""
    layer, x, weights = case(layer, shape, 3)
    assert_close(elements(layer, x, weights), applied(layer, x, weights))


@settings(max_examples=150)
@given(cases())
def test_random_layers(given_case: tuple[Layer, FloatArray, dict[str, FloatArray]]) -> None:
    """So do layers of any size, stride and padding, with and without bias or a last window that is cut off."""
    layer, x, weights = given_case
    assert_close(elements(layer, x, weights), applied(layer, x, weights))


@settings(max_examples=80)
@given(cases(), st.integers(0, 2**32))
def test_some_elements(given_case: tuple[Layer, FloatArray, dict[str, FloatArray]], seed: int) -> None:
    """Elements in any order, some of them twice, are those at their index."""
    layer, x, weights = given_case
    shape = shape_of(layer, x.shape)
    flat = np.random.default_rng(seed).integers(0, np.prod(shape), 5)
    at = list(np.unravel_index(flat, shape))
    found = mean.mean(layer, operands(x, weights), at).data[0]
    assert found.shape == (5,)
    assert_close(found, applied(layer, x, weights).ravel()[flat])


PARTS = [["exp"], ["max"], ["max", "exp"], ["max", "exp", "sum"], ["exp", "sum"], ["plain exp"], ["plain exp", "sum"]]


@pytest.mark.parametrize("names", PARTS, ids=" ".join)
def test_intermediate_results(names: list[str]) -> None:
    """Each intermediate result is the reference's, from those before it; so is the output from all of them."""
    layer, x, _ = case(Softmax(), (6,), 5)
    known: dict[str, FloatArray] = {}
    for name, right in reference.parts(layer, x, names).items():
        at = everywhere(right.shape)
        assert_close(mean.part(layer, name, operands(x, {}, **known), at).data[0], right)
        some = [np.array([right.size - 1])]
        assert_close(mean.part(layer, name, operands(x, {}, **known), some).data[0][-1:], right[-1:])
        known[name] = right
    assert list(known) == names
    assert_close(elements(layer, x, {}, **known), reference.apply(layer, x, {}))


def test_known_parts_are_believed() -> None:
    """A softmax is made of the intermediate results that are given, whatever they are."""
    layer, x, _ = case(Softmax(), (3,), 5)
    exp, total = np.array([1.0, 2.0, 5.0]), np.array([4.0])
    assert_close(elements(layer, x, {}, exp=exp), exp / 8)
    assert_close(elements(layer, x, {}, exp=exp, sum=total), exp / 4)
    largest = mean.part(layer, "exp", operands(x, {}, max=np.array([2.0])), everywhere((3,)))
    assert_close(largest.data[0], np.exp(x - 2))


def test_unknown_layers_and_parts() -> None:
    """A layer that nobody has told, or a part that a layer does not have, is an error that names it."""
    with pytest.raises(NetworkError, match="what Layer means"):
        mean.mean(Layer(), operands(np.zeros(2), {}), everywhere((2,)))
    with pytest.raises(NetworkError, match="ReLU has no intermediate result 'max'"):
        mean.part(ReLU(), "max", operands(np.zeros(2), {}), everywhere((2,)))


def test_places_where_there_is_nothing() -> None:
    """A place without a cell is 0 in a sum, and counts for nothing in the largest."""
    x, there = np.array([[[-1.0, 50.0], [-3.0, -4.0]]]), np.array([[[True, False], [True, True]]])
    source = mean.Source(Floats.of(np.where(there, x, 0)), there)
    pooled = mean.mean(MaxPool2d(2), mean.Operands(source), everywhere((1, 1, 1)))
    summed = mean.mean(
        Conv2d(1, 1, 2, bias=False),
        mean.Operands(source, {"weight": Floats.of(np.ones((1, 1, 2, 2)))}),
        everywhere((1, 1, 1)),
    )
    assert (pooled.data.item(), summed.data.item()) == (-1.0, -8.0)


def test_prediction() -> None:
    """The place of the largest from 0, the first of equals; or its label."""
    x = Floats.of([1.0, 7.0, 7.0, -2.0])
    assert mean.prediction(x, None).data.tolist() == [[1.0]]
    assert mean.prediction(x, Floats.of([10.0, 20.0, 30.0, 40.0])).data.tolist() == [[20.0]]


def test_inline() -> None:
    """What an inline ReLU makes of elements."""
    assert mean.element(ReLU(), Floats.of([-1.0, 0.0, 2.5]), {}).data.tolist() == [[0.0, 0.0, 2.5]]


@pytest.mark.parametrize(("layer", "shape"), ONE_OF_EACH)
def test_how_much_is_read(layer: Layer, shape: Shape) -> None:
    """About how many numbers an element reads: for sums and windows as many as there are."""
    window = prod(getattr(layer, "kernel_size", (1, 1)))
    count = {Linear: shape[0], MaxPool2d: window, AvgPool2d: window, AdaptiveAvgPool2d: prod(shape)}
    count |= dict.fromkeys((Softmax, LogSoftmax), shape[0])
    if isinstance(layer, Conv2d):
        count[Conv2d] = layer.group_size * window
    assert mean.reads(layer, shape) == count.get(type(layer), 1)


# In the field


def test_convolution_in_the_field_is_a_sum_over_loops() -> None:
    """Of any numbers a convolution is the sum of products that a loop over its definition gives, in any order."""
    layer = Conv2d(2, 2, (2, 3), (2, 1), (1, 1))
    x, w, b = Residues.drawn((2, 4, 5)), Residues.drawn((2, 2, 2, 3)), Residues.drawn((2,))
    shape = layer.output_shape((2, 4, 5))
    found = mean.mean(layer, mean.Operands(mean.Source(x), {"weight": w, "bias": b}), everywhere(shape))
    compared = 0
    for at, (o, i, j) in enumerate(np.ndindex(*shape)):
        total = b[o]
        for n, m, c in np.ndindex(3, 2, 2):
            row, column = 2 * i + m - 1, j + n - 1
            if 0 <= row < 4 and 0 <= column < 5:
                total = x[c, row, column] * w[o, c, m, n] + total
        assert found[at].same(total).all()
        compared += 1
    assert compared == 2 * 3 * 5


def test_pooling_and_softmax_in_the_field() -> None:
    """The largest of a window in two steps, and a softmax without the maximum, are the same; of other numbers not."""
    x = Residues.drawn((1, 2, 4))
    found = mean.mean(MaxPool2d(2), mean.Operands(mean.Source(x)), everywhere((1, 1, 2)))
    for j in range(2):
        window = x[0, :, 2 * j : 2 * j + 2]
        rows = [window[row].largest().taken(..., 0) for row in (1, 0)]
        assert found[j].same(Residues.largest_of(rows)).all()
    logits = Residues.drawn((4,))
    y = mean.mean(Softmax(), mean.Operands(mean.Source(logits)), everywhere((4,)))
    assert y.same(logits.exp() / logits.exp().sum()).all()
    assert not y.same(logits.exp() / logits[:3].exp().sum()).any()


@needs_torch
@pytest.mark.torch
@settings(max_examples=60)
@given(cases())
def test_pytorch(given_case: tuple[Layer, FloatArray, dict[str, FloatArray]]) -> None:
    """PyTorch computes the same."""
    import torch

    from xlconv.network import Network, Node
    from xlconv.pytorch import TorchNetwork

    layer, x, weights = given_case
    network = Network(x.shape, [Node("layer", layer)], {f"layer.{key}": w for key, w in weights.items()})
    with torch.no_grad():
        outputs = TorchNetwork(network).double().loaded(network.weights).outputs(torch.from_numpy(x)[None])
    assert_close(elements(layer, x, weights), outputs["layer"][0].numpy())
