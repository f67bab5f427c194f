"""A workbook's formulas, gathered by their relative form: what is the same in many cells is read once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Final

from xlconv.check.audit.areas import Place
from xlconv.formula import notation
from xlconv.formula.kinds import Kind, Spelled, spelled
from xlconv.formula.tree import Node
from xlconv.reader import MAX_CELLS, Sheet, Workbook

_TEXT: Final = re.compile(r'"[^"]*"')


@dataclass(eq=False)
class Form:
    """A formula, and all cells that hold it, each seen from its own place.

    Args:
        text: As it stands in the first of the cells, without `=`.
        relative: The same for all of the cells.
        array: Whether it was entered as an array.
        cells: That hold it.
    """

    text: str
    relative: str
    array: bool
    cells: list[Place] = field(default_factory=list)

    @property
    def origin(self) -> Place:
        """The cell in which it reads as `text` does."""
        return self.cells[0]

    @cached_property
    def bare(self) -> str:
        """Its text without the texts in it."""
        return _TEXT.sub('""', self.text)

    @cached_property
    def spelled(self) -> Spelled:
        """It as one of its kind: what is read in it is, as far as possible, read once for all of these."""
        return spelled(self.text)

    @property
    def kind(self) -> Kind:
        """What it shares with formulas that read other cells, or hold other numbers."""
        return self.spelled.kind

    @property
    def calls(self) -> list[Node]:
        """The functions that it calls, without their arguments."""
        return calls(self.kind)


@lru_cache(maxsize=1 << 12)
def calls(kind: Kind) -> list[Node]:
    """The functions that formulas of a kind call, each once, without their arguments."""
    return list(dict.fromkeys([node._replace(children=()) for node in kind.nodes if node.kind == "function"]))


@dataclass
class FormSheet:
    """A worksheet's formulas by cell, and the cells that array formulas fill beside their own."""

    sheet: Sheet
    forms: dict[tuple[int, int], Form]
    members: set[tuple[int, int]]


def gather(book: Workbook) -> tuple[list[Form], dict[str, FormSheet]]:
    """All formulas, and where each stands."""
    forms: dict[tuple[str, bool], Form] = {}
    grids: dict[str, FormSheet] = {}
    for name, sheet in book.sheets.items():
        members = _members(sheet)
        grids[name] = grid = FormSheet(sheet, {}, members)
        for (row, column), cell in sheet.cells.items():
            if not cell.formula:
                continue
            relative = notation.relative_form(cell.formula, row, column)
            array = (row, column) in sheet.arrays or (row, column) in members
            form = forms.get((relative, array))
            if form is None:
                form = forms[relative, array] = Form(cell.formula, relative, array)
            form.cells.append(Place(name, row, column))
            grid.forms[row, column] = form
    return list(forms.values()), grids


def _members(sheet: Sheet) -> set[tuple[int, int]]:
    """The cells that array formulas fill beside their own; no more than a worksheet may have."""
    filled = (at for where in sheet.spread.values() for at in where.cells())
    return set(islice(filled, MAX_CELLS)) - sheet.arrays.keys()
