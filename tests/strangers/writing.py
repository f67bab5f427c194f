"""How people fill worksheets: they type numbers and labels, enter a formula, and copy it over a range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from openpyxl import Workbook
from openpyxl.formula.translate import Translator
from openpyxl.utils import range_boundaries
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from tests.strangers.stranger import Numbers

Value: TypeAlias = str | float | None


def sheet(title: str) -> Worksheet:
    """The first worksheet of a new workbook."""
    made = Workbook().active
    made.title = title
    return made


def another(beside: Worksheet, title: str) -> Worksheet:
    """One more worksheet of the same workbook."""
    return beside.parent.create_sheet(title)


def typed(seed: int, *shape: int, low: float = -1, high: float = 1, digits: int = 2) -> Numbers:
    """Numbers as people type them, with a few digits; none is 0."""
    numbers = np.random.default_rng(seed).uniform(low, high, shape).round(digits)
    return np.where(numbers == 0, 10.0**-digits, numbers)


def put(page: Worksheet, at: str, rows: Numbers | Sequence[Iterable[Value]]) -> None:
    """Type rows of numbers or texts; a cell for which None is given stays blank."""
    left, top, *_ = range_boundaries(at)
    for down, row in enumerate(np.atleast_2d(rows).tolist() if isinstance(rows, np.ndarray) else rows):
        for right, value in enumerate(row):
            if value is not None:
                page.cell(top + down, left + right, value)


def across(page: Worksheet, at: str, *values: Value) -> None:
    """Type values into a row."""
    put(page, at, [values])


def down(page: Worksheet, at: str, *values: Value) -> None:
    """Type values into a column."""
    put(page, at, [[value] for value in values])


def fill(page: Worksheet, area: str, formula: str) -> None:
    """Enter a formula in the first cell of a range, and copy it over the range."""
    left, top, right, bottom = range_boundaries(area)
    first = f"{area.partition(':')[0]}"
    copy = Translator(formula, first)
    for row in page.iter_rows(top, bottom, left, right):
        for cell in row:
            cell.value = copy.translate_formula(cell.coordinate)


def spread(page: Worksheet, area: str, formula: str, shows: Numbers | None = None) -> None:
    """Select a range, and enter one array formula for all of it with Ctrl+Shift+Enter.

    Args:
        page: The worksheet.
        area: The range.
        formula: The formula.
        shows: What it shows, which spreadsheet programs save as numbers in all cells but the first; libraries save
            nothing there.
    """
    if shows is not None:
        put(page, area.partition(":")[0], shows)
    page[area.partition(":")[0]] = ArrayFormula(area, formula)


def spread_each(page: Worksheet, area: str, formula: str) -> None:
    """An array formula in the first cell of a range, copied over the range."""
    fill(page, area, formula)
    for row in page[area] if ":" in area else [[page[area]]]:
        for cell in row:
            cell.value = ArrayFormula(cell.coordinate, cell.value)


def name(page: Worksheet, called: str, area: str) -> None:
    """Give a range of a worksheet a name."""
    left, top, right, bottom = (f"${part}" if part.isalpha() else part for part in _parts(area))
    where = f"{left}${top}" + (f":{right}${bottom}" if ":" in area else "")
    page.parent.defined_names[called] = DefinedName(called, attr_text=f"'{page.title}'!{where}")


def _parts(area: str) -> list[str]:
    corners = (area if ":" in area else f"{area}:{area}").split(":")
    return [part for corner in corners for part in (corner.rstrip("0123456789"), corner.lstrip(_LETTERS))]


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def table(page: Worksheet, called: str, area: str) -> None:
    """Make a range with its headings a table."""
    page.add_table(Table(displayName=called, ref=area))


def sigmoid(x: Numbers) -> Numbers:
    """1 / (1 + e^-x)."""
    return np.asarray(1 / (1 + np.exp(-x)))


def softmax(x: Numbers, axis: int = 1) -> Numbers:
    """e^x over its sum, along rows unless another axis is named."""
    exps = np.exp(x)
    return np.asarray(exps / exps.sum(axis, keepdims=True))


def relu(x: Numbers) -> Numbers:
    """The positive part."""
    return np.maximum(x, 0)
