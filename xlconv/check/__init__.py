"""The checker: `verify` proves a workbook against the reference model, and trusts nothing of the writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from xlconv import declaration, reader, templates
from xlconv.cells import Range
from xlconv.check import inputs, structure, values
from xlconv.check.declared import Declared, declared_by
from xlconv.check.report import Finding, Report
from xlconv.engines import DEFAULT, Engine, by_name
from xlconv.errors import EngineError, XlconvError
from xlconv.network import FloatArray, Network

TOLERANCE = 1e-9


def verify(
    path: str | Path,
    engines: Sequence[Engine] = (),
    against: str | Path | None = None,
    tolerance: float = TOLERANCE,
    random: int = inputs.DEFAULT_RANDOM,
    seed: int = 0,
) -> Report:
    """Recalculate a workbook for many inputs and compare every activation with the NumPy reference.

    Args:
        path: The .xlsx.
        engines: What recalculates it; the embedded engine if none.
        against: A template whose layers and weights the workbook must have, too.
        tolerance: Absolute; relative where the expected value is beyond 1.
        random: How many random inputs to try, beside the workbook's own and the sample digits.
        seed: Of the random inputs.

    Raises:
        WorkbookError: The file cannot be read, or is no workbook of xlconv's.
        TemplateError: `against` cannot be read.
        EngineError: An engine failed.
    """
    book = reader.read(Path(path))
    net = declared_by(book)
    tried, notes = inputs.choose(net, random, seed)
    report = Report(str(path), [each.name for each in tried], tolerance, notes=notes)
    report.findings += net.findings
    if against is not None:
        report.findings += compare_template(net, templates.load(against))
    report.findings += structure.check(book, net)
    outcomes = []
    for engine in engines or [by_name(DEFAULT)]:
        try:
            outcomes.append(values.compare(book, net, engine, tried, tolerance))
        except XlconvError as error:
            raise EngineError(f"{path}: {engine.title}: {error.message}", error.hint) from None
    for outcome in outcomes:
        report.engines.append(outcome.result)
        report.findings = _merged(report.findings, outcome.findings)
    stale, stale_notes = values.stale(book, outcomes[0].own_values, tolerance)
    report.findings += stale
    report.notes += stale_notes + _unchecked(book, net)
    return report


def _merged(known: list[Finding], computed: list[Finding]) -> list[Finding]:
    """One finding for each cell: what its text shows, with what the first engine that computed it wrong got."""
    by_cell = {finding.cell: finding for finding in computed}
    merged = []
    for finding in known:
        value = by_cell.pop(finding.cell, None) if finding.cell and finding.rule != "weights" else None
        if value is not None and finding.rule != "value" and not finding.effect:
            effect = f"{value.message}: expected {value.expected}, got {value.got} ({value.engine})"
            finding = replace(finding, effect=effect)
        merged.append(finding)
    return merged + list(by_cell.values())


def compare_template(net: Declared, template: templates.Template) -> list[Finding]:
    """The layers and weights of a workbook against a template's."""
    ours, theirs = net.network, template.network
    if (ours.input_shape, ours.nodes, ours.classes) != (theirs.input_shape, theirs.nodes, theirs.classes):
        message = f"the layers are not those of template {template.name!r}"
        return [Finding("architecture", "", "", message, *_first_difference(theirs, ours))]
    findings = []
    for block in net.weights:
        size = (block.range.height, block.range.width)
        mine, other = (
            _slice(each.weights[f"{block.layer}.{block.role}"], block.indices, size) for each in (ours, theirs)
        )
        for i, j in np.argwhere(mine != other):
            cell = block.range.part(int(i), int(j)).place
            message = f"a weight of {block.name} is not the template's"
            findings.append(
                Finding("weights", cell, block.layer, message, repr(float(other[i, j])), repr(float(mine[i, j])))
            )
    return findings


def _slice(array: FloatArray, indices: tuple[int, ...], size: tuple[int, int]) -> FloatArray:
    """The 2-D slice of a weight array that a block shows."""
    if array.ndim == 2 and len(indices) == 2:
        array = array.reshape(array.shape[0], -1, *size)
    part: FloatArray = array[indices].reshape(size)
    return part


def _first_difference(theirs: Network, ours: Network) -> tuple[str, str]:
    """The first row in which two networks' declarations differ, else their classes."""
    for row, other in zip_longest(declaration.rows(theirs), declaration.rows(ours), fillvalue=()):
        if row != other:
            return " ".join(row) or "no such layer", " ".join(other) or "no such layer"
    return " ".join(theirs.classes) or "no classes", " ".join(ours.classes) or "no classes"


def _unchecked(book: reader.Workbook, net: Declared) -> list[str]:
    """A note on formulas that stand outside the network's blocks: they were not checked."""
    known = {(block.range.sheet, *at) for block in net.blocks() for at in block.range.cells()}
    if net.prediction is not None:
        known |= {(net.prediction.sheet, *at) for at in net.prediction.cells()}
    notes = [] if net.stages else ["no layer of this network has cells of its own, so nothing was compared"]
    others = [
        (name, at)
        for name, sheet in book.sheets.items()
        for at, cell in sheet.cells.items()
        if cell.formula is not None and (name, *at) not in known
    ]
    if not others:
        return notes
    name, at = others[0]
    first = Range(name, *at).place
    return [*notes, f"{len(others):,} formulas outside the network were not checked, the first at {first}"]
