"""Formats by oddities: what each file is to look like, written out."""

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader, upright
from fashion_cli.model_cards import InputSpec
from tests.data.images.encoding import Pixels, damaged, encoded, png, png_chunk, rgb_png, tiff
from tests.data.images.profiles import ADOBE_RGB, rgb_profile
from tests.data.images.test_orientation import as_stored, exif

NAME = Path("photograph")
SIDE = 24
RNG = np.random.default_rng(5)
COLOURS = RNG.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
GREY = COLOURS[..., 0].copy()
DEEP = RNG.integers(0, 65_536, (SIDE, SIDE), dtype=np.uint16)
ZERO = np.zeros((SIDE, SIDE), np.uint8)
WHITE_IS_ZERO, BLACK_IS_ZERO = 0, 1


def grey(levels: npt.NDArray[np.generic]) -> Pixels:
    """Grey levels of 255 as RGB."""
    return np.dstack([np.rint(levels.astype(np.float64)).astype(np.uint8)] * 3)


def with_alpha(alpha: Pixels, kind: str, colours: Pixels = COLOURS, **options: object) -> bytes:
    mode = "LA" if colours.ndim == 2 else "RGBA"
    return encoded(Image.fromarray(np.dstack([colours, alpha]), mode), kind, **options)


def where(seen: npt.NDArray[np.bool_], colours: Pixels) -> Pixels:
    return np.where(seen[..., None], colours, np.uint8(255))


def transparent(*samples: int) -> bytes:
    return png_chunk(b"tRNS", np.array(samples, ">u2").tobytes())


def text_chunk(name: bytes, size: int) -> bytes:
    packed = zlib.compress(bytes(size))
    head = {b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0en\0\0", b"iCCP": b"icc\0\0"}[name]
    return png_chunk(name, head + packed)


FEW = {bits: RNG.integers(0, 2**bits, (SIDE, SIDE), dtype=np.uint8) for bits in (1, 2, 4)}
LEVELS = {bits: FEW[bits] * (255 // (2**bits - 1)) for bits in FEW}
INDEXED = Image.fromarray(COLOURS).quantize(16)
PALETTE = np.array(INDEXED.getpalette(), np.uint8).reshape(-1, 3)
ADOBE = rgb_profile(ADOBE_RGB, 2.2)
HALF = np.where(np.arange(SIDE) < SIDE // 2, 0, 255).astype(np.uint8)[None].repeat(SIDE, 0)

# name -> (file, what is seen)
CASES: dict[str, tuple[bytes, Pixels]] = {
    # Depth
    "TIFF: 16 bits": (tiff(DEEP, BLACK_IS_ZERO), grey(DEEP / 257)),
    "TIFF: 16 bits, white is zero": (tiff(DEEP, WHITE_IS_ZERO), grey(255 - DEEP / 257)),
    "TIFF: 16 bits, white is zero, other byte order": (tiff(DEEP, WHITE_IS_ZERO, order=">"), grey(255 - DEEP / 257)),
    "TIFF: 8 bits, white is zero": (tiff(GREY, WHITE_IS_ZERO), grey(255 - GREY)),
    "TIFF: 32 bits": (tiff(DEEP.astype(np.uint32) << 16, BLACK_IS_ZERO), grey(DEEP / 257)),
    "TIFF: 32 bits, white is zero": (tiff(DEEP.astype(np.uint32) << 16, WHITE_IS_ZERO), grey(255 - DEEP / 257)),
    "TIFF: 32 bits that hold 16": (
        tiff(np.maximum(DEEP, 256).astype(np.uint32), BLACK_IS_ZERO),
        grey(np.maximum(DEEP, 256) / 257),
    ),
    "TIFF: floats up to 1": (tiff(GREY.astype(np.float32) / 255, BLACK_IS_ZERO), grey(GREY)),
    "TIFF: floats up to 1, white is zero": (tiff(GREY.astype(np.float32) / 255, WHITE_IS_ZERO), grey(255 - GREY)),
    "TIFF: floats up to 255": (tiff(GREY.astype(np.float32), BLACK_IS_ZERO), grey(GREY)),
    "TIFF: floats up to 65,535": (tiff(DEEP.astype(np.float32), BLACK_IS_ZERO), grey(DEEP / 257)),
    "TIFF: RGB of 16 bits": (tiff(COLOURS.astype(np.uint16) * 257, 2), COLOURS),
    "TIFF: one bit": (encoded(Image.fromarray(GREY > 127), "TIFF"), grey(np.where(GREY > 127, 255, 0))),
    "TIFF: one bit, faxed": (
        encoded(Image.fromarray(GREY > 127), "TIFF", compression="group4"),
        grey(np.where(GREY > 127, 255, 0)),
    ),
    "PNG: RGB of 16 bits": (png(COLOURS.astype(np.uint16) * 257, 2, 16), COLOURS),
    **{f"PNG: grey of {bits} bits": (png(FEW[bits], 0, bits), grey(LEVELS[bits])) for bits in FEW},
    # One colour that means that nothing is there
    **{
        f"PNG: grey of {bits} bits, transparent value": (
            png(FEW[bits], 0, bits, transparent(1)),
            where(FEW[bits] != 1, grey(LEVELS[bits])),
        )
        for bits in FEW
    },
    "PNG: grey of 8 bits, transparent value": (
        png(GREY, 0, 8, transparent(int(GREY[3, 3]))),
        where(GREY[3, 3] != GREY, grey(GREY)),
    ),
    "PNG: grey of 16 bits, transparent value": (
        png(DEEP, 0, 16, transparent(int(DEEP[3, 3]))),
        where(DEEP[3, 3] != DEEP, grey(DEEP / 257)),
    ),
    "PNG: RGB of 8 bits, transparent value": (
        rgb_png(COLOURS, transparent(*COLOURS[3, 3].tolist())),
        where((COLOURS[3, 3] != COLOURS).any(axis=-1), COLOURS),
    ),
    "PNG: RGB of 16 bits, transparent value": (
        png(COLOURS.astype(np.uint16) * 257, 2, 16, transparent(*(COLOURS[3, 3].astype(int) * 257).tolist())),
        where((COLOURS[3, 3] != COLOURS).any(axis=-1), COLOURS),
    ),
    "PNG: transparent value with a wrong checksum": (
        png(GREY, 0, 8, damaged(transparent(int(GREY[3, 3])))),
        grey(GREY),
    ),
    # Alpha
    "PNG: half of it transparent": (with_alpha(HALF, "PNG"), where(HALF > 0, COLOURS)),
    "PNG: alpha zero everywhere": (with_alpha(ZERO, "PNG"), COLOURS),
    "PNG: alpha of 16 bits zero everywhere": (
        png(np.dstack([COLOURS.astype(np.uint16) * 257, ZERO.astype(np.uint16)]), 6, 16),
        COLOURS,
    ),
    "PNG: grey, alpha zero everywhere": (with_alpha(ZERO, "PNG", GREY), grey(GREY)),
    "PNG: palette of transparent colours": (
        encoded(INDEXED, "PNG", transparency=bytes(16)),
        PALETTE[np.asarray(INDEXED)],
    ),
    "PNG: transparent colours of a palette with a wrong checksum": (
        encoded(INDEXED, "PNG", transparency=bytes(8)).replace(
            png_chunk(b"tRNS", bytes(8)), damaged(png_chunk(b"tRNS", bytes(8)))
        ),
        PALETTE[np.asarray(INDEXED)],
    ),
    "TIFF: alpha zero everywhere": (with_alpha(ZERO, "TIFF"), COLOURS),
    "WebP: alpha zero everywhere": (with_alpha(ZERO, "WEBP", lossless=True, exact=True), COLOURS),
    "PNG: nothing at all": (encoded(Image.new("RGBA", (SIDE, SIDE)), "PNG"), where(ZERO > 0, COLOURS)),
    "PNG: one colour, alpha zero everywhere": (
        encoded(Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, 0)), "PNG"),
        where(ZERO > 0, COLOURS),
    ),
    # What Pillow refuses a PNG for
    "PNG: large compressed text": (rgb_png(COLOURS, text_chunk(b"zTXt", 3 << 20)), COLOURS),
    "PNG: large compressed international text": (rgb_png(COLOURS, text_chunk(b"iTXt", 3 << 20)), COLOURS),
    "PNG: large compressed profile": (rgb_png(COLOURS, text_chunk(b"iCCP", 3 << 20)), COLOURS),
    "PNG: enormous compressed profile": (rgb_png(COLOURS, text_chunk(b"iCCP", 40 << 20)), COLOURS),
    "PNG: a hundred large texts": (rgb_png(COLOURS, *[text_chunk(b"zTXt", 1 << 20)] * 100), COLOURS),
    "PNG: text with a wrong checksum": (rgb_png(COLOURS, damaged(text_chunk(b"zTXt", 9))), COLOURS),
    "PNG: resolution with a wrong checksum": (rgb_png(COLOURS, damaged(png_chunk(b"pHYs", bytes(9)))), COLOURS),
    "PNG: time with a wrong checksum": (rgb_png(COLOURS, damaged(png_chunk(b"tIME", bytes(7)))), COLOURS),
    "PNG: EXIF with a wrong checksum": (rgb_png(COLOURS, damaged(png_chunk(b"eXIf", exif(6)[6:]))), COLOURS),
    "PNG: chunks of no known kind": (rgb_png(COLOURS, png_chunk(b"prVt", bytes(99)), png_chunk(b"abCd", b"")), COLOURS),
    "PNG: chunks that are too short": (
        rgb_png(
            COLOURS, *(png_chunk(name, b"") for name in (b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"iCCP", b"tRNS", b"cICP"))
        ),
        COLOURS,
    ),
    # CMYK without a profile: the plain formula, as browsers
    "TIFF: CMYK": (
        tiff(np.dstack([COLOURS, ZERO]), 5),
        (255 - COLOURS).astype(np.uint8),
    ),
    "TIFF: CMYK of 16 bits": (
        tiff(np.dstack([COLOURS, ZERO]).astype(np.uint16) * 257, 5),
        (255 - COLOURS).astype(np.uint8),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_oddity(name: str) -> None:
    data, expected = CASES[name]
    for found in (np.asarray(upright(data, NAME)), ImageReader(InputSpec(SIDE, SIDE)).decode(data, NAME).pixels):
        assert np.abs(found.astype(int) - expected).max() <= 1


def test_twelve_bits() -> None:
    values = DEEP >> 4
    pairs = values.reshape(-1, 2).astype(np.uint32)
    packed = (pairs[:, 0] << 12 | pairs[:, 1]).astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    for photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        data = bytearray(tiff(np.frombuffer(packed, np.uint8).reshape(SIDE, -1), photometric))
        for tag, value in ((256, SIDE), (258, 12)):
            at = re.search(re.escape(tag.to_bytes(2, "little")) + rb"[\x03\x04]\0\x01\0\0\0", bytes(data))
            assert at is not None
            data[at.end() : at.end() + 4] = value.to_bytes(4, "little")
        expected = grey(values / 4095 * 255)
        found = np.asarray(upright(bytes(data), NAME))
        assert np.abs(found.astype(int) - (expected if photometric else 255 - expected)).max() <= 1


def test_lab() -> None:
    """CIELab, as printers keep photographs: L from 0 to 255, a and b from -128 to 127."""
    lab = np.array([[[255, 0, 0], [0, 0, 0], [137, 0, 0], [136, 208, 195], [224, 177, 181]]], np.uint8)
    rgb = [[255, 255, 255], [0, 0, 0], [128, 128, 128]]  # white, black, L = 53.6
    found = np.asarray(upright(tiff(lab, 8), NAME))[0].astype(int)
    assert np.abs(found[:3] - rgb).max() <= 2
    assert found[3, 2] > found[3, 0] + 80  # a = -48, b = -61: blue
    assert found[4, 1] > found[4, 0] + 80  # a = -79, b = -75: blue and green


# An orientation in XMP alone


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)
STILL: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "TIFF": {},
}


def in_xmp(kind: str) -> bytes:
    if kind == "PNG":
        return rgb_png(COLOURS, png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP))
    if kind == "TIFF":
        tags = Image.Exif()
        tags[700] = XMP
        return encoded(Image.fromarray(COLOURS), kind, tiffinfo=tags)
    return encoded(Image.fromarray(COLOURS), kind, xmp=XMP, **STILL[kind])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("fast", [False, True])
def test_an_orientation_in_xmp_turns_nothing(kind: str, fast: bool) -> None:
    data = in_xmp(kind)
    assert b'tiff:Orientation="6"' in data
    found = ImageReader(InputSpec(SIDE, SIDE), fast=fast).decode(data, NAME).pixels
    plain = upright(encoded(Image.fromarray(COLOURS), kind, **STILL.get(kind, {})), NAME)
    assert np.array_equal(found, np.asarray(plain))


@pytest.mark.parametrize("orientation", [3, 6])
def test_exif_counts_beside_xmp(orientation: int) -> None:
    stored = as_stored(COLOURS, orientation)
    data = encoded(stored, "WEBP", lossless=True, exif=exif(orientation), xmp=XMP)
    assert np.array_equal(np.asarray(upright(data, NAME)), COLOURS)


def test_a_raw_profile_in_a_text_of_a_png_turns_nothing() -> None:
    text = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n" % len(exif(6)) + exif(6).hex().encode())
    data = rgb_png(COLOURS, png_chunk(b"zTXt", text))
    assert np.array_equal(np.asarray(upright(data, NAME)), COLOURS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("value", [0, 9, 65_535, "6", (6, 6)])
def test_an_orientation_that_means_nothing(kind: str, value: object) -> None:
    kinds = {int: (3, 1, b"\0\0"), str: (2, 2, b"6\0\0\0"), tuple: (3, 2, b"\0\6\0\6")}
    type_, count, body = kinds[type(value)]
    body = struct.pack(">HH", value, 0) if isinstance(value, int) else body
    tags = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHI4sI", 1, 0x0112, type_, count, body, 0)
    data = encoded(Image.fromarray(COLOURS), kind, exif=tags, **STILL.get(kind, {}))
    plain = encoded(Image.fromarray(COLOURS), kind, **STILL.get(kind, {}))
    assert np.array_equal(np.asarray(upright(data, NAME)), np.asarray(upright(plain, NAME)))


TURNED_BOXES: list[tuple[int, Callable[[Image.Image], Image.Image]]] = [
    (6, lambda image: image.transpose(Image.Transpose.ROTATE_270)),
    (3, lambda image: image.transpose(Image.Transpose.ROTATE_180)),
    (2, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
]


@pytest.mark.parametrize(("orientation", "turn"), TURNED_BOXES)
def test_an_avif_is_turned_by_its_box_and_not_by_exif(
    orientation: int, turn: Callable[[Image.Image], Image.Image]
) -> None:
    stored = Image.fromarray(COLOURS[: SIDE // 2])
    options = STILL["AVIF"]
    plain = upright(encoded(stored, "AVIF", **options), NAME)
    boxed = encoded(stored, "AVIF", exif=exif(orientation), **options)  # Pillow writes irot and imir for it
    assert b"irot" in boxed or b"imir" in boxed
    assert np.array_equal(np.asarray(upright(boxed, NAME)), np.asarray(turn(plain)))
    if orientation == 6:  # the same with a box that says otherwise: EXIF counts for nothing
        straight = boxed.replace(b"irot\3", b"irot\0")
        assert straight != boxed
        assert np.array_equal(np.asarray(upright(straight, NAME)), np.asarray(plain))
