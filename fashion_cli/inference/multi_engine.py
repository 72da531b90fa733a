"""Reading and predicting photographs for several models at once, so that the one pipeline need not know of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import MAX_PIXELS, Box, ImageReader, Photograph
from fashion_cli.errors import ImageError
from fashion_cli.inference.engine import Engine
from fashion_cli.inference.multi_model import MultiModel
from fashion_cli.message_text import printable
from fashion_cli.model_cards import InputSpec
from fashion_cli.outputs import Predictions


class MultiReader:
    """Fits photographs to several models. Any number of threads may share one reader.

    A photograph is decoded once for all models that want the same pixels: little beside their networks.

    Args:
        models: What will look at them.
        fast: As in `ImageReader`.
        max_pixels: As in `ImageReader`.
    """

    def __init__(self, models: MultiModel, *, fast: bool = False, max_pixels: int = MAX_PIXELS) -> None:
        self._readers = [ImageReader(spec, fast=fast, max_pixels=max_pixels) for spec in _inputs(models)]

    def read(self, path: Path, box: Box | None = None) -> Photograph:
        """Read a photograph, or a part of it.

        Returns:
            Its pixels are (P,) uint8: those of each input that some model wants, one behind the other.

        Raises:
            ImageError: As `ImageReader.read`, or if the file changes meanwhile.
            UsageError: As `ImageReader.read`.
        """
        fitted = [reader.read(path, box) for reader in self._readers]
        if len({photograph.sha256 for photograph in fitted}) > 1:
            raise ImageError(f"{printable(path)}: changed while it was read")
        return _join_pixels(fitted)

    def decode(self, data: bytes, path: Path, box: Box | None = None) -> Photograph:
        """The same from the bytes of a file; `path` is what messages call it.

        Raises:
            ImageError: As `ImageReader.read`.
            UsageError: As `ImageReader.read`.
        """
        return _join_pixels([reader.decode(data, path, box) for reader in self._readers])


class MultiEngine:
    """Several engines, each of which gets its own part of the pixels.

    Args:
        models: Which of them gives what.
        engines: One for each model.
    """

    def __init__(self, models: MultiModel, engines: Sequence[Engine]) -> None:
        self.name = " + ".join(dict.fromkeys(engine.name for engine in engines))
        self.num_threads = max(engine.num_threads for engine in engines)
        self.fast_images = any(engine.fast_images for engine in engines)
        self._engines = tuple(engines)
        self._embedder = None if models.embedder is None else models.models.index(models.embedder)
        self._taggers = [models.models.index(tagger) for tagger in models.taggers]
        inputs = _inputs(models)
        ends = np.cumsum([_size(spec) for spec in inputs]).tolist()
        windows = {spec: slice(end - _size(spec), end) for spec, end in zip(inputs, ends, strict=True)}
        specs = [_pixels_of(model.card.input) for model in models.models]
        self._windows = [windows[spec] for spec in specs]
        self._shapes = [(spec.height, spec.width, 3) for spec in specs]

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        """Predict a batch. Called from several threads at once.

        Args:
            pixels: (B, P) uint8 of `MultiReader`.
        """
        predictions = [
            engine.predict(np.ascontiguousarray(pixels[:, window]).reshape(-1, *shape))  # (B, H, W, 3)
            for engine, window, shape in zip(self._engines, self._windows, self._shapes, strict=True)
        ]
        return Predictions(
            np.empty((len(pixels), 0), np.float32) if self._embedder is None else predictions[self._embedder].vectors,
            np.concatenate([predictions[place].scores for place in self._taggers], axis=1),
        )


def _join_pixels(fitted: Sequence[Photograph]) -> Photograph:
    return replace(fitted[0], pixels=np.concatenate([photograph.pixels.ravel() for photograph in fitted]))


def _inputs(models: MultiModel) -> list[InputSpec]:
    """How photographs are fitted, each way once."""
    return list(dict.fromkeys(_pixels_of(model.card.input) for model in models.models))


def _pixels_of(spec: InputSpec) -> InputSpec:
    """What matters to pixels: mean and deviation are the engines' business."""
    return replace(spec, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _size(spec: InputSpec) -> int:
    return spec.height * spec.width * 3
