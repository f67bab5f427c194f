"""How the worksheets look: colours, fonts, number formats, widths. No cell addresses, no numbers of a network."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

Kind: TypeAlias = Literal[
    "title",
    "shape",
    "caption",
    "input",
    "weight",
    "bias",
    "output",
    "vector",
    "share",
    "class",
    "prediction",
    "text",
    "header",
]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

ZOOM: Final = 50
CELL_WIDTH: Final = 3.29
"""In characters of the default font: 28 pixels."""
ROW_HEIGHT: Final = 21.0
"""In points: 28 pixels, so that cells are square."""
WIDE: Final = 11.0

_INK: Final = "FF1F2937"
_QUIET: Final = "FF6B7280"
_WHITE: Final = "FFFFFFFF"
_DARK: Final = "FF4B5563"
_GREY: Final = "FF8B95A3"
_WARM: Final = "FFF97316"
_COLD: Final = "FF3B82F6"
_LIGHT: Final = "FFF3F4F6"

_THIN: Final = Side(style="hair", color="FFD1D5DB")
_GRID: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_NUMBER: Final = "0.0;-0.0;0"
_WEIGHT: Final = "0.00;-0.00;0"

_FONTS: Final[dict[Kind, Font]] = {
    "title": Font(name="Calibri", size=16, bold=True, color=_INK),
    "shape": Font(name="Calibri", size=10, color=_QUIET),
    "caption": Font(name="Calibri", size=8, bold=True, color=_QUIET),
    "class": Font(name="Calibri", size=10, bold=True, color=_INK),
    "prediction": Font(name="Calibri", size=14, bold=True, color=_WHITE),
    "text": Font(name="Calibri", size=11, color=_INK),
    "header": Font(name="Calibri", size=11, bold=True, color=_WHITE),
}
_SMALL: Final = Font(name="Calibri", size=7, color=_INK)
_VECTOR: Final = Font(name="Calibri", size=9, color=_INK)
_FORMATS: Final[dict[Kind, str]] = {
    "input": _NUMBER,
    "output": _NUMBER,
    "weight": _WEIGHT,
    "bias": _WEIGHT,
    "vector": "0.000",
    "share": "0.0%",
}


def number(book: Workbook, kind: Kind) -> int:
    """The number that a look has in a workbook; asking for it puts it there."""
    cell = Cell(book.worksheets[0])
    vector = kind in ("vector", "share")
    cell.font = _FONTS.get(kind, _VECTOR if vector else _SMALL)
    cell.number_format = _FORMATS.get(kind, "General")
    if kind in ("title", "shape", "caption", "text", "header"):
        cell.alignment = Alignment(horizontal="left", vertical="center")
    else:
        cell.alignment = Alignment(horizontal="center", vertical="center")
        cell.border = _GRID
    if kind in ("prediction", "header"):
        cell.fill = PatternFill("solid", fgColor=_DARK)
    if kind == "class":
        cell.fill = PatternFill("solid", fgColor=_LIGHT)
    return int(cell.style_id)


def heat(kind: Kind, signed: bool) -> ColorScaleRule:
    """The colour scale of a layer's blocks: from white up, or from blue through white at zero to orange."""
    if kind == "input":
        return ColorScaleRule("num", 0, _WHITE, end_type="num", end_value=1, end_color=_GREY)
    if signed:
        return ColorScaleRule("min", None, _COLD, "num", 0, _WHITE, "max", None, _WARM)
    return ColorScaleRule("num", 0, _WHITE, end_type="max", end_value=None, end_color=_WARM)
