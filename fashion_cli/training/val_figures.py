"""Figures on `val` after each epoch: how well tags are recognised, and how well vectors find their garment."""

import numpy as np
import numpy.typing as npt

from fashion_cli.metrics.ranking import RelevantRanks
from fashion_cli.metrics.tags import Scores, average_precision, best_thresholds, keep_best, top_accuracy
from fashion_cli.model_cards import Vocabulary
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.ranks import ranks_of_rows

CUTOFFS = (1, 20)  # of recall@K, as Lim & Nang report it


def tag_figures(scores: Scores, targets: npt.NDArray[np.int8], vocabulary: Vocabulary) -> dict[str, float]:
    """Mean average precision and top-1 accuracy of each group that a photograph shows a tag of.

    Args:
        scores: (N, T) probabilities.
        targets: (N, T): 1 true, 0 false, -1 unknown.
        vocabulary: T tags.
    """
    figures = {}
    for name, window in vocabulary.columns.items():
        truths = targets[:, window]
        if not (truths == 1).any():
            continue
        figures[f"{name}/mAP"] = float(np.nanmean(average_precision(scores[:, window], truths)))
        figures[f"{name}/top1"] = top_accuracy(scores[:, window], truths)
    return figures


def fit_thresholds(scores: Scores, targets: npt.NDArray[np.int8], vocabulary: Vocabulary) -> npt.NDArray[np.float64]:
    """(T,) the best threshold of each tag; of an exclusive group only the best answer ever counts.

    Args:
        scores: (N, T) probabilities.
        targets: (N, T): 1 true, 0 false, -1 unknown.
        vocabulary: T tags.
    """
    counted = scores.copy()
    for group in vocabulary.groups:
        if group.exclusive:
            window = vocabulary.columns[group.name]
            counted[:, window] = keep_best(counted[:, window])
    return best_thresholds(counted, targets)


def retrieval_figures(vectors: npt.NDArray[np.float32], garments: npt.NDArray[np.int64]) -> dict[str, float]:
    """recall@K and mAP of those photographs whose garment is on another one; nothing where there are none."""
    members: dict[int, list[int]] = {}
    for row, garment in enumerate(garments.tolist()):
        members.setdefault(garment, []).append(row)
    queries = [row for rows in members.values() if len(rows) > 1 for row in rows]
    if not queries:
        return {}
    relevant = [[other for other in members[int(garments[row])] if other != row] for row in queries]
    counts = np.array([len(rows) for rows in relevant])
    starts = np.cumsum(counts) - counts
    flat = np.array([row for rows in relevant for row in rows])
    ranks = RelevantRanks(
        ranks_of_rows(ExactIndex(vectors), vectors[queries], flat, starts, left_out=np.array(queries)), starts
    )
    recall = {f"recall@{k}": float((ranks.first <= k).mean()) for k in CUTOFFS}
    return recall | {"mAP": float(ranks.average_precision().mean())}
