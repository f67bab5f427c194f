"""Reports as a table, with a row for each workbook, engine and layer: CSV for spreadsheets, a DataFrame for Python."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from xlconv.check.report import Failure, Report
from xlconv.escape import csv_cell

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = (
    "file",
    "verdict",
    "errors",
    "warnings",
    "engine",
    "layer",
    "type",
    "cells",
    "compared",
    "largest_error",
    "wrong",
    "at_fault",
    "not_evaluated",
    "first",
    "problem",
)
"""`errors` and `warnings` are the workbook's, the counts after them the layer's; `problem` is why a check failed."""


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
        for severity in ("error", "warning"):
            common[f"{severity}s"] = sum(finding.severity == severity for finding in report.findings)
        layers = [(engine, layer) for engine in report.engines for layer in engine.layers]
        for engine, layer in layers:
            yield {**common, "engine": engine.engine, **layer.as_dict()}
        if not layers:
            yield {**common, "problem": "nothing could be compared"}
