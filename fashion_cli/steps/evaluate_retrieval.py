"""Measure how well photographs find others of the same item: recall@K and mAP, with their intervals."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.embedding.cached_features import FeatureSubset, cached_features, read_features
from fashion_cli.errors import UsageError
from fashion_cli.evaluation.ranking import rank_photographs
from fashion_cli.evaluation.retrieval_split import (
    RetrievalOptions,
    RetrievalSplit,
    list_photographs,
    split_queries,
)
from fashion_cli.inference.multi_model import open_models, require_tags
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.metrics.bootstrap import Interval, mean_intervals
from fashion_cli.metrics.ranking import CUTOFFS
from fashion_cli.retrieval.rerank import ALPHA, BETA, rerank_lists
from fashion_cli.weights import open_model

RERANKED = 50  # hits that are ordered anew, as `fashion search` does unless told otherwise


@dataclass(frozen=True)
class EvalRetrievalConfig(CheckedFields):
    """What to measure.

    Attributes:
        split: On what: which photographs are queries, and which are found.
        inference: How the model runs; None: there is no model, and `features` is measured as it is.
        features: A feature file to look into and to add to.
        rerank: Order the first hits by shared tags, as `fashion search` does.
        topk: How many of them.
        alpha: What one rank costs.
        beta: What one shared tag brings.
        cutoffs: The K of recall@K.
    """

    retrieval: RetrievalOptions
    inference: InferenceOptions | None
    features: Path | None = None
    rerank: bool = False
    topk: int = RERANKED
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
        parts: For each value of the column that the split names, the largest first.
        gallery: Photographs in the gallery.
        without_relevant_item: Queries that were left out, because the gallery holds nothing relevant to them.
        skipped: Photographs that could not be read.
        model: Its name.
        source: What was asked for: a model's name or directory, or a feature file.
        reranked: Whether the first hits were ordered by shared tags.
        seconds: In all.
        notes: What looks like a mistake in the annotations.
    """

    overall: QueryFigures
    parts: tuple[QueryFigures, ...]
    gallery: int
    without_relevant_item: int
    skipped: tuple[Skipped, ...]
    model: str
    source: str
    reranked: bool
    seconds: float
    notes: tuple[str, ...] = ()


def evaluate_retrieval(config: EvalRetrievalConfig, progress: Progress) -> EvalRetrievalReport:
    """Embed, rank the gallery for each query, compare with the items.

    Raises:
        AnnotationError: If the data lacks a column or a split, or no query has a right photograph.
        UsageError: If a distractor folder does not exist, or hits are to be re-ranked by tags that are not there.
        FeatureFileError: If the feature file is damaged or another model's.
    """
    start = time.perf_counter()
    photographs = list_photographs(config.retrieval)
    with _features(config, photographs.paths, progress) as subset:
        split = split_queries(config.retrieval, photographs, subset)
        figures = _figures(config, split, subset)
        return EvalRetrievalReport(
            overall=_summary("", figures, split.items, config.cutoffs),
            parts=_parts(figures, split, config.cutoffs),
            gallery=len(split.gallery),
            without_relevant_item=split.without_relevant_item,
            skipped=subset.skipped,
            model=subset.features.header.model,
            source=config.inference.model if config.inference else str(config.features),
            reranked=config.rerank,
            seconds=time.perf_counter() - start,
            notes=photographs.notes,
        )


def _features(
    config: EvalRetrievalConfig, paths: Sequence[Path], progress: Progress
) -> AbstractContextManager[FeatureSubset]:
    """What is known of the photographs; without a model, what the feature file says."""
    options = config.inference
    if options is None:
        if config.features is None:
            raise UsageError("neither a model nor a feature file", hint="--model NAME|DIR, or --vectors F.h5")
        return read_features(paths, config.features)
    if config.rerank:
        return cached_features(paths, require_tags(open_models(options)), options, progress, config.features)
    # Tags that are neither looked at nor kept need no second model.
    model = open_models(options) if config.features else open_model(options.model)
    return cached_features(paths, model, options, progress, config.features)


def _figures(config: EvalRetrievalConfig, split: RetrievalSplit, subset: FeatureSubset) -> npt.NDArray[np.float64]:
    """(Q, cutoffs + 1) whether a right photograph is among the first K, for each K; then the average precision."""
    figures = []
    for ranked in rank_photographs(split, subset.features, config.topk if config.rerank else 0):
        right = ranked.relevant
        if config.rerank:
            right = right.reorder(rerank_lists(ranked.shared, ranked.lengths, config.alpha, config.beta))
        hits = right.first[:, None] <= np.array(config.cutoffs)
        figures.append(np.column_stack([hits, right.average_precision()]))
    return np.concatenate(figures)


def _parts(figures: npt.NDArray[np.float64], split: RetrievalSplit, cutoffs: Sequence[int]) -> tuple[QueryFigures, ...]:
    if not any(split.parts):
        return ()
    members: dict[str, list[int]] = {}
    for query, part in enumerate(split.parts):
        members.setdefault(part, []).append(query)
    largest_first = sorted(members.items(), key=lambda member: (-len(member[1]), member[0]))
    return tuple(
        _summary(name, figures[queries], [split.items[query] for query in queries], cutoffs)
        for name, queries in largest_first
    )


def _summary(name: str, figures: npt.NDArray[np.float64], items: Sequence[str], cutoffs: Sequence[int]) -> QueryFigures:
    *recall, precision = mean_intervals(figures, items)
    return QueryFigures(
        name=name,
        queries=len(figures),
        items=len(set(items)),
        recall=dict(zip(cutoffs, recall, strict=True)),
        mean_average_precision=precision,
    )
