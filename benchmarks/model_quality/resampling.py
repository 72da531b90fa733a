"""Figures with their bootstrap draws: what is drawn are whole clusters (people, items, photographs), never rows alone.

A figure is a function of how often each row counts, so means, mean average precision and macro F1 are drawn alike. All
figures over the same clusters see the same draws: differences between two networks are paired.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fashion_cli.metrics.bootstrap import Interval

DRAWS = 1000
LEVEL = 0.95

Weights = npt.NDArray[np.float64]  # (R, n) how often each of n rows counts in each of R draws
Values = npt.NDArray[np.float64]
Statistic = Callable[[Weights], Values]  # (R, n) -> (R,)


@dataclass(frozen=True, eq=False)
class Measure:
    """A figure, and what it would have been on other photographs.

    Attributes:
        name: What is measured on what.
        value: On all rows; nan where nothing can be measured.
        draws: (DRAWS,) on drawn ones.
        rows: How many there are.
        clusters: How many clusters they fall into.
    """

    name: str
    value: float
    draws: Values
    rows: int
    clusters: int

    @property
    def interval(self) -> Interval:
        return _interval(self.value, self.draws)

    def minus(self, other: "Measure") -> Interval:
        """The paired difference of two networks.

        Raises:
            ValueError: If they were not measured on the same rows.
        """
        if (self.name, self.rows, self.clusters) != (other.name, other.rows, other.clusters):
            raise ValueError(f"not the same rows: {self.name} ({self.rows}), {other.name} ({other.rows})")
        return _interval(self.value - other.value, self.draws - other.draws)


def measure(name: str, drawn_set: str, clusters: Sequence[str], statistic: Statistic) -> Measure:
    """A figure with its draws.

    Args:
        name: What is measured on what.
        drawn_set: The set of rows: figures of one set share their draws, sets are drawn independently.
        clusters: (n,) which cluster each row belongs to.
        statistic: The figure for given weights of the rows.
    """
    value = float(statistic(np.ones((1, len(clusters))))[0])
    draws = statistic(cluster_weights(clusters, zlib.crc32(drawn_set.encode())))
    return Measure(name, value, draws, len(clusters), len(set(clusters)))


def mean_of(name: str, parts: Sequence[Measure]) -> Measure:
    """The mean of several figures, each set drawn on its own."""
    value = float(np.mean([part.value for part in parts]))
    draws = np.mean([part.draws for part in parts], axis=0)
    return Measure(name, value, draws, sum(part.rows for part in parts), sum(part.clusters for part in parts))


def cluster_weights(clusters: Sequence[str], seed: int, draws: int = DRAWS) -> Weights:
    """(draws, n) how often each row counts when as many clusters as there are are drawn with replacement."""
    names, members = np.unique(list(clusters), return_inverse=True)
    times = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return times[:, members].astype(np.float64)


# ---- statistics


def weighted_mean(values: npt.ArrayLike) -> Statistic:
    """The mean of (n,) values."""
    figures = np.asarray(values, np.float64)
    return lambda weights: weights @ figures / weights.sum(axis=1)


def weighted_macro_f1(answers: npt.NDArray[np.int64], truths: npt.NDArray[np.int64]) -> Statistic:
    """The mean F1 over the classes that are true somewhere, of (n,) answers and truths, numbers of classes."""
    classes = np.unique(truths)
    true = (truths[:, None] == classes).astype(np.float64)  # (n, C)
    claimed = (answers[:, None] == classes).astype(np.float64)

    def statistic(weights: Weights) -> Values:
        count = weights @ true  # (R, C)
        total = count + weights @ claimed
        f1 = np.full_like(total, np.nan)  # a class that was not drawn has none
        np.divide(2 * (weights @ (true * claimed)), total, out=f1, where=count > 0)
        return _mean_of_known(f1.T)

    return statistic


def weighted_mean_ap(scores: npt.NDArray[np.floating], truths: npt.NDArray[np.int8]) -> Statistic:
    """The mean average precision over the tags that are true somewhere: (n, T) scores and truths (1, 0, -1 unknown)."""

    def statistic(weights: Weights) -> Values:
        each = [_weighted_ap(scores[:, tag], truths[:, tag], weights) for tag in range(truths.shape[1])]
        return _mean_of_known(np.array(each))

    return statistic


def _weighted_ap(scores: npt.NDArray[np.floating], truths: npt.NDArray[np.int8], weights: Weights) -> Values:
    """(R,) of one tag, as `metrics.tags.average_precision` defines it; nan where no true row was drawn."""
    known = np.flatnonzero(truths >= 0)
    order = known[np.argsort(-scores[known], kind="stable")]
    ranked, hits = scores[order], truths[order] == 1
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # equal scores are one step
    drawn = weights[:, order]
    found = np.cumsum(drawn * hits, axis=1)[:, ends]  # (R, E)
    seen = np.cumsum(drawn, axis=1)[:, ends]
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    summed = (np.diff(found, prepend=0, axis=1) * precision).sum(axis=1)
    total = found[:, -1] if len(ends) else np.zeros(len(weights))
    return np.asarray(np.divide(summed, total, out=np.full(len(weights), np.nan), where=total > 0))


def _mean_of_known(figures: Values) -> Values:
    """(R,) the mean over the rows of (T, R) figures that are numbers; nan where none is."""
    known = ~np.isnan(figures)
    count = known.sum(axis=0)
    summed = np.where(known, figures, 0).sum(axis=0)
    return np.asarray(np.divide(summed, count, out=np.full(figures.shape[1], np.nan), where=count > 0))


def _interval(value: float, draws: Values) -> Interval:
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Interval(value, low, high)
