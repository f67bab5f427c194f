"""What a stranger's workbook is, and what is true of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from openpyxl import Workbook

Numbers: TypeAlias = NDArray[np.floating[Any]]
Holds: TypeAlias = Literal["network", "layers", "nothing"]
"""What a careful reader finds in a workbook's formulas.

`network`: a feed-forward network of Conv2d, Linear, ReLU, MaxPool2d or Softmax with numbers as weights, which has to be
found. `layers`: something else of which a part does what a layer does, such as the projection X W of an attention or a
filter over a picture; finding that part and finding nothing are both right. `nothing`: neither.
"""


@dataclass(frozen=True)
class Planted:
    """One fault in a network; for the inputs in the workbook the cell may show what it should, as where ReLU gives 0.

    Args:
        cell: `Sheet1!C5`, which has to be named.
        value: What stands there instead.
        why: In a few words.
    """

    cell: str
    value: str | float
    why: str


@dataclass(frozen=True)
class Made:
    """A workbook and what is true of it; every formula of it is right.

    Args:
        book: The workbook.
        holds: What is to be found in it.
        values: What cells must show, worked out without a spreadsheet: from `Sheet1!C5` on, rows downwards.
        layers: The kinds of layers that are to be found, at least, where it holds a network.
        beside: Ranges of formulas that read a network only to look at what it says (the error, the largest share, a
            choice), so that the checker may agree without having read them.
        agrees: Whether all formulas but `beside` are the network's, so that the checker has to agree.
        errors: Cells that show an error, as they are meant to.
        faults: Each to be planted by itself.
    """

    book: Workbook
    holds: Holds = "nothing"
    values: Mapping[str, Numbers] = field(default_factory=dict)
    layers: Sequence[str] = ()
    beside: Sequence[str] = ()
    agrees: bool = False
    errors: Sequence[str] = ()
    faults: Sequence[Planted] = ()


Make: TypeAlias = Callable[[], Made]


@dataclass(frozen=True)
class Stranger:
    """One workbook of the corpus.

    Args:
        family: The module that it is in.
        name: Of the function that makes it.
        make: The function.
    """

    family: str
    name: str
    make: Make

    def __str__(self) -> str:
        return f"{self.family}: {self.name.replace('_', ' ')}"


def array(numbers: Any) -> Numbers:
    """Numbers in rows, as the cells of a worksheet hold them."""
    return np.atleast_2d(np.asarray(numbers, float))
