"""What tests of images draw, read and compare."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fashion_cli.data.images import Box, ImageReader
from fashion_cli.errors import ImageError
from fashion_cli.model_cards import InputSpec
from tests.data.images.encoding import Pixels

SPEC = InputSpec(32, 32)

# A file of 32 x 32 is not scaled: what was drawn is what comes out.
DRAWN = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
GREY = DRAWN[..., 0]
ALPHA = DRAWN[..., 1]


def smooth(width: int, height: int, slowness: float = 1) -> Image.Image:
    """Something like a photograph, that JPEG keeps well and that is the same under no turn."""
    y, x = np.mgrid[0:height, 0:width] / slowness
    waves = [127 + 120 * np.sin(x / 9 + y / 31 + phase) * np.cos(y / 13) for phase in (0, 1, 2.5)]
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


def whole_levels(a: Pixels, b: Pixels) -> npt.NDArray[np.int64]:
    levels: npt.NDArray[np.int64] = np.abs(a.astype(np.int64) - b)
    return levels


def read(reader: ImageReader, folder: Path, data: bytes, box: Box | None = None) -> Pixels:
    path = folder / "photograph"
    path.unlink(missing_ok=True)  # a new file: some disks wait whenever one is overwritten
    path.write_bytes(data)
    return reader.read(path, box).pixels


def failure(reader: ImageReader, folder: Path, data: bytes) -> str:
    with pytest.raises(ImageError) as raised:
        read(reader, folder, data)
    message = str(raised.value)
    assert message.startswith(f"{folder / 'photograph'}: ")
    assert message.isprintable()
    return message.removeprefix(f"{folder / 'photograph'}: ")
