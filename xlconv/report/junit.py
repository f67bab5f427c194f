"""Reports as JUnit XML, for CI servers: a test suite for each workbook.

Its test cases are the layers expected, the layers in each engine, the rules, and the coverage. What could not be
checked is an error, not a failure, and never a test that passed; a workbook that is skipped has one test case, skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from xlconv.escape import xml
from xlconv.report import EngineResult, Failure, Grade, LayerResult, Report
from xlconv.report.groups import FindingGroup, cells, coverage, details, grouped
from xlconv.report.rules import RULES

_SHOWN = 20
"""Findings of a group that are named."""


def to_junit(reports: Sequence[Report | Failure]) -> str:
    """One XML document."""
    root = Element("testsuites", name="xlconv verify")
    for report in reports:
        cases = [_failed(report)] if isinstance(report, Failure) else list(_cases(report))
        suite = SubElement(root, "testsuite", {"name": xml(report.file), **_counts(cases)})
        suite.extend(cases)
    root.attrib.update(_counts(list(root.iter("testcase"))))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _counts(cases: Sequence[Element]) -> dict[str, str]:
    tags = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {name: sum(case.find(tag) is not None for case in cases) for name, tag in tags.items()}
    return {name: str(count) for name, count in {"tests": len(cases), **counts}.items()}


def _case(kind: str, name: str) -> Element:
    return Element("testcase", classname=xml(kind), name=xml(name))


def _failed(failure: Failure) -> Element:
    case = _case("coverage", "the workbook can be checked")
    SubElement(case, "error", message=xml(failure.error), type="failed")
    return case


def _cases(report: Report) -> Iterator[Element]:
    if report.is_skipped:
        case = _case("coverage", "a network is recognised")
        SubElement(case, "skipped", message=report.unchecked)
        yield case
        return
    yield _coverage(report)
    for grade in report.grades:
        yield _grade(grade)
    for engine in report.engines:
        for layer in engine.layers:
            yield _layer(engine, layer)
    groups = grouped(report)
    for rule in RULES:
        yield _rule(report, rule, [group for group in groups if group.rule.id == rule])


def _coverage(report: Report) -> Element:
    case = _case("coverage", "every cell that was recognised could be evaluated")
    if not report.complete:
        reasons = [reason for engine in report.engines for reason in engine.reasons]
        error = SubElement(case, "error", message="some cells could not be evaluated", type="not checked")
        error.text = xml("\n".join(reasons or ["nothing could be compared"]))
    elif report.verdict == "not checked":
        SubElement(case, "error", message=report.unchecked, type="not checked")
    if report.formulas:
        SubElement(case, "system-out").text = coverage(report)
    return case


def _layer(engine: EngineResult, layer: LayerResult) -> Element:
    case = _case(engine.engine, layer.layer)
    if layer.wrong:
        error = "" if layer.largest_error is None else f", largest error {layer.largest_error:.1e}"
        message = f"{layer.wrong:,} of {layer.cells:,} cells differ from the reference{error}"
        SubElement(case, "failure", message=message, type="value").text = xml(layer.first)
    elif not layer.complete:
        message = f"{layer.not_evaluated:,} of {layer.cells:,} cells could not be evaluated"
        SubElement(case, "error", message=message, type="not checked")
    return case


def _grade(grade: Grade) -> Element:
    case = _case("layers expected", grade.layer)
    if not grade.right:
        tag = "error" if grade.result == "not checked" else "failure"
        SubElement(case, tag, message=xml(grade.reason), type=grade.result).text = xml(grade.first)
    return case


def _rule(report: Report, rule: str, groups: Sequence[FindingGroup]) -> Element:
    case = _case("rules", rule)
    if not groups:
        return case
    text = xml("\n".join(line for group in groups for line in _lines(group)))
    if any(report.counts(finding) for group in groups for finding in group.findings):
        message = "; ".join(f"{group.where}: {group.message}" for group in groups)
        SubElement(case, "failure", message=xml(message), type=rule).text = text
    else:
        SubElement(case, "system-out").text = text
    return case


def _lines(group: FindingGroup) -> Iterator[str]:
    yield f"{group.where}: {group.message}"
    for finding in group.findings[:_SHOWN]:
        yield f"  {finding.cell}: {finding.message}" if finding.cell else f"  {finding.message}"
        yield from (f"    {name}: {text}" for name, text in details(finding))
        if listed := cells(finding, _SHOWN):
            yield f"    cells: {listed}"
    more = len(group.findings) - _SHOWN
    if more > 0:
        yield f"  ... and {more:,} more"
