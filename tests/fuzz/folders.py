"""Mutations of template folders, pictures and files of digits."""

from __future__ import annotations

import gzip
import json
import re
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any, Final

import numpy as np

from tests.fuzz import packages

_NUMBERS: Final = (
    "0",
    "-1",
    "1",
    "2",
    "7",
    "1e9",
    "1.5",
    "inf",
    "nan",
    "1000000000",
    "9" * 400,
    "9" * 5000,
    "0x7f",
    "1_0",
)
_VALUES: Final = (
    *_NUMBERS,
    *(
        "true",
        '""',
        '"a"',
        "[]",
        "[1]",
        "[1, 2]",
        "[1, 6, 6]",
        "[0, 0, 0]",
        "[[1]]",
        "{}",
        "{a = 1}",
        "2026-01-01",
        "''",
    ),
    *(
        '"Conv2d"',
        '"MaxPool2d"',
        '"Softmax"',
        '"Linear"',
        '"Nothing"',
        '"input"',
        '"conv1"',
        '"\\u0000"',
        '"' + "x" * 40_000 + '"',
    ),
)
_LINES: Final = (
    "[[layers]]",
    "[layers]",
    "format = 2",
    "x = 1",
    "inline = true",
    "stride = 0",
    "padding = 1000000",
    "kernel_size = [1, 2, 3]",
    'inputs = ["conv1"]',
    'inputs = ["nowhere"]',
    "a" + ".a" * 20_000 + " = 1",
    "a = " + "[" * 500 + "]" * 500,
    "\0",
    "é = 1",
    '"" = 1',
    "classes = []",
)


def toml(data: bytes, rng: Random) -> bytes:
    """A network.toml with lines left out, doubled, exchanged or new, or with other values."""
    lines = data.decode().split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        match rng.choice(("value", "value", "value", "number", "drop", "double", "new", "swap")):
            case "value":
                lines[at] = re.sub(r"=.*", lambda _: f"= {rng.choice(_VALUES)}", lines[at])
            case "number":
                lines[at] = re.sub(r"\d+", lambda _: rng.choice(_NUMBERS), lines[at], count=1)
            case "drop":
                lines[at] = ""
            case "double":
                lines.insert(at, lines[at])
            case "new":
                lines.insert(at, rng.choice(_LINES))
            case "swap":
                other = rng.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
    text = "\n".join(lines).encode()
    return raw(text, rng) if rng.random() < 0.1 else text


def raw(data: bytes, rng: Random) -> bytes:
    """A file with faults in its bytes."""
    for _ in range(rng.choice((1, 1, 3))):
        data = rng.choice(packages.BYTES)(data, rng) if data else b""
    return data


_TYPES: Final = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "U8", "BOOL", "C64", "X", "", 1)


def safetensors(data: bytes, rng: Random) -> bytes:
    """Tensors of other types, shapes and places, under other names, with other values."""
    if rng.random() < 0.25:
        return raw(data, rng)
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    key = rng.choice(sorted(header))
    entry = header[key]
    _change_tensor(header, key, entry, body, rng)
    text = json.dumps(header).encode()
    size = rng.choice((len(text),) * 8 + (0, 1 << 40, len(text) + 1))
    return struct.pack("<Q", size) + text + bytes(body)


def _change_tensor(header: dict[str, Any], key: str, entry: dict[str, Any], body: bytearray, rng: Random) -> None:
    match rng.choice(("type", "type", "shape", "shape", "place", "name", "more", "drop", "number", "number", "odd")):
        case "type":
            entry["dtype"] = rng.choice(_TYPES)
        case "shape":
            entry["shape"] = rng.choice(
                ([], [1], [0], entry["shape"][::-1], [1 << 62], [-1], [1 << 31] * 4, [1] * 70, "x")
            )
        case "place":
            entry["data_offsets"] = rng.choice(([0, 8], [8, 0], [0, 1 << 60], [-8, 0], [0], "x"))
        case "name":
            header[rng.choice(("", "x", key.upper(), key + "\n", "__metadata__"))] = header.pop(key)
        case "more":
            header[rng.choice(("x", "conv9.weight"))] = dict(entry)
        case "drop":
            del header[key]
        case "number":
            start, end = entry["data_offsets"]
            width = (end - start) // max(1, int(np.prod(entry["shape"])))
            number = rng.choice((np.nan, np.inf, -np.inf, 1e300, 5e-324, 0.0))
            body[start : start + width] = struct.pack(
                "<d" if width == 8 else "<f", number if width == 8 else np.float32(number)
            )
        case "odd":
            header["__metadata__"] = rng.choice(({"a": "b"}, {"a": 1}, [], "x", {"a": "b" * 100_000}))


_HEADERS: Final = (
    "{'descr': '|u1', 'fortran_order': True, 'shape': (6, 6, 6), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (6,), }",
    "{'descr': '<U9', 'fortran_order': False, 'shape': (6,), }",
    "{'descr': '>f8', 'fortran_order': False, 'shape': (6, 6, 6), }",
    "{'descr': '<c16', 'fortran_order': False, 'shape': (6,), }",
    "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (6,), }",
    "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (6,), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776, 6), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (), }",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (1099511627776,), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 6, 6), }",
    "{'descr': '|b1', 'fortran_order': False, 'shape': (6, 6, 6), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 6, 6), }",
    "{'descr': '<i9', 'fortran_order': False, 'shape': (6,), }",
    "{" * 3000,
    "(" * 300 + ")" * 300,
    "1",
)


def npz(data: bytes, rng: Random) -> bytes:
    """Arrays of other shapes, types and values, packed in other ways."""
    entries = packages.read(data)
    entry = rng.choice(entries)
    match rng.choice(("package", "package", "header", "header", "bytes", "array", "array", "bomb", "odd")):
        case "package":
            return packages.mutated(data, rng)
        case "header":
            text = rng.choice(_HEADERS).encode() + b"\n"
            entry.data = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + entry.data[128:]
        case "bytes":
            entry.data = raw(entry.data, rng)
        case "array":
            entry.data = _array(rng)
        case "bomb":
            head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (50000000,), }\n"
            entry.data = b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(50_000_000)
        case "odd":
            entry.data = rng.choice((b"", b"\x93NUMPY", b"\x80\4.", b"x" * 100, b"\x93NUMPY\x09\0" + bytes(100)))
    return packages.written(entries)


def _array(rng: Random) -> bytes:
    shape = rng.choice(((6,), (6, 6, 6), (6, 1, 6, 6), (1,), (0,), (6, 5, 5), (7, 6, 6), (1,) * 30))
    kind = rng.choice(("u1", "f8", "f4", "i8", "?", "c16", "f2", "S3", "U2"))
    array = np.resize(np.array([0, 1, 2, 255, 3]), shape).astype(kind)
    if kind.startswith("f") and array.size:
        array.flat[0] = rng.choice((np.nan, np.inf, 1e300 if kind == "f8" else 1.0, -1.0))
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def picture(data: bytes, rng: Random) -> bytes:
    """A picture with faults in its bytes, or a PNG that tells another size."""
    if data.startswith(b"\x89PNG") and rng.random() < 0.5:
        width, height = (rng.choice((0, 1, 24, 100, 65_535, 1 << 31, 0xFFFFFFFF)) for _ in range(2))
        fields = struct.pack(">II", width, height) + bytes(
            [rng.choice((1, 2, 8, 16, 3)), rng.choice((0, 2, 3, 4, 6, 9)), 0, 0, 0]
        )
        return data[:16] + fields + struct.pack(">I", zlib.crc32(b"IHDR" + fields)) + data[33:]
    if rng.random() < 0.1:
        return rng.choice(
            (b"", b"GIF89a" + bytes(50), b"BM" + bytes(60), b"<svg/>", b"%PDF-1.4", b"%!PS\n", b"II*\0" + bytes(90))
        )
    return raw(data, rng)


def idx(data: bytes, rng: Random) -> bytes:
    """Digits that tell other dimensions, are cut, or are compressed, perhaps wrongly."""
    match rng.choice(("size", "size", "type", "many", "bytes", "gz", "bomb")):
        case "size":
            at = rng.choice((4, 8, 12))
            data = data[:at] + struct.pack(">I", rng.choice((0, 1, 7, 65_536, 0xFFFFFFFF))) + data[at + 4 :]
        case "type":
            data = bytes(rng.choice((0, 8, 9, 11, 13, 14, 255)) for _ in range(3)) + data[3:]
        case "many":
            count = rng.choice((0, 1, 2, 64, 70, 255))
            data = b"\0\0\x08" + bytes([count]) + struct.pack(">I", rng.choice((0, 1, 2, 65_536))) * count + data[16:]
        case "bytes":
            data = raw(data, rng)
        case "gz":
            return raw(gzip.compress(data, mtime=0), rng)
        case "bomb":
            return gzip.compress(data[:16] + bytes(rng.choice((10, 60_000_000))), 1, mtime=0)
    return gzip.compress(data, mtime=0) if rng.random() < 0.3 else data


FILES: Final[dict[str, Callable[[bytes, Random], bytes]]] = {
    "network.toml": toml,
    "weights.safetensors": safetensors,
    "samples.npz": npz,
}
"""What a template folder holds, with what mutates it."""
