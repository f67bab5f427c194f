"""The import rules: modules import downwards only, and sides that check each other share nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import xlconv

ROOT = Path(xlconv.__file__).parent

FLOORS = [
    ["cli", "__main__"],
    ["check", "workbook", "train", "launch"],
    ["layout", "engines", "syntax", "emit", "templates", "digits", "pytorch", "style", "finish", "files"],
    ["reader", "reference", "declaration"],
    ["network"],
    ["layers", "cells", "escape"],
    ["errors"],
]
"""From the top; a module imports from lower floors, or from its own where that is said here."""

NEIGHBOURS = {("check", "check"), ("cli", "cli"), ("engines", "engines"), ("reader", "reader"), ("__main__", "cli")}

FORBIDDEN = {
    "emit": {"numpy", "openpyxl", "xlconv.network", "xlconv.reference"},
    "reference": {"openpyxl", "xlconv.cells", "xlconv.emit", "xlconv.layout"},
    "check": {"openpyxl", "xlconv.emit", "xlconv.layout", "xlconv.workbook", "xlconv.style"},
    "layers": {"numpy", "openpyxl"},
    "cells": {"numpy", "openpyxl"},
}


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


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_run_downwards(name: str) -> None:
    """No module imports one of its own floor or of a higher one."""
    for path in modules()[name]:
        for imported in imports(path):
            parts = imported.split(".")
            if (
                parts[0] == "xlconv"
                and len(parts) > 1
                and (ROOT / parts[1]).exists() | (ROOT / f"{parts[1]}.py").exists()
            ):
                assert floor(parts[1]) > floor(name) or (name, parts[1]) in NEIGHBOURS, f"{path.name}: {imported}"


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_sides_stay_independent(name: str) -> None:
    """The model does not know the spreadsheet, the formulas do not know the model, the checker not the writer."""
    for path in modules()[name]:
        for imported in imports(path):
            assert not any(imported == bad or imported.startswith(f"{bad}.") for bad in FORBIDDEN[name]), path


def test_reference_has_its_own_arithmetic() -> None:
    """The reference never asks the layers how large an output is."""
    assert "output_shape" not in (ROOT / "reference.py").read_text(encoding="utf-8")


def test_only_the_command_line_imports_click() -> None:
    """The library can be used without a command line."""
    users = {name for name, paths in modules().items() for path in paths if "click" in imports(path)}
    assert users == {"cli"}


def test_every_layer_is_read_everywhere() -> None:
    """Each layer type has a reference model and, unless it is a view, a formula."""
    from xlconv import emit, layers, reference

    for layer_type in layers.LAYER_TYPES.values():
        assert layer_type in reference.apply.registry
        assert layer_type.view or layer_type in emit.formula.registry
        assert not layer_type.elementwise or layer_type in emit.wrap.registry
        assert not layer_type.parts or layer_type in reference.parts.registry
        assert not layer_type.parts or layer_type in reference.from_parts.registry
        assert not layer_type.parts or layer_type in emit.part_formula.registry
