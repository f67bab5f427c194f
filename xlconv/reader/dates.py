"""Dates and times that a file spells out (ISO 8601), as the numbers that cells hold."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_ORIGIN: Final = datetime(1899, 12, 30)
_ORIGIN_1904: Final = datetime(1904, 1, 1)
_FIRST: Final = datetime(1900, 3, 1)
"""Before it programs count differently, as some take 1900 for a leap year."""


def serial_number(text: str, date1904: bool) -> float | None:
    """The days since the workbook's first day, of a date, a time or both; None where it is none.

    Args:
        text: Such as `2020-01-31T12:00:00`.
        date1904: Whether days are counted from 1904.
    """
    origin = _ORIGIN_1904 if date1904 else _ORIGIN
    moment = _moment(text, origin)
    if moment is None or (moment < (origin if date1904 else _FIRST) and "-" in text):
        return None
    return (moment - origin) / _DAY


def _moment(text: str, origin: datetime) -> datetime | None:
    try:
        if "-" not in text:
            return datetime.combine(origin.date(), time.fromisoformat(text.removeprefix("T")))
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
