"""Template folders made to harm: for each kind the file that is replaced, what it holds, and what is said of it.

Large files are small on disk: they are one compressed piece repeated, see `tests.hostile`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from tests.hostile import Packed, deflated, repeated, write
from xlconv import templates

Kind: TypeAlias = tuple[str, Callable[[Path], object], str]
"""The file's name, how it is written, and what must be said."""

MIB = 1 << 20

# Samples


def npy(
    shape: str = "(2, 28, 28)",
    data: bytes | None = None,
    descr: str = "'|u1'",
    order: str = "False",
    header: str | None = None,
    version: int = 1,
) -> bytes:
    """An array as `numpy.save` writes it, or nearly so."""
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}" if header is None else header
    encoded = text.encode("latin-1") + b"\n"
    length = len(encoded).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + encoded + (bytes(2 * 784) if data is None else data)


LABELS = deflated(npy("(2,)", b"\3\4"))


def archive(images: Packed, *more: tuple[str, Packed], overlap: bool = False) -> Callable[[Path], object]:
    """Writes samples with such images, or with other entries behind."""
    entries = [("images.npy", images), ("labels.npy", LABELS), *more]
    return lambda path: write(path, entries, overlap)


def samples(says: str, images: Packed | bytes, *more: tuple[str, Packed], overlap: bool = False) -> Kind:
    packed = deflated(images) if isinstance(images, bytes) else images
    return "samples.npz", archive(packed, *more, overlap=overlap), says


def zeros(head: bytes, mebibytes: int) -> Packed:
    return repeated(head, bytes(MIB), mebibytes, b"")


def compressed_by(method: int) -> Kind:
    """Entries compressed as .npz never are, written by the standard library."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as file:
            file.writestr("images.npy", npy())
            file.writestr("labels.npy", npy("(2,)", b"\3\4"))

    return "samples.npz", make, f"'images' is compressed by method {method}"


ARRAY = deflated(npy())
STORED = Packed(npy(), len(npy()), 0, zipfile.ZIP_STORED)
TOO_LARGE = "'images' is too large: all arrays together may have 64 MiB"
NO_SHAPE = "'images' states a shape that no array has"
UNREADABLE = "'images' cannot be read: "

SAMPLES: dict[str, Kind] = {
    "raw bytes": samples("'images' is no array, but other bytes", b"hello"),
    "nothing": samples("'images' is no array, but other bytes", b""),
    "LZMA": compressed_by(zipfile.ZIP_LZMA),
    "bzip2": compressed_by(zipfile.ZIP_BZIP2),
    "odd method": samples("'images' is compressed by method 97", ARRAY._replace(method=97)),
    "encrypted": samples("'images' is encrypted", ARRAY._replace(flags=1)),
    "strongly encrypted": samples("'images' is encrypted", ARRAY._replace(flags=0x41)),
    "wrong CRC": samples(f"{UNREADABLE}Bad CRC-32", STORED),
    "negative shape": samples(NO_SHAPE, npy("(-2, 28, 28)")),
    "shape of 10^18": samples(TOO_LARGE, npy(f"({10**18},)")),
    "shape of 2^64 by overflow": samples(TOO_LARGE, npy(f"({2**32}, {2**32}, 1)")),
    "number of 4,000 hexadecimal digits": samples(TOO_LARGE, npy(f"(0x{'f' * 3900},)")),
    "70 dimensions": samples(NO_SHAPE, npy(f"({'1,' * 70})")),
    "no dimensions": samples("'images' holds 1,568 bytes, its header states 1", npy("()")),
    "empty": samples("'images' holds 1,568 bytes, its header states 0", npy("(0, 28, 28)")),
    "shape of floats": samples(f"{UNREADABLE}shape is not valid", npy("(2.0, 28, 28)")),
    "2 GiB of zeros": samples(TOO_LARGE, zeros(npy("(2147483648,)", b""), 2048)),
    "2 GiB behind a small array": samples("its header states 1,568", zeros(npy(data=b""), 2048)),
    "header of 2 GiB": samples(f"{UNREADABLE}EOF: reading array header", zeros(b"\x93NUMPY\2\0\xff\xff\xff\x7f", 2048)),
    "header of 10 MB": samples(f"{UNREADABLE}EOF: reading array header", npy(header=" " * 10**7, version=2)),
    "nested parentheses": samples(UNREADABLE, npy(header="(" * 4000)),
    "4,000 minus signs": samples(UNREADABLE, npy(header=f"{'-' * 4000}1")),
    "backslashes": samples(UNREADABLE, npy(header="\\\n" * 1000)),
    "format 3": samples("'images' is an array of format 3.0", npy(version=3)),
    "objects": samples("'images' is of dtype object", npy(descr="'|O'")),
    "structured": samples("'images' is of dtype [('a', 'u1')]", npy(descr="[('a', '|u1')]")),
    "a type of arrays": samples("'images' is of dtype ('u1', (3,))", npy(descr="('|u1', (3,))")),
    "2 GiB an element": samples("'images' is of dtype |V2147483647", npy(descr="'|V2147483647'")),
    "no type": samples(f"{UNREADABLE}descr is not a valid dtype descriptor", npy(descr="'nonsense'")),
    "one byte more": samples("'images' holds 1,569 bytes", npy(data=bytes(1569))),
    "one byte less": samples("'images' holds 1,567 bytes", npy(data=bytes(1567))),
    "size understated": samples("its header states 1,568", zeros(npy(data=b""), 64)._replace(size=10**6)),
    "truncated": ("samples.npz", lambda path: path.write_bytes(b"PK\3\4"), "not a readable .npz of images and labels"),
    "entry twice": samples("'images' is there more than once", ARRAY, ("images.npy", ARRAY)),
    "entries that overlap": samples("its entries overlap", ARRAY, overlap=True),
    "100,000 entries": samples("more than 100 entries", ARRAY, *[(f"{n}", ARRAY) for n in range(100)]),
    "file of 33 MiB": ("samples.npz", lambda path: path.write_bytes(bytes(33 * MIB)), "bytes, more than 32 MiB"),
}

# Weights


def tensors(header: object, data: bytes = b"", length: int | None = None) -> Callable[[Path], object]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    return lambda path: path.write_bytes(size.to_bytes(8, "little") + text + data)


def weights(says: str, header: object, data: bytes = b"", length: int | None = None) -> Kind:
    return "weights.safetensors", tensors(header, data, length), says


def one(dtype: str, shape: list[Any], size: int, name: str = "conv1.weight") -> Kind:
    """A file of one tensor, refused by its type."""
    header = {name: {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}
    return weights(f"{name!r} is of type {dtype}, must be F16, F32, F64", header, bytes(size))


def shaped(says: str, *shape: int) -> Kind:
    header = {"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}}
    return weights(says, header, bytes(4))


NO_TENSORS = "not a readable safetensors file: "
WEIGHTS: dict[str, Kind] = {
    **{f"type {name}": one(name, [8], 8) for name in ("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL")},
    **{f"type {name}": one(name, [4], 8) for name in ("BF16", "I16", "U16")},
    **{f"type {name}": one(name, [1], 8) for name in ("I64", "U64", "C64")},
    "unknown type": weights(NO_TENSORS, {"w": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    "name of two lines": one("I8", [1], 1, name="a\nb"),
    "70 dimensions of a tensor": shaped("'w' states a shape of more than 8 dimensions", *[1] * 70),
    "tensor of 2^64": shaped(NO_TENSORS, 2**32, 2**32),
    "tensor of less than nothing": shaped(NO_TENSORS, -1),
    "header of 2^63 bytes": weights("a header of 9,223,372,036,854,775,808 bytes", b"{}", length=1 << 63),
    "header of 2 MiB": weights("a header of 2,097,152 bytes, more than 1 MiB", b"{}".ljust(2 * MIB)),
    "deep header": weights(NO_TENSORS, b"[" * 10**6),
    "12,000 tensors": weights(
        "12,000 tensors, more than 10,000",
        {f"w{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(12_000)},
    ),
    "weights of 17 MiB": weights("bytes, more than 16 MiB", b"", bytes(17 * MIB)),
    "no weights at all": weights(NO_TENSORS, b"", b"", length=0),
}

# network.toml

OWN = (templates.locate("conv-example") / "network.toml").read_text(encoding="utf-8")


def settings(says: str, text: str | bytes) -> Kind:
    data = text if isinstance(text, bytes) else text.encode()
    return "network.toml", lambda path: path.write_bytes(data), says


def with_line(says: str, line: str) -> Kind:
    return settings(says, f"{line}\n{OWN}")


def with_value(says: str, old: str, new: str) -> Kind:
    assert old in OWN
    return settings(says, OWN.replace(old, new, 1))


channels = partial(with_value, old="out_channels = 2")
kernel = partial(with_value, old="kernel_size = [3, 3]")
shape = partial(with_value, old="input = [1, 28, 28]")
LONG_KEY = "a key of more than 8 parts (line "
PARTS = "a" + ".a" * 20_000
BITS = "holds a whole number of more than 64 bits"
COUNT = "'conv1': out_channels must be a whole number of at least 1, not "
RELU = '[[layers]]\nname = "r{}"\ntype = "ReLU"\n'
ALONE = 'format = 1\nclasses = []\ninput = {}\n[[layers]]\nname = "a"\n'
CELLS = "numbers, more than the 1,000,000 cells that a workbook may have"
SHAPE = "input shape must be (channels, height, width) or (features,), not "

NETWORKS: dict[str, Kind] = {
    "number of 5,000 digits": with_line("a number of more than 400 digits (line 1)", f"a = {'9' * 5000}"),
    "number of 10^30": with_line(f"'a' {BITS}", f"a = {10**30}"),
    "number of 100,000 hexadecimal digits": with_line(f"'a' {BITS}", f"a = [[{{b = 0x{'f' * 100_000}}}]]"),
    "dotted key of 40 KB": with_line(f"{LONG_KEY}1)", f"{PARTS} = 1"),
    "table header of 40 KB": settings(f"{LONG_KEY}1)", f"[{PARTS}]\n{OWN}"),
    "array of tables of 40 KB": settings(f"{LONG_KEY}1)", f"[[ {PARTS} ]]\n{OWN}"),
    "dotted key in an inline table": with_line(f"{LONG_KEY}1)", f"x = {{{PARTS} = 1}}"),
    "dotted key of strings": with_line(f"{LONG_KEY}1)", "'a'" + ".\"a\" \t. 'b#'" * 9000 + " = 1"),
    "dotted key behind strings": with_line(f"{LONG_KEY}3)", f"x = '''\n\"'''\n{PARTS} = 1"),
    "dotted key behind a quoted quote": with_line(f"{LONG_KEY}2)", f'x = """a\\""" #""""\n{PARTS} = 1'),
    "dotted key behind a quoted end": with_line(f"{LONG_KEY}2)", f'x = """\\"""\'"""\n{PARTS} = 1'),
    "dotted key behind five quotes": with_line(f"{LONG_KEY}2)", f'x = """a"""""\n{PARTS} = 1'),
    "dotted key between comments": with_line(f"{LONG_KEY}2)", f"# it's\n{PARTS} = 1 # isn't it"),
    "dotted key behind line ends of two": with_line(f"{LONG_KEY}3)", f"x = '''\r\n'''\r\n{PARTS} = 1"),
    "key of nine parts": with_line(f"{LONG_KEY}1)", "a.b.c.d.e.f.g.h.i = 1"),
    "deep arrays": with_line("not valid TOML", f"a = {'[' * 30_000}{']' * 30_000}"),
    "deep inline tables": with_line("not valid TOML", f"a = {'{a = ' * 20_000}"),
    "NUL": with_line("not valid TOML: Found invalid character '\\x00'", "a = '\0'"),
    "not UTF-8": settings("not valid TOML: 'utf-8' codec can't decode", b"a = '\xe9'\n" + OWN.encode()),
    "UTF-16": settings("not valid TOML: 'utf-8' codec can't decode", OWN.encode("utf-16")),
    "byte order mark": settings("it begins with a byte order mark", f"\ufeff{OWN}"),
    "settings of 200 KB": settings("bytes, more than 128 KiB", f"{OWN}#{' ' * 200_000}"),
    "100,000 quotes": settings("not valid TOML", '"' * 100_000),
    "string that never ends": settings("not valid TOML", f'a = """{chr(92)}"' + '\\"' * 60_000),
    "format of 100 KB": with_value("... (100,002 characters), this", "format = 1", f"format = '{'x' * 100_000}'"),
    "out_channels = 10^9": settings(
        CELLS, f'{ALONE.format("[1, 9, 9]")}type = "Conv2d"\nin_channels = 1\nout_channels = {10**9}\nkernel_size = 3'
    ),
    "out_channels = 10^30": channels(f"'layers' {BITS}", new=f"out_channels = {10**30}"),
    "out_channels = 0": channels(f"{COUNT}0", new="out_channels = 0"),
    "out_channels = -1": channels(f"{COUNT}-1", new="out_channels = -1"),
    "out_channels = true": channels(f"{COUNT}True", new="out_channels = true"),
    "out_channels = 2.0": channels(f"{COUNT}2.0", new="out_channels = 2.0"),
    "out_channels = nan": channels(f"{COUNT}nan", new="out_channels = nan"),
    "out_channels in lists": channels(f"{COUNT}[[2]]", new="out_channels = [[2]]"),
    "out_channels as a long text": channels("... (100,002 characters)", new=f'out_channels = "{"2" * 100_000}"'),
    "kernel_size = 0": kernel("'conv1': kernel_size must be", new="kernel_size = 0"),
    "kernel_size = [-3, 3]": kernel("'conv1': kernel_size must be", new="kernel_size = [-3, 3]"),
    "kernel_size = 3.0": kernel("'conv1': kernel_size must be", new="kernel_size = 3.0"),
    "kernel_size of three": kernel("'conv1': kernel_size must be", new="kernel_size = [3, 3, 3]"),
    "kernel_size of lists": kernel("'conv1': kernel_size must be", new="kernel_size = [[3, 3], [3, 3]]"),
    "kernel_size = 10^9": kernel("does not fit an input of 28x28", new="kernel_size = 1000000000"),
    "padding of 10^9": settings(
        CELLS, f'{ALONE.format("[1, 9, 9]")}type = "ZeroPad2d"\npadding = [1000000000, 1000000000, 0, 1000000000]'
    ),
    "input of 10 dimensions": shape(f"{SHAPE}[1, 1, 1", new=f"input = [{'1, ' * 10}]"),
    "input of 30,000 dimensions": shape("... (90,000 characters)", new=f"input = [{'1,' * 30_000}]"),
    "input of 10^6 x 10^6": settings(
        "an input of 1x1000000x1000000 has more than 1,000,000 numbers",
        f'{ALONE.format("[1, 1000000, 1000000]")}type = "ReLU"',
    ),
    "input of 10^6 and a layer": settings(CELLS, f'{ALONE.format("[1000000]")}type = "ReLU"'),
    "inputs in lists": shape(f"{SHAPE}[[1]]", new="input = [[1]]"),
    "3,000 layers": settings("3,008 layers, more than 1,000", OWN + "".join(map(RELU.format, range(3000)))),
    "100,000 layers": settings("bytes, more than 128 KiB", OWN + "".join(map(RELU.format, range(100_000)))),
    "layer's name of 100 KB": with_value("... (100,002 characters) is not usable", '"conv1"', f'"{"x" * 100_000}"'),
    "layer's name of 1 MB": with_value("bytes, more than 128 KiB", '"conv1"', f'"{"x" * MIB}"'),
    "layer's type of 100 KB": with_value("unknown type 'xxx", '"ReLU"', f'"{"x" * 100_000}"'),
    "setting of 100 KB": channels("unexpected keyword argument 'xxx", new=f"out_channels = 2\n{'x' * 100_000} = 1"),
    "class of 100 KB": with_value("is longer than the 32,767 characters", '["0"', f'["{"x" * 100_000}"'),
    "class with U+FFFE": with_value("a control character, which a cell cannot have", '["0"', '["\\uFFFE"'),
    "title with NUL": with_value("a control character, which a cell cannot have", "notes = ", 'notes = "\\u0000" #'),
    "title of 100 KB": with_value("is longer than the 32,767 characters", "notes = ", f'notes = "{"x" * 100_000}" #'),
}

KINDS = SAMPLES | WEIGHTS | NETWORKS
