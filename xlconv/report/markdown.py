"""Reports as Markdown, for the summary of a pull request: a table of workbooks, and details to unfold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from xlconv.cells import quote_sheet
from xlconv.escape import code, prose
from xlconv.report import PROVED, EngineResult, Failure, Finding, Grade, Report
from xlconv.report.groups import FindingGroup, cells, coverage, details, grouped, points, proved, shortened, verdict

_SHOWN: Final = 3
"""Findings of a group that are named, because GitHub shows no summary beyond a megabyte."""
_LISTED: Final = 5
"""The same for formulas that were not recognised, and for the cells of a finding."""


def to_markdown(reports: Sequence[Report | Failure]) -> str:
    """One section."""
    rows = [("workbook", "verdict", "checked", "layers right"), *map(_row, reports)]
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    lines = ["## xlconv verify", "", *_table(rows)]
    for report in reports:
        if isinstance(report, Report) and not report.is_skipped:
            lines += ["", *_details(report)]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *rest = rows
    for row in (head, ["---"] * len(head), *rest):
        yield f"| {' | '.join(row)} |"


def _row(report: Report | Failure) -> tuple[str, ...]:
    if isinstance(report, Failure):
        return code(report.file), f"**failed**: {prose(report.error)}", "", ""
    said = verdict(report)
    shown = said if report.agrees or report.is_skipped else f"**{said}**"
    return code(report.file), shown, coverage(report), points(report)


def _details(report: Report) -> Iterator[str]:
    yield f"<details><summary>{code(report.file)}: {verdict(report)}</summary>"
    if report.grades:
        yield from (
            "",
            *_table([("layer", "type", "grade", "first wrong cell", "reason"), *map(_grade, report.grades)]),
        )
    if len(report.networks) > 1:
        yield from ("", *(f"- {prose(network)}" for network in report.networks))
    for group in grouped(report):
        yield from ("", *_group(group))
    for engine in report.engines:
        yield from ("", *_engine(engine))
    said = [*_not_recognised(report), *map(prose, report.notes)]
    if said:
        yield from ("", *(f"- {line}" for line in said))
    yield from ("", "</details>")


def _grade(grade: Grade) -> tuple[str, ...]:
    result = grade.result if grade.right else f"**{grade.result}**"
    return code(grade.layer), prose(grade.type), result, code(grade.first) if grade.first else "", prose(grade.reason)


def _group(group: FindingGroup) -> Iterator[str]:
    yield f"**{group.rule.severity}** {code(group.rule.id)}: {prose(group.where)}: {prose(group.message)}"
    yield ""
    for finding in group.findings[:_SHOWN]:
        yield f"- {_line(finding, group)}"
        yield from (f"  - {name}: {code(text)}" for name, text in details(finding))
        if listed := cells(finding, _LISTED):
            yield f"  - cells: {code(listed)}"
    more = len(group.findings) - _SHOWN
    if more > 0:
        yield f"- and {more:,} more"


def _line(finding: Finding, group: FindingGroup) -> str:
    if finding.cell and finding.message == group.message:
        return code(finding.cell)
    return f"{code(finding.cell)}: {prose(finding.message)}" if finding.cell else prose(finding.message)


def _engine(result: EngineResult) -> Iterator[str]:
    yield f"{prose(result.engine)}:"
    yield ""
    head = ("layer", "type", "cells", "proved", "computed", "largest error", "wrong", "not evaluated")
    yield from _table([head, *_layers(result)])
    if any(layer.proved is not None for layer in result.layers):
        yield from ("", prose(PROVED))
    for other, cells_of in result.others.items():
        yield from ("", f"{cells_of:,} cells by {prose(other)}")
    if result.reasons:
        yield from ("", *(f"- not evaluated: {prose(reason)}" for reason in result.reasons))


def _layers(result: EngineResult) -> Iterator[tuple[str, ...]]:
    for each in result.layers:
        error = "" if each.largest_error is None else f"{each.largest_error:.1e}"
        counts = (f"{each.cells:,}", proved(each), f"{each.computed:,}", error)
        yield (code(each.layer), prose(each.type), *counts, f"{each.wrong:,}", f"{each.not_evaluated:,}")


def _not_recognised(report: Report) -> Iterator[str]:
    for each in report.not_recognised[:_LISTED]:
        where = code(f"{quote_sheet(each.worksheet)}!{each.range}")
        yield f"not recognised: {each.count:,} formulas in {where}, such as {code('=' + shortened(each.formula))}"
    more = len(report.not_recognised) - _LISTED
    if more > 0:
        yield f"not recognised: formulas in {more:,} other places"
