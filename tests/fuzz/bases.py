"""What is mutated: small workbooks as several programs write them, and a template folder, the same ones every time."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import openpyxl
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table
from PIL import Image

from tests import handmade
from tests.fuzz import packages
from xlconv import templates, workbook
from xlconv.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from xlconv.network import Network, Node
from xlconv.pages.choices import Chosen
from xlconv.templates import Samples, Template

_SAVED_BY_LIBREOFFICE: Final = Path(__file__).parent / "saved-by-libreoffice.xlsx"
"""The style `shared` of tests/handmade.py, opened and saved by LibreOffice 7.4."""
_TIME: Final = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z?")
DIGITS: Final = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
"""Images and labels in MNIST's form."""
_CLASSES: Final = ["left", "right", "none"]


def network() -> Network:
    """One of 36 pixels: 2x4x4, 2x2x2, 3 probabilities."""
    layers = {"conv1": Conv2d(1, 2, 3), "relu1": ReLU(), "pool": MaxPool2d(2), "flatten": Flatten()}
    layers |= {"fc": Linear(8, 3), "softmax": Softmax()}
    names = ["input", *layers]
    nodes = [Node(name, layer, (names[at],), name == "relu1") for at, (name, layer) in enumerate(layers.items())]
    rng = np.random.default_rng(0)
    shapes = {f"{node.name}.{key}": shape for node in nodes for key, shape in node.layer.weight_shapes.items()}
    weights = {key: rng.uniform(-1, 1, shape).round(2) for key, shape in shapes.items()}
    return Network((1, 6, 6), nodes, weights, _CLASSES)


def samples() -> Samples:
    """Two of each class."""
    rng = np.random.default_rng(1)
    return Samples(rng.integers(0, 256, (6, 6, 6), dtype=np.uint8), np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8))


def plain(path: Path) -> None:
    """A workbook of xlconv's, without samples."""
    workbook.write(network(), np.random.default_rng(2).uniform(-1, 1, (1, 6, 6)).round(2), path)


def explore(path: Path) -> None:
    """A workbook of xlconv's in which one chooses among samples, and explores."""
    workbook.write(network(), Chosen(1), path, samples=samples(), about=[("Title", "A paragraph.")])


def of_openpyxl(path: Path) -> None:
    """Array formulas, names, a table, texts, dates and truth values, beside a network of array formulas."""
    handmade.cse(path)
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("More")
    for row in (["a", "b", "c"], [1, 2.5, True], [3, "x", "=A2*2"], ["=T[[#Totals],[a]]", "=SUM(B2:B3)", "=some+1"]):
        sheet.append(row)
    sheet["E1"] = ArrayFormula("E1:E2", "=A2:A3*2")
    sheet.add_table(Table(displayName="T", ref="A1:C3"))
    book.defined_names["some"] = DefinedName("some", attr_text="More!$A$2")
    book.save(path)


def _saved_by_libreoffice(path: Path) -> None:
    shutil.copyfile(_SAVED_BY_LIBREOFFICE, path)


def _mixture(path: Path) -> None:
    handmade.mixture(path)


def _shared(path: Path) -> None:
    handmade.shared(path)


WORKBOOKS: Final[dict[str, Callable[[Path], None]]] = {
    "plain": plain,
    "explore": explore,
    "openpyxl": of_openpyxl,
    "mixture": _mixture,
    "shared": _shared,
    "libreoffice": _saved_by_libreoffice,
}


def make(folder: Path) -> None:
    """Write all that is mutated: a workbook of each kind, a template, a picture, a file of digits."""
    for name, write in WORKBOOKS.items():
        path = folder / f"{name}.xlsx"
        write(path)
        path.write_bytes(_without_times(path.read_bytes()))
    (folder / "template").mkdir()
    template = Template("small", network(), samples(), "A small one", "", "", "")
    templates.save(template, folder / "template", "# Small\n")
    Image.fromarray(samples().images[0]).resize((24, 24)).save(folder / "picture.png")
    Image.fromarray(samples().images[1]).resize((24, 24)).save(folder / "picture.jpg")
    images, labels = (folder / name for name in DIGITS)
    images.write_bytes(b"\0\0\x08\3\0\0\0\6\0\0\0\6\0\0\0\6" + samples().images.tobytes())
    labels.write_bytes(b"\0\0\x08\1\0\0\0\6" + samples().labels.tobytes())


def _without_times(package: bytes) -> bytes:
    """The package as it would be at any other time."""
    entries = packages.read(package)
    for entry in entries:
        if entry.name.startswith("docProps/"):
            entry.data = _TIME.sub(b"2026-01-01T00:00:00Z", entry.data)
    return packages.written(entries)
