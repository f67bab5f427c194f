"""Formulas held against their neighbours: in a block every cell computes the same from its own place.

Only where padding cuts windows off do formulas differ, and then alike for all cells that lose the same part. Cells of a
Linear layer have weights of their own each, so that they have no such neighbours. A number, a text or nothing where a
formula is due is a finding even where the value is right, and so are words that the layer has no need of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from xlconv import layers, syntax
from xlconv.cells import Range
from xlconv.check import vocabulary
from xlconv.check.declared import Block, Declared, Stage
from xlconv.check.report import Finding
from xlconv.network import INPUT, Network
from xlconv.reader import Workbook

Place: TypeAlias = tuple[int, int]
"""Row and column of a cell."""


class Formula(NamedTuple):
    """A cell's formula, as it stands and seen from the cell."""

    text: str
    relative: str


_QUORUM = 3
"""Fewer formulas than this say nothing about each other."""


def check(book: Workbook, net: Declared) -> list[Finding]:
    """Cells that hold no formula, or another formula than their neighbours; one finding for each."""
    findings: list[Finding] = []
    for stage in net.stages:
        for blocks in (*stage.parts.values(), stage.outputs):
            for block in blocks:
                findings += _check_block(book, net, stage, block)
    if net.prediction is not None:
        block = Block("output", "prediction", (), "prediction", net.prediction)
        at = (block.range.row, block.range.column)
        formula = book.cell(block.range.sheet, *at).formula
        findings += _no_formula(book, block, at, _due(None, at))
        if formula is not None:
            findings += _foreign_words(block, at, formula, vocabulary.of_prediction(net), 1)
    return findings


def _check_block(book: Workbook, net: Declared, stage: Stage, block: Block) -> Iterator[Finding]:
    sheet = book.sheets[block.range.sheet]
    kind_of_place = _kinds_of_place(net.network, stage, block)
    words = vocabulary.of_block(net, stage, block)
    groups: dict[object, dict[Place, Formula]] = defaultdict(dict)
    for at in block.range.cells():
        cell = sheet.cells.get(at)
        if cell is not None and cell.formula is not None:
            relative = syntax.relative_form(cell.formula, *at)
            groups[kind_of_place(at)][at] = Formula(cell.formula, relative)
    models = {kind: _model(formulas) for kind, formulas in groups.items()}
    for at in block.range.cells():
        kind = kind_of_place(at)
        model, formula = models.get(kind), groups[kind].get(at)
        if formula is None:
            yield from _no_formula(book, block, at, _due(model, at))
        elif model and formula.relative != model[1].relative:
            message = "the formula differs from its neighbours'"
            yield Finding("formula", _address(block, at), block.layer, message, _due(model, at), formula=formula.text)
        elif model is None or at == model[0]:
            like = sum(each.relative == formula.relative for each in groups[kind].values())
            yield from _foreign_words(block, at, formula.text, words, like)


def _foreign_words(block: Block, at: Place, formula: str, words: vocabulary.Words, like: int) -> Iterator[Finding]:
    objection = vocabulary.objection(formula, block.range.sheet, words)
    if objection:
        message = objection if like == 1 else f"{objection} ({like:,} cells like this one)"
        yield Finding("vocabulary", _address(block, at), block.layer, message, formula=formula)


def _due(model: tuple[Place, Formula] | None, at: Place) -> str:
    """The formula that belongs at a place, by the model of its kind."""
    if model is None:
        return "a formula"
    (row, column), formula = model
    return f"={syntax.moved(formula.text, at[0] - row, at[1] - column)}"


def _kinds_of_place(network: Network, stage: Stage, block: Block) -> Callable[[Place], object]:
    """Cells of one kind have the same formula, seen from their own place; some have one of their own."""
    layer, source = stage.nodes[0].layer, stage.nodes[0].inputs[0]
    if isinstance(layer, (layers.Conv2d, layers.MaxPool2d)):
        _, *size = network.shapes[source]
        sides = list(zip(layer.kernel_size, layer.stride, layer.padding, size, strict=True))
        rows = [_cut_off(i, *sides[0]) for i in range(block.range.height)]
        columns = [_cut_off(j, *sides[1]) for j in range(block.range.width)]
        return lambda at: (rows[at[0] - block.range.row], columns[at[1] - block.range.column])
    is_view = source != INPUT and network[source].layer.view
    if isinstance(layer, layers.Linear) or is_view:
        return lambda at: at
    return lambda _: ()


def _cut_off(at: int, kernel: int, stride: int, padding: int, size: int) -> tuple[int, int]:
    """How much of a window lies before and behind the input."""
    start = at * stride - padding
    return max(0, -start), max(0, start + kernel - size)


def _model(formulas: dict[Place, Formula]) -> tuple[Place, Formula] | None:
    """A cell with the formula that more than half of its kind have."""
    if len(formulas) < _QUORUM:
        return None
    form, count = Counter(formula.relative for formula in formulas.values()).most_common(1)[0]
    if 2 * count <= len(formulas):
        return None
    return next((at, formula) for at, formula in formulas.items() if formula.relative == form)


def _no_formula(book: Workbook, block: Block, at: Place, due: str) -> Iterator[Finding]:
    cell = book.cell(block.range.sheet, *at)
    if cell.formula is not None:
        return
    if cell.value is None:
        yield Finding("blank", _address(block, at), block.layer, "blank where a formula is due", due, "blank")
    else:
        message = "a constant where a formula is due"
        yield Finding("constant", _address(block, at), block.layer, message, due, str(cell.value))


def _address(block: Block, at: Place) -> str:
    return Range(block.range.sheet, *at).place
