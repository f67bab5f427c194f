"""What there is to see of a network in a workbook: its layers' values, as a spreadsheet engine computes them.

Nothing is taken from the values that are cached in the file. How it is drawn is `render`'s and `show`'s matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xlconv import reader
from xlconv.cells import ErrorValue, NotEvaluated, label
from xlconv.check import networks_of
from xlconv.check.computed import Computed, compute
from xlconv.check.inputs import Trial
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import EngineError, WorkbookError, XlconvError
from xlconv.escape import console
from xlconv.layers import Conv2d, Shape, Softmax, shape_text
from xlconv.network import INPUT, FloatArray
from xlconv.places import NOWHERE, Places
from xlconv.recover.found import Found, Stage
from xlconv.tracing import class_layers


@dataclass(frozen=True)
class Seen:
    """What the cells of a layer, or of the input, show. All texts are harmless on a terminal.

    Args:
        name: The layer's.
        kind: Such as `Conv2d + ReLU`.
        values: In the output's shape; NaN where a cell shows no number.
        kernels: A convolution's weights.
        classes: The name of each element, where the elements are the classes.
        is_share: Whether the elements are probabilities.
    """

    name: str
    kind: str
    values: FloatArray
    kernels: FloatArray | None = None
    classes: tuple[str, ...] = ()
    is_share: bool = False

    @property
    def shape(self) -> str:
        """As people write it."""
        return shape_text(self.values.shape)

    @property
    def note(self) -> str:
        """How many cells show no number, if any."""
        count = int(np.isnan(self.values).sum())
        return f"{count:,} cell{'s' * (count > 1)} without a number" if count else ""

    def elements(self, most: int) -> Sequence[int]:
        """The indices of a vector's elements; of the largest ones, in falling order, if there are more than `most`."""
        if self.values.size <= most:
            return range(self.values.size)
        order = np.argsort(-np.nan_to_num(self.values, nan=-np.inf), kind="stable")
        largest: list[int] = order[:most].tolist()
        return largest


@dataclass(frozen=True)
class Picture:
    """A network in a workbook.

    Args:
        title: Of the network.
        layers: The input, then each layer with cells of its own.
        prediction: The predicted class as the workbook tells it, else the largest; empty where there are no classes.
        predicted: Its index among the classes; None where it is none of them.
    """

    title: str
    layers: tuple[Seen, ...]
    prediction: str
    predicted: int | None


def look(path: Path, number: int = 1) -> Picture:
    """Recalculate a workbook as it is, and see what it shows.

    Args:
        path: The .xlsx or .xlsm.
        number: Which of its networks, from 1.

    Raises:
        WorkbookError: The file cannot be read, or has no such network.
        EngineError: The engine could not compute it.
    """
    book = reader.read(path)
    networks = networks_of(book).networks
    if number > len(networks):
        raise WorkbookError(
            f"{path}: no network {number}; {len(networks)} were recognised",
            hint=None if networks else "xlconv recover FILE tells what was not recognised",
        )
    found = networks[number - 1]
    engine = by_name(DEFAULT)
    trial = Trial("the one in the workbook", found.x, is_changed=False)
    try:
        (computed,) = compute(book, found, engine, [trial], extra=_numbers(found))
    except XlconvError as error:
        raise EngineError(f"{path}: {engine.title}: {error.message}", error.hint) from None
    return _picture(found, computed)


def _numbers(found: Found) -> Places:
    """The cells of the input and of the kernels, which may be formulas, too."""
    kernels = [cells for key, cells in found.weights.items() if cells.ndim == 4 and key.endswith(".weight")]
    return np.concatenate([cells.ravel() for cells in (found.inputs, *kernels)])


def _picture(found: Found, computed: Computed) -> Picture:
    values = _computed(computed, found.inputs, found.x)
    seen = [Seen(INPUT, "Input", values)]
    seen += [_seen(found, stage, computed) for stage in found.stages if stage.nodes]
    return Picture(console(found.title), tuple(seen), *_prediction(found, seen[-1], computed))


def _computed(computed: Computed, cells: Places, known: FloatArray) -> FloatArray:
    """What numbers' cells show; what the network has where a cell shows none, such as a blank one."""
    if (cells == NOWHERE).all():
        return known
    shown = computed.numbers(cells)
    return np.where(np.isnan(shown), known, shown)


def _seen(found: Found, stage: Stage, computed: Computed) -> Seen:
    network, first, last = found.network, stage.nodes[0], stage.nodes[-1]
    kernels = None
    if isinstance(first.layer, Conv2d):
        key = first.weight_keys()["weight"]
        kernels = _computed(computed, found.weights[key], network.weights[key])
    classes = _classes(found) if stage.shows in class_layers(network) else ()
    values = computed.numbers(stage.cells)
    return Seen(stage.name, stage.title, values, kernels, classes, isinstance(last.layer, Softmax))


def _classes(found: Found) -> tuple[str, ...]:
    """The names of the classes, or their numbers where they have none."""
    network = found.network
    shape: Shape = network.shapes[network.nodes[-1].name]
    return tuple(map(console, network.classes)) or tuple(map(str, range(shape[0])))


def _prediction(found: Found, last: Seen, computed: Computed) -> tuple[str, int | None]:
    """The predicted class and its index."""
    if found.prediction != NOWHERE:
        value = computed.value(found.prediction)
        text = label(value)
        text = "none, its cell is blank" if value is None else console(text)
        if isinstance(value, ErrorValue | NotEvaluated) or text not in last.classes:
            return text, None
        return text, last.classes.index(text)
    if not (last.is_share or found.network.classes) or not last.classes or np.isnan(last.values).any():
        return "", None
    index = int(last.values.argmax())
    return last.classes[index], index
