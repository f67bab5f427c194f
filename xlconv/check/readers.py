"""Which cells are computed from others, directly or through others still."""

from __future__ import annotations

import numpy as np

from xlconv.places import Places, find


class Readers:
    """The cells that read each cell.

    Args:
        precedents: Cells, and for each of them one that its formula names.
    """

    def __init__(self, precedents: tuple[Places, Places]) -> None:
        cell, source = precedents
        order = np.argsort(source, kind="stable")
        self._cell, self._source = cell[order], source[order]

    def of(self, cells: Places, among: Places) -> Places:
        """Those of some sorted cells that are computed from others, directly or through each other; sorted."""
        found, new = np.empty(0, np.int64), np.unique(cells)
        while new.size:
            reading = self._reading(new)
            reading = reading[find(reading, among) >= 0]
            new = np.setdiff1d(reading, found)
            found = np.union1d(found, new)
        return found

    def _reading(self, cells: Places) -> Places:
        """The cells that name one of these."""
        first, last = (np.searchsorted(self._source, cells, side=side) for side in ("left", "right"))
        count = last - first
        at = np.repeat(first - (np.cumsum(count) - count), count) + np.arange(count.sum())
        return np.unique(self._cell[at])
