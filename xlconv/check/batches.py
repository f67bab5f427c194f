"""The samples of a batch, each a network of its own with the same layers and weights, told as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xlconv.layers import shape_text
from xlconv.places import NOWHERE
from xlconv.recover.found import Found
from xlconv.report import LayerResult


def batches(networks: Sequence[Found]) -> list[list[int]]:
    """The numbers of the networks that are samples of one batch, in their order; of any other alone."""
    found: dict[tuple[int, int], list[int]] = {}
    for at, network in enumerate(networks):
        found.setdefault((network.batch, NOWHERE if network.batch != NOWHERE else at), []).append(at)
    return list(found.values())


def title(samples: Sequence[Found]) -> str:
    """The first one's, and how many more there are."""
    more = len(samples) - 1
    return samples[0].title + (f" and {more} more sample{'s' * (more > 1)}" if more else "")


def in_one_line(samples: Sequence[Found]) -> str:
    """The layers with their shapes."""
    network = samples[0].network
    layers = [f"{node.name} {shape_text(network.shapes[node.name])}" for node in network.nodes]
    return f"{title(samples)}: input {shape_text(network.input_shape)}, {', '.join(layers)}"


def rows(samples: Sequence[Sequence[LayerResult]]) -> Iterator[LayerResult]:
    """One row for each layer, with the cells of all samples."""
    by_layer: dict[tuple[str, str], list[LayerResult]] = {}
    for row in (row for layers in samples for row in layers):
        by_layer.setdefault((row.layer, row.type), []).append(row)
    yield from map(_together, by_layer.values())


def _together(several: Sequence[LayerResult]) -> LayerResult:
    errors = [row.largest_error for row in several if row.largest_error is not None]
    proved = [row.proved for row in several if row.proved is not None]
    return replace(
        several[0],
        cells=sum(row.cells for row in several),
        compared=sum(row.compared for row in several),
        largest_error=max(errors, default=None),
        wrong=sum(row.wrong for row in several),
        at_fault=sum(row.at_fault for row in several),
        not_evaluated=sum(row.not_evaluated for row in several),
        first=next((row.first for row in several if row.first), ""),
        proved=sum(proved) if proved else None,
    )
