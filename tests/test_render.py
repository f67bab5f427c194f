"""A workbook seen without a spreadsheet program: `render` and `show`, as people use them."""

from __future__ import annotations

import io
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner, Result
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from tests.conftest import SHARED
from tests.handmade import STYLES
from xlconv import reference, workbook
from xlconv.cli import cli
from xlconv.errors import OutputError, XlconvError
from xlconv.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Softmax
from xlconv.network import FloatArray, Network, Node
from xlconv.picture import Picture, Seen, look
from xlconv.render import draw, save
from xlconv.show import lines, to_console
from xlconv.templates import Template

HOSTILE = ("$\\frac{1$", "\x9b31mred\u202e", "<b>&amp;", "[bold]:smile:", "::error::", "日本", "x" * 200)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)


@contextmanager
def nothing_left_over(folder: Path) -> Iterator[None]:
    """A folder's files stay the same."""
    before = sorted(folder.iterdir())
    yield
    assert sorted(folder.iterdir()) == before


def network(nodes: list[Node], shape: tuple[int, ...], classes: tuple[str, ...] = ()) -> Network:
    """Random weights."""
    rng = np.random.default_rng(0)
    shapes = {f"{node.name}.{key}": size for node in nodes for key, size in node.layer.weight_shapes.items()}
    return Network(shape, nodes, {key: rng.standard_normal(size) for key, size in shapes.items()}, classes)


def tiny(classes: tuple[str, ...] = ()) -> Network:
    """3x1x1 and as many numbers as classes."""
    nodes = [Node("c", Conv2d(3, 2, 1)), Node("flat", Flatten()), Node("fc", Linear(2, len(classes) or 3))]
    return network(nodes, (3, 1, 1), classes)


def large() -> Network:
    """More channels, kernels and classes than a picture can hold."""
    nodes = [
        Node("conv", Conv2d(3, 18, (3, 5), padding=1)),
        Node("relu", ReLU(), inline=True),
        Node("pool", MaxPool2d(2)),
        Node("conv_two", Conv2d(18, 2, 3)),
        Node("flat", Flatten()),
        Node("hidden", Linear(2 * 4 * 3, 50)),
        Node("fc", Linear(50, 40)),
        Node("softmax", Softmax()),
    ]
    return network(nodes, (3, 12, 12), tuple(f"class {n}" for n in range(40)))


def written(net: Network, path: Path) -> Path:
    workbook.write(net, np.random.default_rng(1).standard_normal(net.input_shape), path)
    return path


# What is seen


def test_values_are_the_networks(seven: Path, template: Template) -> None:
    """The layers, in order, with the values of the network for the input in the workbook, and the predicted class."""
    seen = look(seven)
    assert [layer.name for layer in seen.layers] == ["input", "conv1", "conv2", "maxpool", "dense", "softmax"]
    assert [layer.kind for layer in seen.layers[:2]] == ["Input", "Conv2d + ReLU"]
    expected = reference.forward(template.network, seen.layers[0].values)
    for layer, name in zip(seen.layers[1:], ("relu1", "relu2", "maxpool", "dense", "softmax"), strict=True):
        np.testing.assert_allclose(layer.values, expected[name], rtol=0, atol=1e-12)
    kernels = {layer.name: layer.kernels for layer in seen.layers if layer.kernels is not None}
    assert list(kernels) == ["conv1", "conv2"]
    np.testing.assert_array_equal(kernels["conv2"], template.network.weights["conv2.weight"])
    assert (seen.prediction, seen.predicted) == ("7", 7)


def plant(path: Path) -> None:
    """42 as the cached value of every formula."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    count = 0
    for name, data in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            parts[name], n = re.subn(rb"(</f>)<v>[^<]*</v>", rb"\1<v>42</v>", data)
            count += n
    assert count > 2000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)


def test_cached_values_are_not_believed(seven: Path, tmp_path: Path) -> None:
    """With wrong cached values in the file the pictures are the same, to the last byte."""
    planted = tmp_path / "planted.xlsx"
    shutil.copy(seven, planted)
    plant(planted)
    for path, name in ((seven, "a.png"), (planted, "b.png")):
        assert run("render", path, "-o", tmp_path / name).exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert run("show", seven).stdout == run("show", planted).stdout


def test_computed_inputs_and_kernels(tmp_path: Path) -> None:
    """Where an input or a weight is a formula, its recalculated value is seen."""
    path = written(tiny(), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(path)
    cells = {}
    for name in ("input_0", "c_weight_1_2"):
        ((sheet, address),) = book.defined_names[name].destinations
        cells[name] = book[sheet][address.replace("$", "").split(":")[0]]
        cells[name].value = "=1+0.25"
    book.save(path)
    seen = look(path)
    assert seen.layers[0].values[0, 0, 0] == 1.25
    assert seen.layers[1].kernels is not None
    assert seen.layers[1].kernels[1, 2, 0, 0] == 1.25


def test_cells_without_numbers_are_told(seven: Path, tmp_path: Path) -> None:
    """A text or an error in a layer's cell is no number, and said to be none."""
    book = openpyxl.load_workbook(seven)
    ((sheet, address),) = book.defined_names["dense"].destinations
    book[sheet][address][6][0].value = "=1/0"
    book.save(tmp_path / "error.xlsx")
    seen = look(tmp_path / "error.xlsx")
    dense, softmax = seen.layers[-2:]
    assert np.isnan(dense.values).tolist() == [n == 6 for n in range(10)]
    assert dense.note == "1 cell without a number"
    assert np.isnan(softmax.values).all()
    assert (seen.prediction, seen.predicted) == ("#DIV/0!", None)
    done = run("show", tmp_path / "error.xlsx")
    assert done.exit_code == 0
    assert "prediction: #DIV/0!" in done.stdout
    assert "no number" in done.stdout
    texts = [text for text, _ in written_on(draw(seen))]
    assert "prediction: #DIV/0!" in texts
    assert texts.count("no number") == 11


# Pictures


def written_on(figure: Figure) -> list[tuple[str, Text]]:
    return [(text.get_text(), text) for text in figure.findobj(Text) if text.get_text()]


MAKERS: dict[str, Callable[[Path], object]] = {
    "padded": STYLES["padded"],
    "mixture": STYLES["mixture"],
    "tiny": lambda path: written(tiny(), path),
    "hostile": lambda path: written(tiny(HOSTILE), path),
    "large": lambda path: written(large(), path),
    "one layer": lambda path: written(network([Node("r", ReLU())], (1,)), path),
    "strip": lambda path: written(network([Node("m", MaxPool2d((1, 2)))], (1, 1, 40)), path),
}


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_nothing_overlaps_or_is_cut(make: Callable[[Path], object], tmp_path: Path) -> None:
    """No text touches another one or a map, and all stand within the page."""
    make(tmp_path / "w.xlsx")
    figure = draw(look(tmp_path / "w.xlsx"))
    check_layout(figure)


def check_layout(figure: Figure) -> None:
    figure.draw_without_rendering()
    texts = [text.get_window_extent() for _, text in written_on(figure)]
    maps = [axes.get_window_extent() for axes in figure.axes]
    page = figure.bbox
    for box in [*texts, *maps]:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1
        assert page.y0 <= box.y0 <= box.y1 <= page.y1
    for at, box in enumerate(texts):
        # A box reaches below its letters; half a pixel of that does no harm.
        smaller = box.padded(-0.5)
        assert not any(smaller.overlaps(other.padded(-0.5)) for other in [*texts[at + 1 :], *maps])
    for at, box in enumerate(maps):
        assert not any(box.overlaps(other) for other in maps[at + 1 :])


def test_picture_of_the_example(seven: Path, tmp_path: Path) -> None:
    """A PNG as large as its page, with dark and coloured pixels on white, and the texts that tell what is seen."""
    done = run("render", seven, "--output", tmp_path / "seven.png")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{tmp_path / 'seven.png'}\n", "")
    figure = draw(look(seven))
    check_layout(figure)
    width, height = figure.get_size_inches() * 200
    with Image.open(tmp_path / "seven.png") as image:
        assert image.format == "PNG"
        assert abs(image.width - width) <= 1
        assert abs(image.height - height) <= 1
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert 0.6 < (pixels == 255).all(axis=2).mean() < 0.95
    assert ((pixels[..., 0] - pixels[..., 2]) > 100).mean() > 0.01
    assert ((pixels[..., 2] - pixels[..., 0]) > 100).mean() > 0.001
    texts = [text for text, _ in written_on(figure)]
    assert texts[:2] == ["conv-example", "prediction: 7, 100.0 %"]
    for text in ("input", "1x28x28", "conv1", "Conv2d + ReLU", "2x26x26", "kernels", "2x2x3x3", "predicted"):
        assert text in texts


def images(figure: Figure) -> list[tuple[FloatArray, tuple[float, float]]]:
    """The maps and the limits of their colours, without legends."""
    maps = [image for axes in figure.axes for image in axes.images]
    found = [(np.asarray(image.get_array()), image.get_clim()) for image in maps]
    return [(array, limits) for array, limits in found if array.shape != (1, 64)]


def test_maps_hold_the_values(seven: Path) -> None:
    """Each channel is a map of its values, the channels of a layer in the same colours, zero white."""
    seen = look(seven)
    found = images(draw(seen))
    conv1 = seen.layers[1]
    assert conv1.kernels is not None
    np.testing.assert_array_equal(found[0][0], seen.layers[0].values[0])
    np.testing.assert_array_equal(found[1][0], conv1.kernels[0, 0])
    np.testing.assert_array_equal(found[4][0], conv1.values[1])
    assert found[1][1] == found[2][1] == (-np.abs(conv1.kernels).max(), np.abs(conv1.kernels).max())
    assert found[3][1] == found[4][1] == (0.0, conv1.values.max())


def test_the_predicted_class_is_told_in_words(tmp_path: Path) -> None:
    """It is marked by a word beside its bar, also where there is no softmax, or there are many classes."""
    for net in (tiny(("a", "b", "c")), large()):
        seen = look(written(net, tmp_path / f"{len(net.classes)}.xlsx"))
        assert seen.predicted is not None
        texts = dict(written_on(draw(seen)))
        bars = {line.get_position()[1]: text for text, line in written_on(draw(seen)) if text in net.classes}
        assert bars[texts["predicted"].get_position()[1]] == seen.prediction == net.classes[seen.predicted]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_formats(suffix: str, tmp_path: Path) -> None:
    """The suffix tells the format; the same workbook gives the same PNG, and vector graphics without a date."""
    path = written(tiny(HOSTILE), tmp_path / "w.xlsx")
    target = tmp_path / f"a.{suffix}"
    assert run("render", path, "-o", target).exit_code == 0
    head = {"svg": b"<?xml", "pdf": b"%PDF"}.get(suffix, b"\x89PNG")
    assert target.read_bytes().startswith(head)
    assert b"Date" not in target.read_bytes()
    if suffix == "svg":
        tags = {element.tag.rpartition("}")[2] for element in ET.parse(target).iter()}
        assert not tags & {"script", "b", "a"}


def test_a_user_s_settings_do_not_matter(seven: Path, tmp_path: Path) -> None:
    """Matplotlib's settings change nothing in a picture, and are left as they were."""
    import matplotlib as mpl

    seen = look(seven)
    save(seen, tmp_path / "a.png")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "text.usetex": True, "image.cmap": "jet"}):
        save(seen, tmp_path / "b.png")
        assert mpl.rcParams["font.size"] == 30
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_many_layers(tmp_path: Path) -> None:
    """Of very many layers the middle is left out, and said to be."""
    layers = tuple(Seen(f"r{n}", "ReLU", np.ones((1, 2, 2))) for n in range(90))
    figure = draw(Picture("long", layers, "", None))
    texts = [text for text, _ in written_on(figure)]
    assert "(50 layers in the middle are left out)" in texts
    assert {"r0", "r19", "r70", "r89"} <= set(texts)
    assert not {"r20", "r69"} & set(texts)
    save(Picture("long", layers, "", None), tmp_path / "long.png")


def test_existing_files_are_kept(seven: Path, tmp_path: Path) -> None:
    """An existing file is replaced with --force alone, and nothing is left beside it."""
    target = tmp_path / "a.png"
    target.write_bytes(b"mine")
    with nothing_left_over(tmp_path):
        with pytest.raises(OutputError, match="exists already"):
            raise run("render", seven, "-o", target).exception  # type: ignore[misc]
        assert target.read_bytes() == b"mine"
        assert run("render", seven, "-o", target, "--force").exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")


def test_whole_or_not_at_all(seven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure while drawing leaves no file."""

    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", fails)
    with nothing_left_over(tmp_path), pytest.raises(OutputError, match="No space left on device"):
        save(look(seven), tmp_path / "a.png")


# What cannot be shown


def message(result: Result) -> tuple[str, str | None]:
    """What the user is told."""
    error = result.exception
    assert result.stdout == ""
    if isinstance(error, XlconvError):
        assert "\n" not in error.message
        return error.message, error.hint
    assert error is not None
    assert type(error).__name__ in ("UsageError", "MissingParameter", "BadParameter")
    return error.format_message(), None  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.xlsx", ".png"])
def test_other_suffixes_are_refused(name: str, seven: Path, tmp_path: Path) -> None:
    """Nothing else is written."""
    with nothing_left_over(tmp_path):
        text, _ = message(run("render", seven, "-o", tmp_path / name))
    assert ".png, .svg, .pdf" in text


def test_matplotlib_may_be_absent(seven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so, and how to get it; `show` needs none of it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib" or name == "xlconv.render"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delattr("xlconv.render", raising=False)
    with nothing_left_over(tmp_path):
        told = message(run("render", seven, "-o", tmp_path / "a.png"))
    assert told == ("rendering needs matplotlib, which is not installed", "pip install 'xlconv[plot]'")
    assert run("show", seven).exit_code == 0


@pytest.mark.parametrize("command", ["render", "show"])
@pytest.mark.parametrize("kind", ["absent", "folder", "text", "foreign", "too few networks"])
def test_bad_files(command: str, kind: str, seven: Path, tmp_path: Path) -> None:
    """A file that is absent, damaged, or holds no such network is refused in one line that names it."""
    path = seven if kind == "too few networks" else tmp_path / "in.xlsx"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("not a workbook")
    elif kind == "foreign":
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active["A1"] = "=SUM(B1:B3)"
        book.save(path)
    options = ["--network", "2"] if kind == "too few networks" else []
    options += ["-o", str(tmp_path / "out.png")] if command == "render" else []
    with nothing_left_over(tmp_path):
        text, _ = message(run(command, path, *options))
    assert text.startswith(f"{path}: ")


def test_the_other_of_two_networks(tmp_path: Path) -> None:
    """--network tells which one."""
    path = SHARED / "real" / "conv-example.xlsx"
    if not path.is_file():
        pytest.skip("fast.ai's workbook is not there")
    assert look(path).layers[-1].name == "dense"
    assert look(path, 2).layers[-1].shape == "1x22x22"
    assert run("render", path, "--network", "2", "-o", tmp_path / "a.png").exit_code == 0
    assert "conv2  1x22x22" in run("show", path, "--network", "2").stdout


# Text


class Stream(io.TextIOWrapper):
    """A terminal, or a pipe, with an encoding."""

    def __init__(self, is_terminal: bool, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal

    def text(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with all colours and none of what CI sets."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    return monkeypatch


def shown(picture: Picture, is_terminal: bool, encoding: str = "utf-8") -> str:
    stream = Stream(is_terminal, encoding)
    to_console(picture, stream)
    return stream.text()


def example() -> Picture:
    image = np.array([[[0.0, 0.25, 1.0], [0.5, 0.75, 0.001]]])
    shares = np.array([0.125, 0.0, 0.875])
    return Picture(
        "t", (Seen("input", "Input", image), Seen("s", "Softmax", shares, None, ("cat", "日", "ox"), True)), "ox", 2
    )


TEXT = """\
input  1x2x3  0 to 1
  ░░██
▒▒▓▓░░

prediction: ox

  cat  12.5 %  ███▊
  日    0.0 %
> ox   87.5 %  ██████████████████████████▎
"""


def test_text_alone_is_enough(terminal: pytest.MonkeyPatch) -> None:
    """The picture in shades, the prediction, and aligned bars with names and percents; no codes in a pipe."""
    assert shown(example(), is_terminal=False) == TEXT
    terminal.setenv("FORCE_COLOR", "1")
    assert shown(example(), is_terminal=False) == TEXT


def test_colours_in_a_terminal(terminal: pytest.MonkeyPatch) -> None:
    """Two pixels share a character, in 24-bit or 256 colours; the rest is the same text."""
    text = shown(example(), is_terminal=True)
    assert text.count("▀") == 3
    assert "\x1b[38;2;255;255;255;48;2;0;0;0m▀" in text
    assert text.endswith(TEXT.partition("\n\n")[2])
    terminal.delenv("COLORTERM")
    # Other greys, as rich remembers the codes of those above.
    other = Picture("t", (Seen("input", "Input", np.array([[[0.1, 0.3, 1.0], [0.6, 0.7, 0.2]]])),), "", None)
    assert re.search(r"\x1b\[38;5;\d+;48;5;\d+m▀", shown(other, is_terminal=True))


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "xterm-16color")])
def test_terminals_without_colours(terminal: pytest.MonkeyPatch, name: str, value: str) -> None:
    """NO_COLOR and terminals with few colours get the text alone."""
    terminal.delenv("COLORTERM")
    terminal.setenv(name, value)
    assert shown(example(), is_terminal=True) == TEXT


def test_other_encodings(terminal: pytest.MonkeyPatch) -> None:
    """What a stream cannot print is written with ASCII characters, in the same places."""
    text = shown(example(), is_terminal=False, encoding="cp1252").splitlines()
    assert text[1:3] == ["  ..##", "::**.."]
    assert text[-1] == "> ox      87.5 %  ##########################"
    assert "\\u65e5" in text[-2]


def test_show_the_example(seven: Path) -> None:
    """The digit can be made out, its class is predicted, the bar of its class is full."""
    done = run("show", seven)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    rows = done.stdout.splitlines()
    assert rows[0] == "input  1x28x28  0 to 1"
    picture = np.array([[sign != " " for sign in row.ljust(56)] for row in rows[1:29]])
    np.testing.assert_array_equal(picture[:, ::2], look(seven).layers[0].values[0] > 0)
    assert rows[30] == "prediction: 7"
    assert rows[-3] == "> 7  100.0 %  " + 30 * "█"


def test_hostile_texts(tmp_path: Path) -> None:
    """Names from a workbook are texts: no escape code, markup or command comes through, and no line is too long."""
    done = run("show", written(tiny(HOSTILE), tmp_path / "w.xlsx"))
    assert done.exit_code == 0
    assert not set(done.stdout) & {"\x1b", "\x9b", "\u202e"}
    for name in (r"$\frac{1$", r"\x9b31mred\u202e", "<b>&amp;", "[bold]:smile:"):
        assert name in done.stdout
    assert not re.search(r"^\s*::", done.stdout, re.MULTILINE)
    assert max(map(len, done.stdout.splitlines()[-7:])) <= 80


def test_narrow_terminals() -> None:
    """Pictures and bars become smaller where there is little room."""
    wide = Picture("t", (Seen("input", "Input", np.ones((1, 10, 100))), example().layers[1]), "", None)
    for width in (20, 40, 80, 400):
        text = [line.plain for line in lines(wide, width)]
        assert max(map(len, text[1:])) <= width
        assert set(text[1]) == {"█"}


def test_many_channels_and_classes() -> None:
    """Of many, some are shown, and it is said how many are not."""
    many = np.arange(100.0)
    seen = (Seen("input", "Input", np.ones((9, 2, 2))), Seen("s", "Linear", many))
    text = [line.plain for line in lines(Picture("t", seen, "", None))]
    assert "... and 5 more channels" in text
    assert text[-1] == "  ... and 80 more"
    assert text[-21].split()[:2] == ["99", "99"]


def test_networks_without_classes(tmp_path: Path) -> None:
    """Where the last layer is an image, it is shown as one; there is no prediction."""
    path = written(network([Node("pool", MaxPool2d(2))], (1, 4, 6)), tmp_path / "w.xlsx")
    text = run("show", path).stdout
    assert re.search(r"^pool  1x2x3  ", text, re.MULTILINE)
    assert "prediction" not in text


def test_axes_have_no_ticks(seven: Path) -> None:
    """Nothing but the maps, their names and numbers."""
    figure = draw(look(seven))
    assert figure.axes
    assert all(not axes.get_xticks().size and not axes.get_yticks().size for axes in figure.axes)
    assert all(isinstance(axes, Axes) for axes in figure.axes)
