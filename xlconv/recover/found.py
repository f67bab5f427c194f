"""A network and where it stands in a workbook: what recovering gives, and what checking starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from xlconv.layers import ZeroPad2d
from xlconv.network import INPUT, FloatArray, Network, Node
from xlconv.places import NOWHERE, Atlas, Places
from xlconv.recover.choices import Choices
from xlconv.recover.given import Given


@dataclass(frozen=True)
class Evidence:
    """What speaks for a layer.

    Args:
        cells: How many cells.
        form: The formula that they share, in R1C1 notation, or, where each has its own, the first one's as it stands.
        shared: How many share it.
    """

    cells: int
    form: str
    shared: int


@dataclass(frozen=True)
class Stage:
    """Cells that show a layer's output, and the inline layers in their formulas.

    Args:
        nodes: The layer, then the inline layers around it; empty where the cells only copy those of `shows`.
        shows: The layer (or `input`) whose output the cells show.
        cells: The cell of each element, in the output's shape.
        parts: The cells of intermediate results, by name.
        elements: For copies: which elements of `shows` they are, in its flat order.
        evidence: What speaks for it.
        is_plain: Whether it takes EXP of numbers as they are, which overflows, not less the largest.
    """

    nodes: tuple[Node, ...]
    shows: str
    cells: Places
    parts: Mapping[str, Places] = field(default_factory=dict)
    elements: Places | None = None
    evidence: Evidence | None = None
    is_plain: bool = False

    @property
    def name(self) -> str:
        """The layer whose name the cells go by."""
        return self.nodes[0].name if self.nodes else f"copy of {self.shows}"

    @property
    def title(self) -> str:
        """Such as `Conv2d + ReLU`."""
        return " + ".join(type(node.layer).__name__ for node in self.nodes) or "copy"


@dataclass
class Found:
    """A network and where it stands.

    Args:
        title: What to call it: the worksheet that it stands on.
        network: Layers and weights.
        x: The input in the workbook.
        atlas: The worksheets that places refer to.
        inputs: The cell of each input element, in the input's shape.
        weights: The cell of each weight, in the array's shape; -1 where a weight has none.
        stages: The layers with cells of their own.
        given: What its input and weight cells hold that is no plain number.
        labels: The cell of each class's name, or none.
        prediction: The cell of the predicted class, or -1.
        declared: Whether the workbook itself says which network it is.
        choices: Where the input comes from, if its cells are formulas that look it up.
        views: Cells of the worksheet `Explore` whose formulas show the network, sorted.
        batch: The first cell of the batch of which its input is one sample, or -1.
        ones: Cells that hold 1, as formulas multiply biases with them; sorted.
    """

    title: str
    network: Network
    x: FloatArray
    atlas: Atlas
    inputs: Places
    weights: Mapping[str, Places]
    stages: tuple[Stage, ...]
    given: Given
    labels: Places | None = None
    prediction: int = -1
    declared: bool = False
    choices: Choices | None = None
    views: Places = field(default_factory=lambda: np.empty(0, np.int64))
    batch: int = NOWHERE
    ones: Places = field(default_factory=lambda: np.empty(0, np.int64))

    @cached_property
    def owned(self) -> Places:
        """All cells of the network, sorted."""
        labels = [] if self.labels is None else [self.labels.ravel()]
        cells: Places = np.unique(
            np.concatenate([*(block.ravel() for _, _, block in self.blocks()), *labels, [self.prediction]])
        )
        known: Places = cells[cells != NOWHERE]
        return known

    @property
    def constants(self) -> Places:
        """The input and weight cells whose formulas are of numbers alone."""
        return np.array([self.atlas.place(*cell[:3]) for cell in self.given.constants], np.int64)

    @cached_property
    def computed(self) -> Places:
        """The cells that should hold formulas, sorted."""
        blocks = [block.ravel() for stage in self.stages for block in (stage.cells, *stage.parts.values())]
        cells: Places = np.unique(np.concatenate([*blocks, [self.prediction]]))
        known: Places = cells[cells != NOWHERE]
        return known

    @cached_property
    def formulas(self) -> Places:
        """The cells that hold formulas, those of the input, of its choice and of views included; sorted."""
        chosen = [self.atlas.places(where).ravel() for where in self.choices.formulas] if self.choices else []
        inputs = [self.inputs.ravel()] if self.choices else []
        cells: Places = np.unique(np.concatenate([self.computed, self.views, *inputs, *chosen]))
        return cells

    def shown(self, name: str) -> Places:
        """The cells that show a layer's output, also through views and paddings without cells of their own."""
        if name in self._shown:
            return self._shown[name]
        node = self.network[name]
        source = self.shown(node.inputs[0])
        if isinstance(node.layer, ZeroPad2d):
            return _padded(source, node.layer.padding)
        return source.reshape(self.network.shapes[name])

    def read_by(self, node: Node) -> list[Places]:
        """The cells of each layer that a layer reads."""
        return [self.shown(source) for source in node.inputs]

    def weights_of(self, node: Node) -> dict[str, Places]:
        """The cells of a layer's weights, by their names."""
        return {name: self.weights[key] for name, key in node.weight_keys().items()}

    @cached_property
    def _shown(self) -> dict[str, Places]:
        """Those that stand in cells."""
        return {INPUT: self.inputs} | {stage.shows: stage.cells for stage in self.stages if stage.nodes}

    def what(self, place: int) -> str:
        """Which tensor an input or weight cell belongs to, in words."""
        if place in self.inputs:
            return "a cell of the input"
        return next((f"a cell of {key}" for key, cells in self.weights.items() if place in cells), "a cell")

    def blocks(self) -> Iterator[tuple[str, str, Places]]:
        """All tensors with cells: role, name of the layer, and the cells."""
        yield "input", "input", self.inputs
        for stage in self.stages:
            for key, cells in self.weights.items():
                layer, _, role = key.rpartition(".")
                if layer in [node.name for node in stage.nodes]:
                    yield role, layer, cells
            for part, cells in stage.parts.items():
                yield part, stage.name, cells
            yield "output", stage.name, stage.cells


def _padded(source: Places, padding: tuple[int, int, int, int]) -> Places:
    """Cells with none around them."""
    left, right, top, bottom = padding
    height, width = source.shape[1:]
    cut = source[:, max(0, -top) : height - max(0, -bottom), max(0, -left) : width - max(0, -right)]
    around = ((0, 0), (max(0, top), max(0, bottom)), (max(0, left), max(0, right)))
    return np.pad(cut, around, constant_values=NOWHERE)
