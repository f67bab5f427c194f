"""What a workbook is tried with: its own input, real samples, plain extremes, and random numbers that light every cell.

A cell behind a ReLU that is never above zero hides every fault in it, one that is never below hides a missing MAX, and
a class that never wins hides faults in the prediction. So random inputs of several kinds are drawn, and of these the
ones are kept that show the most that was not seen yet. A saturated softmax hides faults too, so its shares are to be
seen when they are not tiny. At last the weights are replaced, too: a weight that stands in a formula shows then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv import digits, layers, reference, templates
from xlconv.cells import label as label_text
from xlconv.check.explore import Explorer
from xlconv.check.steps import Selection
from xlconv.errors import XlconvError
from xlconv.network import FloatArray, Network
from xlconv.places import NOWHERE
from xlconv.recover.choices import Choices
from xlconv.recover.found import Found

DEFAULT_RANDOM: Final = 0
_FOR_ENGINES: Final = 2
"""Random inputs that engines are always given."""
_RANDOM: Final = 20
"""Random inputs altogether: for engines and for the interpretation of formulas in numbers."""
_SAMPLES: Final = 2
"""That engines are given."""
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
"""Trials with other weights that engines are given."""


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


@dataclass(frozen=True)
class Inputs:
    """What a workbook is tried with.

    Args:
        found: The network and the input in the workbook.
        seed: Of random numbers.
        random: How many random inputs engines are given beside their two.
        for_engines: At most eight and those random ones; the workbook's own first, those with other weights last.
        notes: On what was left out.
    """

    found: Found
    seed: int
    random: int
    for_engines: list[Trial]
    notes: list[str]

    def for_numbers(self) -> Iterator[Trial]:
        """All that engines are not given: drawn when it is asked for, as few need it.

        These are every sample of the workbook, or one of each digit where the workbook has none and they fit; plain
        extremes; random inputs, which with those of the engines light every ReLU that can be lit; and other weights.
        """
        given = {trial.name for trial in self.for_engines}
        rows = {trial.row for trial in self.for_engines} - {0}
        for trial in self._all():
            is_given = trial.row in rows if trial.row else trial.name in given
            if not is_given and _is_bearable(trial, self.found):
                yield trial

    def _all(self) -> Iterator[Trial]:
        found, network = self.found, self.found.network
        yield from _every_sample(found.choices) if found.choices else _samples(network)
        yield from _extremes(network, np.random.default_rng([self.seed, 1]))
        yield _large(network, self.seed)
        yield from _random(network, max(_RANDOM, _FOR_ENGINES + self.random), self.seed)
        yield from _with_weights(found, 2 * _WITH_WEIGHTS, self.seed)


def choose(found: Found, random: int, seed: int, explorer: Explorer | None = None) -> Inputs:
    """The workbook's own input, two samples, dense random ones, large numbers, and other weights.

    Args:
        found: The network and the input in the workbook.
        random: How many random inputs engines are given beside their two.
        seed: Of random numbers.
        explorer: The worksheet `Explore`, on which something is chosen in each trial of the engines but the first.
    """
    network = found.network
    samples = _ends(list(_choices(found.choices) if found.choices else _samples(network)))
    notes = [] if samples else ["the sample digits do not fit this network's input, so other inputs alone were tried"]
    trials = [
        Trial("the one in the workbook", found.x, is_changed=False),
        *samples,
        *islice(_random(network, _FOR_ENGINES + random, seed), _FOR_ENGINES + random),
        _large(network, seed),
        *_with_weights(found, _WITH_WEIGHTS, seed),
    ]
    trials = [trial for trial in trials if not trial.is_changed or _is_bearable(trial, found)]
    cells = sum(stage.cells.size for stage in found.stages)
    kept = _fewer(trials, max(_LEAST, _MOST_CELLS // max(cells, 1)))
    if len(kept) < len(trials):
        notes.append(f"a large network: {len(kept)} of {len(trials)} inputs were tried")
    if explorer:
        selections = explorer.selections(np.random.default_rng(seed), len(kept) - 1)
        kept[1:] = (replace(trial, selection=own) for trial, own in zip(kept[1:], selections, strict=True))
    return Inputs(found, seed, random, kept, notes)


def _ends(trials: list[Trial]) -> list[Trial]:
    """The first and the last."""
    return trials if len(trials) < _SAMPLES else [trials[0], trials[-1]]


def _fewer(trials: Sequence[Trial], most: int) -> list[Trial]:
    """Not more than so many: the own input, other weights, the samples and random inputs before the large one."""
    by_worth = sorted(
        trials[1:], key=lambda trial: (trial.network is None) + (not trial.row and "random" not in trial.name)
    )
    chosen = {id(trials[0]), *(id(trial) for trial in by_worth[: most - 1])}
    return [trial for trial in trials if id(trial) in chosen]


def _every_sample(choices: Choices) -> Iterator[Trial]:
    """All samples of the workbook."""
    for row, (label, image) in enumerate(zip(choices.labels, choices.samples, strict=True), 1):
        yield Trial(f"sample {label_text(label)}, {choices.number(row)}", image, row=row)


def _choices(choices: Choices) -> Iterator[Trial]:
    """A sample of each label: of the first label the first, of the last one the last, of the others one by turns."""
    labels = list(dict.fromkeys(choices.labels))
    for at, label in enumerate(labels):
        rows = [row for row, each in enumerate(choices.labels, 1) if each == label]
        row = rows[-1] if at == len(labels) - 1 else rows[at % len(rows)]
        yield Trial(f"sample {label_text(label)}", choices.samples[row - 1], row=row)


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
    """Zeros, ones, one pixel alone, all below zero."""
    shape = network.input_shape
    yield Trial("zeros", np.zeros(shape))
    yield Trial("ones", np.ones(shape))
    pixel = np.zeros(shape)
    pixel.flat[rng.integers(pixel.size)] = 1.0
    yield Trial("one pixel", pixel)
    yield Trial("negative", -rng.random(shape))


def _large(network: Network, seed: int) -> Trial:
    rng = np.random.default_rng([seed, 2])
    return Trial("large", _LARGE * rng.standard_normal(network.input_shape))


def _random(network: Network, count: int, seed: int) -> Iterator[Trial]:
    """Of many candidates so many, each time the one that shows the most that was not seen yet."""
    rng = np.random.default_rng([seed, 3])
    pool = list(_candidates(network, rng, -(-max(count, _RANDOM) // _DRAWN) + 2))
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


def _with_weights(found: Found, count: int, seed: int) -> Iterator[Trial]:
    """Random weights, small enough for sums not to grow from layer to layer; a weight without a cell stays."""
    network, rng = found.network, np.random.default_rng([seed, 4])
    for number in range(count if network.weights else 0):
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


def _is_bearable(trial: Trial, found: Found) -> bool:
    """Whether no exponential overflows whose formula does not subtract the maximum first."""
    sources = [stage.nodes[0].inputs[0] for stage in found.stages if stage.is_plain]
    if not sources:
        return True
    outputs = reference.forward(trial.network or found.network, trial.x)
    return all(outputs[source].max() < _OVERFLOW for source in sources)


def _shown(network: Network, x: FloatArray) -> NDArray[np.bool_]:
    """What an input brings to light: ReLUs above zero and below, shares that are not tiny, and which class wins."""
    outputs = reference.forward(network, x)
    before = [outputs[node.inputs[0]].ravel() for node in network.nodes if isinstance(node.layer, layers.ReLU)]
    shares = [outputs[node.name] for node in network.nodes if isinstance(node.layer, layers.Softmax)]
    last = outputs[network.nodes[-1].name].ravel()
    winner = np.arange(last.size) == last.argmax()
    sides = [*(flat > 0 for flat in before), *(flat < 0 for flat in before)]
    return np.concatenate([winner, *sides, *(share > _NOT_TINY for share in shares)])
