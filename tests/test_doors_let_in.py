"""What doors let in is what stands in the file, to the last bit; and whatever is changed in it, they only refuse."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tests.hostile import deflated, write
from tests.hostile_pictures import idx, members
from tests.hostile_templates import OWN, npy
from xlconv import digits, templates
from xlconv.doors import idx as idx_door
from xlconv.doors import npz, pictures, tensors, toml
from xlconv.errors import DataError, TemplateError, XlconvError

TYPES: npz.Types = {"images": (np.uint8, np.float64), "labels": (np.uint8,)}
SHAPE = (1, 28, 28)


def archived(path: Path, images: bytes, labels: bytes) -> dict[str, np.ndarray]:
    write(path, [("images.npy", deflated(images)), ("labels.npy", deflated(labels))])
    return npz.load(path, TYPES)


# Templates


def test_samples_are_those_of_numpy() -> None:
    """The door and NumPy read the same from a template's own files."""
    path = templates.locate("conv-example") / "samples.npz"
    found = npz.load(path, TYPES)
    with np.load(path) as expected:
        for name in ("images", "labels"):
            assert found[name].dtype == expected[name].dtype
            assert np.array_equal(found[name], expected[name])


def test_fortran_order(tmp_path: Path) -> None:
    """An array written column by column is read column by column."""
    found = archived(tmp_path / "x.npz", npy("(2, 3)", bytes([1, 4, 2, 5, 3, 6]), order="True"), npy("(2,)", b"\0\1"))
    assert found["images"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found["labels"].tolist() == [0, 1]


def test_big_endian(tmp_path: Path) -> None:
    """Numbers of the other byte order are the same numbers, in the machine's own."""
    data = bytes.fromhex("3ff8000000000000 c000000000000000")
    images = archived(tmp_path / "x.npz", npy("(2, 1)", data, descr="'>f8'"), npy("(2,)", b"\0\1"))["images"]
    assert images.dtype == np.float64
    assert images.tolist() == [[1.5], [-2.0]]


def test_no_samples(tmp_path: Path) -> None:
    """No images at all are an array, too."""
    found = archived(tmp_path / "x.npz", npy("(0, 28, 28)", b""), npy("(0,)", b""))
    assert found["images"].shape == (0, 28, 28)


def test_other_entries_are_left_alone(tmp_path: Path) -> None:
    """What nobody asked for is not looked at."""
    entries = [("images.npy", npy()), ("labels.npy", npy("(2,)", b"\3\4")), ("more.npy", b"no array")]
    write(tmp_path / "x.npz", [(name, deflated(data)) for name, data in entries])
    assert sorted(npz.load(tmp_path / "x.npz", TYPES)) == ["images", "labels"]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_weights_are_those_of_safetensors(tmp_path: Path, kind: type[np.floating[Any]]) -> None:
    """Each known type is read as the library reads it."""
    save_file({"b": np.array([1.5, -2.0], kind), "a": np.array([[0.1]], kind)}, tmp_path / "x.safetensors")
    found, expected = tensors.load(tmp_path / "x.safetensors"), load_file(tmp_path / "x.safetensors")
    assert {name: (array.dtype, array.tolist()) for name, array in found.items()} == {
        name: (array.dtype, array.tolist()) for name, array in expected.items()
    }


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_weights_must_be_numbers(tmp_path: Path, number: str) -> None:
    """NaN and infinity come through the door, and no network takes them."""
    shutil.copytree(templates.locate("conv-example"), tmp_path / "mine")
    path = tmp_path / "mine" / "weights.safetensors"
    save_file({**load_file(path), "conv1.weight": np.full((2, 1, 3, 3), number, np.float16)}, path)
    with pytest.raises(XlconvError, match=r"conv1\.weight holds NaN or infinity"):
        templates.load(tmp_path / "mine")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (f"a = '{'.a' * 99}' # {'.b' * 99}", ".a" * 99),
        ('a = """x\n' + "b.c.d.e.f.g.h.i.j.k\n" * 3 + 'x"""', "x\n" + "b.c.d.e.f.g.h.i.j.k\n" * 3 + "x"),
        (f"a = '''\n\"{'.b' * 20}''''", f"\"{'.b' * 20}'"),
        (f'a = "\\"{".b" * 20}"', f'"{".b" * 20}'),
        (f"a = [{'1.5, ' * 20}]", [1.5] * 20),
        ("a.b.c.d.e.f.g.h = 1", {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}),
        (f"a = {-(2**63)}", -(2**63)),
        (f"a = 0.{'1' * 300}", 1 / 9),
    ],
    ids=["text", "lines", "quotes", "quoted quote", "numbers", "key of eight", "64 bits", "300 digits"],
)
def test_settings(tmp_path: Path, line: str, value: object) -> None:
    """Dots and digits count only where they make a key or a number long."""
    (tmp_path / "x.toml").write_text(f"{line}\n{OWN}", encoding="utf-8")
    assert toml.load(tmp_path / "x.toml")["a"] == value


# Data


@pytest.mark.parametrize(
    "data",
    [
        idx(2, 2, data=b"abcd"),
        members(idx(2, 2, data=b"abcd")),
        members(idx(2, 2)[:7], idx(2, 2)[7:] + b"a", b"", b"bcd"),
        members(idx(2, 2, data=b"abcd"), end=bytes(200_000)),
        members(idx(2, 2, data=b"ab"), end=bytes(9)) + members(b"cd"),
    ],
    ids=["plain", "gzip", "several gzip files", "zeros behind", "zeros between"],
)
def test_idx(tmp_path: Path, data: bytes) -> None:
    """An array of bytes is read however it is compressed: also as a row of gzip files, also with zeros behind."""
    (tmp_path / "x").write_bytes(data)
    assert idx_door.load(tmp_path / "x").tolist() == [[97, 98], [99, 100]]
    if data[:2] == b"\x1f\x8b" and b"\0\0cd" not in data:
        assert gzip.decompress(data).endswith(b"abcd")


# Pictures


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame(tmp_path: Path, form: str) -> None:
    """Of a picture that moves, or has pages, the first is read."""
    frames = [Image.new("L", (28, 28), 255 * number) for number in range(3)]
    frames[0].paste(200, (10, 10, 20, 20))
    options = {"lossless": True} if form == "WEBP" else {}
    frames[0].save(tmp_path / "x", form, save_all=True, append_images=frames[1:], **options)
    expected = np.zeros((28, 28), np.uint8)
    expected[10:20, 10:20] = 200
    assert (pictures.load(tmp_path / "x") == expected).all()


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("scale", [1, 192])
def test_upright(tmp_path: Path, form: str, scale: int) -> None:
    """A picture that says that it lies on its side is set up, large or small."""
    lying = np.zeros((8 * scale, 12 * scale), np.uint8)
    lying[: 4 * scale, : 4 * scale] = 252
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"lossless": True} if form == "WEBP" else {}
    Image.fromarray(lying).save(tmp_path / "x", form, exif=exif, **options)
    found = pictures.load(tmp_path / "x")
    height, width = found.shape
    assert height * 2 == width * 3
    rows, columns = np.nonzero(found > 128)
    assert (rows.min(), rows.max() + 1) == (0, height // 3)
    assert (columns.min(), columns.max() + 1) == (width // 2, width)


@pytest.mark.parametrize("size", [(1024, 1024), (1024, 3), (1, 1024)])
def test_up_to_1024_nothing_is_reduced(tmp_path: Path, size: tuple[int, int]) -> None:
    """The grey levels are Pillow's own, pixel by pixel."""
    image = Image.effect_noise(size, 90)
    image.save(tmp_path / "x.png")
    assert (pictures.load(tmp_path / "x.png") == np.asarray(image)).all()


def photo(mode: str, size: tuple[int, int]) -> Image.Image:
    """A dark square in the middle of a light or transparent ground."""
    width, height = size
    image = Image.new("RGBA", size, (255, 255, 255, 255 * (mode not in ("RGBA", "LA"))))
    image.paste((9, 9, 9, 255), (width // 2 - 300, height // 2 - 300, width // 2 + 300, height // 2 + 300))
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image.convert(mode)


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        *[(mode, "PNG") for mode in ("1", "L", "P", "LA", "RGB", "RGBA", "I;16")],
        *[("F", "TIFF"), ("I", "TIFF"), ("CMYK", "TIFF"), ("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGB", "WEBP")],
    ],
)
def test_large_pictures_are_reduced(tmp_path: Path, mode: str, form: str) -> None:
    """A photograph of 2,800 by 1,400 pixels, whose sides are no multiples of three, is the same picture, smaller."""
    photo(mode, (2800, 1400)).save(tmp_path / "x", form)
    assert max(pictures.load(tmp_path / "x").shape) <= 1024
    x = digits.load_image(tmp_path / "x", SHAPE)[0]
    rows, columns = np.nonzero(x > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (11, 16, 11, 16)
    assert x[:9].max() < 0.05


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither pipes nor devices among its files")
def test_pipes_and_devices(tmp_path: Path) -> None:
    """What has no size is refused before it is opened, as it may never end, or never begin."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(DataError, match="not a file"):
            pictures.load(path)
        with pytest.raises(DataError, match="not a file"):
            idx_door.load(path)
        with pytest.raises(TemplateError, match="not a file"):
            toml.load(path)
    with pytest.raises(DataError, match="nothing: no such file"):
        pictures.load(tmp_path / "nothing")


# Mutants


def picture(form: str, **options: Any) -> bytes:
    target = BytesIO()
    image = Image.new("RGB", (40, 30), "white")
    image.paste("navy", (10, 10, 20, 25))
    image.save(target, form, **options)
    return target.getvalue()


def own(name: str) -> bytes:
    return (templates.locate("conv-example") / name).read_bytes()


def read_template(path: Path) -> object:
    shutil.copy(path, path.parent / "mine" / "network.toml")
    return templates.load(path.parent / "mine")


EXIF = Image.Exif()
EXIF[0x0112] = 6
DOORS: dict[str, tuple[Callable[[Path], object], Callable[[], bytes]]] = {
    "npz": (lambda path: npz.load(path, TYPES), lambda: own("samples.npz")),
    "safetensors": (tensors.load, lambda: own("weights.safetensors")),
    "TOML": (read_template, OWN.encode),
    "IDX": (idx_door.load, lambda: idx(2, 3, 4, data=bytes(24))),
    "IDX, gzip": (idx_door.load, lambda: members(idx(2, 3, 4, data=bytes(24)), b"")),
    **{
        form: (pictures.load, lambda form=form: picture(form, exif=EXIF))  # type: ignore[misc]
        for form in ("PNG", "JPEG", "TIFF", "WEBP")
    },
    "progressive JPEG": (pictures.load, lambda: picture("JPEG", progressive=True)),
    "deflated TIFF": (pictures.load, lambda: picture("TIFF", compression="tiff_deflate")),
    "GIF": (pictures.load, lambda: picture("GIF")),
    "BMP": (pictures.load, lambda: picture("BMP")),
}


def mutant(data: bytes, rng: random.Random) -> bytes:
    """A few bytes of a file, most of them near its ends, where headers are: changed, cut out, doubled."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        near = rng.choice((32, 200, 1000, len(found)))
        at = min(rng.randrange(near), len(found) - 1)
        at = rng.choice((at, at, len(found) - 1 - at))
        size = rng.choice((1, 1, 2, 4, 8))
        new = rng.choice((rng.randbytes(size), b"\0" * size, b"\xff" * size, found[at : at + size] * 2, b""))
        found[at : at + size] = new
    return bytes(found)


@pytest.mark.parametrize("name", DOORS)
def test_mutants(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever is changed in a file, it is read or refused in one line that names it; no library says anything else."""
    read, make = DOORS[name]
    shutil.copytree(templates.locate("conv-example"), tmp_path / "mine")
    data, rng, path = make(), random.Random(name), tmp_path / "x"
    refused = []
    for _ in range(200):
        path.write_bytes(mutant(data, rng))
        try:
            read(path)
        except XlconvError as error:
            refused.append(error.message)
    assert len(refused) > 20
    assert all(str(tmp_path) in message and len(message) < 1000 for message in refused)
    assert capfd.readouterr() == ("", "")
