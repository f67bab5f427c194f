"""The errors that a user can cause: one line that says what, where and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence


class XlconvError(Exception):
    """What xlconv could not do, in one line.

    Args:
        message: What is wrong and where.
        hint: How to mend it, where that is not plain from the message.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NetworkError(XlconvError):
    """Layers, shapes or weights that do not make a network."""


class TemplateError(XlconvError):
    """A template folder that is missing, incomplete or contradictory."""


class DataError(XlconvError):
    """An image or a data set that cannot be read or used."""


class WorkbookError(XlconvError):
    """A workbook that cannot be read, or that xlconv cannot make sense of."""


class OutputError(XlconvError):
    """A file that cannot be written where it was asked for."""


class EngineError(XlconvError):
    """A spreadsheet engine that is absent, failed or ran out of time."""


def printable(text: str) -> str:
    """Text from outside on one line, with what a terminal would obey made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, most: int = 80) -> str:
    """Text from outside that is to be quoted in a line: its beginning, where it is long."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def quoted(value: object) -> str:
    """A value from outside as Python writes it, shortened."""
    return shortened(repr(value))


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names from outside that are to be listed in a line: the first of them, where there are many."""
    found = ", ".join(shortened(name) for name in names[:most])
    return found if len(names) <= most else f"{found} and {len(names) - most:,} more"
