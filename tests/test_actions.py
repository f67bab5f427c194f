"""The GitHub action and the pre-commit hook name commands and options that there are, and take inputs for no more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from xlconv.cli import cli

ROOT = Path(__file__).parents[1]
ACTION = ROOT / ".github" / "actions" / "verify" / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"

pytestmark = pytest.mark.skipif(not ACTION.is_file(), reason="the checkout's files are not beside the tests")

OPTIONS = {name for option in cli.commands["verify"].params for name in option.opts if name.startswith("--")}


def action() -> dict[str, Any]:
    """The action, as GitHub reads it."""
    found: dict[str, Any] = yaml.safe_load(ACTION.read_text("utf-8"))
    return found


def script() -> str:
    """Its last step, which verifies."""
    text: str = action()["runs"]["steps"][-1]["run"]
    return text


def test_action_injects_nothing() -> None:
    """Inputs reach the shell as variables only, and every step's shell is bash."""
    steps = action()["runs"]["steps"]
    for step in steps:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == (step.get("shell") == "bash")
    used = re.findall(r"inputs\.([\w-]+)", ACTION.read_text("utf-8"))
    assert sorted(used) == sorted(action()["inputs"])


def test_action_names_options_that_there_are() -> None:
    """The script's options are those of xlconv verify."""
    assert 'xlconv" verify ' in script()
    named = set(re.findall(r"(?<=[( ])--[a-z]+", script()))
    assert {"--junit", "--sarif", "--markdown", "--engine", "--against", "--strict"} == named
    assert named <= OPTIONS


def run(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The script as a runner starts it, with this checkout for the installed program."""
    bash = shutil.which("bash")
    if bash is None or os.name == "nt":
        pytest.skip("no bash")
    program = folder / "runner" / "xlconv" / "bin" / "xlconv"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xlconv "$@"\n')
    program.chmod(0o755)
    (folder / "script.sh").write_text(script(), encoding="utf-8")
    given = {name.upper(): str(facts.get("default", "")) for name, facts in action()["inputs"].items()}
    runner = {"RUNNER_OS": "Linux", "RUNNER_TEMP": "runner"}
    files = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}
    return subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "script.sh"],
        cwd=folder,
        env={**os.environ, **given, **runner, **files, **inputs},
        capture_output=True,
        text=True,
        check=False,
    )


def test_action_verifies(tmp_path: Path, seven: Path) -> None:
    """It checks what the patterns match, sums up, and says where the reports are."""
    for name in ("a.xlsx", "sub/b c.xlsx", "sub/deep/[d].xlsx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(seven, tmp_path / name)
    done = run(tmp_path, FILES="sub/**/*.xlsx\n\na.xlsx\n", AGAINST="conv-example", STRICT="true")
    assert (done.returncode, done.stderr) == (0, "")
    verdicts = [line for line in done.stdout.splitlines() if line.endswith(": every activation agrees")]
    assert [line.split(":")[0] for line in verdicts] == ["sub/b c.xlsx", "sub/deep/[d].xlsx", "a.xlsx"]
    assert (tmp_path / "summary").read_text().startswith("## xlconv verify\n")
    written = dict(line.split("=") for line in (tmp_path / "output").read_text().splitlines())
    assert set(written) == set(action()["outputs"])
    assert all((tmp_path / path).is_file() for path in written.values())


@pytest.mark.parametrize(
    "text", ["$(touch owned)", "`touch owned`", "; touch owned", "x' ; touch owned '", '" & touch owned "']
)
def test_action_takes_inputs_for_texts(tmp_path: Path, text: str) -> None:
    """What stands in an input is no command; a workbook that is not there fails, and is summed up."""
    done = run(tmp_path, FILES=text, AGAINST=text)
    assert done.returncode == 2
    assert f"no template {text!r}" in done.stderr
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("text", ["$(touch owned)", "x' ; touch owned '"])
def test_action_takes_files_for_texts(tmp_path: Path, text: str) -> None:
    """A workbook that is not there fails, and is summed up."""
    done = run(tmp_path, FILES=text)
    assert done.returncode == 2
    assert done.stderr.startswith(f"xlconv: {text}: no such file")
    assert not (tmp_path / "owned").exists()
    assert "**failed**" in (tmp_path / "summary").read_text()


def test_hook() -> None:
    """The hook runs xlconv verify on workbooks."""
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    assert (hook["id"], hook["language"]) == ("xlconv-verify", "python")
    program, command, *options = hook["entry"].split()
    assert program == "xlconv"
    assert command in cli.commands
    assert options == ["--if-network"]
    assert set(options) <= OPTIONS
    assert re.search(hook["files"], "a/b.xlsx")
    assert not re.search(hook["files"], "a/b.xlsx.txt")


@pytest.mark.parametrize("name", ["-h.xlsx", "--version.xlsx", "--csv=a.xlsx"])
def test_hook_takes_files_for_files(tmp_path: Path, name: str) -> None:
    """A workbook whose name begins with a dash is checked, as pre-commit puts it behind the hook's arguments."""
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    (tmp_path / name).write_bytes(b"garbage")
    line = [sys.executable, "-m", *hook["entry"].split(), *hook["args"], name]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"xlconv: {name}: ")
    assert [path.name for path in tmp_path.iterdir()] == [name]
