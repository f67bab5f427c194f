"""What all commands say and return."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Final

import click

from xlconv.escape import console

DONE: Final = 0
DIFFERS: Final = 1
FAILED: Final = 2
INTERRUPTED: Final = 130
"""128 + SIGINT."""

PATH: Final = click.Path(path_type=Path, readable=False)
"""A file or folder, there or not, readable or not: the library's errors say more than click's, and stop no batch."""


def worst(codes: Iterable[int]) -> int:
    """The exit code for several files: that something differs is not hidden by another that could not be checked."""
    return min(codes, key=(DIFFERS, FAILED, DONE).index)


def put(text: str) -> None:
    """Data on stdout, as it is; a character that the encoding there lacks is shown by its code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    click.echo(text)


def tell(what: object) -> None:
    """A line of data on stdout: a name or a path from outside, say, which gives no orders to a CI runner."""
    put(console(str(what)))


def say(text: str) -> None:
    """A message on stderr; where that cannot be written to, the exit code has to say it."""
    with suppress(OSError):
        click.echo(console(text), err=True)


def fail(message: str, hint: str | None = None) -> int:
    """An error on stderr; returns the exit code."""
    say(f"xlconv: {message}")
    if hint:
        say(f"hint: {hint}")
    return FAILED
