"""The errors that a user can cause: one line that says what, where and how to mend it."""


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


class BoundsError(XlconvError):
    """Work that would take more time, memory or reading than it may."""


def printable(text: str) -> str:
    """Text from outside on one line, with what a terminal would obey made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
