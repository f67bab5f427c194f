"""A network in a workbook as text: the input in block characters, the prediction, and bars for the classes.

Colours come only on top: where the terminal has them, two pixels share a character; else shades stand for numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from xlconv.network import FloatArray
from xlconv.picture import Picture, Seen

_SHADES: Final = (" ░▒▓█", " .:*#")
_BLOCKS: Final = (" ▏▎▍▌▋▊▉█", " #")
"""Of bars, by filling. The second of each is for terminals without the signs of the first."""
_BAR: Final = 30
_MOST_CHANNELS: Final = 4
_MOST_CLASSES: Final = 20
_LONGEST_NAME: Final = 32


def to_console(picture: Picture, stream: TextIO) -> None:
    """Print it; in colours where the stream is a terminal that has them, and NO_COLOR is not set."""
    is_terminal = stream.isatty()
    console = Console(file=stream, force_terminal=is_terminal, force_jupyter=False, highlight=False)
    colours = is_terminal and not console.no_color and console.color_system in ("256", "truecolor")
    plain = not _can_print(stream, _everything(picture))
    for line in lines(picture, console.width, colours, plain):
        console.print(line, soft_wrap=True)


def _everything(picture: Picture) -> str:
    names = (name for layer in picture.layers for name in layer.classes)
    return "".join([*_SHADES, *_BLOCKS, picture.prediction, *names])


def _can_print(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def lines(picture: Picture, width: int = 80, colours: bool = False, plain: bool = False) -> Iterator[Text]:
    """Line by line.

    Args:
        picture: What there is to see.
        width: Of the terminal, in characters.
        colours: Whether it has colours.
        plain: Whether it has ASCII characters alone.
    """
    first, *_, last = (picture.layers[0], *picture.layers)
    yield from _layer(first, width, colours, plain)
    if picture.prediction:
        yield from [Text(), Text(f"prediction: {_sayable(picture.prediction, plain)}")]
    if last is not first:
        yield Text()
        has_bars = last.values.ndim == 1
        yield from _bars(last, picture.predicted, width, plain) if has_bars else _layer(last, width, colours, plain)


def _sayable(text: str, plain: bool) -> str:
    return text.encode("ascii", "backslashreplace").decode() if plain else text


def _layer(layer: Seen, width: int, colours: bool, plain: bool) -> Iterator[Text]:
    """Its name and its channels as pictures."""
    images = layer.values if layer.values.ndim == 3 else folded(layer.values)[None]
    known = images[np.isfinite(images)]
    low, high = known.min(initial=0.0), known.max(initial=0.0)
    yield Text("  ".join(filter(None, [layer.name, layer.shape, f"{low:.4g} to {high:.4g}", layer.note])))
    for channel, image in enumerate(images[:_MOST_CHANNELS]):
        if len(images) > 1:
            yield Text(f"channel {channel}")
        light = np.nan_to_num((image - low) / ((high - low) or 1.0))
        yield from _half_blocks(_fitting(light, width)) if colours else _shades(light, width, plain)
    if len(images) > _MOST_CHANNELS:
        yield Text(f"... and {len(images) - _MOST_CHANNELS} more channels")


def folded(vector: FloatArray) -> FloatArray:
    """A vector as a nearly square image, row by row; zeros after its end."""
    side = int(np.ceil(vector.size**0.5))
    image = np.zeros((-(-vector.size // side), side))
    image.flat[: vector.size] = vector
    return image


def _fitting(image: FloatArray, width: int) -> FloatArray:
    """Means of squares, as large as an image needs to be no wider than that."""
    step = -(-image.shape[1] // max(width, 1))
    if step == 1:
        return image
    rows, columns = (range(0, n, step) for n in image.shape)
    return np.array([[image[i : i + step, j : j + step].mean() for j in columns] for i in rows])


def _shades(light: FloatArray, width: int, plain: bool) -> Iterator[Text]:
    """Two characters for each pixel, which make a square."""
    signs = _SHADES[plain]
    for row in _fitting(light, width // 2):
        steps = np.ceil(row * (len(signs) - 1) - 1e-9).astype(int).clip(0, len(signs) - 1)
        yield Text("".join(signs[step] * 2 for step in steps).rstrip())


def _half_blocks(light: FloatArray) -> Iterator[Text]:
    """A character for two pixels, of which the lower one is its background."""
    levels = (light * 255).round().clip(0, 255).astype(int)
    if len(levels) % 2:
        levels = np.vstack([levels, np.zeros_like(levels[:1])])
    for upper, lower in zip(levels[::2].tolist(), levels[1::2].tolist(), strict=True):
        line = Text()
        for above, below in zip(upper, lower, strict=True):
            line.append("▀", Style(color=_grey(above), bgcolor=_grey(below)))
        yield line


def _grey(level: int) -> Color:
    return Color.from_rgb(level, level, level)


def _bars(layer: Seen, predicted: int | None, width: int, plain: bool) -> Iterator[Text]:
    """A line for each class: its name, its number and a bar; the predicted one has a sign before it."""
    if layer.note:
        yield Text(f"{layer.name}: {layer.note}")
    names = [_short(_sayable(name, plain)) for name in layer.classes or map(str, range(layer.values.size))]
    chosen = layer.elements(_MOST_CLASSES)
    numbers = {index: _number(float(layer.values[index]), layer.is_share) for index in chosen}
    widest, digits = max(cell_len(names[index]) for index in chosen), max(map(len, numbers.values()))
    room = min(_BAR, max(1, width - widest - digits - 6))
    longest = 1.0 if layer.is_share else float(np.nan_to_num(np.abs(layer.values)).max()) or 1.0
    for index in chosen:
        bar = _bar(float(np.nan_to_num(abs(layer.values[index]))) / longest, room, plain)
        name = set_cell_size(names[index], widest)
        mark = ">" if index == predicted else " "
        yield Text(f"{mark} {name}  {numbers[index]:>{digits}}  {bar}".rstrip())
    if len(chosen) < layer.values.size:
        yield Text(f"  ... and {layer.values.size - len(chosen):,} more")


def _number(value: float, is_share: bool) -> str:
    if np.isnan(value):
        return "no number"
    return f"{100 * value:.1f} %" if is_share else f"{value:.4g}"


def _bar(share: float, room: int, plain: bool) -> str:
    """As long as its share of the longest, to a fraction of a character."""
    signs = _BLOCKS[plain]
    steps = len(signs) - 1
    whole, rest = divmod(round(min(max(share, 0.0), 1.0) * room * steps), steps)
    return signs[-1] * whole + (signs[rest] if rest else "")


def _short(name: str) -> str:
    return name if cell_len(name) <= _LONGEST_NAME else f"{set_cell_size(name, _LONGEST_NAME - 3)}..."
