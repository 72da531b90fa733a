"""The hits of one query in an open gallery: filters, nearest photographs, cut-offs, re-ranking.

Knows vectors and scores, not where they come from: `steps.search` and the server both search through this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.errors import UsageError
from fashion_cli.retrieval.cutoff import above_percentile, before_largest_gap
from fashion_cli.retrieval.filters import Condition, matching_rows
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.neighbours import Neighbours, unit_rows
from fashion_cli.retrieval.rerank import ALPHA, BETA, rerank, shared_tags, totals

PERCENTILE_SAMPLE = 20_000  # gallery rows that a percentile is estimated from
ROUNDING = np.float32(1e-5)  # by which two ways to compute one cosine may differ
PER_ITEM = 4  # photographs that an item is guessed to have, when so many hits are asked for


@dataclass(frozen=True)
class Features:
    """One photograph, or what several add up to.

    Attributes:
        vector: (D,) float32 of unit length.
        scores: (T,) float32 probabilities.
    """

    vector: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]


@dataclass(frozen=True)
class SearchOptions(CheckedFields):
    """Which hits, and in which order.

    Attributes:
        topk: How many, from 1.
        rerank: Order the hits by rank and shared tags.
        alpha: What one rank costs.
        beta: What one shared tag brings.
        candidates: Of so many of the nearest re-ranking chooses the `topk`; of `topk` where that is more.
        exact: Compare with every photograph, whatever the index is.
        min_percentile: Only hits nearer than this percentage of the gallery, in [0, 100].
        largest_gap: Only hits before the largest drop of the cosine.
        language: Of the tags' titles; "" for none.

    Raises:
        UsageError: If a number is out of range.
    """

    topk: int = 50
    rerank: bool = True
    alpha: float = ALPHA
    beta: float = BETA
    candidates: int = 0
    exact: bool = False
    min_percentile: float | None = None
    largest_gap: bool = False
    language: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.topk < 1:
            raise UsageError(f"topk {self.topk} is less than 1", hint="--topk 50")
        if self.min_percentile is not None and not 0 <= self.min_percentile <= 100:
            raise UsageError(f"percentile {self.min_percentile} is not in [0, 100]", hint="--min-percentile 95")

    @property
    def nearest(self) -> int:
        """How many of the nearest are looked at."""
        return max(self.topk, self.candidates) if self.rerank else self.topk


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
        sha256: Of the file's bytes, hexadecimal.
        width: Of the upright photograph, pixels.
        height: Of the upright photograph, pixels.
    """

    path: str
    rank: int
    retrieval_rank: int
    cosine: float
    total: float
    shared_tags: tuple[Tag, ...]
    tags: tuple[Tag, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    width: int = 0
    height: int = 0


def combine(parts: Sequence[Features], weights: Sequence[float]) -> Features:
    """The weighted sum of vectors, of unit length, and the weighted mean of scores.

    Raises:
        UsageError: If nothing is left of the sum.
    """
    vector = np.sum([weight * part.vector for part, weight in zip(parts, weights, strict=True)], axis=0)
    length = float(np.linalg.norm(vector))
    if length < 1e-6:
        raise UsageError("the weighted photographs cancel out", hint="change the weights")
    scores = np.sum([weight * part.scores for part, weight in zip(parts, weights, strict=True)], axis=0)
    positive = sum(weight for weight in weights if weight > 0) or 1.0
    return Features((vector / length).astype(np.float32), np.clip(scores / positive, 0, 1).astype(np.float32))


def allowed_rows(gallery: Gallery, where: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """The rows that filters leave; None without filters.

    Args:
        gallery: To search in.
        where: "group=tag[,tag]"; all must hold.

    Raises:
        UsageError: If a filter names what the gallery does not have.
    """
    if not where:
        return None
    return matching_rows(gallery.features, [Condition.parse(text) for text in where])


def percentile_sample(gallery: Gallery) -> npt.NDArray[np.float32]:
    """(S, D) unit vectors that stand for the whole gallery."""
    step = max(1, len(gallery) // PERCENTILE_SAMPLE)
    return unit_rows(gallery.features.vectors(slice(None, None, step)))


def find_hits(
    gallery: Gallery,
    vector: npt.NDArray[np.float32],
    present: npt.NDArray[np.bool_],
    options: SearchOptions,
    *,
    rows: npt.NDArray[np.int64] | None = None,
    sample: npt.NDArray[np.float32] | None = None,
    items: npt.NDArray[np.int64] | None = None,
) -> tuple[Hit, ...]:
    """Search, the best first.

    Args:
        gallery: Where.
        vector: (D,) of the query, of any length.
        present: (T,) the tags that the query shows: what hits can share.
        options: Which hits, and in which order.
        rows: The only rows allowed; all where None.
        sample: Of `percentile_sample`; needed for `min_percentile` only.
        items: (N,) a number for each row of the gallery: of rows with one number only the nearest is a hit.
    """
    if rows is not None and not len(rows):
        return ()
    found = _nearest(gallery, vector, options, rows, items)
    spread = None if sample is None else sample @ vector
    kept = _kept(found.cosines[0], spread, options)
    return describe_rows(gallery, found.rows[0][kept], found.cosines[0][kept], present, options)


def describe_rows(
    gallery: Gallery,
    rows: npt.NDArray[np.int64],
    cosines: npt.NDArray[np.float32],
    present: npt.NDArray[np.bool_],
    options: SearchOptions,
) -> tuple[Hit, ...]:
    """Hits of rows that were found, in the order that the options ask for.

    Args:
        gallery: Where they were found.
        rows: (k,) nearest first; of more than `topk` the last in that order are left out.
        cosines: (k,) with the query.
        present: (T,) the tags that the query shows.
        options: Whether and how to re-rank.
    """
    if not len(rows):
        return ()
    vocabulary = gallery.features.header.vocabulary
    stored = gallery.read(rows)
    shown = present_tags(stored.scores, vocabulary)
    shared = shared_tags(present, shown)
    counts = shared.sum(axis=1)
    order = np.arange(len(rows))
    scores = np.full(len(rows), np.nan)
    if options.rerank:
        order = rerank(cosines, counts, options.alpha, options.beta)
        scores = totals(cosines, counts, options.alpha, options.beta)
    order = order[: options.topk]
    return tuple(
        Hit(
            path=stored.paths[place],
            rank=rank,
            retrieval_rank=int(place) + 1,
            cosine=float(cosines[place]),
            total=float(scores[place]),
            shared_tags=named_tags(stored.scores[place], shared[place], vocabulary, options.language),
            tags=named_tags(stored.scores[place], shown[place], vocabulary, options.language),
            columns={name: values[place] for name, values in stored.columns.items()},
            sha256=stored.sha256[place],
            width=int(stored.widths[place]),
            height=int(stored.heights[place]),
        )
        for rank, place in enumerate(order, 1)
    )


def _nearest(
    gallery: Gallery,
    vector: npt.NDArray[np.float32],
    options: SearchOptions,
    rows: npt.NDArray[np.int64] | None,
    items: npt.NDArray[np.int64] | None,
) -> Neighbours:
    """The nearest rows, or the nearest row of each of the nearest items."""
    if items is None:
        return gallery.nearest(vector[None], options.nearest, exact=options.exact, rows=rows)
    there = len(gallery) if rows is None else len(rows)
    asked = options.nearest * PER_ITEM
    while True:
        found = gallery.nearest(vector[None], asked, exact=options.exact, rows=rows)
        first = np.sort(np.unique(items[found.rows[0]], return_index=True)[1])  # nearest of each item, nearest first
        if len(first) >= options.nearest or asked >= there:
            chosen = first[: options.nearest]
            return Neighbours(found.rows[:, chosen], found.cosines[:, chosen])
        asked *= PER_ITEM


def _kept(
    cosines: npt.NDArray[np.float32], spread: npt.NDArray[np.float32] | None, options: SearchOptions
) -> npt.NDArray[np.bool_]:
    """(k,) which hits stand before the end of the list that the options ask for."""
    kept = np.ones(len(cosines), np.bool_)
    if spread is not None and options.min_percentile is not None:
        kept &= above_percentile(cosines + ROUNDING, spread, options.min_percentile)
    if options.largest_gap:
        kept &= before_largest_gap(cosines)
    return kept
