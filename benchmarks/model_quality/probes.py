"""Linear probes: L2-regularised logistic regression on `train`, its penalty chosen there by cross-validation.

Nothing of `val` is used but to measure. Folds part whole clusters (people, items), as `val` is parted from `train`.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.model_quality.features import Matrix
from benchmarks.model_quality.labels import LabelTask
from fashion_cli.atomic_files import atomic_path
from fashion_cli.model_cards import TagGroup
from fashion_cli.training.tag_head import STRENGTHS, Truths, fit, predict

PENALTIES = (*STRENGTHS, 3e-4, 1e-4)  # descending; each fit starts where the last one ended
FOLDS = 3
TRIAL_STEPS = 40  # of L-BFGS for a fold, from where the stronger penalty ended; the chosen fit goes on to the optimum
LEAST_PROBABILITY = 1e-7
VERSION = 1  # of what is kept: another one fits everything anew


def probe(inputs: Matrix, task: LabelTask, keep: Path) -> Matrix:
    """(n, T) probabilities of the `val` photographs of a task.

    Args:
        inputs: (N, D) of all photographs of the task.
        task: What they show.
        keep: A folder for what was fitted before.
    """
    identity = hashlib.sha256(repr((VERSION, PENALTIES, FOLDS, TRIAL_STEPS, task.group, task.clusters)).encode())
    for part in (inputs, task.truths, task.training):
        identity.update(np.ascontiguousarray(part).tobytes())
    file = keep / f"{identity.hexdigest()[:32]}.npy"
    if not file.exists():
        keep.mkdir(parents=True, exist_ok=True)
        probabilities = fitted_probabilities(inputs, task)
        with atomic_path(file) as draft, draft.open("wb") as stream:
            np.save(stream, probabilities)
    return np.asarray(np.load(file))


def fitted_probabilities(inputs: Matrix, task: LabelTask) -> Matrix:
    """(n, T) probabilities of the `val` photographs, by the penalty with the least loss on held-out training folds."""
    train = inputs[task.training]
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    standard = (inputs - mean) / deviation
    features, truths = standard[task.training], task.truths[task.training]
    folds = fold_numbers([each for each, there in zip(task.clusters, task.training, strict=True) if there])
    penalty, start = chosen_penalty(features, truths, folds, task.group)
    return predict(standard[~task.training], fit(features, truths, task.group, penalty, start), task.group)


def chosen_penalty(
    features: Matrix, truths: Truths, folds: npt.NDArray[np.int64], group: TagGroup
) -> tuple[float, Tensor | None]:
    """The penalty with the least held-out loss, and the mean of the folds' weights with it to start from.

    Weaker penalties are tried until the loss begins to rise.
    """
    fits: list[Tensor | None] = [None] * FOLDS
    best, start, least = PENALTIES[0], None, np.inf
    for penalty in PENALTIES:
        weights = [
            fit(features[folds != fold], truths[folds != fold], group, penalty, fits[fold], TRIAL_STEPS)
            for fold in range(FOLDS)
        ]
        loss = sum(
            log_loss(predict(features[folds == fold], each, group), truths[folds == fold], exclusive=group.exclusive)
            for fold, each in enumerate(weights)
        )
        if loss >= least:
            break
        fits = [*weights]
        best, start, least = penalty, torch.stack(weights).mean(dim=0), loss
    return best, start


def log_loss(probabilities: Matrix, truths: Truths, *, exclusive: bool) -> float:
    """The sum over photographs of minus the log-probability of what is known of them."""
    sure = np.clip(probabilities.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    loss = -np.log(sure[truths == 1]).sum()
    return float(loss if exclusive else loss - np.log1p(-sure[truths == 0]).sum())


def fold_numbers(clusters: Sequence[str]) -> npt.NDArray[np.int64]:
    """(n,) the fold of each row: whole clusters, the largest first, each into the fold with the fewest rows."""
    names, members, counts = np.unique(list(clusters), return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(0).permutation(len(names))
    fold_of, sizes = np.empty(len(names), np.int64), np.zeros(FOLDS, np.int64)
    for cluster in shuffled[np.argsort(-counts[shuffled], kind="stable")]:
        fold_of[cluster] = sizes.argmin()
        sizes[fold_of[cluster]] += counts[cluster]
    return np.asarray(fold_of[members])
