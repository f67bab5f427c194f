"""Softmax among operations: exponentials, and what they are divided by; the whole, or sample by sample.

Cells that are divided by the same belong together. Whether that is what their exponentials add up to is for the proof
to decide, so a faulty one among them, or a number that was pasted over a sum, hides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import layers, places
from xlconv.places import NOWHERE, Places
from xlconv.recover import geometry
from xlconv.recover.operations import Operations, OperationTable
from xlconv.recover.tensors import Owners, Tensor

Ints: TypeAlias = NDArray[np.int64]
InShape: TypeAlias = Callable[[Tensor, Places, Ints], Places]
"""The cell that goes with each element of a tensor, in its shape."""

_MIXED: Final = np.uint64(0x9E3779B97F4A7C15)


class _Whole(NamedTuple):
    """What some cells are divided by, or have subtracted.

    Args:
        keys: A number for each cell, the same for those that read the same.
        held: The one cell that each reads, or -1 where it reads several; what that is a copy of, and
        copy: the cell itself.
    """

    keys: NDArray[np.uint64]
    held: Places
    copy: Places


class Shares:
    """Adds the softmaxes of a workbook, in the order of depth.

    Args:
        operations: What its formulas do.
        owners: The tensors that are known.
        filled: Cells that hold a number or a formula, sorted.
        in_shape: Puts cells into a tensor's shape.
    """

    def __init__(self, operations: Operations, owners: Owners, filled: Places, in_shape: InShape) -> None:
        self._operations, self._owners, self._filled, self._in_shape = operations, owners, filled, in_shape
        self.exponents = Owners()

    def at(self, depth: int) -> Iterator[Tensor]:
        """Those of a depth; the exponentials are kept."""
        operations = self._operations
        self._add_exponents(depth)
        for at, cells, element in _by_tensor(self.exponents, operations.shares, depth):
            exponents = self.exponents.tensors[at]
            yield from self._softmax(exponents, operations.wholes, cells, element)
        for at, cells, element in _by_tensor(self._owners, operations.direct, depth):
            source = self._owners.tensors[at]
            plain = not operations.shifts.of(cells).size
            exponents = Tensor(source.cells, None, source, parts=self._largest(source, cells, element), is_plain=plain)
            yield from self._softmax(exponents, operations.direct_wholes, cells, element)

    def _add_exponents(self, depth: int) -> None:
        """Cells that hold the exponentials of a tensor."""
        for at, cells, element in _by_tensor(self._owners, self._operations.exps, depth):
            source = self._owners.tensors[at]
            if is_most(element, source):
                shown = self._in_shape(source, cells, element)
                plain = not self._operations.shifts.of(cells).size
                parts = self._largest(source, cells, element) | {"plain exp" if plain else "exp": shown}
                self.exponents.add(Tensor(shown, None, source, parts=parts, is_plain=plain))

    def _largest(self, source: Tensor, cells: Places, element: Ints) -> dict[str, Places]:
        """For each element the cell that is subtracted, where that is one."""
        held = np.full(source.cells.size, NOWHERE, np.int64)
        held[element] = self._whole(self._operations.shifts, cells).held
        return {"max": held} if (held != NOWHERE).any() else {}

    def _whole(self, table: OperationTable, cells: Places) -> _Whole:
        """What some cells read in a table, each at least one."""
        lines = table.of(cells)
        order = np.argsort(cells, kind="stable")
        row = order[places.find(table.cell[lines], cells[order])]
        source = table.source[lines]
        count, held, copy = np.zeros((3, cells.size), np.int64)
        keys = np.zeros(cells.size, np.uint64)
        np.add.at(count, row, 1)
        np.add.at(keys, row, (source.astype(np.uint64) + np.uint64(1)) * _MIXED ^ (source.astype(np.uint64) << 7))
        np.maximum.at(held, row, source)
        np.maximum.at(copy, row, table.weight[lines])
        is_cell = (count == 1) & (places.find(held, self._filled) >= 0)
        return _Whole(keys, np.where(is_cell, held, NOWHERE), np.where(is_cell, copy, NOWHERE))

    def _softmax(self, of: Tensor, table: OperationTable, cells: Places, element: Ints) -> Iterator[Tensor]:
        """The shares of exponentials, in the shape of what these are of."""
        assert of.source is not None
        whole, source = self._whole(table, cells), of.source
        axis = _axis(source, element, whole.keys)
        if not is_most(element, source) or axis < 0:
            return
        held = np.full(source.cells.size, NOWHERE, np.int64)
        own = np.where(np.isin(whole.held, of.cells), whole.copy, whole.held)  # the sum of one is a copy of it
        held[element] = np.where(np.isin(own, of.cells), NOWHERE, own)
        largest = of.parts.get("max", np.full_like(held, NOWHERE))
        exps = {name: each for name, each in of.parts.items() if name != "max"}
        total = "plain sum" if of.is_plain and not exps else "sum"
        parts = {"max": self._of_samples(source, axis, largest), **exps, total: self._of_samples(source, axis, held)}
        shown = self._in_shape(source, cells, element)
        yield Tensor(
            shown if axis else shown.ravel(),
            layers.Softmax(),
            source,
            parts={name: each if axis else each.ravel() for name, each in parts.items() if (each != NOWHERE).any()},
            along=axis or None,
            is_plain=of.is_plain,
        )

    def _of_samples(self, source: Tensor, axis: int, held: Places) -> Places:
        """Of each sample the cell that most of it reads; where it is missing, that in line with the others'; or -1."""
        label = _labels(source, axis)
        cells = np.array([geometry.most_common(held[label == at]) for at in range(int(label.max()) + 1)])
        known = np.flatnonzero(cells != NOWHERE)
        if not cells.size > known.size > cells.size / 2:
            return cells
        return self._in_shape(Tensor(cells.reshape(1, 1, -1)), cells[known], known).ravel()


def is_most(element: Ints, source: Tensor) -> bool:
    """Whether elements are most of a tensor's."""
    return bool(2 * np.unique(element).size > source.cells.size)


def _by_tensor(owners: Owners, table: OperationTable, depth: int) -> Iterator[tuple[int, Places, Ints]]:
    lines = table.at_depth(depth)
    yield from owners.by_tensor(table.cell[lines], table.source[lines])


def _labels(source: Tensor, axis: int) -> Ints:
    """The sample that each element belongs to; all to one along no axis (0)."""
    index = np.indices(source.image)[axis].ravel()
    return index if axis else np.zeros_like(index)


def _axis(source: Tensor, element: Ints, keys: NDArray[np.uint64]) -> int:
    """Along which axis samples stand that have a whole each; 0 where there is one for all, -1 where it is neither."""
    for axis in (0, 1, 2):
        label = _labels(source, axis)
        sizes = np.bincount(label)
        if axis and (sizes.size == 1 or sizes[0] == 1):
            continue
        most = [_largest_group(keys[label[element] == at]) for at in range(sizes.size)]
        if 2 * sum(2 * count > size for count, size in zip(most, sizes.tolist(), strict=True)) > sizes.size:
            return axis
    return -1


def _largest_group(keys: NDArray[np.uint64]) -> int:
    return int(np.unique(keys, return_counts=True)[1].max(initial=0))
