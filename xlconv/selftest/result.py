"""How many planted faults were found: the checker's own figure, as data and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from xlconv.escape import console
from xlconv.selftest.detectors import DETECTORS

_HEADINGS: Final = ("planted", "change a value", "found", "cell named", *DETECTORS, "left out", "equivalent", "flagged")
_LONGEST: Final = 100
"""Characters of a formula that are shown."""
_LISTED: Final = 20
"""Faults that are listed one by one."""


@dataclass(frozen=True)
class Result:
    """What became of one planted fault.

    Args:
        kind: Of fault.
        cell: The changed cell, as findings name it.
        layer: Whose cell it is.
        before: What it held.
        after: What it held then.
        changes: Whether it changes a value for some input.
        found: Whether the check does not say that the copy with it agrees.
        named: Whether that very cell is named for it.
        others: Cells that are named, though nothing was changed in them.
        by: Which of `DETECTORS` named the cell.
        refused: Why the copy was not checked, if it was refused.
        left_out: Whether the cell is said to belong to no network then, so that it is not checked.
    """

    kind: str
    cell: str
    layer: str
    before: str
    after: str
    changes: bool = False
    found: bool = False
    named: bool = False
    others: tuple[str, ...] = ()
    by: tuple[bool, ...] = (False,) * len(DETECTORS)
    refused: str = ""
    left_out: bool = False

    @property
    def is_miss(self) -> bool:
        """Whether it changes a value and its cell was not named."""
        return self.changes and not self.named

    def __str__(self) -> str:
        before, after = (console(text)[:_LONGEST] for text in (self.before, self.after))
        return f"{self.kind} in {self.cell} ({self.layer}): {before} -> {after}"


@dataclass(frozen=True)
class Row:
    """The faults of one kind.

    Args:
        kind: Of fault.
        results: What became of them.
    """

    kind: str
    results: Sequence[Result]

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers for `_HEADINGS`; all but the first and the last two are of faults that change a value."""
        real = [result for result in self.results if result.changes]
        same = [result for result in self.results if not result.changes]
        by = (sum(result.by[at] for result in real) for at in range(len(DETECTORS)))
        found, named = sum(result.found for result in real), sum(result.named for result in real)
        left_out = sum(result.left_out for result in real if not result.named)
        flagged = sum(result.found for result in same)
        return len(self.results), len(real), found, named, *by, left_out, len(same), flagged


@dataclass
class SelfTest:
    """What the check finds of faults planted in one workbook.

    Args:
        file: The workbook.
        engine: What recalculated it.
        inputs: For how many inputs each fault was tried.
        results: What became of each fault.
        before: How many cells the check names in the workbook as it is; no fault was planted there.
    """

    file: Path
    engine: str
    inputs: int
    results: list[Result] = field(default_factory=list)
    before: int = 0

    @property
    def rows(self) -> list[Row]:
        """By kind, in alphabetical order."""
        kinds = sorted({result.kind for result in self.results})
        return [Row(kind, [result for result in self.results if result.kind == kind]) for kind in kinds]

    @property
    def misses(self) -> list[Result]:
        """Faults that change a value and whose cell was not named."""
        return [result for result in self.results if result.is_miss]

    @property
    def misnamed(self) -> list[Result]:
        """Faults for which another cell was named, be it beside the right one."""
        return [result for result in self.results if result.others]

    @property
    def all_found(self) -> bool:
        """Whether every fault that changes a value was found and its cell named, and there was one."""
        return any(result.changes for result in self.results) and not self.misses

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "file": str(self.file),
            "engine": self.engine,
            "inputs": self.inputs,
            "cells_named_before": self.before,
            "all_found": self.all_found,
            "kinds": {row.kind: dict(zip(_HEADINGS, row.counts, strict=True)) for row in self.rows},
            "misses": [asdict(result) for result in self.misses],
            "misnamed": [asdict(result) for result in self.misnamed],
        }

    def to_text(self) -> str:
        """For people."""
        return "\n".join(map(console, [*self._table(), "", *self._summary()]))

    def _table(self) -> Iterator[str]:
        rows = [*self.rows, Row("all", self.results)]
        width = max(len(row.kind) for row in rows)
        yield f"{'change':<{width}}  " + "  ".join(_HEADINGS)
        for row in rows:
            counts = zip(row.counts, _HEADINGS, strict=True)
            yield f"{row.kind:<{width}}  " + "  ".join(f"{count:>{len(heading)}}" for count, heading in counts)

    def _summary(self) -> Iterator[str]:
        planted, real, found, named, *_, left_out, same, flagged = Row("all", self.results).counts
        yield (
            f"{self.file}: of {planted:,} changes of one cell each, {real:,} change a value for some "
            f"of {self.inputs:,} inputs ({self.engine})"
        )
        yield f"{found:,} of these {real:,} are found, {named:,} with the right cell named"
        if left_out:
            yield f"{left_out:,} make the check take the cell for none of the network's: listed as not recognised"
        if same:
            yield f"{same:,} change no value for any input; {flagged:,} of them do not agree all the same"
        if self.before:
            yield f"{self.before:,} cells are named in the workbook as it is; nothing was changed in those"
        yield from _some([f"named without cause: {', '.join(r.others[:3])} for {r}" for r in self.misnamed])
        yield from _some([f"{'not named' if r.found else 'missed'}: {r}" for r in self.misses])
        if not real:
            yield "no fault could be planted that changes a value"


def _some(lines: Sequence[str]) -> Iterator[str]:
    """The first of many."""
    yield from lines[:_LISTED]
    if len(lines) > _LISTED:
        yield f"and {len(lines) - _LISTED:,} more of these"
