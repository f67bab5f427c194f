"""Formula texts, literally."""

from __future__ import annotations

import pytest

from xlconv import emit
from xlconv.cells import Blocks, Range
from xlconv.errors import NetworkError
from xlconv.layers import (
    AdaptiveAvgPool2d,
    Add,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    LogSoftmax,
    MaxPool2d,
    ReflectionPad2d,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    ZeroPad2d,
)


def block(row: int, column: int, height: int, width: int) -> Range:
    return Range("s", row, column, height, width)


IMAGE = Blocks((block(1, 1, 4, 4), block(11, 1, 4, 4)))
KERNELS = [[block(1, 10, 3, 3), block(11, 10, 3, 3)]]
VECTOR = Blocks((block(1, 1, 3, 1),))


def test_convolution() -> None:
    """A product for each input channel, windows relative, kernels absolute, the bias last."""
    operands = emit.Operands(IMAGE, KERNELS, {"bias": [block(20, 10, 1, 1)]})
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


NORM = {"weight": "$P$1", "bias": "$P$2", "running_mean": "$P$3", "running_var": "$P$4"}


@pytest.mark.parametrize(
    ("layer", "inner", "text"),
    [
        (ReLU(), "SUM(A1)", "MAX(0,SUM(A1))"),
        (LeakyReLU(), "B2", "MAX(0,B2)+0.01*MIN(0,B2)"),
        (LeakyReLU(1e-7), "B2+B3", "MAX(0,B2+B3)+0.0000001*MIN(0,B2+B3)"),
        (LeakyReLU(2), "B2", "MAX(0,B2)+2*MIN(0,B2)"),
        (LeakyReLU(-0.5), "B2", "MAX(0,B2)+-0.5*MIN(0,B2)"),
        (Sigmoid(), "B2", "1/(1+EXP(MIN(709,-B2)))"),
        (Sigmoid(), "$B$2", "1/(1+EXP(MIN(709,-$B$2)))"),
        (Sigmoid(), "B2+B3", "1/(1+EXP(MIN(709,-(B2+B3))))"),
        (Tanh(), "B2+B3", "TANH(B2+B3)"),
        (BatchNorm2d(1), "B2+B3", "(B2+B3-$P$3)/SQRT($P$4+0.00001)*$P$1+$P$2"),
        (BatchNorm1d(1, eps=0.001, affine=False), "B2", "(B2-$P$3)/SQRT($P$4+0.001)"),
    ],
)
def test_elementwise_layers_wrap(layer: Layer, inner: str, text: str) -> None:
    """An inline layer stands around the formula before it; numbers are spelled without an exponent."""
    assert emit.wrap(layer, inner, NORM) == text


def test_elementwise_layers_with_cells_of_their_own() -> None:
    """The cell in the same place is read, with the weights of its channel (or element)."""
    assert emit.formula(ReLU(), emit.Operands(IMAGE), (1, 0, 2)) == "MAX(0,C11)"
    assert emit.formula(Sigmoid(), emit.Operands(VECTOR), (2,)) == "1/(1+EXP(MIN(709,-A3)))"
    vectors = {
        name: [block(row, 20 + at, 1, 1) for row in (1, 2, 3)]
        for at, name in enumerate(("running_mean", "running_var"))
    }
    layer = BatchNorm2d(2, affine=False)
    assert emit.formula(layer, emit.Operands(IMAGE, vectors=vectors), (1, 3, 0)) == "(A14-$T$2)/SQRT($U$2+0.00001)"
    layer1d = BatchNorm1d(3, affine=False)
    assert emit.formula(layer1d, emit.Operands(VECTOR, vectors=vectors), (2,)) == "(A3-$T$3)/SQRT($U$3+0.00001)"


@pytest.mark.parametrize("layer", [Conv2d(2, 1, 3), Softmax(), Flatten(), Add()])
def test_other_layers_cannot_wrap(layer: Layer) -> None:
    """Only elementwise layers stand around a formula."""
    with pytest.raises(NetworkError, match=f"{type(layer).__name__} cannot wrap a formula"):
        emit.wrap(layer, "A1", {})


def test_groups() -> None:
    """An output channel reads the channels of its own group alone: here one of two."""
    kernels = [[block(1, 10 + 4 * o, 3, 3)] for o in range(4)]
    layer = Conv2d(2, 4, 3, groups=2, bias=False)
    texts = [emit.formula(layer, emit.Operands(IMAGE, kernels), (o, 0, 1)) for o in range(4)]
    assert texts == [
        "SUMPRODUCT(B1:D3,$J$1:$L$3)",
        "SUMPRODUCT(B1:D3,$N$1:$P$3)",
        "SUMPRODUCT(B11:D13,$R$1:$T$3)",
        "SUMPRODUCT(B11:D13,$V$1:$X$3)",
    ]


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ((0, 0, 0), "A2*$K$2+C2*$L$2"),
        ((0, 0, 1), "B2*$K$2+D2*$L$2"),
        ((0, 1, 0), "A1*$K$1+C1*$L$1+A3*$K$2+C3*$L$2"),
        ((0, 2, 2), "C2*$K$1+C4*$K$2"),
    ],
)
def test_dilation(index: tuple[int, ...], text: str) -> None:
    """With cells left out between, products are written one by one; those outside of the input are left out."""
    layer = Conv2d(1, 1, 2, padding=(0, 1, 1, 0), dilation=2, bias=False)
    operands = emit.Operands(Blocks((block(1, 1, 4, 4),)), [[block(1, 11, 2, 2)]])
    assert emit.formula(layer, operands, index) == text


def test_nothing_of_a_window_inside() -> None:
    """Where all that a dilated window reads lies outside the input, 0 stands, or the bias alone."""
    layer = Conv2d(1, 1, 2, padding=2, dilation=4, bias=False)
    image, kernels = Blocks((block(1, 1, 2, 2),)), [[block(1, 10, 2, 2)]]
    assert emit.formula(layer, emit.Operands(image, kernels), (0, 0, 0)) == "0"
    biased = Conv2d(1, 1, 2, padding=2, dilation=4)
    assert emit.formula(biased, emit.Operands(image, kernels, {"bias": [block(9, 9, 1, 1)]}), (0, 0, 0)) == "$I$9"


def test_padding_by_side() -> None:
    """One column at the left and two rows below are read beyond the image; nothing above and at the right."""
    layer = Conv2d(2, 1, 3, padding=(1, 0, 0, 2), bias=False)
    assert emit.formula(layer, emit.Operands(IMAGE, KERNELS), (0, 0, 0)) == (
        "SUMPRODUCT(A1:B3,$K$1:$L$3)+SUMPRODUCT(A11:B13,$K$11:$L$13)"
    )
    assert emit.formula(layer, emit.Operands(IMAGE, KERNELS), (0, 3, 2)) == (
        "SUMPRODUCT(B4:D4,$J$1:$L$1)+SUMPRODUCT(B14:D14,$J$11:$L$11)"
    )


@pytest.mark.parametrize(
    ("layer", "index", "text"),
    [
        (AvgPool2d(2), (1, 1, 0), "SUM(A13:B14)/4"),
        (AvgPool2d(3, 2, 1), (0, 0, 0), "SUM(A1:B2)/9"),
        (AvgPool2d(3, 2, 1, count_include_pad=False), (0, 0, 0), "SUM(A1:B2)/4"),
        (AvgPool2d(3, ceil_mode=True), (0, 0, 1), "SUM(D1:D3)/3"),
        (AvgPool2d(3, 3, 1, ceil_mode=True), (0, 1, 1), "SUM(C3:D4)/9"),
        (AvgPool2d((3, 2), (2, 1), (1, 0)), (0, 0, 2), "SUM(C1:D2)/6"),
        (AvgPool2d(4, 3, 1, ceil_mode=True), (0, 1, 1), "SUM(C3:D4)/9"),
        (AvgPool2d(4, 3, 1, ceil_mode=True, count_include_pad=False), (0, 1, 1), "SUM(C3:D4)/4"),
        (AdaptiveAvgPool2d(1), (1, 0, 0), "SUM(A11:D14)/16"),
    ],
)
def test_means(layer: Layer, index: tuple[int, ...], text: str) -> None:
    """A sum, as AVERAGE would leave out blank cells; the padding counts unless said, what lies beyond never."""
    assert emit.formula(layer, emit.Operands(IMAGE), index) == text


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ((0, 0, 0), "B3"),
        ((1, 2, 1), "A11"),
        ((1, 0, 1), "A13"),
        ((0, 5, 4), "D4"),
        ((0, 6, 6), "B3"),
        ((0, 6, 5), "C3"),
    ],
)
def test_reflection(index: tuple[int, ...], text: str) -> None:
    """One column at the left and two at the right, two rows above and one below: the edge itself is not repeated."""
    assert emit.formula(ReflectionPad2d((1, 2, 2, 1)), emit.Operands(IMAGE), index) == text


def test_sum_of_layers() -> None:
    """The cell in the same place of each, as often as it is read."""
    other = Blocks((block(1, 6, 4, 4), block(11, 6, 4, 4)))
    assert emit.formula(Add(), emit.Operands(IMAGE, others=(other,)), (1, 0, 2)) == "C11+H11"
    assert emit.formula(Add(), emit.Operands(IMAGE, others=(IMAGE, other)), (0, 3, 0)) == "A4+A4+F4"
    assert emit.formula(Add(), emit.Operands(VECTOR, others=(VECTOR,)), (2,)) == "A3+A3"


def test_joined_layers() -> None:
    """One number of the layer in whose turn it is: by channels in images, by elements in vectors."""
    other = Blocks((block(1, 6, 4, 4),))
    operands = emit.Operands(IMAGE, others=(other, IMAGE))
    texts = [emit.formula(Concat(), operands, (c, 1, 3)) for c in range(5)]
    assert texts == ["D2", "D12", "I2", "D2", "D12"]
    vectors = emit.Operands(VECTOR, others=(Blocks((block(1, 6, 2, 1),)),))
    assert [emit.formula(Concat(), vectors, (n,)) for n in range(5)] == ["A1", "A2", "A3", "F1", "F2"]
    with pytest.raises(NetworkError, match="no element"):
        emit.formula(Concat(), vectors, (5,))


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
        IMAGE, [[], [block(1, 20, 4, 4), block(6, 20, 4, 4)]], {"bias": [block(1, 30, 1, 1), block(2, 30, 1, 1)]}
    )
    assert emit.formula(Linear(32, 2), operands, (1,)) == (
        "SUMPRODUCT($A$1:$D$4,$T$1:$W$4)+SUMPRODUCT($A$11:$D$14,$T$6:$W$9)+$AD$2"
    )


def test_softmax() -> None:
    """Exponentials in cells of their own, the largest logit subtracted, then the share."""
    operands = emit.Operands(VECTOR, parts={"exp": Blocks((block(1, 2, 3, 1),))})
    assert emit.part_formula(Softmax(), "exp", operands, (2,)) == "EXP(A3-MAX($A$1:$A$3))"
    assert emit.formula(Softmax(), operands, (2,)) == "B3/SUM($B$1:$B$3)"


def test_log_softmax() -> None:
    """The same exponentials, of whose sum the logarithm is taken away, as is the largest."""
    operands = emit.Operands(VECTOR, parts={"exp": Blocks((block(1, 2, 3, 1),))})
    assert emit.part_formula(LogSoftmax(), "exp", operands, (2,)) == "EXP(A3-MAX($A$1:$A$3))"
    assert emit.formula(LogSoftmax(), operands, (2,)) == "A3-MAX($A$1:$A$3)-LN(SUM($B$1:$B$3))"


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
