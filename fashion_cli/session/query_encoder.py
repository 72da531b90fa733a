"""The models of an index, loaded once: bytes of a photograph in, its features out."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

import numpy as np

from fashion_cli.data.features.rows import AddedTags
from fashion_cli.data.images import Box, Photograph
from fashion_cli.embedding.added_tags import open_added_taggers
from fashion_cli.embedding.tag_titles import collect_titles, with_titles
from fashion_cli.inference.engines import open_engine, open_reader
from fashion_cli.inference.multi_model import open_models, require_tags, with_taggers
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.model_cards import Vocabulary
from fashion_cli.outputs import Predictions
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.search import Features
from fashion_cli.session.batching import Batcher
from fashion_cli.session.observer import Observer
from fashion_cli.weights import Model, open_model

NAME = Path("the photograph")  # what messages call an upload


@dataclass(frozen=True)
class QueryEncoderOptions:
    """How query photographs are encoded.

    Attributes:
        inference: How the models run; an empty `model` is the index's own.
        added: Further models, whose tags are told of a query only.
        max_pixels: Of a photograph.
        queue: Photographs that may wait; 0 for any number.
    """

    inference: InferenceOptions = field(default_factory=lambda: InferenceOptions(model=""))
    added: tuple[str, ...] = ()
    max_pixels: int = 40_000_000
    queue: int = 128


class QueryEncoder:
    """Encodes query photographs. Indexes that were made by the same models share one: `hold` and `release` count them.

    Args:
        gallery: Whose models to open.
        options: How they run.
        observer: Told about each batch.

    Attributes:
        model: The name of the index's model.
        vocabulary: All tags that it tells of a photograph: first those of the index, then the further models'.
        expected: Photographs that are being decoded, so that the inference may wait for them.

    Raises:
        IndexDirectoryError: If the model's vectors do not compare with the gallery's.
        WeightsError: If a model cannot be used.
        UsageError: If a further model has no tags.
    """

    def __init__(self, gallery: Gallery, options: QueryEncoderOptions, observer: Observer) -> None:
        made_by, header, inference = gallery.manifest, gallery.features.header, options.inference
        base = open_models(
            replace(
                inference,
                model=inference.model or made_by.model_location,
                tagger=inference.tagger or made_by.tagger_location,
            )
        )
        gallery.require_model(base.card)
        further = [require_tags(open_model(name)) for name in options.added]
        stored_taggers = open_added_taggers(header.added)
        models = with_taggers(base, (*stored_taggers, *further))
        engine = open_engine(models, inference, photographs=1)
        self.identity = identity(gallery)
        self.model = header.model
        self._titles = collect_titles((base, *stored_taggers))
        self.vocabulary = _with_groups_of(self.with_titles(header.vocabulary), further)
        self.expected = 0
        self._reader = open_reader(models, fast=engine.fast_images, max_pixels=options.max_pixels)
        self._batcher = Batcher(
            engine,
            size=inference.batch_size,
            limit=options.queue,
            observe=observer.observe_batch,
            expected=lambda: self.expected,
        )
        self._holders, self._lock = 0, Lock()

    def with_titles(self, vocabulary: Vocabulary) -> Vocabulary:
        """An index's tags with what people call them, which stands in the models' cards alone."""
        return with_titles(vocabulary, self._titles)

    def decode(self, data: bytes, box: Box | None, name: Path = NAME) -> Photograph:
        """Fit a photograph, or a part of it, to the models.

        Raises:
            ImageError: If it is no photograph, damaged or too large.
            UsageError: If the box reaches beyond it.
        """
        return self._reader.decode(data, name, box)

    def predict(self, photograph: Photograph) -> "Future[Predictions]":
        """Look at a photograph, in a batch with others.

        Raises:
            BusyError: If too many wait.
        """
        return self._batcher.submit(photograph.pixels)

    @property
    def waiting(self) -> int:
        return len(self._batcher)

    def hold(self) -> None:
        """Count one more index that uses it."""
        with self._lock:
            self._holders += 1

    def release(self) -> None:
        """Count one index less; after the last one the inference ends."""
        with self._lock:
            self._holders -= 1
            last = self._holders == 0
        if last:
            self._batcher.close()


def identity(gallery: Gallery) -> object:
    """The models of an index: indexes of equal identity can share a query encoder."""
    manifest, header = gallery.manifest, gallery.features.header
    return manifest.weights_sha256, manifest.model_location, manifest.tagger_location, header.vocabulary, header.added


def features_of(predictions: Predictions) -> Features:
    """The one photograph of a batch of one, rounded as a feature file holds it: `fashion search` finds the same."""
    vector = predictions.vectors[0].astype(np.float16).astype(np.float32)
    return Features(vector, predictions.scores[0].astype(np.float16).astype(np.float32))


def _with_groups_of(vocabulary: Vocabulary, further: Sequence[Model]) -> Vocabulary:
    groups = vocabulary.groups
    for model in further:
        taken = {group.name for group in groups}
        clashes = any(group.name in taken for group in model.card.vocabulary.groups)
        groups += AddedTags.of(model.card, "", model.card.name if clashes else "").vocabulary.groups
    return Vocabulary(groups)
