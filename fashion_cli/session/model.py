"""A model, opened once: what is on a photograph, and its vector. Needs no index."""

import os
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import MAX_PIXELS
from fashion_cli.data.tags import Tag, named_tags, present_tags, require_language
from fashion_cli.inference.engine import Engine, Reader
from fashion_cli.inference.engines import open_engine, open_reader
from fashion_cli.inference.multi_model import Models, open_models, require_tags
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.model_cards import Vocabulary
from fashion_cli.outputs import Predictions
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.session.photographs import BoxLike, Photograph, box_of, file_bytes
from fashion_cli.weights import DEFAULT_MODEL


class Model:
    """A model that tags and embeds photographs. Made by `open`. Threads may share it.

    Attributes:
        name: As its card has it.
        vocabulary: The tags that it knows, in groups.
    """

    def __init__(self, models: Models, engine: Engine, reader: Reader) -> None:
        self.name = models.card.name
        self.vocabulary: Vocabulary = models.card.vocabulary
        self._models, self._engine, self._reader = models, engine, reader

    @classmethod
    def open(
        cls,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        tagger: str | os.PathLike[str] = "",
        device: str = "auto",
        engine: str = "auto",
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Open a model and load its weights.

        Args:
            model: A shipped model's name or a model directory.
            tagger: Another model, whose tags take the place of the first one's.
            device: "auto", "cpu", "cuda" or "cuda:n".
            engine: "auto", "onnx" or "torch".
            max_pixels: A photograph with more is refused before it is decoded.

        Raises:
            WeightsError: If there is no such model, or its files are damaged.
            UsageError: If an option means nothing, or the tagger has no tags.
        """
        options = InferenceOptions(os.fspath(model), device, engine, tagger=os.fspath(tagger))
        models = open_models(options)
        opened = open_engine(models, options, photographs=1)
        return cls(models, opened, open_reader(models, fast=opened.fast_images, max_pixels=max_pixels))

    def tag(
        self, photograph: Photograph, *, box: BoxLike | None = None, min_score: float | None = None, language: str = ""
    ) -> tuple[Tag, ...]:
        """What is on a photograph: group by group, the surest first.

        Args:
            photograph: A path, the bytes of a file, an open file, a Pillow image or a numpy array.
            box: The part to look at: x, y, width, height in pixels of the upright photograph.
            min_score: Tags from this probability on; None for each tag's own threshold.
            language: Of the tags' titles; "" for none.

        Raises:
            ImageError: If it cannot be read.
            UsageError: If it is no photograph, the box reaches beyond it, or the model has no tags.
        """
        require_tags(self._models)
        require_language(language, self.vocabulary)
        return tags_of(self._predict(photograph, box).scores[0], self.vocabulary, min_score, language)

    def embed(self, photograph: Photograph, *, box: BoxLike | None = None) -> npt.NDArray[np.float32]:
        """The vector of a photograph, (D,) of unit length: a scalar product of two is their cosine.

        Raises:
            ImageError: If it cannot be read.
            UsageError: If it is no photograph, or the box reaches beyond it.
        """
        vector: npt.NDArray[np.float32] = unit_rows(self._predict(photograph, box).vectors)[0]
        return vector

    def _predict(self, photograph: Photograph, box: BoxLike | None) -> Predictions:
        data, name = file_bytes(photograph)
        return self._engine.predict(self._reader.decode(data, name, box_of(box)).pixels[None])


def tags_of(
    scores: npt.NDArray[np.floating], vocabulary: Vocabulary, min_score: float | None, language: str
) -> tuple[Tag, ...]:
    """The tags that scores name.

    Args:
        scores: (T,) probabilities.
        vocabulary: Their names.
        min_score: From which on a tag counts; None for its own threshold.
        language: Of the titles.
    """
    chosen = present_tags(scores[None], vocabulary)[0] if min_score is None else scores >= min_score
    return named_tags(scores, chosen, vocabulary, language)


def groups_of(vocabulary: Vocabulary) -> dict[str, Sequence[str]]:
    """Every group with the names of its tags."""
    return {group.name: group.tags for group in vocabulary.groups}
