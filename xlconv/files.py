"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xlconv.errors import OutputError
from xlconv.processes.held import held_path, put_aside

_PREFIX = ".xlconv-"
_MARK = "network.toml"
"""What every template's folder has."""
_NAME_BYTES = 6
"""Of temporary names, which must not be longer than file systems allow."""


@contextmanager
def whole_file(path: Path, force: bool = False) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed when it does not.

    Args:
        path: The file to write. Missing folders above it are made.
        force: Whether an existing file may be replaced.

    Raises:
        OutputError: The file exists, or cannot be written.
    """
    check_free(path, force)
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path)
        with held_path(temporary):
            try:
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                yield temporary
                temporary.replace(path) if force else _put(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, force: bool = False) -> Iterator[Path]:
    """The same for a template's folder: an empty one that takes the place of `path` when the block ends well.

    A folder that is no template's, nor empty, is never replaced.
    """
    check_free_folder(path, force)
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path)
        with held_path(temporary):
            try:
                temporary.mkdir()
                yield temporary
                _swap(temporary, path) if force else _put_folder(temporary, path)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)


def _beside(path: Path) -> Path:
    """A name in the same folder, so that to take the place is one step of the file system."""
    return path.with_name(f"{_PREFIX}{os.urandom(_NAME_BYTES).hex()}")


def _put(new: Path, path: Path) -> None:
    """Put a file where there is none, even if somebody else does so at this moment."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise _exists(path) from None
    except (OSError, NotImplementedError, AttributeError):  # a file system without hard links
        _put_folder(new, path)


def _put_folder(new: Path, path: Path) -> None:
    """The same for a folder, as far as the system tells: an empty folder is replaced."""
    if path.exists():
        raise _exists(path)
    try:
        new.rename(path)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise _exists(path) from None
        raise


def _swap(new: Path, path: Path) -> None:
    """Put a folder in the place of another, which is removed only when the new one is there."""
    if not path.exists():
        new.replace(path)
        return
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "there is a file of that name")
    old = new.with_name(f"{new.name}-old")
    with put_aside(path, old):
        path.replace(old)
        try:
            new.replace(path)
        except BaseException:
            old.replace(path)
            raise
        shutil.rmtree(old)


def _exists(path: Path) -> OutputError:
    return OutputError(f"{path} exists already", hint="--force replaces it")


def check_free(path: Path, force: bool) -> None:
    """Refuse, before any work is done, what could not be written in the end.

    Raises:
        OutputError: There is something at `path` already, or a folder above it is none.
    """
    if path.exists() and not force:
        raise _exists(path)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise OutputError(f"{path}: {above} is not a folder")


def check_free_folder(path: Path, force: bool) -> None:
    """The same for a template's folder: what else a folder may hold is not to be lost.

    Raises:
        OutputError: There is something at `path` already, or a folder above it is none.
    """
    check_free(path, force)
    if path.is_dir() and not (path / _MARK).is_file() and any(path.iterdir()):
        raise OutputError(
            f"{path} is a folder of other things, which --force does not replace",
            hint="name a folder that is not there, or that of a template",
        )


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
