"""Words and users as rows of numbers: dot products, counts, likelihoods."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, another, down, fill, name, put, sheet, softmax, spread_each, table, typed


def collaborative_filtering() -> Made:
    """Factors of users and films predict each rating that there is, and nothing where there is none."""
    users, films, bias = typed(270, 6, 3, low=0, high=1.5), typed(271, 3, 5, low=0, high=1.5), typed(272, 6, 1)
    ratings = np.round(typed(273, 6, 5, low=1, high=5))
    seen = typed(274, 6, 5) > -0.4
    page = sheet("Movies")
    page["A1"] = "ratings"
    put(page, "B2", [[value if value else None for value in row] for row in (ratings * seen).tolist()])
    across(page, "L9", "film 1", "film 2", "film 3", "film 4", "film 5")
    put(page, "L10", films)
    put(page, "H14", users)
    put(page, "G14", bias)
    spread_each(page, "L14:P19", '=IF(B2="",0,SUMPRODUCT($H14:$J14,TRANSPOSE(L$10:L$12))+$G14)')
    page["R14"] = "=SQRT(SUMXMY2(B2:F7,L14:P19)/COUNT(B2:F7))"
    predicted = np.where(seen, users @ films + bias, 0)
    error = np.sqrt(((np.where(seen, ratings, 0) - predicted)[seen] ** 2).sum() / seen.sum())
    return Made(page.parent, "nothing", {"Movies!L14": predicted, "Movies!R14": array(error)})


def word2vec() -> Made:
    """A word's row is looked up; softmax of its products with all others gives the loss and the gradient."""
    inside, outside = typed(275, 5, 3), typed(276, 5, 3)
    page = sheet("word2vec")
    across(page, "A1", "word", "v1", "v2", "v3", None, "u1", "u2", "u3", None, "score", "exp", "P", "wanted", "P - y")
    down(page, "A2", "king", "queen", "man", "woman", "apple")
    put(page, "B2", inside)
    put(page, "F2", outside)
    across(page, "A9", "centre", 2)
    across(page, "A10", "context", "woman")
    fill(page, "B11:D11", "=INDEX(B2:B6,$B$9)")
    page["A11"] = "embedding"
    fill(page, "J2:J6", "=SUMPRODUCT($B$11:$D$11,F2:H2)")
    fill(page, "K2:K6", "=EXP(J2)")
    fill(page, "L2:L6", "=K2/SUM(K$2:K$6)")
    fill(page, "M2:M6", "=IF(A2=$B$10,1,0)")
    fill(page, "N2:N6", "=L2-M2")
    across(page, "J9", "loss", "=-LN(SUMPRODUCT(L2:L6,M2:M6))")
    fill(page, "B13:D13", "=SUMPRODUCT($N$2:$N$6,F$2:F$6)")
    page["A13"] = "gradient of v"
    p = softmax(outside @ inside[1:2].T, 0)
    gradient = (p - np.eye(5)[:, 3:4]).T @ outside
    return Made(page.parent, "layers", {"word2vec!L2": p, "word2vec!B13": gradient})


def similarity() -> Made:
    """Each word has the cosine of its angle with each other; their lengths have a worksheet of their own."""
    x = typed(277, 5, 4)
    words = ["cat", "dog", "car", "bus", "tea"]
    page = sheet("vectors")
    down(page, "A1", *words)
    put(page, "B1", x)
    lengths, out = another(page, "lengths"), another(page, "cosine")
    fill(lengths, "A1:A5", "=SQRT(SUMSQ(vectors!B1:E1))")
    across(out, "B1", *words)
    down(out, "A2", *words)
    row, column = "INDEX(vectors!$B$1:$E$5,{},0)", "MATCH({},vectors!$A$1:$A$5,0)"
    one, two = (row.format(column.format(each)) for each in ("$A2", "B$1"))
    both = "*".join(f"INDEX(lengths!$A$1:$A$5,{number}()-1)" for number in ("ROW", "COLUMN"))
    fill(out, "B2:F6", f"=SUMPRODUCT({one},{two})/({both})")
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return Made(page.parent, "nothing", {"cosine!B2": unit @ unit.T})


def tf_idf() -> Made:
    """Counts of words in four documents become shares, and shares times inverse frequencies."""
    counts = array([[2, 0, 1, 0], [0, 3, 0, 1], [1, 1, 1, 1], [0, 0, 4, 0], [1, 0, 0, 2]])
    page = sheet("tf-idf")
    across(page, "A1", "term", "d1", "d2", "d3", "d4", "df", "idf")
    down(page, "A2", "net", "layer", "the", "pixel", "loss")
    put(page, "B2", counts)
    page["A7"] = "words"
    fill(page, "B7:E7", "=SUM(B2:B6)")
    fill(page, "F2:F6", '=COUNTIF(B2:E2,">0")')
    fill(page, "G2:G6", "=LN(COLUMNS($B$1:$E$1)/F2)")
    fill(page, "I2:L6", "=B2/B$7*$G2")
    idf = np.log(4 / (counts > 0).sum(1, keepdims=True))
    return Made(page.parent, "nothing", {"tf-idf!I2": counts / counts.sum(0) * idf})


def naive_bayes() -> Made:
    """A table of counts becomes smoothed likelihoods, whose logarithms add up for the words of a message."""
    counts, has = array([[20, 2], [15, 1], [3, 18], [6, 9]]), array([[1], [0], [1], [1]])
    page = sheet("Bayes")
    across(page, "A1", "word", "spam", "ham", "P(w|spam)", "P(w|ham)", "in it?")
    down(page, "A2", "offer", "win", "meeting", "hello")
    put(page, "B2", counts)
    put(page, "F2", has)
    table(page, "Words", "A1:F5")
    across(page, "A7", "messages", 30, 40)
    fill(page, "D2:E5", "=(B2+1)/(B$7+2)")
    page["A9"] = "log score"
    fill(page, "B9:C9", "=LN(B7/SUM($B$7:$C$7))+SUMPRODUCT(Words[in it?],LN(D2:D5))")
    page["A10"] = "P"
    fill(page, "B10:C10", "=EXP(B9)/(EXP($B9)+EXP($C9))")
    likely = (counts + 1) / (array([30, 40]) + 2)
    score = np.log(array([30, 40]) / 70) + has.T @ np.log(likely)
    return Made(page.parent, "layers", {"Bayes!D2": likely, "Bayes!B10": softmax(score)})


def positional_encoding() -> Made:
    """Sines and cosines by position and dimension are added to the embedding of each word."""
    x = typed(278, 6, 4)
    page = sheet("Position")
    across(page, "B1", 0, 1, 2, 3)
    down(page, "A2", *range(6))
    put(page, "G2", x)
    name(page, "d_model", "A1")
    page["A1"] = 4
    angle = "$A2/10000^(2*INT(B$1/2)/d_model)"
    fill(page, "B2:E7", f"=IF(MOD(B$1,2)=0,SIN({angle}),COS({angle}))")
    fill(page, "L2:O7", "=G2+B2")
    angles = np.arange(6)[:, None] / 10000 ** (2 * (np.arange(4) // 2) / 4)
    code = np.where(np.arange(4) % 2 == 0, np.sin(angles), np.cos(angles))
    return Made(page.parent, "nothing", {"Position!L2": x + code})
