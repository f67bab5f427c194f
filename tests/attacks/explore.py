"""Attacks on the worksheet that shows how one number of a layer is computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from random import Random
from typing import Final

from tests.attacks.attack import Attack, Change
from tests.attacks.layers import At, edited
from tests.editing import Package, Place

SHAPES: Final = {
    "conv1": (2, 26, 26),
    "conv2": (2, 24, 24),
    "maxpool": (2, 12, 12),
    "dense": (10, 1, 1),
    "softmax": (10, 1, 1),
}
"""The layers that can be chosen, with their channels, rows and columns."""

DRAWN: Final = 80
"""Traps on a choice that is drawn, each in another cell."""
EVERY: Final[dict[str, At]] = {
    "the result": ("explore_result", 0, 0),
    "the cell": ("explore_cell", 0, 0),
    "the sentence": ("explore_words", 0, 0),
}
"""Formulas in which a trap is tried on every choice there is."""
ASKED: Final = ("explore_layer", "explore_channel", "explore_row", "explore_column")
UNDERSTOOD: Final = ("explore_limits", "explore_at", "explore_number")
"""Cells that work out what is asked for, so that traps in them can only read what a person fills."""

Choice = tuple[str, int, int, int]


def choices() -> list[Choice]:
    """All that a person can ask for: layer, channel, row, column."""
    return [
        (layer, channel, row, column)
        for layer, (channels, rows, columns) in SHAPES.items()
        for channel in range(channels)
        for row in range(rows)
        for column in range(columns)
    ]


def drawn_choice(rng: Random) -> Choice:
    """One, each layer as often."""
    layer = rng.choice(list(SHAPES))
    channel, row, column = (rng.randrange(size) for size in SHAPES[layer])
    return layer, channel, row, column


def kinds(package: Package) -> list[list[Place]]:
    """The cells of the worksheet that have a formula, by their table and what it says without places and numbers."""
    sheet = package.at("explore_layer").sheet
    tables = {
        place: name for name in sorted(package.names()) if name.startswith("explore_") for place in package.block(name)
    }
    found: dict[tuple[str, str], list[Place]] = {}
    for address, formula in package.formulas(sheet).items():
        form = re.sub(r"\$?[A-Z]{1,3}\$?\d+|\d+", "#", formula)
        place = Place(sheet, address)
        found.setdefault((tables.get(place, ""), form), []).append(place)
    return [found[kind] for kind in sorted(found)]


def drawn_cells(package: Package) -> list[Place]:
    """Cells of each kind, one of each before a second one of any."""
    rng = Random(0)
    rounds = zip_longest(*(rng.sample(places, len(places)) for places in kinds(package)))
    return [place for each in rounds for place in each if place is not None]


def asked(package: Package, choice: Choice) -> str:
    """That this choice is what a person filled in."""
    layer, *numbers = (package.at(name).fixed.rpartition("!")[2] for name in ASKED)
    tests = [f"{cell}={number}" for cell, number in zip(numbers, choice[1:], strict=True)]
    return f'AND({layer}="{choice[0]}",{",".join(tests)})'


def understood(package: Package, choice: Choice) -> str:
    """The same by what the worksheet makes of what was filled in."""
    layer = package.at("explore_number").fixed.rpartition("!")[2]
    cells = [package.at("explore_at", 0, column).fixed.rpartition("!")[2] for column in range(3)]
    tests = [f"{cell}={number}" for cell, number in zip(cells, choice[1:], strict=True)]
    return f"AND({layer}={1 + list(SHAPES).index(choice[0])},{','.join(tests)})"


def drawn_trap(number: int) -> Change:
    """A trap in one of the formulas, in another one for each number."""

    def change(package: Package) -> Place:
        place = drawn_cells(package)[number]
        early = any(place in package.block(name) for name in UNDERSTOOD)
        condition = (asked if early or number % 2 else understood)(package, drawn_choice(Random(number)))
        package.wrap(place, f"IF({condition},0.5,{{old}})")
        return place

    return change


def trap_in(at: At, choice: Choice) -> Change:
    """A trap in this formula on this choice."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        package.wrap(place, f"IF({asked(package, choice)},0.5,{{old}})")
        return place

    return change


def traps_in_all(choice: Choice) -> Change:
    """A trap on this choice in each of the formulas in which every choice is tried; all are to be named."""

    def change(package: Package) -> list[Place]:
        return [place for at in EVERY.values() for place in (trap_in(at, choice)(package),) if isinstance(place, Place)]

    return change


def condition_trap(at: At, condition: str) -> Change:
    """A trap on something else that a person fills, or that is computed."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        package.wrap(place, f"IF({condition},0.5,{{old}})")
        return place

    return change


CONDITIONS: Final = {
    "a channel that is blank": (("explore_result", 0, 0), '$C$4=""'),
    "a channel that is a text": (("explore_at", 0, 0), "ISTEXT($C$4)"),
    "a channel out of range": (("explore_result", 0, 0), "$C$4>50"),
    "a row below zero": (("explore_at", 0, 1), "$D$4<0"),
    "a row between two": (("explore_at", 0, 1), "$D$4=3.4"),
    "a column far too large": (("explore_cell", 0, 0), "$E$4=1000"),
    "a result of zero": (("explore_words", 0, 0), "$O$4=0"),
    "a large sum": (("explore_result", 0, 0), "$K$4>1.5"),
    "a negative sum": (("explore_result", 0, 0), "$K$4<-1.5"),
    "a large product": (("explore_product_0", 1, 1), "G12>0.9"),
    "a pixel in the window": (("explore_window_0", 0, 0), "'conv-example'!$J$20=0.25"),
    "the chosen digit": (("explore_window_0", 1, 1), "'conv-example'!$L$39=4"),
}

EDITED: Final = {
    "a sentence that multiplies": (("explore_words", 0, 0), "add up to", "multiply to"),
    "a sentence on what ReLU makes": (("explore_words", 0, 0), "This is below zero", "This is above zero"),
    "a sentence with rows for columns": (("explore_words", 0, 0), r'row "&\$D\$6', 'row "&$E$6'),
    "two digits": (("explore_words", 0, 0), r"ROUND\(\$K\$4,4\)", "ROUND($K$4,2)"),
    "INT for ROUND": (("explore_at", 0, 0), r"ROUND\((\w+),0\)", r"INT(\1)"),
    "no upper limit": (("explore_at", 0, 1), r"MIN\(\w+,(ROUND\(\w+,0\))\)", r"\1"),
    "another kernel": (("explore_kernel_0", 0, 0), r"\$C\$6\*28\+1", "1"),
    "a window one further": (("explore_window_1", 0, 0), r"\+29,", "+30,"),
    "a product of the neighbour": (("explore_product_0", 0, 0), r"G11\*K11", "G11*K12"),
    "a sum for a product": (("explore_product_0", 1, 1), r"\*", "+"),
    "a sum without a row": (("explore_sum_0", 0, 0), r"SUM\(O11:Q13\)", "SUM(O11:Q12)"),
    "a share of the neighbour": (("explore_softmax", 2, 3), r"D14/", "D15/"),
    "a power without the largest": (("explore_softmax", 2, 1), r"-\$B\$10", "-$B$11"),
    "the largest of nine": (("explore_max", 0, 0), r"MAX\(\$B\$12:\$B\$21\)", "MAX($B$12:$B$20)"),
    "ReLU at every layer": (("explore_result", 0, 0), r"\$K\$4,\$K\$4\)$", "MAX(0,$K$4),$K$4)"),
    "the other logit's weights": (("explore_dense_kernel_0", 0, 0), r"INT\(\$C\$6/2\)", "INT($C$6/3)"),
    "the cell of the next row": (("explore_cell", 0, 0), r"\$D\$6\+1", "$D$6+2"),
}

SETTINGS: Final = {
    "a kernel of two rows": (1, 1, 2),
    "a stride of one": (3, 3, 1),
    "one channel read": (2, 0, 1),
    "every other row": (1, 7, 2),
    "one output in a group": (2, 11, 1),
    "a bias": (2, 12, 1),
    "one channel less": (4, 13, 8),
    "one column more": (1, 15, 24),
    "another kind": (3, 16, 1),
    "no ReLU": (1, -5, "nothing"),
}
"""Layer, from 1; column of the table, from the first of the settings; and what stands there."""


def setting(layer: int, column: int, value: int | str) -> Change:
    """Another number, or another text, in the table of the layers that can be chosen."""

    def change(package: Package) -> None:
        place = package.at("explore_settings", layer, column)
        if isinstance(value, str):
            assert "<t" in package.xml(place) or 't="s"' in package.xml(place), place
            package.set_text(place, value)
        else:
            assert package.number(place) != str(value), place
            package.set_number(place, value)

    return change


def setting_by_choice(package: Package) -> Place:
    """A number of the table that is another one for another choice."""
    place = package.at("explore_settings", 1, 1)
    package.set_formula(place, "IF($C$4=1,2,3)")
    return place


def layer_renamed(package: Package) -> None:
    """A layer that the list calls otherwise than the network does."""
    package.set_text(Place(package.at("explore_layer").sheet, "B54"), "conv2")
    package.set_text(Place(package.at("explore_layer").sheet, "B55"), "conv1")


def pasted(package: Package) -> Place:
    """The value in place of the formula for the result, right as it is for this choice."""
    place = package.at("explore_result")
    package.set_number(place, package.number(place))
    return place


def attacks() -> Iterator[Attack]:
    """All of this class but the many of `every_choice`."""
    yield from (Attack("explore", f"trap {number}", drawn_trap(number)) for number in range(DRAWN))
    for name, (at, condition) in CONDITIONS.items():
        yield Attack("explore", name, condition_trap(at, condition))
    yield from (Attack("explore", name, edited(*each)) for name, each in EDITED.items())
    yield from (Attack("explore", name, setting(*each)) for name, each in SETTINGS.items())
    yield Attack("explore", "two layers' names exchanged", layer_renamed)
    yield Attack("explore", "a value for a formula", pasted)
    yield Attack("explore", "a setting by the choice", setting_by_choice)


def every_choice() -> Iterator[Attack]:
    """For each choice a workbook with a trap in each of three formulas."""
    for choice in choices():
        yield Attack("every choice", " ".join(map(str, choice)), traps_in_all(choice), "all")
