"""Every formula of a network against what its layer is at its place: by proof, whatever the numbers and spelling.

What is not equal in exact arithmetic is a finding, rare as its effect may be; so is what can be neither proved nor
refuted, a number that stands where a formula is due, and a formula that reads what is none of its business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from xlconv import layers, places
from xlconv.cells import Range
from xlconv.formula import notation, words
from xlconv.places import NOWHERE, Places
from xlconv.reader import Workbook
from xlconv.recover.found import Found, Stage
from xlconv.recover.proof import DIFFERENT, PROVED, Proof
from xlconv.recover.reading import Reading
from xlconv.report import Finding
from xlconv.report.rules import RuleId

_NAMED: Final = 200
"""Cells of a block that have a finding of their own; the others are counted in one."""
_TWO: Final = 2
_MOST: Final = 0.9
"""Of a block's cells that share a formula for the others to be held to it."""
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


def check(book: Workbook, found: Found, reading: Reading, proof: Proof | None = None) -> list[Finding]:
    """Cells whose formulas are not what they should be, one finding for each; and those that read other cells, too.

    Args:
        book: The workbook.
        found: The network and where it stands.
        reading: The workbook's formulas.
        proof: Of these formulas, if it has been made.
    """
    return list(_Check(book, found, reading, proof or Proof(found, reading)).findings())


class _Check:
    def __init__(self, book: Workbook, found: Found, reading: Reading, proof: Proof) -> None:
        self.book, self.found, self.reading, self.proof = book, found, reading, proof
        self._last: tuple[_Block, Places] | None = None
        self.wrong = set(proof.cells[proof.verdicts != PROVED].tolist())
        self.different = set(proof.cells[proof.verdicts == DIFFERENT].tolist())

    def findings(self) -> Iterator[Finding]:
        for block in self._blocks():
            known = np.unique(block.cells[block.cells != NOWHERE])
            without = self.reading.forms.group_of(known) < 0
            wrong = known[without | np.isin(known, np.array([*self.wrong], np.int64))]
            for place in wrong[:_NAMED].tolist():
                yield self._finding(block, place)
            if wrong.size > _NAMED:
                yield self._rest(block, wrong[_NAMED:].tolist())
            proved = np.setdiff1d(known, wrong)
            yield from self._needless(block, proved)
            yield from self._without_dollars(block, proved)
        yield from self._reading_blank()

    def _rest(self, block: _Block, wrong: list[int]) -> Finding:
        """One finding for many cells."""
        cells = tuple(self._cell(place).place for place in wrong)
        is_different = any(place in self.different or not self._has_formula(place) for place in wrong)
        message = "the formulas do not compute what this layer computes there"
        if not is_different:
            message = "it could not be proved that the formulas compute what this layer computes there"
        rule: RuleId = "formula" if is_different else "not-proved"
        return Finding(rule, cells[0], block.name, message, count=len(cells), cells=cells[:_NAMED])

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

    def _formula(self, place: int) -> str | None:
        return self.book.cell(*self._cell(self.reading.holders.get(place, place))[:3]).formula

    def _has_formula(self, place: int) -> bool:
        return self._formula(place) is not None

    def _finding(self, block: _Block, place: int) -> Finding:
        where, formula, due = self._cell(place).place, self._formula(place), self._due(block, place)
        if formula is None:
            value = self.book.cell(*self._cell(place)[:3]).value
            if value is None:
                return Finding("blank", where, block.name, "blank where a formula is due", due, "blank")
            return Finding("constant", where, block.name, "a constant where a formula is due", due, str(value))
        got, why = words.told(formula, self._cell(place), self.reading.forms.references), words.objection(formula)
        if place in self.different:
            message = why or "the formula does not compute what this layer computes here"
            return Finding("formula", where, block.name, message, due, got, formula)
        message = why or "it could not be proved that the formula computes what this layer computes here"
        return Finding("not-proved", where, block.name, message, due, got, formula)

    # What is due at a place

    def _due(self, block: _Block, place: int) -> str:
        """The formula of a neighbour, moved here, if it is what is due; else what is due in words."""
        for formula in self._models(block, place):
            if self.proof.holds(formula, place):
                return f"={formula}"
        if block.stage is None or not block.stage.nodes:
            return block.name
        index = np.argwhere(block.cells == place)[0].tolist()
        return f"{block.stage.title} of {' and '.join(block.stage.nodes[0].inputs)} at {', '.join(map(str, index))}"

    def _models(self, block: _Block, place: int) -> Iterator[str]:
        """Formulas of the nearest cells that are right, as they read when they are copied here."""
        right = self._right(block)
        here = np.array([place])
        down, across = places.rows(right) - places.rows(here), places.columns(right) - places.columns(here)
        for near in right[np.argsort(np.abs(down) + np.abs(across), kind="stable")][:_TRIED].tolist():
            there, own = self._cell(near), self._cell(place)
            if self.book.cell(*there[:3]).formula is not None and there.sheet == own.sheet:
                yield self._moved(near, place)

    def _right(self, block: _Block) -> Places:
        """The cells of a block with formulas that are right; of one block, of which many are asked, they are kept."""
        if self._last is None or self._last[0] is not block:
            cells = np.unique(block.cells)
            there = cells[self.reading.forms.group_of(cells) >= 0]
            self._last = block, np.setdiff1d(there, np.array([*self.wrong], np.int64))
        return self._last[1]

    # What formulas read beside what is due

    def _needless(self, block: _Block, proved: Places) -> Iterator[Finding]:
        """Formulas that read cells to no effect."""
        for needless in self.proof.needless(proved):
            where, other = map(self._cell, needless)
            message = f"depends on {other.address}, as it should not: it makes no difference today"
            formula = self._formula(needless[0]) or ""
            yield Finding("dependence", where.place, block.name, message, formula=formula)

    def _without_dollars(self, block: _Block, proved: Places) -> Iterator[Finding]:
        """Formulas that are their neighbours' but for dollars: copied, they would read other cells than those do."""
        groups = Counter(
            id(self.reading.group_of[place]) for place in proved.tolist() if place in self.reading.group_of
        )
        if len(groups) < _TWO or max(groups.values()) < _MOST * proved.size:
            return
        most = max(groups, key=groups.__getitem__)
        right = np.array([p for p in proved.tolist() if id(self.reading.group_of.get(p)) == most], np.int64)
        for place in np.setdiff1d(proved, right).tolist():
            model, formula = self._moved(int(right[np.abs(right - place).argmin()]), place), self._formula(place) or ""
            if model.replace("$", "") == formula.replace("$", ""):
                message = "its references have other dollars than those of its neighbours, so a copy reads other cells"
                where = self._cell(place).place
                yield Finding("neighbour", where, block.name, message, f"={model}", formula=formula)

    def _moved(self, model: int, place: int) -> str:
        """The formula of a cell, as it reads when it is copied to another."""
        there, here = self._cell(model), self._cell(place)
        return notation.moved(self._formula(model) or "", here.row - there.row, here.column - there.column)

    def _reading_blank(self) -> Iterator[Finding]:
        """Layers whose formulas read blank cells or text that are none of the blocks', unless that is their padding."""
        for stage in self.found.stages:
            if not stage.nodes or self._pads(stage):
                continue
            blank = self.proof.reading_blank(np.unique(stage.cells[stage.cells != NOWHERE]), self._boxes)
            if blank:
                yield self._blank(stage, np.array(sorted(blank), np.int64), np.concatenate([*blank.values()]))

    def _blank(self, stage: Stage, cells: Places, read: Places) -> Finding:
        tiles = self.found.atlas.ranges(np.unique(read))
        outside = ", ".join(where.address for where in tiles[:4]) + (", ..." if len(tiles) > 4 else "")
        where = tuple(each.place for each in self.found.atlas.ranges(cells))
        first, message = self._cell(int(cells[0])).place, f"reads blank cells outside the blocks: {outside}"
        formula = self._formula(int(cells[0])) or ""
        return Finding("reads-blank", first, stage.name, message, formula=formula, count=int(cells.size), cells=where)

    def _pads(self, stage: Stage) -> bool:
        layer = stage.nodes[0].layer
        return isinstance(layer, (layers.Conv2d, layers.MaxPool2d, layers.AvgPool2d)) and any(layer.padding)

    @cached_property
    def _boxes(self) -> list[Range]:
        """The rectangle around each 2-D slice of the network: blank cells inside, between values, are its own."""
        blocks = [block for _, _, block in self.found.blocks()]
        blocks += [] if self.found.labels is None else [self.found.labels]
        return [
            self._box(part[part != NOWHERE])
            for block in blocks
            for part in (block if block.ndim > 2 else [block])
            if (part != NOWHERE).any()
        ]

    def _box(self, cells: Places) -> Range:
        row, column = places.rows(cells), places.columns(cells)
        corners = places.shift(np.array([row.min(), row.max()]), np.array([column.min(), column.max()]))
        first, last = map(self._cell, corners.tolist())
        return Range(first.sheet, *first[1:3], last.row - first.row + 1, last.column - first.column + 1)
