"""The checker put to the test on a user's own workbook: faults are planted in copies of it, and counted when found.

A fault is a change of one cell, of the kinds that happen and of those that hide best. It counts if it changes a value
for some input, which a recalculation decides and not the check; it is found if the check says that the copy differs,
or that it is not proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from xlconv import reader
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import XlconvError
from xlconv.processes import processors
from xlconv.processes.bounds import SECONDS
from xlconv.processes.pool import Died, in_order
from xlconv.selftest.result import Result, Row, SelfTest
from xlconv.selftest.specimen import Specimen, Task

__all__ = ["Result", "Row", "SelfTest", "self_test"]

_WORTH_PROCESSES: Final = 8
"""Faults; for fewer of them processes are not worth their start."""


def self_test(
    path: Path, engine_name: str = DEFAULT, count: int = 240, seed: int = 0, jobs: int = 0, *, isolated: bool = True
) -> SelfTest:
    """Plant faults in copies of a workbook and see which of them the check finds.

    Args:
        path: The .xlsx or .xlsm; a network must be recognised in it.
        engine_name: What recalculates it.
        count: How many faults; fewer are planted where it has no room for so many different ones.
        seed: Of the random choice of faults and inputs.
        jobs: Processes; as many as there are processors if 0.
        isolated: Whether an embedded engine runs in a process of its own, as a file from outside needs it.

    Raises:
        WorkbookError: The file cannot be read, or no network is recognised in it.
        EngineError: The engine is absent, or cannot compute the workbook.
    """
    engine = by_name(engine_name, isolated=isolated, jobs=1)
    book = reader.read(path)
    try:
        specimen = Specimen.of(book, engine, seed)
        faults = specimen.faults(count, Random(seed))
        tasks = specimen.tasks(faults)
    except XlconvError as error:
        raise type(error)(f"{path}: {error.message}", error.hint) from None
    results = list(_results(specimen, tasks, jobs or processors()))
    tried = max(len(trials) for trials in specimen.trials)
    return SelfTest(path, engine.title, tried, results, len({flag.cell for flag in specimen.known}))


def _results(specimen: Specimen, tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    if jobs == 1 or len(tasks) < _WORTH_PROCESSES:
        yield from map(specimen.examine, tasks)
        return
    for task, done in zip(tasks, in_order(specimen.examine, tasks, jobs, SECONDS), strict=True):
        yield specimen.refused(task, f"its check {done.how}") if isinstance(done, Died) else done
