"""What stands where in a workbook: its layers and their blocks, as it declares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xlconv import reader
from xlconv.escape import console, json_text
from xlconv.layers import shape_text
from xlconv.network import INPUT
from xlconv.recover.declared import Declared, NamedBlock, declared_by

JSON_VERSION = 1


def inspect(path: Path) -> dict[str, Any]:
    """The layers of a workbook and their blocks, ready for JSON.

    Raises:
        WorkbookError: The file cannot be read, or is no workbook of xlconv's.
    """
    net = declared_by(reader.read(path))
    first = {
        "name": INPUT,
        "type": "Input",
        "shape": list(net.network.input_shape),
        "inputs": [],
        "inline": False,
    }
    described = [{**first, "blocks": [_block(block) for block in net.inputs]}]
    described += [_layer(net, node.name) for node in net.network.nodes]
    return {
        "version": JSON_VERSION,
        "file": str(path),
        "classes": list(net.network.classes),
        "layers": described,
    }


def _layer(net: Declared, name: str) -> dict[str, Any]:
    node = net.network[name]
    blocks = [block for block in net.blocks() if block.layer == name]
    return {
        "name": name,
        "type": type(node.layer).__name__,
        "shape": list(net.network.shapes[name]),
        "inputs": list(node.inputs),
        "inline": node.inline,
        "settings": node.layer.settings(),
        "blocks": [_block(block) for block in blocks],
    }


def _block(block: NamedBlock) -> dict[str, Any]:
    return {
        "name": block.name,
        "role": block.role,
        "part": block.part,
        "indices": list(block.indices),
        "worksheet": block.range.sheet,
        "range": block.range.address,
    }


def to_json(found: dict[str, Any]) -> str:
    """As one JSON object."""
    return json_text(json.dumps(found, indent=2))


def to_text(found: dict[str, Any]) -> str:
    """For people: a line for each layer, below it one for each block."""
    lines = [found["file"]]
    for layer in found["layers"]:
        inline = f"  (inline in {layer['inputs'][0]})" if layer["inline"] else ""
        lines.append(f"{layer['name']}  {layer['type']}  {shape_text(tuple(layer['shape']))}{inline}")
        for block in layer["blocks"]:
            role = f"{block['role']} ({block['part']})" if block["part"] else block["role"]
            where = f"'{block['worksheet']}'!{block['range']}"
            lines.append(f"  {block['name']:<18} {role:<12} {where}")
    return "\n".join(map(console, lines))
