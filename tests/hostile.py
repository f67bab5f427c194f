"""Workbooks that are made to harm or to deceive: one function for each kind, no spreadsheet library.

`python tests/hostile.py DIR` writes them all. Large ones are small on disk: their parts are one compressed piece
repeated, which is made as fast as it is copied.
"""

from __future__ import annotations

import codecs
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

Make: TypeAlias = Callable[[Path], object]
"""Writes a file."""

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml"
COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
MICROSOFT = "http://schemas.microsoft.com/office/2006/relationships"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
XLSM = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"

TYPES, ROOT, BOOK, RELATIONS = "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SHEET, SHEET_RELATIONS = "xl/worksheets/sheet1.xml", "xl/worksheets/_rels/sheet1.xml.rels"
STRINGS, STYLES, THEME = "xl/sharedStrings.xml", "xl/styles.xml", "xl/theme/theme1.xml"


# Packages


class Packed(NamedTuple):
    """A part as it stands in a ZIP file."""

    data: bytes
    size: int
    crc: int
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0


def deflated(text: bytes) -> Packed:
    return repeated(text, b"", 0, b"")


def repeated(head: bytes, piece: bytes, count: int, tail: bytes) -> Packed:
    """A part of one piece many times over, which is compressed once."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = compressor.compress(head) + compressor.flush(zlib.Z_FULL_FLUSH)
    middle = compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)
    end = compressor.compress(tail) + compressor.flush()
    crc = _crc_of_repeated(zlib.crc32(head), piece, count)
    return Packed(begin + middle * count + end, len(head + tail) + len(piece) * count, zlib.crc32(tail, crc))


def _crc_of_repeated(crc: int, piece: bytes, count: int) -> int:
    """The CRC goes on linearly: what a piece makes of each of its bits is known, and of zero."""
    zero = zlib.crc32(piece, 0)
    bits = [zlib.crc32(piece, 1 << bit) ^ zero for bit in range(32)]
    for _ in range(count):
        after = zero
        for bit in range(32):
            if crc >> bit & 1:
                after ^= bits[bit]
        crc = after
    return crc


def write(path: Path, entries: Iterable[tuple[str, Packed]], overlap: bool = False) -> None:
    """A ZIP file, which may be as wrong as one likes; if told so, all its directory leads to the first part."""
    directory, offset, count = [], 0, 0
    with path.open("wb") as file:
        for name, (data, size, crc, method, flags) in entries:
            long = size >= 1 << 32
            extra = struct.pack("<HHQQ", 1, 16, size, len(data)) if long else b""
            sizes = (0xFFFFFFFF, 0xFFFFFFFF) if long else (len(data), size)
            fields = struct.pack("<HHHHHIII", 45, flags, method, 0, 33, crc, *sizes)
            at = 0 if overlap else offset
            fields += struct.pack("<HH", len(name.encode()), len(extra))
            directory.append(
                b"PK\1\2"
                + struct.pack("<H", 45)
                + fields
                + struct.pack("<HHHII", 0, 0, 0, 0, at)
                + name.encode()
                + extra
            )
            if at == offset:
                offset += file.write(b"PK\3\4" + fields + name.encode() + extra + data)
            count += 1
        records = b"".join(directory)
        file.write(records)
        if count < 1 << 16:
            file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(records), offset, 0))
            return
        file.write(b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(records), offset))
        file.write(b"PK\6\7" + struct.pack("<IQI", 0, offset + len(records), 1))
        file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))


def relationships(*each: tuple[str, str, str]) -> str:
    """Of id, kind and target; an external target begins with a scheme, a kind may be a whole URL."""
    lines = []
    for identity, kind, target in each:
        url = kind if ":" in kind else f"{OFFICE}/{kind}"
        mode = ' TargetMode="External"' if ":" in target else ""
        lines.append(f'<Relationship Id="{identity}" Type="{url}" Target="{target}"{mode}/>')
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(lines)}</Relationships>'


def content_types(main: str = XLSX) -> str:
    return (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        f'<Override PartName="/{BOOK}" ContentType="{main}"/>'
        f'<Override PartName="/{SHEET}" ContentType="{XLSX.replace("sheet.main", "worksheet")}"/></Types>'
    )


def book(sheets: str = '<sheet name="S" sheetId="1" r:id="s"/>', rest: str = "") -> str:
    return f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets>{rest}</workbook>'


def sheet(rows: str, rest: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetData>{rows}</sheetData>{rest}</worksheet>'


HEAD = f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()
TAIL = b"</sheetData></worksheet>"
CELLS = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c><c r="C1"><f>A1+B1</f><v>3</v></c></row>'
"""What an innocent worksheet has."""


def parts(**changed: str | None) -> dict[str, str]:
    """The parts of a small workbook; keywords are names of constants here, None leaves a part out."""
    whole = {
        TYPES: content_types(),
        ROOT: relationships(("r", "officeDocument", BOOK)),
        BOOK: book(),
        RELATIONS: relationships(("s", "worksheet", "worksheets/sheet1.xml")),
        SHEET: sheet(CELLS),
    }
    whole |= {globals()[name]: text for name, text in changed.items() if text is not None}
    gone = {globals()[name] for name, text in changed.items() if text is None}
    return {name: text for name, text in whole.items() if name not in gone}


def package(path: Path, texts: Mapping[str, str], more: Iterable[tuple[str, Packed]] = (), **how: bool) -> None:
    write(path, [*((name, deflated(text.encode())) for name, text in texts.items()), *more], **how)


def plain(more: Mapping[str, str] | None = None, **changed: str | None) -> Make:
    """A workbook with some parts changed, and more of them."""
    return lambda path: package(path, parts(**changed) | dict(more or {}))


def with_rows(rows: str, rest: str = "", **changed: str | None) -> Make:
    return plain(SHEET=sheet(rows, rest), **changed)


def packed(name: str, make: Callable[[], Packed], **changed: str | None) -> Make:
    """A workbook with one part more, or instead, that is packed by itself."""
    return lambda path: package(path, {n: t for n, t in parts(**changed).items() if n != name}, [(name, make())])


def related(kind: str, target: str, more: Mapping[str, str] | None = None, types: str = XLSX) -> Make:
    """A workbook that is related to one thing more."""
    ties = relationships(("s", "worksheet", "worksheets/sheet1.xml"), ("x", kind, target))
    return plain(more, RELATIONS=ties, TYPES=content_types(types))


def sheet_related(kind: str, target: str, part: str = "") -> Make:
    """A worksheet that is related to something, in a part that holds nothing of use."""
    return plain({part: "<x/>"} if part else {}, SHEET_RELATIONS=relationships(("x", kind, target)))


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def formula(text: str, attributes: str = "", cached: str = "<v>7</v>") -> Make:
    """An innocent workbook but for one formula, in D1."""
    cell = f'<c r="D1"><f{attributes}>{escaped(text)}</f>{cached}</c></row>'
    return with_rows(CELLS.replace("</row>", cell))


# Bombs


def noise(size: int) -> bytes:
    """Letters that do not compress below three quarters."""
    return bytes(random.Random(0).choices(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", k=size))


def bomb(name: str, mebibytes: int) -> Make:
    return packed(name, lambda: repeated(b"", bytes(1 << 20), mebibytes, b""))


def spaces() -> Packed:
    return repeated(HEAD, b" " * (1 << 20), 1 << 10, TAIL)


def cells_without_end() -> Packed:
    return repeated(HEAD, b"<row>" + b"<c><v>1</v></c>" * 10_000 + b"</row>", 2000, TAIL)


def strings_without_end() -> Packed:
    return repeated(f'<sst xmlns="{MAIN}">'.encode(), b"<si><t>x</t></si>" * 10_000, 2000, b"</sst>")


def slow(mebibytes: int) -> Packed:
    """A part that grows fifty-fold only."""
    return repeated(b"<x>", noise(20_000) + b" " * ((1 << 20) - 20_000), mebibytes, b"</x>")


def elements_without_end() -> Packed:
    """In a part of allowed size, compressed at an allowed rate."""
    return repeated(b"<x>", noise(400) + b"<a/>" * 15_000, 1000, b"</x>")


def million_cells(path: Path) -> None:
    """In rows of a hundred; two times over the limit, each number its own."""
    rows = (
        f'<row r="{row}">{"".join([f"<c><v>{row}.{column}</v></c>" for column in range(100)])}</row>'
        for row in range(1, 10_102)
    )
    plain(SHEET=sheet("".join(rows)))(path)


def many_formulas(count: int, text: str = "A{}+1") -> Make:
    """A column of formulas, each with the number of the row above it."""

    def make(path: Path) -> None:
        rows = (f'<row r="{n}"><c r="A{n}"><f>{text.format(n - 1)}</f></c></row>' for n in range(2, count + 2))
        with_rows('<row r="1"><c r="A1"><v>1</v></c></row>' + "".join(rows))(path)

    return make


def many_shared(count: int, text: str) -> Make:
    """A column that shares one formula."""

    def make(path: Path) -> None:
        first = f'<row r="1"><c r="B1"><f t="shared" si="0" ref="B1:B{count}">{text}</f></c></row>'
        rows = (f'<row r="{n}"><c r="B{n}"><f t="shared" si="0"/></c></row>' for n in range(2, count + 1))
        with_rows(first + "".join(rows))(path)

    return make


def attribute(megabytes: int) -> Packed:
    return repeated(HEAD[:-1] + b' x="', noise(1000) + b"x" * 19_000, 50 * megabytes, b'">' + TAIL)


def many_sheets(path: Path) -> None:
    numbers = range(1, 20_001)
    ties = relationships(*((f"s{n}", "worksheet", "worksheets/sheet1.xml") for n in numbers))
    tabs = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="s{n}"/>' for n in numbers)
    plain(RELATIONS=ties, BOOK=book(tabs))(path)


def many_styles(path: Path) -> None:
    ties = relationships(("s", "worksheet", "worksheets/sheet1.xml"), ("y", "styles", "styles.xml"))
    head = f'<styleSheet xmlns="{MAIN}"><cellXfs>'.encode()
    made = repeated(head, b"<xf/>" * 10_000 + noise(300), 200, b"</cellXfs></styleSheet>")
    package(path, parts(RELATIONS=ties), [(STYLES, made)])


def many_entries(path: Path) -> None:
    package(path, parts(), ((f"x{n}", Packed(b"", 0, 0, zipfile.ZIP_STORED)) for n in range(100_000)))


def in_total(path: Path) -> None:
    package(path, parts(), [(f"xl/media/image{n}.png", slow(60)) for n in range(5)])


# Archives


def named(name: str) -> Make:
    return lambda path: package(path, parts(), [(name, deflated(b"<x/>"))])


def twice(name: str) -> Make:
    """A second worksheet part under the same name, or one that many take for it."""
    return named_with(name, sheet(CELLS.replace("<v>1</v>", "<v>222</v>")))


def named_with(name: str, text: str) -> Make:
    return lambda path: package(path, parts(), [(name, deflated(text.encode()))])


def overlapping(path: Path) -> None:
    """Every entry of the directory leads to the same data."""
    piece = deflated(noise(1 << 20))
    write(path, [(name, piece) for name in (TYPES, ROOT, BOOK, SHEET)], overlap=True)


def changed_part(change: Callable[[Packed], Packed], name: str = SHEET) -> Make:
    return packed(name, lambda: change(deflated(parts()[name].encode())))


def corrupted(part: Packed) -> Packed:
    return part._replace(data=part.data[:20] + bytes([part.data[20] ^ 0xFF]) * 9 + part.data[29:])


def truncated(path: Path) -> None:
    plain()(path)
    path.write_bytes(path.read_bytes()[:-100])


def large(path: Path) -> None:
    """A file with nothing in it, most of which is not even stored."""
    with path.open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(33 << 20)


def ole2(stream: str) -> Make:
    """The beginning of an OLE2 container, and the name of a stream in its directory."""
    return lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le"))


def open_document(path: Path) -> None:
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    write(path, [("mimetype", Packed(kind, len(kind), zlib.crc32(kind), zipfile.ZIP_STORED))])


# XML


def entities(declarations: str, use: str = "&a;") -> str:
    return f"<!DOCTYPE x [{declarations}]>" + sheet(f'<row r="1"><c r="A1" t="str"><v>{use}</v></c></row>')


LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
QUADRATIC = f'<!ENTITY a "{"x" * 50_000}">'


def declared(encoding: str, name: str = "SHEET", version: str = "1.0") -> Make:
    """A part in UTF-8, whatever it declares; the text in it is another one to who believes that."""
    declaration = f'<?xml version="{version}" encoding="{encoding}"?>'
    return plain(**{name: declaration + {"SHEET": sheet(ENCODED)}.get(name, "<x/>")})


def in_bytes(text: bytes, name: str = SHEET) -> Make:
    """A part as these bytes."""
    return packed(name, lambda: deflated(text))


ENCODED = CELLS.replace("</row>", '<c r="D1" t="str"><f>"+AGE-ä"</f></c></row>')
"""A formula that shows `aä` where it is read as UTF-7."""


def nested(part: str, depth: int, head: str, tail: str) -> Make:
    inside = "<a>" * depth + noise(20_000).decode() + "</a>" * depth
    return lambda path: package(path, parts() | {part: head + inside + tail})


def alternate(text: str) -> str:
    return (
        f'<mc:AlternateContent xmlns:mc="{COMPATIBILITY}"><mc:Choice Requires="x">{text}</mc:Choice>'
        "</mc:AlternateContent>"
    )


# What reaches outside


def external_link(link: str, target: str) -> Make:
    """A workbook whose C1 is computed by a link."""
    ties = relationships(
        ("s", "worksheet", "worksheets/sheet1.xml"), ("x", "externalLink", "externalLinks/externalLink1.xml")
    )
    text = f'<externalLink xmlns="{MAIN}" xmlns:r="{OFFICE}">{link}</externalLink>'
    return plain(
        {
            "xl/externalLinks/externalLink1.xml": text,
            "xl/externalLinks/_rels/externalLink1.xml.rels": relationships(("t", "externalLinkPath", target)),
        },
        RELATIONS=ties,
        BOOK=book(rest='<externalReferences><externalReference r:id="x"/></externalReferences>'),
        SHEET=sheet(CELLS.replace("A1+B1", "[1]S!$A$1")),
    )


LINKED_BOOK = (
    '<externalBook r:id="t"><sheetNames><sheetName val="S"/></sheetNames><sheetDataSet><sheetData sheetId="0">'
    '<row r="1"><cell r="A1"><v>777</v></cell></row></sheetData></sheetDataSet></externalBook>'
)
LINKED_PROGRAM = (
    '<ddeLink ddeService="cmd" ddeTopic="/c calc"><ddeItems><ddeItem name="A0">'
    "<values><value><val>777</val></value></values></ddeItem></ddeItems></ddeLink>"
)

WHOLE = "A1:XFD1048576"
FAR = CELLS.replace("</row>", "</row>{}")

KINDS: dict[str, Make] = {
    # bombs
    "a GiB of spaces": packed(SHEET, spaces),
    "20 million cells": packed(SHEET, cells_without_end),
    "20 million texts": packed(
        STRINGS,
        strings_without_end,
        RELATIONS=relationships(
            ("s", "worksheet", "worksheets/sheet1.xml"), ("t", "sharedStrings", "sharedStrings.xml")
        ),
    ),
    "4 GiB of media": bomb("xl/media/image1.png", 1 << 12),
    "20 MiB of zeros": bomb("xl/media/image1.png", 20),
    "part of 65 MiB": packed(THEME, partial(slow, 65)),
    "300 MiB in parts of 60": in_total,
    "file of 33 MiB": large,
    "100,000 parts": many_entries,
    "15 million tags": packed(THEME, elements_without_end),
    "attribute of 100 MB": packed(SHEET, partial(attribute, 100)),
    "attribute of 1 MB": packed(SHEET, partial(attribute, 1)),
    "XML 200,000 deep": nested(SHEET, 200_000, HEAD.decode(), TAIL.decode()),
    "XML 200,000 deep in a theme": nested(THEME, 200_000, "<x>", "</x>"),
    "20,000 worksheets": many_sheets,
    "2 million styles": many_styles,
    "1,010,100 cells": million_cells,
    "300,001 formulas": many_formulas(300_001),
    "200,000 shared formulas of 1,000 references": many_shared(200_000, "+".join(["A1"] * 1000)),
    "2,000 shared texts of 8,000 ampersands": many_shared(2000, f'"{"&amp;" * 8000}"'),
    "text of 32,768 characters": with_rows(f'<row r="1"><c r="A1" t="str"><v>{"x" * 32_768}</v></c></row>'),
    # archives
    "part twice": twice(SHEET),
    "part twice but for case": twice("xl/worksheets/Sheet1.xml"),
    "name with ..": named("xl/../../evil.xml"),
    "name with backslash": named("xl\\evil.xml"),
    "absolute name": named("/etc/evil.xml"),
    "name with nothing between slashes": named("xl//evil.xml"),
    "name with NUL": named("xl/evil.xml\0.png"),
    "truncated": truncated,
    "empty": Path.touch,
    "text": lambda path: path.write_text("a,b\n1,2\n"),
    "random bytes": lambda path: path.write_bytes(random.Random(0).randbytes(5000)),
    "corrupt compressed data": changed_part(corrupted, TYPES),
    "wrong CRC": changed_part(lambda part: part._replace(crc=part.crc ^ 1)),
    "size understated": changed_part(lambda part: part._replace(size=100)),
    "encrypted part": changed_part(lambda part: part._replace(flags=1)),
    "part compressed by bzip2": changed_part(lambda part: part._replace(method=zipfile.ZIP_BZIP2)),
    "parts that overlap": overlapping,
    # other formats
    "encrypted workbook": ole2("EncryptedPackage"),
    "old .xls": ole2("Workbook"),
    ".ods": open_document,
    ".xlsb": plain(TYPES=content_types(XLSB)),
    ".docx": plain(TYPES=content_types(DOCX)),
    "Strict Open XML": plain(
        BOOK=book()
        .replace(MAIN, f"{STRICT}/spreadsheetml/main")
        .replace(OFFICE, f"{STRICT}/officeDocument/relationships"),
    ),
    # parts that are missing
    "no content types": plain(TYPES=None),
    "no type of the workbook": plain(TYPES=f'<Types xmlns="{PACKAGE}/content-types"/>'),
    "no relationships": plain(ROOT=None),
    "no worksheet's relationship": plain(RELATIONS=relationships()),
    "no worksheet's part": plain(SHEET=None),
    "no shared strings": with_rows('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
    "too few shared strings": plain(
        {STRINGS: f'<sst xmlns="{MAIN}"><si><t>x</t></si></sst>'},
        RELATIONS=relationships(
            ("s", "worksheet", "worksheets/sheet1.xml"), ("t", "sharedStrings", "sharedStrings.xml")
        ),
        SHEET=sheet('<row r="1"><c r="A1" t="s"><v>1</v></c></row>'),
    ),
    # XML
    "billion laughs": plain(SHEET=entities(LAUGHS, "&a9;")),
    "quadratic entities": plain(SHEET=entities(QUADRATIC, "&a;" * 50_000)),
    "entity of a file": plain(SHEET=entities('<!ENTITY a SYSTEM "file:///etc/passwd">')),
    "entity of a web page": plain(SHEET=entities('<!ENTITY a SYSTEM "http://127.0.0.1:9/x">')),
    "document type in a theme": plain(THEME='<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
    "UTF-16 with a document type": lambda path: package(
        path,
        parts(),
        [(THEME, deflated('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x []><x/>'.encode("utf-16")))],
    ),
    **{f"declares {name}": declared(name) for name in ("UTF-7", "ISO-8859-1", "cp037", "rot13", "utf8", "US-ASCII")},
    "declares UTF-16, which it is not": declared("UTF-16"),
    "declares UTF-7 in a theme": declared("UTF-7", "THEME"),
    "XML 1.1": declared("UTF-8", version="1.1"),
    "XML 2.0": declared("UTF-8", version="2.0"),
    "UTF-16 that declares UTF-8": in_bytes(f'<?xml version="1.0" encoding="UTF-8"?>{sheet(CELLS)}'.encode("utf-16")),
    "UTF-16 without its mark": in_bytes(sheet(CELLS).encode("utf-16-be")),
    "UTF-16 cut in a character": in_bytes(sheet(CELLS).encode("utf-16") + b"\0"),
    "UTF-32": in_bytes(sheet(CELLS).encode("utf-32")),
    "cells in EBCDIC": in_bytes(f'<?xml version="1.0" encoding="cp037"?>{sheet(CELLS)}'.encode("cp037")),
    "UTF-16": in_bytes(sheet(ENCODED).encode("utf-16")),
    "UTF-16 that says so": in_bytes(
        codecs.BOM_UTF16_BE + f'<?xml version="1.0" encoding="utf-16"?>{sheet(ENCODED)}'.encode("utf-16-be")
    ),
    "UTF-16 in a custom part": in_bytes(
        '<?xml version="1.0" encoding="utf-16"?><DataMashup xmlns="urn:x"/>'.encode("utf-16"), "customXml/item1.xml"
    ),
    "UTF-8 with a mark": in_bytes(sheet(ENCODED).encode("utf-8-sig")),
    "UTF-8 that says so": declared("UTF-8"),
    "cells for some programs only": with_rows(alternate('<row r="1"><c r="A1"><v>1</v></c></row>')),
    "worksheets for some programs only": plain(BOOK=book(alternate('<sheet name="S" sheetId="1" r:id="s"/>'))),
    # cells that programs read differently
    "1e999": with_rows('<row r="1"><c r="A1"><v>1e999</v></c></row>'),
    "NaN": with_rows('<row r="1"><c r="A1"><v>NaN</v></c></row>'),
    "row 99999999": with_rows('<row r="99999999"><c r="A99999999"><v>1</v></c></row>'),
    "cell ZZZZ1": with_rows('<row r="1"><c r="ZZZZ1"><v>1</v></c></row>'),
    "cell XFE1": with_rows('<row r="1"><c r="XFE1"><v>1</v></c></row>'),
    "cell XFD1048576": with_rows(CELLS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    "rows out of order": with_rows('<row r="2"><c r="A2"><v>1</v></c></row>' + CELLS),
    "row twice": with_rows(CELLS + CELLS.replace("<v>1</v>", "<v>222</v>")),
    "cells out of order": with_rows('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'),
    "cell twice": with_rows('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>222</v></c></row>'),
    "two values in a cell": with_rows('<row r="1"><c r="A1"><v>1</v><v>2</v></c></row>'),
    "cell inside another": with_rows('<row r="1"><c r="A1"><v>1</v><x><c r="B1"><v>2</v></c></x></c></row>'),
    "worksheet twice": plain(BOOK=book('<sheet name="S" sheetId="1" r:id="s"/><sheet name="s" sheetId="2" r:id="s"/>')),
    "name twice": plain(
        BOOK=book(
            rest='<definedNames><definedName name="N">S!$A$1</definedName>'
            '<definedName name="n">S!$B$1</definedName></definedNames>'
        )
    ),
    "values under merged cells": with_rows(CELLS, '<mergeCells><mergeCell ref="A1:C1"/></mergeCells>'),
    # ranges
    "all cells merged": with_rows(CELLS, f'<mergeCells><mergeCell ref="{WHOLE}"/></mergeCells>'),
    "all cells linked": with_rows(CELLS, f'<hyperlinks><hyperlink ref="{WHOLE}" location="S!A1"/></hyperlinks>'),
    "all cells one array": with_rows(f'<row r="1"><c r="A1"><f t="array" ref="{WHOLE}">1</f></c></row>'),
    "all cells one data table": with_rows(f'<row r="1"><c r="A1"><f t="dataTable" ref="{WHOLE}" r1="B1"/></c></row>'),
    "a thousand merges of 1,040 cells": with_rows(
        CELLS, "<mergeCells>" + '<mergeCell ref="A1:Z40"/>' * 1000 + "</mergeCells>"
    ),
    # formulas
    "formula of 8,193 characters": formula("1+" * 4096 + "1"),
    "100,000 nested parentheses": formula("(" * 100_000 + "1" + ")" * 100_000),
    "65 nested parentheses": formula("(" * 65 + "1" + ")" * 65),
    "shared formula that leaves the worksheet": with_rows(
        '<row r="1"><c r="B1"><f t="shared" si="0" ref="A1:B1">A1</f></c></row>'
        '<row r="2"><c r="A2"><f t="shared" si="0"/></c></row>'
    ),
    "shared formula of nobody": with_rows('<row r="1"><c r="A1"><f t="shared" si="4"/></c></row>'),
    "64 nested parentheses": formula("(" * 64 + "1" + ")" * 64),
    "8,190 characters in a chain": formula("1+" * 4094 + "12"),
    "chain of 200,000 cells": many_formulas(200_000),
    "circular": with_rows('<row r="1"><c r="A1"><f>B1</f></c><c r="B1"><f>A1</f></c></row>'),
    "SUMPRODUCT over all cells": formula("SUMPRODUCT(A2:XFD1048576,A2:XFD1048576)"),
    "SEQUENCE bomb": formula("SUM(_xlfn.SEQUENCE(1048576,16384))"),
    "REPT bomb": formula('LEN(REPT(REPT("x",32767),32767))'),
    "LAMBDA that applies itself": formula(
        "_xlfn.LAMBDA(_xlpm.f,_xlpm.f(_xlpm.f))(_xlfn.LAMBDA(_xlpm.f,_xlpm.f(_xlpm.f)))"
    ),
    "WEBSERVICE": formula('_xlfn.WEBSERVICE("http://127.0.0.1:9/?"&A1)'),
    "IMAGE": formula('_xlfn.IMAGE("http://127.0.0.1:9/x.png")'),
    "HYPERLINK": formula('HYPERLINK("http://127.0.0.1:9/?"&A1,"click")'),
    "DDE formula": formula("cmd|'/c calc'!A0"),
    "data table": formula("", ' t="dataTable" ref="D1:D2" dt2D="0" dtr="0" r1="A1"'),
    # what reaches outside, or runs
    "external link": external_link(LINKED_BOOK, "file:///C:/other.xlsx"),
    "DDE link": external_link(LINKED_PROGRAM, "file:///x"),
    "macros": related(f"{MICROSOFT}/vbaProject", "vbaProject.bin", {"xl/vbaProject.bin": "macros"}),
    ".xlsm": related(f"{MICROSOFT}/vbaProject", "vbaProject.bin", {"xl/vbaProject.bin": "macros"}, XLSM),
    "macros of Excel 4": related(
        f"{MICROSOFT}/xlMacrosheet", "macrosheets/sheet1.xml", {"xl/macrosheets/sheet1.xml": "<x/>"}
    ),
    "data connections": related(
        "connections", "connections.xml", {"xl/connections.xml": f'<connections xmlns="{MAIN}"/>'}
    ),
    "query table": sheet_related("queryTable", "../queryTables/queryTable1.xml", "xl/queryTables/queryTable1.xml"),
    "OLE object": sheet_related("oleObject", "../embeddings/oleObject1.bin"),
    "ActiveX control": sheet_related("control", "../activeX/activeX1.xml", "xl/activeX/activeX1.xml"),
    "linked picture": sheet_related("image", "http://127.0.0.1:9/x.png"),
}
"""Each kind by its name, as a function that writes a file of it."""


def main(folder: Path) -> None:
    """Write a file of each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, make) in enumerate(KINDS.items(), 1):
        path = folder / f"{number:03} {name.replace('/', ' ')}.xlsx"
        make(path)
        print(f"{path.stat().st_size:>12,}  {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
