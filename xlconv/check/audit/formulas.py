"""What is found in a formula by itself, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from xlconv.check.audit import functions
from xlconv.check.audit.forms import Form
from xlconv.formula.tree import Node
from xlconv.report.rules import RuleId

_OTHER_WORKBOOK: Final = re.compile(r"'?[^\[\]!]*\[(?!0\])[^\[\]]+\][^\[\]!]*!")
_DDE: Final = re.compile(r"(?<!')\b[\w.]+\|(?:'[^']*'|[\w.]+)!")
_SELECTORS: Final = {
    "AGGREGATE": (0, 1), "CHOOSE": (0,), "HLOOKUP": (2, 3), "INDEX": (1, 2, 3), "SUBTOTAL": (0,), "VLOOKUP": (2, 3),
}  # fmt: skip
"""Arguments that say which, not how much."""


def volatile(form: Form) -> str:
    """Functions that give another value at each recalculation, or make everything behind them recalculate."""
    return _said(_called(form, functions.VOLATILE), "the formula calls {}, recalculated at every change")


def missing_prefix(form: Form) -> str:
    """Functions that Excel does not recognise in a file as they stand."""
    due = {
        f"{node.text} as {functions.PREFIXES[node.text]}{node.text}"
        for node in form.nodes
        if node.kind == "function" and not node.prefix and node.text in functions.PREFIXES
    }
    return _said(due, "the file must spell {}, or Excel shows #NAME?")


def unportable(form: Form, names: Collection[str]) -> str:
    """Functions that one of the programs lacks; `names` are the workbook's own."""
    lacks = {node.text: _lacks(node) for node in form.nodes if node.kind == "function" and not _is_own(node, names)}
    said = [f"{name} is unknown to {_listed(programs)}" for name, programs in sorted(lacks.items()) if programs]
    return "; ".join(said)


def _lacks(node: Node) -> tuple[str, ...]:
    if node.text in functions.REACHES_OUT:
        return ()  # which is a finding of its own
    is_prefixed_for_nothing = node.prefix and node.text not in functions.PREFIXES
    if node.text not in functions.EXCEL or is_prefixed_for_nothing:
        return ("Excel",)
    return functions.lacking(node.text)


def _is_own(node: Node, names: Collection[str]) -> bool:
    """Whether it is a function that the workbook or the formula defines, or another workbook does."""
    return node.text.lower() in names or node.text.startswith("_XLPM.") or "!" in node.text


def external_link(form: Form) -> str:
    """References to other workbooks."""
    found = {n.text for n in form.nodes if n.kind in ("reference", "function") and _OTHER_WORKBOOK.match(n.text)}
    return _said(found, "the formula reads {} of another workbook")


def reaches_out(form: Form) -> str:
    """Functions that fetch something from elsewhere, and DDE."""
    if _DDE.search(form.bare):
        return "the formula asks another program by DDE"
    return _said(_called(form, functions.REACHES_OUT), "the formula calls {}, which reaches out of the workbook")


def hard_coded(form: Form) -> str:
    """Numbers that could be in cells of their own."""
    numbers = dict.fromkeys(_numbers(form.tree)) if form.tree else {}
    if len(numbers) > 4:
        return f"the formula holds {len(numbers)} numbers, {', '.join([*numbers][:3])} and so on"
    return _said(numbers, f"the formula holds the {'number' if len(numbers) == 1 else 'numbers'} {{}}")


def _numbers(node: Node, parent: Node | None = None, at: int = 0) -> Iterator[str]:
    if node.kind == "number" and node.text not in ("0", "1") and not _is_structural(node, parent, at):
        yield node.text
    for index, child in enumerate(node.children):
        yield from _numbers(child, node, index)


def _is_structural(number: Node, parent: Node | None, at: int) -> bool:
    """Whether a number is a square, a half, or says which of several."""
    if parent is None:
        return False
    if number.text == "2" and at == 1 and parent.text in ("^", "/", "POWER"):
        return True
    return parent.kind == "function" and at in _SELECTORS.get(parent.text, ())


def unreadable(form: Form) -> str:
    """Formulas that the rules could not be applied to."""
    return "the formula could not be read" if form.tree is None and not _DDE.search(form.bare) else ""


def deleted(form: Form) -> str:
    """References to cells that are gone."""
    return "the formula refers to cells that were deleted (#REF!)" if "#REF!" in form.bare.upper() else ""


RULES: Final[dict[RuleId, Callable[[Form], str]]] = {
    "unreadable": unreadable,
    "error-value": deleted,
    "volatile": volatile,
    "missing-prefix": missing_prefix,
    "external-link": external_link,
    "reaches-out": reaches_out,
    "hard-coded": hard_coded,
}
"""Each says what is wrong with a formula; empty where nothing is."""


def _called(form: Form, names: Collection[str]) -> set[str]:
    return {node.text for node in form.nodes if node.kind == "function" and node.text in names}


def _said(words: Collection[str], message: str) -> str:
    return message.format(_listed(words if isinstance(words, dict) else sorted(words))) if words else ""


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
