"""Photographs, read and fitted to a model's input. The only reader of images.

Two decoders give the same pixels (on photographs the mean difference is under 0.01 of 255 grey levels):
Pillow for every format, and torchvision's for JPEG where torch is loaded anyway. Both decode in full with
the exact transform and scale with antialiasing: `draft` and fast transforms move the vectors.

Colour profiles are not applied; CMYK becomes RGB by Pillow's plain formula.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from fashion_cli.data.fitting import Corners, Placement, Size, inside, place
from fashion_cli.data.image_files import (
    IMAGE_SUFFIXES,
    file_sha256,
    find_images,
    one_line,
    printable,
    read_bytes,
)
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.model_cards import InputSpec, Interpolation

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "Box",
    "ImageReader",
    "Photograph",
    "file_sha256",
    "find_images",
    "media_type",
    "thumbnail",
    "thumbnail_of",
    "upright",
]

MAX_PIXELS = 100_000_000

# Chosen by the first bytes, not through `Image.open`: that warns of large images by a process-wide limit,
# and its list of formats is global and filled on demand, while several threads read here.
_READERS: tuple[tuple[re.Pattern[bytes], type[ImageFile.ImageFile]], ...] = (
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), WebPImageFile),
    (re.compile(rb".{4}ftyp.{0,56}?avi[fs]", re.DOTALL), AvifImageFile),
    (re.compile(rb"GIF8[79]a"), GifImageFile),
    (re.compile(rb"BM"), BmpImageFile),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), TiffImageFile),
)
_HEIC = re.compile(rb".{4}ftyp(hei|hev|mif1|msf1)", re.DOTALL)

_FILTERS: dict[Interpolation, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}

_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Box:
    """A part of a photograph, in pixels of the upright photograph, origin top left.

    Raises:
        UsageError: If it begins outside any photograph or is empty.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.x, self.y) < 0 or min(self.width, self.height) < 1:
            raise UsageError(f"box {self}: x and y start at 0, width and height at 1", hint="--box x,y,width,height")

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"

    @classmethod
    def parse(cls, text: str) -> "Box":
        """Read "x,y,width,height".

        Raises:
            UsageError: If the text is anything else.
        """
        try:
            x, y, width, height = (int(number) for number in text.split(","))
        except ValueError:
            raise UsageError(
                f"box {text!r}: not four whole numbers", hint="--box x,y,width,height, in pixels"
            ) from None
        return cls(x, y, width, height)


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph that is ready for a model.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, fitted to the model's input.
        width: Of the upright original, pixels; not of the box.
        height: Of the upright original, pixels; not of the box.
        sha256: Of the file's bytes, hexadecimal.
        size: Of the file, bytes.
        mtime_ns: When the file was last changed, nanoseconds since 1970.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    sha256: str
    size: int
    mtime_ns: int


class ImageReader:
    """Reads photographs for one model. Any number of threads may share one reader.

    Args:
        spec: The model's input.
        fast: Decode JPEG through torchvision. Imports torch.
        max_pixels: A photograph with more is refused before it is decoded. GIF and TIFF are held to Pillow's
            own limit where that is lower, since Pillow would warn.

    Attributes:
        fast: Whether the fast path is in use: False also where the installed torchvision has no JPEG decoder.
    """

    def __init__(self, spec: InputSpec, *, fast: bool = False, max_pixels: int = MAX_PIXELS) -> None:
        self.spec = spec
        self.max_pixels = max_pixels
        self.fast = False
        if fast:
            from fashion_cli.data import jpeg

            self.fast = jpeg.available()

    def read(self, path: Path, box: Box | None = None) -> Photograph:
        """Read a photograph, or a part of it. The file is read once.

        Raises:
            ImageError: If the file cannot be read, is no photograph, is damaged or has too many pixels.
            UsageError: If the box reaches beyond the photograph.
        """
        data, mtime_ns = read_bytes(path)
        return self.decode(data, path, box, mtime_ns)

    def decode(self, data: bytes, path: Path, box: Box | None = None, mtime_ns: int = 0) -> Photograph:
        """Read a photograph, or a part of it, from the bytes of a file.

        Args:
            data: All bytes of the file.
            path: What messages call it; nothing is read there.
            box: The part to look at.
            mtime_ns: When the file was last changed.

        Raises:
            ImageError: As `read`.
            UsageError: As `read`.
        """
        image = _open(path, data, self.max_pixels)
        fitted = self._read_fast(path, data, image, box)
        pixels, (width, height) = fitted if fitted is not None else self._read_pillow(path, image, box)
        digest = hashlib.sha256(data).hexdigest()
        return Photograph(_padded(pixels, self.spec), width, height, digest, len(data), mtime_ns)

    def _read_pillow(
        self, path: Path, image: ImageFile.ImageFile, box: Box | None
    ) -> tuple[npt.NDArray[np.uint8], Size]:
        upright = _upright(path, image)
        placement = place(_inside(path, box, upright.size), self.spec)
        scaled = _resize(_crop(upright, placement.part), placement.size, self.spec.interpolation)
        return _kept(np.asarray(scaled), placement), upright.size

    def _read_fast(
        self, path: Path, data: bytes, image: ImageFile.ImageFile, box: Box | None
    ) -> tuple[npt.NDArray[np.uint8], Size] | None:
        """The same through torchvision; None for what only Pillow can decode or should judge."""
        if not (self.fast and isinstance(image, JpegImageFile) and image.mode in ("RGB", "L")):
            return None
        from fashion_cli.data import jpeg

        try:
            upright = jpeg.decode(data, _orientation(image))
        except RuntimeError:  # damaged: Pillow has the last word, so both paths skip the same files
            return None
        height, width = upright.shape[:2]
        placement = place(_inside(path, box, (width, height)), self.spec)
        scaled = jpeg.scale(upright, placement.part, placement.size, self.spec.interpolation)
        return _kept(scaled, placement), (width, height)


def thumbnail(
    path: Path,
    side: int,
    box: Box | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    kind: Literal["JPEG", "WEBP"] = "JPEG",
) -> bytes:
    """A small upright picture of a photograph, for people to look at.

    Args:
        path: The photograph.
        side: The longest side of the result, at most; nothing is enlarged.
        box: Show only this part.
        max_pixels: As in `ImageReader`.
        kind: Of file. Under 100 pixels, a WebP has half the bytes of a JPEG, most of which are tables there.

    Raises:
        ImageError: As `ImageReader.read`.
        UsageError: As `ImageReader.read`.
    """
    return thumbnail_of(read_bytes(path)[0], path, side, box, max_pixels=max_pixels, kind=kind)


def thumbnail_of(
    data: bytes,
    path: Path,
    side: int,
    box: Box | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    kind: Literal["JPEG", "WEBP"] = "JPEG",
) -> bytes:
    """The same from the bytes of a file that were read already; `path` is what messages call it."""
    image = _open(path, data, max_pixels)
    if box is None:
        image.draft(None, (2 * side, 2 * side))  # decodes a large JPEG smaller: for eyes, never for vectors
    upright = _upright(path, image)
    part = _crop(upright, _inside(path, box, upright.size))
    stream = io.BytesIO()
    size = part.size if max(part.size) <= side else inside(part.size, (side, side))
    _resize(part, size).save(stream, kind, quality=85 if kind == "JPEG" else 70)
    return stream.getvalue()


def media_type(data: bytes) -> str:
    """What HTTP calls the bytes of a file, "image/jpeg" for example; "" where they are no photograph."""
    reader = next((reader for start, reader in _READERS if start.match(data)), None)
    return f"image/{reader.format.lower()}" if reader is not None and reader.format else ""


def upright(data: bytes, path: Path, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A photograph decoded whole from the bytes of a file, upright, RGB; `path` is what messages call it.

    Raises:
        ImageError: If the bytes are no photograph, are damaged or have too many pixels.
    """
    return _upright(path, _open(path, data, max_pixels))


def _open(path: Path, data: bytes, max_pixels: int) -> ImageFile.ImageFile:
    """The header of a photograph. Nothing is decoded yet."""
    reader = next((reader for start, reader in _READERS if start.match(data)), None)
    if reader is None:
        raise ImageError(f"{printable(path)}: {_why_unknown(data)}")
    if reader in (GifImageFile, TiffImageFile):
        max_pixels = min(max_pixels, Image.MAX_IMAGE_PIXELS or max_pixels)
    if reader is GifImageFile and len(data) >= 10:  # Pillow fills a frame while it reads a GIF's header
        _check_pixels(path, int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"), max_pixels)
    with _blaming(path, "damaged header"):
        image = reader(io.BytesIO(data))
    _check_pixels(path, *image.size, max_pixels)
    return image


def _why_unknown(data: bytes) -> str:
    if not data:
        return "empty file"
    if _HEIC.match(data):
        return "HEIC cannot be read: save it as JPEG"
    return "not a photograph (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF)"


def _check_pixels(path: Path, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(
            f"{printable(path)}: {width} x {height} = {width * height:,} pixels, over the limit of {max_pixels:,}"
        )


def _upright(path: Path, image: ImageFile.ImageFile) -> Image.Image:
    """Decode, and turn as the camera was held. RGB."""
    with _blaming(path, "cannot be decoded"):
        image.load()
        rgb = _rgb(image)
    # Asked after `load`: a PNG may say it behind the pixels, and a TIFF is turned by then.
    turn = _TURNS.get(_orientation(image))
    return rgb if turn is None else rgb.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where it is missing or nonsense."""
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001  # damaged EXIF raises almost anything, and the pixels are still good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        alpha = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(alpha, mask=alpha)
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, from its full range: 65,535, or for floats 1 if none is larger, else 255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    full = 65_535 if image.mode != "F" else 1 if values.max() <= 1 else 255
    return Image.fromarray(np.rint(np.clip(values / full, 0, 1) * 255).astype(np.uint8))


def _inside(path: Path, box: Box | None, size: Size) -> Corners:
    """Left, top, right, bottom of the box, or of the whole photograph."""
    if box is None:
        return 0, 0, *size
    right, bottom = box.x + box.width, box.y + box.height
    if right > size[0] or bottom > size[1]:
        raise UsageError(
            f"{printable(path)}: box {box} reaches beyond the photograph",
            hint=f"it has {size[0]} x {size[1]} pixels",
        )
    return box.x, box.y, right, bottom


def _crop(image: Image.Image, corners: Corners) -> Image.Image:
    if corners == (0, 0, *image.size):
        return image
    left, top, right, bottom = corners
    # Not `Image.crop`, which warns by the process-wide limit.
    return Image.fromarray(np.asarray(image)[top:bottom, left:right])


def _resize(image: Image.Image, size: Size, interpolation: Interpolation = "bilinear") -> Image.Image:
    return image if size == image.size else image.resize(size, _FILTERS[interpolation])


def _kept(scaled: npt.NDArray[np.uint8], placement: Placement) -> npt.NDArray[np.uint8]:
    left, top, right, bottom = placement.window
    return scaled[top:bottom, left:right]


def _padded(pixels: npt.NDArray[np.uint8], spec: InputSpec) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    top, left = (spec.height - height) // 2, (spec.width - width) // 2
    canvas = np.full((spec.height, spec.width, 3), spec.padding, dtype=np.uint8)
    canvas[top : top + height, left : left + width] = pixels
    return canvas


@contextmanager
def _blaming(path: Path, what: str) -> Iterator[None]:
    """Around calls of Pillow on a file's bytes: it raises what it likes about damaged ones."""
    try:
        yield
    except Exception as error:
        raise ImageError(f"{printable(path)}: {what} ({one_line(error)})") from error
