"""What the first worksheet and `Draw` show of a choice, as a page: the input, the mark, the text beside the drawing.

A choice is one of the labels, or `draw` in any case of letters, and the number of a sample. By the contract a blank
number counts as 0, a fraction as its whole part, and the nearest sample is shown where there is none of that number. A
label that no sample has, and a text in the place of the number, have no right value: an error or an empty text is due.
What a spreadsheet makes of a blank choice is not asked, as some take it for 0, which may be a label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain
from math import floor
from typing import Final, NamedTuple

import numpy as np

from xlconv import wording
from xlconv.cells import MAX_COLUMNS, Value, block_name
from xlconv.check.pages import AT_ONCE, MOST_VALUES, NOTHING, Basis, Batch, CheckedPage, Due, Known, in_words
from xlconv.check.pages.judge import chunks
from xlconv.check.sentences import Text
from xlconv.declaration import CHOSEN, DRAWN, MARK, READ
from xlconv.network import INPUT, FloatArray
from xlconv.places import NOWHERE, Places
from xlconv.reader import Workbook
from xlconv.recover.choices import Choices, same
from xlconv.recover.found import Found

_TITLE: Final = "choice"
_TEXT: Final = "one"
_FAR: Final = 1e6
_NO_LABEL: Final = "no label of a sample"
_RANDOM: Final = 200
"""Random values that each cell is given that a person fills with numbers."""
_NEAR: Final = 25.0
_WIDE: Final = 1000.0
_LIMITS: Final = (0.0, 1.0, -1.0, 255.0)
"""Numbers that samples, drawing and scale are given beside those, all cells the same."""


class LabelChoice(NamedTuple):
    """What stands in the two cells that choose."""

    label: Value
    sample: Value

    def __str__(self) -> str:
        return f"choice {in_words(self.label)}, sample {in_words(self.sample)}"


def row_of(choices: Choices, choice: LabelChoice) -> float:
    """The row of the sample that is shown, from 1; 0 for what is drawn; `NOTHING` where there is none."""
    if same(choice.label, DRAWN):
        return 0.0
    rows = _rows_of(choices.labels, choice.label)
    if not rows or isinstance(choice.sample, str):
        return NOTHING
    number = floor(choice.sample) if isinstance(choice.sample, float) else 0
    return float(rows[max(0, min(number, len(rows) - 1))])


@lru_cache(maxsize=1 << 10, typed=True)
def _rows_of(labels: tuple[Value, ...], label: Value) -> list[int]:
    """The rows of the samples that have a label, from 1."""
    return [row for row, each in enumerate(labels, 1) if same(each, label)]


def mark_of(row: float, label: Value, prediction: Value) -> str | None:
    """What the mark says of a prediction where a row is shown that has a label; None where nothing is right."""
    if row == NOTHING:
        return None
    if row == 0:
        return ""
    return wording.RIGHT if same(prediction, label) else wording.WRONG


def read_of(row: float, prediction: Value) -> Value:
    """What stands beside the drawing: the prediction where what is drawn is shown; None where nothing is right."""
    if row == NOTHING:
        return None
    return prediction if row == 0 else wording.NOT_DRAWN


def net_page(
    book: Workbook, found: Found, most: int = MOST_VALUES, rng: np.random.Generator | None = None
) -> CheckedPage:
    """The page, with all its choices; without tables where a workbook has nothing to choose.

    Args:
        book: The workbook.
        found: The network, and where it stands.
        most: Cell values to be computed of the input; if there are more, some of the choices are tried.
        rng: Gives random numbers, and choices where not all are tried; the system's randomness by default.
    """
    if found.choices is None:
        return CheckedPage(_TITLE, INPUT, "value", book, found.atlas, {})
    net = _Net(book, found, found.choices, rng or np.random.default_rng())
    every = list(net.every_choice())
    tried = net.some(every, max(1, most // found.inputs.size))

    def batches() -> Iterator[Batch]:
        return chain(net.looked_up(tried), net.rows(), net.other_samples(tried), net.drawings(), net.marked(tried))

    return CheckedPage(
        _TITLE, INPUT, "value", book, found.atlas, net.tables, (), batches, len(every), len(tried), net.basis
    )


@dataclass(frozen=True)
class _Net:
    """Where choice, input, mark and text stand, what they are tried with, and which rows choices are known to show."""

    book: Workbook
    found: Found
    own: Choices
    rng: np.random.Generator
    known: dict[LabelChoice, float] = field(default_factory=dict)

    def row_of(self, choice: LabelChoice) -> float:
        """The row of the sample that is shown; see `row_of`."""
        if choice not in self.known:
            self.known[choice] = row_of(self.own, choice)
        return self.known[choice]

    @property
    def inputs(self) -> dict[str, Places]:
        """The blocks of the input."""
        blocks = self.found.inputs
        if blocks.ndim == 1:
            return {block_name(INPUT): blocks[:, None]}
        return {block_name(INPUT, indices=[channel]): block for channel, block in enumerate(blocks)}

    @property
    def tables(self) -> dict[str, Places]:
        """The cells of each table that there is."""
        single = {CHOSEN: self.own.row, MARK: self.own.mark, READ: self.own.read}
        cells = {name: self.found.atlas.places(where) for name, where in single.items() if where is not None}
        return {**cells, **self.inputs}

    @property
    def basis(self) -> Basis:
        """Row, mark and text go by what is chosen, the prediction, and what stands beside the samples."""
        own, atlas = self.own, self.found.atlas
        asked = np.concatenate([atlas.places(where).ravel() for where in own.formulas])
        given = [atlas.place(*own.choice[:3]), atlas.place(*own.sample[:3]), self.found.prediction]
        filled = atlas.of(own.table.sheet, list(self.book.sheets[own.table.sheet].cells))
        rows = atlas.within(filled, own.table._replace(column=1, width=MAX_COLUMNS))
        beside = np.setdiff1d(filled[rows], atlas.places(own.table))
        network = np.setdiff1d(np.union1d(self.found.owned, self.found.formulas), asked)
        return Basis(np.unique(asked), np.union1d(given, network), np.union1d(given, beside))

    @property
    def classes(self) -> list[Value]:
        """What the prediction can be."""
        network = self.found.network
        if self.found.labels is None:
            return [float(index) for index in range(network.shapes[network.nodes[-1].name][0])]
        return [self.book.cell(*at).value for at in self.found.atlas.cells(self.found.labels)]

    def every_choice(self) -> Iterator[LabelChoice]:
        """Each label by each number of a sample and some that are none, the drawing, and labels that there are not."""
        for label in dict.fromkeys(self.own.labels):
            count = sum(same(label, each) for each in self.own.labels)
            for number in (*map(float, range(count)), -1.0, 0.5, count - 0.5, float(count), _FAR, None, _TEXT):
                yield LabelChoice(label, number)
            if isinstance(label, str) and label.swapcase() != label:
                yield LabelChoice(label.swapcase(), 0.0)
        drawn = DRAWN, DRAWN.upper(), DRAWN.capitalize()
        yield from (LabelChoice(text, number) for text in drawn for number in (0.0, 1.0, None, _TEXT))
        numbers = [label for label in self.own.labels if isinstance(label, float)]
        none = _NO_LABEL, max(numbers, default=0.0) + 1, min(numbers, default=0.0) - 1
        yield from (LabelChoice(label, number) for label in none for number in (0.0, 1.0))

    def some(self, choices: Sequence[LabelChoice], most: int) -> Sequence[LabelChoice]:
        """All of some choices, or so many of them."""
        if len(choices) <= most:
            return choices
        return [choices[at] for at in np.sort(self.rng.permutation(len(choices))[:most]).tolist()]

    def looked_up(self, choices: Sequence[LabelChoice]) -> Iterator[Batch]:
        """The workbook's own samples and drawing."""
        for some in chunks(len(choices), self.found.inputs.size, AT_ONCE):
            yield self._shown(choices[some], {}, self.own.samples, "")

    def rows(self) -> Iterator[Batch]:
        """The row alone, for every label by many numbers of a sample: whole ones, halves, and random ones."""
        near = np.arange(-_NEAR, _NEAR + 0.5, 0.5).tolist()
        numbers = [*near, *self.rng.uniform(-_WIDE, _WIDE, _RANDOM - len(near)).tolist()]
        typed = [LabelChoice(label, number) for label in dict.fromkeys(self.own.labels) for number in numbers]
        for some in chunks(len(typed), 1, AT_ONCE):
            choices = typed[some]
            due = {CHOSEN: Due(np.array([self.row_of(choice) for choice in choices])[:, None, None], whole=True)}
            yield Batch(len(choices), self._filled(choices), {}, due, partial(_told, choices))

    def other_samples(self, choices: Sequence[LabelChoice]) -> Iterator[Batch]:
        """Other samples and other scales, so often that each cell of the input shows about 200 random numbers."""
        shape = self.own.samples.shape
        rows = [choice for choice in choices if 0 < self.row_of(choice) < NOTHING]
        sets = -(-_RANDOM // max(1, len(rows)))
        numbers = [*(np.full(shape, limit) for limit in _LIMITS), *self.rng.uniform(0.0, 255.0, (sets, *shape))]
        table = self.found.atlas.places(self.own.table).ravel()
        cells = np.append(table, self.found.atlas.place(*self.own.scale[:3]))
        for samples in numbers:
            divisor = float(self.rng.uniform(0.5, 300.0))
            fixed = Known(cells, np.append(samples, divisor))
            told = f", with other samples, divided by {divisor:.3g}"
            for some in chunks(len(rows), self.found.inputs.size, AT_ONCE):
                yield self._shown(rows[some], fixed, samples / divisor, told)

    def drawings(self) -> Iterator[Batch]:
        """Drawings: a blank one, which is 0, all cells alike, and random numbers."""
        shape = self.found.network.input_shape
        count = max(2, min(_RANDOM, AT_ONCE // self.found.inputs.size))
        alike = [np.full(shape, limit) for limit in (0.0, *_LIMITS)]
        drawn = np.concatenate([alike, self.rng.uniform(0.0, 1.0, (count, *shape))])
        cells = [each for where in self.own.draw for each in self.found.atlas.places(where).ravel().tolist()]
        lanes = drawn.reshape(len(drawn), -1).T.tolist()
        grid = {place: [None, *lane[1:]] for place, lane in zip(cells, lanes, strict=True)}
        due = {CHOSEN: Due(np.zeros((1, 1, 1))), **self._due(drawn)}
        choices = [LabelChoice(DRAWN, 0.0)] * len(drawn)
        yield Batch(len(drawn), self._filled(choices) | grid, {}, due, lambda lane: f"drawing {lane + 1} of several")

    def marked(self, choices: Sequence[LabelChoice]) -> Iterator[Batch]:
        """The mark and the text beside the drawing, for every choice by every class that may be predicted."""
        if self.found.prediction == NOWHERE or self.own.mark is self.own.read is None:
            return
        pairs = [(choice, prediction) for choice in choices for prediction in self.classes]
        for some in chunks(len(pairs), 2, AT_ONCE):
            yield self._marked(pairs[some])

    def _marked(self, pairs: Sequence[tuple[LabelChoice, Value]]) -> Batch:
        rows = [(self.row_of(choice), choice, prediction) for choice, prediction in pairs]
        due = {
            MARK: _of_one_cell([mark_of(row, choice.label, prediction) for row, choice, prediction in rows]),
            READ: _or_not_drawn(_of_one_cell([read_of(row, prediction) for row, _, prediction in rows])),
        }
        filled = self._filled([choice for choice, _ in pairs])
        filled[self.found.prediction] = [prediction for _, prediction in pairs]
        there = {name: each for name, each in due.items() if name in self.tables}
        return Batch(len(pairs), filled, {}, there, lambda lane: _predicted(*pairs[lane]))

    def _shown(
        self, choices: Sequence[LabelChoice], fixed: Mapping[int, float], samples: FloatArray, told: str
    ) -> Batch:
        """The row that is shown, and the input that follows from it."""
        rows = np.array([self.row_of(choice) for choice in choices])
        drawn = self.own.drawn
        images = np.concatenate([drawn[None], samples, np.full((1, *drawn.shape), NOTHING)])
        at = np.where(rows == NOTHING, len(images) - 1, rows).astype(np.int64)
        due = {CHOSEN: Due(rows[:, None, None], whole=True), **self._due(images[at])}
        return Batch(len(choices), self._filled(choices), fixed, due, lambda lane: f"{choices[lane]}{told}")

    def _due(self, images: FloatArray) -> dict[str, Due]:
        """(N, C, H, W) or (N, M), block by block."""
        blocks = images if images.ndim == 4 else images[:, None, :, None]
        return {name: Due(blocks[:, channel]) for channel, name in enumerate(self.inputs)}

    def _filled(self, choices: Sequence[LabelChoice]) -> dict[int, list[Value]]:
        cells = {self.own.choice: [each.label for each in choices], self.own.sample: [each.sample for each in choices]}
        return {self.found.atlas.place(*where[:3]): lane for where, lane in cells.items()}


def _told(choices: Sequence[LabelChoice], lane: int) -> str:
    return str(choices[lane])


def _of_one_cell(values: Sequence[Value]) -> Due:
    """Numbers and texts of one cell, None where nothing is right."""
    numbers = [NOTHING if value is None else value if isinstance(value, float) else np.nan for value in values]
    texts: list[tuple[Text, ...]] = [((value,),) if isinstance(value, str) else () for value in values]
    return Due(np.array(numbers)[:, None, None], texts)


def _or_not_drawn(due: Due) -> Due:
    """The same; where nothing of the sample is right it may be said that what is drawn is not shown."""
    nothing = np.isinf(due.numbers[:, 0, 0])
    texts: list[tuple[Text, ...]] = [
        ((wording.NOT_DRAWN,),) if no else may for no, may in zip(nothing, due.texts, strict=True)
    ]
    return Due(due.numbers, texts)


def _predicted(choice: LabelChoice, prediction: Value) -> str:
    return f"{choice}, if {in_words(prediction)} is predicted"
