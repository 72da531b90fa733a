"""Which rows of a matrix are equal: an approximate index holds each distinct vector once.

Thousands of equal vectors, as of one placeholder photograph in a shop's gallery, cannot be split by any plane. In trees
they fill whatever a query looks at, and calibration takes minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.neighbours import Vectors

ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class EqualRows:
    """N rows in U groups of equal ones, the groups in the order of their first rows.

    Attributes:
        rows: (N,) int64 row numbers, group by group, ascending in each.
        starts: (U + 1,) int64 where each group begins in `rows`; the last is N.
    """

    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, vectors: Vectors) -> Self:
        """Group the rows of (N, D) vectors by their bytes."""
        _, first, groups = np.unique(_keys(vectors), return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        groups = rank[groups.reshape(-1)]
        starts = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=len(first)))])
        return cls(np.argsort(groups, kind="stable").astype(np.int64), starts.astype(np.int64))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Map what `write` wrote into memory.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is damaged.
        """
        content = np.load(path, mmap_mode="r", allow_pickle=False)
        if content.dtype != np.int64 or content.ndim != 1 or len(content) == 0:
            raise ValueError("holds no row numbers")
        starts, rows = content[1 : content[0] + 2], content[content[0] + 2 :]
        if len(starts) != content[0] + 1 or starts[0] != 0 or starts[-1] != len(rows):
            raise ValueError("its groups do not cover its rows")
        return cls(rows, starts)

    def write(self, path: Path) -> None:
        """Write one array: U, then `starts`, then `rows`.

        Raises:
            OSError: If it cannot be written.
        """
        with path.open("wb") as stream:
            np.save(stream, np.concatenate([[self.distinct], self.starts, self.rows]).astype(np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def distinct(self) -> int:
        """How many groups there are."""
        return len(self.starts) - 1

    @property
    def first(self) -> npt.NDArray[np.int64]:
        """(U,) the first row of each group."""
        return self.rows[self.starts[:-1]]

    def expand(
        self, groups: Sequence[int], distances: Sequence[float], k: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The first k rows of some groups, in the order given, each with its group's distance."""
        places = np.asarray(groups, np.int64)
        starts, counts = self.starts[places], self.starts[places + 1] - self.starts[places]
        before = np.cumsum(counts) - counts
        counts = np.minimum(counts, np.maximum(k - before, 0))
        before = np.cumsum(counts) - counts
        offsets = np.arange(counts.sum()) - np.repeat(before, counts)
        return self.rows[np.repeat(starts, counts) + offsets], np.repeat(np.asarray(distances, np.float64), counts)


def _keys(vectors: Vectors) -> npt.NDArray[np.uint64]:
    """(N,) numbers that are equal where rows are, and as good as never elsewhere: 2**-64 for each pair."""
    words = np.ascontiguousarray(vectors).view(np.uint16)
    weights = np.random.default_rng(0).integers(0, 2**64, words.shape[1], np.uint64) | np.uint64(1)
    keys = np.empty(len(words), np.uint64)
    for start in range(0, len(words), ROWS_AT_ONCE):
        place = slice(start, start + ROWS_AT_ONCE)
        keys[place] = words[place].astype(np.uint64) @ weights  # wraps around
    return keys
