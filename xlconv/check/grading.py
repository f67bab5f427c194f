"""A workbook against the network that it should be: which layers are right, wrong or missing.

A layer is judged by what it makes of its own inputs: a mistake before it is not its own. So what counts is what was
found in its cells (formulas, values at fault), its kind and settings, and its weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from xlconv import reader, templates
from xlconv.cells import Range
from xlconv.check.alignment import Unit, align, differences, likeness, units
from xlconv.errors import WorkbookError
from xlconv.layers import shape_text
from xlconv.network import FloatArray, Network
from xlconv.places import NOWHERE, Places
from xlconv.recover import Recovered
from xlconv.recover.found import Found
from xlconv.report import EngineResult, Finding, Grade, Result
from xlconv.report.rules import RuleId

WORKBOOKS: Final = (".xlsx", ".xlsm")

_OWN: Final[frozenset[RuleId]] = frozenset(
    (
        "value",
        "frozen",
        "formula",
        "reads-blank",
        "constant",
        "blank",
        "not-proved",
        "hard-coded",
        "not-a-number",
        "array-in-plain-formula",
        "missing-prefix",
        "external-link",
        "reaches-out",
    )
)
"""Rules whose findings tell that the cell itself is wrong, not what it reads."""

_ORDERED: Final = 5
"""With more networks than these in a workbook, the orders in which they might follow each other are too many."""
_LISTED: Final = 200
"""Cells of a finding that are named."""


def expectation(against: str | Path) -> Network:
    """The network of a template, by its name or folder, or the first one in a workbook.

    Raises:
        TemplateError: There is no such template, or it cannot be read.
        WorkbookError: The workbook cannot be read, or has no network.
    """
    if Path(against).suffix.lower() not in WORKBOOKS:
        return templates.load(against).network
    from xlconv.check import networks_of

    networks = networks_of(reader.read(Path(against))).networks
    if not networks:
        raise WorkbookError(f"{against}: no network was found in it, so there is nothing to compare with")
    return networks[0].network


@dataclass
class Own:
    """A unit as it stands in the workbook.

    Args:
        unit: The layer, and the elementwise layers after it.
        found: The network that it belongs to.
    """

    unit: Unit
    found: Found

    @cached_property
    def cells(self) -> Places:
        """The cells of its outputs and intermediate results, in the order in which they are computed."""
        names = {node.name for node in self.unit.nodes}
        blocks = [
            block.ravel()
            for stage in self.found.stages
            if stage.shows in names
            for block in (*stage.parts.values(), stage.cells)
        ]
        return np.concatenate([*blocks, np.empty(0, np.int64)])

    @cached_property
    def order(self) -> dict[int, int]:
        """The same and the weights' cells, with the number of each in that order."""
        weights = [self.found.weights[key].ravel() for key in self.weights]
        return {place: at for at, place in enumerate(np.concatenate([self.cells, *weights]).tolist())}

    @property
    def names(self) -> set[str]:
        """How its rows are called in an engine's result, where it is the only network or one of several."""
        names = {node.name for node in self.unit.nodes}
        rows = [
            f"{stage.name} {part}".rstrip()
            for stage in self.found.stages
            if stage.shows in names
            for part in (*stage.parts, "")
        ]
        return {*rows, *(f"{self.found.title}: {row}" for row in rows)}

    @property
    def weights(self) -> Mapping[str, FloatArray]:
        """By their names in the network."""
        network = self.unit.network
        return {key: network.weights[key] for node in self.unit.nodes for key in node.weight_keys().values()}

    @property
    def first(self) -> str:
        """Its first cell."""
        return _first(self.found, self.cells)


class Graded(NamedTuple):
    """The grades of a workbook, and findings where it is not what it should be."""

    grades: list[Grade]
    findings: list[Finding]


def grade(
    expected: Network,
    recovered: Recovered,
    findings: Sequence[Finding],
    engines: Sequence[EngineResult],
    tolerance: float | None,
) -> Graded:
    """Say of each expected layer whether it is right.

    Args:
        expected: The network that the workbook should be.
        recovered: Those that it is.
        findings: What was found in its cells.
        engines: What was computed; tells which layers could not be.
        tolerance: Of weights: absolute; relative where the expected one is beyond 1. None where any weights will do.
    """
    wanted, own = units(expected), _in_order(expected, recovered.networks)
    pairs = dict(align(wanted, [each.unit for each in own]))
    unsure = {row.layer for engine in engines for row in engine.layers if not row.complete}
    at_fault = [each for each in findings if each.rule in _OWN and each.severity == "error" and each.cell]
    return _Grading(expected, recovered, wanted, own, pairs, at_fault, unsure, tolerance).graded()


def _in_order(expected: Network, networks: Sequence[Found]) -> list[Own]:
    """The units of all networks, which follow each other as fits best what is expected."""
    each = [[Own(unit, found) for unit in units(found.network)] for found in networks]
    orders = permutations(each) if len(each) <= _ORDERED else iter([tuple(each)])
    wanted = units(expected)
    joined = ([own for network in order for own in network] for order in orders)
    return max(joined, key=lambda order: likeness(wanted, [own.unit for own in order]))


@dataclass
class _Grading:
    """What `grade` is given, and how the two sides are aligned: the number of the own unit for an expected one."""

    network: Network
    recovered: Recovered
    expected: list[Unit]
    own: list[Own]
    pairs: dict[int, int]
    at_fault: list[Finding]
    unsure: set[str]
    tolerance: float | None

    def graded(self) -> Graded:
        """All layers, then what is there besides."""
        rows, found = [], []
        for at in range(len(self.expected)):
            row, findings = self._aligned(at) if at in self.pairs else self._absent(at)
            rows.append(row)
            found += findings
        return Graded(rows, [*found, *self._additional(), *self._ends()])

    # A layer that is there

    def _aligned(self, at: int) -> tuple[Grade, list[Finding]]:
        unit, own = self.expected[at], self.own[self.pairs[at]]
        other = [
            Finding("architecture", own.first, own.unit.name, reason)
            for reason in (*differences(unit, own.unit), *self._other_source(unit, own))
        ]
        weights = list(self._other_weights(unit, own))
        faults = self._own_faults(own)
        if wrong := [*other, *faults, *weights]:
            cells = sum(each.count for each in faults)
            more = f" (and {cells - 1:,} more)" if wrong[0] in faults and cells > 1 else ""
            return _row(unit, "wrong", wrong[0].cell, wrong[0].message + more), other + weights
        if own.names & self.unsure:
            return _row(unit, "not checked", own.first, "the engine could not evaluate its cells"), []
        return _row(unit, "right"), []

    def _other_source(self, unit: Unit, own: Own) -> Iterator[str]:
        """Where both read a layer, or one of them the input: whether it is the same; of each of several."""
        for source, there in zip(unit.sources, own.unit.sources, strict=False):
            due = None if source is None else self._match(source)
            if source is None:
                if there is not None:
                    yield f"it should read the input, and reads {there.name}"
            elif due is not None and there is not due.unit:
                what = there.name if there is not None else f"the numbers in {_where(own.found, own.found.inputs)}"
                yield f"it should read {due.unit.name}, and reads {what}"

    def _match(self, unit: Unit) -> Own | None:
        """The own unit that is aligned with an expected one."""
        at = next(at for at, each in enumerate(self.expected) if each is unit)
        return self.own[self.pairs[at]] if at in self.pairs else None

    def _own_faults(self, own: Own) -> list[Finding]:
        """The findings in a unit's cells, in the order in which the cells are computed."""
        found = []
        for finding in self.at_fault:
            at = [own.order[place] for place in _places(own.found, finding) if place in own.order]
            if at:
                found.append((min(at), finding))
        return [finding for _, finding in sorted(found, key=lambda each: each[0])]

    def _other_weights(self, unit: Unit, own: Own) -> Iterator[Finding]:
        """One finding for each array of weights that has other numbers, if it is as large as expected."""
        if self.tolerance is None:
            return
        for key, name in _alike_weights(unit, own.unit):
            due, got = self.network.weights[key], own.unit.network.weights[name]
            if got.shape != due.shape:
                continue
            off = np.abs(got - due) > self.tolerance * np.maximum(1.0, np.abs(due))
            if off.any():
                cells = own.found.weights[name][off]
                named = tuple(
                    own.found.atlas.cell(place).place for place in cells[:_LISTED].tolist() if place != NOWHERE
                )
                count = int(off.sum())
                message = f"{count:,} of {off.size:,} numbers of {name} are not those expected"
                expected, there = repr(float(due[off][0])), repr(float(got[off][0]))
                first = _first(own.found, cells)
                yield Finding("weights", first, own.unit.name, message, expected, there, count=count, cells=named)

    # A layer that is not there

    def _absent(self, at: int) -> tuple[Grade, list[Finding]]:
        unit, following = self.expected[at], self._following(at)
        if following is None or following.found.inputs.size != int(np.prod(unit.shape)):
            reason = "no such layer was found"
            return _row(unit, "missing", "", reason), [
                Finding("architecture", "", unit.name, f"{unit.title}: {reason}")
            ]
        found = following.found
        numbers = [place for place in found.inputs.ravel().tolist() if not self._has_formula(found, place)]
        reason = "numbers stand where formulas are due" if numbers else f"the formulas do not compute {unit.title}"
        cells = np.array(numbers, np.int64) if numbers else found.inputs
        first = _first(found, cells)
        message = f"{unit.title}: {reason}, in {_where(found, found.inputs)}"
        finding = Finding("architecture", first, unit.name, message, count=int(cells.size))
        return _row(unit, "wrong", first, reason), [finding]

    def _following(self, at: int) -> Own | None:
        """The unit that is aligned with the next expected one, if what it reads begins a network."""
        own = self.own[self.pairs[at + 1]] if at + 1 in self.pairs else None
        return own if own is not None and None in own.unit.sources else None

    def _has_formula(self, found: Found, place: int) -> bool:
        where = found.atlas.cell(place)
        return self.recovered.book.cell(*where[:3]).formula is not None

    # What is there besides

    def _additional(self) -> Iterator[Finding]:
        known = set(self.pairs.values())
        for at, own in enumerate(self.own):
            if at not in known:
                message = f"{own.unit.title} is too much: no such layer is expected there"
                yield Finding("architecture", own.first, own.unit.name, message)

    def _ends(self) -> Iterator[Finding]:
        """The input's shape and the classes, where both sides have them."""
        if 0 in self.pairs and (own := self.own[self.pairs[0]]).unit.sources[0] is None:
            due, there = self.network.input_shape, own.unit.network.input_shape
            if due != there:
                message = f"expected an input of {shape_text(due)}, found {shape_text(there)}"
                yield Finding("architecture", _first(own.found, own.found.inputs.ravel()), "", message)
        for found in self.recovered.networks:
            classes = found.network.classes
            if classes and self.network.classes and classes != self.network.classes:
                due_text, got = ", ".join(self.network.classes), ", ".join(classes)
                yield Finding("architecture", "", "", "the classes are not those expected", due_text, got)


def _alike_weights(one: Unit, other: Unit) -> Iterator[tuple[str, str]]:
    """The keys of each array of weights of two units, layer by layer of one type."""
    waiting = list(other.nodes)
    for node in one.nodes:
        mine = next((each for each in waiting if type(each.layer) is type(node.layer)), None)
        if mine is not None:
            waiting.remove(mine)
            keys = mine.weight_keys()
            yield from ((key, keys[name]) for name, key in node.weight_keys().items() if name in keys)


def _row(unit: Unit, result: Result, first: str = "", reason: str = "") -> Grade:
    return Grade(unit.name, unit.title, result, first, reason)


def _places(found: Found, finding: Finding) -> Iterator[int]:
    """The cells that a finding names."""
    for text in {finding.cell, *finding.cells}:
        where = Range.parse(text)
        if where is not None and where.sheet in found.atlas.sheets:
            yield from found.atlas.places(where).ravel().tolist()


def _first(found: Found, cells: Places) -> str:
    """The first of some cells that there are, as reports name it."""
    known = cells[cells != NOWHERE]
    return found.atlas.cell(int(known.flat[0])).place if known.size else ""


def _where(found: Found, cells: Places) -> str:
    """Cells as few ranges."""
    ranges = found.atlas.ranges(cells)
    return ", ".join(where.place for where in ranges[:3]) + (", ..." if len(ranges) > 3 else "")
