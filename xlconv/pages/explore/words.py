"""What the worksheet `Explore` tells in words: one expression with a sentence for each way in which layers compute.

Every number in it stands in a cell of that worksheet; the sentences are those of `xlconv.wording`.
"""

from __future__ import annotations

from string import Formatter
from typing import NamedTuple

from xlconv import wording
from xlconv.cells import Range
from xlconv.pages.explore.layers import NOTHING_MORE, OF_VECTORS, Entry, Kind
from xlconv.pages.explore.lookup import index
from xlconv.pages.explore.panels import by_source, own_place
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
        arms |= _softmax(told, told.elements)
    place = table.by_kind({kind: vector if kind in OF_VECTORS else image for kind in arms})
    return _text(wording.SENTENCE, layer=table.layer, place=place, told=table.by_kind(arms), then=_then(table, told))


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
    settings, x, before = table.settings, window.part(0, 0).absolute, told.before
    row, column = rows.part(0, 0).absolute, columns.part(0, 0).absolute
    span = {
        "rows": _span(wording.ROW, wording.ROWS, rows, settings.height),
        "columns": _span(wording.COLUMN, wording.COLUMNS, columns, settings.width),
        "stride": _pace(wording.STRIDE, settings.down, settings.right),
        "reads": table.reads,
    }
    beyond = f"({row}<0)+({_last(rows, settings.height)}>={settings.rows})"
    beyond += f"+({column}<0)+({_last(columns, settings.width)}>={settings.columns})"
    zeros, nothing = (f'IF({beyond},{_text(text)},"")' for text in (wording.ZEROS_OUTSIDE, wording.NOTHING_OUTSIDE))
    padded = table.by_layer(lambda entry: zeros if entry.reading.counts_padding else nothing)
    place = {"row": row, "column": column, "reads": table.reads, "x": x}
    inside = _text(wording.PAD_INSIDE, **place)
    number = _text(wording.NUMBER, reads=table.reads, x=x)
    added = _text(wording.ADD, reads=table.reads, before=before)
    apart = _pace(wording.DILATION, settings.below, settings.beside)
    bias, each = _bias(table, told), _each(table, told)
    return {
        "conv": _text(wording.CONV, each=each, outside=zeros, apart=apart, bias=bias, before=before, **span),
        "pool": _text(wording.POOL, c=told.at[0], before=before, outside=nothing, **span),
        "mean": _text(wording.MEAN, c=told.at[0], before=before, outside=padded, **span),
        "pad": f"IF({beyond},{_text(wording.PAD_OUTSIDE, **place)},{inside})",
        "mirror": inside,
        "number": number,
        "vector number": number,
        "add": added,
        "vector add": added,
        "concat": _joined(table, told, wording.OF_CHANNEL, x),
        "vector concat": _joined(table, told, wording.OF_ELEMENT, x),
    }


def _each(table: LayerTable, told: ToldCells) -> str:
    """Which channels a convolution reads, where there are several."""
    size, per = table.settings.channels, table.settings.per_group

    def arm(entry: Entry) -> str:
        if entry.kind != "conv" or entry.reading.per_group == entry.shape[0]:
            return f'IF({size}=1,"",{_text(wording.EACH, k=size)})'
        first = f"INT({told.at[0]}/{per})*{size}"
        several = _text(wording.GROUP, first=first, last=f"({first}+{size}-1)")
        return f"IF({size}=1,{_text(wording.ONE_OF_GROUP, first=first)},{several})"

    return table.by_layer(arm)


def _joined(table: LayerTable, told: ToldCells, template: str, x: str) -> str:
    """What is said of one of several layers that are joined."""
    at = told.at[0]

    def arm(entry: Entry) -> str:
        if entry.kind not in ("concat", "vector concat"):
            return '""'
        reads = by_source(entry, at, lambda source, _: f'"{entry.each_read[source]}"')
        return _text(template, reads=reads, k=f"({own_place(entry, at)})", x=x)

    return table.by_layer(arm)


def _dense(table: LayerTable, told: ToldCells) -> str:
    settings = table.settings
    size = {"k": settings.channels, "h": settings.height, "w": settings.width}
    vector, image, several = (
        _text(text, **size) for text in (wording.VECTOR_COUNT, wording.IMAGE_COUNT, wording.CHANNELS_COUNT)
    )
    count = f"IF({settings.channels}=1,IF({settings.width}=1,{vector},{image}),{several})"
    return _text(wording.DENSE, reads=table.reads, count=count, bias=_bias(table, told), before=told.before)


def _softmax(told: ToldCells, elements: Range) -> dict[Kind, str]:
    names = ("x", "less", "exp")
    columns = [elements._replace(column=elements.column + at, width=1) for at in range(len(names))]
    numbers = {
        name: index(column, column.absolute, f"{told.at[0]}+1") for name, column in zip(names, columns, strict=True)
    }
    numbers |= {"most": told.most, "total": told.total, "before": told.before}
    return {"softmax": _text(wording.SOFTMAX, **numbers), "log softmax": _text(wording.LOG_SOFTMAX, **numbers)}


def _span(one: str, several: str, numbers: Range, count: str) -> str:
    """`row 3`, or `rows 3 to 5`."""
    first = numbers.part(0, 0).absolute
    return f"IF({count}=1,{_text(one, first=first)},{_text(several, first=first, last=_last(numbers, count))})"


def _last(numbers: Range, count: str) -> str:
    return index(numbers, numbers.absolute, *([count] if numbers.width == 1 else ["1", count]))


def _pace(template: str, down: str, right: str) -> str:
    """By how many rows and columns, unless it is one in both directions."""
    return f'IF({down}*{right}=1,"",{_text(template, r=right, d=down)})'


def _bias(table: LayerTable, told: ToldCells) -> str:
    return f'IF({table.settings.bias}=0,"",{_text(wording.BIAS, bias=told.bias)})'


def _then(table: LayerTable, told: ToldCells) -> str:
    """What elementwise layers make of the number."""
    below = _text(wording.BELOW_ZERO, result=told.result)
    above = _text(wording.NOT_BELOW_ZERO, result=told.result)
    through = _text(wording.THEN, names=table.then, result=told.result)
    relu = f'IF({table.then}="{wording.RELU}",IF({told.before}<0,{below},{above}),{through})'
    return f'IF({table.then}="{NOTHING_MORE}","",{relu})'
