"""Which cells each formula of a workbook names, whatever it does with them; and whether any depends on itself."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import numpy as np

from xlconv import syntax
from xlconv.reader import Workbook
from xlconv.recover import places
from xlconv.recover.places import Places
from xlconv.recover.reading import MOST_OPERANDS, Reading


def of(book: Workbook, reading: Reading) -> tuple[Places, Places]:
    """Cells and cells that their formulas name, as two arrays with a line for each pair."""
    lines = [*_named(book, reading), *_spread(book, reading)]
    cell, source = (np.concatenate([*(line[side] for line in lines), np.empty(0, np.int64)]) for side in (0, 1))
    return cell, source


def circular(book: Workbook, reading: Reading) -> list[int]:
    """Cells of one circular reference, in order, or none."""
    cell, source = of(book, reading)
    formulas = np.unique(cell)
    inner = places.find(source, formulas) >= 0
    graph: dict[int, list[int]] = {}
    for one, other in zip(cell[inner].tolist(), source[inner].tolist(), strict=True):
        graph.setdefault(one, []).append(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _named(book: Workbook, reading: Reading) -> Iterator[tuple[Places, Places]]:
    """Copies of a formula at a time."""
    atlas, left = reading.atlas, MOST_OPERANDS
    for group in reading.groups:
        cells = np.array(group.cells, dtype=np.int64)
        here = atlas.of(group.sheet, group.cells)
        named = [book.named_range(name) for name in syntax.names(group.formula)]
        fixed = [(where, False, False) for where in named if where is not None]
        for where, down, right in [*syntax.references(group.formula, group.sheet), *fixed]:
            left -= where.size * len(group.cells)
            if where.sheet not in book.sheets or left < 0:
                continue
            moves = places.shift((cells[:, 0] - cells[0, 0]) * down, (cells[:, 1] - cells[0, 1]) * right)
            yield np.repeat(here, where.size), (moves[:, None] + atlas.places(where).ravel()).ravel()


def _spread(book: Workbook, reading: Reading) -> Iterator[tuple[Places, Places]]:
    """Cells that an array formula of another cell fills depend on all that it reads."""
    for name, sheet in book.sheets.items():
        for at, where in sheet.arrays.items():
            if where.size > 1:
                filled = reading.atlas.places(where._replace(sheet=name)).ravel()
                holder = reading.atlas.place(name, *at)
                yield filled[filled != holder], np.full(filled.size - 1, holder)
