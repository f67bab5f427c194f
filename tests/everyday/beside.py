"""Notes and formulas of a person's own beside the net."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tests.editing import Package, Place
from tests.everyday.edit import Edit, by_package

FREE: Final = "GJ12"
"""A cell to the right of all that xlconv writes on the net's worksheet."""
NET: Final = "'conv-example'!"

FORMULAS: Final = {
    "the largest share": "MAX(FY9:FY18)",
    "a product tried out": "SUMPRODUCT(A9:C11,$AE$15:$AG$17)",
    "a product tried out, with ReLU": "MAX(0,SUMPRODUCT(J20:L22,AE15:AG17))",
    "the sum of a layer": "SUM(AJ9:BI34)",
    "how many are zero": "COUNTIF(AJ9:BI34,0)",
    "how many are above one": 'COUNTIF(BQ9:CN32,">1")',
    "the time": "NOW()",
    "today": "TODAY()",
    "a number at random": "RAND()",
    "the mean weight": "AVERAGE(AE15:AG17)",
    "the spread of a layer": "STDEV(AJ9:BI34)",
    "the second largest share": "LARGE(FY9:FY18,2)",
    "the class once more": "INDEX(FT9:FT18,MATCH(MAX(FY9:FY18),FY9:FY18,0))",
    "the class in words": 'IF(FT21=7,"seven","another one")',
    "a share in words": 'ROUND(FY16*100,1)&" %"',
    "the loss": "-LN(INDEX(FY9:FY18,L39+1))",
    "a logit by hand": "SUMPRODUCT(CQ9:DB20,DG9:DR20)+SUMPRODUCT(CQ23:DB34,DG23:DR34)",
    "a difference of two pixels": "K20-L20",
    "the shares' sum": "SUM(FY9:FY18)",
    "a sum that should be one": "SUM(softmax)=1",
    "a look-up": "VLOOKUP(7,FT9:FY18,6,FALSE)",
    "a mistake": "1/0",
    "a name that there is not": "MAX(softmaxx)",
    "arithmetic": "3*0.5+2",
}


def formula(text: str) -> Callable[[Package], None]:
    """A formula in a free cell, as Excel saves it before it is computed anew."""

    def change(package: Package) -> None:
        package.set_formula(free(package), text)

    return change


def free(package: Package) -> Place:
    return Place(package.titles()[0], FREE)


def note(title: str, address: str) -> Callable[[Package], None]:
    """A text."""

    def change(package: Package) -> None:
        package.add_row(title, int(address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
        package.set_text(Place(title, address), "Ask about this on Monday")

    return change


def helper_column(package: Package) -> None:
    """The shares in hundredths, for a chart of one's own."""
    for row in range(10):
        package.set_formula(free(package).moved(row, 0), f"FY{9 + row}*100")


def other_numbers(package: Package) -> None:
    """A table of numbers that has nothing to do with the net."""
    for row in range(5):
        for column in range(5):
            package.set_number(free(package).moved(row, column), row * 1.5 - column)


def own_sums(package: Package) -> None:
    """A table with sums below."""
    other_numbers(package)
    for column, letters in enumerate(("GJ", "GK", "GL", "GM", "GN")):
        package.set_formula(free(package).moved(6, column), f"SUM({letters}12:{letters}16)")


def array(package: Package) -> None:
    """An array formula."""
    package.set_formula(free(package), "SUM(FY9:FY18*FY9:FY18)", f' t="array" ref="{FREE}"')


def own_sheet(package: Package) -> None:
    """A worksheet with formulas that read the net."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = f'<c r="A1"><f>MAX({NET}FY9:FY18)</f></c><c r="B1"><f>{NET}FT21</f></c>'
    package.add_sheet(
        "Mine", f'<worksheet xmlns="{namespace}"><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    )


def edits() -> Iterator[Edit]:
    """All of this class."""
    for name, text in FORMULAS.items():
        yield Edit("beside", name, by_package(formula(text)))
    for title, address in (
        ("conv-example", FREE),
        ("Network", "L3"),
        ("Explore", "AZ3"),
        ("Draw", "AP10"),
        ("Samples", "B50"),
    ):
        yield Edit("beside", f"a text on {title}", by_package(note(title, address)))
    for change in (helper_column, other_numbers, own_sums, array, own_sheet):
        yield Edit("beside", change.__name__.replace("_", " "), by_package(change))
