"""The worksheet `Network`: the layers, as a table that people and programs can read."""

from __future__ import annotations

from xlconv import declaration
from xlconv.cells import Range
from xlconv.network import Network
from xlconv.pages import Page

_WIDTHS = (14, 12, 14, 70, 8, 14)


def page(network: Network) -> Page:
    """The worksheet."""
    page = Page(declaration.SHEET, frozen="A2", widths=dict(enumerate(map(float, _WIDTHS), 1)))
    rows = declaration.rows(network)
    for number, row in enumerate(rows):
        for column, text in enumerate(row, 1):
            if text:
                page.put(1 + number, column, text, "text" if number else "header")
    page.names[declaration.NAME] = Range(page.title, 1, 1, len(rows), len(declaration.HEADER))
    return page
