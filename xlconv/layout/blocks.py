"""What a worksheet's layout is: blocks of cells, headings, and where else something stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from xlconv import measure
from xlconv.cells import Blocks, Range

Role: TypeAlias = Literal["input", "weight", "vector", "output", "part", "classes", "prediction"]
"""A vector holds weights, too: one number for each channel or element, such as biases."""

TITLE_ROW: Final = 1
SHAPE_ROW: Final = 2
SENTENCE_ROW: Final = 3
SENTENCE_ROWS: Final = 5
FIRST_ROW: Final = SENTENCE_ROW + SENTENCE_ROWS
"""Of the captions; the first blocks stand below it, and all from here on scrolls."""
MARK_HEIGHT: Final = 3


class Block(NamedTuple):
    """The rectangle of one 2-D slice.

    Args:
        role: What its numbers are.
        layer: The layer whose they are, or `input`.
        indices: Of the slice: channel; output and input channel for weights; empty for a vector.
        range: Where it stands.
        name: Its defined name.
        caption: What stands above it.
        part: For an intermediate result, its name; for a vector of weights, the array's.
    """

    role: Role
    layer: str
    indices: tuple[int, ...]
    range: Range
    name: str
    caption: str
    part: str = ""


class Heading(NamedTuple):
    """What stands, frozen, over a layer's columns.

    Args:
        layer: The layer, or `input`, or what else there is.
        column: The first of the columns.
        title: In large letters.
        shape: What it is and which shape it has.
        width: The number of columns.
    """

    layer: str
    column: int
    title: str
    shape: str = ""
    width: int = 1


@dataclass
class Layout:
    """All blocks of a network's worksheet, and where each layer's output and weights stand."""

    sheet: str
    blocks: list[Block] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    wide_columns: list[int] = field(default_factory=list)
    outputs: dict[str, Blocks] = field(default_factory=dict)
    weights: dict[str, list[list[Range]]] = field(default_factory=dict)
    vectors: dict[str, dict[str, list[Range]]] = field(default_factory=dict)
    """By layer and name of the array."""
    parts: dict[str, dict[str, Blocks]] = field(default_factory=dict)
    classes: Range | None = None
    panel: Range | None = None
    """Below the input, where the choice of a sample stands."""
    result: Range | None = None
    """What the cell with the prediction is merged into."""
    mark: Range | None = None
    """The cell, below the prediction, that says whether it is right."""
    chart: Range | None = None
    """What the bar chart of the last vector covers."""
    labels: list[tuple[Range, str]] = field(default_factory=list)
    """Captions beside those of the blocks."""
    arrows: list[Range] = field(default_factory=list)
    """Between a layer and the next one that reads it; each is merged into one cell."""

    @property
    def mark_area(self) -> Range | None:
        """What the mark's cell is merged into."""
        return self.mark and self.result and self.result._replace(row=self.mark.row, height=MARK_HEIGHT)

    @property
    def areas(self) -> list[Range]:
        """All that something stands in, below the headings."""
        single = (self.panel, self.result, self.mark_area, self.chart)
        several = [block.range for block in self.blocks] + [where for where, _ in self.labels]
        return [*several, *self.arrows, *(where for where in single if where)]

    @property
    def last_row(self) -> int:
        """The last row that anything stands in."""
        return max(where.row + where.height - 1 for where in self.areas)

    @property
    def last_column(self) -> int:
        """The last column that anything stands in."""
        return max(heading.column + heading.width - 1 for heading in self.headings)

    def pixels(self, column: int, width: int) -> int:
        """The width of some columns."""
        wide = sum(column <= at < column + width for at in self.wide_columns)
        return wide * measure.WIDE + (width - wide) * measure.CELL
