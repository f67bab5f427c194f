"""A network: an input shape, named layers in topological order, and their weights.

Weights are float64 arrays keyed like a PyTorch state dict (`conv1.weight`). This module knows nothing of cells
or formulas, and computes nothing: `xlconv.reference` does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

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
        shares: The layer before it whose weights it has; empty where it has its own, or none.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...] = ()
    inline: bool = False
    shares: str = ""

    def weight_keys(self) -> dict[str, str]:
        """The key of each of its weights in the network, by its name: `conv1.weight` for `weight`."""
        return {name: f"{self.shares or self.name}.{name}" for name in self.layer.weight_shapes}


class Fused(NamedTuple):
    """Layers whose formulas stand in the same cells.

    Args:
        node: The layer.
        inline: The inline layers around it, in order.
    """

    node: Node
    inline: tuple[Node, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The layer, then the inline ones."""
        return (self.node, *self.inline)

    @property
    def shows(self) -> str:
        """The layer whose output stands there."""
        return self.nodes[-1].name


@dataclass(frozen=True, eq=False)
class Network:
    """Layers and weights that fit each other.

    Args:
        input_shape: `(C, H, W)` or `(N,)`.
        nodes: The layers in topological order.
        weights: Arrays keyed `<layer>.weight` and the like, in PyTorch's shapes; zeros where there are none yet, but
            ones for a `running_var`.
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
        return {name: self.weights[key] for name, key in self[name].weight_keys().items()}

    @cached_property
    def never_negative(self) -> frozenset[str]:
        """The keys of weights that are never below zero: variances."""
        pairs = ((node.layer, node.weight_keys()) for node in self.nodes)
        return frozenset(keys[name] for layer, keys in pairs for name in layer.never_negative)

    def viewed(self, name: str) -> str:
        """The layer, or the input, of which a layer is but another view; the layer itself where it is none."""
        while name != INPUT and self[name].layer.view:
            (name,) = self[name].inputs
        return name

    def is_view(self, name: str) -> bool:
        """Whether what goes by this name is another layer's numbers."""
        return self.viewed(name) != name

    @cached_property
    def fused(self) -> tuple[Fused, ...]:
        """The layers with cells of their own, each with the inline layers in its formulas; views have none."""
        inline = {node.inputs[0]: node for node in self.nodes if node.inline}
        return tuple(
            Fused(node, tuple(_followers(node.name, inline)))
            for node in self.nodes
            if not (node.inline or node.layer.view)
        )

    def fused_with(self, name: str) -> Fused:
        """The layers in whose cells the output of a layer, or of what it is a view of, would be seen."""
        return next(each for each in self.fused if self.viewed(name) in [node.name for node in each.nodes])

    def trace(self, x: ArrayLike) -> Trace:
        """Every layer's output for one input, as DataFrames by layer name; in a notebook as heat maps.

        Raises:
            NetworkError: The input has another shape, or is no array of numbers.
        """
        from xlconv.tracing import trace  # here, as it computes and this module does not

        return trace(self, x)


def _followers(name: str, inline: Mapping[str, Node]) -> Iterator[Node]:
    """The chain of inline layers behind a layer."""
    while name in inline:
        yield inline[name]
        name = inline[name].name


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
        done.append(replace(node, inputs=node.inputs or (done[-1].name if done else INPUT,)))
    return tuple(done)


def _shapes(input_shape: Shape, nodes: tuple[Node, ...]) -> dict[str, Shape]:
    shapes = {INPUT: input_shape}
    for node in nodes:
        _check_inputs(node, shapes)
        try:
            shapes[node.name] = node.layer.joined_shape([shapes[source] for source in node.inputs])
        except NetworkError as error:
            raise NetworkError(f"layer {node.name!r}: {error.message}", error.hint) from None
    return shapes


def _check_inputs(node: Node, shapes: Mapping[str, Shape]) -> None:
    """That a layer reads as many layers as it can, all of them before it."""
    several, count = node.layer.several, len(node.inputs)
    if several != (count > 1):
        wanted = "several layers" if several else "one layer"
        raise NetworkError(f"layer {node.name!r}: {type(node.layer).__name__} reads {wanted}, not {count}")
    for source in node.inputs:
        if source not in shapes:
            raise NetworkError(
                f"layer {node.name!r} reads {quoted(source)}, which is not a layer before it",
                hint=f"one of: {listed(list(shapes))}",
            )


def _check_size(nodes: tuple[Node, ...], shapes: Mapping[str, Shape]) -> None:
    """Before any array is made: all that gets cells of its own fits a workbook."""
    count = prod(shapes[INPUT])
    if count > MAX_CELLS:
        raise NetworkError(f"an input of {shape_text(shapes[INPUT])} has more than {MAX_CELLS:,} numbers")
    for node in nodes:
        layer = node.layer
        count += sum(prod(shape) for shape in layer.weight_shapes.values()) if not node.shares else 0
        if not (layer.view or node.inline):
            count += prod(shapes[node.name]) * (1 + len(layer.parts))
        if count > MAX_CELLS:
            raise NetworkError(
                f"layer {node.name!r}: with it inputs, weights and outputs are {count:,} numbers, more than the "
                f"{MAX_CELLS:,} cells that a workbook may have"
            )


def _zeros(nodes: tuple[Node, ...]) -> dict[str, FloatArray]:
    made = {}
    for node in nodes:
        for name, shape in node.layer.weight_shapes.items():
            made[f"{node.name}.{name}"] = np.full(shape, float(name in node.layer.never_negative))
    return {key: made[key] for key in _needed(nodes)}


def _needed(nodes: tuple[Node, ...]) -> dict[str, tuple[Shape, bool]]:
    """Of each array of weights its shape, and whether none of its numbers is below zero."""
    needed: dict[str, tuple[Shape, bool]] = {}
    for node in nodes:
        shapes = node.layer.weight_shapes
        mine = {key: (shapes[name], name in node.layer.never_negative) for name, key in node.weight_keys().items()}
        if node.shares and not (mine and all(needed.get(key) == each for key, each in mine.items())):
            raise NetworkError(
                f"layer {node.name!r} shares the weights of {quoted(node.shares)}, which is no layer before it that "
                "has such weights of its own"
            )
        needed |= mine
    return needed


def _checked_weights(nodes: tuple[Node, ...], weights: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Read-only float64 copies in the layers' order: all that the layers need, and no other."""
    needed = _needed(nodes)
    if missing := [key for key in needed if key not in weights]:
        raise NetworkError(f"missing weights: {listed(missing)}")
    if unused := sorted(weights.keys() - needed.keys()):
        raise NetworkError(f"weights that no layer uses: {listed(unused)}")
    return {key: _checked_array(key, weights[key], *each) for key, each in needed.items()}


def _checked_array(key: str, weights: ArrayLike, shape: Shape, is_variance: bool) -> FloatArray:
    if np.shape(weights) != shape:
        raise NetworkError(f"{key} is {shape_text(np.shape(weights))}, the layer needs {shape_text(shape)}")
    if np.iscomplexobj(weights):
        raise NetworkError(f"{key} holds complex numbers")
    array = np.array(weights, dtype=np.float64)
    if not np.isfinite(array).all():
        raise NetworkError(f"{key} holds NaN or infinity, which a cell cannot")
    if is_variance and (array < 0).any():
        raise NetworkError(f"{key} holds numbers below 0, which a variance never is")
    array.flags.writeable = False
    return array


def _checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    names = tuple(classes)
    if isinstance(classes, str) or not all(isinstance(name, str) and name.strip() for name in names):
        raise NetworkError(f"class names must be a list of texts, none of them empty, not {quoted(classes)}")
    if len(set(names)) < len(names):
        raise NetworkError("class names must differ from each other")
    return names


def _check_inline(nodes: tuple[Node, ...]) -> None:
    readers = Counter(source for node in nodes for source in node.inputs)
    layers = {node.name: node.layer for node in nodes}
    for node in nodes:
        if not node.inline:
            continue
        source = node.inputs[0]
        if not node.layer.elementwise:
            raise NetworkError(f"layer {node.name!r}: only an elementwise layer can be inline")
        if source not in layers or layers[source].view:
            raise NetworkError(f"layer {node.name!r} cannot be inline: {source!r} has no formula that it could wrap")
        if readers[source] > 1:
            raise NetworkError(f"layer {node.name!r} cannot be inline: {source!r} is also read by another layer")
