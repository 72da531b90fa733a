"""How well photographs find other photographs of the same item: recall@K and mAP, with their intervals.

The In-shop protocol (Liu et al., DeepFashion, CVPR 2016): every photograph of the split is a query, its own row
is left out of the gallery, and whatever shares its item is right.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.annotations import Annotation, of_split, read_manifest, require_column
from fashion_cli.data.images import find_images
from fashion_cli.data.tags import present_tags
from fashion_cli.errors import AnnotationError
from fashion_cli.inference.on_demand import OnDemand, features_on_demand
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.metrics.bootstrap import Interval, mean_interval
from fashion_cli.metrics.ranking import CUTOFFS, average_precision, has_right_item
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.retrieval.rerank import ALPHA, BETA, rerank, shared_tags
from fashion_cli.weights import open_model

RERANKED = 50  # hits that are ordered anew, as `fashion search` does unless told otherwise
COSINES_AT_ONCE = 4_000_000  # 16 MiB


@dataclass(frozen=True)
class EvalRetrievalConfig:
    """What to measure.

    Attributes:
        manifest: A CSV manifest with the columns `path`, `split` and one that names items.
        inference: How the model runs.
        split: Whose photographs are queries; "" all.
        gallery_split: Whose photographs are found; "" all.
        distractors: More manifests and folders for the gallery; nothing in them is right.
        item_column: Photographs with the same value show the same item; "" is an unknown one, a distractor.
        by: A column; figures are given for each of its values too.
        features: A feature file to look into and to add to.
        rerank: Order the first hits by shared tags, as `fashion search` does.
        alpha: What one rank costs.
        beta: What one shared tag brings.
        cutoffs: The K of recall@K.
    """

    manifest: Path
    inference: InferenceOptions
    split: str = "val"
    gallery_split: str = ""
    distractors: tuple[Path, ...] = ()
    item_column: str = "item_id"
    by: str = ""
    features: Path | None = None
    rerank: bool = False
    alpha: float = ALPHA
    beta: float = BETA
    cutoffs: tuple[int, ...] = CUTOFFS


@dataclass(frozen=True)
class QueryFigures:
    """What some queries reached.

    Attributes:
        name: What they have in common; "" where they are all.
        queries: How many.
        items: How many items are on them.
        recall: K -> the share with at least one right photograph among the first K, and its 95 % interval.
        mean_average_precision: And its 95 % interval.
    """

    name: str
    queries: int
    items: int
    recall: Mapping[int, Interval]
    mean_average_precision: Interval


@dataclass(frozen=True)
class EvalRetrievalReport:
    """What was measured. Intervals draw whole items: photographs of one item succeed and fail together.

    Attributes:
        overall: All queries.
        parts: For each value of the column `by`, the largest first.
        gallery: Photographs in the gallery.
        without_right_item: Queries that were left out, because the gallery holds nothing right for them.
        skipped: Photographs that could not be read.
        model: Its name.
        seconds: In all.
    """

    overall: QueryFigures
    parts: tuple[QueryFigures, ...]
    gallery: int
    without_right_item: int
    skipped: tuple[Skipped, ...]
    model: str
    seconds: float


def evaluate_retrieval(config: EvalRetrievalConfig, progress: Progress) -> EvalRetrievalReport:
    """Embed, rank the gallery for each query, compare with the items.

    Raises:
        AnnotationError: If a manifest lacks a column or a split, or no query has a right photograph.
        UsageError: If a distractor folder does not exist.
        FeatureFileError: If the feature file is damaged or another model's.
    """
    start = time.perf_counter()
    model = open_model(config.inference.model)
    annotations = _read(config)
    paths = [annotation.path for annotation in annotations]
    known = {os.path.abspath(path) for path in paths}
    paths += [path for path in _distractors(config.distractors) if os.path.abspath(path) not in known]
    with features_on_demand(paths, model, config.inference, progress, config.features) as found:
        protocol = _Protocol(config, annotations, found)
        figures = [each for each in _figures(config, protocol, found) if each is not None]
    if not figures:
        raise AnnotationError(
            f"{config.manifest}: no query has another photograph of its item in the gallery",
            hint=f"the column {config.item_column!r} names the item that photographs share",
        )
    return EvalRetrievalReport(
        overall=_summary("", figures, config.cutoffs),
        parts=_parts(config, figures),
        gallery=len(protocol.gallery),
        without_right_item=len(protocol.queries) - len(figures),
        skipped=found.skipped,
        model=model.card.name,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True)
class _Query:
    """What one query reached."""

    item: str
    part: str
    hits: Sequence[bool]
    precision: float


class _Protocol:
    """Which rows of the feature file are queries, which are the gallery, and what is right.

    Attributes:
        queries: (Q,) rows.
        query_annotations: Q of them.
        gallery: (G,) rows, each once.
        query_items: (Q,) number of each item.
        gallery_items: (G,) number of each item; -1 for what is never right.
    """

    def __init__(self, config: EvalRetrievalConfig, annotations: Sequence[Annotation], found: OnDemand) -> None:
        rows = dict(zip(found.places.tolist(), found.rows.tolist(), strict=True))
        items = [annotation.values[config.item_column] for annotation in annotations]
        number = {item: place for place, item in enumerate(dict.fromkeys(filter(None, items)))}
        queries, gallery = {}, {}
        for place, row in rows.items():
            annotation = annotations[place] if place < len(annotations) else None
            item = number.get(items[place], -1) if annotation else -1
            if annotation is None or config.gallery_split in ("", annotation.split):
                gallery[row] = item
            if annotation is not None and item >= 0 and config.split in ("", annotation.split):
                queries[row] = (annotation, item)
        self.queries = np.array(list(queries), np.int64)
        self.query_annotations = [annotation for annotation, _ in queries.values()]
        self.query_items = np.array([item for _, item in queries.values()], np.int64)
        self.gallery = np.array(list(gallery), np.int64)
        self.gallery_items = np.array(list(gallery.values()), np.int64)


def _read(config: EvalRetrievalConfig) -> list[Annotation]:
    annotations = list(read_manifest(config.manifest))
    for column in filter(None, (config.item_column, config.by)):
        require_column(config.manifest, annotations, column)
    for split in (config.split, config.gallery_split):
        of_split(config.manifest, annotations, split)
    return annotations


def _distractors(sources: Sequence[Path]) -> Iterator[Path]:
    for source in sources:
        if source.suffix.lower() == ".csv":
            yield from (annotation.path for annotation in read_manifest(source))
        else:
            yield from find_images([source])


def _figures(config: EvalRetrievalConfig, protocol: _Protocol, found: OnDemand) -> Iterator[_Query | None]:
    """One per query; None where the gallery holds nothing right."""
    gallery = unit_rows(found.features.vectors(protocol.gallery))
    present = None
    if config.rerank:
        vocabulary = found.features.header.vocabulary
        present = present_tags(found.features.scores(), vocabulary)
    at_once = max(1, COSINES_AT_ONCE // max(1, len(gallery)))
    for start in range(0, len(protocol.queries), at_once):
        rows = protocol.queries[start : start + at_once]
        cosines = unit_rows(found.features.vectors(rows)) @ gallery.T  # (C, G)
        own = protocol.gallery == rows[:, None]
        cosines[own] = -np.inf  # last, and never right
        right = (protocol.gallery_items == protocol.query_items[start : start + at_once, None]) & ~own
        order = np.argsort(-cosines, axis=1, kind="stable")
        if present is not None:
            _rerank(order, cosines, present[rows], present[protocol.gallery], config)
        relevance = np.take_along_axis(right, order, axis=1)
        yield from _score(config, protocol.query_annotations[start : start + at_once], relevance)


def _rerank(
    order: npt.NDArray[np.intp],
    cosines: npt.NDArray[np.float32],
    queries: npt.NDArray[np.bool_],
    gallery: npt.NDArray[np.bool_],
    config: EvalRetrievalConfig,
) -> None:
    """Order the first hits of each query anew, in place."""
    for query, ranked in enumerate(order):
        first = ranked[: min(RERANKED, int(np.isfinite(cosines[query]).sum()))]  # without the query's own row
        shared = shared_tags(queries[query], gallery[first]).sum(axis=1)
        first[:] = first[rerank(cosines[query, first], shared, config.alpha, config.beta)]


def _score(
    config: EvalRetrievalConfig, annotations: Sequence[Annotation], relevance: npt.NDArray[np.bool_]
) -> Iterator[_Query | None]:
    hits = np.stack([has_right_item(relevance, k) for k in config.cutoffs], axis=1)  # (C, cutoffs)
    precisions = average_precision(relevance, relevance.sum(axis=1))
    for annotation, hit, precision in zip(annotations, hits.tolist(), precisions.tolist(), strict=True):
        item = annotation.values[config.item_column]
        part = annotation.values[config.by] if config.by else ""
        yield None if np.isnan(precision) else _Query(item, part, hit, precision)


def _parts(config: EvalRetrievalConfig, figures: Sequence[_Query]) -> tuple[QueryFigures, ...]:
    if not config.by:
        return ()
    members: dict[str, list[_Query]] = {}
    for each in figures:
        members.setdefault(each.part, []).append(each)
    largest_first = sorted(members.items(), key=lambda member: (-len(member[1]), member[0]))
    return tuple(_summary(name, queries, config.cutoffs) for name, queries in largest_first)


def _summary(name: str, figures: Sequence[_Query], cutoffs: Sequence[int]) -> QueryFigures:
    items = [each.item for each in figures]
    return QueryFigures(
        name=name,
        queries=len(figures),
        items=len(set(items)),
        recall={k: mean_interval([each.hits[n] for each in figures], items) for n, k in enumerate(cutoffs)},
        mean_average_precision=mean_interval([each.precision for each in figures], items),
    )
