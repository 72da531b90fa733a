"""How good ranked lists are: recall@K (Lim & Nang, equation 1) and mean average precision.

A list is a row of booleans, right item or not, best hit first. Lists come in chunks, so that the whole matrix
of queries by gallery never has to exist.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CUTOFFS = (1, 5, 10, 20, 50)


@dataclass(frozen=True)
class RankingFigures:
    """What a set of queries reached.

    Attributes:
        queries: How many count.
        without_right_item: How many were left out, because the gallery holds nothing right for them.
        recall: K -> the share of queries with at least one right item among the first K, in [0, 1].
        mean_average_precision: In [0, 1].
    """

    queries: int
    without_right_item: int
    recall: Mapping[int, float]
    mean_average_precision: float


def has_right_item(relevance: npt.NDArray[np.bool_], k: int) -> npt.NDArray[np.bool_]:
    """(Q,) whether a right item is among the first k of each list (Q, K)."""
    return np.asarray(relevance[:, :k].any(axis=1))


def recall_at(relevance: npt.NDArray[np.bool_], k: int) -> float:
    """The share of lists (Q, K) with at least one right item among the first k; NaN without lists."""
    return float(has_right_item(relevance, k).mean()) if len(relevance) else float("nan")


def average_precision(relevance: npt.NDArray[np.bool_], relevant: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The precision at each right item, summed and divided by the number of right items that there are.

    Args:
        relevance: (Q, K). Right items after the first K count as not found.
        relevant: (Q,) how many right items the gallery holds for each query, found or not.

    Returns:
        (Q,) in [0, 1]; NaN where the gallery holds no right item.
    """
    ranks = np.arange(1, relevance.shape[1] + 1)
    precision = np.cumsum(relevance, axis=1) / ranks  # (Q, K)
    found = (precision * relevance).sum(axis=1)
    precisions = np.full(len(relevance), np.nan)
    np.divide(found, relevant, out=precisions, where=relevant > 0)
    return precisions


def rank_figures(
    chunks: Iterable[tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]], cutoffs: Sequence[int] = CUTOFFS
) -> RankingFigures:
    """All figures of many lists.

    Queries without any right item in the gallery are counted and left out: no ranking could help them.

    Args:
        chunks: Pairs (relevance (Q, K), relevant (Q,)) as `average_precision` takes them.
        cutoffs: The K of recall@K. A list shorter than K counts as it is.
    """
    hits = dict.fromkeys(cutoffs, 0)
    queries, left_out, precision = 0, 0, 0.0
    for relevance, relevant in chunks:
        answerable = relevant > 0
        left_out += int((~answerable).sum())
        queries += int(answerable.sum())
        for k in cutoffs:
            hits[k] += int(has_right_item(relevance[answerable], k).sum())
        precision += float(average_precision(relevance[answerable], relevant[answerable]).sum())
    answered = queries or float("nan")
    recall = {k: hit / answered for k, hit in hits.items()}
    return RankingFigures(queries, left_out, recall, precision / answered)
