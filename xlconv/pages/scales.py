"""From which number to which a tensor's colours run: fixed, so that pictures of different inputs can be compared.

What numbers to expect, the reference model says; no cell's content comes from here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from xlconv import reference
from xlconv.layers import LogSoftmax, ReLU, Sigmoid, Softmax
from xlconv.network import INPUT, FloatArray, Network

_STEPS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_MOST_INPUTS: Final = 4
"""More say little more, and take time."""
_MANY: Final = 100
"""Of so many numbers or more, the largest few may be beyond the scale, or all others would be pale."""
_WITHIN: Final = 0.995


class Scale(NamedTuple):
    """The numbers that have the strongest colours.

    Args:
        most: The largest.
        signed: Whether colours run from `-most`, else from 0.
    """

    most: float
    signed: bool


def rounded_up(number: float) -> float:
    """The least of some steps, times a power of ten, that is not below; 1 for 0 and what is infinite."""
    if not 1e-300 < number < 1e300:
        return 1.0
    power = 10.0 ** math.floor(math.log10(number))
    return next(float(f"{step * power:.3g}") for step in _STEPS if step * power >= number * (1 - 1e-9))


_NEVER_BELOW: Final = (ReLU, Sigmoid, Softmax)


def of_weights(weights: FloatArray) -> Scale:
    """The scale of some of a layer's weights."""
    return Scale(rounded_up(_most(weights)), True)


def of_activations(network: Network, inputs: Sequence[FloatArray]) -> dict[str, Scale]:
    """The scale of each layer's output, and the input's, by name.

    Args:
        network: The network.
        inputs: Typical ones, at least one.
    """
    some = inputs[:: -(-len(inputs) // _MOST_INPUTS)]
    with np.errstate(all="ignore"):
        runs = [reference.forward(network, x) for x in some]
    positive = min(float(x.min()) for x in some) >= 0
    signed = dict(_signed(network, not positive))
    return {name: Scale(rounded_up(_most(np.stack([run[name] for run in runs]))), signed[name]) for name in runs[0]}


def _signed(network: Network, signed_input: bool) -> Iterator[tuple[str, bool]]:
    """Whether a layer's output can be below zero, as far as the kinds of layers tell."""
    known = {INPUT: signed_input}
    for node in network.nodes:
        below = bool(node.layer.weight_shapes) or any(known[source] for source in node.inputs)
        known[node.name] = isinstance(node.layer, LogSoftmax) or (below and not isinstance(node.layer, _NEVER_BELOW))
    yield from known.items()


def _most(numbers: FloatArray) -> float:
    """The largest magnitude, but for a few of many."""
    magnitudes = np.abs(numbers[numbers != 0])
    if not magnitudes.size:
        return 0.0
    if magnitudes.size < _MANY:
        return float(magnitudes.max())
    at = int(_WITHIN * (magnitudes.size - 1))
    return float(np.partition(magnitudes, at)[at])
