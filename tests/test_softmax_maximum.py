"""Softmax as many people write it: the largest logit in a cell of its own, which all exponentials read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.pages import Page, save
from xlconv.check import verify
from xlconv.engines import by_name
from xlconv.layers import Linear, Softmax
from xlconv.recover import recover
from xlconv.report import Report

WEIGHTS = [[0.5, -0.25, 1.0], [0.75, 0.5, -0.5], [-1.0, 0.25, 0.5], [0.25, 1.0, 0.25]]
"""Of four classes."""
LARGEST = "=MAX(G3:G6)"


def written(path: Path, *largest: str | float) -> Path:
    """For each largest logit a network, ten rows below the one before; its formula or number stands in G8, G18, ..."""
    page = Page("Net")
    for top, each in zip(range(3, 1000, 10), largest or (LARGEST,), strict=False):
        fill(page, top)
        page[f"G{top + 5}"] = each
    save(path, page)
    return path


def fill(page: Page, top: int) -> None:
    """Three numbers, a dense layer of four, the exponentials, their sum below them, the shares."""
    for row, x in enumerate((0.5, 2.0, -1.0), top):
        page[f"A{row}"] = x
    for row, (letter, weights) in enumerate(zip("BCDE", WEIGHTS, strict=True), top):
        for at, weight in enumerate(weights, top):
            page[f"{letter}{at}"] = weight
        page[f"G{row}"] = f"=SUMPRODUCT($A${top}:$A${top + 2},${letter}${top}:${letter}${top + 2})"
        page[f"H{row}"] = f"=EXP(G{row}-$G${top + 5})"
        page[f"I{row}"] = f"=H{row}/$H${top + 5}"
    page[f"H{top + 5}"] = f"=SUM(H{top}:H{top + 3})"


def checked(path: Path) -> Report:
    return verify(path, [by_name("formualizer", isolated=False)], random=2)


def test_it_is_a_softmax(tmp_path: Path) -> None:
    """A dense layer and a softmax are recovered, with no cell left over, and the workbook agrees."""
    path = written(tmp_path / "x.xlsx")
    recovered = recover(path)
    (found,) = recovered.networks
    assert [type(node.layer) for node in found.network.nodes] == [Linear, Softmax]
    (weights,) = found.network.weights.values()
    np.testing.assert_array_equal(weights, WEIGHTS)
    assert recovered.not_recognised == []
    report = checked(path)
    assert (report.verdict, report.findings) == ("agrees", [])
    assert report.checked == report.formulas == 14


@pytest.mark.parametrize("typed", [2.125, 0.0])
def test_a_typed_largest_is_found(tmp_path: Path, typed: float) -> None:
    """A number in place of the largest one gives the same shares until a logit is far from it: its cell is named."""
    report = checked(written(tmp_path / "x.xlsx", typed))
    assert not report.agrees
    assert "Net!G8" in {finding.cell for finding in report.findings}


@pytest.mark.parametrize("wrong", ["=MIN(G3:G6)", "=MAX(G3:G5)", "=MAX(A3:A5)", "=G3", "=MAX(I3:I6)"])
def test_another_number_than_the_largest_is_no_agreement(tmp_path: Path, wrong: str) -> None:
    """Shares are the same in exact arithmetic, but large logits overflow, or the formulas go round in a circle."""
    assert not checked(written(tmp_path / "x.xlsx", wrong)).agrees


def test_the_largest_of_another_network(tmp_path: Path) -> None:
    """Each of two networks has a largest logit of its own; with those exchanged neither is right."""
    right = checked(written(tmp_path / "right.xlsx", "=MAX(G3:G6)", "=MAX(G13:G16)"))
    assert (right.verdict, right.findings, len(right.networks)) == ("agrees", [], 2)
    assert not checked(written(tmp_path / "wrong.xlsx", "=MAX(G13:G16)", "=MAX(G3:G6)")).agrees
