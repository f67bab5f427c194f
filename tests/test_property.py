"""The whole chain for random networks: file, engines, reference and PyTorch agree."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import needs_libreoffice
from tests.strategies import inputs, networks
from xlconv import reader, reference, workbook
from xlconv.check import verify
from xlconv.engines import by_name
from xlconv.network import FloatArray, Network
from xlconv.recover.declared import Declared, declared_by


def computed(path: Path, engine: str) -> tuple[Declared, dict[str, FloatArray]]:
    """What a workbook states, and what an engine computes for every layer with cells, by layer."""
    book = reader.read(path)
    net = declared_by(book)
    blocks = [block for stage in net.stages for block in stage.outputs]
    (values,) = by_name(engine).evaluate(book.package, [[]], [block.range for block in blocks])
    arrays: dict[str, FloatArray] = {}
    for stage in net.stages:
        rows = [np.array(value, float) for block, value in zip(blocks, values, strict=True) if block in stage.outputs]
        arrays[stage.result] = np.stack(rows).reshape(net.network.shapes[stage.result])
    return net, arrays


def torch_outputs(network: Network, x: FloatArray) -> dict[str, FloatArray]:
    import torch

    from xlconv.pytorch import TorchNetwork

    with torch.no_grad():
        outputs = TorchNetwork(network).double().loaded(network.weights).outputs(torch.from_numpy(x)[None])
    return {name: value[0].numpy() for name, value in outputs.items()}


def assert_agrees(path: Path, network: Network, x: FloatArray, engine: str) -> None:
    """The file states the network bit for bit; engine, reference and PyTorch (where installed) agree to 1e-9."""
    net, arrays = computed(path, engine)
    assert net.network == network
    assert (net.x == x).all()
    expected = reference.forward(network, x)
    theirs = torch_outputs(network, x) if find_spec("torch") else expected
    for name, array in arrays.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-9, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(array, theirs[name], rtol=1e-9, atol=1e-9, err_msg=name)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 1000))
def test_workbook_equals_reference_equals_pytorch(network: Network, seed: int) -> None:
    """For any network and input the embedded engine, NumPy and PyTorch compute the same from the written file."""
    x = inputs(network, seed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        workbook.write(network, x, path)
        assert_agrees(path, network, x, "formualizer")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 1000))
def test_verify_finds_nothing_in_what_was_written(network: Network, seed: int) -> None:
    """A workbook of any network verifies without a finding, cached values included."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        workbook.write(network, inputs(network, seed), path)
        report = verify(path, random=3)
    assert report.findings == []
    assert all(layer.compared == layer.cells * len(report.inputs) for layer in report.engines[0].layers)


@needs_libreoffice
@pytest.mark.libreoffice
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 1000))
def test_libreoffice_agrees_too(network: Network, seed: int) -> None:
    """The same in LibreOffice, for a few networks."""
    x = inputs(network, seed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        workbook.write(network, x, path)
        assert_agrees(path, network, x, "libreoffice")
