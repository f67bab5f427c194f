"""The table at the bottom of the worksheet `Explore`: what is fixed of each layer, and the line of the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from xlconv.cells import Range
from xlconv.declaration import EXPLORE_SHEET, explore_name
from xlconv.pages import Formula, Page
from xlconv.pages.explore.layers import KINDS, Entry, Kind
from xlconv.pages.explore.lookup import choose, index

SETTINGS: Final = (
    *("channels read", "window height", "window width", "stride down", "stride right", "padding above"),
    *("padding left", "dilation down", "dilation right", "rows read", "columns read", "outputs in a group", "bias"),
)
_LIMITS: Final = ("largest channel", "largest row", "largest column")
_NUMBER, _NAME, _TYPE, _READS, _THEN, _SETTINGS = 1, 2, 3, 5, 8, 13
_FIRST_LIMIT: Final = _SETTINGS + len(SETTINGS)
_KIND: Final = _FIRST_LIMIT + len(_LIMITS)
_HEADER_HEIGHT: Final = 66.0


class Settings(NamedTuple):
    """The addresses of `explore_settings`."""

    channels: str
    height: str
    width: str
    down: str
    right: str
    above: str
    left: str
    below: str
    beside: str
    rows: str
    columns: str
    per_group: str
    bias: str


class LayerTable:
    """The table of a network's layers.

    Args:
        row: Its first row.
        entries: The layers.
        name: The cell in which one of them is chosen.
    """

    def __init__(self, row: int, entries: Sequence[Entry], name: Range) -> None:
        self.row, self.entries, self.name = row, entries, name
        self.kinds: list[Kind] = [kind for kind in KINDS if any(entry.kind == kind for entry in entries)]
        self.number = Range(EXPLORE_SHEET, row + 2, _NUMBER)
        self.chosen = Range(EXPLORE_SHEET, row + 2, _SETTINGS, 1, len(SETTINGS))
        self.settings = Settings(*(self.chosen.part(0, at).absolute for at in range(len(SETTINGS))))

    @property
    def names(self) -> Range:
        """The names of the layers."""
        return self._column(_NAME)

    @property
    def layer(self) -> str:
        """The expression for the chosen layer's name."""
        return self._chosen(_NAME)

    @property
    def reads(self) -> str:
        """The expression for what it reads, in words."""
        return self._chosen(_READS)

    @property
    def then(self) -> str:
        """The expression for the names of the elementwise layers in its formulas."""
        return self._chosen(_THEN)

    def limit(self, which: int) -> str:
        """The expression for its largest channel, row or column."""
        return self._chosen(_FIRST_LIMIT + which)

    def is_kind(self, kind: Kind) -> str:
        """The condition that it is of some kind."""
        return f"{self._chosen(_KIND)}={self.kinds.index(kind) + 1}"

    def only(self, kind: Kind) -> bool:
        """Whether all layers are of some kind."""
        return self.kinds == [kind]

    def by_kind(self, arms: Mapping[Kind, str]) -> str:
        """An expression for each kind; an empty text for all others."""
        return choose(self._chosen(_KIND), [arms.get(kind, '""') for kind in self.kinds])

    def by_layer(self, arm: Callable[[Entry], str]) -> str:
        """An expression for each layer; of the only one, too, there is none if another name is chosen."""
        arms = [arm(entry) for entry in self.entries]
        number = self.number.absolute
        return choose(number, arms) if len(arms) > 1 else f"CHOOSE({number},{arms[0]})"

    def put(self, page: Page) -> None:
        """Fill it in."""
        page.put(self.row, _NUMBER, "The layers, for the formulas above to look up", "panel")
        self._put_header(page)
        match = f"MATCH({self.name.absolute},{_with_blank(self.names).absolute},0)"
        page.names[explore_name("number")] = page.put(*self.number[1:3], Formula(match), "setting")
        page.put(self.number.row, _NAME, "the chosen one", "entry")
        page.fill(self.chosen, "setting", lambda _, j: Formula(self._chosen(_SETTINGS + j)), explore_name("settings"))
        for number, entry in enumerate(self.entries, 1):
            self._put_entry(page, number, entry)

    def _put_header(self, page: Page) -> None:
        row = self.row + 1
        page.heights[row] = _HEADER_HEIGHT
        for column, text in ((_NAME, "layer"), (_TYPE, "type"), (_READS, "reads"), (_THEN, "then")):
            page.put(row, column, text, "label")
        for column, text in enumerate((*SETTINGS, *_LIMITS, "kind"), _SETTINGS):
            page.put(row, column, text, "turned")

    def _put_entry(self, page: Page, number: int, entry: Entry) -> None:
        row = self.number.row + number
        page.put(row, _NUMBER, number, "index")
        texts = (entry.node.name, type(entry.node.layer).__name__, entry.reads, entry.then)
        for column, text in zip((_NAME, _TYPE, _READS, _THEN), texts, strict=True):
            page.put(row, column, text, "entry")
        numbers = (*entry.settings, *entry.limits, self.kinds.index(entry.kind) + 1)
        for column, value in enumerate(numbers, _SETTINGS):
            page.put(row, column, value, "setting")

    def _column(self, column: int) -> Range:
        return Range(EXPLORE_SHEET, self.number.row + 1, column, len(self.entries))

    def _chosen(self, column: int) -> str:
        where = self._column(column)
        if where.size == 1:  # the only layer is looked up, too, so that there is none of another name
            where = _with_blank(where)
        return index(where, where.absolute, self.number.absolute)


def _with_blank(column: Range) -> Range:
    """A column with the blank cell below it, as IronCalc does not look into a single cell."""
    return column._replace(height=column.height + 1)
