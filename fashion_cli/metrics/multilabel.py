"""Metrics of several labels per photograph: any-recall, all-recall, recall of each label.

Kim, Choi and Park, Recognition of multi label fashion styles based on transfer learning and graph convolution network
(2021): tables 3 and 4 have any-recall and all-recall at the first 1, 2 and 3 labels, table 5 has the all-recall of each
label at the first 2. A photograph with more labels than that cannot be right by all-recall; example-recall gives it
the share that is found.

Targets hold 1 true, 0 false, -1 unknown; what is unknown is not ranked. Of equal scores the first column is the better.
"""

import numpy as np
import numpy.typing as npt

from fashion_cli.metrics.tags import Scores, Truths, top_accuracy


def any_recall(scores: Scores, truths: Truths, k: int) -> float:
    """The share of photographs with a true label that have one among their k best-scored labels.

    Args:
        scores: (N, L).
        truths: (N, L).
        k: How many.

    Returns:
        In [0, 1]; nan where no photograph has a true label.
    """
    return top_accuracy(scores, truths, k)


def all_recall(scores: Scores, truths: Truths, k: int) -> float:
    """The share of photographs with a true label whose true labels are all among their k best-scored labels.

    Args:
        scores: (N, L).
        truths: (N, L).
        k: How many.

    Returns:
        In [0, 1]; nan where no photograph has a true label.
    """
    labelled = (truths == 1).any(axis=1)
    return float(_has_all(scores, truths, k)[labelled].mean()) if labelled.any() else float("nan")


def example_recall(scores: Scores, truths: Truths, k: int) -> float:
    """The share of a photograph's true labels that are among its k best-scored ones, the mean over photographs.

    Zhang and Zhou, A review on multi-label learning algorithms (TKDE 2014), section 2.2.2.

    Args:
        scores: (N, L).
        truths: (N, L).
        k: How many.

    Returns:
        In [0, 1]; nan where no photograph has a true label.
    """
    true = truths == 1
    labelled = true.any(axis=1)
    if not labelled.any():
        return float("nan")
    hits = (true & _among_best(scores, truths, k))[labelled].sum(axis=1)
    return float((hits / true[labelled].sum(axis=1)).mean())


def label_recall(scores: Scores, truths: Truths, k: int) -> npt.NDArray[np.float64]:
    """Of the photographs that show a label, the share with it among their k best-scored labels.

    Args:
        scores: (N, L).
        truths: (N, L).
        k: How many.

    Returns:
        (L,) in [0, 1]; nan where no photograph shows the label.
    """
    return _share_of_positives((truths == 1) & _among_best(scores, truths, k), truths)


def label_all_recall(scores: Scores, truths: Truths, k: int) -> npt.NDArray[np.float64]:
    """Of the photographs that show a label, the share whose true labels are all among their k best-scored ones.

    Args:
        scores: (N, L).
        truths: (N, L).
        k: How many.

    Returns:
        (L,) in [0, 1]; nan where no photograph shows the label.
    """
    return _share_of_positives((truths == 1) & _has_all(scores, truths, k)[:, None], truths)


def _share_of_positives(hits: npt.NDArray[np.bool_], truths: Truths) -> npt.NDArray[np.float64]:
    """(L,) for how many of the photographs that show a label `hits` holds."""
    positives = (truths == 1).sum(axis=0)
    recall = np.full(truths.shape[1], np.nan)
    np.divide(hits.sum(axis=0), positives, out=recall, where=positives > 0)
    return recall


def _has_all(scores: Scores, truths: Truths, k: int) -> npt.NDArray[np.bool_]:
    """(N,) whether every true label is among the k best-scored ones."""
    has_all: npt.NDArray[np.bool_] = ((truths != 1) | _among_best(scores, truths, k)).all(axis=1)
    return has_all


def _among_best(scores: Scores, truths: Truths, k: int) -> npt.NDArray[np.bool_]:
    """(N, L) whether a label is among the k best-scored ones of a photograph."""
    labelled_scores = np.where(truths == -1, -np.inf, scores)
    best = np.argsort(-labelled_scores, axis=1, kind="stable")[:, :k]
    among = np.zeros(truths.shape, np.bool_)
    np.put_along_axis(among, best, values=True, axis=1)
    return among
