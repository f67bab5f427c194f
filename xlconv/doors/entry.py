"""What all doors have in common: a file is regular and of a bounded size, and a refusal is one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from xlconv.errors import XlconvError, quoted, shortened

_LONGEST: Final = 300
"""Characters of what a library says that are passed on."""


class Refusal(Exception):  # noqa: N818 - the name of what a door does; users see an XlconvError
    """Why a door does not let something in, before the file is named.

    Args:
        why: What is wrong.
        entry: What it is in the file, where it is one thing of several.
        hint: How to mend it.
    """

    def __init__(self, why: str, entry: str = "", hint: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.entry = entry
        self.hint = hint


def refused(kind: type[XlconvError], path: Path, entry: str, why: str, hint: str | None = None) -> XlconvError:
    """The error for a file that is not let in.

    Args:
        kind: The error's class.
        path: The file.
        entry: What is wrong in it, or empty where it is the file.
        why: What is wrong.
        hint: How to mend it.
    """
    return kind(f"{path}: {quoted(entry)} {why}" if entry else f"{path}: {why}", hint)


@contextmanager
def guarded(kind: type[XlconvError], path: Path, fault: str) -> Iterator[None]:
    """Turn whatever is raised inside into one line that names the file; a library's warnings are not shown.

    Args:
        kind: The class of that error.
        path: The file.
        fault: What to say of the file before what a library says, such as `not valid TOML`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Refusal as refusal:
        raise refused(kind, path, refusal.entry, refusal.why, refusal.hint) from None
    except FileNotFoundError:
        raise refused(kind, path, "", "no such file") from None
    except MemoryError:
        raise refused(kind, path, "", f"{fault}: it takes more memory than there is") from None
    except Exception as error:  # noqa: BLE001 - a library may raise anything at what strangers send
        raise refused(kind, path, "", f"{fault}: {said(error)}") from None


@contextmanager
def opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """A regular file of at most so many bytes, to be read.

    Raises:
        Refusal: It is larger, or something else than a file.
    """
    if path.exists() and not path.is_file():  # a pipe or a device has no size and may never end
        raise Refusal("a folder or device, not a file")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size > most:
            raise Refusal(f"{size:,} bytes, more than {in_mib(most)}")
        file.seek(0)
        yield file


def read(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most so many.

    Raises:
        Refusal: It is larger, or something else than a file.
    """
    with opened(path, most) as file:
        return file.read(most)


def in_mib(size: int) -> str:
    """A limit as people write it: `64 MiB`, `128 KiB`."""
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def said(error: Exception) -> str:
    """What a library says, on one line and not too long; the kind of error where it says nothing."""
    text = " ".join(str(error.strerror if isinstance(error, OSError) and error.strerror else error).split())
    return shortened(text, _LONGEST) or type(error).__name__
