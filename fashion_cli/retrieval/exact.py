"""The exact scan: every stored vector is compared with the query. Annoy is measured against it."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.neighbours import Neighbours, Vectors, as_float32, unit_rows

ROWS_AT_ONCE = 8192
QUERIES_AT_ONCE = 256  # with the line above: 8 MiB of cosines
MAX_CACHED_BYTES = 256 << 20  # up to here the float32 rows are kept for the next query


class ExactIndex:
    """All rows, scanned in chunks of float32.

    A fast scan finds the candidates; their cosines are then computed again in float64, one row at a time. So
    an answer depends neither on how many queries are asked at once nor on where a row stands, and copies of a
    vector tie.

    Args:
        vectors: (N, D) float16 or float32 of any length above zero; not copied.
        keep: Keep the rows as float32 after the first query, where that takes at most `MAX_CACHED_BYTES`.
    """

    def __init__(self, vectors: Vectors, *, keep: bool = True) -> None:
        self.vectors = vectors
        self._keep = keep and 4 * vectors.size <= MAX_CACHED_BYTES

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(
        self, vectors: npt.NDArray[np.float32], k: int, rows: npt.NDArray[np.int64] | None = None
    ) -> Neighbours:
        """The k nearest rows by cosine.

        Args:
            vectors: (Q, D) queries of any length.
            k: How many, at least 1; clipped to the number of rows.
            rows: The only rows allowed, in any order; all where None.
        """
        allowed = None if rows is None else np.unique(rows)
        k = min(k, len(self) if allowed is None else len(allowed))
        if k == 0:
            empty = (len(vectors), 0)
            return Neighbours(np.empty(empty, np.int64), np.empty(empty, np.float32))
        parts = [
            self._nearest(vectors[start : start + QUERIES_AT_ONCE], k, allowed)
            for start in range(0, max(len(vectors), 1), QUERIES_AT_ONCE)
        ]
        return Neighbours(
            np.concatenate([part.rows for part in parts]), np.concatenate([part.cosines for part in parts])
        )

    def _nearest(self, queries: npt.NDArray[np.float32], k: int, allowed: npt.NDArray[np.int64] | None) -> Neighbours:
        best = [_Best(k, slack=rounding(queries.shape[1])) for _ in queries]
        directions = unit_rows(queries)
        for numbers, chunk in self.chunks(allowed):
            rough = directions @ chunk.T  # (Q, C)
            for query, cosines, top in zip(queries, rough, best, strict=True):
                near = top.candidates(cosines)
                if len(near):
                    rows = numbers[near]
                    top.add(rows, exact_cosines(query, self.vectors[rows]))
        return Neighbours(
            np.array([top.rows for top in best], np.int64).reshape(-1, k),
            np.array([top.cosines for top in best], np.float32).reshape(-1, k),
        )

    def chunks(
        self, allowed: npt.NDArray[np.int64] | None = None
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        """Row numbers (C,), ascending, and their unit vectors (C, D); of all rows or of the allowed ones, ascending."""
        numbers = np.arange(len(self), dtype=np.int64) if allowed is None else allowed
        for start in range(0, len(numbers), ROWS_AT_ONCE):
            part = numbers[start : start + ROWS_AT_ONCE]
            place = slice(part[0], part[-1] + 1) if allowed is None else part
            yield part, self._cached_rows[place] if self._keep else unit_rows(self.vectors[place])

    @cached_property
    def _cached_rows(self) -> npt.NDArray[np.float32]:
        cached = np.empty(self.vectors.shape, np.float32)
        for start in range(0, len(self), ROWS_AT_ONCE):
            place = slice(start, start + ROWS_AT_ONCE)
            cached[place] = unit_rows(self.vectors[place])
        return cached


class _Best:
    """The k best rows of one query so far. Chunks come in the order of their rows.

    Args:
        k: How many.
        slack: How far a fast cosine may be from the true one.
    """

    def __init__(self, k: int, slack: float) -> None:
        self.k = k
        self.slack = slack
        self.rows = np.empty(0, np.int64)
        self.cosines = np.empty(0, np.float32)

    def candidates(self, rough: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
        """The places in a chunk whose cosine may be among the best."""
        floor = self.cosines[-1] - self.slack if len(self.cosines) == self.k else -np.inf
        near = np.flatnonzero(rough >= floor)
        if len(near) > self.k:
            kth = np.partition(rough[near], -self.k)[-self.k]
            near = near[rough[near] >= kth - 2 * self.slack]
        return near

    def add(self, rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]) -> None:
        rows = np.concatenate([self.rows, rows])
        cosines = np.concatenate([self.cosines, cosines])
        order = np.lexsort((rows, -cosines))[: self.k]
        self.rows, self.cosines = rows[order], cosines[order]


def rounding(width: int) -> float:
    """How far a fast cosine of vectors of that width may be from the exact one."""
    return float((width + 8) * np.finfo(np.float32).eps)  # 8: for making vectors of unit length


def exact_cosines(query: npt.NDArray[np.float32], vectors: Vectors) -> npt.NDArray[np.float32]:
    """The cosine of one query (D,) with each row (C, D), the same whatever other rows there are."""
    rows = as_float32(vectors).astype(np.float64)
    products = (rows * query).sum(axis=1)
    lengths = np.sqrt((rows * rows).sum(axis=1) * (query.astype(np.float64) ** 2).sum())
    cosines = np.zeros(len(rows), np.float64)
    np.divide(products, lengths, out=cosines, where=lengths > 0)
    return cosines.clip(-1, 1).astype(np.float32)
