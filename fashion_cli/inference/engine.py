"""The interfaces of what runs a model and of what reads photographs for it."""

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import Box, Photograph
from fashion_cli.outputs import Predictions


class Engine(Protocol):
    """Pixels in, vectors and scores out.

    Attributes:
        name: "onnx", or "torch" with its device.
        num_threads: Batches that should be under way at once, each read and predicted by a thread of its own.
        fast_images: Whether torch is loaded, so that its JPEG decoder costs nothing to use.
    """

    name: str
    num_threads: int
    fast_images: bool

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        """Predict a batch. Called from several threads at once.

        Args:
            pixels: (B, H, W, 3) uint8, fitted as the model card says.
        """
        ...


class Reader(Protocol):
    """Photographs in, what an engine takes out."""

    def read(self, path: Path, box: Box | None = None) -> Photograph:
        """Read a photograph, or a part of it. Called from several threads at once.

        Raises:
            ImageError: If it cannot be read.
        """
        ...

    def decode(self, data: bytes, path: Path, box: Box | None = None) -> Photograph:
        """The same from the bytes of a file; `path` is what messages call it.

        Raises:
            ImageError: If it cannot be read.
        """
        ...
