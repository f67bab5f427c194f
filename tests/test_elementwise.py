"""Layers without weights are recognised by what they mean: those that there are, and one that is added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import openpyxl
import pytest

from xlconv import mean, reference
from xlconv.check import verify
from xlconv.formula.tree import parse
from xlconv.layers import LAYER_TYPES, Layer, ReLU
from xlconv.recover import elementwise, pooled, recover


@dataclass(frozen=True)
class Leaky(Layer):
    """`y = max(0, x) - slope max(0, -x)`, which no other module knows."""

    slope: float = 0.01
    elementwise: ClassVar[bool] = True


@pytest.fixture
def leaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The layer type is registered as any other is."""
    monkeypatch.delitem(LAYER_TYPES, "LeakyReLU")  # type: ignore[arg-type]
    monkeypatch.setitem(LAYER_TYPES, "Leaky", Leaky)  # type: ignore[arg-type]
    elementwise.layer_of.cache_clear()

    @mean.element.register(Leaky)
    def _(layer: Leaky, x: mean.E, weights: object) -> mean.E:
        return x.relu() - (-x).relu() * x.of(np.full(1, layer.slope))

    @reference.apply.register(Leaky)
    def _(layer: Leaky, x: np.ndarray, weights: object) -> np.ndarray:
        return np.where(x > 0, x, layer.slope * x)

    yield
    elementwise.layer_of.cache_clear()


def layer_of(formula: str) -> Layer | None:
    """Of a formula of `x`, which is a name."""
    tree = parse(formula.replace("x", "Z9"))
    assert tree is not None
    found = list(elementwise.around(tree))
    return found[0][1] if found else None


@pytest.mark.parametrize(
    "formula",
    ["MAX(0,x)", "MAX(x,0)", "IF(x>0,x,0)", "IF(x<=0,0,x)", "IF(0>=x,0,x)", "x*(x>0)", "(x>0)*x", "(x+ABS(x))/2"],
)
def test_relu(formula: str) -> None:
    """In whatever words."""
    assert layer_of(formula) == ReLU()


@pytest.mark.parametrize(
    "formula",
    ["MIN(0,x)", "MAX(1,x)", "ABS(x)", "IF(x>0,x)", "IF(x>0,1,0)", "MAX(0,x)+1", "MAX(0,x,y)", "2*MAX(0,x)", "x"],
)
def test_no_layer(formula: str) -> None:
    """What is nearly one is none."""
    assert layer_of(formula.replace("y", "Z8")) is None


def test_one_that_is_added_with_its_setting(leaky: None) -> None:
    """Nothing in `recover` knows it; its setting is a number in the formula."""
    assert layer_of("MAX(0,x)-0.2*MAX(0,-x)") == Leaky(0.2)
    assert layer_of("MAX(x,0)-0.01*MAX(-x,0)") == Leaky()
    assert layer_of("MAX(0,x)") == ReLU()


def test_a_network_with_one_that_is_added(leaky: None, tmp_path: Path) -> None:
    """In cells of its own, and around sums of products; the cell in which it is another is named."""
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    rng = np.random.default_rng(3)
    for row, column in np.ndindex(4, 4):
        sheet.cell(row + 1, column + 3, round(float(rng.standard_normal()), 2))
        sheet.cell(row + 1, 1, round(float(rng.standard_normal()), 2))
    for row in range(1, 5):
        letter = "CDEF"[row - 1]
        sheet[f"H{row}"] = f"=SUMPRODUCT($A$1:$A$4,{letter}$1:{letter}$4)"
        sheet[f"I{row}"] = f"=MAX(0,H{row})-0.3*MAX(0,-H{row})"
    sheet["K1"] = "=I1*M1+I2*M2+I3*M3+I4*M4"
    for row in range(1, 5):
        sheet[f"M{row}"] = float(row)
    book.save(tmp_path / "x.xlsx")
    (found,) = recover(tmp_path / "x.xlsx").networks
    assert [type(node.layer).__name__ for node in found.network.nodes] == ["Linear", "Leaky", "Linear"]
    assert found.network.nodes[1].layer == Leaky(0.3)
    sheet["I3"] = "=MAX(0,H3)-0.4*MAX(0,-H3)"
    book.save(tmp_path / "y.xlsx")
    named = {each.cell for each in verify(tmp_path / "y.xlsx").findings if each.severity == "error"}
    assert named == {"Sheet!I3"}


@dataclass(frozen=True)
class Mean(Layer):
    """The mean of each window, which no other module knows."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int]

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        c, *size = input_shape
        return (c, *((n - k) // s + 1 for n, k, s in zip(size, self.kernel_size, self.stride, strict=True)))


@pytest.fixture
def means(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The layer type is registered as any other is."""
    monkeypatch.delitem(LAYER_TYPES, "AvgPool2d")  # type: ignore[arg-type]
    monkeypatch.setitem(LAYER_TYPES, "Mean", Mean)  # type: ignore[arg-type]
    pooled._kind_of.cache_clear()

    @mean.mean.register(Mean)
    def _(layer: Mean, of: mean.Operands[mean.E], at: mean.Index) -> mean.E:
        c, i, j = (each[:, None] for each in at)
        m, n = np.indices(layer.kernel_size).reshape(2, -1)
        window, _ = of.x.at(c, i * layer.stride[0] + m, j * layer.stride[1] + n)
        return (window.sum() * window.of(np.full((1, 1), 1 / m.size)))[:, 0]

    @reference.apply.register(Mean)
    def _(layer: Mean, x: np.ndarray, weights: object) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(x, layer.kernel_size, (1, 2))
        return windows[:, :: layer.stride[0], :: layer.stride[1]].mean((3, 4))

    yield
    pooled._kind_of.cache_clear()


@pytest.mark.parametrize("formula", ["AVERAGE({})", "SUM({})/4", "SUMPRODUCT({})*0.25"])
def test_windows_of_a_layer_that_is_added(means: None, tmp_path: Path, formula: str) -> None:
    """A convolution, then the mean of each window, in whatever words; the cell with another mean is named."""
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    rng = np.random.default_rng(4)
    for row, column in np.ndindex(7, 7):
        sheet.cell(row + 1, column + 1, round(float(rng.standard_normal()), 2))
    for row, column in np.ndindex(2, 2):
        sheet.cell(row + 1, column + 10, round(float(rng.standard_normal()), 2))
    letters = "MNOPQR"
    for row, column in np.ndindex(6, 6):
        window = f"{'ABCDEFG'[column]}{row + 1}:{'ABCDEFG'[column + 1]}{row + 2}"
        sheet[f"{letters[column]}{row + 1}"] = f"=SUMPRODUCT({window},$J$1:$K$2)"
    for row, column in np.ndindex(3, 3):
        window = f"{letters[2 * column]}{2 * row + 1}:{letters[2 * column + 1]}{2 * row + 2}"
        sheet[f"{'TUV'[column]}{row + 1}"] = "=" + formula.format(window)
    book.save(tmp_path / "x.xlsx")
    (found,) = recover(tmp_path / "x.xlsx").networks
    assert found.network.nodes[-1].layer == Mean((2, 2), (2, 2))
    sheet["U2"] = "=" + formula.format("O3:P3")
    book.save(tmp_path / "y.xlsx")
    named = {each.cell for each in verify(tmp_path / "y.xlsx").findings if each.severity == "error"}
    assert named == {"Sheet!U2"}
