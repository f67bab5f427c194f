"""The panels of the worksheet `Explore`: windows beside kernels and products, dense layers, the softmax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from xlconv.cells import Range
from xlconv.declaration import EXPLORE_SHEET, explore_name
from xlconv.pages import Formula, Page
from xlconv.pages.explore.layers import ELEMENTS, WINDOWED, Entry, Kind
from xlconv.pages.explore.lookup import plus
from xlconv.pages.explore.table import LayerTable

Index = tuple[str, str, str]
"""The addresses of the channel, row and column that are shown."""

LEFT: Final = 7
"""The first column of windows."""
_NARROWEST: Final = 3
SUM_WIDTH: Final = 3
_BLANK: Final = '""'
WINDOW, KERNEL, PRODUCT = range(3)
_SOFTMAX_COLUMN: Final = 2


class PanelGrid(NamedTuple):
    """Where windows, kernels and products stand: beside each other, and below each other for each channel.

    Args:
        row: Of the panel's title.
        channels: How many windows there are.
        height: Of the largest window.
        width: Of the largest window.
    """

    row: int
    channels: int
    height: int
    width: int

    @classmethod
    def of(cls, row: int, entries: Sequence[Entry]) -> PanelGrid:
        """A grid that is large enough for some layers."""
        return cls(row, *(max(entry.reading.window[at] for entry in entries) for at in range(3)))

    @property
    def size(self) -> int:
        """How many cells there are in its windows, kernels and products."""
        return 3 * self.channels * self.height * self.width

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.block(0, self.channels - 1).row + self.height - 1

    @property
    def rows(self) -> Range:
        """Of the numbers of rows, at the left of the first window."""
        return self.block(WINDOW, 0)._replace(column=LEFT - 1, width=1)

    @property
    def columns(self) -> Range:
        """Of the numbers of columns, above the first window."""
        return self.block(WINDOW, 0)._replace(row=self.row + 2, height=1)

    @property
    def pitch(self) -> int:
        """Columns from one part to the next; the last is for the operator."""
        return max(self.width + 1, _NARROWEST)

    def block(self, part: int, k: int) -> Range:
        """The window, kernel or products of channel k."""
        row = self.row + 3 + k * (self.height + 2)
        return Range(EXPLORE_SHEET, row, LEFT + part * self.pitch, self.height, self.width)

    def all(self, part: int) -> Range:
        """The range from the first to the last window, kernel or products."""
        return self.block(part, 0)._replace(height=self.bottom - self.row - 2)

    def sum(self, k: int) -> Range:
        """The sum of channel k's products."""
        return Range(EXPLORE_SHEET, self.middle(k), LEFT + 3 * self.pitch)

    @property
    def sums(self) -> Range:
        """The range from the first to the last sum."""
        return self.sum(0)._replace(height=self.sum(self.channels - 1).row - self.sum(0).row + 1)

    def middle(self, k: int) -> int:
        """The row of channel k's operators."""
        return self.block(0, k).row + (self.height - 1) // 2

    def caption(self, part: int, k: int) -> Range:
        """What stands above a block."""
        row = self.block(part, k).row - 1 if k else self.row + 1
        return Range(EXPLORE_SHEET, row, LEFT + part * self.pitch)


def put_windows(page: Page, table: LayerTable, grid: PanelGrid, at: Index) -> None:
    """The panel of all layers but dense ones and those that show all elements."""
    settings = table.settings
    rows, columns = grid.rows, grid.columns

    def row(di: int, _dj: int) -> Formula:
        text = f"{at[1]}*{settings.down}-{settings.above}" + (f"+{di}*{settings.below}" if di else "")
        mirrored = _mirrored(f"{at[1]}-{settings.above}", settings.rows)
        arms = dict.fromkeys(WINDOWED, text) | {"mirror": mirrored} | dict.fromkeys(_NUMBERS, at[0])
        arms |= {"vector concat": _own_place(table, at[0])}
        return Formula(f"IF({settings.height}<={di},{_BLANK},{table.by_kind(arms)})")

    def column(_di: int, dj: int) -> Formula:
        text = f"{at[2]}*{settings.right}-{settings.left}" + (f"+{dj}*{settings.beside}" if dj else "")
        mirrored = _mirrored(f"{at[2]}-{settings.left}", settings.columns)
        arms = dict.fromkeys(WINDOWED, text) | {"mirror": mirrored} | dict.fromkeys(_NUMBERS, str(dj))
        arms |= {"vector concat": str(dj)}
        return Formula(f"IF({settings.width}<={dj},{_BLANK},{table.by_kind(arms)})")

    page.fill(rows, "index", row, explore_name("window_row"))
    page.fill(columns, "index", column, explore_name("window_column"))
    for k in range(grid.channels):
        _put_window(page, table, grid, at, k)
        kernel = _conv_kernel(table, grid, at, k)
        _put_products(page, grid, k, kernel, "")


_NUMBERS: Final[tuple[Kind, ...]] = ("vector number", "vector add")
"""Those that read one element of a vector."""


def _mirrored(place: str, size: str) -> str:
    """A place before the first or behind the last as the one that it mirrors."""
    return f"{size}-1-ABS({size}-1-ABS({place}))"


def _own_place(table: LayerTable, at: str) -> str:
    """In the source that an element of a vector is from, which of its elements it is."""
    return table.by_layer(lambda entry: own_place(entry, at) if entry.kind == "vector concat" else "0")


def own_place(entry: Entry, at: str) -> str:
    """In the source that a channel (or element) of several joined ones is from, which of its channels it is."""
    return by_source(entry, at, lambda _, first: plus(at, -first))


def by_source(entry: Entry, at: str, arm: Callable[[int, int], str]) -> str:
    """An expression by the source that a channel (or element) of several joined ones is from.

    Args:
        entry: The layer.
        at: The address of the channel.
        arm: The expression, given the number of the source and how many channels there are before it.
    """
    first, begins = 0, []
    for cells in entry.cells:
        begins.append(first)
        first += len(cells.ranges) if entry.kind == "concat" else sum(block.size for block in cells.ranges)
    text = arm(len(begins) - 1, begins[-1])
    for number in reversed(range(len(begins) - 1)):
        text = f"IF({at}<{begins[number + 1]},{arm(number, begins[number])},{text})"
    return text


def _put_window(page: Page, table: LayerTable, grid: PanelGrid, at: Index, k: int) -> None:
    """What is read in channel k."""
    settings = table.settings

    def window(di: int, dj: int) -> Formula:
        row, column = grid.rows.part(di, 0).absolute, grid.columns.part(0, dj).absolute
        inside = f"({row}>=0)*({row}<{settings.rows})*({column}>=0)*({column}<{settings.columns})"
        if table.only("vector concat"):
            inside = "1"
        outside = table.by_layer(lambda entry: _outside(entry, row, column))
        number = table.by_layer(lambda entry: _read(entry, k, row, column, at))
        return _where(settings.channels, k, row, column, f"IF({inside},{number},{outside})")

    page.fill(grid.block(WINDOW, k), "look-up", window, explore_name("window", k))


def _where(channels: str, k: int, row: str, column: str, expression: str) -> Formula:
    """An expression in the cells of the chosen layer's window, an empty text in all others."""
    return Formula(f'IF({channels}<={k},"",IF({row}="","",IF({column}="","",{expression})))')


def _outside(entry: Entry, row: str, column: str) -> str:
    """What stands for a row and column outside of what a layer reads."""
    if entry.kind == "mean" and entry.reading.counts_padding:
        (above, left), (height, width) = entry.reading.padding, entry.size
        within = f"({row}<{height + above})*({column}<{width + left})"
        return f"IF({within},0,{_BLANK})"
    return _BLANK if entry.kind in ("pool", "mean") else "0"


def _read(entry: Entry, k: int, row: str, column: str, at: Index) -> str:
    """The number at a row and column of what a layer reads."""
    if entry.kind not in WINDOWED or k >= entry.reading.window[0]:
        return _BLANK
    match entry.kind:
        case "conv":
            return entry.x[0].element(_channel(entry, k, at[0]), 0, row, column)
        case "vector number" | "vector add":
            return entry.x[k].flat(row)
        case "vector concat":
            return by_source(entry, at[0], lambda source, _: entry.x[source].flat(row))
        case "concat":
            return by_source(
                entry, at[0], lambda source, first: entry.x[source].element(plus(at[0], -first), 0, row, column)
            )
    return entry.x[k].element(at[0], 0, row, column)


def _channel(entry: Entry, k: int, channel: str) -> str | int:
    """The channel that an output channel reads as its k-th."""
    per, size = entry.reading.per_group, entry.reading.window[0]
    if entry.x[0].outer == size:
        return k
    first = channel if per == 1 else f"INT({channel}/{per})"
    return plus(f"{first}*{size}" if size > 1 else first, k)


def _conv_kernel(table: LayerTable, grid: PanelGrid, at: Index, k: int) -> Callable[[int, int], Formula]:
    """The weights of channel k, by row and column."""

    def weight(entry: Entry, di: int, dj: int) -> str:
        channels, height, width = entry.reading.window
        if entry.kind != "conv" or entry.weight is None or k >= channels or di >= height or dj >= width:
            return _BLANK
        return entry.weight.element(at[0], k, di, dj)

    def kernel(di: int, dj: int) -> Formula:
        row, column = grid.rows.part(di, 0).absolute, grid.columns.part(0, dj).absolute
        number = table.by_layer(lambda entry: weight(entry, di, dj))
        return _where(table.settings.channels, k, row, column, number)

    return kernel


def _put_products(page: Page, grid: PanelGrid, k: int, kernel: Callable[[int, int], Formula], kind: str) -> None:
    """The weights, products and sum of channel k."""
    window, weights, products = (grid.block(part, k) for part in range(3))

    def product(i: int, j: int) -> Formula:
        weight = weights.part(i, j).address
        return Formula(f'IF({weight}="","",{window.part(i, j).address}*{weight})')

    page.fill(weights, "look-up", kernel, explore_name(f"{kind}kernel", k))
    page.fill(products, "look-up", product, explore_name(f"{kind}product", k))
    total = Formula(f'IF({weights.part(0, 0).address}="","",SUM({products.address}))')
    page.names[explore_name(f"{kind}sum", k)] = page.spread(grid.sum(k)._replace(width=SUM_WIDTH), total, "total")


def put_dense(page: Page, table: LayerTable, grid: PanelGrid, at: Index) -> None:
    """The panel of dense layers."""
    for k in range(grid.channels):
        number = _dense(table, k, lambda entry, i, j, k: entry.x[0].element(k, 0, i, j))
        kernel = _dense(table, k, lambda entry, i, j, k: _dense_weight(entry, at[0], i, j, k))
        page.fill(grid.block(WINDOW, k), "look-up", number, explore_name("dense_window", k))
        _put_products(page, grid, k, kernel, "dense_")


def _dense_weight(entry: Entry, o: str, i: int, j: int, k: int) -> str:
    return entry.weight.element(o, k, i, j) if entry.weight else _BLANK


def _dense(table: LayerTable, k: int, number: Callable[[Entry, int, int, int], str]) -> Callable[[int, int], Formula]:
    """An expression in the cells of the chosen dense layer's window k, by row and column."""
    settings = table.settings

    def arm(entry: Entry, i: int, j: int) -> str:
        channels, height, width = entry.reading.window
        return number(entry, i, j, k) if entry.kind == "dense" and k < channels and i < height and j < width else _BLANK

    def formula(i: int, j: int) -> Formula:
        beyond = f"({settings.channels}<={k})+({settings.height}<={i})+({settings.width}<={j})"
        return Formula(f'IF({beyond},"",{table.by_layer(lambda entry: arm(entry, i, j))})')

    return formula


class ElementBlocks(NamedTuple):
    """Where the softmax panel stands.

    Args:
        row: Of its title.
        height: How many elements there is room for.
    """

    row: int
    height: int

    @property
    def where(self) -> Range:
        """The elements, one in each row."""
        return Range(EXPLORE_SHEET, self.row + 4, _SOFTMAX_COLUMN, self.height, 4)

    @property
    def most(self) -> Range:
        """The largest x."""
        return Range(EXPLORE_SHEET, self.row + 2, _SOFTMAX_COLUMN)

    @property
    def total(self) -> Range:
        """The sum of the exponentials."""
        return self.most.part(0, 2)

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.where.row + self.height - 1

    def column(self, which: int) -> Range:
        """x, x less the largest, the exponentials or the shares."""
        return self.where._replace(column=_SOFTMAX_COLUMN + which, width=1)


def put_softmax(page: Page, table: LayerTable, panel: ElementBlocks) -> None:
    """The panel of the softmax."""
    where, most, total = panel.where, panel.most.absolute, panel.total.absolute

    def x(n: int) -> str:
        arm = table.by_layer(
            lambda entry: (
                entry.cells[0].cell((n,)).reference if entry.kind in ELEMENTS and n < entry.shape[0] else _BLANK
            )
        )
        return f'IF({table.settings.height}<={n},"",{arm})'

    def element(n: int, which: int) -> Formula:
        left = where.part(n, max(0, which - 1)).address
        after = f"{left}-{most}", f"EXP({left})", f"{left}/{total}"
        return Formula(f'IF({left}="","",{after[which - 1]})' if which else x(n))

    page.fill(where, "exact", element, explore_name("softmax"))
    for n in range(panel.height):
        for which in (2, 3):
            page.put(where.row + n, where.column + which, element(n, which), "small")
    first = where.part(0, 0).absolute
    for name, cell, text in (
        ("max", panel.most, f"MAX({panel.column(0).absolute})"),
        ("exp_sum", panel.total, f"SUM({panel.column(2).absolute})"),
    ):
        page.names[explore_name(name)] = page.put(cell.row, cell.column, Formula(f'IF({first}="","",{text})'), "exact")
