"""Spreadsheet engines: programs that recalculate a workbook. One module for each.

An engine takes a workbook without cached values and a list of edits, and gives the values of ranges for each edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol

from xlconv.cells import Edit, Range, Value
from xlconv.errors import EngineError


class Engine(Protocol):
    """A program that recalculates workbooks."""

    name: str
    """By which the command line calls it."""

    title: str
    """For people, with the version."""

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """The values of ranges after each of several groups of edits.

        Args:
            package: An .xlsx without cached values.
            edits: Groups of edits; each is applied to the workbook as it was.
                All groups must edit the same ranges, or none.
            ranges: What is asked for.

        Returns:
            For each group of edits, for each range, its rows of values.

        Raises:
            EngineError: The engine failed or ran out of time.
        """
        ...


NAMES: Final = ("formualizer", "libreoffice")
DEFAULT: Final = "formualizer"


def by_name(name: str) -> Engine:
    """An engine that is there.

    Raises:
        EngineError: There is no engine of that name, or it is not installed.
    """
    if name not in NAMES:
        raise EngineError(f"no engine {name!r}", hint=f"one of: {', '.join(NAMES)}")
    engine: Engine = import_module(f"xlconv.engines.{name}").engine()
    return engine
