"""Every activation cell, recalculated by an engine, against the NumPy reference.

Each cell is compared twice: with the reference for the whole way from the input, which is the verdict, and with the
reference's layer applied to what stands in the workbook before it, which tells the cell at fault from those that
only follow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import reference
from xlconv.cells import Edit, ErrorValue, NotEvaluated, Range, Value
from xlconv.check.declared import Block, Declared, Stage
from xlconv.check.inputs import Input
from xlconv.check.report import EngineResult, Finding, LayerResult
from xlconv.engines import Engine
from xlconv.network import INPUT, FloatArray
from xlconv.reader import Workbook

BoolArray: TypeAlias = NDArray[np.bool_]
Values: TypeAlias = Mapping[Range, list[list[Value]]]


class Address(NamedTuple):
    """A cell of a workbook."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        return Range(*self).place


class Outcome(NamedTuple):
    """What one engine computed: the comparison, findings by cell, and the values for the workbook's own input."""

    result: EngineResult
    findings: list[Finding]
    own_values: Values


def compare(book: Workbook, net: Declared, engine: Engine, inputs: Sequence[Input], tolerance: float) -> Outcome:
    """Recalculate the workbook for each input and compare all activation cells.

    Args:
        book: The workbook.
        net: The network that it states.
        engine: Computes the workbook.
        inputs: The first is the workbook's own.
        tolerance: Absolute; relative where the expected value is beyond 1.

    Raises:
        EngineError: The engine could not compute the workbook at all.
    """
    comparison = _Comparison(book, net, engine.title, tolerance)
    ranges = comparison.ranges()
    computed = engine.evaluate(book.package, [_edits(net, each.x) for each in inputs], ranges)
    by_range = [dict(zip(ranges, found, strict=True)) for found in computed]
    for each, values in zip(inputs, by_range, strict=True):
        comparison.add(each, values)
    return Outcome(comparison.result(), comparison.findings(), by_range[0])


def _edits(net: Declared, x: FloatArray) -> list[Edit]:
    return [
        (block.range, x[block.indices].reshape(block.range.height, block.range.width).tolist()) for block in net.inputs
    ]


@dataclass
class _Tally:
    """One row of the report while it is being counted: a layer's output, or one of its intermediate results."""

    stage: Stage
    blocks: tuple[Block, ...]
    part: str
    wrong: BoolArray
    at_fault: BoolArray
    compared: int = 0
    largest_error: float | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.stage.name} {self.part}".rstrip()

    def result(self) -> LayerResult:
        kind = self.stage.title if not self.part else f"{self.part} of {self.stage.title}"
        counts = int(self.wrong.sum()), int(self.at_fault.sum())
        return LayerResult(self.name, kind, self.wrong.size, self.compared, self.largest_error, *counts)

    def count(self, errors: FloatArray, tolerance: float) -> None:
        """Take in the errors of all cells for one input; NaN where a cell shows no number."""
        known = errors[np.isfinite(errors)]
        self.compared += errors.size
        if known.size:
            self.largest_error = max(self.largest_error or 0.0, float(known.max()))
        self.wrong |= ~(errors <= tolerance)

    def address(self, index: tuple[int, ...]) -> Address:
        """The cell of an element of an image (c, i, j) or a vector (n,)."""
        where = self._range(index)
        i, j = index[1:] if len(index) == 3 else (index[0], 0)
        return Address(where.sheet, where.row + i, where.column + j)

    def shown(self, values: Values, index: tuple[int, ...]) -> Value:
        """What that cell shows."""
        where, address = self._range(index), self.address(index)
        return values[where][address.row - where.row][address.column - where.column]

    def _range(self, index: tuple[int, ...]) -> Range:
        return self.blocks[index[0] if len(index) == 3 else 0].range


class _Comparison:
    """One workbook in one engine, input after input."""

    def __init__(self, book: Workbook, net: Declared, engine: str, tolerance: float) -> None:
        self.book, self.net, self.engine, self.tolerance = book, net, engine, tolerance
        self.tallies = [
            _Tally(stage, blocks, part, np.zeros(shape, bool), np.zeros(shape, bool))
            for stage in net.stages
            for shape in [net.network.shapes[stage.name]]
            for part, blocks in [*stage.parts.items(), ("", stage.outputs)]
        ]
        self.predictions: list[bool] = []
        self.prediction_findings: list[Finding] = []

    def ranges(self) -> list[Range]:
        """All cells to be computed."""
        ranges = [block.range for tally in self.tallies for block in tally.blocks]
        return ranges if self.net.prediction is None else [*ranges, self.net.prediction]

    def add(self, given: Input, values: Values) -> None:
        """Compare what the engine computed for one input."""
        expected = reference.forward(self.net.network, given.x)
        shown: dict[str, FloatArray] = {INPUT: given.x}
        parts: dict[str, FloatArray] = {}
        for tally in self.tallies:
            right = self._expected(tally, expected)
            local = self._continued(tally, shown, parts)
            array = _array(tally.blocks, values, right.shape)
            tally.count(_errors(array, right), self.tolerance)
            self._find_faults(tally, given, values, _errors(array, local), local)
            if tally.part:
                parts[tally.part] = array
            else:
                shown[tally.stage.result], parts = array, {}
        self._add_prediction(given, values, expected, shown)

    def _expected(self, tally: _Tally, expected: Mapping[str, FloatArray]) -> FloatArray:
        """What the reference has for a tally's cells."""
        node = tally.stage.nodes[0]
        if tally.part:
            return reference.parts(node.layer, expected[node.inputs[0]])[tally.part]
        return expected[tally.stage.result]

    def _continued(self, tally: _Tally, shown: Mapping[str, FloatArray], parts: Mapping[str, FloatArray]) -> FloatArray:
        """What a tally's cells should show, going by what the workbook shows before them."""
        first, *inline = tally.stage.nodes
        source = self._seen(first.inputs[0], shown)
        if tally.part:
            return reference.parts(first.layer, source)[tally.part]
        if parts:
            output = reference.from_parts(first.layer, parts)
        else:
            output = reference.apply(first.layer, source, self.net.network.weights_of(first.name))
        for each in inline:
            output = reference.apply(each.layer, output, {})
        return output

    def _seen(self, name: str, shown: Mapping[str, FloatArray]) -> FloatArray:
        """What the workbook shows for a layer, also through views such as Flatten."""
        if name in shown:
            return shown[name]
        node = self.net.network[name]
        return reference.apply(node.layer, self._seen(node.inputs[0], shown), {})

    def _find_faults(self, tally: _Tally, given: Input, values: Values, errors: FloatArray, local: FloatArray) -> None:
        """Note the cells that are wrong by themselves; one whose input is not known cannot be judged."""
        at_fault = ~(errors <= self.tolerance) & np.isfinite(local)
        for at in np.argwhere(at_fault & ~tally.at_fault):
            index = tuple(int(n) for n in at)
            shown = tally.shown(values, index)
            tally.findings.append(
                self._finding(given, tally.name, tally.address(index), repr(float(local[index])), shown)
            )
        tally.at_fault |= at_fault

    def _finding(self, given: Input, layer: str, address: Address, expected: str, shown: Value) -> Finding:
        is_error = isinstance(shown, ErrorValue | NotEvaluated)
        does = "shows an error" if is_error else "computes another value than the reference"
        got = "blank" if shown is None else str(shown)
        formula = self.book.cell(*address).formula or ""
        return Finding("value", str(address), layer, f"{does} for {given.name}", expected, got, formula, self.engine)

    def _add_prediction(
        self, given: Input, values: Values, expected: Mapping[str, FloatArray], shown: Mapping[str, FloatArray]
    ) -> None:
        """The predicted class is right where its element is as large as the largest, ties included."""
        where = self.net.prediction
        if where is None:
            return
        ((value,),) = values[where]
        last = self.net.network.nodes[-1].name
        self.predictions.append(self._is_largest(value, expected[last]))
        output = self._seen(last, shown)
        if not self.prediction_findings and np.isfinite(output).all() and not self._is_largest(value, output):
            address = Address(where.sheet, where.row, where.column)
            label = self._labels()[int(np.argmax(output))]
            self.prediction_findings.append(self._finding(given, "prediction", address, label, value))

    def _is_largest(self, value: Value, output: FloatArray) -> bool:
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        near = output >= output.max() - self.tolerance
        return any(label == text and is_near for label, is_near in zip(self._labels(), near, strict=True))

    def _labels(self) -> Sequence[str]:
        network = self.net.network
        return network.classes or [str(n) for n in range(network.shapes[network.nodes[-1].name][0])]

    def result(self) -> EngineResult:
        """All rows of the report."""
        results = [tally.result() for tally in self.tallies]
        if self.net.prediction is not None:
            right, faults = all(self.predictions), len(self.prediction_findings)
            compared, error = len(self.predictions), 0.0 if right else None
            results.append(LayerResult("prediction", "class", 1, compared, error, int(not right), faults))
        return EngineResult(self.engine, results)

    def findings(self) -> list[Finding]:
        """The cells at fault; where many small errors add up and none is, the first layer that is off."""
        found = [finding for tally in self.tallies for finding in tally.findings] + self.prediction_findings
        off = [layer for layer in self.result().layers if layer.wrong]
        if off and not found:
            message = f"{off[0].wrong:,} cells differ by more than the tolerance, though each is right by what it reads"
            found.append(Finding("value", "", off[0].layer, message, engine=self.engine))
        return found


def _errors(got: FloatArray, expected: FloatArray) -> FloatArray:
    """Absolute, or relative where the expected value is beyond 1; NaN where either is unknown."""
    errors: FloatArray = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
    return errors


def _array(blocks: Sequence[Block], values: Values, shape: tuple[int, ...]) -> FloatArray:
    """Some blocks' numbers; NaN where a cell shows something else."""
    flat = [
        value if type(value) is float else float("nan")
        for block in blocks
        for row in values[block.range]
        for value in row
    ]
    return np.array(flat).reshape(shape)


def stale(book: Workbook, own_values: Values, tolerance: float) -> tuple[list[Finding], list[str]]:
    """Cached values against the recalculation.

    Returns:
        At most one finding, for all cells whose cached value differs, and notes.
    """
    different: list[tuple[Address, Value, Value]] = []
    absent = 0
    for address, value in _cells(own_values):
        cell = book.cell(*address)
        if cell.formula is None:
            continue
        if cell.value is None:
            absent += 1
        elif not _same(cell.value, value, tolerance):
            different.append((address, cell.value, value))
    notes = [f"{absent:,} formulas have no cached value"] if absent else []
    if not different:
        return [], notes
    address, cached, fresh = different[0]
    message = f"cached values are stale: {len(different):,} of them differ from the recalculation, this cell's first"
    formula = book.cell(*address).formula or ""
    return [Finding("stale", str(address), "", message, str(fresh), str(cached), formula)], notes


def _cells(values: Values) -> Iterator[tuple[Address, Value]]:
    for where, rows in values.items():
        flat = (value for row in rows for value in row)
        for (row, column), value in zip(where.cells(), flat, strict=True):
            yield Address(where.sheet, row, column), value


def _same(cached: Value, fresh: Value, tolerance: float) -> bool:
    if isinstance(cached, float) and isinstance(fresh, float):
        return abs(cached - fresh) <= tolerance * max(1.0, abs(fresh))
    return type(cached) is type(fresh) and cached == fresh
