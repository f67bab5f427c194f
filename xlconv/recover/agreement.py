"""Do the cells of a network compute what its layers say? Formula by formula, by meaning.

What each cell should read is worked out here from the layers' definitions, what it does read comes from the formula.
Both are lists of lines (what is done, with which cells), compared as sets; nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import layers, places
from xlconv.layers import Layer
from xlconv.network import INPUT
from xlconv.places import NOWHERE, Places
from xlconv.recover.found import Found, Stage
from xlconv.recover.meaning import Argmax, Exp, Max, Share, Sum, SumExp
from xlconv.recover.operations import exp_refs
from xlconv.recover.reading import Bundle, Reading

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

PRODUCT, SINGLE, MAXIMUM, EXP, SHIFT, PART, WHOLE, RELUS, ARGMAX, LABEL, OTHER = range(11)
"""What is done with a line's cells."""

_KINDS: Final = 11


class Lines(NamedTuple):
    """What cells do: one line for each cell or product that they read.

    Args:
        cell: The cell.
        kind: What it does.
        a: With which cell.
        b: And, for products, with which other; the smaller place comes first.
    """

    cell: Places
    kind: Ints
    a: Places
    b: Places

    def only(self, keep: Flags) -> Lines:
        """Some of the lines."""
        return Lines(*(column[keep] for column in self))


@dataclass(frozen=True)
class Agreement:
    """Which cells of a network mean what they should.

    Args:
        cells: All cells of its stages, sorted.
        agrees: For each.
        expected: What the cells should do.
        actual: What they do, but for reading blank cells.
        beyond: Reading of blank cells or text outside the blocks of the network.
    """

    cells: Places
    agrees: Flags
    expected: Lines
    actual: Lines
    beyond: Lines

    def share(self, of: Places) -> float:
        """How much of some cells agrees."""
        at = places.find(of.ravel(), self.cells)
        return float(self.agrees[at[at >= 0]].mean()) if (at >= 0).any() else 0.0


def compare(found: Found, reading: Reading) -> Agreement:
    """Compare all formulas of a network with its layers.

    Args:
        found: The network and where it stands.
        reading: The workbook's formulas.
    """
    cells = found.computed
    expected = _seen_through(_joined(list(_expected(found))), reading)
    written = _joined([_lines(bundle, cells) for bundle in reading.bundles])
    actual = _seen_through(written, reading)
    blocks = [block for _, _, block in found.blocks()] + [_labels(found)]
    blank = _is_blank(written, found.owned, reading)
    beyond = _beyond(actual.only(blank), blocks, reading)
    actual = actual.only(~blank)
    return Agreement(cells, _same(cells, expected, actual), expected, actual, beyond)


def would_agree(found: Found, reading: Reading, known: Agreement, place: int, formula: str) -> bool:
    """Whether a cell would do what is due there if it had this formula."""
    cells = np.array([place])
    bundle = reading.bundle_of(formula, place)
    if bundle is None:
        return False
    written = _lines(bundle, cells)
    actual = _seen_through(written.only(~_is_blank(written, found.owned, reading)), reading)
    expected = known.expected.only(known.expected.cell == place)
    return bool(_same(cells, expected, actual)[0])


def _seen_through(lines: Lines, reading: Reading) -> Lines:
    """With what copies repeat in the place of the copies."""
    is_place = lines.kind != RELUS
    a, b = (np.where(is_place, reading.original(side), side) for side in (lines.a, lines.b))
    pair = b != NOWHERE
    return Lines(lines.cell, lines.kind, np.where(pair, np.minimum(a, b), a), np.where(pair, np.maximum(a, b), b))


def _labels(found: Found) -> Places:
    return np.empty(0, np.int64) if found.labels is None else found.labels.ravel()


def _joined(many: list[Lines]) -> Lines:
    found = [each for each in many if each.cell.size]
    if not found:
        return Lines(*(np.empty(0, np.int64),) * 4)
    return Lines(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _same(cells: Places, expected: Lines, actual: Lines) -> Flags:
    """For each cell whether its lines are the same in both, whatever their order.

    Lines are compared by two sums of 64-bit marks, as sorting millions of them would take seconds.
    """
    same: Flags = np.ones(cells.size, bool)
    for seed in _SEEDS:
        sums = []
        for lines in (expected, actual):
            total = np.zeros(cells.size, np.uint64)
            np.add.at(total, places.find(lines.cell, cells), _marks(lines, seed))
            sums.append(total)
        same &= sums[0] == sums[1]
    return same


_SEEDS: Final = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)


def _marks(lines: Lines, seed: int) -> NDArray[np.uint64]:
    """A well-mixed number for each line."""
    mark = _mixed(lines.a.astype(np.uint64) + np.uint64(seed))
    mark = _mixed(mark ^ lines.b.astype(np.uint64))
    return _mixed(mark + lines.kind.astype(np.uint64))


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The last step of the generator SplitMix64: each bit of the result depends on each bit of x."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


# What cells do


def _lines(bundle: Bundle, cells: Places) -> Lines:
    """The lines of a bundle's cells, those that belong to the network."""
    mine = np.flatnonzero(places.find(bundle.cells, cells) >= 0)
    if not mine.size:
        return _joined([])
    kinds = _kinds(bundle)
    found = []
    if bundle.relus:  # several are as good as one
        found.append(_line(bundle.cells[mine], RELUS, np.ones((mine.size, 1), np.int64)))
    if kinds is None:  # it means something, but nothing that a layer does
        return _line(bundle.cells[mine], OTHER, np.zeros((mine.size, 1), np.int64))
    for kind, refs in kinds:
        sides = [bundle.operands(ref)[mine] for ref in refs]
        found.append(_line(bundle.cells[mine], kind, *sides))
    return _joined(found)


def _line(cells: Places, kind: int, a: Places, b: Places | None = None) -> Lines:
    cell = np.repeat(cells, a.shape[1])
    first = a.ravel()
    second = np.full(first.size, NOWHERE) if b is None else b.ravel()
    if b is not None:
        first, second = np.minimum(first, second), np.maximum(first, second)
    return Lines(cell, np.full(cell.size, kind), first, second)


def _kinds(bundle: Bundle) -> list[tuple[int, tuple[int, ...]]] | None:
    """What is done with which ranges of a bundle; None where that is nothing that a layer does."""
    meaning = bundle.meaning
    count = len(bundle.refs)
    match meaning:
        case Sum():
            return _sum_kinds(meaning, SINGLE)
        case Max():
            return [(MAXIMUM, (at,)) for at in range(count)]
        case Exp():
            return _exp_kinds(meaning, count)
        case Share():
            part = meaning.part
            if isinstance(part, Sum):
                kinds = _sum_kinds(part, PART)
                return kinds and kinds + [(WHOLE, (at,)) for at in range(len(kinds), count)]
            kinds = _exp_kinds(part, 1)  # whether it is shifted makes no difference to a share
            wholes = exp_refs(part, meaning.whole) if isinstance(meaning.whole, SumExp) else []
            return kinds and [*kinds, *((WHOLE, (at,)) for at in wholes)]
        case Argmax():
            labels = [(LABEL, (at,)) for at in range(1, count)]
            return [(ARGMAX, (0,)), *labels] if meaning.base == (1 if labels else 0) else None
    return None


def _sum_kinds(sum_: Sum, single: int) -> list[tuple[int, tuple[int, ...]]] | None:
    kinds: list[tuple[int, tuple[int, ...]]] = []
    at = 0
    if sum_.constant:
        return None
    for term in sum_.terms:
        if term.coefficient != 1:
            return None
        kinds.append((PRODUCT, (at, at + 1)) if len(term.refs) == 2 else (single, (at,)))
        at += len(term.refs)
    return kinds


def _exp_kinds(exp: Exp, count: int) -> list[tuple[int, tuple[int, ...]]] | None:
    coefficients = [term.coefficient for term in exp.of.terms]
    if exp.of.constant or coefficients not in ([1], [1, -1]) or any(len(t.refs) != 1 for t in exp.of.terms):
        return None
    return [(EXP, (0,)), *((SHIFT, (at,)) for at in range(1, count))]


def _is_blank(lines: Lines, owned: Places, reading: Reading) -> Flags:
    """Lines that read a cell outside the network that holds no number and no formula: it counts as nothing.

    So does a copy of such a cell, unless it is one of the network's own.
    """
    blank = np.zeros(lines.cell.size, bool)
    reads = (lines.kind != RELUS) & (lines.kind != OTHER)
    for side in (lines.a, lines.b):
        outside = reads & (side != NOWHERE) & (places.find(side, owned) < 0)
        at, original = np.flatnonzero(outside), reading.original(side[outside])
        blank[at] |= (places.find(original, owned) < 0) & (places.find(original, reading.filled) < 0)
    blank[(lines.kind == MAXIMUM) & (places.find(reading.original(lines.a), reading.zeros) >= 0)] = False
    return blank


def _beyond(lines: Lines, blocks: list[Places], reading: Reading) -> Lines:
    """Reading of blank cells that do not lie among a block's own, as between values at every second cell.

    The product of two blank cells is no matter.
    """
    empty = [(side != NOWHERE) & (places.find(side, reading.filled) < 0) for side in (lines.a, lines.b)]
    both_blank = empty[0] & empty[1]
    boxes = [_box(part) for block in blocks for part in (block if block.ndim > 2 else [block]) if (part >= 0).any()]
    inside = np.ones(lines.cell.size, bool)
    for side in (lines.a, lines.b):
        row, column = places.rows(side), places.columns(side)
        among = side == NOWHERE
        for top, left, bottom, right in boxes:
            among |= (row >= top) & (row <= bottom) & (column >= left) & (column <= right)
        inside &= among
    return lines.only(~inside & ~both_blank)


def _box(cells: Places) -> tuple[int, int, int, int]:
    cells = cells[cells != NOWHERE]
    row, column = places.rows(cells), places.columns(cells)
    return int(row.min()), int(column.min()), int(row.max()), int(column.max())


# What cells should do


def _expected(found: Found) -> Iterator[Lines]:
    shown = {INPUT: found.inputs}
    for stage in found.stages:
        if stage.nodes:
            shown[stage.shows] = stage.cells
    for stage in found.stages:
        yield from _stage_lines(found, stage, shown)
    if found.prediction != NOWHERE:
        vector = _shown(found, shown, found.network.nodes[-1].name).ravel()
        cell = np.array([found.prediction])
        yield _line(cell, ARGMAX, vector[None])
        if found.labels is not None:
            yield _line(cell, LABEL, found.labels.reshape(1, -1))


def _stage_lines(found: Found, stage: Stage, shown: Mapping[str, Places]) -> Iterator[Lines]:
    cells = stage.cells.ravel()
    if not stage.nodes:
        assert stage.elements is not None
        yield _known(_line(cells, SINGLE, shown[stage.shows].ravel()[stage.elements][:, None]))
        return
    node = stage.nodes[0]
    source = _shown(found, shown, node.inputs[0])
    weights = {key: found.weights[f"{node.name}.{key}"] for key in node.layer.weight_shapes}
    for lines in expect(node.layer, stage, source, weights):
        yield _known(lines)
    relus = len(stage.nodes) - 1 + isinstance(node.layer, layers.ReLU)
    if relus:
        yield _known(_line(cells, RELUS, np.ones((cells.size, 1), np.int64)))


def _known(lines: Lines) -> Lines:
    """Without lines of cells that are not known, and without what stands in no cell."""
    needs_both = lines.kind == PRODUCT
    return lines.only((lines.cell != NOWHERE) & (lines.a != NOWHERE) & (~needs_both | (lines.b != NOWHERE)))


def _shown(found: Found, shown: Mapping[str, Places], name: str) -> Places:
    """The cells that show a layer's output, also through views and paddings without cells of their own."""
    if name in shown:
        return shown[name]
    node = found.network[name]
    source = _shown(found, shown, node.inputs[0])
    if isinstance(node.layer, layers.ZeroPad2d):
        left, right, top, bottom = node.layer.padding
        return _padded(source, top, bottom, left, right)
    return source.reshape(found.network.shapes[name])


def _padded(source: Places, top: int, bottom: int, left: int, right: int) -> Places:
    height, width = source.shape[1:]
    cut = source[:, max(0, -top) : height - max(0, -bottom), max(0, -left) : width - max(0, -right)]
    around = ((0, 0), (max(0, top), max(0, bottom)), (max(0, left), max(0, right)))
    return np.pad(cut, around, constant_values=NOWHERE)


@singledispatch
def expect(layer: Layer, stage: Stage, source: Places, weights: Mapping[str, Places]) -> Iterator[Lines]:
    """What the cells of a layer should do.

    Args:
        layer: The layer.
        stage: Where it stands.
        source: The cells of its input, in the input's shape; -1 for zeros around it.
        weights: The cells of its weights.
    """
    raise NotImplementedError(type(layer).__name__)


@expect.register
def _conv2d(layer: layers.Conv2d, stage: Stage, source: Places, weights: Mapping[str, Places]) -> Iterator[Lines]:
    kernels = weights["weight"]
    windows = _windows(layer, source, stage.cells.shape[1:])
    for o, kernel in enumerate(kernels):
        cells = stage.cells[o].ravel()
        yield _dots(cells, windows, np.broadcast_to(kernel.ravel(), windows.shape))
        if layer.bias:
            yield _line(cells, SINGLE, np.full((cells.size, 1), weights["bias"][o]))


def _windows(layer: layers.Conv2d | layers.MaxPool2d, source: Places, out: tuple[int, ...]) -> Places:
    """(places of the output, elements of the window): for each output the cells that it reads."""
    sides = zip(out, layer.kernel_size, layer.stride, layer.padding, strict=True)
    y, x = (np.arange(n)[:, None] * s - p + np.arange(k) for n, k, s, p in sides)
    inside = ((y >= 0) & (y < source.shape[1]))[:, None, :, None] & ((x >= 0) & (x < source.shape[2]))[None, :, None, :]
    y, x = np.clip(y, 0, source.shape[1] - 1), np.clip(x, 0, source.shape[2] - 1)
    taken = source[:, y[:, None, :, None], x[None, :, None, :]]
    taken = np.where(inside, taken, NOWHERE)
    return taken.transpose(1, 2, 0, 3, 4).reshape(out[0] * out[1], -1)


def _dots(cells: Places, source: Places, weight: Places) -> Lines:
    there = (source != NOWHERE) & (weight != NOWHERE)
    cell = np.broadcast_to(cells[:, None], source.shape)[there]
    a, b = source[there], weight[there]
    return Lines(cell, np.full(cell.size, PRODUCT), np.minimum(a, b), np.maximum(a, b))


@expect.register
def _max_pool2d(layer: layers.MaxPool2d, stage: Stage, source: Places, _: Mapping[str, Places]) -> Iterator[Lines]:
    for c in range(source.shape[0]):
        windows = _windows(layer, source[c : c + 1], stage.cells.shape[1:])
        yield _line(stage.cells[c].ravel(), MAXIMUM, windows)


@expect.register
def _zero_pad2d(layer: layers.ZeroPad2d, stage: Stage, source: Places, _: Mapping[str, Places]) -> Iterator[Lines]:
    left, right, top, bottom = layer.padding
    yield _line(stage.cells.ravel(), SINGLE, _padded(source, top, bottom, left, right).reshape(-1, 1))


@expect.register
def _relu(layer: layers.ReLU, stage: Stage, source: Places, _: Mapping[str, Places]) -> Iterator[Lines]:
    yield _line(stage.cells.ravel(), SINGLE, source.reshape(-1, 1))


@expect.register
def _linear(layer: layers.Linear, stage: Stage, source: Places, weights: Mapping[str, Places]) -> Iterator[Lines]:
    weight = weights["weight"]
    yield _dots(stage.cells, np.broadcast_to(source.ravel(), weight.shape), weight)
    if layer.bias:
        yield _line(stage.cells, SINGLE, weights["bias"][:, None])


@expect.register
def _softmax(layer: layers.Softmax, stage: Stage, source: Places, _: Mapping[str, Places]) -> Iterator[Lines]:
    x, parts = source.ravel(), stage.parts
    every = np.broadcast_to(x, (x.size, x.size))
    exp = parts.get("exp", parts.get("plain exp"))
    if "max" in parts:
        yield _line(parts["max"], MAXIMUM, x[None])
    if exp is not None:
        yield _line(exp, EXP, x[:, None])
        if "exp" in parts:
            yield _line(exp, SHIFT, np.broadcast_to(parts["max"], (x.size, 1)) if "max" in parts else every)
        if "sum" in parts:
            yield _line(parts["sum"], SINGLE, exp[None])
        whole = parts.get("sum", exp)
        yield _line(stage.cells, PART, exp[:, None])
        yield _line(stage.cells, WHOLE, np.broadcast_to(whole, (x.size, whole.size)))
    else:
        yield _line(stage.cells, EXP, x[:, None])
        yield _line(stage.cells, WHOLE, every)
