"""Reports as SARIF 2.1.0, for code scanning: a result for each finding, a notification for what was not checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from xlconv.escape import json_text, sarif
from xlconv.report import Failure, Finding, Report
from xlconv.report.groups import cells, details
from xlconv.report.rules import RULES, Rule

Json: TypeAlias = dict[str, Any]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LISTED: Final = 20
"""Cells of a finding that are named."""


def to_sarif(reports: Sequence[Report | Failure]) -> str:
    """One log with one run."""
    read = [report for report in reports if isinstance(report, Report)]
    checked = [report for report in read if not report.is_skipped]
    run = {
        "tool": {"driver": _driver()},
        "invocations": [
            {
                "executionSuccessful": len(read) == len(reports),
                "toolExecutionNotifications": [note for report in reports for note in _notifications(report)],
            }
        ],
        "results": [_result(report, finding) for report in checked for finding in report.findings],
    }
    return json_text(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _driver() -> Json:
    return {"name": "xlconv", "version": version("xlconv"), "rules": [_rule(rule) for rule in RULES.values()]}


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "shortDescription": _message(rule.title),
        "fullDescription": _message(rule.why),
        "help": _message(f"{rule.why} {rule.mend}"),
        "defaultConfiguration": {"level": rule.severity},
    }


def _notifications(report: Report | Failure) -> list[Json]:
    if isinstance(report, Failure):
        level, told = "error", [report.error]
    elif report.is_skipped:
        level, told = "note", [f"skipped: {report.unchecked}"]
    else:
        level = "warning"
        told = [f"{engine.engine}: {reason}" for engine in report.engines for reason in engine.reasons]
        if report.verdict == "not checked" and report.unchecked_formulas:
            told.append(f"not checked: {report.unchecked}")
        if not report.complete and not told:
            told = ["not checked: nothing could be compared"]
    return [{"level": level, "message": _message(text), "locations": [_place(report.file)]} for text in told]


def _result(report: Report, finding: Finding) -> Json:
    said = [finding.message, *(f"{name}: {text}" for name, text in details(finding))]
    if listed := cells(finding, _LISTED):
        said.append(f"cells: {listed}")
    location = _place(report.file)
    if finding.cell:
        location["logicalLocations"] = [_cell(finding.cell)]
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": "error" if report.counts(finding) else finding.severity,
        "message": _message(". ".join([f"{finding.cell or report.file}: {said[0]}", *said[1:]])),
        "locations": [location],
        # GitHub would else compute the second from a line of the file, which is no text and changes with each save.
        "partialFingerprints": {
            "xlconv/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint[:16]}:1",
        },
        "properties": {"layer": sarif(finding.layer), "engine": sarif(finding.engine), "cells": finding.count},
    }


def _message(text: str) -> Json:
    return {"text": sarif(text)}


def _place(file: str) -> Json:
    """Where a workbook is. The region is there for viewers that show nothing without one."""
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": 1}}}


def _uri(file: str) -> str:
    path = Path(file)
    text = quote(path.as_posix(), errors="surrogatepass")
    return f"file:///{text.lstrip('/')}" if path.is_absolute() else text


def _cell(address: str) -> Json:
    worksheet, _, cell = address.rpartition("!")
    return {
        "name": sarif(cell),
        "fullyQualifiedName": sarif(address),
        "kind": "cell",
        "properties": {"worksheet": sarif(worksheet)},
    }
