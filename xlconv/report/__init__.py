"""What a check found, as data and as JSON. Knows nothing of engines or of how it was found, nor how it is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Final, Literal, TypeAlias

from xlconv.escape import json_text
from xlconv.report.rules import RULES, RuleId, Severity

JSON_VERSION: Final = 3
"""Of the form that `report.schema.json` describes."""

PROVED: Final = (
    "proved: equal to the layer's definition for all inputs and weights, in exact arithmetic; "
    "chance of error below 1e-15"
)
"""What the number of cells that are proved means."""

Verdict: TypeAlias = Literal["agrees", "differs", "not checked", "skipped"]


@dataclass(frozen=True)
class Finding:
    """A difference, and where.

    Args:
        rule: Of what kind.
        cell: `'My net'!AH5`, or empty where it is no cell's. Of a group of cells the first.
        layer: Whose cell it is.
        message: In one sentence.
        expected: What should stand there: a number, a formula or a setting, as text.
        got: What stands there or was computed.
        formula: The cell's, without `=`, if it has one.
        engine: Which computed it.
        effect: For what is found in the text of a cell, what it makes the cell compute, where that is wrong.
        count: How many cells it stands for.
        cells: Where it stands for several: all of them, or the first of many.
    """

    rule: RuleId
    cell: str
    layer: str
    message: str
    expected: str = ""
    got: str = ""
    formula: str = ""
    engine: str = ""
    effect: str = ""
    count: int = 1
    cells: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """The rule's."""
        return RULES[self.rule].severity

    @property
    def fingerprint(self) -> str:
        """The same for the same finding in a later run, whatever else has changed."""
        return hashlib.sha256("\0".join((self.rule, self.cell, self.formula)).encode(errors="replace")).hexdigest()[:32]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "severity": self.severity, "fingerprint": self.fingerprint}


@dataclass(frozen=True)
class LayerResult:
    """One layer's cells, compared in one engine.

    Args:
        layer: Name.
        type: Type, with the inline layers that its formulas contain.
        cells: Cells that hold activations.
        compared: Cells times inputs.
        largest_error: Absolute, or relative where the expected value is beyond 1; None where nothing could be compared.
        wrong: Cells that differ from the reference for some input.
        at_fault: Those of them that are wrong although what they read is right.
        not_evaluated: Cells that the engine could not evaluate for some input.
        first: The first wrong cell, in the order in which they are computed; empty where none is.
        proved: Cells whose formulas are proved to be what the layer is; None where that was not tried.
    """

    layer: str
    type: str
    cells: int
    compared: int
    largest_error: float | None
    wrong: int
    at_fault: int
    not_evaluated: int = 0
    first: str = ""
    proved: int | None = None

    @property
    def computed(self) -> int:
        """Cells that an engine could evaluate for all inputs."""
        return self.cells - self.not_evaluated if self.compared else 0

    @property
    def complete(self) -> bool:
        """Whether all cells were compared for all inputs."""
        return not self.not_evaluated and bool(self.compared or not self.cells)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "computed": self.computed, "largest_error": _finite(self.largest_error)}


@dataclass(frozen=True)
class EngineResult:
    """All layers, compared in one engine.

    Args:
        engine: Name and version.
        layers: In the order in which they are computed.
        reasons: Why cells could not be evaluated, each with its count.
        others: For how many cells values were taken from another engine, as this one had none.
    """

    engine: str
    layers: list[LayerResult]
    reasons: list[str] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Cells that hold activations."""
        return sum(layer.cells for layer in self.layers)

    @property
    def compared(self) -> int:
        """Cells times inputs."""
        return sum(layer.compared for layer in self.layers)

    @property
    def wrong(self) -> int:
        """Cells that differ from the reference for some input."""
        return sum(layer.wrong for layer in self.layers)

    @property
    def not_evaluated(self) -> int:
        """Cells that the engine could not evaluate for some input."""
        return sum(layer.not_evaluated for layer in self.layers)

    @property
    def complete(self) -> bool:
        """Whether all cells were compared for all inputs, and there were some."""
        return self.compared > 0 and all(layer.complete for layer in self.layers)

    @property
    def least_tolerance(self) -> float | None:
        """The smallest that the numbers would pass with; None where nothing was compared, or none would do."""
        numbers = [layer for layer in self.layers if layer.layer.rpartition(": ")[2] != "prediction"]
        if any(layer.wrong and layer.largest_error is None for layer in numbers):
            return None
        return max((layer.largest_error for layer in numbers if layer.largest_error is not None), default=None)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "engine": self.engine,
            "cells": self.cells,
            "compared": self.compared,
            "wrong": self.wrong,
            "not_evaluated": self.not_evaluated,
            "least_tolerance": _finite(self.least_tolerance),
            "reasons": self.reasons,
            "others": [{"engine": engine, "cells": cells} for engine, cells in self.others.items()],
            "layers": [layer.as_dict() for layer in self.layers],
        }


Result: TypeAlias = Literal["right", "wrong", "missing", "not checked"]


@dataclass(frozen=True)
class Grade:
    """One layer of the network that a workbook should be.

    Args:
        layer: Its name there.
        type: With the elementwise layers after it.
        result: `wrong` is for what it makes of its inputs, never for what was wrong before it; `not checked` where
            the engine could not evaluate it.
        first: The first wrong cell, if there is one.
        reason: What is wrong, in one line.
    """

    layer: str
    type: str
    result: Result
    first: str = ""
    reason: str = ""

    @property
    def right(self) -> bool:
        """Whether it counts."""
        return self.result == "right"

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "right": self.right}


@dataclass(frozen=True)
class Unrecognised:
    """Formulas that belong to no network, so that nothing can be said of them: neither wrong nor checked.

    Args:
        worksheet: Its name, as it is.
        range: `C3:L8`.
        count: How many formulas.
        formula: One of them, without `=`.
    """

    worksheet: str
    range: str
    count: int
    formula: str


@dataclass
class Report:
    """The check of one workbook.

    Args:
        file: As it was given.
        inputs: What was put into the input cells, by name.
        tolerance: Absolute; relative where the expected value is beyond 1.
        engines: The comparison in each.
        findings: In no order.
        notes: What else there is to know, in sentences.
        networks: Each network that was recovered, in one line.
        formulas: How many the workbook has.
        checked: Those of them that belong to a layer and were compared.
        not_recognised: Those that belong to no network.
        strict: Whether a warning counts like an error.
        interrupted: Whether formulas that do what layers do were not recognised as part of any, though they read one.
        unchecked_formulas: How many read a network, directly or through others, and were not checked, though what they
            show matters: they stand between its layers, or behind them as further layers would.
        views: For how many choices pages were computed, a line for each.
        grades: Each layer of the network that it should be, where one was given.
        declared: Whether the workbook is one that says of itself which network it is, even if that is damaged.
        if_network: Whether it is skipped where no network was recognised, nor declared, nor asked for.
    """

    file: str
    inputs: list[str] = field(default_factory=list)
    tolerance: float = 0.0
    engines: list[EngineResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    formulas: int = 0
    checked: int = 0
    not_recognised: list[Unrecognised] = field(default_factory=list)
    strict: bool = False
    views: list[str] = field(default_factory=list)
    grades: list[Grade] = field(default_factory=list)
    interrupted: bool = False
    unchecked_formulas: int = 0
    declared: bool = False
    if_network: bool = False

    @property
    def is_skipped(self) -> bool:
        """Whether it is none of the workbooks that were to be checked, so that nothing that was found counts."""
        return self.if_network and not (self.networks or self.declared or self.grades)

    @property
    def unchecked(self) -> str:
        """Why the verdict is `not checked` or `skipped`, in a few words."""
        if not self.networks:
            return "no network was recognised in its formulas"
        if self.unchecked_formulas:
            return f"{self.unchecked_formulas:,} of {self.formulas:,} formulas"
        if self.interrupted:
            return "formulas between its layers, or behind them, were not recognised"
        return "an engine could not evaluate all cells"

    @property
    def points(self) -> int:
        """How many of the expected layers are right."""
        return sum(grade.right for grade in self.grades)

    def counts(self, finding: Finding) -> bool:
        """Whether a finding makes the verdict `differs`."""
        is_serious = finding.severity == "error" or (self.strict and finding.severity == "warning")
        return is_serious and not self.is_skipped

    @property
    def complete(self) -> bool:
        """Whether every engine could evaluate every cell that was recognised, and there were some."""
        return bool(self.engines) and all(engine.complete for engine in self.engines)

    @property
    def verdict(self) -> Verdict:
        """`differs` where an error was found, else `not checked` where a cell could not be, else `agrees`."""
        if self.is_skipped:
            return "skipped"
        if any(map(self.counts, self.findings)) or any(engine.wrong for engine in self.engines):
            return "differs"
        is_whole = self.complete and not self.interrupted and not self.unchecked_formulas
        return "agrees" if is_whole else "not checked"

    @property
    def agrees(self) -> bool:
        """Whether everything was checked, and no error found."""
        return self.verdict == "agrees"

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "file": self.file,
            "verdict": self.verdict,
            "strict": self.strict,
            "interrupted": self.interrupted,
            "unchecked_formulas": self.unchecked_formulas,
            "declared": self.declared,
            "if_network": self.if_network,
            "inputs": self.inputs,
            "tolerance": _finite(self.tolerance),
            "networks": self.networks,
            "formulas": self.formulas,
            "checked": self.checked,
            "engines": [engine.as_dict() for engine in self.engines],
            "findings": [finding.as_dict() for finding in self.findings],
            "views": self.views,
            "not_recognised": [asdict(each) for each in self.not_recognised],
            "notes": self.notes,
            "grades": [grade.as_dict() for grade in self.grades],
        }


@dataclass(frozen=True)
class Failure:
    """A workbook that could not be checked, why, and perhaps what to do about it."""

    file: str
    error: str
    hint: str = ""

    @property
    def verdict(self) -> Literal["failed"]:
        """Where a report has its own."""
        return "failed"

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"file": self.file, "verdict": self.verdict, "error": self.error, "hint": self.hint}


def to_json(reports: Iterable[Report | Failure]) -> str:
    """All of it, as one JSON object."""
    files = [report.as_dict() for report in reports]
    return json_text(json.dumps({"version": JSON_VERSION, "files": files}, indent=2, allow_nan=False))


def _finite(number: float | None) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return number if number is not None and isfinite(number) else None
