"""Learning by backpropagation: forward, gradients and new weights in cells."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, array
from tests.strangers.writing import (
    across,
    another,
    down,
    fill,
    put,
    relu,
    sheet,
    sigmoid,
    softmax,
    spread,
    spread_each,
    typed,
)


def two_layers() -> Made:
    """A sheet goes forward, has each gradient by the chain rule, and ends with the weights after one step."""
    shapes = (1, 2), (1, 2), (2, 2), (1, 2), (2, 2), (1, 2)
    x, y, w1, b1, w2, b2 = (typed(160 + at, *shape) for at, shape in enumerate(shapes))
    page = sheet("Backprop")
    across(page, "A1", "x", None, None, "target", None, None, "rate", 0.5)
    across(page, "A4", "W1", None, None, "b1", None, None, "W2", None, None, "b2")
    for at, numbers in (("A2", x), ("D2", y), ("A5", w1), ("D5", b1), ("G5", w2), ("J5", b2)):
        put(page, at, numbers)
    down(page, "L1", "net h", "out h", "net o", "out o", "error")
    fill(page, "M1:N1", "=$A$2*A5+$B$2*A6+D5")
    fill(page, "M2:N2", "=1/(1+EXP(-M1))")
    fill(page, "M3:N3", "=$M$2*G5+$N$2*G6+J5")
    fill(page, "M4:N4", "=1/(1+EXP(-M3))")
    fill(page, "M5:N5", "=0.5*(D2-M4)^2")
    page["O5"] = "=SUM(M5:N5)"
    down(page, "L8", "delta o", "delta h")
    fill(page, "M8:N8", "=(M4-D2)*M4*(1-M4)")
    page["M9"] = "=SUMPRODUCT($M$8:$N$8,G5:H5)*M2*(1-M2)"
    page["N9"] = "=SUMPRODUCT($M$8:$N$8,G6:H6)*N2*(1-N2)"
    across(page, "A9", "new W1", None, None, None, None, None, "new W2")
    fill(page, "A10:B10", "=A5-$H$1*$A$2*M$9")
    fill(page, "A11:B11", "=A6-$H$1*$B$2*M$9")
    fill(page, "G10:H10", "=G5-$H$1*$M$2*M$8")
    fill(page, "G11:H11", "=G6-$H$1*$N$2*M$8")
    h = sigmoid(x @ w1 + b1)
    o = sigmoid(h @ w2 + b2)
    d = (o - y) * o * (1 - o)
    new = w1 - 0.5 * x.T @ (d @ w2.T * h * (1 - h)), w2 - 0.5 * h.T @ d
    values = {"Backprop!M4": o, "Backprop!A10": new[0], "Backprop!G10": new[1]}
    return Made(page.parent, "layers", values)


def batch_with_relu() -> Made:
    """MMULT and TRANSPOSE carry a batch of four rows forward; a second worksheet has gradients and new weights."""
    x, w1, w2, y = typed(170, 4, 3), typed(171, 3, 5), typed(172, 5, 2), array([[1, 0], [0, 1], [0, 1], [1, 0]])
    page = sheet("Forward")
    across(page, "A1", "X", None, None, None, "W1", None, None, None, None, None, "W2", None, None, "Y")
    for at, numbers in (("A2", x), ("E2", w1), ("K2", w2), ("N2", y)):
        put(page, at, numbers)
    across(page, "A9", "Z1", None, None, None, None, None, "A1", None, None, None, None, None, "Z2", None, None, "P")
    a = relu(x @ w1)
    spread(page, "A10:E13", "=MMULT(A2:C5,E2:I4)", x @ w1)
    fill(page, "G10:K13", "=MAX(0,A10)")
    spread(page, "M10:N13", "=MMULT(G10:K13,K2:L6)", a @ w2)
    fill(page, "P10:Q13", "=EXP(M10)/SUMPRODUCT(EXP($M10:$N10))")
    across(page, "S9", "loss", "=-SUMPRODUCT(N2:O5,LN(P10:Q13))/4")
    back = another(page, "Backward")
    across(back, "A1", "dZ2", None, None, "dW2", None, None, "dA1", None, None, None, None, None, "dZ1")
    fill(back, "A2:B5", "=(Forward!P10-Forward!N2)/4")
    spread(back, "D2:E6", "=MMULT(TRANSPOSE(Forward!G10:K13),A2:B5)")
    spread(back, "G2:K5", "=MMULT(A2:B5,TRANSPOSE(Forward!K2:L6))")
    fill(back, "M2:Q5", "=IF(Forward!A10>0,G2,0)")
    spread(back, "S2:W4", "=MMULT(TRANSPOSE(Forward!A2:C5),M2:Q5)")
    across(back, "A10", "learning rate", 0.1, None, "new W1", None, None, None, None, None, "new W2")
    fill(back, "D11:H13", "=Forward!E2-$B$10*S2")
    fill(back, "J11:K15", "=Forward!K2-$B$10*D2")
    d = (softmax(a @ w2) - y) / 4
    new = w1 - 0.1 * x.T @ (d @ w2.T * (x @ w1 > 0)), w2 - 0.1 * a.T @ d
    return Made(page.parent, "layers", {"Backward!D11": new[0], "Backward!J11": new[1]})


def batch_as_columns() -> Made:
    """Arrows lead from matrix to matrix as on a poster; biases are the weights' last column, gradients stand behind."""
    x, w1, w2, y = typed(173, 3, 2), typed(174, 3, 4), typed(175, 2, 4), array([[1, 0], [0, 1]])
    ones = np.ones((1, 2))
    page = sheet("By hand")
    put(page, "H3", np.vstack([x, ones]))
    put(page, "C8", w1)
    put(page, "C14", w2)
    put(page, "P14", y)
    across(page, "B8", "W1 b1")
    across(page, "G8", "→")
    spread_each(page, "H8:I10", "=MMULT($C8:$F8,H$3:H$6)")
    across(page, "J8", "≈", None, None, None, "← dZ1")
    fill(page, "K8:L10", "=IF(H8>0,H8,0)")
    across(page, "K11", 1, 1)
    spread_each(page, "H14:I15", "=MMULT($C14:$F14,K$8:K$11)")
    fill(page, "K14:L15", "=EXP(H14)/SUM(EXP(H$14),EXP(H$15))")
    fill(page, "N14:O15", "=K14-P14")
    for row, weights in zip((8, 9, 10), ("$C$14:$C$15", "$D$14:$D$15", "$E$14:$E$15"), strict=True):
        fill(page, f"N{row}:O{row}", f"=IF(H{row}>0,SUMPRODUCT({weights},N$14:N$15),0)")
    spread(page, "S8:V10", "=MMULT(N8:O10,TRANSPOSE(H3:I6))")
    spread(page, "S14:V15", "=MMULT(N14:O15,TRANSPOSE(K8:L11))")
    z = w1 @ np.vstack([x, ones])
    a = np.vstack([relu(z), ones])
    d = softmax(w2 @ a, 0) - y
    first = (w2[:, :3].T @ d * (z > 0)) @ np.vstack([x, ones]).T
    return Made(page.parent, "layers", {"By hand!S8": first, "By hand!S14": d @ a.T})


def softmax_regression() -> Made:
    """Six samples are rows, their classes one-hot; shares, cross entropy and gradient follow to the right."""
    x, w, y = typed(176, 6, 2), typed(177, 3, 3), np.eye(3)[[0, 2, 1, 1, 0, 2]]
    page = sheet("Softmax regression")
    across(page, "A1", "x1", "x2", None, "y", None, None, None, "z", None, None, None, "e^z", None, None, "sum")
    put(page, "A2", x)
    put(page, "D2", y)
    down(page, "T1", "W", "w1", "w2", "b")
    put(page, "U2", w)
    fill(page, "H2:J7", "=$A2*U$2+$B2*U$3+U$4")
    fill(page, "L2:N7", "=EXP(H2)")
    fill(page, "O2:O7", "=SUM(L2:N2)")
    fill(page, "P2:R7", "=L2/$O2")
    fill(page, "H10:J15", "=P2-D2")
    fill(page, "L10:L15", "=-LN(SUMPRODUCT(D2:F2,P2:R2))")
    page["L16"] = "=AVERAGE(L10:L15)"
    page["T7"] = "gradient"
    for row, column in ((8, "$A$2:$A$7"), (9, "$B$2:$B$7")):
        fill(page, f"U{row}:W{row}", f"=SUMPRODUCT({column},H$10:H$15)/6")
    fill(page, "U10:W10", "=AVERAGE(H10:H15)")
    fill(page, "U13:W15", "=U2-0.3*U8")
    inputs = np.hstack([x, np.ones((6, 1))])
    p = softmax(inputs @ w)
    values = {"Softmax regression!P2": p, "Softmax regression!U13": w - 0.3 * inputs.T @ (p - y) / 6}
    return Made(page.parent, "layers", values)


def perceptron_rule() -> Made:
    """Rosenblatt's rule learns AND, a sample a row, three times through, weights carried down the rows."""
    page = sheet("Perceptron")
    across(page, "A1", "x1", "x2", "target", "w1", "w2", "bias", "net", "output", "error", None, "rate", 0.1)
    cases = [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 1]] * 3
    put(page, "A2", cases)
    across(page, "D2", 0.3, -0.1, 0.2)
    fill(page, "D3:E13", "=D2+$L$1*$I2*A2")
    fill(page, "F3:F13", "=F2+$L$1*I2")
    fill(page, "G2:G13", "=SUMPRODUCT(A2:B2,D2:E2)+F2")
    fill(page, "H2:H13", "=IF(G2>=0,1,0)")
    fill(page, "I2:I13", "=C2-H2")
    w, rows = np.array([0.3, -0.1, 0.2]), []
    for x1, x2, target in cases:
        rows.append(w)
        net = float(w @ [x1, x2, 1])
        w = w + 0.1 * (target - (net >= 0)) * np.array([x1, x2, 1])
    return Made(page.parent, "nothing", {"Perceptron!D3": array(rows)[1:]})


def xor_training() -> Made:
    """Each row of a training table has an example, all nine weights, activations and deltas, for fifty steps."""
    page = sheet("XOR training")
    titles = "n", "x1", "x2", "t", *(f"w{number}" for number in range(1, 10)), "h1", "h2", "y", "dy", "d1", "d2"
    across(page, "A1", *titles)
    across(page, "A2", 1)
    start = typed(178, 9)
    across(page, "E2", *start.tolist())
    fill(page, "A3:A51", "=A2+1")
    fill(page, "B2:B51", "=MOD(INT((A2-1)/2),2)")
    fill(page, "C2:C51", "=MOD(A2-1,2)")
    fill(page, "D2:D51", "=ABS(B2-C2)")
    fill(page, "N2:N51", "=1/(1+EXP(-(E2*$B2+F2*$C2+G2)))")
    fill(page, "O2:O51", "=1/(1+EXP(-(H2*$B2+I2*$C2+J2)))")
    fill(page, "P2:P51", "=1/(1+EXP(-(K2*N2+L2*O2+M2)))")
    fill(page, "Q2:Q51", "=(P2-D2)*P2*(1-P2)")
    fill(page, "R2:R51", "=Q2*K2*N2*(1-N2)")
    fill(page, "S2:S51", "=Q2*L2*O2*(1-O2)")
    for column, delta, times in zip(
        "EFGHIJKLM", "RRRSSSQQQ", ("B", "C", "1", "B", "C", "1", "N", "O", "1"), strict=True
    ):
        factor = times if times == "1" else f"{times}2"
        fill(page, f"{column}3:{column}51", f"={column}2-2*{delta}2*{factor}")
    w, rows = start, []
    for number in range(50):
        rows.append(w)
        x = np.array([number // 2 % 2, number % 2, 1.0])
        h = sigmoid(np.array([w[:3] @ x, w[3:6] @ x]))
        y = float(sigmoid(np.array(w[6:] @ [*h, 1])))
        d = (y - abs(x[0] - x[1])) * y * (1 - y)
        e = d * w[6:8] * h * (1 - h)
        w = w - 2 * np.concatenate([e[0] * x, e[1] * x, d * np.array([*h, 1])])
    return Made(page.parent, "nothing", {"XOR training!E3": array(rows)[1:]})
