"""The gallery ranked for each query: the ranks of relevant photographs, and the tags shared with the first hits."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.errors import UsageError
from fashion_cli.evaluation.retrieval_split import RetrievalSplit
from fashion_cli.metrics.ranking import RelevantRanks
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.ranks import ranks_of_rows

QUERIES_AT_ONCE = 4096
RELEVANT_AT_ONCE = 4_000_000  # relevant photographs of the queries that are ranked at once: 32 MiB of row numbers
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class RankedQueries:
    """The lists of some queries, in the order of the split.

    Attributes:
        relevant: The ranks of what is relevant.
        shared: (B, K) how many tags each of the first hits shares with its query.
        lengths: (B,) how many hits there are, up to K.
    """

    relevant: RelevantRanks
    shared: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def rank_photographs(split: RetrievalSplit, features: FeatureFile, topk: int = 0) -> Iterator[RankedQueries]:
    """Rank the gallery for each query, as an exact search does: by cosine, of equal ones the earlier row first.

    Memory holds the gallery's vectors as they are stored, a bit for each of its tags, and beyond that an amount that
    depends on neither queries nor gallery.

    Args:
        split: Queries, gallery and relevant items.
        features: Their vectors and scores.
        topk: How many hits of each query shared tags are counted for.

    Raises:
        UsageError: If shared tags are wanted of a model that has no tags.
    """
    index = ExactIndex(features.vectors(split.gallery))
    tags = _Tags(features) if topk else None
    for block in _blocks(split):
        rows, left_out = split.queries[block], split.left_out[block]
        vectors = features.vectors(rows).astype(np.float32)
        counts = split.relevant.counts[block]
        starts = np.cumsum(counts) - counts
        relevant = ranks_of_rows(index, vectors, split.relevant.of(block), starts, left_out)
        shared, lengths = np.empty((len(rows), 0), np.int64), np.zeros(len(rows), np.int64)
        if tags is not None:
            hits = _first_hits(index, vectors, left_out, topk)
            lengths = (hits >= 0).sum(axis=1)
            shared = tags.shared(rows, split.gallery[hits])
        yield RankedQueries(RelevantRanks(relevant, starts), shared, lengths)


def _blocks(split: RetrievalSplit) -> Iterator[slice]:
    """Queries that are ranked together: not too many, and not with too many relevant photographs."""
    ends = np.cumsum(split.relevant.counts)
    start = before = 0
    while start < len(split):
        full = int(np.searchsorted(ends, before + RELEVANT_AT_ONCE, side="right"))
        stop = min(max(full, start + 1), start + QUERIES_AT_ONCE, len(split))
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])


def _first_hits(
    index: ExactIndex, vectors: npt.NDArray[np.float32], left_out: npt.NDArray[np.int64], topk: int
) -> npt.NDArray[np.int64]:
    """(B, K) places in the gallery, without the query's own; -1 where there are no more."""
    neighbours = index.nearest(vectors, topk + 1).rows  # (B, K + 1): one of them may be the query itself
    order = np.argsort(neighbours == left_out[:, None], axis=1, kind="stable")  # its own comes last
    hits = np.take_along_axis(neighbours, order, axis=1)
    hits[hits == left_out[:, None]] = -1
    return hits[:, :topk]


class _Tags:
    """Which tags each row of a feature file shows, eight to a byte.

    Raises:
        UsageError: If there are no tags.
    """

    def __init__(self, features: FeatureFile) -> None:
        vocabulary = features.header.vocabulary
        if not len(vocabulary):
            raise UsageError(
                f"the model {features.header.model} has no tags to re-rank by", hint="--tagger NAME|DIR names one"
            )
        self._bits = np.empty((len(features), -(-len(vocabulary) // 8)), np.uint8)
        for start in range(0, len(features), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            self._bits[rows] = np.packbits(present_tags(features.scores(rows), vocabulary), axis=1)

    def shared(self, queries: npt.NDArray[np.int64], hits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How many tags rows have in common.

        Args:
            queries: (B,) rows.
            hits: (B, K) rows.

        Returns:
            (B, K).
        """
        counts = np.empty(hits.shape, np.int64)
        for place, (query, rows) in enumerate(zip(queries, hits, strict=True)):
            counts[place] = BITS[self._bits[rows] & self._bits[query]].sum(axis=1)
        return counts


BITS = np.array([number.bit_count() for number in range(256)], np.int64)
