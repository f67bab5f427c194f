"""Do the formulas of a network equal its layers' definitions, for all inputs and weights? In exact arithmetic.

Every cell of the network holds an element of a finite field that the system's randomness drew. So each formula is held
to its layer by what it reads directly, in whatever way it reads it; cells between that are not the network's own are
computed. Overflow and rounding are for engines to find.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final, Generic, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import mean, places
from xlconv.cells import Range
from xlconv.formula.array import BLANK, BOOLEAN, NUMBER, TEXT, UNKNOWN, Array, E, Kinds, of_numbers
from xlconv.formula.elements import Flags, Floats
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.field import Residues
from xlconv.formula.state import State
from xlconv.formula.tree import Node, parse
from xlconv.formula.walk import Walk
from xlconv.layers import Layer, Softmax
from xlconv.places import NOWHERE, Places
from xlconv.recover.found import Found, Stage
from xlconv.recover.reading import Reading

Verdict: TypeAlias = NDArray[np.uint8]

PROVED, DIFFERENT, OPEN = range(3)
"""Equal for all numbers; different for some; neither is known."""

_AT_ONCE: Final = 1 << 20
"""Numbers that a definition reads for many elements, which are worked on together."""
_FEWEST_REFS: Final = 2
_HALF: Final = 0.5
_SMALL, _LARGE = 0.1, 1e4
_TWO: Final = 2
_TRIES: Final = 60
"""Random numbers with which what is not proved is tried."""
_CONFIRMED: Final = 36
"""So many of these, if some are off, are to show that it comes about."""
_TOLERANCE: Final = 1e-12
"""How far apart two float64 results of equal formulas may be, relative to what is right where that is beyond 1."""


class Due(NamedTuple, Generic[E]):
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
        as_layers: Layers hold what follows from their inputs and weights, not elements of their own.
    """

    def __init__(
        self,
        found: Found,
        reading: Reading,
        elements: type[E],
        held: Callable[[Places], E],
        *,
        as_layers: bool = False,
    ) -> None:
        self.found, self.reading = found, reading
        self._last: tuple[Stage, str, mean.Operands[E]] | None = None
        self.state = State(reading.held, found.atlas, elements, blank=found.owned)
        self.state.put(found.owned, of_numbers(held(found.owned).reshape(-1, 1, 1, 1)))
        copies = (self._copied(stage) for stage in found.stages if not stage.nodes)
        for due in self.due() if as_layers else copies:  # else what reads a copy would read something else
            self.state.put(due.cells, of_numbers(due.numbers.reshape(-1, 1, 1, 1)))
        self._free_constants(held)
        self.evaluation = Evaluation(reading.forms, self.state)
        self.evaluation.compute(self._between(), found.owned)

    def _free_constants(self, held: Callable[[Places], E]) -> None:
        """Other numbers may be any, too: somebody may type another one there; of other texts nothing is known."""
        state = self.state
        others = places.find(state.places, self.found.owned) < 0
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
            yield self.winner(self.found.network.nodes[-1].name)

    def winner(self, name: str) -> Due[E]:
        """What the prediction is if the largest element of a layer decides."""
        labels, last = self.found.labels, self._elements(self.found.shown(name).ravel())
        wins = mean.prediction(last, None if labels is None else self._elements(labels.ravel()))
        return Due(np.array([self.found.prediction]), wins)

    def _copied(self, stage: Stage) -> Due[E]:
        assert stage.elements is not None
        return Due(stage.cells.ravel(), self._elements(self.found.shown(stage.shows).ravel()[stage.elements]))

    def _defined(self, stage: Stage, part: str, cells: Places, wanted: Places | None) -> Iterator[Due[E]]:
        flat = cells.ravel()
        asked = np.flatnonzero(flat != NOWHERE if wanted is None else places.find(flat, wanted) >= 0)
        if not asked.size:
            return
        node, operands = stage.nodes[0], self._operands(stage, part)
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
        """What a layer reads; of one layer, which many cells are asked of one by one, it is kept."""
        if self._last is None or self._last[0] is not stage or self._last[1] != upto:
            self._last = stage, upto, self._read(stage, upto)
        return self._last[2]

    def _read(self, stage: Stage, upto: str) -> mean.Operands[E]:
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
        self._field = Interpreted(found, reading, Residues, lambda cells: Residues.drawn(cells.shape))
        self.verdicts: Verdict = np.full(self.cells.size, OPEN, np.uint8)
        kinds, given = self._field.given(self.cells)
        proved = np.zeros(self.cells.size, bool)
        wrong = np.zeros(self.cells.size, bool)
        last = found.network.nodes[-1]
        for due in self._field.due():
            if isinstance(last.layer, Softmax) and due.cells[0] == found.prediction:
                due = self._decisive(due, last.inputs[0], given)
            at = places.find(due.cells, self.cells)
            equal = given[at].same(due.numbers) & (kinds[at] == NUMBER)
            proved[at] |= equal
            wrong[at] |= ~equal
        self.verdicts[proved & ~wrong] = PROVED
        self.verdicts[places.find(self._maybe_undefined(), self.cells)] = OPEN
        self._try(self.cells[self.verdicts == OPEN])

    def _decisive(self, due: Due[Residues], source: str, given: Residues) -> Due[Residues]:
        """What the prediction should be, by what Softmax reads if that is what decides: it is largest there."""
        earlier = self._field.winner(source)
        return earlier if given[places.find(due.cells, self.cells)].same(earlier.numbers).all() else due

    def _maybe_undefined(self) -> Places:
        """Cells whose formulas divide, take roots or the like where their layers do not: it fails for some numbers."""
        divided = [stage.cells.ravel() for stage in self.found.stages if stage.nodes and stage.nodes[0].layer.divides]
        allowed = np.concatenate([*divided, np.empty(0, np.int64)])
        found = [np.empty(0, np.int64)]
        for group, mine in self._by_group(self.cells):
            tree, cells = parse(self.reading.forms.groups[group].formula), self.reading.forms.places[group][mine]
            if tree is not None and (count := sum(map(_may_fail, tree.walk()))):
                found.append(cells if count > 1 else cells[~np.isin(cells, allowed)])
        return np.concatenate(found)

    def count(self, of: Places) -> int:
        """How many of some cells are proved."""
        at = places.find(np.unique(of), self.cells)
        return int((self.verdicts[at[at >= 0]] == PROVED).sum())

    @cached_property
    def looked_up(self) -> Places:
        """Input cells that are not proved to look up what is chosen."""
        return _not_looked_up(self.found, self.reading)

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

    def needless(self, cells: Places) -> Iterator[tuple[int, int]]:
        """Cells that read others to no effect, with one that they read so; of copies of a formula the first of them."""
        forms, state = self.reading.forms, self._field.state
        for group, mine in self._by_group(cells):
            pattern, at, numbers = forms.pattern(group), forms.at(group, mine[:1]), self._numbers(group)
            place = forms.places[group][mine[:1]]
            if pattern is None or len(pattern.sizes) < _FEWEST_REFS:
                continue
            for ref in range(len(pattern.sizes)):
                if self._is_same(Redrawn(state, pattern, place, at, numbers, ref)):
                    yield int(place[0]), int(at[0, ref])

    def reading_blank(self, cells: Places, boxes: list[Range]) -> dict[int, Places]:
        """Cells that would show something else if blank cells outside of the blocks held something."""
        forms, found = self.reading.forms, dict[int, Places]()
        for group, mine in self._by_group(cells):
            pattern, at, own = forms.pattern(group), forms.at(group, mine), forms.places[group][mine]
            if pattern is None:
                continue
            for ref, (height, width) in enumerate(pattern.sizes):
                read = at[:, ref, None] + places.offsets(height, width).ravel()
                blank = self._is_blank(read, boxes)
                for row in np.flatnonzero(blank.any(axis=1)).tolist():
                    one = slice(row, row + 1)
                    walk = Redrawn(self._field.state, pattern, own[one], at[one], self._numbers(group), ref, blank=True)
                    if not self._is_same(walk):
                        there = found.get(int(own[row]), np.empty(0, np.int64))
                        found[int(own[row])] = np.union1d(there, read[row][blank[row]])
        return found

    def _is_blank(self, cells: Places, boxes: list[Range]) -> Flags:
        blank = places.find(cells, self._field.state.places) < 0
        for where in boxes if blank.any() else ():
            blank &= ~self.found.atlas.within(cells, where)
        return blank

    def _by_group(self, cells: Places) -> Iterator[tuple[int, NDArray[np.int64]]]:
        forms = self.reading.forms
        yield from ((group, at) for group, at in forms.by_group(cells).items() if forms.spread_of(group) is None)

    def _is_same(self, walk: Redrawn) -> bool:
        """Whether a formula gives what it did, although something that it reads is another."""
        before = Walk(walk.state, walk.pattern, walk.cells, walk.at, walk.numbers).result()
        return bool(walk.result().numbers.same(before.numbers).all())

    def _try(self, cells: Places) -> None:
        """Tell what is different from what is open by numbers; what is unknown twice in a row is not tried again."""
        constants = np.array(sorted(self._constants(cells)))
        before = np.empty(0, np.int64)
        for number in range(_TRIES):
            if not cells.size:
                return
            held = partial(_drawn, kind=number, constants=constants, seed=secrets.randbits(128))
            different, unknown = self._differing(cells, held)
            confirmed = self._confirmed(different, held) if different.size else different
            self.verdicts[places.find(confirmed, self.cells)] = DIFFERENT
            done = np.union1d(confirmed if number < _CONFIRMED else different, np.intersect1d(unknown, before))
            cells, before = np.setdiff1d(cells, done), unknown

    def _confirmed(self, cells: Places, held: Callable[[Places], Floats]) -> Places:
        """Which of some cells are off for numbers that layers can hold; cells that read themselves are."""
        numbers = Interpreted(self.found, self.reading, Floats, held, as_layers=True)
        circular, sizes = np.zeros(cells.size, bool), np.ones(cells.size)
        for group, mine in self._by_group(cells):
            at = places.find(self.reading.forms.places[group][mine], cells)
            for read in self._read(group, mine):
                circular[at] |= (read == cells[at, None]).any(axis=1)
                held_there = np.abs(numbers.state.at(read[:, None, :]).numbers.known()[:, 0, 0])
                sizes[at] = np.maximum(sizes[at], np.nan_to_num(held_there, nan=np.inf).max(axis=1, initial=0.0))
        off, _ = self._off(numbers, cells, _TOLERANCE * sizes**2)
        return cells[off | circular]

    def _read(self, group: int, mine: NDArray[np.int64]) -> Iterator[Places]:
        """(formulas, size): the cells in each range that some formulas of a group read."""
        forms = self.reading.forms
        for first, ref in zip(forms.at(group, mine).T, forms.refs(group), strict=True):
            yield first[:, None] + places.offsets(ref.range.height, ref.range.width).ravel()

    def _constants(self, cells: Places) -> set[float]:
        """0, 1, the other numbers that formulas hold, and those beside them, as `>` may stand before them."""
        held = {number for group, _ in self._by_group(cells) for number in self.reading.forms.numbers(group)}
        return {0.0, 1.0, *(number + step for number in held - {0.0, 1.0} for step in (-1.0, 0.0, 1.0))}

    def _numbers(self, group: int) -> NDArray[np.float64]:
        return np.array(self.reading.forms.numbers(group)).reshape(1, -1)

    def _differing(self, cells: Places, held: Callable[[Places], Floats]) -> tuple[Places, Places]:
        """Which of some cells are off for some numbers, in whatever relation these are, and which are not computed."""
        off, unknown = self._off(Interpreted(self.found, self.reading, Floats, held), cells)
        return cells[off], cells[unknown]

    @staticmethod
    def _off(numbers: Interpreted[Floats], cells: Places, rounding: Any = _TOLERANCE) -> tuple[Flags, Flags]:
        """Which of some sorted cells are off, by more than may be rounding, and of which it is not known."""
        kinds, given = numbers.given(cells)
        different = np.zeros(cells.size, bool)
        for due in numbers.due(cells):
            at = places.find(due.cells, cells)
            at, right = at[at >= 0], due.numbers.data[0][at >= 0]
            allowed = np.maximum(
                np.broadcast_to(rounding, cells.shape)[at], _TOLERANCE * np.maximum(1.0, np.abs(right))
            )
            off = np.isfinite(right) & ~(np.abs(given.data[0][at] - right) <= allowed)
            different[at] |= (kinds[at] != UNKNOWN) & ((kinds[at] != NUMBER) | off)
        return different, kinds == UNKNOWN


@dataclass
class Redrawn(Walk[Residues]):
    """A formula with other elements in one of the ranges that it reads.

    Args:
        ref: Which range.
        blank: Whether in its blank cells alone.
    """

    ref: int = 0
    blank: bool = False

    def _read(self, node: Node) -> Array[Residues]:
        return super()._read(node) if int(node.text) != self.ref else self._redrawn

    @cached_property
    def _redrawn(self) -> Array[Residues]:
        """Drawn once: where a formula reads a cell twice it reads the same."""
        found = super()._read(Node("reference", str(self.ref)))
        changed = (found.kinds == BLANK) | (not self.blank)
        drawn = of_numbers(Residues.drawn(found.numbers.shape))
        return replace(drawn.where(changed, found), is_range=True)


def _may_fail(node: Node) -> bool:
    """Whether an operation has no result for some numbers."""
    if node.text in ("^", "POWER") and len(node.children) == _TWO:
        return not (node.children[1].kind == "number" and float(node.children[1].text).is_integer())
    if node.kind == "operator" and node.text == "/":
        return any(each.kind == "reference" for each in node.children[1].walk())
    return node.kind == "function" and node.text in ("LN", "LOG", "LOG10", "SQRT", "MOD")


def _drawn(cells: Places, kind: int, constants: NDArray[np.float64], seed: int) -> Floats:
    """Some of a few numbers, every second time; else normal ones, small, large, those of one sign, some of both."""
    rng = np.random.default_rng(seed)
    numbers, few = rng.standard_normal(cells.shape), rng.choice(constants, cells.shape)
    mixed = np.where(rng.random(cells.shape) < _HALF, few, numbers)
    kinds = (numbers, _SMALL * numbers, -np.abs(numbers), mixed, _LARGE * numbers, np.abs(numbers))
    return Floats.of(few if kind % 2 else kinds[kind // 2 % len(kinds)])


def _not_looked_up(found: Found, reading: Reading) -> Places:
    """Input cells of which it is not proved that they look up the chosen sample, or what is drawn, at their place.

    Whatever the samples, the drawing and the number are by which they are divided; for every row that can be chosen.
    """
    own, atlas = found.choices, found.atlas
    if own is None:
        return np.empty(0, np.int64)
    drawn = np.concatenate([atlas.places(where).ravel() for where in own.draw])
    samples, scale = atlas.places(own.table), atlas.places(own.scale).ravel()
    given = np.concatenate([drawn, samples.ravel(), scale])
    state = State(reading.held, atlas, Residues, samples.shape[0] + 1, blank=given)
    held = Residues.drawn((given.size, 1, 1, 1))
    state.put(given, of_numbers(held))
    rows = Residues.of(np.arange(state.lanes, dtype=float).reshape(1, -1, 1, 1))
    state.put(atlas.places(own.row).ravel(), of_numbers(rows))
    paper, table, divisor = (state.at(cells[..., None]).numbers for cells in (drawn[:, None], samples, scale[:, None]))
    due = Residues.joined([paper[:, :, 0, 0], (table / divisor)[:, 0, :, 0].transpose(1, 0)])
    cells, wrong = found.inputs.ravel(), []
    order = np.argsort(cells)
    for some, values in Evaluation(reading.forms, state).results(np.unique(cells)):
        at = order[places.find(some, cells[order])]
        right = values.numbers[:, :, 0, 0].same(due[at]) & (values.kinds[:, :, 0, 0] == NUMBER)
        wrong.append(some[~right.all(axis=1)])
    return np.concatenate([*wrong, np.empty(0, np.int64)])
