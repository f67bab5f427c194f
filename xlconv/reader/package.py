"""The parts of a ZIP package from outside, decompressed within limits, in UTF-8."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from xlconv.errors import WorkbookError
from xlconv.reader import archive as archives
from xlconv.reader import magic, xml
from xlconv.reader.limits import MAX_ENTRIES, MAX_FILE, MAX_MARKUP, MAX_PART, MAX_RATIO, MAX_TOTAL, UNRATED

_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_USUAL: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_READ: Final = ("officeDocument", "worksheet", "sharedStrings", "styles", "table", "sheetMetadata")
_ENCRYPTED: Final = 0x2041
_DIRECTORY_RECORD: Final = b"PK\x01\x02"
_CHUNK: Final = 1 << 20


class Relationship(NamedTuple):
    """What a part says of another.

    Args:
        kind: The last word of its type, such as `worksheet`.
        target: The other part, or where an external one is.
        external: Whether that is outside of the package.
    """

    kind: str
    target: str
    external: bool


class Package:
    """The XML parts of a ZIP package, decompressed within limits; of other parts only the size is looked at."""

    def __init__(self, source: Path | BytesIO) -> None:
        data = _read(source) if isinstance(source, Path) else source.getvalue()
        magic.check(data)
        self.parts: dict[str, bytes] = {}
        self.parsed: set[str] = set()
        self.markup = 0
        self._relationships: dict[str, dict[str, Relationship]] = {}
        try:
            _check_count(data.count(_DIRECTORY_RECORD))  # before a directory of a million entries is read
            with zipfile.ZipFile(BytesIO(data)) as archive:
                self._unpack(archive, len(data))
                archives.check(data, archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise WorkbookError(f"a damaged or truncated .xlsx: {error}") from None

    def _unpack(self, archive: zipfile.ZipFile, size: int) -> None:
        entries = [entry for entry in archive.infolist() if entry.file_size or not entry.is_dir()]
        _check_directory(entries, size)
        left = MAX_TOTAL
        for entry in entries:
            keep = entry.filename.lower().endswith((".xml", ".rels"))
            pieces = []
            for piece in _pieces(archive, entry, left):
                left -= len(piece)
                if keep:
                    pieces.append(piece)
            if keep:
                self.parts[entry.filename] = _as_utf8(entry.filename, b"".join(pieces))

    def __getitem__(self, name: str) -> bytes:
        if name not in self.parts:
            raise WorkbookError(f"the part {name!r} is missing: no workbook, or a damaged one")
        return self.parts[name]

    def parse(self, name: str, parser: xml.Parser) -> None:
        """Parse a part; all that are parsed together have a limit."""
        text = self[name]
        self.markup += text.count(b"<") + text.count(b"=")  # in well-formed text seldom more than that
        if self.markup > MAX_MARKUP:
            raise WorkbookError(f"more than {MAX_MARKUP:,} XML tags and attributes")
        self.parsed.add(name)
        try:
            parser.parse(text)
        except WorkbookError as error:
            raise _in_part(name, error) from None

    def parse_rest(self) -> None:
        """Parse the parts that nobody has: no part may have what is refused, whoever may come to read it."""
        for name in sorted(self.parts.keys() - self.parsed):
            self.parse(name, xml.Parser())

    def relationships(self, part: str) -> dict[str, Relationship]:
        """The relationships of a part (or of the package: ``), by id."""
        if part not in self._relationships:
            self._relationships[part] = self._read_relationships(part)
        return self._relationships[part]

    def _read_relationships(self, part: str) -> dict[str, Relationship]:
        folder, name = posixpath.split(part)
        source = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, Relationship] = {}

        def relationship(attributes: Mapping[str, str]) -> None:
            identity, target = attributes.get("Id", ""), attributes.get("Target", "")
            if not identity:
                raise WorkbookError(f"a relationship without an id in {source}")
            if identity in found:
                raise WorkbookError(f"the relationship {identity[:40]!r} is there twice in {source}")
            mode = attributes.get("TargetMode", "Internal")
            external = mode == "External"
            if not external and (mode != "Internal" or _is_odd(attributes)):
                raise WorkbookError(f"the relationship {identity[:40]!r} in {source} leads to another part for some")
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[identity] = Relationship(_kind(attributes.get("Type", ""), source), target, external)

        if source in self.parts:
            starts = {f"{_RELATIONSHIPS} Relationship": relationship}
            self.parse(source, xml.Parser(f"{_RELATIONSHIPS} Relationships", starts))
        return found

    def all_relationships(self) -> Iterator[tuple[str, Relationship]]:
        """The relationships of all parts, each with the part whose it is."""
        for name in self.parts:
            folder, file = posixpath.split(name)
            if posixpath.basename(folder) == "_rels" and file.endswith(".rels"):
                part = posixpath.join(posixpath.dirname(folder), file.removesuffix(".rels"))
                for relationship in self.relationships(part).values():
                    yield part, relationship


def _kind(type_: str, source: str) -> str:
    """The last word of a relationship's type, which for what is read must be of the usual ones."""
    where, _, kind = type_.rpartition("/")
    if kind in _READ and where not in _USUAL:
        raise WorkbookError(f"a relationship of the type {type_[:80]!r} in {source}, which programs read differently")
    return kind


def _is_odd(attributes: Mapping[str, str]) -> bool:
    """Whether the target of what is read is not spelled as the name of a part."""
    target = attributes.get("Target", "")
    is_read = attributes.get("Type", "").rpartition("/")[2] in _READ
    return is_read and ("?" in target or "#" in target or "." in target.split("/"))


def _as_utf8(name: str, text: bytes) -> bytes:
    try:
        return xml.as_utf8(text)
    except WorkbookError as error:
        raise _in_part(name, error) from None


def _in_part(name: str, error: WorkbookError) -> WorkbookError:
    """The error, which names the part."""
    where = "" if name in error.message else f" ({name})"
    return WorkbookError(f"{error.message}{where}", error.hint)


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise WorkbookError("not a file but a pipe or a device, which may never end")
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise WorkbookError("no such file") from None
    except OSError as error:
        raise WorkbookError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_FILE:
        raise WorkbookError(f"larger than {MAX_FILE >> 20} MiB")
    return data


def _check_count(count: int) -> None:
    if count > MAX_ENTRIES:
        raise WorkbookError(f"{count} parts, more than {MAX_ENTRIES}")


def _check_directory(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Nothing encrypted, nothing compressed in an odd way, no name that programs would take for different ones."""
    _check_count(len(entries))
    if sum(entry.compress_size for entry in entries) > size:
        raise WorkbookError("a damaged .xlsx: its parts overlap")
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        if entry.flag_bits & _ENCRYPTED:
            raise WorkbookError("an encrypted package", hint="remove the password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WorkbookError(f"the part {name[:80]!r} is compressed in a way that no .xlsx is")
        if "\\" in name or "\0" in name or any(not segment.strip(".") for segment in name.split("/")):
            raise WorkbookError(f"the part name {name[:80]!r} is not one that a package may have")
        if name.lower() in seen:
            raise WorkbookError(f"the part {name[:80]!r} is there twice")
        seen.add(name.lower())


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> Iterator[bytes]:
    """Decompress a part piece by piece, as far as the limits go."""
    size = 0
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            size += len(piece)
            if size > max(UNRATED, MAX_RATIO * entry.compress_size):
                raise WorkbookError(f"the part {entry.filename[:80]!r} grows more than {MAX_RATIO}-fold: a ZIP bomb")
            if size > MAX_PART or size > left:
                raise WorkbookError(f"more than {MAX_PART >> 20} MiB in a part or {MAX_TOTAL >> 20} MiB in all")
            yield piece
    if size != entry.file_size:
        raise WorkbookError(f"a damaged .xlsx: the part {entry.filename[:80]!r} is not as long as it says")
