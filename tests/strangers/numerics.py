"""Numerical methods, finance and games, in which products are added up and the larger of two is taken, too."""

from __future__ import annotations

import numpy as np

from tests.strangers.convolutions import correlated
from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, another, down, fill, put, sheet, spread, table, typed


def heat_equation() -> Made:
    """Each row is a moment of a rod of eleven points, by differences from the row above; both ends stay as they are."""
    start = typed(500, 11, low=0, high=100, digits=0)
    page = sheet("Rod")
    across(page, "A1", "r", 0.2)
    across(page, "A3", 0, *start.tolist())
    fill(page, "A4:A15", "=A3+1")
    fill(page, "B4:B15", "=B3")
    fill(page, "L4:L15", "=L3")
    fill(page, "C4:K15", "=C3+$B$1*(B3-2*C3+D3)")
    u, rows = start, []
    for _ in range(12):
        u = np.concatenate([u[:1], u[1:-1] + 0.2 * (u[:-2] - 2 * u[1:-1] + u[2:]), u[-1:]])
        rows.append(u)
    return Made(page.parent, "layers", {"Rod!B4": array(rows)})


def plate() -> Made:
    """Two rounds of Jacobi's method on a plate: a point is the mean of its four neighbours, the border is typed."""
    page = sheet("Plate")
    x = np.zeros((6, 7))
    x[0], x[-1] = 100, 20
    put(page, "A1", x)
    before = x
    for old, new in ((1, 9), (9, 17)):
        fill(page, f"A{new}:G{new}", f"=A{old}")
        fill(page, f"A{new + 5}:G{new + 5}", f"=A{old + 5}")
        for column in "AG":
            fill(page, f"{column}{new + 1}:{column}{new + 4}", f"={column}{old + 1}")
        fill(page, f"B{new + 1}:F{new + 4}", f"=(B{old}+B{old + 2}+A{old + 1}+C{old + 1})/4")
        after = before.copy()
        after[1:-1, 1:-1] = correlated(before, array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])) / 4
        before = after
    return Made(page.parent, "layers", {"Plate!A17": before})


def rule_thirty() -> Made:
    """A line of cells grows downwards by a rule of eight cases that stands in a table above it."""
    page = sheet("Rule 30")
    across(page, "A1", *range(7, -1, -1))
    across(page, "A2", 0, 0, 0, 1, 1, 1, 1, 0)
    first = np.zeros(13)
    first[6] = 1
    put(page, "B4", [first.tolist()])
    fill(page, "B5:N10", "=HLOOKUP(4*A4+2*B4+C4,$A$1:$H$2,2,FALSE)")
    rows = [first]
    for _ in range(6):
        padded = np.pad(rows[-1], 1)
        number = 4 * padded[:-2] + 2 * padded[1:-1] + padded[2:]
        rows.append(array([0, 1, 1, 1, 1, 0, 0, 0])[0][number.astype(int)])
    return Made(page.parent, "nothing", {"Rule 30!B5": array(rows[1:])})


def simpson() -> Made:
    """The integral of a bell curve by Simpson's rule has typed weights 1, 4, 2, and the trapezium stands beside."""
    page = sheet("Integral")
    across(page, "A1", "x", "f(x)", "Simpson", "trapezium", None, "h", 0.25)
    down(page, "A2", *np.linspace(0, 2, 9).tolist())
    fill(page, "B2:B10", "=EXP(-(A2^2))")
    down(page, "C2", 1, 4, 2, 4, 2, 4, 2, 4, 1)
    down(page, "D2", 1, 2, 2, 2, 2, 2, 2, 2, 1)
    fill(page, "C11:D11", "=SUMPRODUCT($B$2:$B$10,C2:C10)")
    across(page, "F11", "=C11*G1/3", "=D11*G1/2")
    values = np.exp(-(np.linspace(0, 2, 9) ** 2))
    both = [values @ [1, 4, 2, 4, 2, 4, 2, 4, 1] / 12, values @ [1, 2, 2, 2, 2, 2, 2, 2, 1] / 8]
    return Made(page.parent, "layers", {"Integral!F11": array(both)})


def fourier() -> Made:
    """A signal of eight samples is multiplied by matrices of cosines and sines, formulas of their headings."""
    x = typed(501, 8, 1)
    page = sheet("DFT")
    across(page, "C1", *range(8))
    for top in (3, 13):
        down(page, f"B{top}", *range(8))
        wave = "COS" if top == 3 else "SIN"
        fill(page, f"C{top}:J{top + 7}", f"={wave}(2*PI()*$B{top}*C$1/8)")
    put(page, "L3", x)
    spread(page, "N3:N10", "=MMULT(C3:J10,L3:L10)")
    spread(page, "O3:O10", "=-MMULT(C13:J20,L3:L10)")
    fill(page, "P3:P10", "=SQRT(N3^2+O3^2)")
    return Made(page.parent, "layers", {"DFT!P3": np.abs(np.fft.fft(x, axis=0))})


def option_tree() -> Made:
    """A binomial tree has the price of a share upwards from day to day, and the option's value back to the first."""
    page = sheet("Option")
    across(page, "A1", "price", 100, "strike", 105, "up", 1.1, "down", "=1/F1", "rate", 0.01)
    across(page, "A2", "p", "=(1+J1-H1)/(F1-H1)")
    for step, column in enumerate("BCDEF"):
        for row in range(step + 1):
            page[f"{column}{5 + row}"] = f"=$B$1*$F$1^{step - row}*$H$1^{row}"
            later = chr(ord(column) + 1)
            back = f"($B$2*{later}{15 + row}+(1-$B$2)*{later}{16 + row})/(1+$J$1)"
            page[f"{column}{15 + row}"] = f"=MAX(0,{column}{5 + row}-$D$1)" if column == "F" else f"={back}"
    down_, p = 1 / 1.1, (1.01 - 1 / 1.1) / (1.1 - 1 / 1.1)
    value = np.maximum(0, 100 * 1.1 ** (4.0 - np.arange(5)) * down_ ** np.arange(5) - 105)
    for _ in range(4):
        value = (p * value[:-1] + (1 - p) * value[1:]) / 1.01
    return Made(page.parent, "layers", {"Option!B15": array(value)})


def tax_brackets() -> Made:
    """What is above each threshold is taxed by the difference of two rates, in a row for each person."""
    income = typed(502, 6, 1, low=8000, high=90000, digits=0)
    above, rate = array([[10000, 25000, 60000]]), array([[0.14, 0.16, 0.12]])
    page = sheet("Tax")
    across(page, "A1", "from", None, *above[0].tolist())
    across(page, "A2", "more", None, *rate[0].tolist())
    across(page, "A4", "who", "income", "above 1", "above 2", "above 3", "tax", "share", "marginal")
    down(page, "A5", "Ann", "Bob", "Cem", "Dee", "Eva", "Fay")
    put(page, "B5", income)
    fill(page, "C5:E10", "=MAX(0,$B5-C$1)")
    fill(page, "F5:F10", "=SUMPRODUCT(C5:E5,$C$2:$E$2)")
    fill(page, "G5:G10", "=F5/B5")
    fill(page, "H5:H10", '=SUMIF($C$1:$E$1,"<"&B5,$C$2:$E$2)')
    return Made(page.parent, "layers", {"Tax!F5": np.maximum(0, income - above) @ rate.T})


def portfolio() -> Made:
    """Three shares have weights, mean returns and a covariance, from which MMULT gives the return and the risk."""
    returns, weights = typed(503, 12, 3, digits=3) / 10, array([[0.5, 0.3, 0.2]])
    page = sheet("Returns")
    across(page, "A1", "north", "south", "west")
    put(page, "A2", returns)
    fill(page, "A15:C15", "=AVERAGE(A2:A13)")
    risk = another(page, "Risk")
    put(risk, "A2", weights)
    for row in range(3):
        for column in range(3):
            one, two = (f"Returns!${'ABC'[each]}$2:${'ABC'[each]}$13" for each in (row, column))
            risk[f"{'EFG'[column]}{2 + row}"] = f"=COVAR({one},{two})"
    down(risk, "A5", "return", "variance", "deviation")
    risk["B5"] = "=SUMPRODUCT(A2:C2,Returns!A15:C15)*12"
    spread(risk, "B6", "=SUM(MMULT(A2:C2,MMULT(E2:G4,TRANSPOSE(A2:C2))))*12")
    risk["B7"] = "=SQRT(B6)"
    variance = weights @ np.cov(returns.T, bias=True) @ weights.T * 12
    return Made(page.parent, "layers", {"Risk!B6": array([variance[0], np.sqrt(variance[0])])})


def input_output() -> Made:
    """Leontief's table: what three industries need of each other, and what they have to make for a given demand."""
    needs, demand = typed(504, 3, 3, low=0, high=0.3), typed(505, 3, 1, low=10, high=90, digits=0)
    page = sheet("Leontief")
    across(page, "B1", "farms", "mills", "mines", None, "demand", None, "makes")
    down(page, "A2", "farms", "mills", "mines")
    put(page, "B2", needs)
    put(page, "F2", demand)
    put(page, "B7", np.eye(3))
    fill(page, "F7:H9", "=B7-B2")
    spread(page, "B12:D14", "=MINVERSE(F7:H9)")
    spread(page, "H2:H4", "=MMULT(B12:D14,F2:F4)")
    fill(page, "J2:L4", "=B2*INDEX($H$2:$H$4,COLUMN()-9)")
    makes = np.linalg.solve(np.eye(3) - needs, demand)
    return Made(page.parent, "layers", {"Leontief!H2": makes, "Leontief!J2": needs * makes.T})


def page_rank() -> Made:
    """Four pages link to each other; their ranks are columns, each from the one before by matrix and damping."""
    links = array([[0, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 1], [0, 0, 1, 0]])
    page = sheet("Ranks")
    across(page, "A1", "damping", 0.85)
    put(page, "A3", links)
    fill(page, "A8:D8", "=SUM(A3:A6)")
    fill(page, "A10:D13", "=A3/A$8")
    down(page, "F10", 0.25, 0.25, 0.25, 0.25)
    for before, after in zip("FGHIJ", "GHIJK", strict=True):
        products = "+".join(f"${column}10*{before}${row}" for row, column in enumerate("ABCD", 10))
        fill(page, f"{after}10:{after}13", f"=(1-$B$1)/4+$B$1*({products})")
    rank = np.full((4, 1), 0.25)
    for _ in range(5):
        rank = 0.15 / 4 + 0.85 * (links / links.sum(0)) @ rank
    return Made(page.parent, "layers", {"Ranks!K10": rank})


def check_digits() -> Made:
    """Book numbers are cut into digits by MID, weighted by ones and threes in the row above, and checked."""
    numbers = ["978030640615", "978316148410", "978186197271"]
    page = sheet("ISBN")
    across(page, "C1", *[1, 3] * 6)
    down(page, "A2", *numbers)
    fill(page, "C2:N4", "=VALUE(MID($A2,COLUMN()-2,1))")
    fill(page, "P2:P4", "=MOD(10-MOD(SUMPRODUCT($C$1:$N$1,C2:N2),10),10)")
    return Made(page.parent, "layers", {"ISBN!P2": array([7, 0, 2]).T})


def running_extremes() -> Made:
    """The largest and the least of the last three days stand beside each price, and whether it breaks out of them."""
    x = typed(506, 15, 1, low=90, high=110)
    page = sheet("Channel")
    across(page, "A1", "price", "high 3", "low 3", "signal")
    put(page, "A2", x)
    fill(page, "B5:B16", "=MAX(A2:A4)")
    fill(page, "C5:C16", "=MIN(A2:A4)")
    fill(page, "D5:D16", "=IF(A5>B5,1,IF(A5<C5,-1,0))")
    windows = np.lib.stride_tricks.sliding_window_view(x[:-1, 0], 3)
    return Made(page.parent, "layers", {"Channel!B5": array([windows.max(1), windows.min(1)]).T})


def times_table() -> Made:
    """Ten by ten: each cell multiplies its headings, and a diagonal of squares is added up."""
    page = sheet("1x1")
    across(page, "B1", *range(1, 11))
    down(page, "A2", *range(1, 11))
    fill(page, "B2:K11", "=$A2*B$1")
    across(page, "A13", "squares", "=SUMPRODUCT((A2:A11=B1:K1)*B2:K11)")
    numbers = np.arange(1.0, 11)
    values = {"1x1!B2": np.outer(numbers, numbers), "1x1!B13": array((numbers**2).sum())}
    return Made(page.parent, "nothing", values)


def chess_ratings() -> Made:
    """Elo: expected shares of each game by a logistic function of base ten, ratings carried down a table of games."""
    results = [1, 0.5, 0, 1, 1, 0, 0.5]
    page = sheet("Elo")
    across(page, "A1", "game", "A", "B", "expected", "result", "new A", "new B", None, "K", 32)
    across(page, "B2", 1500, 1620)
    fill(page, "A2:A8", "=ROW()-1")
    down(page, "E2", *results)
    table(page, "Games", "A1:G8")
    fill(page, "B3:C8", "=F2")
    fill(page, "D2:D8", "=1/(1+10^((C2-B2)/400))")
    fill(page, "F2:F8", "=B2+$J$1*(E2-D2)")
    fill(page, "G2:G8", "=C2+$J$1*(D2-E2)")
    one, two, rows = 1500.0, 1620.0, []
    for result in results:
        change = 32 * (result - 1 / (1 + 10 ** ((two - one) / 400)))
        one, two = one + change, two - change
        rows.append([one, two])
    return Made(page.parent, "nothing", {"Elo!F2": array(rows)})
