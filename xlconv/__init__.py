"""xlconv compiles a convolutional network into a spreadsheet, and proves that the spreadsheet computes it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlconv.check import verify
    from xlconv.network import Network, Node
    from xlconv.recover import recover
    from xlconv.templates import load
    from xlconv.tracing import trace
    from xlconv.workbook import write as generate

__all__ = ["Network", "Node", "generate", "load", "recover", "trace", "verify"]

_HOMES = {
    "Network": ("xlconv.network", "Network"),
    "Node": ("xlconv.network", "Node"),
    "generate": ("xlconv.workbook", "write"),
    "load": ("xlconv.templates", "load"),
    "recover": ("xlconv.recover", "recover"),
    "trace": ("xlconv.tracing", "trace"),
    "verify": ("xlconv.check", "verify"),
}


def __getattr__(name: str) -> object:
    # Loaded when first asked for: `import xlconv` and `xlconv --help` need none of NumPy, openpyxl or an engine.
    if name not in _HOMES:
        raise AttributeError(f"module 'xlconv' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
