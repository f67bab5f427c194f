"""Statistics and control: clusters, components, chains, filters, matrices."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, another, down, fill, name, put, sheet, spread, table, typed


def k_means() -> Made:
    """Each point has its distances to two centres and the nearer one; AVERAGEIF moves them, twice."""
    x = np.vstack([typed(290, 5, 2), typed(291, 5, 2) + 3]).round(2)
    page = sheet("k-means")
    across(page, "A1", "x", "y", None, "d1", "d2", "cluster", None, None, "d1", "d2", "cluster")
    put(page, "A2", x)
    centres = x[[0, 9]]
    down(page, "A14", "centres", 1, 2)
    put(page, "B15", centres)
    values = {}
    for distances, cluster, columns, new in (("D", "F", "$B$15:$C$16", "E15"), ("I", "K", "$E$15:$F$16", "H15")):
        first, last = columns.replace("$", "").split(":")
        for offset, row in enumerate((15, 16)):
            left, right = f"${first[0]}${row}", f"${last[0]}${row}"
            column = chr(ord(distances) + offset)
            fill(page, f"{column}2:{column}11", f"=SQRT(($A2-{left})^2+($B2-{right})^2)")
        closer = chr(ord(distances) + 1)
        fill(page, f"{cluster}2:{cluster}11", f"=IF({distances}2<={closer}2,1,2)")
        for column, source in zip((new[0], chr(ord(new[0]) + 1)), "AB", strict=True):
            average = f"=AVERAGEIF(${cluster}$2:${cluster}$11,$A15,{source}$2:{source}$11)"
            fill(page, f"{column}15:{column}16", average)
        nearer = np.linalg.norm(x[:, None] - centres, axis=2).argmin(1)
        centres = np.vstack([x[nearer == number].mean(0) for number in (0, 1)])
        values[f"k-means!{new}"] = centres
    return Made(page.parent, "nothing", values)


def principal_components() -> Made:
    """Centred data has a covariance, ten steps of the power method give the first component, and MMULT its scores."""
    x = typed(292, 8, 3)
    page = sheet("PCA")
    put(page, "A2", x)
    page["A11"] = "mean"
    fill(page, "A12:C12", "=AVERAGE(A2:A9)")
    fill(page, "E2:G9", "=A2-A$12")
    spread(page, "I2:K4", "=MMULT(TRANSPOSE(E2:G9),E2:G9)/(ROWS(A2:A9)-1)")
    down(page, "I7", 1, 1, 1)
    for before, after in zip("IJKLMNOPQR", "JKLMNOPQRS", strict=True):
        product = f"MMULT($I$2:$K$4,{before}7:{before}9)"
        spread(page, f"{after}7:{after}9", f"={product}/SQRT(SUMSQ({product}))")
    spread(page, "I12:I19", "=MMULT(E2:G9,S7:S9)")
    covariance, v = np.cov(x.T), np.ones((3, 1))
    for _ in range(10):
        v = covariance @ v / np.linalg.norm(covariance @ v)
    values = {"PCA!I2": array(covariance), "PCA!S7": v, "PCA!I12": (x - x.mean(0)) @ v}
    return Made(page.parent, "layers", values)


def correlations() -> Made:
    """Functions give the correlations of a table's four columns, and sums their covariances."""
    x = typed(293, 9, 4, low=0, high=9)
    page = sheet("Data")
    across(page, "A1", "height", "weight", "age", "shoe")
    put(page, "A2", x)
    table(page, "Bodies", "A1:D10")
    out = another(page, "Matrices")
    columns = ("height", "weight", "age", "shoe")
    for row, one in enumerate(columns, 2):
        for column, two in zip("BCDE", columns, strict=True):
            out[f"{column}{row}"] = f"=CORREL(Bodies[{one}],Bodies[{two}])"
            product = f"SUMPRODUCT(Bodies[{one}]-AVERAGE(Bodies[{one}]),Bodies[{two}]-AVERAGE(Bodies[{two}]))"
            out[f"{column}{row + 6}"] = f"={product}/(ROWS(Bodies[{one}])-1)"
    values = {"Matrices!B2": array(np.corrcoef(x.T)), "Matrices!B8": array(np.cov(x.T))}
    return Made(page.parent, "nothing", values)


def confusion_matrix() -> Made:
    """COUNTIFS counts twelve answers against the truth; precision, recall, F1 and accuracy stand around."""
    names = ["cat", "dog", "bird"]
    truth, said = [0, 0, 1, 1, 2, 2, 0, 1, 2, 0, 1, 2], [0, 1, 1, 1, 2, 0, 0, 2, 2, 0, 1, 1]
    page = sheet("Results")
    across(page, "A1", "truth", "said", None, None, *names, "recall")
    put(page, "A2", [[names[one], names[two]] for one, two in zip(truth, said, strict=True)])
    down(page, "D2", *names, "precision", "F1")
    fill(page, "E2:G4", "=COUNTIFS($A$2:$A$13,$D2,$B$2:$B$13,E$1)")
    fill(page, "H2:H4", "=INDEX(E2:G2,ROW()-1)/SUM(E2:G2)")
    fill(page, "E5:G5", "=INDEX(E2:E4,COLUMN()-4)/SUM(E2:E4)")
    fill(page, "E6:G6", "=2*E5*INDEX($H$2:$H$4,COLUMN()-4)/(E5+INDEX($H$2:$H$4,COLUMN()-4))")
    across(page, "D8", "accuracy", "=(E2+F3+G4)/SUM(E2:G4)")
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (truth, said), 1)
    hits = np.diag(matrix)
    values = {"Results!E2": matrix, "Results!E5": hits[None] / matrix.sum(0), "Results!E8": array(hits.sum() / 12)}
    return Made(page.parent, "nothing", values)


def markov_chain() -> Made:
    """Each day's weather comes from the row above by the transition matrix, which beside is squared three times."""
    chain, state = array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.2, 0.3, 0.5]]), array([1, 0, 0])
    page = sheet("Markov")
    across(page, "A1", "day", "sun", "cloud", "rain", None, "P")
    put(page, "F2", chain)
    across(page, "A2", 0, *state[0].tolist())
    fill(page, "A3:A12", "=A2+1")
    fill(page, "B3:D12", "=$B2*F$2+$C2*F$3+$D2*F$4")
    for top, bottom in ((2, 6), (6, 10), (10, 14)):
        square = f"F{top}:H{top + 2}"
        spread(page, f"F{bottom}:H{bottom + 2}", f"=MMULT({square},{square})")
    days = [state @ np.linalg.matrix_power(chain, day) for day in range(1, 11)]
    values = {"Markov!B3": np.vstack(days), "Markov!F14": np.linalg.matrix_power(chain, 8)}
    return Made(page.parent, "layers", values)


def kalman() -> Made:
    """A filter predicts and corrects a temperature, a measurement a row, with gain and variance beside."""
    z = typed(294, 15, low=19, high=23)
    page = sheet("Kalman")
    across(page, "A1", "Q", 0.01, "R", 0.25)
    across(page, "A3", "k", "measured", "predicted", "variance", "gain", "estimate", "variance")
    across(page, "F4", 20, 1)
    put(page, "A5", [[number + 1, value] for number, value in enumerate(z.tolist())])
    fill(page, "C5:C19", "=F4")
    fill(page, "D5:D19", "=G4+$B$1")
    fill(page, "E5:E19", "=D5/(D5+$D$1)")
    fill(page, "F5:F19", "=C5+E5*(B5-C5)")
    fill(page, "G5:G19", "=(1-E5)*D5")
    x, p, rows = 20.0, 1.0, []
    for value in z.tolist():
        p += 0.01
        gain = p / (p + 0.25)
        x, p = x + gain * (value - x), (1 - gain) * p
        rows.append([x, p])
    return Made(page.parent, "nothing", {"Kalman!F5": array(rows)})


def kalman_matrices() -> Made:
    """Named matrices take a position and a speed through one step of the filter by MMULT."""
    f, h, p = array([[1, 1], [0, 1]]), array([[1, 0]]), array([[2, 0.5], [0.5, 1]])
    x = array([[0.5], [1.2]])
    page = sheet("Step")
    for called, at, numbers in (("F_", "B2:C3", f), ("H_", "E2:F2", h), ("P_", "H2:I3", p), ("x_", "K2:K3", x)):
        put(page, at.partition(":")[0], numbers)
        name(page, called, at)
    across(page, "A6", "z", 1.9, "R", 0.3, "Q", 0.1)
    spread(page, "B8:B9", "=MMULT(F_,x_)")
    put(page, "H6", np.eye(2))
    spread(page, "D8:E9", "=MMULT(MMULT(F_,P_),TRANSPOSE(F_))+F6*H6:I7")
    spread(page, "G10:G11", "=MMULT(D8:E9,TRANSPOSE(H_))/(SUM(MMULT(MMULT(H_,D8:E9),TRANSPOSE(H_)))+D6)")
    spread(page, "B12:B13", "=B8:B9+G10:G11*(B6-SUM(MMULT(H_,B8:B9)))")
    spread(page, "D12:E13", "=MMULT(H6:I7-MMULT(G10:G11,H_),D8:E9)")
    before, p = f @ x, f @ p @ f.T + 0.1 * np.eye(2)
    gain = p @ h.T / (h @ p @ h.T + 0.3)
    values = {"Step!B12": before + gain * (1.9 - h @ before), "Step!D12": (np.eye(2) - gain @ h) @ p}
    return Made(page.parent, "layers", values)


def moving_averages() -> Made:
    """Prices by day have averages over three and seven days, a weighted one and an exponential one."""
    x = typed(295, 20, 1, low=90, high=110)
    page = sheet("Prices")
    across(page, "A1", "day", "price", "SMA 3", "SMA 7", "WMA 3", "EMA", None, "alpha", 0.3)
    put(page, "A2", [[number + 1, value] for number, value in enumerate(x[:, 0].tolist())])
    across(page, "H3", "weights")
    down(page, "I3", 0.2, 0.3, 0.5)
    fill(page, "C4:C21", "=AVERAGE(B2:B4)")
    fill(page, "D8:D21", "=AVERAGE(B2:B8)")
    fill(page, "E4:E21", "=SUMPRODUCT(B2:B4,$I$3:$I$5)")
    page["F2"] = "=B2"
    fill(page, "F3:F21", "=$I$1*B3+(1-$I$1)*F2")
    windows = np.lib.stride_tricks.sliding_window_view(x[:, 0], 3)
    ema = [float(x[0, 0])]
    for value in x[1:, 0].tolist():
        ema.append(0.3 * value + 0.7 * ema[-1])
    weighted = windows @ np.array([[0.2], [0.3], [0.5]])
    values = {"Prices!C4": array(windows.mean(1)).T, "Prices!E4": array(weighted), "Prices!F2": array(ema).T}
    return Made(page.parent, "layers", values)


def linear_algebra() -> Made:
    """A worksheet for practice has sums, products, an inverse, a determinant and a system of equations."""
    a, b = typed(296, 3, 3), typed(297, 3, 3)
    page = sheet("Matrices")
    for at, numbers, title in (("B3", a, "A"), ("F3", b, "B")):
        put(page, at, numbers)
        page[f"{at[0]}2"] = title
    down(page, "J2", "A+B")
    fill(page, "J3:L5", "=B3+F3")
    page["B7"], page["F7"], page["J7"] = "AB", "A'", "A^-1"
    spread(page, "B8:D10", "=MMULT(B3:D5,F3:H5)", a @ b)
    spread(page, "F8:H10", "=TRANSPOSE(B3:D5)", a.T)
    spread(page, "J8:L10", "=MINVERSE(B3:D5)", np.linalg.inv(a))
    across(page, "B12", "|A|", "=MDETERM(B3:D5)", None, "trace", "=B3+C4+D5")
    spread(page, "N3:N5", "=MMULT(J8:L10,F3:F5)")
    values = {"Matrices!B8": a @ b, "Matrices!J8": array(np.linalg.inv(a)), "Matrices!N3": np.linalg.solve(a, b[:, :1])}
    return Made(page.parent, "layers", values)
