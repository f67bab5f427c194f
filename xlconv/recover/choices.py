"""What the input of a workbook can show, as the workbook itself says: samples to choose from, or what is drawn.

The input's cells are formulas then. What they should show follows from the choice, which is read here; whether they do
is for `xlconv.check` to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from xlconv.cells import Range, Value
from xlconv.declaration import CHOICE, CHOSEN, DRAWN, LABELS, MARK, READ, SAMPLE, SAMPLES, SCALE, draw_name
from xlconv.errors import WorkbookError
from xlconv.formula import notation
from xlconv.layers import Shape
from xlconv.network import FloatArray
from xlconv.reader import MAX_CELLS, Workbook
from xlconv.recover.given import Given


@dataclass(frozen=True)
class Choices:
    """Where the input comes from.

    Args:
        choice: The cell that says which label, or `draw`.
        sample: The cell that says which of the samples with that label, from 0.
        row: The formula that gives the row of the sample, from 1; 0 for what is drawn.
        mark: The formula that says whether the prediction is right, if there is one.
        read: The formula that shows the prediction beside the drawing, if there is one.
        table: (S, N) where the samples stand.
        scale: The cell with the number by which they are divided.
        labels: Of each sample, as a cell holds it.
        samples: (S, *shape) as the network reads them.
        draw: The blocks to draw in.
        drawn: What is drawn, in the input's shape.
        chosen: The row that is chosen in the workbook, from 1; 0 for what is drawn.
    """

    choice: Range
    sample: Range
    row: Range
    mark: Range | None
    read: Range | None
    table: Range
    scale: Range
    labels: tuple[Value, ...]
    samples: FloatArray
    draw: tuple[Range, ...]
    drawn: FloatArray
    chosen: int

    @property
    def formulas(self) -> list[Range]:
        """The cells, beside the input's, that hold formulas."""
        return [where for where in (self.row, self.mark, self.read) if where is not None]

    @property
    def x(self) -> FloatArray:
        """What the workbook's input should show."""
        shown: FloatArray = self.samples[self.chosen - 1] if self.chosen else self.drawn
        return shown

    def number(self, row: int) -> int:
        """Which of the samples with its label a row is, from 0."""
        return self.labels[: row - 1].count(self.labels[row - 1])


def choices_of(given: Given, shape: Shape) -> Choices | None:
    """The choices of a workbook whose network reads inputs of a shape; None where it has plain numbers for an input.

    Args:
        given: Reads the numbers of samples and drawing.
        shape: The input's.

    Raises:
        WorkbookError: What it says of them does not fit together.
    """
    book = given.book
    if book.named_range(CHOICE) is None and book.named_range(CHOSEN) is None:
        return None
    labels = _labels(book)
    choice = _choice(book, labels)
    sample, row = (_named(book, name, (1, 1)) for name in (SAMPLE, CHOSEN))
    samples, drawn = _named(book, SAMPLES, (len(labels), prod(shape))), tuple(_drawing(book, shape))
    if samples.size > MAX_CELLS:
        raise WorkbookError(f"{SAMPLES!r} names more than {MAX_CELLS:,} cells")
    scale = _named(book, SCALE, (1, 1))
    divisor = given.number(scale)
    if divisor == 0:
        raise WorkbookError(f"the number {SCALE!r} by which samples are divided is 0")
    return Choices(
        choice,
        sample,
        row,
        book.named_range(MARK),
        book.named_range(READ),
        samples,
        scale,
        labels,
        _numbers(given, samples).reshape(len(labels), *shape) / divisor,
        drawn,
        np.concatenate([_numbers(given, where).ravel() for where in drawn]).reshape(shape),
        _chosen(book, choice, sample, labels),
    )


def choosing(book: Workbook, sheet: str, labels: Sequence[Value]) -> list[Range]:
    """The cells of a worksheet that have a drop-down of all labels and the drawing."""
    due = {_listed(value) for value in (*labels, DRAWN)}
    lists = book.sheets[sheet].drop_downs
    return [where for each in lists if due <= _choices_in(book, sheet, each.source) for where in each.cells]


def _choices_in(book: Workbook, sheet: str, source: str) -> set[str]:
    """What a drop-down lists."""
    if source.startswith('"'):
        return {_listed(text) for text in source.strip('"').split(",")}
    found = notation.reference(source, sheet)
    where = found[0] if found else book.named_range(source, sheet)
    if where is None or where.sheet not in book.sheets or where.size > MAX_CELLS:
        return set()
    return {_listed(book.cell(where.sheet, *at).value) for at in where.cells()}


def _listed(value: Value) -> str:
    """A value as a drop-down shows it, whatever the case of its letters."""
    return (f"{value:.15g}" if isinstance(value, float) else str(value)).strip().lower()


def _choice(book: Workbook, labels: Sequence[Value]) -> Range:
    """The cell that chooses; where its name is gone, the one with the drop-down beside the formula for the row."""
    row = book.named_range(CHOSEN)
    if book.named_range(CHOICE) is None and row is not None and (seen := choosing(book, row.sheet, labels)):
        return seen[0].part(0, 0)
    return _named(book, CHOICE, (1, 1))


def _labels(book: Workbook) -> tuple[Value, ...]:
    where = book.named_range(LABELS)
    if where is None or where.width != 1 or where.height > MAX_CELLS:
        raise WorkbookError(f"no defined name {LABELS!r} of one column")
    labels = tuple(book.cell(where.sheet, *at).value for at in where.cells())
    runs = [label for at, label in enumerate(labels) if at == 0 or labels[at - 1] != label]
    if None in labels or DRAWN in labels or len(set(runs)) < len(runs):
        raise WorkbookError(f"{where.place}: samples with one label must stand together, and each must have one")
    return labels


def _drawing(book: Workbook, shape: Shape) -> Iterator[Range]:
    if len(shape) == 1:
        yield _named(book, draw_name(), (shape[0], 1))
    else:
        yield from (_named(book, draw_name(channel), (shape[1], shape[2])) for channel in range(shape[0]))


def _named(book: Workbook, name: str, size: tuple[int, int]) -> Range:
    where = book.named_range(name)
    if where is None:
        other = CHOSEN if name == CHOICE else CHOICE
        raise WorkbookError(f"no defined name {name!r}, but one {other!r}")
    if (where.height, where.width) != size:
        raise WorkbookError(f"{name!r} is {where.height}x{where.width} cells, it should be {size[0]}x{size[1]}")
    return where


def _numbers(given: Given, where: Range) -> FloatArray:
    """The numbers in a range; a blank cell is 0."""
    sheets = given.book.sheets
    cells = sheets[where.sheet].cells if where.sheet in sheets else {}
    numbers = np.zeros((where.height, where.width))
    for at, cell in cells.items():
        i, j = at[0] - where.row, at[1] - where.column
        if 0 <= i < where.height and 0 <= j < where.width and (cell.value is not None or cell.formula is not None):
            numbers[i, j] = given.number(Range(where.sheet, *at))
    return numbers


def _chosen(book: Workbook, choice: Range, sample: Range, labels: tuple[Value, ...]) -> int:
    """The row that is chosen, from 1, or 0."""
    chosen, number = book.cell(*choice[:3]), book.cell(*sample[:3])
    if chosen.formula is not None or number.formula is not None:
        raise WorkbookError(f"{choice.place} and {sample.place} choose the input, so they cannot be formulas")
    if same(chosen.value, DRAWN):
        return 0
    rows = [row for row, label in enumerate(labels, 1) if same(label, chosen.value)]
    if not rows:
        raise WorkbookError(
            f"{choice.place}: {chosen.value!r} is neither {DRAWN!r} nor the label of a sample",
            hint="choose one of the list in that cell",
        )
    which = number.value if isinstance(number.value, float) else 0.0
    return rows[int(max(0.0, min(which, len(rows) - 1.0)))]


def same(one: Value, other: Value) -> bool:
    """Whether a spreadsheet takes two values for the same, which it does whatever the case of letters."""
    texts = isinstance(one, str) and isinstance(other, str)
    return str(one).lower() == str(other).lower() if texts else one == other
