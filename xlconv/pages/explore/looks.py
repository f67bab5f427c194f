"""Captions, operators, colours and sizes of the worksheet `Explore`: all that is not computed."""

from __future__ import annotations

from typing import Final

from xlconv import measure, style
from xlconv.cells import Range, column_letters
from xlconv.declaration import EXPLORE_SHEET
from xlconv.pages import Page
from xlconv.pages.explore.layers import WINDOWED
from xlconv.pages.explore.panels import KERNEL, LEFT, PRODUCT, SUM_WIDTH, WINDOW, ElementBlocks, PanelGrid
from xlconv.pages.explore.table import LayerTable

WORDS_WIDTH: Final = 36
_PRODUCTS: Final = "products: one\ntimes the other"
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_TITLE: Final = "Explore: how one cell is computed"
_LEAD: Final = (
    "Choose a layer, and in it a channel, row and column (from 0), in the yellow cells. "
    "All else here is formulas, down to the same number as on the first worksheet."
)
_WINDOWS_TITLE: Final = "The window that the cell reads"
_DENSE_TITLE: Final = "Dense layer: every number has its own weight"
_SOFTMAX_TITLE: Final = "Softmax: from numbers to shares"
_HEIGHTS: Final = {1: 24.0, 2: 15.0, 3: 24.0, 4: 21.0, 5: 16.0, 6: 16.0, 7: 16.0}
"""In points, of what does not scroll."""
_SIDE_WIDTHS: Final = {1: 4.0, 2: 15.0, 3: 9.5, 4: 9.5, 5: 9.5}
_SCREEN: Final = 1860
"""Pixels for cells on a screen of 1920 x 1080."""
_ZOOMS: Final = 70, 140
_LINK: Final = (7, 2)


def put(
    page: Page,
    table: LayerTable,
    at: str,
    windows: PanelGrid | None,
    dense: PanelGrid | None,
    softmax: ElementBlocks | None,
) -> None:
    """The title, the captions of all panels, the colours and sizes."""
    page.put(1, 1, _TITLE, "heading")
    page.put(2, 1, _LEAD, "lead")
    for grid, title in ((windows, _WINDOWS_TITLE), (dense, _DENSE_TITLE)):
        if grid:
            _put_title(page, grid.row, LEFT - 1, title, grid.block(WINDOW, 0).part(0, 0))
            _put_captions(page, grid, _captions(table, grid) if grid is windows else _dense_captions(grid))
            _put_colours(page, grid)
    if windows and "pool" in table.kinds:
        _mark_largest(page, table, windows.block(WINDOW, 0))
    if dense:
        _put_places(page, dense)
    if dense and windows:
        to = Range(EXPLORE_SHEET, dense.row, LEFT - 1)
        page.links.append((page.put(*_LINK, "go to: dense layer", "link"), to))
    if softmax:
        _put_softmax(page, softmax, at)
    _size(page)


def put_steps(page: Page, bias: Range, before: Range, result: Range, cell: Range) -> None:
    """The captions of the last steps, and what stands between them."""
    captions = {
        bias: ("bias", "→"),
        before: ("the layer's own\nnumber", "→"),
        result: ("the result", "="),
        cell: ("on the first\nworksheet", ""),
    }
    for where, (caption, operator) in captions.items():
        above = page.spread(where._replace(row=where.row - 1, width=SUM_WIDTH + 1), caption, "label")
        if operator:
            sign = page.put(where.row, where.column + SUM_WIDTH, operator, "operator")
            page.rules += [(each.address, style.hidden(f'{where.absolute}=""')) for each in (above, sign)]
    for total in (bias, before):
        _box(page, total)
    found, wanted = result.absolute, cell.absolute
    close = f"ABS({found}-{wanted})<=0.000000001*(1+ABS({wanted}))"
    area = f"{cell.address}"
    page.rules += [(area, style.right(close)), (area, style.wrong(f"NOT({close})"))]


def _box(page: Page, total: Range) -> None:
    """A box around a sum, while there is one."""
    page.rules.append((total._replace(width=SUM_WIDTH).address, style.boxed(f'{total.absolute}<>""')))


def _put_title(page: Page, row: int, column: int, title: str, first: Range) -> None:
    """A panel's title, pale while it shows nothing."""
    where = page.put(row, column, title, "panel")
    page.rules.append((where.address, style.pale(f'{first.absolute}=""')))


def _captions(table: LayerTable, grid: PanelGrid) -> list[str]:
    captions = [f"the window in\ninput channel {k}" for k in range(grid.channels)]
    if WINDOWED.intersection(table.kinds) != {"conv"}:
        captions[0] = "the window"  # in the first channel or, pooled, in the chosen one
    return captions


def _dense_captions(grid: PanelGrid) -> list[str]:
    return [f"input channel {k}:\nall its numbers" if grid.channels > 1 else "the input" for k in range(grid.channels)]


def _put_captions(page: Page, grid: PanelGrid, captions: list[str]) -> None:
    """Captions and operators, white while there is nothing to caption."""
    for k, caption in enumerate(captions):
        window, weights = (grid.block(part, k).part(0, 0).absolute for part in (WINDOW, KERNEL))
        texts = (
            (caption, window, _TIMES),
            ("the weights", weights, "="),
            (_PRODUCTS, weights, "→"),
        )
        for part, (text, first, operator) in enumerate(texts):
            where = page.spread(grid.caption(part, k)._replace(width=grid.pitch), text, "label")
            page.rules.append((where.address, style.hidden(f'{first}=""')))
            sign = page.put(grid.middle(k), LEFT + (part + 1) * grid.pitch - 1, operator, "operator")
            page.rules.append((sign.address, style.hidden(f'{weights}=""')))
        total = grid.sum(k)
        where = page.spread(total._replace(row=total.row - 1, width=SUM_WIDTH), "their sum", "label")
        _box(page, total)
        page.rules.append((where.address, style.hidden(f'{total.absolute}=""')))


def _put_colours(page: Page, grid: PanelGrid) -> None:
    """One scale for all windows, one for all weights, one for all products."""
    for part in (WINDOW, KERNEL, PRODUCT):
        blocks = [grid.block(part, k) for k in range(grid.channels)]
        ranges = " ".join(block.address for block in blocks)
        page.rules.append((ranges, style.balanced(grid.all(part).absolute)))
        page.rules.append((ranges, style.framed(f'{blocks[0].part(0, 0).address}<>""')))


def _mark_largest(page: Page, table: LayerTable, window: Range) -> None:
    """Where pooling found its number."""
    largest = f"{window.part(0, 0).address}=MAX({window.absolute})"
    page.rules.append((window.address, style.marked(f"({table.is_kind('pool')})*({largest})")))


def _put_places(page: Page, grid: PanelGrid) -> None:
    """The rows and columns of a dense layer's numbers, which are always the same."""
    for k in range(grid.channels):
        block = grid.block(WINDOW, k)
        page.fill(block._replace(column=LEFT - 1, width=1), "index", lambda i, _: i)
        where = Range(EXPLORE_SHEET, block.row, LEFT - 1, grid.height)
        page.rules.append((where.address, style.hidden(f'{column_letters(LEFT)}{block.row}=""')))
    where = grid.columns
    page.fill(where, "index", lambda _, j: j)
    page.rules.append((where.address, style.hidden(f'{column_letters(LEFT)}${where.row + 1}=""')))


def _put_softmax(page: Page, panel: ElementBlocks, at: str) -> None:
    """Captions and colours of the softmax; the chosen element stands out."""
    first = panel.where.part(0, 0).absolute
    _put_title(page, panel.row, 2, _SOFTMAX_TITLE, panel.where.part(0, 0))
    captions = [(panel.most.part(-1, 0), "the largest x"), (panel.total.part(-1, 0), "sum of exponentials")]
    texts = ("x", "x less the largest", "exponential", "share of the sum")
    captions += [(panel.where.part(-1, at), text) for at, text in enumerate(texts)]
    for where, text in captions:
        page.put(where.row, where.column, text, "label")
        page.rules.append((where.address, style.hidden(f'{first}=""')))
    places = page.fill(panel.column(0)._replace(column=1), "index", lambda i, _: i)
    page.rules.append((places.address, style.hidden(f'B{places.row}=""')))
    numbers = panel.where._replace(width=3)
    chosen = f"$A{numbers.row}={at}"
    page.rules.append((panel.column(3).address, style.heat(1, signed=False)))
    for area in (numbers, panel.column(3)):
        there = f'{area.part(0, 0).address}<>""'
        page.rules.append((area.address, style.marked(f"({there})*({chosen})")))
        page.rules.append((area.address, style.framed(there)))


def _size(page: Page) -> None:
    last = max(column for _, column in page.cells)
    page.widths = dict.fromkeys(range(1, last + 1), style.CELL_WIDTH) | _SIDE_WIDTHS
    page.heights |= _HEIGHTS
    wide = sum(page.widths.values()) * measure.DIGIT
    least, most = _ZOOMS
    page.zoom = int(max(least, min(most, 100 * _SCREEN / wide)))
