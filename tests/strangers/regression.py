"""Regressions: by gradient descent with the epochs as rows, and by sums as a statistics course does them."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, Numbers, array
from tests.strangers.writing import across, another, down, fill, name, put, sheet, sigmoid, spread, table, typed


def linear_by_descent() -> Made:
    """Data stands on the left, epochs are rows on the right: slope, intercept, both gradients and the loss."""
    x, y = typed(100, 6, 1, low=0, high=4), typed(101, 6, 1, low=0, high=5)
    page = sheet("Linear regression")
    across(page, "A1", "x", "y", None, None, "epoch", "w", "b", "dL/dw", "dL/db", "MSE", None, "lr", 0.05)
    put(page, "A2", np.hstack([x, y]))
    across(page, "E2", 0, 0, 0)
    fill(page, "E3:E31", "=E2+1")
    fill(page, "H2:H31", "=2*SUMPRODUCT($A$2:$A$7,F2*$A$2:$A$7+G2-$B$2:$B$7)/6")
    fill(page, "I2:I31", "=2*SUMPRODUCT(F2*$A$2:$A$7+G2-$B$2:$B$7)/6")
    fill(page, "J2:J31", "=SUMPRODUCT((F2*$A$2:$A$7+G2-$B$2:$B$7)^2)/6")
    fill(page, "F3:G31", "=F2-$M$1*H2")
    w, b, rows = 0.0, 0.0, []
    for _ in range(29):
        error = w * x + b - y
        w, b = w - 0.1 * float((error * x).mean()), b - 0.1 * float(error.mean())
        rows.append([w, b])
    return Made(page.parent, "nothing", {"Linear regression!F3": array(rows)})


def a_block_for_each_epoch() -> Made:
    """Each of three epochs is a block of predictions, errors and gradients, with the new weights below."""
    x, y = typed(102, 5, 2), typed(103, 5, 1)
    page = sheet("GD")
    across(page, "A1", "lr", 0.1, None, "w1", "w2", "b")
    across(page, "D2", 0.5, -0.5, 0)
    w, values = np.array([[0.5], [-0.5], [0.0]]), {}
    for epoch, top in enumerate((4, 14, 24)):
        weights = "D2:F2" if not epoch else f"D{top - 2}:F{top - 2}"
        first, middle, last = (f"${column}${weights[1:].split(':')[0]}" for column in "DEF")
        across(page, f"A{top}", "x1", "x2", "y", "pred", "error", "g1", "g2", "gb", "loss")
        put(page, f"A{top + 1}", np.hstack([x, y]))
        rows = f"{top + 1}:{{}}{top + 5}"
        fill(page, f"D{rows.format('D')}", f"=A{top + 1}*{first}+B{top + 1}*{middle}+{last}")
        fill(page, f"E{rows.format('E')}", f"=D{top + 1}-C{top + 1}")
        fill(page, f"F{rows.format('G')}", f"=2*$E{top + 1}*A{top + 1}")
        fill(page, f"H{rows.format('H')}", f"=2*E{top + 1}")
        fill(page, f"I{rows.format('I')}", f"=E{top + 1}^2")
        page[f"A{top + 6}"] = "mean"
        fill(page, f"F{top + 6}:I{top + 6}", f"=AVERAGE(F{top + 1}:F{top + 5})")
        page[f"C{top + 8}"] = "new"
        for column, old, gradient in zip("DEF", (first, middle, last), "FGH", strict=True):
            page[f"{column}{top + 8}"] = f"={old}-$B$1*{gradient}{top + 6}"
        inputs = np.hstack([x, np.ones((5, 1))])
        w = w - 0.1 * 2 * inputs.T @ (inputs @ w - y) / 5
        values[f"GD!D{top + 8}"] = w.T
    return Made(page.parent, "layers", values)


def logistic_by_descent() -> Made:
    """A row is an epoch and a column a sample, as someone without loops lays it out, the sigmoid written out."""
    x, y = typed(104, 1, 6, low=-2, high=2), array([[0, 0, 1, 0, 1, 1]])
    page = sheet("Logistic")
    across(page, "A1", "x", None, None, *x[0].tolist())
    across(page, "A2", "y", None, None, *y[0].tolist())
    across(page, "A4", "epoch", "w", "b", *(f"p{number}" for number in range(1, 7)), "dw", "db", "log loss")
    across(page, "A5", 0, 0.1, 0)
    fill(page, "A6:A19", "=A5+1")
    fill(page, "D5:I19", "=1/(1+EXP(-($B5*D$1+$C5)))")
    fill(page, "J5:J19", "=SUMPRODUCT($D5:$I5-$D$2:$I$2,$D$1:$I$1)/COUNT($D$1:$I$1)")
    fill(page, "K5:K19", "=(SUM(D5:I5)-SUM($D$2:$I$2))/COUNT($D$1:$I$1)")
    fill(page, "L5:L19", "=-SUMPRODUCT($D$2:$I$2*LN(D5:I5)+(1-$D$2:$I$2)*LN(1-D5:I5))/COUNT($D$1:$I$1)")
    fill(page, "B6:C19", "=B5-0.5*J5")
    w, b, rows = 0.1, 0.0, []
    for _ in range(15):
        p = sigmoid(w * x + b)
        rows.append([*p[0], -float((y * np.log(p) + (1 - y) * np.log(1 - p)).mean())])
        w, b = w - 0.5 * float(((p - y) * x).mean()), b - 0.5 * float((p - y).mean())
    table_of = array(rows)
    return Made(page.parent, "nothing", {"Logistic!D5": table_of[:, :6], "Logistic!L5": table_of[:, 6:]})


def normal_equations() -> Made:
    """Multiple regression by (X'X)^-1 X'y shows each matrix, with fitted values and R squared beside."""
    x, y = np.hstack([np.ones((7, 1)), typed(105, 7, 2, high=5)]), typed(106, 7, 1, high=9)
    page = sheet("Multiple regression")
    across(page, "A1", "1", "size", "rooms", "price", None, "fitted", "residual")
    put(page, "A2", np.hstack([x, y]))
    page["A11"], page["E11"], page["I11"], page["K11"] = "X'X", "(X'X)^-1", "X'y", "b"
    spread(page, "A12:C14", "=MMULT(TRANSPOSE(A2:C8),A2:C8)")
    spread(page, "E12:G14", "=MINVERSE(A12:C14)")
    spread(page, "I12:I14", "=MMULT(TRANSPOSE(A2:C8),D2:D8)")
    spread(page, "K12:K14", "=MMULT(E12:G14,I12:I14)")
    fill(page, "F2:F8", "=$K$12*A2+$K$13*B2+$K$14*C2")
    fill(page, "G2:G8", "=D2-F2")
    across(page, "F10", "R2", "=1-SUMSQ(G2:G8)/DEVSQ(D2:D8)")
    b = np.linalg.solve(x.T @ x, x.T @ y)
    return Made(page.parent, "layers", {"Multiple regression!K12": b, "Multiple regression!F2": x @ b})


def by_sums() -> Made:
    """The line of best fit comes from the sums that a textbook has, in a table with structured references."""
    x, y = typed(107, 8, 1, low=1, high=9), typed(108, 8, 1, low=1, high=9)
    page = sheet("Fit")
    across(page, "A1", "x", "y", "xy", "x2", "fit")
    put(page, "A2", np.hstack([x, y]))
    table(page, "Points", "A1:E9")
    for row in range(2, 10):
        page[f"C{row}"] = "=Points[[#This Row],[x]]*Points[[#This Row],[y]]"
        page[f"D{row}"] = "=Points[[#This Row],[x]]^2"
        page[f"E{row}"] = "=$H$3*Points[[#This Row],[x]]+$H$4"
    down(page, "G2", "n", "slope", "intercept", "check")
    page["H2"] = "=COUNT(Points[x])"
    page["H3"] = "=(H2*SUM(Points[xy])-SUM(Points[x])*SUM(Points[y]))/(H2*SUM(Points[x2])-SUM(Points[x])^2)"
    page["H4"] = "=(SUM(Points[y])-H3*SUM(Points[x]))/H2"
    page["H5"] = "=ABS(H3-SLOPE(B2:B9,A2:A9))<0.000000001"
    slope, intercept = np.polyfit(x[:, 0], y[:, 0], 1)
    return Made(page.parent, "nothing", {"Fit!H3": array([[slope], [intercept]]), "Fit!E2": slope * x + intercept})


def polynomial() -> Made:
    """Descent fits four coefficients to named powers of x, in ten steps on a second worksheet."""
    x, y = np.linspace(-1, 1, 9)[:, None].round(2), typed(109, 9, 1)
    page = sheet("Data")
    across(page, "A1", "y", "1", "x", "x2", "x3")
    put(page, "A2", y)
    put(page, "C2", x)
    fill(page, "B2:B10", "=C2^0")
    fill(page, "D2:E10", "=C2*$C2")
    name(page, "powers", "B2:E10")
    name(page, "target", "A2:A10")
    steps = another(page, "Steps")
    across(steps, "A1", "step", "a", "b", "c", "d", "RMSE")
    across(steps, "A2", 0, 0, 0, 0, 0)
    fill(steps, "A3:A12", "=A2+1")
    for row in range(3, 13):
        old = f"$B{row - 1}:$E{row - 1}"
        gradient = f"MMULT(TRANSPOSE(MMULT(powers,TRANSPOSE({old}))-target),powers)"
        spread(steps, f"B{row}:E{row}", f"={old}-0.2*{gradient}/ROWS(target)")
        spread(steps, f"F{row}", f"=SQRT(SUMSQ(MMULT(powers,TRANSPOSE(B{row}:E{row}))-target)/ROWS(target))")
    return Made(page.parent, "nothing", {"Steps!B3": _descended(np.hstack([x**0, x, x**2, x**3]), y)})


def _descended(powers: Numbers, y: Numbers) -> Numbers:
    a, rows = np.zeros((4, 1)), []
    for _ in range(10):
        a = a - 0.2 * powers.T @ (powers @ a - y) / len(y)
        rows.append(a[:, 0])
    return array(rows)
