"""Vectors and scores of query photographs: looked up where the gallery has them, predicted otherwise."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fashion_cli.data.features import FeatureRows
from fashion_cli.data.image_files import find_images
from fashion_cli.data.images import Box
from fashion_cli.embedding.added_tags import with_added_taggers
from fashion_cli.embedding.stored_photographs import StoredPhotographs
from fashion_cli.errors import UsageError
from fashion_cli.inference.multi_model import Models, open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Skipped, predict
from fashion_cli.message_text import printable
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.search import Features


def photographs_in(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """The photographs of a folder, to its bottom, and what in it could not be looked into.

    Raises:
        UsageError: If there are none.
    """
    skipped: list[Skipped] = []
    images = list(find_images([folder], on_skip=lambda path, why: skipped.append(Skipped(str(path), why))))
    if not images:
        raise UsageError(f"{printable(folder)}: no photographs there", hint="name another folder")
    return images, skipped


def query_features(
    gallery: Gallery, paths: Sequence[Path], options: InferenceOptions, box: Box | None
) -> tuple[dict[Path, Features], tuple[Skipped, ...]]:
    """Look up or predict the features of query photographs, as far as they can be had.

    A photograph of the gallery that has not changed since, was moved or is gone needs no model: its row is there.

    Args:
        gallery: Where they are looked up.
        paths: Query photographs, each once.
        options: How the model runs; an empty `model` is the gallery's own, and so is an empty `tagger`.
        box: The part of each photograph to look at; such queries are always predicted.

    Raises:
        IndexDirectoryError: If the model's vectors do not compare with the gallery's.
        WeightsError: If the model cannot be used, or one whose tags were added.
    """
    rows = {} if box else StoredPhotographs(gallery.features).rows(paths)
    stored = gallery.features.read(list(rows.values())) if rows else None
    current = dict(zip(rows, _features(stored), strict=True)) if stored else {}
    missing = [path for path in paths if path not in current]
    there = [path for path in missing if os.path.lexists(path)]  # for what is not, no model has to be opened
    gone = tuple(
        Skipped(str(path), "cannot be read (No such file or directory)") for path in missing if path not in there
    )
    predicted, skipped = _predict(gallery, there, options, box) if there else ({}, ())
    return current | predicted, (*gone, *skipped)


def _predict(
    gallery: Gallery, paths: Sequence[Path], options: InferenceOptions, box: Box | None
) -> tuple[dict[Path, Features], tuple[Skipped, ...]]:
    made_by = gallery.manifest
    model = open_models(
        replace(
            options, model=options.model or made_by.model_location, tagger=options.tagger or made_by.tagger_location
        )
    )
    gallery.require_model(model.card)
    return predict_queries(with_added_taggers(model, gallery.features.header), paths, options, box)


def predict_queries(
    models: Models, paths: Sequence[Path], options: InferenceOptions, box: Box | None = None
) -> tuple[dict[Path, Features], tuple[Skipped, ...]]:
    """Predict the features of photographs.

    Args:
        models: What looks.
        paths: Each once.
        options: How the models run.
        box: The part of each photograph to look at.

    Returns:
        The features of those that could be read, and the others.

    Raises:
        WeightsError: If a model cannot be used.
    """
    features: dict[str, Features] = {}
    skipped: list[Skipped] = []
    for batch in predict(paths, models, options, box):
        skipped.extend(batch.skipped)
        features |= zip(batch.rows.paths, _features(batch.rows), strict=True)
    return {path: features[name] for path in paths if (name := os.path.abspath(path)) in features}, tuple(skipped)


def _features(rows: FeatureRows) -> list[Features]:
    vectors, scores = rows.vectors.astype(np.float32), rows.scores.astype(np.float32)
    return [Features(vector, each) for vector, each in zip(vectors, scores, strict=True)]
