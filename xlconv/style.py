"""How the worksheets look: colours, fonts, number formats, widths. No cell addresses, no numbers of a network."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

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
    "dial text",
    "dial result",
    "dial caption",
    "mark",
    "choice",
    "choice text",
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

CELL_WIDTH: Final = measure.CELL / measure.DIGIT
"""As files count widths."""
ROW_HEIGHT: Final = measure.CELL * 0.75
"""In points: 28 pixels, so that cells are square."""
WIDE: Final = measure.WIDE / measure.DIGIT
"""The same, of a column that holds a vector."""
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
_NO_BORDER: Final = Border()

_GENERAL: Final = "General"
_TEXT: Final = "@"
"""What is typed stays a text, whatever it looks like: `dec1` is no first of December."""
_EXACT: Final = "0.0000;-0.0000;0"
_NUMBER: Final = "0.0;-0.0;0"
_WEIGHT: Final = "0.00;-0.00;0"
_SMALL: Final = "[=0]0;[<0.0001]0E+00;0.0000"

_LEFT: Final = Alignment(horizontal="left", vertical="center")
_INDENTED: Final = Alignment(horizontal="left", vertical="center", indent=1)
_WRAPPED: Final = Alignment(horizontal="left", vertical="center", wrap_text=True)
_BELOW: Final = Alignment(horizontal="left", vertical="bottom", wrap_text=True)
_MIDDLE: Final = Alignment(horizontal="center", vertical="center")
_FITTED: Final = Alignment(horizontal="center", vertical="center", shrink_to_fit=True)
_TURNED: Final = Alignment(horizontal="center", vertical="bottom", text_rotation=90)


class _Look(NamedTuple):
    """How a cell looks.

    Args:
        size: Of the text, in points.
        alignment: Where it stands in the cell.
        border: Around the cell.
        format: Of numbers.
        color: Of the text.
        fill: The cell's colour, or empty.
        bold: Whether the text is.
        font: Its name.
        underline: As openpyxl calls it.
    """

    size: float
    alignment: Alignment
    border: Border = _NO_BORDER
    format: str = _GENERAL
    color: str = _INK
    fill: str = ""
    bold: bool = False
    font: str = "Calibri"
    underline: str | None = None


_LOOKS: Final[dict[Kind, _Look]] = {
    "title": _Look(measure.TITLE, _INDENTED, color=_WHITE, fill=_DARK, bold=True),
    "shape": _Look(measure.SHAPE, _INDENTED, color=_QUIET, fill=_LIGHT),
    "sentence": _Look(measure.SENTENCE, _INDENTED, fill=_LIGHT),
    "caption": _Look(measure.CAPTION, _LEFT),
    "head": _Look(measure.CAPTION, _FITTED),
    "arrow": _Look(36, _FITTED, color=_WARM, bold=True),
    "input": _Look(7, _FITTED, _GRID, _NUMBER),
    "weight": _Look(7, _FITTED, _GRID, _WEIGHT),
    "bias": _Look(7, _FITTED, _GRID, _WEIGHT),
    "output": _Look(7, _FITTED, _GRID, _NUMBER),
    "vector": _Look(15, _FITTED, _GRID, "0.000"),
    "share": _Look(15, _FITTED, _GRID, "0.0%"),
    "class": _Look(16, _FITTED, _GRID, fill=_LIGHT, bold=True),
    "prediction": _Look(120, _FITTED, _GRID, color=_WHITE, fill=_DARK, bold=True),
    "mark": _Look(36, _FITTED, _GRID, bold=True),
    "text": _Look(11, _LEFT),
    "header": _Look(11, _LEFT, color=_WHITE, fill=_DARK, bold=True),
    "heading": _Look(16, _LEFT, bold=True),
    "subject": _Look(11, _LEFT, bold=True),
    "go to": _Look(11, _LEFT, color=_LINK, underline="single"),
    "code": _Look(10, _LEFT, font="Consolas"),
    "count": _Look(11, _LEFT, format="#,##0"),
    "plain": _Look(7, _MIDDLE, _GRID),
    "dial": _Look(40, _MIDDLE, _GRID, fill=_CHOICE, bold=True),
    "dial text": _Look(40, _MIDDLE, _GRID, _TEXT, fill=_CHOICE, bold=True),
    "dial result": _Look(28, _MIDDLE, _GRID, color=_QUIET),
    "dial caption": _Look(24, _LEFT, color=_QUIET),
    "choice": _Look(12, _FITTED, _FRAME, fill=_CHOICE, bold=True),
    "choice text": _Look(12, _FITTED, _FRAME, _TEXT, fill=_CHOICE, bold=True),
    "limit": _Look(9, _FITTED, color=_QUIET),
    "look-up": _Look(8, _FITTED, format=_WEIGHT),
    "exact": _Look(9, _FITTED, format=_EXACT),
    "entry": _Look(8, _LEFT),
    "index": _Look(7, _FITTED, color=_GREY),
    "operator": _Look(14, _MIDDLE, color=_QUIET),
    "label": _Look(8, _BELOW, color=_QUIET),
    "panel": _Look(11, _LEFT, bold=True),
    "total": _Look(10, _FITTED, format=_EXACT),
    "result": _Look(12, _FITTED, _FRAME, _EXACT, bold=True),
    "words": _Look(11, _WRAPPED, fill=_LIGHT),
    "lead": _Look(10, _LEFT, color=_QUIET),
    "small": _Look(9, _FITTED, format=_SMALL),
    "turned": _Look(8, _TURNED, color=_QUIET),
    "setting": _Look(8, _FITTED, _GRID),
    "link": _Look(8, _LEFT, color=_COLD, underline="single"),
}


def numbers(book: Workbook) -> dict[Kind, int]:
    """The number that each look has in a workbook; asking for them puts them there."""
    found = {}
    for kind, look in _LOOKS.items():
        cell = Cell(book.worksheets[0])
        cell.font = Font(name=look.font, size=look.size, bold=look.bold, color=look.color, underline=look.underline)
        cell.number_format = look.format
        cell.alignment = look.alignment
        cell.border = look.border
        if look.fill:
            cell.fill = PatternFill("solid", fgColor=look.fill)
        found[kind] = int(cell.style_id)
    return found


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
    most = f"MAX(MAX({where}),-MIN({where}),1E-99)"  # where all are zero, too, the ends are no zeros
    return ColorScaleRule("formula", f"-{most}", _COLD, "num", 0, _WHITE, "formula", most, _WARM)


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
