"""References to other workbooks in formulas that engines are given: there is no other workbook, so they are errors.

They are replaced as engines disagree: one gives up the whole workbook, another may look for the other file.
"""

from __future__ import annotations

import re
from typing import Final

_TEXT: Final = '"[^"]*+"'
_QUOTED: Final = r"'[^'\[]*+\[(?:[^']|'')*+'"
_PLAIN: Final = r"""(?<![\w.\]])\[[^\[\]]++\][^\s!'"()+*/^&=<>,;{}\[\]-]*+"""
_CELL: Final = r"\$?[A-Za-z]{1,3}\$?[0-9]+"
_TARGET: Final = rf"{_CELL}(?::{_CELL})?|\$?[A-Za-z]+:\$?[A-Za-z]+|\$?[0-9]+:\$?[0-9]+|[\w.\\?]++|\#REF!"
_REFERENCE: Final = re.compile(rf"{_TEXT}|(?P<foreign>(?:{_QUOTED}|{_PLAIN})!(?:{_TARGET}))|'(?:[^']|'')*+'")
_NOTHING: Final = "#REF!"
_THIS: Final = "[0]"
"""The workbook itself, which is number 0 where others are 1, 2, ..."""


def without_foreign(formula: str) -> str:
    """A formula in which references to other workbooks are errors; all of it is one if it calls their functions."""
    if "[" not in formula:
        return formula
    for match in _REFERENCE.finditer(formula):
        if match["foreign"] and formula.startswith("(", match.end()) and not match[0].startswith(_THIS):
            return _NOTHING
    return _REFERENCE.sub(_replaced, formula)


def _replaced(match: re.Match[str]) -> str:
    reference = match["foreign"]
    if reference is None:
        return match[0]
    return reference.removeprefix(_THIS).removeprefix("!") if reference.startswith(_THIS) else _NOTHING
