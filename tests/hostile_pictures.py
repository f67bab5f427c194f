"""Pictures and IDX files made to harm: for each kind how the file is written, and what is said of it."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from tests.hostile import deflated, repeated

Kind: TypeAlias = tuple[Callable[[Path], object], str]
"""How the file is written, and what must be said of it."""

MIB = 1 << 20
TOO_LARGE = "too large a picture"
PIECES = "not a picture that can be read: more than 4,096 pieces"
EXIF = "not a picture that can be read: more than 1 MiB of Exif"
BROKEN = "cannot be read as a picture: "
ONE_COLOUR = "the picture has one colour only"
"""Of pictures that are read as they are, however much there is around them."""


def content(says: str, data: bytes | Callable[[], bytes]) -> Kind:
    return lambda path: path.write_bytes(data if isinstance(data, bytes) else data()), says


def saved(size: tuple[int, int], form: str, mode: str = "L") -> bytes:
    target = BytesIO()
    Image.new(mode, size).save(target, form)
    return target.getvalue()


# PNG


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, bits: int = 8, colour: int = 0, interlaced: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))


def black(rows: int, row: int) -> bytes:
    """The pixels of a PNG, all zero: a filter's byte and so many others in each row."""
    return chunk(b"IDAT", zlib.compress(bytes(rows * (row + 1)), 9)) + chunk(b"IEND", b"")


def orientation(count: int) -> bytes:
    """Exif whose orientation is so many numbers."""
    return (
        b"MM\0*\0\0\0\x08"
        + struct.pack(">HHHLL", 1, 0x112, 3, count, 26)
        + bytes(4)
        + bytes(range(256)) * (count // 128)
    )


# JPEG


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def progressive(scans: int, width: int = 6000, height: int = 4000) -> bytes:
    """A JPEG in which scan after scan says nothing new of a large picture."""
    tables = segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC4, b"\x10" + bytes([0, 0, 0, 1] + [0] * 12) + b"\xe0")
    frame = segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0")
    return b"\xff\xd8" + tables + frame + (segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(60)) * scans + b"\xff\xd9"


# GIF, BMP, WebP


def gif(width: int, height: int, before: bytes = b"") -> bytes:
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00;"
    return b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0) + before + frame


def run_lengths(width: int, height: int, data: bytes) -> bytes:
    head = struct.pack("<LllHHLLllLL", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<LLL", 1078 + len(data), 0, 1078) + head + bytes(1024) + data


def webp(width: int, height: int) -> bytes:
    """A WebP that states a size and holds next to nothing."""
    data = b"\x2f" + (width - 1 | height - 1 << 14).to_bytes(4, "little") + bytes(100)
    body = b"WEBPVP8L" + struct.pack("<L", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<L", len(body)) + body


# TIFF

Tag: TypeAlias = tuple[int, int, int, bytes]
"""Number, type, count and value."""


def tiff(*tags: Tag, side: int = 100, compression: int = 1, big: bool = False) -> bytes:
    """A greyscale TIFF; what does not fit a tag stands behind them."""
    own = {256: side, 257: side, 258: 8, 259: compression, 262: 1, 277: 1}
    every = sorted([*((tag, 4, 1, value.to_bytes(4, "little")) for tag, value in own.items()), *tags])
    room, head = (8, struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)) if big else (4, struct.pack("<2sHL", b"II", 42, 8))
    numbers, at = ("<HHQ", 16 + 8 + 20 * len(every) + 8) if big else ("<HHL", 8 + 2 + 12 * len(every) + 4)
    directory, behind = len(every).to_bytes(8 if big else 2, "little"), b""
    for tag, kind, count, value in every:
        place = (at + len(behind)).to_bytes(room, "little") if len(value) > room else value.ljust(room, b"\0")
        directory += struct.pack(numbers, tag, kind, count) + place
        behind += value if len(value) > room else b""
    return head + directory + bytes(room) + behind


def long(tag: int, *values: int) -> Tag:
    return tag, 4, len(values), struct.pack(f"<{len(values)}L", *values)


def many(tag: int, kind: int, count: int, size: int) -> Tag:
    return tag, kind, count, bytes(range(256)) * (count * size // 256)


STRIPS = (long(278, 1), long(279, 100))
STRIP = (long(273, 8), long(278, 100), long(279, 10_000))
MANY_NUMBERS = "tags of more than 200,000 numbers"


def exif_directory() -> bytes:
    """Tags that point to tags, of which one has three million numbers."""
    at = len(tiff(long(0x8769, 1), *STRIP))
    inner = struct.pack("<HHHLLL", 1, 0x9003, 5, 3_000_000, at + 18, 0)
    return tiff(long(0x8769, at), *STRIP) + inner + bytes(24_000_000)


def deflated_tile(side: int) -> bytes:
    packed = zlib.compress(bytes(MIB), 9)
    place = len(tiff(long(322, side), long(323, side), long(324, 1), long(325, 1), compression=8))
    tags = (long(322, side), long(323, side), long(324, place), long(325, len(packed)))
    return tiff(*tags, compression=8) + packed


TINY = saved((40, 40), "JPEG")
DOT = saved((9, 9), "GIF")

PICTURES: dict[str, Kind] = {
    "PNG of 10^12 pixels": content(TOO_LARGE, header(10**6, 10**6) + black(1, 1)),
    "PNG of 25 million pixels": content(TOO_LARGE, lambda: header(5000, 5000) + black(5000, 5000)),
    "PNG of 16 million colours with alpha": content(TOO_LARGE, header(4000, 4000, 8, 6) + black(1, 1)),
    "PNG of 12 million colours with alpha": content(
        ONE_COLOUR, lambda: header(4032, 3024, 8, 6) + black(3024, 4032 * 4)
    ),
    "interlaced PNG of 24 million pixels": content(ONE_COLOUR, lambda: header(6000, 4000, 8, 0, 1) + black(9000, 6000)),
    "PNG of 24 million pixels of 16 bits": content(ONE_COLOUR, lambda: header(6000, 4000, 16) + black(4000, 12_000)),
    "PNG that goes on": content(ONE_COLOUR, lambda: header(20, 20) + black(200_000, 1000)),
    "PNG of 2 million chunks": content(PIECES, lambda: header(20, 20) + chunk(b"teXt", b"") * 2_000_000),
    "PNG of 2 million chunks of data": content(PIECES, lambda: header(20, 20) + chunk(b"IDAT", b"") * 2_000_000),
    "PNG of 60 MiB of texts": content(
        ONE_COLOUR,
        lambda: (
            header(4032, 3024, 8, 6)
            + b"".join(chunk(b"zTXt", b"%d\0\0" % n + zlib.compress(bytes(MIB - 9), 9)) for n in range(60))
            + black(3024, 4032 * 4)
        ),
    ),
    "PNG of 15 million orientations": content(EXIF, lambda: header(20, 20) + chunk(b"eXIf", orientation(15_000_000))),
    "PNG with zeros behind": content(ONE_COLOUR, lambda: header(20, 20) + black(20, 20) + bytes(31 * MIB)),
    "picture of 33 MiB": content("bytes, more than 32 MiB", lambda: bytes(33 * MIB)),
    "JPEG of 24 million pixels": content(ONE_COLOUR, lambda: saved((6000, 4000), "JPEG", "RGB")),
    "JPEG of 24 million pixels in CMYK": content(TOO_LARGE, lambda: saved((6000, 4000), "JPEG", "CMYK")),
    "JPEG of 8 million segments": content(PIECES, lambda: TINY[:2] + segment(0xFE, b"") * 8_000_000 + TINY[2:]),
    "JPEG of 30 million fill bytes": content(PIECES, lambda: TINY[:2] + b"\xff" * 30_000_000 + TINY[2:]),
    "JPEG of 30 MB of Exif": content(
        EXIF, lambda: TINY[:2] + segment(0xE1, b"Exif\0\0" + orientation(4000)) * 3700 + TINY[2:]
    ),
    "JPEG of 2,000 scans": content("more than 64 scans", progressive(2000)),
    "JPEG of 60 scans": content(ONE_COLOUR, progressive(60)),
    "GIF of 65535 x 65535": content(TOO_LARGE, gif(65535, 65535)),
    "GIF of 125,000 comments": content(PIECES, lambda: gif(9, 9, b"!\xfe" + (b"\xff" + bytes(255)) * 125_000 + b"\0")),
    "GIF of junk": content(PIECES, lambda: gif(9, 9, bytes(30_000_000))),
    "BMP of run lengths, 30 MB": content(
        "bytes, more than 2 MiB", lambda: run_lengths(6000, 4000, b"\1\7" * 15_000_000)
    ),
    "BMP of run lengths, 24 million pixels": content(TOO_LARGE, run_lengths(6000, 4000, b"\1\7\0\0" * 500_000)),
    "BMP of less than no height": content(TOO_LARGE, run_lengths(6000, -(2**31), b"\1\7")),
    "TIFF of 7 million strips": content(MANY_NUMBERS, lambda: tiff(many(273, 4, 7_000_000, 4), *STRIPS)),
    "BigTIFF of 7 million strips": content(MANY_NUMBERS, lambda: tiff(many(273, 4, 7_000_000, 4), *STRIPS, big=True)),
    "TIFF of 190,000 strips": content(
        "not a picture that can be read", lambda: tiff(many(273, 4, 190_000, 4), *STRIPS)
    ),
    "TIFF of 3 million resolutions": content(MANY_NUMBERS, lambda: tiff(many(282, 5, 3_000_000, 8), *STRIP)),
    "TIFF of 3 million dates": content(MANY_NUMBERS, exif_directory),
    "TIFF of a tile of a GiB": content("tiles of more than 64 MiB", lambda: deflated_tile(32_768)),
    "WebP of 16000 x 12000": content(TOO_LARGE, webp(16_000, 12_000)),
    "WebP of 8 million pixels": content(ONE_COLOUR, lambda: saved((3840, 2160), "WEBP", "RGB")),
    "WebP of 9 MiB": content("bytes, more than 8 MiB", lambda: saved((9, 9), "WEBP") + bytes(9 * MIB)),
    "truncated PNG": content(BROKEN, (header(100, 100) + black(100, 100))[:60]),
    "PNG of text": content("not a picture that can be read", b"\x89PNG\r\n\x1a\n and no more"),
    "PostScript": content("not a picture that can be read", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
}

# IDX


def idx(*shape: int, data: bytes = b"") -> bytes:
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}L", *shape) + data


def bomb(head: bytes, mebibytes: int) -> Callable[[], bytes]:
    """A .gz that grows a thousandfold."""

    def make() -> bytes:
        data, size, crc, *_ = repeated(head, bytes(MIB), mebibytes, b"")
        return bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]) + data + struct.pack("<LL", crc, size % (1 << 32))

    return make


def members(*pieces: bytes, end: bytes = b"") -> bytes:
    return b"".join(map(gzip.compress, pieces)) + end


SMALL = idx(1, 2, 2, data=b"abcd")
EMPTY_MEMBER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]) + deflated(b"").data + bytes(8)

IDX: dict[str, Kind] = {
    "70 dimensions of bytes": content("an array of 70 dimensions, more than 4", idx(*[1] * 70, data=b"x")),
    "65536^4 bytes": content("an array of 65536x65536x65536x65536, more than 128 MiB", idx(*[65536] * 4)),
    "no images of 2^64 pixels": content("cannot be read: ", idx(0, 2**32 - 1, 2**32 - 1)),
    ".gz of 1.4 GB": content("holds more bytes than its array of 1x28x28", bomb(idx(1, 28, 28), 1400)),
    ".gz of 1.4 GB as stated": content("more than 128 MiB", bomb(idx(1400, 1024, 1024), 1400)),
    ".gz of 256 MiB, half of it stated": content("holds more bytes than its array", bomb(idx(128, 1024, 1024), 256)),
    "file of 129 MiB": content("bytes, more than 128 MiB", lambda: idx(129, 1024, 1024) + bytes(129 * MIB)),
    "a byte too many": content("holds more bytes than its array of 1x2x2", SMALL + b"e"),
    "a byte too few": content("3 bytes do not hold an array of 1x2x2: truncated?", SMALL[:-1]),
    "a compressed byte too many": content("holds more bytes than its array of 1x2x2", members(SMALL, b"e")),
    "garbage behind a .gz": content("cannot be read: ", members(SMALL, end=b"garbage")),
    "3 million compressed files": content("more than 10,000 compressed files", lambda: EMPTY_MEMBER * 3_000_000),
    "truncated .gz": content("compressed data is truncated", members(SMALL)[:-1]),
    "wrong checksum": content("cannot be read: ", members(SMALL)[:-8] + bytes(4) + members(SMALL)[-4:]),
    ".gz of a .gz": content("not an IDX file of unsigned bytes", members(members(SMALL))),
    "other numbers": content("not an IDX file of unsigned bytes", b"\0\0\x0d\1\0\0\0\1abcd"),
    "truncated header": content("its header is truncated", b"\0\0\x08\3\0\0\0\1"),
}
