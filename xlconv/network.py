"""A network: an input shape, named layers in topological order, and their weights.

Weights are float64 arrays keyed like a PyTorch state dict (`conv1.weight`). This module knows nothing of cells
or formulas, and computes nothing: `xlconv.reference` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlconv.errors import NetworkError, listed, quoted
from xlconv.layers import Layer, Shape, shape_text

if TYPE_CHECKING:
    from xlconv.tracing import Trace

FloatArray: TypeAlias = NDArray[np.float64]

INPUT = "input"
"""The name by which layers read the network's input."""

MAX_CELLS: Final = 1_000_000
"""Inputs, weights and outputs together, each of which is a cell: what a workbook that is read may have."""
MAX_LAYERS: Final = 1_000

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{,199}")
_RESERVED = frozenset({INPUT, "prediction", "classes"})


@dataclass(frozen=True)
class Node:
    """A layer in its place.

    Args:
        name: Unique in the network, whatever the case of its letters.
        layer: What it computes.
        inputs: The layers (or `"input"`) that it reads; the one before, unless said.
        inline: In the spreadsheet, wrap the formula of the layer before instead of having cells of its own.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...] = ()
    inline: bool = False


@dataclass(frozen=True, eq=False)
class Network:
    """Layers and weights that fit each other.

    Args:
        input_shape: `(C, H, W)` or `(N,)`.
        nodes: The layers in topological order.
        weights: Arrays keyed `<layer>.weight` and `<layer>.bias`, in PyTorch's shapes; zeros where there are none yet.
        classes: A label for each element of the last layer's vector, or none.

    Raises:
        NetworkError: Anything does not fit; the message names the layer.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    weights: Mapping[str, FloatArray]
    classes: tuple[str, ...] = ()
    shapes: Mapping[str, Shape] = field(init=False)
    """The output shape of each layer, and the input's, by name."""

    def __init__(
        self,
        input_shape: Sequence[int],
        nodes: Sequence[Node],
        weights: Mapping[str, ArrayLike] | None,
        classes: Sequence[str] = (),
    ) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("input_shape", _input_shape(input_shape))
        put("nodes", _resolved(nodes))
        put("shapes", _shapes(self.input_shape, self.nodes))
        _check_size(self.nodes, self.shapes)
        put("weights", _checked_weights(self.nodes, _zeros(self.nodes) if weights is None else weights))
        put("classes", _checked_classes(classes))
        _check_inline(self.nodes)
        if self.classes and self.shapes[self.nodes[-1].name] != (len(self.classes),):
            raise NetworkError(
                f"{len(self.classes)} class names for an output of {shape_text(self.shapes[self.nodes[-1].name])}"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return (
            (self.input_shape, self.nodes, self.classes) == (other.input_shape, other.nodes, other.classes)
            and self.weights.keys() == other.weights.keys()
            and all(np.array_equal(self.weights[key], other.weights[key]) for key in self.weights)
        )

    __hash__ = None  # type: ignore[assignment]  # equal by weights, which are arrays

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def weights_of(self, name: str) -> dict[str, FloatArray]:
        """The weights of one layer, keyed `weight` and `bias`."""
        return {key: self.weights[f"{name}.{key}"] for key in self[name].layer.weight_shapes}

    def trace(self, x: ArrayLike) -> Trace:
        """Every layer's output for one input, as DataFrames by layer name; in a notebook as heat maps.

        Raises:
            NetworkError: The input has another shape, or is no array of numbers.
        """
        from xlconv.tracing import trace  # here, as it computes and this module does not

        return trace(self, x)


def _input_shape(shape: Sequence[int]) -> Shape:
    if len(shape) not in (1, 3) or not all(type(n) is int and n > 0 for n in shape):
        raise NetworkError(f"input shape must be (channels, height, width) or (features,), not {quoted(list(shape))}")
    return tuple(shape)


def _resolved(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes with every input named, names checked."""
    if not nodes:
        raise NetworkError("a network needs at least one layer")
    if len(nodes) > MAX_LAYERS:
        raise NetworkError(f"{len(nodes):,} layers, more than {MAX_LAYERS:,}")
    known: dict[str, str] = {name: name for name in _RESERVED}
    done: list[Node] = []
    for node in nodes:
        if not _NAME.fullmatch(node.name):
            raise NetworkError(
                f"layer name {quoted(node.name)} is not usable",
                hint="letters, digits, '_' and '.', beginning with a letter or '_', at most 200",
            )
        if node.name.lower() in known:
            raise NetworkError(f"layer name {node.name!r} is taken by {known[node.name.lower()]!r}")
        known[node.name.lower()] = node.name
        inputs = node.inputs or (done[-1].name if done else INPUT,)
        done.append(Node(node.name, node.layer, inputs, node.inline))
    return tuple(done)


def _shapes(input_shape: Shape, nodes: tuple[Node, ...]) -> dict[str, Shape]:
    shapes = {INPUT: input_shape}
    for node in nodes:
        if len(node.inputs) != 1:
            raise NetworkError(
                f"layer {node.name!r}: {type(node.layer).__name__} reads one layer, not {len(node.inputs)}"
            )
        (source,) = node.inputs
        if source not in shapes:
            raise NetworkError(
                f"layer {node.name!r} reads {quoted(source)}, which is not a layer before it",
                hint=f"one of: {listed(list(shapes))}",
            )
        try:
            shapes[node.name] = node.layer.output_shape(shapes[source])
        except NetworkError as error:
            raise NetworkError(f"layer {node.name!r}: {error.message}", error.hint) from None
    return shapes


def _check_size(nodes: tuple[Node, ...], shapes: Mapping[str, Shape]) -> None:
    """Before any array is made: all that gets cells of its own fits a workbook."""
    count = prod(shapes[INPUT])
    if count > MAX_CELLS:
        raise NetworkError(f"an input of {shape_text(shapes[INPUT])} has more than {MAX_CELLS:,} numbers")
    for node in nodes:
        layer = node.layer
        count += sum(prod(shape) for shape in layer.weight_shapes.values())
        if not (layer.view or node.inline):
            count += prod(shapes[node.name]) * (1 + len(layer.parts))
        if count > MAX_CELLS:
            raise NetworkError(
                f"layer {node.name!r}: with it inputs, weights and outputs are {count:,} numbers, more than the "
                f"{MAX_CELLS:,} cells that a workbook may have"
            )


def _zeros(nodes: tuple[Node, ...]) -> dict[str, FloatArray]:
    return {f"{node.name}.{key}": np.zeros(size) for node in nodes for key, size in node.layer.weight_shapes.items()}


def _checked_weights(nodes: tuple[Node, ...], weights: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Read-only float64 copies in the layers' order: all that the layers need, and no other."""
    needed = {f"{node.name}.{key}": shape for node in nodes for key, shape in node.layer.weight_shapes.items()}
    if missing := [key for key in needed if key not in weights]:
        raise NetworkError(f"missing weights: {listed(missing)}")
    if unused := sorted(weights.keys() - needed.keys()):
        raise NetworkError(f"weights that no layer uses: {listed(unused)}")
    checked = {}
    for key, shape in needed.items():
        if np.shape(weights[key]) != shape:
            raise NetworkError(f"{key} is {shape_text(np.shape(weights[key]))}, the layer needs {shape_text(shape)}")
        if np.iscomplexobj(weights[key]):
            raise NetworkError(f"{key} holds complex numbers")
        array = np.array(weights[key], dtype=np.float64)
        if not np.isfinite(array).all():
            raise NetworkError(f"{key} holds NaN or infinity, which a cell cannot")
        array.flags.writeable = False
        checked[key] = array
    return checked


def _checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    names = tuple(classes)
    if isinstance(classes, str) or not all(isinstance(name, str) and name.strip() for name in names):
        raise NetworkError(f"class names must be a list of texts, none of them empty, not {quoted(classes)}")
    if len(set(names)) < len(names):
        raise NetworkError("class names must differ from each other")
    return names


def _check_inline(nodes: tuple[Node, ...]) -> None:
    readers: dict[str, list[str]] = {}
    layers = {node.name: node.layer for node in nodes}
    for node in nodes:
        readers.setdefault(node.inputs[0], []).append(node.name)
    for node in nodes:
        if not node.inline:
            continue
        source = node.inputs[0]
        if not node.layer.elementwise:
            raise NetworkError(f"layer {node.name!r}: only an elementwise layer can be inline")
        if source not in layers or layers[source].view:
            raise NetworkError(f"layer {node.name!r} cannot be inline: {source!r} has no formula that it could wrap")
        if len(readers[source]) > 1:
            raise NetworkError(f"layer {node.name!r} cannot be inline: {source!r} is also read by another layer")
