"""What a workbook is tried with: its own input, real samples, plain extremes, and random numbers that light every cell.

A cell behind a ReLU that is never above zero hides every fault in it, one that is never below hides a missing MAX, and
a class that never wins hides faults in the prediction. So random inputs of several kinds are drawn, and of these the
ones are kept that show the most that was not seen yet. A saturated softmax hides faults too, so its shares are to be
seen when they are not tiny. At last the weights are replaced, too: a weight that stands in a formula shows then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv import digits, layers, reference, templates
from xlconv.check.explore import Explorer
from xlconv.check.steps import Selection
from xlconv.errors import XlconvError
from xlconv.network import FloatArray, Network
from xlconv.places import NOWHERE
from xlconv.recover.choices import Choices
from xlconv.recover.found import Found

DEFAULT_RANDOM: Final = 20
_NOT_TINY: Final = 0.01
_DRAWN: Final = 6
"""Candidates of each kind, at least."""
_LARGE: Final = 100.0
_MOST_CELLS: Final = 600_000
"""To be computed in all trials together; fewer trials are made of a network for which that would be more."""
_LEAST: Final = 6
_OVERFLOW: Final = 700.0
"""EXP overflows at 710."""
_WITH_WEIGHTS: Final = 2
"""Trials with other weights."""


@dataclass(frozen=True)
class Trial:
    """An input, and other weights where they are replaced, too.

    Args:
        name: What to call it.
        x: The input.
        network: With the weights that are put into the workbook; None where its own stay.
        is_changed: Whether the input is put into the workbook; its own is there already.
        row: Of the workbook's samples the row, from 1, that the input is; 0 where it is none of them.
        selection: What is chosen on the worksheet `Explore`, if there is one; None leaves it as it is.
    """

    name: str
    x: FloatArray
    network: Network | None = None
    is_changed: bool = True
    row: int = 0
    selection: Selection | None = None


def choose(found: Found, random: int, seed: int, explorer: Explorer | None = None) -> tuple[list[Trial], list[str]]:
    """The workbook's own input, the ten sample digits where they fit, extremes, random ones, and other weights.

    Args:
        found: The network and the input in the workbook.
        random: How many random inputs; 0 leaves out the extremes and other weights as well.
        seed: Of their random numbers.
        explorer: The worksheet `Explore`, on which something is chosen in each trial but the first.

    Returns:
        The trials, those with other weights last, and notes on what was left out.
    """
    network = found.network
    samples = list(_choices(found.choices) if found.choices else _samples(network))
    notes = [] if samples else ["the sample digits do not fit this network's input, so other inputs alone were tried"]
    trials = [Trial("the one in the workbook", found.x, is_changed=False), *samples]
    if random:
        rng = np.random.default_rng(seed)
        trials += [*_extremes(network, rng), *_random(network, random, rng), *_with_weights(found, rng)]
    trials = _bearable(trials, found)
    cells = sum(stage.cells.size for stage in found.stages)
    kept = fewer(trials, max(_LEAST, _MOST_CELLS // max(cells, 1)))
    if len(kept) < len(trials):
        notes.append(f"a large network: {len(kept)} of {len(trials)} inputs were tried")
    if explorer:
        selections = explorer.selections(np.random.default_rng(seed), len(kept) - 1)
        kept[1:] = (replace(trial, selection=own) for trial, own in zip(kept[1:], selections, strict=True))
    return kept, notes


def fewer(trials: Sequence[Trial], most: int) -> list[Trial]:
    """Not more than so many: the own input, other weights, the samples and random inputs before the others."""
    by_worth = sorted(
        trials[1:], key=lambda trial: (trial.network is None) + (not trial.row and "random" not in trial.name)
    )
    chosen = {id(trials[0]), *(id(trial) for trial in by_worth[: most - 1])}
    return [trial for trial in trials if id(trial) in chosen]


def _choices(choices: Choices) -> Iterator[Trial]:
    """A sample of each label: of the first label the first, of the last one the last, of the others one by turns."""
    labels = list(dict.fromkeys(choices.labels))
    for at, label in enumerate(labels):
        rows = [row for row, each in enumerate(choices.labels, 1) if each == label]
        row = rows[-1] if at == len(labels) - 1 else rows[at % len(rows)]
        text = str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
        yield Trial(f"sample {text}", choices.samples[row - 1], row=row)


def _samples(network: Network) -> Iterator[Trial]:
    """Sample 0 of each digit of the default template."""
    try:
        template = templates.load()
    except XlconvError:
        return
    if template.network.input_shape != network.input_shape:
        return
    images, labels = template.samples.images, template.samples.labels
    for digit in sorted(set(labels.tolist())):
        yield Trial(f"sample digit {digit}", digits.sample(images, labels, digit, 0, network.input_shape))


def _extremes(network: Network, rng: np.random.Generator) -> Iterator[Trial]:
    """Zeros, ones, one pixel alone, all below zero, large numbers."""
    shape = network.input_shape
    yield Trial("zeros", np.zeros(shape))
    yield Trial("ones", np.ones(shape))
    pixel = np.zeros(shape)
    pixel.flat[rng.integers(pixel.size)] = 1.0
    yield Trial("one pixel", pixel)
    yield Trial("negative", -rng.random(shape))
    yield Trial("large", _LARGE * rng.standard_normal(shape))


def _random(network: Network, count: int, rng: np.random.Generator) -> Iterator[Trial]:
    pool = list(_candidates(network, rng, -(-count // _DRAWN) + 2))
    shown = [_shown(network, x) for x in pool]
    seen = np.zeros_like(shown[0])
    for number in range(count):
        at = max(range(len(pool)), key=lambda at: int((shown[at] & ~seen).sum()))
        seen |= shown.pop(at)
        yield Trial(f"random {number + 1}", pool.pop(at))


def _candidates(network: Network, rng: np.random.Generator, each: int) -> Iterator[FloatArray]:
    """Dense inputs: grey levels, faint ones, both signs, coarse patches, and the negatives of them."""
    shape = network.input_shape
    for _ in range(max(each, _DRAWN)):
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


def _with_weights(found: Found, rng: np.random.Generator) -> Iterator[Trial]:
    """Random weights, small enough for sums not to grow from layer to layer; a weight without a cell stays."""
    network = found.network
    for number in range(_WITH_WEIGHTS if network.weights else 0):
        weights = {}
        for key, array in network.weights.items():
            drawn = rng.standard_normal(array.shape) / max(1.0, float(array[0].size)) ** 0.5
            weights[key] = np.where(found.weights[key] == NOWHERE, array, drawn)
        _alike_where_shared(weights, found)
        other = Network(network.input_shape, network.nodes, weights, network.classes)
        yield Trial(f"random weights {number + 1}", rng.standard_normal(network.input_shape), other)


def _alike_where_shared(weights: dict[str, FloatArray], found: Found) -> None:
    """One number for weights that stand in one cell, as where two channels have the same kernel."""
    number_in: dict[int, float] = {}
    for key, array in weights.items():
        for index, place in enumerate(found.weights[key].ravel().tolist()):
            if place != NOWHERE:
                array.flat[index] = number_in.setdefault(place, float(array.flat[index]))


def _bearable(trials: list[Trial], found: Found) -> list[Trial]:
    """Without those that make an exponential overflow whose formula does not subtract the maximum first."""
    sources = [stage.nodes[0].inputs[0] for stage in found.stages if "plain exp" in stage.parts]
    if not sources:
        return trials
    kept = []
    for trial in trials:
        outputs = reference.forward(trial.network or found.network, trial.x)
        if trial is trials[0] or all(outputs[source].max() < _OVERFLOW for source in sources):
            kept.append(trial)
    return kept


def _shown(network: Network, x: FloatArray) -> NDArray[np.bool_]:
    """What an input brings to light: ReLUs above zero and below, shares that are not tiny, and which class wins."""
    outputs = reference.forward(network, x)
    before = [outputs[node.inputs[0]].ravel() for node in network.nodes if isinstance(node.layer, layers.ReLU)]
    shares = [outputs[node.name] for node in network.nodes if isinstance(node.layer, layers.Softmax)]
    last = outputs[network.nodes[-1].name].ravel()
    winner = np.arange(last.size) == last.argmax()
    sides = [*(flat > 0 for flat in before), *(flat < 0 for flat in before)]
    return np.concatenate([winner, *sides, *(share > _NOT_TINY for share in shares)])
