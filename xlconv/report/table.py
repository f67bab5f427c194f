"""Reports as a table: CSV for spreadsheets, a DataFrame for Python.

There is a row for each workbook, engine and layer; where grades were asked for, for each workbook and expected layer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from xlconv.escape import csv_cell
from xlconv.report import Failure, Report

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = (
    "file",
    "verdict",
    "errors",
    "warnings",
    "points",
    "out_of",
    "engine",
    "layer",
    "type",
    "grade",
    "cells",
    "proved",
    "computed",
    "compared",
    "largest_error",
    "wrong",
    "at_fault",
    "not_evaluated",
    "first",
    "problem",
)
"""`errors`, `warnings`, `points` and `out_of` are the workbook's, the counts after them the layer's.

`problem` is why a check failed or was skipped, or what is wrong in a layer that has a grade.
"""


def to_csv(reports: Sequence[Report | Failure]) -> str:
    """With a line of headings. No cell begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(reports):
        values = (row.get(column) for column in COLUMNS)
        writer.writerow([csv_cell(value) if isinstance(value, str) else value for value in values])
    return out.getvalue()


def to_frame(reports: Sequence[Report | Failure]) -> pd.DataFrame:
    """The same as a DataFrame, with texts as they are: who writes them to a spreadsheet has to make them harmless."""
    import pandas as pd

    return pd.DataFrame(list(_rows(reports)), columns=list(COLUMNS)).convert_dtypes()


def _rows(reports: Sequence[Report | Failure]) -> Iterator[dict[str, object]]:
    for report in reports:
        common: dict[str, object] = {"file": report.file, "verdict": report.verdict}
        if isinstance(report, Failure):
            yield {**common, "problem": report.error}
            continue
        if report.is_skipped:
            yield {**common, "problem": report.unchecked}
            continue
        for severity in ("error", "warning"):
            common[f"{severity}s"] = sum(finding.severity == severity for finding in report.findings)
        if report.grades:
            common |= {"points": report.points, "out_of": len(report.grades)}
            for grade in report.grades:
                row = {"layer": grade.layer, "type": grade.type, "grade": grade.result, "first": grade.first}
                yield {**common, **row, "problem": grade.reason or None}
            continue
        layers = [(engine, layer) for engine in report.engines for layer in engine.layers]
        for engine, layer in layers:
            yield {**common, "engine": engine.engine, **layer.as_dict()}
        if not layers:
            yield {**common, "problem": "nothing could be compared"}
