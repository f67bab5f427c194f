"""Which marks of cells mean that an array formula fills as many cells as it needs (a dynamic array)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xlconv.reader import xml
from xlconv.reader.package import Package
from xlconv.reader.rows import MAIN, is_true, is_whole

_PROPERTIES: Final = "http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray dynamicArrayProperties"
KIND: Final = "XLDAPR"
"""The name of this kind of metadata."""


def dynamic_marks(package: Package, part: str) -> frozenset[int]:
    """The numbers, from 1, with which cells say that they hold a dynamic array."""
    return _Reader(package, part).marks()


class _Reader:
    """Reads the part: a list of kinds, records of each kind, and for each mark records by kind and number."""

    def __init__(self, package: Package, part: str) -> None:
        self.kinds: list[str] = []
        self.records: list[bool] = []
        """Of the kind that matters: whether each says that arrays are dynamic."""
        self.cells: list[list[tuple[str, str]]] = []
        self.where = ""
        starts = {
            "metadataType": self._kind,
            "futureMetadata": self._future,
            "cellMetadata": self._of_cells,
            "valueMetadata": self._of_values,
            "bk": self._block,
            "rc": self._record,
        }
        named = {MAIN + name: start for name, start in starts.items()}
        package.parse(part, xml.Parser(f"{MAIN}metadata", {**named, _PROPERTIES: self._properties}))

    def marks(self) -> frozenset[int]:
        """See `dynamic_marks`."""
        return frozenset(at for at, records in enumerate(self.cells, 1) if any(map(self._is_dynamic, records)))

    def _is_dynamic(self, record: tuple[str, str]) -> bool:
        if not all(map(is_whole, record)):
            return False
        kind, number = map(int, record)
        is_kind = 0 < kind <= len(self.kinds) and self.kinds[kind - 1] == KIND
        return is_kind and number < len(self.records) and self.records[number]

    def _kind(self, attributes: Mapping[str, str]) -> None:
        self.kinds.append(attributes.get("name", ""))

    def _future(self, attributes: Mapping[str, str]) -> None:
        self.where = attributes.get("name", "")

    def _of_cells(self, _: Mapping[str, str]) -> None:
        self.where = "cells"

    def _of_values(self, _: Mapping[str, str]) -> None:
        self.where = ""

    def _block(self, _: Mapping[str, str]) -> None:
        if self.where == KIND:
            self.records.append(False)
        elif self.where == "cells":
            self.cells.append([])

    def _record(self, attributes: Mapping[str, str]) -> None:
        if self.where == "cells" and self.cells:
            self.cells[-1].append((attributes.get("t", ""), attributes.get("v", "")))

    def _properties(self, attributes: Mapping[str, str]) -> None:
        if self.where == KIND and self.records:
            self.records[-1] = is_true(attributes.get("fDynamic"))
