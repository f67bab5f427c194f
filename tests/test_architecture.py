"""The import rules: modules import downwards only, and sides that check each other share nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import xlconv
from xlconv.layers import LAYER_TYPES

ROOT = Path(xlconv.__file__).parent

FLOORS = [
    ["cli", "__main__"],
    ["render", "selftest", "show"],
    ["picture"],
    ["check", "workbook", "train", "launch"],
    ["recover", "report", "finish"],
    ["pages"],
    ["layout", "engines", "mean", "emit", "templates", "digits", "pytorch", "style", "files", "tracing"],
    ["formula"],
    ["reader", "reference", "declaration", "wording"],
    ["network"],
    ["places"],
    ["layers", "cells", "doors", "escape", "measure", "processes"],
    ["errors"],
]
"""From the top; a module imports from lower floors, or from its own where that is said here."""

PACKAGES = (
    *("check", "cli", "doors", "engines", "formula", "layers", "layout", "pages", "processes", "reader", "recover"),
    *("report", "selftest"),
)

NEIGHBOURS = {(name, name) for name in PACKAGES} | {("__main__", "cli")}

UPWARDS = {("network", "tracing")}
"""`Network.trace` is a method for those who have a network in a notebook; it loads what computes when it is called."""

WRITER = {f"xlconv.{name}" for name in ("emit", "finish", "layout", "pages", "style", "workbook")} | {"openpyxl"}
"""What makes xlconv's own workbooks: what judges workbooks must not know it."""

MODEL = {"numpy", "torch", "xlconv.network", "xlconv.pytorch", "xlconv.reference"}
"""What computes a network by itself."""

FORBIDDEN = {
    "emit": MODEL | {"openpyxl", "xlconv.recover", "xlconv.reader", "xlconv.formula"},
    "layout": {"xlconv.recover", "xlconv.reference"},
    "reference": WRITER | {"xlconv.cells", "xlconv.recover"},
    "check": WRITER | {"xlconv.pytorch", "torch"},
    "selftest": WRITER | {"xlconv.pytorch", "torch"},
    "report": WRITER | {"numpy", "torch", "xlconv.network", "xlconv.recover", "xlconv.reference"},
    "recover": WRITER | {"torch", "xlconv.check", "xlconv.engines", "xlconv.pytorch", "xlconv.reference"},
    "reader": WRITER | {"numpy", "torch", "xlconv.network", "xlconv.layers"},
    "formula": WRITER | {"torch", "xlconv.layers", "xlconv.network", "xlconv.reference"},
    "mean": WRITER | {"torch", "xlconv.cells", "xlconv.network", "xlconv.places", "xlconv.reference"},
    "layers": {"numpy", "openpyxl"},
    "cells": {"numpy", "openpyxl"},
    "escape": {"numpy", "openpyxl"},
    "doors": WRITER | {"torch", "xlconv.network", "xlconv.layers"},
    "measure": {"numpy", "openpyxl", "xlconv.layers", "xlconv.network"},
}

SHARED_BY_BOTH_SIDES = {"emit": {"layers", "cells", "errors"}, "reference": {"layers", "network", "errors"}}
"""All of xlconv that formulas and reference model may import: the layers' numbers, and else nothing in common."""


def modules() -> dict[str, list[Path]]:
    """The files of each module or package directly in xlconv/."""
    found: dict[str, list[Path]] = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] not in ("__init__", "_templates"):
            found.setdefault(parts[0], []).append(path)
    return found


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor(name: str) -> int:
    return next(at for at, names in enumerate(FLOORS) if name in names)


def test_every_module_has_a_floor() -> None:
    """A new module must be given its place."""
    assert sorted(modules()) == sorted(name for names in FLOORS for name in names)


def test_imports_are_seen() -> None:
    """What the next tests look through is there: imports at the top, in functions, and of names in packages."""
    seen = {(name, imported) for name, paths in modules().items() for path in paths for imported in imports(path)}
    assert {("emit", "xlconv.layers"), ("reference", "numpy"), ("check", "xlconv.reader")} <= seen
    assert sum(imported.startswith("xlconv.") for _, imported in seen) > 200


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_run_downwards(name: str) -> None:
    """No module imports one of its own floor or of a higher one."""
    assert any(map(imports, modules()[name]))
    for path in modules()[name]:
        for imported in imports(path):
            parts = imported.split(".")
            if (
                parts[0] == "xlconv"
                and len(parts) > 1
                and (ROOT / parts[1]).exists() | (ROOT / f"{parts[1]}.py").exists()
            ):
                allowed = (name, parts[1]) in NEIGHBOURS | UPWARDS
                assert floor(parts[1]) > floor(name) or allowed, f"{path.name}: {imported}"


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_sides_stay_independent(name: str) -> None:
    """The model does not know the spreadsheet, the formulas do not know the model, the checker not the writer."""
    assert any(map(imports, modules()[name]))
    for path in modules()[name]:
        for imported in imports(path):
            assert not any(imported == bad or imported.startswith(f"{bad}.") for bad in FORBIDDEN[name]), path


@pytest.mark.parametrize("name", sorted(SHARED_BY_BOTH_SIDES))
def test_formulas_and_reference_share_no_code(name: str) -> None:
    """Formulas and reference model import the layers' numbers and what holds them, and no helper for both."""
    (path,) = modules()[name]
    own = {imported.split(".")[1] for imported in imports(path) if imported.startswith("xlconv.")}
    assert own == SHARED_BY_BOTH_SIDES[name]
    assert taken_from_layers(path) <= {"Layer", *LAYER_TYPES}


def taken_from_layers(path: Path) -> set[str]:
    """The names that a file takes out of `xlconv.layers`, in whichever way."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found: set[str] = set()
    for node in tree:
        if isinstance(node, ast.ImportFrom) and node.module == "xlconv.layers":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "layers":
            found.add(node.attr)
    return found


def test_reference_has_its_own_arithmetic() -> None:
    """The reference never asks the layers how large an output is."""
    assert "output_shape" not in (ROOT / "reference.py").read_text(encoding="utf-8")


def test_mean_has_its_own_arithmetic() -> None:
    """What an element is is worked out from the layers' definitions, not by those who write formulas or values."""
    path = ROOT / "mean.py"
    assert taken_from_layers(path) <= {"Layer", "Shape", *LAYER_TYPES}
    assert "output_shape" not in path.read_text(encoding="utf-8")


def test_only_the_command_line_imports_click() -> None:
    """The library can be used without a command line."""
    users = {name for name, paths in modules().items() for path in paths if "click" in top_level(path)}
    assert users == {"cli"}


def top_level(path: Path) -> set[str]:
    """The packages that a file imports from."""
    return {imported.partition(".")[0] for imported in imports(path)}


@pytest.mark.parametrize("name", ["check", "recover", "selftest"])
def test_judges_do_not_load_the_writer(name: str) -> None:
    """Not even by way of what they import does the writer come into a process that only judges workbooks."""
    code = f"import sys, {', '.join(dotted(path) for path in modules()[name])}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert f"xlconv.{name}" in loaded
    assert not loaded & FORBIDDEN[name]


def dotted(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
