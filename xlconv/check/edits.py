"""What is put into a workbook's cells for a trial: a choice or a drawing, plain numbers, other weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xlconv.cells import Edit, Range
from xlconv.check.inputs import Trial
from xlconv.declaration import DRAWN
from xlconv.network import INPUT, FloatArray
from xlconv.places import NOWHERE, Atlas, Places
from xlconv.recover.choices import Choices
from xlconv.recover.found import Found


class Edits:
    """Numbers into cells: a block at a time where the cells stand close, else one by one."""

    def __init__(self, found: Found) -> None:
        self._choices = found.choices
        self._blocks = {} if found.choices else {INPUT: list(_blocks(found.atlas, found.inputs))}
        self._blocks |= {key: list(_blocks(found.atlas, cells)) for key, cells in found.weights.items()}

    def of(self, trial: Trial) -> list[Edit]:
        """The edits that a trial asks for."""
        edits: list[Edit] = []
        if trial.is_changed:
            edits += _chosen(self._choices, trial) if self._choices else self._put(INPUT, trial.x)
        if trial.network is not None:
            for key, array in trial.network.weights.items():
                edits += self._put(key, array)
        return edits

    def _put(self, key: str, numbers: FloatArray) -> list[Edit]:
        flat = numbers.ravel()
        return [(where, flat[elements].tolist()) for where, elements in self._blocks[key]]


def _chosen(choices: Choices, trial: Trial) -> list[Edit]:
    """A sample of the workbook is chosen, anything else is drawn."""
    if trial.row:
        label, number = choices.labels[trial.row - 1], float(choices.number(trial.row))
        assert isinstance(label, float | str)
        return [(choices.choice, [[label]]), (choices.sample, [[number]])]
    images = trial.x.reshape(-1, *trial.x.shape[-2:]) if trial.x.ndim == 3 else trial.x.reshape(1, -1, 1)
    drawing: list[Edit] = [(where, image.tolist()) for where, image in zip(choices.draw, images, strict=True)]
    return [(choices.choice, [[DRAWN]]), (choices.sample, [[0.0]]), *drawing]


def _blocks(atlas: Atlas, cells: Places) -> Iterator[tuple[Range, Places]]:
    """Rectangles of cells, each with the element that goes into each of its cells."""
    flat = cells.ravel()
    known = np.flatnonzero(flat != NOWHERE)
    places, first = np.unique(flat[known], return_index=True)
    for tile in atlas.tiles(places):
        grid = atlas.places(tile.range)[:: tile.down, :: tile.right]
        elements = known[first[np.searchsorted(places, grid)]]
        if tile.down == tile.right == 1:
            yield tile.range, elements
        else:
            for place, element in zip(grid.ravel().tolist(), elements.ravel(), strict=True):
                yield atlas.cell(place), np.array([[element]])
