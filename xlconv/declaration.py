"""A network's layers as rows of text, and back: what the worksheet `Network` of a workbook says.

The rows say what the workbook claims to compute; whether its formulas do is for `xlconv.check` to find out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from xlconv.errors import NetworkError
from xlconv.layers import LAYER_TYPES, Layer, Shape, shape_text
from xlconv.network import INPUT, Network, Node

SHEET: Final = "Network"
"""The worksheet that holds the rows."""

NAME: Final = "network"
"""The defined name of their range, header included."""

HEADER: Final = ("layer", "type", "reads", "settings", "inline", "output shape")


def rows(network: Network) -> list[tuple[str, ...]]:
    """The header, the input and the layers, one row each, all text."""
    found: list[tuple[str, ...]] = [HEADER, (INPUT, "Input", "", "", "", shape_text(network.input_shape))]
    for node in network.nodes:
        settings = ", ".join(f"{key}={_text(value)}" for key, value in node.layer.settings().items())
        shape = shape_text(network.shapes[node.name])
        kind = type(node.layer).__name__
        found.append((node.name, kind, ", ".join(node.inputs), settings, _text(node.inline), shape))
    return found


def parse(table: Sequence[Sequence[str]]) -> tuple[Shape, list[Node]]:
    """The input shape and the layers that such rows state.

    Raises:
        NetworkError: The rows are something else.
    """
    if len(table) < 3 or tuple(table[0]) != HEADER or table[1][0] != INPUT:
        raise NetworkError(f"the table of layers must begin with the row {', '.join(HEADER)} and the input's")
    return _shape(table[1][5]), [_node(row) for row in table[2:]]


def _node(row: Sequence[str]) -> Node:
    name, kind, reads, settings, inline, _shape = row
    return Node(name, make_layer(name, kind, settings), tuple(reads.split(", ")), inline == "yes")


def make_layer(name: str, kind: str, settings: str) -> Layer:
    """A layer from the text of its type and settings."""
    if kind not in LAYER_TYPES:
        raise NetworkError(f"layer {name!r}: unknown type {kind!r}", hint=f"known: {', '.join(LAYER_TYPES)}")
    pairs = [item.partition("=") for item in settings.split(", ")] if settings else []
    try:
        return LAYER_TYPES[kind](**{key: _value(value) for key, _, value in pairs})
    except (NetworkError, TypeError) as error:
        raise NetworkError(f"layer {name!r}: settings {settings!r} do not fit {kind}: {error}") from None


def _text(value: int | bool | tuple[int, ...]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shape_text(value) if isinstance(value, tuple) else str(value)


def _value(text: str) -> int | bool | tuple[int, ...]:
    if text in ("yes", "no"):
        return text == "yes"
    shape = _shape(text)
    return shape if len(shape) > 1 else shape[0]


def _shape(text: str) -> Shape:
    if not re.fullmatch(r"-?\d{1,9}(x-?\d{1,9})*", text):
        raise NetworkError(f"{text!r} is not a shape such as 1x28x28")
    return tuple(int(n) for n in text.split("x"))
