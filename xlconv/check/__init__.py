"""The checker: `verify` proves a workbook against the reference model, and trusts nothing of the writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from xlconv import reader
from xlconv.check import choices, grading, inputs, liveness, stale, structure, values, whole
from xlconv.check.computed import compute
from xlconv.check.explore import Explorer
from xlconv.check.report import Finding, Report, Unrecognised
from xlconv.engines import DEFAULT, Engine, by_name
from xlconv.errors import BoundsError, EngineError, XlconvError
from xlconv.layers import shape_text
from xlconv.network import Network
from xlconv.processes.bounds import done
from xlconv.recover import Recovered, declared, recover_book
from xlconv.recover.found import Found

TOLERANCE = 1e-9


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
        random: How many random inputs engines are given beside the eight that they always are.
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
    done(f"{len(recovered.networks)} networks recognised")
    report = Report(str(path), tolerance=tolerance, declared=declared.is_signed(book))
    report.networks = [_in_one_line(found) for found in recovered.networks]
    audited = cache(partial(whole.audited, recovered))
    for found in recovered.networks:
        _check_network(report, recovered, found, engines or [by_name(DEFAULT)], random, seed, audited)
    report.findings += whole.iterative(recovered) + whole.readers(recovered)
    report.interrupted = whole.is_interrupted(recovered)
    report.findings += audited()
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
    report: Report,
    recovered: Recovered,
    found: Found,
    engines: Sequence[Engine],
    random: int,
    seed: int,
    meanwhile: Callable[[], object],
) -> None:
    """Add to a report what is found in one network: its formulas, its numbers, what it depends on.

    While engines compute, there is time for something else.
    """
    book, several = recovered.book, len(recovered.networks) > 1
    chosen = inputs.choose(found, random, seed, Explorer.of(book, found))
    trials, notes = chosen.for_engines, chosen.notes
    if whole.is_computed(book, found):
        trials[0] = replace(trials[0], is_changed=True)  # the numbers that the network has for these formulas
    with _aside() as pool:  # the engines compute in processes of their own, while formulas are read here
        computed = [pool.submit(compute, book, found, each, trials) for each in engines]
        findings = whole.not_numbers(recovered, found) + structure.check(book, found, recovered.reading)
        findings += [*choices.misread(book, found), *whole.views(recovered, found)]
        known = {finding.cell for finding in findings}
        findings += [each for each in liveness.check(book, found, recovered.reading, seed) if each.cell not in known]
        meanwhile()
    done(f"the formulas of {found.title} compared with its layers")
    for number, engine in enumerate(engines):
        try:
            outcome = values.compare(book, found, engine, trials, report.tolerance, computed[number].result())
        except BoundsError:
            raise
        except XlconvError as error:
            raise EngineError(f"{report.file}: {engine.title}: {error.message}", error.hint) from None
        done(f"{found.title} computed by {engine.title}")
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
            differing, stale_notes = stale.check(book, found, outcome.own_values, report.tolerance)
            findings += differing
            notes += stale_notes
    report.findings += [_titled(finding, found) if several else finding for finding in findings]
    report.notes += [f"{found.title}: {note}" if several else note for note in notes]
    report.inputs += [trial.name for trial in trials if trial.name not in report.inputs]


@contextmanager
def _aside() -> Iterator[ThreadPoolExecutor]:
    """A thread beside this one; a problem here does not wait for it."""
    pool = ThreadPoolExecutor(1)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown(wait=False)


def _titled(finding: Finding, found: Found) -> Finding:
    """With the network's title before the layer's name."""
    return replace(finding, layer=f"{found.title}: {finding.layer}") if finding.layer else finding


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


def _not_recognised(recovered: Recovered) -> list[Unrecognised]:
    atlas = recovered.reading.atlas
    found = []
    for group in recovered.not_recognised:
        ranges = atlas.ranges(atlas.of(group.sheet, group.cells))
        text = ", ".join(where.address for where in ranges[:3]) + (", ..." if len(ranges) > 3 else "")
        found.append(Unrecognised(group.sheet, text, len(group.cells), group.formula))
    return found
