"""The hits of one query in an open gallery: filters, nearest photographs, cut-offs, re-ranking.

Knows vectors and scores, not where they come from: `steps.search` and the server both search through this.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.errors import UsageError
from fashion_cli.retrieval.candidates import EVERYTHING, Candidates, Scope, Selection, choose_candidates
from fashion_cli.retrieval.category_prior import QueryPrior
from fashion_cli.retrieval.columns import display_name
from fashion_cli.retrieval.cutoff import above_percentile, before_largest_gap
from fashion_cli.retrieval.filters import Condition, FurtherColumns, match_condition
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.retrieval.rerank import ALPHA, BETA, rerank, rerank_scores, shared_tags

PERCENTILE_SAMPLE = 20_000  # gallery rows that a percentile is estimated from
ROUNDING = np.float32(1e-5)  # by which two ways to compute one cosine may differ


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
        largest_gap: Only hits before the largest drop of the cosine, as a prior weighs it.
        collapse: Of photographs that are the same picture only the best is a hit, and says which the others are.
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
    collapse: bool = True
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
class Copy:
    """A further photograph that is the same picture as a hit.

    Attributes:
        path: Absolute.
        sha256: Of the file's bytes, hexadecimal.
    """

    path: str
    sha256: str


@dataclass(frozen=True)
class Hit:
    """A photograph that was found.

    Attributes:
        path: Absolute.
        rank: From 1, as shown.
        retrieval_rank: From 1, before re-ranking.
        cosine: With the query, in [-1, 1]; nan where words were searched for.
        rerank_score: What the rank follows, `-alpha * retrieval_rank + beta * shared tags`; nan without re-ranking.
        shared_tags: Tags that it has in common with the query.
        tags: All that it shows.
        columns: What a manifest said about it, by the names of its columns.
        sha256: Of the file's bytes, hexadecimal.
        width: Of the upright photograph, pixels.
        height: Of the upright photograph, pixels.
        agreement: How far it is the same kind of thing as the query, in [0, 1]; nan without a prior.
        copies: Further photographs that are the same picture, of those that were looked at.
    """

    path: str
    rank: int
    retrieval_rank: int
    cosine: float
    rerank_score: float
    shared_tags: tuple[Tag, ...]
    tags: tuple[Tag, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    width: int = 0
    height: int = 0
    agreement: float = math.nan
    copies: tuple[Copy, ...] = ()


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


@dataclass(frozen=True)
class AllowedRows:
    """The photographs that filters leave.

    Attributes:
        rows: Ascending; None for all.
        notes: What people should know about the filters.
    """

    rows: npt.NDArray[np.int64] | None
    notes: tuple[str, ...] = ()


def allowed_rows(
    gallery: Gallery, conditions: Sequence[Condition], further: FurtherColumns | None = None
) -> AllowedRows:
    """The rows that meet all conditions; arguments as in `match_condition`.

    Raises:
        UsageError: If a condition names what the gallery does not have.
    """
    if not conditions:
        return AllowedRows(None)
    matches = [match_condition(gallery.features, condition, further) for condition in conditions]
    rows = np.flatnonzero(np.logical_and.reduce([each.rows for each in matches])).astype(np.int64)
    return AllowedRows(rows, tuple(each.note for each in matches if each.note))


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
    scope: Scope = EVERYTHING,
    sample: npt.NDArray[np.float32] | None = None,
    prior: QueryPrior | None = None,
) -> tuple[Hit, ...]:
    """Search by a vector, the best first.

    Args:
        gallery: Where.
        vector: (D,) of the query, of any length.
        present: (T,) the tags that the query shows: what hits can share.
        options: Which hits, and in which order.
        scope: Which rows may be hits.
        sample: Of `percentile_sample`; needed for `min_percentile` only.
        prior: Prefers hits that are the same kind of thing as the query.
    """
    if scope.rows is not None and not len(scope.rows):
        return ()
    selection = Selection(options.nearest, scope, options.exact, prior, options.collapse)
    candidates = choose_candidates(gallery, vector, selection)
    spread = None if sample is None else sample @ vector
    return describe(gallery, candidates.take(_select(candidates, spread, options)), present, options)


def describe_rows(
    gallery: Gallery,
    rows: npt.NDArray[np.int64],
    cosines: npt.NDArray[np.float32],
    present: npt.NDArray[np.bool_],
    options: SearchOptions,
) -> tuple[Hit, ...]:
    """Hits of rows that were found in another way than by likeness; as `describe`.

    Args:
        gallery: Where they were found.
        rows: (k,) the best first.
        cosines: (k,) with the query, falling.
        present: (T,) the tags that the query shows.
        options: Whether and how to re-rank.
    """
    return describe(gallery, Candidates.of(rows, cosines), present, options)


def describe(
    gallery: Gallery, candidates: Candidates, present: npt.NDArray[np.bool_], options: SearchOptions
) -> tuple[Hit, ...]:
    """Hits of rows that were found, in the order that the options ask for.

    Args:
        gallery: Where they were found.
        candidates: The best first; of more than `topk` the last in that order are left out.
        present: (T,) the tags that the query shows.
        options: Whether and how to re-rank.
    """
    if not len(candidates.rows):
        return ()
    vocabulary = gallery.features.header.vocabulary
    stored = gallery.read(candidates.rows)
    hit_tags = present_tags(stored.scores, vocabulary)
    shared = shared_tags(present, hit_tags)
    counts = shared.sum(axis=1)
    order = np.arange(len(candidates.rows))
    scores = np.full(len(order), np.nan)
    if options.rerank:
        order = rerank(candidates.scores, counts, options.alpha, options.beta)
        scores = rerank_scores(candidates.scores, counts, options.alpha, options.beta)
    order = order[: options.topk]
    copies = _read_copies(gallery, candidates, order)
    return tuple(
        Hit(
            path=stored.paths[place],
            rank=rank,
            retrieval_rank=int(place) + 1,
            cosine=float(candidates.cosines[place]),
            rerank_score=float(scores[place]),
            shared_tags=named_tags(stored.scores[place], shared[place], vocabulary, options.language),
            tags=named_tags(stored.scores[place], hit_tags[place], vocabulary, options.language),
            columns={display_name(name): values[place] for name, values in stored.columns.items()},
            sha256=stored.sha256[place],
            width=int(stored.widths[place]),
            height=int(stored.heights[place]),
            agreement=float(candidates.agreements[place]),
            copies=copies.get(int(candidates.rows[place]), ()),
        )
        for rank, place in enumerate(order, 1)
    )


def _read_copies(
    gallery: Gallery, candidates: Candidates, places: npt.NDArray[np.int64]
) -> Mapping[int, tuple[Copy, ...]]:
    """Row -> the copies of each hit that has some."""
    of_hits = {row: candidates.copies[row] for row in candidates.rows[places].tolist() if row in candidates.copies}
    if not of_hits:
        return {}
    stored = gallery.read(np.concatenate(list(of_hits.values())))
    each = iter(zip(stored.paths, stored.sha256, strict=True))
    return {row: tuple(Copy(*next(each)) for _ in copies) for row, copies in of_hits.items()}


def _select(
    candidates: Candidates, spread: npt.NDArray[np.float32] | None, options: SearchOptions
) -> npt.NDArray[np.bool_]:
    """(k,) which hits stand before the end of the list that the options ask for."""
    mask = np.ones(len(candidates.rows), np.bool_)
    if spread is not None and options.min_percentile is not None:
        mask &= above_percentile(candidates.cosines + ROUNDING, spread, options.min_percentile)
    if options.largest_gap:
        mask &= before_largest_gap(candidates.scores)
    return mask
