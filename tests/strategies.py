"""Random small networks, weights and inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from xlconv import layers
from xlconv.layers import Shape
from xlconv.network import INPUT, FloatArray, Network, Node

_NAMES = ["conv1", "fc1", "R", "c", "layer.1", "bn2", "Out_3", "true", "x9", "pool"]
ELEMENTWISE = [layers.ReLU(), layers.Sigmoid(), layers.Tanh(), layers.LeakyReLU(0.2), layers.LeakyReLU()]


@st.composite
def networks(draw: st.DrawFn, most_layers: int = 5) -> Network:
    """A network of one to five layers with random weights; a layer may read any layer before it, or several."""
    shape = draw(st.sampled_from([(1, 6, 6), (2, 5, 7), (3, 4, 4), (1, 8, 5), (5,), (1,), (1, 1, 1)]))
    shapes: dict[str, Shape] = {INPUT: shape}
    nodes: list[Node] = []
    for name in draw(st.permutations(_NAMES))[: draw(st.integers(1, most_layers))]:
        node = draw(some_node(name, shapes, nodes))
        shapes[name] = node.layer.joined_shape([shapes[source] for source in node.inputs])
        nodes.append(node)
    nodes = [replace(node, inline=draw(st.booleans()) and _can_be_inline(node, nodes)) for node in nodes]
    last = shapes[nodes[-1].name]
    classes = [f"class {n}" for n in range(last[0])] if len(last) == 1 and draw(st.booleans()) else []
    blank = Network(shape, nodes, None, classes)
    return Network(shape, nodes, some_weights(blank, draw(st.integers(0, 2**32))), classes)


def some_weights(network: Network, seed: int) -> dict[str, FloatArray]:
    """Random weights, of very different sizes; variances are above zero."""
    rng, found = np.random.default_rng(seed), {}
    for key, array in network.weights.items():
        drawn = rng.standard_normal(array.shape) * 10.0 ** rng.integers(-2, 2)
        found[key] = np.abs(drawn) if key in network.never_negative else drawn
    return found


@st.composite
def some_node(draw: st.DrawFn, name: str, shapes: dict[str, Shape], nodes: list[Node]) -> Node:
    """A layer that reads the last one, another one, or several; now and then with the weights of another."""
    source = draw(st.one_of(st.just(list(shapes)[-1]), st.sampled_from(list(shapes))))
    if draw(st.integers(0, 4)) == 0:
        return draw(joining(name, source, shapes))
    owners = [node for node in nodes if node.layer.weight_shapes and not node.shares]
    alike = [
        node for node in owners if _image_read(node.inputs[0], shapes, nodes) == _image_read(source, shapes, nodes)
    ]
    shares: bool = draw(st.booleans())
    if alike and shares:
        owner = draw(st.sampled_from(alike))
        return Node(name, owner.layer, (source,), shares=owner.name)
    return Node(name, draw(some_layer(shapes[source])), (source,))


def _image_read(name: str, shapes: dict[str, Shape], nodes: list[Node]) -> tuple[Shape, Shape]:
    """The shape under which something is read, and that in which it stands in cells."""
    by_name, first = {node.name: node for node in nodes}, name
    while name != INPUT and by_name[name].layer.view:
        (name,) = by_name[name].inputs
    return shapes[first], shapes[name]


@st.composite
def joining(draw: st.DrawFn, name: str, source: str, shapes: dict[str, Shape]) -> Node:
    """A layer that reads two or three: some of the same shape, or for a Concat of the same size."""
    is_sum = draw(st.booleans())
    skip = 0 if is_sum else 1
    fits = [
        key
        for key, shape in shapes.items()
        if len(shape) == len(shapes[source]) and shape[skip:] == shapes[source][skip:]
    ]
    others = draw(st.lists(st.sampled_from(fits), min_size=1, max_size=2))
    return Node(name, layers.Add() if is_sum else layers.Concat(), (source, *others))


@st.composite
def some_layer(draw: st.DrawFn, shape: Shape) -> layers.Layer:
    """A layer that can read an array of this shape."""
    affine, eps = draw(st.booleans()), draw(st.sampled_from([1e-5, 0.001]))
    kinds: list[layers.Layer] = [*ELEMENTWISE, layers.Flatten(), layers.Dropout(0.25)]
    if len(shape) == 1:
        kinds += [layers.Softmax(), layers.LogSoftmax(), layers.BatchNorm1d(shape[0], eps, affine=affine)]
        kinds += 2 * [layers.Linear(shape[0], draw(st.integers(1, 4)), draw(st.booleans()))]
        return draw(st.sampled_from(kinds))
    kinds += [draw(convolutions(shape)), draw(convolutions(shape)), draw(pools(shape)), draw(means(shape))]
    kinds += [draw(pads(shape)), draw(mirrors(shape)), layers.AdaptiveAvgPool2d(1)]
    kinds += [layers.BatchNorm2d(shape[0], eps, affine=affine)]
    return draw(st.sampled_from(kinds))


@st.composite
def convolutions(draw: st.DrawFn, shape: Shape) -> layers.Conv2d:
    """A convolution whose kernel, stride, padding, dilation and groups fit the shape; all sides may differ."""
    kernel = [draw(st.integers(1, min(3, n))) for n in shape[1:]]
    stride = tuple(draw(st.integers(1, 2)) for _ in range(2))
    pairs = zip(kernel, shape[1:], strict=True)
    dilation = tuple(draw(st.integers(1, 2)) if 2 * (k - 1) + 1 <= n else 1 for k, n in pairs)
    height, width = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    sides = [draw(st.integers(0, most)) for most in (width, width, height, height)]
    padding: Any = draw(st.sampled_from([sides, (sides[2], sides[0]), "same" if stride == (1, 1) else 0]))
    groups = draw(st.sampled_from([n for n in range(1, shape[0] + 1) if shape[0] % n == 0]))
    out, bias = groups * draw(st.integers(1, 2 if groups > 1 else 3)), draw(st.booleans())
    return layers.Conv2d(shape[0], out, tuple(kernel), stride, padding, dilation, groups, bias)  # type: ignore[arg-type]


@st.composite
def pools(draw: st.DrawFn, shape: Shape) -> layers.MaxPool2d:
    """A pooling layer whose kernel, stride and padding fit the shape; windows may be cut off at the end."""
    return layers.MaxPool2d(*draw(windows(shape)), ceil_mode=draw(st.booleans()))


@st.composite
def means(draw: st.DrawFn, shape: Shape) -> layers.AvgPool2d:
    """The same with means, in which zeros of the padding count or do not."""
    return layers.AvgPool2d(*draw(windows(shape)), ceil_mode=draw(st.booleans()), count_include_pad=draw(st.booleans()))


@st.composite
def windows(draw: st.DrawFn, shape: Shape) -> tuple[Any, Any, Any]:
    """Kernel, stride and padding of a pooling."""
    kernel = tuple(draw(st.integers(1, min(3, n))) for n in shape[1:])
    stride = tuple(draw(st.integers(1, 3)) for _ in range(2))
    return kernel, stride, tuple(draw(st.integers(0, k // 2)) for k in kernel)


@st.composite
def mirrors(draw: st.DrawFn, shape: Shape) -> layers.ReflectionPad2d:
    """A mirror image around an image."""
    sides = [draw(st.integers(0, min(2, n - 1))) for n in (shape[2], shape[2], shape[1], shape[1])]
    return layers.ReflectionPad2d(tuple(sides))  # type: ignore[arg-type]


@st.composite
def pads(draw: st.DrawFn, shape: Shape) -> layers.ZeroPad2d:
    """Zeros around an image, or rows and columns cut off, so that some of the image is left."""
    sides: list[int] = []
    for n in (shape[2], shape[1]):
        before = draw(st.integers(-(n // 3), 2))
        sides += [before, draw(st.integers(-(n // 3), 2))]
    return layers.ZeroPad2d(tuple(sides))  # type: ignore[arg-type]


def _can_be_inline(node: Node, nodes: list[Node]) -> bool:
    source = node.inputs[0]
    before = {n.name: n.layer for n in nodes}
    readers = [each for n in nodes for each in n.inputs if each == source]
    return node.layer.elementwise and source in before and not before[source].view and len(readers) == 1


def inputs(network: Network, seed: int) -> FloatArray:
    """A dense random input, both signs."""
    return np.random.default_rng(seed).standard_normal(network.input_shape)
