"""The command line as people use it: a process of its own, its output, its exit code and the files it leaves."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np
import openpyxl
import pytest
from numpy.typing import NDArray
from PIL import Image

from xlconv import templates
from xlconv.cli import cli
from xlconv.layers import Conv2d, Flatten, Linear, ReLU
from xlconv.network import Network, Node
from xlconv.templates import Template

Pixels: TypeAlias = NDArray[np.uint8]

COMMANDS = sorted(cli.commands)
LAYERS = {"input": 784, "conv1": 1352, "conv2": 1152, "maxpool": 288, "dense": 10}
LAYERS |= {"softmax exp": 10, "softmax": 10, "prediction": 1, "Explore": 995}
"""The rows of a report on conv-example, and how many cells each has."""
NOT_OF_A_LAYER = ("Explore",)
"""Rows whose formulas are computed for every choice, and have no layer's definition that they could be proved by."""
INPUTS = 8 + 2
"""Those that engines always get, and two random ones where so many are asked for."""


def python(
    folder: Path, *arguments: str | Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def xlconv(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    return python(folder, "-m", "xlconv", *arguments)


def input_cells(path: Path) -> NDArray[np.float64]:
    """What the input's cells show, read with openpyxl."""
    book = openpyxl.load_workbook(path, data_only=True)
    ((sheet, address),) = book.defined_names["input_0"].destinations
    return np.array([[cell.value for cell in row] for row in book[sheet][address]], dtype=np.float64)


def sample(template: Template, digit: int, number: int = 0) -> Pixels:
    """The grey levels of a sample digit."""
    found: Pixels = template.samples.of(digit)[number]
    return found


@pytest.fixture
def pasted(seven: Path, tmp_path: Path) -> tuple[Path, str]:
    """A workbook with a number pasted over a formula, and that cell."""
    book = openpyxl.load_workbook(seven)
    ((sheet, address),) = book.defined_names["conv2_1"].destinations
    cell = book[sheet][address][3][5]
    assert str(cell.value).startswith("=")
    cell.value = 0.25
    book.save(tmp_path / "pasted.xlsx")
    return tmp_path / "pasted.xlsx", f"'{sheet}'!{cell.coordinate}"


def test_generate_writes_and_says_where(tmp_path: Path, template: Template) -> None:
    """By default the workbook is output/<template>-<digit>.xlsx, its path all that is printed."""
    done = xlconv(tmp_path, "generate", "--digit", "7")
    path = Path("output", "conv-example-7.xlsx")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert [found.relative_to(tmp_path) for found in tmp_path.rglob("*") if found.is_file()] == [path]
    np.testing.assert_array_equal(input_cells(tmp_path / path), sample(template, 7) / 255)


def test_generate_another_sample(tmp_path: Path, template: Template) -> None:
    """--sample N shows the N-th sample of the digit, under a name of its own."""
    done = xlconv(tmp_path, "generate", "--digit", "7", "--sample", "1")
    assert (done.returncode, done.stdout) == (0, f"{Path('output', 'conv-example-7-1.xlsx')}\n")
    cells = input_cells(tmp_path / "output" / "conv-example-7-1.xlsx")
    np.testing.assert_array_equal(cells, sample(template, 7, 1) / 255)
    assert (cells != sample(template, 7) / 255).any()


def test_generate_is_repeatable(tmp_path: Path) -> None:
    """The same command writes the same cells, formulas and values."""

    def parts(path: Path) -> list[list[tuple[str, object]]]:
        return [
            [(cell.coordinate, cell.value) for row in sheet.iter_rows() for cell in row]
            for cached in (False, True)
            for sheet in openpyxl.load_workbook(path, data_only=cached).worksheets
        ]

    for name in ("a.xlsx", "b.xlsx"):
        assert xlconv(tmp_path, "generate", "--digit", "4", "--output", name).returncode == 0
    assert parts(tmp_path / "a.xlsx") == parts(tmp_path / "b.xlsx")


def test_generate_keeps_what_exists(tmp_path: Path, template: Template) -> None:
    """An existing file is refused as it is, and replaced with --force."""
    path = tmp_path / "mine.xlsx"
    path.write_bytes(b"mine")
    command = ("generate", "--digit", "2", "--output", "mine.xlsx")
    refused = xlconv(tmp_path, *command)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == ["xlconv: mine.xlsx exists already", "hint: --force replaces it"]
    assert path.read_bytes() == b"mine"
    assert xlconv(tmp_path, *command, "--force").returncode == 0
    np.testing.assert_array_equal(input_cells(path), sample(template, 2) / 255)


def test_generate_and_verify(tmp_path: Path) -> None:
    """--verify prints the path and then the report on that file."""
    done = xlconv(tmp_path, "generate", "--digit", "5", "--output", "five.xlsx", "--verify")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["five.xlsx", "five.xlsx: every activation agrees"]
    rows = [line for line in lines if line.startswith("    ")][1:-1]
    assert [row.split()[0] for row in rows] == [name.split()[0] for name in LAYERS]


def transparent(pixels: Pixels) -> Image.Image:
    """A digit as the opacity of black ink."""
    return Image.fromarray(np.dstack([np.zeros((*pixels.shape, 3), np.uint8), pixels]), "RGBA")


PICTURES: dict[str, Callable[[Pixels], Image.Image]] = {
    "light on dark": Image.fromarray,
    "dark on light": lambda pixels: Image.fromarray(255 - pixels),
    "dark ink on nothing": transparent,
    "three times the size": lambda pixels: Image.fromarray(np.kron(pixels, np.ones((3, 3), np.uint8))),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_picture(tmp_path: Path, template: Template, picture: Callable[[Pixels], Image.Image]) -> None:
    """A picture gives the input of the digit in it, whichever way round, transparent or larger it is."""
    pixels = sample(template, 3)
    picture(pixels).save(tmp_path / "drawn.png")
    done = xlconv(tmp_path, "generate", "--image", "drawn.png")
    path = Path("output", "conv-example-drawn.xlsx")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    np.testing.assert_array_equal(input_cells(tmp_path / path), pixels / 255)


def test_narrow_picture(tmp_path: Path) -> None:
    """A picture of other proportions is padded with its own ground, not stretched."""
    pixels = np.full((28, 12), 255, np.uint8)
    pixels[4:24, 5:8] = [0, 51, 102]
    Image.fromarray(pixels).save(tmp_path / "one.png")
    assert xlconv(tmp_path, "generate", "--image", "one.png", "--output", "one.xlsx").returncode == 0
    expected = np.zeros((28, 28))
    expected[4:24, 13:16] = [1.0, 0.8, 0.6]
    np.testing.assert_allclose(input_cells(tmp_path / "one.xlsx"), expected, rtol=0, atol=1e-15)


def test_blank(tmp_path: Path) -> None:
    """--blank shows nothing, and leaves the worksheet Draw to the reader."""
    done = xlconv(tmp_path, "generate", "--blank")
    path = Path("output", "conv-example-blank.xlsx")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert not input_cells(tmp_path / path).any()
    book = openpyxl.load_workbook(tmp_path / path)
    ((sheet, address),) = book.defined_names["choice"].destinations
    assert book[sheet][address].value == "draw"
    ((sheet, address),) = book.defined_names["draw_0"].destinations
    assert {cell.value for row in book[sheet][address] for cell in row} == {None}


def test_a_picture_is_drawn(tmp_path: Path, template: Template) -> None:
    """A picture stands on the worksheet Draw, and is chosen."""
    Image.fromarray(sample(template, 3)).save(tmp_path / "drawn.png")
    assert xlconv(tmp_path, "generate", "--image", "drawn.png", "--output", "x.xlsx").returncode == 0
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    ((sheet, address),) = book.defined_names["draw_0"].destinations
    drawn = np.array([[cell.value or 0 for cell in row] for row in book[sheet][address]])
    np.testing.assert_array_equal(drawn, sample(template, 3) / 255)


def test_verify_reports_every_layer(seven: Path) -> None:
    """The report names the file, the verdict, the engine and, for every layer, cells, comparisons and error."""
    done = xlconv(seven.parent, "verify", seven.name, "--random", "2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{seven.name}: every activation agrees"
    assert f"formualizer {version('formualizer')}" in done.stdout
    rows = [line for line in lines if line.startswith("    ")][1:-1]
    assert len(rows) == len(LAYERS) > 0
    for (layer, cells), row in zip(LAYERS.items(), rows, strict=True):
        assert row.startswith(f"    {layer} ")
        proved = "-" if layer in NOT_OF_A_LAYER else f"{cells:,}"
        assert row.split()[-4:-1] == [f"{cells:,}", proved, f"{cells:,}"]
        assert float(row.split()[-1]) <= 1e-9


def test_verify_as_json(seven: Path) -> None:
    """--json is one object: a version, and for each file the verdict and every layer's comparison."""
    done = xlconv(seven.parent, "verify", seven.name, "--random", "2", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["version"] == 3
    (file,) = report["files"]
    assert (file["file"], file["verdict"], file["findings"]) == (seven.name, "agrees", [])
    assert len(file["inputs"]) == INPUTS
    (engine,) = file["engines"]
    assert {layer["layer"]: layer["cells"] for layer in engine["layers"]} == LAYERS
    for layer in engine["layers"]:
        assert layer["compared"] == LAYERS[layer["layer"]] * INPUTS
        assert 0 <= layer["largest_error"] <= file["tolerance"] == 1e-9
        assert (layer["wrong"], layer["at_fault"]) == (0, 0)


def test_verify_tolerance(seven: Path) -> None:
    """What rounding leaves is a difference where no error at all is allowed."""
    done = xlconv(seven.parent, "verify", seven.name, "--tolerance", "0", "--random", "0", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["files"][0]["verdict"] == "differs"


def test_verify_names_a_pasted_number(pasted: tuple[Path, str]) -> None:
    """A number pasted over a formula is named with its cell, and the exit code is 1."""
    path, cell = pasted
    done = xlconv(path.parent, "verify", path.name, "--random", "0")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"{path.name}: differs (1 error)\n")
    assert f"    {cell} (conv2): a constant where a formula is due\n" in done.stdout
    assert "formulas have no cached value" in done.stdout


def test_verify_names_a_pasted_number_as_json(pasted: tuple[Path, str]) -> None:
    """In JSON the pasted number is one finding, with its cell, what is due and what is there."""
    path, cell = pasted
    done = xlconv(path.parent, "verify", path.name, "--random", "0", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    (file,) = json.loads(done.stdout)["files"]
    assert file["verdict"] == "differs"
    (finding,) = file["findings"]
    assert (finding["rule"], finding["cell"], finding["layer"], finding["got"]) == ("constant", cell, "conv2", "0.25")
    assert finding["expected"].startswith("=MAX(0,")


def test_verify_against_another_template(seven: Path, template: Template, tmp_path: Path) -> None:
    """--against holds the weights against a template's: exit code 0 for its own, 1 where one weight differs."""
    shutil.copytree(templates.locate("conv-example"), tmp_path / "other")
    weights = {key: array.copy() for key, array in template.network.weights.items()}
    weights["conv1.weight"][1, 0, 2, 2] += 0.5
    network = Network(template.network.input_shape, template.network.nodes, weights, template.network.classes)
    templates.save(Template("other", network, template.samples), tmp_path / "other", "")
    same = xlconv(tmp_path, "verify", seven, "--against", "conv-example", "--random", "0", "--json")
    other = xlconv(tmp_path, "verify", seven, "--against", "other", "--random", "0", "--json")
    assert (same.returncode, other.returncode) == (0, 1)
    (finding,) = json.loads(other.stdout)["files"][0]["findings"]
    ((sheet, address),) = openpyxl.load_workbook(seven).defined_names["conv1_weight_1_0"].destinations
    assert finding["rule"] == "weights"
    assert finding["cell"] == f"'{sheet}'!{address.replace('$', '').split(':')[1]}"


def test_verify_goes_on_after_a_bad_file(seven: Path, pasted: tuple[Path, str]) -> None:
    """Of several files the readable ones are reported, the bad ones named on stderr; one differs: exit code 1."""
    folder = pasted[0].parent
    (folder / "text.xlsx").write_text("no workbook")
    shutil.copy(seven, folder / "good.xlsx")
    files = ("missing.xlsx", "good.xlsx", "text.xlsx", pasted[0].name)
    done = xlconv(folder, "verify", *files, "--random", "0")
    assert done.returncode == 1
    assert "good.xlsx: every activation agrees\n" in done.stdout
    assert "pasted.xlsx: differs (1 error)\n" in done.stdout
    problems = [line for line in done.stderr.splitlines() if not line.startswith("hint: ")]
    assert [line.split(":")[:2] for line in problems] == [["xlconv", " missing.xlsx"], ["xlconv", " text.xlsx"]]


def test_verify_goes_on_after_a_bad_file_as_json(seven: Path, tmp_path: Path) -> None:
    """With --json stdout stays one object, in which each file has its verdict."""
    done = xlconv(tmp_path, "verify", "missing.xlsx", seven, "--random", "0", "--json")
    assert done.returncode == 2
    verdicts = [(file["file"], file["verdict"]) for file in json.loads(done.stdout)["files"]]
    assert verdicts == [("missing.xlsx", "failed"), (str(seven), "agrees")]
    assert done.stderr.startswith("xlconv: missing.xlsx: no such file")


@pytest.fixture
def biased(tmp_path: Path) -> Path:
    """A workbook of a small network with biases."""
    rng = np.random.default_rng(0)
    nodes = [
        Node("conv", Conv2d(1, 2, 3), ()),
        Node("relu", ReLU(), (), inline=True),
        Node("flat", Flatten()),
        Node("out", Linear(8, 3)),
    ]
    shapes = {"conv.weight": (2, 1, 3, 3), "conv.bias": (2,), "out.weight": (3, 8), "out.bias": (3,)}
    weights = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
    images = rng.integers(0, 256, (3, 4, 4), np.uint8)
    samples = templates.Samples(images, np.arange(3, dtype=np.uint8))
    folder = tmp_path / "biased"
    folder.mkdir()
    templates.save(Template("biased", Network((1, 4, 4), nodes, weights, ["a", "b", "c"]), samples), folder, "")
    done = xlconv(tmp_path, "generate", "--template", "biased", "--digit", "1", "--output", "biased.xlsx")
    assert done.returncode == 0, done.stderr
    return tmp_path / "biased.xlsx"


def test_inspect_as_json(biased: Path) -> None:
    """--json lists the layers in order, and every block with role, indices, worksheet and range."""
    done = xlconv(biased.parent, "inspect", biased.name, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["version"], found["file"], found["classes"]) == (1, "biased.xlsx", ["a", "b", "c"])
    layers = [(layer["name"], layer["type"], layer["shape"], layer["inline"]) for layer in found["layers"]]
    assert layers == [
        ("input", "Input", [1, 4, 4], False),
        ("conv", "Conv2d", [2, 2, 2], False),
        ("relu", "ReLU", [2, 2, 2], True),
        ("flat", "Flatten", [8], False),
        ("out", "Linear", [3], False),
    ]
    blocks = {layer["name"]: [(b["role"], b["indices"]) for b in layer["blocks"]] for layer in found["layers"]}
    weights = [("weight", [o, c]) for o in range(3) for c in range(2)]
    assert blocks == {
        "input": [("input", [0])],
        "conv": [
            ("weight", [0, 0]),
            ("weight", [1, 0]),
            ("bias", [0]),
            ("bias", [1]),
            ("output", [0]),
            ("output", [1]),
        ],
        "relu": [],
        "flat": [],
        "out": [*weights, ("bias", []), ("output", [])],
    }


def test_inspect_agrees_with_the_defined_names(biased: Path) -> None:
    """Every block stands where the workbook's defined name of it says, as openpyxl reads it."""
    found = json.loads(xlconv(biased.parent, "inspect", biased.name, "--json").stdout)
    names = openpyxl.load_workbook(biased).defined_names
    blocks = [block for layer in found["layers"] for block in layer["blocks"]]
    assert len(blocks) == 15
    for block in blocks:
        ((sheet, address),) = names[block["name"]].destinations
        assert (block["worksheet"], block["range"]) == (sheet, address.replace("$", ""))


def test_inspect_text(biased: Path) -> None:
    """The text has a line for each layer and one for each block: name, role and place."""
    done = xlconv(biased.parent, "inspect", biased.name)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "biased.xlsx"
    assert "conv  Conv2d  2x2x2" in lines
    assert "relu  ReLU  2x2x2  (inline in conv)" in lines
    ((sheet, address),) = openpyxl.load_workbook(biased).defined_names["conv_weight_1_0"].destinations
    place = f"'{sheet}'!{address.replace('$', '')}"
    assert ["conv_weight_1_0", "weight", place] in [line.split() for line in lines]


def test_templates(tmp_path: Path) -> None:
    """conv-example is listed with its title, and below it the folder to copy."""
    done = xlconv(tmp_path, "templates")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    at = lines.index(f"conv-example  {templates.load('conv-example').title}")
    assert (Path(lines[at + 1].strip()) / "network.toml").is_file()


def test_version(tmp_path: Path) -> None:
    """--version prints the version of the installed distribution."""
    done = xlconv(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert version("xlconv") in done.stdout


def test_help_lists_every_command(tmp_path: Path) -> None:
    """--help names each command with its first sentence, on stdout."""
    done = xlconv(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split()[0] for line in done.stdout.partition("Commands:\n")[2].splitlines()]
    assert listed == COMMANDS
    assert {"generate", "verify", "open", "inspect", "templates"} <= set(listed)


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    """Without a command the help is shown as --help shows it, line by line."""
    done = xlconv(tmp_path)
    assert done.returncode in (0, 2)
    assert xlconv(tmp_path, "--help").stdout in done.stdout + done.stderr


def examples(command: str) -> list[list[str]]:
    """The command lines in a command's help, as a shell would split them, without redirections."""
    text = cli.commands[command].help or ""
    lines = [line.strip() for line in text.partition("Example")[2].splitlines()]
    return [shlex.split(line.partition(">")[0]) for line in lines if line.startswith("xlconv ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(tmp_path: Path, command: str) -> None:
    """Every command's --help has an example of it."""
    done = xlconv(tmp_path, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n  Example" in done.stdout
    assert f"\n    xlconv {command}" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_valid(command: str) -> None:
    """Every example in the help names its command and options that there are."""
    assert examples(command)
    for program, name, *arguments in examples(command):
        assert (program, name) == ("xlconv", command)
        cli.commands[command].make_context(name, arguments, parent=click.Context(cli))


def imported(folder: Path, *arguments: str | Path) -> set[str]:
    """The top-level modules that a run of the command line imports."""
    done = python(folder, "-X", "importtime", "-m", "xlconv", *arguments)
    assert done.returncode == 0
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "click" in names
    return {name.partition(".")[0] for name in names}


def test_help_is_light(tmp_path: Path) -> None:
    """--help loads nothing heavy."""
    heavy = {"numpy", "openpyxl", "pandas", "formualizer", "PIL", "safetensors", "torch"}
    assert not heavy & imported(tmp_path, "--help")
    assert not heavy & imported(tmp_path, "generate", "--help")


def test_generate_and_verify_are_light(tmp_path: Path) -> None:
    """Neither writing nor checking a workbook loads pandas or PyTorch."""
    for modules in (
        imported(tmp_path, "generate", "--digit", "1", "--output", "a.xlsx"),
        imported(tmp_path, "verify", "a.xlsx", "--random", "0"),
    ):
        assert "numpy" in modules
        assert not {"pandas", "torch"} & modules
