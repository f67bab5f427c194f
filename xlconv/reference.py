"""The NumPy reference model: `forward(network, x)` gives every layer's output as float64 arrays.

Written from the mathematics alone: windows come from NumPy's `sliding_window_view` over a padded copy. This module
must not know cells, formulas or the rule for output sizes that the layers state; agreement would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from xlconv import layers
from xlconv.errors import NetworkError
from xlconv.layers import Layer
from xlconv.network import FloatArray, Network


def forward(network: Network, x: FloatArray) -> dict[str, FloatArray]:
    """Every layer's output for one input.

    Args:
        network: Layers and weights.
        x: The input, of the network's input shape.

    Returns:
        Arrays by layer name, and the input under `input`.

    Raises:
        NetworkError: The input has another shape.
    """
    if x.shape != network.input_shape:
        raise NetworkError(f"the input is {x.shape}, the network reads {network.input_shape}")
    outputs = {"input": np.asarray(x, dtype=np.float64)}
    for node in network.nodes:
        (source,) = node.inputs
        outputs[node.name] = apply(node.layer, outputs[source], network.weights_of(node.name))
    return outputs


def predict(network: Network, outputs: Mapping[str, FloatArray]) -> int:
    """The index of the largest element of the last layer's output, the first of equals."""
    return int(np.argmax(outputs[network.nodes[-1].name]))


@singledispatch
def apply(layer: Layer, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """One layer's output.

    Args:
        layer: What to compute.
        x: `(C, H, W)` or `(N,)`.
        weights: The layer's own, keyed `weight` and `bias`.
    """
    raise NetworkError(f"the reference model does not know {type(layer).__name__}")


def parts(layer: Layer, x: FloatArray, names: Iterable[str]) -> dict[str, FloatArray]:
    """The intermediate results of a layer that a spreadsheet may show, by name, in the order asked for."""
    known: dict[str, FloatArray] = {}
    for name in names:
        known[name] = part(layer, name, x, known)
    return known


@singledispatch
def part(layer: Layer, name: str, x: FloatArray, known: Mapping[str, FloatArray]) -> FloatArray:
    """One intermediate result of a layer, from its input and those known already."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate result {name!r}")


@singledispatch
def from_parts(layer: Layer, x: FloatArray, known: Mapping[str, FloatArray]) -> FloatArray:
    """A layer's output from its intermediate results."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate results")


@apply.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[o,i,j] = b[o] + sum_cmn w[o,c,m,n] x[c, i*s+m-p, j*s+n-p]`."""
    w = weights["weight"]
    y: FloatArray = np.einsum("cijmn,ocmn->oij", _windows(x, w.shape[2:], layer.stride, layer.padding, 0.0), w)
    return y + weights["bias"][:, None, None] if layer.bias else y


@apply.register(layers.ReLU)
def relu(layer: layers.ReLU, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y = max(0, x)`."""
    return np.maximum(x, 0.0)


@apply.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[c,i,j] = max_mn x[c, i*s+m-p, j*s+n-p]`."""
    padded = np.pad(x, ((0, 0), *((p, p) for p in layer.padding)), constant_values=-np.inf)
    if layer.ceil_mode:
        padded = _with_room_for_last(padded, x, layer)
    y: FloatArray = sliding_window_view(padded, layer.kernel_size, axis=(1, 2))[
        :, :: layer.stride[0], :: layer.stride[1]
    ].max(axis=(3, 4))
    return y


def _with_room_for_last(padded: FloatArray, x: FloatArray, layer: layers.MaxPool2d) -> FloatArray:
    """More of nothing at the ends, so that a last window fits that begins inside the input or its left padding."""
    room = []
    for n, p, k, s in zip(x.shape[1:], layer.padding, layer.kernel_size, layer.stride, strict=True):
        starts = np.arange(0, n + p, s)
        starts = starts[starts < n + 2 * p - k + s]
        room.append((0, max(0, int(starts[-1]) + k - (n + 2 * p))))
    return np.pad(padded, ((0, 0), *room), constant_values=-np.inf)


@apply.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[c,i,j] = x[c, i-top, j-left]`, zeros outside the input."""
    left, right, top, bottom = layer.padding
    cut = x[:, max(0, -top) : x.shape[1] - max(0, -bottom), max(0, -left) : x.shape[2] - max(0, -right)]
    return np.pad(cut, ((0, 0), (max(0, top), max(0, bottom)), (max(0, left), max(0, right))))


@apply.register(layers.Flatten)
def flatten(layer: layers.Flatten, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """The same numbers in the order C, H, W."""
    return x.reshape(-1)


@apply.register(layers.Linear)
def linear(layer: layers.Linear, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[o] = b[o] + sum_n w[o,n] x[n]`."""
    y: FloatArray = weights["weight"] @ x
    return y + weights["bias"] if layer.bias else y


@apply.register(layers.Softmax)
def softmax(layer: layers.Softmax, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[i] = exp(x[i] - max x) / sum_j exp(x[j] - max x)`."""
    return from_parts(layer, x, parts(layer, x, ["exp"]))


@part.register(layers.Softmax)
def softmax_part(layer: layers.Softmax, name: str, x: FloatArray, known: Mapping[str, FloatArray]) -> FloatArray:
    """`max`, `exp` (of x less the largest), `plain exp` (of x as it is), `sum` and `plain sum` (of all of these)."""
    y: FloatArray
    if name == "max":
        y = x.max(keepdims=True)
    elif name in ("exp", "plain exp"):
        y = _exponentials(name, x, known)
    elif name in ("sum", "plain sum"):
        y = _exponentials(name, x, known).sum(keepdims=True)
    else:
        raise NetworkError(f"Softmax has no intermediate result {name!r}")
    return y


def _exponentials(name: str, x: FloatArray, known: Mapping[str, FloatArray]) -> FloatArray:
    """Those that are known; else of x as it is, where a part's name says so, or less the largest."""
    exp = known.get("exp", known.get("plain exp"))
    if exp is None:
        with np.errstate(over="ignore"):
            exp = np.exp(x if name.startswith("plain") else x - known.get("max", x.max()))
    return exp


@from_parts.register(layers.Softmax)
def softmax_from_parts(layer: layers.Softmax, x: FloatArray, known: Mapping[str, FloatArray]) -> FloatArray:
    """`y[i] = e[i] / sum_j e[j]`."""
    total = next((name for name in ("sum", "plain sum") if name in known), "")
    exp = _exponentials(total, x, known)
    with np.errstate(invalid="ignore", divide="ignore"):
        y: FloatArray = exp / known.get(total, exp.sum())
    return y


def _windows(
    x: FloatArray, size: tuple[int, ...], stride: tuple[int, int], padding: tuple[int, int], fill: float
) -> FloatArray:
    """All windows of each channel, (C, rows, columns, height, width), over `x` padded with `fill`."""
    padded = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=fill)
    return sliding_window_view(padded, size, axis=(1, 2))[:, :: stride[0], :: stride[1]]
