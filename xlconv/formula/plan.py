"""In which order formulas are computed, and which of them together: worked out once for all inputs and choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlconv import places
from xlconv.formula.forms import Forms, in_order
from xlconv.formula.patterns import Pattern
from xlconv.places import Places


class Alike(NamedTuple):
    """Cells with formulas of one pattern.

    Args:
        pattern: The formula.
        cells: (N,) the cells.
        firsts: (N, ranges) for each the first place of each range that it reads.
        numbers: (N or 1, numbers) for each, or for all, the numbers in it.
    """

    pattern: Pattern
    cells: Places
    firsts: Places
    numbers: NDArray[np.float64]

    def part(self, some: slice) -> Alike:
        """Some of the cells."""
        numbers = self.numbers if len(self.numbers) == 1 else self.numbers[some]
        return Alike(self.pattern, self.cells[some], self.firsts[some], numbers)


class Generation(NamedTuple):
    """Formulas that are computed together.

    Args:
        groups: Of each group which of its formulas.
        is_circle: Whether they may read each other.
        alike: The same, but for array formulas that fill several cells; nothing if they may read each other.
        spread: Groups of such array formulas.
    """

    groups: dict[int, NDArray[np.int64]]
    is_circle: bool
    alike: list[Alike]
    spread: list[int]


def generation(forms: Forms, groups: dict[int, NDArray[np.int64]], is_circle: bool = False) -> Generation:
    """Some formulas of some groups."""
    spread = [group for group, at in groups.items() if at.size and forms.spread_of(group) is not None]
    others = {group: at for group, at in groups.items() if at.size and group not in spread}
    return Generation(groups, is_circle, [] if is_circle else _all_alike(forms, others), spread)


def _all_alike(forms: Forms, groups: dict[int, NDArray[np.int64]]) -> list[Alike]:
    """The same formulas come again and again, for other choices and for other cells that are known."""
    if any(at.size < len(forms.cells[group]) for group, at in groups.items()):
        return list(_alike(forms, groups))
    key = tuple(groups)
    if key not in forms.alike:
        forms.alike[key] = list(_alike(forms, groups))
    found: list[Alike] = forms.alike[key]
    return found


def _alike(forms: Forms, groups: dict[int, NDArray[np.int64]]) -> Iterator[Alike]:
    found: dict[Pattern, list[int]] = {}
    for group in groups:
        if (pattern := forms.pattern(group)) is not None:
            found.setdefault(pattern, []).append(group)
    for pattern, mine in found.items():
        cells = np.concatenate([forms.places[group][groups[group]] for group in mine])
        firsts = np.concatenate([forms.at(group, groups[group]) for group in mine])
        numbers = np.array([forms.numbers(group) for group in mine], float).reshape(len(mine), -1)
        counts = [groups[group].size for group in mine]
        is_one = bool((numbers == numbers[:1]).all())
        yield Alike(pattern, cells, firsts, numbers[:1] if is_one else np.repeat(numbers, counts, axis=0))


def plan(forms: Forms, asked: Places, known: Places) -> list[Generation]:
    """How some cells are computed, and whatever they are computed from.

    Args:
        forms: The formulas.
        asked: The cells.
        known: Cells, sorted, that keep what they hold.
    """
    key = asked.tobytes(), known.tobytes()
    if key not in forms.plans:
        forms.plans[key] = list(_planned(forms, asked, known))
    found: list[Generation] = forms.plans[key]
    return found


def _planned(forms: Forms, asked: Places, known: Places) -> Iterator[Generation]:
    wanted = np.unique(forms.group_of(np.setdiff1d(asked, known)))
    reads = forms.behind(wanted[wanted >= 0].tolist(), forms.all_among(known))
    touched = set(np.unique(forms.group_of(known)).tolist())
    for groups in in_order(reads):
        waiting = {group: _beside(forms.places[group], known, group in touched) for group in groups}
        yield generation(forms, waiting, any(reads[group] & waiting.keys() for group in groups))


def _beside(cells: Places, known: Places, some_known: bool) -> NDArray[np.int64]:
    """Which cells are not among some sorted ones."""
    return np.flatnonzero(places.find(cells, known) < 0) if some_known else np.arange(cells.size)
