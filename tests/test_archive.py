"""ZIP archives that programs read differently: each is refused, and what programs really write is not."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import packages
from tests.fuzz.packages import Entries, Entry, written
from tests.packages import with_rows
from xlconv import reader
from xlconv.errors import WorkbookError

PACKAGE = with_rows('<row r="1"><c r="A1"><v>7</v></c></row>')
SHEET = "xl/worksheets/sheet1.xml"


def entries() -> Entries:
    return packages.read(PACKAGE)


def changed(**fields: object) -> bytes:
    """The package with another header for its worksheet."""
    found = entries()
    for name, value in fields.items():
        setattr(next(entry for entry in found if entry.name == SHEET), name, value)
    return written(found)


def read(package: bytes, folder: Path) -> reader.Workbook:
    path = folder / "x.xlsx"
    path.write_bytes(package)
    return reader.read(path)


def told_longer() -> bytes:
    """The directory alone says that the worksheet is longer than it is."""
    data = written(entries())
    at = data.rindex(SHEET.encode()) - 22  # from the name back to the size
    return data[: at + 1] + bytes([data[at + 1] | 0x40]) + data[at + 2 :]


def with_other_cells() -> bytes:
    other = entries()
    for entry in other:
        entry.data = entry.data.replace(b"<v>7</v>", b"<v>8</v>")
    return written(other)


def hidden_between() -> bytes:
    found = entries()
    return written([*found[:3], Entry("x", b"y", hidden=True), *found[3:]])


UNLIKE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a comment": (lambda: written(entries(), b"a comment"), "something stands behind it"),
    "bytes before": (lambda: b"PK\0\0" + written(entries()), "not at its end"),
    "bytes behind": (lambda: written(entries()) + bytes(9), "something stands behind it"),
    "two archives": (lambda: with_other_cells() + written(entries()), "not at its end"),
    "a hidden part": (lambda: written([Entry(SHEET, b"<a/>", hidden=True), *entries()]), "before its first part"),
    "a hidden part between": (
        lambda: written([*entries()[:3], Entry("x", b"y", hidden=True), *entries()[3:]]),
        "stands before the part",
    ),
    "another name": (lambda: changed(local="xl/worksheets/sheet2.xml"), "damaged"),
    "a name in a further field": (
        lambda: changed(extra=b"\x75\x70\x0a\0\1\0\0\0\0x.xml"),
        f"the part '{SHEET}' is not",
    ),
    "another size in the directory": (told_longer, "is not as long as it says"),
}


@pytest.mark.parametrize("kind", UNLIKE)
def test_unlike_for_different_programs(kind: str, tmp_path: Path) -> None:
    """What one program would find from the front and another from the end is refused in one line."""
    make, says = UNLIKE[kind]
    with pytest.raises(WorkbookError) as error:
        read(make(), tmp_path)
    assert says in error.value.message


class Pipe(io.RawIOBase):
    """A stream that cannot go back, into which sizes are written behind the data."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_streamed(tmp_path: Path, method: int) -> None:
    """An archive whose checksums and sizes stand behind the data is what programs write that cannot go back."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as archive:  # type: ignore[call-overload]
        for entry in entries():
            archive.writestr(entry.name, entry.data)
    assert read(pipe.data, tmp_path).cell("S", 1, 1).value == 7


def test_sizes_of_64_bits(tmp_path: Path) -> None:
    """A part whose header before it has room for sizes of 64 bits, as some programs leave it, is like any other."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for entry in entries():
            with archive.open(entry.name, "w", force_zip64=True) as part:
                part.write(entry.data)
    assert read(whole.getvalue(), tmp_path).cell("S", 1, 1).value == 7


def with_long_end(shift: int = 0) -> bytes:
    """The end of the directory once more in 64 bits, as streaming writers put it there whether it is needed or not."""
    data = written(entries())
    count, size, start = struct.unpack("<HII", data[-12:-2])
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start + shift)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(data) - 22, 1)
    return data[:-22] + record + locator + data[-22:]


def test_an_end_of_64_bits(tmp_path: Path) -> None:
    """It is read where it says what the short one says, and refused where it does not."""
    assert read(with_long_end(), tmp_path).cell("S", 1, 1).value == 7
    with pytest.raises(WorkbookError, match="a damaged"):
        read(with_long_end(shift=1), tmp_path)


@pytest.mark.parametrize("text", ["7 ", " 7", "7\n", "+ 7", "7e", "0x7", "7,0", "."])
def test_numbers_that_are_none(text: str, tmp_path: Path) -> None:
    """What some programs take for a number and some for a text is refused."""
    with pytest.raises(WorkbookError, match="no value"):
        read(with_rows(f'<row r="1"><c r="A1"><v>{text}</v></c></row>'), tmp_path)


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("-.5", -0.5), ("5.", 5), ("+1E+2", 100), ("1e-07", 1e-7)])
def test_numbers(text: str, value: float, tmp_path: Path) -> None:
    """A number may be spelled in every way that XML knows."""
    assert read(with_rows(f'<row r="1"><c r="A1"><v>{text}</v></c></row>'), tmp_path).cell("S", 1, 1).value == value


def test_a_relationship_without_an_id(tmp_path: Path) -> None:
    """LibreOffice cannot open such a file."""
    found = entries()
    for entry in found:
        if entry.name == "_rels/.rels":
            entry.data = entry.data.replace(b'Id="rId1"', b'Id=""')
    with pytest.raises(WorkbookError, match="a relationship without an id"):
        read(written(found), tmp_path)
