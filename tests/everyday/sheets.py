"""Worksheets renamed, moved, hidden, copied or deleted, with all that Excel changes along with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from typing import Final

from tests.editing import WORKBOOK, Package, delete
from tests.everyday.edit import Edit, by_package

_WITH_PLACES: Final = re.compile(r"(<(?:f|formula\d?|definedName|c:f)\b[^>]*>)([^<]*)(?=<)")
"""The elements whose text is a formula."""
_LINK: Final = re.compile(r'((?:location|display)=")([^"]*)(?=")')

NEW: Final = {
    "conv-example": "My first net",
    "Network": "Layers",
    "Explore": "Look closer",
    "Draw": "Paper's edge",
    "Samples": "Digits",
}


def renamed(old: str, new: str) -> Callable[[Package], None]:
    """A worksheet with another title, in formulas, names, validations, formats, charts and links, too."""

    def change(package: Package) -> None:
        package.replace(WORKBOOK, f'name="{old}"', f'name="{escape(new)}"')
        for part in package.parts:
            if part.endswith(".xml"):
                _follow(package, part, old, new)

    return change


def _follow(package: Package, part: str, old: str, new: str) -> None:
    quoted = "'" + new.replace("'", "''") + "'!"

    def moved(match: re.Match[str]) -> str:
        text = re.sub(rf"('{re.escape(old)}'|\b{re.escape(old)})!", quoted, unescape(match[2]))
        return match[1] + escape(text, quote=match[1].endswith('"'))

    text = _LINK.sub(moved, _WITH_PLACES.sub(moved, package.text(part)))
    package.parts[part] = text.encode()


def all_renamed(package: Package) -> None:
    for old, new in NEW.items():
        renamed(old, new)(package)


def reordered(*order: int) -> Callable[[Package], None]:
    """The worksheets in another order; no name is a worksheet's own."""

    def change(package: Package) -> None:
        found = re.search(r"<sheets>(.*)</sheets>", package.text(WORKBOOK))
        assert found
        sheets = re.findall(r"<sheet .*?/>", found[1])
        package.replace(WORKBOOK, found[1], "".join(sheets[number] for number in order))

    return change


def hidden(title: str) -> Callable[[Package], None]:
    def change(package: Package) -> None:
        package.substitute(WORKBOOK, rf'(name="{title}" sheetId="\d+" state=)"visible"', r'\1"hidden"')

    return change


def copied(title: str) -> Callable[[Package], None]:
    """A copy of a worksheet, with names of its own for those of the first, as Excel makes them."""

    def change(package: Package) -> None:
        copy = f"{title} (2)"
        xml = package.text(package.part(title))
        xml = re.sub(r"<drawing [^>]*/>", "", xml).replace(f"'{title}'!", f"'{copy}'!")
        package.add_sheet(copy, re.sub(rf"\b{title}!", f"'{copy}'!", xml) if title.isalpha() else xml)
        for name, reference in package.names().items():
            for spelled in (f"'{title}'!", f"{title}!"):
                if reference.startswith(spelled):
                    package.make_local(name, copy, reference.replace(spelled, f"'{copy}'!"))

    return change


def deleted(title: str) -> Callable[[Package], None]:
    """A worksheet deleted."""

    def change(package: Package) -> None:
        delete(package, title)

    return change


def empty_sheet(package: Package) -> None:
    """One worksheet more, with nothing in it."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package.add_sheet("Sheet1", f'<worksheet xmlns="{namespace}"><sheetData/></worksheet>')


def edits() -> Iterator[Edit]:
    """All of this class."""
    yield from (Edit("sheets", f"{old} renamed", by_package(renamed(old, new))) for old, new in NEW.items())
    yield Edit("sheets", "all renamed", by_package(all_renamed))
    yield Edit("sheets", "the net last", by_package(reordered(1, 2, 3, 4, 0)))
    yield Edit("sheets", "Samples first", by_package(reordered(4, 0, 1, 2, 3)))
    yield Edit("sheets", "turned round", by_package(reordered(4, 3, 2, 1, 0)))
    yield from (
        Edit("sheets", f"{title} hidden", by_package(hidden(title))) for title in ("Samples", "Explore", "Network")
    )
    yield from (
        Edit("sheets", f"{title} copied", by_package(copied(title))) for title in ("conv-example", "Draw", "Explore")
    )
    yield Edit("sheets", "Explore deleted", by_package(deleted("Explore")))
    yield Edit("sheets", "one more", by_package(empty_sheet))
