"""Every formula of a network against what its layer does at its place: by meaning, cell for cell.

No number is computed, so what hides behind equal values is found as well. A cell whose formula means nothing that a
layer does, such as `IF($A$5=1,...)`, is a finding, and so is a number that stands where a formula is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from xlconv import layers, places
from xlconv.cells import Range
from xlconv.check import vocabulary
from xlconv.check.report import Finding
from xlconv.formula import notation
from xlconv.places import NOWHERE, Places
from xlconv.reader import Workbook
from xlconv.recover import agreement
from xlconv.recover.agreement import ARGMAX, EXP, LABEL, MAXIMUM, PART, PRODUCT, RELUS, SHIFT, SINGLE, WHOLE
from xlconv.recover.found import Found, Stage
from xlconv.recover.reading import Reading

_NAMED: Final = 200
"""Cells of a block that have a finding of their own; the others are counted in one."""
_TRIED: Final = 12
"""Neighbours whose formula is tried as a model."""


class _Block(NamedTuple):
    """Cells that belong together: a channel, a vector, an intermediate result.

    Args:
        stage: Whose; None for the predicted class.
        name: What to call it.
        cells: The cells.
    """

    stage: Stage | None
    name: str
    cells: Places


def check(book: Workbook, found: Found, reading: Reading) -> list[Finding]:
    """Cells whose formulas do not mean what they should, one finding for each; and those that read blank cells."""
    return list(_Check(book, found, reading).findings())


class _Check:
    def __init__(self, book: Workbook, found: Found, reading: Reading) -> None:
        self.book, self.found, self.reading = book, found, reading
        self.agreement = agreement.compare(found, reading)
        self.wrong = set(self.agreement.cells[~self.agreement.agrees].tolist())

    def findings(self) -> Iterator[Finding]:
        for block in self._blocks():
            known = np.unique(block.cells[block.cells != NOWHERE])
            wrong = known[[place in self.wrong or not self._has_formula(place) for place in known.tolist()]]
            for place in wrong[:_NAMED].tolist():
                yield self._finding(block, place)
            if wrong.size > _NAMED:
                rest = [self._cell(place).place for place in wrong[_NAMED:].tolist()]
                message = "the formulas do not compute what this layer computes there"
                yield Finding("formula", rest[0], block.name, message, count=len(rest), cells=tuple(rest[:_NAMED]))
        yield from self._reading_blank()

    def _blocks(self) -> Iterator[_Block]:
        for stage in self.found.stages:
            for part, cells in stage.parts.items():
                yield _Block(stage, f"{stage.name} {part}", cells)
            for channel in stage.cells if stage.cells.ndim == 3 else [stage.cells]:
                yield _Block(stage, stage.name, channel)
        if self.found.prediction != NOWHERE:
            yield _Block(None, "prediction", np.array([self.found.prediction]))

    def _cell(self, place: int) -> Range:
        return self.found.atlas.cell(place)

    def _has_formula(self, place: int) -> bool:
        where = self._cell(place)
        cell = self.book.cell(*where[:3])
        return cell.formula is not None or place in self.reading.holders

    def _finding(self, block: _Block, place: int) -> Finding:
        where = self._cell(place)
        cell = self.book.cell(*where[:3])
        due = self._due(block, place)
        if not self._has_formula(place):
            if cell.value is None:
                return Finding("blank", where.place, block.name, "blank where a formula is due", due, "blank")
            message = "a constant where a formula is due"
            return Finding("constant", where.place, block.name, message, due, str(cell.value))
        formula = cell.formula or ""
        objection = self._objection(block, formula, where.sheet)
        if objection:
            return Finding("vocabulary", where.place, block.name, objection, due, formula=formula)
        message = "the formula does not compute what this layer computes here"
        return Finding("formula", where.place, block.name, message, due, self._does(place), formula)

    def _objection(self, block: _Block, formula: str, sheet: str) -> str:
        """What is wrong with a formula's words, where that is the matter."""
        return vocabulary.objection(formula, vocabulary.of(block.stage, block.name), self.book.names_on(sheet))

    # What is due at a place

    def _due(self, block: _Block, place: int) -> str:
        """The formula of a neighbour, moved here, if it means what is due; else what is due in words."""
        for formula in self._models(block, place):
            if self._means(formula, place):
                return f"={formula}"
        return self._words(self.agreement.expected, place)

    def _models(self, block: _Block, place: int) -> Iterator[str]:
        """Formulas of the nearest cells that are right, as they read when they are copied here."""
        right = np.array(
            [p for p in np.unique(block.cells).tolist() if p in self.reading.group_of and p not in self.wrong]
        )
        if not right.size:
            return
        down, across = (
            places.rows(right) - places.rows(np.array([place])),
            places.columns(right) - places.columns(np.array([place])),
        )
        for near in right[np.argsort(np.abs(down) + np.abs(across), kind="stable")][:_TRIED].tolist():
            there, here = self._cell(near), self._cell(place)
            formula = self.book.cell(*there[:3]).formula
            if formula is not None and there.sheet == here.sheet:
                yield notation.moved(formula, here.row - there.row, here.column - there.column)

    def _means(self, formula: str, place: int) -> bool:
        """Whether a formula in a cell would do what is due there."""
        return agreement.would_agree(self.found, self.reading, self.agreement, place, formula)

    def _does(self, place: int) -> str:
        return self._words(self.agreement.actual, place)

    def _words(self, lines: agreement.Lines, place: int) -> str:
        """What a cell does (or should do) in a few words: `products of A1:C3 with K1:M3, plus K5`."""
        mine = lines.only(lines.cell == place)
        said = []
        for kind, text in _SAID.items():
            these = mine.only(mine.kind == kind)
            if not these.cell.size:
                continue
            if kind == PRODUCT:
                said.append(text.format(*self._sides(these)))
            elif kind == RELUS:
                said.append(text)
            else:
                said.append(text.format(self._addresses(these.a, place)))
        return ", ".join(said) or "nothing that a layer does"

    def _sides(self, lines: agreement.Lines) -> tuple[str, str]:
        weights = np.unique(np.concatenate([*(cells.ravel() for cells in self.found.weights.values()), [NOWHERE]]))
        swap = np.isin(lines.a, weights) & ~np.isin(lines.b, weights)
        source, weight = np.where(swap, lines.b, lines.a), np.where(swap, lines.a, lines.b)
        place = int(lines.cell[0])
        return self._addresses(source, place), self._addresses(weight, place)

    def _addresses(self, cells: Places, place: int) -> str:
        own = self._cell(place).sheet
        tiles = self.found.atlas.tiles(cells)
        texts = [t.range.address if t.range.sheet == own else t.range.place for t in tiles[:4]]
        return ", ".join(texts) + (", ..." if len(tiles) > 4 else "")

    # Blank cells

    def _reading_blank(self) -> Iterator[Finding]:
        """Layers whose cells read blank cells or text outside the blocks, unless that is their padding."""
        blank = np.unique(self.agreement.beyond.cell)
        for stage in self.found.stages:
            if not stage.nodes or self._pads(stage):
                continue
            mine = np.intersect1d(blank, stage.cells)
            if not mine.size:
                continue
            cells = [where.place for where in self.found.atlas.ranges(mine)]
            outside = self._outside(mine)
            message = f"reads blank cells outside the blocks: {outside}"
            formula = self.book.cell(*self._cell(int(mine[0]))[:3]).formula or ""
            first = self._cell(int(mine[0])).place
            yield Finding(
                "reads-blank", first, stage.name, message, formula=formula, count=int(mine.size), cells=tuple(cells)
            )

    def _pads(self, stage: Stage) -> bool:
        layer = stage.nodes[0].layer
        return isinstance(layer, (layers.Conv2d, layers.MaxPool2d)) and any(layer.padding)

    def _outside(self, cells: Places) -> str:
        beyond = self.agreement.beyond.only(np.isin(self.agreement.beyond.cell, cells))
        read = np.unique(np.concatenate([beyond.a, beyond.b]))
        tiles = self.found.atlas.ranges(read[~np.isin(read, self.found.owned)])
        return ", ".join(where.address for where in tiles[:4]) + (", ..." if len(tiles) > 4 else "")


_SAID: Final = {
    PRODUCT: "products of {} with {}",
    SINGLE: "the value of {}",
    MAXIMUM: "the largest of {}",
    EXP: "EXP of {}",
    SHIFT: "less the largest of {}",
    PART: "{}",
    WHOLE: "divided by the sum of {}",
    ARGMAX: "the place of the largest of {}",
    LABEL: "as a label of {}",
    RELUS: "with ReLU",
}
