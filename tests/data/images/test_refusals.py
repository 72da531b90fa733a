"""Files that must not be read: damaged, cut off, too large, or no photographs."""

import struct
from itertools import starmap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader
from fashion_cli.errors import ImageError
from tests.data.images.encoding import Pixels, encoded, png_chunk
from tests.data.images.reading import DRAWN, SPEC, failure, read, smooth, whole_levels

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    data = encoded(Image.fromarray(np.tile(DRAWN, (4, 4, 1))), kind)
    for share in (0.02, 0.3, 0.6, 0.9):
        failure(reader, tmp_path, data[: int(len(data) * share)])


def test_what_follows_a_whole_jpeg_does_not_matter(tmp_path: Path, reader: ImageReader) -> None:
    data = encoded(smooth(32, 32), "JPEG")
    assert np.array_equal(read(reader, tmp_path, data + b"SEFT\0trailer"), read(reader, tmp_path, data))


@pytest.mark.parametrize("kind", KINDS)
def test_more_pixels_than_allowed(tmp_path: Path, fast: bool, kind: str) -> None:
    data = encoded(smooth(40, 30), kind)
    reason = failure(ImageReader(SPEC, fast=fast, max_pixels=1_199), tmp_path, data)
    assert reason == "40 x 30 = 1,200 pixels, over the limit of 1,199"
    read(ImageReader(SPEC, fast=fast, max_pixels=1_200), tmp_path, data)


def claiming(kind: str, width: int, height: int) -> bytes:
    """A small file whose header says that it is large."""
    if kind == "PNG":
        header = struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0)
        return b"".join(
            [b"\x89PNG\r\n\x1a\n", *starmap(png_chunk, ((b"IHDR", header), (b"IDAT", b""), (b"IEND", b"")))]
        )
    data = bytearray(encoded(Image.new("P", (8, 8)), kind) if kind == "GIF" else encoded(smooth(8, 8), kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">2H", height, width)
    elif kind == "GIF":
        data[6:10] = struct.pack("<2H", width, height)
    elif kind == "BMP":
        data[18:26] = struct.pack("<2i", width, height)
    elif kind == "TIFF":
        for tag, value in ((256, width), (257, height)):
            at = data.index(struct.pack("<HHI", tag, 4, 1))
            data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data)


@pytest.mark.parametrize("size", [(11_000, 10_000), (60_000, 60_000)])  # Pillow warns of the first, refuses both
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_bomb(tmp_path: Path, reader: ImageReader, kind: str, size: tuple[int, int]) -> None:
    limit = "89,478,485" if kind in ("GIF", "TIFF") else "100,000,000"
    count = f"{size[0] * size[1]:,}"
    reason = failure(reader, tmp_path, claiming(kind, *size))
    assert reason == f"{size[0]} x {size[1]} = {count} pixels, over the limit of {limit}"


def test_webp_bomb(tmp_path: Path, reader: ImageReader) -> None:
    data = bytearray(encoded(smooth(8, 8), "WEBP", lossless=True))
    at = data.index(b"VP8L") + 9
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "little") | 0x0FFFFFFF).to_bytes(4, "little")
    assert "pixels" in failure(reader, tmp_path, bytes(data))  # 16,384 x 16,384


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"Dear diary,\n", "not a photograph (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or HEIC)"),
        (b"%PDF-1.7\n", "not a photograph (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or HEIC)"),
        (b"\xff\xd8\xff", "damaged header (not identified by this driver)"),
    ],
)
def test_no_photograph(tmp_path: Path, reader: ImageReader, data: bytes, reason: str) -> None:
    assert failure(reader, tmp_path, data) == reason


def test_damaged_bytes_are_judged_alike(tmp_path: Path) -> None:
    data = encoded(smooth(48, 64), "JPEG", quality=95)
    readers = [ImageReader(SPEC, fast=fast) for fast in (False, True)]
    random = np.random.default_rng(0)
    read_anyway = 0
    for _ in range(150):
        damaged = bytearray(data)
        damaged[random.integers(3, len(data))] = random.integers(256)
        results: list[Pixels | None] = []
        for reader in readers:
            try:
                results.append(read(reader, tmp_path, bytes(damaged)))
            except ImageError:
                results.append(None)
        pillow, fast = results
        assert (pillow is None) == (fast is None)
        if pillow is not None and fast is not None:
            assert whole_levels(pillow, fast).max() <= 1
            read_anyway += 1
    assert 0 < read_anyway < 150
