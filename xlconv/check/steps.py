"""What the worksheet `Explore` should show and say of elements of a network, worked out in NumPy, for many at once.

How a layer's elements come about stands in `xlconv.check.telling`; here is what holds for layers of any type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from xlconv import layers, wording
from xlconv.check.sentences import Clause, Field, Text, texts
from xlconv.check.telling import WINDOW_KINDS, Ints, LayerElements, Steps, tell
from xlconv.layers import Shape
from xlconv.network import INPUT, FloatArray, Network, Node

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


class Fused(NamedTuple):
    """Layers whose formulas stand in the same cells.

    Args:
        node: The layer.
        inline: The elementwise layers around it.
    """

    node: Node
    inline: tuple[Node, ...]

    @property
    def shows(self) -> str:
        """The layer whose output stands there."""
        return self.inline[-1].name if self.inline else self.node.name


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


def chosen(network: Network) -> list[Fused]:
    """The layers that can be chosen: those with cells of their own."""
    found: list[Fused] = []
    for node in network.nodes:
        if node.inline:
            at = next(at for at, cells in enumerate(found) if cells.shows == node.inputs[0])
            found[at] = found[at]._replace(inline=(*found[at].inline, node))
        elif not node.layer.view:
            found.append(Fused(node, ()))
    return found


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
    choices = chosen(network)
    number, cells = next((at, cells) for at, cells in enumerate(choices, 1) if cells.node.name == layer)
    node, output = cells.node, outputs[cells.shows]
    image = output.reshape(as_image(output.shape))
    at = np.clip(at, 0, np.array(image.shape) - 1)
    x = _read(network, node, outputs)
    relus = sum(isinstance(each.layer, layers.ReLU) for each in (node, *cells.inline))
    result: FloatArray = image[tuple(at.T)]
    weights, reads = network.weights_of(node.name), _reads(network, cells)
    told = tell(node.layer, LayerElements(x, weights, at, output.ndim == 1, result, reads, relus))
    settings = (*told.window, *x.shape[1:], relus, int("bias" in node.layer.weight_shapes))
    steps = {
        "number": _alike(at, [number]),
        "limits": _alike(at, np.array(image.shape) - 1),
        "at": at.astype(float)[:, None, :],
        "settings": _alike(at, settings),
        **told.steps,
        "result": result[:, None, None],
        "cell": result[:, None, None],
    }
    sentence = Clause(wording.SENTENCE, {"layer": layer, "place": _place(at, output), "told": told.words})
    return Explained(steps, sentence, told.panel)


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


def _read(network: Network, node: Node, outputs: Mapping[str, FloatArray]) -> FloatArray:
    """What a layer reads, as an image: a vector is a column; a dense layer reads a flattened image as it was."""
    name = node.inputs[0]
    if isinstance(node.layer, layers.Linear):
        name = viewed(network, name)
    x = outputs[name]
    return x if x.ndim == 3 else x.reshape(1, -1, 1)


def _reads(network: Network, cells: Fused) -> str:
    """The input, or the layer in whose cells stands what a layer reads, in words."""
    name = viewed(network, cells.node.inputs[0])
    if name == INPUT:
        return wording.READS_INPUT
    source = next(each for each in chosen(network) if name in (each.node.name, *(node.name for node in each.inline)))
    return wording.READS_LAYER.format(name=source.node.name)


def viewed(network: Network, name: str) -> str:
    """What a layer shows another view of: views have no cells of their own."""
    while name != INPUT and network[name].layer.view:
        name = network[name].inputs[0]
    return name


def largest_windows(network: Network) -> dict[str, tuple[int, int, int]]:
    """Channels, height and width that hold the window of every layer, by panel: `` for most, `dense_`, `softmax`."""
    zeros = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    found: dict[str, tuple[int, int, int]] = {}
    for node, _ in chosen(network):
        first = explain(network, node.name, np.zeros((1, 3), np.int64), zeros)
        own = map(int, first.steps["settings"][0, 0, :3])
        channels, height, width = (max(pair) for pair in zip(found.get(first.panel, (0, 0, 0)), own, strict=True))
        found[first.panel] = (channels, height, width)
    return found


def sizes(network: Network) -> Iterator[tuple[str, int, int]]:
    """Each table that a workbook should have for a network, with its height and width.

    None reads a later one, but for those of `CIRCULAR`.
    """
    for name, width in {"number": 1, "limits": 3, "at": 3, "settings": 11}.items():
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
