"""Cells that break a run of equal formulas, where no network says which formula is due.

A false alarm costs more here than a find is worth. So a cell is suspected only between two equal formulas that stand
opposite each other in a run of at least four, and not where it is one of a row or column of its own kind, such as
totals are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from xlconv.cells import ErrorValue
from xlconv.check.audit.areas import Area, Place
from xlconv.check.audit.forms import Form, FormSheet
from xlconv.formula import notation

_RUN: Final = 4
_ACROSS: Final = (0, 1)
_DOWN: Final = (1, 0)


class Break(NamedTuple):
    """A cell in a run of formulas that are not its own.

    Args:
        place: The cell.
        run: The formula around it.
        expected: As it would read in the cell, with `=`.
    """

    place: Place
    run: Form
    expected: str


def other_formulas(name: str, grid: FormSheet, known: Collection[tuple[int, int]]) -> Iterator[tuple[Form, Break]]:
    """Cells with another formula than those around, and that formula."""
    for at, form in grid.forms.items():
        for way, run in _runs_around(grid, at, form) if at not in known else ():
            if not _same(run, form) and _is_odd(grid, at, way, form, run):
                yield form, _break(name, at, way, grid, run)
                break


def constants(name: str, grid: FormSheet, known: Collection[tuple[int, int]]) -> Iterator[Break]:
    """Numbers and texts among formulas."""
    for at, cell in grid.sheet.cells.items():
        if cell.formula is not None or at in known or at in grid.members or isinstance(cell.value, ErrorValue):
            continue
        for way, run in _runs_around(grid, at, None):
            if _is_pasted(grid, at, way, run):
                yield _break(name, at, way, grid, run)
                break


def _break(name: str, at: tuple[int, int], way: tuple[int, int], grid: FormSheet, run: Form) -> Break:
    row, column = _beside(at, way, -1)
    text = grid.sheet.cells[row, column].formula or ""
    return Break(Place(name, *at), run, f"={notation.moved(text, *way)}")


def _beside(at: tuple[int, int], way: tuple[int, int], steps: int) -> tuple[int, int]:
    return at[0] + steps * way[0], at[1] + steps * way[1]


def _runs_around(grid: FormSheet, at: tuple[int, int], own: Form | None) -> Iterator[tuple[tuple[int, int], Form]]:
    """The formulas that are not its own on both sides of a cell, each in an unbroken run, across and down."""
    (row, column), forms = at, grid.forms
    for down, right in (_ACROSS, _DOWN):
        run = forms.get((row - down, column - right))
        if run is None or run is own or forms.get((row + down, column + right)) is not run:
            continue
        if sum(_length(grid, at, (side * down, side * right), run) for side in (-1, 1)) >= _RUN:
            yield (down, right), run


def _length(grid: FormSheet, at: tuple[int, int], step: tuple[int, int], run: Form) -> int:
    """How many cells beside one have a formula, up to as many as matter."""
    steps = 1
    while steps <= _RUN and grid.forms.get(_beside(at, step, steps)) is run:
        steps += 1
    return steps - 1


def _same(one: Form, other: Form) -> bool:
    """Whether two formulas differ only in how they were entered, which is another rule's matter."""
    return one is other or (one.array != other.array and one.relative == other.relative)


def _is_odd(grid: FormSheet, at: tuple[int, int], way: tuple[int, int], form: Form, run: Form) -> bool:
    """Whether a formula is the exception beside a run: rare, alone, and no total of it."""
    across = way[::-1]
    alone = all(grid.forms.get(_beside(at, across, side)) is not form for side in (-1, 1))
    return alone and _RUN * len(form.cells) <= len(run.cells) and not _reads_beside(form, at, way)


def _reads_beside(form: Form, at: tuple[int, int], way: tuple[int, int]) -> bool:
    """Whether a formula reads a range that has a neighbour in it: a total of those before or behind it."""
    sides = [_beside(at, way, side) for side in (-1, 1)]
    for text in form.spelled.refs:
        area = Area.parse(text)
        where = area.seen_from(Place("", *at), form.origin) if area and not area.sheet and not area.single else None
        if where and any(
            where.row <= row < where.row + where.height and where.column <= column < where.column + where.width
            for row, column in sides
        ):
            return True
    return False


def _is_pasted(grid: FormSheet, at: tuple[int, int], way: tuple[int, int], run: Form) -> bool:
    """Whether a constant is the exception: in a block of formulas, or in a line that has no constants beside it."""
    beside = [_beside(at, way[::-1], side) for side in (-1, 1)]
    forms = [grid.forms.get(each) for each in beside]
    if isinstance(grid.sheet.cells[at].value, str):
        return forms[0] is forms[1] is not None
    return run in forms or all(
        each is not None or place not in grid.sheet.cells for each, place in zip(forms, beside, strict=True)
    )
