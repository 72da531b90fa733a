"""The one table of formats: names, first bytes, and what becomes of each."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from fashion_cli.crawling.state.photographs import SUFFIXES
from fashion_cli.data.image_formats import FORMATS, IMAGE_SUFFIXES, READABLE, WEB_FORMATS, format_named, media_type
from fashion_cli.data.images import ImageReader, find_images
from fashion_cli.data.images.opening import _DECODERS
from fashion_cli.errors import ImageError
from fashion_cli.web.page import UPLOADED_TYPES
from tests.data.images.encoding import encoded
from tests.data.images.reading import SPEC, smooth

# How files of each begin that cannot be read
BEGINNINGS = {
    "JPEG XL": (b"\xff\x0a\xfa\x1f", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl "),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", b"\xff\x4f\xff\x51\0\x2f"),
    "JPEG XR": (b"II\xbc\x01\x08\0\0\0",),
    "Photoshop": (b"8BPS\0\1", b"8BPS\0\2"),
    "GIMP": (b"gimp xcf v011\0",),
    "SVG": (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg>',
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd"><svg width="1">',
    ),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0",),
    "OpenEXR": (b"\x76\x2f\x31\x01\x02\0\0\0",),
    "Radiance": (b"#?RADIANCE\n",),
    "QOI": (b"qoif\0\0\0\x20",),
    "icon": (b"\0\0\1\0\2\0\x10\x10", b"icns\0\0\1\0"),
    "camera raw": (
        b"II*\0\x10\0\0\0CR\x02\0",
        b"II\x1a\0\0\0HEAPCCDR",
        b"\0\0\0\x18ftypcrx \0\0\0\1",
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0\0\0",
        b"IIU\0\x18\0\0\0",
        b"FOVb\0\0\0\0",
    ),
}


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(ImageError) as raised:
        ImageReader(SPEC).decode(data, Path(name))
    return str(raised.value).removeprefix(f"{name}: ")


def test_each_suffix_names_one_format() -> None:
    suffixes = [suffix for each in FORMATS for suffix in each.suffixes]
    assert len(suffixes) == len(set(suffixes)) == len(IMAGE_SUFFIXES)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
    assert {".mpo", ".hif", ".heic", ".jxl", ".dng", ".psd", ".svg", ".apng"} <= IMAGE_SUFFIXES


def test_what_is_readable_has_a_decoder_and_all_else_an_advice() -> None:
    base = {each for each in READABLE if not each.extra}
    assert base == set(_DECODERS)
    assert all(bool(each.advice) == (each not in base) for each in FORMATS)


def test_crawler_and_page_take_what_browsers_draw() -> None:
    assert {each.name for each in WEB_FORMATS} == {"JPEG", "PNG", "WebP", "AVIF", "GIF"}
    assert list(UPLOADED_TYPES) == list(SUFFIXES) == [each.media_type for each in WEB_FORMATS]
    assert SUFFIXES["image/jpeg"] == ".jpg"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "MPO"])
def test_the_first_bytes_count_and_not_the_name(kind: str) -> None:
    data = encoded(smooth(32, 32), kind)
    assert media_type(data) == f"image/{'jpeg' if kind == 'MPO' else kind.lower()}"
    for suffix in (".jpg", ".png", ".dng", ".svg", ".txt", ""):
        assert ImageReader(SPEC).decode(data, Path(f"x{suffix}")).width == 32


@pytest.mark.parametrize(("name", "start"), [(name, start) for name, starts in BEGINNINGS.items() for start in starts])
def test_what_cannot_be_read_is_named_by_its_first_bytes(name: str, start: bytes) -> None:
    advice = next(each.advice for each in FORMATS if each.name == name)
    assert refusal("x.jpg", start + bytes(200)) == f"{name} cannot be read: {advice}"
    assert media_type(start + bytes(200)) == ""


@pytest.mark.parametrize("suffix", sorted(suffix for each in FORMATS if each.advice for suffix in each.suffixes))
def test_what_cannot_be_read_is_named_by_its_suffix(suffix: str) -> None:
    known = format_named(f"x{suffix.upper()}")
    assert known is not None
    assert refusal(f"x{suffix}", b"no telling what this is") == f"{known.name} cannot be read: {known.advice}"


def test_folders_are_searched_for_all_of_them(tmp_path: Path) -> None:
    for suffix in IMAGE_SUFFIXES:
        (tmp_path / f"x{suffix}").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert {path.suffix for path in find_images([tmp_path])} == IMAGE_SUFFIXES


def test_heic_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    assert refusal("x.heic", data) == "HEIC cannot be read: pip install 'fashion-cli[heif]', or save it as JPEG"
    assert media_type(data) == "image/heic"


def test_a_second_brand_does_not_make_an_avif_heic() -> None:
    data = encoded(Image.new("RGB", (32, 32)), "AVIF")
    assert media_type(data[:8] + b"mif1" + data[12:]) == "image/avif"
