"""Which of the layers that formulas look like are what they mean. Who reads what proposes a layer; the proof decides.

A network is told of as far as its layers hold, and only where that is more than any table of numbers has: sums of
products, or steps element by element, stand in regressions, price lists and optimizers, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from xlconv import layers
from xlconv.places import NOWHERE, Places
from xlconv.recover.assembly import assembled
from xlconv.recover.found import Found
from xlconv.recover.proof import Proof
from xlconv.recover.reading import Reading
from xlconv.recover.samples import Chain, chains, followers
from xlconv.recover.tensors import Built, Tensor

_HALF: Final = 0.5
"""Of a layer's cells more must be proved; the others are faults. If layers behind it hold, it may be just as many."""
_FEW: Final = 0.2
"""How much of a layer's weights may be texts or formulas; they are faults."""


def decided(reading: Reading, built: Built, first: Tensor) -> list[Found]:
    """The network that begins in an input, as far as it is proved, for each sample if that is a batch; or none.

    Args:
        reading: The workbook's formulas.
        built: What they look like.
        first: The input.
    """
    proposed = followers(first, [each for each in built.tensors if _may_be(each, reading)])
    made = chains(first, proposed)
    if not _is_network(first, made[0][1], reading):
        return []
    found = [assembled(reading, built, *chain) for chain in made]
    held = _held(made[0], [_proved(each, reading) for each in found])
    if len(held) < len(made[0][1]):
        made = [(start, [tensors[at] for at in held]) for start, tensors in made]
        found = [assembled(reading, built, *chain) for chain in made] if _is_network(first, made[0][1], reading) else []
    batch = int(first.cells.flat[0]) if len(found) > 1 else NOWHERE
    return [replace(each, batch=batch) for each in found]


def _held(chain: Chain, proved: Sequence[Sequence[float]]) -> list[int]:
    """Which tensors of a chain are computed by layers that hold, and from such.

    Args:
        chain: An input and what is computed from it.
        proved: For each sample, for each of these how much is proved.
    """
    first, tensors = chain
    shares = np.mean(proved, axis=0).tolist()
    sound = {id(each) for each, share in zip(tensors, shares, strict=True) if share > _HALF}
    known, held = {id(first)}, []
    for at, (tensor, share) in enumerate(zip(tensors, shares, strict=True)):
        readers = [each for each in tensors if each.source is tensor]
        holds = share > _HALF or (share == _HALF and any(id(each) in sound for each in readers))
        if holds and id(tensor.source) in known:
            known.add(id(tensor))
            held.append(at)
    return held


def _proved(found: Found, reading: Reading) -> list[float]:
    """How much of each layer's cells, with those of its intermediate results, is proved."""
    proof, stages = Proof(found, reading), [stage for stage in found.stages if stage.nodes]
    cells = ([each.ravel() for each in (stage.cells, *stage.parts.values())] for stage in stages)
    return [proof.share(np.concatenate(each)) for each in cells]


def _may_be(tensor: Tensor, reading: Reading) -> bool:
    """Whether what a layer multiplies with are numbers that it was given, most of which there are."""
    return all(_are_given(cells, reading) for cells in tensor.weights.values())


def _are_given(weights: Places, reading: Reading) -> bool:
    """Whether most weights stand in cells, and hardly any of those holds anything but a number."""
    cells = weights[weights != NOWHERE]
    numbers, others = reading.numbers_among(cells)
    return 2 * cells.size > weights.size and bool(others <= _FEW * cells.size and numbers)


def _is_network(first: Tensor, tensors: Sequence[Tensor], reading: Reading) -> bool:
    """Whether layers are more than products that are added up, or numbers that are compared.

    Shares alone are of numbers that somebody gave: those of what other formulas compute are a part of these.
    """
    weighted = [each for each in tensors if each.weights]
    if not weighted:
        numbers, others = reading.numbers_among(np.unique(first.cells))
        return numbers > others and any(isinstance(each.layer, layers.Softmax) for each in tensors)
    return any(_slides(each) or each.inline or any(other.source is each for other in tensors) for each in weighted)


def _slides(tensor: Tensor) -> bool:
    """Whether it is a convolution whose kernel is larger than a cell, and moves, along both sides."""
    sides = (*tensor.layer.kernel_size, *tensor.shape[1:]) if isinstance(tensor.layer, layers.Conv2d) else (1,)
    return min(sides) > 1
