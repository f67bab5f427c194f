"""What there is to say of a workbook as a whole, beside its networks' formulas and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from operator import itemgetter

import numpy as np

from xlconv import places, reader, reference
from xlconv.cells import Range, label
from xlconv.check.audit import audit
from xlconv.check.explore import Explorer
from xlconv.places import Atlas, Places
from xlconv.recover import Recovered
from xlconv.recover.found import Found
from xlconv.recover.reading import Reading
from xlconv.report import Finding


def is_computed(book: reader.Workbook, found: Found) -> bool:
    """Whether a network's input are formulas: a block of cells that no layer was recognised in."""
    return found.choices is None and any(
        cell.formula is not None
        for sheet, row, column in found.atlas.cells(found.inputs)
        if (cell := book.sheets[sheet].cells.get((row, column))) is not None
    )


def not_numbers(recovered: Recovered, found: Found) -> list[Finding]:
    """Input and weight cells that hold no plain number."""
    findings = []
    for where in found.given.not_numbers:
        cell = recovered.book.cell(*where[:3])
        message = f"{found.what(found.atlas.place(*where[:3]))} holds no plain number"
        got = "" if cell.formula else str(cell.value)
        findings.append(Finding("not-a-number", where.place, "", message, "", got, cell.formula or ""))
    return findings


def given(recovered: Recovered, found: Found) -> list[str]:
    """Notes on input and weight cells that are formulas of numbers alone, and on blank ones."""
    notes, constants, blank = [], found.given.constants, found.given.blank
    if constants:
        formula = recovered.book.cell(*constants[0][:3]).formula
        one = f"is a formula of numbers alone (={formula}), and taken for what it comes to"
        many = "are formulas of numbers alone, and taken for what they come to"
        notes.append(_said(constants, one, many, f" (={formula})"))
    if blank:
        notes.append(_said(blank, "is blank, and taken for 0", "are blank, and taken for 0"))
    return notes


def _said(cells: Sequence[Range], one: str, many: str, of_first: str = "") -> str:
    """What is so of one cell, or of some inputs or weights."""
    first = cells[0].place
    if len(cells) == 1:
        return f"{first} {one}"
    return f"{len(cells):,} inputs or weights {many}: {first}{of_first} and others"


def views(recovered: Recovered, found: Found) -> list[Finding]:
    """What is wrong with the names of a network's views, and formulas that bear such a name and show nothing."""
    explorer = Explorer.of(recovered.book, found)
    left = np.setdiff1d(found.views, explorer.places) if explorer else found.views
    findings = list(explorer.findings) if explorer else []
    if left.size:
        first = found.atlas.cell(int(left[0]))
        message = "is named as a part of the worksheet Explore, but shows nothing of this network"
        formula = recovered.book.cell(*first[:3]).formula or ""
        findings.append(Finding("explore", first.place, "", message, formula=formula, count=int(left.size)))
    return findings


def goes_on(recovered: Recovered) -> bool:
    """Whether a network begins in cells that another one computes, so that what lies between was not recognised."""
    computed = [found.computed for found in recovered.networks]
    begun = [found.inputs.ravel() for found in recovered.networks]
    return any(np.isin(inputs, cells).any() for inputs in begun for cells in computed)


def iterative(recovered: Recovered) -> list[Finding]:
    """Circular references, where the workbook asks for them to be followed round and round: that hides them."""
    if not recovered.book.calculation.iterative:
        return []
    cells = [recovered.reading.atlas.cell(place).place for place in _circle(recovered.reading)]
    if not cells:
        return []
    message = "circular references are followed round and round (iterative calculation), through this cell"
    return [Finding("calculation-mode", cells[0], "", message, count=len(set(cells)), cells=tuple(cells[:100]))]


def _circle(reading: Reading) -> list[int]:
    """Cells of one circular reference, in order, or none."""
    cell, source = reading.precedents
    inner = places.find(source, np.unique(cell)) >= 0
    graph: dict[int, list[int]] = {}
    for one, other in zip(cell[inner].tolist(), source[inner].tolist(), strict=True):
        graph.setdefault(one, []).append(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def audited(recovered: Recovered, apart: Places, proved: Places) -> list[Finding]:
    """What the formulas of a workbook show by themselves.

    What a stranger's formulas read that belong to no layer is the stranger's own affair: blank cells may be filled
    later, and headings count as nothing.

    Args:
        recovered: The workbook and its networks.
        apart: Cells with formulas of somebody's own, apart from the networks.
        proved: Cells that are what their layers say for all weights: numbers in them are none.
    """
    networks = recovered.networks
    is_said = any(each.declared for each in networks)
    known = _by_sheet((each.atlas, np.union1d(each.owned, each.formulas)) for each in networks)
    numbers = [(each.atlas, np.union1d(each.views, each.constants)) for each in networks]
    rest = np.union1d(apart, proved)
    found = audit(recovered.book, known, _by_sheet([*numbers, (recovered.reading.atlas, rest)]))
    return found if is_said else [each for each in found if each.rule != "reads-blank"]


def _by_sheet(found: Iterable[tuple[Atlas, Places]]) -> dict[str, set[tuple[int, int]]]:
    """Cells of several networks, by worksheet."""
    cells: dict[str, set[tuple[int, int]]] = {}
    for atlas, known in found:
        for sheet, here in groupby(atlas.cells(np.sort(known)), itemgetter(0)):
            cells.setdefault(sheet, set()).update(map(itemgetter(1, 2), here))
    return cells


def mislabelled(found: Found) -> list[str]:
    """A note where the network predicts the label of fewer than half of the workbook's samples."""
    network, own = found.network, found.choices
    last = network.nodes[-1].name
    if own is None or len(network.shapes[last]) != 1 or not own.labels:
        return []
    names = network.classes or [str(n) for n in range(network.shapes[last][0])]
    predicted = (names[reference.predict(network, reference.forward(network, x))] for x in own.samples)
    right = sum(name == label(each) for name, each in zip(predicted, own.labels, strict=True))
    if 2 * right >= len(own.labels):
        return []
    return [
        f"the network predicts the label of {right} of the {len(own.labels)} samples: are classes and samples its own?"
    ]
