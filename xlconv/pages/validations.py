"""What may be typed into cells: Excel's data validation."""

from __future__ import annotations

from typing import Literal

from openpyxl.worksheet.datavalidation import DataValidation


def one_of(choices: str, cells: str, title: str, error: str) -> DataValidation:
    """A drop-down.

    Args:
        choices: The reference of the cells that hold them.
        cells: The addresses of those that have it.
        title: Of the message on anything else.
        error: The message.
    """
    return DataValidation(
        "list",
        choices,
        allow_blank=False,
        showErrorMessage=True,
        errorTitle=title,
        error=error,
        sqref=cells,
    )


def between(
    low: str, high: str, kind: Literal["whole", "decimal"], cells: str, title: str, error: str, blank: bool = False
) -> DataValidation:
    """Numbers within limits.

    Args:
        low: The least one, or the reference of a cell that holds it.
        high: The largest one, likewise.
        kind: Of number.
        cells: The addresses of those that take it.
        title: Of the message on anything else.
        error: The message.
        blank: Whether the cells may be emptied.
    """
    return DataValidation(
        kind,
        formula1=low,
        formula2=high,
        operator="between",
        allow_blank=blank,
        showErrorMessage=True,
        errorTitle=title,
        error=error,
        sqref=cells,
    )
