"""What the worksheet `Explore` tells in words: one expression with a sentence for each way in which layers compute.

Every number in it stands in a cell of that worksheet; the sentences are those of `xlconv.wording`.
"""

from __future__ import annotations

from string import Formatter
from typing import NamedTuple

from xlconv import wording
from xlconv.cells import Range
from xlconv.pages.explore.layers import Kind
from xlconv.pages.explore.lookup import index
from xlconv.pages.explore.table import LayerTable


class ToldCells(NamedTuple):
    """Where the numbers stand that are told.

    Args:
        at: The addresses of channel, row and column.
        bias: The bias.
        before: What the ReLUs are applied to.
        result: What comes out.
        rows: The rows that the window reads.
        columns: The columns that it reads.
        window: The window in the only or first channel.
        elements: x, x less the largest, exponential and share.
        most: The largest x.
        total: The sum of the exponentials.
    """

    at: tuple[str, str, str]
    bias: str
    before: str
    result: str
    rows: Range | None
    columns: Range | None
    window: Range | None
    elements: Range | None
    most: str
    total: str


def words(table: LayerTable, told: ToldCells) -> str:
    """The expression for the text."""
    channel, row, column = told.at
    image = _text(wording.IMAGE_PLACE, c=channel, i=row, j=column)
    vector = _text(wording.VECTOR_PLACE, n=channel)
    arms: dict[Kind, str] = {"dense": _dense(table, told)}
    if told.rows and told.columns and told.window:
        arms |= _windowed(table, told, told.rows, told.columns, told.window)
    if told.elements:
        arms["softmax"] = _softmax(told, told.elements)
    place = table.by_kind({kind: vector if kind in ("vector relu", "dense", "softmax") else image for kind in arms})
    return _text(wording.SENTENCE, layer=table.layer, place=place, told=table.by_kind(arms))


def _text(template: str, **fields: str) -> str:
    """The expression for a text; what a field gives is rounded to 4 decimals where it says so."""
    parts = []
    for literal, field, decimals, _ in Formatter().parse(template):
        parts += [f'"{literal}"'] if literal else []
        if field:
            parts.append(f"ROUND({fields[field]},{decimals})" if decimals else fields[field])
    return "&".join(parts)


def _windowed(table: LayerTable, told: ToldCells, rows: Range, columns: Range, window: Range) -> dict[Kind, str]:
    """The sentences of what the first panel shows."""
    settings, x = table.settings, window.part(0, 0).absolute
    row, column = rows.part(0, 0).absolute, columns.part(0, 0).absolute
    span = {
        "rows": _span(wording.ROW, wording.ROWS, rows, settings.height),
        "columns": _span(wording.COLUMN, wording.COLUMNS, columns, settings.width),
        "stride": _stride(table),
        "reads": table.reads,
    }
    beyond = f"({row}<0)+({_last(rows, settings.height)}>={settings.rows})"
    beyond += f"+({column}<0)+({_last(columns, settings.width)}>={settings.columns})"
    zeros, nothing = (f'IF({beyond},{_text(text)},"")' for text in (wording.ZEROS_OUTSIDE, wording.NOTHING_OUTSIDE))
    each = f'IF({settings.channels}=1,"",{_text(wording.EACH, k=settings.channels)})'
    most = f"MAX({window.absolute})"
    sums = {"bias": _bias(table, told), "before": told.before, "relu": _relu(table, told, told.before)}
    place = {"row": row, "column": column, "reads": table.reads, "x": x, "relu": _relu(table, told, x)}
    relu = _text(wording.RELU, reads=table.reads, x=x, relu=_relu(table, told, x))
    return {
        "conv": _text(wording.CONV, each=each, outside=zeros, **span, **sums),
        "pool": _text(wording.POOL, c=told.at[0], most=most, outside=nothing, relu=_relu(table, told, most), **span),
        "pad": f"IF({beyond},{_text(wording.PAD_OUTSIDE, **place)},{_text(wording.PAD_INSIDE, **place)})",
        "relu": relu,
        "vector relu": relu,
    }


def _dense(table: LayerTable, told: ToldCells) -> str:
    settings = table.settings
    size = {"k": settings.channels, "h": settings.height, "w": settings.width}
    vector, image, several = (
        _text(text, **size) for text in (wording.VECTOR_COUNT, wording.IMAGE_COUNT, wording.CHANNELS_COUNT)
    )
    count = f"IF({settings.channels}=1,IF({settings.width}=1,{vector},{image}),{several})"
    relu = _relu(table, told, told.before)
    return _text(wording.DENSE, reads=table.reads, count=count, bias=_bias(table, told), before=told.before, relu=relu)


def _softmax(told: ToldCells, elements: Range) -> str:
    names = ("x", "less", "exp")
    columns = [elements._replace(column=elements.column + at, width=1) for at in range(len(names))]
    numbers = {
        name: index(column, column.absolute, f"{told.at[0]}+1") for name, column in zip(names, columns, strict=True)
    }
    return _text(wording.SOFTMAX, most=told.most, total=told.total, result=told.result, **numbers)


def _span(one: str, several: str, numbers: Range, count: str) -> str:
    """`row 3`, or `rows 3 to 5`."""
    first = numbers.part(0, 0).absolute
    return f"IF({count}=1,{_text(one, first=first)},{_text(several, first=first, last=_last(numbers, count))})"


def _last(numbers: Range, count: str) -> str:
    return index(numbers, numbers.absolute, *([count] if numbers.width == 1 else ["1", count]))


def _stride(table: LayerTable) -> str:
    down, right = table.settings.down, table.settings.right
    moves = _text(wording.STRIDE, r=right, d=down)
    return f'IF({down}*{right}=1,"",{moves})'


def _bias(table: LayerTable, told: ToldCells) -> str:
    return f'IF({table.settings.bias}=0,"",{_text(wording.BIAS, bias=told.bias)})'


def _relu(table: LayerTable, told: ToldCells, before: str) -> str:
    below = _text(wording.BELOW_ZERO, result=told.result)
    above = _text(wording.NOT_BELOW_ZERO, result=told.result)
    return f'IF({table.settings.relus}=0,"",IF({before}<0,{below},{above}))'
