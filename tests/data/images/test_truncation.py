"""Files whose last bytes lack: read if nearly all of the picture is there, refused otherwise."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader, thumbnail_of, upright
from fashion_cli.errors import ImageError
from fashion_cli.model_cards import InputSpec
from tests.data.images.encoding import encoded, png_chunk
from tests.data.images.reading import smooth

NAME = Path("photograph")
SIDE = 160
NOISY = Image.fromarray(
    np.clip(
        np.asarray(smooth(SIDE, SIDE, slowness=2)) + np.random.default_rng(0).normal(0, 20, (SIDE, SIDE, 3)), 0, 255
    ).astype(np.uint8)
)
FILES = {
    "baseline": encoded(NOISY, "JPEG"),
    "4:4:4": encoded(NOISY, "JPEG", subsampling=0),
    "grey": encoded(NOISY.convert("L"), "JPEG"),
    "CMYK": encoded(NOISY.convert("CMYK"), "JPEG"),
    "restarts": encoded(NOISY, "JPEG", restart_marker_blocks=3),
    "progressive": encoded(NOISY, "JPEG", progressive=True),
    "PNG": encoded(NOISY, "PNG"),
    "indexed PNG": encoded(NOISY.quantize(64), "PNG"),
    "PNG with alpha": encoded(NOISY.convert("RGBA"), "PNG"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_of_a_file_that_is_cut_off(name: str) -> None:
    """Cut anywhere: either it is refused, or at most a twentieth of the picture differs from the whole one."""
    data = FILES[name]
    whole = np.asarray(upright(data, NAME)).astype(int)
    read = []
    for lacking in (1, 2, 3, 7, 30, *np.geomspace(60, len(data) - 1, 30).astype(int)):
        try:
            found = np.asarray(upright(data[: len(data) - lacking], NAME)).astype(int)
        except ImageError:
            continue
        assert (np.abs(found - whole).max(axis=2) > 40).mean() <= 0.06, lacking
        read.append(lacking)
    assert read[:5] == [1, 2, 3, 7, 30]
    assert max(read) < 0.1 * len(data)


@pytest.mark.parametrize("name", FILES)
def test_both_paths_and_thumbnails_judge_alike(name: str) -> None:
    data = FILES[name]
    readers = [ImageReader(InputSpec(SIDE, SIDE), fast=fast) for fast in (False, True)]
    for lacking in (2, len(data) // 2):
        pixels = []
        for reader in readers:
            with suppress(ImageError):
                pixels.append(reader.decode(data[:-lacking], NAME).pixels)
        assert len(pixels) == (2 if lacking == 2 else 0)
        if pixels:
            assert np.abs(pixels[0].astype(int) - pixels[1]).max() <= 1
    with Image.open(io.BytesIO(thumbnail_of(data[:-2], NAME, 80))) as small:
        assert small.size == (80, 80)


def test_a_progressive_jpeg_whose_last_scans_never_began_is_refused() -> None:
    """All of it is there, but as coarse as its first scans: that has another vector."""
    data = FILES["progressive"]
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 4
    for at in scans[1:]:
        with pytest.raises(ImageError, match="cannot be decoded"):
            upright(data[:at], NAME)


def test_orientation_of_a_file_that_is_cut_off() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(NOISY.crop((0, 0, 160, 80)), "JPEG", exif=exif)
    assert upright(data[:-2], NAME).size == (80, 160)


def test_missing_rows_of_a_png_repeat_the_last_one() -> None:
    rows = [*range(SIDE - 3), *[SIDE - 4] * 3]
    data = FILES["PNG"]
    whole = np.asarray(NOISY)
    for lacking in range(100, 3000, 50):
        found = np.asarray(upright(data[:-lacking], NAME))
        if np.array_equal(found, whole[rows]):
            return
    pytest.fail("no cut left out three rows")


@pytest.mark.parametrize("name", ["PNG", "indexed PNG"])
def test_a_png_without_its_end(name: str) -> None:
    end = png_chunk(b"IEND", b"")
    data = FILES[name].removesuffix(end)
    assert len(data) == len(FILES[name]) - 12
    assert np.array_equal(np.asarray(upright(data, NAME)), np.asarray(upright(FILES[name], NAME)))


@pytest.mark.parametrize("trailer", [b"\0" * 1000, b"SEFT\0trailer", FILES["PNG"], b"\xff\xd8\xff\xe0garbage"])
@pytest.mark.parametrize("name", FILES)
def test_what_follows_a_whole_file_does_not_matter(name: str, trailer: bytes) -> None:
    whole = np.asarray(upright(FILES[name], NAME))
    for fast in (False, True):
        reader = ImageReader(InputSpec(SIDE, SIDE), fast=fast)
        assert np.abs(reader.decode(FILES[name] + trailer, NAME).pixels.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("name", ["baseline", "progressive", "grey", "CMYK", "PNG"])
def test_what_to_do_about_a_file_that_is_cut_off_is_said(name: str) -> None:
    data = FILES[name]
    with pytest.raises(ImageError, match="its end is missing: copy or download it again"):
        upright(data[: len(data) // 2], NAME)
