"""Random small networks, weights and inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from xlconv import layers
from xlconv.layers import Shape
from xlconv.network import INPUT, FloatArray, Network, Node

_NAMES = ["conv1", "fc1", "R", "c", "layer.1", "bn2", "Out_3", "true", "x9", "pool"]


@st.composite
def networks(draw: st.DrawFn, most_layers: int = 5) -> Network:
    """A network of one to five layers with random weights; a layer may read any layer before it."""
    shape = draw(st.sampled_from([(1, 6, 6), (2, 5, 7), (3, 4, 4), (1, 8, 5), (5,), (1,), (1, 1, 1)]))
    shapes: dict[str, Shape] = {INPUT: shape}
    nodes: list[Node] = []
    for name in draw(st.permutations(_NAMES))[: draw(st.integers(1, most_layers))]:
        source = draw(st.one_of(st.just(list(shapes)[-1]), st.sampled_from(list(shapes))))
        layer = draw(some_layer(shapes[source]))
        shapes[name] = layer.output_shape(shapes[source])
        nodes.append(Node(name, layer, (source,)))
    nodes = [Node(n.name, n.layer, n.inputs, draw(st.booleans()) and _can_be_inline(n, nodes)) for n in nodes]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = {
        f"{node.name}.{key}": rng.standard_normal(size) * 10.0 ** rng.integers(-2, 2)
        for node in nodes
        for key, size in node.layer.weight_shapes.items()
    }
    last = shapes[nodes[-1].name]
    classes = [f"class {n}" for n in range(last[0])] if len(last) == 1 and draw(st.booleans()) else []
    return Network(shape, nodes, weights, classes)


@st.composite
def some_layer(draw: st.DrawFn, shape: Shape) -> layers.Layer:
    """A layer that can read an array of this shape."""
    if len(shape) == 1:
        kinds: list[Any] = [layers.ReLU(), layers.Softmax(), layers.Flatten()]
        kinds.append(layers.Linear(shape[0], draw(st.integers(1, 4)), draw(st.booleans())))
        return draw(st.sampled_from(kinds))
    kinds = [layers.ReLU(), layers.Flatten(), draw(convolutions(shape)), draw(pools(shape)), draw(pads(shape))]
    return draw(st.sampled_from(kinds))


@st.composite
def convolutions(draw: st.DrawFn, shape: Shape) -> layers.Conv2d:
    """A convolution whose kernel, stride and padding fit the shape; both sides may differ."""
    kernel = tuple(draw(st.integers(1, min(3, n))) for n in shape[1:])
    stride = tuple(draw(st.integers(1, 2)) for _ in range(2))
    padding = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    return layers.Conv2d(shape[0], draw(st.integers(1, 3)), kernel, stride, padding, draw(st.booleans()))  # type: ignore[arg-type]


@st.composite
def pools(draw: st.DrawFn, shape: Shape) -> layers.MaxPool2d:
    """A pooling layer whose kernel, stride and padding fit the shape; windows may be cut off at the end."""
    kernel = tuple(draw(st.integers(1, min(3, n))) for n in shape[1:])
    stride = tuple(draw(st.integers(1, 3)) for _ in range(2))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    return layers.MaxPool2d(kernel, stride, padding, draw(st.booleans()))  # type: ignore[arg-type]


@st.composite
def pads(draw: st.DrawFn, shape: Shape) -> layers.ZeroPad2d:
    """Zeros around an image, or rows and columns cut off, so that some of the image is left."""
    sides: list[int] = []
    for n in (shape[2], shape[1]):
        before = draw(st.integers(-(n // 3), 2))
        sides += [before, draw(st.integers(-(n // 3), 2))]
    return layers.ZeroPad2d(tuple(sides))  # type: ignore[arg-type]


def _can_be_inline(node: Node, nodes: list[Node]) -> bool:
    (source,) = node.inputs
    before = {n.name: n.layer for n in nodes}
    readers = [n for n in nodes if source in n.inputs]
    return node.layer.elementwise and source in before and not before[source].view and len(readers) == 1


def inputs(network: Network, seed: int) -> FloatArray:
    """A dense random input, both signs."""
    return np.random.default_rng(seed).standard_normal(network.input_shape)
