"""What tells a photograph apart and how large it is, without decoding it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.data.image_files import read_bytes
from fashion_cli.data.images.opening import open_image

TRANSPOSED = 5  # from this EXIF orientation on, height and width change places


@dataclass(frozen=True)
class MeasuredPhotograph:
    """A photograph's file.

    Attributes:
        sha256: Of its bytes, hexadecimal.
        width: Of the upright photograph, pixels.
        height: Likewise.
    """

    sha256: str
    width: int
    height: int


def measure_photograph(path: Path) -> MeasuredPhotograph:
    """Read a file once, and of the photograph its header alone.

    Raises:
        ImageError: If the file cannot be read, or is no photograph.
    """
    data, _ = read_bytes(path)
    opened = open_image(path, data)
    width, height = opened.image.size
    if opened.orientation() >= TRANSPOSED:
        width, height = height, width
    return MeasuredPhotograph(hashlib.sha256(data).hexdigest(), width, height)
