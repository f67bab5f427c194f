"""Are formulas that could not be proved different from their layers? Tried with random numbers.

What is off has to be off for numbers that layers can hold: a 0 beside the largest of what ReLU gives changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.formula.array import NUMBER, UNKNOWN
from xlconv.formula.elements import Flags, Floats
from xlconv.network import FloatArray
from xlconv.places import Places
from xlconv.recover.found import Found
from xlconv.recover.interpreted import Interpreted, Layers
from xlconv.recover.reading import Reading

_HALF: Final = 0.5
_SMALL, _LARGE = 0.1, 1e4
_TRIES: Final = 60
"""Random numbers with which what is not proved is tried."""
_CONFIRMED: Final = 36
"""So many of these, if some are off, are to show that it comes about."""
_CONFIRMING: Final = 3
"""Further numbers with which that is tried, each time."""
_TOLERANCE: Final = 1e-12
"""How far apart two float64 results of equal formulas may be, relative to what is right where that is beyond 1."""


class Tried:
    """The formulas of a network, tried with numbers.

    Args:
        found: The network.
        reading: The workbook's formulas.
    """

    def __init__(self, found: Found, reading: Reading) -> None:
        self.found, self.reading = found, reading

    def different(self, cells: Places) -> Places:
        """Which of some sorted cells give something else than their layers for some numbers.

        What is unknown twice in a row is not tried again.
        """
        constants, before = np.array(sorted(self._constants(cells))), np.empty(0, np.int64)
        found = [before]
        for number in range(_TRIES):
            if not cells.size:
                break
            draw = partial(_drawn, kind=number, constants=constants)
            held = _seeded(draw)
            off, unknown = _off(Interpreted(self.found, self.reading, Floats, held), cells)
            different = cells[off]
            confirmed = self._confirmed(different, [held, *(_seeded(draw) for _ in range(_CONFIRMING))])
            found.append(confirmed)
            done = np.union1d(confirmed if number < _CONFIRMED else different, np.intersect1d(cells[unknown], before))
            cells, before = np.setdiff1d(cells, done), cells[unknown]
        return np.concatenate(found)

    def _constants(self, cells: Places) -> set[float]:
        """0, 1, the other numbers that formulas hold, and those beside them, as `>` may stand before them."""
        forms = self.reading.forms
        held = {number for group in forms.by_group(cells) for number in forms.numbers(group)}
        return {0.0, 1.0, *(number + step for number in held - {0.0, 1.0} for step in (-1.0, 0.0, 1.0))}

    def _confirmed(self, cells: Places, several: Iterable[Callable[[Places], Floats]]) -> Places:
        """Which of some cells are off for some of several numbers, where layers hold what they make of these."""
        rest = cells
        for held in several:
            if rest.size:
                rest = np.setdiff1d(rest, self._really(rest, held))
        found: Places = np.setdiff1d(cells, rest)
        return found

    def _really(self, cells: Places, held: Callable[[Places], Floats]) -> Places:
        """Which of some cells are off for numbers that layers can hold; cells that read themselves are."""
        alone, found = self._reads_its_own(cells), [np.empty(0, np.int64)]
        modes: list[tuple[Places, Layers]] = [(cells[alone], "alone"), (cells[~alone], "chained")]
        for some, layers in modes:
            if some.size:
                numbers = Interpreted(self.found, self.reading, Floats, held, layers=layers)
                circular, sizes = self._sizes(numbers, some)
                off, _ = _off(numbers, some, _TOLERANCE * sizes**2)
                found.append(some[off | circular])
        return np.concatenate(found)

    def _reads_its_own(self, cells: Places) -> Flags:
        """Which of some cells read no cell of the network, and no formula, but what their layer reads."""
        found = np.zeros(cells.size, bool)
        for of, operands in self._layers():
            for at, group, mine in self._by_group(cells, of):
                found[at] = True
                for read in self.reading.forms.read(group, mine):
                    others = places.find(read, operands) < 0
                    strange = others & (places.find(read, self.found.owned) >= 0)
                    strange |= others & (self.reading.forms.group_of(read) >= 0)
                    found[at] &= ~strange.any(axis=1)
        return found

    def _layers(self) -> Iterator[tuple[Places, Places]]:
        """The cells of each layer, and those that these may read; sorted."""
        found = self.found
        for stage in found.stages:
            if stage.nodes:
                node = stage.nodes[0]
                weights = [cells for each in stage.nodes for cells in found.weights_of(each).values()]
                source = np.unique(np.concatenate([cells.ravel() for cells in (*found.read_by(node), *weights)]))
                parts = [np.unique(cells) for cells in stage.parts.values()]
                yield np.unique(stage.cells), np.unique(np.concatenate(parts)) if parts else source
                if len(parts) == 1:  # of several, one may be made of others
                    yield parts[0], source

    def _by_group(self, cells: Places, among: Places) -> Iterator[tuple[NDArray[np.int64], int, NDArray[np.int64]]]:
        """Where those of some sorted cells are that are among others, group by group, and the group's formulas."""
        forms = self.reading.forms
        for group, mine in forms.singles(cells[places.find(cells, among) >= 0]):
            yield places.find(forms.places[group][mine], cells), group, mine

    def _sizes(self, numbers: Interpreted[Floats], cells: Places) -> tuple[Flags, FloatArray]:
        """Which of some cells read themselves, and the largest number that each reads, 1 at least."""
        circular, sizes = np.zeros(cells.size, bool), np.ones(cells.size)
        for at, group, mine in self._by_group(cells, cells):
            for read in self.reading.forms.read(group, mine):
                circular[at] |= (read == cells[at, None]).any(axis=1)
                there = np.abs(numbers.state.at(read[:, None, :]).numbers.known()[:, 0, 0])
                sizes[at] = np.maximum(sizes[at], np.nan_to_num(there, nan=np.inf).max(axis=1, initial=0.0))
        return circular, sizes


def _off(numbers: Interpreted[Floats], cells: Places, rounding: Any = _TOLERANCE) -> tuple[Flags, Flags]:
    """Which of some sorted cells are off, by more than may be rounding, and of which it is not known."""
    kinds, given = numbers.given(cells)
    different = np.zeros(cells.size, bool)
    for due in numbers.due(cells):
        at = places.find(due.cells, cells)
        at, right = at[at >= 0], due.numbers.data[0][at >= 0]
        allowed = np.maximum(np.broadcast_to(rounding, cells.shape)[at], _TOLERANCE * np.maximum(1.0, np.abs(right)))
        off = (kinds[at] != NUMBER) | ~(np.abs(given.data[0][at] - right) <= allowed)
        different[at] |= np.isfinite(right) & (kinds[at] != UNKNOWN) & off
    return different, kinds == UNKNOWN


def _seeded(draw: Callable[..., Floats]) -> Callable[[Places], Floats]:
    """Draws numbers, the same for the same cells."""
    return partial(draw, seed=secrets.randbits(128))


def _drawn(cells: Places, kind: int, constants: NDArray[np.float64], seed: int) -> Floats:
    """Some of a few numbers, every second time; else normal ones, small, large, those of one sign, some of both."""
    rng = np.random.default_rng(seed)
    numbers, few = rng.standard_normal(cells.shape), rng.choice(constants, cells.shape)
    mixed = np.where(rng.random(cells.shape) < _HALF, few, numbers)
    large = _LARGE * numbers
    kinds = (numbers, _SMALL * numbers, large, -np.abs(numbers), mixed, large, np.abs(numbers))
    return Floats.of(few if kind % 2 else kinds[kind // 2 % len(kinds)])
