"""How the camera was held, against pictures that are stored turned by loops."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import Box, ImageReader
from tests.data.images.encoding import Pixels, encoded, png_chunk
from tests.data.images.reading import DRAWN, SPEC, read, smooth, whole_levels

# Where pixel (y, x) of the file lies in the upright picture, whose last row and column are b, r
STORED: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    1: lambda y, x, _b, _r: (y, x),
    2: lambda y, x, _b, r: (y, r - x),
    3: lambda y, x, b, r: (b - y, r - x),
    4: lambda y, x, b, _r: (b - y, x),
    5: lambda y, x, _b, _r: (x, y),
    6: lambda y, x, _b, r: (x, r - y),
    7: lambda y, x, b, r: (b - x, r - y),
    8: lambda y, x, b, _r: (b - x, y),
}


def as_stored(upright: Pixels, orientation: int) -> Image.Image:
    """What a camera writes that was held so."""
    height, width = upright.shape[:2]
    rows, columns = (width, height) if orientation >= 5 else (height, width)
    stored = np.zeros((rows, columns, 3), dtype=np.uint8)
    for y in range(rows):
        for x in range(columns):
            stored[y, x] = upright[STORED[orientation](y, x, height - 1, width - 1)]
    return Image.fromarray(stored)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("box", [None, Box(8, 16, 24, 40)])
def test_jpeg_orientation(tmp_path: Path, reader: ImageReader, orientation: int, box: Box | None) -> None:
    upright = np.asarray(smooth(48, 64))
    options: dict[str, object] = {"quality": 100, "subsampling": 0}
    turned = encoded(as_stored(upright, orientation), "JPEG", exif=exif(orientation), **options)
    expected = read(reader, tmp_path, encoded(Image.fromarray(upright), "JPEG", **options), box)
    assert whole_levels(read(reader, tmp_path, turned, box), expected).max() <= 6
    photograph = reader.read(tmp_path / "photograph")
    assert (photograph.width, photograph.height) == (48, 64)


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_orientation_elsewhere(tmp_path: Path, kind: str, orientation: int) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(as_stored(DRAWN, orientation), kind, exif=exif(orientation), **options)
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, data), DRAWN)


def test_orientation_behind_the_pixels_of_a_png(tmp_path: Path) -> None:
    end = png_chunk(b"IEND", b"")
    data = encoded(as_stored(DRAWN, 6), "PNG")
    assert data.endswith(end)
    data = data.removesuffix(end) + png_chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0")) + end
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, data), DRAWN)


@pytest.mark.parametrize("nonsense", [exif(0), exif(9), b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0", b"Exif\0\0XXXXXXXXXX"])
def test_nonsense_in_exif_costs_nothing(tmp_path: Path, reader: ImageReader, nonsense: bytes) -> None:
    plain = encoded(smooth(48, 64), "JPEG")
    data = encoded(smooth(48, 64), "JPEG", exif=nonsense)
    assert np.array_equal(read(reader, tmp_path, data), read(reader, tmp_path, plain))


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
def test_other_tags_may_be_damaged(tmp_path: Path, reader: ImageReader) -> None:
    maker_beyond_the_end = struct.pack(">HHII", 271, 2, 50, 99_999)
    tags = struct.pack(">H", 2) + maker_beyond_the_end + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    data = encoded(smooth(48, 64), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + tags)
    read(reader, tmp_path, data)
    photograph = reader.read(tmp_path / "photograph")
    assert (photograph.width, photograph.height) == (64, 48)
