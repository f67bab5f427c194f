"""Mutations of a ZIP package as bytes and as entries: what programs, transfers or deceivers may do."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Final, TypeAlias

_DATE: Final = 33
"""1 January 1980, as ZIP files count."""


@dataclass
class Entry:
    """A part of a package, as its two headers tell of it.

    Args:
        name: In the directory.
        data: Uncompressed.
        method: 0 for stored, 8 for deflated.
        local: The name in the header before the data, where it is another one.
        flags: Of both headers.
        lie: What is added to the size that both headers tell.
        wrong: Whether the checksum is another one.
        extra: Further fields of the directory's record.
        hidden: Whether the directory leaves it out.
    """

    name: str
    data: bytes
    method: int = 8
    local: str | None = None
    flags: int = 0
    lie: int = 0
    wrong: bool = False
    extra: bytes = b""
    hidden: bool = False

    def packed(self) -> bytes:
        """The data as they stand in the file."""
        if self.method != 8:
            return self.data
        compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
        return compressor.compress(self.data) + compressor.flush()


Entries: TypeAlias = list[Entry]


def read(package: bytes) -> Entries:
    """The parts of a package."""
    with zipfile.ZipFile(BytesIO(package)) as source:
        return [Entry(name, source.read(name)) for name in source.namelist()]


def written(entries: Entries, comment: bytes = b"", shift: int = 0) -> bytes:
    """A package, which may be as wrong as one likes; `shift` is added to where the directory says that it begins."""
    body, directory, count = b"", b"", 0
    for entry in entries:
        packed = entry.packed()
        crc = zlib.crc32(entry.data) ^ entry.wrong
        sizes = (crc, len(packed), max(0, len(entry.data) + entry.lie))
        fields = struct.pack("<HHHHHIII", 20, entry.flags, entry.method, 0, _DATE, *sizes)
        name, local = entry.name.encode(), (entry.name if entry.local is None else entry.local).encode()
        if not entry.hidden:
            lengths = struct.pack("<HHHHHII", len(name), len(entry.extra), 0, 0, 0, 0, len(body))
            directory += b"PK\1\2" + struct.pack("<H", 20) + fields + lengths + name + entry.extra
            count += 1
        body += b"PK\3\4" + fields + struct.pack("<HH", len(local), 0) + local + packed
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), max(0, len(body) + shift), len(comment))
    return body + directory + b"PK\5\6" + end + comment


def mutated(package: bytes, rng: Random) -> bytes:
    """The package with a fault in its bytes, or in its entries."""
    if rng.random() < 0.4:
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            package = rng.choice(BYTES)(package, rng)
        return package
    entries = read(package)
    for _ in range(rng.choice((1, 1, 1, 2))):
        rng.choice(ENTRIES)(entries, rng)
    whole = rng.choice(WHOLE) if rng.random() < 0.3 else None
    return whole(entries, rng) if whole else written(entries)


# Bytes


def _flip(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def _insert(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.choice((1, 4, 30))) + data[at:]


def _delete(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 4, 300)) :]


def _double(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at : at + rng.choice((1, 16, 1000))] * 2 + data[at + 1 :]


def _truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _before(data: bytes, rng: Random) -> bytes:
    return rng.choice((b"\0", b"PK\5\6", b"MZ" + bytes(200), rng.randbytes(50))) + data


def _behind(data: bytes, rng: Random) -> bytes:
    return data + rng.choice((b"\0", b"PK\5\6" + bytes(18), rng.randbytes(50), bytes(70_000)))


def _twice(data: bytes, rng: Random) -> bytes:
    return data + data


def _header(data: bytes, rng: Random) -> bytes:
    """A field of a header or of the directory is another one."""
    found = [at for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6") for at in _all(data, mark)]
    at = rng.choice(found) + rng.randrange(4, 30) if found else 0
    return data[:at] + rng.choice((b"\0", b"\1", b"\xff", b"\xff\xff", b"\x08", b"\x63")) + data[at + 1 :]


def _all(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


BYTES: Final[list[Callable[[bytes, Random], bytes]]] = [
    *(_flip, _flip, _insert, _delete, _double, _truncate, _before, _behind, _twice, _header, _header),
]


# Entries


def _swap(entries: Entries, rng: Random) -> None:
    one, other = rng.sample(entries, 2)
    one.data, other.data = other.data, one.data


def _order(entries: Entries, rng: Random) -> None:
    rng.shuffle(entries)


def _drop(entries: Entries, rng: Random) -> None:
    entries.remove(rng.choice(entries))


def _again(entries: Entries, rng: Random) -> None:
    """A part is there twice, the second time perhaps with other data, or under a name of other capitals."""
    entry = rng.choice(entries)
    name = rng.choice((entry.name, entry.name.upper(), entry.name.replace(".xml", ".XML")))
    data = rng.choice((entry.data, rng.choice(entries).data, b"", entry.data.replace(b"<v>", b"<v>1", 1)))
    entries.insert(rng.randint(0, len(entries)), Entry(name, data))


def _rename(entries: Entries, rng: Random) -> None:
    entry = rng.choice(entries)
    entry.name = rng.choice(_names(entry.name))


def _names(name: str) -> list[str]:
    return [
        *(name.upper(), name.lower(), f"/{name}", f"./{name}", name.replace("/", "\\"), name.replace("/", "//")),
        *(f"../{name}", f"{name}/", f"{name}.", f" {name}", f"{name}\0", name.replace("x", "%78", 1), "", "é.xml"),
        *(name.replace(".xml", ".bin"), name.replace(".xml", ".xml/x.xml"), name + "x" * 300, "xl/other.xml"),
    ]


def _local(entries: Entries, rng: Random) -> None:
    """The header before the data tells another name than the directory."""
    entry = rng.choice(entries)
    entry.local = rng.choice((*_names(entry.name), rng.choice(entries).name))


def _flags(entries: Entries, rng: Random) -> None:
    rng.choice(entries).flags = rng.choice((1, 8, 0x20, 0x40, 0x800, 0x2000, 0xFFFF))


def _method(entries: Entries, rng: Random) -> None:
    rng.choice(entries).method = rng.choice((0, 0, 0, 9, 12, 14, 93, 99))


def _stored(entries: Entries, rng: Random) -> None:
    for entry in entries:
        entry.method = 0


def _lie(entries: Entries, rng: Random) -> None:
    rng.choice(entries).lie = rng.choice((1, -1, 100, -100, 1 << 30))


def _checksum(entries: Entries, rng: Random) -> None:
    rng.choice(entries).wrong = True


def _extra(entries: Entries, rng: Random) -> None:
    """A further field: of 64-bit sizes, of a name in Unicode, or of noise."""
    entry = rng.choice(entries)
    name = b"\1" + struct.pack("<I", zlib.crc32(entry.name.encode())) + b"xl/evil.xml"
    fields = (struct.pack("<HHQQ", 1, 16, 1, 1), struct.pack("<HH", 0x7075, len(name)) + name, b"\x99\x99\xff\xff")
    entry.extra = rng.choice(fields)


def _hide(entries: Entries, rng: Random) -> None:
    rng.choice(entries).hidden = True


def _more(entries: Entries, rng: Random) -> None:
    name = rng.choice(("xl/", "a/b/c.xml", "docProps/custom.xml", "xl/vbaProject.bin", "mimetype", "xl/calcChain.xml"))
    data = rng.choice((b"", b"<a/>", b"application/vnd.oasis.opendocument.spreadsheet", bytes(2000)))
    entries.insert(rng.choice((0, len(entries))), Entry(name, b"" if name.endswith("/") else data, 0))


ENTRIES: Final[list[Callable[[Entries, Random], None]]] = [
    *(_swap, _order, _drop, _again, _again, _rename, _rename, _local, _local, _flags, _method, _stored, _lie),
    *(_checksum, _extra, _hide, _more),
]


# The whole


def _commented(entries: Entries, rng: Random) -> bytes:
    inner = written(entries[:1])
    return written(entries, rng.choice((b"a comment", inner, b"PK\5\6" + bytes(18), bytes(65_535))))


def _shifted(entries: Entries, rng: Random) -> bytes:
    return written(entries, shift=rng.choice((1, -1, 46, 1 << 20)))


def _two(entries: Entries, rng: Random) -> bytes:
    """Two packages one behind the other, of which the second has other data in a part."""
    first = written(entries)
    entry = rng.choice(entries)
    entry.data = entry.data.replace(b"1", b"2", 3)
    return rng.choice((first + written(entries), written(entries) + first))


WHOLE: Final[list[Callable[[Entries, Random], bytes]]] = [_commented, _shifted, _two]
