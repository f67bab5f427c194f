"""Which layer of one network is which layer of another, by order and kind. Names, places and cells do not count.

A layer and the elementwise layers after it are one unit, whether they share a formula or have cells of their own, so
that two spellings of one network are the same units. Views such as Flatten are no units: nothing is computed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from xlconv.layers import Conv2d, Layer, Setting, Shape, Sides, ZeroPad2d, shape_text
from xlconv.network import INPUT, Network, Node

LayerSettings: TypeAlias = dict[str, Setting]
Pairs: TypeAlias = tuple[tuple[int, int], ...]

_FROM_BEFORE: Final = {"in_channels", "in_features"}
"""Settings that a layer has from the layers before it."""


@dataclass
class Unit:
    """A layer and the elementwise layers after it.

    Args:
        network: Which they belong to.
        nodes: The layer first.
        sources: The units that it reads; None for the network's input.
        pad: Zeros around what it reads: left, right, top, bottom.
    """

    network: Network
    nodes: list[Node]
    sources: list[Unit | None]
    pad: Sides = (0, 0, 0, 0)
    settings: LayerSettings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = _settings(self.layer, self.pad)

    @property
    def name(self) -> str:
        """The layer's."""
        return self.nodes[0].name

    @property
    def layer(self) -> Layer:
        """Without the elementwise ones."""
        return self.nodes[0].layer

    @property
    def kinds(self) -> list[str]:
        """Such as `Conv2d`, `ReLU`."""
        return [type(node.layer).__name__ for node in self.nodes]

    @property
    def title(self) -> str:
        """Such as `Conv2d + ReLU`."""
        return " + ".join(self.kinds)

    @property
    def shape(self) -> Shape:
        """The output's."""
        return self.network.shapes[self.nodes[-1].name]

    @property
    def input_shape(self) -> Shape:
        """Of what it reads."""
        return self.network.shapes[self.nodes[0].inputs[0]]


def _settings(layer: Layer, pad: Sides) -> LayerSettings:
    """With zeros around a convolution's input as its padding, whichever layer adds them."""
    settings = layer.settings()
    if isinstance(layer, Conv2d) and any(pad):
        left, right, top, bottom = (own + around for own, around in zip(layer.sides, pad, strict=True))
        alike = left == right and top == bottom
        settings["padding"] = (top, left) if alike else (left, right, top, bottom)
    return settings


def units(network: Network) -> list[Unit]:
    """A network's units in topological order."""
    found: list[Unit] = []
    of: dict[str, Unit | None] = {INPUT: None}
    pads: dict[str, Sides] = {}
    for node in network.nodes:
        before, sources = node.inputs[0], [of[name] for name in node.inputs]
        source = sources[0]
        padded_only = isinstance(node.layer, ZeroPad2d) and _convolutions_read(network, node.name)
        if node.layer.view or padded_only:
            of[node.name] = source
            if isinstance(node.layer, ZeroPad2d):
                pads[node.name] = node.layer.padding
        elif node.layer.elementwise and source is not None and source.nodes[-1].name == before:
            source.nodes.append(node)
            of[node.name] = source
        else:
            found.append(Unit(network, [node], sources, pads.get(before, (0, 0, 0, 0))))
            of[node.name] = found[-1]
    return found


def _convolutions_read(network: Network, name: str) -> bool:
    readers = [node for node in network.nodes if name in node.inputs]
    return bool(readers) and all(isinstance(node.layer, Conv2d) for node in readers)


def align(expected: Sequence[Unit], found: Sequence[Unit]) -> Pairs:
    """Pairs of indices of units that are each other's, in order; layers of different types never are.

    What is alike the most in all counts: the type, the settings, what follows inside the unit, the shape.
    """

    @cache
    def best(i: int, j: int) -> tuple[int, Pairs]:
        if i == len(expected) or j == len(found):
            return 0, ()
        options = [best(i + 1, j), best(i, j + 1)]
        alike = _likeness(expected[i], found[j])
        if alike:
            score, pairs = best(i + 1, j + 1)
            options.insert(0, (score + alike, ((i, j), *pairs)))
        return max(options, key=lambda option: option[0])

    for i in range(len(expected), -1, -1):  # from the end, so that nothing is nested deeply
        for j in range(len(found), -1, -1):
            best(i, j)
    return best(0, 0)[1]


def likeness(expected: Sequence[Unit], found: Sequence[Unit]) -> int:
    """How much two networks are alike, aligned as well as can be."""
    return sum(_likeness(expected[i], found[j]) for i, j in align(expected, found))


def _likeness(one: Unit, other: Unit) -> int:
    if type(one.layer) is not type(other.layer):
        return 0
    same = sum(other.settings.get(key) == value for key, value in one.settings.items())
    return (
        20 + 2 * same + (one.kinds == other.kinds) + (one.shape == other.shape) + (one.input_shape == other.input_shape)
    )


def differences(expected: Unit, found: Unit) -> list[str]:
    """What is different in the kind of two units that are each other's, each in plain words."""
    said = [f"expected {expected.title}, found {found.title}: {each}" for each in _around(expected, found)]
    same_source = expected.input_shape == found.input_shape
    for key, value in expected.settings.items():
        got = found.settings[key]
        if got != value and (same_source or key not in _FROM_BEFORE):
            said.append(f"expected {_spelled(key, value)}, found {_spelled(key, got)}")
    return said


def _around(expected: Unit, found: Unit) -> Iterator[str]:
    """What follows the layer in one unit alone."""
    due, there = expected.kinds[1:], found.kinds[1:]
    for kind in dict.fromkeys((*due, *there)):
        if due.count(kind) > there.count(kind):
            yield f"the {kind} is missing"
        elif due.count(kind) < there.count(kind) and (kind not in due or kind != "ReLU"):  # two are one
            yield f"the {kind} is too much"


def _spelled(key: str, value: Setting) -> str:
    """A setting in words."""
    words = key.replace("_", " ")
    if isinstance(value, bool):
        return f"{'a' if value else 'no'} {words}" if key == "bias" else f"{words} {'on' if value else 'off'}"
    if isinstance(value, tuple):
        return f"{words} {shape_text(value) if len(value) == 2 else ', '.join(map(str, value))}"
    if key.startswith(("in_", "out_")):
        side, _, what = key.partition("_")
        return f"{value} {side}put {what if value != 1 else what[:-1]}"
    return f"{words} {value}"
