"""Data tables (What-If Analysis) on a network, before it or behind it: their cells are no formulas to be judged.

A data table fills its cells with what formulas at its head would give if one or two cells of the workbook held other
numbers. Programs other than Excel compute something else, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from xlconv.cells import Range
from xlconv.places import Atlas, Places
from xlconv.reader.sheet import DataTable
from xlconv.recover import Recovered
from xlconv.recover.found import Found
from xlconv.report import Finding

_LISTED: Final = 100


def check(recovered: Recovered) -> tuple[list[Finding], list[str]]:
    """Findings on those that have to do with a network, and notes on all others."""
    found = [(table, _relation(recovered, table)) for table in _tables(recovered)]
    findings = [_finding(recovered, table.where, message) for table, message in found if message]
    notes = [
        f"{table.where.place} is a data table (What-If Analysis): programs other than Excel compute it differently"
        for table, message in found
        if not message
    ]
    return findings, notes


def _tables(recovered: Recovered) -> Iterator[DataTable]:
    for sheet in recovered.book.sheets.values():
        yield from sheet.data_tables.values()


def _relation(recovered: Recovered, table: DataTable) -> str:
    """What a data table has to do with a network; empty if nothing."""
    atlas, where = recovered.reading.atlas, table.where
    networks = np.unique(np.concatenate([*map(_cells, recovered.networks), np.empty(0, np.int64)]))
    if atlas.within(networks, where).any():
        return "a data table fills cells of a network"
    if atlas.within(_read_by(recovered, networks), where).any():
        return "a network reads cells that a data table fills"
    if np.isin(_read_by(recovered, _sources(atlas, table)), networks).any():
        return "a data table reads a network"
    return ""


def _cells(found: Found) -> Places:
    """All cells of a network, and of what its input is chosen from."""
    choices = found.choices
    own = [choices.choice, choices.sample, choices.scale, choices.table, *choices.draw] if choices else []
    return np.concatenate([found.owned, found.formulas, *(found.atlas.places(where).ravel() for where in own)])


def _sources(atlas: Atlas, table: DataTable) -> Places:
    """The cells at the head of a data table, above it and at its left, and those that it puts numbers into."""
    _, row, column, height, width = table.where
    around = table.where._replace(row=max(1, row - 1), column=max(1, column - 1), height=height + 1, width=width + 1)
    places = atlas.places(around).ravel()
    texts = (table.settings[key] for key in ("r1", "r2") if key in table.settings)
    inputs = filter(None, (Range.parse(f"s!{text}") for text in texts))
    put_into = [atlas.places(each._replace(sheet=table.where.sheet)).ravel() for each in inputs]
    return np.concatenate([places[~atlas.within(places, table.where)], *put_into])


def _read_by(recovered: Recovered, cells: Places) -> Places:
    """Some cells, and all that their formulas read, however far back."""
    cell, source = recovered.reading.precedents
    known = new = np.unique(cells)
    while new.size:
        new = np.setdiff1d(source[np.isin(cell, new)], known)
        known = np.union1d(known, new)
    return known


def _finding(recovered: Recovered, where: Range, message: str) -> Finding:
    first = where.part(0, 0)
    formula = recovered.book.cell(*first[:3]).formula or ""
    cells = tuple(Range(where.sheet, *at).place for at in islice(where.cells(), _LISTED))
    due, got = "formulas", where.place
    return Finding("data-table", first.place, "", message, due, got, formula, count=where.size, cells=cells)
