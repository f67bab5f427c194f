"""Changing one cell of a workbook in its XML, without any spreadsheet library. Shares nothing with the writer."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SHEET = "xl/worksheets/sheet1.xml"
_FORMULA = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)><f>([^<]*)</f><v>([^<]*)</v></c>')
_RANGE = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+):(\$?)([A-Z]{1,3})(\$?)(\d+)")


@dataclass(frozen=True)
class Change:
    """One changed cell: where, which kind of change, and the new XML of the worksheet."""

    kind: str
    address: str
    before: str
    after: str
    xml: str


def sheet_xml(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read(SHEET).decode()


def with_sheet(path: Path, xml: str, target: Path) -> Path:
    """A copy of a workbook with other XML for its first worksheet."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name in source.namelist():
            package.writestr(name, xml if name == SHEET else source.read(name))
    return target


def plant_cached(xml: str, value: str) -> str:
    """The worksheet with one value planted as every cached value."""
    return re.sub(r"</f><v>[^<]*</v>", f"</f><v>{value}</v>", xml)


def strip_cached(xml: str) -> str:
    """The worksheet without cached values."""
    return re.sub(r"</f><v>[^<]*</v>", "</f>", xml)


def random_change(xml: str, rng: random.Random) -> Change | None:
    """One random single-cell change, or None where the drawn kind does not fit the drawn cell."""
    cells = list(_FORMULA.finditer(xml))
    cell = rng.choice(_like_layers(cells, rng))
    address, attributes, formula, cached = cell.groups()
    kind = rng.choice(list(KINDS))
    made = KINDS[kind](formula, cached, rng)
    if made is None or made == (formula, cached):
        return None
    after, value = made
    body = f"<f>{after}</f><v>{cached}</v>" if after else f"<v>{value}</v>" if value else ""
    new = f'<c r="{address}"{attributes}>{body}</c>'
    return Change(kind, address, formula, after or value, xml[: cell.start()] + new + xml[cell.end() :])


def _like_layers(cells: list[re.Match[str]], rng: random.Random) -> list[re.Match[str]]:
    """The cells of one kind of formula, so that the ten logits are drawn as often as the thousand pixels."""
    groups: dict[str, list[re.Match[str]]] = {}
    for cell in cells:
        groups.setdefault(re.sub(r"\$?[A-Z]+\$?\d+", "", cell[3]), []).append(cell)
    return groups[rng.choice(sorted(groups))]


def _letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


Made = tuple[str, str] | None
"""New formula and new value; an empty formula is none."""


def shift_range(formula: str, cached: str, rng: random.Random) -> Made:
    """One range of the formula moved by one row or column."""
    found = list(_RANGE.finditer(formula))
    if not found:
        return None
    match = rng.choice(found)
    down, right = rng.choice([(1, 0), (-1, 0), (0, 1), (0, -1)])
    a, c1, b, r1, c, c2, d, r2 = match.groups()
    rows, columns = (int(r1) + down, int(r2) + down), (_number(c1) + right, _number(c2) + right)
    if min(*rows, *columns) < 1:
        return None
    moved = f"{a}{_letters(columns[0])}{b}{rows[0]}:{c}{_letters(columns[1])}{d}{rows[1]}"
    return formula[: match.start()] + moved + formula[match.end() :], cached


def swap_kernels(formula: str, cached: str, rng: random.Random) -> Made:
    """The weights of two products exchanged; without two products, two absolute ranges."""
    found = [m for m in _RANGE.finditer(formula) if m[1]]
    if formula.count("SUMPRODUCT(") > 1:
        found = [m for m in found if formula[m.start() - 1] == ","]
    if len(found) < 2:
        return None
    one, two = sorted(rng.sample(found, 2), key=lambda m: m.start())
    swapped = formula[: one.start()] + two[0] + formula[one.end() : two.start()] + one[0] + formula[two.end() :]
    return swapped, cached


def paste_value(formula: str, cached: str, rng: random.Random) -> Made:
    """The value pasted over the formula, right as it is."""
    return "", cached


def drop_max(formula: str, cached: str, rng: random.Random) -> Made:
    """The ReLU removed."""
    return (formula[len("MAX(0,") : -1], cached) if formula.startswith("MAX(0,") else None


def drop_term(formula: str, cached: str, rng: random.Random) -> Made:
    """One SUMPRODUCT of two removed."""
    found = re.findall(r"SUMPRODUCT\([^()]*\)", formula)
    if len(found) < 2:
        return None
    return formula.replace("+" + found[1], ""), cached


def add_constant(formula: str, cached: str, rng: random.Random) -> Made:
    """A small number added."""
    return f"{formula}+0.0001", cached


def blank(formula: str, cached: str, rng: random.Random) -> Made:
    """The cell emptied."""
    return "", ""


KINDS: dict[str, Callable[[str, str, random.Random], Made]] = {
    each.__name__: each for each in (shift_range, swap_kernels, paste_value, drop_max, drop_term, add_constant, blank)
}
