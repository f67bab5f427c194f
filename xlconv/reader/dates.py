"""Dates and times that a file spells out (ISO 8601), as the numbers that cells hold."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?")
"""As programs write them. Of times alone, zones and weeks each makes something else."""
_DAY: Final = timedelta(days=1)
_ORIGIN: Final = datetime(1899, 12, 30)
_ORIGIN_1904: Final = datetime(1904, 1, 1)
_FIRST: Final = datetime(1900, 3, 1)
"""Before it programs count differently, as some take 1900 for a leap year."""


def serial_number(text: str, date1904: bool) -> float | None:
    """The days since the workbook's first day, of a date, perhaps with a time; None where it is none.

    Args:
        text: Such as `2020-01-31T12:00:00`.
        date1904: Whether days are counted from 1904.
    """
    origin = _ORIGIN_1904 if date1904 else _ORIGIN
    moment = _moment(text)
    if moment is None or moment < (origin if date1904 else _FIRST):
        return None
    return (moment - origin) / _DAY


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
