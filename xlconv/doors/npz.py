"""The door for .npz: the wanted arrays of a ZIP archive, each as its header states it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from xlconv.doors.entry import Refusal, guarded, in_mib, read, said
from xlconv.errors import TemplateError, shortened

MAX_FILE: Final = 32 << 20
MAX_ARRAYS: Final = 64 << 20
"""Bytes of all arrays together."""
MAX_ENTRIES: Final = 100
MAX_DIMENSIONS: Final = 8

_HEADER: Final = 4096
"""Bytes of an array's header, for which 128 are usual."""
_CHUNK: Final = 1 << 20
_LOCAL_HEADER: Final = 30
_ENCRYPTED: Final = 0x2041
_DIRECTORY_RECORD: Final = b"PK\x01\x02"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Types: TypeAlias = Mapping[str, Sequence[DTypeLike]]
"""The types that an entry may have, by the entry's name."""


def load(path: Path, types: Types) -> dict[str, NDArray[Any]]:
    """Some arrays of an .npz file, in the machine's byte order.

    Args:
        path: The file.
        types: The entries to read, each with the types that it may have.

    Raises:
        TemplateError: The file is damaged, or an entry is missing, compressed in an odd way, larger than `MAX_ARRAYS`,
            of another type, or not of the size that its header states.
    """
    with guarded(TemplateError, path, f"not a readable .npz of {' and '.join(types)}"):
        data = read(path, MAX_FILE)
        if data.count(_DIRECTORY_RECORD) > MAX_ENTRIES:  # before a directory of a million entries is read
            raise Refusal(f"more than {MAX_ENTRIES} entries")
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_places(entries)
            found: dict[str, NDArray[Any]] = {}
            for name, known in types.items():
                left = MAX_ARRAYS - sum(array.nbytes for array in found.values())
                found[name] = _array(archive, _entry(entries, name), name, known, left)
            return found


def _check_places(entries: Sequence[zipfile.ZipInfo]) -> None:
    """No two entries lie on the same bytes."""
    for first, second in pairwise(sorted(entries, key=lambda entry: entry.header_offset)):
        end = first.header_offset + _LOCAL_HEADER + len(first.orig_filename) + first.compress_size
        if end > second.header_offset:
            raise Refusal("its entries overlap")


def _entry(entries: Sequence[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    """The one entry of an array, if it is stored as `numpy.savez` does."""
    found = [entry for entry in entries if entry.filename == f"{name}.npy"]
    if len(found) != 1:
        raise Refusal("is there more than once" if found else "is missing", name)
    (entry,) = found
    if entry.flag_bits & _ENCRYPTED:
        raise Refusal("is encrypted", name)
    if entry.compress_type not in _METHODS:
        raise Refusal(f"is compressed by method {entry.compress_type}, neither stored nor deflated", name)
    return entry


def _array(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, types: Sequence[DTypeLike], most: int
) -> NDArray[Any]:
    try:
        with archive.open(entry) as stream:
            return _read(stream, entry.file_size, types, most)
    except Refusal as refusal:
        raise Refusal(refusal.why, name) from None
    except Exception as error:  # noqa: BLE001 - zlib, zipfile and numpy, each in its own way
        raise Refusal(f"cannot be read: {said(error)}", name) from None


def _read(stream: IO[bytes], size: int, types: Sequence[DTypeLike], most: int) -> NDArray[Any]:
    """The array of an entry that states a size, header first."""
    head = BytesIO(stream.read(_HEADER))
    shape, fortran_order, dtype = _header(head)
    if dtype.newbyteorder("=") not in types:
        raise Refusal(
            f"is of dtype {shortened(str(dtype))}, must be {' or '.join(str(np.dtype(known)) for known in types)}"
        )
    if len(shape) > MAX_DIMENSIONS or min(shape, default=0) < 0:
        raise Refusal(f"states a shape that no array has, or more than {MAX_DIMENSIONS} dimensions")
    if (stated := prod(shape) * dtype.itemsize) > most:
        raise Refusal(f"is too large: all arrays together may have {in_mib(MAX_ARRAYS)}")
    if stated != size - head.tell():
        raise Refusal(f"holds {size - head.tell():,} bytes, its header states {stated:,}")
    flat = _filled(np.empty(prod(shape), dtype), head.read(), stream)
    if not dtype.isnative:
        flat = flat.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return flat.reshape(shape, order="F" if fortran_order else "C")


def _header(head: BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type as an array's header states them."""
    if not head.getvalue().startswith(npy.MAGIC_PREFIX):
        raise Refusal("is no array, but other bytes")
    version = npy.read_magic(head)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise Refusal(f"is an array of format {version[0]}.{version[1]}, neither 1.0 nor 2.0")
    shape, fortran_order, dtype = readers[version](head, max_header_size=_HEADER)
    return shape, fortran_order, dtype


def _filled(flat: NDArray[Any], first: bytes, stream: IO[bytes]) -> NDArray[Any]:
    """An array with bytes that are there already and those of a stream; zipfile compares the checksum of the last."""
    place = flat.view(np.uint8)
    piece, at = first, 0
    while at < len(place):
        place[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
        at += len(piece)
        if not (piece := stream.read(min(_CHUNK, len(place) - at))) and at < len(place):
            raise Refusal("is truncated")
    return flat
