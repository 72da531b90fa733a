"""Every image format that has a name here: its suffixes, how its files begin, and whether they can be read.

The one table behind the search through folders, the decoder, uploads and the crawler. Knows no pixels.
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from os.path import splitext


@dataclass(frozen=True)
class ImageFormat:
    """A kind of image file.

    Attributes:
        name: What people call it.
        suffixes: In lower case, the usual one first.
        signature: What the first bytes of its files match; None where nothing tells them from other formats.
        media_type: What HTTP calls it; "" for formats that are not read.
        advice: How to get at the picture, for formats that the base installation does not read; else "".
        extra: The extra of `pyproject.toml` that reads it; "" for the base installation or none.
        on_web: Whether shops' pages show it and every browser draws it.
    """

    name: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes] | None
    media_type: str = ""
    advice: str = ""
    extra: str = ""
    on_web: bool = False


JPEG = ImageFormat(
    "JPEG",
    (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".mpo"),
    re.compile(rb"\xff\xd8\xff"),
    "image/jpeg",
    on_web=True,
)
PNG = ImageFormat("PNG", (".png", ".apng"), re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", on_web=True)
WEBP = ImageFormat("WebP", (".webp",), re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp", on_web=True)
AVIF = ImageFormat(
    "AVIF", (".avif", ".avifs"), re.compile(rb".{4}ftyp.{0,56}?avi[fs]", re.DOTALL), "image/avif", on_web=True
)
GIF = ImageFormat("GIF", (".gif",), re.compile(rb"GIF8[79]a"), "image/gif", on_web=True)
BMP = ImageFormat("BMP", (".bmp", ".dib"), re.compile(rb"BM"), "image/bmp")
TIFF = ImageFormat("TIFF", (".tif", ".tiff"), re.compile(rb"II[*+]\0|MM\0[*+]"), "image/tiff")
HEIC = ImageFormat(
    "HEIC",
    (".heic", ".heif", ".hif", ".heics", ".heifs"),
    re.compile(rb".{4}ftyp(hei|hev|mif1|msf1)", re.DOTALL),
    "image/heic",
    advice="pip install 'fashion-cli[heif]', or save it as JPEG",
    extra="heif",
)
RAW = ImageFormat(
    "camera raw",
    (
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".orf", ".rw2", ".raf", ".pef"),
        *(".srw", ".3fr", ".fff", ".iiq", ".x3f", ".kdc", ".dcr", ".rwl", ".erf", ".mrw", ".mos", ".gpr", ".raw"),
    ),
    re.compile(
        rb"II\*\0.{4}CR\x02|II\x1a\0\0\0HEAPCCDR|.{4}ftypcrx |FUJIFILMCCD-RAW|IIR[OS]|MMOR|IIU\0|FOVb|\0MRM", re.DOTALL
    ),
    advice="export it as JPEG",
)
# RAW stands before TIFF, since many of its files begin like one; AVIF before HEIC, with which it shares brands.
_TABLE = (
    JPEG,
    PNG,
    WEBP,
    AVIF,
    GIF,
    BMP,
    RAW,
    TIFF,
    HEIC,
    ImageFormat("JPEG XL", (".jxl",), re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"), advice="save it as JPEG"),
    ImageFormat(
        "JPEG 2000",
        (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
        re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
        advice="save it as JPEG",
    ),
    ImageFormat("JPEG XR", (".jxr", ".wdp", ".hdp"), re.compile(rb"II\xbc\x01"), advice="save it as JPEG"),
    ImageFormat("Photoshop", (".psd", ".psb"), re.compile(rb"8BPS"), advice="export it as PNG or JPEG"),
    ImageFormat("GIMP", (".xcf",), re.compile(rb"gimp xcf"), advice="export it as PNG or JPEG"),
    ImageFormat(
        "SVG",
        (".svg", ".svgz"),
        re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]", re.DOTALL),
        advice="export it as PNG",
    ),
    ImageFormat("PostScript", (".eps",), re.compile(rb"%!PS|\xc5\xd0\xd3\xc6"), advice="export it as PNG"),
    ImageFormat("OpenEXR", (".exr",), re.compile(rb"\x76\x2f\x31\x01"), advice="save it as JPEG"),
    ImageFormat("Radiance", (".hdr",), re.compile(rb"#\?(RADIANCE|RGBE)"), advice="save it as JPEG"),
    ImageFormat("QOI", (".qoi",), re.compile(rb"qoif"), advice="save it as PNG"),
    ImageFormat("Netpbm", (".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".pfm"), None, advice="save it as PNG"),
    ImageFormat("Targa", (".tga",), None, advice="save it as PNG"),
    ImageFormat("icon", (".ico", ".icns"), re.compile(rb"\0\0\x01\0[^\0]\0|icns"), advice="save it as PNG"),
)

FORMATS: tuple[ImageFormat, ...] = _TABLE
_PACKAGES = {"heif": "pillow_heif"}  # extra -> the module that reads the format
_START = 4096  # bytes in which a signature stands, also behind the comments of an SVG
READABLE = tuple(each for each in FORMATS if each.media_type)
WEB_FORMATS = tuple(each for each in FORMATS if each.on_web)
# All that have a name, readable or not: a folder of telephone or camera files must not seem empty.
IMAGE_SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}


def format_of(data: bytes) -> ImageFormat | None:
    """The format that a file begins like."""
    start = data[:_START]
    return next((each for each in FORMATS if each.signature is not None and each.signature.match(start)), None)


def format_named(path: str) -> ImageFormat | None:
    """The format that a file's suffix names."""
    return _BY_SUFFIX.get(splitext(path)[1].lower())


def media_type(data: bytes) -> str:
    """What HTTP calls the bytes of a file, "image/jpeg" for example; "" where they are no photograph."""
    image_format = format_of(data)
    return image_format.media_type if image_format is not None else ""


def why_unreadable(data: bytes, path: str) -> str:
    """Why there is no photograph in the bytes of a file, and what to do."""
    if not data:
        return "empty file"
    image_format = format_of(data) or format_named(path)
    if image_format is not None and image_format.advice:
        return f"{image_format.name} cannot be read: {image_format.advice}"
    return f"not a photograph ({readable_formats()})"


def readable_formats() -> str:
    """What can be read here, in words: "JPEG, PNG, … or HEIC"; where an extra is missing, which one brings more."""
    missing = [each for each in READABLE if each.extra and find_spec(_PACKAGES[each.extra]) is None]
    *others, last = (each.name for each in READABLE if each not in missing)
    more = (f"; {each.name} with pip install 'fashion-cli[{each.extra}]'" for each in missing)
    return f"{', '.join(others)} or {last}{''.join(more)}"
