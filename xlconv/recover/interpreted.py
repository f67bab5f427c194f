"""A network's cells under an interpretation: what they hold, what their formulas give, what they should give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias

import numpy as np

from xlconv import mean, places
from xlconv.formula.array import BOOLEAN, NUMBER, TEXT, UNKNOWN, E, Kinds, of_numbers
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.state import State
from xlconv.layers import Layer
from xlconv.network import Node
from xlconv.places import NOWHERE, Places
from xlconv.recover.found import Found, Stage
from xlconv.recover.reading import Reading

Layers: TypeAlias = Literal["any", "alone", "chained"]

_AT_ONCE: Final = 1 << 20
"""Numbers that a definition reads for many elements, which are worked on together."""


class DueElements(NamedTuple, Generic[E]):
    """What some cells should hold."""

    cells: Places
    numbers: E


class Interpreted(Generic[E]):
    """A network's cells under an interpretation: what they hold, what their formulas give, what they should give.

    Args:
        found: The network and where it stands.
        reading: The workbook's formulas.
        elements: The interpretation's.
        held: Makes so many elements for the cells.
        layers: What the cells of layers hold: such elements; or what the layer makes of such in the cells that it
            reads, each layer alone; or what they all make, one after the other, of the network's input.
    """

    def __init__(
        self,
        found: Found,
        reading: Reading,
        elements: type[E],
        held: Callable[[Places], E],
        *,
        layers: Layers = "any",
    ) -> None:
        self.found, self.reading = found, reading
        self._last: tuple[Stage, str, mean.Operands[E]] | None = None
        self.state = State(reading.held, found.atlas, elements, blank=found.owned)
        self.state.put(found.owned, of_numbers(held(found.owned).reshape(-1, 1, 1, 1)))
        if layers != "any":
            self._keep_labels()
            for due in list(self.due()) if layers == "alone" else self.due():
                self._put(due)
        for stage in found.stages:
            if not stage.nodes:  # a copy holds what it is a copy of, or what reads it would read something else
                self._put(self._copied(stage))
        self._free_constants(held)
        self.evaluation = Evaluation(reading.forms, self.state)
        self.evaluation.compute(self._between(), found.owned)

    def _keep_labels(self) -> None:
        """Classes that are numbers hold these, as no input and no weight makes others of them."""
        if self.found.labels is None:
            return
        held, labels = self.reading.held, self.found.labels.ravel()
        at = places.find(labels, held.places)
        if (at >= 0).all() and (held.kinds[at] == NUMBER).all():
            self._put(DueElements(labels, self.state.elements.of(held.numbers[at])))

    def _put(self, due: DueElements[E]) -> None:
        self.state.put(due.cells, of_numbers(due.numbers.reshape(-1, 1, 1, 1)))

    def _free_constants(self, held: Callable[[Places], E]) -> None:
        """Other numbers may be any, too: somebody may type another one there; of other texts nothing is known."""
        state = self.state
        others = (places.find(state.places, self.found.owned) < 0) & (places.find(state.places, self.found.ones) < 0)
        numbers = state.places[others & (state.kinds == NUMBER)]
        if numbers.size:
            state.put(numbers, of_numbers(held(numbers).reshape(-1, 1, 1, 1)))
        state.kinds[others & ((state.kinds == TEXT) | (state.kinds == BOOLEAN))] = UNKNOWN

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

    def due(self, wanted: Places | None = None) -> Iterator[DueElements[E]]:
        """What cells should hold by their layers' definitions; those of some sorted ones if they are given."""
        for stage in self.found.stages:
            if not stage.nodes:
                yield self._copied(stage)
                continue
            for part, cells in stage.parts.items():
                yield from self._defined(stage, part, cells, wanted)
            yield from self._defined(stage, "", stage.cells, wanted)
        if self.found.prediction != NOWHERE:
            yield self.winner(self.found.network.nodes[-1].name)

    def winner(self, name: str) -> DueElements[E]:
        """What the prediction is if the largest element of a layer decides."""
        labels, last = self.found.labels, self._elements(self.found.shown(name).ravel())
        wins = mean.prediction(last, None if labels is None else self._elements(labels.ravel()))
        return DueElements(np.array([self.found.prediction]), wins)

    def _copied(self, stage: Stage) -> DueElements[E]:
        assert stage.elements is not None
        return DueElements(stage.cells.ravel(), self._elements(self.found.shown(stage.shows).ravel()[stage.elements]))

    def _defined(self, stage: Stage, part: str, cells: Places, wanted: Places | None) -> Iterator[DueElements[E]]:
        flat = cells.ravel()
        asked = np.flatnonzero(flat != NOWHERE if wanted is None else places.find(flat, wanted) >= 0)
        if not asked.size:
            return
        node, operands = stage.nodes[0], self._operands(stage, part)
        portion = max(1, _AT_ONCE // mean.reads(node.layer, operands.x.numbers.shape))
        for first in range(0, asked.size, portion):
            some = asked[first : first + portion]
            yield DueElements(flat[some], self._mean(stage, part, operands, np.unravel_index(some, cells.shape)))

    def _mean(self, stage: Stage, part: str, operands: mean.Operands[E], at: Any) -> E:
        layer: Layer = stage.nodes[0].layer
        if part:
            return mean.part(layer, part, operands, at)
        y = mean.mean(layer, operands, at)
        for node in stage.nodes[1:]:
            y = mean.element(node.layer, y, mean.of_channel(self._weights(node), at))
        return y

    def _operands(self, stage: Stage, upto: str) -> mean.Operands[E]:
        """What a layer reads; of one layer, which many cells are asked of one by one, it is kept."""
        if self._last is None or self._last[0] is not stage or self._last[1] != upto:
            self._last = stage, upto, self._read(stage, upto)
        return self._last[2]

    def _read(self, stage: Stage, upto: str) -> mean.Operands[E]:
        node, names = stage.nodes[0], list(stage.parts)
        x, *others = (mean.Source(self._elements(cells), cells != NOWHERE) for cells in self.found.read_by(node))
        known = names[: names.index(upto)] if upto else names
        parts = {name: self._elements(stage.parts[name].ravel()) for name in known}
        return mean.Operands(x, self._weights(node), parts, tuple(others))

    def _weights(self, node: Node) -> dict[str, E]:
        return {name: self._elements(cells) for name, cells in self.found.weights_of(node).items()}

    def _elements(self, cells: Places) -> E:
        """What some cells hold, in their shape; 0 where there is no cell."""
        return self.state.at(cells.reshape(-1, 1, 1)).numbers.reshape(*cells.shape)
