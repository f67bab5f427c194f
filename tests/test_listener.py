"""Whatever a workbook refers to outside, no engine reaches for it: a listener hears nothing."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_libreoffice
from tests.hostile import escaped, with_rows
from tests.reaching import KINDS, REFUSED
from tests.test_engines import EACH_ENGINE, needs_ironcalc
from xlconv import engines, reader
from xlconv.cells import ErrorValue, NotEvaluated, Range
from xlconv.engines.libreoffice import LibreOffice, find_program
from xlconv.errors import WorkbookError

LINKED = ("link to a workbook", "DDE link", "OLE link")
"""Those whose C1 is a cell of the link; in others it is a sum."""


class Listener:
    """Listens at an address of this machine, and answers that there is nothing.

    Attributes:
        heard: The first line of each request.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.heard.append(connection.recv(4096).decode(errors="replace").partition("\r\n")[0])
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def quiet(listener: Listener) -> Iterator[Listener]:
    """A listener that hears nothing while the test runs."""
    listener.heard.clear()
    yield listener
    assert listener.heard == []


@pytest.fixture(scope="module")
def raw(listener: Listener, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each kind, as a stranger sends it."""
    folder = tmp_path_factory.mktemp("raw")
    paths = {name: folder / f"{number:02}.xlsx" for number, name in enumerate(KINDS)}
    for name, path in paths.items():
        KINDS[name](listener.url, path)
    return paths


def test_the_listener_hears() -> None:
    """It counts what comes, so that its silence means something."""
    listener = Listener()
    with socket.create_connection(listener.socket.getsockname()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 404")
    listener.close()
    assert listener.heard == ["GET / HTTP/1.1"]


def test_every_kind_is_read_or_refused(raw: dict[str, Path], quiet: Listener) -> None:
    """Reading reaches for nothing; the kinds are many."""
    refused = {}
    for name, path in raw.items():
        try:
            reader.read(path)
        except WorkbookError as error:
            refused[name] = error.message
    assert len(KINDS) > 40
    assert refused.keys() == REFUSED.keys()
    assert all(words in refused[name] for name, words in REFUSED.items())


@pytest.mark.parametrize("name", ["formualizer", pytest.param("ironcalc", marks=needs_ironcalc)])
def test_embedded_engines_reach_for_nothing(name: str, raw: dict[str, Path], quiet: Listener) -> None:
    """Each workbook that is read is computed without a word to the listener: 1 + 2, or what a link is without it."""
    engine = engines.by_name(name, isolated=False)
    shown = {
        kind: engine.evaluate(reader.read(path).package, [[]], [Range("S", 1, 3)])[0][0][0][0]
        for kind, path in raw.items()
        if kind not in REFUSED
    }
    assert shown == {kind: ErrorValue("#REF!") if kind in LINKED else 3.0 for kind in shown}


def started(profile: Path) -> list[str]:
    """How LibreOffice begins with a profile that says nothing."""
    program = find_program()
    assert program is not None
    return [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]


@needs_libreoffice
@pytest.mark.libreoffice
def test_libreoffice_reaches_for_what_a_file_says(raw: dict[str, Path], tmp_path: Path, listener: Listener) -> None:
    """With a stranger's own files and no profile of ours it fetches: the listener would hear it."""
    listener.heard.clear()
    files = [str(raw[kind]) for kind in ("linked picture", "INDIRECT")]
    command = [*started(tmp_path / "profile"), "--outdir", str(tmp_path), *files]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert {line.split()[1] for line in listener.heard if line.startswith("GET")} >= {"/x.png", "/x.ods"}


@needs_libreoffice
@pytest.mark.libreoffice
def test_libreoffice_reaches_for_nothing(raw: dict[str, Path], tmp_path: Path, quiet: Listener) -> None:
    """It converts all that it is given, and reaches for nothing."""
    files = [tmp_path / path.name for kind, path in raw.items() if kind not in REFUSED]
    for file, kind in zip(files, (kind for kind in raw if kind not in REFUSED), strict=True):
        file.write_bytes(reader.read(raw[kind]).package)
    LibreOffice(find_program() or "")._convert(files, tmp_path)


@needs_libreoffice
@pytest.mark.libreoffice
def test_the_profile_alone_reaches_for_nothing(raw: dict[str, Path], tmp_path: Path, quiet: Listener) -> None:
    """Even strangers' own files get nowhere with the profile that LibreOffice is given."""
    LibreOffice(find_program() or "")._convert(list(raw.values()), tmp_path)


@pytest.mark.parametrize("name", EACH_ENGINE)
def test_no_file_beside_is_read(name: str, tmp_path: Path) -> None:
    """A formula that asks for a cell of another file of this machine, in any way, does not get it."""
    next(iter(KINDS.values()))("", tmp_path / "secret.xlsx")  # its A1 is 1
    url, path = (tmp_path / "secret.xlsx").as_uri(), str(tmp_path / "secret.xlsx")
    asked = [
        f"INDIRECT(\"'{url}'#$S.A1\")",
        f"INDIRECT(\"'{url}'#S!A1\")",
        f"INDIRECT(\"'{tmp_path}/[secret.xlsx]S'!A1\")",
        f"'{tmp_path}/[secret.xlsx]S'!A1",
        f"'{url}'#$S.A1",
        f'DDE("soffice","{path}","S.A1")',
        f"soffice|'{path}'!A1",
        f'_xlfn.WEBSERVICE("{url}")',
    ]
    rows = "".join(f'<row r="{n}"><c r="A{n}"><f>{escaped(text)}</f></c></row>' for n, text in enumerate(asked, 1))
    with_rows(rows)(tmp_path / "x.xlsx")
    package = reader.read(tmp_path / "x.xlsx").package
    ((rows_shown,),) = engines.by_name(name).evaluate(package, [[]], [Range("S", 1, 1, len(asked))])
    assert [type(value) for (value,) in rows_shown if not isinstance(value, ErrorValue | NotEvaluated)] == []
