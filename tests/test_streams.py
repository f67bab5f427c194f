"""Streams of all kinds: what an encoding lacks, where nothing can be written, and what never ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import xlconv.cli

NAME = "Übung 七.xlsx"


@pytest.fixture
def folder(tmp_path: Path, seven: Path) -> Path:
    """With a workbook whose name has letters of two scripts."""
    shutil.copy(seven, tmp_path / NAME)
    return tmp_path


def run(folder: Path, encoding: str, *arguments: str) -> tuple[int, bytes, str]:
    """The exit code, stdout and stderr of the command line with streams of an encoding."""
    done = subprocess.run(
        [sys.executable, "-m", "xlconv", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.decode(encoding)


@pytest.mark.parametrize("command", ["inspect", "recover", "verify --random 0", "generate --digit 7 --force --output"])
def test_an_encoding_without_the_letters(folder: Path, command: str) -> None:
    """A name that Windows' code page cannot say is shown by its codes, and the exit code is that of the command."""
    code, out, err = run(folder, "cp1252", *command.split(), NAME)
    assert (code, err) == (0, "")
    assert out.decode("cp1252").startswith(r"Übung \u4e03.xlsx")


@pytest.mark.parametrize("form", ["junit", "markdown", "csv"])
def test_reports_on_stdout_are_utf_8(folder: Path, form: str) -> None:
    """A report is what a file with it is, whatever the encoding of texts for people."""
    code, out, err = run(folder, "cp1252", "verify", NAME, "--random", "0", f"--{form}", "-")
    assert (code, err) == (0, "")
    assert NAME in out.decode("utf-8")
    if form == "junit":
        assert ET.fromstring(out)[0].get("name") == NAME


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("command", ["verify missing.xlsx", "inspect missing.xlsx", "nonsense", "generate"])
def test_errors_that_cannot_be_told(folder: Path, command: str) -> None:
    """Where stderr is full the exit code still says that it could not be done, not that something differs."""
    with Path("/dev/full").open("w") as full:
        line = [sys.executable, "-m", "xlconv", *command.split()]
        done = subprocess.run(line, cwd=folder, stdout=subprocess.PIPE, stderr=full, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


def test_commands_print_in_one_way() -> None:
    """Only `console` writes texts, so that every one of them is written as said above."""
    folder = Path(xlconv.cli.__file__).parent
    users = {path.name: path.read_text("utf-8").count("click.echo(") for path in folder.glob("*.py")}
    assert {name: count for name, count in users.items() if count} == {
        "__init__.py": 1,  # the help, where there is no command
        "checking.py": 1,  # reports as bytes
        "console.py": 2,
    }


@pytest.mark.skipif(os.name == "nt", reason="streams are closed otherwise there")
@pytest.mark.parametrize("command", ["show", "inspect", "verify --random 0", "recover --json"])
def test_no_stdout(folder: Path, command: str) -> None:
    """Who closes stdout wants to see nothing, and is told by the exit code alone."""
    line = [sys.executable, "-m", "xlconv", *command.split(), NAME]
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *line], cwd=folder, stderr=subprocess.PIPE, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("command", ["verify", "inspect", "recover", "show"])
def test_a_pipe_is_no_workbook(tmp_path: Path, command: str) -> None:
    """A pipe among hand-ins, into which nobody writes, does not keep the check waiting."""
    os.mkfifo(tmp_path / "a.xlsx")
    code, out, err = run(tmp_path, "utf-8", command, "a.xlsx")
    assert (code, out) == (2, b"")
    assert err.splitlines() == ["xlconv: a.xlsx: not a file but a pipe or a device, which may never end"]
