"""All workbooks of strangers, by family, and what the checker says of them, asked side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from tests.strangers import (
    attention,
    backpropagation,
    convolutions,
    embeddings,
    generative,
    habits,
    images,
    layouts,
    normalization,
    numerics,
    office,
    optimizers,
    perceptrons,
    recurrent,
    regression,
    statistics,
)
from tests.strangers.judging import Outcome, judged, missed
from tests.strangers.stranger import Stranger
from xlconv.processes import pool

FAMILIES: Final[tuple[ModuleType, ...]] = (
    perceptrons,
    layouts,
    habits,
    convolutions,
    attention,
    recurrent,
    backpropagation,
    optimizers,
    regression,
    images,
    normalization,
    generative,
    embeddings,
    statistics,
    numerics,
    office,
)
_SECONDS: Final = 180


@cache
def by_name() -> dict[str, Stranger]:
    """Each by `family: name`."""
    found = [each for module in FAMILIES for each in _of(module)]
    known = {str(each): each for each in found}
    assert len(known) == len(found), "two workbooks have one name"
    return known


def _of(module: ModuleType) -> list[Stranger]:
    """What a module makes: its own public functions that say that they return a workbook, in their order."""
    family = module.__name__.rpartition(".")[2]
    mine = [each for each in vars(module).values() if isinstance(each, FunctionType)]
    return [
        Stranger(family, each.__name__, each)
        for each in mine
        if each.__module__ == module.__name__ and each.__annotations__.get("return") == "Made"
        if not each.__name__.startswith("_")
    ]


def place(name: str, folder: Path) -> Path:
    """Where a workbook is saved."""
    return folder / f"{re.sub(r'[^a-z0-9]+', '-', name)}.xlsx"


def save(names: Sequence[str], folder: Path) -> None:
    """Write workbooks."""
    folder.mkdir(exist_ok=True)
    for name in names:
        by_name()[name].make().book.save(place(name, folder))


def outcomes(names: Sequence[str], folder: Path, jobs: int) -> Iterator[tuple[str, Outcome, list[str]]]:
    """What is said of each workbook, in order, and what is not right about what is said of each fault planted in it."""
    made = pool.in_order(partial(attempt, folder), list(names), jobs, _SECONDS)
    for name, outcome in zip(names, made, strict=True):
        if isinstance(outcome, pool.Died):
            outcome = Outcome(outcome.how, 0, 0, 0, _SECONDS, (outcome.how,)), []
        yield name, *outcome


def attempt(folder: Path, name: str) -> tuple[Outcome, list[str]]:
    """The same of one workbook."""
    make, path = by_name()[name].make, place(name, folder)
    made = make()
    made.book.save(path)
    try:
        return judged(made, path), [missed(make(), planted, path) for planted in made.faults]
    except Exception as error:  # noqa: BLE001 - whatever a crash is called, the others are asked about
        return Outcome("crash", 0, 0, 0, 0, (f"{type(error).__name__}: {error}",)), []
