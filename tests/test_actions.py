"""The GitHub action and the pre-commit hook name options that there are, take texts for texts, and run what is ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import openpyxl
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
    assert " -I -m xlconv verify " in script()
    named = set(re.findall(r'(?<=[( "])--[a-z]+(?==)', script())) | {
        f"--{name}" for name in re.findall(r"^switch ([a-z-]+) ", script(), re.MULTILINE)
    }
    assert named == {"--junit", "--sarif", "--markdown", "--engine", "--against", "--strict", "--if-network"}
    assert named <= OPTIONS


def run_step(number: int, folder: Path, facts: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A step as a runner starts it, in the workspace even if it asks for another folder.

    Args:
        number: Which step.
        folder: The workspace; the runner's own folder is beside it.
        facts: What stands between `${{` and `}}`.
    """
    bash = shutil.which("bash")
    if bash is None or os.name == "nt":
        pytest.skip("no bash")
    step, temporary = action()["runs"]["steps"][number], folder.with_name("runner")
    (temporary / "script.sh").write_text(step["run"], encoding="utf-8")
    given = {name: re.sub(r"\$\{\{ (.*?) \}\}", lambda m: facts[m[1]], text) for name, text in step["env"].items()}
    runner = {"RUNNER_OS": "Linux", "RUNNER_TEMP": str(temporary)}
    files = {name: str(temporary / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    return subprocess.run(
        [bash, "--noprofile", "--norc", "-eo", "pipefail", str(temporary / "script.sh")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ".", "PIP_NO_INDEX": "1", **runner, **files, **given},
        capture_output=True,
        text=True,
        check=False,
    )


def run(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The last step, with this checkout for the installed program."""
    program = folder.with_name("runner") / "xlconv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    given = {name: str(facts.get("default", "")) for name, facts in action()["inputs"].items()}
    given |= {name.replace("_", "-"): text for name, text in inputs.items()}
    return run_step(-1, folder, {f"inputs.{name}": text for name, text in given.items()})


def told(workspace: Path, name: str) -> str:
    """What a run has told the runner."""
    return (workspace.parent / "runner" / name).read_text()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty one."""
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


def test_action_verifies(workspace: Path, seven: Path) -> None:
    """It checks what the patterns match, sums up, and says where the reports are."""
    for name in ("a.xlsx", "sub/b c.xlsx", "sub/deep/[d].xlsx"):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(seven, workspace / name)
    done = run(workspace, files="sub/**/*.xlsx\n\na.xlsx\n", against="conv-example", strict="true")
    assert (done.returncode, done.stderr) == (0, "")
    verdicts = [line for line in done.stdout.splitlines() if line.endswith(": every activation agrees")]
    assert [line.split(":")[0] for line in verdicts] == ["sub/b c.xlsx", "sub/deep/[d].xlsx", "a.xlsx"]
    assert told(workspace, "GITHUB_STEP_SUMMARY").startswith("## xlconv verify\n")
    written = dict(line.split("=") for line in told(workspace, "GITHUB_OUTPUT").splitlines())
    assert set(written) == set(action()["outputs"])
    assert all((workspace / path).is_file() for path in written.values())


@pytest.mark.parametrize(
    "text", ["$(touch owned)", "`touch owned`", "; touch owned", "x' ; touch owned '", '" & touch owned "']
)
def test_action_takes_inputs_for_texts(workspace: Path, text: str) -> None:
    """What stands in an input is no command."""
    done = run(workspace, files=text, against=text)
    assert done.returncode == 2
    assert f"no template {text!r}" in done.stderr
    assert not list(workspace.iterdir())


@pytest.mark.parametrize("text", ["$(touch owned)", "x' ; touch owned '"])
def test_action_takes_files_for_texts(workspace: Path, text: str) -> None:
    """A workbook that is not there fails, and is summed up."""
    done = run(workspace, files=text)
    assert done.returncode == 2
    assert done.stderr.startswith(f"xlconv: {text}: no such file")
    assert [path.name for path in workspace.iterdir()] == ["xlconv-reports"]
    assert "**failed**" in told(workspace, "GITHUB_STEP_SUMMARY")


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ({"engine": "--strict"}, "xlconv: Invalid value for '--engine': '--strict' is not one of"),
        ({"engine": "formualizer\n--strict"}, "xlconv: Invalid value for '--engine': '--strict' is not one of"),
        ({"against": "-x"}, "xlconv: no template '-x'"),
        ({"against": "--any-weights"}, "xlconv: no template '--any-weights'"),
        ({"files": "--json"}, "xlconv: --json: no such file"),
        ({"files": "-"}, "xlconv: -: no such file"),
        ({"files": "\n\n"}, "xlconv: Missing argument 'FILE...'"),
    ],
)
def test_action_takes_no_input_for_an_option(workspace: Path, inputs: dict[str, str], error: str) -> None:
    """What begins with a dash is what the input is for, and never an option of xlconv."""
    done = run(workspace, **{"files": "missing.xlsx", **inputs})
    assert done.returncode == 2
    assert done.stderr.startswith(error)


@pytest.mark.parametrize("reports", ["-r", "--", "-r/s"])
def test_action_with_dashes(workspace: Path, seven: Path, reports: str) -> None:
    """Workbooks, and a folder for reports, whose names begin with a dash."""
    for name in ("-h.xlsx", "--strict.xlsx"):
        shutil.copy(seven, workspace / name)
    done = run(workspace, files="-h.xlsx\n--s*.xlsx", reports=reports)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--strict.xlsx: every activation agrees" in done.stdout
    assert told(workspace, "GITHUB_STEP_SUMMARY").startswith("## xlconv verify\n")
    assert told(workspace, "GITHUB_OUTPUT").splitlines()[0] == f"junit={reports}/junit.xml"
    assert {path.name for path in (workspace / reports).iterdir()} == {"junit.xml", "xlconv.sarif", "summary.md"}


@pytest.mark.parametrize("name", ["strict", "if-network"])
@pytest.mark.parametrize("value", ["True", "TRUE", "yes", "1", "", " true", "--strict", "x\n::error::owned"])
def test_action_knows_true_and_false_only(workspace: Path, name: str, value: str) -> None:
    """What seems to switch something on, and does not, is refused in one line."""
    done = run(workspace, **{"files": "missing.xlsx", name.replace("-", "_"): value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"xlconv: the input {name} must be true or false\n"


@pytest.mark.parametrize("reports", ["", "a\nsarif=b", "a\rb"])
def test_action_refuses_what_is_no_folder(workspace: Path, reports: str) -> None:
    """What would write to the root of the file system, or a second output for the runner, is refused in one line."""
    done = run(workspace, files="missing.xlsx", reports=reports)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "xlconv: the input reports must be the name of a folder\n"


@pytest.mark.parametrize(("value", "code"), [(None, 0), ("true", 0), ("false", 2)])
def test_action_skips_what_has_no_network(workspace: Path, value: str | None, code: int) -> None:
    """By default a budget blocks nobody, and the summary says that it was skipped."""
    book = openpyxl.Workbook()
    book.active.append(["=SUM(B1:C1)", 1, 2])
    book.save(workspace / "budget.xlsx")
    done = run(workspace, files="*.xlsx", **({} if value is None else {"if_network": value}))
    assert done.returncode == code
    verdict = "not checked" if code else "skipped: no network was recognised in its formulas"
    assert verdict in told(workspace, "GITHUB_STEP_SUMMARY")


def test_action_does_not_show_what_the_workspace_came_with(workspace: Path) -> None:
    """A summary that a pull request brings along is not taken for the one of this run."""
    (workspace / "xlconv-reports").mkdir()
    (workspace / "xlconv-reports" / "summary.md").write_text("all is well")
    assert run(workspace, files="a.xlsx", against="no-template").returncode == 2
    assert not list((workspace / "xlconv-reports").iterdir())
    assert not (workspace.parent / "runner" / "GITHUB_STEP_SUMMARY").exists()


OUTSIDERS: Final = {
    *("pip", "venv", "ensurepip", "hatchling", "setuptools", "pathspec", "packaging", "pluggy", "trove_classifiers"),
    *("xlconv", "click", "numpy", "openpyxl", "et_xmlfile", "pandas", "PIL", "rich", "safetensors", "formualizer"),
    *("sitecustomize", "usercustomize", "tiny", "backend"),
}
"""Modules beside the standard library's that somebody might hope to have taken from the current folder."""


@pytest.fixture
def planted(workspace: Path) -> Path:
    """A workspace with a file for every module that Python could look for in it; each leaves a file when it is run."""
    for name in OUTSIDERS | set(sys.stdlib_module_names):
        (workspace / f"{name}.py").write_text(f"open({str(workspace.parent / name)!r} + '.hit', 'w').close()\n")
    return workspace


def hits(workspace: Path) -> set[str]:
    """The planted modules that were run."""
    return {path.stem for path in workspace.parent.glob("*.hit")}


def test_planted_modules_leave_a_trace(planted: Path) -> None:
    """Python that is started in their folder as usual runs them, and the test sees that."""
    subprocess.run([sys.executable, "-m", "pip", "--version"], cwd=planted, capture_output=True, check=False)
    assert hits(planted)


def test_action_verifies_among_planted_modules(planted: Path, seven: Path) -> None:
    """No code of the workspace is run, neither by xlconv nor by the processes that it starts."""
    shutil.copy(seven, planted / "a.xlsx")
    shutil.copy(seven, planted / "b.xlsx")
    done = run(planted, files="*.xlsx")
    assert hits(planted) == set()
    assert (done.returncode, done.stderr) == (0, "")


BACKEND: Final = """
import sys, zipfile
from contextlib import suppress
from pathlib import Path

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with suppress(ImportError):
        import hatchling.build
    with zipfile.ZipFile(Path(folder, "tiny-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("tiny_path.py", f"PATH = {sys.path!r}")
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""
"""What builds a package without any other, so that the step can be run without a network."""


def test_action_installs_among_planted_modules(planted: Path) -> None:
    """Neither venv nor pip nor what builds the package is taken from the workspace, whatever the job's environment."""
    repository = planted.with_name("repository")
    (repository / ".github" / "actions" / "verify").mkdir(parents=True)
    (repository / "backend.py").write_text(BACKEND)
    (repository / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'tiny'\nversion = '1'\n"
    )
    planted.with_name("runner").mkdir()
    facts = {
        "runner.temp": str(planted.with_name("runner")),
        "steps.python.outputs.python-path": sys.executable,
        "github.action_path": str(repository / ".github" / "actions" / "verify"),
    }
    done = run_step(1, planted, facts)
    assert hits(planted) == set()
    assert (done.returncode, done.stderr) == (0, "")
    python = planted.with_name("runner") / "xlconv" / "bin" / "python"
    code = "import tiny_path; print(*tiny_path.PATH, sep='\\n')"
    path = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert path
    assert not {"", ".", str(planted)} & set(path)


def test_every_step_of_the_action_is_outside() -> None:
    """The step that needs no file of the workspace is not in it; no step has its folder on Python's module path."""
    install, check = action()["runs"]["steps"][1:]
    assert install["working-directory"] == "${{ runner.temp }}"
    for step in (install, check):
        assert (step["env"]["PYTHONSAFEPATH"], step["env"]["PYTHONPATH"]) == ("1", "")
        assert all(
            " -I -m " in line for line in step["run"].splitlines() if re.search(r"python\b", line, re.IGNORECASE)
        )


def test_workflow_may_only_read() -> None:
    """What runs on pull requests can write nothing to the repository."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}


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
