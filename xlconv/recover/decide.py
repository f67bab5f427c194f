"""Which of the layers that formulas look like are what they mean. Who reads what proposes a layer; the proof decides.

A network is told of as far as its layers hold, and only where that is more than any table of numbers has: sums of
products, or steps element by element, stand in regressions, price lists and optimizers, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from xlconv import layers
from xlconv.places import NOWHERE, Places
from xlconv.recover.assembly import assembled
from xlconv.recover.found import Found, Stage
from xlconv.recover.proof import Proof
from xlconv.recover.reading import Reading
from xlconv.recover.tensors import Built, Tensor

_MOST: Final = 0.7
"""How much of a layer's cells must be proved; the others are faults."""
_FEW: Final = 0.2
"""How much of a layer's weights may be texts or formulas; they are faults."""


def decided(reading: Reading, built: Built, first: Tensor) -> Found | None:
    """The network that begins in an input, as far as it is proved; None where there is none.

    Args:
        reading: The workbook's formulas.
        built: What they look like.
        first: The input.
    """
    proposed = [each for each in _followers(first, built.tensors) if _may_be(each, reading)]
    tensors = _followers(first, proposed)
    if not _is_network(tensors):
        return None
    found = assembled(reading, built, first, tensors)
    proof = Proof(found, reading)
    held = [each for each, stage in zip(tensors, found.stages, strict=False) if _holds(stage, proof)]
    if len(held) == len(tensors):
        return found
    held = _followers(first, held)
    return assembled(reading, built, first, held) if _is_network(held) else None


def _followers(first: Tensor, tensors: Iterable[Tensor]) -> list[Tensor]:
    """Those that are computed from an input, by each other."""
    known = {id(first)}
    found = []
    for tensor in tensors:
        if tensor.source is not None and id(tensor.source) in known:
            known.add(id(tensor))
            found.append(tensor)
    return found


def _may_be(tensor: Tensor, reading: Reading) -> bool:
    """Whether what a layer multiplies with are numbers that it was given, most of which there are."""
    return all(_are_given(cells, reading) for cells in tensor.weights.values())


def _are_given(weights: Places, reading: Reading) -> bool:
    """Whether most weights stand in cells, and hardly any of those holds anything but a number."""
    cells = weights[weights != NOWHERE]
    numbers, others = reading.numbers_among(cells)
    return 2 * cells.size > weights.size and bool(others <= _FEW * cells.size and numbers)


def _holds(stage: Stage, proof: Proof) -> bool:
    """Whether most of a layer's cells, with those of its intermediate results, are proved."""
    return proof.share(np.concatenate([cells.ravel() for cells in (stage.cells, *stage.parts.values())])) > _MOST


def _is_network(tensors: Sequence[Tensor]) -> bool:
    """Whether layers are more than products that are added up, or numbers that are compared."""
    if any(isinstance(each.layer, layers.Softmax) or _slides(each) for each in tensors):
        return True
    weighted = [each for each in tensors if each.weights]
    return any(each.relus or any(other.source is each for other in tensors) for each in weighted)


def _slides(tensor: Tensor) -> bool:
    """Whether it is a convolution whose kernel is larger than a cell, and moves, along both sides."""
    sides = (*tensor.layer.kernel_size, *tensor.shape[1:]) if isinstance(tensor.layer, layers.Conv2d) else (1,)
    return min(sides) > 1
