"""Colour profiles, against what Chromium and libvips make of the same files, and against arithmetic."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader, thumbnail_of, upright
from fashion_cli.data.images.colour import changes_colours
from fashion_cli.model_cards import InputSpec
from tests.data.images.encoding import Pixels, damaged, encoded, png, png_chunk, rgb_png
from tests.data.images.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    SRGB_CURVE,
    cmyk_profile,
    grey_profile,
    rgb_profile,
)

NAME = Path("photograph")
PATCHES = np.array(
    [
        [255, 255, 255], [0, 0, 0], [128, 128, 128], [200, 60, 50], [60, 160, 90],
        [70, 80, 190], [230, 200, 60], [120, 60, 30], [240, 180, 170], [20, 30, 60],
    ],
    np.uint8,
)[None]  # fmt: skip
PROFILES = {
    "Display P3": rgb_profile(DISPLAY_P3, SRGB_CURVE),
    "Adobe RGB": rgb_profile(ADOBE_RGB, 563 / 256),
    "ProPhoto": rgb_profile(PROPHOTO, 1.8),
    "sRGB": rgb_profile(SRGB, SRGB_CURVE),
}
# The patches in each space as Chromium 156 draws them; `vips icc_transform` 8.14 is within one level of it.
DRAWN = {
    "Display P3": [
        [255, 255, 255], [0, 0, 0], [128, 128, 128], [217, 42, 39], [0, 163, 82],
        [68, 80, 197], [236, 199, 0], [129, 56, 20], [251, 177, 167], [17, 30, 62],
    ],
    "Adobe RGB": [
        [255, 255, 255], [0, 0, 0], [129, 129, 129], [231, 57, 46], [0, 161, 85],
        [63, 79, 194], [241, 201, 36], [137, 57, 21], [255, 181, 171], [5, 24, 58],
    ],
    "ProPhoto": [
        [255, 255, 255], [0, 0, 0], [146, 146, 146], [255, 0, 60], [0, 190, 94],
        [0, 100, 213], [255, 204, 0], [181, 50, 27], [255, 179, 182], [0, 42, 81],
    ],
    "sRGB": PATCHES[0].tolist(),
}  # fmt: skip
PRINTED = {  # Lab of inks on paper, all of them colours that a screen can show
    (0, 0, 0, 0): (100, 0, 0), (1, 0, 0, 0): (55, -37, -50), (0, 1, 0, 0): (48, 74, -3), (0, 0, 1, 0): (89, -5, 93),
    (1, 1, 0, 0): (24, 22, -46), (0, 1, 1, 0): (47, 68, 48), (1, 0, 1, 0): (50, -65, 27), (0, 0, 0, 1): (16, 0, 0),
}  # fmt: skip
# The same as `vips icc_transform --intent relative --black-point-compensation` 8.14 draws them
PRINTED_IN_SRGB = [
    [255, 255, 255], [0, 151, 218], [216, 10, 122], [248, 224, 0],
    [52, 47, 128], [215, 29, 36], [0, 143, 68], [40, 40, 40],
]  # fmt: skip


def decoded(data: bytes) -> Pixels:
    """As every way of reading gives it."""
    whole = np.asarray(upright(data, NAME))
    height, width = whole.shape[:2]
    for fast in (False, True):
        reader = ImageReader(InputSpec(height, width), fast=fast)
        assert np.abs(reader.decode(data, NAME).pixels.astype(int) - whole).max() <= 1
    return whole


def tiles(colours: Pixels) -> Image.Image:
    """Each colour as a square, so that lossy formats keep it."""
    return Image.fromarray(np.repeat(np.repeat(colours, 16, axis=0), 16, axis=1))


def seen(data: bytes) -> Pixels:
    """The colours in the middle of the squares."""
    return decoded(data)[8, 8::16]


@pytest.mark.parametrize("space", PROFILES)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
        ("JPEG", {"quality": 100, "subsampling": 0, "progressive": True}),
        ("MPO", {"quality": 100, "subsampling": 0}),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_colours_are_those_that_a_browser_draws(space: str, kind: str, options: dict[str, object]) -> None:
    data = encoded(tiles(PATCHES), kind, icc_profile=PROFILES[space], **options)
    lossy = kind in ("JPEG", "MPO", "AVIF")
    assert np.abs(seen(data).astype(int) - DRAWN[space]).max() <= (5 if lossy else 1)


def test_transparent_and_indexed_colours_have_a_profile_too() -> None:
    profile = PROFILES["Adobe RGB"]
    rgba = tiles(PATCHES)
    rgba.putalpha(255)
    rgba.putpixel((0, 0), (0, 0, 0, 0))
    indexed = tiles(PATCHES).quantize(16)
    for image in (rgba, indexed):
        found = seen(encoded(image, "PNG", icc_profile=profile))
        assert np.abs(found.astype(int) - DRAWN["Adobe RGB"]).max() <= 1
    assert (decoded(encoded(rgba, "PNG", icc_profile=profile))[0, 0] == 255).all()


@pytest.mark.parametrize(("gamma", "drawn"), [(1.8, (0, 77, 146, 210, 255)), (2.2, (0, 57, 129, 201, 255))])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_grey(gamma: float, drawn: tuple[int, ...], kind: str) -> None:
    grey = tiles(np.array([[0, 60, 128, 200, 255]], np.uint8))
    found = seen(encoded(grey, kind, icc_profile=grey_profile(gamma), **({"quality": 100} if kind == "JPEG" else {})))
    assert np.abs(found.astype(int) - np.array(drawn)[:, None]).max() <= 2


def test_grey_with_a_profile_for_rgb_is_grey_in_that_space() -> None:
    grey = tiles(np.array([[0, 128, 255]], np.uint8))
    for kind in ("PNG", "JPEG"):
        found = seen(encoded(grey, kind, icc_profile=PROFILES["ProPhoto"]))
        assert np.abs(found.astype(int) - [[0] * 3, [146] * 3, [255] * 3]).max() <= 1  # as in the table above


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    inks = np.array(list(PRINTED), np.uint8)[None] * 255
    image = Image.fromarray(np.repeat(np.repeat(inks, 16, axis=0), 16, axis=1), "CMYK")
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    found = seen(encoded(image, kind, icc_profile=cmyk_profile(PRINTED), **options))
    assert np.abs(found.astype(int) - PRINTED_IN_SRGB).max() <= 3


def lying(profile: bytes, at: int, value: bytes) -> bytes:
    return profile[:at] + value + profile[at + len(value) :]


@pytest.mark.parametrize(
    "profile",
    [
        b"nonsense",
        PROFILES["ProPhoto"][:100],
        PROFILES["ProPhoto"][:200],
        lying(PROFILES["ProPhoto"], 36, b"acsq"),
        lying(PROFILES["ProPhoto"], 16, b"Luv "),
        lying(PROFILES["ProPhoto"], 128, b"\xff\xff\xff\xff"),
        grey_profile(1.0),
        cmyk_profile(PRINTED),
    ],
    ids=["nonsense", "header cut", "tags cut", "signature", "space", "endless", "of grey", "of inks"],
)
def test_a_profile_that_cannot_be_meant_is_ignored(profile: bytes) -> None:
    assert not np.abs(decoded(encoded(tiles(PATCHES), "PNG", icc_profile=profile))[8, 8::16] - PATCHES[0]).any()
    jpeg = encoded(tiles(PATCHES), "JPEG", quality=100, subsampling=0)
    assert np.array_equal(
        decoded(encoded(tiles(PATCHES), "JPEG", quality=100, subsampling=0, icc_profile=profile)), decoded(jpeg)
    )


def test_cmyk_with_a_profile_for_rgb_is_as_without_one() -> None:
    image = Image.new("CMYK", (16, 16), (255, 128, 0, 64))
    plain = decoded(encoded(image, "TIFF"))
    assert np.array_equal(decoded(encoded(image, "TIFF", icc_profile=PROFILES["ProPhoto"])), plain)


@pytest.mark.parametrize("name", ["sRGB", "sRGB with rounded numbers"])
def test_srgb_costs_nothing(name: str) -> None:
    rounded = rgb_profile([[round(number, 4) for number in colour] for colour in SRGB], SRGB_CURVE)
    assert not changes_colours(PROFILES["sRGB"] if name == "sRGB" else rounded)
    assert all(changes_colours(PROFILES[name]) for name in PROFILES if name != "sRGB")
    # A curve of gamma 2.2 is not that of sRGB: in the dark it is up to eight levels off.
    assert changes_colours(rgb_profile(SRGB, 2.2))


# What PNG says without a profile. Expected: as Chromium 156 draws the patches.

RED = PATCHES[0, 3]


def chromaticities(*points: tuple[float, float]) -> bytes:
    return struct.pack(">8I", *[round(number * 100_000) for point in points for number in point])


ADOBE_POINTS = chromaticities((0.3127, 0.329), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SRGB_POINTS = chromaticities((0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06))


def gamma(share: int) -> bytes:
    return png_chunk(b"gAMA", struct.pack(">I", share))


def code_points(primaries: int, transfer: int) -> bytes:
    return png_chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


PROPHOTO_CHUNK = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILES["ProPhoto"]))


@pytest.mark.parametrize(
    ("chunks", "drawn"),
    [
        ([code_points(12, 13)], DRAWN["Display P3"]),
        ([code_points(12, 13), PROPHOTO_CHUNK], DRAWN["Display P3"]),  # it comes before a profile
        ([code_points(1, 13)], PATCHES[0]),
        ([code_points(2, 2)], PATCHES[0]),
        ([code_points(99, 13)], PATCHES[0]),
        ([gamma(45_471), png_chunk(b"cHRM", ADOBE_POINTS)], DRAWN["Adobe RGB"]),
        ([png_chunk(b"cHRM", ADOBE_POINTS)], PATCHES[0]),
        ([gamma(45_455)], PATCHES[0]),
        ([gamma(45_455), png_chunk(b"cHRM", SRGB_POINTS)], PATCHES[0]),
        ([png_chunk(b"sRGB", b"\0"), gamma(100_000)], PATCHES[0]),
        ([gamma(100_000), damaged(PROPHOTO_CHUNK)], None),
        ([gamma(0)], PATCHES[0]),
        ([PROPHOTO_CHUNK, gamma(100_000)], DRAWN["ProPhoto"]),
        ([damaged(PROPHOTO_CHUNK)], PATCHES[0]),
        ([png_chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILES["ProPhoto"])[:-40])], PATCHES[0]),
        ([png_chunk(b"iCCP", b"no end of the name")], PATCHES[0]),
    ],
)
def test_what_a_png_says_of_its_colours(chunks: list[bytes], drawn: list[list[int]] | None) -> None:
    found = decoded(rgb_png(PATCHES, *chunks))[0]
    if drawn is None:  # linear light
        light = PATCHES[0] / 255
        drawn = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert np.abs(found.astype(int) - drawn).max() <= 1


def test_code_points_of_an_avif() -> None:
    data = encoded(tiles(PATCHES), "AVIF", quality=100, subsampling="4:4:4")
    at = data.index(b"colrnclx")
    assert data[at + 8 : at + 12] == b"\0\1\0\r"  # sRGB
    assert np.abs(seen(data).astype(int) - PATCHES[0]).max() <= 3
    data = data[: at + 8] + b"\0\x0c\0\r" + data[at + 12 :]
    assert np.abs(seen(data).astype(int) - DRAWN["Display P3"]).max() <= 4


def test_the_profile_of_a_bmp() -> None:
    profile, pixels = PROFILES["Display P3"], np.asarray(tiles(PATCHES))
    height, width = pixels.shape[:2]
    header = struct.pack("<IiiHHIIiiII", 124, width, -height, 1, 24, 0, pixels.size, 0, 0, 0, 0)
    header += bytes(16) + b"DEBM" + bytes(48) + struct.pack("<IIII", 4, 124 + pixels.size, len(profile), 0)
    assert len(header) == 124
    body = pixels[..., ::-1].tobytes()
    data = b"BM" + struct.pack("<IHHI", 138 + len(body) + len(profile), 0, 0, 138) + header + body + profile
    assert np.abs(seen(data).astype(int) - DRAWN["Display P3"]).max() <= 1


# Cameras that say Adobe RGB in EXIF alone


def of_a_camera(colour_space: int, interoperability: str) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = colour_space
    exif.get_ifd(0x8769)[0xA005] = {1: interoperability} if interoperability else {}
    return exif


@pytest.mark.parametrize(
    ("colour_space", "interoperability", "profile", "space"),
    [
        (0xFFFF, "R03", b"", "Adobe RGB"),
        (2, "", b"", "Adobe RGB"),
        (1, "R98", b"", "sRGB"),
        (0xFFFF, "", b"", "sRGB"),
        (0xFFFF, "R03", PROFILES["Display P3"], "Display P3"),
        (0xFFFF, "R03", PROFILES["sRGB"], "sRGB"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "lossless"),
    [("JPEG", {"quality": 100, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True, "exact": True})],
)
def test_a_camera_says_adobe_rgb_without_a_profile(
    colour_space: int, interoperability: str, profile: bytes, space: str, kind: str, lossless: dict[str, object]
) -> None:
    exif = of_a_camera(colour_space, interoperability)
    options = {"icc_profile": profile} if profile else {}
    data = encoded(tiles(PATCHES), kind, exif=exif.tobytes(), **lossless, **options)
    assert np.abs(seen(data).astype(int) - DRAWN[space]).max() <= 5


def test_scaling_before_conversion_moves_little() -> None:
    """Colours are converted at the size of the model's input."""
    y, x = np.mgrid[0:256, 0:256]
    pixels = np.stack([128 + 100 * np.sin(x / step) * np.cos(y / (step + 1)) for step in (9, 15, 24)], axis=-1)
    image = Image.fromarray(pixels.astype(np.uint8))
    data = encoded(image, "PNG", icc_profile=PROFILES["Display P3"])
    before = np.asarray(upright(data, NAME).resize((64, 64), Image.Resampling.BILINEAR))
    after = ImageReader(InputSpec(64, 64)).decode(data, NAME).pixels
    assert np.abs(before.astype(int) - after).mean() < 1


def test_a_thumbnail_is_in_srgb_and_has_no_profile() -> None:
    data = encoded(tiles(PATCHES), "JPEG", quality=100, subsampling=0, icc_profile=PROFILES["ProPhoto"])
    with Image.open(io.BytesIO(thumbnail_of(data, NAME, 160))) as small:
        assert "icc_profile" not in small.info
        assert np.abs(np.asarray(small)[8, 8::16].astype(int) - DRAWN["ProPhoto"]).max() <= 16


def test_grey_of_sixteen_bits_has_a_profile_too() -> None:
    grey = np.full((8, 8), 128 * 257, np.uint16)
    data = png(grey, 0, 16, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(grey_profile(1.8))))
    assert np.abs(decoded(data).astype(int) - 146).max() <= 1
