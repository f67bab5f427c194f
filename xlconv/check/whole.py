"""What there is to say of a workbook as a whole, beside its networks' formulas and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

import numpy as np

from xlconv import places, reader, reference
from xlconv.cells import label
from xlconv.check.audit import audit
from xlconv.check.explore import Explorer
from xlconv.check.report import Finding
from xlconv.places import Atlas, Places
from xlconv.recover import Recovered
from xlconv.recover.found import Found
from xlconv.recover.reading import Reading


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
    for place in found.not_numbers:
        where = found.atlas.cell(place)
        cell = recovered.book.cell(*where[:3])
        got = "a blank cell" if cell.value is None else str(cell.value)
        message = f"{found.what(place)} holds no plain number"
        findings.append(
            Finding("not-a-number", where.place, "", message, "", "" if cell.formula else got, cell.formula or "")
        )
    return findings


def constants(recovered: Recovered, found: Found) -> list[str]:
    """A note on input and weight cells that are formulas of numbers alone."""
    if not found.constants:
        return []
    first, count = found.atlas.cell(found.constants[0]), len(found.constants)
    formula = recovered.book.cell(*first[:3]).formula
    if count == 1:
        return [f"{first.place} is a formula of numbers alone (={formula}), and taken for what it comes to"]
    said = f"{count:,} inputs or weights are formulas of numbers alone, and taken for what they come to"
    return [f"{said}: {first.place} (={formula}) and others"]


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


def audited(recovered: Recovered) -> list[Finding]:
    """What the formulas of a workbook show by themselves."""
    networks = recovered.networks
    known = _by_sheet((each.atlas, np.union1d(each.owned, each.formulas)) for each in networks)
    own_numbers = ((each.atlas, np.union1d(each.views, np.array(each.constants, np.int64))) for each in networks)
    return audit(recovered.book, known, _by_sheet(own_numbers))


def _by_sheet(found: Iterable[tuple[Atlas, Places]]) -> dict[str, set[tuple[int, int]]]:
    """Cells of several networks, by worksheet."""
    cells: dict[str, set[tuple[int, int]]] = {}
    for atlas, known in found:
        for sheet, row, column in atlas.cells(known):
            cells.setdefault(sheet, set()).add((row, column))
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
