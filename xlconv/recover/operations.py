"""The operations of networks among a workbook's formulas, as tables: one line for each cell that a cell reads.

Copies (`=A1`) are seen through: what reads a copy reads the cell that is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.formula.array import NUMBER
from xlconv.layers import Layer, MaxPool2d
from xlconv.places import NOWHERE, Places
from xlconv.recover.nouns import Argmax, Exp, Max, Meaning, Share, Sum, SumExp, Window
from xlconv.recover.reading import Bundle, Reading
from xlconv.recover.sides import ReadOn, sources

Ints: TypeAlias = NDArray[np.int64]
Pair: TypeAlias = tuple[Places, Places]
Inline: TypeAlias = tuple[Layer, ...]
"""Elementwise layers around an operation, from the inside."""


_ROUNDS: Final = 300
"""Most layers, and most copies of copies, one behind the other."""


@dataclass(eq=False)
class OperationTable:
    """Cells and what they read: one line for each that is read.

    Args:
        cell: The cell.
        source: What it reads.
        weight: What it multiplies that with, for products; else what it reads without looking through copies.
        depth: How many operations lie before the cell, plus 1; 0 where it reads itself.
    """

    cell: Places
    source: Places
    weight: Places
    depth: Ints

    def at_depth(self, depth: int) -> Ints:
        """The lines of cells at a depth."""
        return np.flatnonzero(self.depth == depth)

    def of(self, cells: Places) -> Ints:
        """The lines of some cells."""
        return np.flatnonzero(np.isin(self.cell, cells))


class Operations:
    """All operations of a workbook.

    Args:
        reading: Its formulas.
        stray: Cells to be left out, as they belong to no layer.

    Attributes:
        dots: Products that are added up.
        singles: What is added to them: biases.
        maxima: The largest of cells.
        windows: What other layers make of windows.
        elementwise: Cells that are an elementwise layer of one other.
        copies: Cells that repeat another.
        exps: `exp` of one cell, less a shift.
        shifts: The cells of which the largest is that shift, or the one cell that holds it.
        totals: Sums of cells.
        shares: One cell divided by a whole; `wholes` is the cells that add up to it, or the one cell that holds it.
        direct: The same where the formula takes `exp` itself: the cells that it takes it of.
        argmaxes: Cells that tell the place of the largest.
        zeros: Cells whose formula is nothing but 0, sorted.
        ones: Cells whose biases are multiplied with a cell that holds 1, and that cell.
        deepest: The largest depth.
    """

    def __init__(self, reading: Reading, stray: Places) -> None:
        self.atlas = reading.atlas
        self._pools: list[tuple[Places, type[Layer]]] = []
        self._inline: list[tuple[Places, Inline]] = []
        collected: dict[str, list[tuple[Places, Places, Places]]] = {name: [] for name in _TABLES}
        self.argmaxes: list[Bundle] = []
        self._dot_bundles: list[tuple[Bundle, list[tuple[int, int]]]] = []
        self._collected = collected
        self.original = reading.original
        self.zeros = reading.zeros
        self._holding_one = reading.numbers[reading.held.numbers[reading.held.kinds == NUMBER] == 1]
        for bundle in reading.bundles:
            known = ~np.isin(bundle.cells, stray)
            if known.any():
                self._sort(bundle if known.all() else replace(bundle, cells=bundle.cells[known], at=bundle.at[known]))
        self._add_dots()
        self._make_tables()

    def around(self, cells: Places) -> Inline:
        """The elementwise layers that most of some cells have around their operation."""
        return self._kinds[_most_common(self.kind(cells))]

    def windows_by_kind(self, depth: int) -> Iterator[tuple[type[Layer], OperationTable, Ints]]:
        """The lines of a depth that may be layers of windows, for each type of these."""
        yield MaxPool2d, self.maxima, self.maxima.at_depth(depth)
        lines = self.windows.at_depth(depth)
        for kind in dict.fromkeys(kind for _, kind in self._pools):
            cells = np.concatenate([mine for mine, each in self._pools if each is kind])
            yield kind, self.windows, lines[np.isin(self.windows.cell[lines], cells)]

    def kind(self, cells: Places) -> Ints:
        """A number for each of some cells, the same for those with the same elementwise layers."""
        kind: Ints = self._kind[places.find(cells, self._cells)]
        return kind

    def read_alike(self, filled: Places) -> Places:
        """Cells that a further layer reads one by one, that hold something and are not computed; sorted."""
        there = np.unique(np.concatenate([t.source for t in (self.dots, self.elementwise, self.exps, self.direct)]))
        return there[(places.find(there, filled) >= 0) & (places.find(there, self.live) < 0)]

    def first_of(self, cells: Places) -> Places:
        """Those of some cells that are not computed from any other of them."""
        behind = [table.cell[np.isin(table.source, cells) & np.isin(table.cell, cells)] for table in self._tables]
        return np.setdiff1d(cells, np.concatenate([*behind, _NONE]))

    # Which kind of operation a bundle is

    def _sort(self, bundle: Bundle) -> None:
        self._inline.append((bundle.cells, bundle.inline))
        match bundle.meaning:
            case Sum():
                self._sort_sum(bundle, bundle.meaning)
            case Max():
                self._put_all("maxima", bundle, range(len(bundle.refs)))
            case Window():
                self._pools.append((bundle.cells, bundle.meaning.kind))
                self._put_all("windows", bundle, range(len(bundle.refs)))
            case Exp() if not bundle.inline:
                self._sort_exp(bundle, bundle.meaning)
            case SumExp() if not bundle.inline:
                self._put_all("sums of exps", bundle, range(len(bundle.refs)))
            case Share() if not bundle.inline:
                self._sort_share(bundle, bundle.meaning)
            case Argmax() if not bundle.inline:
                self.argmaxes.append(bundle)

    def _sort_sum(self, bundle: Bundle, sum_: Sum) -> None:
        if sum_.constant or any(term.coefficient != 1 for term in sum_.terms):
            return
        products, singles = _pairs_and_singles(sum_)
        sizes = [bundle.refs[at].range.size for at in singles]
        if products:
            self._dot_bundles.append((bundle, products))
            self._put_all("singles", bundle, singles)
        elif sizes == [1]:
            if bundle.inline or (bundle.at[:, 0] != bundle.cells).all():
                self._put_all("elementwise" if bundle.inline else "copies", bundle, singles)
        elif sizes and not bundle.inline:
            self._put_all("totals", bundle, singles)

    def _sort_exp(self, bundle: Bundle, exp: Exp) -> None:
        """`EXP(x)`, `EXP(x-MAX(...))` or `EXP(x-cell)`."""
        coefficients = [term.coefficient for term in exp.of.terms]
        sizes = [ref.range.size for ref in bundle.refs[: len(coefficients)]]
        if exp.of.constant or coefficients not in ([1], [1, -1]) or set(sizes) != {1}:
            return
        self._put_all("exps", bundle, [0])
        self._put_all("shifts", bundle, range(1, len(bundle.refs)))

    def _sort_share(self, bundle: Bundle, share: Share) -> None:
        part, whole = share.part, share.whole
        if not bundle.refs or bundle.refs[0].range.size != 1:
            return
        if isinstance(part, Exp):
            wholes = _wholes(part, whole, len(bundle.refs))
            if wholes:
                self._put_all("direct", bundle, [0])
                self._put_all("shifts", bundle, range(1, 1 + len(part.shift)))
                self._put_all("direct wholes", bundle, wholes)
        elif _is_plain(part, 1) and _is_plain(whole):
            self._put_all("shares", bundle, [0])
            self._put_all("wholes", bundle, range(1, len(bundle.refs)))

    def _put_all(self, table: str, bundle: Bundle, refs: Sequence[int]) -> None:
        for ref in refs:
            self._put(table, bundle, bundle.operands(ref))

    def _put(self, table: str, bundle: Bundle, source: Places, weight: Places | None = None) -> None:
        cell = np.repeat(bundle.cells, source.shape[1])
        weights = source.ravel() if weight is None else weight.ravel()
        self._collected[table].append((cell, source.ravel(), weights))

    # Copies, products, tables

    def _add_dots(self) -> None:
        """Products, each with its source and its weight told apart."""
        others = [cell for name in _LIVE for cell, _, _ in self._collected[name]]
        live = np.unique(np.concatenate([*(bundle.cells for bundle, _ in self._dot_bundles), *others, _NONE]))
        read_on = self._read_on(live)
        doubtful: list[tuple[Bundle, Places, Places]] = []
        weights: list[Places] = []
        for bundle, products in sorted(self._dot_bundles, key=lambda each: -each[0].cells.size):
            for a, b, answer in self._told_apart(bundle, products, live, read_on):
                if answer == 0:
                    doubtful.append((bundle, a, b))
                    continue
                source, weight = (a, b) if answer > 0 else (b, a)
                weights.append(np.unique(weight))
                self._put("dots", bundle, source, weight)
        known = np.unique(np.concatenate([*weights, _NONE]))
        for bundle, a, b in doubtful:
            swap = np.isin(a, known).sum() > np.isin(b, known).sum()
            source, weight = (b, a) if swap else (a, b)
            self._put("dots", bundle, source, weight)

    def _read_on(self, live: Places) -> ReadOn:
        """What layers behind the first read: live cells that are multiplied with others, and what is shared out."""
        names = ("wholes", "direct wholes", "sums of exps")
        pairs = [(cell, source) for name in names for cell, source, _ in self._collected[name]]
        for bundle, products in self._dot_bundles:
            for ref, other in (pair[::way] for pair in products for way in (1, -1)):
                source, weight = (self.original(bundle.operands(each)) for each in (ref, other))
                if places.find(source, live).min() >= 0 > places.find(weight, live).max():
                    pairs.append((np.repeat(bundle.cells, source.shape[1]), source.ravel()))
        through = [line[:2] for name in ("elementwise", "exps") for line in self._collected[name]]
        return ReadOn(pairs, [(cell, self.original(source)) for cell, source in through])

    def _is_one(self, dots: tuple[Places, Places, Places], live: Places) -> NDArray[np.bool_]:
        """Which products are with a cell that holds 1, and stands beside what a layer computes: these are biases."""
        cell, source, _ = dots
        is_live = places.find(source, live) >= 0
        return ~is_live & (places.find(source, self._holding_one) >= 0) & np.isin(cell, cell[is_live])

    def _told_apart(
        self, bundle: Bundle, products: list[tuple[int, int]], live: Places, read_on: ReadOn
    ) -> list[tuple[Places, Places, int]]:
        """Each product of a bundle, and which side is the source: 1 for the first, -1 for the second, 0 for unknown."""
        sides = [(self.original(bundle.operands(a)), self.original(bundle.operands(b))) for a, b in products]
        fixed = [_is_fixed(bundle, b) - _is_fixed(bundle, a) for a, b in products]
        answers = sources(bundle.cells, sides, fixed, self._bias(bundle, products), live, read_on)
        return [(a, b, answer) for (a, b), answer in zip(sides, answers, strict=True)]

    def _bias(self, bundle: Bundle, products: list[tuple[int, int]]) -> Places | None:
        """What is added to the products, where that is one cell each."""
        singles = sorted(set(range(len(bundle.refs))) - {ref for pair in products for ref in pair})
        is_one = len(singles) == 1 and bundle.refs[singles[0]].range.size == 1
        return self.original(bundle.operands(singles[0])) if is_one else None

    def _make_tables(self) -> None:
        tables = {name: _joined(collected) for name, collected in self._collected.items()}
        tables = {
            n: (c, s if n == "copies" else self.original(s), self.original(w) if n == "dots" else w)
            for n, (c, s, w) in tables.items()
        }
        counts = places.find(tables["dots"][1], self.zeros) < 0  # a product with 0 is padding
        cells, depths = _depths([tables[name] for name in _LIVE])
        is_one = self._is_one(tables["dots"], cells)
        cell, source, weight = tables["dots"]
        self.ones = cell[is_one], source[is_one]
        singles = (cell[is_one], weight[is_one], np.full(is_one.sum(), NOWHERE))
        tables["singles"] = _joined([tables["singles"], singles])
        tables["dots"] = _joined([(cell[counts & ~is_one], source[counts & ~is_one], weight[counts & ~is_one])])
        made = {}
        for name, (cell, source, weight) in tables.items():
            at = places.find(cell, cells)
            depth = np.where(at >= 0, depths[at], 0) if cells.size else np.zeros(cell.size, np.int64)
            made[name] = OperationTable(cell, source, weight, depth)
        self._tables = list(made.values())
        self.dots, self.singles, self.maxima = made["dots"], made["singles"], made["maxima"]
        self.windows = made["windows"]
        self.elementwise, self.copies, self.exps = made["elementwise"], made["copies"], made["exps"]
        self.shifts, self.totals = made["shifts"], made["totals"]
        self.shares, self.wholes = made["shares"], made["wholes"]
        self.direct, self.direct_wholes = made["direct"], made["direct wholes"]
        self.live, self.deepest = cells, int(depths.max(initial=0))
        self._kinds = list(dict.fromkeys(inline for _, inline in self._inline))
        cell = np.concatenate([*(cells for cells, _ in self._inline), _NONE])
        kinds = (np.full(cells.size, self._kinds.index(inline)) for cells, inline in self._inline)
        order = np.argsort(cell)
        self._cells, self._kind = cell[order], np.concatenate([*kinds, _NONE])[order]


_NONE: Final = np.empty(0, np.int64)
_LIVE: Final = (
    "dots",
    "maxima",
    "windows",
    "elementwise",
    "exps",
    "shifts",
    "totals",
    "shares",
    "wholes",
    "direct",
    "direct wholes",
)
"""Tables of cells that compute: what they read decides their depth."""
_TABLES: Final = (*_LIVE, "copies", "singles", "sums of exps")


def _joined(collected: list[tuple[Places, Places, Places]]) -> tuple[Places, Places, Places]:
    columns = zip(*collected, strict=True) if collected else [(_NONE,)] * 3
    cell, source, weight = (np.concatenate(column) for column in columns)
    return cell, source, weight


def _pairs_and_singles(sum_: Sum) -> tuple[list[tuple[int, int]], list[int]]:
    """Which of a sum's ranges are multiplied with each other, and which stand alone."""
    pairs, singles, at = [], [], 0
    for term in sum_.terms:
        if len(term.refs) == 2:
            pairs.append((at, at + 1))
        else:
            singles.append(at)
        at += len(term.refs)
    return pairs, singles


def _is_plain(sum_: Meaning, terms: int | None = None) -> bool:
    """Whether it is a sum of (so many) cells or ranges, and of nothing else."""
    return (
        isinstance(sum_, Sum)
        and sum_.constant == 0
        and terms in (None, len(sum_.terms))
        and all(term.coefficient == 1 and len(term.refs) == 1 for term in sum_.terms)
    )


def _wholes(part: Exp, whole: Sum | SumExp, refs: int) -> Sequence[int]:
    """Which ranges of `EXP(x-s)/(EXP(a-s)+EXP(b-s)+...)`, or of `EXP(x-s)/whole`, add up to the whole."""
    first = 1 + len(part.shift)
    if not _is_plain(part.of, 1):
        return []
    if isinstance(whole, Sum):
        return range(first, refs) if _is_plain(whole) else []
    found, at = [], first
    for each in whole.parts:
        if not _is_plain(each.of, 1) or [s.range.size for s in each.shift] != [s.range.size for s in part.shift]:
            return []
        found.append(at)
        at += 1 + len(each.shift)
    return found


def _is_fixed(bundle: Bundle, ref: int) -> int:
    return int(not bundle.refs[ref].down and not bundle.refs[ref].right)


def _depths(tables: list[tuple[Places, Places, Places]]) -> tuple[Places, Ints]:
    """All cells that compute, sorted, and the depth of each: 0 where it can't be told, as the cell reads itself."""
    cell = np.concatenate([table[0] for table in tables])
    source = np.concatenate([table[1] for table in tables])
    cells, index = np.unique(cell, return_inverse=True)
    before = places.find(source, cells)
    inner = before >= 0
    order = np.argsort(index[inner], kind="stable")
    index, before = index[inner][order], before[inner][order]
    starts = np.flatnonzero(np.r_[True, np.diff(index) != 0]) if index.size else index
    depth = np.ones(cells.size, np.int64)
    for _ in range(_ROUNDS if index.size else 0):
        further = depth.copy()
        further[index[starts]] = 1 + np.maximum.reduceat(depth[before], starts)
        if (further == depth).all():
            return cells, depth
        changed = further != depth
        depth = further
    else:
        if index.size:
            depth[changed] = 0
    return cells, depth


def _most_common(values: Ints) -> int:
    there, count = np.unique(values, return_counts=True)
    return int(there[count.argmax()]) if there.size else 0
