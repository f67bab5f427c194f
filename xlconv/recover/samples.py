"""A batch: samples that stand below or beside one another, each of which goes through the same network.

What reads them looks like convolutions whose kernels span all of a sample, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from xlconv import layers
from xlconv.places import NOWHERE
from xlconv.recover.tensors import Tensor

Chain: TypeAlias = tuple[Tensor, list[Tensor]]
"""An input, and what is computed from it, in order."""

_MOST: Final = 512
"""Samples that are looked at one by one."""


def chains(first: Tensor, tensors: Sequence[Tensor]) -> list[Chain]:
    """The chain of each sample; where it is no batch, the one that there is.

    Args:
        first: The input.
        tensors: What is computed from it, by each other.
    """
    for axis in (1, 2):
        if len(first.shape) > axis and 1 < first.shape[axis] <= _MOST and _is_batch(tensors, axis):
            mine = followers(first, [each for each in tensors if _is_by_sample(each, axis)])
            return [_sample(first, mine, axis, at) for at in range(first.shape[axis])]
    return [(first, followers(first, [each for each in tensors if each.along is None]))]


def followers(first: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Those that are computed from an input, by each other."""
    known = {id(first)}
    found = []
    for tensor in tensors:
        if tensor.source is not None and id(tensor.source) in known:
            known.add(id(tensor))
            found.append(tensor)
    return found


def _is_batch(tensors: Sequence[Tensor], axis: int) -> bool:
    """Whether what is multiplied, or shared out, is so sample by sample."""
    mixing = [each for each in tensors if each.layer is not None and not each.layer.elementwise]
    begin = [each for each in mixing if isinstance(each.layer, layers.Conv2d | layers.Softmax)]
    return bool(begin) and all(_is_by_sample(each, axis) for each in begin)


def _is_by_sample(tensor: Tensor, axis: int) -> bool:
    """Whether what each sample of a tensor is computed from is one sample, the whole of it."""
    layer, source = tensor.layer, tensor.source
    assert layer is not None
    assert source is not None
    if isinstance(layer, layers.Softmax):
        return tensor.along == axis
    if not isinstance(layer, layers.Conv2d):
        return layer.elementwise
    moves, spans = axis - 1, 2 - axis
    return (
        (layer.kernel_size[moves], layer.stride[moves], tensor.shape[axis]) == (1, 1, source.image[axis])
        and (layer.kernel_size[spans], tensor.shape[3 - axis]) == (source.image[3 - axis], 1)
        and not any((*layer.padding, *tensor.pad))
    )


def _sample(first: Tensor, tensors: Sequence[Tensor], axis: int, at: int) -> Chain:
    """The chain of one sample."""
    made = {id(first): _part(first, axis, at)}
    for tensor in tensors:
        part = _part(tensor, axis, at)
        part.source = made[id(tensor.source)]
        made[id(tensor)] = part
    return made[id(first)], [made[id(each)] for each in tensors]


def _part(tensor: Tensor, axis: int, at: int) -> Tensor:
    """One sample of a tensor, as a vector."""
    elements = np.arange(tensor.cells.size).reshape(tensor.shape).take(at, axis).ravel()
    layer, weights = tensor.layer, dict(tensor.weights)
    if isinstance(layer, layers.Conv2d):
        weights["weight"] = weights["weight"].reshape(layer.out_channels, -1)
        layer = layers.Linear(weights["weight"].shape[1], layer.out_channels, layer.bias)
    cells, parts = tensor.cells.ravel()[elements], dict(_parts(tensor, elements, at))
    return replace(
        tensor, cells=cells, layer=layer, weights=weights, parts=parts, along=None, origin=tensor, elements=elements
    )


def _parts(tensor: Tensor, elements: np.ndarray, at: int) -> Iterator[tuple[str, np.ndarray]]:
    for name, cells in tensor.parts.items():
        mine = cells.ravel()[elements] if cells.size == tensor.cells.size else cells[at : at + 1]
        if (mine != NOWHERE).any():
            yield name, mine
