"""One formula through everything that takes formulas apart, none of which may raise anything."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from xlconv import reader
from xlconv.cells import Range
from xlconv.check import audit
from xlconv.check.audit.areas import Area, Place
from xlconv.errors import XlconvError
from xlconv.formula import notation
from xlconv.formula.references import References
from xlconv.formula.tree import parse
from xlconv.recover import recover_book
from xlconv.recover.found import Found
from xlconv.recover.meaning import Reader
from xlconv.selftest.formula import ParsedFormula
from xlconv.selftest.kinds import KINDS, Target

_NAMES: Final = {"x": "Net!$A$1", "conv1_0": "Net!$A$1:$B$2", "t": "1+1", "_a1": "#REF!", "network": "{}"}
_BOOK: Final[Any] = SimpleNamespace(
    defined=[SimpleNamespace(name=name, sheet=None, text=text) for name, text in _NAMES.items()],
    sheets={title: SimpleNamespace(tables=[], cells={}) for title in ("Net", "Other")},
)
_READER: Final = Reader(References(_BOOK).of)


def take_apart(formula: str, rng: Random) -> None:
    """Read it, move it, ask what it means, cut it into pieces, make it wrong in every way that a self-test knows."""
    row, column = rng.randint(1, 1_048_576), rng.randint(1, 16_384)
    notation.relative_form(formula, row, column)
    notation.moved(formula, rng.randint(-row, row), rng.randint(-column, column))
    list(notation.references(formula, "Net"))
    list(notation.names(formula))
    here = Range("Net", row, column)
    _READER.meaning(formula, here)
    list(_READER.elements(formula, here._replace(height=rng.randint(1, 3), width=rng.randint(1, 3))))
    tree = parse(formula)
    for node in tree.walk() if tree else ():
        area = Area.parse(node.text) if node.kind == "reference" else None
        if area:
            area.seen_from(Place("Net", row, column), Place("Net", 1, 1))
    list(ParsedFormula.parse(formula).sums())


def make_wrong(path: Path, formula: str, rng: Random) -> None:
    """What a self-test makes of a formula of a network's cell."""
    book, found = _first_network(path)
    where = found.atlas.cell(int(found.computed[0]))
    target = Target(book, found, where, formula, 1.5, [where], spread=False)
    for kind in KINDS.values():
        kind(target, rng)


@lru_cache
def _first_network(path: Path) -> tuple[reader.Workbook, Found]:
    book = reader.read(path)
    return book, recover_book(book).networks[0]


def audit_all(path: Path) -> None:
    """What a workbook's formulas show by themselves, also where no engine computes them."""
    try:
        audit.audit(reader.read(path))
    except XlconvError:
        return
