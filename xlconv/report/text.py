"""A report for people: the verdict, then the grades and the layers, then what was found, the first few of many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Context, Decimal
from itertools import groupby
from typing import Final

from xlconv.cells import quote_sheet
from xlconv.escape import console
from xlconv.report import PROVED, EngineResult, Failure, Finding, LayerResult, Report
from xlconv.report.groups import (
    FindingGroup,
    cells,
    coverage,
    details,
    difference,
    grouped,
    points,
    proved,
    shortened,
    verdict,
)

_SHOWN: Final = 3
"""Findings of a group that are named before the rest is counted."""
_LISTED: Final = 5
"""The same for formulas that were not recognised, and for the cells of a finding."""
_WIDEST: Final = 120
"""Letters in a column."""


def to_text(report: Report) -> str:
    """The whole report; of a workbook that is skipped, that it is."""
    if report.is_skipped:
        return console(f"{report.file}: {verdict(report)}")
    lines = [f"{report.file}: {verdict(report)}", *_grades(report), f"  inputs: {', '.join(_inputs(report.inputs))}"]
    if len(report.networks) > 1:
        lines += ["  networks", *(f"    {network}" for network in report.networks)]
    if report.formulas:
        lines.append(f"  {coverage(report)}")
    if not any(engine.compared for engine in report.engines):
        lines.append("  nothing could be compared")
    for engine in report.engines:
        lines += ["", *_engine(engine)]
    lines += ["", *(f"  {view}" for view in report.views)] if report.views else []
    lines += _findings(report)
    lines += [*_not_recognised(report), *(f"  note: {note}" for note in report.notes)]
    return "\n".join(map(console, lines))


def summary(reports: Sequence[Report | Failure]) -> str:
    """How many layers are right in each of several workbooks; empty where nothing was asked for."""
    if len(reports) < 2 or not any(isinstance(report, Report) and report.grades for report in reports):
        return ""
    return "\n".join(map(console, _aligned([("workbook", "layers right", ""), *map(_in_short, reports)], "")))


def _in_short(report: Report | Failure) -> tuple[str, str, str]:
    if isinstance(report, Failure):
        return report.file, "-", "failed"
    return report.file, points(report) or "-", verdict(report)


def _grades(report: Report) -> Iterator[str]:
    if not report.grades:
        return
    yield f"  {points(report)} layers right"
    rows = [("layer", "type", "grade", "first wrong cell", "reason")]
    for each in report.grades:
        result = each.result.upper() if each.result == "wrong" else each.result
        rows.append((each.layer, each.type, result, each.first, each.reason))
    yield from _aligned(rows, "    ")
    yield ""


def _aligned(rows: Sequence[Sequence[str]], indent: str) -> list[str]:
    """Columns of texts, each as wide as it must be."""
    short = [[shortened(console(text), _WIDEST) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*short, strict=True)]
    return [
        indent + "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in short
    ]


def _engine(result: EngineResult) -> Iterator[str]:
    yield f"  {result.engine}"
    yield from _table(result.layers)
    if any(layer.proved is not None for layer in result.layers):
        yield f"    {PROVED}"
    for other, cells_of in result.others.items():
        yield f"    {cells_of:,} cell{'s' * (cells_of != 1)} by {other}, as {result.engine} has no value for them"
    yield from (f"    not evaluated: {reason}" for reason in result.reasons)
    first = next((layer for layer in result.layers if layer.first), None)
    if first is not None:
        yield f"    the first wrong cell: {first.first} ({first.layer})"
    least = result.least_tolerance
    if least is not None and any(layer.wrong for layer in result.layers):
        yield f"    the least tolerance with which these numbers pass: {_rounded_up(least)}"


def _table(layers: Sequence[LayerResult]) -> list[str]:
    rows = [("layer", "type", "cells", "proved", "computed", "largest error", "")]
    for each in layers:
        error = "-" if each.largest_error is None else f"{each.largest_error:.1e}"
        layer, kind = (shortened(console(text), 60) for text in (each.layer, each.type))
        counts = (f"{each.cells:,}", proved(each), f"{each.computed:,}", error)
        rows.append((layer, kind, *counts, _remarks(each)))
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    columns = "  ".join(f"{{:{'<' if at < 2 else '>'}{width}}}" for at, width in enumerate(widths))
    return [f"    {columns}  {{}}".format(*row).rstrip() for row in rows]


def _remarks(each: LayerResult) -> str:
    """How many cells are wrong, and how many of them only follow what they read; how many are not known."""
    follow = each.wrong - each.at_fault
    remarks = [
        (each.wrong > 0, f"{each.wrong:,} wrong"),
        (follow > 0, f"{follow:,} of them by what they read"),
        (each.not_evaluated > 0, f"{each.not_evaluated:,} not evaluated"),
    ]
    return ", ".join(text for told, text in remarks if told)


def _findings(report: Report) -> Iterator[str]:
    found = grouped(report)
    for severity, groups in groupby(found, key=lambda group: group.rule.severity):
        yield ""
        yield f"  {severity}s"
        for group in groups:
            yield from _group(group)
    if found:
        ids = dict.fromkeys(group.rule.id for group in found)
        yield f"    (why, and how to mend it: xlconv explain {' '.join(ids)})"


def _group(group: FindingGroup) -> Iterator[str]:
    first = group.findings[0]
    if len(group.findings) == 1 and (first.count == 1 or not first.cell):
        where = " ".join(part for part in (first.cell, f"({group.layer})" if group.layer else "") if part)
        yield f"    {where}: {first.message}" if where else f"    {first.message}"
        yield from _details(first, "      ")
        return
    yield f"    {group.where}: {group.message}"
    shown = group.alike[:_SHOWN]
    for alike in shown:
        yield from _alike(alike, group.message)
    more = group.count - sum(finding.count for alike in shown for finding in alike)
    if more:
        yield f"      ... and {more:,} more (--json lists all)"


def _alike(alike: Sequence[Finding], known: str) -> Iterator[str]:
    """Findings whose formulas differ in the same way: the first of them, and what they have in common."""
    first = alike[0]
    cell = first.cell if len(alike) == 1 else f"{first.cell} and {len(alike) - 1:,} other{'s' * (len(alike) > 2)}"
    yield f"      {cell}" if first.message == known else f"      {cell}: {first.message}"
    if len(alike) > 1:
        expected, found = difference(first)
        yield f"        {'expected':<8} {shortened(expected)}"
        yield f"        {'found':<8} {shortened(found)}"
    yield from _details(first, "        ")


def _details(finding: Finding, indent: str) -> Iterator[str]:
    for name, text in details(finding):
        yield f"{indent}{name:<8} {text}"
    if listed := cells(finding, _LISTED):
        yield f"{indent}{'cells':<8} {listed}"


def _not_recognised(report: Report) -> Iterator[str]:
    for each in report.not_recognised[:_LISTED]:
        formulas = f"{each.count:,} formula{'' if each.count == 1 else 's'}"
        where = f"{quote_sheet(each.worksheet)}!{each.range}"
        yield f"  not recognised: {formulas} in {where}, such as ={shortened(each.formula)}"
    rest = report.not_recognised[_LISTED:]
    if rest:
        count = sum(each.count for each in rest)
        yield f"  not recognised: {count:,} formulas more, in {len(rest):,} other places (--json lists all)"


def _inputs(names: Sequence[str]) -> list[str]:
    """`random 1`, `random 2`, ... as one entry with a count."""
    groups: dict[str, int] = {}
    for name in names:
        kind = name.rstrip("0123456789").rstrip()
        groups[kind] = groups.get(kind, 0) + 1
    return [f"{kind} x{count}" if count > 1 else kind for kind, count in groups.items()]


def _rounded_up(number: float) -> str:
    """Two digits, and never less."""
    return f"{Context(prec=2, rounding=ROUND_CEILING).plus(Decimal(number)):g}"
