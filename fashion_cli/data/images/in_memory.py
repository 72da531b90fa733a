"""Images that a program holds in memory, as the bytes of a file: from there on they are read as every file is.

The pixels are kept as they are, with what says how to read them: colour profile, orientation, transparency. So an image
that Pillow opened gives what its file gives.
"""

import io
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
from PIL import Image

from fashion_cli.data.images.orientation import ORIENTATION, orientation_of
from fashion_cli.errors import ImageError

TURNED_BY_DECODER = ("AVIF", "HEIF", "TIFF")
IN_PNG = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")
IN_TIFF = ("CMYK", "YCbCr", "LAB", "I", "F")
CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}

InMemory = Image.Image | npt.NDArray[np.uint8]


def is_in_memory(value: object) -> TypeGuard[InMemory]:
    """Whether something is a Pillow image or a numpy array."""
    return isinstance(value, Image.Image | np.ndarray)


def file_of(image: InMemory) -> bytes:
    """The bytes of a lossless file of an image.

    Args:
        image: A Pillow image of any mode, or (H, W), (H, W, 3) RGB or (H, W, 4) RGBA uint8.

    Raises:
        ImageError: If an array is none of these, or Pillow cannot read the image's file any more.
    """
    picture = _from_array(image) if isinstance(image, np.ndarray) else image
    try:
        if picture.mode not in (*IN_PNG, *IN_TIFF):
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        return _encode_lossless(picture)
    except (OSError, ValueError, AttributeError, SyntaxError) as error:  # a closed or damaged file behind the image
        raise ImageError(f"the Pillow image cannot be read ({error})", hint="give the bytes of its file") from error


def _from_array(array: npt.NDArray[np.generic]) -> Image.Image:
    shape = array.shape
    channels = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 else 0
    if array.dtype != np.uint8 or channels not in CHANNELS or not array.size:
        raise ImageError(
            f"an array of {array.dtype} with the shape {shape}: an image is uint8, (H, W), (H, W, 3) RGB or (H, W, 4)",
            hint=_advice(array),
        )
    return Image.fromarray(np.ascontiguousarray(array.reshape(shape[:2]) if channels == 1 else array))


def _advice(array: npt.NDArray[np.generic]) -> str:
    """How an array becomes an image, by what is wrong with this one."""
    shape = array.shape
    if not array.size:
        return "there is no pixel in it: look at the slice or the crop that made it"
    steps = []
    if len(shape) == 4 and shape[0] == 1:
        steps.append("array[0] of a batch of one")
        shape = shape[1:]
    if len(shape) == 4:
        return "one photograph at a time: for image in array"
    if len(shape) == 3 and shape[2] not in CHANNELS and shape[0] in CHANNELS:
        steps.append("array.transpose(1, 2, 0) for (3, H, W)" if shape[0] > 1 else "array[0] for (1, H, W)")
    elif len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in CHANNELS):
        return "height and width, or height, width and 3 channels"
    if array.dtype == np.bool_:
        steps.append("np.uint8(255 * array) for values that are true or false")
    elif array.dtype.kind == "f":
        steps.append("np.uint8(255 * array) for values in [0, 1], np.uint8(array) for values up to 255")
    elif array.dtype != np.uint8:
        steps.append("np.uint8(array) for values up to 255, np.uint8(array >> 8) for 16 bits")
    return "; ".join(steps)


def _encode_lossless(image: Image.Image) -> bytes:
    image.load()
    exif, stream = Image.Exif(), io.BytesIO()
    if image.format not in TURNED_BY_DECODER:
        exif[ORIENTATION] = orientation_of(image.getexif())
    if image.mode in IN_PNG:
        image.save(stream, "PNG", compress_level=0, exif=exif)
    else:
        image.save(stream, "TIFF", exif=exif)
    return stream.getvalue()
