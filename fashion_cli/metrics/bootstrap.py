"""Confidence intervals of a mean over queries: the percentile bootstrap (Efron, 1979)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 2000
DRAWN_AT_ONCE = 2_000_000  # 16 MiB of cluster numbers


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval.

    Attributes:
        mean: Of all queries.
        low: Lower end.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


def mean_interval(
    values: npt.ArrayLike, clusters: Sequence[str] | None = None, *, level: float = 0.95, seed: int = 0
) -> Interval:
    """The interval of a mean over queries.

    Args:
        values: (Q,) one figure per query.
        clusters: (Q,) the same text for queries that succeed and fail together, photographs of one garment
            say; whole clusters are drawn, or the interval would be too narrow. None: each query stands alone.
        level: The confidence, in (0, 1).
        seed: The same seed gives the same interval.

    Returns:
        All nan without queries.
    """
    figures = np.asarray(values, dtype=np.float64)
    return mean_intervals(figures[:, None], clusters, level=level, seed=seed)[0]


def mean_intervals(
    values: npt.NDArray[np.number],
    clusters: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """The intervals of several means over the same queries, all from the same draws.

    Args:
        values: (Q, M) M figures per query.
        clusters: As in `mean_interval`.
        level: As in `mean_interval`.
        seed: As in `mean_interval`.

    Returns:
        M intervals; all nan without queries.
    """
    queries, figures = values.shape
    if not (queries and figures):
        return tuple(Interval(float("nan"), float("nan"), float("nan")) for _ in range(figures))
    members = np.arange(queries) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    counts = np.bincount(members)
    totals = np.empty((len(counts), figures))  # (C, M)
    for figure, column in enumerate(values.T):
        totals[:, figure] = np.bincount(members, weights=column)
    means = np.concatenate(list(_draw_means(totals, counts, np.random.default_rng(seed))))  # (draws, M)
    lows, highs = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    overall = np.asarray(values.mean(axis=0, dtype=np.float64))
    ends = zip(overall.tolist(), lows.tolist(), highs.tolist(), strict=True)
    return tuple(Interval(mean, low, high) for mean, low, high in ends)


def paired_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The interval of mean(first) - mean(second) where both were measured on the same queries.

    An interval without 0 says that one is better; it is far narrower than the difference of two intervals.

    Args:
        first: (Q,) one figure per query.
        second: (Q,) another system's figure of the same query.
        clusters: As in `mean_interval`.
        level: As in `mean_interval`.
        seed: As in `mean_interval`.

    Raises:
        ValueError: If the numbers of queries differ.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"not the same queries: {len(one)} and {len(other)}")
    return mean_interval(one - other, clusters, level=level, seed=seed)


def _draw_means(
    totals: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], rng: np.random.Generator
) -> Iterator[npt.NDArray[np.float64]]:
    """(D, M) the means of as many clusters as there are, drawn with replacement, `DRAWS` times in all."""
    clusters = len(totals)
    at_once = max(1, DRAWN_AT_ONCE // clusters)
    for start in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - start)
        drawn = rng.integers(clusters, size=(draws, clusters)) + clusters * np.arange(draws)[:, None]
        times = np.bincount(drawn.ravel(), minlength=draws * clusters).reshape(draws, clusters).astype(np.float64)
        yield (times @ totals) / (times @ counts)[:, None]
