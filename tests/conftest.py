"""What several test files need: the template, a generated workbook, and reasons to skip."""

from __future__ import annotations

import os
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from xlconv import templates, workbook
from xlconv.engines.libreoffice import find_program
from xlconv.layers import Conv2d, Flatten, Linear, ReLU, Softmax
from xlconv.network import Network, Node
from xlconv.pages.choices import Chosen

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
"""The same networks every time, so that a commit is right or wrong whatever the day; other runs draw new ones."""
settings.load_profile("default")

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell that starts the tests in the background has them ignore Ctrl-C, and so every process that they start."""

SHARED = Path(__file__).parents[2] / "shared"
"""Workbooks and schemas that are not part of the project; tests that use them skip where they are absent."""

needs_libreoffice = pytest.mark.skipif(find_program() is None, reason="LibreOffice is not installed")
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
needs_gnumeric = pytest.mark.skipif(shutil.which("ssconvert") is None, reason="Gnumeric (ssconvert) is not installed")
needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="Node (npm) is not installed")


ROOT_MAY = "root may write into any folder"
"""The one reason to skip that stands even where nothing may be skipped."""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped (XLCONV_SKIP_NOTHING is set), a skip is a failure; XLCONV_MAY_SKIP names reasons."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    allowed = [ROOT_MAY, *filter(None, os.environ.get("XLCONV_MAY_SKIP", "").split(","))]
    forbidden = [report for report in skipped if not any(reason in str(report.longrepr) for reason in allowed)]
    if os.environ.get("XLCONV_SKIP_NOTHING") and forbidden:
        reporter.write_line("\nXLCONV_SKIP_NOTHING is set, but tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def template() -> templates.Template:
    return templates.load("conv-example")


@pytest.fixture(scope="session")
def seven(template: templates.Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated workbook of the digit 7; tests copy it before they change it."""
    path = tmp_path_factory.mktemp("seven") / "7.xlsx"
    workbook.write(template.network, Chosen(7), path, template.name, samples=template.samples, about=template.about)
    return path


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of a small network, for tests that check one many times."""
    path = tmp_path_factory.mktemp("small") / "small.xlsx"
    net = Network(
        (1, 5, 5),
        [
            Node("conv", Conv2d(1, 1, 3, bias=False)),
            Node("relu", ReLU(), inline=True),
            Node("flatten", Flatten()),
            Node("dense", Linear(9, 2)),
            Node("softmax", Softmax()),
        ],
        {
            "conv.weight": np.arange(9.0).reshape(1, 1, 3, 3) / 9 - 0.4,
            "dense.weight": np.arange(18.0).reshape(2, 9) / 18 - 0.5,
            "dense.bias": np.array([0.25, -0.5]),
        },
    )
    workbook.write(net, np.arange(25.0).reshape(1, 5, 5) / 25, path)
    return path
