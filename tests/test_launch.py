"""`xlconv open` and `generate --open`: what the system's opener is given, and what is said where nothing opens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no xdg-open")

NAMES = ["-h.xlsx", "--version", "file:a.xlsx", "http:", "a b.xlsx", "a\nb.xlsx", "$(touch owned).xlsx"]
"""Of files that a program could take for something else, were it given no more."""


@pytest.fixture
def opener(tmp_path: Path) -> Path:
    """A folder with an xdg-open that notes what it is given, each argument ended by a zero byte."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "xdg-open").write_text('#!/bin/sh\nprintf \'%s\\0\' "$@" > "${0%/*}/given"\nexit "${STATUS:-0}"\n')
    (folder / "xdg-open").chmod(0o755)
    return folder


def xlconv(opener: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in the folder that the opener's is in, with a screen."""
    return subprocess.run(
        [sys.executable, "-m", "xlconv", *map(str, arguments)],
        cwd=opener.parent,
        env={**os.environ, "PATH": str(opener), "DISPLAY": ":0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def given(opener: Path) -> list[str]:
    """What it was given."""
    return (opener / "given").read_text().split("\0")[:-1]


@pytest.mark.parametrize(("status", "code"), [("0", 0), ("3", 2)])
def test_open_hands_over_to_the_system(opener: Path, seven: Path, status: str, code: int) -> None:
    """The file goes to the system's opener; where that fails the exit code is 2."""
    done = xlconv(opener, "open", seven, STATUS=status)
    assert (done.returncode, done.stdout) == (code, "")
    assert given(opener) == [str(seven)]
    assert done.stderr.startswith("xlconv: " if code else "")


@pytest.mark.parametrize("name", NAMES)
def test_open_gives_a_whole_path(opener: Path, seven: Path, name: str) -> None:
    """One argument, which begins with a slash: no program takes that for an option, an address or a command."""
    shutil.copy(seven, opener.parent / name)
    done = xlconv(opener, "open", "--", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert given(opener) == [str(opener.parent / name)]
    assert not (opener.parent / "owned").exists()


def test_generate_opens_what_it_wrote(opener: Path) -> None:
    """The same for a workbook that is written to be shown."""
    done = xlconv(opener, "generate", "--blank", "--output", "-h.xlsx", "--open")
    assert (done.returncode, done.stdout, done.stderr) == (0, "-h.xlsx\n", "")
    assert given(opener) == [str(opener.parent / "-h.xlsx")]
