"""Convolutional networks of strangers; all of them are networks to be found."""

from __future__ import annotations

from typing import Final

import numpy as np

from tests.strangers.stranger import Made, Numbers, Planted, array
from tests.strangers.writing import across, another, down, fill, name, put, relu, sheet, softmax, spread_each, typed

CLASSIFIER: Final = "Conv2d", "ReLU", "MaxPool2d", "Linear", "Softmax"


def correlated(x: Numbers, kernel: Numbers) -> Numbers:
    """y[i,j] = sum_mn k[m,n] x[i+m,j+n]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape)
    return np.asarray(np.einsum("ijmn,mn->ij", windows, kernel))


def pooled(x: Numbers) -> Numbers:
    """The largest of each 2x2."""
    rows, columns = x.shape
    return np.asarray(x.reshape(rows // 2, 2, columns // 2, 2).max((1, 3)))


def a_cross() -> Made:
    """One filter, ReLU, pooling and two dense rows tell a cross from a nought, all on a sheet."""
    x, kernel, bias, w = np.eye(6) + np.eye(6)[::-1], typed(190, 3, 3), typed(191, 1, 1), typed(192, 2, 4)
    page = sheet("X or O")
    across(page, "A1", "image (6x6)", *[None] * 6, "filter", *[None] * 3, "convolution", *[None] * 4, "ReLU")
    for at, numbers in (("A2", x), ("H2", kernel), ("H6", bias), ("A11", w)):
        put(page, at, numbers)
    page["H7"] = "bias"
    fill(page, "L2:O5", "=SUMPRODUCT(A2:C4,$H$2:$J$4)+$H$6")
    fill(page, "Q2:T5", "=MAX(L2,0)")
    across(page, "Q7", "max pooling")
    for row, column, area in ((8, "Q", "Q2:R3"), (8, "R", "S2:T3"), (9, "Q", "Q4:R5"), (9, "R", "S4:T5")):
        page[f"{column}{row}"] = f"=MAX({area})"
    down(page, "E10", "score", "=A11*Q8+B11*R8+C11*Q9+D11*R9", "=A12*Q8+B12*R8+C12*Q9+D12*R9")
    fill(page, "G11:G12", "=EXP(E11)/(EXP(E$11)+EXP(E$12))")
    across(page, "I11", '=IF(G11>G12,"cross","nought")')
    flat = pooled(relu(correlated(x, kernel) + bias)).reshape(4, 1)
    faults = (
        Planted("X or O!N4", "=SUMPRODUCT(C3:E5,$H$2:$J$4)+$H$6", "a row too high"),
        Planted("X or O!R3", "=M3", "no MAX"),
        Planted("X or O!R9", "=MAX(S4:T4)", "half a window"),
        Planted("X or O!E12", "=A12*Q8+B12*R8+C12*Q8+D12*R9", "one pooled cell twice, another never"),
    )
    values = {"X or O!G11": softmax(w @ flat, 0)}
    return Made(page.parent, "network", values, CLASSIFIER, ("X or O!I11",), agrees=True, faults=faults)


def sheet_for_each_layer() -> Made:
    """Each layer has a worksheet; filters are array formulas SUM(a*b), links flatten the maps."""
    x, kernels, w, b = typed(193, 6, 6), typed(194, 2, 3, 3), typed(195, 8, 3), typed(196, 1, 3)
    page = sheet("Image")
    put(page, "A1", x)
    filters, conv, act, pool, flat, dense = (
        another(page, title) for title in ("Filters", "Conv", "ReLU", "Pool", "Flatten", "Dense")
    )
    put(filters, "A1", kernels[0])
    put(filters, "E1", kernels[1])
    for shift, (left, kernel) in enumerate((("A", "$A$1:$C$3"), ("F", "$E$1:$G$3"))):
        for row in range(1, 5):
            for column in range(4):
                window = f"Image!{'ABCD'[column]}{row}:{'CDEF'[column]}{row + 2}"
                at = f"{chr(ord(left) + column)}{row}"
                spread_each(conv, at, f"=SUM({window}*Filters!{kernel})")
        area = "A1:D4" if not shift else "F1:I4"
        fill(act, area, f"=IF(Conv!{left}1>0,Conv!{left}1,0)")
    for row in (1, 2):
        for at, left, right in (("A", "A", "B"), ("B", "C", "D"), ("D", "F", "G"), ("E", "H", "I")):
            pool[f"{at}{row}"] = f"=MAX(ReLU!{left}{2 * row - 1}:{right}{2 * row})"
    down(flat, "A1", *(f"=Pool!{column}{row}" for columns in ("AB", "DE") for row in (1, 2) for column in columns))
    put(dense, "A1", w)
    put(dense, "A10", b)
    fill(dense, "E1:G1", "=SUMPRODUCT(Flatten!$A$1:$A$8,A1:A8)+A10")
    fill(dense, "E2:G2", "=EXP(E1)/SUMPRODUCT(EXP($E$1:$G$1))")
    features = np.concatenate([pooled(relu(correlated(x, kernel))).ravel() for kernel in kernels])[None]
    faults = (
        Planted("ReLU!G2", "=IF(Conv!G2>0,Conv!G3,0)", "the cell below where it is positive"),
        Planted("Dense!F1", "=SUMPRODUCT(Flatten!$A$1:$A$8,B1:B8)+C10", "the next class's bias"),
    )
    values = {"Dense!E2": softmax(features @ w + b)}
    return Made(page.parent, "network", values, CLASSIFIER, agrees=True, faults=faults)


def three_channels() -> Made:
    """The colours are three blocks below one another within typed noughts, under one filter of 3x3x3."""
    x, kernel = typed(197, 3, 5, 5, low=0), typed(198, 3, 3, 3)
    page = sheet("RGB")
    values = np.zeros((5, 5))
    for number, (top, title) in enumerate(((2, "red"), (10, "green"), (18, "blue"))):
        page[f"A{top - 1}"] = title
        put(page, f"A{top}", np.pad(x[number], 1))
        put(page, f"J{top}", kernel[number])
        values += correlated(np.pad(x[number], 1), kernel[number])
    page["J6"], page["K6"] = "bias", 0.25
    terms = "+".join(f"SUMPRODUCT(A{top}:C{top + 2},$J${top}:$L${top + 2})" for top in (2, 10, 18))
    fill(page, "O2:S6", f"=MAX(0,{terms}+$K$6)")
    wrong = page["Q4"].value.replace("SUMPRODUCT(C20:E22,", "SUMPRODUCT(B20:D22,")
    faults = (Planted("RGB!Q4", wrong, "blue a column to the left"),)
    return Made(page.parent, "network", {"RGB!O2": relu(values + 0.25)}, ("Conv2d", "ReLU"), agrees=True, faults=faults)


def named_kernel() -> Made:
    """Each of four weights has a name in long sums with stride 2; two named ranges make the dense row."""
    x, kernel, w = typed(199, 6, 6), typed(200, 2, 2), typed(201, 1, 9)
    page = sheet("Named")
    put(page, "B2", x)
    for number, (at, value) in enumerate(zip(("K2", "L2", "K3", "L3"), kernel.ravel().tolist(), strict=True), 1):
        page[at] = value
        name(page, f"k_{number}", at)
    for row in range(3):
        for column in range(3):
            left, right, top = "BDF"[column], "CEG"[column], 2 + 2 * row
            products = f"{left}{top}*k_1+{right}{top}*k_2+{left}{top + 1}*k_3+{right}{top + 1}*k_4"
            page[f"{'NOP'[column]}{2 + row}"] = f"=MAX(0,{products})"
    put(page, "N8", w.reshape(3, 3))
    name(page, "maps", "N2:P4")
    name(page, "weights", "N8:P10")
    page["S2"] = "=SUMPRODUCT(maps,weights)+0.5"
    hidden = relu(np.einsum("iajb,ab->ij", x.reshape(3, 2, 3, 2), kernel))
    faults = (Planted("Named!O3", "=MAX(0,D4*k_1+E4*k_3+D5*k_2+E5*k_4)", "two weights exchanged"),)
    score = array((hidden * w.reshape(3, 3)).sum() + 0.5)
    return Made(page.parent, "network", {"Named!S2": score}, ("Conv2d", "ReLU"), ("Named!S2",), faults=faults)
