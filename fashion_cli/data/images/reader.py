"""Photographs, read and fitted to a model's input.

Two decoders give the same pixels (on photographs the mean difference is under 0.01 of 255 grey levels):
Pillow for every format, and torchvision's for JPEG where torch is loaded anyway. Both decode in full with
the exact transform and scale with antialiasing: `draft` and fast transforms move the vectors.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fashion_cli.data import image_formats as formats
from fashion_cli.data.file_stamps import NO_STAMP, FileStamp
from fashion_cli.data.fitting import Corners, Placement, Size, place
from fashion_cli.data.image_files import read_bytes
from fashion_cli.data.images.box import Box, corners_of
from fashion_cli.data.images.budget import DECODING
from fashion_cli.data.images.colour import changes_colours, to_srgb
from fashion_cli.data.images.decoding import decode
from fashion_cli.data.images.opening import MAX_PIXELS, OpenedImage, open_image
from fashion_cli.model_cards import InputSpec, Interpolation

_FILTERS: dict[Interpolation, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph that is ready for a model.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, fitted to the model's input.
        width: Of the upright original, pixels; not of the box.
        height: Of the upright original, pixels; not of the box.
        sha256: Of the file's bytes, hexadecimal.
        size: Of the file, bytes.
        stamp: Of the file, before it was read.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    sha256: str
    size: int
    stamp: FileStamp


class ImageReader:
    """Reads photographs for one model. Any number of threads may share one reader.

    Args:
        spec: The model's input.
        fast: Decode JPEG through torchvision. Imports torch.
        max_pixels: As in `open_image`.

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
        data, stamp = read_bytes(path)
        return self.decode(data, path, box, stamp)

    def decode(self, data: bytes, path: Path, box: Box | None = None, stamp: FileStamp = NO_STAMP) -> Photograph:
        """Read a photograph, or a part of it, from the bytes of a file.

        Args:
            data: All bytes of the file.
            path: What messages call it; nothing is read there.
            box: The part to look at.
            stamp: Of the file, where there is one.

        Raises:
            ImageError: As `read`.
            UsageError: As `read`.
        """
        opened = open_image(path, data, self.max_pixels)
        with DECODING.hold(opened.image.width * opened.image.height):
            pixels, (width, height) = self._read_fast(opened, box) or self._read_pillow(opened, box)
            del opened  # its pixels, before the next photograph's are decoded
        digest = hashlib.sha256(data).hexdigest()
        return Photograph(_pad(pixels, self.spec), width, height, digest, len(data), stamp)

    def _read_pillow(self, opened: OpenedImage, box: Box | None) -> tuple[npt.NDArray[np.uint8], Size]:
        decoded = decode(opened)
        size = decoded.image.size
        placement = place(corners_of(box, size, opened.path), self.spec)
        scaled = resize(crop(decoded.image, placement.part), placement.size, self.spec.interpolation)
        return _crop(np.asarray(decoded.to_srgb(scaled)), placement), size

    def _read_fast(self, opened: OpenedImage, box: Box | None) -> tuple[npt.NDArray[np.uint8], Size] | None:
        """The same through torchvision; None for what only Pillow can decode or should judge."""
        mode = opened.image.mode
        if not (self.fast and opened.format is formats.JPEG and mode in ("RGB", "L")):
            return None
        from fashion_cli.data import jpeg

        try:
            upright = jpeg.decode(opened.data, opened.orientation())
        except RuntimeError:  # damaged: Pillow has the last word, so both paths skip the same files
            return None
        height, width = upright.shape[:2]
        placement = place(corners_of(box, (width, height), opened.path), self.spec)
        scaled = jpeg.scale(upright, placement.part, placement.size, self.spec.interpolation)
        if changes_colours(profile := opened.profile()):
            image = Image.fromarray(scaled if mode == "RGB" else scaled[..., 0])
            scaled = np.asarray(to_srgb(image, profile))
        return _crop(scaled, placement), (width, height)


def crop(image: Image.Image, corners: Corners) -> Image.Image:
    if corners == (0, 0, *image.size):
        return image
    left, top, right, bottom = corners
    # Not `Image.crop`, which warns by the process-wide limit.
    return Image.fromarray(np.asarray(image)[top:bottom, left:right], image.mode)


def resize(image: Image.Image, size: Size, interpolation: Interpolation = "bilinear") -> Image.Image:
    return image if size == image.size else image.resize(size, _FILTERS[interpolation])


def _crop(scaled: npt.NDArray[np.uint8], placement: Placement) -> npt.NDArray[np.uint8]:
    left, top, right, bottom = placement.window
    return scaled[top:bottom, left:right]


def _pad(pixels: npt.NDArray[np.uint8], spec: InputSpec) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    top, left = (spec.height - height) // 2, (spec.width - width) // 2
    canvas = np.full((spec.height, spec.width, 3), spec.padding, dtype=np.uint8)
    canvas[top : top + height, left : left + width] = pixels
    return canvas
