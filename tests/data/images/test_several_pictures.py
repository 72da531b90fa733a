"""Files of several pictures: animations, pages, telephones' pairs."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader
from tests.data.images.encoding import Pixels, encoded, tiff_pages
from tests.data.images.reading import DRAWN, SPEC, failure, read, smooth, whole_levels

BLANK = Image.new("RGB", (32, 32), (250, 250, 250))
SHOWN = smooth(32, 32, slowness=3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_first_of_several_frames(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(data)) as animation:
        assert getattr(animation, "n_frames", 1) == 3
    assert np.abs(read(reader, tmp_path, data) - np.array([255.0, 0, 0])).max() <= 3


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_lossy_formats(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = smooth(32, 32)
    data = encoded(image, kind, quality=95)
    assert whole_levels(read(reader, tmp_path, data), np.asarray(image)).mean() < 4


LOSSLESS: dict[str, dict[str, object]] = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}}


def animation(kind: str, frames: Sequence[Image.Image]) -> bytes:
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **LOSSLESS.get(kind, {}))


@pytest.mark.parametrize(
    "blank", [BLANK, Image.new("RGBA", (32, 32)), Image.new("RGB", (32, 32))], ids=["grey", "nothing", "black"]
)
@pytest.mark.parametrize("blanks", [1, 3])
@pytest.mark.parametrize("kind", LOSSLESS)
def test_the_first_frame_that_shows_something(tmp_path: Path, kind: str, blanks: int, blank: Image.Image) -> None:
    # Different blanks, since encoders join equal frames
    frames = [blank.point(lambda value, n=n: value + n if value < 250 else value - n) for n in range(blanks)]
    frames = [frame.convert(blank.mode) for frame in frames]
    shown = SHOWN.convert(blank.mode)
    data = animation(kind, [*frames, shown, Image.new(blank.mode, (32, 32), "red")])
    expected = np.asarray(SHOWN if kind != "GIF" else SHOWN.quantize(256).convert("RGB"))
    assert np.abs(read(ImageReader(SPEC), tmp_path, data).astype(int) - expected).mean() <= (6 if kind == "GIF" else 0)


def test_a_blank_frame_of_a_lossy_animation(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(240, 246, (32, 32, 3)).astype(np.uint8)
    for kind in ("WEBP", "AVIF"):
        data = encoded(Image.fromarray(noise), kind, quality=90, save_all=True, append_images=[SHOWN])
        assert np.abs(read(ImageReader(SPEC), tmp_path, data).astype(int) - np.asarray(SHOWN)).mean() < 6


def test_a_film_of_one_colour_is_its_first_frame(tmp_path: Path) -> None:
    data = animation(
        "GIF", [Image.new("RGB", (32, 32), (9, 9, 200)), *(Image.new("RGB", (32, 32), (n, 0, 0)) for n in range(80))]
    )
    assert (read(ImageReader(SPEC), tmp_path, data) == (9, 9, 200)).all()


def test_a_later_frame_that_is_damaged_costs_nothing(tmp_path: Path) -> None:
    data = animation("GIF", [BLANK, smooth(32, 32), smooth(32, 32).rotate(90)])
    assert (read(ImageReader(SPEC), tmp_path, data[:900]) == 250).all()


REDUCED, MASK, PAGE = ([(254, 4, kind)] for kind in (1, 4, 2))
SMALL = DRAWN[::4, ::4]
OTHER = DRAWN[::-1].copy()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "pages",
    [
        [(SMALL, 2, []), (DRAWN, 2, [])],  # nothing says that it is small
        [(SMALL, 2, REDUCED), (DRAWN, 2, [])],
        [(OTHER, 2, REDUCED), (DRAWN, 2, [])],  # marked, if as large
        [(np.tile(SMALL, (8, 8, 1)), 2, REDUCED), (DRAWN, 2, [])],  # even larger
        [(DRAWN[..., 0], 4, MASK), (DRAWN, 2, [])],
        [(DRAWN, 2, []), (SMALL, 2, REDUCED)],
        [(DRAWN, 2, PAGE), (OTHER, 2, PAGE)],  # a document begins with its first page
        [(DRAWN, 2, []), (np.tile(OTHER, (1, 2, 1)), 2, [])],  # also if another one is somewhat larger
        [(SMALL, 2, []), (SMALL, 2, REDUCED), (DRAWN, 2, [])],
    ],
    ids=["small", "reduced", "reduced as large", "reduced larger", "mask", "behind", "pages", "larger page", "two"],
)
def test_the_page_of_a_tiff_that_is_meant(
    tmp_path: Path, pages: list[tuple[Pixels, int, list[tuple[int, int, int]]]], order: Literal["<", ">"]
) -> None:
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, tiff_pages(pages, order)), DRAWN)


def test_a_tiff_of_small_copies_alone(tmp_path: Path) -> None:
    data = tiff_pages([(SMALL, 2, REDUCED), (DRAWN, 2, REDUCED)])
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, data), DRAWN)


def test_pages_that_follow_each_other_in_a_circle(tmp_path: Path) -> None:
    data = bytearray(tiff_pages([(SMALL, 2, []), (DRAWN, 2, [])]))
    data[-4:] = data[4:8]  # the last one is followed by the first
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, bytes(data)), DRAWN)


@pytest.mark.parametrize(
    "pages",
    [
        [(SMALL, 2, [(254, 4, 1), (330, 4, 8)])],  # as Nikon and Sony do: a preview, and the rest in a directory below
        [(SMALL, 2, [(50706, 4, 0x01040000)])],  # DNG
        [(DRAWN[..., 0], 32803, [(50706, 4, 0x01040000)])],  # without a preview
    ],
    ids=["sub-directories", "DNG", "DNG without a preview"],
)
def test_the_preview_of_raw_data_is_not_taken_for_the_photograph(
    tmp_path: Path, pages: list[tuple[Pixels, int, list[tuple[int, int, int]]]]
) -> None:
    assert failure(ImageReader(SPEC), tmp_path, tiff_pages(pages)) == "camera raw cannot be read: export it as JPEG"


def test_large_pages_behind_a_small_one_are_bounded(tmp_path: Path) -> None:
    data = bytearray(tiff_pages([(SMALL, 2, []), (DRAWN, 2, [])]))
    for tag in (256, 257):
        at = data.rindex(struct.pack("<HHII", tag, 4, 1, 32))
        data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 60_000)
    reason = failure(ImageReader(SPEC), tmp_path, bytes(data))
    assert reason.startswith("60000 x 60000 = 3,600,000,000 pixels, over the limit")
