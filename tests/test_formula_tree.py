"""Formulas seen from their cell."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import formualizer
import pytest

from xlconv.formula.notation import moved, relative_form
from xlconv.formula.tree import Node, parse


@pytest.mark.parametrize(
    ("formula", "form"),
    [
        ("SUM(B2:D4,$A$1)", "SUM(R[0]C[0]:R[2]C[2],R1C1)"),
        ("sum( b2 : d4 ) + $b3", "SUM(R[0]C[0]:R[2]C[2])+R[1]C2"),
        ("'my net'!A1+Net!$B2", "'my net'!R[-1]C[-1]+Net!R[0]C2"),
        ('"A1"&B$2', '"A1"&R2C[0]'),
        ("conv1_0+LOG10(B2)+1e5", "conv1_0+LOG10(R[0]C[0])+1e5"),
    ],
)
def test_relative_forms(formula: str, form: str) -> None:
    """References are seen from B2; names, numbers, text and functions stay."""
    assert relative_form(formula, 2, 2).replace(" ", "") == form.replace(" ", "")


def test_moving() -> None:
    """A copied formula moves its relative references and keeps the absolute ones."""
    assert moved("MAX(0,SUMPRODUCT(B2:D4,$A$1:$A$3)+C$1)", 2, 1) == "MAX(0,SUMPRODUCT(C4:E6,$A$1:$A$3)+D$1)"


@pytest.mark.parametrize(
    ("formula", "node"),
    [
        ("@a1", Node("operator", "@", (Node("reference", "a1"),))),
        ("A1#", Node("operator", "#", (Node("reference", "A1"),))),
        ("_xlfn._xlws.sort(,2)", Node("function", "SORT", (Node("missing"), Node("number", "2")), "_xlfn._xlws.")),
        ("{1,TRUE}", Node("array", "1", (Node("number", "1"), Node("boolean", "TRUE")))),
        ('"x"', Node("text", "x")),
        ("#N/A", Node("other", "#N/A")),
        ("F(1)(A1)", Node("other", "", (Node("function", "F", (Node("number", "1"),)), Node("reference", "A1")))),
        ("A1 B1", Node("operator", " ", (Node("reference", "A1"), Node("reference", "B1")))),
    ],
)
def test_trees(formula: str, node: Node) -> None:
    """Every part of a formula has its node, whether anybody knows what it means or not."""
    assert parse(formula) == node


def test_a_kind_of_node_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a later parser may give, or a literal of another type, is something else, not an error."""
    given = {"node_type": "BinaryOp", "operator": "><", "left": {"node_type": "Lambda", "body": 1}}
    given["right"] = {"node_type": "Literal", "value": date(2026, 1, 2)}
    monkeypatch.setattr(formualizer, "parse", lambda text: SimpleNamespace(to_dict=lambda: given))
    assert parse("whatever") == Node("operator", "><", (Node("other"), Node("other", "2026-01-02")))
    parse.cache_clear()


def test_trees_that_are_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever depth a parser allows, there is no tree deeper than what walks it by recursion can go."""
    given: dict[str, object] = {"node_type": "Literal", "value": 1.0}
    for _ in range(5000):
        given = {"node_type": "UnaryOp", "operator": "-", "operand": given}
    monkeypatch.setattr(formualizer, "parse", lambda text: SimpleNamespace(to_dict=lambda: given))
    assert parse("deep") is None
    parse.cache_clear()
