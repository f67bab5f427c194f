"""Of how many pieces a picture file is: counted here, as Pillow walks through them in Python, or keeps them all.

A file of some megabytes can hold millions of empty chunks, segments or blocks, a JPEG thousands of scans, each of
which costs a pass over the whole picture, and a TIFF's tags as many numbers as fit.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final

from xlconv.doors.entry import Refusal, in_mib

MAX_PIECES: Final = 4096
MAX_SCANS: Final = 64
MAX_NUMBERS: Final = 200_000
"""In all tags of a TIFF, texts and bytes excepted."""
MAX_TILE: Final = 64 << 20
MAX_EXIF: Final = 1 << 20
"""Bytes of what a camera says of a picture: Pillow joins the parts of it one by one, and unpacks its numbers."""
MAX_WEBP: Final = 8 << 20
"""Bytes of a file that Pillow has in memory three times."""
MAX_RUNS: Final = 2 << 20
"""Bytes of a BMP's run lengths, which Pillow reads in Python, one by one."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_GIF: Final = b"GIF8"
_BMP: Final = b"BM"
_RUN_LENGTHS: Final = (b"\x01\x00\x00\x00", b"\x02\x00\x00\x00")
_RIFF: Final = b"RIFF"
_TIFF: Final = re.compile(rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]|II\x00\x2a|MM\x2a\x00")
_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_APP1: Final = 0xE1
_SCAN: Final = 0xDA
_END: Final = 0xD9
_WITHOUT_LENGTH: Final = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})

_EXIF_TAGS: Final = (0x8769, 0x8825, 0xA005)
"""Tags that point to more tags."""
_TILE_TAGS: Final = (322, 323)
_TEXT_TYPES: Final = (1, 2, 7)


def check(data: bytes) -> None:
    """Look through a picture file.

    Raises:
        Refusal: It has more pieces than pictures have.
    """
    if data.startswith(_RIFF):
        _check_size(data, MAX_WEBP)
    if data.startswith(_BMP) and data[30:34] in _RUN_LENGTHS:
        _check_size(data, MAX_RUNS)
    for begins, walk in _WALKS.items():
        if data.startswith(begins):
            _count(walk(data))
    if _TIFF.match(data):
        for big in {False, 43 in data[2:4]}:  # not all versions of Pillow take the same files for BigTIFF
            _Tags(data, big).check()


def _count(pieces: Iterator[int]) -> None:
    """Count pieces, and what of them is Exif."""
    exif = 0
    for number, size in enumerate(pieces):
        exif += size
        if number == MAX_PIECES:
            raise Refusal(f"not a picture that can be read: more than {MAX_PIECES:,} pieces")
        if exif > MAX_EXIF:
            raise Refusal(f"not a picture that can be read: more than {in_mib(MAX_EXIF)} of Exif")


def _check_size(data: bytes, most: int) -> None:
    if len(data) > most:
        raise Refusal(f"{len(data):,} bytes, more than {in_mib(most)}", hint="save it as PNG or JPEG")


def _chunks(data: bytes) -> Iterator[int]:
    """Of a PNG, up to its end."""
    at = len(_PNG)
    while at < len(data) and (name := data[at + 4 : at + 8]) != b"IEND":
        size = int.from_bytes(data[at : at + 4], "big")
        yield size if name == b"eXIf" else 0
        at += 12 + size


def _riff_chunks(data: bytes) -> Iterator[int]:
    """Of a WebP."""
    at = 12
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield size if data[at : at + 4] == b"EXIF" else 0
        at += 8 + size + size % 2


def _segments(data: bytes) -> Iterator[int]:
    """Of a JPEG, up to its end; fill bytes are counted, as they are skipped one by one."""
    at, scans = 2, 0
    while at + 1 < len(data):
        marker = data[at + 1]
        yield (
            int.from_bytes(data[at + 2 : at + 4], "big") if marker == _APP1 and data[at + 4 : at + 8] == b"Exif" else 0
        )
        if data[at] != 0xFF or marker in (0x00, 0xFF):
            at += 1
        elif marker == _END:
            return
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise Refusal(f"not a picture that can be read: more than {MAX_SCANS} scans")
            found = _MARKER.search(data, at)
            at = found.start() if found else len(data)


def _blocks(data: bytes) -> Iterator[int]:
    """Of a GIF, up to its first frame."""
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    while at < len(data) and data[at] not in b",;":
        yield 0
        if data[at] != 0x21:
            at += 1
            continue
        at += 2
        while at < len(data) and (size := data[at]):
            yield 0
            at += 1 + size
        at += 1


_WALKS: Final[dict[bytes, Callable[[bytes], Iterator[int]]]] = {
    _PNG: _chunks,
    _JPEG: _segments,
    _GIF: _blocks,
    _RIFF: _riff_chunks,
}


class _Tags:
    """The tags of a TIFF's first picture, and those that they point to."""

    def __init__(self, data: bytes, big: bool) -> None:
        self.data = data
        self.big = big
        self.order = "<" if data.startswith(b"II") else ">"
        self.left = MAX_NUMBERS
        self.tile = [0, 0]

    def check(self) -> None:
        waiting = [self._number(8, "Q") if self.big else self._number(4, "L")]
        seen: set[int] = set()
        while waiting:
            at = waiting.pop()
            if at not in seen and len(seen) < 16:
                seen.add(at)
                waiting += self._directory(at)
        if self.tile[0] * self.tile[1] * 4 > MAX_TILE:
            raise Refusal(f"not a picture that can be read: tiles of more than {in_mib(MAX_TILE)}")

    def _directory(self, at: int) -> Iterator[int]:
        """Take the numbers of one directory from those that are left; gives where it points to."""
        count = self._number(at, "Q" if self.big else "H")
        at += 8 if self.big else 2
        size = 20 if self.big else 12
        for entry in range(at, min(at + count * size, len(self.data)), size):
            tag, kind = self._number(entry, "H"), self._number(entry + 2, "H")
            numbers = self._number(entry + 4, "Q" if self.big else "L")
            if kind not in _TEXT_TYPES and numbers <= len(self.data):  # Pillow leaves out what the file cannot hold
                self.left -= numbers
            if self.left < 0:
                raise Refusal(f"not a picture that can be read: tags of more than {MAX_NUMBERS:,} numbers")
            value = self._number(entry + (12 if self.big else 8), "H" if kind == 3 else "L")
            if tag in _EXIF_TAGS:
                yield value
            if tag in _TILE_TAGS:
                self.tile[tag - 322] = max(self.tile[tag - 322], value)

    def _number(self, at: int, kind: str) -> int:
        piece = self.data[at : at + struct.calcsize(f"{self.order}{kind}")]
        return int.from_bytes(piece, "little" if self.order == "<" else "big")
