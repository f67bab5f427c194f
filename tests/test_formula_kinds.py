"""Formulas by kind: what is parsed once for many formulas is what each of them reads as."""

from __future__ import annotations

import pytest

from xlconv.formula.kinds import Spelled, spelled
from xlconv.formula.tree import Node, parse

ALIKE = [
    ("SUM(A1:B2)*3", "SUM($C$4:D9)*12.5"),
    ("'my net'!A1+Draw!B2", "'my net'!$ZZ$9+Draw!XFD7"),
    ("A1+B2", "Samples!A1+B2:B3"),
    ('IF(A1<0,"A1 is 5",LOG10(B2))', 'IF(C3<7,"A1 is 5",LOG10(D4))'),
]
"""Pairs of formulas of one kind."""

UNLIKE = [
    ("A1+B2", "A1-B2"),
    ('"A1"&B2', '"A2"&B2'),
    ("LOG10(A1)", "LOG1(A1)"),
]

ODD = [
    *("[1]Sheet1!B5", "Table1[A1]", "'it''s A1'!B3+2", "'a b'!x+1", "XFE1+1", "A0", "A1:B0", "A1:XFE1", "A1048577:A2"),
    *(
        "a1+b2",
        "A1:b2",
        "1E5+1e-3",
        "1.",
        ".5",
        "01",
        "5%",
        "-3^2",
        "{1,2;3,4}",
        "{-1,2}",
        "A1#",
        "@A1:A3",
        "1:2",
        "A:B",
    ),
    *("JAN1:FEB2!A1", "A1:Feb2!B1", "A1:B2:C3", "Sheet1!A1:Sheet2!B2", "A1:OFFSET(B2,1,1)", "SUM(A1 B2)", "(A1,B2)"),
    *("#REF!A1", "Sheet1!#REF!", "#N/A", "conv1_0+A1", "A1.B2", "A1B", "1A", "A1!B2", "AB12!C3+AB12", "é!B7", "TRUE"),
    *('"say ""A1"" 5"&B2', '"unclosed', "'unclosed!A1", "IF(A1,,2)", "_xlfn.X(A1)", "9999999999999999999", "A1(2)"),
]
"""Formulas with something in them that looks like a cell or a number, or is one in another spelling."""


def put_together(formula: Spelled) -> Node | None:
    """The tree of a formula, made of its kind, its references and its numbers."""

    def put(node: Node) -> Node:
        if node.kind == "reference":
            return Node("reference", formula.refs[int(node.text)])
        if node.kind == "number":
            return Node("number", repr(formula.numbers[int(node.text)]).removesuffix(".0"))
        return node._replace(children=tuple(map(put, node.children)))

    return formula.kind.tree and put(formula.kind.tree)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_formulas_that_differ_in_cells_and_numbers_are_of_one_kind(one: str, other: str) -> None:
    """Their tree is there once."""
    assert spelled(one).kind is spelled(other).kind
    assert spelled(one) != spelled(other)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_others_are_not(one: str, other: str) -> None:
    """What they do, or name, is not the same."""
    assert spelled(one).kind is not spelled(other).kind


@pytest.mark.parametrize("formula", [*ODD, *(each for pair in [*ALIKE, *UNLIKE] for each in pair)])
def test_a_kind_with_what_it_leaves_out_is_the_formula(formula: str) -> None:
    """Each formula, put together again, is what it parses as."""
    assert put_together(spelled(formula)) == parse(formula)
