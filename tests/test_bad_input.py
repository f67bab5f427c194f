"""Whatever a user can do wrong: one line that says what and where, perhaps a hint, exit code 2, nothing harmed."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import openpyxl
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tests.conftest import ROOT_MAY
from xlconv import templates
from xlconv.cli import run
from xlconv.engines.libreoffice import find_program

Break: TypeAlias = Callable[[Path], object]
"""Breaks a file or a folder."""

GENERATE = ("generate", "--output", "out.xlsx", "--force")
OLD = b"an old workbook"
SECONDS = 60
"""After which a run counts as hanging."""

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these limits nor these signals")


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def with_old_output(folder: Path) -> dict[str, str]:
    """Put an old output file and a folder for temporary files there; returns the environment that uses it."""
    (folder / "out.xlsx").write_bytes(OLD)
    (folder / "temporary").mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(folder / "temporary"), "PYTHONDONTWRITEBYTECODE": "1"}


def refusal(code: int, stdout: str, stderr: str, says: tuple[str, ...]) -> str:
    """Check that an outcome is an error as it should be; returns the hint, empty where there is none."""
    assert "Traceback" not in stderr
    message, *hints = stderr.splitlines() or [""]
    assert message.startswith("xlconv: ")
    for text in says:
        assert text in message
    assert len(hints) <= 1
    assert all(hint.startswith("hint: ") and len(hint) > 10 for hint in hints)
    assert (code, stdout) == (2, "")
    return "".join(hints)


def refused(
    folder: Path,
    *arguments: str | Path,
    says: str | tuple[str, ...],
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    seconds: float = SECONDS,
) -> str:
    """Run the command line on something bad and check how it refuses.

    Args:
        folder: Where to run it.
        arguments: Of the command line.
        says: What the error must say; one text or several.
        env: Environment variables to set.
        before: To be called in the new process first.
        seconds: How long it may take.

    Returns:
        The hint, empty where there is none.
    """
    environment = {**with_old_output(folder), **(env or {})}
    found = contents(folder)
    done = subprocess.run(
        [sys.executable, "-m", "xlconv", *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        preexec_fn=before,
    )
    assert contents(folder) == found
    return refusal(done.returncode, done.stdout, done.stderr, (says,) if isinstance(says, str) else says)


# Workbooks


def no_file(path: Path) -> None:
    pass


def zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("hello.txt", "hello")


def another_program(path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "=1+1"
    book.save(path)


WORKBOOKS: dict[str, tuple[Break, str]] = {
    "missing": (no_file, "no such file"),
    "folder": (Path.mkdir, "cannot be read"),
    "text": (lambda path: path.write_text("no workbook"), "not an .xlsx workbook"),
    "empty": (Path.touch, "not an .xlsx workbook"),
    "encrypted": (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)), "encrypted"),
    "zip of text": (zip_of_text, "'_rels/.rels' is missing"),
}
"""What verify, recover and inspect refuse alike."""


@pytest.mark.parametrize(("make", "says"), WORKBOOKS.values(), ids=WORKBOOKS)
def test_no_workbook(tmp_path: Path, make: Break, says: str) -> None:
    """What is no workbook of xlconv's is refused by verify, which names it."""
    make(tmp_path / "bad.xlsx")
    refused(tmp_path, "verify", "bad.xlsx", says=("bad.xlsx: ", says))


@pytest.mark.parametrize("command", ["inspect", "recover"])
@pytest.mark.parametrize("kind", ["missing", "text"])
def test_no_workbook_to_read(tmp_path: Path, kind: str, command: str) -> None:
    """Other commands refuse as verify does."""
    make, says = WORKBOOKS[kind]
    make(tmp_path / "bad.xlsx")
    refused(tmp_path, command, "bad.xlsx", says=("bad.xlsx: ", says))


def test_no_network(tmp_path: Path) -> None:
    """A workbook without a network is not checked, which is no agreement; inspect knows xlconv's own only."""
    another_program(tmp_path / "other.xlsx")
    refused(tmp_path, "inspect", "other.xlsx", says=("other.xlsx: ", "no defined name 'network'"))
    start = [sys.executable, "-m", "xlconv"]
    done = subprocess.run([*start, "verify", "other.xlsx"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "xlconv: other.xlsx: not checked: no network was recognised in its formulas\n"
    assert subprocess.run([*start, "recover", "other.xlsx"], cwd=tmp_path, check=False).returncode == 1


def test_no_workbook_to_open(tmp_path: Path) -> None:
    """Open refuses a file that is not there."""
    refused(tmp_path, "open", "bad.xlsx", says="bad.xlsx: no such file")


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 1])
def test_truncated_workbook(tmp_path: Path, seven: Path, share: float) -> None:
    """A workbook that was cut off anywhere, even by one byte, is refused as damaged."""
    whole = seven.read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: int(share * (len(whole) - 1))])
    refused(tmp_path, "verify", "cut.xlsx", says="cut.xlsx: a damaged or truncated .xlsx")


def test_terminal_codes_in_a_name(tmp_path: Path) -> None:
    """A file name cannot command the terminal or add lines."""
    refused(tmp_path, "verify", "a\x1b[31m\nb.xlsx", says=r"a\x1b[31m\nb.xlsx: no such file")


def altered(seven: Path, path: Path, change: Callable[[openpyxl.Workbook], None]) -> None:
    book = openpyxl.load_workbook(seven)
    change(book)
    book.save(path)


def settings_of(layer: str, text: str) -> Callable[[openpyxl.Workbook], None]:
    """Change what the worksheet Network says of a layer."""

    def change(book: openpyxl.Workbook) -> None:
        (row,) = (row for row in book["Network"].iter_rows() if row[0].value == layer)
        row[3].value = text

    return change


def name_of(name: str, reference: str) -> Callable[[openpyxl.Workbook], None]:
    """Change what a defined name stands for."""

    def change(book: openpyxl.Workbook) -> None:
        book.defined_names[name].attr_text = reference

    return change


ALTERED: dict[str, tuple[Callable[[openpyxl.Workbook], None], str]] = {
    "unknown setting": (settings_of("conv1", "colour=3"), "conv1"),
    "settings that are none": (settings_of("conv1", "in_channels"), "conv1"),
    "digits without end": (settings_of("conv1", f"in_channels={'9' * 5000}"), "bad.xlsx"),
    "more channels than memory": (
        settings_of("conv1", "in_channels=1, out_channels=999999999999, kernel_size=3x3"),
        "bad.xlsx",
    ),
    "more channels than an array has": (
        settings_of("conv1", "in_channels=999999999, out_channels=999999999, kernel_size=3x3"),
        "bad.xlsx",
    ),
    "layers all over the worksheet": (name_of("network", "'Network'!$A$1:$XFD$1048576"), "bad.xlsx"),
    "prediction all over the worksheet": (name_of("prediction", "'Network'!$A$1:$XFD$1048576"), "prediction"),
    "prediction of several cells": (name_of("prediction", "'Network'!$A$1:$B$2"), "prediction"),
    "block of another size": (name_of("input_0", "'conv-example'!$A$5:$AB$33"), "'input_0' is 29x28 cells"),
    "block on no worksheet": (name_of("input_0", "'elsewhere'!$A$5:$AB$32"), "input_0"),
    "block of a broken reference": (name_of("conv1_0", "#REF!"), "conv1_0"),
}


@pytest.mark.parametrize(("change", "says"), ALTERED.values(), ids=ALTERED)
def test_altered_workbook(tmp_path: Path, seven: Path, change: Callable[[openpyxl.Workbook], None], says: str) -> None:
    """A workbook whose statement of its network makes no sense is refused, soon and by name."""
    altered(seven, tmp_path / "bad.xlsx", change)
    refused(tmp_path, "verify", "bad.xlsx", "--random", "0", says=says, seconds=15)


# Digits and pictures


def test_no_such_digit(tmp_path: Path) -> None:
    """A digit that the samples do not have is refused with those that they have."""
    hint = refused(tmp_path, *GENERATE, "--digit", "10", says="digit 10")
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in hint


@pytest.mark.parametrize(("digit", "sample", "says"), [("-1", "0", "-1"), ("x", "0", "'x'"), ("3", "x", "'x'")])
def test_bad_digit(tmp_path: Path, digit: str, sample: str, says: str) -> None:
    """A digit or sample that is none is refused and named."""
    refused(tmp_path, *GENERATE, "--digit", digit, "--sample", sample, says=says)


@pytest.mark.parametrize("beyond", [-1, 0, 10**30])
def test_no_such_sample(tmp_path: Path, template: templates.Template, beyond: int) -> None:
    """A sample out of range is refused with the range."""
    count = len(template.samples.of(3))
    number = str(beyond if beyond else count)
    hint = refused(tmp_path, *GENERATE, "--digit", "3", "--sample", number, says=number)
    assert f"0 to {count - 1}" in hint


@pytest.mark.parametrize("inputs", [(), ("--digit", "3", "--image", "digit.png")], ids=["neither", "both"])
def test_digit_or_image(tmp_path: Path, inputs: tuple[str, ...]) -> None:
    """Neither and both of --digit and --image are refused."""
    refused(tmp_path, *GENERATE, *inputs, says="give --digit, --image or --blank, one of them")


def png(path: Path, width: int, height: int, rows: bytes) -> None:
    """A 1-bit PNG that states a size and holds some rows, which may be fewer."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def truncated_png(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:300])


def thin_stroke(path: Path) -> None:
    """A picture so narrow that nothing is left of it at the input's size."""
    pixels = np.zeros((2000, 1), np.uint8)
    pixels[1000:1020] = 255
    Image.fromarray(pixels).save(path)


def unknown_dds(path: Path) -> None:
    """A DirectDraw surface of a pixel format that there is none of."""
    header = struct.pack("<31I", 124, 0x100F, 4, 4, *[0] * 14, 32, 0xA40000, *[0] * 11)
    path.write_bytes(b"DDS " + header + bytes(64))


PICTURES: dict[str, tuple[Break, str]] = {
    "missing": (no_file, "no such file"),
    "folder": (Path.mkdir, "a folder or device, not a file"),
    "empty": (Path.touch, "picture"),
    "text": (lambda path: path.write_text("no picture"), "not a picture"),
    "truncated": (truncated_png, "cannot be read as a picture"),
    "one colour": (lambda path: Image.new("RGB", (28, 28), "blue").save(path), "one colour only"),
    "transparent": (lambda path: Image.new("RGBA", (28, 28), (255, 0, 0, 0)).save(path), "one colour only"),
    "large": (lambda path: png(path, 10_000, 10_000, b"\x00"), "picture"),
    "larger than memory": (lambda path: png(path, 1_000_000, 1_000_000, b"\x00"), "picture"),
    "too thin": (thin_stroke, "picture"),
    "unknown pixel format": (unknown_dds, "picture"),
}


@pytest.mark.parametrize(("make", "says"), PICTURES.values(), ids=PICTURES)
def test_bad_picture(tmp_path: Path, make: Break, says: str) -> None:
    """A picture that cannot be read, or that holds no digit, is refused and named."""
    make(tmp_path / "bad.png")
    refused(tmp_path, *GENERATE, "--image", "bad.png", says=("bad.png", says))


# Templates


def edit(old: str, new: str) -> Break:
    """Replace a text in network.toml, once."""

    def change(folder: Path) -> None:
        path = folder / "network.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def weights(change: Callable[[dict[str, np.ndarray]], object]) -> Break:
    """Change the arrays in weights.safetensors."""

    def apply(folder: Path) -> None:
        path = folder / "weights.safetensors"
        arrays = {key: array.copy() for key, array in load_file(path).items()}
        change(arrays)
        save_file(arrays, path)

    return apply


def weight(value: complex) -> Break:
    """Set one weight."""

    def change(arrays: dict[str, np.ndarray]) -> None:
        kind = np.complex64 if isinstance(value, complex) else np.float64
        arrays["conv2.weight"] = arrays["conv2.weight"].astype(kind)
        arrays["conv2.weight"][1, 1, 2, 2] = value

    return weights(change)


def samples(change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Break:
    """Change the images and labels in samples.npz."""

    def apply(folder: Path) -> None:
        with np.load(folder / "samples.npz") as data:
            images, labels = change(data["images"], data["labels"])
        np.savez(folder / "samples.npz", images=images, labels=labels)

    return apply


def content(name: str, data: bytes) -> Break:
    """Put something else into a file."""
    return lambda folder: (folder / name).write_bytes(data)


def cut(name: str, size: int) -> Break:
    """Cut a file off."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def file_instead(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def array_alone(folder: Path) -> None:
    with (folder / "samples.npz").open("wb") as file:
        np.save(file, np.zeros((3, 28, 28), np.uint8))


RELU = 'type = "ReLU"'
TEMPLATES: dict[str, tuple[Break, str]] = {
    "no network.toml": (lambda folder: (folder / "network.toml").unlink(), "no network.toml"),
    "no weights": (lambda folder: (folder / "weights.safetensors").unlink(), "no weights.safetensors"),
    "no samples": (lambda folder: (folder / "samples.npz").unlink(), "no samples.npz"),
    "a file": (file_instead, "no template 'mine'"),
    "broken TOML": (edit("format = 1", "format = "), "network.toml: not valid TOML"),
    "bytes": (content("network.toml", b"\xff\xfe"), "network.toml: not valid TOML"),
    "deep TOML": (edit("title = ", f"deep = {'[' * 3000}{']' * 3000}\ntitle = "), "network.toml"),
    "another format": (edit("format = 1", "format = 99"), "network.toml: format is 99"),
    "no layers": (content("network.toml", b"format = 1\ninput = [4]\nclasses = []\nlayers = []"), "at least one layer"),
    "layers that are none": (content("network.toml", b"format = 1\ninput = [4]\nclasses = []\nlayers = 5"), "layers"),
    "wrong input": (edit("input = [1, 28, 28]", "input = [1, 0, 28]"), "input shape"),
    "wrong classes": (edit('"0", ', ""), "9 class names for an output of 10"),
    "unknown layer": (edit(RELU, 'type = "Swish"'), "'relu1': unknown type 'Swish'"),
    "unknown setting": (edit('type = "Softmax"', 'type = "Softmax"\ncolour = 1'), "'softmax'"),
    "missing setting": (edit("out_channels = 2\n", ""), "'conv1'"),
    "wrong setting": (edit("kernel_size = [3, 3]", "kernel_size = [3, 0]"), "kernel_size must be"),
    "reads a number": (edit(RELU, f"{RELU}\ninputs = 5"), "'relu1'"),
    "reads a list": (edit(RELU, f"{RELU}\ninputs = [[1]]"), "'relu1'"),
    "reads a text": (edit(RELU, f'{RELU}\ninputs = "conv1"'), "'relu1'"),
    "reads what is not there": (edit(RELU, f'{RELU}\ninputs = ["conv9"]'), "'conv9'"),
    "inline neither true nor false": (edit("inline = true", 'inline = "no"'), "inline"),
    "wrong weight shape": (
        weights(lambda w: w.update({"conv1.weight": np.zeros((3, 1, 3, 3))})),
        "conv1.weight is 3x1x3x3",
    ),
    "missing weight": (weights(lambda w: w.pop("conv2.weight")), "missing weights: conv2.weight"),
    "unused weight": (weights(lambda w: w.update({"fc.weight": np.zeros(3)})), "no layer uses: fc.weight"),
    "NaN weight": (weight(float("nan")), "conv2.weight holds NaN"),
    "infinite weight": (weight(float("inf")), "conv2.weight holds NaN or infinity"),
    "complex weight": (weight(1j), "conv2.weight"),
    "truncated weights": (cut("weights.safetensors", 500), "weights.safetensors: not a readable"),
    "empty weights": (cut("weights.safetensors", 0), "weights.safetensors: not a readable"),
    "truncated samples": (cut("samples.npz", 500), "samples.npz: not a readable"),
    "empty samples": (cut("samples.npz", 0), "samples.npz: not a readable"),
    "array alone": (array_alone, "samples.npz"),
    "pickled samples": (samples(lambda x, y: (x, y.astype(object))), "samples.npz: 'labels' is of dtype object"),
    "wrong label dtype": (samples(lambda x, y: (x, y.astype(np.int64))), "'labels' is of dtype int64, must be uint8"),
    "wrong image dtype": (samples(lambda x, y: (x.astype(np.int64), y)), "must be uint8"),
    "fewer labels": (samples(lambda x, y: (x, y[1:])), "one for each image"),
    "wrong image size": (samples(lambda x, y: (x[:, 1:], y)), "images are 27x28"),
    "label without class": (samples(lambda x, y: (x, y + np.uint8(1))), "label 10, but there are 10 classes"),
}


@pytest.mark.filterwarnings("error::UserWarning", "error::RuntimeWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(("break_it", "says"), TEMPLATES.values(), ids=TEMPLATES)
def test_broken_template(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    break_it: Break,
    says: str,
) -> None:
    """A template folder with a fault in it is refused, and the folder and the fault are named."""
    shutil.copytree(templates.locate("conv-example"), tmp_path / "mine")
    break_it(tmp_path / "mine")
    with_old_output(tmp_path)
    found = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["xlconv", *GENERATE, "--digit", "3", "--template", "mine"])
    code = run()  # in this process: there are many of these
    refusal(code, *capfd.readouterr(), ("mine", says))
    assert contents(tmp_path) == found


def test_no_such_template(tmp_path: Path) -> None:
    """An unknown template is refused with the names of the known ones."""
    hint = refused(tmp_path, *GENERATE, "--digit", "3", "--template", "nothing", says="no template 'nothing'")
    assert "conv-example" in hint


def test_no_such_template_to_verify_against(tmp_path: Path, seven: Path) -> None:
    """Verify refuses an unknown template as generate does."""
    refused(tmp_path, "verify", seven, "--against", "nothing", says="no template 'nothing'")


# Output


def test_output_below_a_file(tmp_path: Path) -> None:
    """No folder can be made below a regular file."""
    refused(tmp_path, "generate", "--digit", "3", "--output", "out.xlsx/three.xlsx", says="out.xlsx is not a folder")


def test_output_is_a_folder(tmp_path: Path) -> None:
    """A folder of the output's name stays, even with --force."""
    (tmp_path / "three.xlsx").mkdir()
    refused(tmp_path, "generate", "--digit", "3", "--output", "three.xlsx", "--force", says="three.xlsx")
    assert list((tmp_path / "three.xlsx").iterdir()) == []


def test_output_exists(tmp_path: Path) -> None:
    """Without --force an existing file is refused before the input is looked at."""
    arguments = ("generate", "--image", "missing.png", "--output", "out.xlsx")
    hint = refused(tmp_path, *arguments, says="out.xlsx exists already")
    assert "--force" in hint


def test_output_of_another_kind(tmp_path: Path) -> None:
    """Only .xlsx is written."""
    refused(tmp_path, "generate", "--digit", "3", "--output", "three.csv", says=".xlsx")


@needs_posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason=ROOT_MAY)
def test_output_folder_without_permission(tmp_path: Path) -> None:
    """A folder that may not be written into is named."""
    (tmp_path / "locked").mkdir(mode=0o555)
    refused(tmp_path, "generate", "--digit", "3", "--output", "locked/three.xlsx", says="three.xlsx cannot be written")


@pytest.mark.parametrize(("size", "lxml"), [(100, "True"), (100, "False"), (20_000, "True"), (20_000, "False")])
def test_full_disk(tmp_path: Path, size: int, lxml: str) -> None:
    """Where the disk takes no more the old file stays, and nothing half-written is left, not even elsewhere."""
    resource = pytest.importorskip("resource")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # openpyxl writes with lxml where that is installed, which has errors of its own.
    env = {"OPENPYXL_LXML": lxml}
    refused(tmp_path, *GENERATE, "--digit", "3", says="out.xlsx cannot be written", env=env, before=limit)


def test_out_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Too little memory is an error in one line, too."""

    def load(name: str) -> templates.Template:
        raise MemoryError

    monkeypatch.setattr(templates, "load", load)
    monkeypatch.setattr(sys, "argv", ["xlconv", *GENERATE, "--digit", "3"])
    monkeypatch.chdir(tmp_path)
    refusal(run(), *capfd.readouterr(), ("memory",))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_full_standard_output(tmp_path: Path) -> None:
    """What cannot be printed is an error in one line, too."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xlconv", "templates"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("xlconv: ")
    assert done.stderr.count("\n") == 1


@needs_posix
@pytest.mark.parametrize("lost", [1, 2], ids=["stdout", "stderr"])
def test_closed_standard_stream(tmp_path: Path, lost: int) -> None:
    """A process without stdout or stderr ends in order."""
    done = subprocess.run(
        [sys.executable, "-m", "xlconv", *(("templates",) if lost == 1 else ("inspect", "missing.xlsx"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: os.close(lost),
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in ((0, 2) if lost == 1 else (2,))


@needs_posix
def test_reader_that_goes_away(tmp_path: Path, seven: Path) -> None:
    """A pipe whose reader has ended, such as head, is no reason to complain."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "xlconv", "inspect", str(seven)],
            cwd=tmp_path,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (2, "")


# Ctrl-C

RUN = """
import signal
from xlconv.__main__ import main

install = signal.signal

def installed(*arguments):
    signal.signal = install
    install(*arguments)
    print("started", flush=True)

signal.signal = installed
main()
"""
"""Says when it heeds Ctrl-C for the first time: before, it is Python that is starting."""
INTERRUPT_AT = """
import signal, sys
from unittest import mock
from xlconv.__main__ import main

mock.patch(sys.argv.pop(1), side_effect=lambda *a, **k: signal.raise_signal(signal.SIGINT)).start()
main()
"""
INTERRUPT_AT_EXIT = """
import atexit, signal
from xlconv.__main__ import main

atexit.register(signal.raise_signal, signal.SIGINT)
main()
"""
PLACES = [
    "xlconv.templates.load",
    "xlconv.emit._sum",
    "xlconv.engines.formualizer.Formualizer.evaluate",
    "zipfile.ZipFile.writestr",
    "pathlib.Path.replace",
]


def check_interrupted(folder: Path, code: int, stderr: str) -> None:
    """Either it was done in time, or it says that it was interrupted and the old file is there; nothing else is."""
    found = contents(folder)
    assert set(found) == {"out.xlsx"}
    assert code in (0, 130)
    if code == 130:
        assert found["out.xlsx"] == OLD or zipfile.is_zipfile(folder / "out.xlsx")
        (line,) = stderr.lstrip("\n").splitlines()  # after `^C` on a terminal a new line is in order
        assert line.startswith("xlconv: interrupted")
    else:
        assert stderr == ""
        openpyxl.load_workbook(folder / "out.xlsx", read_only=True).close()


@needs_posix
@pytest.mark.parametrize("place", PLACES)
def test_interrupted_at(tmp_path: Path, place: str) -> None:
    """Ctrl-C while a workbook is being made leaves the old file alone, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT_AT, place, *GENERATE, "--digit", "3"],
        cwd=tmp_path,
        env=with_old_output(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    check_interrupted(tmp_path, done.returncode, done.stderr)
    assert done.returncode == 130
    assert contents(tmp_path)["out.xlsx"] == OLD


@needs_posix
@pytest.mark.parametrize("delay", [0, 0.05, 0.15, 0.3, 0.5, 0.7])
def test_interrupted_after(tmp_path: Path, delay: float) -> None:
    """Ctrl-C at any time ends in the old file or the whole new one, and no traceback."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *GENERATE, "--digit", "3"],
        cwd=tmp_path,
        env=with_old_output(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=SECONDS)
    check_interrupted(tmp_path, process.returncode, stderr)


@needs_posix
def test_interrupted_when_done(tmp_path: Path) -> None:
    """Ctrl-C while Python is shutting down changes nothing of what was done and said."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT_AT_EXIT, *GENERATE, "--digit", "3"],
        cwd=tmp_path,
        env=with_old_output(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "out.xlsx\n", "")


# Usage and engines

USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "command": (("generates",), "generates"),
    "option": ((*GENERATE, "--digit", "3", "--colour"), "--colour"),
    "option of the group": (("--colour", "templates"), "--colour"),
    "missing value": ((*GENERATE, "--digit"), "--digit"),
    "argument too many": (("inspect", "a.xlsx", "b.xlsx"), "b.xlsx"),
    "no file": (("verify",), "FILE"),
    "engine": (("verify", "out.xlsx", "--engine", "abacus"), "abacus"),
    "tolerance": (("verify", "out.xlsx", "--tolerance", "-1"), "-1"),
    "tolerance that is no number": (("verify", "out.xlsx", "--tolerance", "nan"), "nan"),
    "random inputs": (("verify", "out.xlsx", "--random", "9999"), "9999"),
}


@pytest.mark.parametrize(("arguments", "says"), USAGE.values(), ids=USAGE)
def test_bad_usage(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    """What the command line does not know is refused and named, with a hint where the help is."""
    hint = refused(tmp_path, *arguments, says=says)
    assert "--help" in hint


@pytest.fixture
def without_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment where no program is found, so no LibreOffice either."""
    path = tmp_path / "nothing"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    if find_program() is not None:
        pytest.skip("LibreOffice is installed where it is found without the PATH")
    return {"PATH": str(path)}


def test_engine_that_is_absent(tmp_path: Path, seven: Path, without_libreoffice: dict[str, str]) -> None:
    """An engine that is asked for by name and absent is an error, with a hint how to get it."""
    arguments = ("verify", seven, "--engine", "libreoffice")
    hint = refused(tmp_path, *arguments, says="LibreOffice is not installed", env=without_libreoffice)
    assert "install" in hint


def test_all_engines_without_libreoffice(tmp_path: Path, seven: Path, without_libreoffice: dict[str, str]) -> None:
    """All engines are those that are there: what is skipped is said on stderr and in the report, the rest checked."""
    done = subprocess.run(
        [sys.executable, "-m", "xlconv", "verify", str(seven), "--engine", "all", "--random", "0"],
        cwd=tmp_path,
        env={**os.environ, **without_libreoffice},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith(f"{seven}: every activation agrees\n")
    assert "  formualizer " in done.stdout
    assert "note: skipped engine libreoffice" in done.stdout
    assert done.stderr.startswith("skipped: engine libreoffice: LibreOffice is not installed")
    assert done.stderr.count("\n") == 1


def test_training_without_pytorch(tmp_path: Path) -> None:
    """Without PyTorch train says how to install it."""
    program = "import sys; sys.modules['torch'] = None; from xlconv.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "train", "--data", "mnist", "--output", "mine"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    message, hint = done.stderr.splitlines()
    assert message.startswith("xlconv: training needs PyTorch")
    assert hint == "hint: pip install 'xlconv[train]'"
    assert contents(tmp_path) == {}
