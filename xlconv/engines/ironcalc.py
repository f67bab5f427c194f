"""The second opinion: IronCalc, a Rust library; it is given every package through a file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import ironcalc

from xlconv.cells import Edit, Range, Value
from xlconv.engines.errors import error_value
from xlconv.errors import EngineError

_STYLES: Final = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_NEEDED: Final = {"xl/styles.xml": _STYLES}
"""Parts without which IronCalc reads no package."""


class IronCalc:
    """See `xlconv.engines.Engine`."""

    name = "ironcalc"

    @cached_property
    def title(self) -> str:
        """`ironcalc` and its version."""
        from importlib.metadata import version

        return f"ironcalc {version('ironcalc')}"

    def evaluate(
        self, package: bytes, edits: Sequence[Sequence[Edit]], ranges: Sequence[Range]
    ) -> list[list[list[list[Value]]]]:
        """Load once, then edit and recalculate in memory."""
        try:
            model = _loaded(package)
            sheets = {sheet["name"]: at for at, sheet in enumerate(model.get_worksheets_properties())}
            return [_evaluated(model, sheets, group, ranges) for group in edits]
        except (ironcalc.WorkbookError, KeyError) as error:
            raise EngineError(f"ironcalc could not evaluate the workbook: {error}") from None


def engine() -> IronCalc:
    """The engine; this module cannot be imported where it is not installed."""
    return IronCalc()


def _loaded(package: bytes) -> ironcalc.Model:
    with TemporaryDirectory(prefix="xlconv-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(_completed(package))
        return ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")


def _completed(package: bytes) -> bytes:
    """The package with the parts that IronCalc needs."""
    target = BytesIO(package)
    with zipfile.ZipFile(target, "a") as archive:
        for name in _NEEDED.keys() - set(archive.namelist()):
            archive.writestr(name, _NEEDED[name])
    return target.getvalue()


def _evaluated(
    model: ironcalc.Model, sheets: dict[str, int], edits: Sequence[Edit], ranges: Sequence[Range]
) -> list[list[list[Value]]]:
    for where, rows in edits:
        values = (value for row in rows for value in row)
        for (row, column), value in zip(where.cells(), values, strict=True):
            if isinstance(value, str):
                model.update_cell_with_text(sheets[where.sheet], row, column, value)
            else:
                model.update_cell_with_number(sheets[where.sheet], row, column, value)
    model.evaluate()
    return [_values(model, sheets[where.sheet], where) for where in ranges]


def _values(model: ironcalc.Model, sheet: int, where: Range) -> list[list[Value]]:
    cell = partial(_value, model, sheet)
    columns = range(where.column, where.column + where.width)
    return [[cell(row, column) for column in columns] for row in range(where.row, where.row + where.height)]


def _value(model: ironcalc.Model, sheet: int, row: int, column: int) -> Value:
    value: Any = model.get_cell_value(sheet, row, column)
    if isinstance(value, str) and value.startswith("#") and _shows_error(model, sheet, row, column):
        return error_value("ironcalc", value)
    return float(value) if type(value) is int else value


def _shows_error(model: ironcalc.Model, sheet: int, row: int, column: int) -> bool:
    """By the cell's type: a text may read `#DIV/0!`, too."""
    return model.get_cell_type(sheet, row, column) == ironcalc.CellType.ErrorValue
