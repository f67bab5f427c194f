"""The inputs that a workbook is tried with: its own, real samples, and random ones that leave no cell in the dark.

A cell behind a ReLU that is never above zero hides every fault in it, one that is never below hides a missing MAX, and
a class that never wins hides faults in the prediction. So random inputs of several kinds are drawn, and of these the
ones are kept that show the most that was not seen yet. A saturated softmax hides faults too, so its shares are to be
seen when they are not tiny.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlconv import digits, layers, reference, templates
from xlconv.check.declared import Declared
from xlconv.errors import XlconvError
from xlconv.network import FloatArray, Network

DEFAULT_RANDOM = 8
_NOT_TINY = 0.01
_DRAWN = 6
"""Candidates of each kind."""


@dataclass(frozen=True)
class Input:
    """An input and what to call it."""

    name: str
    x: FloatArray


def choose(net: Declared, random: int, seed: int) -> tuple[list[Input], list[str]]:
    """The workbook's own input, the ten sample digits where they fit, and random ones.

    Args:
        net: The network and the input in the workbook.
        random: How many random inputs.
        seed: Of their random numbers.

    Returns:
        The inputs, and notes on what was left out.
    """
    samples = list(_samples(net.network))
    notes = [] if samples else ["the sample digits do not fit this network's input, so random inputs alone were tried"]
    return [Input("the one in the workbook", net.x), *samples, *_random(net.network, random, seed)], notes


def _samples(network: Network) -> Iterator[Input]:
    """Sample 0 of each digit of the default template."""
    try:
        template = templates.load()
    except XlconvError:
        return
    if template.network.input_shape != network.input_shape:
        return
    images, labels = template.samples.images, template.samples.labels
    for digit in sorted(set(labels.tolist())):
        yield Input(f"sample digit {digit}", digits.sample(images, labels, digit, 0, network.input_shape))


def _random(network: Network, count: int, seed: int) -> Iterator[Input]:
    pool = list(_candidates(network, np.random.default_rng(seed)))
    shown = [_shown(network, x) for x in pool]
    seen = np.zeros_like(shown[0])
    for number in range(count):
        at = max(range(len(pool)), key=lambda at: int((shown[at] & ~seen).sum()))
        seen |= shown.pop(at)
        yield Input(f"random {number + 1}", pool.pop(at))


def _candidates(network: Network, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Dense inputs: grey levels, faint ones, both signs, coarse patches, and the negatives of them."""
    shape = network.input_shape
    for _ in range(_DRAWN):
        yield rng.random(shape)
        yield 0.05 * rng.standard_normal(shape)
        for dense in (rng.standard_normal(shape), _patches(rng, shape)):
            yield dense
            yield -dense


def _patches(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Noise in coarse patches, so that neighbouring cells see alike and filters answer strongly."""
    size = int(rng.integers(2, 6))
    coarse = rng.standard_normal(tuple(-(-n // size) for n in shape[-2:]))
    patches = np.kron(coarse, np.ones((size,) * coarse.ndim))[tuple(slice(n) for n in shape[-2:])]
    noise = rng.standard_normal(shape)
    return patches.reshape(shape[-2:]) * np.ones(shape) + 0.2 * noise


def _shown(network: Network, x: FloatArray) -> NDArray[np.bool_]:
    """What an input brings to light: ReLUs above zero and below, shares that are not tiny, and which class wins."""
    outputs = reference.forward(network, x)
    before = [outputs[node.inputs[0]].ravel() for node in network.nodes if isinstance(node.layer, layers.ReLU)]
    shares = [outputs[node.name] for node in network.nodes if isinstance(node.layer, layers.Softmax)]
    last = outputs[network.nodes[-1].name].ravel()
    winner = np.arange(last.size) == last.argmax()
    sides = [*(flat > 0 for flat in before), *(flat < 0 for flat in before)]
    return np.concatenate([winner, *sides, *(share > _NOT_TINY for share in shares)])
