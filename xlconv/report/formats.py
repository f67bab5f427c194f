"""What a check found, as text for people and in the formats of other programs.

Each module is one reading of the same reports. Whatever comes from a workbook goes through `xlconv.escape`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from xlconv.errors import OutputError
from xlconv.files import check_free, whole_file
from xlconv.report import Failure, Report

Reports: TypeAlias = Sequence[Report | Failure]


class Format(NamedTuple):
    """How reports become a file; its module is imported where it is asked for."""

    module: str
    function: str
    encoding: str = "utf-8"

    def text(self, reports: Reports) -> str:
        """All reports."""
        to_text: Callable[[Reports], str] = getattr(import_module(f"xlconv.report.{self.module}"), self.function)
        return to_text(reports)


FORMATS: Final = {
    "junit": Format("junit", "to_junit"),
    "sarif": Format("sarif", "to_sarif"),
    "markdown": Format("markdown", "to_markdown"),
    "csv": Format("table", "to_csv", "utf-8-sig"),  # without its mark Excel takes the file for one in an old code page
}


def check_place(path: Path, workbooks: Iterable[Path]) -> None:
    """Refuse, before any work is done, a place where no report can be written. An older report may be replaced.

    Raises:
        OutputError: There is no file but something else, or it is one of the workbooks, or there is no such folder.
    """
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is not a file", hint="- writes to stdout")
    if path.exists() and any(book.exists() and path.samefile(book) for book in workbooks):
        raise OutputError(f"{path} is a workbook to be checked: a report would replace it")
    check_free(path, force=True)


def save(name: str, reports: Reports, path: Path) -> None:
    """Write a report, whole or not at all.

    Args:
        name: Of the format, a key of `FORMATS`.
        reports: Of all workbooks.
        path: Where to; an older report is replaced.

    Raises:
        OutputError: It cannot be written there.
    """
    form = FORMATS[name]
    with whole_file(path, force=True) as temporary:
        temporary.write_text(form.text(reports), encoding=form.encoding, newline="")
