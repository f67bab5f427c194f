"""What the worksheet `Explore` should say of one element: the contract's sentences with the numbers of NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import singledispatch
from string import Formatter
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from xlconv import layers, wording
from xlconv.cells import Value
from xlconv.check.steps import Cells, Steps, chosen
from xlconv.errors import NetworkError
from xlconv.layers import Layer
from xlconv.network import INPUT, Network

Text: TypeAlias = tuple[str | float, ...]
"""A text in pieces, its numbers as they are before they are rounded."""

_DECIMALS: Final = 4
_HALF: Final = 0.5 * 10.0**-_DECIMALS
_NUMBER: Final = r"(-?(?:\d+(?:\.\d+)?|\.\d+)(?:[Ee][+-]?\d+)?)"


def fault(got: Value, texts: tuple[Text, ...], tolerance: float) -> str:
    """What a cell should say and does not; empty if it says it.

    Args:
        got: What it shows.
        texts: What it may say, what it rather should first.
        tolerance: Absolute; relative where a number is beyond 1.
    """
    is_right = isinstance(got, str) and any(_says(got, text, tolerance) for text in texts)
    return "" if is_right else in_full(texts[0])


def in_full(text: Text) -> str:
    """A text with its numbers rounded."""
    return "".join(piece if isinstance(piece, str) else f"{round(piece, _DECIMALS) + 0.0:.15g}" for piece in text)


def _says(got: str, text: Text, tolerance: float) -> bool:
    """Whether it is that text to the letter, and each number the one in its place, rounded."""
    pattern = "".join(re.escape(piece) if isinstance(piece, str) else _NUMBER for piece in text)
    match = re.fullmatch(pattern, got)
    values = [piece for piece in text if not isinstance(piece, str)]
    return match is not None and all(
        _is_rounded(float(number), value, tolerance) for number, value in zip(match.groups(), values, strict=True)
    )


def _is_rounded(number: float, value: float, tolerance: float) -> bool:
    """Whether a number is a value rounded to few decimals."""
    slack = tolerance * max(1.0, abs(value))
    return abs(number - value) <= _HALF + slack and number == round(number, _DECIMALS)


class Settings(NamedTuple):
    """The numbers of `explore_settings`."""

    channels: float
    height: float
    width: float
    down: float
    right: float
    above: float
    left: float
    rows: float
    columns: float
    relus: float
    bias: float


@dataclass(frozen=True)
class Facts:
    """What a sentence is made of.

    Args:
        tables: All that is shown.
        reads: What the layer reads, in words.
        relu: The clause on its ReLU, if it has one.
    """

    tables: Steps
    reads: str
    relu: Text = ()

    def number(self, name: str) -> float:
        """The number of a table, or its first."""
        return float(self.tables[name].flat[0])

    @property
    def settings(self) -> Settings:
        """Of the layer."""
        return Settings(*self.tables["settings"][0].tolist())

    @property
    def at(self) -> tuple[float, float, float]:
        """Channel, row and column."""
        channel, row, column = self.tables["at"][0].tolist()
        return channel, row, column

    @property
    def most(self) -> float:
        """The largest number in the window."""
        return float(np.nanmax(self.tables["window_0"]))

    @property
    def is_outside(self) -> bool:
        """Whether the window reaches beyond what is read."""
        ends = (("window_row", self.settings.rows), ("window_column", self.settings.columns))
        return any(self.tables[name].min() < 0 or self.tables[name].max() >= size for name, size in ends)


def texts(network: Network, layer: str, tables: Steps, tolerance: float) -> tuple[Text, ...]:
    """What may be said of an element: two texts where rounding decides whether it is below zero, and else one.

    Args:
        network: Whose.
        layer: The name of the chosen layer.
        tables: All that is shown of the element.
        tolerance: How far from zero rounding may decide.
    """
    cells = next(cells for cells in chosen(network) if cells.node.name == layer)
    facts = Facts(tables, _reads(network, cells))
    c, i, j = facts.at
    if len(network.shapes[cells.shows]) == 1:
        place = fill(wording.VECTOR_PLACE, n=c)
    else:
        place = fill(wording.IMAGE_PLACE, c=c, i=i, j=j)
    return tuple(
        fill(wording.SENTENCE, layer=layer, place=place, told=told(cells.node.layer, Facts(tables, facts.reads, relu)))
        for relu in _relus(cells.node.layer, facts, tolerance)
    )


def fill(template: str, **fields: str | float | Text) -> Text:
    """One of the contract's texts with its fields."""
    found: list[str | float] = []
    for literal, field, *_ in Formatter().parse(template):
        value = fields[field] if field else ()
        found += [literal, *(value if isinstance(value, tuple) else (value,))]
    return tuple(piece for piece in found if piece != "")


def _reads(network: Network, cells: Cells) -> str:
    """The input, or the layer in whose cells stands what a layer reads: views have none of their own."""
    name = cells.node.inputs[0]
    while name != INPUT and network[name].layer.view:
        name = network[name].inputs[0]
    if name == INPUT:
        return wording.READS_INPUT
    source = next(each for each in chosen(network) if name in (each.node.name, *(node.name for node in each.inline)))
    return wording.READS_LAYER.format(name=source.node.name)


def _relus(layer: Layer, facts: Facts, tolerance: float) -> list[Text]:
    """The clauses that may be right, that of NumPy's number first."""
    if not facts.settings.relus or isinstance(layer, layers.Softmax):
        return [()]
    before = facts.number("before") if "before" in facts.tables else facts.most
    clauses = [wording.NOT_BELOW_ZERO, wording.BELOW_ZERO][:: -1 if before < 0 else 1]
    return [fill(clause, result=facts.number("result")) for clause in clauses[: 2 if abs(before) <= tolerance else 1]]


@singledispatch
def told(layer: Layer, _facts: Facts) -> Text:
    """What is told of an element of some layer."""
    raise NetworkError(f"it is not known what is told of {type(layer).__name__}")


@told.register(layers.Conv2d)
def conv2d(_layer: layers.Conv2d, facts: Facts) -> Text:
    """Where the filter lies, and what its products add up to."""
    channels = facts.settings.channels
    return fill(
        wording.CONV,
        **_span(facts),
        **_sum(facts),
        each=fill(wording.EACH, k=channels) if channels != 1 else (),
        outside=wording.ZEROS_OUTSIDE if facts.is_outside else (),
    )


@told.register(layers.Linear)
def linear(_layer: layers.Linear, facts: Facts) -> Text:
    """How many numbers are read, and what their products add up to."""
    return fill(wording.DENSE, reads=facts.reads, count=_count(facts.settings), **_sum(facts))


@told.register(layers.MaxPool2d)
def max_pool2d(_layer: layers.MaxPool2d, facts: Facts) -> Text:
    """The largest number, and where it is looked for."""
    outside = wording.NOTHING_OUTSIDE if facts.is_outside else ()
    return fill(wording.POOL, **_span(facts), c=facts.at[0], most=facts.most, outside=outside, relu=facts.relu)


@told.register(layers.ZeroPad2d)
def zero_pad2d(_layer: layers.ZeroPad2d, facts: Facts) -> Text:
    """The number that is read, or that there is none."""
    template = wording.PAD_OUTSIDE if facts.is_outside else wording.PAD_INSIDE
    row, column, x = map(facts.number, ("window_row", "window_column", "window_0"))
    return fill(template, reads=facts.reads, row=row, column=column, x=x, relu=facts.relu)


@told.register(layers.ReLU)
def relu(_layer: layers.ReLU, facts: Facts) -> Text:
    """The number in the same place, and what becomes of it."""
    return fill(wording.RELU, reads=facts.reads, x=facts.number("window_0"), relu=facts.relu)


@told.register(layers.Softmax)
def softmax(_layer: layers.Softmax, facts: Facts) -> Text:
    """The share, step by step."""
    x, less, exp, _ = facts.tables["softmax"][int(facts.at[0])].tolist()
    most, total, result = map(facts.number, ("max", "exp_sum", "result"))
    return fill(wording.SOFTMAX, x=x, less=less, exp=exp, most=most, total=total, result=result)


def _span(facts: Facts) -> dict[str, str | Text]:
    """Which rows and columns of what the window covers, and by which stride."""
    settings = facts.settings
    down, right = settings.down, settings.right
    return {
        "rows": _from_to(wording.ROW, wording.ROWS, facts.tables["window_row"].ravel().tolist()),
        "columns": _from_to(wording.COLUMN, wording.COLUMNS, facts.tables["window_column"].ravel().tolist()),
        "reads": facts.reads,
        "stride": fill(wording.STRIDE, d=down, r=right) if (down, right) != (1, 1) else (),
    }


def _from_to(one: str, several: str, numbers: list[float]) -> Text:
    first, last = numbers[0], numbers[-1]
    return fill(one, first=first) if len(numbers) == 1 else fill(several, first=first, last=last)


def _sum(facts: Facts) -> dict[str, float | Text]:
    """The bias, if any, the sum of all, and what becomes of it."""
    bias: Text = fill(wording.BIAS, bias=facts.number("bias")) if facts.settings.bias else ()
    return {"bias": bias, "before": facts.number("before"), "relu": facts.relu}


def _count(settings: Settings) -> Text:
    """How many numbers a dense layer reads: those of a vector, of one image, or of several channels."""
    k, h, w = settings.channels, settings.height, settings.width
    if k != 1:
        return fill(wording.CHANNELS_COUNT, k=k, h=h, w=w)
    return fill(wording.IMAGE_COUNT, h=h, w=w) if w != 1 else fill(wording.VECTOR_COUNT, h=h)
