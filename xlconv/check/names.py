"""Whether the names around a choice are those of the cells that a person sees and fills.

What is checked are the cells with these names, so another cell that looks like one of them would go unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xlconv import wording
from xlconv.cells import Range
from xlconv.declaration import CHOICE, MARK, READ
from xlconv.formula import notation
from xlconv.places import NOWHERE
from xlconv.reader import Workbook
from xlconv.recover.choices import Choices, choosing
from xlconv.recover.found import Found
from xlconv.report import Finding

_CLASSES: Final = "classes"
_PREDICTION: Final = "prediction"


def check(book: Workbook, found: Found) -> list[Finding]:
    """Names that are missing, or point to other cells, in a workbook that says that samples can be chosen."""
    if found.choices is None:
        return []
    names = _Names(book, found, found.choices)
    parts = [names.choice()]
    if found.prediction != NOWHERE:
        parts += [names.mark(), names.read(), names.prediction(), names.classes()]
    return [finding for part in parts for finding in part]


class _Names:
    """The names of one workbook."""

    def __init__(self, book: Workbook, found: Found, choices: Choices) -> None:
        self.book, self.found, self.choices = book, found, choices
        self.sheet = found.atlas.cell(int(found.inputs.flat[0])).sheet

    def choice(self) -> Iterator[Finding]:
        """It chooses by a drop-down of all labels, if any cell of the worksheet has one."""
        seen, where = choosing(self.book, self.sheet, self.choices.labels), self.book.named_range(CHOICE)
        if where is None:
            yield _missing(CHOICE, "the cell with the drop-down", seen)
        elif seen and not any(each.sheet == where.sheet and each.has(where.row, where.column) for each in seen):
            yield _elsewhere(CHOICE, where, "the cell with the drop-down", seen)

    def mark(self) -> Iterator[Finding]:
        """It is the only cell of the network's worksheet that says so."""
        yield from self._single(MARK, self.choices.mark, self.sheet, (wording.RIGHT, wording.WRONG))

    def read(self) -> Iterator[Finding]:
        """It is the only cell of the drawing's worksheet that says so, and stands below the word `prediction`."""
        where, sheet = self.choices.read, self.choices.draw[0].sheet
        found = list(self._single(READ, where, sheet, (wording.NOT_DRAWN,)))
        yield from found
        if where is not None and not found:
            yield from self._below_word(READ, where, sheet)

    def prediction(self) -> Iterator[Finding]:
        """It stands below the word, if that stands above any cell."""
        yield from self._below_word(_PREDICTION, self.found.atlas.cell(self.found.prediction), self.sheet)

    def _below_word(self, name: str, where: Range, sheet: str) -> Iterator[Finding]:
        """A name of a cell below the word `prediction`, if that stands above any cell that may show one."""
        words = (at for at, cell in self.book.sheets[sheet].cells.items() if cell == (None, _PREDICTION))
        seen = [each for row, column in words if self._may_be_predicted(each := Range(sheet, row + 1, column))]
        if seen and where.part(0, 0) not in seen:
            yield _elsewhere(name, where, f"the cell below the word {_PREDICTION!r}", seen)

    def classes(self) -> Iterator[Finding]:
        """They stand in the rows of the last layer's cells, if the prediction takes its own from any cells."""
        last = list(self.found.atlas.cells(self.found.stages[-1].cells))
        where = self.book.named_range(_CLASSES)
        if where is None:
            if read := self._listed(len(last)):
                yield _missing(_CLASSES, "the cells from which the prediction takes its own", read)
        elif [(where.sheet, row) for row, _ in where.cells()] != [cell[:2] for cell in last]:
            rows = Range(self.sheet, last[0][1], where.column, len(last))
            yield _elsewhere(_CLASSES, where, f"the cells beside {self.found.stages[-1].name}", [rows])

    def _single(self, name: str, where: Range | None, sheet: str, texts: tuple[str, ...]) -> Iterator[Finding]:
        """A name of a cell that says some texts, as no other cell of a worksheet does."""
        told = f"the cell that says {' or '.join(map(repr, texts))}"
        others = [each for each in self._saying(sheet, texts) if where is None or each != where.part(0, 0)]
        if where is None:
            yield _missing(name, told, others)
        elif others or where.sheet != sheet:
            yield _elsewhere(name, where, told, others)

    def _saying(self, sheet: str, texts: tuple[str, ...]) -> list[Range]:
        """Cells of a worksheet that say one of some texts, or whose formula may."""
        cells = self.book.sheets[sheet].cells.items()
        return [
            Range(sheet, *at)
            for at, cell in cells
            if any(text == cell.value or f'"{text}"' in (cell.formula or "") for text in texts)
        ]

    def _may_be_predicted(self, where: Range) -> bool:
        """Whether a cell has a formula, a number or the name of a class."""
        formula, value = self.book.cell(*where[:3])
        return formula is not None or isinstance(value, float) or value in self.found.network.classes

    def _listed(self, count: int) -> list[Range]:
        """What the prediction reads that is a column of so many cells, but no layer's."""
        cell = self.found.atlas.cell(self.found.prediction)
        formula = self.book.cell(*cell[:3]).formula or ""
        read = [where for where, *_ in notation.references(formula, cell.sheet)]
        owned = {each for stage in self.found.stages for each in self.found.atlas.ranges(stage.cells)}
        return [where for where in read if (where.height, where.width) == (count, 1) and where not in owned]


def _missing(name: str, due: str, seen: list[Range]) -> Finding:
    place = seen[0].place if seen else ""
    return Finding("names", place, "", f"no defined name {name!r}: it is that of {due}", place or "a cell", "none")


def _elsewhere(name: str, where: Range, due: str, seen: list[Range]) -> Finding:
    expected = seen[0].place if seen else due
    return Finding("names", where.place, "", f"the name {name!r} is not that of {due}", expected, where.place)
