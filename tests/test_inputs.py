"""What workbooks are tried with: few inputs for engines, all others for the interpretation of formulas in numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xlconv import layers, reader, reference
from xlconv.check import inputs
from xlconv.check.explore import Explorer
from xlconv.check.overflow import PlainExponential
from xlconv.network import Network, Node
from xlconv.recover.declared import found_by
from xlconv.recover.found import Found


@pytest.fixture
def own(seven: Path) -> Found:
    """The network of a generated workbook, which has samples to choose from."""
    return found_by(reader.read(seven))


def test_engines_get_eight(own: Found) -> None:
    """The workbook's own, two of its samples, two random ones, a large one, and two with other weights."""
    trials = inputs.choose(own, inputs.DEFAULT_RANDOM, 0).for_engines
    assert [trial.name for trial in trials] == [
        "the one in the workbook",
        "sample 0",
        "sample 9",
        "random 1",
        "random 2",
        "large",
        "random weights 1",
        "random weights 2",
    ]
    assert [trial.is_changed for trial in trials] == [False] + [True] * 7
    assert [trial.network is not None for trial in trials] == [False] * 6 + [True] * 2
    assert np.abs(trials[5].x).max() > 100


def test_more_random_inputs(own: Found) -> None:
    """`--random N` gives engines N more, beside those that they always get."""
    few, more = (inputs.choose(own, random, 0).for_engines for random in (0, 3))
    assert len(more) == len(few) + 3
    assert [trial.name for trial in more if trial.name not in {each.name for each in few}] == [
        "random 3",
        "random 4",
        "random 5",
    ]
    known = {trial.name: trial.x for trial in more}
    assert all(np.array_equal(trial.x, known[trial.name]) for trial in few)


def test_nothing_is_lost(own: Found) -> None:
    """What engines are not given is tried in numbers: every sample, the extremes, the other random ones, weights."""
    chosen = inputs.choose(own, 0, 0)
    rest = list(chosen.for_numbers())
    given = {trial.name for trial in chosen.for_engines}
    assert own.choices is not None
    rows = [trial.row for trial in chosen.for_engines + rest if trial.row]
    assert sorted(rows) == list(range(1, len(own.choices.labels) + 1))
    assert len(rows) == 30
    names = [trial.name for trial in rest if not trial.row]
    assert names == [
        *("zeros", "ones", "one pixel", "negative"),
        *(f"random {number}" for number in range(3, 21)),
        *("random weights 3", "random weights 4"),
    ]
    assert not given & set(names)


def test_every_relu_is_lit(own: Found) -> None:
    """The random inputs of both lists together show every ReLU above zero and below."""
    chosen = inputs.choose(own, 0, 0)
    trials = [t for t in [*chosen.for_engines, *chosen.for_numbers()] if t.network is None and "random" in t.name]
    outputs = [reference.forward(own.network, trial.x) for trial in trials]
    relus = [node for node in own.network.nodes if isinstance(node.layer, layers.ReLU)]
    assert len(relus) == 2
    for node in relus:
        before = np.stack([output[node.inputs[0]] for output in outputs])
        assert (before > 0).any(axis=0).all()
        assert (before < 0).any(axis=0).all()


def test_numbers_cost_nothing_until_asked_for(own: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second list is drawn when somebody walks through it, and not before."""
    drawn = []
    monkeypatch.setattr(inputs, "_extremes", lambda *_: drawn.append(1) or iter(()))
    rest = inputs.choose(own, 0, 0).for_numbers()
    assert not drawn
    list(rest)
    assert drawn == [1]


def test_a_selection_for_each(own: Found, seven: Path) -> None:
    """Something is chosen on the worksheet `Explore` in each trial of the engines but the first."""
    trials = inputs.choose(own, 0, 0, Explorer.of(reader.read(seven), own)).for_engines
    assert trials[0].selection is None
    assert len({trial.selection for trial in trials[1:]}) == 7


def test_without_weights(own: Found) -> None:
    """A network that has no weights has no other ones, and a large network is tried with fewer inputs."""
    network = Network((1, 2, 2), [Node("relu", layers.ReLU(), ("input",))], {})
    found = replace(own, network=network, x=np.zeros((1, 2, 2)), choices=None, stages=(), weights={})
    trials = inputs.choose(found, 0, 0).for_engines
    assert [trial.name for trial in trials] == ["the one in the workbook", "random 1", "random 2", "large"]


def test_no_exponential_overflows(own: Found) -> None:
    """Where a softmax does not subtract the maximum, what would overflow it is in neither list."""
    softmax, found = own.stages[-1], own
    weights = {key: 20 * array for key, array in own.network.weights.items()}
    found = replace(found, network=Network(own.network.input_shape, own.network.nodes, weights, own.network.classes))
    plain_exp = PlainExponential("softmax", "A1", softmax.nodes[0].inputs[0], 1, "")
    chosen = inputs.choose(found, 0, 0, plain=[plain_exp])
    both = [*chosen.for_engines[1:], *chosen.for_numbers()]
    source = softmax.nodes[0].inputs[0]
    logits = [reference.forward(trial.network or found.network, trial.x)[source].max() for trial in both]
    assert len(logits) > 3
    assert max(logits) < 700
    assert "large" not in {trial.name for trial in both}
