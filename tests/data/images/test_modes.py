"""Grey, indexed, transparent and deep pixels, against arithmetic written out."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader
from tests.data.images.encoding import Pixels, encoded, png
from tests.data.images.reading import ALPHA, DRAWN, GREY, read, smooth


def on_white(colour: Pixels, alpha: Pixels) -> npt.NDArray[np.float64]:
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def test_grey_and_progressive_jpeg(tmp_path: Path, reader: ImageReader) -> None:
    for mode, options in (("L", {}), ("RGB", {"progressive": True}), ("RGB", {"subsampling": 0})):
        data = encoded(smooth(32, 32).convert(mode), "JPEG", **options)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        assert np.array_equal(read(reader, tmp_path, data), expected)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = Image.new("CMYK", (32, 32), (255, 128, 0, 64))
    expected = [(255 - 255) * 191 / 255, (255 - 128) * 191 / 255, 255 * 191 / 255]
    assert np.abs(read(reader, tmp_path, encoded(image, kind)) - expected).max() <= 2


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = Image.fromarray(DRAWN).quantize(64)
    expected = np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)[np.asarray(image)]
    assert np.array_equal(read(reader, tmp_path, encoded(image, kind)), expected)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_one_transparent_colour(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = Image.fromarray(DRAWN).quantize(64)
    indices = np.asarray(image)
    expected = np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)[indices]
    expected[indices == 5] = 255
    assert (indices == 5).any()
    assert np.array_equal(read(reader, tmp_path, encoded(image, kind, transparency=5)), expected)


def test_palette_with_half_transparent_colours(tmp_path: Path, reader: ImageReader) -> None:
    image = Image.fromarray(DRAWN).quantize(64)
    alphas = np.arange(64, dtype=np.uint8) * 4
    colours = np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)[np.asarray(image)]
    data = encoded(image, "PNG", transparency=alphas.tobytes())
    expected = on_white(colours, alphas[np.asarray(image)])
    assert np.abs(read(reader, tmp_path, data) - expected).max() <= 1


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_rgba_on_white(tmp_path: Path, reader: ImageReader, kind: str, options: dict[str, object]) -> None:
    image = Image.fromarray(np.dstack([DRAWN, ALPHA]), "RGBA")
    assert np.abs(read(reader, tmp_path, encoded(image, kind, **options)) - on_white(DRAWN, ALPHA)).max() <= 1


def test_grey_with_alpha_on_white(tmp_path: Path, reader: ImageReader) -> None:
    image = Image.fromarray(np.dstack([GREY, ALPHA]), "LA")
    expected = on_white(np.dstack([GREY] * 3), ALPHA)
    assert np.abs(read(reader, tmp_path, encoded(image, "PNG")) - expected).max() <= 1


def test_one_bit(tmp_path: Path, reader: ImageReader) -> None:
    image = Image.fromarray(GREY > 127)
    assert image.mode == "1"
    expected = np.dstack([np.where(GREY > 127, 255, 0)] * 3)
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        assert np.array_equal(read(reader, tmp_path, encoded(image, kind)), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    values = np.random.default_rng(1).integers(0, 65_536, (32, 32), dtype=np.uint16)
    expected = np.dstack([np.rint(values / 65_535 * 255)] * 3)
    assert np.array_equal(read(reader, tmp_path, encoded(Image.fromarray(values), kind)), expected)


def test_sixteen_bits_of_grey_in_the_other_byte_order(tmp_path: Path, reader: ImageReader) -> None:
    values = np.random.default_rng(1).integers(0, 65_536, (32, 32), dtype=np.uint16)
    image = Image.frombytes("I;16B", (32, 32), values.astype(">u2").tobytes())
    expected = np.dstack([np.rint(values / 65_535 * 255)] * 3)
    assert np.array_equal(read(reader, tmp_path, encoded(image, "TIFF")), expected)


def test_sixteen_bits_of_colour(tmp_path: Path, reader: ImageReader) -> None:
    values = np.random.default_rng(1).integers(0, 65_536, (32, 32, 4), dtype=np.uint16)
    expected = values[..., :3] / 257.0
    assert np.abs(read(reader, tmp_path, png(values[..., :3], 2, 16)) - expected).max() <= 1
    alpha = values[..., 3:] / 65_535
    expected = expected * alpha + 255 * (1 - alpha)
    assert np.abs(read(reader, tmp_path, png(values, 6, 16)) - expected).max() <= 2


@pytest.mark.parametrize("full", [1, 255])
def test_floats(tmp_path: Path, reader: ImageReader, full: int) -> None:
    values = (GREY / 255 * full).astype(np.float32)
    values[0, :4] = [np.nan, -np.inf, -1, full]
    expected = np.dstack([GREY] * 3)
    expected[0, :4] = np.array([0, 0, 0, 255])[:, None]
    assert np.array_equal(read(reader, tmp_path, encoded(Image.fromarray(values), "TIFF")), expected)
