"""Whatever lies in the folder in which xlconv runs, none of it is run: no interpreter there imports from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import needs_libreoffice
from xlconv.processes import programs, python

SCRIPT = "import sys\nfrom xlconv.__main__ import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
"""What installers write for the command `xlconv`."""

PLANTED = "import os; open(os.path.join({folder!r}, __name__.replace('.', '_') + '.hit'), 'w').close()\n"

FURTHER = ("numpy", "pebble", "click", "formualizer", "ironcalc", "xlconv", "venv", "pip", "usercustomize")
COMMANDS = {
    "verify": ["verify", "a.xlsx"],
    "verify several": ["verify", "a.xlsx", "b.xlsx", "--jobs", "2", "--random", "1"],
    "self-test": ["verify", "--self-test", "a.xlsx", "--faults", "8"],
    "ironcalc": ["verify", "a.xlsx", "--engine", "ironcalc", "--random", "0"],
    "recover": ["recover", "a.xlsx", "--output", "network"],
    "show": ["show", "a.xlsx"],
    "generate": ["generate", "--digit", "3", "--output", "c.xlsx"],
}


@pytest.fixture
def hand_ins(tmp_path: Path, small: Path) -> Path:
    """Workbooks, and beside them a module under each name that anything might import."""
    folder = tmp_path / "hand-ins"
    folder.mkdir()
    for name in {*sys.stdlib_module_names, *FURTHER}:
        (folder / f"{name}.py").write_text(PLANTED.format(folder=str(folder)))
    for name in ("a.xlsx", "b.xlsx"):
        shutil.copy(small, folder / name)
    return folder


def run(folder: Path, *arguments: str) -> list[str]:
    """Run the command as it is installed; which of the modules were run."""
    script = folder.parent / "bin" / "xlconv"
    script.parent.mkdir(exist_ok=True)
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return sorted(path.name for path in folder.glob("*.hit"))


@pytest.mark.parametrize("command", COMMANDS)
def test_planted_modules(hand_ins: Path, command: str) -> None:
    """No command runs a module of the current folder, in none of its processes."""
    assert run(hand_ins, *COMMANDS[command]) == []


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"::error::owned\n"])
def test_planted_settings(small: Path, tmp_path: Path, text: bytes) -> None:
    """Settings for Matplotlib that lie in the current folder are not read."""
    pytest.importorskip("matplotlib")
    (tmp_path / "matplotlibrc").write_bytes(text)
    command = [sys.executable, "-P", "-m", "xlconv", "render", str(small), "--output", "x.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "x.png\n", "")


@needs_libreoffice
def test_planted_modules_and_libreoffice(hand_ins: Path) -> None:
    """LibreOffice has a Python of its own, and does not run them either."""
    assert run(hand_ins, "verify", "a.xlsx", "--engine", "libreoffice", "--random", "0") == []


def test_what_is_planted_would_run(hand_ins: Path) -> None:
    """An interpreter that is started in the usual way runs them."""
    command = [sys.executable, "-c", "import threading"]
    subprocess.run(command, cwd=hand_ins, capture_output=True, check=False)
    assert (hand_ins / "threading.hit").exists()


def test_the_current_folder_is_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left out under whichever name; what else there is stays in its order, and xlconv is found in the end."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), str(tmp_path / "link"), "/usr/lib/x", "/usr/lib/y"])
    home = str(Path(python.__file__).resolve().parents[2])
    assert python.module_path() == ["/usr/lib/x", "/usr/lib/y", home]


def test_a_checkout_is_no_place_for_other_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where xlconv itself is imported from the current folder, that comes behind all others."""
    home = str(Path(python.__file__).resolve().parents[2])
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "path", [home, "/usr/lib/x"])
    assert python.module_path() == ["/usr/lib/x", home]


@pytest.mark.skipif(os.name != "posix", reason="programs have other names there")
@pytest.mark.parametrize("path", [".:{other}", ":{other}", "{here}:{other}", "{other}:.", "."])
def test_programs_of_the_current_folder(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that lies in the current folder is not run, whatever the PATH says; one elsewhere is found."""
    here, other = tmp_path / "here", tmp_path / "other"
    for folder in (here, other):
        folder.mkdir()
        (folder / "soffice").write_text("#!/bin/sh\n")
        (folder / "soffice").chmod(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", path.format(here=here, other=other))
    assert programs.find("xdg-open-x", "soffice") == (str(other / "soffice") if "{other}" in path else None)
