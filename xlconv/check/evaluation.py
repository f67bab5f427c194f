"""What engines compute of all networks of a workbook: together as far as they can be, and only what that needs.

What is put into cells for one network may change what another one computes. Then the other one comes before, so that
what is left in the cells of each changes nothing for those after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np

from xlconv.check.computed import Computed, Question, answers
from xlconv.check.needed import Needs
from xlconv.engines import Engine
from xlconv.places import Places, find


class Evaluation(NamedTuple):
    """Questions that an engine answers one after the other, having loaded one package.

    Args:
        steps: The numbers of the questions, those together that are answered at the same time.
        package: What the engine is given.
    """

    steps: list[list[int]]
    package: bytes


def evaluations(questions: Sequence[Question], needs: Needs) -> list[Evaluation]:
    """All questions in one evaluation, if it is known what they need and none stands in a circle with another."""
    if len(questions) == 1 and needs.is_most(questions[0].cells):
        return [Evaluation([[0]], needs.book.package)]
    all_needed = {number: needs.of(each.cells, each.given) for number, each in enumerate(questions)}
    needed = {number: cells for number, cells in all_needed.items() if cells is not None}
    found = [Evaluation([[number]], needs.book.package) for number in all_needed.keys() - needed.keys()]
    while needed:
        steps, circle = _in_order(questions, needed)
        mine = circle or [number for step in steps for number in step]
        cells = [np.setdiff1d(needed[number], questions[number].given) for number in mine]
        if circle:
            pairs = zip(mine, cells, strict=True)
            found += [Evaluation([[number]], needs.package(each)) for number, each in pairs]
        else:
            found.append(Evaluation(steps, needs.package(np.unique(np.concatenate(cells)))))
        needed = {number: each for number, each in needed.items() if number not in mine}
    return found


def _in_order(questions: Sequence[Question], needed: Mapping[int, Places]) -> tuple[list[list[int]], list[int]]:
    """Steps of which no edit changes what others need in the same or a later one; or questions in a circle."""
    sorter = TopologicalSorter(
        {
            one: [other for other in needed if other != one and (find(questions[one].edited, needed[other]) >= 0).any()]
            for one in needed
        }
    )
    try:
        sorter.prepare()
    except CycleError as error:
        return [], sorted(set(error.args[1]))
    steps = []
    while ready := sorter.get_ready():
        steps.append(sorted(ready))
        sorter.done(*ready)
    return steps, []


def evaluated(engine: Engine, questions: Sequence[Question], needs: Needs) -> list[list[Computed]]:
    """What an engine computes for each question and trial.

    Raises:
        EngineError: The engine could not compute the workbook at all.
    """
    found: dict[int, list[Computed]] = {}
    for each in evaluations(questions, needs):
        steps = [[questions[number] for number in step] for step in each.steps]
        numbers = [number for step in each.steps for number in step]
        found.update(zip(numbers, answers(engine, needs.atlas, each.package, steps), strict=True))
    return [found[number] for number in range(len(questions))]
