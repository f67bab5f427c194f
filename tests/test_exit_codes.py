"""Exit codes: 0 it agrees (or is done), 1 a check found a difference, 2 it could not be done; 1 before 2 in a batch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeAlias

import openpyxl
import pytest

from tests.reports import kinds
from xlconv.cli import run
from xlconv.errors import WorkbookError
from xlconv.report import Failure, Report

Command: TypeAlias = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seven: Path) -> Command:
    """Runs the command line in a folder of workbooks, and gives the exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seven.xlsx").write_bytes(seven.read_bytes())
    (tmp_path / "text.xlsx").write_text("no workbook")
    book = openpyxl.Workbook()
    book.active.append(["=SUM(B1:D1)", 1, 2, 3])
    book.save(tmp_path / "budget.xlsx")

    def command(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["xlconv", *arguments])
        return run()

    return command


SITUATIONS = {
    "generate --digit 7 --output new.xlsx": 0,
    "generate --digit 7 --output seven.xlsx": 2,
    "generate --digit 7 --output text.xlsx/new.xlsx": 2,
    "generate": 2,
    "verify seven.xlsx --random 0": 0,
    "verify seven.xlsx --random 0 --tolerance 0": 1,
    "verify text.xlsx": 2,
    "verify missing.xlsx": 2,
    "verify budget.xlsx": 2,
    "verify seven.xlsx --random 0 --against no-template": 2,
    "verify seven.xlsx --jobs -1": 2,
    "verify": 2,
    "recover seven.xlsx": 0,
    "recover budget.xlsx": 1,
    "recover text.xlsx": 2,
    "recover missing.xlsx": 2,
    "recover seven.xlsx --output text.xlsx": 2,
    "show seven.xlsx": 0,
    "show budget.xlsx": 2,
    "show seven.xlsx --network 2": 2,
    "render seven.xlsx --output new.png": 0,
    "render seven.xlsx --output new.txt": 2,
    "render budget.xlsx --output new.png": 2,
    "inspect seven.xlsx": 0,
    "inspect budget.xlsx": 2,
    "open missing.xlsx": 2,
    "templates": 0,
    "explain value": 0,
    "explain nothing": 2,
    "train --data missing --output new": 2,
    "nonsense": 2,
    "--version": 0,
}


@pytest.mark.parametrize(("line", "code"), SITUATIONS.items(), ids=SITUATIONS)
def test_of_one_file(command: Command, line: str, code: int) -> None:
    """Each command in good order, with a file that is something else, and with words that it does not know."""
    assert command(*line.split()) == code


OF_VERDICTS = {
    ("agrees",): 0,
    ("differs",): 1,
    ("failed",): 2,
    ("nothing",): 2,
    ("agrees", "agrees"): 0,
    ("agrees", "differs"): 1,
    ("agrees", "failed"): 2,
    ("agrees", "not evaluated"): 2,
    ("differs", "failed"): 1,
    ("differs", "not evaluated"): 1,
    ("not evaluated", "failed"): 2,
    ("agrees", "differs", "failed", "nothing"): 1,
}


@pytest.mark.parametrize(("verdicts", "code"), OF_VERDICTS.items(), ids=map(" ".join, OF_VERDICTS))
def test_of_a_batch(command: Command, monkeypatch: pytest.MonkeyPatch, verdicts: tuple[str, ...], code: int) -> None:
    """What differs is not hidden by what could not be checked, in whichever order they come."""

    def verify(path: Path, *_: object, **__: object) -> Report:
        found = kinds()[path.stem]()[0]
        if isinstance(found, Failure):
            raise WorkbookError(found.error)
        return found

    monkeypatch.setattr("xlconv.check.verify", verify)
    orders = permutations(verdicts)
    assert {command("verify", *(f"{verdict}.xlsx" for verdict in order)) for order in orders} == {code}


@pytest.mark.parametrize(
    ("files", "code"),
    [("found", 0), ("missed", 1), ("bad", 2), ("found missed", 1), ("found bad", 2), ("bad missed found", 1)],
)
def test_of_several_self_tests(command: Command, monkeypatch: pytest.MonkeyPatch, files: str, code: int) -> None:
    """A fault that is missed in one workbook is not hidden by another that cannot be read."""
    module = ModuleType("xlconv.selftest")

    def self_test(path: Path, *_: object) -> SimpleNamespace:
        if path.stem == "bad":
            raise WorkbookError("it cannot be read")
        return SimpleNamespace(all_found=path.stem == "found", to_text=lambda: path.stem)

    module.self_test = self_test  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xlconv.selftest", module)
    assert {command("verify", "--self-test", *order) for order in permutations(files.split())} == {code}


def test_a_file_without_permission_stops_no_batch(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are checked as ever, and one that differs decides."""
    open_ = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "text.xlsx":
            raise PermissionError(13, "Permission denied", str(path))
        return open_(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("os.access", lambda path, *_, **__: Path(path).name != "text.xlsx")
    assert command("verify", "text.xlsx", "seven.xlsx", "--random", "0", "--tolerance", "0") == 1
    out, err = capsys.readouterr()
    assert err == "xlconv: text.xlsx: cannot be read: Permission denied\n"
    assert out.startswith("seven.xlsx: differs")
