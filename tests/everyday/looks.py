"""How a workbook looks: colours, widths, what is hidden, printed or locked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import openpyxl
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from PIL import Image as Picture

from tests.editing import WORKBOOK, Package
from tests.everyday.edit import Edit, by_package

STYLES: Final = "xl/styles.xml"


def on_net(pattern: str, new: str) -> Callable[[Package], None]:
    """Other XML in the net's worksheet."""

    def change(package: Package) -> None:
        package.substitute(package.part(package.titles()[0]), pattern, new)

    return change


def everywhere(pattern: str, new: str) -> Callable[[Package], None]:
    """Other XML in all worksheets that have it."""

    def change(package: Package) -> None:
        changed = 0
        for title in package.titles():
            text, count = re.subn(pattern, new, package.text(package.part(title)), flags=re.DOTALL)
            package.parts[package.part(title)] = text.encode()
            changed += count
        assert changed, pattern

    return change


def recoloured(package: Package) -> None:
    package.substitute(STYLES, r'rgb="FF[0-9A-F]{6}"', 'rgb="FF228844"')


def bold(package: Package) -> None:
    package.substitute(STYLES, r"<font>", "<font><b/>")


def more_decimals(package: Package) -> None:
    package.substitute(STYLES, r'formatCode="0\.0+"', 'formatCode="0.00000"')


def manual(package: Package) -> None:
    """Computed on demand only."""
    package.substitute(WORKBOOK, r"<calcPr [^>]*/>", '<calcPr calcId="191029" calcMode="manual"/>')


def printed(package: Package) -> None:
    """An area to print, which is a name of the worksheet."""
    name = '<definedName name="_xlnm.Print_Area" localSheetId="0">\'conv-example\'!$A$1:$GE$62</definedName>'
    package.replace(WORKBOOK, "</definedNames>", f"{name}</definedNames>")


def other_tab(package: Package) -> None:
    """Saved while another worksheet was looked at."""
    package.replace(WORKBOOK, 'activeTab="0"', 'activeTab="2"')


def titled(package: Package) -> None:
    """An author and a title."""
    package.substitute("docProps/core.xml", r">xlconv</dc:creator>", ">A. Teacher</dc:creator>")


def chart_deleted(package: Package) -> None:
    package.substitute(package.part(package.titles()[0]), r"<drawing [^>]*/>", "")


def commented(source: Path, target: Path) -> None:
    """A comment on a number, by a library that keeps no cached values."""
    book = openpyxl.load_workbook(source)
    book.worksheets[0]["FU12"].comment = Comment("This is the logit of a 3.", "A. Teacher")
    book.save(target)


def pictured(source: Path, target: Path) -> None:
    """A picture on the net's worksheet."""
    picture = target.with_suffix(".png")
    Picture.new("RGB", (20, 20), "red").save(picture)
    book = openpyxl.load_workbook(source)
    book.worksheets[0].add_image(Image(picture), "GJ20")
    book.save(target)
    picture.unlink()


XML: Final = {
    "wide columns": on_net('<col width="4"', '<col width="9"'),
    "high rows": on_net(' ht="39"', ' ht="60"'),
    "gridlines shown": everywhere('showGridLines="0"', 'showGridLines="1"'),
    "zoom": everywhere(r'zoomScale="\d+"', 'zoomScale="75"'),
    "panes no longer frozen": everywhere(r"<pane [^>]*/><selection [^>]*/>", ""),
    "conditional formats removed": everywhere(r"<conditionalFormatting.*</conditionalFormatting>", ""),
    "one conditional format more": on_net(
        "<dataValidations", '<conditionalFormatting sqref="FU9:FU18"><cfRule type="top10" priority="99" rank="1"/>'
        "</conditionalFormatting><dataValidations",
    ),
    "protected": everywhere("</sheetData>", '</sheetData><sheetProtection sheet="1" objects="1" scenarios="1"/>'),
    "a coloured tab": on_net("<sheetPr>", '<sheetPr><tabColor rgb="FFFF0000"/>'),
    "a hidden column": on_net(r'(<col width="4" customWidth="1" min="182")', r'\1 hidden="1"'),
    "hidden rows": everywhere(r'<row r="2"', '<row r="2" hidden="1"'),
    "landscape to portrait": everywhere('orientation="landscape"', 'orientation="portrait"'),
    "narrow margins": everywhere('<pageMargins left="0.75" right="0.75"', '<pageMargins left="0.2" right="0.2"'),
    "a page break": on_net(
        "<drawing ", '<rowBreaks count="1" manualBreakCount="1"><brk id="34" man="1"/></rowBreaks><drawing '
    ),
}  # fmt: skip


def validations_removed(package: Package) -> None:
    """No limits on what is drawn or asked for; the drop-down of the net's worksheet stays."""
    for title in ("Draw", "Explore"):
        package.substitute(package.part(title), r"<dataValidations.*</dataValidations>", "")


def edits() -> Iterator[Edit]:
    """All of this class."""
    yield from (Edit("looks", name, by_package(change)) for name, change in XML.items())
    for change in (recoloured, bold, more_decimals, manual, printed, other_tab, titled, chart_deleted):
        yield Edit("looks", change.__name__.replace("_", " "), by_package(change))
    yield Edit("looks", "validations removed", by_package(validations_removed))
    yield Edit("looks", "caches stripped", by_package(Package.strip_caches))
    yield Edit("looks", "a comment", commented)
    yield Edit("looks", "a picture", pictured)
