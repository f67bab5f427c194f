"""Names and paths that commands print: whoever chose them gives no orders to a terminal or a CI runner."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from xlconv import templates
from xlconv.cli import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such names there")

NAME = "a\n::error::x\r::warning::y ##[add-mask] \x1b[2J\x85::notice::z"
"""What a stranger may call a folder."""
SHOWN = r"a\n::error::x\r::warning::y #\x23[add-mask] \x1b[2J\x85::notice::z"
"""The same on one line."""


@pytest.fixture
def folder(tmp_path: Path, seven: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one of such a name in it, and that with a workbook."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    Path(NAME).mkdir()
    shutil.copy(seven, Path(NAME, "s.xlsx"))
    return tmp_path


def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of the command line."""
    monkeypatch.setattr(sys, "argv", ["xlconv", *map(str, arguments)])
    code = run()
    return code, *capsys.readouterr()


def is_harmless(text: str) -> bool:
    """Whether no line of it is obeyed, and no character of it."""
    lines = re.split("[\r\n\x85\u2028]", text)
    obeyed = (line.lstrip().startswith("::") or re.search(r"##\w*\[", line) for line in lines)
    return not any(obeyed) and all(line.isprintable() for line in text.split("\n"))


BOOK = Path(NAME, "s.xlsx")

SPOKEN = {
    "generate": (("generate", "--digit", "7", "--output", Path(NAME, "new.xlsx")), 0, "{}/new.xlsx\n"),
    "generate --force": (("generate", "--digit", "7", "--output", BOOK), 2, "xlconv: {}/s.xlsx exists already"),
    "generate --verify": (("generate", "--digit", "7", "--output", Path(NAME, "n.xlsx"), "--verify"), 0, "{}/n.xlsx: "),
    "generate --image": (("generate", "--image", Path(NAME)), 2, "{}: "),
    "generate --template": (("generate", "--digit", "7", "--template", f"x/{NAME}"), 2, "no template 'x/a\\"),
    "render": (("render", BOOK, "--output", Path(NAME, "new.png")), 0, "{}/new.png\n"),
    "inspect": (("inspect", BOOK), 0, "{}/s.xlsx\n"),
    "recover": (("recover", BOOK), 0, "{}/s.xlsx: 1 network"),
    "recover --output": (("recover", BOOK, "--output", Path(NAME, "new")), 0, "{}/s.xlsx: 1 network"),
    "recover --output, there": (("recover", BOOK, "--output", Path(NAME)), 2, "xlconv: {} exists already"),
    "open": (("open", BOOK), 2, "xlconv: {}/s.xlsx"),
    "open nothing": (("open", NAME), 2, "xlconv: {}: no such file"),
    "show": (("show", Path(NAME)), 2, "xlconv: {}: "),
    "verify": (("verify", BOOK, "--random", "0"), 0, "{}/s.xlsx: every activation agrees"),
    "verify a folder": (("verify", NAME), 2, "xlconv: {}: "),
    "verify --self-test": (("verify", BOOK, "--self-test", "--faults", "1"), 1, "{}/s.xlsx: of 1 changes"),
    "verify --junit": (("verify", BOOK, "--junit", NAME), 2, "xlconv: {} is not a file"),
    "train": (("train", "--data", NAME, "--output", Path(NAME, "s.xlsx")), 2, "xlconv: "),
    "explain": (("explain", NAME), 2, "xlconv: there is no rule 'a\\"),
    "no command": ((NAME,), 2, "xlconv: No such command"),
    "no option": (("verify", f"--{NAME}"), 2, "xlconv: No such option"),
    "no choice": (("verify", "a.xlsx", "--engine", NAME), 2, "xlconv: Invalid value for '--engine'"),
    "no number": (("generate", "--digit", NAME), 2, "xlconv: Invalid value for '--digit'"),
    "too much": (("open", "a.xlsx", NAME), 2, "xlconv: Got unexpected extra argument"),
}
"""Arguments, the exit code, and what is said where `{}` is the name."""


@pytest.mark.parametrize(("arguments", "code", "says"), SPOKEN.values(), ids=SPOKEN)
@pytest.mark.usefixtures("folder")
def test_names_are_texts(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str | Path, ...],
    code: int,
    says: str,
) -> None:
    """What a command prints shows the name visibly, on one line."""
    found, out, err = printed(monkeypatch, capsys, *arguments)
    assert found == code
    assert says.format(SHOWN) in out + err
    assert is_harmless(out)
    assert is_harmless(err)


@pytest.mark.parametrize("command", ["inspect", "recover", "verify --self-test --faults 1"])
@pytest.mark.usefixtures("folder")
def test_a_path_that_is_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Where a path is the first of its line, as a runner's commands are, it shows that it was meant to be one."""
    shutil.copy(BOOK, "::error::x.xlsx")
    _, out, err = printed(monkeypatch, capsys, *command.split(), "::error::x.xlsx")
    assert re.search(r"^\\x3a:error::x\.xlsx", out, re.MULTILINE)
    assert is_harmless(out)
    assert is_harmless(err)


@pytest.mark.parametrize("arguments", [("inspect", "--json"), ("recover", "--json"), ("verify", "--json")])
@pytest.mark.usefixtures("folder")
def test_names_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """JSON has the name as it is, for a program, and shows a CI runner none."""
    code, out, err = printed(monkeypatch, capsys, *arguments, BOOK)
    assert (code, err) == (0, "")
    found = json.loads(out)
    (file,) = found.get("files", [found])
    assert file["file"] == str(BOOK)
    assert is_harmless(out)


@pytest.mark.usefixtures("folder")
def test_a_recovered_template_says_the_name_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README that recover writes has one heading, whatever the workbook is called."""
    shutil.copy(BOOK, f"{NAME}.xlsx")
    monkeypatch.setattr(sys, "argv", ["xlconv", "recover", f"{NAME}.xlsx", "--output", "new"])
    assert run() == 0
    assert is_harmless(Path("new", "README.md").read_text("utf-8"))
    assert templates.load("new").title.startswith(f"Recovered from {SHOWN}.xlsx")


@pytest.mark.usefixtures("folder")
def test_a_picture_names_the_workbook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write_picture: Callable[[Path], None]
) -> None:
    """Without --output the workbook is called after the picture."""
    write_picture(Path(f"{NAME}.png"))
    code, out, err = printed(monkeypatch, capsys, "generate", "--image", f"{NAME}.png")
    assert (code, out, err) == (0, f"output/conv-example-{SHOWN}.xlsx\n", "")
    assert Path("output", f"conv-example-{NAME}.xlsx").is_file()


@pytest.fixture
def write_picture() -> Callable[[Path], None]:
    """Writes a picture of a stroke."""
    from PIL import Image, ImageDraw

    def write(path: Path) -> None:
        picture = Image.new("L", (28, 28))
        ImageDraw.Draw(picture).line((14, 4, 14, 24), 255, 3)
        picture.save(path)

    return write


def test_templates(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A template's name, title and folder."""
    monkeypatch.setattr(templates, "names", lambda: [NAME])
    monkeypatch.setattr(templates, "load", lambda _: SimpleNamespace(title=NAME))
    monkeypatch.setattr(templates, "locate", Path)
    code, out, err = printed(monkeypatch, capsys, "templates")
    assert (code, out, err) == (0, f"{SHOWN}  {SHOWN}\n  {SHOWN}\n", "")


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.usefixtures("folder")
def test_train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], interrupted: bool) -> None:
    """The folder of what was trained, also where the training was cut short."""
    module = ModuleType("xlconv.train")

    def train() -> None:
        if interrupted:
            raise KeyboardInterrupt

    facts = {
        "Recipe": SimpleNamespace,
        "Training": lambda *_: SimpleNamespace(run=train, best=1),
        "progress_bar": lambda _: nullcontext(),
        "save": lambda *_: None,
    }
    module.__dict__.update(facts)
    monkeypatch.setitem(sys.modules, "xlconv.train", module)
    monkeypatch.setattr("xlconv.train", module, raising=False)
    monkeypatch.setattr("xlconv.digits.load_mnist", lambda _: ((), ()))
    _, out, err = printed(monkeypatch, capsys, "train", "--data", "mnist", "--output", Path(NAME, "new"))
    assert out == f"{SHOWN}/new\n"
    assert is_harmless(err)


def test_ordinary_names_are_printed_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Umlauts, blanks and signs that nobody obeys can be copied from the output."""
    path = tmp_path / "Übung #1: a::b [x] \\ 100 %" / "七.xlsx"
    assert printed(monkeypatch, capsys, "generate", "--digit", "7", "--output", path) == (0, f"{path}\n", "")
