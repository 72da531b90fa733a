"""Reads and predicts photographs for two models at once, so that the one pipeline need not know that there are two."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.image_files import printable
from fashion_cli.data.images import Box, ImageReader, Photograph
from fashion_cli.errors import ImageError
from fashion_cli.inference.engine import Engine
from fashion_cli.inference.pair import ModelPair
from fashion_cli.outputs import Predictions


class PairReader:
    """Fits photographs to both models. Any number of threads may share one reader.

    A photograph is decoded once where both models want the same pixels, and twice otherwise: little beside two
    networks.

    Args:
        pair: The models.
        fast: As in `ImageReader`.
    """

    def __init__(self, pair: ModelPair, *, fast: bool = False) -> None:
        models = (pair.vectors,) if pair.same_pixels else (pair.vectors, pair.tags)
        self._readers = [ImageReader(model.card.input, fast=fast) for model in models]

    def read(self, path: Path, box: Box | None = None) -> Photograph:
        """Read a photograph, or a part of it.

        Returns:
            Its pixels are (P,) uint8: those for the vectors, and behind them those for the tags where they differ.

        Raises:
            ImageError: As `ImageReader.read`, or if the file changes meanwhile.
            UsageError: As `ImageReader.read`.
        """
        fitted = [reader.read(path, box) for reader in self._readers]
        if len({photograph.sha256 for photograph in fitted}) > 1:
            raise ImageError(f"{printable(path)}: changed while it was read")
        return replace(fitted[0], pixels=np.concatenate([photograph.pixels.ravel() for photograph in fitted]))


class PairEngine:
    """Two engines, each of which gets its own part of the pixels.

    Args:
        pair: The models.
        vectors: Runs the first one.
        tags: Runs the second one.
    """

    def __init__(self, pair: ModelPair, vectors: Engine, tags: Engine) -> None:
        self.name = vectors.name if vectors.name == tags.name else f"{vectors.name} + {tags.name}"
        self.lanes = max(vectors.lanes, tags.lanes)
        self.fast_images = vectors.fast_images or tags.fast_images
        self._vectors, self._tags = vectors, tags
        first, second = pair.vectors.card.input, pair.tags.card.input
        self._first_shape, self._second_shape = (first.height, first.width, 3), (second.height, second.width, 3)
        self._second_from = 0 if pair.same_pixels else first.height * first.width * 3

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        """Predict a batch. Called from several threads at once.

        Args:
            pixels: (B, P) uint8 of `PairReader`.
        """
        first = pixels[:, : int(np.prod(self._first_shape))]
        second = pixels[:, self._second_from :]
        return Predictions(
            self._vectors.predict(_photographs(first, self._first_shape)).vectors,
            self._tags.predict(_photographs(second, self._second_shape)).scores,
        )


def _photographs(pixels: npt.NDArray[np.uint8], shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(pixels).reshape(-1, *shape)  # (B, H, W, 3)
