"""Small pictures of photographs for people to look at, and whole ones."""

import io
from pathlib import Path
from typing import Literal

from PIL import Image

from fashion_cli.data import image_formats as formats
from fashion_cli.data.fitting import inside
from fashion_cli.data.image_files import read_bytes
from fashion_cli.data.images.box import Box, corners_of
from fashion_cli.data.images.budget import DECODING
from fashion_cli.data.images.decoding import decode
from fashion_cli.data.images.opening import MAX_PIXELS, open_image
from fashion_cli.data.images.reader import crop, resize


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
    opened = open_image(path, data, max_pixels)
    if box is None and opened.format is formats.JPEG:
        opened.image.draft(None, (2 * side, 2 * side))  # decodes a large one smaller: for eyes, never for vectors
    stream = io.BytesIO()
    with DECODING.hold(opened.image.width * opened.image.height):
        decoded = decode(opened)
        part = crop(decoded.image, corners_of(box, decoded.image.size, path))
        size = part.size if max(part.size) <= side else inside(part.size, (side, side))
        small = decoded.to_srgb(resize(part, size))
        del opened, decoded, part  # their pixels, before the next photograph's are decoded
    small.info.clear()  # neither a profile nor anything else that the photograph's file says goes along
    small.save(stream, kind, quality=85 if kind == "JPEG" else 70)
    return stream.getvalue()


def upright(data: bytes, path: Path, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A photograph decoded whole from the bytes of a file, upright, RGB; `path` is what messages call it.

    Raises:
        ImageError: If the bytes are no photograph, are damaged or have too many pixels.
    """
    opened = open_image(path, data, max_pixels)
    with DECODING.hold(opened.image.width * opened.image.height):
        decoded = decode(opened)
        return decoded.to_srgb(decoded.image)
