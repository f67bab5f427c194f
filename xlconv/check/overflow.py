"""Formulas whose exponential overflows for numbers that their layers could bear: right, but only up to 709."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xlconv.formula.idioms import LARGE
from xlconv.formula.tree import Node, parse
from xlconv.layers import Sigmoid
from xlconv.network import FloatArray
from xlconv.places import NOWHERE
from xlconv.recover.found import Found, Stage
from xlconv.recover.reading import Reading


@dataclass(frozen=True)
class PlainExponential:
    """A layer whose formulas take the exponential as it is.

    Args:
        layer: Its name.
        cell: One of its cells, as reports name it.
        reads: The layer (or `input`) whose numbers are its exponents.
        sign: -1 where the exponents are these numbers with the opposite sign.
        cure: How else it could be spelled.
    """

    layer: str
    cell: str
    reads: str
    sign: int
    cure: str

    def bears(self, outputs: Mapping[str, FloatArray]) -> bool:
        """Whether there is no overflow, given every layer's output by name."""
        return bool((self.sign * outputs[self.reads]).max() < LARGE)

    @property
    def note(self) -> str:
        """What there is to say of it."""
        side = "more than 709" if self.sign > 0 else "less than -709"
        return f"{self.layer} overflows where it reads {side} ({self.cell}), as {self.cure} would not"


def plain_exponentials(found: Found, reading: Reading) -> list[PlainExponential]:
    """Those of a network."""
    return [plain for stage in found.stages if stage.nodes for plain in _of_stage(found, reading, stage)]


def _of_stage(found: Found, reading: Reading, stage: Stage) -> Iterator[PlainExponential]:
    node = stage.nodes[0]
    if stage.is_plain:
        cell = found.atlas.cell(int(stage.cells[stage.cells != NOWHERE][0])).place
        yield PlainExponential(node.name, cell, node.inputs[0], 1, "EXP(x-MAX(...))")
    for each in stage.nodes:
        if isinstance(each.layer, Sigmoid) and (place := _first_plain(reading, stage)) is not None:
            cell = found.atlas.cell(place).place
            yield PlainExponential(each.name, cell, each.inputs[0], -1, f"1/(1+EXP(MIN({LARGE:g},-x)))")


def _first_plain(reading: Reading, stage: Stage) -> int | None:
    """A cell of a layer with an exponential of something that is not cut off."""
    cells = stage.cells[stage.cells != NOWHERE].ravel()
    for group, mine in reading.forms.singles(cells):
        tree = parse(reading.forms.groups[group].formula)
        if tree is not None and any(map(_is_plain, tree.walk())):
            return int(reading.forms.places[group][mine[0]])
    return None


def _is_plain(node: Node) -> bool:
    return node.kind == "function" and node.text == "EXP" and not any(child.text == "MIN" for child in node.children)
