"""The options that say how long a command may work on a workbook, and how much it may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from xlconv.errors import BoundsError, XlconvError
from xlconv.processes.bounds import CELLS, MEMORY, SECONDS, Bounds, within

F = TypeVar("F", bound=Callable[..., Any])

_MOST_SECONDS = 1_000_000


def bounded(command: F) -> F:
    """Options for the bounds of each workbook; a command gets them as `seconds`, `memory` and `cells`."""
    for decorate in (
        click.option(
            "--max-cells",
            "cells",
            type=click.IntRange(min=1),
            default=CELLS,
            show_default=True,
            metavar="NUMBER",
            help="That the formulas of a workbook may read together.",
        ),
        click.option(
            "--max-memory",
            "memory",
            type=click.IntRange(min=64),
            default=MEMORY,
            show_default=True,
            metavar="MIB",
            help="Of this process; engines have limits of their own.",
        ),
        click.option(
            "--timeout",
            "seconds",
            type=click.FloatRange(0, _MOST_SECONDS, min_open=True),
            default=SECONDS,
            show_default=True,
            metavar="SECONDS",
            help="For each workbook.",
        ),
    ):
        command = decorate(command)
    return command


@contextmanager
def on(file: Path, seconds: float, memory: int, cells: int) -> Iterator[None]:
    """Work on one file within bounds.

    Raises:
        XlconvError: It went beyond them.
    """
    try:
        with within(Bounds(seconds, memory, cells), str(file)):
            yield
    except BoundsError as error:
        raise XlconvError(f"{file}: {error.message}", error.hint) from None
