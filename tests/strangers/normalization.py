"""Normalisation, losses and what else stands around layers."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, down, fill, put, relu, sheet, softmax, typed


def batch_norm() -> Made:
    """A mini-batch of eight rows is normalised by the statistics below its columns, then scaled and shifted."""
    x, gamma, beta = typed(230, 8, 3, high=5), typed(231, 1, 3), typed(232, 1, 3)
    page = sheet("BatchNorm")
    across(page, "B1", "f1", "f2", "f3", None, "normalised", None, None, None, "out")
    put(page, "B2", x)
    down(page, "A11", "mean", "variance", "epsilon", "gamma", "beta", "running mean", "momentum")
    fill(page, "B11:D11", "=AVERAGE(B2:B9)")
    fill(page, "B12:D12", "=VARP(B2:B9)")
    across(page, "B13", 0.001)
    put(page, "B14", gamma)
    put(page, "B15", beta)
    across(page, "B17", 0.9)
    fill(page, "B16:D16", "=$B$17*0+(1-$B$17)*B11")
    fill(page, "F2:H9", "=(B2-B$11)/SQRT(B$12+$B$13)")
    fill(page, "J2:L9", "=B$14*F2+B$15")
    normal = (x - x.mean(0)) / np.sqrt(x.var(0) + 0.001)
    return Made(page.parent, "nothing", {"BatchNorm!F2": normal, "BatchNorm!J2": gamma * normal + beta})


def batch_norm_between_layers() -> Made:
    """Outputs of a dense layer are normalised over their batch before ReLU, so that each depends on all rows."""
    x, w = typed(233, 5, 3), typed(234, 3, 4)
    page = sheet("Dense-BN-ReLU")
    put(page, "A2", x)
    put(page, "E2", w)
    across(page, "A1", "x", None, None, None, "W")
    across(page, "A8", "z", None, None, None, None, "norm", None, None, None, None, "relu")
    fill(page, "A9:D13", "=$A2*E$2+$B2*E$3+$C2*E$4")
    fill(page, "A14:D14", "=AVERAGE(A9:A13)")
    fill(page, "A15:D15", "=STDEVP(A9:A13)")
    fill(page, "F9:I13", "=(A9-A$14)/A$15")
    fill(page, "K9:N13", "=MAX(F9,0)")
    z = x @ w
    out = relu((z - z.mean(0)) / z.std(0))
    return Made(page.parent, "layers", {"Dense-BN-ReLU!K9": out})


def layer_norm() -> Made:
    """Each token is a row that is normalised by itself, its deviation by SUMSQ instead of a function for it."""
    x = typed(235, 4, 6)
    page = sheet("LayerNorm")
    down(page, "A3", "I", "like", "green", "tea")
    put(page, "B3", x)
    across(page, "I2", "mean", "var", None, "y")
    fill(page, "I3:I6", "=SUM(B3:G3)/COUNT(B3:G3)")
    fill(page, "J3:J6", "=SUMSQ(B3:G3)/COUNT(B3:G3)-I3^2")
    fill(page, "L3:Q6", "=(B3-$I3)*($J3+0.00001)^-0.5")
    normal = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    return Made(page.parent, "nothing", {"LayerNorm!L3": normal})


def cross_entropy() -> Made:
    """Scores of five pictures have a softmax and the loss by each label, and for one class a sigmoid."""
    z, labels = typed(236, 5, 3, low=-2, high=2), [1, 3, 2, 1, 3]
    page = sheet("Losses")
    across(page, "A1", "picture", "cat", "dog", "fish", "label", None, "p cat", "p dog", "p fish", None, "NLL", "BCE")
    down(page, "A2", *"abcde")
    put(page, "B2", z)
    down(page, "E2", *labels)
    fill(page, "G2:I6", "=EXP(B2)/SUMPRODUCT(EXP($B2:$D2))")
    fill(page, "K2:K6", "=-LN(INDEX(G2:I2,E2))")
    fill(page, "L2:L6", "=IF(E2=1,-LN(1/(1+EXP(-B2))),-LN(1-1/(1+EXP(-B2))))")
    page["K8"], page["L8"] = "=AVERAGE(K2:K6)", "=AVERAGE(L2:L6)"
    p = softmax(z)
    loss = -np.log(p[range(5), np.array(labels) - 1])
    cat = 1 / (1 + np.exp(-z[:, 0]))
    both = np.where(np.array(labels) == 1, -np.log(cat), -np.log(1 - cat))
    return Made(page.parent, "layers", {"Losses!G2": p, "Losses!K2": np.column_stack([loss, both])})


def dropout() -> Made:
    """A mask of pasted numbers drops some activations, and what survives is scaled up."""
    x, chance = typed(237, 4, 5), typed(238, 4, 5, low=0)
    page = sheet("Dropout")
    across(page, "A1", "p", 0.4)
    for at, numbers in (("A3", x), ("G3", chance)):
        put(page, at, numbers)
    fill(page, "M3:Q6", "=IF(G3<$B$1,0,1)")
    fill(page, "A9:E12", "=A3*M3/(1-$B$1)")
    across(page, "G9", "dropped", "=COUNTIF(M3:Q6,0)/COUNT(M3:Q6)")
    return Made(page.parent, "nothing", {"Dropout!A9": np.where(chance < 0.4, 0, x / 0.6)})


def activations() -> Made:
    """A table for a course has x down the side, and for each function a column with its slope beside."""
    x = np.linspace(-3, 3, 13)[:, None]
    page = sheet("Activation functions")
    across(page, "A1", "x", "sigmoid", "slope", "tanh", "slope", "ReLU", "slope", "leaky", "softplus", "GELU, nearly")
    put(page, "A2", x)
    formulas = (
        "=1/(1+EXP(-$A2))",
        "=B2*(1-B2)",
        "=(EXP($A2)-EXP(-$A2))/(EXP($A2)+EXP(-$A2))",
        "=1-D2^2",
        "=MAX(0,$A2)",
        "=IF($A2>0,1,0)",
        "=IF($A2>0,$A2,0.01*$A2)",
        "=LN(1+EXP($A2))",
        "=0.5*$A2*(1+TANH(SQRT(2/PI())*($A2+0.044715*$A2^3)))",
    )
    for column, formula in zip("BCDEFGHIJ", formulas, strict=True):
        fill(page, f"{column}2:{column}14", formula)
    softplus = np.log(1 + np.exp(x))
    gelu = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    values = {"Activation functions!D2": np.tanh(x), "Activation functions!I2": np.hstack([softplus, gelu])}
    return Made(page.parent, "layers", values | {"Activation functions!F2": relu(x)})


def one_hot() -> Made:
    """Labels are turned into columns of ones and noughts, and back."""
    labels = ["red", "blue", "green", "blue", "red"]
    page = sheet("One-hot")
    across(page, "A1", "colour", "red", "green", "blue", None, "number")
    down(page, "A2", *labels)
    fill(page, "B2:D6", "=IF($A2=B$1,1,0)")
    fill(page, "F2:F6", "=SUMPRODUCT(B2:D2,{1,2,3})")
    fill(page, "G2:G6", "=INDEX($B$1:$D$1,F2)=A2")
    numbers = array([[1], [3], [2], [3], [1]])
    return Made(page.parent, "nothing", {"One-hot!F2": numbers})
