"""One network out of the tensors that follow an input: names, views, weights and what else a reader is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from xlconv import layers
from xlconv.cells import Range, label
from xlconv.formula.constants import constant
from xlconv.network import INPUT, FloatArray, Network, Node
from xlconv.places import NOWHERE, Places
from xlconv.recover.evidence import with_evidence
from xlconv.recover.found import Found, Stage
from xlconv.recover.given import Given
from xlconv.recover.reading import Reading
from xlconv.recover.tensors import Built, Tensor


def _take_as_vectors(first: Tensor, tensors: Sequence[Tensor]) -> None:
    """An input of one row or column that no window slides over is a vector, and so is what goes element by element."""
    same = [first]
    for tensor in tensors:
        if tensor.source in same and tensor.layer is not None and tensor.layer.elementwise:
            same.append(tensor)
    readers = [tensor.layer for tensor in tensors if tensor.source in same]
    no_window = all(
        layer.elementwise or isinstance(layer, (layers.Linear, layers.Softmax)) for layer in readers if layer
    )
    if no_window and first.cells.shape[0] == 1 and 1 in first.cells.shape[1:]:
        for tensor in same:
            tensor.cells = tensor.cells.ravel()


_NAMES: Final = {layers.Conv2d: "conv", layers.MaxPool2d: "maxpool", layers.ZeroPad2d: "pad", layers.Linear: "dense"}
"""Where that is not what the type is called."""


def assembled(reading: Reading, built: Built, first: Tensor, tensors: Sequence[Tensor]) -> Found:
    """The network that begins in a tensor.

    Args:
        reading: The workbook's formulas.
        built: All that was made of them.
        first: The input.
        tensors: Those that are computed from it, in order; each is one of the network's stages.
    """
    return _Assembly(reading, built, first, tensors).found()


class _Assembly:
    """One network out of its tensors."""

    def __init__(self, reading: Reading, built: Built, first: Tensor, tensors: Sequence[Tensor]) -> None:
        self.book, self.atlas, self.built, self.first, self.tensors = (
            reading.book,
            reading.atlas,
            built,
            first,
            tensors,
        )
        self.reading = reading
        self.nodes: list[Node] = []
        self.shows: dict[int, str] = {id(first): INPUT}
        self.stages: list[Stage] = []
        self.weights: dict[str, Places] = {}
        self.given = Given(self.book)
        self.count: dict[type[layers.Layer], int] = {}

    def found(self) -> Found:
        _take_as_vectors(self.first, self.tensors)
        inputs = self.first.cells
        shape = inputs.shape
        self.flat = {INPUT} if len(shape) == 1 else set()
        for tensor in self.tensors:
            self._add(tensor)
        self._add_copies()
        numbers = {key: self._numbers(cells, key) for key, cells in self.weights.items()}
        prediction, labels, classes = self._prediction()
        network = Network(shape, self.nodes, numbers, classes)
        x = self._numbers(inputs, INPUT)
        title = self.atlas.cell(int(self.tensors[0].cells.flat[0])).sheet
        return Found(
            title,
            network,
            x,
            self.atlas,
            inputs,
            self.weights,
            tuple(with_evidence(self.stages, self.reading)),
            self.given,
            labels,
            prediction,
            ones=self._ones(),
        )

    def _ones(self) -> Places:
        """The cells that hold 1 and that biases are multiplied with."""
        cell, one = self.built.ones
        mine = np.concatenate([tensor.cells.ravel() for tensor in self.tensors])
        return np.unique(one[np.isin(cell, mine)])

    def _add(self, tensor: Tensor) -> None:
        assert tensor.source is not None
        assert tensor.layer is not None
        source = self.shows[id(tensor.source)]
        if any(tensor.pad):
            source = self._node(layers.ZeroPad2d(tensor.pad), source).name
        if isinstance(tensor.layer, (layers.Linear, layers.Softmax)) and source not in self.flat:
            source = self._flattened(source)
        node = self._node(tensor.layer, source)
        chain = [node]
        for layer in tensor.inline:
            chain.append(self._node(layer, chain[-1].name, inline=True))
        if len(tensor.shape) == 1:
            self.flat.update(each.name for each in chain)
        self.weights |= {f"{node.name}.{key}": cells for key, cells in tensor.weights.items()}
        self.shows[id(tensor)] = chain[-1].name
        stage = Stage(tuple(chain), chain[-1].name, tensor.cells, tensor.parts, is_plain=tensor.is_plain)
        self.stages.append(stage)

    def _flattened(self, source: str) -> str:
        for node in self.nodes:
            if isinstance(node.layer, layers.Flatten) and node.inputs == (source,):
                return node.name
        name = self._node(layers.Flatten(), source).name
        self.flat.add(name)
        return name

    def _node(self, layer: layers.Layer, source: str, inline: bool = False) -> Node:
        kind = type(layer)
        self.count[kind] = number = self.count.get(kind, 0) + 1
        name = _NAMES.get(kind, kind.__name__.lower())
        name += str(number) if number > 1 or kind is layers.Conv2d or layer.elementwise else ""
        self.nodes.append(Node(name, layer, (source,), inline))
        return self.nodes[-1]

    def _add_copies(self) -> None:
        for copies in self.built.copies:
            for tensor in (self.first, *self.tensors):
                own = tensor.own(copies.of, copies.elements)
                if own is not None and (own >= 0).any():
                    order = np.argsort(own, kind="stable")[(own < 0).sum() :]
                    shows = self.shows[id(tensor)]
                    self.stages.append(Stage((), shows, copies.cells[order], elements=own[order]))

    def _numbers(self, cells: Places, what: str) -> FloatArray:
        """The numbers in cells; 0 where there is none, and for an input that is computed the number that it shows."""
        read = self._shown if what == INPUT else self.given.number
        found = [0.0 if place == NOWHERE else read(self.atlas.cell(place)) for place in cells.ravel().tolist()]
        return np.array(found).reshape(cells.shape)

    def _shown(self, where: Range) -> float:
        cell = self.book.cell(*where[:3])
        is_computed = cell.formula is not None and constant(cell.formula) is None
        if is_computed or cell.value is None:
            return cell.value if isinstance(cell.value, float) else 0.0
        return self.given.number(where)

    def _prediction(self) -> tuple[int, Places | None, list[str]]:
        last = self.tensors[-1]
        for of, elements, cell, labels in self.built.predictions:
            own = last.own(of, elements)
            if own is not None and len(last.shape) == 1 and np.array_equal(own, np.arange(last.cells.size)):
                names = [] if labels is None else [self._text(int(place)) for place in labels]
                if len(set(names)) == len(names) and all(name.strip() for name in names):
                    return cell, labels, names
        return -1, None, []

    def _text(self, place: int) -> str:
        return label(self.book.cell(*self.atlas.cell(place)[:3]).value)
