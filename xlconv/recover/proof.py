"""Do the formulas of a network equal its layers' definitions, for all inputs and weights? In exact arithmetic.

Every cell of the network holds an element of a finite field that the system's randomness drew. So each formula is held
to its layer by what it reads directly, in whatever way it reads it; cells between that are not the network's own are
computed. Overflow and rounding are for engines to find.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.cells import Range
from xlconv.formula.array import BLANK, NUMBER, TEXT, Array, of_numbers
from xlconv.formula.elements import Flags
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.field import Residues
from xlconv.formula.forms import Forms
from xlconv.formula.kinds import Spelled, spelled
from xlconv.formula.plan import generation
from xlconv.formula.state import State
from xlconv.formula.tree import Node
from xlconv.formula.walk import Walk
from xlconv.layers import Softmax
from xlconv.places import Places
from xlconv.recover.found import Found
from xlconv.recover.interpreted import DueElements, Interpreted
from xlconv.recover.reading import Reading
from xlconv.recover.tried import Tried

Verdict: TypeAlias = NDArray[np.uint8]

PROVED, DIFFERENT, OPEN = range(3)
"""Equal for all numbers; different for some; neither is known."""

_FEWEST_REFS: Final = 2
_FEW: Final = 1 << 12
"""Cells of a range that are looked at one by one."""
_TWO: Final = 2


class Proof:
    """Which formulas of a network are proved to be what their layers say.

    Args:
        found: The network and where it stands.
        reading: The workbook's formulas.
        examined: Who looks whether formulas, by their numbers, read something to no effect: samples of a batch share
            them, and each is looked at once.

    Attributes:
        cells: All cells of its layers, sorted.
        proved: Which of them are.
    """

    def __init__(self, found: Found, reading: Reading, examined: dict[int, Proof] | None = None) -> None:
        self.found, self.reading = found, reading
        self.examined = {} if examined is None else examined
        self.cells = found.computed
        self._field = Interpreted(found, reading, Residues, lambda cells: Residues.drawn(cells.shape))
        self.proved = self._equal()
        self.proved[places.find(self._maybe_undefined(), self.cells)] = False

    @cached_property
    def verdicts(self) -> Verdict:
        """For each cell `PROVED`, `DIFFERENT` or `OPEN`."""
        verdicts = np.where(self.proved, np.uint8(PROVED), np.uint8(OPEN))
        different = Tried(self.found, self.reading).different(self.cells[~self.proved])
        verdicts[places.find(different, self.cells)] = DIFFERENT
        return verdicts

    def _equal(self) -> Flags:
        """Which cells hold what their layers say they should, wherever that is said."""
        kinds, given = self._field.given(self.cells)
        proved, wrong = np.zeros((2, self.cells.size), bool)
        last = self.found.network.nodes[-1]
        for due in self._field.due():
            if isinstance(last.layer, Softmax) and due.cells[0] == self.found.prediction:
                due = self._decisive(due, last.inputs[0], given)
            at = places.find(due.cells, self.cells)
            equal = given[at].same(due.numbers) & (kinds[at] == NUMBER)
            proved[at] |= equal
            wrong[at] |= ~equal
        found: Flags = proved & ~wrong
        return found

    def _decisive(self, due: DueElements[Residues], source: str, given: Residues) -> DueElements[Residues]:
        """What the prediction should be, by what Softmax reads if that is what decides: it is largest there."""
        earlier = self._field.winner(source)
        return earlier if given[places.find(due.cells, self.cells)].same(earlier.numbers).all() else due

    def _maybe_undefined(self) -> Places:
        """Cells whose formulas divide, take roots or the like where their layers do not: it fails for some numbers."""
        allowed, found = self._operations_that_fail(), [np.empty(0, np.int64)]
        for group, mine in self.reading.forms.singles(self.cells):
            formula, cells = spelled(self.reading.forms.groups[group].formula), self.reading.forms.places[group][mine]
            if count := failing(formula):
                found.append(cells[allowed[places.find(cells, self.cells)] < count])
        return np.concatenate(found)

    def _operations_that_fail(self) -> NDArray[np.int64]:
        """How many operations of each cell's layers have no result for some numbers."""
        counts = np.zeros(self.cells.size, np.int64)
        for stage in self.found.stages:
            counts[places.find(np.unique(stage.cells), self.cells)] = sum(node.layer.may_fail for node in stage.nodes)
        return counts

    @property
    def proved_cells(self) -> Places:
        """The cells that are proved, sorted."""
        proved: Places = self.cells[self.proved]
        return proved

    def count(self, of: Places) -> int:
        """How many of some cells are proved."""
        at = places.find(np.unique(of), self.cells)
        return int(self.proved[at[at >= 0]].sum())

    @cached_property
    def looked_up(self) -> Places:
        """Input cells that are not proved to look up what is chosen."""
        return _not_looked_up(self.found, self.reading)

    def share(self, of: Places) -> float:
        """How much of some cells is proved."""
        at = places.find(of.ravel(), self.cells)
        return float(self.proved[at[at >= 0]].mean()) if (at >= 0).any() else 0.0

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
        for group, mine in self.reading.forms.singles(cells):
            pattern, at, numbers = forms.pattern(group), forms.at(group, mine[:1]), self._numbers(group)
            place = forms.places[group][mine[:1]]
            if pattern is None or len(pattern.sizes) < _FEWEST_REFS:
                continue
            if self.examined.setdefault(group, self) is not self:
                continue
            before = Walk(state, pattern, place, at, numbers).result().numbers
            for ref in range(len(pattern.sizes)):
                if Redrawn(state, pattern, place, at, numbers, ref).result().numbers.same(before).all():
                    yield int(place[0]), int(at[0, ref])

    def reading_blank(self, cells: Places, boxes: list[Range]) -> dict[int, Places]:
        """Cells that would show something else if blank cells outside of the blocks held something."""
        forms, found = self.reading.forms, dict[int, Places]()
        for group, mine in self.reading.forms.singles(cells):
            pattern, at, own = forms.pattern(group), forms.at(group, mine), forms.places[group][mine]
            if pattern is None:
                continue
            for ref, read in enumerate(forms.read(group, mine)):
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

    def _numbers(self, group: int) -> NDArray[np.float64]:
        return np.array(self.reading.forms.numbers(group)).reshape(1, -1)

    def _is_same(self, walk: Redrawn) -> bool:
        """Whether a formula gives what it did, although something that it reads is another."""
        before = Walk(walk.state, walk.pattern, walk.cells, walk.at, walk.numbers).result()
        return bool(walk.result().numbers.same(before.numbers).all())


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


def failing(formula: Spelled) -> int:
    """How many operations of a formula have no result for some numbers; those that say the same count once."""
    nodes = [node for node in formula.kind.nodes if _may_fail(node, formula.numbers)]
    return len({formula.written(node) for node in nodes})


def _may_fail(node: Node, numbers: Sequence[float]) -> bool:
    """Whether an operation has no result for some numbers."""
    if node.text in ("^", "POWER") and len(node.children) == _TWO:
        exponent = node.children[1]
        power = numbers[int(exponent.text)] if exponent.kind == "number" else 0.0
        return not (power.is_integer() and power > 0)
    if node.kind == "operator" and node.text == "/":
        return any(each.kind == "reference" for each in node.children[1].walk())
    return node.kind == "function" and node.text in ("LN", "LOG", "LOG10", "SQRT", "MOD")


def _not_looked_up(found: Found, reading: Reading) -> Places:
    """Input cells of which it is not proved that they look up the chosen sample, or what is drawn, at their place.

    Whatever the samples, the drawing and the number are by which they are divided; for every row that can be chosen.
    """
    own, atlas = found.choices, found.atlas
    if own is None:
        return np.empty(0, np.int64)
    drawn = np.concatenate([atlas.places(where).ravel() for where in own.draw])
    samples, scale = atlas.places(own.table), atlas.places(own.scale).ravel()
    given = np.unique(np.concatenate([drawn, samples.ravel(), scale, _others(found, reading)]))
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


def _others(found: Found, reading: Reading) -> Places:
    """What input cells read that holds a number, a text, or nothing: somebody may type another number there."""
    forms, held = reading.forms, reading.held
    cells = places.distinct(*_few_read(forms, forms.by_group(found.inputs.ravel())))
    at = places.find(cells, held.places)
    own = found.choices
    chosen = [] if own is None else [found.atlas.place(*own.row[:3])]
    return np.setdiff1d(cells[(at < 0) | np.isin(held.kinds[at], (NUMBER, TEXT))], chosen)


def _few_read(forms: Forms, groups: dict[int, NDArray[np.int64]]) -> Iterator[Places]:
    """What some formulas of some groups read in ranges of few cells."""
    formulas = generation(forms, groups)
    for each in formulas.alike:
        for first, size in zip(each.firsts.T, each.pattern.sizes, strict=True):
            if prod(size) <= _FEW:
                yield places.distinct(first)[:, None] + places.offsets(*size).ravel()
    for group in formulas.spread:
        yield from (cells for cells in forms.read(group, groups[group]) if cells.shape[1] <= _FEW)
