"""What is found in a formula by itself, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
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
        for node in form.calls
        if not node.prefix and node.text in functions.PREFIXES
    }
    return _said(due, "the file must spell {}, or Excel shows #NAME?")


def unportable(form: Form, names: Collection[str]) -> str:
    """Functions that one of the programs lacks; `names` are the workbook's own."""
    lacks = {node.text: found for node in form.calls if (found := _lacks(node)) and not _is_own(node, names)}
    said = [f"{name} is unknown to {_listed(programs)}" for name, programs in sorted(lacks.items())]
    return "; ".join(said)


@lru_cache(maxsize=1 << 12)
def _lacks(node: Node) -> tuple[str, ...]:
    """The programs that lack a function."""
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
    named = [*form.spelled.refs, *(node.text for node in form.calls)] if "[" in form.text else []
    found = {text for text in named if _OTHER_WORKBOOK.match(text)}
    return _said(found, "the formula reads {} of another workbook")


def reaches_out(form: Form) -> str:
    """Functions that fetch something from elsewhere, and DDE."""
    if _asks_by_dde(form):
        return "the formula asks another program by DDE"
    return _said(_called(form, functions.REACHES_OUT), "the formula calls {}, which reaches out of the workbook")


def hard_coded(form: Form) -> str:
    """Numbers that could be in cells of their own."""
    own = form.spelled.numbers
    numbers = dict.fromkeys(_numbers(form.kind.tree, own)) if form.kind.tree and set(own) - {0.0, 1.0} else {}
    if len(numbers) > 4:
        return f"the formula holds {len(numbers)} numbers, {', '.join([*numbers][:3])} and so on"
    return _said(numbers, f"the formula holds the {'number' if len(numbers) == 1 else 'numbers'} {{}}")


def _numbers(node: Node, own: Sequence[float], parent: Node | None = None, at: int = 0) -> Iterator[str]:
    """The numbers below a part of a formula, whose own these are."""
    if node.kind == "number":
        number = own[int(node.text)]
        if number not in (0, 1) and not _is_structural(number, parent, at):
            yield repr(number).removesuffix(".0")
    for index, child in enumerate(node.children):
        yield from _numbers(child, own, node, index)


def _is_structural(number: float, parent: Node | None, at: int) -> bool:
    """Whether a number is a square, a half, or says which of several."""
    if parent is None:
        return False
    if number == 2 and at == 1 and parent.text in ("^", "/", "POWER"):
        return True
    return parent.kind == "function" and at in _SELECTORS.get(parent.text, ())


def unreadable(form: Form) -> str:
    """Formulas that the rules could not be applied to."""
    return "the formula could not be read" if form.kind.tree is None and not _asks_by_dde(form) else ""


def deleted(form: Form) -> str:
    """References to cells that are gone."""
    is_there = "#" in form.text and "#REF!" in form.bare.upper()
    return "the formula refers to cells that were deleted (#REF!)" if is_there else ""


def _asks_by_dde(form: Form) -> bool:
    return "|" in form.text and _DDE.search(form.bare) is not None


RULES: Final[dict[RuleId, Callable[[Form], str]]] = {
    "unreadable": unreadable,
    "error-value": deleted,
    "volatile": volatile,
    "missing-prefix": missing_prefix,
    "external-link": external_link,
    "reaches-out": reaches_out,
}
"""Each says what is wrong with a formula; empty where nothing is."""


def _called(form: Form, names: Collection[str]) -> set[str]:
    return {node.text for node in form.calls if node.text in names}


def _said(words: Collection[str], message: str) -> str:
    return message.format(_listed(words if isinstance(words, dict) else sorted(words))) if words else ""


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
