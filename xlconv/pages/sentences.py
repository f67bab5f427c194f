"""What a layer does and what to look at, in plain words: `sentences(layer, place)`, the longest first.

This module knows layers and shapes; it must not know cells or numbers of a network.
"""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

from xlconv import layers
from xlconv.errors import NetworkError
from xlconv.layers import Layer, Shape, shape_text


class WordPlace(NamedTuple):
    """What there is to say of a layer in its network.

    Args:
        source: The name of what it reads.
        x: The shape that it reads, as it stands on the worksheet.
        y: Its output's shape.
        inline: The types of the layers that its formulas are wrapped in.
        scores: Whether its output is one number for each class.
    """

    source: str
    x: Shape
    y: Shape
    inline: tuple[str, ...] = ()
    scores: bool = False

    @property
    def relu(self) -> bool:
        """Whether all that its formulas are wrapped in is ReLUs."""
        return set(self.inline) == {"ReLU"}

    @property
    def then(self) -> str:
        """What becomes of a number before it is shown."""
        if self.relu:
            return " ReLU: below 0 becomes 0."
        return f" Then {', '.join(self.inline)}." if self.inline else ""


@singledispatch
def sentences(layer: Layer, place: WordPlace) -> tuple[str, ...]:
    """Texts that say the same at different lengths, the longest first.

    Args:
        layer: The layer.
        place: Its place in the network.
    """
    if not layer.words:
        raise NetworkError(f"no words are known for {type(layer).__name__}")
    return tuple(text + place.then for text in layer.words)


def of_input(shape: Shape, signed: bool, choice: bool) -> tuple[str, ...]:
    """The same for the network's input.

    Args:
        shape: Its shape.
        signed: Whether some of its numbers are below zero.
        choice: Whether it is chosen below.
    """
    act = "Choose another one below" if choice else "Change one"
    ends = [f" {act}, and every number to the right follows: all but the weights are formulas.", f" {act}.", ""]
    said = f"{_count(shape[0], 'number')}, the network's input."
    if len(shape) == 3:
        channels, height, width = shape
        stack = f"a stack of {channels} matrices, each of" if channels > 1 else "a matrix of"
        look = "orange above zero, blue below" if signed else "the darker, the larger"
        said = f"A picture is {stack} {_count(height, 'row')} of {_count(width, 'number')}: {look}."
    return tuple(said + end for end in ends)


@sentences.register(layers.Conv2d)
def conv2d(layer: layers.Conv2d, place: WordPlace) -> tuple[str, ...]:
    """A filter on every piece."""
    size = shape_text(layer.kernel_size)
    bias = ", add the bias" if layer.bias else ""
    each = "Each filter" if layer.out_channels > 1 else "The filter"
    if layer.group_size == 1:
        filters = f"Each of the {layer.out_channels} filters, a" if layer.out_channels > 1 else "The filter, a"
        said = f"{filters} {size} matrix of weights, is laid on every {size} piece of {place.source}."
        adds = f"Multiply number by number, add up the products{bias}: one cell of the map."
    else:
        said = f"{each} is a stack of {size} matrices, one for each of {_maps(layer)} of {place.source}."
        adds = f"Lay them on the same place of all maps, multiply, add up all products{bias}: one cell."
    colours = _colours("the piece looks like the filter", "it looks like the opposite", place.relu)
    relu = place.then
    short = f"{each} slides over {place.source}: multiply, add up{bias}.{relu}"
    full = f"{said} {adds} {colours}{'' if place.relu else relu}"
    return full + _steps(layer, place), full, f"{said} {adds}{relu}", f"{said} Multiply, add up{bias}.{relu}", short


def _maps(layer: layers.Conv2d) -> str:
    """The maps that a filter reads."""
    return f"the {layer.in_channels} maps" if layer.groups == 1 else f"{layer.group_size} maps of its group"


def _colours(warm: str, cold: str, relu: bool) -> str:
    if relu:
        return f"ReLU sets what is below zero to 0, so only matches stay, in orange: here {warm}."
    return f"Orange is above zero: here {warm}; blue is below: {cold}."


def _steps(layer: layers.Conv2d, place: WordPlace) -> str:
    """How many pieces there are, or why it is not that simple."""
    if layer.dilation != (1, 1):
        return f" It reads every {shape_text(layer.dilation)}th cell of a larger piece."
    if any(layer.padding):
        return f" Around {place.source} zeros are assumed: padding {shape_text(layer.padding)}."
    if layer.stride != (1, 1):
        return f" The filter moves by {shape_text(layer.stride)} cells at a time, so the map is smaller."
    n, k, m = place.x[-1], layer.kernel_size[1], place.y[-1]
    size = f"{n} - {k} + 1 = {m}".replace(" ", "\N{NO-BREAK SPACE}")
    return f" {size} pieces fit side by side."


@sentences.register(layers.ReLU)
def relu(layer: layers.ReLU, place: WordPlace) -> tuple[str, ...]:
    """Zero for what is negative."""
    said = "What is below zero becomes 0, all else stays as it is."
    return f"{said} Without this step, layer upon layer would be no more than one sum.", said


@sentences.register(layers.MaxPool2d)
def max_pool2d(layer: layers.MaxPool2d, place: WordPlace) -> tuple[str, ...]:
    """The largest of each piece."""
    size = shape_text(layer.kernel_size)
    said = f"Of every {size} piece only the largest number stays"
    if layer.stride == layer.kernel_size == (2, 2) and layer.padding == (0, 0):
        return f"{said}: half the rows and columns, and still the same picture.", f"{said}."
    return f"{said}; a piece begins every {shape_text(layer.stride)} cells.", f"{said}."


@sentences.register(layers.ZeroPad2d)
def zero_pad2d(layer: layers.ZeroPad2d, place: WordPlace) -> tuple[str, ...]:
    """A frame."""
    told = []
    if max(layer.padding) > 0:
        told.append("Zeros are put around each map.")
    if min(layer.padding) < 0:
        told.append("Rows or columns at the edge are cut off.")
    return (" ".join(told) or "Nothing is put around the maps.",)


@sentences.register(layers.Linear)
def linear(layer: layers.Linear, place: WordPlace) -> tuple[str, ...]:
    """Weighted sums."""
    each = "class" if place.scores else "output"
    bias = ", add the bias" if layer.bias else ""
    relu = place.then
    short = f"Numbers times weights, added up.{relu}"
    if len(place.x) == 3:
        said = f"Each {each} has a weight for every number of {place.source}, in matrices of the same shape."
        score = "the score (logit) of the class" if place.scores else "the output"
        adds = f"Multiply number by number, add up all {layer.in_features:,} products{bias}: {score}."
        look = f"Orange weights speak for the {each}, blue ones against it, where {place.source} is not 0."
        return f"{said} {adds} {look}{relu}", f"{said} Multiply, add up{bias}.{relu}", short
    said = f"Each {each} has a column of weights, one for every number of {place.source}."
    adds = f"Multiply number by number, add up the products{bias}."
    return f"{said} {adds}{relu}", f"{said}{relu}", short


@sentences.register(layers.Softmax)
def softmax(layer: layers.Softmax, place: WordPlace) -> tuple[str, ...]:
    """Shares."""
    said = "exp(score - largest), divided by the sum of all: shares that add up to 1."
    return f"{said} A score one higher counts 2.7 times as much.", f"{said} The largest stands out.", said


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
