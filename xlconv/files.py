"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xlconv.errors import OutputError

_PREFIX = ".xlconv-"
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
        handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, force: bool = False) -> Iterator[Path]:
    """The same for a folder: an empty one that takes the place of `path` when the block ends well."""
    check_free(path, force)
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=path.parent))
        try:
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            _swap(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _swap(new: Path, path: Path) -> None:
    """Put a folder in the place of another, which is removed only when the new one is there."""
    if not path.exists():
        new.replace(path)
        return
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "there is a file of that name")
    old = new.with_name(f"{new.name}-old")
    path.replace(old)
    try:
        new.replace(path)
    except BaseException:
        old.replace(path)
        raise
    shutil.rmtree(old)


def check_free(path: Path, force: bool) -> None:
    """Refuse, before any work is done, what could not be written in the end.

    Raises:
        OutputError: There is something at `path` already, or a folder above it is none.
    """
    if path.exists() and not force:
        raise OutputError(f"{path} exists already", hint="--force replaces it")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise OutputError(f"{path}: {above} is not a folder")


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
