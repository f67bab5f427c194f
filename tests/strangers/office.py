"""What workbooks are mostly for: prices, loans, grades, stocks, plans."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, another, down, fill, name, put, sheet, table, typed


def price_times_quantity() -> Made:
    """Each line of an invoice has its total and a discount from a list; SUMPRODUCT checks the sum."""
    quantity, price = array([3, 12, 1, 40, 7]).T, typed(310, 5, 1, low=1, high=90)
    page = sheet("Invoice")
    across(page, "A1", "item", "quantity", "price", "discount", "total")
    down(page, "A2", "bolt", "nut", "drill", "screw", "saw")
    put(page, "B2", np.hstack([quantity, price]))
    put(page, "H2", [[0, 0], [10, 0.05], [25, 0.1]])
    fill(page, "D2:D6", "=LOOKUP(B2,$H$2:$H$4,$I$2:$I$4)")
    fill(page, "E2:E6", "=ROUND(B2*C2*(1-D2),2)")
    down(page, "D8", "net", "tax 19 %", "due", "before discount")
    down(page, "E8", "=SUM(E2:E6)", "=ROUND(E8*0.19,2)", "=E8+E9", "=SUMPRODUCT(B2:B6,C2:C6)")
    return Made(page.parent, "nothing", {"Invoice!E11": array((quantity * price).sum())})


def costs_of_several_plans() -> Made:
    """SUMPRODUCT multiplies the materials of three products by a price list on another worksheet."""
    amounts, prices = typed(311, 4, 3, low=1, high=9, digits=0), typed(312, 4, 1, low=1, high=20)
    page = sheet("Recipes")
    across(page, "A1", "material", "basic", "plus", "pro")
    down(page, "A2", "wood", "steel", "paint", "labour", "cost")
    put(page, "B2", amounts)
    costs = another(page, "Prices")
    put(costs, "B2", prices)
    fill(page, "B6:D6", "=SUMPRODUCT(B2:B5,Prices!$B$2:$B$5)")
    page["A7"] = "margin"
    fill(page, "B7:D7", "=IF(B6>100,B6*0.3,MAX(20,B6*0.4))")
    return Made(page.parent, "layers", {"Recipes!B6": prices.T @ amounts}, beside=("Recipes!B7:D7",))


def loan() -> Made:
    """PMT gives the payment; interest, principal and what is left follow, a month a row, by names for the terms."""
    page = sheet("Loan")
    down(page, "A1", "amount", "rate", "months", "payment")
    down(page, "B1", 12000, 0.06, 24, "=-PMT(rate/12,months,amount)")
    for row, called in enumerate(("amount", "rate", "months", "payment"), 1):
        name(page, called, f"B{row}")
    across(page, "A6", "month", "balance", "interest", "principal", "left")
    fill(page, "A7:A30", "=ROW()-6")
    page["B7"] = "=amount"
    fill(page, "B8:B30", "=E7")
    fill(page, "C7:C30", "=B7*rate/12")
    fill(page, "D7:D30", "=payment-C7")
    fill(page, "E7:E30", "=MAX(0,B7-D7)")
    payment = 12000 * 0.005 / (1 - 1.005**-24)
    left = 12000 * 1.005 ** np.arange(1, 24) - payment * (1.005 ** np.arange(1, 24) - 1) / 0.005
    return Made(page.parent, "nothing", {"Loan!B4": array(payment), "Loan!E7": left[:, None]})


def grade_book() -> Made:
    """Marks of eight pupils have a weighted mean, the weights above the tests, a letter and a rank."""
    marks, weights = typed(313, 8, 4, low=40, high=100, digits=0), array([0.2, 0.2, 0.25, 0.35])
    page = sheet("Class 7b")
    across(page, "A1", "weight", *weights[0].tolist())
    across(page, "A2", "name", "test 1", "test 2", "project", "exam", "mean", "grade", "rank")
    down(page, "A3", *(f"pupil {letter}" for letter in "ABCDEFGH"))
    put(page, "B3", marks)
    fill(page, "F3:F10", "=SUMPRODUCT($B$1:$E$1,B3:E3)/SUM($B$1:$E$1)")
    fill(page, "G3:G10", '=IF(F3>=85,"A",IF(F3>=70,"B",IF(F3>=55,"C","D")))')
    fill(page, "H3:H10", "=RANK(F3,$F$3:$F$10)")
    page["A12"] = "class"
    fill(page, "B12:F12", "=AVERAGE(B3:B10)")
    mean = marks @ weights.T
    return Made(page.parent, "layers", {"Class 7b!F3": mean, "Class 7b!B12": marks.mean(0, keepdims=True)})


def stock() -> Made:
    """A table computes values and what to order from its own columns; totals by kind stand beside."""
    held, least, price = (typed(314 + at, 6, 1, low=1, high=20, digits=0) for at in range(3))
    page = sheet("Stock")
    across(page, "A1", "item", "kind", "held", "least", "price", "value", "order")
    down(page, "A2", "pen", "ink", "pad", "desk", "lamp", "chair")
    down(page, "B2", "desk", "desk", "desk", "room", "room", "room")
    put(page, "C2", np.hstack([held, least, price]))
    table(page, "Stock", "A1:G7")
    fill(page, "F2:F7", "=Stock[[#This Row],[held]]*Stock[[#This Row],[price]]")
    fill(page, "G2:G7", "=MAX(0,Stock[[#This Row],[least]]-Stock[[#This Row],[held]])")
    down(page, "J2", "desk", "room")
    fill(page, "K2:K3", "=SUMIF(Stock[kind],J2,Stock[value])")
    value = held * price
    values = {"Stock!F2": value, "Stock!G2": np.maximum(0, least - held)}
    return Made(page.parent, "nothing", values | {"Stock!K2": array([value[:3].sum(), value[3:].sum()]).T})


def budget() -> Made:
    """Two years have a worksheet each with months as columns; a third has the change between them."""
    years = [typed(317 + number, 4, 6, low=50, high=900, digits=0) for number in range(2)]
    page = sheet("2024")
    other, change = another(page, "2025"), another(page, "Change")
    for each, numbers in ((page, years[0]), (other, years[1])):
        across(each, "B1", *"JFMAMJ", "sum")
        down(each, "A2", "rent", "food", "travel", "other", "all")
        put(each, "B2", numbers)
        fill(each, "H2:H5", "=SUM(B2:G2)")
        fill(each, "B6:H6", "=SUM(B2:B5)")
    fill(change, "B2:H6", "='2025'!B2/'2024'!B2-1")
    totals = [np.vstack([each, each.sum(0)]) for each in years]
    return Made(page.parent, "nothing", {"Change!B2": totals[1] / totals[0] - 1})


def decision_matrix() -> Made:
    """Marks of three flats are weighted by typed shares and added up, and the best is named."""
    marks, weights = typed(319, 5, 3, low=1, high=10, digits=0), typed(320, 5, 1, low=0.1)
    page = sheet("Decision")
    across(page, "A1", "criterion", "weight", "flat A", "flat B", "flat C")
    down(page, "A2", "rent", "light", "noise", "way to work", "size")
    put(page, "B2", np.hstack([weights, marks]))
    page["A7"] = "sum"
    fill(page, "C7:E7", "=SUMPRODUCT($B$2:$B$6,C2:C6)")
    across(page, "A9", "take", "=INDEX(C1:E1,MATCH(MAX(C7:E7),C7:E7,0))")
    return Made(page.parent, "layers", {"Decision!C7": weights.T @ marks}, beside=("Decision!B9",))


def project_plan() -> Made:
    """Tasks start when the last of those before them ends, by MAX, and have costs by their rates."""
    page = sheet("Plan")
    across(page, "A1", "task", "days", "starts", "ends", "rate", "cost")
    put(page, "A2", [["a", 3], ["b", 5], ["c", 2], ["d", 4], ["e", 1]])
    down(page, "C2", 0, "=D2", "=D2", "=MAX(D3,D4)", "=MAX(D4:D5)")
    fill(page, "D2:D6", "=C2+B2")
    down(page, "E2", 80, 90, 60, 75, 120)
    fill(page, "F2:F6", "=B2*E2*8")
    across(page, "A8", "all", "=MAX(D2:D6)", None, None, None, "=SUM(F2:F6)")
    return Made(page.parent, "nothing", {"Plan!B8": array(13), "Plan!D2": array([3, 8, 5, 12, 13]).T})
