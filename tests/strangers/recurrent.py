"""Recurrent networks: cells with gates, and steps in time as rows or columns."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, Numbers, array
from tests.strangers.writing import across, another, down, fill, name, put, sheet, sigmoid, spread_each, typed


def lstm_step() -> Made:
    """Each gate is a block with weights for input and state and a bias; the sigmoid is written out."""
    x, h, c = typed(120, 3, 1), typed(121, 2, 1), typed(122, 2, 1)
    page = sheet("LSTM cell")
    down(page, "A2", "x", None, None, "h(t-1)", None, "c(t-1)")
    put(page, "B2", np.vstack([x, h, c]))
    gates = []
    for number, (gate, row) in enumerate(zip(("forget", "input", "candidate", "output"), (2, 6, 10, 14), strict=True)):
        w, u, b = typed(123 + number, 2, 3), typed(127 + number, 2, 2), typed(131 + number, 2, 1)
        across(page, f"D{row - 1}", f"W {gate}", None, None, f"U {gate}", None, "b", None, "sum", "gate")
        put(page, f"D{row}", np.hstack([w, u, b]))
        products = f"D{row}*$B$2+E{row}*$B$3+F{row}*$B$4+G{row}*$B$5+H{row}*$B$6+I{row}"
        fill(page, f"K{row}:K{row + 1}", f"={products}")
        formula = f"=TANH(K{row})" if gate == "candidate" else f"=1/(1+EXP(-K{row}))"
        fill(page, f"L{row}:L{row + 1}", formula)
        total = w @ x + u @ h + b
        gates.append(np.tanh(total) if gate == "candidate" else sigmoid(total))
    across(page, "N1", "c(t)", "h(t)")
    fill(page, "N2:N3", "=L2*B7+L6*L10")
    fill(page, "O2:O3", "=L14*TANH(N2)")
    state = gates[0] * c + gates[1] * gates[2]
    return Made(page.parent, "layers", {"LSTM cell!N2": np.hstack([state, gates[3] * np.tanh(state)])})


def lstm_rows() -> Made:
    """A scalar LSTM takes six steps, each a row, by twelve parameters that have names on another worksheet."""
    x, parameters = typed(136, 6), typed(137, 12)
    page = sheet("Steps")
    given = another(page, "Parameters")
    called = [f"{kind}{gate}" for gate in "figo" for kind in ("w", "u", "b_")]
    for row, (each, number) in enumerate(zip(called, parameters.tolist(), strict=True), 1):
        across(given, f"A{row}", each, number)
        name(given, each, f"B{row}")
    across(page, "A1", "t", "x", "f", "i", "g", "o", "c", "h")
    across(page, "A2", 0, None, None, None, None, None, 0, 0)
    put(page, "A3", [[t + 1, value] for t, value in enumerate(x.tolist())])
    for column, gate in zip("CDF", "fio", strict=True):
        fill(page, f"{column}3:{column}8", f"=1/(1+EXP(-(w{gate}*$B3+u{gate}*$H2+b_{gate})))")
    fill(page, "E3:E8", "=TANH(wg*B3+ug*H2+b_g)")
    fill(page, "G3:G8", "=C3*G2+D3*E3")
    fill(page, "H3:H8", "=F3*TANH(G3)")
    c = h = 0.0
    rows, w = [], parameters.reshape(4, 3)
    for value in x:
        f, i, g, o = (float(each @ [value, h, 1]) for each in w)
        c = float(sigmoid(array(f))[0, 0]) * c + float(sigmoid(array(i))[0, 0]) * np.tanh(g)
        h = float(sigmoid(array(o))[0, 0]) * np.tanh(c)
        rows.append([c, h])
    return Made(page.parent, "layers", {"Steps!G3": array(rows)})


def gru() -> Made:
    """The steps of a GRU with two units are columns, and MMULT in each cell makes the gates."""
    x, w, u, b = typed(138, 2, 3), typed(139, 6, 2), typed(140, 6, 2), typed(141, 6, 1)
    page = sheet("GRU")
    down(page, "A2", "Wr", None, "Wz", None, "Wn", None)
    put(page, "B2", np.hstack([w, u, b]))
    page["J1"] = "x1"
    across(page, "I11", 0)
    across(page, "I12", 0)
    h = np.zeros((2, 1))
    states = []
    for step, column in enumerate("JKL"):
        before, t = "IJK"[step], x[:, step : step + 1]
        down(page, f"{column}1", f"t={step + 1}", *t[:, 0].tolist())
        inputs, state = f"{column}$2:{column}$3", f"{before}$11:{before}$12"
        spread_each(page, f"{column}5:{column}8", f"=1/(1+EXP(-MMULT($B2:$C2,{inputs})-MMULT($D2:$E2,{state})-$F2))")
        recalled = f"{column}$5:{column}$6*{state}"
        spread_each(page, f"{column}9:{column}10", f"=TANH(MMULT($B6:$C6,{inputs})+MMULT($D6:$E6,{recalled})+$F6)")
        fill(page, f"{column}11:{column}12", f"=(1-{column}7)*{column}9+{column}7*{before}11")
        gates = sigmoid(w[:4] @ t + u[:4] @ h + b[:4])
        new = np.tanh(w[4:] @ t + u[4:] @ (gates[:2] * h) + b[4:])
        h = (1 - gates[2:]) * new + gates[2:] * h
        states.append(h)
    return Made(page.parent, "nothing", {"GRU!J11": np.hstack(states)})


def rnn_unrolled() -> Made:
    """Letters are one-hot columns, and each step with its shares stands to the right of the last."""
    word, wx, wh, wy = [0, 1, 2, 2], typed(142, 3, 4), typed(143, 3, 3), typed(144, 4, 3)
    page = sheet("hello")
    down(page, "A2", "h", "e", "l", "o")
    across(page, "G1", *"hell")
    put(page, "G2", np.eye(4)[:, word])
    for at, numbers, title in (("B8", wx, "Wxh"), ("B13", wh, "Whh"), ("B18", wy, "Why")):
        put(page, at, numbers)
        page[f"A{at[1:]}"] = title
    down(page, "F8", 0, 0, 0)
    spread_each(page, "G8:J10", "=TANH(MMULT($B8:$E8,G$2:G$5)+MMULT($B13:$D13,F$8:F$10))")
    spread_each(page, "G18:J21", "=MMULT($B18:$D18,G$8:G$10)")
    fill(page, "G24:J27", "=EXP(G18)/(EXP(G$18)+EXP(G$19)+EXP(G$20)+EXP(G$21))")
    fill(page, "G29:J29", "=INDEX($A$2:$A$5,MATCH(MAX(G24:G27),G24:G27,0))")
    states = _states(np.eye(4)[:, word], wx, wh)
    exps = np.exp(wy @ states)
    return Made(page.parent, "layers", {"hello!G8": states, "hello!G24": exps / exps.sum(0)})


def _states(x: Numbers, wx: Numbers, wh: Numbers) -> Numbers:
    h, columns = np.zeros((3, 1)), []
    for step in range(x.shape[1]):
        h = np.tanh(wx @ x[:, step : step + 1] + wh @ h)
        columns.append(h)
    return np.hstack(columns)


def relu_rnn() -> Made:
    """A scalar recurrence with ReLU remembers one number by the same two weights in every row."""
    x = typed(145, 10)
    page = sheet("Memory")
    across(page, "A1", "w_in", 0.8, "w_rec", 0.5)
    across(page, "A3", "t", "x", "h")
    across(page, "A4", 0, None, 0)
    put(page, "A5", [[t + 1, value] for t, value in enumerate(x.tolist())])
    fill(page, "C5:C14", "=MAX(0,$B$1*B5+$D$1*C4)")
    h, rows = 0.0, []
    for value in x.tolist():
        h = max(0.0, 0.8 * value + 0.5 * h)
        rows.append([h])
    return Made(page.parent, "layers", {"Memory!C5": array(rows)})
