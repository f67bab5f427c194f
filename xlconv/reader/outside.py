"""What in a workbook reaches out of it, or runs: found by the relationships of its parts, nothing is followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from xlconv.errors import printable
from xlconv.reader import xml
from xlconv.reader.package import Package, Relationship

_MAIN: Final = f"{xml.MAIN} "
_RELATIONSHIP_ID: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships id"
_LONGEST: Final = 200
_MOST: Final = 100

_KINDS: Final = {
    "vbaProject": "macros (VBA)",
    "xlMacrosheet": "macros (a macro worksheet of Excel 4)",
    "xlIntlMacrosheet": "macros (a macro worksheet of Excel 4)",
    "oleObject": "an OLE object",
    "package": "an embedded document",
    "control": "an ActiveX control",
    "connections": "data connections",
    "queryTable": "a query table",
    "volatileDependencies": "real-time data (RTD)",
}
"""By the kind of relationship."""

_TOLD_ELSEWHERE: Final = ("hyperlink", "externalLink", "externalLinkPath")
"""Kinds whose external targets are no line: nothing follows a hyperlink unasked, external links are read."""


def find(package: Package) -> tuple[str, ...]:
    """One line for each thing; the last says if there are more. The relationships of all parts are looked through."""
    found = list(package.all_relationships())
    links = {each.target: each for _, each in found if each.kind == "externalLink" and not each.external}
    return _shortened([*_lines(found), *(line for part in links for line in _Link(package, part).lines)])


def _lines(found: list[tuple[str, Relationship]]) -> Iterator[str]:
    for part, (kind, target, external) in found:
        if kind in _KINDS:
            yield f"{_KINDS[kind]}: {target}"
        elif external and kind not in _TOLD_ELSEWHERE:
            yield f"a link to {target} in {part}"


def _shortened(lines: list[str]) -> tuple[str, ...]:
    short = [printable(line[:_LONGEST]) for line in dict.fromkeys(lines)]
    if len(short) > _MOST:
        short[_MOST:] = [f"and {len(short) - _MOST:,} more"]
    return tuple(short)


class _Link:
    """The part of an external link: to a workbook, to another program (DDE), to an object (OLE)."""

    def __init__(self, package: Package, part: str) -> None:
        self.part, self.targets = part, package.relationships(part)
        self.lines: list[str] = []
        starts = {"externalBook": self._book, "ddeLink": self._dde, "oleLink": self._ole}
        named = {_MAIN + name: start for name, start in starts.items()}
        package.parse(part, xml.Parser(f"{_MAIN}externalLink", named))

    def _target(self, attributes: Mapping[str, str]) -> str:
        identity = attributes.get(_RELATIONSHIP_ID, "")
        return self.targets[identity].target if identity in self.targets else "nowhere"

    def _book(self, attributes: Mapping[str, str]) -> None:
        self.lines.append(f"an external link to {self._target(attributes)} ({self.part})")

    def _dde(self, attributes: Mapping[str, str]) -> None:
        program, topic = attributes.get("ddeService", ""), attributes.get("ddeTopic", "")
        self.lines.append(f"a DDE link to {program}|{topic} ({self.part})")

    def _ole(self, attributes: Mapping[str, str]) -> None:
        program = attributes.get("progId", "")
        self.lines.append(f"an OLE link to {program} {self._target(attributes)} ({self.part})")
