"""Formulas seen from their cell."""

from __future__ import annotations

import pytest

from xlconv.syntax import moved, relative_form


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
