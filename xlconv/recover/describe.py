"""What was recovered, for people and for programs; and as a template folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from xlconv import templates
from xlconv.cells import Range
from xlconv.errors import WorkbookError
from xlconv.escape import console, json_text
from xlconv.files import whole_folder
from xlconv.layers import shape_text
from xlconv.network import INPUT
from xlconv.places import NOWHERE, Places
from xlconv.recover import Recovered
from xlconv.recover.found import Found, Stage

JSON_VERSION: Final = 1
_ENDINGS: Final = {2: "nd", 3: "rd"}
_RANGES: Final = 4
"""That the text names for one tensor."""
_LEFT: Final = 10
"""Kinds of formulas that were not recognised, of which the text gives examples."""


def to_text(recovered: Recovered) -> str:
    """For people: for each network its layers in order, with shapes, where they stand, and what speaks for them."""
    count, batches = len(recovered.networks), Counter(found.batch for found in recovered.networks)
    lines = [f"{recovered.book.path}: {count} network{'' if count == 1 else 's'}"]
    for found in recovered.networks:
        if found.batch != NOWHERE and not (more := batches.pop(found.batch, 0)):
            continue
        said = "" if not found.declared else ", named as the workbook names it"
        if found.batch != NOWHERE:
            said = f", the first sample of {more}, which have the same layers and weights"
        lines += ["", f"{found.title}{said}", *_network(found)]
    if recovered.not_recognised:
        total = sum(len(group.cells) for group in recovered.not_recognised)
        lines += ["", f"not recognised: {total:,} formulas"]
        for group in recovered.not_recognised[:_LEFT]:
            where = Range(group.sheet, *group.cells[0]).place
            lines.append(f"  {where} ={group.formula}  ({len(group.cells):,} alike)")
        if len(recovered.not_recognised) > _LEFT:
            lines.append(f"  ... and {len(recovered.not_recognised) - _LEFT} other kinds")
    return "\n".join(console(line) for line in lines)


def _network(found: Found) -> Iterator[str]:
    network, home = found.network, found.atlas.cell(int(found.stages[0].cells.flat[0])).sheet if found.stages else ""
    yield f"  {INPUT}  {shape_text(network.input_shape)}  at {_at(found, found.inputs, home)}"
    stages = {stage.nodes[0].name: stage for stage in found.stages if stage.nodes}
    for node in network.nodes:
        kind = type(node.layer).__name__
        settings = _settings(node.layer.settings(brief=True))
        inline = f", inline in {node.inputs[0]}" if node.inline else ""
        is_next = node.inputs == (_before(found, node.name),) or node.inline
        reads = "" if is_next else f", reads {' and '.join(node.inputs)}"
        stage = stages.get(node.name)
        at = f"  at {_at(found, stage.cells, home)}" if stage else ""
        yield f"  {node.name}  {kind}{settings}  {shape_text(network.shapes[node.name])}{inline}{reads}{at}"
        if node.shares:
            yield f"    the weights of {node.shares}"
            continue
        for key, cells in found.weights_of(node).items():
            yield f"    {key} {shape_text(cells.shape)} at {_at(found, cells, home)}"
        if stage:
            yield from _details(found, stage, home)
    for stage in found.stages:
        if not stage.nodes:
            yield f"  {stage.name}  at {_at(found, stage.cells, home)}"


def _before(found: Found, name: str) -> str:
    names = [INPUT, *(node.name for node in found.network.nodes)]
    return names[names.index(name) - 1]


def _details(found: Found, stage: Stage, home: str) -> Iterator[str]:
    for part, cells in stage.parts.items():
        yield f"    {part} at {_at(found, cells, home)}"
    if stage.evidence is not None:
        count, shared, form = stage.evidence.cells, stage.evidence.shared, stage.evidence.form
        if shared > 1:
            yield f"    {shared:,} of {count:,} cells share {form}"
        elif count > 1:
            yield f"    each of {count:,} cells has its own, such as {form}"
        else:
            yield f"    {form}"


def _settings(settings: dict[str, Any]) -> str:
    said = []
    for key, value in settings.items():
        if isinstance(value, tuple):
            said.append(f"{key}={'x'.join(map(str, value)) if len(value) == 2 else value}")
        elif not isinstance(value, bool):
            said.append(f"{key}={value}")
        elif value:
            said.append(key)
    return f"({', '.join(said)})" if said else ""


def _at(found: Found, cells: Places, home: str) -> str:
    """Where some cells stand, on the network's own worksheet without its name."""
    tiles = [tile for block in _slices(cells) for tile in found.atlas.tiles(block)]
    said = []
    for tile in tiles[:_RANGES]:
        text = tile.range.address if tile.range.sheet == home else tile.range.place
        steps = [f"every {_th(step)} {what}" for step, what in ((tile.down, "row"), (tile.right, "column")) if step > 1]
        said.append(f"{text} ({', '.join(steps)})" if steps else text)
    more = len(tiles) - _RANGES
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _th(number: int) -> str:
    return f"{number}{_ENDINGS.get(number, 'th')}"


def _slices(cells: Places) -> Sequence[Places]:
    """The 2-D slices of an image or of kernels; a vector or a matrix whole."""
    return list(cells.reshape(-1, *cells.shape[-2:])) if cells.ndim > 2 else [cells]


def to_json(recovered: Recovered) -> str:
    """As one JSON object: networks with layers, weights as numbers, and all cells' ranges."""
    described = {
        "version": JSON_VERSION,
        "file": str(recovered.book.path),
        "networks": [_as_dict(found) for found in recovered.networks],
        "not_recognised": [
            {"worksheet": group.sheet, "count": len(group.cells), "first": Range(group.sheet, *group.cells[0]).address,
             "formula": group.formula}
            for group in recovered.not_recognised
        ],
    }  # fmt: skip
    return json_text(json.dumps(described, indent=2))


def _as_dict(found: Found) -> dict[str, Any]:
    stages = {stage.nodes[0].name: stage for stage in found.stages if stage.nodes}
    return {
        "title": found.title,
        "declared": found.declared,
        "classes": list(found.network.classes),
        "input": {"shape": list(found.network.input_shape), "ranges": _ranges(found, found.inputs)},
        "layers": [
            {
                "name": node.name,
                "type": type(node.layer).__name__,
                "settings": node.layer.settings(),
                "inputs": list(node.inputs),
                "inline": node.inline,
                "shape": list(found.network.shapes[node.name]),
                **_stage_dict(found, stages.get(node.name)),
                "weights": {
                    key: {
                        "ranges": _ranges(found, found.weights[f"{node.name}.{key}"]),
                        "values": found.network.weights[f"{node.name}.{key}"].tolist(),
                    }
                    for key in node.layer.weight_shapes
                },
            }
            for node in found.network.nodes
        ],
    }


def _stage_dict(found: Found, stage: Stage | None) -> dict[str, Any]:
    if stage is None:
        return {"ranges": []}
    parts = {part: _ranges(found, cells) for part, cells in stage.parts.items()}
    evidence = stage.evidence and {"formula": stage.evidence.form, "shared_by": stage.evidence.shared}
    return {"ranges": _ranges(found, stage.cells), "parts": parts, "evidence": evidence}


def _ranges(found: Found, cells: Places) -> list[dict[str, Any]]:
    return [
        {"worksheet": tile.range.sheet, "range": tile.range.address, "every": [tile.down, tile.right]}
        for block in _slices(cells)
        for tile in found.atlas.tiles(block)
    ]


def save(recovered: Recovered, number: int, folder: Path, force: bool = False) -> None:
    """Write a network as a template folder, with the input in the workbook as its only sample.

    Args:
        recovered: What was recovered.
        number: Which network, from 0.
        folder: Where to.
        force: Whether an existing folder may be replaced.

    Raises:
        WorkbookError: There is no such network.
        OutputError: The folder exists or cannot be written.
    """
    if number >= len(recovered.networks):
        raise WorkbookError(
            f"{recovered.book.path}: no network {number + 1}; {len(recovered.networks)} were recovered",
            hint=None if recovered.networks else "xlconv recover FILE tells what was not recognised",
        )
    found = recovered.networks[number]
    samples = templates.Samples(found.x[None], np.zeros(1, np.uint8))
    title = console(f"Recovered from {recovered.book.path.name}, {found.title}")
    notes = "Layers and weights are what the formulas compute; the only sample is the input that stood in the workbook."
    template = templates.Template(folder.name, found.network, samples, title, notes)
    with whole_folder(folder, force) as temporary:
        templates.save(template, temporary, f"# {title}\n\n{notes}\n\n```\n{to_text(recovered)}\n```\n")
