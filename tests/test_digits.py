"""Samples, pictures and IDX files as inputs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xlconv import digits
from xlconv.errors import DataError
from xlconv.network import FloatArray
from xlconv.templates import Template

SHAPE = (1, 28, 28)


@pytest.fixture
def drawn() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A light stroke on dark ground, 28x28, with grey levels in between."""
    image = np.zeros((28, 28), np.uint8)
    image[5:23, 12:16] = 255
    image[5:23, 11] = 100
    return image


def loaded(image: Image.Image, path: Path) -> FloatArray:
    image.save(path)
    return digits.load_image(path, SHAPE)


def test_either_way_round(drawn: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], tmp_path: Path) -> None:
    """Light on dark and dark on light give the same input: the picture's grey levels over 255."""
    expected = drawn[None] / 255
    assert (loaded(Image.fromarray(drawn), tmp_path / "a.png") == expected).all()
    assert (loaded(Image.fromarray(255 - drawn), tmp_path / "b.png") == expected).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "CMYK"])
def test_colour_modes(drawn: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], tmp_path: Path, mode: str) -> None:
    """Whatever a program saves, the stroke is near 1 and the ground 0."""
    image = Image.fromarray(255 - drawn).convert(mode)
    x = loaded(image, tmp_path / ("x.tif" if mode == "CMYK" else "x.png"))
    assert x[0, 10, 13] > 0.98
    assert x[0, 0, 0] == 0


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_ground(tmp_path: Path, ink: int) -> None:
    """Dark or light ink on nothing: nothing is the ground."""
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[5:23, 12:16] = (ink, ink, ink, 255)
    x = loaded(Image.fromarray(pixels, "RGBA"), tmp_path / "x.png")
    assert x[0, 10, 13] == 1
    assert x[0, 10, 3] == 0


def test_sixteen_bits(drawn: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], tmp_path: Path) -> None:
    """A picture of 16 bits a pixel is scaled by its range."""
    x = loaded(Image.fromarray(drawn.astype(np.uint16) * 257), tmp_path / "x.png")
    np.testing.assert_allclose(x[0], drawn / 255, atol=1 / 255)


def test_other_sizes_keep_their_proportions(tmp_path: Path) -> None:
    """A large, wide picture is padded with its ground and scaled: a centred square stays a centred square."""
    image = np.full((140, 280), 255, np.uint8)
    image[40:100, 110:170] = 0
    x = loaded(Image.fromarray(image), tmp_path / "x.jpeg")[0]
    rows, columns = np.nonzero(x > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (11, 16, 11, 16)
    assert x[:9].max() < 0.1


def test_samples_are_what_the_template_holds(template: Template) -> None:
    """Sample n of a digit is the n-th image with that label, over 255."""
    samples = template.samples
    second = samples.images[np.flatnonzero(samples.labels == 4)[1]]
    assert (digits.sample(samples.images, samples.labels, 4, 1, SHAPE) == second[None] / 255).all()
    with pytest.raises(DataError, match="no samples of digit 11"):
        digits.sample(samples.images, samples.labels, 11, 0, SHAPE)
    with pytest.raises(DataError, match="no sample 99 of digit 4"):
        digits.sample(samples.images, samples.labels, 4, 99, SHAPE)


def idx(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_files(tmp_path: Path, ending: str) -> None:
    """MNIST's files are read as they are published, gzipped or not."""
    images, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([7, 1], np.uint8)
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        data = idx(array)
        (tmp_path / f"{name}{ending}").write_bytes(gzip.compress(data, mtime=0) if ending else data)
    found = digits.load_mnist(tmp_path)
    assert (found[0] == images).all()
    assert (found[1] == labels).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00\x0d\x01" + bytes(8), "not an IDX file"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05abcd", "truncated"),
        (b"\x00\x00\x08\x03\x00\x00", "truncated"),
        (gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x05abcde", mtime=0)[:-9], "cannot be read"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, data: bytes, words: str) -> None:
    """A damaged file is an error that names it."""
    (tmp_path / "train-images-idx3-ubyte").write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        digits.load_mnist(tmp_path)
    assert "train-images-idx3-ubyte" in caught.value.message


def test_missing_data_says_which_files(tmp_path: Path) -> None:
    """An empty folder is an error that says which files training wants."""
    with pytest.raises(DataError, match="no train-images-idx3-ubyte or ") as caught:
        digits.load_mnist(tmp_path)
    assert "train-labels-idx1-ubyte" in (caught.value.hint or "")
