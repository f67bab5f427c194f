"""The worksheet `Explore`: how one cell of one layer is computed, from what it reads down to its number.

Its reader chooses the layer and the cell; all else is formulas. Nothing on other worksheets reads it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from xlconv import style
from xlconv.cells import Range
from xlconv.declaration import EXPLORE_SHEET, explore_name
from xlconv.layers import Conv2d
from xlconv.layout import Layout
from xlconv.network import Network
from xlconv.pages import Formula, Page
from xlconv.pages.explore import looks, panels
from xlconv.pages.explore.layers import ELEMENTS, WINDOWED, Entry, Kind, entries
from xlconv.pages.explore.lookup import index
from xlconv.pages.explore.panels import LEFT, ElementBlocks, Index, PanelGrid
from xlconv.pages.explore.table import LayerTable
from xlconv.pages.explore.words import ToldCells, words
from xlconv.pages.validations import between, one_of

_MOST_CELLS: Final = 12_000
_LONGEST_FORMULA: Final = 8_000
_MOST_LAYERS: Final = 250
"""CHOOSE takes 254 expressions."""
_CAPTIONS, _CHOICE, _LIMITS, _AT, _LAST = 3, 4, 5, 6, 7
"""Rows of what does not scroll."""
_LAYER: Final = 2
_CHANNEL: Final = 3
_VALUE: Final = 4
"""Columns from one number of the last steps to the next; one of them is for the operator."""


class ElementChoice(NamedTuple):
    """Which cell is shown: a layer, and in it a channel (or element), row and column, from 0."""

    layer: str
    channel: int = 0
    row: int = 0
    column: int = 0


def page(network: Network, layout: Layout, at: ElementChoice | None = None) -> Page | None:
    """The worksheet, or None where it would be too large.

    Args:
        network: Whose layers it explains.
        layout: Where their numbers stand.
        at: What it shows first; the middle of the last convolution's first channel if None.
    """
    found = entries(network, layout)
    if not found or len(found) > _MOST_LAYERS or _Explore.size(found) > _MOST_CELLS:
        return None
    made = _Explore(found, at or _first_choice(found)).page
    taken = {block.name.lower() for block in layout.blocks}
    longest = max(len(content) for content, _ in made.cells.values() if isinstance(content, Formula))
    fits = len(made.cells) <= _MOST_CELLS and longest <= _LONGEST_FORMULA and taken.isdisjoint(made.names)
    return made if fits else None


def _first_choice(found: list[Entry]) -> ElementChoice:
    """A cell in the middle of the last convolution's first channel, or of the first layer's."""
    entry = next((entry for entry in reversed(found) if isinstance(entry.node.layer, Conv2d)), found[0])
    size = entry.shape[1:] or (1, 1)
    return ElementChoice(entry.node.name, 0, size[0] // 2, size[1] // 2)


class _Explore:
    """Puts the worksheet together."""

    def __init__(self, found: list[Entry], choice: ElementChoice) -> None:
        self.page = Page(EXPLORE_SHEET, frozen=f"A{_LAST + 1}", square=True)
        self.windows, self.dense, self.softmax = self._panels(found)
        parts = [panel.bottom for panel in (self.windows, self.dense, self.softmax) if panel]
        self.table = LayerTable(max(parts) + 3, found, Range(EXPLORE_SHEET, _CHOICE, _LAYER))
        c, i, j = (Range(EXPLORE_SHEET, _AT, _CHANNEL + at).absolute for at in range(3))
        self.at: Index = c, i, j
        self._put_choice(choice)
        self._put_panels()
        self._put_steps()
        self.table.put(self.page)
        looks.put(self.page, self.table, c, self.windows, self.dense, self.softmax)

    @staticmethod
    def size(found: list[Entry]) -> int:
        """About how many cells it takes."""
        windows, dense, softmax = _Explore._panels(found)
        grids = sum(grid.size for grid in (windows, dense) if grid)
        return grids + (softmax.height * 4 if softmax else 0)

    @staticmethod
    def _panels(found: list[Entry]) -> tuple[PanelGrid | None, PanelGrid | None, ElementBlocks | None]:
        """Where the panels stand, of which there are those that some layer needs."""
        windowed = [entry for entry in found if entry.kind in WINDOWED]
        dense = [entry for entry in found if entry.kind == "dense"]
        vectors = [entry.shape[0] for entry in found if entry.kind in ELEMENTS]
        windows = PanelGrid.of(_LAST + 1, windowed) if windowed else None
        row = windows.bottom + 2 if windows else _LAST + 1
        return (
            windows,
            PanelGrid.of(row, dense) if dense else None,
            ElementBlocks(_LAST + 1, max(vectors)) if vectors else None,
        )

    def _put_choice(self, choice: ElementChoice) -> None:
        """The cells that the reader fills, the limits, and what is shown."""
        page, table = self.page, self.table
        for column, (what, content) in enumerate(choice._asdict().items(), _LAYER):
            caption = "channel\n(or element)" if what == "channel" else what
            page.put(_CAPTIONS, column, caption, "label")
            kind: style.Kind = "choice text" if what == "layer" else "choice"
            page.names[explore_name(what)] = page.put(_CHOICE, column, content, kind)
        page.put(_LIMITS, _LAYER, "at most", "limit")
        page.put(_AT, _LAYER, "shown", "limit")
        limits, at = (Range(EXPLORE_SHEET, row, _CHANNEL, 1, 3) for row in (_LIMITS, _AT))
        page.fill(limits, "limit", lambda _, j: Formula(table.limit(j)), explore_name("limits"))
        typed = at._replace(row=_CHOICE)
        page.fill(at, "limit", lambda _, j: _nearest(limits.part(0, j), typed.part(0, j)), explore_name("at"))
        self._validate(limits, typed)

    def _validate(self, limits: Range, typed: Range) -> None:
        """What may be typed."""
        told = "Choose one of the layers in the list."
        self.page.validations.append(one_of(self.table.names.absolute, self.table.name.address, "Layer", told))
        for at, what in enumerate(("channel", "row", "column")):
            most = limits.part(0, at).absolute
            told = f"A whole number from 0 to the largest {what}, below."
            cell = typed.part(0, at).address
            self.page.validations.append(between("0", most, "whole", cell, what.capitalize(), told))

    def _put_panels(self) -> None:
        if self.windows:
            panels.put_windows(self.page, self.table, self.windows, self.at)
        if self.dense:
            panels.put_dense(self.page, self.table, self.dense, self.at)
        if self.softmax:
            panels.put_softmax(self.page, self.table, self.softmax)

    def _put_steps(self) -> None:
        """The last steps, to the number on the first worksheet, and the words."""
        bias, before, result, cell = (Range(EXPLORE_SHEET, _CHOICE, LEFT + _VALUE * at) for at in range(4))
        texts = {
            "bias": (bias, self._bias()),
            "before": (before, self._before(bias)),
            "result": (result, self.table.by_layer(lambda entry: entry.wrapped(before.absolute, self.at[0]))),
            "cell": (cell, self.table.by_layer(self._cell)),
        }
        for name, (where, text) in texts.items():
            kind: style.Kind = "result" if name in ("result", "cell") else "total"
            self.page.names[explore_name(name)] = self.page.spread(
                where._replace(width=_VALUE - 1), Formula(text), kind
            )
        looks.put_steps(self.page, bias, before, result, cell)
        told = self._told(bias, before, result)
        where = Range(EXPLORE_SHEET, _LIMITS, LEFT, 3, looks.WORDS_WIDTH)
        self.page.names[explore_name("words")] = self.page.spread(where, Formula(words(self.table, told)), "words")

    def _bias(self) -> str:
        arms = self.table.by_layer(lambda entry: entry.bias.element(self.at[0], 0, 0, 0) if entry.bias else '""')
        return f'IF({self.table.settings.bias}=0,"",{arms})'

    def _before(self, bias: Range) -> str:
        """What the layer itself makes of what it reads; of an elementwise layer, what it reads."""
        arms: dict[Kind, str] = {}
        if self.windows:
            window = self.windows.block(0, 0)
            arms = dict.fromkeys(WINDOWED, window.part(0, 0).absolute)
            arms |= dict.fromkeys(("add", "vector add"), f"SUM({self.windows.all(0).absolute})")
            arms |= {"pool": f"MAX({window.absolute})", "mean": f"AVERAGE({window.absolute})"}
            arms["conv"] = f"SUM({self.windows.sums.absolute},{bias.absolute})"
        if self.dense:
            arms["dense"] = f"SUM({self.dense.sums.absolute},{bias.absolute})"
        if self.softmax:
            less, share = (self.softmax.column(at) for at in (1, 3))
            arms["softmax"] = index(share, share.absolute, f"{self.at[0]}+1")
            own = index(less, less.absolute, f"{self.at[0]}+1")
            arms["log softmax"] = f"{own}-LN({self.softmax.total.absolute})"
        return self.table.by_kind(arms)

    def _cell(self, entry: Entry) -> str:
        """The number on the first worksheet."""
        channel, row, column = self.at
        if len(entry.shape) == 1:
            return entry.y.element(0, 0, channel, 0)
        return entry.y.element(channel, 0, row, column)

    def _told(self, bias: Range, before: Range, result: Range) -> ToldCells:
        windows, softmax = self.windows, self.softmax
        return ToldCells(
            at=self.at,
            bias=bias.absolute,
            before=before.absolute,
            result=result.absolute,
            rows=windows.rows if windows else None,
            columns=windows.columns if windows else None,
            window=windows.block(0, 0) if windows else None,
            elements=softmax.where if softmax else None,
            most=softmax.most.absolute if softmax else "",
            total=softmax.total.absolute if softmax else "",
        )


def _nearest(limit: Range, typed: Range) -> Formula:
    """What is typed, or the nearest that there is."""
    return Formula(f"MAX(0,MIN({limit.address},ROUND({typed.address},0)))")
