"""Refit the linear tag head once the trunk stands.

Kang et al., Decoupling representation and classifier for long-tailed recognition (ICLR 2020), section 4: a trunk learns
its features long before its classifier has learned the rare tags. Here the classifier is the optimum itself:
L2-regularised logistic regression by L-BFGS on plain, unvaried photographs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.metrics.tags import best_thresholds, count_tags, keep_best, mean_average_precision
from fashion_cli.model_cards import TagGroup, Vocabulary

STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)  # of the L2 penalty; each fit starts where the last one ended
STEPS = 150  # of L-BFGS; the loss is flat by then

Features = npt.NDArray[np.float32]
Truths = npt.NDArray[np.int8]


def fit(  # what to learn, and how far
    features: Features,
    truths: Truths,
    group: TagGroup,
    strength: float,
    start: Tensor | None = None,
    steps: int = STEPS,
) -> Tensor:
    """Logistic regression of one group: softmax where a tag excludes the others, else one per tag.

    Args:
        features: (N, D), standardised.
        truths: (N, T): 1 true, 0 false, -1 unknown; every row is labelled.
        group: The T tags.
        strength: Of the penalty.
        start: What a fit with another penalty returned; None starts from zeros.
        steps: Of L-BFGS at most.

    Returns:
        (D + 1, T) weights, and biases in the last row.
    """
    inputs, labelled = torch.from_numpy(features), torch.from_numpy(truths >= 0)
    answers = torch.from_numpy(truths == 1).float()
    weights = torch.zeros(features.shape[1] + 1, len(group.tags)) if start is None else start.clone()
    weights.requires_grad_()
    search = torch.optim.LBFGS(
        [weights], max_iter=steps, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def loss() -> Tensor:
        search.zero_grad()
        logits = inputs @ weights[:-1] + weights[-1]
        if group.exclusive:
            terms = -(answers * logits.log_softmax(dim=1)).sum(dim=1)
        else:
            each = F.binary_cross_entropy_with_logits(logits, answers, reduction="none")
            terms = (each * labelled).sum(dim=1)
        total = terms.mean() + strength / 2 * weights[:-1].square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    search.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()


def predict(features: Features, weights: Tensor, group: TagGroup) -> Features:
    """(N, T) probabilities of what `fit` returned."""
    logits = torch.from_numpy(features) @ weights[:-1] + weights[-1]
    probabilities = logits.softmax(dim=1) if group.exclusive else logits.sigmoid()
    return np.asarray(probabilities.numpy())


def is_labelled(truths: Truths, group: TagGroup) -> npt.NDArray[np.bool_]:
    """(N,) which photographs teach a group."""
    entries = truths == 1 if group.exclusive else truths >= 0
    return np.asarray(entries.any(axis=1))


def refit_tag_head(
    train: tuple[Features, Truths], val: tuple[Features, Truths], vocabulary: Vocabulary
) -> tuple[Tensor, Tensor]:
    """The best linear head on given features; the penalty of each group is chosen on `val`.

    Args:
        train: (N, D) features and (N, T) truths.
        val: The same of other photographs.
        vocabulary: The T tags.

    Returns:
        (T, D) weights and (T,) biases, as `torch.nn.Linear` holds them.
    """
    fits = [_best_fit(train, val, vocabulary.columns[group.name], group) for group in vocabulary.groups]
    return torch.cat([fit.weight for fit in fits]), torch.cat([fit.bias for fit in fits])


@dataclass(frozen=True)
class _Linear:
    """(T, D) weights and (T,) biases for features as they are."""

    weight: Tensor
    bias: Tensor


def _best_fit(train: tuple[Features, Truths], val: tuple[Features, Truths], columns: slice, group: TagGroup) -> _Linear:
    """The head of one group, on features that are standardised over the photographs that teach it."""
    rows = is_labelled(train[1][:, columns], group)
    features, truths = train[0][rows], train[1][rows, columns]
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    chosen = _choose_penalty(
        ((features - mean) / deviation, truths), ((val[0] - mean) / deviation, val[1][:, columns]), group
    )
    weight = (chosen[:-1] / torch.from_numpy(deviation)[:, None]).T
    return _Linear(weight, chosen[-1] - weight @ torch.from_numpy(mean))


def _choose_penalty(train: tuple[Features, Truths], val: tuple[Features, Truths], group: TagGroup) -> Tensor:
    """The best on `val` of the fits with each penalty; the middle one where `val` says nothing."""
    solutions: list[Tensor] = []
    for strength in STRENGTHS:
        solutions.append(fit(*train, group, strength, solutions[-1] if solutions else None))
    if not (val[1] == 1).any():
        return solutions[len(solutions) // 2]
    reached = [_quality(predict(val[0], each, group), val[1], group) for each in solutions]
    return solutions[int(np.argmax(reached))]


def _quality(scores: Features, truths: Truths, group: TagGroup) -> float:
    """How good scores are as a ranking and as answers: the mean of mAP and macro F1 at the best thresholds."""
    answers = keep_best(scores) if group.exclusive else scores
    f1 = count_tags(answers >= best_thresholds(answers, truths), truths).macro().f1
    return (mean_average_precision(scores, truths) + f1) / 2
