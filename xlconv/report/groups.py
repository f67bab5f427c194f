"""Findings in the order in which people want them, those of one kind and layer together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from xlconv.cells import Range
from xlconv.formula.notation import relative_form
from xlconv.report import Finding, LayerResult, Report
from xlconv.report.rules import RULES, Rule

_RANKS: Final = ("error", "warning", "note")


@dataclass(frozen=True)
class FindingGroup:
    """Findings of one rule in one layer.

    Args:
        rule: Their rule.
        layer: Its name, or empty.
        findings: In the report's order, at least one.
        of: How many cells the layer has; 0 where that is not known.
    """

    rule: Rule
    layer: str
    findings: Sequence[Finding]
    of: int

    @property
    def count(self) -> int:
        """How many cells they stand for."""
        return sum(finding.count for finding in self.findings)

    @property
    def message(self) -> str:
        """What they all say, or else what their rule says."""
        messages = {finding.message for finding in self.findings}
        return messages.pop() if len(messages) == 1 else self.rule.title

    @property
    def alike(self) -> list[list[Finding]]:
        """The findings, those together whose formulas differ from what is due in the same way, seen from the cell."""
        kinds: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings:
            kinds.setdefault(difference(finding), []).append(finding)
        return list(kinds.values())

    @property
    def where(self) -> str:
        """Such as `conv1, 12 of 1,352 cells`."""
        of = f" of {self.of:,}" if self.of >= self.count else ""
        cells = f"{self.count:,}{of} cell{'s' if max(self.count, self.of) > 1 else ''}"
        return f"{self.layer}, {cells}" if self.layer else cells


def grouped(report: Report) -> list[FindingGroup]:
    """All findings of a report: errors first; rules and layers in the order in which they first appear."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault((finding.rule, finding.layer), []).append(finding)
    sizes = {layer.layer: layer.cells for engine in report.engines for layer in engine.layers}
    found = [
        FindingGroup(RULES[some[0].rule], some[0].layer, some, sizes.get(some[0].layer, 0)) for some in groups.values()
    ]
    return sorted(found, key=lambda group: _RANKS.index(group.rule.severity))


def difference(finding: Finding) -> tuple[str, str]:
    """What is expected and what is found in a cell in R1C1 notation; the cell itself where that can't be said."""
    where = Range.parse(finding.cell)
    if where is None or not finding.formula or not finding.expected.startswith("="):
        return finding.cell, finding.formula
    expected, found = finding.expected[1:], finding.formula
    return tuple(f"={relative_form(text, where.row, where.column)}" for text in (expected, found))  # type: ignore[return-value]


def details(finding: Finding) -> Iterator[tuple[str, str]]:
    """What else a finding says, each by its name."""
    formula = finding.formula and f"={finding.formula}"
    named = {"expected": finding.expected, "got": finding.got, "formula": formula, "effect": finding.effect}
    return ((name, shortened(text)) for name, text in named.items() if text)


def cells(finding: Finding, shown: int) -> str:
    """The first cells of a finding that stands for several, and how many more there are."""
    if finding.count == 1:
        return ""
    named = finding.cells[:shown]
    more = finding.count - sum(where.size if (where := Range.parse(name)) else 1 for name in named)
    return ", ".join(named) + (f" and {more:,} more" if named and more > 0 else "")


def shortened(text: str, limit: int = 300) -> str:
    """The beginning of a text that is too long to be read."""
    return text if len(text) <= limit else f"{text[:limit]}..."


def verdict(report: Report) -> str:
    """The verdict in a few words, with the number of findings of each severity, or with why it is skipped."""
    if report.is_skipped:
        return f"{report.verdict}: {report.unchecked}"
    counts = dict.fromkeys(_RANKS, 0)
    for finding in report.findings:
        counts[finding.severity] += 1
    said = ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count)
    words: str = "every activation agrees" if report.agrees else report.verdict
    if report.verdict == "not checked" and report.unchecked_formulas:
        words = f"{words}: {report.unchecked}"
    return f"{words} ({said})" if said else words


def coverage(report: Report) -> str:
    """How many of the formulas were checked; empty where they were not counted."""
    return f"{report.checked:,} of {report.formulas:,} formulas checked" if report.formulas else ""


def proved(layer: LayerResult) -> str:
    """How many cells of a layer are proved; `-` where that was not tried."""
    return "-" if layer.proved is None else f"{layer.proved:,}"


def points(report: Report) -> str:
    """How many of the expected layers are right; empty where none are expected."""
    return f"{report.points} of {len(report.grades)}" if report.grades else ""
