"""Which pooling a formula of one range is: whichever layer of windows is proved to be the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final

import numpy as np

from xlconv import mean
from xlconv.errors import NetworkError
from xlconv.formula.array import NUMBER
from xlconv.formula.field import Residues
from xlconv.formula.tree import Node
from xlconv.layers import LAYER_TYPES, Layer, MaxPool2d, Pair
from xlconv.recover import elementwise

_SETTINGS: Final = {"kernel_size", "stride"}
_LARGEST: Final = 1024
"""Cells of a window."""
_WEIGHTS: Final = {"in_channels", "in_features", "num_features"}


def kinds() -> Iterator[type[Layer]]:
    """The layer types that make one number of each window, without weights."""
    for kind in LAYER_TYPES.values():
        names = {field.name for field in fields(kind)}
        if names >= _SETTINGS and not names & _WEIGHTS:
            yield kind


def layer(kind: type[Layer], kernel: Pair, stride: Pair, padding: Pair, ceil: bool) -> Layer | None:
    """One of a type; None where it has no such settings."""
    names = {field.name for field in fields(kind)}
    settings: dict[str, Any] = {"kernel_size": kernel, "stride": stride}
    settings |= {"padding": padding} if any(padding) or "padding" in names else {}
    settings |= {"ceil_mode": ceil} if ceil or "ceil_mode" in names else {}
    with suppress(NetworkError, TypeError):
        return kind(**settings)
    return None


def kind_of(tree: Node, size: Pair) -> type[Layer] | None:
    """What a formula makes of the one range that it reads, of some height and width; None where it is no pooling."""
    read = [node for node in tree.walk() if node.kind == "reference"]
    is_window = len(read) == 1 and 1 < size[0] * size[1] <= _LARGEST
    return _kind_of(elementwise.with_hole(tree, read[0]), size) if is_window else None


@lru_cache(maxsize=1 << 8)
def _kind_of(tree: Node, size: Pair) -> type[Layer] | None:
    others = [kind for kind in kinds() if kind is not MaxPool2d]  # the largest of cells has a meaning of its own
    if not others or not elementwise.is_of_holes(tree):
        return None
    x = Residues.drawn((1, *size))
    shown, y = elementwise.result(tree, x.reshape(*size))
    at = [np.zeros(1, np.int64)] * 3
    for kind in others if shown == NUMBER else ():
        made = layer(kind, size, size, (0, 0), ceil=False)
        if made is not None and mean.mean(made, mean.Operands(mean.Source(x)), at).same(y).all():
            return kind
    return None
