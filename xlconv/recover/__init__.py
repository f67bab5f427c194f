"""Formulas of any workbook -> layers -> networks, with evidence.

Reads formulas only: macros never run, nothing is computed unless a weight is itself a formula.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import numpy as np

from xlconv import reader
from xlconv.errors import XlconvError
from xlconv.formula.forms import Group
from xlconv.places import Places
from xlconv.recover.build import build
from xlconv.recover.decide import decided
from xlconv.recover.declared import declares, found_by
from xlconv.recover.evidence import with_evidence
from xlconv.recover.found import Found, Stage
from xlconv.recover.proof import Proof
from xlconv.recover.reading import Reading, read
from xlconv.recover.tensors import Built

__all__ = ["Found", "Recovered", "Stage", "recover", "recover_book"]


@dataclass
class Recovered:
    """What a workbook's formulas compute.

    Args:
        book: The workbook.
        reading: Its formulas.
        networks: Those found, in the order of their inputs.
        not_recognised: Formulas that belong to none.
        stray: Those of them that do what layers do: cells, sorted.
    """

    book: reader.Workbook
    reading: Reading
    networks: list[Found] = field(default_factory=list)
    not_recognised: list[Group] = field(default_factory=list)
    stray: Places = field(default_factory=lambda: np.empty(0, np.int64))


def recover(path: str | Path) -> Recovered:
    """Find the networks in a workbook's formulas.

    Raises:
        WorkbookError: The file cannot be read.
    """
    return recover_book(reader.read(Path(path)))


def recover_book(book: reader.Workbook, said: Found | None = None) -> Recovered:
    """The same for a workbook that has been read.

    Args:
        book: The workbook.
        said: A network that is known to stand in it; else what the workbook itself says, if its formulas bear it out.
    """
    reading = read(book)
    if said is None:
        said = _declared(book, reading)
    networks = [] if said is None else [said]
    if said is not None:
        reading.aside = np.setdiff1d(said.views, said.owned)
    rest, stray = _rest(reading, networks), np.empty(0, np.int64)
    if rest:
        built = build(reading)
        others = _told_apart(_without_fragments(list(_networks(reading, built))))
        networks += [each for each in others if said is None or not _share_cells(each, said)]
        rest, stray = _rest(reading, networks), built.operations
    for found in networks:
        stray = np.setdiff1d(stray, found.formulas)
    return Recovered(book, reading, networks, rest, stray)


def _rest(reading: Reading, networks: list[Found]) -> list[Group]:
    """The formulas that belong to no network; where one is a network's input, it is what the network begins behind."""
    known = {place for found in networks for place in (*found.formulas.tolist(), *found.constants.tolist())}
    rest = []
    for group in reading.groups:
        at = [cell for cell in group.cells if reading.atlas.place(group.sheet, *cell) not in known]
        if at:
            rest.append(group._replace(cells=at))
    return rest


def _without_fragments(networks: list[Found]) -> list[Found]:
    """Without what begins at a cell that another network computes but for a number pasted over its formula there."""
    computed = [np.concatenate([stage.cells.ravel() for stage in found.stages]) for found in networks]
    return [
        found
        for at, found in enumerate(networks)
        if not any(np.isin(found.inputs, cells).all() for other, cells in enumerate(computed) if other != at)
    ]


def _told_apart(networks: list[Found]) -> list[Found]:
    """With the input's range in the title where several stand on one worksheet."""
    titles = [found.title for found in networks]
    return [
        found if titles.count(found.title) == 1 else replace(found, title=found.atlas.ranges(found.inputs)[0].place)
        for found in networks
    ]


_MOST = 0.5
"""How much of each layer must compute what the workbook says of it for that to be taken over."""


def _declared(book: reader.Workbook, reading: Reading) -> Found | None:
    """The network that the workbook says it is, if its formulas bear that out; names and labels come from there."""
    if not declares(book):
        return None
    try:
        said = found_by(book)
    except XlconvError:
        return None
    proof = Proof(said, reading)
    true = all(proof.share(stage.cells) > _MOST for stage in said.stages)
    return replace(said, stages=tuple(with_evidence(said.stages, reading))) if true else None


def _share_cells(one: Found, other: Found) -> bool:
    cells = _cells_of([other])
    return any(place in cells for stage in one.stages for place in stage.cells.ravel().tolist())


def _cells_of(networks: list[Found]) -> set[int]:
    return {place for found in networks for place in found.owned.tolist()}


def _networks(reading: Reading, built: Built) -> Iterator[Found]:
    for tensor in built.tensors:
        if tensor.layer is None:
            yield from decided(reading, built, tensor)


class _CallablePackage(ModuleType):
    """This package, which may be called: `xlconv.recover` is the function, and the package once it is imported."""

    def __call__(self, path: str | Path) -> Recovered:
        return recover(path)


sys.modules[__name__].__class__ = _CallablePackage
