"""Layers out of formulas: who reads whom, with what, and in which geometry.

Works from the formulas' meanings alone. A convolution is many cells that multiply moving windows with the same
weights; a dense layer's cells have weights of their own each; pooling takes the largest of windows. What stands where
is inferred from most of a layer's cells, so that a few faulty ones do not hide it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import layers, places
from xlconv.places import NOWHERE, Places
from xlconv.recover import geometry, pooled
from xlconv.recover.channels import by_label, channels
from xlconv.recover.dense import Dense, completed, corrected
from xlconv.recover.inputs import find_inputs
from xlconv.recover.lines import each_once, each_window_once, usual
from xlconv.recover.nouns import Argmax
from xlconv.recover.operations import Inline, Operations, OperationTable
from xlconv.recover.reading import Reading
from xlconv.recover.shares import Shares, is_most
from xlconv.recover.tensors import Built, CopiedCells, Owners, Prediction, Tensor

Ints: TypeAlias = NDArray[np.int64]

_ATTEMPTS: Final = 6
_MIXED: Final = 3
"""Cells that share weights by mistake."""
_DEEPEST: Final = 200
"""Layers, one behind the other."""


def build(reading: Reading) -> Built:
    """The layers that the formulas of a workbook compute.

    What is an operation but belongs to no layer is taken out of the way, so that layers behind it make a network of
    their own, which begins there.
    """
    stray = np.empty(0, np.int64)
    for _ in range(_ATTEMPTS):
        operations = Operations(reading, stray)
        builder = _Builder(operations, reading)
        further = builder.stray()
        if not further.size:
            break
        stray = np.union1d(stray, further)
    builder.built.operations = np.union1d(stray, builder.live)
    return builder.built


class _Builder:
    """Adds layer after layer, in the order of depth."""

    def __init__(self, operations: Operations, reading: Reading) -> None:
        self.operations, self.reading, self.filled = operations, reading, reading.filled
        self.built = Built(ones=operations.ones)
        self.owners = Owners()
        self.shares = Shares(operations, self.owners, self.filled, self._in_shape)
        self.largest: set[int] = set()
        for cells in find_inputs(operations, self.filled):
            self._add(Tensor(cells))
        for depth in range(1, min(operations.deepest, _DEEPEST) + 1):
            self._add_dots(depth)
            self._add_windows(depth)
            self._add_elementwise(depth)
            for tensor in self.shares.at(depth):
                self._add(tensor)
        self._add_copies()
        self._add_predictions()

    @property
    def live(self) -> Places:
        """The cells that do what layers do; without sums and means, as these may stand anywhere."""
        totals = np.union1d(self.operations.totals.cell, self.operations.windows.cell)
        return np.setdiff1d(self.operations.live, totals)

    def stray(self) -> Places:
        """The first operations in the way: those that read nothing unknown, but became part of no layer."""
        used = [tensor.cells.ravel() for tensor in self.built.tensors]
        used += [part.ravel() for tensor in self.built.tensors for part in tensor.parts.values()]
        used += [np.array([*self.largest], np.int64)]
        left = np.setdiff1d(self.live, np.concatenate(used))
        return self.operations.first_of(left)

    def _add(self, tensor: Tensor) -> None:
        self.owners.add(tensor)
        self.built.tensors.append(tensor)

    # Sums of products

    def _add_dots(self, depth: int) -> None:
        dots = self.operations.dots
        lines = self._of_one_tensor(dots, dots.at_depth(depth))
        number, element = self.owners.find(dots.source[lines])
        known = number >= 0
        lines, number, element = lines[known], number[known], element[known]
        convolutions: list[_Channel] = []
        dense: list[_Channel] = []
        for mine in by_label(channels(dots.cell[lines], dots.weight[lines])):
            of = geometry.most_common(number[mine])
            whole = mine[number[mine] == of]
            for one in each_window_once(dots.cell[lines[whole]], element[whole]):
                for each in self._channels(of, lines[whole[one]], element[whole[one]]):
                    (convolutions if each.windows else dense).append(each)
        for alike in _alike(convolutions):
            self._add_convolution(alike)
        for alike in _alike([each for each in dense if self.owners.find(each.cells)[0][0] < 0]):  # not a faulty cell
            for layer in self._told_apart(alike):
                self._add_linear(layer)

    def _channels(self, of: int, lines: Ints, element: Ints) -> Iterator[_Channel]:
        """One output channel; or a few elements of a dense layer, some of which have weights of others by mistake."""
        found = self._channel(of, lines, element)
        if found is not None:
            yield found
            return
        cell, weight = self.operations.dots.cell[lines], self.operations.dots.weight[lines]
        cells, count = np.unique(cell, return_counts=True)
        for one in cells if cells.size <= _MIXED and np.unique(weight).size > count.max() else ():
            single = self._channel(of, lines[cell == one], element[cell == one])
            yield from [] if single is None else [single]

    def _channel(self, of: int, lines: Ints, element: Ints) -> _Channel | None:
        """One output channel: cells that share their weights."""
        dots, source = self.operations.dots, self.owners.tensors[of]
        cells, inverse = np.unique(dots.cell[lines], return_inverse=True)
        inline, bias = self.operations.around(cells), self._bias(cells)
        if bias is None:
            return None
        if cells.size == 1:
            return _Channel(of, cells, inline, bias, element, dots.weight[lines])
        grid = geometry.grid(cells)
        on = grid.row[inverse] >= 0
        c, y, x = np.unravel_index(element[on], source.image)
        row, column = grid.row[inverse][on], grid.column[inverse][on]
        windows = geometry.fit_windows(row, column, (c, y, x), dots.weight[lines][on], source.image[0])
        if windows is None or len(source.shape) != 3:
            return None
        return _Channel(of, grid.cells, inline, bias, windows=windows)

    def _bias(self, cells: Places) -> int | None:
        """The cell that is added to most of these; -1 where none is, None where it is none that is learned."""
        singles = self.operations.singles
        lines = singles.of(cells)
        if 2 * np.unique(singles.cell[lines]).size <= cells.size:
            return NOWHERE
        if lines.size > 1.5 * cells.size:
            return None
        bias = geometry.most_common(singles.source[lines])
        return None if places.find(np.array([bias]), self.operations.live)[0] >= 0 else bias

    def _add_convolution(self, alike: list[_Channel]) -> None:
        source = self.owners.tensors[alike[0].of]
        windows = [each.windows for each in alike if each.windows]
        kernels = np.stack([each.kernel for each in windows])
        height, width = kernels.shape[2:]
        stride, first = windows[0].stride, windows[0].first
        pad, padding = geometry.padding(source.image[1:], alike[0].cells.shape, (height, width), stride, first)
        has_bias = alike[0].bias != NOWHERE
        layer = layers.Conv2d(source.image[0], len(alike), (height, width), stride, padding, bias=has_bias)
        weights = {"weight": kernels} | _biases(alike)
        self._add(Tensor(np.stack([each.cells for each in alike]), layer, source, alike[0].inline, weights, pad))

    def _told_apart(self, alike: list[_Channel]) -> Iterator[list[_Channel]]:
        """Dense layers of one input: cells in several columns, or rows, of which nothing is computed together."""
        cells = np.concatenate([each.cells for each in alike])
        lines = (places.columns(cells), places.rows(cells))
        if not any(np.unique(line).size == 1 for line in lines):
            for line in lines:
                if not self.reading.read_together(cells, line):
                    yield from ([alike[at] for at in np.flatnonzero(line == one)] for one in np.unique(line))
                    return
        yield alike

    def _add_linear(self, alike: list[_Channel]) -> None:
        source = self.owners.tensors[alike[0].of]
        size = source.cells.size
        weight = np.full((len(alike), size), NOWHERE, np.int64)
        for row, each in zip(weight, alike, strict=True):
            row[each.element] = each.weight
        bias = np.array([each.bias for each in alike])
        found = Dense(np.concatenate([each.cells for each in alike]), weight, bias)
        found = corrected(completed(found, self._is_free, self.reading.mentioned), self.reading.numbers)
        has_bias = alike[0].bias != NOWHERE
        layer = layers.Linear(size, found.cells.size, has_bias)
        weights = {"weight": found.weight} | ({"bias": found.bias} if has_bias else {})
        self._add(Tensor(found.cells, layer, source, alike[0].inline, weights))

    def _is_free(self, cells: Places) -> NDArray[np.bool_]:
        """Which cells a further layer reads one by one, and no layer computes."""
        free: NDArray[np.bool_] = (places.find(cells, self._read_alike) >= 0) & (self.owners.find(cells)[0] < 0)
        return free

    @cached_property
    def _read_alike(self) -> Places:
        return self.operations.read_alike(self.filled)

    # The largest of windows

    def _add_windows(self, depth: int) -> None:
        for kind, table, lines in self.operations.windows_by_kind(depth):
            zero = places.find(table.source[lines], self.operations.zeros) >= 0
            lines = lines[~np.isin(table.cell[lines], table.cell[lines[zero]])]  # a zero is no padding of windows
            lines = self._of_one_tensor(table, lines)
            for of, cells, element in self.owners.by_tensor(table.cell[lines], table.source[lines]):
                tensor = self.owners.tensors[of]
                if cells.size == tensor.cells.size and np.unique(cells).size == 1:
                    self.largest.add(int(cells[0]))
                elif len(tensor.shape) == 3:
                    self._add_pooling(kind, tensor, cells, element)

    def _of_one_tensor(self, table: OperationTable, lines: Ints) -> Ints:
        """Without the lines of cells that read several tensors, or what is in none; cells that hold nothing aside.

        Where few do, they do so by mistake, and what most of each reads is left.
        """
        cell, source = table.cell[lines], table.source[lines]
        number, _ = self.owners.find(source)
        there = (number >= 0) | (places.find(source, self.filled) >= 0)
        cells, inverse = np.unique(cell, return_inverse=True)
        most = usual(inverse[there], number[there], cells.size)
        others = np.bincount(inverse[there], number[there] != most[inverse[there]], cells.size)
        mixed = (others > 0) | (most < 0)
        few = (2 * mixed.sum() < cells.size) & (most >= 0) & (2 * others < np.bincount(inverse, minlength=cells.size))
        left: Ints = lines[((~mixed | few)[inverse]) & (~there | (number == most[inverse]))]
        return left

    def _add_pooling(self, kind: type[layers.Layer], source: Tensor, cell: Places, element: Ints) -> None:
        inline = self.operations.around(np.unique(cell))
        c, y, x = np.unravel_index(element, source.image)
        if np.unique(np.stack([cell, c]), axis=1).shape[1] > 1.25 * np.unique(cell).size:
            return  # windows that span channels
        grids: list[Places] = []
        fits = set()
        for channel in range(source.image[0]):
            mine = c == channel
            if not mine.any():
                return
            grid, sides = _pooled(cell[mine], y[mine], x[mine], source.image[1:])
            fits.add((sides, grid.shape))
            grids.append(grid)
        (down, right), shape = next(iter(fits))
        if len(fits) != 1 or down is None or right is None:
            return
        kernel, stride, padding = (
            (down.kernel, right.kernel),
            (down.stride, right.stride),
            (down.padding, right.padding),
        )
        layer = pooled.layer(kind, kernel, stride, padding, down.ceil or right.ceil)
        pad = (0, -right.unread, 0, -down.unread)
        if layer is not None and layer.output_shape(layers.ZeroPad2d(pad).output_shape(source.shape))[1:] == shape:
            self._add(Tensor(np.stack(grids), layer, source, inline, pad=pad))

    # One cell for each element

    def _add_elementwise(self, depth: int) -> None:
        table = self.operations.elementwise
        lines = table.at_depth(depth)
        kinds = self.operations.kind(table.cell[lines])
        for kind in np.unique(kinds):
            mine = lines[kinds == kind]
            for of, cells, element in self.owners.by_tensor(table.cell[mine], table.source[mine]):
                for once in each_once(cells, element):
                    self._add_steps(self.owners.tensors[of], cells[once], element[once])

    def _add_steps(self, source: Tensor, cells: Places, element: Ints) -> None:
        if is_most(element, source):
            layer, *inline = self.operations.around(cells)
            self._add(Tensor(self._in_shape(source, cells, element), layer, source, tuple(inline)))

    def _in_shape(self, source: Tensor, cells: Places, element: Ints) -> Places:
        """The cell that goes with each element, in the source's shape.

        A missing one, or one of which there are several, is where the others' grid has it, if something stands there
        or a formula reads it.
        """
        shown = np.full(source.cells.size, NOWHERE, np.int64)
        once = np.bincount(element, minlength=shown.size)[element] == 1
        shown[element[once]] = cells[once]
        for channel in shown.reshape(source.image):
            missing = channel == NOWHERE
            if missing.any() and not missing.all():
                there = geometry.on_grid(channel)[missing]
                channel[missing] = np.where(np.isin(there, self.reading.mentioned), there, NOWHERE)
        left = shown[element] == NOWHERE
        shown[element[left]] = cells[left]
        return shown.reshape(source.shape)

    # What else shows a tensor

    def _add_copies(self) -> None:
        table = self.operations.copies
        for of, cells, element in self.owners.by_tensor(table.cell, self.operations.original(table.cell)):
            self.built.copies.append(CopiedCells(self.owners.tensors[of], element, cells))

    def _add_predictions(self) -> None:
        for bundle in self.operations.argmaxes:
            if len(bundle.refs) == 1 and isinstance(bundle.meaning, Argmax) and bundle.meaning.base:
                continue  # classes that are counted from 1 are no classes of ours
            vector = self.operations.original(bundle.operands(0))
            for row, cell in enumerate(bundle.cells.tolist()):
                number, element = self.owners.find(vector[row])
                labels = bundle.operands(1)[row] if len(bundle.refs) > 1 else None
                if number[0] >= 0 and (number == number[0]).all() and (labels is None or labels.size == element.size):
                    self.built.predictions.append(Prediction(self.owners.tensors[number[0]], element, cell, labels))


@dataclass(frozen=True, eq=False)
class _Channel:
    """One output channel of a convolution, or one element of a dense layer.

    Args:
        of: The number of the tensor that it reads.
        cells: (H, W) or (1,).
        inline: The elementwise layers around it.
        bias: The cell, or -1.
        element: For a dense cell, the elements that it reads, and
        weight: their weights.
        windows: For a convolution, how it reads.
    """

    of: int
    cells: Places
    inline: Inline
    bias: int
    element: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    weight: Places = field(default_factory=lambda: np.empty(0, np.int64))
    windows: geometry.Windows | None = None

    def make(self) -> tuple[object, ...]:
        """What the channels of one layer have in common."""
        own = self.windows and (self.windows.stride, self.windows.first, self.windows.kernel.shape)
        return self.of, self.inline, self.bias == NOWHERE, own, self.cells.shape


def _alike(found: list[_Channel]) -> Iterator[list[_Channel]]:
    """The channels of each layer, in the order in which they stand."""
    kinds: dict[object, list[_Channel]] = {}
    for each in sorted(found, key=lambda each: int(each.cells.flat[0])):
        kinds.setdefault(each.make(), []).append(each)
    yield from kinds.values()


def _biases(alike: Sequence[_Channel]) -> dict[str, Places]:
    return {} if alike[0].bias == NOWHERE else {"bias": np.array([each.bias for each in alike])}


def _pooled(
    cell: Places, y: Ints, x: Ints, size: Sequence[int]
) -> tuple[Places, tuple[geometry.Pooling | None, geometry.Pooling | None]]:
    """The cells of one pooled channel, and how they read."""
    cells, inverse, count = np.unique(cell, return_inverse=True, return_counts=True)
    grid = geometry.grid(cells)
    sides, area = [], np.ones(cells.size, np.int64)
    for index, along, length in ((grid.row, y, size[0]), (grid.column, x, size[1])):
        low, high = np.full(cells.size, length), np.full(cells.size, -1)
        np.minimum.at(low, inverse, along)
        np.maximum.at(high, inverse, along)
        on = (grid.row >= 0) & (grid.column >= 0)
        sides.append(geometry.fit_pooling(index[on], low[on], high[on], length))
        area *= high - low + 1
    if 4 * np.count_nonzero(count != area) > cells.size:
        return grid.cells, (None, None)  # there are holes in what they read
    return grid.cells, (sides[0], sides[1])
