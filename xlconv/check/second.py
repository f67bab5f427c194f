"""Second opinions: what one engine cannot evaluate, or shows an error for, the others that are installed are asked.

An engine lacks functions, and shows errors where it lacks something: neither says anything about the workbook. An error
is the workbook's own where a second engine shows one, too. As engines share some of what they lack, #VALUE! and #NAME?
are asked of all of them. And some take a single cell of a range where a function of numbers stands over it, as in
`SUMPRODUCT(EXP(A1:A5))`: that number, and all that is computed from it, is not taken either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from xlconv.cells import ErrorValue, NotEvaluated, Value
from xlconv.check.computed import Computed, Question
from xlconv.check.evaluation import evaluated
from xlconv.check.needed import Needs
from xlconv.check.readers import Readers
from xlconv.engines import NAMES, Engine, by_name
from xlconv.engines.errors import is_array
from xlconv.errors import BoundsError, EngineError, XlconvError
from xlconv.places import Atlas, Places, find
from xlconv.recover.reading import Reading

_LACKING: Final = ("#VALUE!", "#NAME?")
"""Errors that engines show for what they lack."""

_ONE_OF_A_RANGE: Final = {"formualizer": False, "ironcalc": True}
"""Engines that take one cell of a range, and whether only where the range stands alone, in a formula that is no array
formula."""

_INFINITE: Final = "ironcalc"
"""The engine that calculates with infinity, as in `1/(1+EXP(800))`, where Excel and others show #NUM!."""

Results: TypeAlias = list[list[Computed]]
"""For each question, for each of its trials."""


def opinions(engines: Sequence[Engine], questions: Sequence[Question], needs: Needs, reading: Reading) -> list[Results]:
    """What each of several engines computes; where one has no value, that of another one that is installed.

    Args:
        engines: The engines.
        questions: What they are asked.
        needs: What the cells of the workbook need.
        reading: Its formulas.

    Raises:
        EngineError: One of them could not compute the workbook at all.
    """
    ask = partial(_evaluated, needs=needs, reading=reading)
    known = {engine.name: ask(engine, questions) for engine in engines}
    return [_Completing(engine, questions, ask, needs.atlas, known).completed() for engine in engines]


def _without(computed: Computed, wrong: Places, engine: str) -> Computed:
    """What an engine computed, but for cells that it is known to compute wrong."""
    at = np.flatnonzero(find(computed.places, wrong) >= 0).tolist()
    if not at:
        return computed
    shown = list(computed.in_order())
    for index in at:
        shown[index] = NotEvaluated(f"{engine}: an array, of which it takes one cell")
    return Computed(computed.places, shown)


def _evaluated(engine: Engine, questions: Sequence[Question], needs: Needs, reading: Reading) -> Results:
    """What an engine computes, but for cells that it is known to compute wrong."""
    try:
        results = evaluated(engine, questions, needs)
    except BoundsError:
        raise
    except XlconvError as error:
        raise EngineError(f"{engine.title}: {error.message}", error.hint) from None
    wrong = _blank_members(results, reading)
    if engine.name in _ONE_OF_A_RANGE:
        wrong = np.union1d(wrong, needs.over_ranges(alone=_ONE_OF_A_RANGE[engine.name]))
    return [
        [_without(computed, cells, engine.name) for computed in trials]
        for question, trials in zip(questions, results, strict=True)
        for cells in [_from(wrong, question, needs, reading)]
    ]


def _blank_members(results: Results, reading: Reading) -> Places:
    """What array formulas fill beside their own cells, where an engine leaves some of that blank; sorted."""
    members = np.array(sorted(place for place, holder in reading.holders.items() if place != holder), np.int64)
    shown = [each for trials in results for computed in trials for each in computed.shown(members)]
    return members if None in shown else members[:0]


def _from(wrong: Places, question: Question, needs: Needs, reading: Reading) -> Places:
    """Some cells, and what a question needs that is computed from them, unless it is given; sorted."""
    if not wrong.size:
        return wrong
    needed = needs.of(question.cells, question.given)
    known = np.setdiff1d(np.unique(reading.precedents[0]) if needed is None else needed, question.given)
    mine = np.intersect1d(wrong, known)
    return np.union1d(mine, Readers(reading.precedents).of(mine, known)) if mine.size else mine


@dataclass
class _Doubt:
    """A cell of a question for which there is no value yet.

    Args:
        question: Its number.
        trial: For which trial.
        place: The cell.
        said: What engines said, in their order.
        shown: The value in the end, and the engine that it comes from.
    """

    question: int
    trial: int
    place: int
    said: list[Value]
    shown: Value = None
    by: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether no other engine need be asked."""
        errors = [value for value in self.said if isinstance(value, ErrorValue)]
        return bool(self.by) or (len(errors) > 1 and errors[0].code not in _LACKING)

    def hear(self, value: Value, engine: Engine) -> None:
        """Take in what one more engine says."""
        if isinstance(value, float | str | bool):
            if self.said[0] == ErrorValue("#NUM!") and engine.name == _INFINITE:
                value = NotEvaluated(f"{engine.name}: a number where there may be an overflow")
            else:
                self.shown, self.by = value, engine.title
        self.said.append(value)

    def value(self, engine: str) -> Value:
        """What is taken for the cell when all engines were asked."""
        errors = [value for value in self.said if isinstance(value, ErrorValue)]
        if self.by:
            return self.shown
        if len(errors) == 1 and len(self.said) > 1:
            return NotEvaluated(f"{engine}: {errors[0]}, which no other engine confirms")
        return errors[0] if errors else self.said[0]


@dataclass
class _Completing:
    """What one engine computed, to be completed.

    Args:
        engine: The engine.
        questions: What it was asked.
        ask: Asks another engine.
        atlas: The worksheets that places refer to.
        known: What engines have computed already, by their names.
    """

    engine: Engine
    questions: Sequence[Question]
    ask: Callable[[Engine, Sequence[Question]], Results]
    atlas: Atlas
    known: Mapping[str, Results]
    doubts: list[_Doubt] = field(default_factory=list)

    def completed(self) -> Results:
        """With the values of others where it has none."""
        results = self.known[self.engine.name]
        self.doubts = list(self._doubts(results))
        for name in NAMES:
            left = [doubt for doubt in self.doubts if not doubt.is_settled]
            if left and name != self.engine.name:
                with suppress(EngineError):  # it is not installed, or can't compute this workbook
                    self._ask(by_name(name), left)
        return self._replaced(results) if self.doubts else results

    def _doubts(self, results: Results) -> Iterator[_Doubt]:
        for number, (question, trials) in enumerate(zip(self.questions, results, strict=True)):
            views = set(question.views.tolist())
            for trial, computed in enumerate(trials):
                for place, value in zip(question.cells.tolist(), computed.in_order(), strict=True):
                    is_known = isinstance(value, NotEvaluated) and is_array(value) and place in views
                    if isinstance(value, NotEvaluated | ErrorValue) and not is_known:
                        yield _Doubt(number, trial, place, [value])

    def _ask(self, other: Engine, doubts: Sequence[_Doubt]) -> None:
        """Hear another engine on some cells."""
        if other.name in self.known:
            for doubt in doubts:
                doubt.hear(self.known[other.name][doubt.question][doubt.trial].value(doubt.place), other)
            return
        by_question: dict[int, dict[int, list[_Doubt]]] = {}
        for doubt in doubts:
            by_question.setdefault(doubt.question, {}).setdefault(doubt.trial, []).append(doubt)
        questions = [self._part(number, trials) for number, trials in by_question.items()]
        results = self.ask(other, questions)
        for trials, shown in zip(by_question.values(), results, strict=True):
            for each, computed in zip(trials.values(), shown, strict=True):
                for doubt in each:
                    doubt.hear(computed.value(doubt.place), other)

    def _part(self, number: int, trials: Mapping[int, Sequence[_Doubt]]) -> Question:
        """A question for the cells that are in doubt, and for the trials in which some are."""
        question = self.questions[number]
        cells = np.array([doubt.place for each in trials.values() for doubt in each], dtype=np.int64)
        return Question.of(self.atlas, cells, [question.edits[trial] for trial in trials])

    def _replaced(self, results: Results) -> Results:
        by_trial: dict[tuple[int, int], list[_Doubt]] = {}
        for doubt in self.doubts:
            by_trial.setdefault((doubt.question, doubt.trial), []).append(doubt)
        return [
            [self._with(computed, by_trial.get((number, trial), ())) for trial, computed in enumerate(trials)]
            for number, trials in enumerate(results)
        ]

    def _with(self, computed: Computed, doubts: Sequence[_Doubt]) -> Computed:
        """What is taken for the cells that were in doubt."""
        if not doubts:
            return computed
        shown = list(computed.in_order())
        at = find(np.array([doubt.place for doubt in doubts]), computed.places)
        for index, doubt in zip(at.tolist(), doubts, strict=True):
            shown[index] = doubt.value(self.engine.name)
        return Computed(computed.places, shown, {doubt.place: doubt.by for doubt in doubts if doubt.by})
