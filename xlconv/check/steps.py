"""What the worksheet `Explore` should show and say of elements of a network, worked out in NumPy, for many at once.

How a layer's elements come about stands in `xlconv.check.telling`; here is what holds for layers of any type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from xlconv import layers, wording
from xlconv.check.sentences import Clause, Field, Text, texts
from xlconv.check.telling import WINDOW_KINDS, Ints, LayerElements, Steps, Told, tell, then
from xlconv.layers import Shape
from xlconv.network import INPUT, FloatArray, Fused, Network, Node

WORDS: Final = "words"
"""The name of the text that tells all this; it is no table."""

CIRCULAR: Final = ("max", "exp_sum")
"""Tables that some cells of `softmax` read, and that read others."""


@dataclass(frozen=True)
class Selection:
    """An element of a layer's output, or a place outside of it, for which the nearest element is shown.

    Args:
        layer: Whose.
        channel: From 0; of a vector, which element.
        row: From 0; of a vector it does not matter.
        column: The same.
    """

    layer: str
    channel: int
    row: int
    column: int

    def __str__(self) -> str:
        return f"layer {self.layer}, channel {self.channel}, row {self.row}, column {self.column}"

    @property
    def at(self) -> Ints:
        """Channel, row and column, (1, 3)."""
        return np.array([[self.channel, self.row, self.column]], dtype=np.int64)


@dataclass(frozen=True)
class Explained:
    """What should be shown and said of N elements of a layer.

    Args:
        steps: The tables.
        clause: The sentence.
        panel: Where the window is shown; see `xlconv.check.telling.Told`.
    """

    steps: Steps
    clause: Clause
    panel: str

    def texts(self, tolerance: float) -> list[tuple[Text, ...]]:
        """What may be said of each element; two texts where rounding decides whether a number is below zero."""
        return texts(self.clause, len(self.steps["at"]), tolerance)


def as_image(shape: Shape) -> tuple[int, int, int]:
    """Channels, rows and columns; a vector's elements are channels of one cell."""
    channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
    return channels, height, width


def explain(network: Network, layer: str, at: Ints, outputs: Mapping[str, FloatArray]) -> Explained:
    """All that should be shown and said of some elements.

    Args:
        network: Layers and weights.
        layer: Whose elements.
        at: (N, 3), of each its channel, row and column; the nearest element counts where there is none.
        outputs: Every layer's output by name, and the input.
    """
    number, fused = next((at, each) for at, each in enumerate(network.fused, 1) if each.node.name == layer)
    node, output = fused.node, outputs[fused.shows]
    image = output.reshape(as_image(output.shape))
    at = np.clip(at, 0, np.array(image.shape) - 1)
    sources = [_read(network, node, name, outputs) for name in node.inputs]
    result: FloatArray = image[tuple(at.T)]
    reads = [_reads(network, name) for name in node.inputs]
    told = tell(node.layer, LayerElements(sources, network.weights_of(node.name), at, output.ndim == 1, reads))
    steps = {
        "number": _alike(at, [number]),
        "limits": _alike(at, np.array(image.shape) - 1),
        "at": at.astype(float)[:, None, :],
        "settings": _alike(at, _settings(fused, told, sources[0])),
        **told.steps,
        "before": told.before[:, None, None],
        "result": result[:, None, None],
        "cell": result[:, None, None],
    }
    words: dict[str, Field] = {"layer": layer, "place": _place(at, output), "told": told.words}
    words["then"] = then(elementwise(fused), told.before, result)
    return Explained(steps, Clause(wording.SENTENCE, words), told.panel)


def elementwise(fused: Fused) -> list[str]:
    """The types of the elementwise layers of some cells, in order; several of one type in a row count once."""
    names = [type(node.layer).__name__ for node in fused.nodes if node.layer.elementwise]
    return [name for name, _ in groupby(names)]


def _settings(fused: Fused, told: Told, x: FloatArray) -> tuple[int, ...]:
    """The line of `explore_settings`."""
    layer = fused.node.layer
    per_group = layer.out_channels // layer.groups if isinstance(layer, layers.Conv2d) else 0
    return (*told.window.settings, *x.shape[1:], per_group, int("bias" in told.steps))


def _alike(at: Ints, line: Sequence[int] | Ints) -> FloatArray:
    """A line of numbers that is the same for all elements."""
    table: FloatArray = np.broadcast_to(np.array(line, dtype=float), (len(at), 1, len(line)))
    return table


def _place(at: Ints, output: FloatArray) -> tuple[Clause, ...]:
    c, i, j = at.astype(float).T
    if output.ndim == 1:
        return (Clause(wording.VECTOR_PLACE, {"n": c}),)
    fields: dict[str, Field] = {"c": c, "i": i, "j": j}
    return (Clause(wording.IMAGE_PLACE, fields),)


def _read(network: Network, node: Node, name: str, outputs: Mapping[str, FloatArray]) -> FloatArray:
    """What a layer reads, as an image: a vector is a column; a dense layer reads a flattened image as it was."""
    x = outputs[network.viewed(name) if isinstance(node.layer, layers.Linear) else name]
    return x if x.ndim == 3 else x.reshape(1, -1, 1)


def _reads(network: Network, name: str) -> str:
    """The input, or the layer in whose cells stands what a layer reads, in words."""
    if network.viewed(name) == INPUT:
        return wording.READS_INPUT
    return wording.READS_LAYER.format(name=network.fused_with(name).node.name)


def largest_windows(network: Network) -> dict[str, tuple[int, int, int]]:
    """Channels, height and width that hold the window of every layer, by panel: `` for most, `dense_`, `softmax`."""
    zeros = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    found: dict[str, tuple[int, int, int]] = {}
    for fused in network.fused:
        first = explain(network, fused.node.name, np.zeros((1, 3), np.int64), zeros)
        own = map(int, first.steps["settings"][0, 0, :3])
        channels, height, width = (max(pair) for pair in zip(found.get(first.panel, (0, 0, 0)), own, strict=True))
        found[first.panel] = (channels, height, width)
    return found


def sizes(network: Network) -> Iterator[tuple[str, int, int]]:
    """Each table that a workbook should have for a network, with its height and width.

    None reads a later one, but for those of `CIRCULAR`.
    """
    for name, width in {"number": 1, "limits": 3, "at": 3, "settings": 13}.items():
        yield name, 1, width
    for panel, (channels, height, width) in largest_windows(network).items():
        if panel == "softmax":
            yield "max", 1, 1
            yield "exp_sum", 1, 1
            yield "softmax", height, 4
            continue
        if not panel:
            yield "window_row", height, 1
            yield "window_column", 1, width
        for k in range(channels):
            for kind in WINDOW_KINDS:
                yield f"{panel}{kind}_{k}", height, width
            yield f"{panel}sum_{k}", 1, 1
    for name in ("bias", "before", "result", "cell", WORDS):
        yield name, 1, 1
