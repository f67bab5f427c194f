"""Inputs from outside: samples, picture files, and IDX files as MNIST is published -> arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xlconv.doors import idx, pictures
from xlconv.errors import DataError
from xlconv.layers import Shape, shape_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlconv.network import FloatArray

_MOST_LABELS = 16 << 20


def scaled(pixels: NDArray[np.uint8], shape: Shape) -> FloatArray:
    """Grey levels 0 to 255 as the network's input in [0, 1], float64."""
    return (pixels.astype(np.float64) / 255).reshape(shape)


def sample(
    images: NDArray[np.uint8] | FloatArray, labels: NDArray[np.uint8], digit: int, number: int, shape: Shape
) -> FloatArray:
    """Sample `number` (from 0) of a digit, as the network's input.

    Args:
        images: Grey levels, (n, H, W); or the numbers themselves, where they are float64.
        labels: Of the images, (n,).
        digit: Which label.
        number: Which of its images, in their order.
        shape: The network's input shape.

    Raises:
        DataError: There is no such digit or sample.
    """
    known = sorted(set(labels.tolist()))
    if digit not in known:
        raise DataError(f"no samples of digit {digit}", hint=f"digits: {', '.join(map(str, known))}")
    found = images[labels == digit]
    if not 0 <= number < len(found):
        raise DataError(f"no sample {number} of digit {digit}", hint=f"samples 0 to {len(found) - 1}")
    chosen = found[number]
    return chosen.reshape(shape) if chosen.dtype == np.float64 else scaled(chosen, shape)


def load_image(path: Path, shape: Shape) -> FloatArray:
    """A picture file as the network's input, light digit on dark ground whichever way round it was.

    The picture is padded to the input's proportions with its own ground and scaled to its size.

    Args:
        path: PNG, JPEG or another format that Pillow reads.
        shape: The network's input shape, `(1, H, W)`.

    Returns:
        float64 of `shape`, from 0 (ground) to 1.

    Raises:
        DataError: The file is no picture, or has one colour only.
    """
    if len(shape) != 3 or shape[0] != 1:
        raise DataError(f"a picture gives one channel, this network reads {shape_text(shape)}")
    grey = pictures.load(path)
    if grey.min() == grey.max():
        raise DataError(f"{path}: the picture has one colour only, so there is no digit in it")
    ground = _ground(grey)
    if ground > 127:
        grey, ground = 255 - grey, 255 - ground
    small = _resized(grey, ground, shape[1], shape[2])
    if small.min() == small.max():
        raise DataError(f"{path}: nothing of the picture is left at {shape[1]}x{shape[2]} pixels")
    return scaled(small, shape)


def _ground(grey: NDArray[np.uint8]) -> int:
    """The ground's grey level: what stands along the picture's edge."""
    return int(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))


def _resized(grey: NDArray[np.uint8], ground: int, height: int, width: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    if grey.shape == (height, width):
        return grey
    return np.asarray(
        ImageOps.pad(Image.fromarray(grey), (width, height), Image.Resampling.BOX, color=ground),
        dtype=np.uint8,
    )


def load_mnist(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The training images (n, H, W) and labels (n,) of a data set in MNIST's form.

    Raises:
        DataError: A file is missing or does not fit the other.
    """
    images = idx.load(_idx_file(folder, "train-images-idx3-ubyte"))
    labels = idx.load(_idx_file(folder, "train-labels-idx1-ubyte"), _MOST_LABELS)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{folder}: {shape_text(images.shape)} images and {shape_text(labels.shape)} labels do not match"
        )
    return images, labels


def _idx_file(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"{folder}: no {name} or {name}.gz",
        hint="--data wants a folder with MNIST's train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped or not",
    )
