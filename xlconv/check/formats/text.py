"""A report for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xlconv.check.report import Finding, LayerResult, Report
from xlconv.errors import printable

_SHOWN: Final = 10
"""Findings that the text names before it counts the rest."""


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
