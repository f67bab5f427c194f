"""Formulas held against their neighbours: in a block every cell computes the same from its own place.

Only where padding cuts windows off do formulas differ, and then alike for all cells that lose the same part. A
number, a text or nothing where a formula is due is a finding even where the value is right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from xlconv import layers, syntax
from xlconv.cells import Range, quote_sheet
from xlconv.check.declared import Block, Declared, Stage
from xlconv.check.report import Finding
from xlconv.network import Network
from xlconv.reader import Workbook

_QUORUM = 3
"""Fewer formulas than this say nothing about each other."""


def check(book: Workbook, net: Declared) -> list[Finding]:
    """Cells that hold no formula, or another formula than their neighbours; one finding for each."""
    findings: list[Finding] = []
    for stage in net.stages:
        for blocks in (*stage.parts.values(), stage.outputs):
            for block in blocks:
                findings += _check_block(book, net.network, stage, block)
    if net.prediction is not None:
        block = Block("output", "prediction", (), "prediction", net.prediction)
        findings += [finding for at in block.range.cells() for finding in _no_formula(book, block, at, "")]
    return findings


def _check_block(book: Workbook, network: Network, stage: Stage, block: Block) -> Iterator[Finding]:
    sheet = book.sheets[block.range.sheet]
    groups: dict[object, dict[tuple[int, int], str]] = defaultdict(dict)
    for at in block.range.cells():
        cell = sheet.cells.get(at)
        if cell is not None and cell.formula is not None:
            groups[_kind_of_place(network, stage, block, at)][at] = cell.formula
    models = {kind: model for kind, cells in groups.items() if (model := _model(cells))}
    for at in block.range.cells():
        model = models.get(_kind_of_place(network, stage, block, at))
        due = syntax.moved(model[1], at[0] - model[0][0], at[1] - model[0][1]) if model else ""
        cell = sheet.cells.get(at)
        if cell is None or cell.formula is None:
            yield from _no_formula(book, block, at, due)
        elif model and syntax.relative_form(cell.formula, *at) != model[2]:
            message = "the formula differs from its neighbours'"
            yield Finding("formula", _address(block, at), block.layer, message, f"={due}", formula=cell.formula)


def _kind_of_place(network: Network, stage: Stage, block: Block, at: tuple[int, int]) -> object:
    """Cells of one kind have the same formula, seen from their own place; None for cells with one of their own."""
    layer = stage.nodes[0].layer
    source = stage.nodes[0].inputs[0]
    if isinstance(layer, layers.Linear):
        return at
    if isinstance(layer, (layers.Conv2d, layers.MaxPool2d)):
        i, j = at[0] - block.range.row, at[1] - block.range.column
        _, height, width = network.shapes[source]
        return (
            _cut_off(i, layer.kernel_size[0], layer.stride[0], layer.padding[0], height),
            _cut_off(j, layer.kernel_size[1], layer.stride[1], layer.padding[1], width),
        )
    is_view = source in {node.name for node in network.nodes if node.layer.view}
    return at if is_view else ()


def _cut_off(at: int, kernel: int, stride: int, padding: int, size: int) -> tuple[int, int]:
    """How much of a window lies before and behind the input."""
    start = at * stride - padding
    return max(0, -start), max(0, start + kernel - size)


def _model(cells: dict[tuple[int, int], str]) -> tuple[tuple[int, int], str, str] | None:
    """A cell with the formula that more than half of them have, that formula, and its relative form."""
    if len(cells) < _QUORUM:
        return None
    forms = {at: syntax.relative_form(formula, *at) for at, formula in cells.items()}
    form, count = Counter(forms.values()).most_common(1)[0]
    if 2 * count <= len(cells):
        return None
    at = next(at for at, each in forms.items() if each == form)
    return at, cells[at], form


def _no_formula(book: Workbook, block: Block, at: tuple[int, int], due: str) -> Iterator[Finding]:
    cell = book.cell(block.range.sheet, *at)
    if cell.formula is not None:
        return
    expected = f"={due}" if due else "a formula"
    if cell.value is None:
        yield Finding("blank", _address(block, at), block.layer, "blank where a formula is due", expected, "blank")
    else:
        message = "a constant where a formula is due"
        yield Finding("constant", _address(block, at), block.layer, message, expected, str(cell.value))


def _address(block: Block, at: tuple[int, int]) -> str:
    return f"{quote_sheet(block.range.sheet)}!{Range('', *at).address}"
