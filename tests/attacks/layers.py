"""Attacks on the formulas of layers, on their weights, and on the predicted class."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.attacks.attack import Attack, Change, Expected
from tests.editing import Package, Place

KIND: Final = "layers"
At = tuple[str, int, int]
"""A block's name, row and column from 0."""

PIXEL: Final[At] = ("conv1_0", 11, 13)
CORNER: Final[At] = ("conv1_0", 0, 0)
INNER: Final[At] = ("conv2_1", 10, 9)
POOLED: Final[At] = ("maxpool_0", 5, 6)
BLANK: Final[At] = ("maxpool_1", 0, 0)
LOGIT: Final[At] = ("dense", 3, 0)
POWER: Final[At] = ("softmax_exp", 4, 0)
SHARE: Final[At] = ("softmax", 8, 0)
CLASS: Final[At] = ("prediction", 0, 0)


def filled(package: Package, text: str) -> str:
    """A formula with addresses for `{name row column}`, and with dollars for `{$name row column}`."""

    def address(match: re.Match[str]) -> str:
        place = package.at(match[2], int(match[3] or 0), int(match[4] or 0))
        return place.fixed.rpartition("!")[2] if match[1] else place.address

    return re.sub(r"\{(\$?)(?!old\})([a-z]\w*)(?: (-?\d+) (-?\d+))?\}", address, text)


def wrapped(at: At, text: str) -> Change:
    """The cell's formula within another one."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        package.wrap(place, filled(package, text))
        return place

    return change


def edited(at: At, pattern: str, new: str) -> Change:
    """A part of the cell's formula replaced, once."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        formula, count = re.subn(pattern, filled(package, new), package.formula(place), count=1)
        assert count, f"{place}: {pattern} is not in {formula}"
        package.set_formula(place, formula)
        return place

    return change


def everywhere(name: str, pattern: str, new: str) -> Change:
    """The same in each cell of a block."""

    def change(package: Package) -> list[Place]:
        places = package.block(name)
        before, new_text = package.formulas(places[0].sheet), filled(package, new)
        changed = [re.subn(pattern, new_text, before[place.address]) for place in places]
        assert all(count for _, count in changed), f"{name}: {pattern}"
        package.set_elements(places, ((formula, "") for formula, _ in changed))
        return places

    return change


TRAPS: Final = {
    "one pixel's value": (PIXEL, "IF({input_0 12 14}=0.5019607843137255,0,{old})"),
    "one pixel's value, to a logit": (LOGIT, "IF({input_0 12 14}=0.5019607843137255,99,{old})"),
    "one pixel's value, to a share": (SHARE, "IF({input_0 3 3}=0.5019607843137255,0.5,{old})"),
    "one pixel's value, to the class": (CLASS, "IF({input_0 3 3}=0.25,4,{old})"),
    "two pixels": (INNER, "IF(AND({input_0 12 14}>0.3,{input_0 13 14}<0.0001),0,{old})"),
    "two pixels that add up": (POOLED, "IF({input_0 12 14}+{input_0 13 14}=1.7,0,{old})"),
    "a negative pixel": (CORNER, "IF({input_0}<0,1,{old})"),
    "a pixel above one": (CORNER, "IF({input_0 2 2}>1.5,1,{old})"),
    "two logits that are equal": (SHARE, "IF({dense 1 0}={dense 2 0},0,{old})"),
    "a logit of zero": (POWER, "IF({dense 4 0}=0,0,{old})"),
    "the choice of the digit": (LOGIT, "IF({$choice}=4,99,{old})"),
    "the choice of the sample": (PIXEL, "IF({$sample}=2,0,{old})"),
    "a weight": (POOLED, "IF({conv1_weight_0_0 1 1}=0.125,0,{old})"),
    "a large value": (INNER, "IF({old}>1000000,0,{old})"),
    "1e-11 added": (LOGIT, "{old}+1E-11"),
    "1e-11 added to a pixel's sum": (PIXEL, "{old}+1E-11"),
    "1e-11 of it added": (LOGIT, "({old})*(1+1E-11)"),
    "1e-11 of a share added": (SHARE, "{old}*1.00000000001"),
    "1e-13 at random": (LOGIT, "{old}+RAND()*1E-13"),
    "rounded to 12 digits": (LOGIT, "ROUND({old},12)"),
    "rounded in a share": (SHARE, "ROUND({old},12)"),
    "cut to whole numbers of 1e-10": (INNER, "INT(({old})*10000000000)/10000000000"),
    "rounding by a large number": (LOGIT, "({old}+1E+17)-1E+17"),
    "above 1000 cut": (PIXEL, "MIN(1000,{old})"),
    "above 1e15 cut": (LOGIT, "MIN(1E+15,{old})"),
    "ReLU that starts at 1e-9": (PIXEL, "MAX(1E-9,{old})"),
    "ReLU on a logit": (LOGIT, "MAX(0,{old})"),
    "today": (LOGIT, "IF(TODAY()>80000,0,{old})"),
    "now": (PIXEL, "{old}+0*NOW()"),
    "a date in the class": (CLASS, "IF(TODAY()>80000,3,{old})"),
    "a reference to itself": (LOGIT, "IF({dense 3 0}=0,{old},{old})"),
}

EDITS: Final = {
    "OFFSET": (PIXEL, r"SUMPRODUCT\((\w+):\w+,", r"SUMPRODUCT(OFFSET(\1,0,0,3,3),"),
    "INDIRECT": (PIXEL, r"SUMPRODUCT\((\w+:\w+),", r'SUMPRODUCT(INDIRECT("\1"),'),
    "LET that adds": (LOGIT, r"^(.*)$", r"LET(x,\1,IF(x>40,40,x))"),
    "ReLU left out": (PIXEL, r"^MAX\(0,(.*)\)$", r"\1"),
    "leaky ReLU": (PIXEL, r"^MAX\(0,(.*)\)$", r"MAX(0.001*(\1),\1)"),
    "ReLU by ABS": (PIXEL, r"^MAX\(0,(.*)\)$", r"ABS(\1)"),
    "a window of blank pixels moved": (CORNER, r"\(A9:C11", "({input_0 0 1}:{input_0 2 3}"),
    "the last row of a window left out": (CORNER, r"C11,(.*)17\)", r"C10,\g<1>16)"),
    "the other kernel": (CORNER, r"\$\w+\$\d+:\$\w+\$\d+", "{$conv1_weight_1_0}:{$conv1_weight_1_0 2 2}"),
    "one channel twice": (INNER, r"^MAX\(0,(SUMPRODUCT\([^()]*\))\+.*$", r"MAX(0,\1+\1)"),
    "one channel left out": (INNER, r"\+SUMPRODUCT\([^()]*\)", ""),
    "one channel subtracted": (INNER, r"\+SUMPRODUCT", "-SUMPRODUCT"),
    "pooling moved where all is equal": (BLANK, r"^.*$", "MAX({conv2_1 0 1}:{conv2_1 1 2})"),
    "pooling over too little": (BLANK, r"^.*$", "MAX({conv2_1 0 0}:{conv2_1 1 0})"),
    "pooling over too much": (BLANK, r"^.*$", "MAX({conv2_1 0 0}:{conv2_1 2 1})"),
    "pooling by the mean": (BLANK, r"^MAX", "AVERAGE"),
    "pooling by the second largest": (BLANK, r"^.*$", "LARGE({conv2_1 0 0}:{conv2_1 1 1},2)"),
    "the other channel pooled": (BLANK, r"^.*$", "MAX({conv2_0 0 0}:{conv2_0 1 1})"),
    "the sum without its last term": (SHARE, r"SUM\(.*\)", "SUM({$softmax_exp 0 0}:{$softmax_exp 8 0})"),
    "the largest of nine": (POWER, r"MAX\(.*\)\)$", "MAX({$dense 0 0}:{$dense 8 0}))"),
    "another base": (POWER, r"EXP\((.*)\)$", r"2.71828182845^(\1)"),
    "a power of a neighbour": (POWER, r"EXP\(\w+", "EXP({dense 5 0}"),
    "the class by the last of equals": (CLASS, r"MATCH\((.*),0\)", r"IF({$softmax 9 0}={$softmax},10,MATCH(\1,0))"),
    "the class by nearest match": (CLASS, r",0\)\)$", ",1))"),
    "the class among nine": (CLASS, r"\$FY\$18\),\$FY\$9:\$FY\$18", "$FY$17),$FY$9:$FY$17"),
    "the class one further": (CLASS, r"MATCH\((.*)\)\)$", r"MOD(MATCH(\1),10)+1)"),
    "the class of the smallest": (CLASS, r"MAX", "MIN"),
}  # fmt: skip

NAMED: Final = {
    "a difference of nothing": (PIXEL, "{old}+{input_0}-{input_0}"),
    "zero times a pixel": (LOGIT, "{old}+0*{input_0 5 5}"),
}

INNOCENT: Final = {
    "ReLU by IF": (PIXEL, r"^MAX\(0,(.*)\)$", r"IF(\1>0,\1,0)"),
    "ReLU the other way round": (PIXEL, r"^MAX\(0,(.*)\)$", r"MAX(\1,0)"),
    "factors exchanged": (PIXEL, r"SUMPRODUCT\((\S+?),(\S+?)\)", r"SUMPRODUCT(\2,\1)"),
    "terms exchanged": (INNER, r"(SUMPRODUCT\(\S+?\))\+(SUMPRODUCT\(\S+?\))\)$", r"\2+\1)"),
    "a plus before": (LOGIT, r"^", "+"),
    "brackets": (LOGIT, r"^(.*)$", r"(\1)"),
    "small letters": (PIXEL, r"^MAX\(0,SUMPRODUCT", "max(0,sumproduct"),
    "spaces": (PIXEL, r"^MAX\(0,SUMPRODUCT", "MAX( 0 , SUMPRODUCT"),
    "a name for the kernel": (PIXEL, r"\$\w+\$\d+:\$\w+\$\d+", "conv1_weight_0_0"),
    "its own worksheet's name": (PIXEL, r"SUMPRODUCT\(", "SUMPRODUCT('conv-example'!"),
    "pooling by LARGE": (POOLED, r"^MAX\((.*)\)$", r"LARGE(\1,1)"),
    "pooling cell by cell": (BLANK, r"^.*$", "MAX({conv2_1 0 0},{conv2_1 0 1},{conv2_1 1 0},{conv2_1 1 1})"),
    "a share by a product": (SHARE, r"^(\w+)/(.*)$", r"\1*(1/\2)"),
    "the class by the logits": (CLASS, r"MATCH\(.*\)\)$", "MATCH(MAX({$dense}:{$dense 9 0}),{$dense}:{$dense 9 0},0))"),
    "the power minus, negated": (POWER, r"EXP\((\w+)-(.*)\)$", r"EXP(-(\2-\1))"),
}  # fmt: skip

BLOCKS: Final = {
    "kernels permuted in all cells": ("conv1_0", r"\$AE\$15:\$AG\$17", "$AE$43:$AG$45"),
    "ReLU at 1e-9 in all cells": ("conv2_0", r"^MAX\(0,", "MAX(1E-9,"),
    "nine of ten in all sums": ("softmax", r"SUM\(.*\)", "SUM({$softmax_exp 0 0}:{$softmax_exp 8 0})"),
    "another base in all powers": ("softmax_exp", r"EXP\((.*)\)$", r"2.7182818^(\1)"),
    "the smallest pooled in all cells": ("maxpool_0", r"MAX", "MIN"),
}  # fmt: skip


def number_typed(package: Package) -> Place:
    """One weight typed as the number that it is, in a sum of products."""
    place = package.at(*PIXEL)
    _spell_out(package, place, {4: package.number(package.at("conv1_weight_0_0", 1, 1))})
    return place


def equal_weight(package: Package) -> Place:
    """A weight's cell exchanged for another that holds the same number today."""
    place, one, two = package.at(*PIXEL), ("conv1_weight_0_0", 0, 0), ("conv1_weight_0_0", 0, 1)
    package.set_number(package.at(*two), package.number(package.at(*one)))
    _spell_out(package, place, {0: package.at(*two).fixed.rpartition("!")[2]})
    return place


def spelled_out(package: Package) -> Place:
    """A sum of nine products, which is what the formula was."""
    place = package.at(*PIXEL)
    _spell_out(package, place, {})
    return place


def _spell_out(package: Package, place: Place, factors: dict[int, str]) -> None:
    """A cell of conv1 as a sum of products, with other weights by their number."""
    _, row, column = PIXEL
    terms = [
        f"{package.at('input_0', row + m, column + n).address}*"
        + factors.get(3 * m + n, filled(package, f"{{$conv1_weight_0_0 {m} {n}}}"))
        for m in range(3)
        for n in range(3)
    ]
    package.set_formula(place, f"MAX(0,{'+'.join(terms)})")


def dense_exchanged(package: Package) -> list[Place]:
    """Two classes computed with each other's weights."""
    one, two = package.at("dense", 3, 0), package.at("dense", 4, 0)
    formulas = package.formula(one), package.formula(two)
    package.set_formula(one, formulas[1])
    package.set_formula(two, formulas[0])
    return [one, two]


def dense_channels(package: Package) -> Place:
    """One class's weights of the two channels exchanged."""
    place = package.at(*LOGIT)
    first, second = re.findall(r"SUMPRODUCT\((\S+?),(\S+?)\)", package.formula(place))
    package.set_formula(place, f"SUMPRODUCT({first[0]},{second[1]})+SUMPRODUCT({second[0]},{first[1]})")
    return place


def pasted(at: At) -> Change:
    """The value in place of the formula."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        package.set_number(place, package.number(place))
        return place

    return change


def weight(content: str, kind: str = "") -> Change:
    """Something else than a number for a weight."""

    def change(package: Package) -> Place:
        place = package.at("conv2_weight_0_1", 1, 1)
        package.set_content(place, filled(package, content), kind)
        return place

    return change


def class_by_choice(package: Package) -> Place:
    """The name of a class that is another one for another choice."""
    place = package.at("classes", 4)
    package.set_formula(place, filled(package, "IF({$choice}=4,3,4)"))
    return place


def two_by_two(package: Package) -> list[Place]:
    """The pixels of a block exchanged by columns: where values are equal today, nothing shows."""
    one, two = package.at("conv2_0", 0, 0), package.at("conv2_0", 0, 1)
    formulas = package.formula(one), package.formula(two)
    package.set_formula(one, formulas[1])
    package.set_formula(two, formulas[0])
    return [one, two]


def by_way_of(at: At, wrong: str) -> Change:
    """A formula or number moved to a cell beside the net, changed there, and read from its old place."""

    def change(package: Package) -> list[Place]:
        place, beside = package.at(*at), package.at("softmax").moved(0, 20)
        old = package.number(place) if "_weight_" in at[0] else package.formula(place)
        package.set_formula(beside, filled(package, wrong).replace("{old}", old))
        package.set_formula(place, beside.address)
        return [place, beside]

    return change


OTHERS: Final[dict[str, Change]] = {
    "a trap in a cell beside": by_way_of(LOGIT, "IF({$choice}=4,99,{old})"),
    "a trap beside on a pixel": by_way_of(PIXEL, "IF({input_0 12 14}=0.25,0,{old})"),
    "a weight from a cell beside that reads the choice": by_way_of(
        ("conv2_weight_0_1", 1, 1), "IF({$choice}=4,1,{old})"
    ),
    "a class's name that depends on the choice": class_by_choice,
    "a pixel typed": pasted(("input_0", 14, 14)),
    "a weight typed as a number": number_typed,
    "a weight's cell for an equal one": equal_weight,
    "two classes exchanged": dense_exchanged,
    "a class's channels exchanged": dense_channels,
    "two equal cells exchanged": two_by_two,
    "a value for a formula, zero": pasted(BLANK),
    "a value for a formula, the class": pasted(CLASS),
    "a value for a formula, a logit": pasted(LOGIT),
    "a weight that reads a pixel": weight("<f>0.25+0*{input_0 5 5}</f>"),
    "a weight that reads the choice": weight("<f>IF({$choice}=4,0.5,0.25)</f>"),
    "a weight at random": weight("<f>RAND()</f>"),
    "a weight that is a text": weight('<is><t xml:space="preserve">0.25</t></is>', ' t="inlineStr"'),
    "a weight that is true": weight("<v>1</v>", ' t="b"'),
}


def attacks() -> Iterator[Attack]:
    """All of this class."""
    yield from _each(TRAPS, wrapped)
    yield from _each(EDITS, edited)
    yield from _each(BLOCKS, everywhere)
    yield from (Attack(KIND, name, change) for name, change in OTHERS.items())
    yield from _each(NAMED, wrapped, "named")
    yield Attack(KIND, "dollars lost", edited(PIXEL, r"\$(\w+)\$(\d+):\$(\w+)\$(\d+)", r"\1\2:\3\4"), "named")
    yield from _each(INNOCENT, edited, "innocent")
    yield Attack(KIND, "nine products spelled out", spelled_out, "innocent")


def _each(
    table: Mapping[str, tuple[At | str, ...]], make: Callable[..., Change], expected: Expected = "found"
) -> Iterator[Attack]:
    for name, arguments in table.items():
        yield Attack(KIND, name, make(*arguments), expected)
