"""One worksheet's cells from its XML, and what else of it formulas need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, NamedTuple, NoReturn

from xlconv.cells import MAX_TEXT, ErrorValue, Range, Value, column_letters
from xlconv.errors import WorkbookError
from xlconv.reader import formulas, xml
from xlconv.reader.dates import serial_number
from xlconv.reader.dropdowns import DropDown, DropDowns
from xlconv.reader.limits import MAX_AREA, MAX_BOX, MAX_CELLS
from xlconv.reader.rows import MAIN, Walker, is_true, is_whole
from xlconv.reader.shared import SharedFormula
from xlconv.reader.tables import Table

_RELATIONSHIP_ID: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"
_DATA_TABLE: Final = ("dt2D", "dtr", "r1", "r2", "del1", "del2")

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""Without spaces around it: some programs take it for a text then."""

_DEPTH_OF_TEXT: Final = 6
"""Of a `<t>` that is all of a cell's text; a run's is deeper."""


class Cell(NamedTuple):
    """What a file says of a cell.

    Args:
        formula: Its text without `=`, or None.
        value: The number, text or truth value in it; for a formula the cached value, None where there is none.
    """

    formula: str | None
    value: Value


class DataTable(NamedTuple):
    """A data table (what-if analysis).

    Args:
        where: The range that it fills.
        settings: What else the file says of it: which cells stand for its inputs, which way it runs.
    """

    where: Range
    settings: dict[str, str]


@dataclass
class Sheet:
    """A worksheet: its cells by row and column."""

    part: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    arrays: dict[tuple[int, int], Range] = field(default_factory=dict)
    """The range that each array formula fills, by the cell that holds it."""
    dynamic: set[tuple[int, int]] = field(default_factory=set)
    """Which array formulas fill as many cells as they need."""
    data_tables: dict[tuple[int, int], DataTable] = field(default_factory=dict)
    """By their first cell."""
    tables: list[Table] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    """Rows that are hidden, which some functions pass over."""
    merged: list[Range] = field(default_factory=list)
    drop_downs: list[DropDown] = field(default_factory=list)
    state: str = "visible"
    """`visible`, `hidden` or `veryHidden`."""

    @property
    def spread(self) -> dict[tuple[int, int], Range]:
        """The array formulas that fill more than the cell that holds them."""
        return {at: where for at, where in self.arrays.items() if where.size > 1}


@dataclass
class Budget:
    """What all worksheets of a workbook may still have."""

    cells: int = MAX_CELLS
    formulas: formulas.Budget = field(default_factory=formulas.Budget)
    areas: dict[str, int] = field(default_factory=dict)

    def spend_cell(self) -> None:
        """Count a cell."""
        self.cells -= 1
        if self.cells < 0:
            raise WorkbookError(f"more than {MAX_CELLS:,} cells")

    def spend_area(self, kind: str, size: int) -> None:
        """Count the cells of ranges of one kind."""
        self.areas[kind] = self.areas.get(kind, 0) + size
        if self.areas[kind] > MAX_AREA:
            raise WorkbookError(f"{kind} span {self.areas[kind]:,} cells, more than {MAX_AREA:,}")


class Common(NamedTuple):
    """What all worksheets of a workbook refer to.

    Args:
        strings: The shared strings.
        dynamic: The numbers that mark cells with dynamic arrays.
        date1904: Whether days are counted from 1904.
    """

    strings: Sequence[str] = ()
    dynamic: frozenset[int] = frozenset()
    date1904: bool = False


class SheetReader(Walker):
    """Reads one worksheet's cells.

    Args:
        name: Of the worksheet.
        part: Its part of the package.
        common: What all worksheets refer to.
        budget: What the workbook may still have; this is taken from it.

    Attributes:
        tables: The relationships to its tables.
    """

    def __init__(self, name: str, part: str, common: Common, budget: Budget) -> None:
        super().__init__(part)
        self.name, self.common, self.budget = name, common, budget
        self.sheet = Sheet(part)
        self.tables: list[str] = []
        self.shared: dict[str, SharedFormula] = {}
        self.mark = ""
        self.inline = self.phonetic = False
        self.texts: list[int] = []
        self.kind = "n"
        self.formula: str | None = None
        self.raw: str | None = None
        starts = {
            "f": self._begin_formula,
            "v": self._begin_value,
            "is": self._begin_inline,
            "t": self._begin_text,
            "rPh": self._begin_phonetic,
            "mergeCell": self._merge,
            "hyperlink": self._hyperlink,
            "tablePart": self._table,
            **dict.fromkeys(("mergeCells", "hyperlinks", "tableParts"), xml.look_at_place),
        }
        ends = {
            "f": self._end_formula,
            "v": self._end_value,
            "is": self._end_inline,
            "t": self._end_text,
            "rPh": self._end_phonetic,
        }
        self.parser.starts = {**self.parser.starts, **{MAIN + tag: start for tag, start in starts.items()}}
        self.parser.ends = {**self.parser.ends, **{MAIN + tag: end for tag, end in ends.items()}}
        self.sheet.drop_downs = DropDowns(name, self.parser).found

    def check_box(self) -> None:
        """Refuse cells spread so far apart that programs which keep a table of all between would choke."""
        row, column = self.box()
        if row * column > MAX_BOX:
            raise WorkbookError(
                f"the cells of {self.part} reach to {column_letters(column)}{row}: "
                f"{row * column:,} cells, more than {MAX_BOX:,}",
                hint="delete the rows and columns beyond what is used",
            )

    def check_filled(self) -> None:
        """Refuse array formulas of which one fills another's cells, or cells with formulas of their own."""
        filled: set[tuple[int, int]] = set()
        for holder, where in self.sheet.arrays.items():
            for at in where.cells():
                cell = self.sheet.cells.get(at)
                if at in filled or (
                    at != holder and cell is not None and cell.formula
                ):  # Excel writes empty ones there
                    raise WorkbookError(f"the array formula for {where.address} in {self.part} meets another formula")
                filled.add(at)

    def begin_row(self, attributes: Mapping[str, str]) -> None:
        """Note whether it is hidden."""
        super().begin_row(attributes)
        if is_true(attributes.get("hidden")):
            self.sheet.hidden.add(self.row)

    def begin_cell(self, attributes: Mapping[str, str]) -> None:
        """Count it, and forget the one before."""
        super().begin_cell(attributes)
        self.kind, self.mark = attributes.get("t", "n"), attributes.get("cm", "")
        self.formula = self.raw = None
        self.budget.spend_cell()

    def end_cell(self) -> None:
        """Keep it, unless it is blank."""
        value = None if self.raw is None else self._value(self.kind, self.raw)
        if value is not None or self.formula is not None:
            self.sheet.cells[self.row, self.column] = Cell(self.formula, value)

    def _begin_formula(self, attributes: Mapping[str, str]) -> None:
        if self.parser.depth != 5:
            self.misplaced("f")
        if self.formula is not None or self.raw is not None:
            self._refuse("has a formula twice, or behind its value")
        self.formula_attributes = attributes
        self.parser.collecting = True

    def _end_formula(self) -> None:
        kind, text = self.formula_attributes.get("t", "normal"), self.parser.collected()
        self.formula = text
        if kind == "shared":
            self.formula = self._shared_formula(self.formula_attributes.get("si", ""), text)
        elif kind == "array":
            self._array()
        elif kind == "dataTable":
            settings = {key: value for key, value in self.formula_attributes.items() if key in _DATA_TABLE}
            self.sheet.data_tables[self.row, self.column] = DataTable(self._filled_range(), settings)
        elif kind != "normal":
            self._refuse(f"has a formula of the unknown kind {kind[:40]!r}")
        if problem := self.budget.formulas.spend(self.formula):
            self._refuse(f"has a formula {problem}")

    def _shared_formula(self, group: str, text: str) -> str:
        if not is_whole(group):
            self._refuse(f"shares a formula of the number {group[:40]!r}")
        group = str(int(group))
        if text:
            self._check_sharing(group)
            self.shared[group] = SharedFormula(text, self.row, self.column)
        elif group not in self.shared:
            raise WorkbookError(f"{self.address} shares a formula that is not in {self.part}")
        try:
            return text or self.shared[group].at(self.row, self.column)
        except WorkbookError as error:
            raise self._refusal(f"cannot be read: {error.message}") from None

    def _check_sharing(self, group: str) -> None:
        """Refuse a shared formula of which programs take different cells, or different ones of two."""
        where = Range.parse(f"s!{self.formula_attributes.get('ref', '')}")
        if where is None or not where.has(self.row, self.column):
            self._refuse("has a shared formula, but is not among the cells that share it")
        if group in self.shared:
            self._refuse(f"has a shared formula of the number {group}, which another has too")

    def _array(self) -> None:
        self.sheet.arrays[self.row, self.column] = self._filled_range()
        if is_whole(self.mark) and int(self.mark) in self.common.dynamic:
            self.sheet.dynamic.add((self.row, self.column))

    def _filled_range(self) -> Range:
        """The range that the formula of this cell fills."""
        reference = self.formula_attributes.get("ref", "")
        where = self._range(reference)
        if (where.row, where.column) != (self.row, self.column) or "$" in reference:
            self._refuse(f"has a formula for {reference[:40]}, which does not begin there")
        self.budget.spend_area("array formulas and data tables", where.size)
        return where

    def _begin_value(self, _: Mapping[str, str]) -> None:
        if self.parser.depth != 5:
            self.misplaced("v")
        if self.raw is not None:
            self._refuse("has two values")
        self.parser.collecting = True

    def _end_value(self) -> None:
        self.raw = self.parser.collected()

    def _begin_inline(self, _: Mapping[str, str]) -> None:
        if self.parser.depth != 5:
            self.misplaced("is")
        if self.raw is not None or self.kind != "inlineStr":
            self._refuse("has two values, or one that is not of its type")
        self.raw = ""
        self.inline = True
        self.texts.clear()

    def _end_inline(self) -> None:
        self.inline = False

    def _begin_text(self, _: Mapping[str, str]) -> None:
        if self.inline and not self.phonetic:
            self.parser.collecting = True
            self.texts.append(self.parser.depth)
            if len(self.texts) > 1 and _DEPTH_OF_TEXT in self.texts:
                self._refuse("has several texts, which are no runs of one")

    def _end_text(self) -> None:
        if self.inline and not self.phonetic:
            self.raw = (self.raw or "") + self.parser.collected()

    def _begin_phonetic(self, _: Mapping[str, str]) -> None:
        self.phonetic = True

    def _end_phonetic(self) -> None:
        self.phonetic = False

    def _merge(self, attributes: Mapping[str, str]) -> None:
        where = self._range(attributes.get("ref", ""))
        self.budget.spend_area("merged cells", where.size)
        self.sheet.merged.append(where)

    def _hyperlink(self, attributes: Mapping[str, str]) -> None:
        self.budget.spend_area("hyperlinks", self._range(attributes.get("ref", "")).size)

    def _table(self, attributes: Mapping[str, str]) -> None:
        self.tables.append(attributes.get(_RELATIONSHIP_ID, ""))

    def _range(self, reference: str) -> Range:
        where = Range.parse(f"s!{reference}")
        if where is None:
            raise WorkbookError(f"{reference[:40]!r} in {self.part} is no range of cells")
        return where._replace(sheet=self.name)

    def _value(self, kind: str, raw: str) -> Value:
        if kind == "n":
            return self._number(raw) if raw else None
        if len(raw) > MAX_TEXT:
            self._refuse(f"has a text of {len(raw):,} characters, more than {MAX_TEXT:,}")
        if kind == "s" and is_whole(raw) and int(raw) < len(self.common.strings):
            return self.common.strings[int(raw)]
        if kind == "b" and raw in ("0", "1"):
            return raw == "1"
        if kind == "e":
            return ErrorValue(raw)
        if kind in ("str", "inlineStr"):
            return raw
        number = serial_number(raw, self.common.date1904) if kind == "d" else None
        return self._no_value(raw) if number is None else number

    def _number(self, raw: str) -> float:
        if not _NUMBER.fullmatch(raw) or not isfinite(number := float(raw)):
            self._no_value(raw)
        return number

    def _no_value(self, raw: str) -> NoReturn:
        kind = "" if self.kind == "n" else f" of type {self.kind[:40]!r}"
        self._refuse(f"holds {raw[:40]!r}, which is no value{kind}")

    def _refuse(self, problem: str) -> NoReturn:
        raise self._refusal(problem)

    def _refusal(self, problem: str) -> WorkbookError:
        return WorkbookError(f"{self.address} in {self.part} {problem}")
