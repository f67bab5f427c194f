"""Formulas that read what holds no number: blank cells, ranges without a filled cell, texts in arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from xlconv.cells import Range
from xlconv.check.audit.areas import Area, AreaOf, Place
from xlconv.check.audit.forms import Form, FormSheet
from xlconv.check.audit.functions import words
from xlconv.formula.kinds import Kind
from xlconv.formula.tree import Node

_ARITHMETIC: Final = ("+", "-", "*", "/", "^", "%")
_SUMMED: Final = ("SUMPRODUCT", "MMULT", "SUMXMY2", "SUMX2MY2", "SUMX2PY2")
_FOR_BLANKS: Final = words("""
AND AREAS CELL COLUMN COLUMNS CONCAT CONCATENATE COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS EXACT FORMULATEXT HYPERLINK
IFS ISBLANK ISERR ISERROR ISLOGICAL ISNA ISNONTEXT ISNUMBER ISREF ISTEXT LEFT LEN LOWER MID N NOT OFFSET OR PROPER
RIGHT ROW ROWS SHEET SUBSTITUTE SUBTOTAL SWITCH T TEXT TEXTJOIN TRIM TYPE UPPER XOR
""")
"""Functions that ask whether a cell is blank, or take a blank cell as well as any other."""


class Use(NamedTuple):
    """A reference in a formula, and whether it has to hold numbers."""

    area: Area
    text: str
    numbers: bool


class Filled:
    """Which cells of a worksheet hold something."""

    def __init__(self, places: Collection[tuple[int, int]]) -> None:
        self.places = places

    @cached_property
    def rows(self) -> dict[int, list[int]]:
        """The columns of the cells by row, both in order."""
        rows: dict[int, list[int]] = {}
        for row, column in sorted(self.places):
            rows.setdefault(row, []).append(column)
        return rows

    @cached_property
    def order(self) -> list[int]:
        """The rows that have such cells."""
        return list(self.rows)

    def touches(self, where: Range) -> bool:
        """Whether any of the cells lies in a range."""
        _, top, left, height, width = where
        if not self.places or (top, left) in self.places or height * width == 1:
            return (top, left) in self.places
        if height <= len(self.rows):
            columns = (self.rows[row] for row in range(top, top + height) if row in self.rows)
        else:
            first, last = bisect_left(self.order, top), bisect_left(self.order, top + height)
            columns = (self.rows[row] for row in self.order[first:last])
        right = left + width
        return any((at := bisect_left(each, left)) < len(each) and each[at] < right for each in columns)


class Contents:
    """What the cells of all worksheets hold, as far as blanks and texts go."""

    def __init__(self, grids: dict[str, FormSheet]) -> None:
        self.filled = {name.lower(): Filled(_filled(grid)) for name, grid in grids.items()}
        self.texts = {name.lower(): Filled(_texts(grid)) for name, grid in grids.items()}

    def objection(self, use: Use, where: Range) -> str:
        """What is wrong with the cells that are read; empty where nothing is."""
        sheet = where.sheet.lower()
        if sheet not in self.filled:
            return ""
        if not self.filled[sheet].touches(where):
            return f"the formula reads {use.text}, which is {'blank' if use.area.single else 'all blank'}"
        if use.numbers and self.texts[sheet].touches(where):
            return f"the formula calculates with {use.text}, {'a' if use.area.single else 'which has a'} text"
        return ""


def _filled(grid: FormSheet) -> Collection[tuple[int, int]]:
    return grid.sheet.cells.keys() | grid.members if grid.members else grid.sheet.cells


def _texts(grid: FormSheet) -> Collection[tuple[int, int]]:
    texts = (at for at, cell in grid.sheet.cells.items() if isinstance(cell.value, str) and cell.formula is None)
    return set(texts) - grid.members


def objections(form: Form, cells: Iterable[Place], contents: Contents, area_of: AreaOf) -> Iterator[tuple[Place, str]]:
    """The cells among those of a form that read what holds no number, and what that is."""
    uses = _uses(form, area_of)
    for place in cells if uses else ():
        for use in uses:
            message = contents.objection(use, use.area.seen_from(place, form.origin))
            if message:
                yield place, message
                break


def _uses(form: Form, area_of: AreaOf) -> list[Use]:
    """The references of a formula that are not anywhere in it asked whether they are blank."""
    refs, used = form.spelled.refs, _used(form.kind)
    asked = {refs[each.ref] for each in used if each.takes_blanks}
    numbers: dict[str, bool] = {}
    for each in used:
        numbers[refs[each.ref]] = numbers.get(refs[each.ref], False) or each.needs_numbers
    found = ((area_of(text), text, needs) for text, needs in numbers.items() if text not in asked)
    return [Use(area, text, needs) for area, text, needs in found if area]


class _Used(NamedTuple):
    """A reference of a kind of formulas, and what is asked of its cells."""

    ref: int
    takes_blanks: bool
    needs_numbers: bool


@lru_cache(maxsize=1 << 12)
def _used(kind: Kind) -> list[_Used]:
    """The references of formulas of a kind."""
    if kind.tree and kind.tree.kind == "reference":
        return [_Used(0, False, False)]
    return [
        _Used(int(child.text), _takes_blanks(node, at), _needs_numbers(node))
        for node in kind.nodes
        for at, child in enumerate(node.children)
        if child.kind == "reference"
    ]


def _takes_blanks(node: Node, at: int) -> bool:
    if node.kind == "function":
        return node.text in _FOR_BLANKS or (node.text == "IF" and at == 0)
    return node.kind == "operator" and node.text not in _ARITHMETIC


def _needs_numbers(node: Node) -> bool:
    return node.text in (_ARITHMETIC if node.kind == "operator" else _SUMMED)
