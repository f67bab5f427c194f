"""How the worksheets look: colours, fonts, number formats, widths. No cell addresses, no numbers of a network."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule, FormulaRule, Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from xlconv import measure

Kind: TypeAlias = Literal[
    "title",
    "shape",
    "sentence",
    "caption",
    "head",
    "arrow",
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
    "subject",
    "go to",
    "code",
    "count",
    "plain",
    "dial",
    "dial result",
    "dial caption",
    "mark",
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

CELL_WIDTH: Final = 3.29
"""In characters of the default font: 28 pixels."""
ROW_HEIGHT: Final = measure.CELL * 0.75
"""In points: 28 pixels, so that cells are square."""
WIDE: Final = round((measure.WIDE - 5) / 7, 2)
"""In characters, 7 pixels each and 5 more."""
TITLE_HEIGHT: Final = 39.0
"""In points, of the row with the titles."""
LINE_HEIGHT: Final = 27.0
"""In points, of a row with a shape or a sentence's line."""

_INK: Final = "FF1F2937"
_QUIET: Final = "FF6B7280"
_WHITE: Final = "FFFFFFFF"
_DARK: Final = "FF4B5563"
_GREY: Final = "FF8B95A3"
_FAINT: Final = "FFC3C9D1"
_WARM: Final = "FFF97316"
_COLD: Final = "FF3B82F6"
_LINK: Final = "FF1D4ED8"
_CHOICE: Final = "FFFEF3C7"
_LIGHT: Final = "FFF3F4F6"

BAR: Final = "FB923C"
"""Of bars, without the opacity."""

_THIN: Final = Side(style="hair", color="FFD1D5DB")
_GRID: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_LINE: Final = Side(style="thin", color=_GREY)
_FRAME: Final = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_EXACT: Final = "0.0000;-0.0000;0"
_NUMBER: Final = "0.0;-0.0;0"
_WEIGHT: Final = "0.00;-0.00;0"

_FONTS: Final[dict[Kind, Font]] = {
    "title": Font(name="Calibri", size=measure.TITLE, bold=True, color=_WHITE),
    "shape": Font(name="Calibri", size=measure.SHAPE, color=_QUIET),
    "sentence": Font(name="Calibri", size=measure.SENTENCE, color=_INK),
    "caption": Font(name="Calibri", size=measure.CAPTION, color=_INK),
    "head": Font(name="Calibri", size=measure.CAPTION, color=_INK),
    "arrow": Font(name="Calibri", size=36, bold=True, color=_WARM),
    "class": Font(name="Calibri", size=16, bold=True, color=_INK),
    "prediction": Font(name="Calibri", size=120, bold=True, color=_WHITE),
    "text": Font(name="Calibri", size=11, color=_INK),
    "header": Font(name="Calibri", size=11, bold=True, color=_WHITE),
    "heading": Font(name="Calibri", size=16, bold=True, color=_INK),
    "subject": Font(name="Calibri", size=11, bold=True, color=_INK),
    "go to": Font(name="Calibri", size=11, underline="single", color=_LINK),
    "code": Font(name="Consolas", size=10, color=_INK),
    "count": Font(name="Calibri", size=11, color=_INK),
    "dial": Font(name="Calibri", size=40, bold=True, color=_INK),
    "dial result": Font(name="Calibri", size=28, color=_QUIET),
    "dial caption": Font(name="Calibri", size=24, color=_QUIET),
    "mark": Font(name="Calibri", size=36, bold=True, color=_INK),
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
_VECTOR: Final = Font(name="Calibri", size=15, color=_INK)
_FORMATS: Final[dict[Kind, str]] = {
    "input": _NUMBER,
    "output": _NUMBER,
    "weight": _WEIGHT,
    "bias": _WEIGHT,
    "vector": "0.000",
    "share": "0.0%",
    "count": "#,##0",
    "look-up": _WEIGHT,
    "exact": _EXACT,
    "small": "[=0]0;[<0.0001]0E+00;0.0000",
    "total": _EXACT,
    "result": _EXACT,
}
_AT_LEFT: Final = Alignment(horizontal="left", vertical="center")
_MIDDLE: Final = Alignment(horizontal="center", vertical="center")
_CENTRED: Final = Alignment(horizontal="center", vertical="center", shrink_to_fit=True)
_ALIGNMENTS: Final[dict[Kind, Alignment]] = {
    **dict.fromkeys(("input", "weight", "bias", "output", "vector", "share", "class", "prediction", "mark"), _CENTRED),
    **dict.fromkeys(("head", "arrow"), _CENTRED),
    **dict.fromkeys(("title", "shape", "sentence"), Alignment(horizontal="left", vertical="center", indent=1)),
    **dict.fromkeys(("choice", "limit", "look-up", "exact", "small", "index", "total", "result", "setting"), _CENTRED),
    **dict.fromkeys(("panel", "lead", "link", "entry"), Alignment(horizontal="left", vertical="center")),
    "label": Alignment(horizontal="left", vertical="bottom", wrap_text=True),
    "words": Alignment(horizontal="left", vertical="center", wrap_text=True),
    "turned": Alignment(horizontal="center", vertical="bottom", text_rotation=90),
}
_LEFT: Final[tuple[Kind, ...]] = (
    *("title", "shape", "sentence", "caption", "text", "header", "heading", "subject", "go to", "code", "count"),
    "dial caption",
)
_BARE: Final[tuple[Kind, ...]] = (
    *("limit", "look-up", "exact", "small", "entry", "index", "operator", "label", "panel", "lead", "words", "turned"),
    *("total", "link"),
)
_BORDERS: Final[dict[Kind, Border]] = {
    **dict.fromkeys(("head", "arrow"), Border()),
    **dict.fromkeys(_BARE, Border()),
    **dict.fromkeys(("choice", "result"), _FRAME),
}
_FILLS: Final[dict[Kind, str]] = {
    **dict.fromkeys(("title", "prediction", "header"), _DARK),
    "dial": _CHOICE,
    "class": _LIGHT,
    "shape": _LIGHT,
    "sentence": _LIGHT,
    "choice": _CHOICE,
    "words": _LIGHT,
}


def number(book: Workbook, kind: Kind) -> int:
    """The number that a look has in a workbook; asking for it puts it there."""
    cell = Cell(book.worksheets[0])
    vector = kind in ("vector", "share")
    cell.font = _FONTS.get(kind, _VECTOR if vector else _SMALL)
    cell.number_format = _FORMATS.get(kind, "General")
    left = kind in _LEFT
    cell.alignment = _ALIGNMENTS.get(kind, _AT_LEFT if left else _MIDDLE)
    cell.border = _BORDERS.get(kind, Border() if left else _GRID)
    if kind in _FILLS:
        cell.fill = PatternFill("solid", fgColor=_FILLS[kind])
    return int(cell.style_id)


def grey(most: float) -> ColorScaleRule:
    """From white at 0 to dark grey."""
    return ColorScaleRule("num", 0, _WHITE, end_type="num", end_value=most, end_color=_GREY)


def heat(most: float, signed: bool, ink: bool = False) -> ColorScaleRule:
    """The colour scale of a tensor: from white at zero to orange or grey, and where there are signs from blue.

    Args:
        most: The number with the strongest colour.
        signed: Whether there are negative numbers; `-most` is as blue as `most` is orange.
        ink: Grey instead of orange.
    """
    if signed:
        return ColorScaleRule("num", -most, _COLD, "num", 0, _WHITE, "num", most, _WARM)
    return ColorScaleRule("num", 0, _WHITE, end_type="num", end_value=most, end_color=_GREY if ink else _WARM)


def bars() -> Rule:
    """A bar in each cell, as long as its number is near 1."""
    return DataBarRule("num", 0, "num", 1, color=f"FF{BAR}", minLength=0, maxLength=100)


def quiet() -> Rule:
    """Light grey for zeros."""
    return CellIsRule(operator="equal", formula=["0"], font=Font(color=_FAINT))


def winner(formula: str) -> Rule:
    """Strong colour where a formula holds."""
    return FormulaRule([formula], font=Font(bold=True, color=_WHITE), fill=PatternFill(bgColor=_DARK))


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
