"""The embedded engine: formualizer, a Rust library, in this process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import formualizer

from xlconv.cells import Edit, Range, Value
from xlconv.engines.errors import error_value
from xlconv.errors import EngineError

_CODES: Final = {
    "Div": "#DIV/0!",
    "Name": "#NAME?",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "Na": "#N/A",
    "Num": "#NUM!",
    "Null": "#NULL!",
    "Circ": "#CIRC!",
    "Spill": "#SPILL!",
    "NImpl": "#N/IMPL!",
    "Calc": "#CALC!",
    "Error": "#ERROR!",
}


class Formualizer:
    """See `xlconv.engines.Engine`."""

    name = "formualizer"

    @cached_property
    def title(self) -> str:
        """`formualizer` and its version."""
        from importlib.metadata import version

        return f"formualizer {version('formualizer')}"

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """Load once, then edit and recalculate in memory."""
        try:
            book = formualizer.Workbook.from_bytes(package, config=_config())
            book.set_temporal_egress("serial")  # a date is a number
            book.set_changelog_enabled(False)  # no edit is taken back
            book.evaluate_all()  # before the first edit, which would otherwise take ten times as long
            return [_evaluated(book, group, ranges) for group in edits]
        except (OSError, RuntimeError, ValueError, formualizer.ExcelEvaluationError) as error:
            raise EngineError(f"formualizer could not evaluate the workbook: {error}") from None


def engine() -> Formualizer:
    """The engine; it is always there."""
    return Formualizer()


def _config() -> formualizer.WorkbookConfig:
    """Without what threads need where there is to be but one: that costs more than it gains."""
    settings = formualizer.EvaluationConfig()
    settings.enable_parallel = os.environ.get("RAYON_NUM_THREADS") != "1"
    return formualizer.WorkbookConfig(eval_config=settings)


def _evaluated(book: formualizer.Workbook, edits: Sequence[Edit], ranges: Sequence[Range]) -> list[list[list[Value]]]:
    for where, values in edits:
        rows = [list(row) for row in values]
        book.sheet(where.sheet).set_values_batch(where.row, where.column, where.height, where.width, rows)
    if edits:
        book.evaluate_all()
    return [_values(book, where) for where in ranges]


def _values(book: formualizer.Workbook, where: Range) -> list[list[Value]]:
    last_row, last_column = where.row + where.height - 1, where.column + where.width - 1
    address = formualizer.RangeAddress(where.sheet, where.row, where.column, last_row, last_column)
    return [[_value(cell) for cell in row] for row in book.sheet(where.sheet).get_values(address)]


def _value(cell: Any) -> Value:
    if isinstance(cell, float) or cell is None or isinstance(cell, (str, bool)):
        return cell
    if isinstance(cell, int):
        return float(cell)
    if isinstance(cell, dict) and cell.get("type") == "Error":
        return error_value("formualizer", _CODES.get(cell["kind"], f"#{cell['kind']}"))
    return str(cell)
