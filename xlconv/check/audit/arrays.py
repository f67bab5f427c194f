"""Ranges where Excel takes a single value, in formulas that were not entered as arrays.

No engine at hand shows this: they all calculate `=SUM(A1:C3*E1:G3)` as an array, whereas Excel takes of each range the
cell in the formula's own row or column, and #VALUE! where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

from xlconv.check.audit.areas import AreaOf
from xlconv.check.audit.forms import Form
from xlconv.check.audit.functions import parameter
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
    if form.array or form.tree is None:
        return ""
    found = next(_ranges_for_values(form.tree, Asked.VALUE, None, area_of), None)
    if found is None:
        return ""
    reference, user = found
    where = {None: "by itself", "function": f"in {user.text}" if user else ""}.get(user.kind if user else None)
    where = where or f"beside {user.text if user else ''}"
    return f"the range {reference} stands {where} where Excel takes a single value: the formula is no array formula"


def _ranges_for_values(
    node: Node, asked: Asked, user: Node | None, area_of: AreaOf
) -> Iterator[tuple[str, Node | None]]:
    """References to several cells where one is asked for, and what stands over each."""
    if node.kind == "reference" and asked is Asked.VALUE:
        area = area_of(node.text)
        if area is not None and not area.single:
            yield node.text, user
    for at, child in enumerate(node.children):
        yield from _ranges_for_values(child, _asked_of_child(node, at, asked), node, area_of)


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
