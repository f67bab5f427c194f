"""All formulas of a workbook by meaning, gathered so that NumPy can work on them.

Formulas with the same relative form are understood once; cells whose formulas have the same meaning but for where
they read are one bundle.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.cells import Range
from xlconv.formula import notation
from xlconv.formula.array import NUMBER
from xlconv.formula.constants import constant
from xlconv.formula.forms import Forms, Group, groups
from xlconv.formula.state import Held, held
from xlconv.layers import Layer
from xlconv.places import Atlas, Places
from xlconv.processes.bounds import check_cells, done
from xlconv.reader import Sheet, Workbook
from xlconv.recover.meaning import Reader
from xlconv.recover.nouns import Applied, Argmax, Exp, Max, Meaning, OperandRef, Share, Sum, SumExp, Window

Cell: TypeAlias = tuple[int, int]
"""Row and column."""

_MOST_COPIES: Final = 300
"""Copies of copies."""
_FURTHER_ON: Final = 5
"""Formulas one behind the other."""

_TABLE: Final = 4096
"""A range of more cells that many formulas of no meaning name, one as the other, is a table in which they look
something up: it is listed for the first of them."""
_LARGE: Final = 1 << 16
"""A range of more cells than this may be a whole column or more: what lies beyond all that is used is left out."""


@dataclass
class Bundle:
    """Cells with one meaning, each with its own places to read.

    Args:
        meaning: The first cell's, without the elementwise layers around it.
        inline: The elementwise layers around it, from the inside.
        refs: The ranges in it, in order.
        cells: (N,) the cells.
        at: (N, R) for each cell the first place of each of its ranges.
    """

    meaning: Meaning
    inline: tuple[Layer, ...]
    refs: tuple[OperandRef, ...]
    cells: Places
    at: Places

    @property
    def is_copy(self) -> bool:
        """Whether the cells repeat another one each."""
        if self.inline or not isinstance(self.meaning, Sum) or len(self.refs) != 1 or self.refs[0].range.size != 1:
            return False
        return self.meaning.constant == 0 and self.meaning.terms[0].coefficient == 1

    @property
    def is_zero(self) -> bool:
        """Whether the formula is nothing but 0."""
        return isinstance(self.meaning, Sum) and not self.meaning.terms and self.meaning.constant == 0

    def operands(self, ref: int) -> Places:
        """(N, size) the places of a range, for each cell."""
        where = self.refs[ref].range
        grid = places.offsets(where.height, where.width)
        return self.at[:, ref, None] + (grid.T if self.refs[ref].turned else grid).ravel()


@dataclass
class Reading:
    """What the formulas of a workbook mean.

    Args:
        book: The workbook.
        atlas: The worksheets.
        groups: All formulas.
        aside: Cells that only show what others compute, sorted; their precedents are left out.
    """

    book: Workbook
    atlas: Atlas
    groups: list[Group]
    aside: Places = field(default_factory=lambda: np.empty(0, np.int64))

    def original(self, cells: Places) -> Places:
        """What is copied, where a cell is a copy (`=A1`); else the cell."""
        copies, sources = self._copies
        at = places.find(cells, copies)
        return np.where(at >= 0, sources[at], cells) if copies.size else cells

    @cached_property
    def bundles(self) -> list[Bundle]:
        """The formulas that mean something: only where networks are sought, as each holds all that its cells read.

        Raises:
            BoundsError: They read too much.
        """
        return list(_bundles(self))

    @cached_property
    def filled(self) -> Places:
        """Cells that hold a number or a formula, sorted; but for formulas that are nothing but 0."""
        return _filled(self.book, self.atlas, self.bundles)

    @cached_property
    def held(self) -> Held:
        """What every cell holds, but for formulas."""
        return held(self.book, self.atlas)

    @cached_property
    def numbers(self) -> Places:
        """Cells that hold a number, sorted."""
        cells: Places = self.held.places[self.held.kinds == NUMBER]
        return cells

    def numbers_among(self, cells: Places) -> tuple[int, int]:
        """How many of some cells hold a number, or a formula of numbers alone, and how many hold something else."""
        at = places.find(cells, self.held.places)
        kinds, groups = self.held.kinds[at[at >= 0]], self.forms.group_of(cells[at >= 0])
        constants = [group for group in np.unique(groups[groups >= 0]).tolist() if self._is_constant(group)]
        given = (kinds == NUMBER) | np.isin(groups, constants)
        return int(given.sum()), int((~given).sum())

    def _is_constant(self, group: int) -> bool:
        return constant(self.groups[group].formula) is not None

    @cached_property
    def forms(self) -> Forms:
        """The formulas, as they are computed."""
        return Forms(self.book, self.atlas, self.groups)

    @cached_property
    def group_of(self) -> dict[int, Group]:
        """The group of each cell that holds a formula."""
        return {place: group for group in self.groups for place in self.atlas.of(group.sheet, group.cells).tolist()}

    @cached_property
    def holders(self) -> dict[int, int]:
        """For each cell that an array formula fills beside its own, or with it, the cell that holds the formula."""
        return dict(array_members(self.book, self.atlas))

    @cached_property
    def precedents(self) -> tuple[Places, Places]:
        """Cells and cells that their formulas name, whatever they do with them: a line for each pair."""
        held = [(member, holder) for member, holder in self.holders.items() if member != holder]
        spread = np.array(held, dtype=np.int64).reshape(-1, 2)
        lines = [*self._named(), (spread[:, 0], spread[:, 1])]
        cell, source = (np.concatenate([line[side] for line in lines]) for side in (0, 1))
        return cell, source

    @cached_property
    def _meaningful(self) -> Places:
        """Cells whose formulas mean something."""
        return np.concatenate([*(each.cells for each in self.bundles), np.empty(0, np.int64)])

    @cached_property
    def mentioned(self) -> Places:
        """Cells that hold something or that a formula names."""
        return np.union1d(self.filled, self.precedents[1])

    def read_together(self, cells: Places, kinds: NDArray[np.int64]) -> bool:
        """Whether something that means something is computed from cells of several kinds, a few formulas further on."""
        cell, source = self.precedents
        meaningful = np.isin(cell, self._meaningful)
        cell, source = cell[meaningful], source[meaningful]
        order = np.argsort(cells)
        cells, kinds = cells[order], kinds[order]
        for _ in range(_FURTHER_ON):
            at = places.find(source, cells)
            readers, of = cell[at >= 0], kinds[at[at >= 0]]
            if not readers.size:
                break
            cells, first, inverse = np.unique(readers, return_index=True, return_inverse=True)
            kinds = of[first]
            if (of != kinds[inverse]).any():
                return True
        return False

    def _named(self) -> Iterator[tuple[Places, Places]]:
        """The precedents of cells with formulas, copies of a formula at a time."""
        aside, used, spent = set(self.aside.tolist()), Used(self.book), 0
        for number, group in enumerate(self.groups):
            cells = np.array(group.cells, dtype=np.int64)
            here = self.atlas.of(group.sheet, group.cells)
            if aside and aside.issuperset(here.tolist()):
                continue
            known = self.book.names_on(group.sheet)
            named = [Range.parse(known.get(name.lower(), "")) for name in notation.names(group.formula)]
            fixed = [(where, False, False) for where in named if where is not None]
            columns = [ref[:3] for ref in self.forms.refs(number)] if "[" in group.formula else []
            for whole, down, right in [*notation.references(group.formula, group.sheet), *fixed, *columns]:
                if whole.sheet not in self.book.sheets:
                    continue
                moved = (cells - cells[0]) * (down, right)
                where = used.part(whole, moved)
                if where.size > _TABLE and not (down or right) and not np.isin(here[0], self._meaningful):
                    yield np.repeat(here[:1], where.size), self.atlas.places(where).ravel()
                    continue
                spent += where.size * len(group.cells)
                check_cells(spent)
                moves = places.shift(moved[:, 0], moved[:, 1])
                yield np.repeat(here, where.size), (moves[:, None] + self.atlas.places(where).ravel()).ravel()

    @cached_property
    def zeros(self) -> Places:
        """Cells whose formula is nothing but 0, sorted."""
        zeros = [bundle.cells for bundle in self.bundles if bundle.is_zero]
        return np.unique(np.concatenate([*zeros, np.empty(0, np.int64)]))

    @cached_property
    def _copies(self) -> tuple[Places, Places]:
        """Cells that are copies, sorted, and what they are copies of in the end."""
        copies = [each for each in self.bundles if each.is_copy]
        cells = np.concatenate([*(each.cells for each in copies), np.empty(0, np.int64)])
        sources = np.concatenate([*(each.at[:, 0] for each in copies), np.empty(0, np.int64)])
        order = np.argsort(cells)
        cells, sources = cells[order], sources[order]
        for _ in range(_MOST_COPIES if cells.size else 0):
            at = places.find(sources, cells)
            if (at < 0).all():
                break
            sources = np.where(at >= 0, sources[at], sources)
        return cells, sources


def read(book: Workbook) -> Reading:
    """All formulas of a workbook."""
    atlas = Atlas(book.sheets)
    found = groups(book)
    done(f"{sum(len(group.cells) for group in found):,} formulas read")
    return Reading(book, atlas, found)


def _bundles(reading: Reading) -> Iterator[Bundle]:
    book, atlas, reader = reading.book, reading.atlas, Reader(reading.forms.references.of)
    gathered: dict[Hashable, _Gathered] = {}
    used, spent = Used(book), 0
    for group in reading.groups:
        meaning = None if group.cells[0] in book.sheets[group.sheet].spread else _meaning(reader, group)
        if meaning is not None and not used.is_exceeded(meaning):
            spent += _gather(gathered, atlas, group, meaning, spent)
    for name, sheet in book.sheets.items():
        for at, where in sheet.spread.items():
            for i, j, meaning in reader.elements(sheet.cells[at].formula or "", where):
                one = Group(name, "", "", [(at[0] + i, at[1] + j)])
                spent += _gather(gathered, atlas, one, meaning, spent)
    return (each.bundle() for each in gathered.values())


def array_members(book: Workbook, atlas: Atlas) -> Iterator[tuple[int, int]]:
    """The cells that array formulas fill where they fill several, each with the cell that holds the formula."""
    for name, sheet in book.sheets.items():
        for at, where in sheet.spread.items():
            holder = atlas.place(name, *at)
            for place in atlas.places(where).ravel().tolist():
                yield place, holder


def _filled(book: Workbook, atlas: Atlas, bundles: Sequence[Bundle]) -> Places:
    zeros = {place for bundle in bundles if bundle.is_zero for place in bundle.cells.tolist()}
    return places.sorted_places(
        place
        for name, sheet in book.sheets.items()
        for at, cell in sheet.cells.items()
        if (cell.formula is not None or type(cell.value) is float) and (place := atlas.place(name, *at)) not in zeros
    )


def _meaning(reader: Reader, group: Group) -> Meaning | None:
    return reader.meaning(group.formula, group.first)


@dataclass
class _Gathered:
    """A bundle as it grows."""

    meaning: Meaning
    inline: tuple[Layer, ...]
    refs: tuple[OperandRef, ...]
    cells: list[Places] = field(default_factory=list)
    at: list[Places] = field(default_factory=list)

    def bundle(self) -> Bundle:
        return Bundle(self.meaning, self.inline, self.refs, np.concatenate(self.cells), np.concatenate(self.at))


class Used:
    """How far the cells of each worksheet reach."""

    def __init__(self, book: Workbook) -> None:
        self._last = {name: _last_cell(sheet) for name, sheet in book.sheets.items()}

    def part(self, where: Range, moved: Places) -> Range:
        """What of a large range is within reach from some cells, to which it moves; the rest is blank everywhere."""
        if where.size <= _LARGE:
            return where
        row, column = self._last[where.sheet]
        rows, columns = (int(-side.min(initial=0)) for side in (moved[:, 0], moved[:, 1]))
        height = min(where.height, max(1, row + rows - where.row + 1))
        return where.part(0, 0, height, min(where.width, max(1, column + columns - where.column + 1)))

    def is_exceeded(self, meaning: Meaning) -> bool:
        """Whether a formula reads whole columns, or what else no layer does."""
        nowhere = np.zeros((1, 2), np.int64)
        return any(self.part(ref.range, nowhere) != ref.range for ref in _refs(meaning))


def _last_cell(sheet: Sheet) -> Cell:
    rows, columns = zip(*sheet.cells, strict=True) if sheet.cells else ((1,), (1,))
    return max(rows), max(columns)


def _gather(found: dict[Hashable, _Gathered], atlas: Atlas, group: Group, meaning: Meaning, spent: int = 0) -> int:
    """Add a group to the bundle of its meaning; returns how many operands it has.

    Raises:
        BoundsError: They are too many, with those that were spent before.
    """
    inline: tuple[Layer, ...] = ()
    while isinstance(meaning, Applied):
        inline = (meaning.layer, *inline)
        meaning = meaning.of
    refs = tuple(_refs(meaning))
    count = len(group.cells) * sum(ref.range.size for ref in refs)
    check_cells(spent + count)
    key = (inline, _make(meaning))
    if key not in found:
        found[key] = _Gathered(meaning, inline, refs)
    cells = np.array(group.cells, dtype=np.int64)
    moves = cells - cells[0]
    first = np.array([atlas.place(r.range.sheet, r.range.row, r.range.column) for r in refs], dtype=np.int64)
    down = np.array([ref.down for ref in refs], dtype=np.int64)
    right = np.array([ref.right for ref in refs], dtype=np.int64)
    found[key].at.append(first + places.shift(moves[:, :1] * down, moves[:, 1:] * right))
    found[key].cells.append(atlas.place(group.sheet, 0, 0) + places.shift(cells[:, 0], cells[:, 1]))
    return count


def _refs(meaning: Meaning) -> Iterator[OperandRef]:
    """The ranges of a meaning, in order."""
    match meaning:
        case Sum():
            for term in meaning.terms:
                yield from term.refs
        case Max() | Window():
            yield from meaning.refs
        case Applied():
            yield from _refs(meaning.of)
        case Exp():
            yield from _refs(meaning.of)
            yield from meaning.shift
        case SumExp():
            for part in meaning.parts:
                yield from _refs(part)
        case Share():
            yield from _refs(meaning.part)
            yield from _refs(meaning.whole)
        case Argmax():
            yield meaning.of
            yield from meaning.labels


def _make(meaning: Meaning) -> Hashable:
    """A meaning but for where its ranges stand."""
    match meaning:
        case Sum():
            terms = tuple((term.coefficient, _sizes(term.refs)) for term in meaning.terms)
            return "sum", terms, meaning.constant
        case Max():
            return "max", _sizes(meaning.refs)
        case Window():
            return "window", meaning.kind, _sizes(meaning.refs)
        case Applied():
            return "applied", meaning.layer, _make(meaning.of)
        case Exp():
            return "exp", _make(meaning.of), _sizes(meaning.shift)
        case SumExp():
            return "sumexp", tuple(_make(part) for part in meaning.parts)
        case Share():
            return "share", _make(meaning.part), _make(meaning.whole)
        case Argmax():
            return "argmax", _sizes([meaning.of, *meaning.labels]), meaning.base


def _sizes(refs: Sequence[OperandRef]) -> Hashable:
    return tuple((ref.range.sheet, ref.range.height, ref.range.width, ref.turned) for ref in refs)
