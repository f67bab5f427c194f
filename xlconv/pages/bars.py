"""The bar chart of the network's last vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xlconv import style
from xlconv.cells import Range
from xlconv.layers import Softmax
from xlconv.layout import Layout
from xlconv.network import Network

if TYPE_CHECKING:
    from openpyxl.chart import BarChart
    from openpyxl.chart.label import DataLabelList
    from openpyxl.chart.series import Series
    from openpyxl.chart.text import RichText
    from openpyxl.drawing.spreadsheet_drawing import TwoCellAnchor

_POINTS: Final = 20
_FEW: Final = 12
"""Of more bars than that the numbers are in smaller letters."""
_ROOM: Final = 1.25
"""Where the axis of shares ends, so that there is room for the number beside a bar."""


def bars(network: Network, layout: Layout, where: Range) -> tuple[TwoCellAnchor, BarChart]:
    """A bar for each element of the last vector, the first one on top.

    Args:
        network: It ends in a vector.
        layout: Where the vector stands, and the classes' names.
        where: What the chart is to cover.
    """
    from openpyxl.chart import BarChart  # it takes a while to import

    last = network.nodes[-1]
    shares = isinstance(last.layer, Softmax)
    (vector,) = layout.outputs[last.name].ranges
    letters = _letters(_POINTS if vector.height <= _FEW else _POINTS // 2)
    chart = BarChart(barDir="bar", gapWidth=30, varyColors=False)
    chart.ser = [_series(vector, layout.classes)]
    chart.legend = None
    chart.roundedCorners = False
    chart.x_axis.delete, chart.y_axis.delete = False, True
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.tickLblPos = "low"
    chart.x_axis.majorTickMark = None
    chart.x_axis.tickLblSkip = 1
    chart.x_axis.txPr = letters
    chart.y_axis.majorGridlines = None
    if shares:
        chart.ser[0].dLbls = _labels(letters)
        chart.y_axis.scaling.min, chart.y_axis.scaling.max = 0, _ROOM
    return _anchor(where), chart


def _anchor(where: Range) -> TwoCellAnchor:
    """Cells and not centimetres: how large cells are depends on fonts."""
    from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor

    first = AnchorMarker(col=where.column - 1, row=where.row - 1)
    end = AnchorMarker(col=where.column - 1 + where.width, row=where.row - 1 + where.height)
    return TwoCellAnchor("oneCell", _from=first, to=end)


def _labels(letters: RichText) -> DataLabelList:
    """The numbers at the ends of the bars."""
    from openpyxl.chart.label import DataLabelList

    labels = DataLabelList(numFmt="0.0%", txPr=letters, dLblPos="outEnd", showVal=True)
    labels.showLegendKey = labels.showCatName = labels.showSerName = labels.showPercent = False
    return labels


def _series(vector: Range, classes: Range | None) -> Series:
    from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumRef, StrRef
    from openpyxl.chart.series import Series

    series = Series(val=NumDataSource(numRef=NumRef(f=vector.reference)))
    if classes:
        series.cat = AxDataSource(strRef=StrRef(f=classes.reference))
    series.spPr.solidFill = style.BAR
    series.invertIfNegative = False
    return series


def _letters(points: int) -> RichText:
    from openpyxl.chart.text import RichText
    from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties

    size = CharacterProperties(sz=100 * points)
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=size), endParaRPr=size)])
