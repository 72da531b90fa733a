"""Metrics of ranked lists: recall@K (Lim & Nang, equation 1) and mean average precision.

A list is a row of booleans, right item or not, best hit first. Of long lists only the ranks of the right items are
needed: `RelevantRanks`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CUTOFFS = (1, 5, 10, 20, 30, 40, 50)


def has_relevant_item(relevance: npt.NDArray[np.bool_], k: int) -> npt.NDArray[np.bool_]:
    """(Q,) whether a right item is among the first k of each list (Q, K)."""
    return np.asarray(relevance[:, :k].any(axis=1))


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
    sums = (precision * relevance).sum(axis=1)
    precisions = np.full(len(relevance), np.nan)
    np.divide(sums, relevant, out=precisions, where=relevant > 0)
    return precisions


@dataclass(frozen=True)
class RelevantRanks:
    """Where the right items stand in the lists of Q queries, each of which has at least one.

    Attributes:
        ranks: (N,) from 1, those of the first query first; ascending within each query.
        starts: (Q,) where in `ranks` each query begins.
    """

    ranks: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def first(self) -> npt.NDArray[np.int64]:
        """(Q,) the rank of each query's first right item: at most K where recall@K counts a hit."""
        return self.ranks[self.starts]

    def average_precision(self) -> npt.NDArray[np.float64]:
        """(Q,) the precision at each right item, averaged, in (0, 1]."""
        if not len(self):
            return np.empty(0)
        counts = np.diff(self.starts, append=len(self.ranks))
        cumulative = np.arange(len(self.ranks)) - np.repeat(self.starts, counts) + 1  # (N,) right items up to each
        return np.asarray(np.add.reduceat(cumulative / self.ranks, self.starts) / counts)

    def reorder(self, order: npt.NDArray[np.int64]) -> "RelevantRanks":
        """The ranks after the first hits of each list were put into another order.

        Args:
            order: (Q, K) for each new place, from 0, the old place of the hit that stands there now.
        """
        depth = order.shape[1]
        places = np.empty_like(order)  # (Q, K) for each old place the new one
        np.put_along_axis(places, order, np.broadcast_to(np.arange(depth), order.shape), axis=1)
        counts = np.diff(self.starts, append=len(self.ranks))
        queries = np.repeat(np.arange(len(self)), counts)  # (N,)
        ranks = self.ranks.copy()
        moved = ranks <= depth
        ranks[moved] = places[queries[moved], ranks[moved] - 1] + 1
        return RelevantRanks(ranks[np.lexsort((ranks, queries))], self.starts)


def ndcg(grades: npt.NDArray[np.int64], judged: npt.NDArray[np.int64], k: int) -> float:
    """nDCG@k of one list of graded hits (Järvelin & Kekäläinen, 2002): gains of 2^grade - 1, by log2(rank + 1).

    Args:
        grades: (n,) of the hits, best first, 0 for what is not like the query at all.
        judged: (m,) the grades of all that was judged for the query: the best list that there can be.
        k: How many hits count.

    Returns:
        In [0, 1]; nan where nothing that was judged is like the query.
    """
    ideal = _gain(np.sort(judged)[::-1][:k])
    return _gain(grades[:k]) / ideal if ideal else float("nan")


def _gain(grades: npt.NDArray[np.int64]) -> float:
    return float(((2.0**grades - 1) / np.log2(np.arange(2, len(grades) + 2))).sum())
