"""A photograph's header: which format it is, how large, what its colours mean and how the camera was held."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from fashion_cli.data import image_formats as formats
from fashion_cli.data.image_formats import ImageFormat
from fashion_cli.data.images.boxes import profile_of_boxes
from fashion_cli.data.images.colour import profile_of_camera
from fashion_cli.data.images.orientation import orientation_of, read_exif
from fashion_cli.data.images.png import Png, read_png
from fashion_cli.data.images.tiff import CameraRawError, Tiff, read_tiff
from fashion_cli.errors import ImageError
from fashion_cli.message_text import one_line, printable

MAX_PIXELS = 100_000_000

Decoder = Callable[[io.BytesIO], ImageFile.ImageFile]

# Chosen by the first bytes, not through `Image.open`: that warns of large images by a process-wide limit,
# and its list of formats is global and filled on demand, while several threads read here.
_DECODERS: dict[ImageFormat, Decoder] = {
    formats.JPEG: JpegImageFile,
    formats.PNG: PngImageFile,
    formats.WEBP: WebPImageFile,
    formats.AVIF: AvifImageFile,
    formats.GIF: GifImageFile,
    formats.BMP: BmpImageFile,
    formats.TIFF: TiffImageFile,
}
_BMP_HEADER_V5, _BMP_PROFILE = 124, b"DEBM"  # 'MBED', least significant byte first


@dataclass(frozen=True, eq=False)
class OpenedImage:
    """A photograph whose header was read. Nothing is decoded yet.

    Attributes:
        path: What messages call it.
        data: Of the file.
        format: Of the file.
        image: What decodes it.
        pages: Its pictures, in the order in which to look for one that shows something.
        png: What a PNG says beside its pixels.
        tiff: A TIFF as its decoder sees it.
    """

    path: Path
    data: bytes
    format: ImageFormat
    image: ImageFile.ImageFile
    pages: Sequence[int] = (0,)
    png: Png | None = None
    tiff: Tiff | None = None

    def profile(self) -> bytes:
        """The ICC profile of its colours; b"" for sRGB. Of the page that was decoded last."""
        if self.png is not None:
            return self.png.profile or profile_of_camera(self._exif)
        if self.format is formats.BMP:
            return _profile_of_bmp(self.data)
        if self.format is formats.GIF:
            return b""
        profile = self.image.info.get("icc_profile")
        if isinstance(profile, bytes) and profile:
            return profile
        if self.format in (formats.AVIF, formats.HEIC):
            return profile_of_boxes(self.data)
        return profile_of_camera(self._exif)

    def orientation(self) -> int:
        """As EXIF says, 1 to 8, where the decoder does not turn the picture itself."""
        return 1 if self.format in (formats.TIFF, formats.HEIC) else orientation_of(self._exif)

    @cached_property
    def _exif(self) -> Image.Exif:
        data = self.png.exif if self.png is not None else self.image.info.get("exif", b"")
        return read_exif(data if isinstance(data, bytes) else b"")


def open_image(path: Path, data: bytes, max_pixels: int = MAX_PIXELS) -> OpenedImage:
    """Read the header of a photograph.

    Args:
        path: What messages call it.
        data: All bytes of the file.
        max_pixels: A photograph with more is refused. GIF and TIFF are held to Pillow's own limit where that is
            lower, since Pillow would warn.

    Raises:
        ImageError: If the bytes are no photograph, are damaged or have too many pixels.
    """
    image_format = formats.format_of(data)
    decoder = _decoder(image_format) if image_format is not None else None
    if image_format is None or decoder is None:
        raise ImageError(f"{printable(path)}: {formats.why_unreadable(data, path.name)}")
    if image_format in (formats.GIF, formats.TIFF):
        max_pixels = min(max_pixels, Image.MAX_IMAGE_PIXELS or max_pixels)
    if image_format is formats.GIF and len(data) >= 10:  # Pillow fills a frame while it reads a GIF's header
        check_pixels(path, int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"), max_pixels)
    with naming_photograph(path, "damaged header"):
        png = read_png(data) if image_format is formats.PNG else None
        tiff = read_tiff(data) if image_format is formats.TIFF else None
        rewritten = png or tiff
        image = decoder(io.BytesIO(rewritten.data if rewritten is not None else data))
        pages = tiff.pages if tiff is not None else _frames(image_format, image)
    check_pixels(path, *image.size, max_pixels)
    return OpenedImage(path, data, image_format, image, pages, png, tiff)


def check_pixels(path: Path, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(
            f"{printable(path)}: {width} x {height} = {width * height:,} pixels, over the limit of {max_pixels:,}",
            hint="shrink it first",
        )


@contextmanager
def naming_photograph(path: Path, what: str) -> Iterator[None]:
    """Around calls of Pillow on a file's bytes: it raises what it likes about damaged ones."""
    try:
        yield
    except ImageError:
        raise
    except CameraRawError as error:
        raise ImageError(f"{printable(path)}: {formats.RAW.name} cannot be read: {formats.RAW.advice}") from error
    except Exception as error:
        named = formats.format_named(path.name)
        reason = f"{named.name} cannot be read: {named.advice}" if named is not None and named.advice else ""
        if "truncated" in str(error).lower():  # by several decoders, in several sentences
            reason = reason or f"{what}, since its end is missing: copy or download it again"
        raise ImageError(f"{printable(path)}: {reason or f'{what} ({one_line(error)})'}") from error


def _decoder(image_format: ImageFormat) -> Decoder | None:
    if image_format is not formats.HEIC:
        return _DECODERS.get(image_format)
    try:
        from pillow_heif.as_plugin import HeifImageFile
    except ImportError:
        return None
    decoder: Decoder = HeifImageFile
    return decoder


def _frames(image_format: ImageFormat, image: ImageFile.ImageFile) -> list[int]:
    if image_format is formats.HEIC:
        return [image.tell()]  # the main picture, wherever it stands
    return list(range(getattr(image, "n_frames", 1))) if getattr(image, "is_animated", False) else [0]


def _profile_of_bmp(data: bytes) -> bytes:
    """The profile that a BMP file of version 5 holds."""
    header = data[14 : 14 + _BMP_HEADER_V5]
    if len(header) < _BMP_HEADER_V5 or int.from_bytes(header[:4], "little") != _BMP_HEADER_V5:
        return b""
    if header[56:60] != _BMP_PROFILE:
        return b""
    start, size = (int.from_bytes(header[at : at + 4], "little") for at in (112, 116))
    return data[14 + start : 14 + start + size]
