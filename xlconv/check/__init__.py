"""The checker: `verify` proves a workbook against the reference model, and trusts nothing of the writer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import numpy as np

from xlconv import reader
from xlconv.check import beside, choices, data_tables, every, inputs, names, stale, structure, values, whole
from xlconv.check.batches import batches, in_one_line, rows, title
from xlconv.check.computed import Computed, question
from xlconv.check.explore import Explorer
from xlconv.check.inputs import Trial
from xlconv.check.needed import Needs
from xlconv.check.numbers import Numbers
from xlconv.check.overflow import plain_exponentials
from xlconv.check.pages.judge import PageOutcome
from xlconv.check.second import Results, opinions
from xlconv.engines import DEFAULT, Engine, by_name
from xlconv.errors import EngineError
from xlconv.network import Network
from xlconv.places import NOWHERE
from xlconv.processes.bounds import done
from xlconv.recover import Recovered, declared, recover_book
from xlconv.recover.found import Found
from xlconv.recover.proof import Proof
from xlconv.report import EngineResult, Finding, LayerResult, Report, Unrecognised

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
    expected = against if isinstance(against, Network | None) else _expectation(against)
    book = reader.read(Path(path))
    recovered = networks_of(book)
    count = len(recovered.networks)
    done(f"{count:,} network{'s' * (count != 1)} recognised")
    report = Report(str(path), tolerance=tolerance, declared=declared.is_signed(book))
    report.networks = [in_one_line([recovered.networks[at] for at in mine]) for mine in batches(recovered.networks)]
    _check_networks(report, recovered, (engines or [by_name(DEFAULT)]) if recovered.networks else [], random, seed)
    tables, others = data_tables.check(recovered)
    report.findings += tables
    report.formulas = sum(len(group.cells) for group in recovered.reading.groups)
    report.unchecked_formulas = min(report.unchecked_formulas, report.formulas)  # an array formula fills several cells
    report.not_recognised = _not_recognised(recovered)
    report.checked = report.formulas - sum(each.count for each in report.not_recognised)
    report.notes += [*book.notes, *others]
    if expected is not None:
        from xlconv.check import grading  # here, as most workbooks are held to none

        tolerated = None if any_weights else tolerance
        report.grades, other = grading.grade(expected, recovered, report.findings, report.engines, tolerated)
        report.findings += other
    return report


def _expectation(against: str | Path) -> Network:
    from xlconv.check.grading import expectation

    return expectation(against)


def networks_of(book: reader.Workbook) -> Recovered:
    """The network that the workbook says it is, or those that its formulas compute.

    Raises:
        WorkbookError: It says so, but its blocks do not fit what it says; or it said so, and does no longer.
    """
    declared.check_declared(book)
    if declared.declares(book):
        return recover_book(book, said=declared.found_by(book))
    return recover_book(book)


@dataclass
class _Check:
    """What is found in one network.

    Args:
        found: The network.
        trials: What engines compute it for.
        notes: On that.
        others: What it is computed for in numbers.
        proof: Of its formulas.
        findings: Of its formulas and numbers.
        views: Its pages, computed for every choice.
    """

    found: Found
    trials: list[Trial]
    notes: list[str]
    others: Callable[[], Iterator[Trial]]
    proof: Proof
    findings: list[Finding] = field(default_factory=list)
    views: list[PageOutcome] = field(default_factory=list)


def _check_networks(report: Report, recovered: Recovered, engines: Sequence[Engine], random: int, seed: int) -> None:
    """Add to a report what is found in all networks: their formulas, their numbers, what they depend on."""
    examined: dict[int, dict[int, Proof]] = {found.batch: {} for found in recovered.networks if found.batch != NOWHERE}
    checks = [_begun(recovered, each, random, seed, examined.get(each.batch)) for each in recovered.networks]
    questions = [question(recovered.book, each.found, each.trials) for each in checks]
    needs = Needs(recovered.book, recovered.reading.groups, recovered.reading.atlas)
    # the engines compute in processes of their own, while formulas are read here
    computed = _Aside(lambda: opinions(engines, questions, needs, recovered.reading))
    for check in checks:
        _add_formulas(check, recovered, report.tolerance)
        done(f"the formulas of {check.found.title} compared with its layers")
    around = beside.beside(recovered, needs)
    proved = np.concatenate([np.empty(0, np.int64), *(check.proof.proved_cells for check in checks)])
    rest = [
        *whole.iterative(recovered),
        *beside.finding(recovered, around.unchecked),
        *whole.audited(recovered, around.apart, proved),
    ]
    try:
        all_values = computed.result()
    except EngineError as error:
        raise EngineError(f"{report.file}: {error.message}", error.hint) from None
    for engine, shown in zip(engines, all_values, strict=True):
        _add_values(report, recovered.book, engine, checks, shown)
    several = len(checks) > 1
    for check in checks:
        report.findings += [_titled(each, check.found) if several else each for each in check.findings]
        report.inputs += [trial.name for trial in check.trials if trial.name not in report.inputs]
        report.views += [every.told(check.found, view, several) for view in check.views]
        report.unchecked_formulas += sum(view.result.not_evaluated for view in check.views)
        report.unchecked_formulas += sum(each.count for each in check.findings if each.rule == "not-proved")
    report.notes += _notes(checks)
    report.findings += rest
    report.notes += beside.note(recovered, around.own)
    report.unchecked_formulas += int(around.unchecked.size)
    report.interrupted = around.is_chain or whole.goes_on(recovered)


def _notes(checks: Sequence[_Check]) -> Iterator[str]:
    """What there is to say of each network; of the samples of a batch once."""
    groups = batches([check.found for check in checks])
    for mine in groups:
        name = f"{title([checks[at].found for at in mine])}: " if len(groups) > 1 else ""
        yield from dict.fromkeys(f"{name}{note}" for at in mine for note in checks[at].notes)


def _begun(recovered: Recovered, found: Found, random: int, seed: int, examined: dict[int, Proof] | None) -> _Check:
    book = recovered.book
    plain = plain_exponentials(found, recovered.reading)
    chosen = inputs.choose(found, random, seed, Explorer.of(book, found), plain)
    trials = chosen.for_engines
    if whole.is_computed(book, found):
        trials[0] = replace(trials[0], is_changed=True)  # the numbers that the network has for these formulas
    notes = [*chosen.notes, *(each.note for each in plain), *whole.given(recovered, found), *whole.mislabelled(found)]
    return _Check(found, trials, notes, chosen.for_numbers, Proof(found, recovered.reading, examined))


def _add_formulas(check: _Check, recovered: Recovered, tolerance: float) -> None:
    """Add what a network's formulas show by themselves, and what they give for all choices and further inputs."""
    book, reading, found = recovered.book, recovered.reading, check.found
    findings = whole.not_numbers(recovered, found) + structure.check(book, found, reading, check.proof)
    findings += [
        *choices.not_proved(found, reading, check.proof),
        *whole.views(recovered, found),
        *names.check(book, found),
    ]
    numbers = Numbers(reading)
    check.views = every.pages(found, reading, numbers, tolerance)
    computed = [each for view in check.views for each in view.findings]
    check.findings = merged(findings, computed + every.inputs(found, reading, numbers, check.others(), tolerance))


def _add_values(
    report: Report,
    book: reader.Workbook,
    engine: Engine,
    checks: Sequence[_Check],
    computed: list[list[Computed]],
) -> None:
    """Compare what an engine computed, and add its part of the report; of the first also what the file has cached."""
    outcomes = []
    for check, shown in zip(checks, computed, strict=True):
        outcomes.append(values.compare(book, check.found, engine, check.trials, report.tolerance, shown, check.proof))
        done(f"{check.found.title} computed by {engine.title}")
    for check, outcome in zip(checks, outcomes, strict=True):
        check.findings = merged(check.findings, outcome.findings)
        if not report.engines:
            differing, notes = stale.check(book, check.found, outcome.own_values, report.tolerance)
            check.findings += differing
            check.notes += notes
    report.engines.append(_together(checks, [outcome.result for outcome in outcomes]))


def _together(checks: Sequence[_Check], results: Sequence[EngineResult]) -> EngineResult:
    """What one engine computed of all networks."""
    if len(results) == 1:
        return results[0]
    groups, layers = batches([check.found for check in checks]), list[LayerResult]()
    for mine in groups:
        name = f"{title([checks[at].found for at in mine])}: " if len(groups) > 1 else ""
        layers += (replace(row, layer=f"{name}{row.layer}") for row in rows([results[at].layers for at in mine]))
    others: Counter[str] = sum((Counter(each.others) for each in results), Counter())
    reasons = [reason for each in results for reason in each.reasons]
    return replace(results[0], layers=layers, reasons=reasons, others=dict(others))


class _Aside(Thread):
    """Work that is done beside this thread; a problem here does not wait for it.

    Args:
        work: What to do.
    """

    def __init__(self, work: Callable[[], list[Results]]) -> None:
        super().__init__(daemon=True)
        self._work, self._done = work, list[Results]()
        self._problem: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do it."""
        try:
            self._done = self._work()
        except BaseException as problem:  # noqa: BLE001 - raised where the result is asked for
            self._problem = problem

    def result(self) -> list[Results]:
        """What it gave, once it is done."""
        self.join()
        if self._problem is not None:
            raise self._problem
        return self._done


def _titled(finding: Finding, found: Found) -> Finding:
    """With the network's title before the layer's name."""
    return replace(finding, layer=f"{found.title}: {finding.layer}") if finding.layer else finding


def merged(known: list[Finding], computed: list[Finding]) -> list[Finding]:
    """One finding for each cell: what its text shows, with what the first engine that computed it wrong got.

    What could not be proved, and is computed wrong, is wrong.
    """
    by_cell = {finding.cell: finding for finding in computed}
    found = []
    for finding in known:
        value = by_cell.pop(finding.cell, None) if finding.cell and finding.count == 1 else None
        if value is not None and finding.rule == "not-proved":
            finding = replace(value, layer=finding.layer)
        elif value is not None and finding.rule not in ("value", "frozen") and not finding.effect:
            effect = f"{value.message}: expected {value.expected}, got {value.got} ({value.engine})"
            finding = replace(finding, effect=effect)
        found.append(finding)
    return found + list(by_cell.values())


def _not_recognised(recovered: Recovered) -> list[Unrecognised]:
    atlas = recovered.reading.atlas
    found = []
    for group in recovered.not_recognised:
        ranges = atlas.ranges(atlas.of(group.sheet, group.cells))
        text = ", ".join(where.address for where in ranges[:3]) + (", ..." if len(ranges) > 3 else "")
        found.append(Unrecognised(group.sheet, text, len(group.cells), group.formula))
    return found
