"""Calibrate an approximate index: how many candidates it must look at to reach a recall.

The 50 nearest other rows of some stored rows are looked up, and the answers compared with an exact scan. That a row's
own copy is in the index helps it little: photographs that were never stored found 0.991 where stored ones found 0.990
(50k vectors of 256, 48 trees and fewer).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.neighbours import NeighbourIndex, Vectors, as_float32

NEIGHBOURS = 50  # the K of the recall
QUERIES = 400
TIMED_SCANS = 7
COSINE_ERROR = 1e-6  # of an index that computes in float32


@dataclass(frozen=True)
class Calibration:
    """How many candidates an Annoy file needs, and what it then reaches.

    Attributes:
        trees: How many it has.
        search_k: How many candidates it looks at per query.
        recall_target: The share of the true 50 nearest rows that is to be found, in [0, 1].
        recall_reached: The share that is found, in [0, 1].
        queries: How many stored rows measured that.
        milliseconds: Per query.
        exact_milliseconds: Per query of an exact scan by a new process, reading the file not counted.
        seconds: That calibration took, with these trees.
        stopped: Whether that was all the time that it had, and the recall is not known to be reached.
    """

    trees: int
    search_k: int
    recall_target: float
    recall_reached: float
    queries: int
    milliseconds: float
    exact_milliseconds: float
    seconds: float = field(default=0.0, compare=False)  # it is not stored
    stopped: bool = field(default=False, compare=False)

    @property
    def passed(self) -> bool:
        """Whether the recall was reached."""
        return self.recall_reached >= self.recall_target and not self.stopped

    @property
    def useful(self) -> bool:
        """Whether the recall was reached, and faster than by an exact scan."""
        return self.passed and self.milliseconds < self.exact_milliseconds


@dataclass(frozen=True)
class RecallBenchmark:
    """Stored rows as queries, with their true neighbours. A row is not its own neighbour.

    Attributes:
        query_rows: (Q,) row numbers.
        vectors: (Q, D) float32.
        worst: (Q,) the cosine of the last true neighbour. A row as near as that is right.
        k: How many neighbours count.
        recall: The target, in [0, 1].
        exact_milliseconds: Per query of an exact scan.
    """

    query_rows: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]
    worst: npt.NDArray[np.float32]
    k: int
    recall: float
    exact_milliseconds: float

    @classmethod
    def of(cls, vectors: Vectors, recall: float, seed: int, everything: Vectors | None = None) -> Self:
        """Draw the rows and scan for their neighbours.

        Args:
            vectors: (N, D), N at least 2.
            recall: The target, in [0, 1].
            seed: Of the drawing.
            everything: What an exact scan would have to compare, where that is more than the vectors.
        """
        count = len(vectors)
        query_rows = np.sort(np.random.default_rng(seed).choice(count, min(QUERIES, count), replace=False))
        queries = as_float32(vectors[query_rows])
        k = min(NEIGHBOURS, count - 1)
        truth = ExactIndex(vectors).nearest(queries, k + 1)
        scan = scan_milliseconds(vectors if everything is None else everything, queries)
        return cls(query_rows, queries, truth.cosines[:, k], k, recall, scan)

    def calibrate(
        self,
        index_with: Callable[[int], NeighbourIndex],
        trees: int,
        everything: int,
        *,
        patient: bool = False,
        seconds: float = float("inf"),
    ) -> Calibration:
        """The smallest search_k over 50, to a tenth, that reaches the recall.

        Args:
            index_with: search_k -> the index that looks at so many candidates.
            trees: How many it has.
            everything: The search_k with which it looks at every row.
            patient: Go on where an exact scan is faster.
            seconds: How long to go on at most.

        Returns:
            The best that was tried, `passed` or not.
        """
        start = time.perf_counter()
        end = start + seconds

        def sit(search_k: int) -> Calibration:
            return self._measure(index_with(search_k), trees, search_k, end)

        low, best, stopped = NEIGHBOURS, sit(max(2 * NEIGHBOURS, trees)), False
        while not best.passed and best.search_k < everything:
            if best.milliseconds >= self.exact_milliseconds and not patient:
                break
            if stopped := time.perf_counter() >= end:
                break
            low, best = best.search_k, sit(2 * best.search_k)
        while best.passed and (best.search_k - low) * 10 > best.search_k and time.perf_counter() < end:
            middle = sit((low + best.search_k) // 2)
            if middle.queries < len(self.query_rows):
                break  # out of time in the middle of it
            low, best = (low, middle) if middle.passed else (middle.search_k, best)
        stopped = stopped or best.queries < len(self.query_rows)
        return replace(best, seconds=round(time.perf_counter() - start, 3), stopped=stopped)

    def _measure(self, index: NeighbourIndex, trees: int, search_k: int, end: float) -> Calibration:
        """Recall and speed with one search_k, of as many queries as there is time for."""
        hits = 0
        seconds: list[float] = []
        for row, vector, worst in zip(self.query_rows, self.vectors, self.worst, strict=True):
            start = time.perf_counter()
            if seconds and start >= end:
                break
            answer = index.nearest(vector[None], self.k + 1)
            seconds.append(time.perf_counter() - start)
            right = (answer.cosines[0] >= worst - COSINE_ERROR) & (answer.rows[0] != row)
            hits += min(int(right.sum()), self.k)
        return Calibration(
            trees=trees,
            search_k=search_k,
            recall_target=self.recall,
            recall_reached=hits / (self.k * len(seconds)),
            queries=len(seconds),
            milliseconds=round(1000 * float(np.median(seconds)), 3),
            exact_milliseconds=round(self.exact_milliseconds, 3),
        )


def scan_milliseconds(vectors: Vectors, queries: npt.NDArray[np.float32]) -> float:
    """How long one query takes a new process that scans all vectors (N, D), reading them not counted."""
    index, seconds = ExactIndex(vectors, keep=False), []
    for query in queries[:TIMED_SCANS]:
        start = time.perf_counter()
        index.nearest(query[None], NEIGHBOURS)
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds)
