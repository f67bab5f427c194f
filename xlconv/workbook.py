"""Network -> .xlsx: openpyxl writes all but the cells, `finish` the cells, and an engine computes the cached values."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from openpyxl import Workbook
from openpyxl.utils.cell import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.dimensions import ColumnDimension

from xlconv import declaration, finish, style
from xlconv.cells import MAX_TEXT, ErrorValue, NotEvaluated, Range, Value
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import EngineError, NetworkError, quoted
from xlconv.files import whole_file
from xlconv.layers import shape_text
from xlconv.layout import Layout, lay_out
from xlconv.pages import Formula, Page, contents, explore, net
from xlconv.pages.choices import ChoiceCells, Chosen

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from xlconv.network import FloatArray, Network
    from xlconv.templates import Samples

_LONGEST_TITLE: Final = 31
_NO_CHARACTER: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Of XML 1.0, in which a workbook is written."""
_RESERVED: Final = {
    name.lower()
    for name in (
        declaration.SHEET,
        declaration.DRAW_SHEET,
        declaration.EXPLORE_SHEET,
        declaration.SAMPLES_SHEET,
        "history",
    )
}
"""Titles that the first worksheet cannot have."""

Values: TypeAlias = dict[str, dict[tuple[int, int], Value]]
"""By worksheet, row and column."""


def write(
    network: Network,
    x: ArrayLike | Chosen,
    path: str | Path,
    title: str = "xlconv",
    force: bool = False,
    samples: Samples | None = None,
    about: Sequence[tuple[str, str]] = (),
) -> None:
    """Write a workbook in which every activation is a live formula, with cached values.

    Args:
        network: What to compute.
        x: The input that it shows: finite numbers of the network's input shape, or one of the samples.
        path: The .xlsx to write; it appears whole or not at all.
        title: The first worksheet's name.
        force: Whether an existing file may be replaced.
        samples: Labelled inputs. A few of each label go into the workbook, and its reader chooses among them, or draws.
            Without samples the input cells hold plain numbers.
        about: Titles and paragraphs on the network and its weights, for the worksheet `Network`.

    Raises:
        NetworkError: The network or the input does not fit a worksheet.
        OutputError: The file exists or cannot be written.
        EngineError: The embedded engine could not compute the formulas.
    """
    path = Path(path)
    _check_texts("class name", network.classes)
    _check_texts("text", [text for both in about for text in both])
    choices = None
    if samples is not None:
        choices = ChoiceCells(network, samples, x if isinstance(x, Chosen) else _numbers(network, x))
    elif isinstance(x, Chosen):
        raise NetworkError("a sample is chosen, but no samples are given")
    shown = choices.shown if choices else _numbers(network, x)
    layout = lay_out(network, sheet_title(title), panel=choices is not None)
    with whole_file(path, force) as temporary:
        pages = _pages(network, shown, layout, choices, about)
        frame, styles = _frame(pages)
        cells = {page.title: finish.cells(page, styles) for page in pages}
        plain = BytesIO()
        finish.copy(frame, plain, cells.values(), compressed=False)
        values = _computed(plain.getvalue(), pages)
        cells |= {title: cells[title].with_values(computed) for title, computed in values.items()}
        finish.copy(frame, temporary, cells.values())


def _numbers(network: Network, x: ArrayLike) -> FloatArray:
    """An input as an array that cells can hold."""
    numbers = np.asarray(x, dtype=np.float64)
    if numbers.shape != network.input_shape:
        shape, wanted = shape_text(numbers.shape), shape_text(network.input_shape)
        raise NetworkError(f"the input is {shape}, the network reads {wanted}")
    if not np.isfinite(numbers).all():
        raise NetworkError("the input holds NaN or infinity, which a cell cannot")
    return numbers


def _check_texts(what: str, texts: Sequence[str]) -> None:
    for text in texts:
        if _NO_CHARACTER.search(text):
            raise NetworkError(f"the {what} {quoted(text)} has a control character, which a cell cannot have")
        if len(text) > MAX_TEXT:
            raise NetworkError(f"the {what} {quoted(text)} is longer than the {MAX_TEXT:,} characters of a cell")


def _pages(
    network: Network, x: FloatArray, layout: Layout, choices: ChoiceCells | None, about: Sequence[tuple[str, str]]
) -> list[Page]:
    """The worksheets, the network's first."""
    first = net.page(network, x, layout, choices.images if choices else ())
    pages = [first]
    if choices:
        choices.put(first, layout)
        pages += [choices.draw_page(layout), choices.samples_page()]
    if explored := explore.page(network, layout):
        pages.insert(1, explored)
    pages.insert(1, contents.page(network, layout, pages, about))
    return pages


def sheet_title(text: str) -> str:
    """A legal worksheet name near `text`."""
    name = re.sub(r"[\x00-\x1f\[\]:*?/\\]", " ", text).strip("' ")
    units = name.encode("utf-16-le", "ignore")  # as Excel counts characters
    name = units[: 2 * _LONGEST_TITLE].decode("utf-16-le", "ignore").strip("' ") or "xlconv"
    return f"{name} net"[-_LONGEST_TITLE:] if name.lower() in _RESERVED else name


def _frame(pages: Sequence[Page]) -> tuple[BytesIO, dict[style.Kind, int]]:
    """The package without cells, and the number of each look."""
    book = Workbook()
    book.remove(book.worksheets[0])
    named: set[str] = set()
    for page in pages:
        _write(book.create_sheet(page.title), page)
        for name, where in page.names.items():
            if name.lower() in named:
                raise NetworkError(f"a layer's cells would need the defined name {name!r}, which is taken: rename it")
            named.add(name.lower())
            book.defined_names.add(DefinedName(name, attr_text=where.reference))
    styles = style.numbers(book)
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    book.properties.title = pages[0].title
    book.properties.creator = "xlconv"
    frame = BytesIO()
    try:
        book.save(frame)
    except _lxml_errors() as error:
        raise OSError(str(error)) from None
    return frame, styles


def _lxml_errors() -> tuple[type[Exception], ...]:
    """What openpyxl lets through when a disk is full; it writes with lxml where that is installed."""
    etree = sys.modules.get("lxml.etree")
    return (etree.SerialisationError,) if etree else ()


def _write(sheet: Worksheet, page: Page) -> None:
    """All of a worksheet but its cells and links."""
    sheet.sheet_view.zoomScale = page.zoom
    sheet.sheet_view.showGridLines = False
    sheet.freeze_panes = page.frozen or None
    if page.square:
        sheet.sheet_format.defaultRowHeight = style.ROW_HEIGHT
        sheet.sheet_format.customHeight = True
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for first, last, width in _runs(page.widths):
        letter = get_column_letter(first)
        sheet.column_dimensions[letter] = ColumnDimension(sheet, index=letter, width=width, min=first, max=last)
    for ranges, rule in page.rules:
        sheet.conditional_formatting.add(ranges, rule)
    for where in page.merged:
        sheet.merged_cells.add(where.address)
    for validation in page.validations:
        sheet.add_data_validation(validation)
    for at, chart in page.charts:
        sheet.add_chart(chart, at)


def _runs(widths: Mapping[int, float]) -> list[tuple[int, int, float]]:
    """First column, last column and width, of columns side by side that are as wide."""
    runs: list[tuple[int, int, float]] = []
    for column, width in sorted(widths.items()):
        first, last, wide = runs[-1] if runs else (0, 0, 0.0)
        if (last, wide) == (column - 1, width):
            runs[-1] = first, column, width
        else:
            runs.append((column, column, width))
    return runs


def _computed(package: bytes, pages: Sequence[Page]) -> Values:
    """What the embedded engine makes of all formulas."""
    formulas = {
        page.title: [at for at, (content, _) in page.cells.items() if isinstance(content, Formula)] for page in pages
    }
    ranges = [_around(title, cells) for title, cells in formulas.items() if cells]
    (found,) = by_name(DEFAULT, isolated=False).evaluate(package, [[]], ranges)
    values: Values = {}
    for where, rows in zip(ranges, found, strict=True):
        values[where.sheet] = {at: rows[at[0] - where.row][at[1] - where.column] for at in formulas[where.sheet]}
        for at, value in values[where.sheet].items():
            if isinstance(value, ErrorValue | NotEvaluated | None):
                raise EngineError(f"the engine computed {value or 'nothing'} in {Range(where.sheet, *at).place}")
    return values


def _around(sheet: str, cells: Sequence[tuple[int, int]]) -> Range:
    """The least range that holds some cells."""
    rows, columns = [row for row, _ in cells], [column for _, column in cells]
    top, left = min(rows), min(columns)
    return Range(sheet, top, left, max(rows) - top + 1, max(columns) - left + 1)
