"""How long and how deep formulas may be, and how many there may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xlconv.reader.limits import MAX_FORMULA, MAX_FORMULA_TEXT, MAX_FORMULAS, MAX_NESTING

_QUOTED_OR_PARENTHESIS: Final = re.compile(r""""[^"]*+"|'[^']*+'|[()]""")


@dataclass
class Budget:
    """What the formulas of a workbook may still be."""

    count: int = MAX_FORMULAS
    characters: int = MAX_FORMULA_TEXT

    def spend(self, formula: str) -> str:
        """Count a formula; what is wrong with it or with their number, empty if nothing."""
        self.count -= 1
        self.characters -= _spelled(formula)
        if self.count < 0:
            return f"beyond the {MAX_FORMULAS:,} that a workbook may have"
        if len(formula) > MAX_FORMULA:
            return f"of {len(formula):,} characters, more than {MAX_FORMULA:,}"
        if self.characters < 0:
            return f"beyond the {MAX_FORMULA_TEXT:,} characters that all formulas may have"
        if formula.count("(") > MAX_NESTING and _nesting(formula) > MAX_NESTING:
            return f"of more than {MAX_NESTING} nested parentheses"
        return ""


def _spelled(formula: str) -> int:
    """How many bytes a formula takes in XML, in which a few characters are spelled as several."""
    size = len(formula) if formula.isascii() else len(formula.encode())
    return size + 4 * formula.count("&") + 3 * formula.count("<") + 3 * formula.count(">")


def _nesting(formula: str) -> int:
    """How deep parentheses stand in each other, those in texts and in quoted names left out."""
    depth = deepest = 0
    for piece in _QUOTED_OR_PARENTHESIS.findall(formula):
        depth += (piece == "(") - (piece == ")")
        deepest = max(deepest, depth)
    return deepest
