"""The README's commands and outputs are real."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

pytestmark = pytest.mark.skipif(not README.is_file(), reason="the README is not beside the tests")


def blocks(kind: str) -> list[str]:
    """The README's fenced blocks of a kind."""
    text = README.read_text(encoding="utf-8") if README.is_file() else ""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def sessions() -> list[tuple[str, str]]:
    """Command and output of each `$ ` line, in order."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def comparable(text: str) -> str:
    """Without what differs from machine to machine: the last digits of errors, versions."""
    text = re.sub(r"\d\.\de-\d\d", "#.#e-##", text)
    return re.sub(r"(formualizer|LibreOffice) [\d.]+", r"\1 #", text)


def run(command: str, folder: Path) -> str:
    """What a command prints on stdout, then on stderr."""
    program, *arguments = shlex.split(command)
    start = {"xlconv": [sys.executable, "-m", "xlconv"], "python": [sys.executable]}[program]
    said = subprocess.run([*start, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in said.stderr
    return said.stdout + said.stderr


def test_console_sessions(tmp_path: Path) -> None:
    """Each command, run in order in one folder, prints what the README shows."""
    assert len(sessions()) >= 4
    for command, output in sessions():
        command, _, shortened = command.partition(" | ")
        said = run(command, tmp_path)
        if shortened:
            program, number = shortened.split(" -")
            part = {"head": slice(int(number)), "tail": slice(-int(number), None)}[program]
            said = "".join(said.splitlines(keepends=True)[part])
        assert comparable(said) == comparable(output), command


def test_python_examples(tmp_path: Path) -> None:
    """Each Python example runs, and its workbook agrees."""
    (example,) = blocks("python")
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    assert run("python example.py", tmp_path) == "agrees\n"


def test_commands_exist() -> None:
    """Every xlconv command and option in the README is one that the help lists."""
    text = "\n".join(blocks("sh") + [command for command, _ in sessions()])
    lines = re.findall(r"xlconv ([a-z].*)", text)
    assert len(lines) >= 15
    for line in lines:
        words = line.split("#")[0].split()
        said = subprocess.run(
            [sys.executable, "-m", "xlconv", words[0], "--help"], capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, line
        for option in re.findall(r"--[a-z-]+", line):
            assert option in said.stdout, line


def test_links_and_pictures_are_there() -> None:
    """Nothing that the README points to is missing."""
    targets = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert len(targets) > 2
    for target in targets:
        assert (ROOT / target).exists(), target
