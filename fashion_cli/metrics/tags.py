"""Metrics of tag scores, over the labelled entries only. Targets hold 1 true, 0 false, -1 unknown.

Plain numpy, so that a model is evaluated without torch; the tests compare with torchmetrics.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
Truths = npt.NDArray[np.int8]

PSEUDO_COUNT = 10  # true photographs at which the measured threshold and 0.5 weigh the same


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F1, each in [0, 1]; nan where no photograph is true."""

    precision: float
    recall: float
    f1: float

    @property
    def harmonic_mean(self) -> float:
        """Of precision and recall, which is F1 where they are of one tag.

        Of the means over tags it is another figure than the mean of each tag's F1, and the total F1 of Lee et al. (the
        style search service): .6547 from their table.
        """
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class TagCounts:
    """How often T tags are true, claimed, and both, among the photographs that are labelled for each.

    Attributes:
        true: (T,) photographs that show the tag.
        claimed: (T,) photographs that are said to show it.
        right: (T,) photographs for which both hold.
    """

    true: npt.NDArray[np.int64]
    claimed: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]

    def each(self) -> tuple[Rates, ...]:
        """The rates of every tag."""
        counts = zip(self.true.tolist(), self.claimed.tolist(), self.right.tolist(), strict=True)
        return tuple(_rates(*count) for count in counts)

    def micro(self) -> Rates:
        """The rates of all labelled entries together: frequent tags weigh more."""
        return _rates(int(self.true.sum()), int(self.claimed.sum()), int(self.right.sum()))

    def macro(self) -> Rates:
        """The mean over the tags with a true photograph: every tag weighs the same."""
        each = [(rates.precision, rates.recall, rates.f1) for rates in self.each()]
        seen = [rates for rates, true in zip(each, self.true, strict=True) if true]
        precision, recall, f1 = np.mean(seen or [(np.nan,) * 3], axis=0).tolist()
        return Rates(precision, recall, f1)


def count_tags(present: npt.NDArray[np.bool_], truths: Truths) -> TagCounts:
    """Compare what is claimed with what is true.

    Args:
        present: (N, T) whether a photograph is said to show a tag; claims about unknown entries do not count.
        truths: (N, T).
    """
    claimed, true = present & (truths >= 0), truths == 1
    return TagCounts(true.sum(axis=0), claimed.sum(axis=0), (true & claimed).sum(axis=0))


def average_precision(scores: Scores, truths: Truths) -> npt.NDArray[np.float64]:
    """Area under the precision-recall steps of each tag. Equal scores are one step, in whatever order.

    Args:
        scores: (N, T).
        truths: (N, T).

    Returns:
        (T,) in [0, 1]; nan where a tag has no true photograph.
    """
    return np.array([_average_precision(scores[:, tag], truths[:, tag]) for tag in range(truths.shape[1])])


def mean_average_precision(scores: Scores, truths: Truths) -> float:
    """The mean over the tags with a true photograph; nan without one."""
    precisions = average_precision(scores, truths)
    seen = precisions[~np.isnan(precisions)]
    return float(seen.mean()) if len(seen) else float("nan")


def top_accuracy(scores: Scores, truths: Truths, k: int = 1, untagged: int = 0) -> float:
    """Share of the photographs with a true tag that have one among their k best-scored labelled tags.

    Args:
        scores: (N, T) of one group.
        truths: (N, T) of the same group.
        k: How many.
        untagged: Further photographs, whose true tags are none of the T: they have none among any k.

    Returns:
        In [0, 1]; nan where no photograph has a true tag.
    """
    labelled = (truths == 1).any(axis=1)
    if not labelled.any():
        return float("nan")
    labelled_scores = np.where(truths[labelled] == -1, -np.inf, scores[labelled])
    best = np.argsort(-labelled_scores, axis=1, kind="stable")[:, :k]
    hits = (np.take_along_axis(truths[labelled], best, axis=1) == 1).any(axis=1)
    return float(hits.sum() / (len(hits) + untagged))


def keep_best(scores: Scores) -> Scores:
    """(N, T) scores of an exclusive group, of which only the best answer of a photograph counts: 0 for the others."""
    return np.where(scores < scores.max(axis=1, keepdims=True), 0, scores)


def best_thresholds(scores: Scores, truths: Truths) -> npt.NDArray[np.float64]:
    """For each tag the threshold with the best F1, pulled towards 0.5 where few photographs are true.

    Args:
        scores: (N, T) probabilities.
        truths: (N, T).

    Returns:
        (T,) in (0, 1); 0.5 where a tag has no true photograph.
    """
    return np.array([_best_threshold(scores[:, tag], truths[:, tag]) for tag in range(truths.shape[1])])


def _rates(true: int, claimed: int, right: int) -> Rates:
    if true == 0:
        return Rates(float("nan"), float("nan"), float("nan"))
    return Rates(right / claimed if claimed else 0.0, right / true, 2 * right / (true + claimed))


def _average_precision(scores: Scores, truths: Truths) -> float:
    ranked, hits = _rank_labelled(scores, truths)
    if not hits.any():
        return float("nan")
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # the last place of each score
    cumulative = np.cumsum(hits)[ends]
    return float((np.diff(cumulative, prepend=0) * cumulative / (ends + 1)).sum() / cumulative[-1])


def _best_threshold(scores: Scores, truths: Truths) -> float:
    ranked, hits = _rank_labelled(scores, truths)
    true_count = int(hits.sum())
    if true_count == 0:
        return 0.5
    f1 = 2 * np.cumsum(hits) / (np.arange(1, len(hits) + 1) + true_count)
    f1[:-1][ranked[1:] == ranked[:-1]] = 0  # no threshold parts equal scores
    cut = int(f1.argmax())
    below = ranked[cut + 1] if cut + 1 < len(ranked) else 0.0
    best = (float(ranked[cut]) + float(below)) / 2
    weight = true_count / (true_count + PSEUDO_COUNT)
    return float(np.clip(weight * best + (1 - weight) * 0.5, 0.05, 0.95))


def _rank_labelled(scores: Scores, truths: Truths) -> tuple[Scores, npt.NDArray[np.bool_]]:
    """The labelled scores of one tag, best first, and whether each is right."""
    labelled = truths >= 0
    order = np.argsort(-scores[labelled], kind="stable")
    return scores[labelled][order], truths[labelled][order] == 1
