"""How the worksheets look: colours, fonts, number formats, widths. No cell addresses, no numbers of a network."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import ColorScaleRule, FormulaRule, Rule
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
    "heading",
    "choice",
    "limit",
    "look-up",
    "exact",
    "entry",
    "index",
    "operator",
    "label",
    "panel",
    "total",
    "result",
    "words",
    "lead",
    "small",
    "turned",
    "setting",
    "link",
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
_CHOICE: Final = "FFFEF3C7"

_THIN: Final = Side(style="hair", color="FFD1D5DB")
_GRID: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_LINE: Final = Side(style="thin", color=_GREY)
_FRAME: Final = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_EXACT: Final = "0.0000;-0.0000;0"
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
    "heading": Font(name="Calibri", size=16, bold=True, color=_INK),
    "choice": Font(name="Calibri", size=12, bold=True, color=_INK),
    "limit": Font(name="Calibri", size=9, color=_QUIET),
    "look-up": Font(name="Calibri", size=8, color=_INK),
    "exact": Font(name="Calibri", size=9, color=_INK),
    "entry": Font(name="Calibri", size=8, color=_INK),
    "index": Font(name="Calibri", size=7, color=_GREY),
    "operator": Font(name="Calibri", size=14, color=_QUIET),
    "label": Font(name="Calibri", size=8, color=_QUIET),
    "panel": Font(name="Calibri", size=11, bold=True, color=_INK),
    "total": Font(name="Calibri", size=10, color=_INK),
    "result": Font(name="Calibri", size=12, bold=True, color=_INK),
    "words": Font(name="Calibri", size=11, color=_INK),
    "lead": Font(name="Calibri", size=10, color=_QUIET),
    "small": Font(name="Calibri", size=9, color=_INK),
    "turned": Font(name="Calibri", size=8, color=_QUIET),
    "setting": Font(name="Calibri", size=8, color=_INK),
    "link": Font(name="Calibri", size=8, underline="single", color=_COLD),
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
    "look-up": _WEIGHT,
    "exact": _EXACT,
    "small": "[=0]0;[<0.0001]0E+00;0.0000",
    "total": _EXACT,
    "result": _EXACT,
}
_AT_LEFT: Final = Alignment(horizontal="left", vertical="center")
_CENTRED: Final = Alignment(horizontal="center", vertical="center", shrink_to_fit=True)
_ALIGNMENTS: Final[dict[Kind, Alignment]] = {
    **dict.fromkeys(("choice", "limit", "look-up", "exact", "small", "index", "total", "result", "setting"), _CENTRED),
    **dict.fromkeys(("heading", "panel", "lead", "link", "entry"), _AT_LEFT),
    "label": Alignment(horizontal="left", vertical="bottom", wrap_text=True),
    "words": Alignment(horizontal="left", vertical="center", wrap_text=True),
    "turned": Alignment(horizontal="center", vertical="bottom", text_rotation=90),
}
_BARE: Final[tuple[Kind, ...]] = (
    *("limit", "look-up", "exact", "small", "entry", "index", "operator", "label", "panel", "lead", "words", "turned"),
    *("heading", "total", "link"),
)
_BORDERS: Final[dict[Kind, Border]] = {
    **dict.fromkeys(_BARE, Border()),
    **dict.fromkeys(("choice", "result"), _FRAME),
}
_FILLS: Final[dict[Kind, str]] = {"choice": _CHOICE, "words": _LIGHT}


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
    if kind in _ALIGNMENTS:
        cell.alignment = _ALIGNMENTS[kind]
    if kind in _BORDERS:
        cell.border = _BORDERS[kind]
    if kind in _FILLS:
        cell.fill = PatternFill("solid", fgColor=_FILLS[kind])
    return int(cell.style_id)


def heat(kind: Kind, signed: bool) -> ColorScaleRule:
    """The colour scale of a layer's blocks: from white up, or from blue through white at zero to orange."""
    if kind == "input":
        return ColorScaleRule("num", 0, _WHITE, end_type="num", end_value=1, end_color=_GREY)
    if signed:
        return ColorScaleRule("min", None, _COLD, "num", 0, _WHITE, "max", None, _WARM)
    return ColorScaleRule("num", 0, _WHITE, end_type="max", end_value=None, end_color=_WARM)


def balanced(where: str) -> ColorScaleRule:
    """From blue through white at zero to orange, as far below zero as above it, for the numbers of a range."""
    most = f"MAX(MAX({where}),-MIN({where}))"
    return ColorScaleRule("formula", f"-{most}", _COLD, "num", 0, _WHITE, "formula", most, _WARM)


def shaded() -> ColorScaleRule:
    """From white at 0 to orange at 1."""
    return ColorScaleRule("num", 0, _WHITE, end_type="num", end_value=1, end_color=_WARM)


def framed(formula: str) -> Rule:
    """Thin lines around the cells for which a formula holds."""
    return FormulaRule([formula], border=_GRID)


def boxed(formula: str) -> Rule:
    """Thin lines and light grey where a formula holds."""
    return FormulaRule([formula], border=_GRID, fill=PatternFill("solid", bgColor=_LIGHT))


def hidden(formula: str) -> Rule:
    """White on white where a formula holds."""
    return FormulaRule([formula], font=Font(color=_WHITE))


def pale(formula: str) -> Rule:
    """Light grey text where a formula holds."""
    return FormulaRule([formula], font=Font(color="FFD1D5DB"))


def marked(formula: str) -> Rule:
    """Bold, in a frame, where a formula holds."""
    return FormulaRule([formula], font=Font(bold=True, color=_INK), border=_FRAME)


def right(formula: str) -> Rule:
    """Green where a formula holds."""
    return FormulaRule([formula], fill=PatternFill("solid", bgColor="FFD1FAE5"))


def wrong(formula: str) -> Rule:
    """Red where a formula holds."""
    return FormulaRule([formula], fill=PatternFill("solid", bgColor="FFFECACA"))
