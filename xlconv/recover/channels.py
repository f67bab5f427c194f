"""Which products belong to one output channel: those of cells that share their weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xlconv.places import Places

Ints: TypeAlias = NDArray[np.int64]


def channels(cell: Places, weight: Places) -> Ints:
    """A label for each product: cells whose products share weights are one output channel.

    Where padding cuts windows off, cells use some of a channel's weights only. A few cells that mix the weights of
    large channels are faulty ones and do not join them.
    """
    cells, inverse = np.unique(cell, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    if not cells.size:
        return inverse
    ends = np.cumsum(np.bincount(inverse))
    mixed = (weight[order].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) ^ (weight[order].astype(np.uint64) >> 7)
    marks = np.add.reduceat(mixed, np.r_[0, ends[:-1]])
    _, first, kind, count = np.unique(marks, return_index=True, return_inverse=True, return_counts=True)
    sets = {k: set(weight[order[ends[f - 1] if f else 0 : ends[f]]].tolist()) for k, f in enumerate(first)}
    label = _joined_sets(sets, {k: int(n) for k, n in enumerate(count)})
    found: Ints = np.array([label[k] for k in range(len(sets))])[kind][inverse]
    return found


_MANY: Final = 4
"""Cells that make a channel which two faulty ones do not join to another."""


def _joined_sets(sets: dict[int, set[int]], count: dict[int, int]) -> dict[int, int]:
    """For each set of weights the number of its channel."""
    label: dict[int, int] = {}
    owner: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    size: dict[int, int] = {}
    for kind in sorted(sets, key=lambda k: (-count[k], -len(sets[k]))):
        near = sorted({owner[w] for w in sets[kind] if w in owner}, key=lambda at: -size[at])
        mine = near[0] if near else kind
        label[kind] = mine
        members.setdefault(mine, []).append(kind)
        size[mine] = size.get(mine, 0) + count[kind]
        if near and size[near[-1]] >= _MANY and len(near) > 1:
            continue  # it mixes channels
        for other in near[1:]:
            for each in members.pop(other):
                label[each] = mine
                members[mine].append(each)
            size[mine] += size.pop(other)
            owner.update({w: mine for w, at in owner.items() if at == other})
        owner.update(dict.fromkeys(sets[kind], mine))
    return label


def by_label(label: Ints) -> Iterator[Ints]:
    """The indices of each label."""
    order = np.argsort(label, kind="stable")
    breaks = np.flatnonzero(np.diff(label[order])) + 1
    yield from (part for part in np.split(order, breaks) if part.size)
