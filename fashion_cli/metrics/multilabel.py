"""Which of a photograph's labels are among its best-scored ones: any-recall, all-recall, recall of each label.

Kim, Choi and Park, Recognition of multi label fashion styles based on transfer learning and graph convolution network
(2021), report both at the first 1, 2 and 3 labels. All-recall can be read in two ways. Here it is how many of the true
labels are found, so a photograph of five labels cannot reach more than 3 / 5 among the first 3. The stricter reading,
that every true label has to be there, would make that photograph a 0 whatever the network says.

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
    """The share of a photograph's true labels that are among its k best-scored ones, the mean over photographs.

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
    found = (true & _among_best(scores, truths, k))[labelled].sum(axis=1)
    return float((found / true[labelled].sum(axis=1)).mean())


def label_recall(scores: Scores, truths: Truths, k: int) -> npt.NDArray[np.float64]:
    """Of the photographs that show a label, the share with it among their k best-scored labels.

    Args:
        scores: (N, L).
        truths: (N, L).
        k: How many.

    Returns:
        (L,) in [0, 1]; nan where no photograph shows the label.
    """
    true = truths == 1
    shown = true.sum(axis=0)
    recall = np.full(truths.shape[1], np.nan)
    np.divide((true & _among_best(scores, truths, k)).sum(axis=0), shown, out=recall, where=shown > 0)
    return recall


def _among_best(scores: Scores, truths: Truths, k: int) -> npt.NDArray[np.bool_]:
    """(N, L) whether a label is among the k best-scored ones of a photograph."""
    known = np.where(truths == -1, -np.inf, scores)
    best = np.argsort(-known, axis=1, kind="stable")[:, :k]
    among = np.zeros(truths.shape, np.bool_)
    np.put_along_axis(among, best, values=True, axis=1)
    return among
