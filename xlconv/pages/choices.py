"""What the input shows: the worksheets `Samples` and `Draw`, and the choice between them on the first worksheet.

Every input cell looks its number up: in the chosen row of `Samples`, or at its own place on `Draw`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from xlconv import style, wording
from xlconv.cells import Range
from xlconv.declaration import (
    CHOICE,
    CHOSEN,
    DRAW_SHEET,
    DRAWN,
    LABELS,
    MARK,
    READ,
    SAMPLE,
    SAMPLES,
    SAMPLES_SHEET,
    SCALE,
    draw_name,
)
from xlconv.errors import NetworkError
from xlconv.layout import Layout
from xlconv.network import INPUT, FloatArray, Network
from xlconv.pages import Content, Formula, Page, class_content
from xlconv.pages.validations import between, one_of
from xlconv.templates import Samples

if TYPE_CHECKING:
    from openpyxl.worksheet.datavalidation import DataValidation

_FEW: Final = (0, 1, -1)
"""Which samples of each label a workbook holds: the first two and the last one."""
_WILD: Final = "*?~"
"""MATCH takes these for other characters."""
_FIRST_ROW: Final = 5
_LABEL, _NUMBER, _LAST, _CHOICES, _PIXELS = range(1, 6)
"""Columns of `Samples`."""
_PITCH: Final = 4
"""Rows from one choice to the next."""


class Chosen(NamedTuple):
    """One of a template's samples.

    Args:
        label: The index of its class.
        number: Which of the samples with this label, from 0.
    """

    label: int
    number: int = 0


class ChoiceCells:
    """The samples that a workbook holds, and what its input shows first.

    Args:
        network: Whose input it is.
        samples: Of which the workbook holds a few of each label.
        shown: One of them, or what is drawn, of the network's input shape.

    Raises:
        NetworkError: There is no such sample, or the classes' names cannot be looked up.
    """

    def __init__(self, network: Network, samples: Samples, shown: Chosen | FloatArray) -> None:
        self.network, self.samples = network, samples
        self.chosen = shown if isinstance(shown, Chosen) else None
        self.drawn = np.zeros(network.input_shape) if isinstance(shown, Chosen) else shown
        self.scale = 255.0 if samples.images.dtype == np.uint8 else 1.0
        self.held = {label: self._few(label) for label in sorted(set(samples.labels.tolist()))}
        if self.chosen and self.chosen.number not in self.held.get(self.chosen.label, ()):
            raise NetworkError(f"no sample {self.chosen.number} of {self._text(self.chosen.label)!r}")
        texts = [self._text(label).lower() for label in self.held]
        bad = [text for text in texts if texts.count(text) > 1 or text == DRAWN or set(text) & set(_WILD)]
        if bad:
            raise NetworkError(
                f"the class {bad[0]!r} cannot be chosen in a workbook: names must differ by more than their case, "
                f"must not be {DRAWN!r}, and have none of {' '.join(_WILD)}",
                hint="rename the class in network.toml",
            )

    @property
    def images(self) -> list[FloatArray]:
        """The first sample of each label, as the network reads it."""
        return [self._image(label, 0) for label in self.held]

    @property
    def labels(self) -> Range:
        """Where the label of each sample stands."""
        return Range(SAMPLES_SHEET, _FIRST_ROW, _LABEL, sum(map(len, self.held.values())))

    @property
    def shown(self) -> FloatArray:
        """What the input shows."""
        return self._image(*self.chosen) if self.chosen else self.drawn

    def put(self, page: Page, layout: Layout) -> None:
        """What the first worksheet has of all this: the choice, and the formulas that look the input up."""
        self._put_panel(page, layout)
        row = _cells(layout)[CHOSEN].absolute
        scale = Range(SAMPLES_SHEET, 2, _NUMBER).reference
        pixels = (cell for where in layout.outputs[INPUT].ranges for cell in where.cells())
        drawn = (cell for where in _grids(self.network.input_shape) for cell in where.cells())
        for flat, (cell, other) in enumerate(zip(pixels, drawn, strict=True)):
            column = self.labels._replace(column=_PIXELS + flat).reference
            typed = Range(DRAW_SHEET, *other)
            text = f"IF({row}=0,{typed.place},INDEX({column},{row})/{scale})"
            page.put(*cell, Formula(text), "input")

    def samples_page(self) -> Page:
        """The worksheet `Samples`: a row for each."""
        page = Page(SAMPLES_SHEET, frozen=f"E{_FIRST_ROW}", widths={_LABEL: 11, _NUMBER: 9, _LAST: 9, _CHOICES: 11})
        page.put(1, 1, "The samples that the first worksheet can show, one in each row", "heading")
        page.put(2, _LABEL, "divided by", "text")
        page.names[SCALE] = page.put(2, _NUMBER, self.scale, "text")
        for column, text in enumerate(("label", "sample", "last one", "choices"), 1):
            page.put(_FIRST_ROW - 1, column, text, "header")
        page.put(_FIRST_ROW - 1, _PIXELS, "the numbers, row by row from the upper left; a blank cell is 0", "header")
        row = _FIRST_ROW
        for label, held in self.held.items():
            for number, which in enumerate(held):
                page.put(row, _LABEL, self._content(label), "text")
                page.put(row, _NUMBER, float(number), "text")
                page.put(row, _LAST, float(len(held) - 1), "text")
                for flat, value in _not_zero(self.samples.of(label)[which].ravel()):
                    page.put(row, _PIXELS + flat, value, "plain")
                row += 1
        for at, content in enumerate((*map(self._content, self.held), DRAWN)):
            page.put(_FIRST_ROW + at, _CHOICES, content, "text")
        page.names[LABELS] = self.labels
        size = int(np.prod(self.network.input_shape))
        page.names[SAMPLES] = self.labels._replace(column=_PIXELS, width=size)
        page.rules.append((page.names[SAMPLES].address, style.heat(self.scale, signed=False, ink=True)))
        page.widths |= dict.fromkeys(range(_PIXELS, _PIXELS + size), 4.0)
        return page

    def draw_page(self, layout: Layout) -> Page:
        """The worksheet `Draw`: the input as a grid to type into, and the prediction."""
        page = Page(DRAW_SHEET, square=True, zoom=80, frozen="A4")
        page.put(1, 2, "Draw one of your own", "heading")
        grey = " from 0 (paper) to 1 (ink)" if self.scale > 1 else ""
        told = f"Type numbers{grey} into the grid, and choose {DRAWN!r} on the first worksheet; a blank cell is 0."
        page.put(2, 2, told, "text")
        shape = self.network.input_shape
        grids = _grids(shape)
        for channel, where in enumerate(grids):
            numbers = self.drawn[channel] if len(shape) == 3 else self.drawn[:, None]
            if len(grids) > 1:
                page.put(where.row - 1, where.column, f"channel {channel}", "text")
            indices = (channel,) if len(shape) == 3 else ()
            page.fill(where, "input", _or_blank(numbers), draw_name(*indices))
            page.rules.append((where.address, style.heat(1.0, signed=False, ink=True)))
        page.widths = dict.fromkeys(range(1, grids[0].column + grids[0].width + 1), style.CELL_WIDTH)
        if self.scale > 1:
            page.validations.append(_between(0, 1, "decimal", " ".join(where.address for where in grids)))
        if prediction := _prediction(layout):
            row, column = grids[0].row, grids[0].column + grids[0].width + 1
            page.put(row - 1, column, "prediction", "text")
            chosen = _cells(layout)[CHOSEN].reference
            text = f'IF({chosen}=0,{prediction.reference},"{wording.NOT_DRAWN}")'
            page.names[READ] = page.spread(Range(DRAW_SHEET, row, column, 2, 9), Formula(text), "heading")
        return page

    def _put_panel(self, page: Page, layout: Layout) -> None:
        """The choice, and whether the prediction is right."""
        assert layout.panel is not None
        cells = _cells(layout)
        chosen = self.chosen
        content: dict[str, tuple[str, Content]] = {
            CHOICE: (
                "choose a digit" if self.scale > 1 else "choose",
                self._content(chosen.label) if chosen else DRAWN,
            ),
            SAMPLE: ("sample", float(self.held[chosen.label].index(chosen.number)) if chosen else 0.0),
            CHOSEN: ("row of Samples", self._row(cells)),
        }
        for name, where in cells.items():
            kind: style.Kind = "dial result" if name == CHOSEN else "dial"
            if name == CHOICE and all(isinstance(self._content(label), str) for label in self.held):
                kind = "dial text"
            caption = Range(page.title, where.row, layout.panel.column, _PITCH - 1, where.column - layout.panel.column)
            page.spread(caption, content[name][0], "dial caption")
            page.names[name] = page.spread(where._replace(height=_PITCH - 1, width=6), content[name][1], kind)
        choices = Range(SAMPLES_SHEET, _FIRST_ROW, _CHOICES, len(self.held) + 1)
        page.validations.append(one_of(choices.reference, cells[CHOICE].address, "Not here", "Choose one of the list."))
        last = max(map(len, self.held.values())) - 1
        page.validations.append(_between(0, last, "whole", cells[SAMPLE].address))
        self._put_mark(page, layout, cells)

    def _put_mark(self, page: Page, layout: Layout, cells: dict[str, Range]) -> None:
        prediction = _prediction(layout)
        if layout.mark is None or prediction is None:
            return
        said = f'IF({prediction.absolute}={cells[CHOICE].absolute},"{wording.RIGHT}","{wording.WRONG}")'
        text = Formula(f'IF({cells[CHOSEN].absolute}=0,"",{said})')
        page.names[MARK] = page.put(layout.mark.row, layout.mark.column, text, "mark")

    def _row(self, cells: dict[str, Range]) -> Formula:
        """The row of `Samples` that is shown, or 0; a blank cell is 0 only where something is added to it."""
        choice = cells[CHOICE].absolute
        first = f"MATCH({choice},{self.labels.reference},0)"
        last = f"INDEX({self.labels._replace(column=_LAST).reference},{first})"
        # INT, as MIN passes over a blank cell, and a row is a whole number.
        return Formula(f'IF({choice}="{DRAWN}",0,{first}+MAX(0,MIN(INT({cells[SAMPLE].absolute}),{last})))')

    def _few(self, label: int) -> list[int]:
        """The numbers of the samples of a label that the workbook holds."""
        count = len(self.samples.of(label))
        found = {at % count for at in _FEW if at < count}
        if self.chosen and self.chosen.label == label:
            found |= {self.chosen.number} & set(range(count))
        return sorted(found)

    def _image(self, label: int, number: int) -> FloatArray:
        image: FloatArray = self.samples.of(label)[number].reshape(self.network.input_shape) / self.scale
        return image

    def _text(self, label: int) -> str:
        return self.network.classes[label] if self.network.classes else str(label)

    def _content(self, label: int) -> Content:
        return class_content(self._text(label))


def _prediction(layout: Layout) -> Range | None:
    return next((block.range.part(0, 0) for block in layout.blocks if block.role == "prediction"), None)


def _cells(layout: Layout) -> dict[str, Range]:
    """Where the choice stands, by name."""
    assert layout.panel is not None
    row, column = layout.panel.row + 1, layout.panel.column + 11
    return {name: Range(layout.sheet, row + _PITCH * at, column) for at, name in enumerate((CHOICE, SAMPLE, CHOSEN))}


def _grids(shape: tuple[int, ...]) -> list[Range]:
    """Where the input is drawn: one grid for each channel."""
    channels, height, width = shape if len(shape) == 3 else (1, shape[0], 1)
    return [Range(DRAW_SHEET, 5 + c * (height + 2), 2, height, width) for c in range(channels)]


def _or_blank(numbers: FloatArray) -> Callable[[int, int], Content]:
    return lambda i, j: float(numbers[i, j]) or None


def _not_zero(numbers: FloatArray) -> Iterator[tuple[int, float]]:
    for flat in np.flatnonzero(numbers).tolist():
        yield flat, float(numbers[flat])


def _between(low: int, high: int, kind: Literal["whole", "decimal"], cells: str) -> DataValidation:
    """Numbers from `low` to `high` may be typed into some cells."""
    return between(str(low), str(high), kind, cells, "Not here", f"Numbers from {low} to {high}", blank=True)
