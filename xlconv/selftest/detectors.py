"""The parts of the check, each by itself: what each of them says of a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from xlconv import check
from xlconv.cells import Range
from xlconv.check import beside, choices, every, inputs, structure, values, whole
from xlconv.check.needed import Needs
from xlconv.check.numbers import Numbers
from xlconv.engines import Engine
from xlconv.reader import Workbook
from xlconv.recover import Recovered
from xlconv.recover.proof import Proof
from xlconv.report import Finding

DETECTORS: Final = ("structure", "values", "audit", "pages")


class Flag(NamedTuple):
    """A cell that is said to be wrong.

    Args:
        rule: By which rule.
        cell: As findings name it; empty where none is named.
        counts: Whether a workbook with such a finding does not agree: it differs, or is not proved.
    """

    rule: str
    cell: str
    counts: bool


def recognised(book: Workbook) -> Recovered:
    """The networks that the check works on."""
    return check.networks_of(book)


def flags(
    recovered: Recovered, engine: Engine, trials: Sequence[Sequence[inputs.Trial]], changed: Range | None = None
) -> list[set[Flag]]:
    """What each of `DETECTORS` says.

    Args:
        recovered: The workbook and its networks.
        engine: Recalculates it.
        trials: For each network.
        changed: The one cell that is in doubt, if there is but one: of pages only tables that hold it are computed.

    Raises:
        EngineError: The engine cannot compute the workbook.
    """
    book, found, proved = recovered.book, [set[Flag]() for _ in DETECTORS], [np.empty(0, np.int64)]
    numbers = Numbers(recovered.reading)
    for network, chosen in zip(recovered.networks, trials, strict=True):
        own = replace(chosen[0], is_changed=whole.is_computed(book, network))
        tried = [own, *chosen[1:]]
        found[0].update(_flags(whole.not_numbers(recovered, network)))
        proof = Proof(network, recovered.reading)
        proved.append(proof.proved_cells)
        found[0].update(_flags(structure.check(book, network, recovered.reading, proof)))
        unproved = choices.not_proved(network, recovered.reading, proof)
        found[0].update(_flags([*unproved, *whole.views(recovered, network)]))
        found[1].update(_flags(values.compare(book, network, engine, tried, check.TOLERANCE).findings))
        for page in every.pages(network, recovered.reading, numbers, check.TOLERANCE, changed):
            found[3].update(_flags(page.findings))
    around = beside.beside(recovered, Needs(book, recovered.reading.groups, recovered.reading.atlas))
    found[0].update(_flags([*whole.iterative(recovered), *beside.finding(recovered, around.unchecked)]))
    found[2].update(_flags(whole.audited(recovered, around.apart, np.concatenate(proved))))
    return found


def _flags(findings: Sequence[Finding]) -> Iterator[Flag]:
    for finding in findings:
        for cell in finding.cells or (finding.cell,):
            yield Flag(finding.rule, cell, finding.severity == "error" or finding.rule == "not-proved")
