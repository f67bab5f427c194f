"""The workbook as a file: numbers to the last bit, cached values, names, and what other readers see."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tests.conftest import SHARED
from xlconv import digits, reader, reference, workbook
from xlconv.check import verify
from xlconv.errors import NetworkError
from xlconv.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from xlconv.network import FloatArray, Network, Node
from xlconv.pages.choices import Chosen
from xlconv.recover.declared import declared_by
from xlconv.templates import Template

SAFE_FUNCTIONS = {"SUMPRODUCT", "MAX", "SUM", "EXP", "INDEX", "MATCH"}
"""All that the formulas of layers may call: Excel 2010, LibreOffice, Google Sheets, Gnumeric and the engines compute
them alike."""


def sample(template: Template, digit: int) -> FloatArray:
    return digits.sample(template.samples.images, template.samples.labels, digit, 0, template.network.input_shape)


def tiny(weight: float = 1.0, classes: tuple[str, ...] = ("no", "yes")) -> Network:
    """A network of two outputs that fits into a few cells."""
    weights = {"out.weight": np.array([[weight], [-1.0]])}
    return Network((1,), [Node("out", Linear(1, 2, bias=False))], weights, classes)


def test_a_text_as_long_as_a_cell_takes(tmp_path: Path) -> None:
    """The longest text that is written is the longest that is read; one more character is refused."""
    workbook.write(tiny(), np.ones(1), tmp_path / "x.xlsx", about=[("About", "x" * 32_767)])
    reader.read(tmp_path / "x.xlsx")
    with pytest.raises(NetworkError, match=r"'xxx.* is longer than the 32,767 characters of a cell"):
        workbook.write(tiny(), np.ones(1), tmp_path / "y.xlsx", about=[("About", "x" * 32_768)])
    assert not (tmp_path / "y.xlsx").exists()


@pytest.mark.parametrize(
    "number", [0.1 + 0.2, 1 / 3, 1e-300, -5e-324, 1.234567890123456e150, 2.0**53 + 2, -0.0, 255 / 256]
)
def test_numbers_are_exact(tmp_path: Path, number: float) -> None:
    """What the file holds is what the network holds, bit for bit, where 16 digits would not do."""
    workbook.write(tiny(number), np.array([number / 3]), tmp_path / "x.xlsx")
    found = declared_by(reader.read(tmp_path / "x.xlsx"))
    assert found.network == tiny(number)
    assert found.x.tobytes() == np.array([number / 3]).tobytes()


def test_cached_values_are_there_without_any_engine(template: Template, seven: Path) -> None:
    """Openpyxl and pandas, which compute nothing, see the reference's numbers in every activation cell."""
    import pandas as pd

    outputs = reference.forward(template.network, sample(template, 7))
    book = openpyxl.load_workbook(seven, data_only=True)
    frame = pd.read_excel(seven, sheet_name=0, header=None)
    for block in (b for stage in declared_by(reader.read(seven)).stages for b in stage.outputs):
        name = {"conv1": "relu1", "conv2": "relu2"}.get(block.layer, block.layer)
        expected = outputs[name][block.indices].reshape(block.range.height, block.range.width)
        cells = book[block.range.sheet][block.range.address]
        np.testing.assert_allclose([[cell.value for cell in row] for row in cells], expected, rtol=1e-12, atol=1e-12)
        rows = slice(block.range.row - 1, block.range.row - 1 + block.range.height)
        columns = slice(block.range.column - 1, block.range.column - 1 + block.range.width)
        shown = frame.iloc[rows, columns].astype(float).to_numpy()
        np.testing.assert_allclose(shown, expected, rtol=1e-12, atol=1e-12)
    assert book["conv-example"][book.defined_names["prediction"].attr_text.split("!")[1].replace("$", "")].value == 7


def test_every_activation_is_a_formula_of_safe_functions(seven: Path) -> None:
    """Weights are numbers, activations formulas of a few functions; no formula is an array or calls an unsafe one."""
    book = reader.read(seven)
    net = declared_by(book)
    assert net.prediction is not None
    assert net.choices is not None
    formulas = {at: cell.formula for at, cell in book.sheets["conv-example"].cells.items() if cell.formula is not None}
    activations = {at for block in net.blocks() if block.role == "output" for at in block.range.cells()}
    activations |= set(net.prediction.cells())
    looked_up = {at for block in net.inputs for at in block.range.cells()}
    assert net.choices.mark is not None
    chosen = {cell for where in (net.choices.row, net.choices.mark) for cell in where.cells()}
    assert formulas.keys() == activations | looked_up | chosen
    assert functions([formulas[at] for at in activations]) == SAFE_FUNCTIONS
    every = [
        cell.formula for sheet in book.sheets.values() for cell in sheet.cells.values() if cell.formula is not None
    ]
    assert functions(every) <= SAFE_FUNCTIONS | {"IF", "CHOOSE", "MIN", "INT", "MOD", "ROUND"}
    with zipfile.ZipFile(seven) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b't="array"' not in package.read(name)
                assert b't="shared"' not in package.read(name)


def functions(formulas: Iterable[str | None]) -> set[str]:
    """The names of all functions that formulas call."""
    texts = (re.sub('"[^"]*"', "", text or "") for text in formulas)
    return {name for text in texts for name in re.findall(r"([A-Z0-9.]+)\(", text)}


def test_size(seven: Path) -> None:
    """The workbook with all its samples is no more than 400 KB."""
    assert seven.stat().st_size <= 400_000


def test_relu_is_inline_and_weights_are_cells(seven: Path) -> None:
    """The formulas read as the fast.ai original does, with MAX around; no number that is a weight stands in one."""
    book = reader.read(seven)
    conv2, conv1 = book.named_range("conv2_1"), book.named_range("conv1_0")
    assert conv1 is not None
    assert conv2 is not None
    assert re.fullmatch(
        r"MAX\(0,SUMPRODUCT\(A9:C11,\$[A-Z]+\$\d+:\$[A-Z]+\$\d+\)\)",
        book.cell(conv1.sheet, conv1.row, conv1.column).formula or "",
    )
    formula = book.cell(conv2.sheet, conv2.row + 3, conv2.column + 4).formula or ""
    assert re.fullmatch(r"MAX\(0,SUMPRODUCT\([^()]*\)\+SUMPRODUCT\([^()]*\)\)", formula)
    assert not re.search(r"\d\.\d", formula)


def test_names_title_and_recalculation(seven: Path) -> None:
    """The blocks have the agreed defined names, titles are frozen, and programs are asked to recalculate on load."""
    book = openpyxl.load_workbook(seven)
    names = {"input_0", "conv1_0", "conv1_weight_1_0", "conv2_weight_1_1", "maxpool_1", "dense_weight_7_1", "dense"}
    assert names | {"softmax_exp", "softmax", "prediction", "classes", "network"} <= set(book.defined_names)
    assert book.sheetnames == ["conv-example", "Network", "Explore", "Draw", "Samples"]
    assert book["conv-example"].freeze_panes == "A8"
    assert book.calculation.fullCalcOnLoad
    assert [book["conv-example"].cell(1, c).value for c in (1, 31)] == ["input", "conv1"]


def test_classes_are_text_or_numbers(tmp_path: Path) -> None:
    """A class called =1+1 is text, not a formula; one called 7 is the number 7."""
    workbook.write(tiny(1.0, ("=1+1", "7")), np.array([1.0]), tmp_path / "x.xlsx")
    book = reader.read(tmp_path / "x.xlsx")
    where = book.named_range("classes")
    assert where is not None
    assert [book.cell(where.sheet, *at).value for at in where.cells()] == ["=1+1", 7.0]
    assert declared_by(book).network.classes == ("=1+1", "7")
    prediction = book.named_range("prediction")
    assert prediction is not None
    assert book.cell(prediction.sheet, prediction.row, prediction.column).value == "=1+1"


@pytest.mark.parametrize(
    ("title", "sheet"),
    [
        ("a/b:c", "a b c"),
        ("", "xlconv"),
        ("network", "network net"),
        ("x" * 40, "x" * 31),
        ("'q'", "q"),
        ("a\x01b", "a b"),
        ("\N{GRINNING FACE}" * 31, "\N{GRINNING FACE}" * 15),
    ],
)
def test_titles_become_legal_worksheet_names(title: str, sheet: str) -> None:
    """Whatever a template is called, the worksheet's name is one that Excel takes, and not the other worksheet's."""
    assert workbook.sheet_title(title) == sheet


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_nan_gets_into_a_file(tmp_path: Path, bad: float) -> None:
    """NaN and infinity are refused, and nothing is written."""
    with pytest.raises(NetworkError, match="NaN or infinity"):
        workbook.write(tiny(), np.array([bad]), tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_formulas_that_are_too_long_are_refused(tmp_path: Path) -> None:
    """A convolution over too many channels is an error that says so, not a file that Excel repairs."""
    nodes = [Node("wide", Conv2d(1, 450, 1, bias=False)), Node("deep", Conv2d(450, 1, 1, bias=False))]
    weights = {"wide.weight": np.ones((450, 1, 1, 1)), "deep.weight": np.ones((1, 450, 1, 1))}
    with pytest.raises(NetworkError, match="'deep': a formula would have"):
        workbook.write(Network((1, 1, 1), nodes, weights), np.ones((1, 1, 1)), tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_functions_with_too_many_arguments_are_refused(tmp_path: Path) -> None:
    """A softmax over more pictures than a function takes arguments is an error that says so."""
    for count, fits in (255, True), (256, False):
        net = Network((count, 1, 1), [Node("flat", Flatten()), Node("soft", Softmax())], {})
        if fits:
            workbook.write(net, np.ones((count, 1, 1)), tmp_path / "fits.xlsx")
        else:
            with pytest.raises(NetworkError, match="'soft': a function would have more than 255 arguments"):
                workbook.write(net, np.ones((count, 1, 1)), tmp_path / "x.xlsx")


def test_links_lead_to_what_they_name(seven: Path) -> None:
    """On the worksheet Network to each layer and the other worksheets, on Explore to the dense layer's panel."""
    book = openpyxl.load_workbook(seven)
    links = {
        (sheet.title, cell.coordinate): cell.hyperlink.location
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink
    }
    network = book["Network"]
    blocks = {row[8].row: row[0].value for row in network.iter_rows(min_row=5, max_row=13) if row[8].hyperlink}
    assert set(blocks.values()) == {"input", "conv1", "conv2", "maxpool", "dense", "softmax"}
    for row in blocks:
        cell = network.cell(row, 9)
        assert links["Network", cell.coordinate] == f"'conv-example'!{cell.value}"
    ends = {location for (sheet, _), location in links.items() if sheet == "Network"}
    assert {"Explore!A1", "Draw!A1", "Samples!A1"} <= ends
    (to,) = (location for (sheet, _), location in links.items() if sheet == "Explore")
    assert book["Explore"][to.partition("!")[2]].value == "Dense layer: every number has its own weight"


@pytest.mark.parametrize("title", ["c3d", "r50_x", "R1C1"])
def test_names_that_begin_like_addresses_are_safe(tmp_path: Path, title: str) -> None:
    """Layers and templates may be called so; in formulas and defined names nothing begins like an address."""
    net = Network((1, 2, 2), [Node("c1", ReLU()), Node("s2", MaxPool2d(2)), Node("flat", Flatten())], {})
    workbook.write(net, np.ones((1, 2, 2)), tmp_path / "x.xlsx", title)
    book = reader.read(tmp_path / "x.xlsx")
    assert not [name for name in book.names if re.match(r"[a-z]{1,2}\d|r?c?\d", name)]
    assert not [text for text in book.names.values() if text.lower().startswith(title.lower())]
    assert verify(tmp_path / "x.xlsx", random=1).agrees


def test_names_that_would_collide_are_refused(tmp_path: Path) -> None:
    """Two layers whose blocks would have one defined name are an error that names both."""
    net = Network((1, 2, 2), [Node("a", ReLU()), Node("a.0", ReLU())], {})
    workbook.write(net, np.ones((1, 2, 2)), tmp_path / "fine.xlsx")
    clash = Network((2,), [Node("a.b", ReLU()), Node("a_b", ReLU())], {})
    with pytest.raises(NetworkError, match=r"'a\.b' and 'a_b' both need the defined name 'a_b'"):
        workbook.write(clash, np.ones(2), tmp_path / "x.xlsx")


@pytest.mark.skipif(not (SHARED / "ooxml").is_dir(), reason="the OOXML schemas are not here")
def test_files_follow_the_schemas(template: Template, tmp_path: Path) -> None:
    """The validator finds no violation and no known cause of a repair in the ten digits' workbooks and a plain one."""
    pytest.importorskip("lxml", reason="lxml is not installed")
    files = [tmp_path / f"{digit}.xlsx" for digit in range(10)]
    for digit, path in enumerate(files):
        workbook.write(template.network, Chosen(digit), path, template.name, samples=template.samples)
    files.append(tmp_path / "plain.xlsx")
    workbook.write(tiny(), np.ones(1), files[-1])
    command = [sys.executable, str(SHARED / "ooxml" / "validate_ooxml.py"), *map(str, files)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout[:1000]
    assert said.stdout.count("0 violation(s), 0 warning(s)") == len(files)


def test_a_drawing_has_the_usual_prefix(seven: Path) -> None:
    """Its elements are `xdr:` ones, as Excel writes them; ExcelJS cannot open a file that has them without a prefix."""
    with zipfile.ZipFile(seven) as package:
        text = package.read("xl/drawings/drawing1.xml").decode()
    namespace = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
    assert text.startswith(f'<xdr:wsDr xmlns:xdr="{namespace}"><xdr:twoCellAnchor')
    prefixes = re.findall(r"<(\w+):\w+[ />]", text)
    assert prefixes.count("xdr") == 18
    assert prefixes.count("a") == 2
    assert prefixes.count("c") == 1
    assert re.findall(r"<\w+[ />]", text) == []
