"""Which cells of a page show something else than is due, and which of those are at fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isinf, isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv.check.pages import ARRAY, AT_ONCE, Batch, CheckedPage, Due, Evaluator, Lanes
from xlconv.check.roots import roots
from xlconv.check.sentences import BoolArray, in_full, is_said
from xlconv.formula.array import BLANK, ERROR, NUMBER, TEXT, TEXTS, UNKNOWN
from xlconv.network import FloatArray
from xlconv.places import Places, sorted_places
from xlconv.report import Finding, LayerResult

_NAMED: Final = 20
"""Wrong cells that have a finding of their own; the others are counted in one."""
_LISTED: Final = 200
_TOGETHER: Final = 1000
"""Choices that are computed together though they come from several batches: what is the same for all of a batch, as
what is shown of layers of another type, is computed once, so that of larger ones each is computed by itself."""

_DOES: Final = {ERROR: "shows an error", ARRAY: "gives an array instead of a value"}


@dataclass(frozen=True)
class PageOutcome:
    """A page, computed for its choices.

    Args:
        findings: Each cell at fault once, for the first choice that it is wrong for.
        result: The page as a row of the report.
        choices: How many choices there are.
        tried: For how many of them its cells were computed.
        at_fault: The cells at fault, sorted.
    """

    findings: list[Finding]
    result: LayerResult
    choices: int
    tried: int
    at_fault: Places

    @property
    def share(self) -> str:
        """Of which choices this is said."""
        if self.tried == self.choices:
            return f"for every one of {self.choices:,} choices"
        return f"for {self.tried:,} of {self.choices:,} choices ({self.tried / self.choices:.2%})"


def compare(page: CheckedPage, evaluator: Evaluator, tolerance: float, engine: str = "") -> PageOutcome:
    """Compute a page for its choices, and compare each value with what is due.

    Args:
        page: The page.
        evaluator: Computes its formulas.
        tolerance: Absolute; relative where the number that is due is beyond 1.
        engine: What to call the evaluator.
    """
    judge = Judge(page, tolerance, engine)
    for batches in _together(page):
        names = dict.fromkeys(name for batch in batches for name in batch.due)
        filled = {place: [value for each in batches for value in each.filled[place]] for place in batches[0].filled}
        lanes, first = evaluator.values(page.cells(names), filled, batches[0].known), 0
        for batch in batches:
            judge.add(batch, lanes, names, first)
            first += batch.count
    return PageOutcome(judge.findings(), judge.result(), page.choices, page.tried, sorted_places(judge.at_fault))


def _together(page: CheckedPage) -> Iterator[list[Batch]]:
    """Batches that are computed together, as the same cells are filled and the same numbers are known."""
    cells = sum(table.size for table in page.tables.values())
    most, waiting = min(_TOGETHER, AT_ONCE // max(cells, 1)), list[Batch]()
    for batch in page.batches():
        alike = waiting and batch.known is waiting[0].known and batch.filled.keys() == waiting[0].filled.keys()
        if waiting and not (alike and sum(each.count for each in [*waiting, batch]) <= most):
            yield waiting
            waiting = []
        waiting.append(batch)
    if waiting:
        yield waiting


def few(findings: list[Finding]) -> list[Finding]:
    """The first ones, and one that counts the rest."""
    named, rest = findings[:_NAMED], findings[_NAMED:]
    if rest:
        message = f"{len(rest)} more on the worksheet that are wrong or missing"
        cells = tuple(finding.cell for finding in rest[:_LISTED])
        named.append(replace(rest[0], message=message, expected="", got="", count=len(rest), cells=cells))
    return named


class Judge:
    """All that a page shows, batch after batch.

    Args:
        page: The page.
        tolerance: Absolute; relative where the number that is due is beyond 1.
        engine: What computed it.
    """

    def __init__(self, page: CheckedPage, tolerance: float, engine: str) -> None:
        self.page, self.tolerance, self.engine = page, tolerance, engine
        self._faults: dict[int, Finding] = {}
        self._unknown: set[int] = set()
        self._compared = 0
        self._largest: float | None = None

    def add(self, batch: Batch, lanes: Lanes, names: Iterable[str] | None = None, first: int = 0) -> None:
        """Compare what the tables of a batch show.

        Args:
            batch: What is due.
            lanes: What cells show.
            names: The tables whose cells these are, one behind the other; those of the batch by default.
            first: The lane of the batch's first choice.
        """
        row, mine = 0, slice(first, first + batch.count)
        for name in batch.due if names is None else names:
            places = self.page.tables[name].ravel()
            at = slice(row, row + places.size), mine
            if name in batch.due:
                shown = _Shown(lanes.numbers[at], lanes.kinds[at])
                self._add_table(batch, name, batch.due[name], places, shown)
            row += places.size

    def findings(self) -> list[Finding]:
        """Each cell at fault once; many in one, beyond the first."""
        return few([self._faults[place] for place in self.at_fault])

    def result(self) -> LayerResult:
        """The page as a row of the report."""
        at_fault = self.at_fault
        return LayerResult(
            self.page.title,
            "view",
            np.unique(np.concatenate([*map(np.ravel, self.page.tables.values()), np.empty(0, np.int64)])).size,
            self._compared,
            self._largest,
            wrong=len(self._faults),
            at_fault=len(at_fault),
            not_evaluated=len(self._unknown),
            first=self._faults[at_fault[0]].cell if at_fault else "",
        )

    @cached_property
    def at_fault(self) -> list[int]:
        """The wrong cells without those that only show what others make wrong, by place, once all batches are in."""
        page = self.page
        return roots(page.book, page.atlas, self._faults, page.order)

    def _add_table(self, batch: Batch, name: str, due: Due, places: Places, shown: _Shown) -> None:
        errors = shown.errors(due)
        unknown = shown.kinds == UNKNOWN
        wrong = ~(unknown | shown.is_right(due, errors, self.tolerance))
        self._compared += wrong.size - int(np.count_nonzero(unknown))
        self._largest = _larger(self._largest, errors)
        self._unknown.update(places[unknown.any(axis=1)].tolist())
        for cell in np.flatnonzero(wrong.any(axis=1)).tolist():
            if (place := int(places[cell])) not in self._faults:
                lane = int(wrong[cell].argmax())
                self._faults[place] = self._fault(place, name, batch.choice(lane), due, shown, (cell, lane))

    def _fault(self, place: int, name: str, choice: str, due: Due, shown: _Shown, at: tuple[int, int]) -> Finding:
        page, cell = self.page, self.page.atlas.cell(place)
        does = _DOES.get(int(shown.kinds[at]), "shows something else than it should")
        formula = page.book.cell(*cell[:3]).formula or ""
        expected = shown.expected(due, *at)
        message = f"{name} {does} for {choice}"
        return Finding(page.rule, cell.place, page.layer, message, expected, shown.got(*at), formula, self.engine)


def _larger(largest: float | None, errors: FloatArray) -> float | None:
    """The largest error, of those that are numbers."""
    known = float(np.fmax.reduce(errors, axis=None, initial=-1.0))
    if known == inf:
        known = float(errors[np.isfinite(errors)].max(initial=-1.0))
    return largest if known < 0 else max(largest or 0.0, known)


@dataclass(frozen=True)
class _Shown:
    """What the cells of one table show, (cells, lanes)."""

    numbers: FloatArray
    kinds: NDArray[np.uint8]

    def errors(self, due: Due) -> FloatArray:
        """How far numbers are off, relative beyond 1; NaN where no number is shown or none is due."""
        expected = _cells_by_lanes(due.numbers)
        is_number = self.kinds == NUMBER
        if not is_number.any():
            return np.full((1, 1), np.nan)
        got = np.floor(self.numbers) if due.whole else self.numbers
        size = np.abs(expected)
        with np.errstate(invalid="ignore"):
            errors: FloatArray = np.abs(got - expected)
            errors /= np.maximum(1.0, size, out=size)
        errors[~is_number] = np.nan
        return errors

    def is_right(self, due: Due, errors: FloatArray, tolerance: float) -> BoolArray:
        """Which values are those that are due."""
        expected, close = _cells_by_lanes(due.numbers), errors <= tolerance
        right: BoolArray = np.broadcast_to(close, self.kinds.shape).copy()
        if not right.all():
            empty = (self.kinds == TEXT) & (self.numbers == 0)
            right |= np.isnan(expected) & empty
            if not right.all():
                right |= np.isinf(expected) & (empty | (self.kinds == ERROR))
        for lane, (may, text) in enumerate(zip(due.texts, self._texts(), strict=True) if due.texts else ()):
            if may:
                right[0, lane] = is_said(text, may, tolerance) or (isinf(expected[0, lane]) and right[0, lane])
        return right

    def _texts(self) -> list[str | None]:
        """The text that the first cell shows in each lane."""
        shown = zip(self.kinds[0].tolist(), self.numbers[0].tolist(), strict=True)
        return [TEXTS.all[int(number)] if kind == TEXT and number >= 0 else None for kind, number in shown]

    def _text(self, cell: int, lane: int) -> str | None:
        number = float(self.numbers[cell, lane])  # NaN of an error
        return TEXTS.all[int(number)] if number >= 0 and self.kinds[cell, lane] not in (NUMBER, BLANK) else None

    def expected(self, due: Due, cell: int, lane: int) -> str:
        """What is due in a cell for one choice."""
        if due.texts and due.texts[lane]:
            return in_full(due.texts[lane][0]) or "an empty text"
        number = float(np.broadcast_to(_cells_by_lanes(due.numbers), self.kinds.shape)[cell, lane])
        if isnan(number):
            return "an empty text"
        return "an error or an empty text" if isinf(number) else repr(number)

    def got(self, cell: int, lane: int) -> str:
        """What it shows instead."""
        kind, text = int(self.kinds[cell, lane]), self._text(cell, lane)
        if kind == NUMBER:
            return str(float(self.numbers[cell, lane]))
        if kind == BLANK:
            return "blank"
        return "an empty text" if text == "" else str(text or "no number or text")


def _cells_by_lanes(numbers: FloatArray) -> FloatArray:
    """(N, H, W) as (H * W, N)."""
    return numbers.reshape(len(numbers), -1).T


def chunks(total: int, cells: int, most: int) -> Iterator[slice]:
    """So many choices in slices, each of at most so many cell values, but at least one choice."""
    step = max(1, most // max(cells, 1))
    yield from (slice(first, first + step) for first in range(0, total, step))
