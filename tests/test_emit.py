"""Formula texts, literally."""

from __future__ import annotations

import pytest

from xlconv import emit
from xlconv.cells import Blocks, Range
from xlconv.layers import Conv2d, Linear, MaxPool2d, ReLU, Softmax, ZeroPad2d


def block(row: int, column: int, height: int, width: int) -> Range:
    return Range("s", row, column, height, width)


IMAGE = Blocks((block(1, 1, 4, 4), block(11, 1, 4, 4)))
KERNELS = [[block(1, 10, 3, 3), block(11, 10, 3, 3)]]
VECTOR = Blocks((block(1, 1, 3, 1),))


def test_convolution() -> None:
    """A product for each input channel, windows relative, kernels absolute, the bias last."""
    operands = emit.Operands(IMAGE, KERNELS, [block(20, 10, 1, 1)])
    assert emit.formula(Conv2d(2, 1, 3), operands, (0, 0, 1)) == (
        "SUMPRODUCT(B1:D3,$J$1:$L$3)+SUMPRODUCT(B11:D13,$J$11:$L$13)+$J$20"
    )


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ((0, 0, 0), "SUMPRODUCT(A1:B2,$K$2:$L$3)+SUMPRODUCT(A11:B12,$K$12:$L$13)"),
        ((0, 0, 1), "SUMPRODUCT(B1:D2,$J$2:$L$3)+SUMPRODUCT(B11:D12,$J$12:$L$13)"),
        ((0, 1, 1), "SUMPRODUCT(B2:D4,$J$1:$L$3)+SUMPRODUCT(B12:D14,$J$11:$L$13)"),
    ],
)
def test_padding_leaves_out_what_is_outside(index: tuple[int, ...], text: str) -> None:
    """Of window and kernel only the part inside the input is read; stride 2 begins at -1, 1."""
    layer = Conv2d(2, 1, 3, stride=2, padding=1, bias=False)
    assert emit.formula(layer, emit.Operands(IMAGE, KERNELS), index) == text


def test_inline_relu_wraps() -> None:
    """An inline ReLU is MAX around the formula before it; one with cells of its own reads a cell."""
    assert emit.wrap(ReLU(), "SUM(A1)") == "MAX(0,SUM(A1))"
    assert emit.formula(ReLU(), emit.Operands(IMAGE), (1, 0, 2)) == "MAX(0,C11)"


def test_pooling() -> None:
    """MAX of a window of the same channel."""
    assert emit.formula(MaxPool2d(2), emit.Operands(IMAGE), (1, 1, 0)) == "MAX(A13:B14)"
    assert emit.formula(MaxPool2d(2, 2, 1), emit.Operands(IMAGE), (0, 0, 2)) == "MAX(D1)"


def test_pooling_with_a_window_cut_off() -> None:
    """With ceil_mode the last windows read what is left of the image."""
    layer = MaxPool2d(3, ceil_mode=True)
    assert emit.formula(layer, emit.Operands(IMAGE), (0, 0, 0)) == "MAX(A1:C3)"
    assert emit.formula(layer, emit.Operands(IMAGE), (1, 0, 1)) == "MAX(D11:D13)"
    assert emit.formula(layer, emit.Operands(IMAGE), (1, 1, 1)) == "MAX(D14)"


@pytest.mark.parametrize(
    ("padding", "index", "text"),
    [
        ((1, 0, 2, 0), (0, 2, 1), "A1"),
        ((1, 0, 2, 0), (0, 1, 1), "0"),
        ((1, 0, 2, 0), (0, 2, 0), "0"),
        ((1, 0, 2, 0), (1, 5, 4), "D14"),
        ((0, 1, 0, 1), (0, 4, 0), "0"),
        ((0, 1, 0, 1), (0, 3, 4), "0"),
        ((-1, 0, -2, 0), (0, 0, 0), "B3"),
        ((-1, 2, -2, 0), (1, 1, 3), "0"),
    ],
)
def test_zero_padding(padding: tuple[int, int, int, int], index: tuple[int, ...], text: str) -> None:
    """A cell of the input, left and top places away, or 0 where there is none."""
    assert emit.formula(ZeroPad2d(padding), emit.Operands(IMAGE), index) == text


def test_linear() -> None:
    """A product for each block of the input, all absolute."""
    operands = emit.Operands(
        IMAGE, [[], [block(1, 20, 4, 4), block(6, 20, 4, 4)]], [block(1, 30, 1, 1), block(2, 30, 1, 1)]
    )
    assert emit.formula(Linear(32, 2), operands, (1,)) == (
        "SUMPRODUCT($A$1:$D$4,$T$1:$W$4)+SUMPRODUCT($A$11:$D$14,$T$6:$W$9)+$AD$2"
    )


def test_softmax() -> None:
    """Exponentials in cells of their own, the largest logit subtracted, then the share."""
    operands = emit.Operands(VECTOR, parts={"exp": Blocks((block(1, 2, 3, 1),))})
    assert emit.part_formula(Softmax(), "exp", operands, (2,)) == "EXP(A3-MAX($A$1:$A$3))"
    assert emit.formula(Softmax(), operands, (2,)) == "B3/SUM($B$1:$B$3)"


def test_prediction() -> None:
    """The class beside the largest element, or its index where there are no class names."""
    assert emit.prediction(VECTOR, block(1, 9, 3, 1)) == "INDEX($I$1:$I$3,MATCH(MAX($A$1:$A$3),$A$1:$A$3,0))"
    assert emit.prediction(VECTOR, None) == "MATCH(MAX($A$1:$A$3),$A$1:$A$3,0)-1"


def test_many_channels_go_through_sum() -> None:
    """A chain of many additions would be too deep for engines, and SUM takes 255 arguments."""
    image = Blocks(tuple(block(1, 1 + 2 * n, 1, 1) for n in range(450)))
    weights = [[block(9, 1 + 2 * n, 1, 1) for n in range(450)]]
    text = emit.formula(Conv2d(450, 1, 1, bias=False), emit.Operands(image, weights), (0, 0, 0))
    assert text.count("SUMPRODUCT(") == 450
    assert [part.count("SUMPRODUCT(") for part in text.split("+")] == [200, 200, 50]


@pytest.mark.parametrize(
    ("layer", "index", "text"),
    [
        (MaxPool2d((2, 3), (1, 1)), (1, 2, 1), "MAX(B13:D14)"),
        (MaxPool2d((3, 1), (1, 2)), (0, 1, 1), "MAX(C2:C4)"),
        (MaxPool2d((1, 3), (2, 1), (0, 1)), (0, 1, 0), "MAX(A3:B3)"),
        (MaxPool2d((3, 1), (1, 2), (1, 0)), (0, 0, 1), "MAX(C1:C2)"),
        (MaxPool2d((1, 4), (3, 4)), (1, 1, 0), "MAX(A14:D14)"),
        (MaxPool2d((4, 3), (1, 2), ceil_mode=True), (0, 0, 1), "MAX(C1:D4)"),
    ],
)
def test_pooling_with_windows_that_are_not_square(layer: MaxPool2d, index: tuple[int, ...], text: str) -> None:
    """Height, stride and padding are those of rows, width and theirs those of columns."""
    assert emit.formula(layer, emit.Operands(IMAGE), index) == text


def test_convolution_with_kernels_that_are_not_square() -> None:
    """The same for convolutions: kernel 2x3, stride 2 down and 1 to the right, one column of padding."""
    operands = emit.Operands(IMAGE, [[block(1, 10, 2, 3), block(11, 10, 2, 3)]])
    layer = Conv2d(2, 1, (2, 3), (2, 1), (0, 1), bias=False)
    assert emit.formula(layer, operands, (0, 1, 1)) == "SUMPRODUCT(A3:C4,$J$1:$L$2)+SUMPRODUCT(A13:C14,$J$11:$L$12)"
    assert emit.formula(layer, operands, (0, 1, 0)) == "SUMPRODUCT(A3:B4,$K$1:$L$2)+SUMPRODUCT(A13:B14,$K$11:$L$12)"
    assert emit.formula(layer, operands, (0, 0, 3)) == "SUMPRODUCT(C1:D2,$J$1:$K$2)+SUMPRODUCT(C11:D12,$J$11:$K$12)"
