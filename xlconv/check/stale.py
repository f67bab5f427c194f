"""Cached values against the recalculation."""

from __future__ import annotations

from xlconv.cells import NotEvaluated, Range, Value
from xlconv.check.computed import Computed, is_same
from xlconv.reader import Workbook
from xlconv.recover.found import Found
from xlconv.report import Finding


def check(book: Workbook, found: Found, own: Computed, tolerance: float) -> tuple[list[Finding], list[str]]:
    """Compare what is cached with what an engine computed for the workbook's own input.

    Returns:
        At most one finding, for all cells whose cached value differs, and notes.
    """
    different: list[tuple[Range, Value, Value]] = []
    absent = 0
    shown = dict(zip(found.atlas.cells(own.places), own.in_order(), strict=True))  # ranges may overlap
    for (sheet, row, column), fresh in shown.items():
        cell = book.sheets[sheet].cells.get((row, column))
        if cell is None or cell.formula is None:
            continue
        if cell.value is None:
            absent += 1
        elif not isinstance(fresh, NotEvaluated) and not is_same(cell.value, fresh, tolerance):
            different.append((Range(sheet, row, column), cell.value, fresh))
    notes = [f"{absent:,} formulas have no cached value"] if absent else []
    if not different:
        return [], notes
    where, cached, fresh = different[0]
    message = f"cached values are stale: {len(different):,} of them differ from the recalculation, this cell's first"
    formula = book.cell(*where[:3]).formula or ""
    return [Finding("stale", where.place, "", message, str(fresh), str(cached), formula)], notes
