"""Files from outside made to harm: one line that names the file, exit code 2, soon and in little memory."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.hostile_pictures import IDX, PICTURES, idx
from tests.hostile_templates import KINDS
from xlconv import templates

if sys.platform == "win32":
    pytest.skip("Windows does not tell how much memory a process had", allow_module_level=True)

MEMORY = 200 << 20
SECONDS = 5
"""Of processor time, as other processes may be running."""
PATIENCE = 60

FORKS = """
import json, os, resource, signal, sys
from contextlib import redirect_stderr
from io import StringIO

import numpy, PIL.Image, safetensors.numpy
from pathlib import Path
from xlconv import cli, digits, templates
from xlconv.cli import console
from xlconv.errors import XlconvError

def train(folder):
    # Reading the data is the first that `train` does when PyTorch is there, which takes more memory than all of this.
    try:
        return print([array.shape for array in digits.load_mnist(Path(folder))]) or 0
    except XlconvError as error:
        return console.fail(error.message, error.hint)

for line in sys.stdin:
    sys.argv[1:] = json.loads(line)
    read, write = os.pipe()
    if not (child := os.fork()):
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(write)
        resource.setrlimit(resource.RLIMIT_CPU, (4 * %d, 4 * %d))
        signal.alarm(%d)
        code = train(sys.argv[2]) if sys.argv[1] == "data" else cli.run()
        sys.stdout.flush()
        os._exit(code)
    os.close(write)
    with open(read, encoding="utf-8", errors="replace") as pipe:
        said = pipe.read()
    _, status, used = os.wait4(child, 0)
    seconds = used.ru_utime + used.ru_stime
    print(json.dumps([os.waitstatus_to_exitcode(status), said, used.ru_maxrss, seconds]), flush=True)
"""
"""Runs each command line that it is told of in a process of its own, and says what that took."""

Run: TypeAlias = Callable[..., str]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    program = FORKS % (SECONDS, SECONDS, PATIENCE)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None

        def run(*arguments: str | Path, code: int = 2) -> str:
            """Run a command line; returns what it said, whose end must be as expected, in little time and memory."""
            print(json.dumps([str(each) for each in arguments]), file=asked, flush=True)
            answer: list[Any] = json.loads(answered.readline())
            found, said, kibibytes, seconds = answer
            assert (found, seconds < SECONDS, kibibytes << 10 < MEMORY) == (code, True, True), answer
            return str(said)

        yield run
        asked.close()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A template folder of one's own."""
    shutil.copytree(templates.locate("conv-example"), tmp_path / "mine")
    return tmp_path / "mine"


def check(said: str, path: Path, says: str) -> None:
    """One line, perhaps with a hint, that says where and what."""
    line, *hints = said.splitlines()
    assert line.startswith("xlconv: ")
    assert says in line
    assert len(line) < 500 + len(str(path))
    assert all(hint.startswith("hint: ") for hint in hints)
    assert len(hints) <= 1


def output(path: Path) -> tuple[str, ...]:
    return "--output", str(path.parent / "x.xlsx")


@pytest.mark.parametrize("name", KINDS)
def test_template(name: str, mine: Path, run: Run) -> None:
    """A file of a template that is made to harm is refused by `generate`, and nothing is written."""
    file, make, says = KINDS[name]
    make(mine / file)
    said = run("generate", "--digit", "3", "--template", mine, *output(mine))
    check(said, mine, says)
    assert sorted(path.name for path in mine.parent.iterdir()) == ["mine"]


@pytest.mark.parametrize("name", ["LZMA", "2 GiB of zeros", "type BF16", "dotted key of 40 KB", "out_channels = 10^9"])
def test_against(name: str, mine: Path, seven: Path, run: Run) -> None:
    """So it is by `verify --against`."""
    file, make, says = KINDS[name]
    make(mine / file)
    check(run("verify", seven, "--against", mine), mine, says)


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, tmp_path: Path, run: Run) -> None:
    """A picture that is made to harm is refused, and its file is named."""
    make, says = PICTURES[name]
    make(tmp_path / "x.png")
    said = run("generate", "--image", tmp_path / "x.png", *output(tmp_path / "x.png"))
    check(said, tmp_path, says)
    assert f"{tmp_path / 'x.png'}: " in said


def test_large_data(tmp_path: Path, run: Run) -> None:
    """Data of the size of EMNIST's, the largest that is published so, are read within the limits."""
    zeros = bytes(112_347 * 784)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(112_347, 28, 28, data=zeros), 1))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(112_347, data=bytes(112_347)))
    assert run("data", tmp_path, code=0) == "[(112347, 28, 28), (112347,)]\n"


@pytest.mark.parametrize("name", IDX)
def test_data(name: str, tmp_path: Path, run: Run) -> None:
    """Data that are made to harm are refused, and their file is named."""
    make, says = IDX[name]
    make(tmp_path / "train-images-idx3-ubyte.gz")
    said = run("data", tmp_path)
    check(said, tmp_path, says)
    assert f"{tmp_path / 'train-images-idx3-ubyte.gz'}: " in said
