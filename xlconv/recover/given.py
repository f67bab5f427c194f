"""The numbers that a network is given: what the cells of its input and its weights hold."""

from __future__ import annotations

from xlconv.cells import Range
from xlconv.formula.constants import constant
from xlconv.reader import Workbook


class Given:
    """Reads cells, and keeps which of them hold no plain number.

    Args:
        book: The workbook that holds them.
    """

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.not_numbers: list[Range] = []
        """Texts, truth values, errors, and formulas that read cells."""
        self.constants: list[Range] = []
        """Formulas of numbers alone."""
        self.blank: list[Range] = []
        """Cells that hold nothing, which formulas take for 0."""

    def number(self, where: Range) -> float:
        """The number in a single cell; 0 where there is none."""
        cell = self.book.cell(*where[:3])
        number = cell.value if cell.formula is None else constant(cell.formula)
        if not isinstance(number, float):
            is_blank = cell.formula is None and cell.value is None
            (self.blank if is_blank else self.not_numbers).append(where)
            return 0.0
        if cell.formula is not None:
            self.constants.append(where)
        return number
