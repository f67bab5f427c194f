"""Formulas of any workbook -> layers -> networks, with evidence.

Reads formulas only: macros never run, nothing is computed unless a weight is itself a formula.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np

from xlconv import layers, reader
from xlconv.cells import Range, label
from xlconv.errors import XlconvError
from xlconv.formula.constants import constant
from xlconv.formula.forms import Group
from xlconv.network import INPUT, FloatArray, Network, Node
from xlconv.places import NOWHERE, Places
from xlconv.recover.build import build
from xlconv.recover.declared import declares, found_by
from xlconv.recover.evidence import with_evidence
from xlconv.recover.found import Found, Stage
from xlconv.recover.given import Given
from xlconv.recover.proof import Proof
from xlconv.recover.reading import Reading, read
from xlconv.recover.tensors import Built, Tensor

__all__ = ["Found", "Recovered", "Stage", "recover", "recover_book"]


@dataclass
class Recovered:
    """What a workbook's formulas compute.

    Args:
        book: The workbook.
        reading: Its formulas.
        networks: Those found, in the order of their inputs.
        not_recognised: Formulas that belong to none.
        stray: Those of them that do what layers do: cells, sorted.
    """

    book: reader.Workbook
    reading: Reading
    networks: list[Found] = field(default_factory=list)
    not_recognised: list[Group] = field(default_factory=list)
    stray: Places = field(default_factory=lambda: np.empty(0, np.int64))


def recover(path: str | Path) -> Recovered:
    """Find the networks in a workbook's formulas.

    Raises:
        WorkbookError: The file cannot be read.
    """
    return recover_book(reader.read(Path(path)))


def recover_book(book: reader.Workbook, said: Found | None = None) -> Recovered:
    """The same for a workbook that has been read.

    Args:
        book: The workbook.
        said: A network that is known to stand in it; else what the workbook itself says, if its formulas bear it out.
    """
    reading = read(book)
    if said is None:
        said = _declared(book, reading)
    networks = [] if said is None else [said]
    if said is not None:
        reading.aside = np.setdiff1d(said.views, said.owned)
    rest, stray = _rest(reading, networks), np.empty(0, np.int64)
    if rest:
        built = build(reading)
        others = _told_apart(_without_fragments(list(_networks(book, reading, built))))
        networks += [each for each in others if said is None or not _share_cells(each, said)]
        rest, stray = _rest(reading, networks), built.operations
    for found in networks:
        stray = np.setdiff1d(stray, found.formulas)
    return Recovered(book, reading, networks, rest, stray)


def _rest(reading: Reading, networks: list[Found]) -> list[Group]:
    """The formulas that belong to no network; where one is a network's input, it is what the network begins behind."""
    known = {place for found in networks for place in (*found.formulas.tolist(), *found.constants.tolist())}
    rest = []
    for group in reading.groups:
        at = [cell for cell in group.cells if reading.atlas.place(group.sheet, *cell) not in known]
        if at:
            rest.append(group._replace(cells=at))
    return rest


def _without_fragments(networks: list[Found]) -> list[Found]:
    """Without what begins at a cell that another network computes but for a number pasted over its formula there."""
    computed = [np.concatenate([stage.cells.ravel() for stage in found.stages]) for found in networks]
    return [
        found
        for at, found in enumerate(networks)
        if not any(np.isin(found.inputs, cells).all() for other, cells in enumerate(computed) if other != at)
    ]


def _told_apart(networks: list[Found]) -> list[Found]:
    """With the input's range in the title where several stand on one worksheet."""
    titles = [found.title for found in networks]
    return [
        found if titles.count(found.title) == 1 else replace(found, title=found.atlas.ranges(found.inputs)[0].place)
        for found in networks
    ]


_MOST = 0.5
"""How much of each layer must compute what the workbook says of it for that to be taken over."""


def _declared(book: reader.Workbook, reading: Reading) -> Found | None:
    """The network that the workbook says it is, if its formulas bear that out; names and labels come from there."""
    if not declares(book):
        return None
    try:
        said = found_by(book)
    except XlconvError:
        return None
    proof = Proof(said, reading)
    true = all(proof.share(stage.cells) > _MOST for stage in said.stages)
    return replace(said, stages=tuple(with_evidence(said.stages, reading))) if true else None


def _share_cells(one: Found, other: Found) -> bool:
    cells = _cells_of([other])
    return any(place in cells for stage in one.stages for place in stage.cells.ravel().tolist())


def _cells_of(networks: list[Found]) -> set[int]:
    return {place for found in networks for place in found.owned.tolist()}


def _networks(book: reader.Workbook, reading: Reading, built: Built) -> Iterator[Found]:
    for tensor in built.tensors:
        if tensor.layer is None:
            mine = _followers(tensor, built)
            if mine:
                yield _Assembly(book, reading, built, tensor, mine).found()


def _followers(first: Tensor, built: Built) -> list[Tensor]:
    """All that is computed from an input."""
    known = {id(first)}
    found = []
    for tensor in built.tensors:
        if tensor.source is not None and id(tensor.source) in known:
            known.add(id(tensor))
            found.append(tensor)
    return found


def _take_as_vectors(first: Tensor, tensors: list[Tensor]) -> None:
    """An input of one row or column that no window slides over is a vector, and so is what goes element by element."""
    same = [first]
    for tensor in tensors:
        if tensor.source in same and isinstance(tensor.layer, layers.ReLU):
            same.append(tensor)
    readers = [tensor.layer for tensor in tensors if tensor.source in same]
    no_window = all(isinstance(layer, (layers.ReLU, layers.Linear, layers.Softmax)) for layer in readers)
    if no_window and first.cells.shape[0] == 1 and 1 in first.cells.shape[1:]:
        for tensor in same:
            tensor.cells = tensor.cells.ravel()


_NAMES: Final[dict[type[layers.Layer], str]] = {
    layers.Conv2d: "conv",
    layers.ReLU: "relu",
    layers.MaxPool2d: "maxpool",
    layers.ZeroPad2d: "pad",
    layers.Flatten: "flatten",
    layers.Linear: "dense",
    layers.Softmax: "softmax",
}
"""Other types go by their own names."""


class _Assembly:
    """One network out of its tensors."""

    def __init__(
        self, book: reader.Workbook, reading: Reading, built: Built, first: Tensor, tensors: list[Tensor]
    ) -> None:
        self.book, self.atlas, self.built, self.first, self.tensors = book, reading.atlas, built, first, tensors
        self.reading = reading
        self.nodes: list[Node] = []
        self.shows: dict[int, str] = {id(first): INPUT}
        self.stages: list[Stage] = []
        self.weights: dict[str, Places] = {}
        self.given = Given(book)
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
        )

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
        for _ in range(tensor.relus):
            chain.append(self._node(layers.ReLU(), chain[-1].name, inline=True))
        if len(tensor.shape) == 1:
            self.flat.update(each.name for each in chain)
        self.weights |= {f"{node.name}.{key}": cells for key, cells in tensor.weights.items()}
        self.shows[id(tensor)] = chain[-1].name
        self.stages.append(Stage(tuple(chain), chain[-1].name, tensor.cells, tensor.parts))

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
        many = kind in (layers.Conv2d, layers.ReLU)
        name = _NAMES.get(kind, kind.__name__.lower())
        name = f"{name}{number}" if many or number > 1 else name
        self.nodes.append(Node(name, layer, (source,), inline))
        return self.nodes[-1]

    def _add_copies(self) -> None:
        for copies in self.built.copies:
            if id(copies.of) in self.shows:
                order = np.argsort(copies.elements, kind="stable")
                shows, cells = self.shows[id(copies.of)], copies.cells[order]
                self.stages.append(Stage((), shows, cells, elements=copies.elements[order]))

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
        for of, cell, labels in self.built.predictions:
            if self.shows.get(id(of)) == self.nodes[-1].name and len(of.shape) == 1:
                names = [] if labels is None else [self._text(int(place)) for place in labels]
                if len(set(names)) == len(names) and all(name.strip() for name in names):
                    return cell, labels, names
        return -1, None, []

    def _text(self, place: int) -> str:
        return label(self.book.cell(*self.atlas.cell(place)[:3]).value)


class _CallablePackage(ModuleType):
    """This package, which may be called: `xlconv.recover` is the function, and the package once it is imported."""

    def __call__(self, path: str | Path) -> Recovered:
        return recover(path)


sys.modules[__name__].__class__ = _CallablePackage
