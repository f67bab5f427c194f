"""Do the formulas of a network equal its layers' definitions, for all inputs and weights? In exact arithmetic.

Every cell of the network holds an element of a finite field that the system's randomness drew. So each formula is held
to its layer by what it reads directly, in whatever way it reads it; cells between that are not the network's own are
computed. Overflow and rounding are for engines to find.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import mean, places
from xlconv.formula.array import NUMBER, UNKNOWN, Array, E, Kinds
from xlconv.formula.elements import Floats
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.field import Residues
from xlconv.formula.state import State
from xlconv.layers import Layer
from xlconv.places import NOWHERE, Places
from xlconv.recover.found import Found, Stage
from xlconv.recover.reading import Reading

Verdict: TypeAlias = NDArray[np.uint8]

PROVED, DIFFERENT, OPEN = range(3)
"""Equal for all numbers; different for some; neither is known."""

_AT_ONCE: Final = 1 << 20
"""Numbers that a definition reads for many elements, which are worked on together."""
_TRIES: Final = 12
"""Random numbers with which what is not proved is tried."""
_TOLERANCE: Final = 1e-12
"""How far apart two float64 results of equal formulas may be, relative to what is right where that is beyond 1."""


class Due(NamedTuple, Generic[E]):
    """What some cells should hold."""

    cells: Places
    numbers: E


class Cells(Generic[E]):
    """A network's cells under an interpretation: what they hold, what their formulas give, what they should give.

    Args:
        found: The network and where it stands.
        reading: The workbook's formulas.
        elements: The interpretation's.
        held: Makes so many elements for the cells.
    """

    def __init__(self, found: Found, reading: Reading, elements: type[E], held: Callable[[Places], E]) -> None:
        self.found, self.reading = found, reading
        self.state = State(reading.book, found.atlas, elements, blank=found.owned)
        kinds = np.full((found.owned.size, 1, 1, 1), NUMBER, np.uint8)
        self.state.put(found.owned, Array(kinds, held(found.owned).reshape(-1, 1, 1, 1)))
        self.evaluation = Evaluation(reading.forms, self.state)
        self.evaluation.compute(self._between(), found.owned)

    def _between(self) -> Places:
        """Cells with formulas that the network's formulas read, and that are not its own."""
        forms, owned = self.reading.forms, self.found.owned
        numbers = np.unique(forms.group_of(self.found.computed))
        read = set[int]().union(*(forms.read_by(group) for group in numbers[numbers >= 0].tolist()))
        cells = np.concatenate([*(forms.places[group] for group in sorted(read)), np.empty(0, np.int64)])
        return cells[places.find(cells, owned) < 0]

    def given(self, cells: Places) -> tuple[Kinds, E]:
        """What the formulas of some sorted cells give; unknown where there is none."""
        kinds = np.full(cells.size, UNKNOWN, np.uint8)
        numbers = self.state.elements.of(np.zeros(cells.size))
        for some, values in self.evaluation.results(cells):
            at = places.find(some, cells)
            mine = at >= 0
            kinds[at[mine]] = np.broadcast_to(values.kinds[:, 0, 0, 0], some.shape)[mine]
            numbers.put(at[mine], values.numbers[:, 0, 0, 0].spread(some.shape)[mine])
        return kinds, numbers

    def due(self, wanted: Places | None = None) -> Iterator[Due[E]]:
        """What cells should hold by their layers' definitions; those of some sorted ones if they are given."""
        for stage in self.found.stages:
            if not stage.nodes:
                yield self._copied(stage)
                continue
            for part, cells in stage.parts.items():
                yield from self._defined(stage, part, cells, wanted)
            yield from self._defined(stage, "", stage.cells, wanted)
        if self.found.prediction != NOWHERE:
            labels = self.found.labels
            last = self._elements(self.found.shown(self.found.network.nodes[-1].name).ravel())
            wins = mean.prediction(last, None if labels is None else self._elements(labels.ravel()))
            yield Due(np.array([self.found.prediction]), wins)

    def _copied(self, stage: Stage) -> Due[E]:
        assert stage.elements is not None
        return Due(stage.cells.ravel(), self._elements(self.found.shown(stage.shows).ravel()[stage.elements]))

    def _defined(self, stage: Stage, part: str, cells: Places, wanted: Places | None) -> Iterator[Due[E]]:
        node, operands = stage.nodes[0], self._operands(stage, part)
        flat = cells.ravel()
        asked = np.flatnonzero(flat != NOWHERE if wanted is None else places.find(flat, wanted) >= 0)
        portion = max(1, _AT_ONCE // mean.reads(node.layer, operands.x.numbers.shape))
        for first in range(0, asked.size, portion):
            some = asked[first : first + portion]
            yield Due(flat[some], self._mean(stage, part, operands, np.unravel_index(some, cells.shape)))

    def _mean(self, stage: Stage, part: str, operands: mean.Operands[E], at: Any) -> E:
        layer: Layer = stage.nodes[0].layer
        if part:
            return mean.part(layer, part, operands, at)
        y = mean.mean(layer, operands, at)
        for node in stage.nodes[1:]:
            y = mean.inline(node.layer, y)
        return y

    def _operands(self, stage: Stage, upto: str) -> mean.Operands[E]:
        node, names = stage.nodes[0], list(stage.parts)
        source = self.found.shown(node.inputs[0])
        weights = {key: self._elements(self.found.weights[f"{node.name}.{key}"]) for key in node.layer.weight_shapes}
        known = names[: names.index(upto)] if upto else names
        parts = {name: self._elements(stage.parts[name].ravel()) for name in known}
        return mean.Operands(mean.Source(self._elements(source), source != NOWHERE), weights, parts)

    def _elements(self, cells: Places) -> E:
        """What some cells hold, in their shape; 0 where there is no cell."""
        return self.state.at(cells.reshape(-1, 1, 1)).numbers.reshape(*cells.shape)


class Proof:
    """Which formulas of a network are proved to be what their layers say.

    Args:
        found: The network and where it stands.
        reading: The workbook's formulas.

    Attributes:
        cells: All cells of its layers, sorted.
        verdicts: For each `PROVED`, `DIFFERENT` or `OPEN`.
    """

    def __init__(self, found: Found, reading: Reading) -> None:
        self.found, self.reading = found, reading
        self.cells = found.computed
        self._field = Cells(found, reading, Residues, lambda cells: Residues.drawn(cells.shape))
        self.verdicts: Verdict = np.full(self.cells.size, OPEN, np.uint8)
        kinds, given = self._field.given(self.cells)
        proved = np.zeros(self.cells.size, bool)
        wrong = np.zeros(self.cells.size, bool)
        for due in self._field.due():
            at = places.find(due.cells, self.cells)
            equal = given[at].same(due.numbers) & (kinds[at] == NUMBER)
            proved[at] |= equal
            wrong[at] |= ~equal
        self.verdicts[proved & ~wrong] = PROVED
        self._try(self.cells[self.verdicts == OPEN])

    def share(self, of: Places) -> float:
        """How much of some cells is proved."""
        at = places.find(of.ravel(), self.cells)
        return float((self.verdicts[at[at >= 0]] == PROVED).mean()) if (at >= 0).any() else 0.0

    def holds(self, formula: str, place: int) -> bool:
        """Whether a cell would be proved if it had this formula."""
        value = self._field.evaluation.result(formula, self.found.atlas.cell(place))
        cell = np.array([place])
        dues = [due for due in self._field.due(cell) if (due.cells == place).any()]
        return bool(dues) and all(
            (value.kinds == NUMBER).all() and value.numbers.reshape(1).same(due.numbers[due.cells == place]).all()
            for due in dues
        )

    def _try(self, cells: Places) -> None:
        """Tell what is different from what is open, by random numbers."""
        if not cells.size:
            return
        for _ in range(_TRIES):
            different = self._differing(cells, _normal)
            self.verdicts[places.find(different, self.cells)] = DIFFERENT

    def _differing(self, cells: Places, held: Callable[[Places], Floats]) -> Places:
        numbers = Cells(self.found, self.reading, Floats, held)
        kinds, given = numbers.given(cells)
        different = np.zeros(cells.size, bool)
        for due in numbers.due(cells):
            at = places.find(due.cells, cells)
            at, right = at[at >= 0], due.numbers.data[0][at >= 0]
            off = ~(np.abs(given.data[0][at] - right) <= _TOLERANCE * np.maximum(1.0, np.abs(right)))
            different[at] |= (kinds[at] != UNKNOWN) & ((kinds[at] != NUMBER) | off)
        return cells[different]


def _normal(cells: Places) -> Floats:
    rng = np.random.default_rng(secrets.randbits(128))
    return Floats.of(rng.standard_normal(cells.shape))
