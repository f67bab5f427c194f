"""Many workbooks, one by one or several at the same time; one that cannot be checked never stops the others."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from xlconv import check
from xlconv.engines import Engine, by_name
from xlconv.errors import BoundsError, XlconvError
from xlconv.processes.bounds import Bounds, within
from xlconv.report import Failure, Report

_DIED: Final = "the process that checked it ended with {}"
_OURS: Final = "this is a fault of xlconv's; to check this workbook alone tells more"
_NOT_CHECKED: Final = "could not be checked"
_LONGER: Final = 30
"""Seconds beyond its bounds, after which a process that does not end by itself is ended."""
_ENGINE_JOBS: Final = 2
"""Processes for a workbook that is the only one."""


@dataclass(frozen=True)
class Check:
    """What is done with each workbook; goes to other processes.

    Args:
        engines: Names of those that recalculate it.
        settings: Further arguments of `verify`.
        alone: Whether it is the only one.
        bounds: What the check of each may use.
    """

    engines: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False
    bounds: Bounds = field(default_factory=Bounds)

    def __call__(self, path: Path) -> Report | Failure:
        """The report, or why there is none."""
        try:
            engines = [_engine(name, _ENGINE_JOBS if self.alone else 1) for name in self.engines]
            with within(self.bounds, str(path)):
                return check.verify(path, engines, **self.settings)
        except BoundsError as error:
            return Failure(str(path), f"{path}: {_NOT_CHECKED}: {error.message}", error.hint or "")
        except XlconvError as error:
            return Failure(str(path), error.message, error.hint or "")
        except Exception as error:  # a fault of ours with one workbook must not cost the reports of the others
            if self.alone:
                raise
            return Failure(str(path), f"{path}: {type(error).__name__}: {error}", _OURS)


@lru_cache
def _engine(name: str, jobs: int) -> Engine:
    return by_name(name, jobs=jobs)


def verify_many(
    files: Sequence[Path], engines: Sequence[str], jobs: int = 1, bounds: Bounds | None = None, **settings: Any
) -> Generator[Report | Failure, None, None]:
    """Check workbooks; the reports come in the files' order, each as soon as it and those before it are there.

    Args:
        files: The workbooks.
        engines: Names of the engines.
        jobs: How many workbooks are checked at the same time, each in a process of its own; with 1 in this one.
        bounds: What the check of each may use; those of `Bounds` if None.
        settings: Further arguments of `verify`.
    """
    task = Check(tuple(engines), settings, len(files) == 1, bounds or Bounds())
    if min(jobs, len(files)) == 1:
        yield from map(task, files)
        return
    from xlconv.processes.pool import Died, in_order  # here, as one workbook needs no pool

    with closing(in_order(task, files, jobs, task.bounds.seconds + _LONGER)) as found:
        for path, report in zip(files, found, strict=True):
            yield report if not isinstance(report, Died) else Failure(str(path), f"{path}: {_DIED.format(report.how)}")
