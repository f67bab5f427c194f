"""The worksheet `Explore` of a workbook that says which network it is: all that it shows, for chosen elements.

What it should show is worked out in `xlconv.check.steps` from the network and its outputs alone, and what it should
say of that in `xlconv.check.sentences`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

import numpy as np

from xlconv.cells import Edit, NotEvaluated, Range, Value
from xlconv.check.pages import Batch, CheckedPage, Due
from xlconv.check.pages.judge import Judge, few
from xlconv.check.pages.lanes import of_values
from xlconv.check.steps import CIRCULAR, WORDS, Selection, as_image, explain, sizes
from xlconv.check.telling import Ints
from xlconv.declaration import EXPLORE_SHEET, explore_name
from xlconv.engines.errors import is_array
from xlconv.network import FloatArray, Network
from xlconv.places import Atlas, Places
from xlconv.reader import Workbook
from xlconv.recover.found import Found
from xlconv.recover.reading import array_members
from xlconv.report import Finding, LayerResult
from xlconv.report.rules import RuleId

_CHOICES: Final = ("layer", "channel", "row", "column")


@dataclass(frozen=True)
class Explorer:
    """Where the worksheet of one network stands.

    Args:
        book: The workbook.
        network: Whose layers are shown.
        atlas: The worksheets that places refer to.
        choices: The cells that choose: layer, channel, row and column.
        shown: The range of each table, by name without `explore_`.
        findings: What of the worksheet is missing, has another size, or is no formula.
    """

    book: Workbook
    network: Network
    atlas: Atlas
    choices: tuple[Range, ...]
    shown: Mapping[str, Range]
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, book: Workbook, found: Found) -> Explorer | None:
        """The one of a workbook; None where the workbook states no network, or has no such worksheet."""
        if not found.declared or book.named_range(explore_name("layer")) is None:
            return None
        choices, findings = [], []
        for name in _CHOICES:
            where = _range(book, name, 1, 1)
            if isinstance(where, Finding):
                findings.append(where)
            elif book.cell(*where[:3]).formula is not None:
                findings.append(Finding("explore", where.place, "", "chooses what is shown, so it cannot be a formula"))
            else:
                choices.append(where)
        shown, filled = {}, dict(array_members(book, found.atlas))
        for name, *size in sizes(found.network):
            where = _range(book, name, *size)
            if isinstance(where, Finding):
                findings.append(where)
            else:
                shown[name] = where
                findings += _not_formulas(book, where, found.atlas, filled)
        if len(choices) < len(_CHOICES):
            shown = {}
        return cls(book, found.network, found.atlas, tuple(choices), shown, tuple(few(findings)))

    @property
    def places(self) -> Places:
        """The cells that are compared, sorted."""
        blocks = [self.atlas.places(where).ravel() for where in self.shown.values()]
        cells: Places = np.unique(np.concatenate([*blocks, np.empty(0, np.int64)]))
        return cells

    @property
    def page(self) -> CheckedPage:
        """The worksheet as a page, without choices."""
        tables = {explore_name(name): self.atlas.places(where) for name, where in self.shown.items()}
        order = [where for name, where in self.shown.items() if name not in CIRCULAR]
        return CheckedPage(EXPLORE_SHEET, "", "explore", self.book, self.atlas, tables, order)

    def due(
        self, network: Network, layer: str, at: Ints, outputs: Mapping[str, FloatArray], tolerance: float
    ) -> dict[str, Due]:
        """What the tables should show, by defined name, of some elements of a layer.

        Args:
            network: With the weights that are in the workbook.
            layer: The chosen one.
            at: (N, 3), channel, row and column of each.
            outputs: Every layer's output by name, and the input, as the worksheet should have them.
            tolerance: How far from zero rounding may decide what is said.
        """
        explained = explain(network, layer, at, outputs)
        nothing = np.broadcast_to(np.nan, (len(at), 1, 1))
        found = {}
        for name, where in self.shown.items():
            table = _of_size(explained.steps.get(name, nothing), where.height, where.width)
            found[explore_name(name)] = Due(table, explained.texts(tolerance) if name == WORDS else ())
        return found

    @property
    def own(self) -> Selection | None:
        """What the workbook has chosen; None where that is no element of a layer, or the cells are not known."""
        if len(self.choices) < len(_CHOICES):
            return None
        layer, *at = (self.book.cell(*where[:3]).value for where in self.choices)
        whole = [int(each) for each in at if isinstance(each, float) and each.is_integer()]
        if layer not in [fused.node.name for fused in self.network.fused] or len(whole) < len(at):
            return None
        return Selection(str(layer), *whole)

    def edits(self, selection: Selection) -> list[Edit]:
        """What chooses an element."""
        at: tuple[float | str, ...] = (
            selection.layer,
            *map(float, (selection.channel, selection.row, selection.column)),
        )
        return [(where, [[value]]) for where, value in zip(self.choices, at, strict=False)]

    def selections(self, rng: np.random.Generator, count: int) -> list[Selection]:
        """Elements of every layer by turns: corners, edges, some outside of the layer, then random ones."""
        network = self.network
        turns = [_places_in(fused.node.name, as_image(network.shapes[fused.shows]), rng) for fused in network.fused]
        return list(islice(chain.from_iterable(zip(*turns, strict=True)), count))


def _of_size(table: FloatArray, height: int, width: int) -> FloatArray:
    """A table in the upper left of a larger one that is blank, NaN."""
    if table.shape[1:] == (height, width):
        return table
    larger = np.full((len(table), height, width), np.nan)
    larger[:, : table.shape[1], : table.shape[2]] = table
    return larger


def _places_in(layer: str, shape: tuple[int, int, int], rng: np.random.Generator) -> Iterator[Selection]:
    """Corners first, each with a random channel, then edges, and what is beyond them; without end."""
    channels, height, width = shape
    bottom, right = height - 1, width - 1

    def at(row: int, column: int) -> Selection:
        return Selection(layer, int(rng.integers(channels)), row, column)

    def inside() -> Selection:
        return at(int(rng.integers(height)), int(rng.integers(width)))

    yield at(0, 0)
    yield inside()
    yield at(bottom, right)
    yield Selection(layer, channels + 2, height, width + 7)
    yield at(0, right)
    yield at(bottom, 0)
    for edge in ((0, None), (bottom, None), (None, 0), (None, right)):
        middle = inside()
        yield at(*(given if own is None else own for own, given in zip(edge, (middle.row, middle.column), strict=True)))
    yield Selection(layer, -1, -2, -1)
    while True:
        yield inside()


def _range(book: Workbook, name: str, height: int, width: int) -> Range | Finding:
    """The range of a name without `explore_`, or what is wrong with it."""
    full, size = explore_name(name), f"{height}x{width} cells"
    where = book.named_range(full)
    if where is None:
        return Finding("explore", "", "", f"no defined name {full!r} in a workbook that has some like it", size)
    if (where.height, where.width) != (height, width):
        message = f"the range {full!r} has another size than this network needs"
        return Finding("explore", where.place, "", message, size, f"{where.height}x{where.width} cells")
    return where


def _not_formulas(book: Workbook, where: Range, atlas: Atlas, filled: Container[int]) -> Iterator[Finding]:
    """Cells that show what they hold, whatever is chosen; those that an array formula fills are none of them."""
    for at in where.cells():
        cell = book.cell(where.sheet, *at)
        if cell.formula is None and atlas.place(where.sheet, *at) not in filled:
            place, got = Range(where.sheet, *at).place, "a blank cell" if cell.value is None else str(cell.value)
            rule: RuleId = "blank" if cell.value is None else "constant"
            yield Finding(rule, place, "", "shows the same whatever is chosen", "a formula", got)


class Comparison:
    """All that the worksheet shows, selection after selection, in one engine.

    Args:
        explorer: Where it stands.
        engine: Its title.
        tolerance: Absolute; relative where the expected value is beyond 1.

    Attributes:
        reasons: Why cells could not be evaluated, each with its count.
    """

    def __init__(self, explorer: Explorer, engine: str, tolerance: float) -> None:
        self.explorer, self.tolerance = explorer, tolerance
        self.reasons: Counter[str] = Counter()
        self._judge = Judge(explorer.page, tolerance, engine)
        self._unknown: set[int] = set()

    def add(
        self,
        selection: Selection,
        network: Network,
        outputs: Mapping[str, FloatArray],
        values: Callable[[Places], Sequence[Value]],
    ) -> None:
        """Compare what is shown for one selection.

        Args:
            selection: What was chosen.
            network: With the weights that are in the workbook.
            outputs: Every layer's output by name, and the input, as the worksheet should have them.
            values: What cells show, by their places.
        """
        due = self.explorer.due(network, selection.layer, selection.at, outputs, self.tolerance)
        batch = Batch(1, {}, {}, due, lambda _: str(selection))
        asked = self._judge.page.cells(batch.due)
        shown = values(asked)
        lanes = of_values([shown])
        self._judge.add(batch, lanes)
        for place, value in zip(asked.tolist(), shown, strict=True):
            if isinstance(value, NotEvaluated) and not is_array(value) and place not in self._unknown:
                self._unknown.add(place)
                self.reasons[value.reason] += 1

    def findings(self) -> list[Finding]:
        """Each cell at fault once, for the first selection that it is wrong for; many in one, beyond the first."""
        return self._judge.findings()

    def result(self) -> LayerResult:
        """The worksheet as a row of the report."""
        return self._judge.result()
