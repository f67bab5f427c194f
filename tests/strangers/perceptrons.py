"""Dense networks with numbers as weights, as people lay them out; all of them are networks to be found."""

from __future__ import annotations

from typing import Final

import numpy as np

from tests.strangers.stranger import Made, Planted, array
from tests.strangers.writing import (
    across,
    another,
    down,
    fill,
    name,
    put,
    relu,
    sheet,
    softmax,
    spread,
    spread_each,
    table,
    typed,
)

CLASSIFIER: Final = "Linear", "ReLU", "Linear", "Softmax"


def beside_one_another() -> Made:
    """Columns run from left to right: inputs, weights, sums, ReLU, weights, scores, exponentials, shares."""
    x, w1, b1, w2, b2 = typed(31, 4, 1), typed(32, 4, 5), typed(33, 1, 5), typed(34, 5, 3), typed(35, 1, 3)
    page = sheet("MLP")
    across(page, "A2", "input", None, "W1", None, None, None, None, None, "z1", "a1", None, "W2")
    across(page, "P2", "z2", "exp", "p")
    for at, numbers in (("A3", x), ("C3", w1), ("C8", b1), ("L3", w2), ("L9", b2)):
        put(page, at, numbers)
    page["B8"], page["K9"] = "b1", "b2"
    for row, column in zip(range(3, 8), "CDEFG", strict=True):
        page[f"I{row}"] = f"=SUMPRODUCT($A$3:$A$6,{column}$3:{column}$6)+{column}$8"
    fill(page, "J3:J7", "=MAX(0,I3)")
    for row, column in zip(range(3, 6), "LMN", strict=True):
        page[f"P{row}"] = f"=SUMPRODUCT($J$3:$J$7,{column}$3:{column}$7)+{column}$9"
    fill(page, "Q3:Q5", "=EXP(P3)")
    fill(page, "R3:R5", "=Q3/SUM(Q$3:Q$5)")
    shares = softmax(relu(x.T @ w1 + b1) @ w2 + b2).T
    faults = (
        Planted("MLP!I5", "=SUMPRODUCT($A$3:$A$6,F$3:F$6)+E$8", "the next unit's weights"),
        Planted("MLP!J4", "=I4", "no MAX"),
        Planted("MLP!P4", "=SUMPRODUCT($J$2:$J$6,M$3:M$7)+M$9", "shifted by a row"),
    )
    return Made(page.parent, "network", {"MLP!R3": shares}, CLASSIFIER, agrees=True, faults=faults)


def rows_of_a_batch() -> Made:
    """Each sample is a row, weights stand above the columns that they make, and each product is written out."""
    x, w1, b1, w2, b2 = typed(36, 6, 3), typed(37, 3, 4), typed(38, 1, 4), typed(39, 4, 2), typed(40, 1, 2)
    page = sheet("Batch")
    across(page, "A1", "Forward pass, one sample per row")
    put(page, "F3", w1)
    put(page, "F6", b1)
    put(page, "N2", w2)
    put(page, "N6", b2)
    down(page, "E3", "w", "w", "w", "b")
    across(page, "B9", "x1", "x2", "x3", None, "h1", "h2", "h3", "h4", None, "z1", "z2", None, None, "p1", "p2")
    put(page, "B10", x)
    down(page, "A10", *(f"sample {number}" for number in range(1, 7)))
    fill(page, "F10:I15", "=MAX($B10*F$3+$C10*F$4+$D10*F$5+F$6,0)")
    fill(page, "K10:L15", "=$F10*N$2+$G10*N$3+$H10*N$4+$I10*N$5+N$6")
    fill(page, "O10:P15", "=EXP(K10)/(EXP($K10)+EXP($L10))")
    shares = softmax(relu(x @ w1 + b1) @ w2 + b2)
    faults = (
        Planted("Batch!G12", "=MAX($B12*G$3+$C12*G$4+$C12*G$5+G$6,0)", "the second input twice"),
        Planted("Batch!K13", "=$F13*N$2+$G13*N$3+$H13*N$4+$I13*N$5+O$6", "the next unit's bias"),
    )
    return Made(page.parent, "network", {"Batch!O10": shares}, CLASSIFIER, agrees=True, faults=faults)


def columns_of_a_batch() -> Made:
    """Each sample is a column below a row of ones for the biases, and MMULT stands in each cell."""
    x, w1, w2 = typed(41, 3, 3), typed(42, 4, 4), typed(43, 2, 5)
    page = sheet("Batch of columns")
    across(page, "H2", "x{1}", "x{2}", "x{3}")
    put(page, "H3", np.vstack([x, np.ones(3)]))
    across(page, "B7", "W1", None, None, "b1", None, None, "Z1", None, None, None, "A1")
    put(page, "B8", w1)
    spread_each(page, "H8:J11", "=MMULT($B8:$E8,H$3:H$6)")
    fill(page, "L8:N11", "=IF(H8>0,H8,0)")
    across(page, "L12", 1, 1, 1)
    put(page, "B15", w2)
    spread_each(page, "L15:N16", "=MMULT($B15:$F15,L$8:L$12)")
    fill(page, "P15:R16", "=EXP(L15)")
    fill(page, "P17:R17", "=SUM(P15:P16)")
    fill(page, "T15:V16", "=P15/P$17")
    hidden = relu(w1 @ np.vstack([x, np.ones(3)]))
    shares = softmax(w2 @ np.vstack([hidden, np.ones(3)]), 0)
    faults = (Planted("Batch of columns!M10", "=IF(I10>0,I9,0)", "the unit above where it is positive"),)
    return Made(page.parent, "network", {"Batch of columns!T15": shares}, CLASSIFIER, agrees=True, faults=faults)


def sheets_and_names() -> Made:
    """Inputs, weights and results have worksheets of their own, and every range goes by its name."""
    x, w1, b1, w2, b2 = typed(44, 1, 4), typed(45, 4, 3), typed(46, 1, 3), typed(47, 3, 3), typed(48, 1, 3)
    page = sheet("Input")
    put(page, "B2", x)
    across(page, "A1", "Type four features here")
    weights, out = another(page, "Parameters"), another(page, "Output")
    for at, numbers in (("B2", w1), ("B8", b1), ("G2", w2), ("G8", b2)):
        put(weights, at, numbers)
    name(page, "features", "B2:E2")
    for called, area in (("W_1", "B2:D5"), ("b_1", "B8:D8"), ("W_2", "G2:I4"), ("b_2", "G8:I8")):
        name(weights, called, area)
    for called, area in (("hidden", "B3:D3"), ("scores", "B6:D6"), ("exps", "B7:D7")):
        name(out, called, area)
    first = x @ w1 + b1
    spread(out, "B2:D2", "=MMULT(features,W_1)+b_1", first)
    fill(out, "B3:D3", "=MAX(B2,0)")
    spread(out, "B6:D6", "=MMULT(hidden,W_2)+b_2", relu(first) @ w2 + b2)
    fill(out, "B7:D7", "=EXP(B6)")
    fill(out, "B8:D8", "=B7/SUM(exps)")
    down(out, "A2", "layer 1", "ReLU", None, None, "layer 2", "e^z", "softmax", "says")
    across(weights, "B1", "W1 (4x3)", None, None, None, None, "W2 (3x3)")
    out["B9"] = '=INDEX({"red","green","blue"},MATCH(MAX(B8:D8),B8:D8,0))'
    shares = softmax(relu(first) @ w2 + b2)
    faults = (Planted("Output!C3", "=MAX(C2,1)", "at least one"), Planted("Output!D3", "=D2", "no MAX"))
    return Made(page.parent, "network", {"Output!B8": shares}, CLASSIFIER, ("Output!B9",), agrees=True, faults=faults)


def structured_references() -> Made:
    """A table of samples computes its hidden units from its own columns and a column of parameters."""
    x, w = typed(49, 5, 2), typed(50, 9, 1)
    page = sheet("Data")
    across(page, "A1", "x1", "x2", "h1", "h2", "y")
    put(page, "A2", x)
    down(page, "H1", "parameter", "w11", "w21", "b1", "w12", "w22", "b2", "v1", "v2", "c")
    put(page, "I2", w)
    page["I1"] = "value"
    table(page, "Samples", "A1:E6")
    one, two = "Samples[[#This Row],[x1]]", "Samples[[#This Row],[x2]]"
    hidden = "Samples[[#This Row],[h1]]*$I$8+Samples[[#This Row],[h2]]*$I$9+$I$10"
    for row in range(2, 7):
        page[f"C{row}"] = f"=MAX(0,{one}*$I$2+{two}*$I$3+$I$4)"
        page[f"D{row}"] = f"=MAX(0,{one}*$I$5+{two}*$I$6+$I$7)"
        page[f"E{row}"] = f"={hidden}"
    h = relu(np.column_stack([x @ w[0:2] + w[2], x @ w[3:5] + w[5]]))
    faults = (Planted("Data!D4", f"=MAX(0,{one}*$I$5+{two}*$I$6+$I$4)", "the other unit's bias"),)
    layers = "Linear", "ReLU", "Linear"
    return Made(page.parent, "network", {"Data!E2": h @ w[6:8] + w[8]}, layers, agrees=True, faults=faults)


def xor_by_hand() -> Made:
    """Two hidden units, with weights that one works out on paper, solve the four cases of XOR."""
    x = array([[0, 0], [0, 1], [1, 0], [1, 1]])
    page = sheet("XOR")
    across(page, "A1", "x1", "x2", None, "h1", "h2", None, "y", "wanted", "right?")
    put(page, "A2", x)
    down(page, "L1", "w", 1, 1, 0)
    down(page, "M1", "w", 1, 1, -1)
    down(page, "N1", "v", 1, -2)
    fill(page, "D2:D5", "=MAX(0,$L$2*A2+$L$3*B2+$L$4)")
    fill(page, "E2:E5", "=MAX(0,$M$2*A2+$M$3*B2+$M$4)")
    fill(page, "G2:G5", "=$N$2*D2+$N$3*E2")
    down(page, "H2", 0, 1, 1, 0)
    fill(page, "I2:I5", '=IF(G2=H2,"yes","no")')
    faults = (Planted("XOR!E3", "=MAX(0,$M$2*A3+$M$3*B2+$M$4)", "the row above"),)
    values = {"XOR!G2": array([[0], [1], [1], [0]])}
    return Made(
        page.parent, "network", values, ("Linear", "ReLU", "Linear"), ("XOR!I2:I5",), agrees=True, faults=faults
    )


def two_on_a_sheet() -> Made:
    """Two networks of different sizes read the same inputs, one below the other, and their shares are averaged."""
    x = typed(51, 1, 4)
    page = sheet("Ensemble")
    across(page, "A1", "ensemble of two")
    put(page, "B2", x)
    values, shares = {}, []
    for top, width in ((5, 3), (25, 5)):
        w1, b1, w2 = typed(52 + width, 4, width), typed(60 + width, 1, width), typed(70 + width, width, 2)
        put(page, f"B{top}", w1)
        put(page, f"B{top + 5}", b1)
        put(page, f"J{top}", w2)
        last = "BCDEFGH"[width - 1]
        page[f"A{top + 7}"] = "hidden"
        products = f"SUMPRODUCT(TRANSPOSE($B$2:$E$2),B{top}:B{top + 3})"
        spread_each(page, f"B{top + 7}:{last}{top + 7}", f"={products}+B{top + 5}")
        fill(page, f"B{top + 8}:{last}{top + 8}", f"=IF(B{top + 7}<0,0,B{top + 7})")
        spread(page, f"J{top + 8}:K{top + 8}", f"=MMULT(B{top + 8}:{last}{top + 8},J{top}:K{top + width - 1})")
        fill(page, f"M{top + 8}:N{top + 8}", f"=EXP(J{top + 8})/SUMPRODUCT(EXP($J{top + 8}:$K{top + 8}))")
        shares.append(softmax(relu(x @ w1 + b1) @ w2))
        values[f"Ensemble!M{top + 8}"] = shares[-1]
    fill(page, "M40:N40", "=AVERAGE(M13,M33)")
    values["Ensemble!M40"] = (shares[0] + shares[1]) / 2
    faults = (Planted("Ensemble!C33", "=IF(C32<0,0,D32)", "the next unit where it is positive"),)
    return Made(page.parent, "network", values, CLASSIFIER, ("Ensemble!M40:N40",), agrees=True, faults=faults)
