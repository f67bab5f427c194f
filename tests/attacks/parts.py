"""Attacks on the XML of a package: what a cell's element, a worksheet or the workbook can say beside formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from tests.attacks.attack import Attack, Change
from tests.editing import RELATIONS, WORKBOOK, Package, Place

LOGIT: Final = ("dense", 3)
PIXEL: Final = ("conv1_0", 11, 13)
SHARE: Final = ("softmax", 0)


def typed(at: tuple[str, int], attributes: str, formula: str | None = None) -> Change:
    """A formula whose element has attributes of its own."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        text = package.formula(place) if formula is None else formula
        package.set_formula(place, text, attributes.replace("{here}", place.address))
        return place

    return change


def array_of_shares(formula: str) -> Change:
    """One array formula for the ten shares."""

    def change(package: Package) -> list[Place]:
        places = package.block("softmax")
        first, *others = places
        package.set_formula(first, formula, f' t="array" ref="{first.address}:{others[-1].address}"')
        for place in others:
            package.set_content(place, f"<v>{package.number(place)}</v>")
        return places

    return change


def shared(first: str, other: str, wrong: bool) -> Change:
    """The pixels of two channels as shared formulas, with one of them in the other's group."""

    def change(package: Package) -> Place:
        for number, name in enumerate((first, other)):
            places = package.block(name)
            area = f"{places[0].address}:{places[-1].address}"
            start = (package.formula(places[0]), f' t="shared" si="{number}" ref="{area}"')
            package.set_elements(places, [start] + [("", f' t="shared" si="{number}"')] * (len(places) - 1))
        place = package.at(first, 5, 6)
        if wrong:
            package.set_content(place, '<f t="shared" si="1"/>')
        return place

    return change


def shared_moved(package: Package) -> Place:
    """A cell that is one of a group whose first formula stands elsewhere, so that all it reads is moved."""
    first, place = package.at("maxpool_0", 0, 0), package.at("maxpool_1", 0, 0)
    package.set_formula(first, package.formula(first), f' t="shared" si="0" ref="{first.address}:{place.address}"')
    package.set_content(place, '<f t="shared" si="0"/>')
    return place


def lying(*names: str) -> Change:
    """Cached values that are not what the formulas give."""

    def change(package: Package) -> list[Place]:
        places = [package.at(name) for name in names]
        for place in places:
            package.set_xml(place, re.sub(r"<v>[^<]*</v>", "<v>3</v>", package.xml(place)))
        return places

    return change


def all_lying(package: Package) -> list[Place]:
    """42 as every cached value of the net's worksheet."""
    places = [package.at("input_0"), package.at("prediction")]
    package.substitute(package.part(places[0].sheet), r"</f><v>[^<]*</v>", "</f><v>42</v>")
    return places


def same_address(first: bool) -> Change:
    """Two cells with one address, the wrong one before or after."""

    def change(package: Package) -> None:
        place = package.at(*LOGIT)
        right = package.xml(place)
        wrong = f'<c r="{place.address}"><v>99</v></c>'
        package.set_xml(place, wrong + right if first else right + wrong)

    return change


def same_row(package: Package) -> None:
    """Two rows with one number."""
    place = package.at(*LOGIT)
    row = place.address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    package.substitute(
        package.part(place.sheet),
        "</sheetData>",
        f'<row r="{row}"><c r="{place.address}"><v>99</v></c></row></sheetData>',
    )


def two_sheets_of_data(package: Package) -> None:
    """Two elements with cells."""
    place = package.at(*LOGIT)
    row = place.address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    data = f'<sheetData><row r="{row}"><c r="{place.address}"><v>99</v></c></row></sheetData>'
    package.replace(package.part(place.sheet), "</sheetData>", f"</sheetData>{data}")


def no_address(package: Package) -> Place:
    """A cell that does not say where it is, behind a gap: it stands beside the cell before."""
    place = package.at("conv1_0", 0, 0)
    package.set_xml(place, package.xml(place).replace(f' r="{place.address}"', ""))
    return place


def under_a_merge(package: Package) -> list[Place]:
    """The mark compares with a cell that the prediction's merged cell covers."""
    seen, mark = package.at("prediction"), package.at("mark")
    covered = seen.moved(1, 0)
    choice, answer = (package.at(name).fixed.rpartition("!")[2] for name in ("choice", "prediction"))
    package.set_formula(covered, f"IF({choice}=4,4,{answer})")
    package.edit(mark, answer, covered.fixed.rpartition("!")[2])
    return [covered, mark]


def comment_in_formula(package: Package) -> Place:
    """A number where the formula is an XML comment."""
    place = package.at(*LOGIT)
    old = escape(package.formula(place), quote=False)
    package.set_content(place, f"<f>3<!-- {old} --></f>")
    return place


def comment_beside(package: Package) -> Place:
    """A factor behind a comment, where a reader may have stopped."""
    place = package.at(*LOGIT)
    package.set_content(place, f"<f>{escape(package.formula(place), quote=False)}<!-- -->*1.5</f>")
    return place


def alternate(package: Package) -> None:
    """A cell that programs read which know a namespace, and another one for those that do not."""
    place = package.at(*LOGIT)
    namespaces = (
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"'
    )
    wrong = f'<c r="{place.address}"><v>99</v></c>'
    choice = f'<mc:Choice Requires="x14">{wrong}</mc:Choice><mc:Fallback>{package.xml(place)}</mc:Fallback>'
    package.set_xml(place, f"<mc:AlternateContent {namespaces}>{choice}</mc:AlternateContent>")


def cdata(package: Package) -> Place:
    """A formula as character data."""
    place = package.at(*LOGIT)
    package.set_content(place, f"<f><![CDATA[{package.formula(place)}]]></f>")
    return place


def text_result(package: Package) -> Place:
    """The predicted class as a text."""
    place = package.at("prediction")
    package.wrap(place, '{old}&""')
    return place


def parts_exchanged(package: Package) -> None:
    """The parts of two worksheets exchanged."""
    package.replace(RELATIONS, "/xl/worksheets/sheet1.xml", "/xl/worksheets/sheetX.xml")
    package.replace(RELATIONS, "/xl/worksheets/sheet4.xml", "/xl/worksheets/sheet1.xml")
    package.replace(RELATIONS, "/xl/worksheets/sheetX.xml", "/xl/worksheets/sheet4.xml")


def as_shown(package: Package) -> None:
    """The workbook computes with numbers as they are shown."""
    package.replace(WORKBOOK, "<calcPr ", '<calcPr fullPrecision="0" ')


def external(package: Package) -> Place:
    """A logit that reads another workbook."""
    place = package.at(*LOGIT)
    package.wrap(place, "{old}+0*[1]Sheet1!$A$1")
    return place


def whole_column(package: Package) -> Place:
    """The sum of a whole column, which holds nothing else today."""
    place = package.at(*SHARE)
    package.set_formula(place, re.sub(r"SUM\(.*\)", "SUM($FX:$FX)", package.formula(place)))
    return place


def text_typed(package: Package) -> Place:
    """A number that is a text of a formula's result."""
    place = package.at("conv2_weight_0_1", 1, 1)
    package.set_content(place, f"<v>{package.number(place)}</v>", ' t="str"')
    return place


def empty_formula(package: Package) -> Place:
    """A formula's element without a formula: the cell holds a number."""
    place = package.at(*LOGIT)
    number = package.number(place)
    package.set_content(place, f"<f></f><v>{number}</v>")
    return place


def second_net(package: Package) -> None:
    """A hidden worksheet with cells and names like those of the net, as Excel makes them for a copy."""
    (title, *_) = package.titles()
    xml = package.text(package.part(title)).partition("<drawing")
    package.add_sheet("copy", f"{xml[0]}</worksheet>", "hidden")
    for name, reference in package.names().items():
        if reference.startswith(f"'{title}'!"):
            package.make_local(name, "copy", reference.replace(f"'{title}'!", "copy!"))


def second_net_wrong(package: Package) -> Place:
    """The same, with a trap in the visible worksheet's logit."""
    place = package.at("dense", 3)
    second_net(package)
    package.wrap(place, "IF($L$39=4,99,{old})")
    return place


TABLE: Final = ' t="dataTable" ref="{here}:{here}" dt2D="0" dtr="0" r1="L39"'
WRONG: Final[dict[str, Change]] = {
    "a data table": typed(LOGIT, TABLE),
    "a data table without a formula": typed(LOGIT, TABLE, ""),
    "an array with one formula for all": array_of_shares("FX9/SUM(FX9:FX18)"),
    "an array without the last": array_of_shares("FX9:FX18/SUM(FX9:FX17)"),
    "a shared formula of the other group": shared("conv1_0", "conv1_1", wrong=True),
    "a shared formula that is moved": shared_moved,
    "one cell twice, wrong before": same_address(first=True),
    "one cell twice, wrong after": same_address(first=False),
    "one row twice": same_row,
    "cells twice": two_sheets_of_data,
    "a cell without an address": no_address,
    "a formula under a merged cell": under_a_merge,
    "a comment for a formula": comment_in_formula,
    "a comment in a formula": comment_beside,
    "content for some programs": alternate,
    "the class as a text": text_result,
    "parts exchanged": parts_exchanged,
    "numbers as they are shown": as_shown,
    "another workbook": external,
    "a number as a text": text_typed,
    "a formula without a text": empty_formula,
    "a second net, and the first wrong": second_net_wrong,
}
NAMED: Final[dict[str, Change]] = {
    "one cached value that lies": lying("prediction"),
    "cached shares that lie": lying("softmax", "dense"),
    "cached values that lie": all_lying,
    "the sum of a whole column": whole_column,
}
INNOCENT: Final[dict[str, Change]] = {
    "an array formula": array_of_shares("FX9:FX18/SUM(FX9:FX18)"),
    "an array formula of one cell": typed(LOGIT, ' t="array" ref="{here}"'),
    "shared formulas": shared("conv1_0", "conv1_1", wrong=False),
    "computed each time": typed(LOGIT, ' ca="1"'),
    "character data": cdata,
    "a second net, hidden": second_net,
}


def attacks() -> Iterator[Attack]:
    """All of this class."""
    yield from (Attack("XML", name, change) for name, change in WRONG.items())
    yield from (Attack("XML", name, change, "named") for name, change in NAMED.items())
    yield from (Attack("XML", name, change, "innocent") for name, change in INNOCENT.items())
