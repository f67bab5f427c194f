"""The worksheets of a workbook, one module each: what stands in their cells, and how they look.

A page is a plain description; `xlconv.workbook` writes it, and an engine computes its formulas.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from xlconv.cells import Range

if TYPE_CHECKING:
    from openpyxl.chart._chart import ChartBase
    from openpyxl.drawing.spreadsheet_drawing import TwoCellAnchor
    from openpyxl.formatting.rule import Rule
    from openpyxl.worksheet.datavalidation import DataValidation

    from xlconv.style import Kind


class Formula(str):
    """The text of a formula, without `=`; any other text is text, even where it begins with one."""


Content: TypeAlias = float | str | Formula | None
"""What stands in a cell; None where there is nothing but a look."""


def class_content(name: str) -> Content:
    """A class name as a cell holds it: a number where it is one, else text."""
    return float(name) if re.fullmatch(r"0|-?[1-9]\d{0,14}", name) else name


@dataclass
class Page:
    """A worksheet.

    Args:
        title: Its name.
        cells: What stands in each cell, by row and column, and how it looks.
        names: Defined names of the workbook.
        widths: Of columns, in characters.
        heights: Of rows, in points.
        zoom: In per cent.
        frozen: The upper left cell of what scrolls.
        square: Whether cells are square, as for pictures.
        rules: Conditional formatting: ranges and what holds there.
        merged: Ranges that are one cell.
        validations: What may be typed where.
        links: From cells to ranges.
        charts: The upper left cell, or the first and the last one, and the chart.
    """

    title: str
    cells: dict[tuple[int, int], tuple[Content, Kind]] = field(default_factory=dict)
    names: dict[str, Range] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    zoom: int = 100
    frozen: str = ""
    square: bool = False
    rules: list[tuple[str, Rule]] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    validations: list[DataValidation] = field(default_factory=list)
    links: list[tuple[Range, Range]] = field(default_factory=list)
    charts: list[tuple[str | TwoCellAnchor, ChartBase]] = field(default_factory=list)

    def put(self, row: int, column: int, content: Content, kind: Kind) -> Range:
        """Fill one cell."""
        self.cells[row, column] = content, kind
        return Range(self.title, row, column)

    def fill(self, where: Range, kind: Kind, content: Callable[[int, int], Content], name: str = "") -> Range:
        """Fill a range, and name it.

        Args:
            where: The range, of this worksheet.
            kind: How its cells look.
            content: What stands at row and column, from 0.
            name: The range's defined name.
        """
        for at in where.cells():
            self.cells[at] = content(at[0] - where.row, at[1] - where.column), kind
        if name:
            self.names[name] = where
        return where

    def spread(self, where: Range, content: Content, kind: Kind) -> Range:
        """Make a range one cell, and fill it; returns the upper left cell, which has the content."""
        self.fill(where, kind, lambda i, j: None if i or j else content)
        self.merged.append(where)
        return where.part(0, 0)
