"""The drop-downs of a worksheet: cells in which one of a list is chosen, as data validations say it.

Excel writes them in two ways, in elements of its own where the list stands on another worksheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from xlconv.cells import Range
from xlconv.reader import xml

_OWN: Final = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
_NESTED: Final = "http://schemas.microsoft.com/office/excel/2006/main"


class DropDown(NamedTuple):
    """Cells that have the same list.

    Args:
        cells: Where it drops down; those of which the address could not be read are left out.
        source: What stands for the list, as in a formula: a reference, a name, or the texts themselves.
    """

    cells: tuple[Range, ...]
    source: str


class DropDowns:
    """Reads them, as a worksheet's parser comes by them.

    Args:
        sheet: The worksheet's name.
        parser: Of the worksheet; it gets what is to be called.

    Attributes:
        found: Those that were read.
    """

    def __init__(self, sheet: str, parser: xml.Parser) -> None:
        self.found: list[DropDown] = []
        self._sheet, self._parser = sheet, parser
        self._addresses = self._source = ""
        main = f"{xml.MAIN} "
        starts = {f"{main}dataValidation": self._begin, f"{_OWN} dataValidation": self._begin}
        texts = f"{main}formula1", f"{_NESTED} f", f"{_NESTED} sqref"
        ends = dict(zip(texts, (self._end_source, self._end_source, self._end_addresses), strict=True))
        ends |= dict.fromkeys(starts, self._end)
        parser.starts = {**parser.starts, **starts, **dict.fromkeys(texts, self._begin_text)}
        parser.ends = {**parser.ends, **ends}

    def _begin(self, attributes: Mapping[str, str]) -> None:
        self._is_list = attributes.get("type") == "list"
        self._addresses, self._source = attributes.get("sqref", ""), ""

    def _begin_text(self, _: Mapping[str, str]) -> None:
        self._parser.collecting = True

    def _end_source(self) -> None:
        text = self._parser.collected()
        self._source = self._source or text  # Excel's own elements hold a second formula, too

    def _end_addresses(self) -> None:
        self._addresses = self._parser.collected()

    def _end(self) -> None:
        ranges = (Range.parse(f"s!{address}") for address in self._addresses.split())
        if self._is_list:
            cells = tuple(where._replace(sheet=self._sheet) for where in ranges if where)
            self.found.append(DropDown(cells, self._source))
