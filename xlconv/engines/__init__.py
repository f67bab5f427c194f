"""Spreadsheet engines: programs that recalculate a workbook. One module for each.

An engine takes a workbook without cached values and a list of edits, and gives the values of ranges for each edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol

from xlconv.cells import Edit, Range, Value
from xlconv.engines.limits import Limits
from xlconv.errors import EngineError


class Engine(Protocol):
    """A program that recalculates workbooks."""

    @property
    def name(self) -> str:
        """By which the command line calls it."""
        ...

    @property
    def title(self) -> str:
        """For people, with the version."""
        ...

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


NAMES: Final = ("formualizer", "ironcalc", "libreoffice")
DEFAULT: Final = "formualizer"
_INSTALL: Final = "pip install 'xlconv[crosscheck]'"


def by_name(name: str, *, isolated: bool = True, limits: Limits | None = None, jobs: int = 2) -> Engine:
    """An engine that is there.

    Args:
        name: One of `NAMES`.
        isolated: In a process of its own, bound to limits, as files from outside need it. An embedded engine is a
            little faster in this process, for a workbook of our own making.
        limits: Of each process; those of `Limits` if None.
        jobs: How many processes may share the inputs of one workbook.

    Raises:
        EngineError: There is no engine of that name, or it is not installed.
    """
    if name not in NAMES:
        raise EngineError(f"no engine {name!r}", hint=f"one of: {', '.join(NAMES)}")
    try:
        module = import_module(f"xlconv.engines.{name}")
    except ImportError:
        raise EngineError(f"{name} is not installed", hint=_INSTALL) from None
    if name == "libreoffice":
        program: Engine = module.engine(limits or Limits())
        return program
    embedded: Engine = module.engine()
    if not isolated:
        return embedded
    from xlconv.engines.isolated import Isolated  # here, as the process that it starts needs none of it

    return Isolated(embedded, limits or Limits(), jobs)
