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
        x, *others = (outputs[source] for source in node.inputs)
        outputs[node.name] = apply(node.layer, x, network.weights_of(node.name), *others)
    return outputs


def predict(network: Network, outputs: Mapping[str, FloatArray]) -> int:
    """The index of the largest element of the last layer's output, the first of equals."""
    return int(np.argmax(outputs[network.nodes[-1].name]))


@singledispatch
def apply(layer: Layer, x: FloatArray, weights: Mapping[str, FloatArray], *others: FloatArray) -> FloatArray:
    """One layer's output.

    Args:
        layer: What to compute.
        x: `(C, H, W)` or `(N,)`.
        weights: The layer's own, keyed `weight`, `bias` and the like.
        others: Further inputs, of a layer that reads several.
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
    """A layer's output from its input and intermediate results."""
    raise NetworkError(f"{type(layer).__name__} has no intermediate results")


@apply.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[o,i,j] = b[o] + sum_cmn w[o,c,m,n] x[g+c, i*s+m*d-top, j*s+n*d-left]`, group by group."""
    left, right, top, bottom = layer.sides
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    windows = _windows(padded, weights["weight"].shape[2:], layer.stride, layer.dilation)
    pairs = zip(np.split(windows, layer.groups), np.split(weights["weight"], layer.groups), strict=True)
    y: FloatArray = np.concatenate([np.einsum("cijmn,ocmn->oij", mine, w) for mine, w in pairs])
    return y + weights["bias"][:, None, None] if layer.bias else y


@apply.register(layers.ReLU)
def relu(layer: layers.ReLU, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y = max(0, x)`."""
    return np.maximum(x, 0.0)


@apply.register(layers.LeakyReLU)
def leaky_relu(layer: layers.LeakyReLU, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y = x` above zero, else `negative_slope * x`."""
    return np.where(x > 0, x, layer.negative_slope * x)


@apply.register(layers.Sigmoid)
def sigmoid(layer: layers.Sigmoid, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y = 1 / (1 + exp(-x))`, which is `exp(x) / (1 + exp(x))` below zero, where the first would overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1.0 + small)


@apply.register(layers.Tanh)
def tanh(layer: layers.Tanh, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y = (e^x - e^-x) / (e^x + e^-x)`."""
    y: FloatArray = np.tanh(x)
    return y


@apply.register(layers.BatchNorm2d)
@apply.register(layers.BatchNorm1d)
def batch_norm(
    layer: layers.BatchNorm2d | layers.BatchNorm1d, x: FloatArray, weights: Mapping[str, FloatArray]
) -> FloatArray:
    """`y = (x - running_mean) / sqrt(running_var + eps) * weight + bias`, channel by channel."""
    own = {name: array.reshape(-1, *[1] * (x.ndim - 1)) for name, array in weights.items()}
    y: FloatArray = (x - own["running_mean"]) / np.sqrt(own["running_var"] + layer.eps)
    return y * own["weight"] + own["bias"] if layer.affine else y


@apply.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[c,i,j] = max_mn x[c, i*s+m-p, j*s+n-p]`."""
    y: FloatArray = _pooled(layer, x, -np.inf, -np.inf).max(axis=(3, 4))
    return y


@apply.register(layers.AvgPool2d)
def avg_pool2d(layer: layers.AvgPool2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[c,i,j] = sum_mn x[c, i*s+m-p, j*s+n-p] / n`, n being the places of the window that count."""
    counted = _pooled(layer, np.ones_like(x), float(layer.count_include_pad), 0.0)
    y: FloatArray = _pooled(layer, x, 0.0, 0.0).sum(axis=(3, 4)) / counted.sum(axis=(3, 4))
    return y


@apply.register(layers.AdaptiveAvgPool2d)
def adaptive_avg_pool2d(
    layer: layers.AdaptiveAvgPool2d, x: FloatArray, weights: Mapping[str, FloatArray]
) -> FloatArray:
    """`y[c,0,0]` is the mean of channel c."""
    y: FloatArray = x.mean(axis=(1, 2), keepdims=True)
    return y


def _pooled(layer: layers.MaxPool2d | layers.AvgPool2d, x: FloatArray, around: float, beyond: float) -> FloatArray:
    """The windows of a pooling, with one number in the padding and another beyond that, where a last window is cut."""
    padded = np.pad(x, ((0, 0), *((p, p) for p in layer.padding)), constant_values=around)
    if layer.ceil_mode:
        padded = np.pad(padded, ((0, 0), *_room_for_last(layer, x)), constant_values=beyond)
    return _windows(padded, layer.kernel_size, layer.stride)


def _room_for_last(layer: layers.MaxPool2d | layers.AvgPool2d, x: FloatArray) -> list[tuple[int, int]]:
    """How much more there has to be at the ends, for a last window that begins inside the input or its left padding."""
    room = []
    for n, p, k, s in zip(x.shape[1:], layer.padding, layer.kernel_size, layer.stride, strict=True):
        starts = np.arange(0, n + p, s)
        starts = starts[starts < n + 2 * p - k + s]
        room.append((0, max(0, int(starts[-1]) + k - (n + 2 * p))))
    return room


@apply.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[c,i,j] = x[c, i-top, j-left]`, zeros outside the input."""
    left, right, top, bottom = layer.padding
    cut = x[:, max(0, -top) : x.shape[1] - max(0, -bottom), max(0, -left) : x.shape[2] - max(0, -right)]
    return np.pad(cut, ((0, 0), (max(0, top), max(0, bottom)), (max(0, left), max(0, right))))


@apply.register(layers.ReflectionPad2d)
def reflection_pad2d(layer: layers.ReflectionPad2d, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[c,i,j] = x[c, i-top, j-left]`, mirrored at the first and last row and column."""
    left, right, top, bottom = layer.padding
    return np.pad(x, ((0, 0), (top, bottom), (left, right)), mode="reflect")


@apply.register(layers.Add)
def add(layer: layers.Add, x: FloatArray, weights: Mapping[str, FloatArray], *others: FloatArray) -> FloatArray:
    """`y = x_0 + x_1 + ...`."""
    y: FloatArray = np.sum([x, *others], axis=0)
    return y


@apply.register(layers.Concat)
def concat(layer: layers.Concat, x: FloatArray, weights: Mapping[str, FloatArray], *others: FloatArray) -> FloatArray:
    """One behind the other along the first axis."""
    return np.concatenate([x, *others])


@apply.register(layers.Dropout)
def dropout(layer: layers.Dropout, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """The same numbers: nothing is left out in evaluation."""
    return x


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


@apply.register(layers.LogSoftmax)
def log_softmax(layer: layers.LogSoftmax, x: FloatArray, weights: Mapping[str, FloatArray]) -> FloatArray:
    """`y[i] = x[i] - max x - ln sum_j exp(x[j] - max x)`."""
    return from_parts(layer, x, parts(layer, x, ["exp"]))


@part.register(layers.Softmax)
@part.register(layers.LogSoftmax)
def softmax_part(
    layer: layers.Softmax | layers.LogSoftmax, name: str, x: FloatArray, known: Mapping[str, FloatArray]
) -> FloatArray:
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


@from_parts.register(layers.LogSoftmax)
def log_softmax_from_parts(layer: layers.LogSoftmax, x: FloatArray, known: Mapping[str, FloatArray]) -> FloatArray:
    """`y[i] = x[i] - max x - ln sum_j e[j]`."""
    plain = next((name for name in known if name.startswith("plain")), "")
    most = 0.0 if plain else known.get("max", x.max())
    total = known.get("sum", known.get("plain sum"))
    with np.errstate(invalid="ignore", divide="ignore"):
        y: FloatArray = x - most - np.log(_exponentials(plain, x, known).sum() if total is None else total)
    return y


def _windows(
    padded: FloatArray, size: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> FloatArray:
    """All windows of each channel, (C, rows, columns, height, width)."""
    extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True))
    windows = sliding_window_view(padded, extent, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
