"""Ranges where Excel takes a single value, in formulas that were not entered as arrays.

No engine at hand shows this: they all calculate `=SUM(A1:C3*E1:G3)` as an array, whereas Excel takes of each range the
cell in the formula's own row or column, and #VALUE! where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final

from xlconv.check.audit.areas import AreaOf
from xlconv.check.audit.forms import Form
from xlconv.check.audit.functions import parameter
from xlconv.formula.kinds import Kind
from xlconv.formula.tree import Node


class Asked(Enum):
    """What the place of a part in its formula asks of it."""

    VALUE = 1
    RANGE = 2
    ARRAY = 3


_REFERENCE_OPERATORS: Final = (":", ",", " ", "@", "#")


def plain_arrays(form: Form, area_of: AreaOf) -> str:
    """What is wrong with a formula that was not entered as an array; empty where nothing is.

    Args:
        form: The formula.
        area_of: The cells of a reference or of a defined name.
    """
    if form.array:
        return ""
    named = ((form.spelled.refs[at], user) for at, user in _asked_for_values(form.kind))
    several = ((text, user) for text, user in named if (area := area_of(text)) and not area.single)
    reference, user = next(several, ("", None))
    if not reference:
        return ""
    where = {None: "by itself", "function": f"in {user.text}" if user else ""}.get(user.kind if user else None)
    where = where or f"beside {user.text if user else ''}"
    return f"the range {reference} stands {where} where Excel takes a single value: the formula is no array formula"


@lru_cache(maxsize=1 << 12)
def _asked_for_values(kind: Kind) -> list[tuple[int, Node | None]]:
    """Of formulas of a kind the references that stand where one value is asked for, and what stands over each."""
    return list(_for_values(kind.tree, Asked.VALUE, None)) if kind.tree else []


def _for_values(node: Node, asked: Asked, user: Node | None) -> Iterator[tuple[int, Node | None]]:
    if node.kind == "reference" and asked is Asked.VALUE:
        yield int(node.text), user
    for at, child in enumerate(node.children):
        yield from _for_values(child, _asked_of_child(node, at, asked), node)


def _asked_of_child(node: Node, at: int, asked: Asked) -> Asked:
    if node.kind == "operator" and node.text not in _REFERENCE_OPERATORS:
        return Asked.ARRAY if asked is Asked.ARRAY else Asked.VALUE
    if node.kind != "function":
        return Asked.ARRAY
    match parameter(node.text, at):
        case "V":
            return Asked.ARRAY if asked is Asked.ARRAY else Asked.VALUE
        case "O":
            return Asked.VALUE
        case "R":
            return Asked.ARRAY if asked is Asked.ARRAY else Asked.RANGE
        case "P":
            return asked
    return Asked.ARRAY
