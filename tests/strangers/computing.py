"""What the formulas of a workbook show, in the engines that are there, each for what those before it lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter, rows_from_range
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet.formula import ArrayFormula

from tests.strangers.stranger import Made
from xlconv import engines, reader
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.errors import EngineError

_CLOSE = 1e-9


def formulas(path: Path) -> Iterator[tuple[str, str]]:
    """Worksheet and address of every cell that a formula fills."""
    for page in load_workbook(path).worksheets:
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, ArrayFormula):
                    yield from ((page.title, address) for line in rows_from_range(cell.value.ref) for address in line)
                elif cell.data_type == "f":
                    yield page.title, cell.coordinate


def shown(path: Path, names: tuple[str, ...] = engines.NAMES) -> dict[str, Value]:
    """The value of every formula, by `Sheet1!C5`; NotEvaluated where no engine has one."""
    cells = list(dict.fromkeys(formulas(path)))
    ranges = [found for title, address in cells if (found := Range.parse(f"'{title}'!{address}"))]
    package, known = reader.read(path).package, dict[str, Value]()
    for engine in names:
        missing = [number for number, cell in enumerate(cells) if not _known(known.get("!".join(cell)))]
        if missing:
            values = _by(engine, package, [ranges[number] for number in missing])
            known |= {"!".join(cells[number]): value for number, value in zip(missing, values, strict=True)}
    return known


def _known(value: Value) -> bool:
    return value is not None and not isinstance(value, NotEvaluated | ErrorValue)


def _by(engine: str, package: bytes, ranges: Sequence[Range]) -> list[Value]:
    try:
        (values,) = engines.by_name(engine).evaluate(package, [[]], ranges)
    except EngineError:
        return [NotEvaluated(engine)] * len(ranges)
    return [rows[0][0] for rows in values]


def has_areas(book: Workbook) -> bool:
    """Whether a formula fills several cells, which embedded engines leave blank but for the first."""
    cells = (cell.value for page in book.worksheets for row in page.iter_rows() for cell in row)
    return any(isinstance(value, ArrayFormula) and ":" in value.ref for value in cells)


def unlike(made: Made, path: Path, names: tuple[str, ...], every: bool = False) -> list[str]:
    """The cells that do not show what they must: errors that are not meant, and numbers other than those worked out.

    Args:
        made: The workbook.
        path: Where it is saved.
        names: Of engines, each for what those before it cannot compute.
        every: Whether a cell must have a value; else what no engine can compute is left out.
    """
    found = shown(path, names)
    lacking = [cell for cell, value in found.items() if not (_known(value) or cell in made.errors)]
    wrong = [
        f"{cell}: {value}, not {number}"
        for cell, number in worked_out(made)
        if isinstance(value := found.get(cell), float) and abs(value - number) > _CLOSE * max(1, abs(number))
    ]
    return wrong + (lacking if every else [])


def worked_out(made: Made) -> Iterator[tuple[str, float]]:
    """Each cell of which it is known what it must show."""
    for corner, numbers in made.values.items():
        sheet, _, address = corner.rpartition("!")
        row, column = coordinate_to_tuple(address)
        for (down, right), number in np.ndenumerate(numbers):
            yield f"{sheet}!{get_column_letter(column + right)}{row + down}", float(number)
