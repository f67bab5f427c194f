"""The rows that state a network."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.strategies import networks
from xlconv import declaration
from xlconv.errors import NetworkError
from xlconv.network import Network


@given(networks())
def test_rows_are_read_back(network: Network) -> None:
    """Any network's rows state the same input shape and the same nodes."""
    assert declaration.parse(declaration.rows(network)) == (network.input_shape, list(network.nodes))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("a", "Conv3d", "input", "", "no", ""), "unknown type 'Conv3d'"),
        (("a", "Linear", "input", "in_features=2", "no", ""), "do not fit Linear"),
        (("a", "Linear", "input", "in_features=two, out_features=1, bias=no", "no", ""), "'two' is not a shape"),
        (("a", "ReLU", "input", "x=1", "no", ""), "do not fit ReLU"),
    ],
)
def test_other_rows_are_refused(row: tuple[str, ...], words: str) -> None:
    """What states no layer is an error that names the layer."""
    with pytest.raises(NetworkError, match=words):
        declaration.parse([declaration.HEADER, ("input", "Input", "", "", "", "2"), row])


def test_other_tables_are_refused() -> None:
    """A table without the header is none of ours."""
    with pytest.raises(NetworkError, match="table of layers"):
        declaration.parse([("a",) * 6] * 3)
