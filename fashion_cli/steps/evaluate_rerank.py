"""Measure what re-ranking by shared tags brings at each alpha and beta, against the same lists without it.

Lim & Nang, "Fashion image retrieval using clothing attributes": their sweep of both weights, on any data.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.embedding.cached_features import cached_features
from fashion_cli.errors import UsageError
from fashion_cli.evaluation.ranking import RankedQueries, rank_photographs
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
from fashion_cli.retrieval.rerank import rerank_lists

WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
CUTOFFS = (1, 5, 10, 20)  # of the first 50 hits the order changes: recall@50 stays what it is
RERANKED = 50


@dataclass(frozen=True)
class EvalRerankConfig(CheckedFields):
    """What to measure.

    Attributes:
        split: On what: which photographs are queries, and which are found.
        inference: How the models run.
        features: A feature file to look into and to add to.
        topk: How many hits are ordered anew.
        alphas: What one rank costs.
        betas: What one shared tag brings.
        cutoffs: The K of recall@K.
    """

    retrieval: RetrievalOptions
    inference: InferenceOptions
    features: Path | None = None
    topk: int = RERANKED
    alphas: tuple[float, ...] = WEIGHTS
    betas: tuple[float, ...] = WEIGHTS
    cutoffs: tuple[int, ...] = CUTOFFS


@dataclass(frozen=True)
class RerankCell:
    """One alpha and one beta.

    Attributes:
        alpha: What one rank costs.
        beta: What one shared tag brings.
        recall: K -> the share of queries with a right photograph among the first K.
        gain: K -> by how much that is more than without re-ranking, and its 95 % interval: paired, over items.
    """

    alpha: float
    beta: float
    recall: Mapping[int, float]
    gain: Mapping[int, Interval]


@dataclass(frozen=True)
class EvalRerankReport:
    """What was measured.

    Attributes:
        plain: K -> recall without re-ranking, and its 95 % interval over items.
        cells: Every alpha with every beta, in that order.
        queries: How many.
        items: How many items are on them.
        gallery: Photographs in the gallery.
        without_relevant_item: Queries that were left out, because the gallery holds nothing relevant to them.
        topk: How many hits were ordered anew.
        shared_tags: How many tags a query shares with one of those hits, on average.
        skipped: Photographs that could not be read.
        model: Its name.
        seconds: In all.
        notes: What looks like a mistake in the annotations.
    """

    plain: Mapping[int, Interval]
    cells: tuple[RerankCell, ...]
    queries: int
    items: int
    gallery: int
    without_relevant_item: int
    topk: int
    shared_tags: float
    skipped: tuple[Skipped, ...]
    model: str
    seconds: float
    notes: tuple[str, ...] = ()


def evaluate_rerank(config: EvalRerankConfig, progress: Progress) -> EvalRerankReport:
    """Embed, rank the gallery once for each query, order the first hits anew for every alpha and beta.

    Raises:
        AnnotationError: If the data lacks a column or a split, or no query has a right photograph.
        UsageError: If the model has no tags, or a distractor folder does not exist.
        FeatureFileError: If the feature file is damaged or another model's.
    """
    start = time.perf_counter()
    if config.topk < 1:
        raise UsageError(f"topk {config.topk} is less than 1", hint="--topk 50")
    model = require_tags(open_models(config.inference))
    photographs = list_photographs(config.retrieval)
    with cached_features(photographs.paths, model, config.inference, progress, config.features) as subset:
        split = split_queries(config.retrieval, photographs, subset)
        blocks = [_Block.of(ranked, config) for ranked in rank_photographs(split, subset.features, config.topk)]
        first = np.concatenate([block.first for block in blocks])
        plain, cells = _compare(first, split, config)
        return EvalRerankReport(
            plain=plain,
            cells=cells,
            queries=len(split),
            items=len(set(split.items)),
            gallery=len(split.gallery),
            without_relevant_item=split.without_relevant_item,
            topk=config.topk,
            shared_tags=sum(block.shared for block in blocks) / sum(block.hits for block in blocks),
            skipped=subset.skipped,
            model=model.card.name,
            seconds=time.perf_counter() - start,
            notes=photographs.notes,
        )


@dataclass(frozen=True)
class _Block:
    """Some queries.

    Attributes:
        first: (B, 1 + cells) the rank of the first right photograph: without re-ranking, then in every cell.
        shared: Tags that queries share with their hits, in all.
        hits: How many hits these are.
    """

    first: npt.NDArray[np.int32]
    shared: int
    hits: int

    @classmethod
    def of(cls, ranked: RankedQueries, config: EvalRerankConfig) -> "_Block":
        columns = [ranked.relevant.first]
        for alpha, beta in _grid(config):
            columns.append(ranked.relevant.reorder(rerank_lists(ranked.shared, ranked.lengths, alpha, beta)).first)
        counted = np.arange(ranked.shared.shape[1]) < ranked.lengths[:, None]
        return cls(np.stack(columns, axis=1).astype(np.int32), int(ranked.shared[counted].sum()), int(counted.sum()))


def _grid(config: EvalRerankConfig) -> list[tuple[float, float]]:
    return [(alpha, beta) for alpha in config.alphas for beta in config.betas]


def _compare(
    first: npt.NDArray[np.int32], split: RetrievalSplit, config: EvalRerankConfig
) -> tuple[dict[int, Interval], tuple[RerankCell, ...]]:
    """Recall without re-ranking, and what each cell adds to it."""
    plain: dict[int, Interval] = {}
    recalls: dict[int, list[float]] = {}
    gains: dict[int, Sequence[Interval]] = {}
    for k in config.cutoffs:
        hits = (first <= k).astype(np.int8)  # (Q, 1 + cells)
        (plain[k],) = mean_intervals(hits[:, :1], split.items)
        recalls[k] = hits[:, 1:].mean(axis=0).tolist()
        gains[k] = mean_intervals(hits[:, 1:] - hits[:, :1], split.items)
    cells = tuple(
        RerankCell(
            alpha, beta, {k: recalls[k][number] for k in config.cutoffs}, {k: gains[k][number] for k in config.cutoffs}
        )
        for number, (alpha, beta) in enumerate(_grid(config))
    )
    return plain, cells
