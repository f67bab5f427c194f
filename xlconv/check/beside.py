"""Formulas that read a network and belong to none: which of them leave the network unchecked, and which are one's own.

A formula that somebody tried out beside a network, and that nothing of the network reads, says nothing about it. One
that stands between its layers, or a chain that goes on behind them as layers do, was to be checked and was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from xlconv import places
from xlconv.check.needed import Needs
from xlconv.check.readers import Readers
from xlconv.formula.tree import Node, parse
from xlconv.places import Places
from xlconv.recover import Recovered
from xlconv.report import Finding

_NONE: Final = np.empty(0, np.int64)
_TENSOR: Final = 4
"""Copies of a formula side by side, or one below the other, that look like a tensor."""
_TEXTS: Final = ("TEXT", "CONCATENATE", "CONCAT", "TEXTJOIN", "LEFT", "RIGHT", "MID", "UPPER", "LOWER", "REPT")
_COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=", "&")
_CHOICES: Final = {"IF": 1, "IFS": 1, "IFERROR": 0, "CHOOSE": 1}
"""Functions that show one of their arguments, and the first that they may show."""
_LISTED: Final = 5
_NAMED: Final = 100
_OWN: Final = 4
"""Formulas that somebody may have tried out beside a network; more of them may be a part of it, such as gradients."""


class Beside(NamedTuple):
    """Cells with formulas that belong to no network, sorted; own and unchecked ones read one, or what does.

    Args:
        own: Somebody's own, beside the network.
        unchecked: Between its layers, or behind them.
        apart: All but these, whatever they read, beside networks of which the workbook says which they are.
        is_chain: Whether some of these do what layers do.
    """

    own: Places = _NONE
    unchecked: Places = _NONE
    apart: Places = _NONE
    is_chain: bool = False


def beside(recovered: Recovered, needs: Needs) -> Beside:
    """What stands beside the networks of a workbook."""
    if not recovered.not_recognised or not recovered.networks:
        return Beside()
    atlas, reading = recovered.reading.atlas, recovered.reading
    rest = np.unique(np.concatenate([atlas.of(group.sheet, group.cells) for group in recovered.not_recognised]))
    is_said = any(found.declared for found in recovered.networks)
    known = np.unique(np.concatenate([found.formulas for found in recovered.networks]))
    readers = Readers(reading.precedents)
    reads = readers.of(known, rest)
    if not reads.size:
        return Beside(apart=rest if is_said else _NONE)
    between = np.intersect1d(reads, _needed(known, needs, reading.precedents))
    chain = _chain(recovered, reads, readers)
    unchecked = np.union1d(between, chain)
    if not is_said and _goes_on(recovered, reads, readers):
        unchecked = reads
    apart = np.setdiff1d(rest, unchecked) if is_said else _NONE
    return Beside(np.setdiff1d(reads, unchecked), unchecked, apart, bool(chain.size))


def finding(recovered: Recovered, cells: Places) -> list[Finding]:
    """That some cells were not checked, though they read a network."""
    if not cells.size:
        return []
    atlas = recovered.reading.atlas
    named = tuple(where.place for where in atlas.ranges(cells)[:_NAMED])
    first = atlas.cell(int(cells[0]))
    formula = recovered.book.cell(*first[:3]).formula or ""
    message = "reads a layer's cells, but belongs to no layer that was recognised"
    return [Finding("not-recognised", first.place, "", message, formula=formula, count=int(cells.size), cells=named)]


def note(recovered: Recovered, cells: Places) -> list[str]:
    """That there are formulas of one's own."""
    if not cells.size:
        return []
    ranges = recovered.reading.atlas.ranges(cells)
    named = ", ".join(where.place for where in ranges[:_LISTED]) + (", ..." if len(ranges) > _LISTED else "")
    one = cells.size == 1
    said = "formula of your own reads the network and was" if one else "formulas of your own read the network and were"
    return [f"{cells.size:,} {said} not checked: {named}"]


def _needed(known: Places, needs: Needs, precedents: tuple[Places, Places]) -> Places:
    """What a network's formulas read, directly or through others; as far as it is known."""
    cell, source = precedents
    found = needs.of(known)
    return Readers((source, cell)).of(known, np.unique(source)) if found is None else found


def _chain(recovered: Recovered, reads: Places, readers: Readers) -> Places:
    """Those of some cells that do what layers do where several do: one behind the other, or as copies of each other."""
    operations = np.intersect1d(recovered.stray, reads)
    later = np.intersect1d(operations, readers.of(operations, reads))
    return np.union1d(later, _like_tensors(recovered, operations))


def _goes_on(recovered: Recovered, reads: Places, readers: Readers) -> bool:
    """Whether some cells, where nobody says which network it is, may be more of it: not if they only look at it."""
    operations = np.intersect1d(recovered.stray, reads)
    looks = [cells for cells in _copies(recovered, reads) if _is_look(recovered, cells, reads, readers, operations)]
    if not any(found.weights for found in recovered.networks):
        return True  # of shares alone nobody can say where they lead to
    others = np.setdiff1d(reads, np.concatenate([_NONE, *looks]))
    return operations.size > 1 or others.size > _OWN or bool(_like_tensors(recovered, others).size)


def _copies(recovered: Recovered, reads: Places) -> Iterator[Places]:
    """Those of some cells that are copies of each other."""
    atlas = recovered.reading.atlas
    every = (np.intersect1d(atlas.of(group.sheet, group.cells), reads) for group in recovered.not_recognised)
    yield from (cells for cells in every if cells.size)


def _is_look(recovered: Recovered, cells: Places, reads: Places, readers: Readers, operations: Places) -> bool:
    """Whether copies of a formula show a text, or compare what a network says with what is wanted, for one number."""
    forms = recovered.reading.forms
    ((group, mine),) = forms.by_group(cells).items()
    tree = parse(forms.groups[group].formula)
    if tree is not None and _is_text(tree):
        return True
    known = np.unique(np.concatenate([found.computed for found in recovered.networks]))
    own = [bool((places.find(read, known) >= 0).all()) for read in forms.read(group, mine)]
    later = readers.of(cells, reads)
    is_single = [forms.places[each].size == 1 for each in forms.by_group(later)]
    return any(own) and not all(own) and any(is_single) and all(is_single) and not np.isin(later, operations).any()


def _is_text(node: Node) -> bool:
    """Whether a formula shows a text or a truth value."""
    if node.kind == "function" and node.text in _CHOICES:
        return any(_is_text(each) for each in node.children[_CHOICES[node.text] :])
    is_text = node.kind in ("text", "boolean") or (node.kind == "function" and node.text in _TEXTS)
    return is_text or (node.kind == "operator" and len(node.children) > 1 and node.text in _COMPARISONS)


def _like_tensors(recovered: Recovered, cells: Places) -> Places:
    """Those of some cells that stand beside, or below, enough others with the same formula."""
    atlas = recovered.reading.atlas
    found = [_NONE]
    for group in recovered.not_recognised:
        mine = np.intersect1d(atlas.of(group.sheet, group.cells), cells)
        found += _runs(mine, 1)
        found += _runs(mine, int(places.shift(np.array(1), np.array(0))))
    return np.unique(np.concatenate(found))


def _runs(cells: Places, step: int) -> list[Places]:
    """Runs of enough of some sorted cells at a distance from one to the next."""
    in_line = np.lexsort((cells // step, cells % step)) if step > 1 else np.arange(cells.size)
    ordered = cells[in_line]
    runs = np.split(ordered, np.flatnonzero(np.diff(ordered) != step) + 1)
    return [run for run in runs if run.size >= _TENSOR]
