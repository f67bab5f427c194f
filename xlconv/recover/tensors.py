"""Arrays that stand in cells, and which element of which of them a cell shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import layers, places
from xlconv.places import NOWHERE, Places

Ints: TypeAlias = NDArray[np.int64]


@dataclass(eq=False)
class Tensor:
    """An array that stands in cells: an input, or a layer's output.

    Args:
        cells: In its shape; -1 where the cell is not known.
        layer: What computes it from `source`, before what is inline; None for an input.
        source: What the layer reads.
        inline: The elementwise layers in the formulas around it, from the inside.
        weights: The cells of the layer's weights, by PyTorch's names.
        pad: What the source is padded with first, where that is not the layer's own padding: left, right, top, bottom.
        parts: The cells of intermediate results; those of which each sample has one, sample by sample.
        along: For a Softmax of samples, the axis along which these stand.
        is_plain: Whether it takes EXP of numbers as they are, not less the largest.
        origin: The tensor of a batch of which this is one sample, and
        elements: which of its elements, in its flat order.
    """

    cells: Places
    layer: layers.Layer | None = None
    source: Tensor | None = None
    inline: tuple[layers.Layer, ...] = ()
    weights: dict[str, Places] = field(default_factory=dict)
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    parts: dict[str, Places] = field(default_factory=dict)
    along: int | None = None
    is_plain: bool = False
    origin: Tensor | None = None
    elements: Ints | None = None

    def own(self, of: Tensor, elements: Ints) -> Ints | None:
        """Which elements of this one some elements of a tensor are, -1 where none; None where it is another tensor."""
        if of is self:
            return elements
        return places.find(elements, self.elements) if of is self.origin and self.elements is not None else None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return self.cells.shape

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, height and width; a vector is a column."""
        return self.shape if len(self.shape) == 3 else (1, self.shape[0], 1)


class CopiedCells(NamedTuple):
    """Cells that repeat elements of a tensor."""

    of: Tensor
    elements: Ints
    cells: Places


class Prediction(NamedTuple):
    """A cell that tells the largest of some elements of a tensor."""

    of: Tensor
    elements: Ints
    cell: int
    labels: Places | None


@dataclass
class Built:
    """All layers of a workbook: tensors in topological order, inputs first."""

    tensors: list[Tensor] = field(default_factory=list)
    copies: list[CopiedCells] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    operations: Places = field(default_factory=lambda: np.empty(0, np.int64))
    """All cells that do what layers do, whether or not they belong to one, sorted."""
    ones: tuple[Places, Places] = (np.empty(0, np.int64), np.empty(0, np.int64))
    """Cells whose biases are multiplied with a cell that holds 1, and that cell."""


class Owners:
    """Which element of which tensor stands in a cell."""

    def by_tensor(self, cell: Places, source: Places) -> Iterator[tuple[int, Places, Ints]]:
        """Lines by the tensor that is read: its number, the cells, and the element that each reads."""
        number, element = self.find(source)
        for at in np.unique(number[number >= 0]):
            mine = number == at
            yield int(at), cell[mine], element[mine]

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.cells = self.number = self.element = np.empty(0, np.int64)

    def add(self, tensor: Tensor) -> None:
        """One more tensor; what computes a cell is told before the input in whose rectangle it stands."""
        flat = tensor.cells.ravel()
        there = np.flatnonzero(flat != NOWHERE)
        number = np.full(there.size, len(self.tensors))
        pair = slice(None, None, -1 if tensor.layer is not None else 1)
        cells, numbers, elements = (
            np.concatenate([old, new][pair])
            for old, new in ((self.cells, flat[there]), (self.number, number), (self.element, there))
        )
        order = np.argsort(cells, kind="stable")
        self.cells, self.number, self.element = cells[order], numbers[order], elements[order]
        self.tensors.append(tensor)

    def find(self, cells: Places) -> tuple[Ints, Ints]:
        """Number of the tensor, -1 where there is none, and the element in its flat order."""
        at = places.find(cells, self.cells)
        if not self.cells.size:
            return at, at
        return np.where(at >= 0, self.number[at], -1), np.where(at >= 0, self.element[at], -1)
