"""Recommend garments: a photograph is placed on the attribute map, decoded, and the nearest garments are named."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.features.rows import PAIRED
from fashion_cli.data.missing_files import MissingFiles, find_missing
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.embedding.added_tags import with_added_taggers
from fashion_cli.embedding.queries import predict_queries
from fashion_cli.embedding.reuse import is_current
from fashion_cli.errors import MapDirectoryError, UsageError, WeightsError
from fashion_cli.inference.multi_model import Models, open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.retrieval.attribute_map import RECOMMENDED, AttributeMap
from fashion_cli.retrieval.map_directory import open_map
from fashion_cli.retrieval.rerank import shared_tags


@dataclass(frozen=True)
class RecommendConfig(CheckedFields):
    """For what, and from where.

    Attributes:
        queries: Photographs, each a question of its own.
        map: The map directory.
        inference: How the model runs; an empty `model` is the map's own, and so is an empty `tagger`.
        topk: How many garments, from 1.
    """

    queries: tuple[Path, ...]
    map: Path
    inference: InferenceOptions
    topk: int = RECOMMENDED


@dataclass(frozen=True)
class Recommended:
    """A garment, and why it is here.

    Attributes:
        path: Absolute.
        rank: From 1.
        similarity: Of its attribute vector with the decoded one, in [0, 1]: the cosine of `AttributeMap.nearest`.
        difference: The same in answers, from 0: 1 is one question whose answers have nothing in common.
        distance: From the query on the map; the map is 1 wide.
        x: Its place on the map, to the right, in [0, 1].
        y: Its place on the map, up, in [0, 1].
        shared_tags: Tags that it has in common with the query.
        tags: All that it shows, of the groups on the map.
    """

    path: str
    rank: int
    similarity: float
    difference: float
    distance: float
    x: float
    y: float
    shared_tags: tuple[Tag, ...]
    tags: tuple[Tag, ...]


@dataclass(frozen=True)
class Recommendation:
    """What is recommended for one photograph.

    Attributes:
        query: The photograph.
        x: Its place on the map, to the right, in [0, 1].
        y: Its place on the map, up, in [0, 1].
        tags: What it shows, of the groups on the map.
        decoded: What the map shows at its place: the best tag of each group, with its score.
        garments: The nearest first.
    """

    query: Path
    x: float
    y: float
    tags: tuple[Tag, ...]
    decoded: tuple[Tag, ...]
    garments: tuple[Recommended, ...]


@dataclass(frozen=True)
class RecommendReport:
    """What is recommended.

    Attributes:
        results: One per query that could be read, in order.
        skipped: Queries that could not be read.
        rows: Garments on the map.
        map: The map directory.
        seconds: In all.
        missing: How many photographs of the garments are not where the map has them.
    """

    results: tuple[Recommendation, ...]
    skipped: tuple[Skipped, ...]
    rows: int
    map: Path
    seconds: float
    missing: MissingFiles = field(default_factory=MissingFiles)


def recommend(config: RecommendConfig) -> RecommendReport:
    """Recommend garments for photographs; one that is on the map itself is not recommended to itself.

    Raises:
        UsageError: If there is no query, or `topk` is out of range.
        MapDirectoryError: If there is no map, or it is another model's.
        WeightsError: If the model cannot be used.
    """
    start = time.perf_counter()
    if config.topk < 1:
        raise UsageError(f"topk {config.topk} is less than 1", hint=f"--topk {RECOMMENDED}")
    if not config.queries:
        raise UsageError("no query", hint="give a photograph")
    attribute_map = open_map(config.map)
    unique_queries = list(dict.fromkeys(config.queries))
    attributes, skipped = _attributes(attribute_map, unique_queries, config)
    queries = [path for path in config.queries if path in attributes]
    results: tuple[Recommendation, ...] = ()
    if queries:
        results = _recommend(attribute_map, queries, np.stack([attributes[path] for path in queries]), config.topk)
    missing = find_missing(
        (each.path for result in results for each in result.garments),
        f"bring {attribute_map.source} up to date where they are now, then fashion map {attribute_map.source}",
    )
    seconds = time.perf_counter() - start
    return RecommendReport(results, skipped, len(attribute_map.garments), config.map, seconds, missing)


def _attributes(
    attribute_map: AttributeMap, paths: Sequence[Path], config: RecommendConfig
) -> tuple[dict[Path, npt.NDArray[np.float32]], tuple[Skipped, ...]]:
    """(A,) attribute vectors of photographs. One that is on the map and has not changed since needs no model."""
    garments = attribute_map.garments
    rows = {path: row for path in paths if (row := _find_current_row(attribute_map, path)) is not None}
    attributes = {path: garments.attributes[row].astype(np.float32) for path, row in rows.items()}
    missing = [path for path in paths if path not in attributes]
    if not missing:
        return attributes, ()
    models = _models_of(_open_model(attribute_map, config), attribute_map, config.map)
    predicted, skipped = predict_queries(models, missing, config.inference)
    for path, features in predicted.items():
        attributes[path] = attribute_map.attributes_of(features.scores[None])[0]
    return attributes, skipped


def _find_current_row(attribute_map: AttributeMap, path: Path) -> int | None:
    garments = attribute_map.garments
    row = garments.row_of_path.get(os.path.abspath(path))
    return row if row is not None and is_current(garments.identity(row), path) else None


def _open_model(attribute_map: AttributeMap, config: RecommendConfig) -> Models:
    header, options = attribute_map.header, config.inference
    named, _, paired = header.model.partition(PAIRED)
    request = replace(
        options,
        model=options.model or header.model_location or named,
        tagger=options.tagger or header.tagger_location or paired,
    )
    try:
        model = open_models(request)
    except WeightsError as error:
        if options.model:
            raise
        raise WeightsError(f"{config.map}: its model: {error}", hint="--model DIR says where it lies") from error
    if not header.same_weights(model.card.name, model.card.weights_sha256):
        raise MapDirectoryError(
            f"{config.map}: a map of what {header.model} says (weights {header.weights_sha256[:12]}…), not"
            f" {model.card.name} (weights {model.card.weights_sha256[:12]}…)",
            hint=f"{header.options_instead_of(model.card.name)}, or make a map of this model: fashion map",
        )
    return model


def _models_of(base: Models, attribute_map: AttributeMap, directory: Path) -> Models:
    """With the further models of the map."""
    try:
        return with_added_taggers(base, attribute_map.header)
    except WeightsError as error:
        source = attribute_map.source
        indexed = ", then fashion index FILE.h5" if Path(source).is_dir() else ""
        hint = f"{error.hint}{indexed}, then fashion map {source} -o {directory}"
        raise WeightsError(f"{directory}: {error}", hint=hint) from error


def _recommend(
    attribute_map: AttributeMap, queries: Sequence[Path], attributes: npt.NDArray[np.float32], topk: int
) -> tuple[Recommendation, ...]:
    garments, vocabulary = attribute_map.garments, attribute_map.vocabulary
    current_rows = [_find_current_row(attribute_map, path) for path in queries]
    is_new = np.array([row is None for row in current_rows])
    places = garments.points[[row or 0 for row in current_rows]]
    places[is_new] = attribute_map.locate(attributes[is_new])
    decoded = attribute_map.decode(places)
    own = [garments.row_of_path.get(os.path.abspath(path)) for path in queries]
    present = present_tags(attributes, vocabulary)
    results = []
    # Query by query: whether another one is on the map itself has no bearing on how many there are for this one.
    for query, path in enumerate(queries):
        near = attribute_map.nearest(decoded[query][None], topk, [own[query]])
        rows, similarities = near.rows[0], near.cosines[0]
        theirs = garments.attributes[rows]
        showing = present_tags(theirs, vocabulary)
        shared = shared_tags(present[query], showing)
        distances = np.linalg.norm(garments.points[rows] - places[query], axis=1)
        results.append(
            Recommendation(
                query=path,
                x=float(places[query, 0]),
                y=float(places[query, 1]),
                tags=named_tags(attributes[query], present[query], vocabulary),
                decoded=_best_tags(decoded[query], attribute_map),
                garments=tuple(
                    Recommended(
                        path=garments.paths[row],
                        rank=place + 1,
                        similarity=float(similarities[place]),
                        difference=attribute_map.questions * (1 - float(similarities[place])),
                        distance=float(distances[place]),
                        x=float(garments.points[row, 0]),
                        y=float(garments.points[row, 1]),
                        shared_tags=named_tags(theirs[place], shared[place], vocabulary),
                        tags=named_tags(theirs[place], showing[place], vocabulary),
                    )
                    for place, row in enumerate(rows.tolist())
                ),
            )
        )
    return tuple(results)


def _best_tags(scores: npt.NDArray[np.float32], attribute_map: AttributeMap) -> tuple[Tag, ...]:
    vocabulary = attribute_map.vocabulary
    chosen = np.zeros(len(vocabulary), np.bool_)
    for window in vocabulary.columns.values():
        chosen[window.start + int(scores[window].argmax())] = True
    return named_tags(scores, chosen, vocabulary)
