"""How well probes answer: accuracy and macro F1 where one label holds, rankings of labels where several do."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.model_quality.features import Matrix
from benchmarks.model_quality.labels import LEAST_POSITIVES, LabelTask, Truths
from benchmarks.model_quality.resampling import (
    Measure,
    Statistic,
    measure,
    weighted_macro_f1,
    weighted_mean,
    weighted_mean_ap,
)

Hits = npt.NDArray[np.bool_]


def tag_measures(task: LabelTask, probabilities: Matrix) -> Iterator[Measure]:
    """The figures of a task.

    Args:
        task: The question; its `val` photographs are measured.
        probabilities: (n, T) of these.
    """
    truths = task.val_truths
    labelled = (truths == 1).any(axis=1)
    clusters = np.array(task.val_clusters)
    figures: dict[str, tuple[Hits, Statistic]] = {}
    if task.group.exclusive:
        answers, right = probabilities.argmax(axis=1), truths.argmax(axis=1)
        figures["accuracy"] = (labelled, weighted_mean(answers == right))
        figures["macro F1"] = (labelled, weighted_macro_f1(answers, right))
    else:
        common = (truths == 1).sum(axis=0) >= LEAST_POSITIVES
        everyone = np.ones(len(truths), np.bool_)
        figures[f"mean AP over {common.sum()}"] = (
            everyone,
            weighted_mean_ap(probabilities[:, common], truths[:, common]),
        )
        if task.name == "styles":
            shown, true = probabilities[labelled], truths[labelled]
            figures["any-recall@1"] = (labelled, weighted_mean(any_found(shown, true, 1)))
            figures["all-recall@3"] = (labelled, weighted_mean(all_found(shown, true, 3)))
    for name, (rows, statistic) in figures.items():
        yield measure(f"{task.name}: {name}", task.name, clusters[rows].tolist(), statistic)


def any_found(probabilities: Matrix, truths: Truths, k: int) -> Hits:
    """(n,) whether one of a photograph's labels is among its k most probable ones."""
    return np.asarray((_among_first(probabilities, k) & (truths == 1)).any(axis=1))


def all_found(probabilities: Matrix, truths: Truths, k: int) -> Hits:
    """(n,) whether all of a photograph's labels are among its k most probable ones."""
    return np.asarray((_among_first(probabilities, k) | (truths != 1)).all(axis=1))


def _among_first(probabilities: Matrix, k: int) -> Hits:
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    among = np.zeros(probabilities.shape, np.bool_)
    np.put_along_axis(among, best, values=True, axis=1)
    return among
