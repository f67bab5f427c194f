"""The formulas that choose a workbook's input, and those that look it up, for each trial."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.check.inputs import Trial
from xlconv.check.pages.net import mark_of, read_of
from xlconv.declaration import DRAWN
from xlconv.network import FloatArray
from xlconv.places import NOWHERE
from xlconv.reader import Workbook
from xlconv.recover.choices import Choices
from xlconv.recover.found import Found, Stage
from xlconv.recover.proof import Proof
from xlconv.recover.reading import Reading
from xlconv.report import Finding


def looked_up(found: Found) -> list[Stage]:
    """The input as a layer whose cells show it, where they look it up."""
    elements = np.arange(found.inputs.size)
    return [Stage((), "input", found.inputs, elements=elements)] if found.choices else []


def not_proved(found: Found, reading: Reading, proof: Proof) -> Iterator[Finding]:
    """Input cells that are not proved to look up the chosen sample, or what is drawn, at their own place."""
    if found.choices is None:
        return
    choices = found.choices
    drawn = [Range(where.sheet, *at) for where in choices.draw for at in where.cells()]
    flat = found.inputs.ravel().tolist()
    for place in proof.looked_up.tolist():
        where, element = found.atlas.cell(place), flat.index(place)
        if formula := reading.book.cell(*where[:3]).formula:
            expected = _looked_up(choices, choices.table.part(0, element, choices.table.height), drawn[element])
            message = "it could not be proved that this looks up the sample or the drawing here"
            yield Finding("not-proved", where.place, "input", message, f"={expected}", formula=formula)


def _looked_up(choices: Choices, column: Range, drawing: Range) -> str:
    row = choices.row.absolute
    return f"IF({row}=0,{drawing.reference},INDEX({column.reference},{row})/{choices.scale.reference})"


class ChoiceCheck:
    """Compares the chosen row and the mark, trial after trial; keeps the first finding of each."""

    def __init__(self, book: Workbook, found: Found, engine: str) -> None:
        self._book, self._found, self._engine = book, found, engine
        self._findings: dict[str, Finding] = {}
        self.unknown: list[str] = []

    def add(self, trial: Trial, values: dict[Range, Value]) -> None:
        """Take in what an engine computed for a trial, for `cells`."""
        choices = self._found.choices
        if choices is None:
            return
        row = trial.row if trial.is_changed else choices.chosen
        self._compare("the chosen row", choices.row, trial, float(row), values)
        if self._found.prediction != NOWHERE:
            followed = values[choices.row], values[self._prediction]
            if not any(isinstance(value, ErrorValue | NotEvaluated | None) for value in followed):
                shown, prediction = followed
                at = 0.0 if shown == 0 else 1.0
                label = choices.labels[row - 1] if row else DRAWN
                self._compare("the mark", choices.mark, trial, mark_of(at, label, prediction), values)
                self._compare("the text beside the drawing", choices.read, trial, read_of(at, prediction), values)

    def followed(self, trial: Trial, shown: Value) -> FloatArray:
        """The input that goes with the row that the workbook shows as chosen; NaN where that cannot be known."""
        choices = self._found.choices
        assert choices is not None
        row = trial.row if trial.is_changed else choices.chosen
        if shown == row:
            return trial.x
        if isinstance(shown, float) and shown.is_integer() and 1 <= shown <= len(choices.labels):
            image: FloatArray = choices.samples[int(shown) - 1]
            return image
        return np.full_like(trial.x, np.nan)

    def findings(self) -> Iterator[Finding]:
        """At most one for each formula."""
        yield from self._findings.values()

    @property
    def cells(self) -> list[Range]:
        """The cells that are compared, and the prediction."""
        choices = self._found.choices
        if choices is None:
            return []
        return choices.formulas + ([self._prediction] if self._found.prediction != NOWHERE else [])

    @property
    def _prediction(self) -> Range:
        return self._found.atlas.cell(self._found.prediction)

    def _compare(
        self, what: str, cell: Range | None, trial: Trial, expected: Value, values: dict[Range, Value]
    ) -> None:
        """Hold a cell to a number or a text."""
        if cell is None:
            return
        got = values[cell]
        if isinstance(got, NotEvaluated):
            self.unknown.append(got.reason)
            return
        if not _is(got, expected) and cell.place not in self._findings:
            formula = self._book.cell(*cell[:3]).formula or ""
            shown = "blank" if got is None else str(got)
            message = f"{what} is another than chosen for {trial.name}"
            self._findings[cell.place] = Finding(
                "value", cell.place, "input", message, str(expected), shown, formula, self._engine
            )


def _is(got: Value, expected: Value) -> bool:
    """Whether a value is the expected one; some engines give nothing for an empty text."""
    return (type(got) is type(expected) and got == expected) or (expected == "" and got is None)
