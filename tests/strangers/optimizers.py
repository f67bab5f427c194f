"""Optimizers as tables: a step a row, each row from the one above."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, another, down, fill, name, sheet, typed


def slope(w: float) -> float:
    """Of (w - 3)^2."""
    return 2 * (w - 3)


def sgd_rows() -> Made:
    """Gradient descent on (w - 3)^2 takes twenty steps down the sheet, its rate in one cell above."""
    page = sheet("SGD")
    across(page, "A1", "learning rate", 0.1)
    across(page, "A3", "step", "w", "gradient", "loss")
    across(page, "A4", 0, -2)
    fill(page, "A5:A24", "=A4+1")
    fill(page, "B5:B24", "=B4-$B$1*C4")
    fill(page, "C4:C24", "=2*(B4-3)")
    fill(page, "D4:D24", "=(B4-3)^2")
    w = [-2.0]
    for _ in range(20):
        w.append(w[-1] - 0.1 * slope(w[-1]))
    return Made(page.parent, values={"SGD!B4": array(w).T, "SGD!D4": array((np.array(w) - 3) ** 2).T})


def momentum_rows() -> Made:
    """Two parameters side by side have velocities, and the rates have names."""
    page = sheet("Momentum")
    across(page, "A1", "lr", 0.05, None, "beta", 0.9)
    name(page, "lr", "B1")
    name(page, "beta", "E1")
    across(page, "A3", "epoch", "w1", "w2", "g1", "g2", "v1", "v2")
    across(page, "A4", 0, 1, -1, None, None, 0, 0)
    fill(page, "A5:A18", "=A4+1")
    fill(page, "D5:D18", "=4*B4+C4")
    fill(page, "E5:E18", "=B4+2*C4")
    fill(page, "F5:G18", "=beta*F4+D5")
    fill(page, "B5:C18", "=B4-lr*F5")
    w, v, rows = np.array([1.0, -1.0]), np.zeros(2), []
    for _ in range(14):
        v = 0.9 * v + np.array([[4, 1], [1, 2]]) @ w
        w = w - 0.05 * v
        rows.append(w)
    return Made(page.parent, values={"Momentum!B5": array(rows)})


def adam_rows() -> Made:
    """Adam corrects both of its averages; the hyperparameters stand in a column on the right."""
    page = sheet("Adam")
    down(page, "K2", "alpha", "beta1", "beta2", "eps")
    down(page, "L2", 0.1, 0.9, 0.999, 1e-8)
    across(page, "A1", "t", "w", "g", "m", "v", "m hat", "v hat")
    across(page, "A2", 0, 5, None, 0, 0)
    fill(page, "A3:A32", "=A2+1")
    fill(page, "C3:C32", "=2*(B2-3)")
    fill(page, "D3:D32", "=$L$3*D2+(1-$L$3)*C3")
    fill(page, "E3:E32", "=$L$4*E2+(1-$L$4)*C3^2")
    fill(page, "F3:F32", "=D3/(1-$L$3^A3)")
    fill(page, "G3:G32", "=E3/(1-$L$4^A3)")
    fill(page, "B3:B32", "=B2-$L$2*F3/(SQRT(G3)+$L$5)")
    w, m, v, rows = 5.0, 0.0, 0.0, []
    for t in range(1, 31):
        m, v = 0.9 * m + 0.1 * slope(w), 0.999 * v + (1 - 0.999) * slope(w) ** 2
        w -= 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        rows.append(w)
    return Made(page.parent, values={"Adam!B3": array(rows).T})


def rmsprop_columns() -> Made:
    """The steps of RMSProp are columns with a row for each quantity, and the data has another worksheet."""
    x, y = typed(80, 8, low=0, high=3), typed(81, 8, low=0, high=3)
    page = sheet("RMSProp")
    data = another(page, "Data")
    down(data, "A1", "x", *x.tolist())
    down(data, "B1", "y", *y.tolist())
    down(page, "A2", "a", "gradient", "mean square", "step")
    down(page, "A8", "rate", "rho")
    down(page, "B8", 0.01, 0.9)
    page["B2"], page["B4"] = 0.5, 0
    fill(page, "C3:N3", "=-2*SUMPRODUCT(Data!$B$2:$B$9-B2*Data!$A$2:$A$9,Data!$A$2:$A$9)/COUNT(Data!$A$2:$A$9)")
    fill(page, "C4:N4", "=$B$9*B4+(1-$B$9)*C3^2")
    fill(page, "C5:N5", "=$B$8*C3/SQRT(C4+0.000001)")
    fill(page, "C2:N2", "=B2-C5")
    a, square, rows = 0.5, 0.0, []
    for _ in range(12):
        gradient = -2 * float(((y - a * x) * x).mean())
        square = 0.9 * square + (1 - 0.9) * gradient**2
        a -= 0.01 * gradient / np.sqrt(square + 1e-6)
        rows.append(a)
    return Made(page.parent, values={"RMSProp!C2": array(rows)})


def one_cycle() -> Made:
    """A learning rate rises and falls by cosines, and the momentum does the opposite."""
    page = sheet("Schedule")
    across(page, "A1", "max lr", 0.01, "steps", 20, "warm-up", 0.3)
    across(page, "A3", "step", "share", "lr", "momentum")
    down(page, "A4", *range(20))
    fill(page, "B4:B23", "=IF(A4<$D$1*$F$1,A4/($D$1*$F$1),(A4-$D$1*$F$1)/($D$1*(1-$F$1)))")
    fill(page, "C4:C23", "=IF(A4<$D$1*$F$1,$B$1*(1-COS(PI()*B4))/2,$B$1*(1+COS(PI()*B4))/2)")
    fill(page, "D4:D23", "=0.95-0.1*C4/$B$1")
    steps = np.arange(20.0)
    rate = np.where(
        steps < 6, 0.01 * (1 - np.cos(np.pi * steps / 6)) / 2, 0.01 * (1 + np.cos(np.pi * (steps - 6) / 14)) / 2
    )
    return Made(page.parent, values={"Schedule!C4": array(rate).T, "Schedule!D4": array(0.95 - 10 * rate).T})
