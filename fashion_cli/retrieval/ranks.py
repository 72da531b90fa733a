"""At which rank each relevant row of a gallery stands, without ever sorting the gallery.

The rank of a row is 1 plus the number of rows that are nearer to the query, or as near and stored before it. Rows are
counted chunk by chunk with the fast cosines of a matrix product; where such a cosine is too close to a relevant one to
tell, it is computed again exactly. So ranks are those of a full sort by `ExactIndex`'s cosines, ties included.
"""

import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.exact import ExactIndex, exact_cosines, rounding
from fashion_cli.retrieval.neighbours import unit_rows

QUERIES_AT_ONCE = 1024  # with the 8,192 rows of a chunk: 32 MiB of cosines
ROWS_AT_ONCE = 8192


def ranks_of_rows(
    index: ExactIndex,
    queries: npt.NDArray[np.float32],
    relevant: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    left_out: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The ranks of the relevant rows of each query.

    Args:
        index: The gallery.
        queries: (Q, D) of any length above zero.
        relevant: (N,) rows, those of the first query first; of one query each row once.
        starts: (Q,) where in `relevant` each query's rows begin.
        left_out: (Q,) a row that does not count for a query, and is not relevant to it; -1 where there is none.

    Returns:
        (N,) from 1, those of the first query first; ascending within each query.
    """
    ends = np.append(starts[1:], len(relevant))
    ranks = np.empty(len(relevant), np.int64)
    for first in range(0, len(queries), QUERIES_AT_ONCE):
        block = slice(first, first + QUERIES_AT_ONCE)
        counters = [
            _Counter(index, query, relevant[start:end], own)
            for query, start, end, own in zip(
                queries[block], starts[block].tolist(), ends[block].tolist(), left_out[block].tolist(), strict=True
            )
        ]
        directions = unit_rows(queries[block])
        for numbers, chunk in index.chunks():
            for counter, cosines in zip(counters, directions @ chunk.T, strict=True):
                counter.count(int(numbers[0]), cosines)
        for counter, start, end in zip(counters, starts[block], ends[block], strict=True):
            ranks[start:end] = counter.ranks()
    return ranks


class _Counter:
    """Counts, for each relevant row of one query, the rows that stand before it.

    Args:
        index: The gallery.
        query: (D,).
        relevant: (M,) rows.
        left_out: A row that does not count, or -1.
    """

    def __init__(
        self, index: ExactIndex, query: npt.NDArray[np.float32], relevant: npt.NDArray[np.int64], left_out: int
    ) -> None:
        self._index, self._query, self._left_out = index, query, left_out
        cosines = self._exact(relevant)
        places = _places(cosines, relevant)
        order = np.argsort(places)
        self._relevant, self._cosines = places[order], cosines[order]  # (M,) the last of the list comes first
        self._slack = rounding(len(query))
        self._below = np.zeros(len(relevant) + 1, np.int64)  # b -> rows that stand before b of the relevant ones

    def count(self, first: int, rough: npt.NDArray[np.float32]) -> None:
        """Count a chunk of rows.

        Args:
            first: The number of its first row.
            rough: (C,) their fast cosines.
        """
        if not len(self._relevant):
            return
        near = np.flatnonzero(rough >= self._cosines[0] - self._slack)
        near = near[near + first != self._left_out]
        cosines = rough[near]
        surely = np.searchsorted(self._cosines, cosines - self._slack, side="left")
        perhaps = np.searchsorted(self._cosines, cosines + self._slack, side="right")
        close = surely < perhaps
        if close.any():
            rows = near[close] + first
            surely[close] = np.searchsorted(self._relevant, _places(self._exact(rows), rows), side="left")
        self._below += np.bincount(surely, minlength=len(self._below))

    def ranks(self) -> npt.NDArray[np.int64]:
        """(M,) ranks from 1, ascending."""
        before = np.cumsum(self._below[:0:-1])  # of the relevant rows, the one that stands first comes first
        return before + 1

    def _exact(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        cosines = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            cosines[part] = exact_cosines(self._query, self._index.vectors[rows[part]])
        return cosines


def _places(cosines: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(R,) a whole number for each row: the higher, the nearer to the front. The cosine counts first, then the row."""
    bits = (cosines + np.float32(0)).view(np.int32).astype(np.int64)  # + 0 makes -0 the same as 0
    rising = np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)  # in the order of the cosines
    return (rising << 32) - rows
