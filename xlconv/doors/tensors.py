"""The door for safetensors: arrays of floating-point numbers, by name."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from xlconv.doors.entry import Refusal, guarded, in_mib, opened
from xlconv.errors import TemplateError

MAX_FILE: Final = 16 << 20
MAX_HEADER: Final = 1 << 20
MAX_TENSORS: Final = 10_000
MAX_DIMENSIONS: Final = 8

_TYPES: Final = {"F16": 2, "F32": 4, "F64": 8}
"""Bytes of a number, by the name of its type."""


def load(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file.

    Args:
        path: The file.

    Raises:
        TemplateError: The file is damaged or larger than `MAX_FILE`, or a tensor is not float16, float32 or float64.
    """
    with guarded(TemplateError, path, "not a readable safetensors file"):
        _check_header(path)
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            if len(names) > MAX_TENSORS:
                raise Refusal(f"{len(names):,} tensors, more than {MAX_TENSORS:,}")
            for name in names:
                _check(name, file.get_slice(name))
            return {name: file.get_tensor(name) for name in names}


def _check_header(path: Path) -> None:
    """The size of the file and the length of the header that it states."""
    with opened(path, MAX_FILE) as file:
        length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER:
        raise Refusal(f"not a readable safetensors file: a header of {length:,} bytes, more than {in_mib(MAX_HEADER)}")


def _check(name: str, tensor: Any) -> None:
    """Type and shape, before the numbers."""
    dtype, shape = tensor.get_dtype(), tensor.get_shape()
    if dtype not in _TYPES:
        raise Refusal(f"is of type {dtype}, must be {', '.join(_TYPES)}", name)
    if len(shape) > MAX_DIMENSIONS or prod(shape) * _TYPES[dtype] > MAX_FILE:
        raise Refusal(f"states a shape of more than {MAX_DIMENSIONS} dimensions or {in_mib(MAX_FILE)}", name)
