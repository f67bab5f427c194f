"""Pictures and signals in cells: filters, gradients of filters, pooling, cellular automata."""

from __future__ import annotations

import numpy as np

from tests.strangers.convolutions import correlated
from tests.strangers.stranger import Made, array
from tests.strangers.writing import across, another, down, fill, name, put, relu, sheet, spread, typed


def sobel() -> Made:
    """Two Sobel filters run over a picture of greys from 0 to 255; the root of their squares says how steep it is."""
    x = typed(210, 8, 9, low=0, high=255, digits=0)
    across_, down_ = array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]), array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    page = sheet("Edges")
    across(page, "A1", "picture", *[None] * 9, "Gx", None, None, None, "Gy")
    for at, numbers in (("A2", x), ("K2", across_), ("O2", down_)):
        put(page, at, numbers)
    fill(page, "K7:Q12", "=SUMPRODUCT(A2:C4,$K$2:$M$4)")
    fill(page, "S7:Y12", "=SUMPRODUCT(A2:C4,$O$2:$Q$4)")
    fill(page, "K15:Q20", "=SQRT(K7^2+S7^2)")
    fill(page, "S15:Y20", "=IF(K15>$B$12,1,0)")
    across(page, "A12", "threshold", 200)
    gx, gy = correlated(x, across_), correlated(x, down_)
    return Made(page.parent, "layers", {"Edges!K7": gx, "Edges!S7": gy, "Edges!K15": np.hypot(gx, gy)})


def blur_and_sharpen() -> Made:
    """AVERAGE blurs the picture, and what that takes away is added to sharpen it; the border is left out."""
    x = typed(211, 7, 7, low=0, digits=1)
    page = sheet("photo")
    blurred = another(page, "blur")
    result = another(page, "sharp")
    put(page, "A1", x)
    fill(blurred, "B2:F6", "=AVERAGE(photo!A1:C3)")
    fill(result, "B2:F6", "=MIN(1,MAX(0,photo!B2+0.8*(photo!B2-blur!B2)))")
    mean = correlated(x, np.full((3, 3), 1 / 9))
    sharp = np.clip(x[1:-1, 1:-1] + 0.8 * (x[1:-1, 1:-1] - mean), 0, 1)
    return Made(page.parent, "layers", {"blur!B2": mean, "sharp!B2": sharp})


def game_of_life() -> Made:
    """Three generations side by side; the neighbours are counted in the formula; a margin stays empty."""
    page = sheet("Life")
    x = np.zeros((8, 8))
    x[[1, 2, 3, 3, 3], [2, 3, 1, 2, 3]] = 1
    put(page, "B2", x)
    generations, areas = [x], ("L2:S9", "V2:AC9")
    for area, first in zip(areas, ("B2", "L2"), strict=True):
        column, before, after = first[0], chr(ord(first[0]) - 1), chr(ord(first[0]) + 1)
        count = f"SUM({before}1:{after}3)"
        fill(page, area, f"=IF(OR({count}=3,AND({column}2=1,{count}=4)),1,0)")
        old = np.pad(generations[-1], 1)
        near = correlated(old, np.ones((3, 3)))
        generations.append(((near == 3) | ((generations[-1] == 1) & (near == 4))).astype(float))
    return Made(page.parent, "nothing", {"Life!L2": generations[1], "Life!V2": generations[2]})


def one_dimension() -> Made:
    """Three filters of width three run down a signal, beside which the largest of each over all times is taken."""
    x, kernels, bias = typed(212, 12, 1), typed(213, 3, 3), typed(214, 1, 3)
    page = sheet("Conv1D")
    across(page, "A1", "t", "x", None, None, "f1", "f2", "f3")
    put(page, "A2", [[t + 1, value] for t, value in enumerate(x[:, 0].tolist())])
    put(page, "E2", kernels)
    put(page, "E5", bias)
    down(page, "D2", "w(t-1)", "w(t)", "w(t+1)", "bias")
    fill(page, "I3:K12", "=MAX(0,SUMPRODUCT($B2:$B4,E$2:E$4)+E$5)")
    across(page, "H14", "global max", "=MAX(I3:I12)", "=MAX(J3:J12)", "=MAX(K3:K12)")
    maps = relu(np.hstack([correlated(x, kernel[:, None]) for kernel in kernels.T]) + bias)
    return Made(page.parent, "layers", {"Conv1D!I3": maps, "Conv1D!I14": maps.max(0, keepdims=True)})


def filter_gradient() -> Made:
    """A convolution with a squared error has gradients: for the filter, and by the flipped one for the picture."""
    x, kernel, target = typed(215, 5, 5), typed(216, 3, 3), typed(217, 3, 3)
    page = sheet("Conv grad")
    for at, numbers, title in (("A2", x, "x"), ("G2", kernel, "k"), ("O2", target, "target")):
        put(page, at, numbers)
        page[f"{at[0]}1"] = title
    fill(page, "K2:M4", "=SUMPRODUCT(A2:C4,$G$2:$I$4)")
    fill(page, "S2:U4", "=2*(K2-O2)")
    fill(page, "G8:I10", "=SUMPRODUCT(A2:C4,$S$2:$U$4)")
    fill(page, "K8:M10", "=G2-0.01*G8")
    page["G7"], page["K7"], page["S7"], page["A13"] = "dL/dk", "new k", "flipped", "dL/dx"
    for row, source in zip((8, 9, 10), (4, 3, 2), strict=True):
        across(page, f"S{row}", f"=I{source}", f"=H{source}", f"=G{source}")
    fill(page, "A14:E18", "=SUMPRODUCT(Q20:S22,$S$8:$U$10)")
    put(page, "Q20", np.zeros((7, 7)))
    fill(page, "S22:U24", "=S2")
    gradient = 2 * (correlated(x, kernel) - target)
    back = correlated(np.pad(gradient, 2), kernel[::-1, ::-1])
    return Made(page.parent, "layers", {"Conv grad!G8": correlated(x, gradient), "Conv grad!A14": back})


def pooling_table() -> Made:
    """Ranges, OFFSET and INDEX each say which windows of one picture are meant, for smallest, largest and mean."""
    x = typed(218, 6, 6)
    page = sheet("Pooling")
    put(page, "A1", x)
    across(page, "A8", "max", None, None, None, "mean", None, None, None, "min")
    fill(page, "A9:C11", "=MAX(OFFSET($A$1,2*(ROW()-9),2*(COLUMN()-1),2,2))")
    start = "INDEX($A$1:$F$6,2*ROW()-17,2*COLUMN()-9)"
    fill(page, "E9:G11", f"=AVERAGE({start}:INDEX($A$1:$F$6,2*ROW()-16,2*COLUMN()-8))")
    for row in range(3):
        for column in range(3):
            left, right = "ACE"[column], "BDF"[column]
            page[f"{'IJK'[column]}{9 + row}"] = f"=MIN({left}{2 * row + 1}:{right}{2 * row + 2})"
    blocks = x.reshape(3, 2, 3, 2)
    values = {"Pooling!A9": blocks.max((1, 3)), "Pooling!E9": blocks.mean((1, 3)), "Pooling!I9": blocks.min((1, 3))}
    return Made(page.parent, "layers", values)


def residual_block() -> Made:
    """The picture is added to two padded convolutions before the second ReLU; noughts around them are typed."""
    x, first, second = typed(219, 4, 4), typed(220, 3, 3), typed(221, 3, 3)
    page = sheet("ResNet")
    across(page, "A1", "x, padded", *[None] * 6, "k1", None, None, None, "relu(x * k1), padded")
    put(page, "A2", np.pad(x, 1))
    put(page, "H2", first)
    put(page, "H6", second)
    put(page, "L2", np.zeros((6, 6)))
    fill(page, "M3:P6", "=MAX(0,SUMPRODUCT(A2:C4,$H$2:$J$4))")
    fill(page, "S3:V6", "=SUMPRODUCT(L2:N4,$H$6:$J$8)")
    fill(page, "X3:AA6", "=MAX(0,S3+B3)")
    hidden = relu(correlated(np.pad(x, 1), first))
    block = relu(correlated(np.pad(hidden, 1), second) + x)
    return Made(page.parent, "layers", {"ResNet!X3": block})


def as_a_matrix() -> Made:
    """Links gather the windows of a picture as rows of a matrix, whose product with the filter is the convolution."""
    x, kernel = typed(222, 4, 4), typed(223, 4, 1)
    page = sheet("im2col")
    put(page, "A1", x)
    put(page, "K1", kernel)
    name(page, "kernel", "K1:K4")
    for number in range(9):
        row, column = divmod(number, 3)
        cells = (f"={'ABCD'[column + right]}{row + down + 1}" for down in (0, 1) for right in (0, 1))
        across(page, f"F{number + 1}", *cells)
    spread(page, "M1:M9", "=MMULT(F1:I9,kernel)")
    fill(page, "O1:Q3", "=INDEX($M$1:$M$9,3*ROW()+COLUMN()-17)")
    return Made(page.parent, "layers", {"im2col!O1": correlated(x, kernel.reshape(2, 2))})
