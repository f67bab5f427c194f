"""Every activation cell, recalculated by an engine, against the NumPy reference.

Each cell is compared twice: with the reference for the whole way from the input, which is the verdict, and with the
reference's layer applied to what stands in the workbook before it, which tells the cell at fault from those that
only follow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import reference
from xlconv.cells import Edit, ErrorValue, Range, Value, quote_sheet
from xlconv.check.declared import Block, Declared, Stage
from xlconv.check.inputs import Input
from xlconv.check.report import EngineResult, Finding, LayerResult
from xlconv.engines import Engine
from xlconv.network import INPUT, FloatArray
from xlconv.reader import Workbook

BoolArray: TypeAlias = NDArray[np.bool_]
Values: TypeAlias = Mapping[Range, list[list[Value]]]
Address: TypeAlias = tuple[str, int, int]
"""Worksheet, row, column."""


@dataclass
class Outcome:
    """What one engine computed: the comparison, findings by cell, and the values for the workbook's own input."""

    result: EngineResult
    findings: list[Finding]
    own_values: Values


@dataclass
class _Tally:
    """One row of the report while it is being counted."""

    stage: Stage
    blocks: tuple[Block, ...]
    part: str
    wrong: BoolArray
    at_fault: BoolArray
    compared: int = 0
    largest_error: float | None = None
    findings: dict[Address, Finding] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.stage.name} {self.part}".rstrip()

    def result(self) -> LayerResult:
        kind = self.stage.title if not self.part else f"{self.part} of {self.stage.title}"
        counts = int(self.wrong.sum()), int(self.at_fault.sum())
        return LayerResult(self.name, kind, self.wrong.size, self.compared, self.largest_error, *counts)


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
    tallies = _tallies(net)
    ranges = [block.range for tally in tallies for block in tally.blocks]
    if net.prediction is not None:
        ranges.append(net.prediction)
    computed = engine.evaluate(book.package, [_edits(net, each.x) for each in inputs], ranges)
    predictions = _Predictions(book, net, engine.title, tolerance)
    for each, found in zip(inputs, computed, strict=True):
        values = dict(zip(ranges, found, strict=True))
        _compare_input(book, net, engine.title, each, values, tallies, tolerance, predictions)
    results = [tally.result() for tally in tallies]
    findings = [finding for tally in tallies for finding in tally.findings.values()]
    if net.prediction is not None:
        results.append(predictions.result())
        findings += predictions.findings
    own = dict(zip(ranges, computed[0], strict=True))
    return Outcome(EngineResult(engine.title, results), findings, own)


def _tallies(net: Declared) -> list[_Tally]:
    """One for each layer with cells, and before it one for each of its intermediate results."""
    found = []
    for stage in net.stages:
        shape = net.network.shapes[stage.name]
        for part, blocks in [*stage.parts.items(), ("", stage.outputs)]:
            found.append(_Tally(stage, blocks, part, np.zeros(shape, bool), np.zeros(shape, bool)))
    return found


def _edits(net: Declared, x: FloatArray) -> list[Edit]:
    return [
        (block.range, x[block.indices].reshape(block.range.height, block.range.width).tolist()) for block in net.inputs
    ]


def _compare_input(
    book: Workbook,
    net: Declared,
    engine: str,
    given: Input,
    values: Values,
    tallies: Sequence[_Tally],
    tolerance: float,
    predictions: _Predictions,
) -> None:
    expected = reference.forward(net.network, given.x)
    got: dict[str, FloatArray] = {INPUT: given.x}
    parts: dict[str, FloatArray] = {}
    for tally in tallies:
        node, stage = tally.stage.nodes[0], tally.stage
        source = _shown(net, node.inputs[0], got)
        if tally.part:
            right = reference.parts(node.layer, expected[node.inputs[0]])[tally.part]
            local = reference.parts(node.layer, source)[tally.part]
        else:
            right = expected[stage.result]
            local = _continued(net, stage, source, parts)
        array = _array(tally.blocks, values, right.shape)
        _count(book, engine, given, values, tally, (array, right, local), tolerance)
        if tally.part:
            parts[tally.part] = array
        else:
            got[stage.result], parts = array, {}
    predictions.compare(given, values, expected, _shown(net, net.network.nodes[-1].name, got))


def _continued(net: Declared, stage: Stage, source: FloatArray, parts: Mapping[str, FloatArray]) -> FloatArray:
    """What a stage's blocks should show, from what the workbook shows before them."""
    first, *inline = stage.nodes
    if parts:
        output = reference.from_parts(first.layer, parts)
    else:
        output = reference.apply(first.layer, source, net.network.weights_of(first.name))
    for each in inline:
        output = reference.apply(each.layer, output, {})
    return output


def _shown(net: Declared, name: str, got: Mapping[str, FloatArray]) -> FloatArray:
    """What the workbook shows for a layer, seen through views such as Flatten."""
    if name in got:
        return got[name]
    node = net.network[name]
    return reference.apply(node.layer, _shown(net, node.inputs[0], got), {})


def _count(
    book: Workbook,
    engine: str,
    given: Input,
    values: Values,
    tally: _Tally,
    arrays: tuple[FloatArray, FloatArray, FloatArray],
    tolerance: float,
) -> None:
    array, right, local = arrays
    errors = _errors(array, right)
    known = errors[np.isfinite(errors)]
    tally.compared += errors.size
    if known.size:
        tally.largest_error = max(tally.largest_error or 0.0, float(known.max()))
    wrong = ~(errors <= tolerance)
    # Where what a cell reads is not known, its own formula cannot be judged.
    at_fault = ~(_errors(array, local) <= tolerance) & np.isfinite(local)
    tally.wrong |= wrong
    if at_fault.any() or wrong.any():
        for index in np.argwhere(at_fault & ~tally.at_fault):
            finding = _finding(book, engine, given, values, tally, tuple(index), float(local[tuple(index)]))
            tally.findings[_address(tally.blocks, tuple(index))] = finding
        tally.at_fault |= at_fault


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


def _address(blocks: Sequence[Block], index: tuple[int, ...]) -> Address:
    """The cell of an element of an image (c, i, j) or a vector (n,)."""
    block = blocks[index[0]] if len(index) == 3 else blocks[0]
    i, j = index[1:] if len(index) == 3 else (index[0], 0)
    return block.range.sheet, block.range.row + int(i), block.range.column + int(j)


def _finding(
    book: Workbook,
    engine: str,
    given: Input,
    values: Values,
    tally: _Tally,
    index: tuple[int, ...],
    expected: float,
) -> Finding:
    sheet, row, column = _address(tally.blocks, index)
    block = tally.blocks[index[0]] if len(index) == 3 else tally.blocks[0]
    value = values[block.range][row - block.range.row][column - block.range.column]
    return _value_finding(book, engine, given, tally.name, (sheet, row, column), repr(expected), value)


def _value_finding(
    book: Workbook, engine: str, given: Input, layer: str, address: Address, expected: str, value: Value
) -> Finding:
    sheet, row, column = address
    kind = "shows an error" if isinstance(value, ErrorValue) else "computes another value than the reference"
    return Finding(
        "value",
        f"{quote_sheet(sheet)}!{Range('', row, column).address}",
        layer,
        f"{kind} for {given.name}",
        expected=expected,
        got="blank" if value is None else str(value),
        formula=book.cell(sheet, row, column).formula or "",
        engine=engine,
    )


@dataclass
class _Predictions:
    """The predicted class: right where its element is as large as the largest, ties included."""

    book: Workbook
    net: Declared
    engine: str
    tolerance: float
    compared: int = 0
    wrong: bool = False
    findings: list[Finding] = field(default_factory=list)

    def compare(self, given: Input, values: Values, expected: Mapping[str, FloatArray], shown: FloatArray) -> None:
        where = self.net.prediction
        if where is None:
            return
        ((value,),) = values[where]
        network = self.net.network
        self.compared += 1
        self.wrong |= not self._is_largest(value, expected[network.nodes[-1].name])
        if not self.findings and np.isfinite(shown).all() and not self._is_largest(value, shown):
            label = self._labels()[int(np.argmax(shown))]
            address = (where.sheet, where.row, where.column)
            self.findings.append(_value_finding(self.book, self.engine, given, "prediction", address, label, value))

    def _is_largest(self, value: Value, output: FloatArray) -> bool:
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        near = output >= output.max() - self.tolerance
        return any(label == text and is_near for label, is_near in zip(self._labels(), near, strict=True))

    def _labels(self) -> Sequence[str]:
        network = self.net.network
        return network.classes or [str(n) for n in range(network.shapes[network.nodes[-1].name][0])]

    def result(self) -> LayerResult:
        error = None if self.wrong else 0.0
        return LayerResult("prediction", "class", 1, self.compared, error, int(self.wrong), len(self.findings))


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
    (sheet, row, column), cached, fresh = different[0]
    cell_name = f"{quote_sheet(sheet)}!{Range('', row, column).address}"
    message = f"cached values are stale: {len(different):,} of them differ from the recalculation, this cell's first"
    finding = Finding(
        "stale", cell_name, "", message, str(fresh), str(cached), book.cell(sheet, row, column).formula or ""
    )
    return [finding], notes


def _cells(values: Values) -> Iterator[tuple[Address, Value]]:
    for where, rows in values.items():
        flat = (value for row in rows for value in row)
        for (row, column), value in zip(where.cells(), flat, strict=True):
            yield (where.sheet, row, column), value


def _same(cached: Value, fresh: Value, tolerance: float) -> bool:
    if isinstance(cached, float) and isinstance(fresh, float):
        return abs(cached - fresh) <= tolerance * max(1.0, abs(fresh))
    return type(cached) is type(fresh) and cached == fresh
