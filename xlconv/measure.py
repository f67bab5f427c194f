"""How much room things take on the screen at 100 %: cells in pixels, texts by an estimate.

Fonts differ from machine to machine, so the estimate is that of a wide one; what fits by it fits in Calibri, which the
workbooks ask for. This module knows nothing of networks and workbooks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

CELL: Final = 28
"""Pixels, the width and height of a cell of a picture."""
DIGIT: Final = 7
"""Pixels of a digit of the default font: in files, widths are counted in these, a cell's margins included."""
WIDE: Final = 4 * CELL
"""Pixels, the width of a column that holds a vector."""

TITLE: Final = 28
"""In points, as are all sizes of fonts."""
SHAPE: Final = 16
SENTENCE: Final = 20
CAPTION: Final = 14

_PIXELS_PER_POINT: Final = 96 / 72
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_WIDTHS: Final = {0.31: f"iljI .,:;'!|{_NO_BREAK}", 0.38: "frt()[]-/", 0.53: "csvxyzkJ", 0.84: "mwMW%@→"}
_WIDTH_OF: Final = {char: width for width, chars in _WIDTHS.items() for char in chars}
_CAPITAL: Final = 0.66
_OTHER: Final = 0.58
_FULL: Final = 1.05
"""Of Chinese characters and the like."""


def text_width(text: str, points: float) -> float:
    """The pixels that a line takes."""
    return sum(map(_ems, text)) * points * _PIXELS_PER_POINT


@lru_cache(maxsize=1024)
def _ems(char: str) -> float:
    if char in _WIDTH_OF:
        return _WIDTH_OF[char]
    if ord(char) >= 0x1100:
        return _FULL
    return _CAPITAL if char.isupper() else _OTHER


def broken(text: str, points: float, width: float) -> list[str]:
    """A text in lines of at most so many pixels; a word that is too long has a line of its own.

    Lines end at spaces, but not at no-break spaces.
    """
    lines: list[list[str]] = []
    space, taken = text_width(" ", points), 0.0
    for word in text.split(" "):
        needed = text_width(word, points)
        if lines and taken + space + needed <= width:
            lines[-1].append(word)
            taken += space + needed
        else:
            lines.append([word])
            taken = needed
    return [" ".join(words) for words in lines]


def shortened(text: str, points: float, width: float) -> str:
    """A text, cut off with an ellipsis where it would take more than so many pixels."""
    if text_width(text, points) <= width:
        return text
    kept = next((n for n in range(len(text), 0, -1) if text_width(f"{text[:n]}…", points) <= width), 0)
    return f"{text[:kept]}…"


def first_that_fits(texts: tuple[str, ...], points: float, width: float) -> str:
    """The first of some texts that takes at most so many pixels, else the last one, cut off."""
    return next((text for text in texts if text_width(text, points) <= width), shortened(texts[-1], points, width))
