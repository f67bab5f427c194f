"""Addresses, ranges and names, as Excel spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlconv.cells import Blocks, Range, block_name, column_letters, column_number, defined_name, quote_sheet


@pytest.mark.parametrize(
    ("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_columns(number: int, letters: str) -> None:
    """Column letters count A to Z, AA to ZZ, AAA to XFD."""
    assert column_letters(number) == letters
    assert column_number(letters) == number


def test_addresses() -> None:
    """A range reads as Excel writes it."""
    where = Range("My net", 2, 30, 3, 2)
    assert where.address == "AD2:AE4"
    assert where.absolute == "$AD$2:$AE$4"
    assert where.reference == "'My net'!$AD$2:$AE$4"
    assert where.part(1, 1).address == "AE3"
    assert list(Range("s", 1, 1, 2, 2).cells()) == [(1, 1), (1, 2), (2, 1), (2, 2)]


@given(st.text(min_size=1), st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 50), st.integers(1, 50))
def test_references_are_read_back(sheet: str, row: int, column: int, height: int, width: int) -> None:
    """What a range is written as is read as the same range, whatever the worksheet is called."""
    where = Range(sheet, row, column, height, width)
    assert Range.parse(where.reference) == where


@pytest.mark.parametrize(
    "text", ["", "A1", "s!A0", "s!XFE1", "s!B2:A1", "s!A1048577", "#REF!", "s!A1,s!B1", "OFFSET(s!A1,1,1)"]
)
def test_other_text_is_no_range(text: str) -> None:
    """Anything but one rectangle on one worksheet is none."""
    assert Range.parse(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("conv1_0", "conv1_0"),
        ("fc1", "_fc1"),
        ("bn1", "_bn1"),
        ("R", "_R"),
        ("c", "_c"),
        ("R1C1", "_R1C1"),
        ("TRUE", "_TRUE"),
        ("xfd1", "_xfd1"),
        ("c1_weight_0_0", "_c1_weight_0_0"),
        ("xfd1_0", "xfd1_0"),
        ("features.0", "features_0"),
        ("dense", "dense"),
        ("conv_x", "conv_x"),
    ],
)
def test_defined_names_are_legal(text: str, name: str) -> None:
    """A name that Excel may read as an address or a constant, or that begins like one, gets an underscore in front."""
    assert defined_name(text) == name


def test_block_names() -> None:
    """Role and indices follow the layer's name."""
    assert block_name("conv1", "weight", (1, 0)) == "conv1_weight_1_0"
    assert block_name("conv1", "", (0,)) == "conv1_0"
    assert block_name("dense") == "dense"
    assert block_name("fc1") == "_fc1"
    assert block_name("c1", "", (0,)) == "_c1_0"
    assert block_name("softmax", "exp") == "softmax_exp"


@pytest.mark.parametrize(
    ("name", "text"),
    [("Net", "Net"), ("conv-example", "'conv-example'"), ("it's", "'it''s'"), ("R1C1", "'R1C1'"), ("c3d", "'c3d'")],
)
def test_sheets_are_quoted(name: str, text: str) -> None:
    """Only plain words stand without apostrophes."""
    assert quote_sheet(name) == text


def test_a_flattened_image_stands_where_the_image_does() -> None:
    """Element n of the vector is the cell of the image in the order channel, row, column."""
    image = Blocks((Range("s", 1, 1, 2, 3), Range("s", 11, 1, 2, 3)))
    assert image.cell((1, 1, 2)).address == "C12"
    assert [image.cell((n,)).address for n in (0, 4, 6, 11)] == ["A1", "B2", "A11", "C12"]
