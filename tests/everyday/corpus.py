"""All everyday edits, and what becomes of them, made side by side."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import zip_longest
from pathlib import Path
from random import Random

from tests.everyday import beside, inputs, looks, programs, sheets
from tests.everyday.edit import Edit, Outcome, attempt, bases
from xlconv.processes import pool

_MODULES = (beside, looks, sheets, inputs, programs)
_SECONDS = 180
Key = tuple[str, str]


@cache
def by_name() -> dict[Key, Edit]:
    """Each by its class and name."""
    found = [edit for module in _MODULES for edit in module.edits()]
    known = {(edit.kind, edit.name): edit for edit in found}
    assert len(known) == len(found), "two edits have one name"
    return known


def share(count: int, seed: int) -> list[Edit]:
    """All that is saved by a program as it is, and so many others, classes in turn, the same for the same seed."""
    rng = Random(seed)
    saved = [edit for edit in by_name().values() if "saved by" in edit.name]
    others = [edit for edit in by_name().values() if edit not in saved]
    kinds = [[edit for edit in others if edit.kind == kind] for kind in sorted({edit.kind for edit in others})]
    rounds = zip_longest(*(rng.sample(edits, len(edits)) for edits in kinds))
    return saved + [edit for each in rounds for edit in each if edit is not None][:count]


def prepare(folder: Path, edits: Sequence[Edit]) -> None:
    """Write what these edits need."""
    bases(folder)
    programs.prepare(folder, {edit.needs for edit in edits} & programs.available())


def outcomes(edits: Sequence[Edit], folder: Path, jobs: int) -> Iterator[tuple[Edit, Outcome]]:
    """What became of each edit, in order; the folder is prepared."""
    made = pool.in_order(partial(_attempt, folder), [(edit.kind, edit.name) for edit in edits], jobs, _SECONDS)
    for edit, outcome in zip(edits, made, strict=True):
        yield edit, Outcome(False, outcome.how, ()) if isinstance(outcome, pool.Died) else outcome


def _attempt(folder: Path, key: Key) -> Outcome:
    try:
        return attempt(by_name()[key], folder)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return Outcome(False, f"not made: {error}", ())
