"""Formulas beside a few cells, computed in numbers and in engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

import numpy as np
import openpyxl
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table

from xlconv import reader
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.engines import by_name
from xlconv.formula.array import BLANK, BOOLEAN, ERROR, NUMBER, TEXT, TEXTS
from xlconv.formula.elements import Floats
from xlconv.formula.evaluate import Evaluation
from xlconv.formula.forms import Forms, groups
from xlconv.formula.state import State, held
from xlconv.places import Atlas
from xlconv.reader import Workbook

ERR: Final = "an error"
UNKNOWN: Final = "not known"

CELLS: Final[dict[str, object]] = {
    "A1": 3, "A2": -4, "A3": 0, "A5": "text", "A6": True, "A7": 2.5, "A8": "7", "A9": "=1/0", "A10": False,
    "A11": '=""',
    "B1": 1, "B2": 2, "B3": 3, "B4": 4, "B5": 5,
    "C1": 10, "D1": 20, "E1": 30, "C2": 40, "D2": 50, "E2": 60, "C3": "a", "D3": "B", "E3": "ab*",
    "J1": "name", "K1": "points", "J2": "ann", "K2": 5, "J3": "bob", "K3": 7, "J4": "cy", "K4": 9,
}  # fmt: skip
"""A1:A11 are of every kind, A4 blank; B1:B5 count; C1:E3 is a matrix above texts; J1:K4 is the table `Scores`."""


def package(formulas: Mapping[str, object], cells: Mapping[str, object] = CELLS, table: str = "J1:K4") -> bytes:
    """A workbook of some cells and formulas on `Sheet`, of the names `weights` and `bias`, and of `My data`!A1: 100.

    Args:
        formulas: By address.
        cells: Likewise.
        table: Where the table `Scores` stands.
    """
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    for at, value in {**cells, **formulas}.items():
        sheet[at] = value
    book.create_sheet("My data")["A1"] = 100
    book.defined_names["weights"] = DefinedName("weights", attr_text="Sheet!$B$1:$B$5")
    book.defined_names["bias"] = DefinedName("bias", attr_text="Sheet!$A$7")
    sheet.add_table(Table(displayName="Scores", ref=table))
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def book_of(package: bytes, path: object) -> Workbook:
    """The same, read."""
    path.write_bytes(package)  # type: ignore[attr-defined]
    return reader.read(path)  # type: ignore[arg-type]


def shown(state: State[Floats], address: str, lane: int = 0) -> Value:
    """What a cell of `Sheet` holds in a lane; `ERR` and `UNKNOWN` stand for errors and for what is not known."""
    where = Range.parse(f"Sheet!{address}")
    assert where is not None
    found = state.at(np.array([[[state.atlas.place(*where[:3])]]]))
    kinds, numbers = found.kinds[0, :, 0, 0], found.numbers.data[0, 0, :, 0, 0]
    kind, number = int(kinds[lane % len(kinds)]), float(numbers[lane % len(numbers)])
    if kind == TEXT:
        return TEXTS.all[int(number)]
    return {NUMBER: number, BLANK: None, BOOLEAN: bool(number), ERROR: ERR}.get(kind, UNKNOWN)


def computed(book: Workbook, addresses: Sequence[str], lanes: int = 1) -> State[Floats]:
    """A workbook's cells in numbers, after some have been computed."""
    atlas = Atlas(book.sheets)
    forms, state = Forms(book, atlas, groups(book)), State(held(book, atlas), atlas, Floats, lanes)
    ranges = [Range.parse(f"Sheet!{address}") for address in addresses]
    asked = np.unique([atlas.place(*where[:3]) for where in ranges if where is not None])
    Evaluation(forms, state).compute(asked, np.empty(0, np.int64))
    return state


def by_engine(name: str, package: bytes, addresses: Sequence[str]) -> list[Value]:
    """What an engine shows, errors as `ERR`, what it cannot evaluate as `UNKNOWN`."""
    ranges = [Range.parse(f"Sheet!{address}") for address in addresses]
    (groups_of_values,) = by_name(name, isolated=False).evaluate(package, [[]], [r for r in ranges if r is not None])
    return [_plain(rows[0][0]) for rows in groups_of_values]


def _plain(value: Value) -> Value:
    return UNKNOWN if isinstance(value, NotEvaluated) else ERR if isinstance(value, ErrorValue) else value


def alike(one: Value, other: Value) -> bool:
    """Whether two values are the same, numbers to 12 digits; a blank is 0, or an empty text."""
    if one is None or other is None:
        return (one or 0) in (0, "") and (other or 0) in (0, "") and True not in (one is True, other is True)
    if type(one) is float and type(other) is float:
        return abs(one - other) <= 1e-12 * max(1.0, abs(one))
    return type(one) is type(other) and one == other
