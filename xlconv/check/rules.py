"""What a check can find: one rule for each kind, with a stable id, a severity and an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Rule:
    """A kind of finding.

    Args:
        id: Stable: it stands in reports, and people refer to it.
        severity: An `error` makes the verdict `differs`; a `warning` or a `note` does not.
        title: What is wrong, in a few words.
        why: What it does to the numbers, in a sentence or two.
        mend: How to put it right.
    """

    id: str
    severity: Severity
    title: str
    why: str
    mend: str


_ALL: Final = (
    Rule(
        "value",
        "error",
        "a cell computes another value than the reference",
        "The workbook was recalculated with an input of its own or with one that the check put into its input cells, "
        "and this cell shows another number than the NumPy model of the same network, though the cells that it reads "
        "are right.",
        "Compare the formula with its neighbours' and with the expected one.",
    ),
    Rule(
        "constant",
        "error",
        "a number or text stands where a formula is due",
        "A number that was pasted over a formula may be right today; it does not follow the inputs.",
        "Copy the formula of a neighbour into the cell.",
    ),
    Rule(
        "blank",
        "error",
        "a blank cell where a formula is due",
        "Cells that read it take it for zero, or leave it out of a maximum.",
        "Copy the formula of a neighbour into the cell.",
    ),
    Rule(
        "formula",
        "error",
        "a formula that does not compute what its layer computes at this place",
        "It reads another window, other weights, or does something else with them than its place in the block asks "
        "for. Recalculation may not show it: two wrong cells can both be zero.",
        "Copy the formula of a neighbour into the cell.",
    ),
    Rule(
        "vocabulary",
        "error",
        "a formula has words that its layer has no need of",
        "A function, an operator or a number that the layer does not need can change the result on a rare occasion "
        "only, such as IF($A$5=1, ...), or in another spreadsheet program.",
        "Write the formula with the functions and cells of its layer alone.",
    ),
    Rule(
        "not-a-number",
        "error",
        "an input or weight cell holds no plain number",
        "A text, a blank cell or a formula where the network has a number; the check takes it for zero.",
        "Put the number into the cell.",
    ),
    Rule(
        "stale",
        "error",
        "cached values differ from the recalculation",
        "Previews, phones and programs that read the file without computing it show numbers that its formulas do not give.",
        "Open the workbook in a spreadsheet program, recalculate everything, and save it.",
    ),
    Rule(
        "architecture",
        "error",
        "the layers are not those asked for",
        "Checked against a template or another workbook, this one has other layers, shapes or classes.",
        "Compare the layers of the two: xlconv recover lists them.",
    ),
    Rule(
        "weights",
        "error",
        "a weight is not the one asked for",
        "Checked against a template or another workbook, this cell holds another number.",
        "Put the expected number into the cell.",
    ),
)

RULES: Final = {rule.id: rule for rule in _ALL}
