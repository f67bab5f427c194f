"""Habits of people: guards against blank cells, rounding, whole columns, copied worksheets, numbers that are drawn."""

from __future__ import annotations

import numpy as np

from tests.strangers.perceptrons import CLASSIFIER
from tests.strangers.stranger import Made, Planted, array
from tests.strangers.writing import across, another, down, fill, put, relu, sheet, softmax, spread_each, typed


def random_weights() -> Made:
    """Each press of F9 draws new weights, as a lesson on initialisation has it; no value stays to be compared."""
    page = sheet("He init")
    across(page, "B1", "x1", "x2", "x3", None, "fan in", "=COUNT(B2:D2)", "deviation", "=SQRT(2/G1)")
    across(page, "B2", 2, 3, 1)
    page["A4"], page["A9"], page["A11"] = "weights", "sums", "ReLU"
    fill(page, "B5:E7", "=_xlfn.NORM.INV(RAND(),0,$I$1)")
    spread_each(page, "B9:E9", "=MMULT($B$2:$D$2,B5:B7)")
    fill(page, "B11:E11", "=MAX(0,B9)")
    across(page, "G11", "alive", '=COUNTIF(B11:E11,">0")/COUNT(B11:E11)')
    return Made(page.parent, "layers", beside=("He init!H11",))


def copied_sheet() -> Made:
    """A worksheet with a network was copied twice to try other inputs; the copies have their own weights, the same."""
    w1, b1, w2 = typed(450, 3, 3), typed(451, 1, 3), typed(452, 3, 2)
    page, values = sheet("Try"), {}
    for number, title in enumerate(("Try", "Try (2)", "Try (3)")):
        x = typed(453 + number, 1, 3)
        here = page if not number else another(page, title)
        for at, numbers in (("B2", x), ("B5", w1), ("B8", b1), ("G5", w2)):
            put(here, at, numbers)
        down(here, "A2", "input", None, None, "W1", None, None, "b1", None, "hidden", None, "score", "share")
        fill(here, "B10:D10", "=MAX(0,$B$2*B5+$C$2*B6+$D$2*B7+B8)")
        fill(here, "B12:C12", "=$B$10*G5+$C$10*G6+$D$10*G7")
        fill(here, "B13:C13", "=EXP(B12)/(EXP($B12)+EXP($C12))")
        values[f"{title}!B13"] = softmax(relu(x @ w1 + b1) @ w2)
    faults = (
        Planted("Try (2)!C10", "=MAX(0,$B$2*C5+$C$2*C6+$C$2*C7+C8)", "an input twice"),
        Planted("Try (3)!B12", "=$B$10*G5+Try!$C$10*G6+$D$10*G7", "another worksheet's unit"),
    )
    return Made(page.parent, "network", values, CLASSIFIER, agrees=True, faults=faults)


def blank_separators() -> Made:
    """Features stand in two groups with a blank row between, as do their weights; the sums run over the blank row."""
    x, w1, w2 = typed(456, 5, 1), typed(457, 5, 4), typed(458, 4, 1)
    page = sheet("Score card")
    down(page, "A2", "age", "income", None, "loans", "cards", "years")
    for top, part in ((2, slice(0, 2)), (5, slice(2, 5))):
        put(page, f"B{top}", x[part])
        put(page, f"D{top}", w1[part])
    across(page, "D1", "unit 1", "unit 2", "unit 3", "unit 4")
    fill(page, "D9:G9", "=MAX(0,SUMPRODUCT($B$2:$B$7,D$2:D$7))")
    down(page, "I9", *w2[:, 0].tolist())
    across(page, "D11", "score", "=D9*I9+E9*I10+F9*I11+G9*I12")
    faults = (Planted("Score card!F9", "=MAX(0,SUMPRODUCT($B$1:$B$6,F$2:F$7))", "shifted by a row"),)
    values = {"Score card!E11": (relu(x.T @ w1) @ w2)}
    return Made(page.parent, "network", values, ("Linear", "ReLU", "Linear"), agrees=True, faults=faults)


def guarded_rows() -> Made:
    """Ten rows are prepared, five are filled: a formula shows nothing where the row's first cell is blank."""
    x, w, v = typed(459, 5, 2), typed(460, 3, 3), typed(461, 3, 1)
    page = sheet("Guarded")
    across(page, "A1", "x1", "x2", None, "h1", "h2", "h3", None, "y")
    put(page, "A2", x)
    put(page, "K2", w)
    put(page, "O2", v)
    fill(page, "D2:F11", '=IF($A2="","",MAX(0,$A2*K$2+$B2*K$3+K$4))')
    fill(page, "H2:H11", '=IF(A2="","",D2*$O$2+E2*$O$3+F2*$O$4)')
    hidden = relu(np.hstack([x, np.ones((5, 1))]) @ w)
    return Made(page.parent, "layers", {"Guarded!D2": hidden, "Guarded!H2": hidden @ v})


def rounded_activations() -> Made:
    """Every step is rounded to three digits, so that the sheet shows what one gets on paper."""
    x, w1, w2 = typed(462, 1, 3), typed(463, 3, 4), typed(464, 4, 2)
    page = sheet("On paper")
    for at, numbers in (("A1", x), ("A3", w1), ("F3", w2)):
        put(page, at, numbers)
    fill(page, "A8:D8", "=ROUND($A$1*A3+$B$1*A4+$C$1*A5,3)")
    fill(page, "A9:D9", "=MAX(0,A8)")
    fill(page, "A11:B11", "=ROUND($A$9*F3+$B$9*F4+$C$9*F5+$D$9*F6,3)")
    fill(page, "A12:B12", "=ROUND(EXP(A11)/(EXP($A11)+EXP($B11)),3)")
    first = (x @ w1).round(3)
    return Made(page.parent, "layers", {"On paper!A9": relu(first), "On paper!A11": (relu(first) @ w2).round(3)})


def headings_in_ranges() -> Made:
    """The ranges of sums begin at the headings, which count as nothing, and whole columns are added up."""
    hours, rate = typed(465, 6, 1, low=1, high=9, digits=0), typed(466, 6, 1, low=20, high=60, digits=0)
    page = sheet("Hours")
    across(page, "A1", "who", "hours", "rate", "pay")
    down(page, "A2", "Ann", "Bob", "Cem", "Dee", "Eva", "Fay")
    put(page, "B2", np.hstack([hours, rate]))
    fill(page, "D2:D7", "=B2*C2")
    down(page, "F1", "hours", "pay", "mean rate")
    down(page, "G1", "=SUM(B:B)", "=SUMPRODUCT(B1:B7,C1:C7)", "=SUM(D1:D7)/SUM(B1:B7)")
    pay = float((hours * rate).sum())
    return Made(page.parent, "nothing", {"Hours!G2": array([[pay], [pay / hours.sum()]])})


def unfilled_months() -> Made:
    """Four months of a plan are over: the sums of the others are nought, and their means have no value yet."""
    spent = typed(467, 3, 4, low=10, high=90, digits=0)
    page = sheet("Year")
    across(page, "B1", *"JFMAMJJASOND")
    down(page, "A2", "rent", "food", "travel", "sum", "mean", "so far")
    put(page, "B2", spent)
    fill(page, "B5:M5", "=SUM(B2:B4)")
    fill(page, "B6:M6", "=AVERAGE(B2:B4)")
    page["B7"] = "=B5"
    fill(page, "C7:M7", "=B7+C5")
    sums = np.concatenate([spent.sum(0), np.zeros(8)])
    errors = [f"Year!{column}6" for column in "FGHIJKLM"]
    return Made(page.parent, "nothing", {"Year!B5": array(sums), "Year!B7": array(sums.cumsum())}, errors=errors)


def units_as_sheets() -> Made:
    """Each unit has a worksheet with its weights and its sum, as pupils divided the work; a last one gathers them."""
    x, w, b, v = typed(468, 1, 4), typed(469, 3, 4), typed(470, 3, 1), typed(471, 3, 1)
    page = sheet("Inputs")
    put(page, "A2", x)
    across(page, "A1", "a", "b", "c", "d")
    out = another(page, "Output")
    for number in range(3):
        unit = another(page, f"Unit {number + 1}")
        across(unit, "A1", "wa", "wb", "wc", "wd", "bias")
        put(unit, "A2", np.hstack([w[number : number + 1], b[number : number + 1]]))
        unit["A4"], unit["B4"] = "sum", "=SUMPRODUCT(Inputs!A2:D2,A2:D2)+E2"
        unit["A5"], unit["B5"] = "fires", "=IF(B4>0,B4,0)"
        out[f"A{number + 2}"] = f"='Unit {number + 1}'!B5"
    put(out, "B2", v)
    across(out, "A6", "answer", "=SUMPRODUCT(A2:A4,B2:B4)")
    faults = (Planted("Unit 2!B4", "=SUMPRODUCT(Inputs!B2:E2,A2:D2)+E2", "the inputs a column to the right"),)
    values = {"Output!B6": relu(x @ w.T + b.T) @ v}
    return Made(page.parent, "network", values, ("Linear", "ReLU", "Linear"), agrees=True, faults=faults)
