"""The door for IDX, the form in which MNIST is published: an array of unsigned bytes, gzipped or not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from xlconv.doors.entry import Refusal, guarded, in_mib, opened
from xlconv.errors import DataError

MAX_ARRAY: Final = 128 << 20
MAX_DIMENSIONS: Final = 4
MAX_MEMBERS: Final = 10_000
"""Compressed files that one .gz may be a row of."""

_UBYTE: Final = b"\x00\x00\x08"
_GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 64 << 10


def load(path: Path, most: int = MAX_ARRAY) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes as an array of the shape that it states.

    A .gz may be a row of compressed files, as the format allows, and end in zeros, as on tapes.

    Args:
        path: The file.
        most: Bytes that the array may have.

    Raises:
        DataError: The file is missing, damaged or truncated, larger, or something else.
    """
    with guarded(DataError, path, "cannot be read"), opened(path, most + _CHUNK) as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        return _array(_Bytes(_unpacked(file) if packed else _plain(file)), most)


def _array(source: _Bytes, most: int) -> NDArray[np.uint8]:
    start = source.take(4)
    if len(start) < 4 or start[:3] != _UBYTE:
        raise Refusal("not an IDX file of unsigned bytes")
    if start[3] > MAX_DIMENSIONS:
        raise Refusal(f"an array of {start[3]} dimensions, more than {MAX_DIMENSIONS}")
    sizes = source.take(4 * start[3])
    if len(sizes) < 4 * start[3]:
        raise Refusal("its header is truncated")
    shape = tuple(int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4))
    if prod(shape) > most:
        raise Refusal(f"states an array of {'x'.join(map(str, shape))}, more than {in_mib(most)}")
    return _filled(np.empty(prod(shape), np.uint8), source, shape).reshape(shape)


def _filled(flat: NDArray[np.uint8], source: _Bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    at = 0
    while piece := source.take(min(_CHUNK, len(flat) - at) or 1):  # one more, which should not be there
        if at == len(flat):
            raise Refusal(f"holds more bytes than its array of {'x'.join(map(str, shape))}")
        flat[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
        at += len(piece)
    if at < len(flat):
        raise Refusal(f"{at:,} bytes do not hold an array of {'x'.join(map(str, shape))}: truncated?")
    return flat


class _Bytes:
    """Bytes that come in pieces, to be taken in others."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.rest = b""

    def take(self, count: int) -> bytes:
        """So many bytes, fewer only at the end."""
        found = self.rest
        while len(found) < count and (piece := next(self.pieces, b"")):
            found += piece
        self.rest = found[count:]
        return found[:count]


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """What a .gz holds, in pieces of at most `_CHUNK`; zlib compares each checksum."""
    data = file.read(_CHUNK)
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            if piece := member.decompress(data, _CHUNK):
                yield piece
            data = member.unconsumed_tail or (member.unused_data if member.eof else file.read(_CHUNK))
            if not data and not member.eof and not piece:
                raise Refusal("cannot be read: its compressed data is truncated")
        if not (data := _behind_zeros(data, file)):
            return
    raise Refusal(f"cannot be read: more than {MAX_MEMBERS:,} compressed files in a row")


def _behind_zeros(data: bytes, file: BinaryIO) -> bytes:
    """What follows behind a compressed file and zeros, empty at the end."""
    while not (data := data.lstrip(b"\x00")):
        if not (data := file.read(_CHUNK)):
            break
    return data
