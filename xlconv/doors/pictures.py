"""The door for pictures: grey levels, of large ones reduced before they are turned into anything wider."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from xlconv.doors import pieces
from xlconv.doors.entry import Refusal, guarded, opened
from xlconv.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

MAX_FILE: Final = 32 << 20
MAX_PIXELS: Final = 24_000_000
MAX_DECODED: Final = 48 << 20
"""Bytes of a picture as Pillow holds it; a JPEG is reduced while it is decoded, if its colours are three."""
MAX_SIDE: Final = 1024
"""Up to which a picture is taken as it is; a larger one is reduced by a whole number."""

_FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Of a pixel as Pillow holds it, by mode; else four."""
_LESS: Final = {"WEBP": 32 << 20}
"""Instead of `MAX_DECODED` for a format of which Pillow holds four copies."""
_MAX_RUNS: Final = 4_000_000
"""Pixels of a BMP of run lengths, which Pillow fills in Python."""
_STRIP: Final = 1 << 18
"""Pixels that are converted at once, about."""


def load(path: Path) -> NDArray[np.uint8]:
    """The grey levels of a picture's first frame, upright; transparent parts become the ground.

    Args:
        path: PNG, JPEG, GIF, BMP, TIFF or WebP.

    Returns:
        Of shape (height, width), at most `MAX_SIDE` each.

    Raises:
        DataError: The file is no picture, damaged or too large.
    """
    from PIL import Image, UnidentifiedImageError

    with guarded(DataError, path, "cannot be read as a picture"), opened(path, MAX_FILE) as file:
        pieces.check(file.read())
        file.seek(0)
        try:
            with _silent_libraries(), Image.open(file, formats=_FORMATS) as image:
                return _grey(_upright(image))
        except UnidentifiedImageError:
            raise Refusal("not a picture that can be read", hint="PNG or JPEG") from None
        except Image.DecompressionBombError:
            raise _too_large() from None


@contextmanager
def _silent_libraries() -> Iterator[None]:
    """Nothing on the process's stderr: libtiff writes there by itself what it thinks of a file."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _too_large() -> Refusal:
    return Refusal("too large a picture", hint="a few hundred pixels each way are plenty")


def _upright(image: Image.Image) -> Image.Image:
    """The picture as it is to be seen, reduced if it is large."""
    from PIL import ImageOps

    _check(image)
    if max(image.size) <= MAX_SIDE:
        return ImageOps.exif_transpose(image)
    image.draft("L", (MAX_SIDE, MAX_SIDE))
    image.load()
    exif = image.getexif()
    small = _reduced(image, -(-max(image.size) // MAX_SIDE))
    small.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(small)


def _check(image: Image.Image) -> None:
    """The header, before any pixel is decoded."""
    pixels = image.width * image.height
    drafted = image.format == "JPEG" and image.mode in ("L", "RGB")
    too_many = not drafted and pixels * _BYTES.get(image.mode, 4) > _LESS.get(image.format or "", MAX_DECODED)
    slow = image.format == "BMP" and image.info.get("compression") in (1, 2) and pixels > _MAX_RUNS
    if pixels > MAX_PIXELS or too_many or slow:
        raise _too_large()


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Means of squares of pixels, as grey levels with or without alpha, made strip by strip."""
    from PIL import Image

    wide = _is_wide(image)
    mode = image.mode[0] if wide else "LA" if image.has_transparency_data else "L"
    small = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    rows = max(1, _STRIP // (image.width * factor)) * factor
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        small.paste(strip.convert(mode).reduce(factor), (0, top // factor))
    return small


def _is_wide(image: Image.Image) -> bool:
    """Whether its grey levels are more than 256."""
    return image.mode.startswith("I") or image.mode == "F"


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    """Luminance; transparent parts become the ground: white under dark ink, black under light."""
    if _is_wide(image):
        wide = np.asarray(image, dtype=np.float64)
        most = 65535.0 if image.mode.startswith("I") and wide.max() > 255 else 255.0
        return np.clip(wide / most * 255, 0, 255).astype(np.uint8)
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    layers = np.asarray(image.convert("LA"), dtype=np.float64)
    ink, alpha = layers[..., 0], layers[..., 1] / 255
    mean_ink = float((ink * alpha).sum() / max(alpha.sum(), 1e-9))
    ground = 0.0 if mean_ink > 127 else 255.0
    return np.round(ink * alpha + ground * (1 - alpha)).astype(np.uint8)
