"""Attacks on the look-up of the input, the samples, the mark, and what the worksheet for drawing says.

Other samples, labels, classes or another scale make another workbook that is right in itself: what they were before
cannot be told from the file, so no attack changes these numbers alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Final

from tests.attacks.attack import Attack, Change
from tests.attacks.layers import At, edited, filled
from tests.editing import Package, Place

LABELS: Final = 10
SAMPLES: Final = 3
SIDE: Final = 28
ROW: Final[At] = ("sample_row", 0, 0)
MARK: Final[At] = ("mark", 0, 0)
DRAWN: Final[At] = ("drawn_prediction", 0, 0)


def trapped(at: At, condition: str, wrong: str) -> Change:
    """Another value where a condition holds; what it names stands on the first worksheet."""

    def change(package: Package) -> Place:
        place = package.at(*at)
        net = "" if place.sheet == package.at("choice").sheet else f"'{package.at('choice').sheet}'!"
        shown = re.sub(r"\{", f"{net}{{", condition)
        package.wrap(place, f"IF({filled(package, shown)},{wrong},{{old}})")
        return place

    return change


def pixel(number: int) -> At:
    """One of the input, the same one for the same number."""
    rng = Random(number)
    return "input_0", rng.randrange(SIDE), rng.randrange(SIDE)


def chosen_traps() -> Iterator[Attack]:
    """For each label and each of its samples, in a pixel and in the row of the sample."""
    for label in range(LABELS):
        for sample in range(SAMPLES):
            condition = f"AND({{$choice}}={label},{{$sample}}={sample})"
            at = pixel(SAMPLES * label + sample)
            yield Attack("look-up", f"a pixel of {label}, sample {sample}", trapped(at, condition, "0.6"))
            other = 1 + (SAMPLES * label + sample + 4) % (LABELS * SAMPLES)
            yield Attack("look-up", f"the row of {label}, sample {sample}", trapped(ROW, condition, str(other)))


LOOKUP: Final = {
    "a pixel while drawn": (pixel(1), '{$choice}="draw"', "0.6"),
    "a pixel while drawn, by the row": (pixel(2), "{$sample_row}=0", "0.6"),
    "a pixel that is drawn as 0.25": (pixel(3), "AND({$sample_row}=0,Draw!$F$9=0.25)", "0.6"),
    "a pixel where another is drawn": (pixel(4), "Draw!$K$14=1", "0.6"),
    "a pixel where all is blank": (pixel(5), "AND({$sample_row}=0,COUNT(Draw!$B$5:$AC$32)=0)", "0.6"),
    "a sample number too large": (ROW, "{$sample}=7", "3"),
    "a sample number below zero": (ROW, "{$sample}<-5", "3"),
    "a sample number that is blank": (ROW, 'AND({$choice}=7,{$sample}="")', "3"),
    "a sample number that is no whole one": (ROW, "{$sample}=1.5", "3"),
    "the row while drawn": (ROW, '{$choice}="draw"', "1"),
}

EDITED: Final = {
    "a neighbour's drawn cell": (pixel(6), r"Draw!\w+", "Draw!B5"),
    "a neighbour's samples": (pixel(7), r"Samples!\$E\$5:\$E\$34|Samples!\$\w+\$5:\$\w+\$34", "Samples!$F$5:$F$34"),
    "the scale typed": (pixel(8), r"Samples!\$B\$2", "255"),
    "the samples' first rows only": (pixel(9), r"\$34", "$33"),
    "nearest label": (ROW, r",0\)\+MAX", ",1)+MAX"),
    "at most sample 1": (ROW, r"MIN\(INT\(\$L\$43", "MIN(1,INT($L$43"),
    "no lower limit": (ROW, r"MAX\(0,(.*)\)\)$", r"(\1))"),
    "labels without the last": (ROW, r"Samples!\$A\$5:\$A\$34", "Samples!$A$5:$A$31"),
}


def last_one(package: Package) -> None:
    """The last sample of a 4 out of reach: the formula that gives the row is what shows it."""
    package.set_number(package.at("sample_labels", 12).moved(0, 2), 1)


def computed(at: At, formula: str) -> Change:
    """A formula where a sample's number stood, or a label or the scale, which have names to be told by."""

    def change(package: Package) -> Place | None:
        place = package.at(*at)
        package.set_formula(place, formula)
        return place if at[0] == "samples" else None

    return change


COMPUTED: Final = {
    "a sample's pixel by the choice": (("samples", 13, 14 * SIDE + 14), "IF('conv-example'!$L$43=1,0,200)"),
    "a label by the choice": (("sample_labels", 12, 0), "IF('conv-example'!$L$43=2,5,4)"),
    "a scale by the choice": (("sample_scale", 0, 0), "IF('conv-example'!$L$39=4,128,255)"),
    "a pixel of a sample at random": (("samples", 22, 14 * SIDE + 14), "INT(RAND()*255)"),
}


def mark_traps() -> Iterator[Attack]:
    """For each label and each class."""
    for label in range(LABELS):
        for predicted in range(LABELS):
            condition = f"AND({{$choice}}={label},{{$prediction}}={predicted})"
            wrong = '"✗ wrong"' if label == predicted else '"✓ right"'
            yield Attack("mark", f"{label} taken for {predicted}", trapped(MARK, condition, wrong))


MARKS: Final = {
    "wrong is right, well done": (MARK, "✗ wrong", "✓ right, well done"),
    "both texts right": (MARK, "✗ wrong", "✓ right"),
    "a space more": (MARK, "✗ wrong", "✗  wrong"),
    "compared with the sample": (MARK, r"=\$L\$39", "=$L$43"),
    "compared with itself": (MARK, r"=\$L\$39", "=$FT$21"),
    "unlike is right": (MARK, r"(\$FT\$21)=", r"\1<>"),
    "at most is right": (MARK, r"(\$FT\$21)=", r"\1<="),
    "right while drawn": (MARK, '""', '"✓ right"'),
    "another class than predicted": (MARK, r"\$FT\$21", "$FT$16"),
}

TRAPS: Final = {
    "a second sample": ("mark", MARK, "{$sample}=1", '"✓ right"'),
    "an unsure network": ("mark", MARK, "MAX({$softmax}:{$softmax 9 0})<0.4", '"✓ right"'),
    "one share": ("mark", MARK, "{$softmax 3 0}=0.25", '"✓ right"'),
    "a sample's row": ("mark", MARK, "{$sample_row}=29", '"✗ wrong"'),
}

DRAWN_EDITS: Final = {
    "another text": (DRAWN, "draw is not chosen", "7"),
    "another cell": (DRAWN, r"\$FT\$21", "$FT$16"),
    "row 1 counts as drawn": (DRAWN, r"\$L\$47=0", "$L$47<=1"),
}


def attacks() -> Iterator[Attack]:
    """All of these classes."""
    yield from chosen_traps()
    yield from (Attack("look-up", name, trapped(*each)) for name, each in LOOKUP.items())
    yield from (Attack("look-up", name, edited(*each)) for name, each in EDITED.items())
    yield Attack("samples", "the last 4 out of reach", last_one)
    yield from (Attack("samples", name, computed(*each)) for name, each in COMPUTED.items())
    yield from mark_traps()
    yield from (Attack("mark", name, edited(*each)) for name, each in MARKS.items())
    yield from (Attack(kind, name, trapped(*each)) for name, (kind, *each) in TRAPS.items())  # type: ignore[arg-type]
    for digit in range(LABELS):
        condition = f"AND({{$sample_row}}=0,{{$prediction}}={digit})"
        yield Attack("drawn text", f"a {digit}", trapped(DRAWN, condition, str((digit + 1) % LABELS)))
        yield Attack("drawn text", f"not drawn, a {digit}", trapped(DRAWN, f"{{$choice}}={digit}", "3"))
    yield from (Attack("drawn text", name, edited(*each)) for name, each in DRAWN_EDITS.items())
    same = edited(DRAWN, r"\$L\$47=0", '$L$39="draw"')
    yield Attack("drawn text", "drawn by the choice", same, "innocent")
    yield Attack("mark", "compared the other way round", edited(MARK, r"\$FT\$21=\$L\$39", "$L$39=$FT$21"), "innocent")
