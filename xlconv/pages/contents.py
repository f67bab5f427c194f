"""The worksheet `Network`: the layers as a table that people and programs can read, and where the weights come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from xlconv import declaration
from xlconv.cells import Range
from xlconv.layers import shape_text
from xlconv.layout import Layout
from xlconv.network import INPUT, Network
from xlconv.pages import Formula, Page

_HEADER_ROW: Final = 4
_FURTHER: Final = ("input shape", "parameters", "stands at", "its first formula")
_WIDTHS: Final = (14, 14, 12, 84, 8, 14, 13, 13, 13, 84)
_GUIDE: Final = {
    declaration.EXPLORE_SHEET: "how one cell of any layer is computed, step by step",
    declaration.DRAW_SHEET: "a grid to type an input of your own into",
    declaration.SAMPLES_SHEET: "the inputs that can be chosen on the first worksheet",
}


def page(network: Network, layout: Layout, pages: Sequence[Page], about: Sequence[tuple[str, str]]) -> Page:
    """The worksheet.

    Args:
        network: Whose layers it lists.
        layout: Where they stand.
        pages: The other worksheets, the first one first.
        about: Titles and paragraphs on the network.
    """
    page = Page(declaration.SHEET, widths=dict(enumerate(map(float, _WIDTHS), 1)), frozen=f"B{_HEADER_ROW + 1}")
    page.put(1, 1, "The network, layer by layer", "heading")
    page.put(2, 1, "Every number of a layer on the first worksheet is a formula, whose weights are cells.", "text")
    rows = declaration.rows(network)
    for number, texts in enumerate(rows):
        for column, text in enumerate(texts, 1):
            if text:
                page.put(_HEADER_ROW + number, column, text, "text" if number else "header")
    page.names[declaration.NAME] = Range(page.title, _HEADER_ROW, 1, len(rows), len(declaration.HEADER))
    for at, text in enumerate(_FURTHER, len(declaration.HEADER) + 1):
        page.put(_HEADER_ROW, at, text, "header")
    for row, name in enumerate([INPUT, *(node.name for node in network.nodes)], _HEADER_ROW + 1):
        _put_layer(page, row, name, network, layout, pages[0])
    row = _HEADER_ROW + len(rows) + 1
    for title, text in [*about, *_told(pages)]:
        page.put(row, 1, title, "subject")
        page.put(row, 3, text, "text")
        for other in pages[1:]:
            if title == other.title:
                page.links.append((Range(page.title, row, 1), Range(title, 1, 1)))
        row += 1
    return page


def _put_layer(page: Page, row: int, name: str, network: Network, layout: Layout, first: Page) -> None:
    """What the table has of a layer beside what programs read."""
    column = len(declaration.HEADER) + 1
    if name != INPUT:
        node = network[name]
        page.put(row, column, " and ".join(shape_text(network.shapes[source]) for source in node.inputs), "text")
        own = {} if node.shares else node.layer.weight_shapes
        page.put(row, column + 1, float(sum(map(prod, own.values()))), "count")
    blocks = [block for block in layout.blocks if block.layer == name and block.role in ("input", "output")]
    if not blocks:
        return
    cell = page.put(row, column + 2, blocks[0].range.address, "go to")
    page.links.append((cell, blocks[0].range))
    formula, _ = first.cells[blocks[0].range.row, blocks[0].range.column]
    if isinstance(formula, Formula):
        page.put(row, column + 3, f"={formula}", "code")


def _told(pages: Sequence[Page]) -> Iterator[tuple[str, str]]:
    """The other worksheets, and how to check the workbook."""
    for each in pages[1:]:
        if each.title in _GUIDE:
            yield each.title, _GUIDE[each.title]
    yield (
        "To check it",
        "xlconv verify FILE recalculates this workbook for many inputs and holds every formula to a model in NumPy.",
    )
