"""The worksheet `Explore` as a page: every element of every layer, and what a person may type beside them.

What is typed need be no element's channel, row or column. By the contract a blank cell counts as 0, a fraction as the
nearest whole number (a half as the one above), and where a layer has no such channel, row or column the nearest that
there is is shown. Of a layer's name the case of letters does not matter. A text in the place of a number has no right
value, so of what follows only that is held to something which does not depend on it; where there is no such layer, an
error or an empty text is due everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import floor
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import reference
from xlconv.cells import Value
from xlconv.check.explore import Explorer
from xlconv.check.pages import AT_ONCE, MOST_VALUES, NOTHING, Basis, Batch, CheckedPage, Due, Known, in_words
from xlconv.check.pages.judge import chunks
from xlconv.check.steps import WORDS, as_image
from xlconv.check.telling import Ints
from xlconv.declaration import explore_name
from xlconv.layers import LogSoftmax, Softmax
from xlconv.network import FloatArray, Fused, Network
from xlconv.recover.found import Found

Outputs: TypeAlias = Mapping[str, FloatArray]
"""Every layer's output by name, and the input."""

Typed: TypeAlias = tuple[Value, Value, Value, Value]
"""What stands in the four cells that choose: layer, channel, row and column."""

_FAR: Final = 1e6
_TEXT: Final = "one"
_NO_LAYERS: Final[tuple[Value, ...]] = ("no layer of this name", "", None, 1.0)
_OF_LAYER: Final = ("number", "limits", "settings")
"""Tables that depend on the layer alone."""
_OF_SOFTMAX: Final = ("softmax", "max", "exp_sum", "before", "result", "cell", WORDS)
_POWERS: Final = [sign * 10.0**power for sign in (-1, 1) for power in range(1, 10)]
_WHOLE: Final = [float(n) for n in range(-20, 100)]
_BEYOND: Final = 30
_TENTHS: Final = 400
_RANDOM: Final = 50
_TURNS: Final = 64
_SETTLED: Final = ("number", "at")
"""Tables that say which layer and which element is meant by what is typed."""
_NAMES: Final = ("layer", "channel", "row", "column")


@dataclass(frozen=True)
class LayerChoices:
    """A layer that can be chosen, and what of it is.

    Args:
        name: The layer's.
        shape: Channels, rows and columns.
        typed: What is typed, elements first.
    """

    name: str
    shape: tuple[int, int, int]
    typed: Sequence[Typed]


def explore_page(
    explorer: Explorer,
    found: Found,
    inputs: Sequence[Outputs],
    tolerance: float,
    most: int = MOST_VALUES,
    rng: np.random.Generator | None = None,
) -> CheckedPage:
    """The page, with all its choices, under each of some inputs.

    Args:
        explorer: Where the worksheet stands.
        found: The network, and the cells that its numbers stand in.
        inputs: Of each what all layers give; dense ones, as a wrong reference from 0 to 0 changes nothing.
        tolerance: How far from zero rounding may decide what is said.
        most: Cell values to be computed; if there are more, corners and edges of all layers come first, then some
            of the other elements.
        rng: Chooses these; by default what the system has of randomness, so that nobody knows which are left out.
    """
    cells = max(explorer.places.size, 1)
    layers, choices = _layers(explorer, most // (cells * max(len(inputs), 1)), rng or np.random.default_rng())

    def batches() -> Iterator[Batch]:
        for outputs in inputs:
            known = known_numbers(found, outputs)
            for layer in layers:
                for some in chunks(len(layer.typed), cells, AT_ONCE):
                    yield _batch(explorer, layer.name, layer.typed[some], outputs, known, tolerance)
            yield from _without_value(explorer, layers, outputs, known, tolerance)
        yield from _typed_otherwise(explorer, layers)
        yield from _turned(explorer, found, inputs[0], tolerance)

    page = explorer.page
    tried = sum(len(layer.typed) for layer in layers)
    if not page.tables:
        return page
    return replace(page, batches=batches, choices=choices, tried=tried, basis=_basis(explorer, found, inputs[0]))


def _basis(explorer: Explorer, found: Found, outputs: Outputs) -> Basis:
    """Element and layer go by what is typed, all else by these and by what else stands on the worksheet."""
    page, atlas = explorer.page, explorer.atlas
    typed = np.unique([atlas.place(*where[:3]) for where in explorer.choices])
    (sheet,) = {where.sheet for where in explorer.choices[:1]}
    filled = atlas.of(sheet, list(explorer.book.sheets[sheet].cells))
    settled = page.cells([name for name in map(explore_name, _SETTLED) if name in page.tables])
    sentences = page.cells([name for name in [explore_name(WORDS)] if name in page.tables])  # which say what is below 0
    known = np.union1d(typed, known_numbers(found, outputs).places)
    allowed = np.setdiff1d(filled, typed)
    return Basis(page.cells(page.tables), known, allowed, typed, np.unique(settled), np.unique(sentences), found.owned)


def known_numbers(found: Found, outputs: Outputs) -> Known:
    """The numbers in the cells of a network's input and layers, by place; of a cell in several the last."""
    blocks = [(found.inputs, outputs["input"])]
    blocks += [(stage.cells, outputs[stage.shows]) for stage in found.stages if stage.nodes]
    cells, numbers = (np.concatenate([block[side].ravel()[::-1] for block in reversed(blocks)]) for side in (0, 1))
    places, first = np.unique(cells, return_index=True)
    there = places >= 0
    return Known(places[there], numbers[first[there]])


def _layers(explorer: Explorer, most: int, rng: np.random.Generator) -> tuple[list[LayerChoices], int]:
    """The layers with what is typed, at most so much together, and how much there would be."""
    network = explorer.network
    named = [(fused.node.name, as_image(network.shapes[fused.shows])) for fused in network.fused]
    odd = {name: list(_beside(name, shape)) for name, shape in named}
    sizes = [shape[0] * shape[1] * shape[2] for _, shape in named]
    total = sum(sizes) + sum(map(len, odd.values()))
    share = _shares(sizes, most - sum(map(len, odd.values())))
    layers = [
        LayerChoices(name, shape, [*_elements(name, shape, count, rng), *odd[name]])
        for (name, shape), count in zip(named, share, strict=True)
    ]
    return layers, total


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many of each of several groups are taken, so that those of small ones are taken first."""
    left, shares = max(most, len(sizes)), [0] * len(sizes)
    for rank, at in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        shares[at] = min(sizes[at], left // (len(sizes) - rank))
        left -= shares[at]
    return shares


def _elements(name: str, shape: tuple[int, int, int], count: int, rng: np.random.Generator) -> Iterator[Typed]:
    """So many elements of a layer: corners first, then edges, then the others, in any order within these."""
    at: Ints = np.indices(shape).reshape(3, -1).T
    if count < len(at):
        at = at[np.lexsort((rng.random(len(at)), -_borders(at, shape)))][:count]
    yield from (_typed_at(name, map(float, each)) for each in at.tolist())


def _borders(at: Ints, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """In how many directions, of two, elements are the first or the last."""
    sides: NDArray[np.int64] = ((at[:, 1:] == 0) | (at[:, 1:] == np.array(shape[1:]) - 1)).sum(axis=1)
    return sides


def _beside(name: str, shape: tuple[int, int, int]) -> Iterator[Typed]:
    """What is no element of a layer, or is one in other words."""
    channel, row, column = (float(n - 1) for n in shape)
    yield from product([name], (-1.0, channel + 1), (-1.0, row + 1), (-1.0, column + 1))
    yield from (_typed_at(name, [far] * 3) for far in (-_FAR, _FAR))
    yield from [(name, None, row, column), (name, channel, None, column), (name, channel, row, None)]
    yield from [(name, None, None, None), (name.swapcase(), channel, row, column)]
    middle = channel // 2, row // 2, column // 2
    yield from (_typed_at(name, (n + part for n in middle)) for part in (-0.4, 0.4, 0.5, 0.6))


def _typed_at(layer: str, at: Iterable[Value]) -> Typed:
    channel, row, column = at
    return layer, channel, row, column


@lru_cache(maxsize=1 << 12, typed=True)
def whole(value: Value) -> int:
    """The whole number that counts for what is typed: 0 for a blank cell, of a fraction the nearest."""
    return floor(value + 0.5) if isinstance(value, float) else 0


def _meant(typed: Sequence[Typed]) -> Ints:
    """(N, 3): the element that is meant, which there may not be."""
    return np.array([[*map(whole, each[1:])] for each in typed], np.int64)


def _batch(
    explorer: Explorer,
    layer: str,
    typed: Sequence[Typed],
    outputs: Outputs,
    known: Mapping[int, float],
    tolerance: float,
) -> Batch:
    """What is shown of a layer."""
    due = explorer.due(explorer.network, layer, _meant(typed), outputs, tolerance)
    return _filled(explorer, typed, known, due)


def _without_value(
    explorer: Explorer, layers: Sequence[LayerChoices], outputs: Outputs, known: Mapping[int, float], tolerance: float
) -> Iterator[Batch]:
    """Texts where numbers are due, and layers that there are not."""
    for layer in layers:
        for where in range(3):
            at: list[Value] = [0.0, 0.0, 0.0]
            at[where] = _TEXT
            due = explorer.due(explorer.network, layer.name, np.zeros((1, 3), np.int64), outputs, tolerance)
            kept = {explore_name(name): due[explore_name(name)] for name in _OF_LAYER if explore_name(name) in due}
            if (name := explore_name("at")) in due:
                kept[name] = Due(np.where(np.arange(3) == where, NOTHING, due[name].numbers))
            yield _filled(explorer, [_typed_at(layer.name, at)], known, kept)
    typed: list[Typed] = [(value, 0.0, 0.0, 0.0) for value in _NO_LAYERS]
    tables = {name: np.full((1, *places.shape), NOTHING) for name, places in explorer.page.tables.items()}
    yield _filled(explorer, typed, known, {name: Due(numbers) for name, numbers in tables.items()})


def _typed_otherwise(explorer: Explorer, layers: Sequence[LayerChoices]) -> Iterator[Batch]:
    """Which element is meant by many numbers: tenths up to the last element and beyond, and powers of ten."""
    name, rng = explore_name("at"), np.random.default_rng()
    for layer in layers if name in explorer.page.tables else ():
        typed = [
            _typed_at(layer.name, [value if at == where else 0.0 for at in range(3)])
            for where, size in enumerate(layer.shape)
            for value in [*_tenths(size), *_WHOLE, *_POWERS, *rng.uniform(-_FAR, _FAR, _RANDOM).tolist()]
        ]
        due = np.clip(_meant(typed), 0, np.array(layer.shape) - 1).astype(float)
        yield _filled(explorer, typed, {}, {name: Due(due[:, None, :])})


def _tenths(size: int) -> list[float]:
    """Numbers around the places of some elements, of many elements the first and the last ones."""
    near: NDArray[np.int64] = np.arange(-_BEYOND, 10 * size + _BEYOND)
    return [float(n) / 10 for n in (near if near.size <= _TENTHS else np.r_[near[:_TENTHS], near[-_TENTHS:]])]


def _turned(explorer: Explorer, found: Found, outputs: Outputs, tolerance: float) -> Iterator[Batch]:
    """Each share of a Softmax, where each of what it reads is the largest for once."""
    for cells in explorer.network.fused:
        if not isinstance(cells.node.layer, (Softmax, LogSoftmax)):
            continue
        turns = list(_turns(explorer.network, cells, outputs))
        typed = [_typed_at(cells.node.name, [float(turn), 0.0, 0.0]) for turn in range(len(turns))]
        dues = [
            explorer.due(explorer.network, cells.node.name, np.array([[at, 0, 0]]), turn, tolerance)
            for at, turn in enumerate(turns)
        ]
        names = [name for name in map(explore_name, _OF_SOFTMAX) if name in explorer.page.tables]
        held = {
            place: [float(turn[layer].flat[at]) for turn in turns]
            for layer in (explorer.network.viewed(cells.node.inputs[0]), cells.shows)
            for at, place in enumerate(found.shown(layer).ravel().tolist())
        }
        batch = _filled(explorer, typed, {}, {name: _one_by_one([due[name] for due in dues]) for name in names})
        yield replace(batch, filled={**batch.filled, **held})


def _turns(network: Network, cells: Fused, outputs: Outputs) -> Iterator[Outputs]:
    """What layers give if a Softmax reads the same numbers in other places."""
    read = cells.node.inputs[0]
    source = network.viewed(read)
    x = outputs[source]
    for turn in range(min(x.size, _TURNS)):
        turned = np.roll(x.ravel(), turn)
        y = turned
        for node in cells.nodes:
            y = reference.apply(node.layer, y, network.weights_of(node.name))
        yield {**outputs, source: turned.reshape(x.shape), read: turned.reshape(outputs[read].shape), cells.shows: y}


def _one_by_one(dues: Sequence[Due]) -> Due:
    """What is due for several choices, of each of which that is known by itself."""
    return Due(np.concatenate([due.numbers for due in dues]), [text for due in dues for text in due.texts])


def _filled(explorer: Explorer, typed: Sequence[Typed], known: Mapping[int, float], due: Mapping[str, Due]) -> Batch:
    places = [explorer.atlas.place(*where[:3]) for where in explorer.choices]
    filled = dict(zip(places, (list(column) for column in zip(*typed, strict=True)), strict=True))
    return Batch(len(typed), filled, known, due, lambda lane: _told(typed[lane]))


def _told(typed: Typed) -> str:
    """What is typed, in words."""
    return ", ".join(f"{name} {in_words(value)}" for name, value in zip(_NAMES, typed, strict=True))
