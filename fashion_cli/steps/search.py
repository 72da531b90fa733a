"""Find the photographs of a gallery that are nearest to a query, re-ranked by shared clothing attributes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import Box
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Skipped
from fashion_cli.inference.queries import Features, query_features
from fashion_cli.retrieval.cutoff import above_percentile, before_largest_gap
from fashion_cli.retrieval.filters import Condition, matching_rows
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.retrieval.rerank import ALPHA, BETA, rerank, shared_tags, totals

PERCENTILE_SAMPLE = 20_000  # gallery rows that a percentile is estimated from
ROUNDING = np.float32(1e-5)  # by which two ways to compute one cosine may differ


@dataclass(frozen=True)
class QueryPart:
    """A photograph of a query and its weight; a negative weight searches away from it."""

    path: Path
    weight: float = 1.0


@dataclass(frozen=True)
class SearchConfig:
    """What to look for, and where.

    Attributes:
        queries: Each is one search; several parts of a query add up by their weights.
        index: The index directory.
        inference: How the model runs; an empty `model` is the index's own.
        topk: How many hits, from 1.
        rerank: Order the hits by rank and shared tags.
        alpha: What one rank costs.
        beta: What one shared tag brings.
        where: "group=tag[,tag]"; all must hold.
        exact: Compare with every photograph, whatever the index is.
        box: The part of each query photograph to look for.
        min_percentile: Only hits nearer than this percentage of the gallery.
        largest_gap: Only hits before the largest drop of the cosine.
    """

    queries: tuple[tuple[QueryPart, ...], ...]
    index: Path
    inference: InferenceOptions
    topk: int = 50
    rerank: bool = True
    alpha: float = ALPHA
    beta: float = BETA
    where: tuple[str, ...] = ()
    exact: bool = False
    box: Box | None = None
    min_percentile: float | None = None
    largest_gap: bool = False


@dataclass(frozen=True)
class Hit:
    """A photograph that was found.

    Attributes:
        path: Absolute.
        rank: From 1, as shown.
        retrieval_rank: From 1, by cosine alone.
        cosine: With the query, in [-1, 1].
        total: What the rank follows; nan without re-ranking.
        shared_tags: Tags that it has in common with the query.
        tags: All that it shows.
        columns: What a manifest said about it.
    """

    path: str
    rank: int
    retrieval_rank: int
    cosine: float
    total: float
    shared_tags: tuple[Tag, ...]
    tags: tuple[Tag, ...]
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class QueryResult:
    """What was found for one query.

    Attributes:
        query: Its parts.
        tags: What it shows.
        hits: The best first.
    """

    query: tuple[QueryPart, ...]
    tags: tuple[Tag, ...]
    hits: tuple[Hit, ...]

    @property
    def label(self) -> str:
        """The query in words: "a.jpg", or "a.jpg:1 + b.jpg:-0.5"."""
        if len(self.query) == 1 and self.query[0].weight == 1:
            return str(self.query[0].path)
        return " + ".join(f"{part.path}:{part.weight:g}" for part in self.query)


@dataclass(frozen=True)
class SearchReport:
    """What was found.

    Attributes:
        results: One per query that could be read, in order.
        skipped: Query photographs that could not be read.
        rows: Photographs in the gallery.
        index: The index directory.
        kind: How neighbours were found: "annoy" or "exact".
        note: What people should know about the index; mostly empty.
        seconds: In all.
    """

    results: tuple[QueryResult, ...]
    skipped: tuple[Skipped, ...]
    rows: int
    index: Path
    kind: str
    note: str
    seconds: float


def search_gallery(config: SearchConfig) -> SearchReport:
    """Search.

    Raises:
        UsageError: If an option is out of range or names what the gallery does not have.
        IndexDirectoryError: If there is no index, or it is another model's.
        ImageError: If the box reaches beyond a query.
    """
    start = time.perf_counter()
    _check(config)
    with Gallery.open(config.index) as gallery:
        allowed = _allowed_rows(gallery, config)
        paths = list(dict.fromkeys(part.path for query in config.queries for part in query))
        features, skipped = query_features(gallery, paths, config.inference, config.box)
        sample = _sample(gallery) if config.min_percentile is not None else None
        results = tuple(
            _search(gallery, query, features, allowed, sample, config)
            for query in config.queries
            if all(part.path in features for part in query)
        )
        exact = config.exact or allowed is not None
        kind = "exact" if exact else gallery.kind
        seconds = time.perf_counter() - start
        return SearchReport(results, skipped, len(gallery), config.index, kind, gallery.note, seconds)


def _check(config: SearchConfig) -> None:
    if config.topk < 1:
        raise UsageError(f"topk {config.topk} is less than 1", hint="--topk 50")
    if config.min_percentile is not None and not 0 <= config.min_percentile <= 100:
        raise UsageError(f"percentile {config.min_percentile} is not in [0, 100]", hint="--min-percentile 95")
    if not config.queries:
        raise UsageError("no query", hint="give a photograph")


def _allowed_rows(gallery: Gallery, config: SearchConfig) -> npt.NDArray[np.int64] | None:
    """The rows that the filters leave; None without filters."""
    if not config.where:
        return None
    return matching_rows(gallery.features, [Condition.parse(text) for text in config.where])


def _search(
    gallery: Gallery,
    query: tuple[QueryPart, ...],
    features: Mapping[Path, Features],
    allowed: npt.NDArray[np.int64] | None,
    sample: npt.NDArray[np.float32] | None,
    config: SearchConfig,
) -> QueryResult:
    wanted = _combine([features[part.path] for part in query], [part.weight for part in query])
    vocabulary = gallery.features.header.vocabulary
    present = present_tags(wanted.scores[None], vocabulary)[0]
    tags = named_tags(wanted.scores, present, vocabulary)
    if allowed is not None and not len(allowed):
        return QueryResult(query, tags, ())
    found = gallery.nearest(wanted.vector[None], config.topk, exact=config.exact, rows=allowed)
    spread = None if sample is None else sample @ wanted.vector
    kept = _kept(found.cosines[0], spread, config)
    return QueryResult(query, tags, _hits(gallery, found.rows[0][kept], found.cosines[0][kept], present, config))


def _combine(parts: Sequence[Features], weights: Sequence[float]) -> Features:
    """The weighted sum of vectors, and the weighted mean of scores."""
    vector = np.sum([weight * part.vector for part, weight in zip(parts, weights, strict=True)], axis=0)
    length = float(np.linalg.norm(vector))
    if length < 1e-6:
        raise UsageError("the weighted photographs cancel out", hint="change the weights")
    scores = np.sum([weight * part.scores for part, weight in zip(parts, weights, strict=True)], axis=0)
    positive = sum(weight for weight in weights if weight > 0) or 1.0
    return Features((vector / length).astype(np.float32), np.clip(scores / positive, 0, 1).astype(np.float32))


def _sample(gallery: Gallery) -> npt.NDArray[np.float32]:
    """(S, D) unit vectors that stand for the whole gallery."""
    step = max(1, len(gallery) // PERCENTILE_SAMPLE)
    return unit_rows(gallery.features.vectors(slice(None, None, step)))


def _kept(
    cosines: npt.NDArray[np.float32], spread: npt.NDArray[np.float32] | None, config: SearchConfig
) -> npt.NDArray[np.bool_]:
    """(k,) which hits stand before the end of the list that the options ask for."""
    kept = np.ones(len(cosines), np.bool_)
    if spread is not None and config.min_percentile is not None:
        kept &= above_percentile(cosines + ROUNDING, spread, config.min_percentile)
    if config.largest_gap:
        kept &= before_largest_gap(cosines)
    return kept


def _hits(
    gallery: Gallery,
    rows: npt.NDArray[np.int64],
    cosines: npt.NDArray[np.float32],
    query_present: npt.NDArray[np.bool_],
    config: SearchConfig,
) -> tuple[Hit, ...]:
    if not len(rows):
        return ()
    vocabulary = gallery.features.header.vocabulary
    stored = gallery.features.read(rows)
    present = present_tags(stored.scores, vocabulary)
    shared = shared_tags(query_present, present)
    counts = shared.sum(axis=1)
    order = np.arange(len(rows))
    scores = np.full(len(rows), np.nan)
    if config.rerank:
        order = rerank(cosines, counts, config.alpha, config.beta)
        scores = totals(cosines, counts, config.alpha, config.beta)
    return tuple(
        Hit(
            path=stored.paths[place],
            rank=rank,
            retrieval_rank=int(place) + 1,
            cosine=float(cosines[place]),
            total=float(scores[place]),
            shared_tags=named_tags(stored.scores[place], shared[place], vocabulary),
            tags=named_tags(stored.scores[place], present[place], vocabulary),
            columns={name: values[place] for name, values in stored.columns.items()},
        )
        for rank, place in enumerate(order, 1)
    )
