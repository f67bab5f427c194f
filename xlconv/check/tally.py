"""Cells compared with what they should show, counted over all trials: a row of the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv.cells import Value
from xlconv.check.inputs import Trial
from xlconv.network import INPUT, FloatArray
from xlconv.places import NOWHERE, Atlas, Places
from xlconv.recover.found import Stage
from xlconv.report import LayerResult

BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass
class Tally:
    """One row of the report while it is being counted: a layer's output, or one of its intermediate results.

    Args:
        stage: The layer.
        cells: That are compared.
        part: The intermediate result's name; empty for the output.
        is_input: Whether it is the input, that is looked up.

    Attributes:
        wrong: Cells that are off from the reference, going by the input.
        at_fault: Cells that are off, going by what they read.
        unknown: Cells that the engine could not evaluate.
        compared: Values.
        largest_error: Of all that are numbers.
        faults: The first trial in which a cell is at fault, by its index, what it should show there and what it does.
        lowest: What each cell showed at least.
        highest: What it showed at most.
    """

    stage: Stage
    cells: Places
    part: str = ""
    is_input: bool = False
    wrong: BoolArray = field(init=False)
    at_fault: BoolArray = field(init=False)
    unknown: BoolArray = field(init=False)
    compared: int = 0
    largest_error: float | None = None
    faults: dict[int, tuple[Trial, float, Value]] = field(default_factory=dict)
    lowest: FloatArray | None = None
    highest: FloatArray | None = None

    def __post_init__(self) -> None:
        self.wrong, self.at_fault, self.unknown = (np.zeros(self.cells.shape, bool) for _ in range(3))

    @property
    def name(self) -> str:
        """As the report calls it."""
        return INPUT if self.is_input else f"{self.stage.name} {self.part}".rstrip()

    def result(self, atlas: Atlas, proved: int | None = None) -> LayerResult:
        """The row, with how many cells are proved."""
        kind = self.stage.title if not self.part else f"{self.part} of {self.stage.title}"
        if self.is_input:
            kind = "looked up"
        first = self.cells[self.at_fault][:1] if self.at_fault.any() else self.cells[self.wrong][:1]
        return LayerResult(
            self.name,
            kind,
            int((self.cells != NOWHERE).sum()),
            self.compared,
            self.largest_error,
            int(self.wrong.sum()),
            int(self.at_fault.sum()),
            int(self.unknown.sum()),
            atlas.cell(int(first[0])).place if first.size else "",
            proved,
        )

    def count(self, shown: FloatArray, right: FloatArray, unknown: BoolArray, tolerance: float) -> None:
        """Take in all cells for one trial; NaN where a cell shows no number."""
        judged = np.isfinite(right) & ~unknown & (self.cells != NOWHERE)
        errors = errors_of(shown, right)
        known = errors[judged & np.isfinite(errors)]
        self.compared += int(judged.sum())
        if known.size:
            self.largest_error = max(self.largest_error or 0.0, float(known.max()))
        self.wrong |= judged & ~(errors <= tolerance)
        self.unknown |= unknown
        self.lowest = shown if self.lowest is None else np.minimum(self.lowest, shown)
        self.highest = shown if self.highest is None else np.maximum(self.highest, shown)

    def is_frozen(self, index: int) -> bool:
        """Whether a cell showed the same number in all trials."""
        assert self.lowest is not None
        assert self.highest is not None
        return bool(self.lowest.flat[index] == self.highest.flat[index])


def errors_of(got: FloatArray, expected: FloatArray) -> FloatArray:
    """Absolute, or relative where the expected value is beyond 1; NaN where either is unknown."""
    with np.errstate(invalid="ignore"):
        errors: FloatArray = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
    return errors
