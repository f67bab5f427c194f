"""XML from outside, through expat: one encoding, no document type, nothing deep or long, one kind of error.

Programs honour or ignore an XML declaration as they please, and a text that declares UTF-7 shows other cells to each:
so there is one version and one encoding, and `as_utf8` brings a part that is truly UTF-16 to it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from xml.parsers import expat

from xlconv.errors import WorkbookError
from xlconv.reader.limits import MAX_ATTRIBUTE, MAX_DEPTH

Start: TypeAlias = Callable[[Mapping[str, str]], None]
"""Called with an element's attributes."""
End: TypeAlias = Callable[[], None]

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT: Final = "http://purl.oclc.org/ooxml/"
_ALTERNATE: Final = "http://schemas.openxmlformats.org/markup-compatibility/2006 AlternateContent"

_UTF8: Final = "UTF-8"
_UTF16: Final = "UTF-16"
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF16_UNMARKED: Final = (b"<\0", b"\0<")
_DECLARED: Final = re.compile(r"""(?P<before><\?xml\s[^>]*?\sencoding\s*=\s*["'])(?P<name>[^"']*)""")
_SAVE: Final = "open it in a spreadsheet program and save it as an Excel Workbook (.xlsx)"


def as_utf8(text: bytes) -> bytes:
    """A part's text in UTF-8: that of UTF-16 which begins with its byte order mark and declares nothing else.

    Raises:
        WorkbookError: It is UTF-16 that says something else of itself.
    """
    if text.startswith(_UTF16_UNMARKED):
        raise WorkbookError("XML in UTF-16 without its byte order mark", _SAVE)
    if not text.startswith(_UTF16_MARKS):
        return text
    try:
        plain = text.decode(_UTF16)
    except UnicodeDecodeError as error:
        raise WorkbookError(f"damaged XML: {error.reason} in UTF-16") from None
    if declared := _DECLARED.match(plain):
        if declared["name"].upper() != _UTF16:
            raise WorkbookError(f"XML in UTF-16 that declares the encoding {declared['name'][:40]!r}", _SAVE)
        plain = f"{declared['before']}{_UTF8}{plain[declared.end() :]}"
    return plain.encode()


_PARTS: Final = "http://schemas.openxmlformats.org/package/2006"
_PARENTS: Final = {
    f"{_PARTS}/relationships Relationship": (f"{_PARTS}/relationships Relationships",),
    f"{_PARTS}/content-types Override": (f"{_PARTS}/content-types Types",),
    f"{_PARTS}/content-types Default": (f"{_PARTS}/content-types Types",),
} | {
    f"{MAIN} {name}": tuple(f"{MAIN} {parent}" for parent in parents.split())
    for name, parents in {
        "sheet": "sheets",
        "sheets": "workbook",
        "definedNames": "workbook",
        "mergeCells": "worksheet",
        "hyperlinks": "worksheet",
        "dataValidation": "dataValidations",
        "formula1": "dataValidation",
        "tableParts": "worksheet",
        "workbookPr": "workbook",
        "calcPr": "workbook",
        "definedName": "definedNames",
        "si": "sst",
        "r": "si is",
        "rPh": "si is",
        "t": "si is r rPh",
        "sheetData": "worksheet",
        "row": "sheetData",
        "c": "row",
        "f": "c",
        "v": "c",
        "is": "c",
        "mergeCell": "mergeCells",
        "hyperlink": "hyperlinks",
        "tablePart": "tableParts",
        "tableColumn": "tableColumns",
    }.items()
}
"""In which elements those that are read must stand: elsewhere some programs see them and some do not."""


class Parser:
    """Calls what is due for the elements that are known; tags have their namespace before a space.

    Args:
        root: The tag of the outermost element; any if empty.
        starts: What to call at the start of an element, by tag.
        ends: What to call at its end.

    Attributes:
        depth: Of the element that is told of, from 1.
        collecting: To be set at the start of an element whose text is wanted; it may have no elements in it.
    """

    def __init__(
        self,
        root: str = "",
        starts: Mapping[str, Start] | None = None,
        ends: Mapping[str, End] | None = None,
    ) -> None:
        self.root, self.starts, self.ends = root, starts or {}, ends or {}
        self.depth = self.alternates = 0
        self.collecting = False
        self.pieces: list[str] = []
        self.above: list[str] = []
        self.expat = expat.ParserCreate(_UTF8, " ")
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._first
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._characters
        self.expat.XmlDeclHandler = _check_declaration
        self.expat.StartDoctypeDeclHandler = _refuse_document_type

    def parse(self, text: bytes) -> None:
        """Parse a whole text.

        Raises:
            WorkbookError: It is not well-formed, or has what is refused.
        """
        try:
            self.expat.Parse(text, True)
        except expat.ExpatError as error:
            raise WorkbookError(f"damaged XML: {error}") from None

    def collected(self) -> str:
        """The text since `collecting` was set, which this ends."""
        self.collecting = False
        text = "".join(self.pieces)
        self.pieces.clear()
        return text

    def _first(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._check_root(tag)
        self.expat.StartElementHandler = self._start
        self._start(tag, attributes)

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise WorkbookError(f"XML nested deeper than {MAX_DEPTH}")
        if self.collecting:
            raise WorkbookError(f"an XML element <{_local(tag)}> inside a text")
        if attributes:
            _check_attributes(attributes)
        if tag.startswith(_STRICT):
            raise WorkbookError(f"an XML element <{_local(tag)}> of Strict Open XML, which only some programs read")
        begin = self.starts.get(tag)
        if begin is None:
            self.alternates += tag == _ALTERNATE
        elif self.alternates:
            raise WorkbookError(f"an XML element <{_local(tag)}> that only some programs would read")
        else:
            begin(attributes)
            if tag in _PARENTS and (not self.above or self.above[-1] not in _PARENTS[tag]):
                raise WorkbookError(f"an XML element <{_local(tag)}> where none may be")
        self.above.append(tag)

    def _end(self, tag: str) -> None:
        end = self.ends.get(tag)
        if end is not None:
            end()
        else:
            self.alternates -= tag == _ALTERNATE
        self.depth -= 1
        self.above.pop()

    def _characters(self, data: str) -> None:
        if self.collecting:
            self.pieces.append(data)

    def _check_root(self, tag: str) -> None:
        if tag.startswith(_STRICT):
            raise WorkbookError(
                "a Strict Open XML workbook, which xlconv does not read",
                hint="save it as an Excel Workbook (.xlsx)",
            )
        if self.root and tag != self.root:
            raise WorkbookError(f"an XML element <{_local(tag)}> where <{_local(self.root)}> is due")


def look_at_place(_: Mapping[str, str]) -> None:
    """For an element of which nothing is wanted but that it stands where it belongs, which the parser looks at."""


def _check_attributes(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if len(value) > MAX_ATTRIBUTE:
            raise WorkbookError(f"an XML attribute of {len(value):,} characters, more than {MAX_ATTRIBUTE:,}")
        if name.startswith(_STRICT):
            raise WorkbookError(f"an XML attribute {_local(name)!r} of Strict Open XML, which only some programs read")


def _local(tag: str) -> str:
    return tag.rpartition(" ")[2][:40]


def _check_declaration(version: str, encoding: str | None, _: int) -> None:
    if version != "1.0":
        raise WorkbookError(f"XML of the version {version[:40]!r}, an .xlsx has 1.0", _SAVE)
    if encoding is not None and encoding.upper() != _UTF8:
        raise WorkbookError(f"XML that declares the encoding {encoding[:40]!r}, an .xlsx has UTF-8", _SAVE)


def _refuse_document_type(*_: object) -> None:
    raise WorkbookError("a document type declaration, which no .xlsx needs")
