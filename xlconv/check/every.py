"""What is computed in numbers beside the engines: every choice of every page, and inputs that engines are not given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Final

import numpy as np

from xlconv import reference
from xlconv.cells import Range
from xlconv.check.explore import Explorer
from xlconv.check.inputs import Trial
from xlconv.check.numbers import Numbers
from xlconv.check.pages import CheckedPage
from xlconv.check.pages.explore import explore_page
from xlconv.check.pages.judge import PageOutcome, compare
from xlconv.check.pages.net import net_page
from xlconv.check.pages.results import proved_results
from xlconv.check.pages.selecting import selecting
from xlconv.check.readers import Readers
from xlconv.check.roots import roots
from xlconv.check.tally import errors_of
from xlconv.formula.array import NUMBER, TEXTS, UNKNOWN
from xlconv.network import FloatArray
from xlconv.places import NOWHERE, Places
from xlconv.recover.found import Found
from xlconv.recover.reading import Reading
from xlconv.report import Finding

ENGINE: Final = "numbers"
_INPUTS: Final = 2
"""Dense inputs under which Explore is computed."""


def pages(
    found: Found, reading: Reading, numbers: Numbers, tolerance: float, changed: Range | None = None
) -> list[PageOutcome]:
    """Each page of a network that has cells, computed for its choices.

    Args:
        found: The network.
        reading: The workbook's formulas.
        numbers: Computes them.
        tolerance: Absolute; relative where the number that is due is beyond 1.
        changed: The one cell that is in doubt, if there is but one: then no table is computed that does not hold it.
    """
    if not found.declared:
        return []
    book, rng = reading.book, np.random.default_rng()
    all_pages = [net_page(book, found)]
    if explorer := Explorer.of(book, found):
        shape = found.network.input_shape
        inputs = [reference.forward(found.network, rng.standard_normal(shape)) for _ in range(_INPUTS)]
        page = explore_page(explorer, found, inputs, tolerance)
        proves = cache(partial(proved_results, explorer, found, reading))
        all_pages.append(replace(page, basis=page.basis and page.basis._replace(proves=proves)))
    all_pages = [page for page in all_pages if page.tables]
    assert reading.held is not None  # what the file holds has numbers of texts that are to be kept
    with TEXTS.forgotten():
        outcomes = [_outcome(page, numbers, tolerance, changed) for page in all_pages]
    for page, outcome in zip(all_pages, outcomes, strict=True):
        outcome.findings.extend(_selecting(page, reading, outcome))
    return outcomes


def _selecting(page: CheckedPage, reading: Reading, outcome: PageOutcome) -> Iterator[Finding]:
    """Cells that go by more than what their page is computed for, and are not wrong anyway."""
    if page.basis is None:
        return
    for place in np.setdiff1d(selecting(reading, page.basis, outcome.at_fault), outcome.at_fault).tolist():
        cell = page.atlas.cell(place)
        message = "chooses what it shows by more than it should, so not every case could be computed"
        yield Finding("not-proved", cell.place, "", message, formula=page.book.cell(*cell[:3]).formula or "")


def _outcome(page: CheckedPage, numbers: Numbers, tolerance: float, changed: Range | None) -> PageOutcome:
    """A page computed; whole where more than the changed cell is named, as what lies between may be in other tables."""
    if changed is not None:
        about = compare(page.about(page.atlas.place(*changed[:3])), numbers, tolerance, ENGINE)
        if all(finding.cell == changed.place for finding in about.findings):
            return about
    return compare(page, numbers, tolerance, ENGINE)


def told(found: Found, outcome: PageOutcome, several: bool) -> str:
    """For how many choices a page was computed."""
    whose = f"{found.title}: " if several else ""
    return f"{whose}{outcome.result.layer}: {outcome.result.cells:,} cells computed {outcome.share}"


def inputs(
    found: Found, reading: Reading, numbers: Numbers, trials: Iterable[Trial], tolerance: float
) -> list[Finding]:
    """Cells at fault for inputs that no engine was given, all of them at once."""
    tried = [trial for trial in trials if trial.network is None]
    if not tried:
        return []
    images = np.stack([trial.x.ravel() for trial in tried])
    filled = dict(zip(found.inputs.ravel().tolist(), images.T.tolist(), strict=True))
    filled.pop(NOWHERE, None)
    blocks = [cells for stage in found.stages if stage.nodes for cells in (*stage.parts.values(), stage.cells)]
    asked = np.concatenate([*(block.ravel() for block in blocks), np.empty(0, np.int64)])
    shown = numbers.values(asked, filled, {})
    due = np.stack([_due(found, trial) for trial in tried], axis=1)
    found_numbers = np.where(shown.kinds == NUMBER, shown.numbers, np.nan)
    errors = errors_of(np.where(shown.kinds == UNKNOWN, due, found_numbers), due)
    wrong = np.isfinite(due) & ~(errors <= tolerance) & (asked >= 0)[:, None]
    return _findings(found, reading, tried, asked, wrong, due, found_numbers)


def _due(found: Found, trial: Trial) -> FloatArray:
    """What the layers and their intermediate results should show, cell after cell."""
    outputs, values = reference.forward(found.network, trial.x), [np.empty(0)]
    for stage in found.stages:
        if stage.nodes:
            node = stage.nodes[0]
            parts = reference.parts(node.layer, outputs[node.inputs[0]], stage.parts) if stage.parts else {}
            values += [each.ravel() for each in (*parts.values(), outputs[stage.shows])]
    return np.concatenate(values)


def _findings(
    found: Found,
    reading: Reading,
    trials: Sequence[Trial],
    asked: Places,
    wrong: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    due: FloatArray,
    shown: FloatArray,
) -> list[Finding]:
    rows = {int(asked[row]): row for row in np.flatnonzero(wrong.any(axis=1)).tolist()}
    findings = []
    for place in _at_fault(found, reading, rows):
        row = rows[place]
        lane, cell = int(wrong[row].argmax()), found.atlas.cell(place)
        message = f"computes another value than the reference for {trials[lane].name}"
        formula = reading.book.cell(*cell[:3]).formula or ""
        expected, got = repr(float(due[row, lane])), str(float(shown[row, lane]))
        findings.append(Finding("value", cell.place, "", message, expected, got, formula, ENGINE))
    return findings


def _at_fault(found: Found, reading: Reading, wrong: Collection[int]) -> list[int]:
    """The wrong cells that are computed from no other, through whatever cells, if there are some."""
    first = roots(reading.book, found.atlas, wrong)
    behind = Readers(reading.precedents).of(np.array(first), np.unique(reading.precedents[0])) if len(first) > 1 else ()
    return [place for place in first if place not in behind] or first
