"""Which rectangle (block) of the worksheet holds which tensor.

The worksheet reads from left to right: input, then for each layer its weights and its output; the channels of a
layer stand below one another, and what the network says stands below the last vector. This package knows shapes, cells
and how much room a text takes; it must not know formulas, numbers or colours.
"""

from __future__ import annotations

from xlconv.cells import MAX_COLUMNS, MAX_ROWS
from xlconv.errors import NetworkError
from xlconv.layout.blocks import FIRST_ROW, SENTENCE_ROW, SENTENCE_ROWS, SHAPE_ROW, TITLE_ROW, Block, Heading, Layout
from xlconv.layout.builder import Builder
from xlconv.network import Network

__all__ = [
    "FIRST_ROW",
    "SENTENCE_ROW",
    "SENTENCE_ROWS",
    "SHAPE_ROW",
    "TITLE_ROW",
    "Block",
    "Heading",
    "Layout",
    "lay_out",
]


def lay_out(network: Network, sheet: str, panel: bool = False) -> Layout:
    """The blocks of a network, on one worksheet.

    Args:
        network: What is to stand there.
        sheet: The worksheet's name.
        panel: Whether there is to be room for choosing a sample.

    Raises:
        NetworkError: It does not fit a worksheet, or two blocks would have the same defined name.
    """
    layout = Builder(network, sheet, panel).build()
    if layout.last_row > MAX_ROWS or layout.last_column > MAX_COLUMNS:
        raise NetworkError(
            f"the network needs {layout.last_row} rows and {layout.last_column} columns, "
            f"a worksheet has {MAX_ROWS} and {MAX_COLUMNS}"
        )
    seen: dict[str, Block] = {}
    for block in layout.blocks:
        other = seen.setdefault(block.name.lower(), block)
        if other is not block:
            raise NetworkError(
                f"layers {other.layer!r} and {block.layer!r} both need the defined name {block.name!r}: rename one"
            )
    return layout
