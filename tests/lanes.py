"""An engine as an evaluator of pages: it computes lane after lane, so it serves for a few dozen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from xlconv import engines
from xlconv.cells import Edit, Value
from xlconv.check.pages import CheckedPage
from xlconv.check.pages.lanes import Plain, of_values
from xlconv.places import Atlas, Places
from xlconv.reader import Workbook

EMBEDDED: Final = engines.by_name("formualizer", isolated=False)


class ByEngine:
    """See `xlconv.check.pages.Evaluator`.

    Args:
        book: The workbook.
        engine: Computes it.
        most: Lanes that it computes at most.
    """

    def __init__(self, book: Workbook, engine: engines.Engine = EMBEDDED, most: int = 250) -> None:
        self.book, self.engine, self.most = book, engine, most
        self.atlas = Atlas(book.sheets)

    def values(self, asked: Places, filled: Mapping[int, Sequence[Value]], known: Mapping[int, float]) -> Plain:
        """One group of edits for each lane."""
        count = len(next(iter(filled.values()), [None]))
        assert count <= self.most, f"{count} lanes are too many for an engine"
        fixed = [self._edit(place, number) for place, number in known.items()]
        lanes = [[self._edit(place, lane[at]) for place, lane in filled.items()] for at in range(count)]
        ranges = self.atlas.ranges(asked)
        # What is known is put in once: an embedded engine keeps it from lane to lane.
        groups = self.engine.evaluate(self.book.package, [[*fixed, *lanes[0]], *lanes[1:]], ranges)
        places = [place for where in ranges for place in self.atlas.places(where).ravel().tolist()]
        shown = [
            dict(zip(places, (v for block in group for row in block for v in row), strict=True)) for group in groups
        ]
        return of_values([[values[place] for place in asked.tolist()] for values in shown])

    def _edit(self, place: int, value: Any) -> Edit:
        return self.atlas.cell(place), [[value]]


def for_engines(page: CheckedPage, most: int = 250) -> CheckedPage:
    """A page without the batches of more choices than an engine computes in a while."""
    return replace(page, batches=lambda: (batch for batch in page.batches() if batch.count <= most))


def place_of(book: Workbook, name: str) -> int:
    """The place of a name's first cell."""
    where = book.named_range(name)
    assert where is not None
    return int(np.ravel(Atlas(book.sheets).places(where))[0])
