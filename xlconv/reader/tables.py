"""The tables of a worksheet: which range each is, and the names of its columns, as structured references need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from xlconv.cells import Range
from xlconv.errors import WorkbookError
from xlconv.reader import xml
from xlconv.reader.package import Package
from xlconv.reader.rows import MAIN, whole_number

_ROOT: Final = f"{MAIN}table"


class Table(NamedTuple):
    """A table.

    Args:
        name: By which formulas call it.
        where: Its range, with header and totals.
        headers: How many rows its header has: 1 or 0.
        totals: How many rows of totals it has.
        columns: Their names, from the left.
    """

    name: str
    where: Range
    headers: int
    totals: int
    columns: tuple[str, ...]


def read_tables(package: Package, part: str, sheet: str, identities: list[str]) -> list[Table]:
    """The tables of a worksheet.

    Args:
        package: Has the parts.
        part: The worksheet's.
        sheet: Its name.
        identities: The relationships that lead to its tables.
    """
    relationships = package.relationships(part)
    found = []
    for identity in identities:
        link = relationships.get(identity)
        if link is None or link.kind != "table" or link.external:
            raise WorkbookError(f"a table of {part} is missing from the package")
        found.append(_Reader(package, link.target, sheet).table())
    return found


def check_names(tables: list[Table]) -> None:
    """Refuse tables of one name, of which programs take one or the other."""
    seen: set[str] = set()
    for table in tables:
        if table.name.lower() in seen:
            raise WorkbookError(f"the table {table.name[:40]!r} is there twice")
        seen.add(table.name.lower())


class _Reader:
    """Reads the part of a table."""

    def __init__(self, package: Package, part: str, sheet: str) -> None:
        self.part, self.sheet = part, sheet
        self.attributes: dict[str, str] = {}
        self.columns: list[str] = []
        self.parser = xml.Parser(_ROOT, {_ROOT: self._begin, f"{MAIN}tableColumn": self._column})
        package.parse(part, self.parser)

    def _begin(self, attributes: Mapping[str, str]) -> None:
        if self.parser.depth == 1:
            self.attributes = dict(attributes)

    def _column(self, attributes: Mapping[str, str]) -> None:
        self.columns.append(attributes.get("name", ""))

    def table(self) -> Table:
        """What it says."""
        given = self.attributes
        name, reference = given.get("displayName") or given.get("name", ""), given.get("ref", "")
        where = Range.parse(f"s!{reference}")
        if not name or where is None or where.width != len(self.columns):
            raise WorkbookError(f"the table {name[:40]!r} in {self.part} has no range of as many columns as it names")
        headers, totals = whole_number(given.get("headerRowCount"), 1), whole_number(given.get("totalsRowCount"), 0)
        if headers + totals > where.height:
            raise WorkbookError(f"the table {name[:40]!r} in {self.part} has more rows of headers than rows")
        return Table(name, where._replace(sheet=self.sheet), headers, totals, tuple(self.columns))
