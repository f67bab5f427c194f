"""Which inputs each cell depends on, by its formulas, against the reference's own dependence.

For the reference NaN is put into one input element: it comes out wherever that element counts. For the workbook the
references of all formulas are followed, whatever they do with what they read. A cell that depends on more, such as a
formula that looks at one pixel to know the picture, or on less, does not follow its inputs as the network does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xlconv import places, reference
from xlconv.check.report import Finding
from xlconv.network import FloatArray
from xlconv.places import NOWHERE, Places
from xlconv.reader import Workbook
from xlconv.recover.found import Found
from xlconv.recover.reading import Reading

_PROBES: Final = 12
"""Input elements that are followed: the corners and some at random."""
_NAMED: Final = 20
_ROUNDS: Final = 300
"""Most formulas, one behind the other."""


def check(book: Workbook, found: Found, reading: Reading, seed: int) -> list[Finding]:
    """Cells that depend on other input elements than the reference's, the first of each layer.

    A cell that only reads such a cell is not at fault.
    """
    probes = _probes(found, seed)
    reach = _Reach(found, reading, probes)
    expected = [_expected(found, element) for element in probes]
    stages = [stage for stage in found.stages if stage.nodes]
    dues = [_bits(np.isnan(outputs[stage.shows]) for outputs in expected) for stage in stages]
    wrongs = [
        np.where(stage.cells == NOWHERE, 0, due ^ reach.reached(stage.cells))
        for stage, due in zip(stages, dues, strict=True)
    ]
    each_wrong = [stage.cells[wrong != 0] for stage, wrong in zip(stages, wrongs, strict=True)]
    all_wrong = np.concatenate([*each_wrong, np.empty(0, np.int64)])
    behind = reach.readers(all_wrong)
    if np.isin(all_wrong, behind).all():
        behind = np.empty(0, np.int64)  # in a circle all are behind one another
    findings = []
    for stage, due, wrong in zip(stages, dues, wrongs, strict=True):
        for index in np.flatnonzero((wrong != 0) & ~np.isin(stage.cells, behind))[:_NAMED].tolist():
            bit = int(wrong.flat[index]) & -int(wrong.flat[index])
            is_due = bool(due.flat[index] & bit)
            place = int(stage.cells.flat[index])
            findings.append(_finding(book, found, stage.name, place, probes[bit.bit_length() - 1], is_due))
    return findings


def _bits(flags: Iterable[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """One number for each element, with one bit for each array."""
    bits: NDArray[np.int64] = np.sum([flag.astype(np.int64) << bit for bit, flag in enumerate(flags)], axis=0)
    return bits


def _finding(book: Workbook, found: Found, layer: str, place: int, element: int, is_due: bool) -> Finding:
    where = found.atlas.cell(place)
    source = found.atlas.cell(int(found.inputs.flat[element])).place
    message = f"does not depend on {source}, as it should" if is_due else f"depends on {source}, as it should not"
    return Finding("dependence", where.place, layer, message, formula=book.cell(*where[:3]).formula or "")


def _probes(found: Found, seed: int) -> list[int]:
    size = found.inputs.size
    rng = np.random.default_rng(seed)
    ends = {0, size - 1, *rng.permutation(size)[:_PROBES].tolist()}
    return sorted(ends)[: _PROBES + 2]


def _expected(found: Found, element: int) -> dict[str, FloatArray]:
    x = np.zeros(found.network.input_shape)
    x.flat[element] = np.nan
    with np.errstate(invalid="ignore"):
        return reference.forward(found.network, x)


class _Reach:
    """For each cell the probes that it depends on, one bit each."""

    def __init__(self, found: Found, reading: Reading, probes: list[int]) -> None:
        self.atlas = found.atlas
        cell, source = reading.precedents
        layers = ~np.isin(cell, found.inputs)  # what an input cell looks up is no dependence between inputs
        self.cell, self.source = cell, source = cell[layers], source[layers]
        self.places = np.unique(np.concatenate([cell, source, found.inputs.ravel()]))
        self.mask = np.zeros(self.places.size, np.int64)
        for bit, element in enumerate(probes):
            self.mask[places.find(found.inputs.reshape(-1)[element : element + 1], self.places)] |= 1 << bit
        self._follow(places.find(cell, self.places), places.find(source, self.places))

    def _follow(self, cell: Places, source: Places) -> None:
        """Pass the bits on until nothing changes."""
        order = np.argsort(cell, kind="stable")
        cell, source = cell[order], source[order]
        starts = np.flatnonzero(np.r_[True, np.diff(cell) != 0]) if cell.size else cell
        for _ in range(_ROUNDS if cell.size else 0):
            mask = self.mask.copy()
            mask[cell[starts]] |= np.bitwise_or.reduceat(self.mask[source], starts)
            if (mask == self.mask).all():
                return
            self.mask = mask

    def readers(self, cells: Places) -> Places:
        """Cells whose formulas name one of these, but for those that name themselves alone."""
        reads = np.isin(self.source, cells) & (self.source != self.cell)
        return np.unique(self.cell[reads])

    def reached(self, cells: Places) -> NDArray[np.int64]:
        """For each cell the bits of the probes that it depends on."""
        at = places.find(cells, self.places)
        return np.where(at >= 0, self.mask[at], 0)
