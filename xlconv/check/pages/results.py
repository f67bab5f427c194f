"""Which formulas for what comes out are proved: for every layer and channel, for all numbers and weights.

A page shows what the elementwise layers make of a layer's number. Their definitions hold numbers (a slope, the 1 of a
sigmoid), and so do the formulas; that these are no traps is seen in exact arithmetic, where the layer's number and all
weights are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from xlconv import mean
from xlconv.check.explore import Explorer
from xlconv.formula.array import NUMBER, of_numbers
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.field import Residues
from xlconv.formula.kinds import spelled
from xlconv.formula.state import State
from xlconv.network import Fused
from xlconv.places import Places
from xlconv.recover.found import Found
from xlconv.recover.proof import failing
from xlconv.recover.reading import Reading

_CHOSEN: Final = ("number", "at", "before")


def proved_results(explorer: Explorer, found: Found, reading: Reading) -> Places:
    """The cell of the result, if it is what the layers make of the number before it, whatever that is; else none."""
    if not all(name in explorer.shown for name in (*_CHOSEN, "result")):
        return np.empty(0, np.int64)
    number, at, before = (explorer.atlas.places(explorer.shown[name]).ravel() for name in _CHOSEN)
    result: Places = explorer.atlas.places(explorer.shown["result"]).ravel()
    weights = _weight_cells(found)
    layers = [(row, channel) for row, fused in enumerate(found.network.fused, 1) for channel in _channels(found, fused)]
    lanes = np.array(layers, float).T[:, None, :, None, None]
    given = np.unique(np.concatenate([number, at, before, weights]))
    if not _is_plain(found, reading, result, given):
        return result[:0]
    state = State(reading.held, found.atlas, Residues, len(layers), blank=given)
    state.put(given, of_numbers(Residues.drawn((given.size, 1, 1, 1))))
    state.put(number, of_numbers(Residues.of(lanes[0])))
    state.put(at[:1], of_numbers(Residues.of(lanes[1])))
    state.put(before, of_numbers(Residues.drawn((1, len(layers), 1, 1))))
    Evaluation(reading.forms, state).compute(result, given)
    shown = state.at(result[:, None, None])
    due = Residues.joined(list(_due(found, state, before)))
    equal = (shown.kinds == NUMBER).all() and shown.numbers[:, :, 0, 0].same(due[None]).all()
    cells: Places = result if equal else result[:0]
    return cells


def _is_plain(found: Found, reading: Reading, result: Places, given: Places) -> bool:
    """Whether the formula reads nothing else, and no more of it may fail than of the layers' definitions."""
    forms = reading.forms
    for group, mine in forms.singles(result):
        if all(np.isin(read, given).all() for read in forms.read(group, mine)):
            return failing(spelled(forms.groups[group].formula)) <= _may_fail(found)
    return False


def _may_fail(found: Found) -> int:
    """How many operations of different elementwise layers, behind different ones, have no result for some numbers."""
    known: dict[tuple[object, ...], int] = {}
    for fused in found.network.fused:
        chain: tuple[object, ...] = ()
        for node in fused.nodes:
            if node.layer.elementwise:
                chain = (*chain, node.layer, *node.weight_keys().values())
                known[chain] = node.layer.may_fail
    return sum(known.values())


def _channels(found: Found, fused: Fused) -> range:
    return range(found.network.shapes[fused.shows][0])


def _weight_cells(found: Found) -> Places:
    """Those of elementwise layers."""
    nodes = [node for node in found.network.nodes if node.layer.elementwise]
    weights = [cells.ravel() for node in nodes for cells in found.weights_of(node).values()]
    cells: Places = np.concatenate([*weights, np.empty(0, np.int64)])
    return cells


def _due(found: Found, state: State[Residues], before: Places) -> Iterator[Residues]:
    """What should come out, layer by layer, for each of its channels."""
    numbers, first = state.at(before[:, None, None]).numbers[0, :, 0, 0], 0
    for fused in found.network.fused:
        channels = np.array(_channels(found, fused))
        y = numbers[first : first + channels.size]
        first += channels.size
        for node in fused.nodes:
            if node.layer.elementwise:
                held = {name: state.at(cells[:, None, None]) for name, cells in found.weights_of(node).items()}
                weights = {name: each.numbers.reshape(-1) for name, each in held.items()}
                y = mean.element(node.layer, y, mean.of_channel(weights, [channels]))
        yield y
