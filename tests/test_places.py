"""Cells as whole numbers: there and back, rectangles, and grids with gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xlconv import places
from xlconv.cells import MAX_COLUMNS, MAX_ROWS, Range
from xlconv.places import NOWHERE, Atlas

ATLAS = Atlas(["Net", "other one", "third"])


@example("third", MAX_ROWS, MAX_COLUMNS)
@example("Net", MAX_ROWS, 1)
@given(st.sampled_from(ATLAS.sheets), st.integers(1, MAX_ROWS), st.integers(1, MAX_COLUMNS))
def test_there_and_back(sheet: str, row: int, column: int) -> None:
    """Each cell of each worksheet, up to the last one that Excel has, is one number, and the number is that cell."""
    place = ATLAS.place(sheet, row, column)
    assert ATLAS.cell(place) == Range(sheet, row, column)
    assert (places.rows(np.array([place])) - places.rows(np.array([ATLAS.place(sheet, 1, 1)]))).tolist() == [row - 1]
    assert places.columns(np.array([place])).tolist() == [column]
    assert ATLAS.of(sheet, [(row, column)]).tolist() == [place]


def test_no_two_cells_are_one() -> None:
    """The last cell of a worksheet is another than the first of the next."""
    ends = [(1, 1), (1, MAX_COLUMNS), (MAX_ROWS, 1), (MAX_ROWS, MAX_COLUMNS)]
    found = {ATLAS.place(sheet, *end) for sheet in ATLAS.sheets for end in ends}
    assert len(found) == 12
    assert NOWHERE not in found


def test_cells_within_a_range() -> None:
    """A cell is within a range of its own worksheet only, up to the range's edges, even if that is the worksheet."""
    cells = np.array([ATLAS.place(*each) for each in [("Net", 3, 2), ("Net", 4, 4), ("Net", 5, 2), ("third", 3, 2)]])
    assert ATLAS.within(cells, Range("Net", 3, 2, 2, 3)).tolist() == [True, True, False, False]
    assert ATLAS.within(cells, Range("Net", 3, 3, 2, 2)).tolist() == [False, True, False, False]
    assert ATLAS.within(cells, Range("Net", 1, 1, MAX_ROWS, MAX_COLUMNS)).tolist() == [True, True, True, False]


def test_ranges_in_their_shape() -> None:
    """The places of a range stand as its cells do, or the other way round."""
    where = Range("other one", 3, 2, 2, 3)
    grid = ATLAS.places(where)
    assert [[ATLAS.cell(place).address for place in row] for row in grid] == [["B3", "C3", "D3"], ["B4", "C4", "D4"]]
    np.testing.assert_array_equal(ATLAS.places(where, turned=True), grid.T)


@pytest.mark.parametrize(
    ("ranges", "tiles"),
    [
        ([Range("Net", 2, 2, 3, 4)], [("B2:E4", 1, 1)]),
        ([Range("Net", 2, 2), Range("Net", 2, 4), Range("Net", 5, 2), Range("Net", 5, 4)], [("B2:D5", 3, 2)]),
        ([Range("Net", 2, 2), Range("Net", 4, 2)], [("B2:B4", 2, 1)]),
        ([Range("Net", 1, 1, 2, 2), Range("Net", 1, 5, 2, 2)], [("A1:B2", 1, 1), ("E1:F2", 1, 1)]),
        ([], []),
    ],
)
def test_tiles(ranges: list[Range], tiles: list[tuple[str, int, int]]) -> None:
    """Cells at regular distances are one rectangle; others are few."""
    cells = np.concatenate([*(ATLAS.places(where).ravel() for where in ranges), np.empty(0, np.int64)])
    assert [(tile.range.address, tile.down, tile.right) for tile in ATLAS.tiles(cells)] == tiles


@given(st.sets(st.tuples(st.sampled_from(ATLAS.sheets), st.integers(1, 6), st.integers(1, 6)), max_size=40))
def test_tiles_cover_all_once(cells: set[tuple[str, int, int]]) -> None:
    """Whatever the cells: each is in exactly one tile, and no tile has a cell that was not there."""
    wanted = np.array([ATLAS.place(*cell) for cell in cells] + [NOWHERE], dtype=np.int64)
    covered: list[int] = []
    for tile in ATLAS.tiles(wanted):
        grid = ATLAS.places(tile.range)[:: tile.down, :: tile.right]
        assert grid.size == tile.size
        covered += grid.ravel().tolist()
    assert sorted(covered) == sorted(ATLAS.place(*cell) for cell in cells)


def test_find() -> None:
    """The index among sorted places, -1 for one that is not there, also among none."""
    among = np.array([3, 5, 9])
    assert places.find(np.array([5, 4, 9, 10, 3, -1]), among).tolist() == [1, -1, 2, -1, 0, -1]
    assert places.find(np.array([5]), among[:0]).tolist() == [-1]
    assert places.sorted_places([5, 3, 9]).tolist() == [3, 5, 9]
