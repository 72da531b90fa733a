"""Grey of more than 8 bits as 8 bits, and transparency as white."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

_ROWS_AT_ONCE = 4 << 20  # pixels: numbers of 4 and 8 bytes are made of so many at once, not of the whole picture
WHITE = (255, 255, 255)


def is_deep(image: Image.Image) -> bool:
    """Whether samples have more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def eight_bits(image: Image.Image, bits: int = 16, *, white_is_zero: bool = False) -> Image.Image:
    """Grey of 8 bits, from the full range of a sample.

    Args:
        image: Of a mode that `is_deep`.
        bits: Of a sample as the file has it. Floats reach up to 1, 255 or 65,535, whole numbers of 32 bits up to
            255, 65,535 or their limit: whichever holds the largest.
        white_is_zero: Whether the file counts from white to black.
    """
    full = _full_range(image, bits)
    result = np.empty((image.height, image.width), np.uint8)
    for rows, values in _in_rows(image):
        shares = np.clip(np.nan_to_num(values) / full, 0, 1)
        result[rows] = np.rint((1 - shares if white_is_zero else shares) * 255)
    return Image.fromarray(result)


def opaque_mask(image: Image.Image, transparent: Sequence[int], bits: int) -> Image.Image:
    """Where a PNG has another colour than the one that means that nothing is there: 255, else 0.

    Args:
        image: Grey or RGB as Pillow reads it.
        transparent: A sample for each band, in the file's bits.
        bits: Of a sample in the file. Pillow leaves 8 of 16 in RGB.
    """
    if is_deep(image):
        mask = np.empty((image.height, image.width), np.uint8)
        for rows, values in _in_rows(image):
            mask[rows] = np.where(values == transparent[0], 0, 255)
        return Image.fromarray(mask)
    image = image.convert("L") if image.mode == "1" else image
    bands = []
    for band, sample in zip(image.split(), transparent, strict=True):
        level = sample >> 8 if bits == 16 else sample * 255 // (2**bits - 1)
        bands.append(band.point([0 if each == level else 255 for each in range(256)]))
    mask_of_all = bands[0]
    for band in bands[1:]:
        mask_of_all = ImageChops.lighter(mask_of_all, band)
    return mask_of_all


def has_alpha(image: Image.Image) -> bool:
    """Whether parts of the picture may show what lies behind it."""
    return image.has_transparency_data


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours, grey or RGB, and how much they cover: 255 wholly. None where all of it is meant to be seen.

    An alpha channel that is zero everywhere hides a whole picture, which is what is meant.
    """
    if image.mode in ("LA", "La"):
        image = image.convert("LA")
        colours, alpha = image.getchannel("L"), image.getchannel("A")
    else:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        colours, alpha = image.convert("RGB"), image.getchannel("A")
    if alpha.getextrema() == (0, 0) and not is_uniform(colours):
        return colours, None
    return colours, alpha


def on_white(colours: Image.Image, alpha: Image.Image) -> Image.Image:
    """What is seen of grey or RGB on white paper, as RGB. RGB that is given is changed."""
    colours = colours if colours.mode == "RGB" else colours.convert("RGB")
    colours.paste(WHITE, mask=ImageChops.invert(alpha))
    return colours


def is_uniform(image: Image.Image, tolerance: int = 0) -> bool:
    """Whether grey or RGB is one colour, but for so many levels."""
    extrema = image.getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(high - low <= tolerance for low, high in pairs)


def _full_range(image: Image.Image, bits: int) -> float:
    if image.mode != "F" and bits < 32:
        return float(2**bits - 1)
    limits = (1, 255, 65_535) if image.mode == "F" else (255, 65_535, 2**32 - 1)
    largest = max(float(np.nan_to_num(values, posinf=0).max()) for _, values in _in_rows(image))
    return next((limit for limit in limits if largest <= limit), limits[-1])


def _in_rows(image: Image.Image) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
    pixels = np.asarray(image)
    step = max(1, _ROWS_AT_ONCE // image.width)
    for top in range(0, image.height, step):
        rows = slice(top, min(top + step, image.height))
        values = pixels[rows].astype(np.float64)
        if image.mode == "I":
            values[values < 0] += 2.0**32  # Pillow reads what is unsigned as signed
        yield rows, values
