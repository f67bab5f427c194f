"""The worksheet `Explore` of a workbook that says which network it is: all that it shows, for chosen elements.

What it should show is worked out in `xlconv.check.steps` from the network and its outputs alone, and what it should
say of that in `xlconv.check.sentences`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from math import inf, isfinite, isnan
from typing import Final

import numpy as np

from xlconv.cells import Edit, ErrorValue, NotEvaluated, Range, Value
from xlconv.check import sentences
from xlconv.check.report import Finding, LayerResult
from xlconv.check.roots import roots
from xlconv.check.rules import RuleId
from xlconv.check.sentences import Text
from xlconv.check.steps import CIRCULAR, WORDS, Selection, as_image, chosen, sizes, steps
from xlconv.declaration import EXPLORE_SHEET, explore_name
from xlconv.engines.errors import is_array
from xlconv.network import FloatArray, Network
from xlconv.places import Atlas, Places
from xlconv.reader import Workbook
from xlconv.recover.found import Found
from xlconv.recover.reading import array_members

_CHOICES: Final = ("layer", "channel", "row", "column")
_NAMED: Final = 20
"""Wrong cells that have a finding of their own; the others are counted in one."""
_LISTED: Final = 200


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
        return cls(book, found.network, found.atlas, tuple(choices), shown, tuple(_few(findings)))

    @property
    def places(self) -> Places:
        """The cells that are compared, sorted."""
        blocks = [self.atlas.places(where).ravel() for where in self.shown.values()]
        cells: Places = np.unique(np.concatenate([*blocks, np.empty(0, np.int64)]))
        return cells

    @property
    def own(self) -> Selection | None:
        """What the workbook has chosen; None where that is no element of a layer, or the cells are not known."""
        if len(self.choices) < len(_CHOICES):
            return None
        layer, *at = (self.book.cell(*where[:3]).value for where in self.choices)
        whole = [int(each) for each in at if isinstance(each, float) and each.is_integer()]
        if layer not in [cells.node.name for cells in chosen(self.network)] or len(whole) < len(at):
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
        turns = [_places_in(cells.node.name, as_image(network.shapes[cells.shows]), rng) for cells in chosen(network)]
        return list(islice(chain.from_iterable(zip(*turns, strict=True)), count))


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


def _few(findings: list[Finding]) -> list[Finding]:
    """The first ones, and one that counts the rest."""
    named, rest = findings[:_NAMED], findings[_NAMED:]
    if rest:
        message = f"{len(rest)} more on the worksheet that are wrong or missing"
        cells = tuple(finding.cell for finding in rest[:_LISTED])
        named.append(replace(rest[0], message=message, expected="", got="", count=len(rest), cells=cells))
    return named


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
        self.explorer, self.engine, self.tolerance = explorer, engine, tolerance
        self.reasons: Counter[str] = Counter()
        self._faults: dict[int, Finding] = {}
        self._unknown: set[int] = set()
        self._compared = 0
        self._largest: float | None = None

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
        tables = steps(network, selection, outputs)
        for name, where in self.explorer.shown.items():
            places = self.explorer.atlas.places(where)
            if name == WORDS:
                texts = sentences.texts(network, selection.layer, tables, self.tolerance)
                self._add_words(selection, texts, int(places[0, 0]), values(places.ravel())[0])
                continue
            expected = np.full(places.shape, np.nan)
            if name in tables:
                height, width = tables[name].shape
                expected[:height, :width] = tables[name]
            shown = values(places.ravel())
            for place, number, got in zip(places.ravel().tolist(), expected.ravel().tolist(), shown, strict=True):
                if isnan(number) and got == "":  # as most cells of most layers
                    self._compared += 1
                else:
                    self._add_number(selection, name, place, number, got)

    def findings(self) -> list[Finding]:
        """Each cell at fault once, for the first selection that it is wrong for; many in one, beyond the first."""
        return _few(self._at_fault())

    def result(self) -> LayerResult:
        """The worksheet as a row of the report."""
        at_fault = self._at_fault()
        return LayerResult(
            EXPLORE_SHEET,
            "view",
            self.explorer.places.size,
            self._compared,
            self._largest,
            wrong=len(self._faults),
            at_fault=len(at_fault),
            not_evaluated=len(self._unknown),
            first=at_fault[0].cell if at_fault else "",
        )

    def _at_fault(self) -> list[Finding]:
        """Without the wrong cells that only show what others make wrong."""
        explorer = self.explorer
        order = [where for name, where in explorer.shown.items() if name not in CIRCULAR]
        at_fault = roots(explorer.book, explorer.atlas, self._faults, order)
        return [self._faults[place] for place in at_fault]

    def _add_number(self, selection: Selection, name: str, place: int, expected: float, got: Value) -> None:
        """NaN is an empty text."""
        if self._is_known(place, got):
            if isnan(expected):
                is_right = got == ""
            else:
                error = abs(got - expected) / max(1.0, abs(expected)) if type(got) is float else inf
                is_right = error <= self.tolerance
                if isfinite(error):
                    self._largest = max(self._largest or 0.0, error)
            if not is_right:
                self._add_fault(selection, name, place, "an empty text" if isnan(expected) else repr(expected), got)

    def _add_words(self, selection: Selection, texts: tuple[Text, ...], place: int, got: Value) -> None:
        if self._is_known(place, got) and (fault := sentences.fault(got, texts, self.tolerance)):
            self._add_fault(selection, WORDS, place, fault, got)

    def _is_known(self, place: int, got: Value) -> bool:
        """Count a value, or why there is none; that it is an array is known, and no value that this worksheet shows."""
        if not isinstance(got, NotEvaluated) or is_array(got):
            self._compared += 1
            return True
        if place not in self._unknown:
            self.reasons[got.reason] += 1
        self._unknown.add(place)
        return False

    def _add_fault(self, selection: Selection, name: str, place: int, expected: str, got: Value) -> None:
        if place in self._faults:
            return
        cell = self.explorer.atlas.cell(place)
        does = "shows something else than it should"
        if isinstance(got, ErrorValue | NotEvaluated):
            does = "shows an error" if isinstance(got, ErrorValue) else "gives an array instead of a value"
        message = f"{explore_name(name)} {does} for {selection}"
        shown = "blank" if got is None else "an empty text" if got == "" else str(got)
        formula = self.explorer.book.cell(*cell[:3]).formula or ""
        self._faults[place] = Finding("explore", cell.place, "", message, expected, shown, formula, self.engine)
