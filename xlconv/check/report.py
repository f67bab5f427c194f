"""What a check found, as data, as text for people and as JSON. Knows nothing of engines or of how it was found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal, TypeAlias

from xlconv.errors import printable

JSON_VERSION: Final = 1
_SHOWN: Final = 10
"""Findings that the text names before it counts the rest."""

Rule: TypeAlias = Literal[
    "value",
    "constant",
    "blank",
    "formula",
    "vocabulary",
    "not-a-number",
    "stale",
    "architecture",
    "weights",
]


@dataclass(frozen=True)
class Finding:
    """A difference, and where.

    Args:
        rule: Of what kind.
        cell: `'My net'!AH5`, or empty where it is no cell's.
        layer: Whose cell it is.
        message: In one sentence.
        expected: What should stand there: a number, a formula or a setting, as text.
        got: What stands there or was computed.
        formula: The cell's, without `=`, if it has one.
        engine: Which computed it.
        effect: For what is found in the text of a cell, what it makes the cell compute, where that is wrong.
    """

    rule: Rule
    cell: str
    layer: str
    message: str
    expected: str = ""
    got: str = ""
    formula: str = ""
    engine: str = ""
    effect: str = ""


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
    """

    layer: str
    type: str
    cells: int
    compared: int
    largest_error: float | None
    wrong: int
    at_fault: int


@dataclass(frozen=True)
class EngineResult:
    """All layers, compared in one engine."""

    engine: str
    layers: list[LayerResult]


@dataclass
class Report:
    """The check of one workbook."""

    file: str
    inputs: list[str] = field(default_factory=list)
    tolerance: float = 0.0
    engines: list[EngineResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """`agrees` or `differs`."""
        return "agrees" if self.agrees else "differs"

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "file": self.file,
            "verdict": self.verdict,
            **{k: v for k, v in asdict(self).items() if k != "file"},
        }


@dataclass(frozen=True)
class Failure:
    """A workbook that could not be checked, and why."""

    file: str
    error: str

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"file": self.file, "verdict": "failed", "error": self.error}


def to_json(reports: Iterable[Report | Failure]) -> str:
    """All of it, as one JSON object."""
    return json.dumps({"version": JSON_VERSION, "files": [report.as_dict() for report in reports]}, indent=2)


def to_text(report: Report) -> str:
    """For people: the verdict, then the layers, then the findings, the first few of many."""
    count = len(report.findings)
    verdict = "every activation agrees" if report.agrees else f"{count} {_plural('finding', count)}"
    lines = [f"{printable(report.file)}: {verdict}", f"  inputs: {', '.join(_grouped(report.inputs))}"]
    for result in report.engines:
        lines += ["", f"  {result.engine}", *_table(result.layers)]
    if report.findings:
        lines += [
            "",
            "  findings",
            *(line for finding in report.findings[:_SHOWN] for line in _finding(finding)),
        ]
        if count > _SHOWN:
            lines.append(f"    ... and {count - _SHOWN} more (--json lists all)")
    lines += [f"  note: {printable(note)}" for note in report.notes]
    return "\n".join(lines)


def _table(layers: Sequence[LayerResult]) -> list[str]:
    rows = [("layer", "type", "cells", "compared", "largest error", "")]
    for each in layers:
        error = "-" if each.largest_error is None else f"{each.largest_error:.1e}"
        rows.append((each.layer, each.type, f"{each.cells:,}", f"{each.compared:,}", error, _wrong(each)))
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    left = f"    {{:<{widths[0]}}}  {{:<{widths[1]}}}  {{:>{widths[2]}}}  {{:>{widths[3]}}}  {{:>{widths[4]}}}  {{}}"
    return [printable(left.format(*row)).rstrip() for row in rows]


def _wrong(each: LayerResult) -> str:
    """How many cells are wrong, and how many of them only follow what they read."""
    if not each.wrong:
        return ""
    follow = each.wrong - each.at_fault
    return f"{each.wrong:,} wrong" + (f", {follow:,} of them by what they read" if follow else "")


def _finding(finding: Finding) -> list[str]:
    where = " ".join(part for part in (finding.cell, f"({finding.layer})" if finding.layer else "") if part)
    lines = [f"    {where}: {finding.message}" if where else f"    {finding.message}"]
    formula = finding.formula and f"={finding.formula}"
    details = {"expected": finding.expected, "got": finding.got, "formula": formula, "effect": finding.effect}
    lines += [f"      {name:<8} {text}" for name, text in details.items() if text]
    return [printable(line) for line in lines]


def _grouped(names: Sequence[str]) -> list[str]:
    """`random 1`, `random 2`, ... as one entry with a count."""
    groups: dict[str, int] = {}
    for name in names:
        kind = name.rstrip("0123456789").rstrip()
        groups[kind] = groups.get(kind, 0) + 1
    return [f"{kind} x{count}" if count > 1 else kind for kind, count in groups.items()]


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
