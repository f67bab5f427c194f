"""What speaks for a layer: how many of its cells share which formula."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from xlconv.places import NOWHERE
from xlconv.recover.found import Evidence, Stage
from xlconv.recover.reading import Reading


def with_evidence(stages: Iterable[Stage], reading: Reading) -> Iterator[Stage]:
    """The stages, each with the formulas that most of its cells have."""
    for stage in stages:
        cells = [place for place in stage.cells.ravel().tolist() if place != NOWHERE]
        groups = [reading.group_of[place] for place in cells if place in reading.group_of]
        counts = Counter(map(id, groups))
        if not counts:
            yield stage
            continue
        most, shared = counts.most_common(1)[0]
        group = next(each for each in groups if id(each) == most)
        form = group.form if shared > 1 else group.formula
        yield replace(stage, evidence=Evidence(len(cells), f"={form}", shared))
