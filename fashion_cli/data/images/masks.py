"""Masks: pictures whose pixels are numbers, of what the pixel of a photograph at the same place shows."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.image_files import read_bytes
from fashion_cli.data.images.budget import DECODING
from fashion_cli.data.images.opening import MAX_PIXELS, naming_photograph, open_image
from fashion_cli.errors import ImageError
from fashion_cli.message_text import printable

NUMBERED = ("P", "L")  # palette and grey: one byte a pixel, kept as it is


def read_mask(path: Path, max_pixels: int = MAX_PIXELS) -> npt.NDArray[np.uint8]:
    """(H, W) numbers of what each pixel shows.

    Args:
        path: A picture with a palette, or a grey one of 8 bits.
        max_pixels: As in `open_image`.

    Raises:
        ImageError: If it cannot be read or has colours instead of numbers.
    """
    data, _ = read_bytes(path)
    opened = open_image(path, data, max_pixels)
    if opened.image.mode not in NUMBERED:
        raise ImageError(f"{printable(path)}: no mask: its pixels are {opened.image.mode}, not numbers of a palette")
    with DECODING.hold(opened.image.width * opened.image.height), naming_photograph(path, "damaged"):
        return np.asarray(opened.image)
