"""The kinds of faults that are planted: what happens to formulas under people's hands, and what would hide best.

Each kind is a function of a cell and a source of chance; it gives what the cell is to hold, or None where it does not
fit the cell. Whether a fault changes any value is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Final, TypeAlias

import numpy as np

from xlconv.cells import Range, Value
from xlconv.formula import notation
from xlconv.places import Places
from xlconv.reader import Cell, Workbook
from xlconv.recover.found import Found
from xlconv.selftest.formula import Call, ParsedFormula, Reference, Span

_STEPS: Final = ((1, 0), (-1, 0), (0, 1), (0, -1))
_ADDED: Final = ("1", "-0.5", "0.001", "0.0000001")
_WRONG: Final = {"MAX": "MIN", "MIN": "MAX", "SUM": "AVERAGE", "SUMPRODUCT": "SUM", "EXP": "ABS", "MMULT": "SUMPRODUCT"}
"""What is taken for what."""


@dataclass(frozen=True)
class Target:
    """A cell with a formula, and what a fault may need to know of its surroundings.

    Args:
        book: The workbook.
        found: The network whose cell it is.
        where: The cell.
        text: Its formula.
        shown: What it shows for the workbook's own input.
        near: Cells of the same block, the nearest first.
        spread: Whether the formula fills further cells.
    """

    book: Workbook
    found: Found
    where: Range
    text: str
    shown: Value
    near: Sequence[Range]
    spread: bool

    @cached_property
    def formula(self) -> ParsedFormula:
        """The formula in pieces."""
        return ParsedFormula.parse(self.text)

    @cached_property
    def references(self) -> list[tuple[int, Reference]]:
        """The pieces that are addresses."""
        found = ((at, Reference.parse(self.formula.pieces[at].text)) for at in self.formula.of("reference"))
        return [(at, reference) for at, reference in found if reference is not None]

    def range_of(self, at: int) -> Range | None:
        """The cells that a piece means: an address or a defined name."""
        text = self.formula.pieces[at].text
        found = notation.reference(text, self.where.sheet)
        return self.book.named_range(text) if found is None else found[0]

    def reads(self, at: int, cells: Places) -> bool:
        """Whether a piece means some of these cells."""
        where = self.range_of(at)
        if where is None or where.sheet not in self.book.sheets:
            return False
        return bool(self.found.atlas.within(cells, where).any())


Made: TypeAlias = Cell | None


def _formula(text: str | None) -> Made:
    return None if text is None else Cell(text, None)


def move_reference(target: Target, rng: Random) -> Made:
    """A window or a kernel one row or column beside the right one."""
    if not target.references:
        return None
    at, reference = rng.choice(target.references)
    moved = reference.moved(*rng.choice(_STEPS))
    return _formula(target.formula.with_piece(at, str(moved)) if moved.exists else None)


def resize_range(target: Target, rng: Random) -> Made:
    """A range smaller or larger by one row or column."""
    ranges = [(at, reference) for at, reference in target.references if len(reference.corners) == 2]
    if not ranges:
        return None
    at, reference = rng.choice(ranges)
    corners = list(reference.corners)
    corner = rng.randrange(2)
    corners[corner] = corners[corner].moved(*rng.choice(_STEPS))
    resized = reference._replace(corners=tuple(corners))
    return _formula(target.formula.with_piece(at, str(resized)) if resized.exists else None)


def swap_references(target: Target, rng: Random) -> Made:
    """Two references exchanged."""
    return _swapped(target, target.formula.of("reference"), rng)


def swap_kernels(target: Target, rng: Random) -> Made:
    """Two kernels or biases of one size exchanged."""
    weights = np.concatenate([np.empty(0, np.int64), *(cells.ravel() for cells in target.found.weights.values())])
    found = [at for at in target.formula.of("reference") if target.reads(at, weights)]
    sizes = [range_ and range_[3:] for range_ in map(target.range_of, found)]
    size = rng.choice(sizes) if sizes else None
    return _swapped(target, [at for at, each in zip(found, sizes, strict=True) if each == size], rng)


def _swapped(target: Target, pieces: Sequence[int], rng: Random) -> Made:
    if len({target.formula.pieces[at].text for at in pieces}) < 2:
        return None
    one = rng.choice(pieces)
    text = target.formula.pieces[one].text
    other = rng.choice([at for at in pieces if target.formula.pieces[at].text != text])
    swap = {(one, one + 1): target.formula.pieces[other].text, (other, other + 1): text}
    return _formula(target.formula.replaced(swap))


def drop_relu(target: Target, rng: Random) -> Made:
    """What is cut off below zero, not cut off."""
    relus = list(_relus(target.formula))
    if not relus:
        return None
    call, inner = rng.choice(relus)
    return _formula(target.formula.replaced({(call.at, call.end): f"({target.formula.text(*inner)})"}))


def leak_relu(target: Target, rng: Random) -> Made:
    """A hundredth let through below zero."""
    relus = list(_relus(target.formula))
    if not relus:
        return None
    call, inner = rng.choice(relus)
    text = target.formula.text(*inner)
    return _formula(target.formula.replaced({(call.at, call.end): f"MAX(0.01*({text}),{text})"}))


def _relus(formula: ParsedFormula) -> Iterator[tuple[Call, Span]]:
    """`MAX(0, ...)` either way round and `IF(... > 0, ..., 0)`, each with what is cut off."""
    for call in formula.calls:
        name, texts = formula.pieces[call.at].text.upper(), [formula.text(*span) for span in call.arguments]
        if name == "MAX(" and len(texts) == 2 and "0" in texts:
            yield call, call.arguments[1 - texts.index("0")]
        elif name == "IF(" and len(texts) == 3 and texts[2] == "0":
            yield call, call.arguments[1]


def drop_term(target: Target, rng: Random) -> Made:
    """One term of a sum, or one of several arguments, left out."""
    formula = target.formula
    terms = [
        (start - (place > 0), end + (place == 0)) for sum_ in formula.sums() for place, (start, end) in enumerate(sum_)
    ]
    arguments = [
        (start - (place > 0), end + (place == 0))
        for call in formula.calls
        if len(call.arguments) > 1 and formula.pieces[call.at].text.upper() in ("SUM(", "MAX(")
        for place, (start, end) in enumerate(call.arguments)
        if formula.text(start, end) != "0"
    ]
    found = terms or arguments
    return _formula(formula.replaced({rng.choice(found): ""}) if found else None)


def drop_bias(target: Target, _: Random) -> Made:
    """The bias left out."""
    biases = [cells.ravel() for key, cells in target.found.weights.items() if key.endswith(".bias")]
    bias = np.concatenate([np.empty(0, np.int64), *biases])
    for at in target.formula.of("reference"):
        if target.reads(at, bias):
            return _formula(target.formula.with_piece(at, "0"))
    return None


def add_constant(target: Target, rng: Random) -> Made:
    """A number added, large or hardly to be seen."""
    added = rng.choice(_ADDED)
    return _formula(f"({target.text})+{added}")


def change_constant(target: Target, rng: Random) -> Made:
    """Another number in the formula."""
    numbers = target.formula.of("number")
    if not numbers:
        return None
    at = rng.choice(numbers)
    number = float(target.formula.pieces[at].text)
    changed = rng.choice([number + 1, number + 0.001, 2 * number + 3, max(0.0, number - 1)])
    return _formula(target.formula.with_piece(at, _spelled(changed))) if changed != number else None


def _spelled(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def paste_value(target: Target, _: Random) -> Made:
    """The value in the place of the formula, right as it is."""
    return None if target.spread or target.shown is None else Cell(None, target.shown)


def paste_neighbour(target: Target, rng: Random) -> Made:
    """A neighbour's formula as it stands, with the neighbour's addresses."""
    near = [target.book.cell(*where[:3]).formula for where in target.near[:4]]
    texts = [text for text in near if text is not None and text != target.text]
    return _formula(rng.choice(texts)) if texts and not target.spread else None


def blank(target: Target, _: Random) -> Made:
    """Nothing in the cell."""
    return None if target.spread else Cell(None, None)


def fit_one_input(target: Target, rng: Random) -> Made:
    """Right for the workbook's own input only, which the formula knows by one of its numbers."""
    found = target.found
    at = int(rng.choice(np.flatnonzero(found.x).tolist() or range(found.x.size)))
    number = repr(float(found.x.flat[at]))
    return _formula(f"IF({found.atlas.cell(int(found.inputs.flat[at])).reference}={number},{target.text},0)")


def round_off(target: Target, _: Random) -> Made:
    """Six decimal places."""
    return _formula(f"ROUND({target.text},6)")


def catch_errors(target: Target, _: Random) -> Made:
    """0 in the place of an error, which there is none of."""
    return _formula(f"IFERROR({target.text},0)")


def change_dollars(target: Target, rng: Random) -> Made:
    """Other `$` in a reference: it matters only when the formula is copied."""
    if not target.references:
        return None
    at, reference = rng.choice(target.references)
    marks = rng.choice([("", ""), ("$", ""), ("", "$"), ("$", "$")])
    changed = reference._replace(corners=tuple(corner._replace(marks=marks) for corner in reference.corners))
    return _formula(target.formula.with_piece(at, str(changed)) if changed != reference else None)


def change_sign(target: Target, rng: Random) -> Made:
    """A minus for a plus, or before everything."""
    signs = [start - 1 for sum_ in target.formula.sums() for start, _ in sum_[1:]]
    if not signs:
        return _formula(f"-({target.text})")
    at = rng.choice(signs)
    return _formula(target.formula.with_piece(at, "+" if target.formula.pieces[at].text == "-" else "-"))


def wrong_function(target: Target, rng: Random) -> Made:
    """Another function, such as MIN for MAX."""
    pieces = [(at, target.formula.pieces[at].text[:-1].upper()) for at in target.formula.of("function")]
    known = [(at, name) for at, name in pieces if name in _WRONG]
    if not known:
        return None
    at, name = rng.choice(known)
    return _formula(target.formula.with_piece(at, f"{_WRONG[name]}("))


KINDS: Final[dict[str, Callable[[Target, Random], Made]]] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        move_reference,
        resize_range,
        swap_references,
        swap_kernels,
        drop_relu,
        leak_relu,
        drop_term,
        drop_bias,
        add_constant,
        change_constant,
        paste_value,
        paste_neighbour,
        blank,
        fit_one_input,
        round_off,
        catch_errors,
        change_dollars,
        change_sign,
        wrong_function,
    )
}
"""By name."""
