"""What compression does to a picture: through JPEG and back."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile


def compress_jpeg(pixels: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    """A picture as it is after it was stored as JPEG.

    Args:
        pixels: (H, W, 3) RGB.
        quality: From 1 to 95, as libjpeg counts it.
    """
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(JpegImageFile(io.BytesIO(stream.getvalue())))
