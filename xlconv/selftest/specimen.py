"""A workbook under test, its faults, and what the checker says of each.

Whether a fault changes any value is decided here by recalculating the workbook with and without it, for all inputs of
the check and as many others, and by nothing that the checker says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count as counted
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from xlconv.cells import Edit, NotEvaluated, Range, Value
from xlconv.check import inputs
from xlconv.check.computed import Computed, compute, is_same
from xlconv.check.explore import Explorer
from xlconv.check.inputs import Trial
from xlconv.check.overflow import plain_exponentials
from xlconv.engines import Engine
from xlconv.errors import WorkbookError, XlconvError
from xlconv.places import NOWHERE, Places
from xlconv.reader import Cell, Workbook
from xlconv.recover import Recovered
from xlconv.recover.found import Found
from xlconv.selftest.copies import Copies
from xlconv.selftest.detectors import Flag, flags, recognised
from xlconv.selftest.kinds import KINDS, Target
from xlconv.selftest.result import Result

TOLERANCE: Final = 1e-9
_SHOWN_IN: Final = 2
"""For how many of the inputs that bring a fault to light its workbook is recalculated as a whole."""
_TRIED: Final = 8
"""Cells that are tried for each kind of fault in a layer, before another kind is."""
_LONGEST: Final = 8000
"""Characters of a formula; Excel takes 8,192."""


class Fault(NamedTuple):
    """A changed cell.

    Args:
        kind: One of `KINDS`.
        network: The number of the network whose cell it is.
        layer: The layer's name.
        where: The cell.
        before: What it holds.
        after: What it is to hold.
    """

    kind: str
    network: int
    layer: str
    where: Range
    before: Cell
    after: Cell


class Task(NamedTuple):
    """A fault, and for which inputs to look at it.

    Args:
        fault: The fault.
        trials: Of the network's trials; those of the check come first.
        right: What the cell shows for each without the fault.
    """

    fault: Fault
    trials: list[int]
    right: list[Value]


@dataclass
class Specimen:
    """A workbook under test.

    Args:
        copies: Makes copies of it.
        networks: Those recognised in it.
        trials: For each network the inputs of the check, and others.
        checked: How many of these are the check's.
        engine: Recalculates it.
        known: What the checker says of it as it is.
        seed: Of random numbers.
    """

    copies: Copies
    networks: list[Found]
    trials: list[list[Trial]]
    checked: list[int]
    engine: Engine
    known: set[Flag]
    seed: int

    @classmethod
    def of(cls, book: Workbook, engine: Engine, seed: int) -> Specimen:
        """Look at a workbook as it is.

        Raises:
            WorkbookError: No network is recognised in it.
            EngineError: The engine cannot compute it.
        """
        copies = Copies(book)
        recovered = recognised(copies.book)
        networks = recovered.networks
        if not networks:
            raise WorkbookError("no network is recognised in it, so that there is nothing to plant faults in")
        checks = [_chosen(recovered, found, seed) for found in networks]
        others = [_others(recovered, found, seed) for found in networks]
        trials = [[*check, *other] for check, other in zip(checks, others, strict=True)]
        every = {flag for found in flags(recovered, engine, checks) for flag in found}
        return cls(copies, networks, trials, [len(check) for check in checks], engine, every, seed)

    # Planting

    def faults(self, count: int, rng: Random) -> list[Fault]:
        """Different faults, spread evenly over layers and kinds; fewer where the workbook has no room for more."""
        layers = list(self._layers())
        planted: Counter[str] = Counter()
        made: dict[tuple[Range, Cell], Fault] = {}
        turns = counted()
        while layers and len(made) < count:
            at = next(turns) % len(layers)
            kinds = sorted(KINDS, key=lambda kind: (planted[kind], rng.random()))
            fault = next((f for f in self._tries(*layers[at], kinds, rng) if (f.where, f.after) not in made), None)
            if fault is None:
                del layers[at]
            else:
                made[fault.where, fault.after] = fault
                planted[fault.kind] += 1
        return list(made.values())

    def _layers(self) -> Iterator[tuple[int, str, list[Range]]]:
        """The cells of each layer that hold formulas of their own, by network."""
        doubtful = {flag.cell for flag in self.known}
        for number, found in enumerate(self.networks):
            blocks = [(f"{s.name} {part}", cells) for s in found.stages for part, cells in s.parts.items()]
            blocks += [(stage.name, stage.cells) for stage in found.stages]
            blocks.append(("prediction", np.array([found.prediction])))
            blocks += _further(self.copies.book, found)
            for name, cells in blocks:
                known = np.unique(cells[cells != NOWHERE])
                formulas = [found.atlas.cell(place) for place in known.tolist() if self._is_sound(number, place)]
                usual = [where for where in formulas if where.place not in doubtful]
                if usual:
                    yield number, name, usual

    def _is_sound(self, number: int, place: int) -> bool:
        """Whether a cell has a formula, and shows what the engine could evaluate."""
        where = self.networks[number].atlas.cell(place)
        if self.copies.book.cell(*where[:3]).formula is None:
            return False
        return not isinstance(self._own[number].value(place), NotEvaluated)

    @cached_property
    def _own(self) -> list[Computed]:
        """What each network's cells show for the workbook's own input."""
        own = [[trials[0]] for trials in self.trials]
        pairs = zip(self.networks, own, strict=True)
        return [compute(self.copies.book, found, self.engine, trials)[0] for found, trials in pairs]

    def _tries(self, number: int, layer: str, cells: list[Range], kinds: list[str], rng: Random) -> Iterator[Fault]:
        for kind in kinds:
            for _ in range(_TRIED):
                target = self._target(number, rng.choice(cells), cells)
                after = KINDS[kind](target, rng)
                before = Cell(target.text, None)
                if after not in (None, before) and len(after.formula or "") < _LONGEST:
                    yield Fault(kind, number, layer, target.where, before, after)

    def _target(self, number: int, where: Range, block: list[Range]) -> Target:
        found, book = self.networks[number], self.copies.book
        near = sorted(block, key=lambda cell: abs(cell.row - where.row) + abs(cell.column - where.column))
        filled = book.sheets[where.sheet].arrays.get((where.row, where.column))
        shown = self._own[number].value(found.atlas.place(*where[:3]))
        text = book.cell(*where[:3]).formula or ""
        return Target(book, found, where, text, shown, near[1:], filled is not None and filled.size > 1)

    # What a fault changes

    def tasks(self, faults: Sequence[Fault]) -> list[Task]:
        """For which inputs each fault shows: computed in free cells beside the network, all faults at once."""
        found: dict[int, Task] = {}
        for number in range(len(self.networks)):
            mine = [at for at, fault in enumerate(faults) if fault.network == number]
            found.update(zip(mine, self._tasks(number, [faults[at] for at in mine]), strict=True))
        return [found[at] for at in range(len(faults))]

    def _tasks(self, number: int, faults: list[Fault]) -> Iterator[Task]:
        atlas = self.networks[number].atlas
        formulas = [(fault.where, fault.after.formula) for fault in faults if fault.after.formula is not None]
        book, below = self.copies.with_formulas_below(formulas)
        places = iter(below)
        extra = np.array([atlas.place(*where[:3]) for where in below], dtype=np.int64)
        computed = self._computed(number, book, range(len(self.trials[number])), extra)
        for fault in faults:
            cell = atlas.place(*fault.where[:3])
            right = [each.value(cell) for each in computed]
            wrong = [fault.after.value] * len(right)
            if fault.after.formula is not None:
                place = atlas.place(*next(places)[:3])
                wrong = [each.value(place) for each in computed]
            trials = _worth_a_look([differs(*pair) for pair in zip(right, wrong, strict=True)])
            yield Task(fault, trials, [right[at] for at in trials])

    def _computed(
        self, number: int, book: Workbook, trials: Sequence[int], extra: Places, engine: Engine | None = None
    ) -> list[Computed]:
        """Values for some trials; those with weights of their own are computed last, as engines want it."""
        chosen = [self.trials[number][at] for at in trials]
        order = sorted(range(len(chosen)), key=lambda at: chosen[at].network is not None)
        found = self.networks[number]
        computed = compute(book, found, engine or self.engine, [chosen[at] for at in order], extra)
        return [computed[order.index(at)] for at in range(len(chosen))]

    # What the checker says

    def examine(self, task: Task) -> Result:
        """Check a copy of the workbook with a fault, and recalculate it to see whether it is one."""
        fault, number = task.fault, task.fault.network
        book = self.copies.with_cell(fault.where, fault.after)
        engine = Remembering(self.engine)
        result = _begun(fault)
        try:
            place = self.networks[number].atlas.place(*fault.where[:3])
            shown = [each.value(place) for each in self._computed(number, book, task.trials, np.array([place]), engine)]
        except XlconvError as error:
            return self.refused(task, error.message)
        changes = any(differs(*pair) for pair in zip(task.right, shown, strict=True))
        return self._judged(replace(result, changes=changes), book, engine, task)

    def refused(self, task: Task, why: str) -> Result:
        """A copy that cannot be computed, which nobody can fail to notice."""
        return replace(_begun(task.fault), changes=True, found=True, refused=why)

    def _judged(self, result: Result, book: Workbook, engine: Engine, task: Task) -> Result:
        try:
            recovered = recognised(book)
            trials = [self._trials(recovered, found, task) for found in recovered.networks]
            said = flags(recovered, engine, trials, task.fault.where)
            new = [{flag for flag in found if flag not in self.known} for found in said]
        except XlconvError as error:
            return replace(result, found=True, refused=error.message)
        counting = [flag for found in new for flag in found if flag.counts]
        cells = {flag.cell for flag in counting if flag.cell}
        return replace(
            result,
            found=bool(counting),
            named=result.cell in cells,
            others=tuple(sorted(cells - {result.cell})),
            by=tuple(any(flag.cell == result.cell for flag in found) for found in new),
            left_out=_is_left_out(task.fault.where, recovered),
        )

    def _trials(self, recovered: Recovered, found: Found, task: Task) -> list[Trial]:
        """With what the check would try a network that is recognised in a copy, as far as it matters for a fault."""
        for number, same in enumerate(self.networks):
            if _same(found, same):
                mine = [at for at in task.trials if at < self.checked[number]] if number == task.fault.network else [0]
                return [self.trials[number][at] for at in mine]
        return _chosen(recovered, found, self.seed)


def _further(book: Workbook, found: Found) -> Iterator[tuple[str, Places]]:
    """The formulas beside those of layers: that look the input up, and those of the worksheet `Explore`."""
    if found.choices:
        yield "input", found.inputs
        yield "choice", np.concatenate([found.atlas.places(where).ravel() for where in found.choices.formulas])
    explorer = Explorer.of(book, found)
    shown = [found.atlas.places(where).ravel() for where in explorer.shown.values()] if explorer else []
    for name, blocks in ("tables", [b for b in shown if b.size > 1]), ("steps", [b for b in shown if b.size == 1]):
        if blocks:
            yield f"Explore {name}", np.concatenate(blocks)


def _worth_a_look(shows: list[bool]) -> list[int]:
    """The workbook's own input, and some that bring a fault to light, those of the check first; else any other."""
    showing = [at for at, is_shown in enumerate(shows) if at and is_shown]
    return [0, *(showing[:_SHOWN_IN] or [len(shows) - 1])]


def _chosen(recovered: Recovered, found: Found, seed: int) -> list[Trial]:
    """The inputs that the check gives to engines."""
    plain = plain_exponentials(found, recovered.reading)
    explorer = Explorer.of(recovered.book, found)
    return inputs.choose(found, inputs.DEFAULT_RANDOM, seed, explorer, plain).for_engines


def _others(recovered: Recovered, found: Found, seed: int) -> list[Trial]:
    """Inputs that the check does not give to engines; something else is chosen on the worksheet `Explore` in each."""
    chosen = inputs.choose(found, 0, seed, plain=plain_exponentials(found, recovered.reading))
    trials = [trial for trial in chosen.for_numbers() if not trial.row]
    explorer = Explorer.of(recovered.book, found)
    if explorer is None:
        return trials
    selections = explorer.selections(np.random.default_rng(seed + 1), len(trials))
    return [replace(trial, selection=own) for trial, own in zip(trials, selections, strict=True)]


def _same(found: Found, other: Found) -> bool:
    """Whether it is the same network in the same cells."""
    return (
        found.network == other.network
        and found.prediction == other.prediction
        and np.array_equal(found.inputs, other.inputs)
        and np.array_equal(found.x, other.x)
        and all(np.array_equal(found.weights[key], cells) for key, cells in other.weights.items())
        and len(found.stages) == len(other.stages)
        and all(np.array_equal(a.cells, b.cells) for a, b in zip(found.stages, other.stages, strict=True))
    )


def differs(right: Value, shown: Value) -> bool:
    """Whether a cell shows something else than it should."""
    return not is_same(shown, right, TOLERANCE)


def _is_left_out(where: Range, recovered: Recovered) -> bool:
    """Whether a cell is among the formulas that belong to no network."""
    groups = recovered.not_recognised
    return any(group.sheet == where.sheet and (where.row, where.column) in group.cells for group in groups)


def _begun(fault: Fault) -> Result:
    return Result(fault.kind, fault.where.place, fault.layer, _told(fault.before), _told(fault.after))


def _told(cell: Cell) -> str:
    if cell.formula is not None:
        return f"={cell.formula}"
    return "blank" if cell.value is None else str(cell.value)


class Remembering:
    """An engine that answers the same question again from memory.

    Args:
        engine: Computes.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine, self.name, self.title = engine, engine.name, engine.title
        self.asked: Any = None
        self.answer: list[list[list[list[Value]]]] = []

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """See `xlconv.engines.Engine`."""
        if self.asked != (package, edits, ranges):
            self.answer = self.engine.evaluate(package, edits, ranges)
            self.asked = (package, edits, ranges)
        return self.answer
