"""A formula walked under an interpretation, for all cells that share it and all lanes at once.

It is not a spreadsheet engine, and never the only witness: what is computed here is judged in real engines, too. What
it does not know, such as functions that give something else each time, makes values unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Generic, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.formula.array import (
    BLANK,
    BOOLEAN,
    ERROR,
    NUMBER,
    TEXT,
    TEXTS,
    UNKNOWN,
    Array,
    E,
    Kinds,
    doubted,
    of_numbers,
    settled,
    worst,
)
from xlconv.formula.elements import Flags
from xlconv.formula.idioms import LARGE, LARGEST, clamped
from xlconv.formula.patterns import Pattern
from xlconv.formula.state import State
from xlconv.formula.tree import Node
from xlconv.places import Places

Function: TypeAlias = Callable[["Walk[Any]", tuple[Node, ...]], Array[Any]]

FUNCTIONS: Final[dict[str, Function]] = {}
"""By the name in capitals, with the prefix that Excel writes before it, if any."""

_LANES: Final = 100
"""So many are worth being compared with each other."""
_ARITHMETIC: Final = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "^": "power"}
_NEARLY: Final = 1e-14
_COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=")


def function(*names: str) -> Callable[[Function], Function]:
    """Make a function known by its names."""

    def known(made: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, made))
        return made

    return known


@dataclass
class Walk(Generic[E]):
    """One formula for some cells.

    Args:
        state: What cells hold.
        pattern: The formula.
        cells: (N,) the cells.
        at: (N, ranges) for each cell the first place of each range that the formula reads.
        numbers: (N or 1, numbers) for each cell, or for all, the numbers that the formula holds.
        found: Where ranges are in the state, and in what there is of it for some of the lanes.
    """

    state: State[E]
    pattern: Pattern
    cells: Places
    at: Places
    numbers: NDArray[np.float64]
    found: dict[int, Places] = field(default_factory=dict, kw_only=True)

    @property
    def elements(self) -> type[E]:
        """The interpretation's."""
        return self.state.elements

    def result(self) -> Array[E]:
        """What each cell shows: (cells, lanes or 1, 1, 1); unknown where the formula gives an array."""
        tree = self.pattern.tree
        found = self.value(tree)
        if not found.is_single and tree.kind == "reference":
            found = self.crossed(tree)
        if not found.is_single:
            return self.unknown()
        return Array(np.where(found.kinds == BLANK, np.uint8(NUMBER), found.kinds), found.numbers)

    def shown(self) -> Array[E]:
        """The same; where few cells are read that differ from lane to lane, once for lanes that are alike."""
        read = (self._where(ref) for ref in range(len(self.pattern.sizes)))
        alike = self.state.alike(read) if self.state.lanes > _LANES else None
        if alike is None:
            return self.result()
        found = _narrowed(self.only(alike[0]).result())
        kinds, numbers = found.kinds, found.numbers
        return Array(
            kinds if kinds.shape[1] == 1 else kinds[:, alike[1]],
            numbers if numbers.shape[1] == 1 else numbers[:, alike[1]],
        )

    def apart(self) -> list[Self]:
        """Cells that read something that differs from lane to lane, and the others, which show one value in all."""
        if self.state.lanes == 1:
            return [self]
        differs = np.zeros(self.cells.size, bool)
        for ref in range(len(self.pattern.sizes)):
            differs |= self.state.differs(self._where(ref))
        if differs.all() or not differs.any():
            return [self]
        return [self._part(np.flatnonzero(some)) for some in (differs, ~differs)]

    def _part(self, some: NDArray[np.int64]) -> Self:
        """The same formula in some of the cells."""
        numbers = self.numbers if len(self.numbers) == 1 else self.numbers[some]
        found = {ref: at if len(at) == 1 else at[some] for ref, at in self.found.items()}
        return replace(self, cells=self.cells[some], at=self.at[some], numbers=numbers, found=found)

    def value(self, node: Node) -> Array[E]:
        """What a part of the formula is."""
        match node.kind:
            case "reference":
                return self._read(node)
            case "number":
                return self._number(int(node.text))
            case "text":
                return self.constant(TEXT, float(TEXTS.number(node.text)))
            case "operator":
                return self._operation(node)
            case "function":
                return self._function(node)
            case "array":
                return self._array(node)
            case "boolean":
                return self.constant(BOOLEAN, float(node.text == "TRUE"))
            case "missing":
                return self.constant(BLANK, 0.0)
        return self.unknown()

    def values(self, nodes: Sequence[Node]) -> list[Array[E]]:
        """What some parts are."""
        return [self.value(node) for node in nodes]

    def constant(self, kind: int, number: float) -> Array[E]:
        """One value for all."""
        return _constant(self.elements, kind, number)

    def number(self, number: float) -> Array[E]:
        """One number for all."""
        return self.constant(NUMBER, number)

    def _number(self, at: int) -> Array[E]:
        numbers = self.numbers[:, at]
        if numbers.size == 1 or (numbers == numbers[0]).all():
            return self.number(float(numbers[0]))
        return of_numbers(self.elements.of(numbers[:, None, None, None]))

    def unknown(self) -> Array[E]:
        """What is not known."""
        return self.constant(UNKNOWN, 0.0)

    def error(self) -> Array[E]:
        """An error value."""
        return self.constant(ERROR, 0.0)

    def only(self, lanes: NDArray[np.int64]) -> Self:
        """The same formula in some of the lanes."""
        return replace(self, state=self.state.only(lanes))

    # References

    def _read(self, node: Node) -> Array[E]:
        ref = int(node.text)
        held = self.state.held(self._where(ref))
        return replace(held, is_cut=True) if ref in self.pattern.cut else held

    def _where(self, ref: int) -> Places:
        """(cells or 1, rows, columns): where a range is in the state, from each cell; it is looked up once."""
        if ref not in self.found:
            first = self.at[:, ref]
            if first.size and (first == first[0]).all():
                first = first[:1]
            self.found[ref] = self.state.where(first, *self.pattern.sizes[ref])
        return self.found[ref]

    def crossed(self, node: Node) -> Array[E]:
        """The cell of a range that stands in each cell's own row or column."""
        if node.kind != "reference" or 1 not in self.pattern.sizes[int(node.text)]:
            return self.unknown()
        first, size = self.at[:, int(node.text)], self.pattern.sizes[int(node.text)]
        by_column = size[0] == 1
        side = places.columns if by_column else places.rows
        at, count = side(self.cells) - side(first), max(size)
        inside = (at >= 0) & (at < count)
        step = np.clip(at, 0, count - 1)
        taken = first + (places.shift(0 * step, step) if by_column else places.shift(step, 0 * step))
        return self.state.at(taken[:, None, None]).where(inside[:, None, None, None], self.error())

    # Operators

    def _operation(self, node: Node) -> Array[E]:
        operator, operands = node.text, node.children
        if operator == "@" and len(operands) == 1:
            value = self.value(operands[0])
            return value if value.is_single else self.crossed(operands[0])
        if len(operands) == 1 and operator in ("+", "-", "%"):
            return self._sign(operator, self.value(operands[0]))
        if operator == "&":
            return FUNCTIONS["CONCATENATE"](self, operands)
        if len(operands) != 2:
            return self.unknown()
        left, right = self.values(operands)
        if operator in _ARITHMETIC:
            found = self.arithmetic(operator, left, right)
            return self._without_clamp(node, found) if self.elements.is_exact else found
        if operator in _COMPARISONS:
            return self.compared(operator, left, right)
        return self.unknown()

    def _without_clamp(self, quotient: Node, found: Array[E]) -> Array[E]:
        """What a quotient is in exact arithmetic, where no exponential has to be kept from overflowing."""
        for each in clamped(quotient):
            if all(part.kind == "number" for part in (*each.ones, each.limit)):
                one, other, limit = (self.numbers[:, int(part.text)] for part in (*each.ones, each.limit))
                is_plain = (one == 1) & (other == 1) & (limit >= LARGE) & (limit <= LARGEST)
                plain = self.arithmetic("/", *self.values(each.plain.children))
                found = plain.where(is_plain[:, None, None, None], found)
        return found

    def _sign(self, operator: str, operand: Array[E]) -> Array[E]:
        if operator == "+":
            return operand
        number = self.as_number(operand)
        numbers = -number.numbers if operator == "-" else number.numbers / self.number(100.0).numbers
        return Array(number.kinds, numbers)

    def arithmetic(self, operator: str, left: Array[E], right: Array[E]) -> Array[E]:
        """`left operator right`, element by element."""
        a, b = self.as_number(left), self.as_number(right)
        if not fits(a, b):
            return self.unknown()
        kinds = worst([a, b])
        if operator == "^":
            kinds = doubted(kinds, _differs(a.numbers.known(), b.numbers.known()))
        return settled(kinds, getattr(a.numbers, _ARITHMETIC[operator])(b.numbers))

    def compared(self, operator: str, left: Array[E], right: Array[E]) -> Array[E]:
        """`left operator right`: numbers are less than texts, and texts less than truth values."""
        if not fits(left, right):
            return self.unknown()
        if operator in ("=", "<>") and not self.elements.is_exact:
            for value, other in ((left, right), (right, left)):
                if _is_empty_text(other):
                    return self._compared_with_nothing(value, is_asked=operator == "=")
        if not (_is_empty_text(left) or _is_empty_text(right)):
            left, right = self.folded(left), self.folded(right)
        a, b = _alike(left, right.kinds), _alike(right, left.kinds)
        kinds, unequal = worst([a, b]), a.kinds != b.kinds
        kinds = np.where(kinds >= ERROR, kinds, np.uint8(BOOLEAN))
        if operator not in ("=", "<>"):  # how texts are sorted differs from language to language
            kinds = np.where((a.kinds == TEXT) & (b.kinds == TEXT), np.uint8(UNKNOWN), kinds)
        if not self.elements.is_exact:
            kinds = doubted(kinds, _nearly(a.numbers.known(), b.numbers.known()))
        by_number = a.numbers.compared(operator, b.numbers)
        if not unequal.any():
            return Array(kinds, by_number)
        if operator in ("=", "<>"):
            return Array(kinds, self.number(float(operator == "<>")).numbers.where(unequal, by_number))
        ranks = [self.elements.of(_RANKS[each.kinds]) for each in (a, b)]
        return Array(kinds, ranks[0].compared(operator, ranks[1]).where(unequal, by_number))

    def _compared_with_nothing(self, value: Array[E], *, is_asked: bool) -> Array[E]:
        """Whether each is an empty text, or blank, if that is asked; else whether it is something."""
        kinds = np.where(value.kinds >= ERROR, value.kinds, np.uint8(BOOLEAN))
        if value.kinds.size == 1 and value.kinds[0, 0, 0, 0] not in (TEXT, BLANK):
            return Array(kinds, self.elements.of(np.full((1, 1, *value.size), float(not is_asked))))
        is_nothing = ((value.kinds == TEXT) & (value.numbers.known() == 0)) | (value.kinds == BLANK)
        return Array(kinds, self.elements.of(is_nothing == is_asked))

    def folded(self, values: Array[E]) -> Array[E]:
        """With texts in small letters, as they are compared."""
        texts = values.kinds == TEXT
        if not texts.any():
            return values
        folded = self.elements.of(TEXTS.each(TEXTS.folded, np.where(texts, values.numbers.known(), 0.0)))
        return Array(values.kinds, folded if texts.all() else folded.where(texts, values.numbers))

    def as_number(self, values: Array[E]) -> Array[E]:
        """Blank cells as 0, truth values as 0 or 1, texts that read like numbers as those."""
        if values.kinds.size == 1 and values.kinds[0, 0, 0, 0] == NUMBER:
            return Array(values.kinds, values.numbers)
        kinds = np.where(values.kinds <= BOOLEAN, np.uint8(NUMBER), values.kinds)
        texts = values.kinds == TEXT
        if not texts.any():
            return Array(kinds, values.numbers)
        read = np.where(texts, TEXTS.each(TEXTS.as_number, np.where(texts, values.numbers.known(), 0.0)), np.nan)
        kinds = np.where(texts & np.isnan(read), np.uint8(ERROR), np.where(np.isinf(read), np.uint8(UNKNOWN), kinds))
        return Array(kinds, self.elements.of(np.where(np.isfinite(read), read, 0.0)).where(texts, values.numbers))

    # Functions and arrays

    def _function(self, node: Node) -> Array[E]:
        known = FUNCTIONS.get(f"{node.prefix}{node.text}")
        return self.unknown() if known is None or not node.children else known(self, node.children)

    def _array(self, node: Node) -> Array[E]:
        """`{1,2;3,4}`, whose text tells how many rows it has."""
        values = self.values(node.children)
        rows = int(node.text or 1)
        if not values or len(values) % rows or not all(value.is_single for value in values):
            return self.unknown()
        kinds = np.concatenate([value.kinds for value in values], axis=3)
        numbers = self.elements.joined([value.numbers for value in values])
        columns = len(values) // rows
        return Array(kinds.reshape(1, 1, rows, columns), numbers.reshape(-1, 1, rows, columns))


def _narrowed(values: Array[E]) -> Array[E]:
    """One lane, where all are the same."""
    data = values.numbers.data
    is_one = (values.kinds == values.kinds[:, :1]).all() and (data == data[:, :, :1]).all()
    return Array(values.kinds[:, :1], values.numbers[:, :1]) if is_one else values


@lru_cache(maxsize=1 << 12)
def _constant(elements: type[E], kind: int, number: float) -> Array[E]:
    """One value, of which nothing is ever changed."""
    return Array(np.full((1, 1, 1, 1), kind, np.uint8), elements.of(np.full((1, 1, 1, 1), number)))


_RANKS: Final = np.array([0.0, 0.0, 1.0, 2.0, 3.0, 3.0])
"""Of kinds of values, when they are compared."""


def fits(*arrays: Array[Any]) -> bool:
    """Whether arrays have one size, or one value each."""
    return all(len({each.size[axis] for each in arrays} - {1}) <= 1 for axis in (0, 1))


def _differs(base: NDArray[np.float64], exponent: NDArray[np.float64]) -> Flags:
    """Where programs differ: `0^0` is 1 or an error, `(-8)^(1/3)` is an error or -2."""
    twice = 2 * exponent
    found: Flags = ((base == 0) & (exponent == 0)) | ((base < 0) & (twice != np.trunc(twice)))
    return found


def _nearly(one: NDArray[np.float64], other: NDArray[np.float64]) -> Flags:
    """Where programs differ: some take numbers for equal that differ in the sixteenth digit."""
    with np.errstate(all="ignore"):
        apart = np.abs(one - other)
        found: Flags = (apart > 0) & (apart <= _NEARLY * np.maximum(np.abs(one), np.abs(other)))
    return found


def _is_empty_text(value: Array[Any]) -> bool:
    """Whether it is an empty text, which no text in other letters equals."""
    is_text = value.kinds.size == 1 and value.kinds[0, 0, 0, 0] == TEXT and value.is_single
    return bool(is_text and (value.numbers.known() == 0).all())


def _alike(values: Array[E], others: Kinds) -> Array[E]:
    """With blank cells as what they are compared with: 0, an empty text (whose rank is 0), FALSE."""
    blank = np.where(others == BLANK, np.uint8(NUMBER), others)
    return Array(np.where(values.kinds == BLANK, blank, values.kinds), values.numbers)
