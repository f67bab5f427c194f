"""A network in a workbook as one picture: heat maps of its layers from left to right, by Matplotlib.

Lengths are inches from the upper left corner. Whatever stands in a text is drawn as it is, never taken for mathematics.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
from matplotlib import font_manager, rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.text import Text

from xlconv.files import whole_file
from xlconv.layers import shape_text
from xlconv.network import INPUT, FloatArray
from xlconv.picture import Picture, Seen
from xlconv.tracing import ORANGES, Scale, scale

_INK: Final = "#1f2937"
_QUIET: Final = "#6b7280"
_FAINT: Final = "#c5cad3"

_MARGIN: Final = 0.3
_BETWEEN: Final = 0.35
"""Columns."""
_GAP: Final = 0.1
"""Between the images of a column."""
_LINE: Final = 0.17
"""Of a heading, or of bars."""
_TITLE: Final = 0.36
_SUBTITLE: Final = 0.26
_LEGEND: Final = 0.3
_IMAGE: Final = 1.8
"""The longer side of the largest image; less where there are many below one another."""
_LARGEST_PIXEL: Final = 0.25
_LEAST_IMAGE: Final = 0.45
_KERNEL: Final = 0.42
_THINNEST: Final = 0.1
_BAR: Final = 1.2
_NARROWEST: Final = 0.75

_MOST_LAYERS: Final = 40
_MOST_CHANNELS: Final = 16
_MOST_INPUTS: Final = 6
"""Input channels, whose kernels stand beside one another."""
_MOST_BARS: Final = 32
"""A longer vector is a map, row by row; of more classes so many stand there, the largest."""
_MOST_LETTERS: Final = 24
_DPI: Final = 200
_MOST_PIXELS: Final = 5e7
_LONGEST: Final = 30_000
"""Side of a picture, in pixels."""


def save(picture: Picture, path: Path, force: bool = False) -> None:
    """Write a picture whose format the file's name tells: .png, .svg or .pdf.

    Raises:
        OutputError: The file exists, or cannot be written.
    """
    with whole_file(path, force) as temporary, rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a box stands for a sign that the font has not
        rcdefaults()
        rcParams["font.family"] = ["DejaVu Sans", *(name for name in _FONTS if name in font_manager.get_font_names())]
        figure = draw(picture)
        width, height = figure.get_size_inches()
        dpi = min(_DPI, _LONGEST / width, _LONGEST / height, (_MOST_PIXELS / (width * height)) ** 0.5)
        kind = path.suffix.lower().removeprefix(".")
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=_UNDATED.get(kind))


_FONTS: Final = ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei", "Noto Sans Arabic", "Noto Emoji")
"""For signs that Matplotlib's own font has not."""

_UNDATED: Final = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""The same workbook gives the same file."""


def draw(picture: Picture) -> Figure:
    """The figure."""
    layers = picture.layers
    left_out = len(layers) - _MOST_LAYERS
    if left_out > 0:
        layers = layers[: _MOST_LAYERS // 2] + layers[-_MOST_LAYERS // 2 :]
    columns = _columns(layers, picture.predicted)
    head = _LINE * max(len(column.heading) for column in columns) + _GAP
    body = max(column.height for column in columns)
    title, subtitle = _short(picture.title), _predicts(picture)
    if left_out > 0:
        subtitle = f"{subtitle} ({left_out} layers in the middle are left out)".lstrip()
    head_top = _MARGIN + _TITLE + _SUBTITLE * bool(subtitle)
    width = sum(column.width for column in columns) + _BETWEEN * (len(columns) - 1)
    width = max(width, _width(title, 14, bold=True), _width(subtitle, 10))
    page = _Page(width + 2 * _MARGIN, head_top + head + body + _LEGEND + _MARGIN / 2)
    page.write(_MARGIN, _MARGIN, title, 14, bold=True)
    page.write(_MARGIN, _MARGIN + 0.25, subtitle, 10, colour=_QUIET)
    left = _MARGIN
    for column in columns:
        for number, line in enumerate(column.heading):
            bold, colour = number == 0, _QUIET if number else _INK
            page.write(
                left + column.width / 2, head_top + number * _LINE, line, 9 - bool(number), bold, colour, "center"
            )
        column.draw(page, left, head_top + head + (body - column.height) / 2)
        left += column.width + _BETWEEN
    return page.figure


def _predicts(picture: Picture) -> str:
    if not picture.prediction:
        return ""
    last = picture.layers[-1]
    share = ""
    if picture.predicted is not None and last.is_share:
        share = f", {_number(float(last.values[picture.predicted]), is_share=True)}"
    return f"prediction: {_short(picture.prediction)}{share}"


class _Page:
    """A figure on which things stand at so many inches from the left and from the top."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure((width, height), facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Empty ones, with a frame but without ticks."""
        bottom = self.height - top - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(color=_FAINT, linewidth=0.5)
        return axes

    def write(
        self,
        left: float,
        top: float,
        text: str,
        size: float,
        bold: bool = False,
        colour: str = _INK,
        align: Literal["left", "center", "right"] = "left",
    ) -> None:
        """One line below `top`."""
        x, y = left / self.width, 1 - top / self.height
        line = _text(text, size, bold)
        line.set(x=x, y=y, color=colour, ha=align, va="top")
        self.figure.add_artist(line)


def _text(text: str, size: float, bold: bool) -> Text:
    return Text(text=text, fontsize=size, fontweight="bold" if bold else "normal", parse_math=False)


@lru_cache(maxsize=1024)
def _width(text: str, size: float, bold: bool = False) -> float:
    """Of a line."""
    figure = Figure(dpi=100)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]  # Matplotlib says no types
    line = _text(text, size, bold)
    figure.add_artist(line)
    return float(line.get_window_extent(renderer).width) / 100


class _Column(Protocol):
    """What stands below one heading."""

    @property
    def heading(self) -> Sequence[str]: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...
    def draw(self, page: _Page, left: float, top: float) -> None:
        """Onto a page, its upper left corner there."""


def _columns(layers: Sequence[Seen], predicted: int | None) -> list[_Column]:
    """The layers, each convolution behind its kernels."""
    maps = {id(layer): _images(layer.values) for layer in layers if not _has_bars(layer)}
    sides = [side for images in maps.values() for side in images.shape[2:]]
    rows = max((len(images) for images in maps.values()), default=1)
    pixel = min(_LARGEST_PIXEL, max(0.7, min(_IMAGE, 9 / rows)) / max(sides, default=1))
    columns: list[_Column] = []
    for layer in layers:
        if id(layer) not in maps:
            columns.append(_Bars(layer, predicted if layer.classes else None, is_last=layer is layers[-1]))
            continue
        images = maps[id(layer)]
        size = _size(images, pixel, _LEAST_IMAGE)
        pitch = size[1]
        if layer.kernels is not None:
            kernels = _kernels(layer.kernels, size[1])
            pitch = max(pitch, kernels.size[1])
            kernels.pitch = pitch
            columns.append(kernels)
        is_part = layer.values.ndim == 3 and len(images) < len(layer.values)
        heading = _heading(layer, f"first {len(images)} channels" if is_part else "")
        colours = scale(layer.values, is_input=layer.name == INPUT)
        columns.append(_Maps(heading, images, colours, size, pitch, is_hatched=bool(layer.note)))
    return columns


def _has_bars(layer: Seen) -> bool:
    return layer.values.ndim == 1 and (layer.values.size <= _MOST_BARS or bool(layer.classes))


def _heading(layer: Seen, part: str = "") -> list[str]:
    """Name, type, shape, which part of it is shown, and what else is to be said."""
    return [_short(layer.name), layer.kind, layer.shape, *filter(None, [part, layer.note])]


def _images(values: FloatArray) -> FloatArray:
    """The channels below one another, (rows, 1, H, W); a vector as one nearly square image, row by row."""
    if values.ndim == 3:
        return values[:_MOST_CHANNELS, None]
    side = int(np.ceil(values.size**0.5))
    image = np.full((-(-values.size // side), side), np.nan)
    image.flat[: values.size] = values
    return image[None, None]


def _kernels(kernels: FloatArray, height: float) -> _Maps:
    """Those of an output channel beside one another, in the line of that channel."""
    shown = kernels[:_MOST_CHANNELS, :_MOST_INPUTS]
    lines = ["", "kernels", shape_text(kernels.shape)]
    if shown.shape != kernels.shape:
        lines.append(f"first {shape_text(shown.shape[:2])}")
    size = _size(shown, _KERNEL / max(shown.shape[2:]), 0)
    return _Maps(lines, shown, scale(kernels, signed=True), size, height)


def _size(images: FloatArray, pixel: float, least: float) -> tuple[float, float]:
    """Width and height of each image."""
    height, width = images.shape[2:]
    pixel = max(pixel, least / max(height, width))
    return max(width * pixel, _THINNEST), max(height * pixel, _THINNEST)


@dataclass
class _Maps:
    """Images in rows and columns.

    Args:
        heading: Lines.
        images: (rows, columns, H, W).
        scale: The colours of all of them.
        size: Width and height of each.
        pitch: Height of a row.
        is_hatched: Whether the ground shows where a cell has no number.
    """

    heading: Sequence[str]
    images: FloatArray
    scale: Scale
    size: tuple[float, float]
    pitch: float
    is_hatched: bool = False

    @property
    def inner(self) -> float:
        """The width of all images."""
        columns: int = self.images.shape[1]
        return columns * self.size[0] + (columns - 1) * _GAP / 2

    @property
    def ends(self) -> tuple[str, str]:
        """The numbers at the ends of the legend."""
        return _number(self.scale.low, digits=3), _number(self.scale.high, digits=3)

    @property
    def legend(self) -> float:
        """Its width."""
        return max(_NARROWEST, sum(_width(end, 6) for end in self.ends) + _GAP)

    @property
    def width(self) -> float:
        return max(self.inner, self.legend, *(_width(line, 9, bold=True) for line in self.heading))

    @property
    def height(self) -> float:
        return len(self.images) * (self.pitch + _GAP) - _GAP

    def draw(self, page: _Page, left: float, top: float) -> None:
        start = left + (self.width - self.inner) / 2
        width, height = self.size
        for row, images in enumerate(self.images):
            y = top + row * (self.pitch + _GAP) + (self.pitch - height) / 2
            for column, image in enumerate(images):
                self._draw(page.axes(start + column * (width + _GAP / 2), y, width, height), image)
        self._draw_legend(page, left + self.width / 2, top + self.height + 0.1)

    def _draw(self, axes: Axes, image: FloatArray) -> None:
        axes.set_facecolor("white")
        if self.is_hatched:
            axes.patch.set(hatch="//////", edgecolor=_FAINT, linewidth=0)
        shown = np.ma.masked_invalid(image)
        _, low, high = self.scale
        axes.imshow(shown, self.scale.colour_map(), vmin=low, vmax=high, aspect="auto", interpolation="nearest")

    def _draw_legend(self, page: _Page, centre: float, top: float) -> None:
        """The colours, and the numbers at their ends."""
        _, low, high = self.scale
        half = self.legend / 2
        axes = page.axes(centre - half, top, 2 * half, 0.05)
        axes.imshow(np.linspace(low, high, 64)[None], self.scale.colour_map(), aspect="auto")
        page.write(centre - half, top + 0.07, self.ends[0], 6, colour=_QUIET)
        page.write(centre + half, top + 0.07, self.ends[1], 6, colour=_QUIET, align="right")


class _Bars:
    """A vector: a line for each element, with its name and its number.

    Args:
        layer: The vector.
        predicted: The index of the predicted class, which stands out.
        is_last: Whether a word says so.
    """

    def __init__(self, layer: Seen, predicted: int | None, is_last: bool) -> None:
        chosen = layer.elements(_MOST_BARS)
        self.heading = _heading(layer, f"{len(chosen)} largest" if len(chosen) < layer.values.size else "")
        self.values = layer.values[chosen]
        self.predicted = chosen.index(predicted) if predicted in chosen else None
        self.names = [_short(layer.classes[index] if layer.classes else str(index)) for index in chosen]
        self.numbers = [_number(value, layer.is_share) for value in self.values.tolist()]
        self.mark = "predicted" if self.predicted is not None and is_last else ""
        self.scale = Scale(ORANGES, 0.0, 1.0) if layer.is_share else scale(layer.values)
        self._names = max(_width(name, 8, bold=True) for name in self.names)
        self._numbers = max(_width(number, 8, bold=True) for number in self.numbers)
        self._mark = _width(self.mark, 8, bold=True) + _GAP if self.mark else 0.0

    @property
    def width(self) -> float:
        lines = self._names + _BAR + self._numbers + self._mark + 2 * _GAP
        return max(lines, *(_width(line, 9, bold=True) for line in self.heading))

    @property
    def height(self) -> float:
        return self.values.size * _LINE

    def draw(self, page: _Page, left: float, top: float) -> None:
        self._draw_bars(page.axes(left + self._names + _GAP, top, _BAR, self.height))
        end = left + self._names + _BAR + self._numbers + 2 * _GAP
        for number, (name, value) in enumerate(zip(self.names, self.numbers, strict=True)):
            y, bold = top + number * _LINE + 0.02, number == self.predicted
            page.write(left + self._names, y, name, 8, bold, align="right")
            page.write(end, y, value, 8, bold, _INK if bold else _QUIET, "right")
            if bold:
                page.write(end + _GAP, y, self.mark, 8, bold)

    def _draw_bars(self, axes: Axes) -> None:
        _, low, high = self.scale
        lengths = np.nan_to_num(self.values, nan=0.0)
        shades = self.scale.colour_map()(Normalize(low, high)(lengths))
        axes.barh(np.arange(lengths.size), lengths, height=0.7, color=shades, edgecolor=_QUIET, linewidth=0.3)
        start, end = min(0.0, lengths.min()), max(0.0, lengths.max()) or float(not lengths.any())
        room = 0.03 * (end - start)
        axes.set_xlim(start - room * (start < 0), 1.0 if high == 1.0 and low == 0.0 else end + room)
        axes.set_ylim(lengths.size - 0.5, -0.5)
        axes.axvline(0.0, color=_QUIET, linewidth=0.5)
        for spine in axes.spines.values():
            spine.set_visible(False)


def _number(value: float, is_share: bool = False, digits: int = 4) -> str:
    if np.isnan(value):
        return "no number"
    text = f"{100 * value:.1f} %" if is_share else f"{value:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
