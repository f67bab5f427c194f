"""The door for TOML: a short text with short keys and numbers of 64 bits."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from xlconv.doors.entry import Refusal, guarded, read
from xlconv.errors import TemplateError

MAX_FILE: Final = 128 << 10
MAX_PARTS: Final = 8
"""Of a dotted key: `tomllib` keeps every beginning of every key, so memory grows with the square of them."""
MAX_DIGITS: Final = 400
"""As many as the largest float has, and some; Python takes no whole number of ten times as many."""

_TOKEN: Final = re.compile(
    r"""
    (?P<string> \"\"\"(?:[^"\\]++|\\.|"(?!""))*+\"{3,5}+    # what tomllib takes at a quote, several lines first
              | '''(?:[^']++|'(?!''))*+'{3,5}+
              | "(?:[^"\\\n]++|\\[^\n])*+"
              | '[^'\n]*+' )
    | (?P<comment> \#[^\n]*+ )
    | (?P<open> ["'] )
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG_KEY: Final = re.compile(rf"(?:\.[ \t]*+[A-Za-z0-9_-]++[ \t]*+){{{MAX_PARTS}}}")
_LONG_NUMBER: Final = re.compile(rf"(?<![A-Za-z0-9_-])[0-9][0-9_]{{{MAX_DIGITS}}}")


def load(path: Path) -> dict[str, Any]:
    """The contents of a TOML file.

    Args:
        path: The file, UTF-8 without a byte order mark.

    Raises:
        TemplateError: It is no TOML, or larger, deeper or with longer keys or numbers than settings need.
    """
    with guarded(TemplateError, path, "not valid TOML"):
        text = read(path, MAX_FILE).decode("utf-8")
        if text.startswith("\ufeff"):
            raise Refusal("not valid TOML: it begins with a byte order mark")
        text = text.replace("\r\n", "\n")
        bare = _bare(text)
        if found := _LONG_KEY.search(bare):
            raise Refusal(f"a key of more than {MAX_PARTS} parts{_line(found)}, which settings do not need")
        if found := _LONG_NUMBER.search(bare):
            raise Refusal(f"not valid TOML: a number of more than {MAX_DIGITS} digits{_line(found)}")
        contents = tomllib.loads(text)
        _check_numbers(contents)
    return contents


def _bare(text: str) -> str:
    """The text with a letter for each string, and without comments and what follows a quote that is never closed."""
    pieces, at = [], 0
    for token in _TOKEN.finditer(text):
        pieces.append(text[at : token.start()])
        at = token.end()
        if token["open"]:  # here tomllib ends, too
            return "".join(pieces)
        if token["string"]:
            pieces.append("s" + "\n" * token["string"].count("\n"))
    return "".join([*pieces, text[at:]])


def _line(found: re.Match[str]) -> str:
    return f" (line {found.string.count(chr(10), 0, found.start()) + 1})"


def _check_numbers(contents: dict[str, Any]) -> None:
    """Whole numbers have 64 bits in TOML; Python would take longer ones, and cannot print them all."""
    for key, value in contents.items():
        for number in _whole_numbers(value):
            if not -(2**63) <= number < 2**63:
                raise Refusal("holds a whole number of more than 64 bits", key)


def _whole_numbers(value: object) -> Iterator[int]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, int):
            yield value
        elif isinstance(value, (list, dict)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
