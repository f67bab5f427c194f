"""The checker: `verify` proves a workbook against the reference model, and trusts nothing of the writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xlconv import reader
from xlconv.check import grading, inputs, liveness, precedents, structure, values
from xlconv.check.audit import audit
from xlconv.check.report import Finding, Report, Unrecognised
from xlconv.engines import DEFAULT, Engine, by_name
from xlconv.errors import EngineError, XlconvError
from xlconv.layers import shape_text
from xlconv.network import Network
from xlconv.recover import Recovered, declared, recover_book
from xlconv.recover.found import Found
from xlconv.recover.places import Atlas

TOLERANCE = 1e-9
_FOR_LIBREOFFICE = 12
"""Inputs that it tries: it opens a file for each."""


def verify(
    path: str | Path,
    engines: Sequence[Engine] = (),
    tolerance: float = TOLERANCE,
    random: int = inputs.DEFAULT_RANDOM,
    seed: int = 0,
    against: str | Path | Network | None = None,
    any_weights: bool = False,
) -> Report:
    """Check a workbook: its formulas one by one, and every activation against the NumPy reference.

    Args:
        path: The .xlsx or .xlsm.
        engines: What recalculates it; the embedded engine if none.
        tolerance: Absolute; relative where the expected value is beyond 1.
        random: How many random inputs to try, beside the workbook's own, the sample digits and extremes.
        seed: Of the random inputs.
        against: The network that it should be, or the template (name or folder) or workbook that has it. Each of its
            layers gets a grade.
        any_weights: Whether the weights may be others than those of `against`.

    Raises:
        WorkbookError: The file cannot be read, or contradicts itself on which network it is.
        TemplateError: `against` is no template that can be read.
        EngineError: An engine failed.
    """
    expected = against if isinstance(against, Network | None) else grading.expectation(against)
    book = reader.read(Path(path))
    recovered = networks_of(book)
    report = Report(str(path), tolerance=tolerance)
    report.networks = [_in_one_line(found) for found in recovered.networks]
    for found in recovered.networks:
        _check_network(report, recovered, found, engines or [by_name(DEFAULT)], random, seed)
    report.findings += _iterative(recovered) + _readers(recovered)
    report.interrupted = _is_interrupted(recovered)
    known = _cells_by_sheet(recovered)
    report.findings += audit(book, known)
    report.formulas = sum(len(group.cells) for group in recovered.reading.groups)
    report.not_recognised = _not_recognised(recovered)
    report.checked = report.formulas - sum(each.count for each in report.not_recognised)
    report.notes += book.notes
    if any(engine.not_evaluated for engine in report.engines):
        report.notes.append("another engine may evaluate what this one could not: --engine ironcalc or libreoffice")
    if expected is not None:
        tolerated = None if any_weights else tolerance
        report.grades, other = grading.grade(expected, recovered, report.findings, report.engines, tolerated)
        report.findings += other
    return report


def networks_of(book: reader.Workbook) -> Recovered:
    """The network that the workbook says it is, or those that its formulas compute.

    Raises:
        WorkbookError: It says so, but its blocks do not fit what it says.
    """
    if declared.declares(book):
        return recover_book(book, said=declared.found_by(book))
    return recover_book(book)


def _check_network(
    report: Report, recovered: Recovered, found: Found, engines: Sequence[Engine], random: int, seed: int
) -> None:
    """Add to a report what is found in one network: its formulas, its numbers, what it depends on."""
    book, several = recovered.book, len(recovered.networks) > 1
    trials, notes = inputs.choose(found, random, seed)
    if _is_computed(book, found):
        trials[0] = replace(trials[0], is_changed=True)  # the numbers that the network has for these formulas
    findings = _not_numbers(recovered, found) + structure.check(book, found, recovered.reading)
    known = {finding.cell for finding in findings}
    findings += [each for each in liveness.check(book, found, recovered.reading, seed) if each.cell not in known]
    for number, engine in enumerate(engines):
        try:
            tried = inputs.fewer(trials, _FOR_LIBREOFFICE) if engine.name == "libreoffice" else trials
            outcome = values.compare(book, found, engine, tried, report.tolerance)
        except XlconvError as error:
            raise EngineError(f"{report.file}: {engine.title}: {error.message}", error.hint) from None
        findings = merged(findings, outcome.findings)
        result = outcome.result
        if several:
            result = replace(
                result, layers=[replace(row, layer=f"{found.title}: {row.layer}") for row in result.layers]
            )
        earlier = report.engines[number : number + 1]
        if earlier:
            report.engines[number] = replace(
                earlier[0], layers=earlier[0].layers + result.layers, reasons=earlier[0].reasons + result.reasons
            )
        else:
            report.engines.append(result)
        if number == 0:
            stale, stale_notes = values.stale(book, found, outcome.own_values, report.tolerance)
            findings += stale
            notes += stale_notes
    report.findings += [_titled(finding, found) if several else finding for finding in findings]
    report.notes += [f"{found.title}: {note}" if several else note for note in notes]
    report.inputs += [trial.name for trial in trials if trial.name not in report.inputs]


def _is_computed(book: reader.Workbook, found: Found) -> bool:
    """Whether a network's input are formulas: a block of cells that no layer was recognised in."""
    return any(
        cell.formula is not None
        for sheet, row, column in found.atlas.cells(found.inputs)
        if (cell := book.sheets[sheet].cells.get((row, column))) is not None
    )


def _titled(finding: Finding, found: Found) -> Finding:
    """With the network's title before the layer's name."""
    return replace(finding, layer=f"{found.title}: {finding.layer}") if finding.layer else finding


def _not_numbers(recovered: Recovered, found: Found) -> list[Finding]:
    """Input and weight cells that hold no plain number."""
    findings = []
    for place in found.not_numbers:
        where = found.atlas.cell(place)
        cell = recovered.book.cell(*where[:3])
        got = "a blank cell" if cell.value is None else str(cell.value)
        message = f"{found.what(place)} holds no plain number"
        findings.append(
            Finding("not-a-number", where.place, "", message, "", "" if cell.formula else got, cell.formula or "")
        )
    return findings


def merged(known: list[Finding], computed: list[Finding]) -> list[Finding]:
    """One finding for each cell: what its text shows, with what the first engine that computed it wrong got."""
    by_cell = {finding.cell: finding for finding in computed}
    found = []
    for finding in known:
        value = by_cell.pop(finding.cell, None) if finding.cell and finding.count == 1 else None
        if value is not None and finding.rule not in ("value", "frozen") and not finding.effect:
            effect = f"{value.message}: expected {value.expected}, got {value.got} ({value.engine})"
            finding = replace(finding, effect=effect)
        found.append(finding)
    return found + list(by_cell.values())


def _in_one_line(found: Found) -> str:
    network = found.network
    layers = [f"{node.name} {shape_text(network.shapes[node.name])}" for node in network.nodes]
    return f"{found.title}: input {shape_text(network.input_shape)}, {', '.join(layers)}"


def _readers(recovered: Recovered) -> list[Finding]:
    """Formulas that read a network's cells and were not recognised."""
    if not recovered.not_recognised or not recovered.networks:
        return []
    atlas = recovered.reading.atlas
    cell, source = precedents.of(recovered.book, recovered.reading)
    computed = [cells.ravel() for found in recovered.networks for stage in found.stages for cells in [stage.cells]]
    rest = np.concatenate([atlas.of(group.sheet, group.cells) for group in recovered.not_recognised])
    reading = np.unique(cell[np.isin(cell, rest) & np.isin(source, np.concatenate(computed))])
    if not reading.size:
        return []
    cells = tuple(where.place for where in atlas.ranges(reading)[:100])
    first = atlas.cell(int(reading[0]))
    formula = recovered.book.cell(*first[:3]).formula or ""
    message = "reads a layer's cells, but belongs to no layer that was recognised"
    return [Finding("not-recognised", first.place, "", message, formula=formula, count=int(reading.size), cells=cells)]


def _is_interrupted(recovered: Recovered) -> bool:
    """Whether a network goes on where nothing was recognised: in formulas like its own, or as if it were another."""
    computed = [found.computed for found in recovered.networks]
    begun = [found.inputs.ravel() for found in recovered.networks]
    if any(np.isin(inputs, cells).any() for inputs in begun for cells in computed):
        return True
    if not recovered.stray.size or not computed:
        return False
    cell, source = precedents.of(recovered.book, recovered.reading)
    return bool((np.isin(cell, recovered.stray) & np.isin(source, np.concatenate(computed))).any())


def _iterative(recovered: Recovered) -> list[Finding]:
    """Circular references, where the workbook asks for them to be followed round and round: that hides them."""
    if not recovered.book.calculation.iterative:
        return []
    cells = [
        recovered.reading.atlas.cell(place).place for place in precedents.circular(recovered.book, recovered.reading)
    ]
    if not cells:
        return []
    message = "circular references are followed round and round (iterative calculation), through this cell"
    return [Finding("calculation-mode", cells[0], "", message, count=len(set(cells)), cells=tuple(cells[:100]))]


def _cells_by_sheet(recovered: Recovered) -> dict[str, set[tuple[int, int]]]:
    """The cells of all networks, by worksheet."""
    found: dict[str, set[tuple[int, int]]] = {}
    for network in recovered.networks:
        for sheet, row, column in network.atlas.cells(network.owned):
            found.setdefault(sheet, set()).add((row, column))
    return found


def _not_recognised(recovered: Recovered) -> list[Unrecognised]:
    atlas = Atlas(recovered.book.sheets)
    found = []
    for group in recovered.not_recognised:
        ranges = atlas.ranges(atlas.of(group.sheet, group.cells))
        text = ", ".join(where.address for where in ranges[:3]) + (", ..." if len(ranges) > 3 else "")
        found.append(Unrecognised(group.sheet, text, len(group.cells), group.formula))
    return found
