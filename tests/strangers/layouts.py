"""Networks once more, as they lie in workbooks that grew: copied weights, scaled inputs, repeated blocks, upwards."""

from __future__ import annotations

import numpy as np

from tests.strangers.perceptrons import CLASSIFIER
from tests.strangers.stranger import Made, Planted, array
from tests.strangers.writing import across, another, down, fill, put, relu, sheet, softmax, typed


def weights_copied() -> Made:
    """All parameters stand in one column, as a program printed them; beside each layer there are links into it."""
    x, w1, b1, w2, b2 = typed(400, 3, 1), typed(401, 4, 3), typed(402, 4, 1), typed(403, 2, 4), typed(404, 2, 1)
    page = sheet("Net")
    printed = another(page, "printed")
    everything = np.concatenate([each.ravel() for each in (w1, b1, w2, b2)])
    down(printed, "A1", *everything.tolist())
    across(page, "A1", "x", None, "W1", None, None, "b1", "z", "a", None, "W2", *[None] * 3, "b2", "z", "e", "p")
    put(page, "A2", x)
    links = iter(f"=printed!A{row}" for row in range(1, 27))
    put(page, "C2", [[next(links) for _ in range(3)] for _ in range(4)])
    put(page, "F2", [[next(links)] for _ in range(4)])
    put(page, "J2", [[next(links) for _ in range(4)] for _ in range(2)])
    put(page, "N2", [[next(links)] for _ in range(2)])
    fill(page, "G2:G5", "=C2*$A$2+D2*$A$3+E2*$A$4+F2")
    fill(page, "H2:H5", "=MAX(0,G2)")
    fill(page, "O2:O3", "=J2*$H$2+K2*$H$3+L2*$H$4+M2*$H$5+N2")
    fill(page, "P2:P3", "=EXP(O2)")
    fill(page, "Q2:Q3", "=P2/SUM(P$2:P$3)")
    shares = softmax(w2 @ relu(w1 @ x + b1) + b2, 0)
    faults = (
        Planted("Net!G4", "=C4*$A$2+D4*$A$3+E3*$A$4+F4", "a weight from the row above"),
        Planted("Net!H3", "=ABS(G3)", "ABS for MAX"),
    )
    return Made(page.parent, "network", {"Net!Q2": shares}, CLASSIFIER, agrees=True, faults=faults)


def scaled_inputs() -> Made:
    """Features less their mean, over their deviation, go through two layers for each customer, up to a decision."""
    x, mean, deviation = typed(405, 5, 3, low=20, high=90, digits=0), array([[50, 55, 60]]), array([[12, 9, 15]])
    w1, b1, w2 = typed(406, 3, 3), typed(407, 1, 3), typed(408, 4, 1)
    page = sheet("Customers")
    across(page, "A1", "mean", *mean[0].tolist())
    across(page, "A2", "deviation", *deviation[0].tolist())
    across(page, "A4", "name", "age", "income", "visits", None, "z1", "z2", "z3", None, "h1", "h2", "h3", None, "score")
    down(page, "A5", "Ann", "Bob", "Cem", "Dee", "Eva")
    put(page, "B5", x)
    model = another(page, "Model")
    for at, numbers in (("B2", w1), ("B6", b1), ("G2", w2)):
        put(model, at, numbers)
    fill(page, "F5:H9", "=(B5-B$1)/B$2")
    for column, weight in zip("JKL", "BCD", strict=True):
        terms = "+".join(f"${feature}5*Model!${weight}${row}" for feature, row in zip("FGH", (2, 3, 4), strict=True))
        fill(page, f"{column}5:{column}9", f"=MAX(0,{terms}+Model!${weight}$6)")
    fill(page, "N5:N9", "=J5*Model!$G$2+K5*Model!$G$3+L5*Model!$G$4+Model!$G$5")
    fill(page, "O5:O9", '=IF(N5>0,"call","wait")')
    scores = relu((x - mean) / deviation @ w1 + b1) @ w2[:3] + w2[3]
    faults = (Planted("Customers!N7", "=J7*Model!$G$2+K7*Model!$G$3+L8*Model!$G$4+Model!$G$5", "another customer's"),)
    layers = "Linear", "ReLU", "Linear"
    beside = ("Customers!O5:O9",)
    return Made(page.parent, "network", {"Customers!N5": scores}, layers, beside, agrees=True, faults=faults)


def repeated_blocks() -> Made:
    """The block of one layer is copied three times with all that is in it, with a blank row between."""
    page = sheet("Deep")
    x = typed(409, 1, 4)
    across(page, "A1", "in", *x[0].tolist())
    hidden = x
    for number, top in enumerate((3, 11, 19, 27)):
        w, b = typed(410 + number, 4, 4), typed(420 + number, 1, 4)
        page[f"A{top}"] = f"layer {number + 1}"
        put(page, f"B{top}", w)
        put(page, f"B{top + 4}", b)
        above = top - 2
        products = "+".join(f"${column}${above}*B{top + row}" for row, column in enumerate("BCDE"))
        fill(page, f"B{top + 5}:E{top + 5}", f"={products}+B{top + 4}")
        fill(page, f"B{top + 6}:E{top + 6}", f"=IF(B{top + 5}>0,B{top + 5},0)")
        hidden = relu(hidden @ w + b)
    faults = (Planted("Deep!D25", "=D24", "no ReLU in the third layer"),)
    layers = ("Linear", "ReLU") * 4
    return Made(page.parent, "network", {"Deep!B33": hidden}, layers, agrees=True, faults=faults)


def from_the_bottom_upwards() -> Made:
    """No label says that the inputs are the last row, each layer stands above its source, and shares on top."""
    x, w1, w2 = typed(430, 1, 3), typed(431, 3, 4), typed(432, 4, 3)
    page = sheet("Tabelle1")
    put(page, "E30", x)
    put(page, "E25", w1)
    put(page, "E15", w2)
    for column, weights in zip("EFGH", "EFGH", strict=True):
        page[f"{column}23"] = f"=E30*{weights}25+F30*{weights}26+G30*{weights}27"
    fill(page, "E21:H21", "=MAX(E23,0)")
    for column in "EFG":
        page[f"{column}12"] = f"=E21*{column}15+F21*{column}16+G21*{column}17+H21*{column}18"
    fill(page, "E9:G9", "=EXP(E12)/(EXP($E12)+EXP($F12)+EXP($G12))")
    faults = (
        Planted("Tabelle1!G23", "=E30*G25+F30*G26+G30*G28", "a blank cell for a weight"),
        Planted("Tabelle1!F9", "=EXP(F12)/(EXP($E12)+EXP($F12)+EXP($F12))", "a score twice in the sum"),
    )
    values = {"Tabelle1!E9": softmax(relu(x @ w1) @ w2)}
    return Made(page.parent, "network", values, CLASSIFIER, agrees=True, faults=faults)


def with_another_activation() -> Made:
    """Two layers have the hyperbolic tangent between and a logistic function behind, which are no known layers."""
    x, w1, w2 = typed(433, 4, 2), typed(434, 3, 3), typed(435, 4, 1)
    page = sheet("tanh")
    across(page, "A1", "x1", "x2", None, "h1", "h2", "h3", None, "p")
    put(page, "A2", x)
    put(page, "K2", w1)
    put(page, "O2", w2)
    fill(page, "D2:F5", "=TANH($A2*K$2+$B2*K$3+K$4)")
    fill(page, "H2:H5", "=1/(1+EXP(-($D2*$O$2+$E2*$O$3+$F2*$O$4+$O$5)))")
    hidden = np.tanh(np.hstack([x, np.ones((4, 1))]) @ w1)
    shares = 1 / (1 + np.exp(-(hidden @ w2[:3] + w2[3])))
    return Made(page.parent, "layers", {"tanh!D2": hidden, "tanh!H2": shares})


def trained_beside() -> Made:
    """A network with typed weights has one worksheet; its gradients, which read it, have another."""
    x, w1, w2, y = typed(436, 5, 2), typed(437, 3, 3), typed(438, 4, 2), np.eye(2)[[0, 1, 1, 0, 1]]
    page = sheet("Predict")
    across(page, "A1", "x1", "x2", None, "h1", "h2", "h3", None, "z1", "z2", None, "p1", "p2", None, "y1", "y2")
    for at, numbers in (("A2", x), ("N2", y), ("R2", w1), ("V2", w2)):
        put(page, at, numbers)
    fill(page, "D2:F6", "=MAX(0,$A2*R$2+$B2*R$3+R$4)")
    fill(page, "H2:I6", "=$D2*V$2+$E2*V$3+$F2*V$4+V$5")
    fill(page, "K2:L6", "=EXP(H2)/(EXP($H2)+EXP($I2))")
    train = another(page, "Train")
    across(train, "A1", "dz1", "dz2", None, "dh1", "dh2", "dh3", None, "dW2", None, None, "dW1", None, None, "loss")
    fill(train, "A2:B6", "=(Predict!K2-Predict!N2)/5")
    for column, row in zip("DEF", (2, 3, 4), strict=True):
        back = f"SUMPRODUCT($A2:$B2,Predict!$V${row}:$W${row})"
        fill(train, f"{column}2:{column}6", f"=IF(Predict!{column}2>0,{back},0)")
    for row, column in zip((2, 3, 4), "DEF", strict=True):
        fill(train, f"H{row}:I{row}", f"=SUMPRODUCT(Predict!${column}$2:${column}$6,A$2:A$6)")
    fill(train, "H5:I5", "=SUM(A2:A6)")
    for row, column in zip((2, 3), "AB", strict=True):
        fill(train, f"K{row}:M{row}", f"=SUMPRODUCT(Predict!${column}$2:${column}$6,D$2:D$6)")
    fill(train, "K4:M4", "=SUM(D2:D6)")
    train["N2"] = "=-SUMPRODUCT(Predict!N2:O6,LN(Predict!K2:L6))/5"
    one = np.ones((5, 1))
    hidden = relu(np.hstack([x, one]) @ w1)
    shares = softmax(np.hstack([hidden, one]) @ w2)
    d = (shares - y) / 5
    gradients = np.hstack([hidden, one]).T @ d, np.hstack([x, one]).T @ (d @ w2[:3].T * (hidden > 0))
    values = {"Predict!K2": shares, "Train!H2": gradients[0], "Train!K2": gradients[1]}
    faults = (Planted("Predict!E4", "=$A4*S$2+$B4*S$3+S$4", "no MAX"),)
    return Made(page.parent, "network", values, CLASSIFIER, faults=faults)
