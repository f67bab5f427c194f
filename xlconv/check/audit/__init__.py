"""What is wrong, or may be, with the formulas of any workbook, read and not calculated.

Nothing here needs a network to be recognised; where one is, its cells are held to it elsewhere, and rules that compare
cells with their neighbours leave them out. Cells that share a formula, seen from their own place, share a finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Final, TypeAlias

from xlconv.cells import ErrorValue, quote_sheet
from xlconv.check.audit import formulas, neighbours, reading
from xlconv.check.audit.areas import AreaOf, Place, areas_of
from xlconv.check.audit.arrays import plain_arrays
from xlconv.check.audit.forms import Form, FormSheet, gather
from xlconv.reader import Workbook
from xlconv.report import Finding
from xlconv.report.rules import RuleId

Known: TypeAlias = Mapping[str, Set[tuple[int, int]]]
"""Cells by worksheet, as rows and columns."""

_SHOWN: Final = 100
"""Cells that a finding lists before it only counts the rest."""


def audit(book: Workbook, known: Known = MappingProxyType({}), numbers: Known = MappingProxyType({})) -> list[Finding]:
    """Everything that the formulas show by themselves.

    Args:
        book: The workbook.
        known: Cells of recognised layers by worksheet, as rows and columns from 1: what depends on neighbours or on
            what a formula reads is not judged there.
        numbers: Cells, the same way, in whose formulas numbers may stand: those whose values are checked in every
            choice, weights, and somebody's own beside a network.

    Returns:
        One finding for each rule and relative form, with the cells that share it.
    """
    forms, grids = gather(book)
    area_of = areas_of(book)
    return [
        *_of_workbook(book, grids),
        *(finding for form in forms for finding in _of_formula(form, book, area_of, numbers)),
        *_error_values(grids),
        *_blank_reads(forms, grids, known, area_of),
        *(finding for name, grid in grids.items() for finding in _of_neighbours(name, grid, known.get(name, set()))),
    ]


def _of_workbook(book: Workbook, grids: Mapping[str, FormSheet]) -> Iterator[Finding]:
    """What the workbook as a whole has or asks for."""
    if book.calculation.manual:
        yield Finding("calculation-mode", "", "", "it is calculated only when told to (manual calculation)")
    if book.calculation.as_displayed:
        message = "Excel calculates it with rounded numbers (precision as displayed); the engines here do not"
        yield Finding("precision-as-displayed", "", "", message)
    for line in book.outside:
        yield Finding("macros" if "macro" in line.lower() else "external-link", "", "", line)
    for name, grid in grids.items():
        if grid.forms and grid.sheet.state != "visible":
            cells = [Place(name, *at) for at in grid.forms]
            yield _finding("hidden-sheet", cells, f"the worksheet {quote_sheet(name)} is hidden and has formulas")


def _of_formula(form: Form, book: Workbook, area_of: AreaOf, numbers: Known) -> Iterator[Finding]:
    """What a formula has by itself."""
    messages = {rule: check(form) for rule, check in formulas.RULES.items()}
    if not all(place[1:] in numbers.get(place.sheet, ()) for place in form.cells):
        messages["hard-coded"] = formulas.hard_coded(form)
    messages["unportable"] = formulas.unportable(form, book.names.keys() | book.ambiguous)
    messages["array-in-plain-formula"] = plain_arrays(form, area_of)
    for rule, message in messages.items():
        if message:
            yield _finding(rule, form.cells, message, formula=form.text)


def _error_values(grids: Mapping[str, FormSheet]) -> Iterator[Finding]:
    """Cells that show an error, by formula and error."""
    groups: dict[tuple[Form | str, str], list[Place]] = defaultdict(list)
    for name, grid in grids.items():
        for at, cell in grid.sheet.cells.items():
            if not isinstance(cell.value, ErrorValue):
                continue
            form = grid.forms.get(at)
            if not (form and formulas.deleted(form)):
                groups[form or name, cell.value.code].append(Place(name, *at))
    for (form_or_sheet, code), cells in groups.items():
        formula = grids[cells[0].sheet].sheet.cells[cells[0][1:]].formula or ""
        message = f"the cell shows {code}" if isinstance(form_or_sheet, Form) else f"the cell holds {code}"
        yield _finding("error-value", cells, message, got=code, formula=formula)


def _blank_reads(
    forms: Iterable[Form], grids: dict[str, FormSheet], known: Known, area_of: AreaOf
) -> Iterator[Finding]:
    """Formulas that read what holds no number."""
    contents = reading.Contents(grids)
    for form in forms:
        cells = [place for place in form.cells if place[1:] not in known.get(place.sheet, ())]
        found = dict(reading.objections(form, cells, contents, area_of))
        if found:
            first = next(iter(found))
            formula = grids[first.sheet].sheet.cells[first[1:]].formula or ""
            yield _finding("reads-blank", [*found], found[first], formula=formula)


def _of_neighbours(name: str, grid: FormSheet, known: Set[tuple[int, int]]) -> Iterator[Finding]:
    """Cells of a worksheet that break a run of equal formulas."""
    groups: dict[tuple[Form | None, Form], list[neighbours.Break]] = defaultdict(list)
    for form, found in neighbours.other_formulas(name, grid, known):
        groups[form, found.run].append(found)
    for found in neighbours.constants(name, grid, known):
        groups[None, found.run].append(found)
    for (own, _), breaks in groups.items():
        first, cells = breaks[0], [each.place for each in breaks]
        cell = grid.sheet.cells[first.place[1:]]
        if own is None:
            message = "a constant stands among formulas that are all alike"
            yield _finding("copied-number", cells, message, first.expected, got=str(cell.value))
        else:
            message = "the formula differs from those around it, which are all alike"
            yield _finding("neighbour", cells, message, first.expected, formula=cell.formula or "")


def _finding(
    rule: RuleId, cells: Sequence[Place], message: str, expected: str = "", got: str = "", formula: str = ""
) -> Finding:
    """A finding for all cells that share it."""
    named = tuple(str(place) for place in cells[:_SHOWN])
    listed = named if len(cells) > 1 else ()
    return Finding(rule, named[0], "", message, expected, got, formula, count=len(cells), cells=listed)
