"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from xlconv import files
from xlconv.errors import OutputError

Whole: TypeAlias = Callable[..., AbstractContextManager[Path]]
"""`whole_file` or `whole_folder`."""

needs_umask = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")

UMASKS = [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0o002, 0o664, 0o775)]
INTERRUPTIONS = [ValueError("of the caller's"), KeyboardInterrupt(), SystemExit(1), GeneratorExit()]


def tree(folder: Path) -> dict[str, str]:
    """All files below a folder, hidden ones too, with what they hold."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    """What stands in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


def write_folder(path: Path, content: str = "new", force: bool = True) -> None:
    with files.whole_folder(path, force) as temporary:
        (temporary / "network.toml").write_text(content)


@pytest.fixture
def umask() -> Iterator[int]:
    """Give the process its umask back after a test that sets it."""
    before = os.umask(0o022)
    yield before
    os.umask(before)


def test_file_appears_at_the_end(tmp_path: Path) -> None:
    """The file is absent while the block runs, whole when it has ended, and alone in its folder."""
    path = tmp_path / "a.txt"
    with files.whole_file(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert tree(tmp_path) == {"a.txt": "whole"}


def test_file_stays_until_the_end(tmp_path: Path) -> None:
    """An existing file keeps its content until the block has ended, then has the new one only."""
    path = tmp_path / "a.txt"
    path.write_text("a longer old content")
    with files.whole_file(path, force=True) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "a longer old content"
    assert tree(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("interruption", INTERRUPTIONS, ids=lambda error: type(error).__name__)
def test_interrupted_file_changes_nothing(tmp_path: Path, interruption: BaseException) -> None:
    """Whatever ends the block early passes through, leaves the old file as it was and no temporary one."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(interruption)) as caught, files.whole_file(path, force=True) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise interruption
    assert caught.value is interruption
    assert tree(tmp_path) == {"a.txt": "old"}


@pytest.mark.parametrize("interruption", INTERRUPTIONS, ids=lambda error: type(error).__name__)
def test_interrupted_file_does_not_appear(tmp_path: Path, interruption: BaseException) -> None:
    """Where there was no file there is none after an early end."""
    with (  # noqa: PT012
        pytest.raises(type(interruption)),
        files.whole_file(tmp_path / "a.txt") as temporary,
    ):
        temporary.write_text("half")
        raise interruption
    assert tree(tmp_path) == {}


def test_interrupted_replacement_leaves_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the very moment of replacing leaves the old file and no temporary one."""

    def interrupt(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt), files.whole_file(path, force=True) as temporary:
        temporary.write_text("new")
    assert tree(tmp_path) == {"a.txt": "old"}


@pytest.mark.parametrize("whole", [files.whole_file, files.whole_folder])
def test_full_disk_is_an_output_error(tmp_path: Path, whole: Whole) -> None:
    """An error of the operating system becomes one that names the file and the reason, and leaves nothing."""
    path = tmp_path / "a.txt"
    with pytest.raises(OutputError) as caught, whole(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(path) in caught.value.message
    assert os.strerror(errno.ENOSPC) in caught.value.message
    assert names(tmp_path) == []


@pytest.mark.parametrize("whole", [files.whole_file, files.whole_folder])
def test_temporary_is_a_neighbour(tmp_path: Path, whole: Whole) -> None:
    """The temporary one stands in the same folder, so that taking the place is one step of the file system."""
    with whole(tmp_path / "a") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name != "a"


@pytest.mark.parametrize("whole", [files.whole_file, files.whole_folder])
def test_folders_above_are_made(tmp_path: Path, whole: Whole) -> None:
    """Missing folders above the path are made."""
    path = tmp_path / "some" / "where" / "a"
    with whole(path):
        pass
    assert path.exists()


@pytest.mark.parametrize("whole", [files.whole_file, files.whole_folder])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_existing_is_refused(tmp_path: Path, whole: Whole, kind: str) -> None:
    """Without force nothing that exists is touched, the block is not begun, and the hint says what would do it."""
    path = tmp_path / "a"
    if kind == "file":
        path.write_text("old")
    else:
        write_folder(path, "old")
    before, begun = tree(tmp_path), False
    with pytest.raises(OutputError, match="exists already") as caught, whole(path):
        begun = True
    assert caught.value.hint is not None
    assert "--force" in caught.value.hint
    assert str(path) in caught.value.message
    assert not begun
    assert tree(tmp_path) == before


@pytest.mark.parametrize("whole", [files.whole_file, files.whole_folder])
def test_path_below_a_file_is_refused(tmp_path: Path, whole: Whole) -> None:
    """Below a regular file nothing can be written, force or not; the message names that file."""
    (tmp_path / "file").write_text("old")
    for force in (False, True):
        with pytest.raises(OutputError, match="file is not a folder"), whole(tmp_path / "file" / "deep" / "a", force):
            pytest.fail("the block was begun")
    assert tree(tmp_path) == {"file": "old"}


def test_check_free(tmp_path: Path) -> None:
    """A free path passes, an existing one with force only, one below a file never; nothing is made."""
    (tmp_path / "old").write_text("old")
    files.check_free(tmp_path / "new", force=False)
    files.check_free(tmp_path / "some" / "where" / "new", force=False)
    files.check_free(tmp_path / "old", force=True)
    with pytest.raises(OutputError, match="exists already"):
        files.check_free(tmp_path / "old", force=False)
    with pytest.raises(OutputError, match="is not a folder"):
        files.check_free(tmp_path / "old" / "new", force=True)
    assert names(tmp_path) == ["old"]


def test_check_free_of_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is looked for in the current folder."""
    monkeypatch.chdir(tmp_path)
    files.check_free(Path("a"), force=False)
    (tmp_path / "a").write_text("old")
    with pytest.raises(OutputError, match="exists already"):
        files.check_free(Path("a"), force=False)


@needs_umask
@pytest.mark.parametrize(("mask", "file_bits", "folder_bits"), UMASKS, ids=lambda bits: f"{bits:o}")
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, mask: int, file_bits: int, folder_bits: int) -> None:
    """Files and folders get the permission bits of any new file, new or replaced; the umask stays."""
    os.umask(mask)
    for _ in range(2):
        with files.whole_file(tmp_path / "file", force=True):
            pass
        write_folder(tmp_path / "folder")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == file_bits
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == folder_bits
    assert os.umask(mask) == mask


def test_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    """A folder where the file should go is an error even with force, and stays as it was."""
    write_folder(tmp_path / "a", "old")
    with pytest.raises(OutputError, match="cannot be written"), files.whole_file(tmp_path / "a", force=True):
        pass
    assert tree(tmp_path) == {str(Path("a", "network.toml")): "old"}


def test_folder_appears_at_the_end(tmp_path: Path) -> None:
    """The folder is absent while the block runs and whole when it has ended."""
    with files.whole_folder(tmp_path / "folder") as temporary:
        assert list(temporary.iterdir()) == []
        (temporary / "network.toml").write_text("new")
        assert not (tmp_path / "folder").exists()
    assert names(tmp_path) == ["folder"]
    assert tree(tmp_path / "folder") == {"network.toml": "new"}


def test_folder_is_replaced_whole(tmp_path: Path) -> None:
    """With force the new folder takes the old one's place: nothing of the old is left in it or beside it."""
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "b").write_text("old")
    (folder / "network.toml").write_text("old")
    write_folder(folder)
    assert names(tmp_path) == ["folder"]
    assert names(folder) == ["network.toml"]
    assert tree(folder) == {"network.toml": "new"}


@pytest.mark.parametrize("interruption", INTERRUPTIONS, ids=lambda error: type(error).__name__)
def test_interrupted_folder_changes_nothing(tmp_path: Path, interruption: BaseException) -> None:
    """Whatever ends the block early leaves the old folder as it was and no temporary one."""
    write_folder(tmp_path / "folder", "old")
    with (  # noqa: PT012
        pytest.raises(type(interruption)),
        files.whole_folder(tmp_path / "folder", force=True) as temporary,
    ):
        (temporary / "network.toml").write_text("half")
        raise interruption
    assert names(tmp_path) == ["folder"]
    assert tree(tmp_path / "folder") == {"network.toml": "old"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), PermissionError(errno.EACCES, "in use")], ids=repr)
def test_failed_removal_of_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Where the old folder cannot be removed, the path holds the old or the new one, whole."""
    remove = shutil.rmtree
    failures = [error]

    def fail_once(path: Path, ignore_errors: bool = False) -> None:
        if failures:
            raise failures.pop()
        remove(path, ignore_errors=ignore_errors)

    write_folder(tmp_path / "folder", "old")
    monkeypatch.setattr(shutil, "rmtree", fail_once)
    with suppress(KeyboardInterrupt, OutputError):
        write_folder(tmp_path / "folder", "new")
    assert not failures
    assert tree(tmp_path / "folder") in ({"network.toml": "old"}, {"network.toml": "new"})


def test_failed_last_step_gives_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new folder cannot take the place, the old one stands there again, alone."""
    folder = tmp_path / "folder"
    write_folder(folder, "old")
    replace = Path.replace
    failures = [OSError(errno.EIO, "broken disk")]

    def fail_once(source: Path, target: Path) -> Path:
        if target == folder and failures:
            raise failures.pop()
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", fail_once)
    with pytest.raises(OutputError, match="broken disk"):
        write_folder(folder, "new")
    assert names(tmp_path) == ["folder"]
    assert tree(folder) == {"network.toml": "old"}


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    """A file where the folder should go is replaced or stays as it was; nothing is left beside it."""
    (tmp_path / "folder").write_text("old")
    try:
        write_folder(tmp_path / "folder")
    except OutputError:
        assert tree(tmp_path) == {"folder": "old"}
    assert names(tmp_path) == ["folder"]


def test_folder_of_other_things_is_not_replaced(tmp_path: Path) -> None:
    """Where something else than a template stands, or the current folder is named, nothing is lost, force or not."""
    (tmp_path / "thesis.txt").write_text("old")
    with pytest.raises(OutputError, match="a folder of other things") as caught, files.whole_folder(tmp_path, True):
        pytest.fail("the block was begun")
    assert caught.value.hint == "name a folder that is not there, or that of a template"
    assert tree(tmp_path) == {"thesis.txt": "old"}
    assert names(tmp_path) == ["thesis.txt"]


def test_empty_folder_is_replaced(tmp_path: Path) -> None:
    """With force an empty folder is as good as none."""
    (tmp_path / "new").mkdir()
    write_folder(tmp_path / "new")
    assert tree(tmp_path / "new") == {"network.toml": "new"}
