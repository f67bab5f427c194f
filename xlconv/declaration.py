"""A network's layers as rows of text, and back: what the worksheet `Network` of a workbook says.

The rows say what the workbook claims to compute; whether its formulas do is for `xlconv.check` to find out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from xlconv.cells import block_name
from xlconv.errors import NetworkError
from xlconv.layers import LAYER_TYPES, Layer, Setting, Shape, shape_text
from xlconv.network import INPUT, Network, Node

SHEET: Final = "Network"
"""The worksheet that holds the rows."""

NAME: Final = "network"
"""The defined name of their range, header included."""

CHOICE: Final = "choice"
"""Defined name of the cell that says which sample the input shows: one of the labels, or `DRAWN`."""

SAMPLE: Final = "sample"
"""Of the cell that says which of the samples with this label, from 0.

A blank cell counts as 0, a fraction as its whole part; a number too large shows the last sample, one below 0 the first.
"""

CHOSEN: Final = "sample_row"
"""Of the formula that gives the row of `SAMPLES` that is shown, from 1; 0 for what is drawn."""

LABELS: Final = "sample_labels"
"""(S, 1): the label of each sample, as classes are written; samples with one label stand together."""

SAMPLES: Final = "samples"
"""(S, N): a sample in each row, flat; a blank cell is 0."""

SCALE: Final = "sample_scale"
"""Of the number by which the samples are divided."""

DRAWN: Final = "draw"
"""The choice for what stands on the worksheet of this name; also the name of its blocks: `draw_0`, or `draw`."""

DRAW_SHEET: Final = "Draw"
SAMPLES_SHEET: Final = "Samples"

MARK: Final = "mark"
"""Of the formula that says whether the prediction is the chosen label, as `xlconv.wording` has it; for what is drawn an
empty text."""

READ: Final = "drawn_prediction"
"""Of the formula on `DRAW_SHEET` that shows the prediction where what is drawn is chosen, and else
`xlconv.wording.NOT_DRAWN`."""

EXPLORE_SHEET: Final = "Explore"

EXPLORE: Final = "explore"
"""With what follows, the names on the worksheet `Explore`, which shows how one cell of one layer is computed.

Four cells choose: `explore_layer` (a name), `explore_channel`, `explore_row`, `explore_column` (from 0; for a vector
the channel is the element and the others do not matter). All the others are formulas, each a number, or an empty text
where the chosen layer has nothing to show there. K is the largest number of window channels of any layer, k one of
them, H x W the largest window.

- `explore_number`: the number of the chosen layer among those that can be chosen, from 1.
- `explore_limits` (1, 3): the largest channel, row and column of the layer; 0 for row and column of a vector.
- `explore_at` (1, 3): the channel, row and column that are shown: those chosen, or the nearest that there are. A blank
  cell counts as 0, a fraction as the nearest whole number, a half as the one above.
- `explore_settings` (1, 11): window channels (1 for pooling and elementwise layers), window height and width, stride
  down and right, rows of padding above and columns of padding at the left, height and width of what is read, ReLUs in
  the formula, 1 or 0 for a bias. A vector is read as a column; a dense layer's window is all that it reads, at stride
  1 without padding; the softmax has a window of as many rows as elements.
- `explore_window_row` (H, 1), `explore_window_column` (1, W): the row and column of the source that the window reads,
  from 0, also outside of it. Of convolutions, pooling and elementwise layers.
- `explore_window_k`, `explore_kernel_k`, `explore_product_k` (H, W), `explore_sum_k`: what is read, the weights, the
  products and their sum. Outside of its source a convolution and a ZeroPad2d read 0, pooling nothing. Pooling and
  elementwise layers have no kernel, products and sums.
- `explore_dense_window_k`, `explore_dense_kernel_k`, `explore_dense_product_k`, `explore_dense_sum_k`: those of dense
  layers, in a panel with its own K, H and W.
- `explore_softmax` (N, 4): for each element x, x less the largest, the exponential of that, the share; `explore_max`
  and `explore_exp_sum`: the largest x and the sum of the exponentials.
- `explore_bias`, `explore_before`: the bias, if any; the number that the ReLUs of the layer, inline or its own, are
  applied to (without any, the result), in convolutions, dense layers and ReLUs.
- `explore_result`: what comes out. `explore_cell`: what the first worksheet shows in this place.
- `explore_words`: the sentence of `xlconv.wording` for the layer's type, to the letter. Its numbers are the above: c, i
  and j or n (`explore_at`); k, h, w, d and r (the channels, height, width and strides of `explore_settings`); first and
  last, or row and column (of `explore_window_row` and `_column`); x (what is read in that place), most (the largest of
  what is read), less, exp and total (of the softmax); bias, before and result. `reads` is the input, or the layer with
  cells of its own in which the numbers stand that are read. Below zero is what the ReLUs are applied to.
"""

_VIEWS: Final = {
    *("number", "limits", "at", "settings", "window_row", "window_column", "window", "kernel", "product", "sum"),
    *("dense_window", "dense_kernel", "dense_product", "dense_sum", "softmax", "max", "exp_sum"),
    *("bias", "before", "result", "cell", "words"),
}

_SHARED: Final = "weights"
"""Among a layer's settings, the layer whose weights it has, if they are another's."""

HEADER: Final = ("layer", "type", "reads", "settings", "inline", "output shape")


def explore_name(what: str, *indices: int) -> str:
    """A defined name on the worksheet `Explore`: `explore_window_1`."""
    return block_name(EXPLORE, what, indices)


def is_view(name: str) -> bool:
    """Whether a defined name is that of formulas on the worksheet `Explore`."""
    words = name.lower().removeprefix(f"{EXPLORE}_")
    return words != name.lower() and re.sub(r"(_\d+)?$", "", words) in _VIEWS


def draw_name(*indices: int) -> str:
    """The defined name of a block on the worksheet `Draw`: `draw_0` for a channel, `draw` for a vector."""
    return block_name(DRAWN, "", indices)


def rows(network: Network) -> list[tuple[str, ...]]:
    """The header, the input and the layers, one row each, all text."""
    found: list[tuple[str, ...]] = [HEADER, (INPUT, "Input", "", "", "", shape_text(network.input_shape))]
    for node in network.nodes:
        shared = {_SHARED: node.shares} if node.shares else {}
        settings = ", ".join(
            f"{key}={_text(value)}" for key, value in (node.layer.settings(brief=True) | shared).items()
        )
        shape = shape_text(network.shapes[node.name])
        kind = type(node.layer).__name__
        found.append((node.name, kind, ", ".join(node.inputs), settings, _text(node.inline), shape))
    return found


def parse(table: Sequence[Sequence[str]]) -> tuple[Shape, list[Node]]:
    """The input shape and the layers that such rows state.

    Raises:
        NetworkError: The rows are something else.
    """
    if len(table) < 3 or tuple(table[0]) != HEADER or table[1][0] != INPUT:
        raise NetworkError(f"the table of layers must begin with the row {', '.join(HEADER)} and the input's")
    return _shape(table[1][5]), [_node(row) for row in table[2:]]


def _node(row: Sequence[str]) -> Node:
    name, kind, reads, settings, inline, _shape = row
    pairs = dict(item.partition("=")[::2] for item in settings.split(", ")) if settings else {}
    shares = pairs.pop(_SHARED, "")
    return Node(name, make_layer(name, kind, pairs), tuple(reads.split(", ")), inline == "yes", shares)


def make_layer(name: str, kind: str, settings: Mapping[str, str]) -> Layer:
    """A layer from the texts of its type and settings."""
    if kind not in LAYER_TYPES:
        raise NetworkError(f"layer {name!r}: unknown type {kind!r}", hint=f"known: {', '.join(LAYER_TYPES)}")
    try:
        return LAYER_TYPES[kind](**{key: _value(value) for key, value in settings.items()})
    except (NetworkError, TypeError) as error:
        said = ", ".join(f"{key}={value}" for key, value in settings.items())
        raise NetworkError(f"layer {name!r}: settings {said!r} do not fit {kind}: {error}") from None


def _text(value: Setting | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shape_text(value) if isinstance(value, tuple) else str(value)


def _value(text: str) -> Setting:
    if text in ("yes", "no"):
        return text == "yes"
    if re.fullmatch(r"-?\d{1,20}(\.\d{1,20}|(\.\d{1,20})?e[-+]?\d{1,3})", text):
        return float(text)
    shape = _shape(text)
    return shape if len(shape) > 1 else shape[0]


def _shape(text: str) -> Shape:
    if not re.fullmatch(r"-?\d{1,9}(x-?\d{1,9})*", text):
        raise NetworkError(f"{text!r} is not a shape such as 1x28x28")
    return tuple(int(n) for n in text.split("x"))
