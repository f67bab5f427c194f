"""What a check can find: one rule for each kind, with a stable id, a severity and an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias

from xlconv.errors import XlconvError

Severity: TypeAlias = Literal["error", "warning", "note"]

RuleId: TypeAlias = Literal[
    "value",
    "frozen",
    "dependence",
    "formula",
    "reads-blank",
    "constant",
    "blank",
    "not-proved",
    "hard-coded",
    "not-a-number",
    "error-value",
    "stale",
    "explore",
    "names",
    "data-table",
    "architecture",
    "weights",
    "neighbour",
    "copied-number",
    "array-in-plain-formula",
    "missing-prefix",
    "unportable",
    "volatile",
    "external-link",
    "reaches-out",
    "macros",
    "calculation-mode",
    "precision-as-displayed",
    "hidden-sheet",
    "not-recognised",
    "under-merge",
    "unreadable",
]


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

    id: RuleId
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
        "frozen",
        "error",
        "a cell does not follow its inputs",
        "The inputs were changed and the workbook recalculated, and the cell kept its value where the reference "
        "model's changed. It shows one picture's result for every picture.",
        "Replace the number, or the part of the formula that is one, by the formula that its layer asks for.",
    ),
    Rule(
        "dependence",
        "error",
        "a formula reads a cell that is none of its business",
        "What the formula computes is right, whatever stands in that cell: it is proved. But it names a cell that its "
        "layer has no need of, as in +A1-A1, and the next change may make it count.",
        "Leave the reference out, as the formulas around it do.",
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
        "reads-blank",
        "error",
        "a formula reads cells outside the block that it should read",
        "Blank cells and texts count as zero in SUMPRODUCT and SUM and are left out by MAX, so a window that reaches "
        "over the edge of its block, or a whole formula shifted by a row, gives a plausible number and no error.",
        "Point the formula at the cells of the layer before it; write zero padding as cells that hold 0.",
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
        "not-proved",
        "warning",
        "a formula of which it is not known whether it is what its layer says",
        "It is not equal to the layer's definition in the arithmetic in which formulas are proved, but no numbers were "
        "found for which it differs. A function that gives something else each time, or one of which nothing is known, "
        "leaves it open; so does rounding that is too fine to see. Beside the layers it is a formula that chooses what "
        "it shows by more than the choices that it was computed for, such as one pixel.",
        "Write the formula with the functions and cells of its layer, or of its worksheet, alone.",
    ),
    Rule(
        "hard-coded",
        "warning",
        "a number is hard-coded in a formula",
        "A weight, a bias or a size that stands inside a formula does not change when the cells are changed that seem "
        "to hold it.",
        "Put the number into a cell of its own and refer to that cell.",
    ),
    Rule(
        "not-a-number",
        "error",
        "an input or weight cell holds no plain number",
        "A text, a blank cell or a formula where the network has a number; the check takes it for zero.",
        "Put the number into the cell.",
    ),
    Rule(
        "error-value",
        "error",
        "a cell shows an error",
        "A cell that shows #VALUE!, #NAME?, #REF!, #DIV/0! or #NUM! has no number, nor has any cell that reads it.",
        "Follow the formula to the first cell that shows an error: xlconv names that one. Put right what it reads.",
    ),
    Rule(
        "stale",
        "error",
        "cached values differ from the recalculation",
        "Previews, phones and programs that read the file without computing it show numbers that its formulas do not "
        "give.",
        "Open the workbook in a spreadsheet program, recalculate everything, and save it.",
    ),
    Rule(
        "explore",
        "error",
        "the worksheet Explore shows something else than it should",
        "It shows step by step how one cell of one layer comes about. It was asked for cells of every layer, and this "
        "number or text is not the one that the NumPy model has there. The network itself may be right.",
        "Compare the formula with its neighbours', or write the workbook anew with xlconv generate.",
    ),
    Rule(
        "names",
        "error",
        "a name is gone, or is that of another cell than people see and fill",
        "Where samples can be chosen, names say which cell chooses, where prediction, mark and classes stand, and what "
        "shows the prediction beside the drawing. What is checked are the cells with these names; if people see and "
        "fill others, nothing that was checked says anything of those.",
        "Give the name to the cell that it belongs to (Formulas, Name Manager), or write the workbook anew.",
    ),
    Rule(
        "data-table",
        "error",
        "a data table stands in a network, or reads one",
        "A data table (What-If Analysis) is no formula: the program fills its cells by computing the workbook again "
        "and again with other numbers in it. Programs other than Excel compute something else, or nothing.",
        "Write formulas into these cells, or take the data table out of the workbook.",
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
    Rule(
        "neighbour",
        "warning",
        "a formula differs from those around it",
        "The cells around this one all have the same formula, seen from their own place, and this one has another. "
        "Where a network was recognised it is right all the same; where none was, xlconv cannot say which is.",
        "Compare it with its neighbours. If it was changed by mistake, copy the formula of a neighbour into the cell.",
    ),
    Rule(
        "copied-number",
        "warning",
        "a number stands in a block of formulas",
        "No network was recognised here, so xlconv cannot say which formula is due; but the cells around this one are "
        "formulas and follow their inputs, and this number does not.",
        "If it was pasted by mistake, copy the formula of a neighbour into the cell.",
    ),
    Rule(
        "array-in-plain-formula",
        "error",
        "an array expression in a formula that was not entered as an array",
        "Excel before dynamic arrays takes one cell of each range (implicit intersection) and often shows #VALUE!; "
        "newer ones put an @ into the formula when they open the file. Other programs compute it, so that it seems "
        "right.",
        "Use SUMPRODUCT, which takes arrays by itself, or enter the formula with Ctrl+Shift+Enter.",
    ),
    Rule(
        "missing-prefix",
        "error",
        "a function lacks its _xlfn. prefix",
        "Files store functions that came after Excel 2007 with a prefix, such as _xlfn.CONCAT. Without it Excel shows "
        "#NAME? until the formula is entered anew.",
        "Enter the formula in a spreadsheet program and save, or write the prefix when a program writes the file.",
    ),
    Rule(
        "unportable",
        "warning",
        "a function that some spreadsheet programs lack",
        "Excel, LibreOffice and Google Sheets do not have the same functions; where one is missing the cell shows "
        "#NAME?.",
        "Use functions that all have, such as SUMPRODUCT, SUM, MAX, EXP, INDEX and MATCH.",
    ),
    Rule(
        "volatile",
        "warning",
        "a volatile function",
        "RAND, NOW, TODAY, OFFSET, INDIRECT and their like are computed anew at each change, wherever it is; RAND and "
        "NOW give another number each time, so that nothing checked today holds tomorrow.",
        "Replace OFFSET and INDIRECT by plain references or INDEX, and random numbers by values.",
    ),
    Rule(
        "external-link",
        "error",
        "a formula reads another workbook",
        "Its numbers come from a file that is not this one: they may be missing, or changed by somebody else, and no "
        "check of this file can vouch for them.",
        "Copy the numbers into this workbook and refer to them there.",
    ),
    Rule(
        "reaches-out",
        "error",
        "a formula reaches out of the workbook",
        "WEBSERVICE, IMAGE, RTD, DDE links and their like contact other programs or the network. They can send out "
        "what the workbook holds, and their results cannot be checked. xlconv never evaluates them.",
        "Remove the formula; do not allow the connection if a spreadsheet program asks.",
    ),
    Rule(
        "macros",
        "warning",
        "the workbook has macros",
        "A macro can change any cell at any time; what is checked is the workbook as it stands. xlconv never runs "
        "them.",
        "Save the workbook without macros, as .xlsx.",
    ),
    Rule(
        "calculation-mode",
        "warning",
        "the workbook does not calculate as usual",
        "With manual calculation numbers do not follow the inputs until F9; with iteration circular references go "
        "unnoticed.",
        "Set calculation to automatic, and iteration off, in the program's options.",
    ),
    Rule(
        "precision-as-displayed",
        "error",
        "calculated with the rounded numbers that cells show",
        "The workbook asks for precision as displayed: Excel rounds every number to the digits that its format shows, "
        "and computes other values than any engine here.",
        "Switch precision as displayed off, in Excel's advanced options for this workbook.",
    ),
    Rule(
        "hidden-sheet",
        "warning",
        "a hidden worksheet has formulas",
        "A reader who follows the numbers loses their track where they come from a worksheet that is not shown.",
        "Unhide the worksheet, or delete it if nothing reads it.",
    ),
    Rule(
        "not-recognised",
        "warning",
        "formulas that read a layer's cells belong to no layer",
        "They may be a further layer in a form that is not known here. Nothing is said of them: neither that they are "
        "wrong nor that they were checked.",
        "Look at them by hand, or write them with the formulas that xlconv generate uses.",
    ),
    Rule(
        "under-merge",
        "warning",
        "a cell under merged cells holds something",
        "Only the first of merged cells is shown. What stands in the others counts in formulas, and nobody sees it.",
        "Unmerge the cells, and clear those that should be empty.",
    ),
    Rule(
        "unreadable",
        "warning",
        "a formula that could not be read",
        "It is no formula as spreadsheet programs write them, or is nested too deeply; the other rules could not be "
        "applied to it.",
        "Enter the formula in a spreadsheet program, or split it over several cells.",
    ),
)

RULES: Final[dict[RuleId, Rule]] = {rule.id: rule for rule in _ALL}


class UnknownRuleError(XlconvError):
    """A rule that there is none of."""


def named(name: str) -> Rule:
    """The rule of that id.

    Raises:
        UnknownRuleError: There is none; the hint names those with like ids.
    """
    for rule in _ALL:
        if rule.id == name:
            return rule
    near = get_close_matches(name.lower(), list(RULES))
    hint = f"did you mean {' or '.join(near)}?" if near else "xlconv explain lists all rules"
    raise UnknownRuleError(f"there is no rule {name!r}", hint)
