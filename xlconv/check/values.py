"""Every activation cell, recalculated by an engine, against the NumPy reference.

Each cell is compared twice: with the reference for the whole way from the input, which is the verdict, and with the
reference's layer applied to what stands in the workbook before it, which tells the cell at fault from those that
only follow it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from xlconv import reference
from xlconv.cells import ErrorValue, NotEvaluated, Value, label
from xlconv.check.choices import ChoiceCheck, looked_up
from xlconv.check.computed import Computed, compute
from xlconv.check.explore import Comparison as Explored
from xlconv.check.explore import Explorer
from xlconv.check.inputs import Trial
from xlconv.check.tally import BoolArray, Tally, errors_of
from xlconv.engines import Engine
from xlconv.network import INPUT, FloatArray, Network
from xlconv.places import NOWHERE, Places
from xlconv.reader import Workbook
from xlconv.recover.found import Found, Stage
from xlconv.recover.proof import Proof
from xlconv.recover.reading import array_members
from xlconv.report import EngineResult, Finding, LayerResult

_NAMED: Final = 200
"""Wrong cells of a layer that have a finding of their own; the others are counted in one."""


class EngineOutcome(NamedTuple):
    """What one engine computed: the comparison, findings, and the values for the workbook's own input."""

    result: EngineResult
    findings: list[Finding]
    own_values: Computed


def compare(
    book: Workbook,
    found: Found,
    engine: Engine,
    trials: Sequence[Trial],
    tolerance: float,
    computed: Sequence[Computed] | None = None,
    proof: Proof | None = None,
) -> EngineOutcome:
    """Recalculate the workbook for each trial and compare all activation cells.

    Args:
        book: The workbook.
        found: The network and where it stands.
        engine: Computes the workbook.
        trials: The first is the workbook's own input.
        tolerance: Absolute; relative where the expected value is beyond 1.
        computed: What the engine computed, if it has done so already.
        proof: Tells which cells are proved.

    Raises:
        EngineError: The engine could not compute the workbook at all.
    """
    comparison = _Comparison(book, found, engine.title, tolerance, proof)
    if computed is None:
        computed = compute(book, found, engine, trials)
    for trial, values in zip(trials, computed, strict=True):
        comparison.add(trial, values)
    return EngineOutcome(comparison.result(), comparison.findings(), computed[0])


class _Comparison:
    """One workbook in one engine, trial after trial."""

    def __init__(self, book: Workbook, found: Found, engine: str, tolerance: float, proof: Proof | None) -> None:
        self.proof = proof
        self.book, self.found, self.engine, self.tolerance = book, found, engine, tolerance
        self.tallies = [
            Tally(stage, cells, part, is_input=cells is found.inputs)
            for stage in [*looked_up(found), *found.stages]
            for part, cells in [*stage.parts.items(), ("", stage.cells)]
        ]
        self.choice = ChoiceCheck(book, found, engine)
        explorer = Explorer.of(book, found)
        self.explored = Explored(explorer, engine, tolerance) if explorer else None
        self.trials = 0
        self.held_by = dict(array_members(book, found.atlas))
        self.reasons: Counter[str] = Counter()
        self.others: dict[int, str] = {}
        self.predictions: list[bool] = []
        self.prediction_findings: list[Finding] = []
        self.prediction_unknown = False

    def add(self, trial: Trial, values: Computed) -> None:
        """Compare what the engine computed for one trial."""
        self.trials += 1
        self.others.update(values.others)
        network = trial.network or self.found.network
        expected = reference.forward(network, trial.x)
        shown: dict[str, FloatArray] = {INPUT: trial.x}
        parts: dict[str, FloatArray] = {}
        any_unknown = False
        faulty: set[str] = set()
        atlas = self.found.atlas
        for tally in self.tallies:
            array = values.numbers(tally.cells)
            local = (
                self.choice.followed(trial, values.value(atlas.place(*self.choice.cells[0][:3])))
                if tally.is_input
                else self._continued(network, tally, shown, parts)
            )
            unknown = self._unknown(tally, array, values)
            if any_unknown:  # what reads a cell that was not evaluated can't be, either
                unknown |= np.isnan(array) & ~np.isfinite(local) & (tally.cells != NOWHERE)
            any_unknown |= bool(unknown.any())
            right = self._expected(tally, expected)
            tally.count(array, right, unknown, self.tolerance)
            at_fault = ~unknown & np.isfinite(local) & ~(errors_of(array, local) <= self.tolerance)
            at_fault &= tally.cells != NOWHERE
            for index in np.flatnonzero(at_fault & ~tally.at_fault).tolist():
                tally.faults[index] = (trial, float(local.flat[index]), values.value(int(tally.cells.flat[index])))
            tally.at_fault |= at_fault
            if at_fault.any():
                faulty.add(tally.stage.name)
            if tally.part:
                parts[tally.part] = array
            else:
                if tally.stage.nodes or tally.is_input:
                    shown[tally.stage.shows] = array
                parts = {}
        self.choice.add(trial, {cell: values.value(atlas.place(*cell[:3])) for cell in self.choice.cells})
        self._add_prediction(network, trial, values, expected, shown)
        if self.explored:
            selection = trial.selection or self.explored.explorer.own
            is_sound = all(np.isfinite(array).all() for array in shown.values())
            if selection and is_sound and selection.layer not in faulty:
                outputs = {name: self._seen_or(array, network, name, shown) for name, array in expected.items()}
                self.explored.add(selection, network, outputs, values.values)

    def _unknown(self, tally: Tally, array: FloatArray, values: Computed) -> BoolArray:
        """Cells that the engine could not evaluate."""
        unknown = np.zeros(array.shape, bool)
        at = np.flatnonzero(np.isnan(array) & (tally.cells != NOWHERE))
        places = tally.cells.ravel()[at]
        for index, place, value in zip(at.tolist(), places.tolist(), values.values(places), strict=True):
            if value is None and place in self.held_by:
                value = values.value_or_none(self.held_by[place])
            if isinstance(value, NotEvaluated):
                unknown.flat[index] = True
                if not tally.unknown.flat[index]:
                    self.reasons[value.reason] += 1
        return unknown

    def _expected(self, tally: Tally, expected: Mapping[str, FloatArray]) -> FloatArray:
        """What the reference has for a tally's cells."""
        if not tally.stage.nodes:
            return _elements(expected[tally.stage.shows], tally.stage)
        node = tally.stage.nodes[0]
        if tally.part:
            names = _upto(tally.stage.parts, tally.part)
            return reference.parts(node.layer, expected[node.inputs[0]], names)[tally.part]
        return expected[tally.stage.shows]

    def _continued(
        self, network: Network, tally: Tally, shown: Mapping[str, FloatArray], parts: Mapping[str, FloatArray]
    ) -> FloatArray:
        """What a tally's cells should show, going by what the workbook shows before them."""
        if not tally.stage.nodes:
            return _elements(self._seen(network, tally.stage.shows, shown), tally.stage)
        first, *inline = tally.stage.nodes
        source, *others = (self._seen(network, name, shown) for name in first.inputs)
        if tally.part:
            return reference.part(first.layer, tally.part, source, parts)
        if parts:
            output = reference.from_parts(first.layer, source, parts)
        else:
            output = reference.apply(first.layer, source, network.weights_of(first.name), *others)
        for each in inline:
            output = reference.apply(each.layer, output, network.weights_of(each.name))
        return output

    def _seen(self, network: Network, name: str, shown: Mapping[str, FloatArray]) -> FloatArray:
        """What the workbook shows for a layer, also through views such as Flatten."""
        if name in shown:
            return shown[name]
        node = network[name]
        return reference.apply(node.layer, self._seen(network, node.inputs[0], shown), {})

    def _seen_or(self, array: FloatArray, network: Network, name: str, shown: Mapping[str, FloatArray]) -> FloatArray:
        """What the workbook shows for a layer; else what it should have there, before the ReLU of a formula."""
        is_view = name != INPUT and network[name].layer.view
        return self._seen(network, name, shown) if is_view or name in shown else array

    def _add_prediction(
        self,
        network: Network,
        trial: Trial,
        values: Computed,
        expected: Mapping[str, FloatArray],
        shown: Mapping[str, FloatArray],
    ) -> None:
        """The predicted class is right where its element is as large as the largest, ties included."""
        if self.found.prediction == NOWHERE:
            return
        value = values.value(self.found.prediction)
        if isinstance(value, NotEvaluated):
            if not self.prediction_unknown:
                self.reasons[value.reason] += 1
            self.prediction_unknown = True
            return
        last = network.nodes[-1].name
        self.predictions.append(self._is_largest(value, expected[last]))
        output = self._seen(network, last, shown)
        if not self.prediction_findings and np.isfinite(output).all() and not self._is_largest(value, output):
            right = self._labels()[int(np.argmax(output))]
            self.prediction_findings.append(
                self._finding("prediction", self.found.prediction, trial, right, value, frozen=False)
            )

    def _is_largest(self, value: Value, output: FloatArray) -> bool:
        near = output >= output.max() - self.tolerance
        return any(each == label(value) and is_near for each, is_near in zip(self._labels(), near, strict=True))

    def _labels(self) -> Sequence[str]:
        network = self.found.network
        return network.classes or [str(n) for n in range(network.shapes[network.nodes[-1].name][0])]

    def result(self) -> EngineResult:
        """All rows of the report."""
        results = [tally.result(self.found.atlas, self._proved(tally)) for tally in self.tallies]
        if self.found.prediction != NOWHERE:
            right, faults = all(self.predictions), len(self.prediction_findings)
            compared, error = len(self.predictions), 0.0 if right and self.predictions else None
            first = "" if right else self.found.atlas.cell(self.found.prediction).place
            unknown = int(self.prediction_unknown)
            proved = None if self.proof is None else self.proof.count(np.array([self.found.prediction]))
            results.append(
                LayerResult("prediction", "class", 1, compared, error, int(not right), faults, unknown, first, proved)
            )
        if self.explored:
            results.append(self.explored.result())
            self.reasons.update(self.explored.reasons)
            self.explored.reasons.clear()
        reasons = [f"{count:,} cells: {reason}" for reason, count in self.reasons.most_common()]
        return EngineResult(self.engine, results, reasons, dict(Counter(self.others.values())))

    def _proved(self, tally: Tally) -> int | None:
        if self.proof is None:
            return None
        return tally.cells.size - self.proof.looked_up.size if tally.is_input else self.proof.count(tally.cells)

    def findings(self) -> list[Finding]:
        """The cells at fault; where many small errors add up and none is, the first layer that is off."""
        found = [finding for tally in self.tallies for finding in self._faults(tally)] + self.prediction_findings
        found += [*self.choice.findings(), *(self.explored.findings() if self.explored else ())]
        off = [layer for layer in self.result().layers if layer.wrong]
        if off and not found:
            message = f"{off[0].wrong:,} cells differ by more than the tolerance, though each is right by what it reads"
            found.append(Finding("value", "", off[0].layer, message, engine=self.engine))
        return found

    def _faults(self, tally: Tally) -> Iterator[Finding]:
        faults = sorted(tally.faults.items())
        for index, (trial, expected, value) in faults[:_NAMED]:
            frozen = self.trials > 1 and tally.is_frozen(index)
            place = int(tally.cells.flat[index])
            yield self._finding(tally.name, place, trial, repr(expected), value, frozen)
        if len(faults) > _NAMED:
            rest = [self.found.atlas.cell(int(tally.cells.flat[index])).place for index, _ in faults[_NAMED:]]
            message = "computes another value than the reference"
            yield Finding(
                "value", rest[0], tally.name, message, engine=self.engine, count=len(rest), cells=tuple(rest[:_NAMED])
            )

    def _finding(self, layer: str, place: int, trial: Trial, expected: str, shown: Value, frozen: bool) -> Finding:
        cell = self.found.atlas.cell(place)
        does = "shows an error" if isinstance(shown, ErrorValue) else "computes another value than the reference"
        if frozen:
            does = "shows the same number for every input; it is wrong"
        got = "blank" if shown is None else str(shown)
        formula = self.book.cell(*cell[:3]).formula or ""
        message = f"{does} for {trial.name}"
        return Finding("frozen" if frozen else "value", cell.place, layer, message, expected, got, formula, self.engine)


def _elements(array: FloatArray, stage: Stage) -> FloatArray:
    assert stage.elements is not None
    return array.ravel()[stage.elements].reshape(stage.cells.shape)


def _upto(parts: Mapping[str, Places], name: str) -> list[str]:
    """The parts that come before one, and that one."""
    names = list(parts)
    return names[: names.index(name) + 1]
