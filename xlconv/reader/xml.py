"""XML from outside, through expat: no document type, no deep nesting, one kind of error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from xml.parsers import expat

from xlconv.errors import WorkbookError

MAX_DEPTH: Final = 256

Start: TypeAlias = Callable[[str, Mapping[str, str]], None]
"""Called with an element's name, its namespace before a space, and its attributes."""

Text: TypeAlias = Callable[[str], None]


def _ignore(_: str) -> None:
    pass


def parser(start: Start, end: Text = _ignore, characters: Text = _ignore) -> expat.XMLParserType:
    """An expat parser that calls these, for a text to be given to `feed`."""
    depth = 0

    def counted(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise WorkbookError(f"XML nested deeper than {MAX_DEPTH}")
        start(tag, attributes)

    def uncounted(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag)

    def refuse(*_: object) -> None:
        raise WorkbookError("a document type declaration, which no .xlsx needs")

    made = expat.ParserCreate("UTF-8", " ")
    made.buffer_text = True
    made.StartElementHandler = counted
    made.EndElementHandler = uncounted
    made.CharacterDataHandler = characters
    made.StartDoctypeDeclHandler = refuse
    return made


def feed(to: expat.XMLParserType, text: bytes) -> None:
    """Parse a whole text.

    Raises:
        WorkbookError: It is not well-formed, or has what is refused.
    """
    try:
        to.Parse(text, True)
    except expat.ExpatError as error:
        raise WorkbookError(f"damaged XML: {error}") from None


def parse(text: bytes, start: Start, end: Text = _ignore, characters: Text = _ignore) -> None:
    """Parse a whole text, calling these for what is in it."""
    feed(parser(start, end, characters), text)
