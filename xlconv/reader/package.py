"""The parts of a ZIP package from outside, decompressed within limits."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from xlconv.errors import WorkbookError
from xlconv.reader import xml

MAX_FILE: Final = 64 << 20
MAX_ENTRIES: Final = 1000
MAX_PART: Final = 128 << 20
MAX_TOTAL: Final = 256 << 20

_OLE2: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Package:
    """The parts of a ZIP package, decompressed within limits."""

    def __init__(self, source: Path | BytesIO) -> None:
        try:
            if isinstance(source, Path) and source.stat().st_size > MAX_FILE:
                raise WorkbookError(f"larger than {MAX_FILE >> 20} MiB")
            data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
        except FileNotFoundError:
            raise WorkbookError("no such file") from None
        except OSError as error:
            raise WorkbookError(f"cannot be read: {error.strerror or error}") from None
        if data.startswith(_OLE2):
            raise WorkbookError(
                "an encrypted workbook or an old .xls, which xlconv does not open",
                hint="remove the password, or save it as an Excel Workbook (.xlsx)",
            )
        if not data.startswith(b"PK"):
            raise WorkbookError("not an .xlsx workbook", hint="save it as an Excel Workbook (.xlsx)")
        self.parts: dict[str, bytes] = {}
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                self._unpack(archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise WorkbookError(f"a damaged or truncated .xlsx: {error}") from None

    def _unpack(self, archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise WorkbookError(f"{len(entries)} parts, more than {MAX_ENTRIES}")
        seen: set[str] = set()
        left = MAX_TOTAL
        for entry in entries:
            if entry.flag_bits & 1:
                raise WorkbookError("an encrypted package", hint="remove the password")
            if entry.filename.lower() in seen:
                raise WorkbookError(f"the part {entry.filename!r} is there twice")
            seen.add(entry.filename.lower())
            with archive.open(entry) as stream:
                data = stream.read(min(MAX_PART, left) + 1)
            left -= len(data)
            if len(data) > MAX_PART or left < 0:
                raise WorkbookError(f"more than {MAX_PART >> 20} MiB in a part or {MAX_TOTAL >> 20} MiB in all")
            self.parts[entry.filename] = data

    def __getitem__(self, name: str) -> bytes:
        if name not in self.parts:
            raise WorkbookError(f"the part {name!r} is missing: no workbook, or a damaged one")
        return self.parts[name]

    def relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Type and target part of each relationship of a part (or of the package: ``), by id."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag.endswith(" Relationship") and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), target)

        xml.parse(self[posixpath.join(folder, "_rels", f"{name}.rels")], start)
        return found

    def rebuilt(self, changes: Mapping[str, bytes]) -> bytes:
        """The package with some parts changed, stored without compression."""
        target = BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for name, data in self.parts.items():
                archive.writestr(name, changes.get(name, data))
        return target.getvalue()


def spliced(text: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """A text with some spans, start and end, replaced."""
    pieces, at = [], 0
    for start, end, new in sorted(changes):
        pieces += [text[at:start], new]
        at = end
    return b"".join([*pieces, text[at:]])
