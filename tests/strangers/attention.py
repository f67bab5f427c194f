"""Attention and transformers: tokens as rows, projections by MMULT, shares along rows."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made
from tests.strangers.writing import across, another, down, fill, put, relu, sheet, softmax, spread, spread_each, typed


def self_attention() -> Made:
    """Array formulas make Q, K and V below their weights, with labels between; softmax takes two steps."""
    x, wq, wk, wv = typed(1, 4, 3), typed(2, 3, 3), typed(3, 3, 3), typed(4, 3, 3)
    page = sheet("Self-attention")
    across(page, "A1", "Self-attention, one head, d = 3")
    across(page, "A3", "tokens", "x1", "x2", "x3", None, "Wq", None, None, None, "Wk", None, None, None, "Wv")
    scores = (x @ wq) @ (x @ wk).T / np.sqrt(3)
    down(page, "A4", "the", "cat", "sat", "down")
    for at, numbers in (("B4", x), ("F4", wq), ("J4", wk), ("N4", wv)):
        put(page, at, numbers)
    for left, right, title, weights in (("F", "H", "Q", wq), ("J", "L", "K", wk), ("N", "P", "V", wv)):
        page[f"{left}9"] = title
        spread(page, f"{left}10:{right}13", f"=MMULT($B$4:$D$7,{left}4:{right}6)", x @ weights)
    across(page, "A16", "scores Q K' / sqrt(d)", None, None, None, None, "exp", None, None, None, None, "shares")
    spread(page, "A17:D20", "=MMULT(F10:H13,TRANSPOSE(J10:L13))/SQRT(3)", scores)
    fill(page, "F17:I20", "=EXP(A17)")
    fill(page, "K17:N20", "=F17/SUM($F17:$I17)")
    page["A22"] = "output"
    spread(page, "A23:C26", "=MMULT(K17:N20,N10:P13)")
    shares = softmax(scores)
    values = {"Self-attention!K17": shares, "Self-attention!A23": shares @ (x @ wv)}
    return Made(page.parent, "layers", values)


def attention_by_cells() -> Made:
    """Each step has a worksheet, MMULT stands in every cell by itself, and sums stand beside the exponentials."""
    x, wq, wk, wv = typed(5, 5, 4), typed(6, 4, 2), typed(7, 4, 2), typed(8, 4, 2)
    page = sheet("X")
    put(page, "A1", x)
    weights, steps, out = (another(page, title) for title in ("Weights", "Scores", "Out"))
    for at, numbers in (("A2", wq), ("D2", wk), ("G2", wv)):
        put(weights, at, numbers)
    across(weights, "A1", "Wq", None, None, "Wk", None, None, "Wv")
    for left, right, weight in (("A", "B", "A$2:A$5"), ("D", "E", "D$2:D$5"), ("G", "H", "G$2:G$5")):
        spread_each(steps, f"{left}2:{right}6", f"=MMULT(X!$A1:$D1,Weights!{weight})")
    across(steps, "A1", "q", None, None, "k", None, None, "v")
    across(out, "A1", "score", *[None] * 5, "exp", *[None] * 4, "sum", "weight")
    for column, row in zip("ABCDE", range(2, 7), strict=True):
        fill(out, f"{column}2:{column}6", f"=SUMPRODUCT(Scores!$A2:$B2,Scores!$D${row}:$E${row})/2^0.5")
    fill(out, "G2:K6", "=EXP(A2)")
    fill(out, "L2:L6", "=SUM(G2:K2)")
    fill(out, "M2:Q6", "=G2/$L2")
    spread_each(out, "S2:T6", "=MMULT($M2:$Q2,Scores!G$2:G$6)")
    shares = softmax((x @ wq) @ (x @ wk).T / np.sqrt(2))
    return Made(page.parent, "layers", {"Out!M2": shares, "Out!S2": shares @ (x @ wv)})


def causal_attention() -> Made:
    """Q, K and V are typed as a slide gives them, SUMPRODUCT makes the scores, and IF hides what comes later."""
    q, k, v = typed(9, 4, 2), typed(10, 4, 2), typed(11, 4, 2)
    page = sheet("Sheet1")
    across(page, "B2", "Q", None, None, "K", None, None, "V")
    for at, numbers in (("B3", q), ("E3", k), ("H3", v)):
        put(page, at, numbers)
    down(page, "A3", 1, 2, 3, 4)
    across(page, "B9", 1, 2, 3, 4)
    down(page, "A10", 1, 2, 3, 4)
    fill(page, "B10:E13", "=IF(B$9>$A10,-1E9,SUMPRODUCT($B3:$C3,INDEX($E$3:$F$6,B$9,0))/SQRT(2))")
    fill(page, "G10:J13", "=EXP(B10-MAX($B10:$E10))/SUMPRODUCT(EXP($B10:$E10-MAX($B10:$E10)))")
    spread_each(page, "L10:M13", "=SUMPRODUCT($G10:$J10,TRANSPOSE(H$3:H$6))")
    scores = np.where(np.tri(4) > 0, q @ k.T / np.sqrt(2), -1e9)
    shares = softmax(scores - scores.max(1, keepdims=True))
    return Made(page.parent, "layers", {"Sheet1!G10": shares, "Sheet1!L10": shares @ v})


def multi_head() -> Made:
    """Two heads stand below one another, weights on the right; their outputs side by side are mixed once more."""
    x, heads, mix = typed(12, 3, 4), [typed(seed, 3, 4, 2) for seed in (13, 14)], typed(15, 4, 4)
    page = sheet("MHA")
    across(page, "A1", "X")
    put(page, "A2", x)
    outputs = []
    for number, (top, weights) in enumerate(zip((7, 17), heads, strict=True)):
        page[f"A{top}"] = f"head {number + 1}"
        across(page, f"A{top + 1}", "Q", None, "K", None, "V", None, "scores", None, None, "softmax")
        for left, right, at, weight in zip("ACE", "BDF", "SVY", weights, strict=True):
            put(page, f"{at}{top + 2}", weight)
            area = f"{at}{top + 2}:{chr(ord(at) + 1)}{top + 5}"
            spread(page, f"{left}{top + 2}:{right}{top + 4}", f"=MMULT($A$2:$D$4,{area})")
        rows = top + 2, top + 4
        key = f"$C${rows[0]}:$D${rows[1]}"
        spread(page, f"G{rows[0]}:I{rows[1]}", f"=MMULT(A{rows[0]}:B{rows[1]},TRANSPOSE({key}))/SQRT(2)")
        fill(page, f"J{rows[0]}:L{rows[1]}", f"=EXP(G{rows[0]})/(EXP($G{rows[0]})+EXP($H{rows[0]})+EXP($I{rows[0]}))")
        left, right = "NO" if number == 0 else "PQ"
        spread(page, f"{left}2:{right}4", f"=MMULT(J{rows[0]}:L{rows[1]},E{rows[0]}:F{rows[1]})")
        query, key_of, value = (x @ weight for weight in weights)
        outputs.append(softmax(query @ key_of.T / np.sqrt(2)) @ value)
    page["N1"] = "concat"
    put(page, "AC2", mix)
    spread(page, "AH2:AK4", "=MMULT(N2:Q4,AC2:AF5)")
    both = np.hstack(outputs)
    return Made(page.parent, "layers", {"MHA!N2": both, "MHA!AH2": both @ mix})


def transformer_block() -> Made:
    """Attention is added and normalised, then two dense layers with ReLU are added and normalised."""
    x, w1, b1, w2, b2 = typed(16, 3, 4), typed(17, 4, 6), typed(18, 1, 6), typed(19, 6, 4), typed(20, 1, 4)
    page = sheet("Block")
    page["A1"] = "1. input (rows are tokens)"
    put(page, "A2", x)
    across(page, "G1", "2. attention")
    spread(page, "G2:I4", "=MMULT(A2:D4,TRANSPOSE(A2:D4))/SQRT(4)")
    fill(page, "K2:M4", "=EXP(G2)/SUMPRODUCT(EXP($G2:$I2))")
    spread(page, "O2:R4", "=MMULT(K2:M4,A2:D4)")
    page["A7"] = "3. add & norm"
    fill(page, "A8:D10", "=A2+O2")
    fill(page, "F8:I10", "=(A8-AVERAGE($A8:$D8))/SQRT(VARP($A8:$D8)+0.00001)")
    page["A13"] = "4. feed forward"
    for at, numbers in (("A14", w1), ("A19", b1), ("H14", w2), ("H21", b2)):
        put(page, at, numbers)
    spread_each(page, "N14:S16", "=MAX(0,SUMPRODUCT($F8:$I8,TRANSPOSE(A$14:A$17))+A$19)")
    spread(page, "U14:X16", "=MMULT(N14:S16,H14:K19)+H21:K21")
    page["A24"] = "5. add & norm"
    fill(page, "A25:D27", "=F8+U14")
    fill(page, "F25:I27", "=(A25-AVERAGE($A25:$D25))/SQRT(VARP($A25:$D25)+0.00001)")
    first = normalised(x + softmax(x @ x.T / 2) @ x)
    second = normalised(first + relu(first @ w1 + b1) @ w2 + b2)
    return Made(page.parent, "layers", {"Block!F8": first, "Block!F25": second})


def normalised(x: np.ndarray) -> np.ndarray:
    """Rows less their mean, over their deviation."""
    return np.asarray((x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5))
