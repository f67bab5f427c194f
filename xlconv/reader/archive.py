"""The ZIP archive of a package, which must be as plain as every spreadsheet program writes it.

Programs find the parts of an archive in different ways: by the directory at the end, or by the header before each
part, from the front. An archive in which the two say different things, or in which something stands before, between
or behind the parts, is another workbook for each, and is refused.
"""

from __future__ import annotations

import struct
import zipfile
from typing import Final

from xlconv.errors import WorkbookError

_HEADER: Final = struct.Struct("<4xH2H4xIIIHH")
"""Version, flags, method; checksum, compressed and whole size; lengths of the name and of further fields."""
_END: Final = struct.Struct("<4s4xHHIIH")
_LOCATOR: Final = struct.Struct("<4x4xQ4x")
_LONG_END: Final = struct.Struct("<4sQ2x2x4x4x8x8xQQ")
_STREAMED: Final = 8
"""The flag that says that checksum and sizes stand behind the data, too."""
_DESCRIPTORS: Final = (12, 16, 20, 24)
_LONG: Final = 0xFFFFFFFF
_SIZES: Final = 1
_UNICODE_NAME: Final = 0x7075
"""Further fields: sizes of 64 bits, and another name."""


def check(data: bytes, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that programs may read differently.

    Raises:
        WorkbookError: It is one.
    """
    _check_end(data, archive.start_dir)
    behind = archive.start_dir
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset, reverse=True):
        if not _is_plain(data, entry, behind):
            name = entry.orig_filename[:80]
            raise WorkbookError(f"a damaged .xlsx: what stands before the part {name!r} is not what the directory says")
        behind = entry.header_offset
    if behind:
        raise WorkbookError("a damaged .xlsx: something stands before its first part")


def _check_end(data: bytes, directory: int) -> None:
    """The directory must be the last thing in the file, and be where it says it is."""
    mark, _, _, size, start, comment = _END.unpack(data[-_END.size :])
    behind = len(data) - _END.size
    if data[behind - _LOCATOR.size : behind].startswith(b"PK\6\7"):  # some write 64 bits whether they need them or not
        size, start, behind = _long_end(data, size, start, behind)
    if mark != b"PK\5\6" or comment or start != directory or start + size != behind:
        raise WorkbookError("a damaged .xlsx: its directory is not at its end, or something stands behind it")


def _long_end(data: bytes, size: int, start: int, behind: int) -> tuple[int, int, int]:
    """Size and start of the directory as the record of 64 bits before the end says it, and where that begins."""
    at = behind - _LOCATOR.size - _LONG_END.size
    (found,) = _LOCATOR.unpack(data[behind - _LOCATOR.size : behind])
    if at < 0 or found != at:
        return 0, -1, at
    mark, length, long_size, long_start = _LONG_END.unpack_from(data, at)
    is_told = size in (long_size, _LONG) and start in (long_start, _LONG)
    return (long_size, long_start, at) if mark == b"PK\6\6" and length == 44 and is_told else (0, -1, at)


def _is_plain(data: bytes, entry: zipfile.ZipInfo, behind: int) -> bool:
    """Whether the header before a part says what the directory does, and the part ends where the next one begins."""
    start = entry.header_offset
    if start + _HEADER.size > len(data):
        return False
    _, flags, method, crc, packed, whole, name, more = _HEADER.unpack_from(data, start)
    fields = _fields(data[start + _HEADER.size + name :][:more])
    if _LONG in (packed, whole) and len(fields.get(_SIZES, b"")) >= 16:
        whole, packed = struct.unpack_from("<QQ", fields[_SIZES])
    told, due = (crc, packed, whole), (entry.CRC, entry.compress_size, entry.file_size)
    streamed = flags & _STREAMED
    left = behind - (start + _HEADER.size + name + more + entry.compress_size)
    return (
        (flags, method) == (entry.flag_bits, entry.compress_type)
        and (told == due or bool(streamed and not any(told)))
        and (left == 0 or bool(streamed and left in _DESCRIPTORS))
        and _UNICODE_NAME not in fields.keys() | _fields(entry.extra).keys()
    )


def _fields(extra: bytes) -> dict[int, bytes]:
    """The further fields of a header, by what they are."""
    found: dict[int, bytes] = {}
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        found[kind], extra = extra[4 : 4 + size], extra[4 + size :]
    return found
