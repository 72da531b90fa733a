"""A photograph's file loses all that it says besides the picture, and the picture stays as it was.

The oracle is Pillow, and the bytes themselves: every secret that a file is given here must be nowhere in the result.
"""

import io
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, PngImagePlugin

from fashion_cli.data.metadata import LayoutError, strip_metadata
from fashion_cli.data.metadata.orientation import exif_of, orientation

SECRETS = (b"52,31,12", b"secret-owner", b"secret-camera", b"secret-xmp", b"secret-comment", b"secret-film")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">secret-xmp</x:xmpmeta>'
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
FORMATS = ("JPEG", "progressive", "MPO", "PNG", "WEBP", "lossless WEBP", "GIF", "AVIF")


def drawing(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    return Image.fromarray(values).resize(size).convert(mode)


def exif(turned: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = turned
    tags[0x013B] = "secret-owner"  # Artist
    tags[0x0110] = "secret-camera"  # Model
    place = tags.get_ifd(0x8825)
    place[1], place[2], place[29] = "N", (52.0, 31.0, 12.0), "52,31,12"
    tags.get_ifd(0x8769)[0xA430] = "secret-owner"  # CameraOwnerName
    return tags


def photograph(kind: str, turned: int = 1) -> bytes:
    """A picture whose file says everything that one of its kind can."""
    stream, picture, tags = io.BytesIO(), drawing(), exif(turned)
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Author", "secret-owner")
        text.add_text("Comment", "secret-comment", zip=True)
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        picture.save(stream, "PNG", pnginfo=text, exif=tags, icc_profile=PROFILE, dpi=(300, 300))
    elif kind == "GIF":
        frames = [drawing(), ImageOps.mirror(drawing())]
        frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], comment=b"secret-comment", loop=3)
        data = stream.getvalue()
        owner = b"\x21\xff\x0bXMP DataXMP" + bytes((len(XMP),)) + XMP + b"\0"
        return data[:-1] + owner + b"\x21\xfe\x0csecret-owner\0\x3bsecret-film"
    elif kind == "AVIF":
        picture.save(stream, "AVIF", exif=tags, xmp=XMP, icc_profile=PROFILE, quality=90)
    elif kind.endswith("WEBP"):
        picture.save(stream, "WEBP", exif=tags, xmp=XMP, icc_profile=PROFILE, lossless=kind != "WEBP")
        return stream.getvalue() + b"secret-film"
    elif kind == "MPO":
        picture.save(stream, "MPO", save_all=True, append_images=[drawing("L")], exif=tags, icc_profile=PROFILE)
        return stream.getvalue() + b"secret-film"
    else:
        picture.save(
            stream,
            "JPEG",
            exif=tags,
            xmp=XMP,
            icc_profile=PROFILE,
            comment="secret-comment",
            progressive=kind == "progressive",
            quality=80,
        )
        iptc = b"\xff\xed\x00\x20Photoshop 3.0\0secret-owner....".ljust(34, b".")
        return stream.getvalue()[:2] + iptc + stream.getvalue()[2:] + b"secret-film"
    return stream.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def pixels(data: bytes) -> list[np.ndarray]:
    picture = Image.open(io.BytesIO(data))
    frames = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        frames.append(np.asarray(picture.convert("RGBA")))
    return frames


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_said_any_more_and_the_pixels_are_the_same(kind: str) -> None:
    data = photograph(kind)
    assert any(secret in data for secret in SECRETS)
    stripped = strip_metadata(data)
    assert [secret for secret in SECRETS if secret in stripped] == []
    before, after = pixels(data), pixels(stripped)
    if kind == "MPO":
        before = before[:1]
    assert len(before) == len(after)
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))
    picture = opened(stripped)
    assert {0x013B, 0x0110, 0x8825, 0x8769}.isdisjoint(picture.getexif())
    assert {"comment", "Author", "Comment", "xmp", "XML:com.adobe.xmp"}.isdisjoint(picture.info)
    if kind != "GIF":
        assert picture.info["icc_profile"] == PROFILE


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "GIF"])
def test_it_stays_turned_as_it_was(kind: str, turned: int) -> None:
    data = photograph(kind, turned)
    before, after = (ImageOps.exif_transpose(opened(each)) for each in (data, strip_metadata(data)))
    assert before.size == after.size
    assert np.array_equal(np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB")))


def test_stripping_again_changes_nothing() -> None:
    for kind in FORMATS:
        once = strip_metadata(photograph(kind, 6))
        assert strip_metadata(once) == once


def test_an_animation_stays_one() -> None:
    assert opened(strip_metadata(photograph("GIF"))).info["loop"] == 3
    for kind in ("PNG", "WEBP"):
        stream = io.BytesIO()
        drawing().save(
            stream, kind, save_all=True, append_images=[ImageOps.flip(drawing())], duration=70, loop=2, exif=exif()
        )
        stripped = strip_metadata(stream.getvalue())
        assert b"secret" not in stripped
        assert len(pixels(stripped)) == 2
        assert all(np.array_equal(*pair) for pair in zip(pixels(stream.getvalue()), pixels(stripped), strict=True))


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_a_jpeg_keeps_its_colours(mode: str) -> None:
    stream = io.BytesIO()
    drawing(mode).save(stream, "JPEG", exif=exif())
    stripped = opened(strip_metadata(stream.getvalue()))
    assert stripped.mode == mode
    assert np.array_equal(np.asarray(stripped), np.asarray(opened(stream.getvalue())))


def test_a_jpeg_loses_its_small_pictures() -> None:
    data = strip_metadata(photograph("JPEG"))
    small = b"\xff\xd8secret-small"
    jfif = b"\xff\xe0" + (16 + 3).to_bytes(2, "big") + b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01" + b"\x41\x42\x43"
    jfxx = b"\xff\xe0" + (8 + len(small)).to_bytes(2, "big") + b"JFXX\0\x10" + small
    without_jfif = data[:2] + data[20:]
    stripped = strip_metadata(without_jfif[:2] + jfif + jfxx + without_jfif[2:])
    assert b"secret-small" not in stripped
    assert b"\x41\x42\x43" not in stripped[:30]
    assert np.array_equal(pixels(stripped)[0], pixels(data)[0])


def test_a_jpeg_without_its_end_stays_readable() -> None:
    data = photograph("JPEG").removesuffix(b"secret-film")[:-20]
    stripped = strip_metadata(data)
    assert b"secret" not in stripped
    assert isinstance(Image.open(io.BytesIO(stripped)), JpegImagePlugin.JpegImageFile)


def test_segments_between_scans_are_dropped_too() -> None:
    data = photograph("progressive")
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    stripped = strip_metadata(data[:second] + b"\xff\xff\xfe\x00\x10secret-comment" + data[second:])
    assert b"secret" not in stripped
    assert np.array_equal(pixels(stripped)[0], pixels(data)[0])


def test_private_chunks_and_what_is_behind_the_end_are_dropped() -> None:
    data = photograph("PNG")
    private = b"\0\0\0\x0csePRsecret-owner" + zlib.crc32(b"sePRsecret-owner").to_bytes(4, "big")
    stripped = strip_metadata(data[:33] + private + data[33:] + b"secret-film")
    assert b"secret" not in stripped
    assert opened(stripped).info["dpi"] == pytest.approx((300, 300), abs=0.1)


def _tiff() -> bytes:
    stream = io.BytesIO()
    drawing().save(stream, "TIFF", exif=exif())
    return stream.getvalue()


def _bmp() -> bytes:
    stream = io.BytesIO()
    drawing().save(stream, "BMP")
    return stream.getvalue()


def _avif_film() -> bytes:
    stream = io.BytesIO()
    drawing().save(stream, "AVIF", save_all=True, append_images=[ImageOps.flip(drawing())], exif=exif())
    return stream.getvalue()


@pytest.mark.parametrize("make", [_tiff, _bmp, _avif_film, bytes, lambda: b"no photograph"])
def test_what_cannot_be_taken_apart_is_named(make: Callable[[], bytes]) -> None:
    with pytest.raises(LayoutError):
        strip_metadata(make())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_file_is_followed_or_named(kind: str) -> None:
    data, rng = photograph(kind, 6), np.random.default_rng(1)
    for _ in range(300):
        broken = bytearray(data[: int(rng.integers(12, len(data)))] if rng.random() < 0.5 else data)
        for place in rng.integers(12, len(broken), 3) if len(broken) > 12 else ():
            broken[place] = rng.integers(256)
        try:
            stripped = strip_metadata(bytes(broken))
        except LayoutError:
            continue
        assert len(stripped) <= len(broken) + 40


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_orientation_is_read_in_both_orders(order: str) -> None:
    for value in range(1, 9):
        tags = Image.Exif()
        tags.endian = order
        tags[0x0112] = value
        tags[0x013B] = "someone"
        assert orientation(tags.tobytes().removeprefix(b"Exif\0\0")) == value
    assert orientation(exif_of(6)) == 6
    assert exif_of(1) == b""
    assert [orientation(each) for each in (b"", b"II*\0", b"MM\0*\0\0\xff\xff", b"II*\0\x08\0\0\0\xff\xff")] == [1] * 4
