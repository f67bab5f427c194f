"""Every layer's output for one input, as tables with heat maps: `trace(network, x)`.

The numbers are the reference model's. Nothing here knows of workbooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from xlconv import reference
from xlconv.errors import NetworkError, printable
from xlconv.layers import LogSoftmax, Softmax, shape_text
from xlconv.network import INPUT, FloatArray, Network

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.colors import Colormap

_MOST: Final = 5_000
"""Cells of a table that are coloured, each in the style sheet of the page."""
_ROWS: Final = 40
"""Of a larger table that are shown, without colours."""
_CELLS: Final = "font-size: 65%; padding: 1px 3px; text-align: right"


class Trace(Mapping[str, "pd.DataFrame"]):
    """A table for `input` and for each layer, in the network's order; in a notebook a page of heat maps.

    An image (C, H, W) has rows `(channel, row)` and a column for each of its columns. A vector has one column,
    `value`, and the class names for rows where its elements are the classes.

    Args:
        network: What was traced.
        outputs: Arrays by layer name, and the input.
    """

    def __init__(self, network: Network, outputs: Mapping[str, FloatArray]) -> None:
        named = class_layers(network) if network.classes else frozenset()
        self._kinds = {INPUT: "Input"} | {node.name: type(node.layer).__name__ for node in network.nodes}
        self._frames = {
            name: _frame(array, network.classes if name in named else ()) for name, array in outputs.items()
        }
        self._scales = {name: scale(array, is_input=name == INPUT) for name, array in outputs.items()}
        self._shapes = {name: shape_text(array.shape) for name, array in outputs.items()}

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __repr__(self) -> str:
        return "\n".join(f"{name}  {self._kinds[name]}  {self._shapes[name]}" for name in self)

    def _repr_html_(self) -> str:
        return "\n".join(map(self._section, self))

    def _section(self, name: str) -> str:
        heading = f"<b>{escape(name)}</b> {self._kinds[name]} {self._shapes[name]}"
        table = _html(self._frames[name], self._scales[name])
        return f'<p>{heading}</p>\n<div style="overflow: auto; max-height: 36em">{table}</div>'


def trace(network: Network, x: ArrayLike) -> Trace:
    """Every layer's output for one input, as the reference model computes it.

    Args:
        network: Layers and weights.
        x: The input, of the network's input shape.

    Returns:
        DataFrames by layer name, the input's first.

    Raises:
        NetworkError: The input has another shape, or is no array of numbers.
    """
    try:
        array = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        raise NetworkError("the input is no array of numbers") from None
    return Trace(network, reference.forward(network, array))


def class_layers(network: Network) -> frozenset[str]:
    """The layers at the end whose elements are the classes: the last one, and what it takes element by element."""
    names: set[str] = set()
    name = network.nodes[-1].name
    while name != INPUT and len(network.shapes[name]) == 1:
        names.add(name)
        layer = network[name].layer
        if not (layer.elementwise or layer.view or isinstance(layer, (Softmax, LogSoftmax))):
            break
        name = network[name].inputs[0]
    return frozenset(names)


GREYS: Final = ("#ffffff", "#9ca3af", "#111827")
ORANGES: Final = ("#ffffff", "#fdba74", "#f97316", "#7c2d12")
BLUES_TO_ORANGES: Final = ("#1e3a8a", "#3b82f6", "#bfdbfe", "#ffffff", "#fed7aa", "#f97316", "#7c2d12")
"""Colours that the colour-blind can tell apart, too; zero is white."""


class Scale(NamedTuple):
    """How numbers become colours.

    Args:
        colours: From the first to the last; between them they are mixed.
        low: The number that has the first colour.
        high: The number that has the last colour.
    """

    colours: tuple[str, ...]
    low: float
    high: float

    def colour_map(self) -> Colormap:
        """For Matplotlib."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list("xlconv", self.colours)


def scale(array: FloatArray, is_input: bool = False, signed: bool = False) -> Scale:
    """From zero up, or symmetric about zero where numbers are below it; the same for the whole array.

    Args:
        array: The numbers; those that are not finite do not count.
        is_input: Grey, as ink on paper, instead of orange.
        signed: Symmetric even if none is below zero.
    """
    finite = array[np.isfinite(array)]
    most = float(np.abs(finite).max(initial=0.0)) or 1.0
    if signed or (finite < 0).any():
        return Scale(BLUES_TO_ORANGES, -most, most)
    return Scale(GREYS if is_input else ORANGES, 0.0, most)


def _frame(array: FloatArray, classes: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    if array.ndim == 1:
        return pd.DataFrame({"value": array}, index=pd.Index(classes, name="class") if classes else None)
    channels, height, width = array.shape
    index = pd.MultiIndex.from_product([range(channels), range(height)], names=["channel", "row"])
    return pd.DataFrame(array.reshape(-1, width), index, pd.RangeIndex(width, name="column"))


def _html(frame: pd.DataFrame, colours: Scale) -> str:
    """A table; coloured where what pandas needs for that is installed, and the table is not large."""
    shown = frame.set_axis([printable(str(name)) for name in frame.index]) if frame.index.name == "class" else frame
    if frame.size > _MOST or find_spec("matplotlib") is None or find_spec("jinja2") is None:
        plain: str = shown.to_html(float_format="{:.3g}".format, max_rows=_ROWS, max_cols=_ROWS, escape=True)
        return plain
    style = shown.style.format("{:.3g}").format_index(escape="html")
    style = style.background_gradient(colours.colour_map(), vmin=colours.low, vmax=colours.high, axis=None)
    html: str = style.set_table_styles([{"selector": "td, th", "props": _CELLS}]).to_html()
    return html
