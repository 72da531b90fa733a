"""Refit the linear tag head once the trunk stands.

Kang et al., Decoupling representation and classifier for long-tailed recognition (ICLR 2020), section 4: a trunk learns
its features long before its classifier has learned the rare tags. Here the classifier is the optimum itself:
L2-regularised logistic regression by L-BFGS on plain, unvaried photographs.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.metrics.tags import mean_average_precision
from fashion_cli.model_cards import TagGroup, Vocabulary

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the L2 penalty on standardised features
STEPS = 150  # of L-BFGS; the loss is flat by then

Features = npt.NDArray[np.float32]
Truths = npt.NDArray[np.int8]


def fit(features: Features, truths: Truths, group: TagGroup, strength: float) -> Tensor:
    """Logistic regression of one group: softmax where a tag excludes the others, else one per tag.

    Args:
        features: (N, D), standardised.
        truths: (N, T): 1 true, 0 false, -1 unknown; every row is labelled.
        group: The T tags.
        strength: Of the penalty.

    Returns:
        (D + 1, T) weights, and biases in the last row.
    """
    inputs, known = torch.from_numpy(features), torch.from_numpy(truths >= 0)
    answers = torch.from_numpy(truths == 1).float()
    weights = torch.zeros(features.shape[1] + 1, len(group.tags), requires_grad=True)
    search = torch.optim.LBFGS(
        [weights], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def loss() -> Tensor:
        search.zero_grad()
        logits = inputs @ weights[:-1] + weights[-1]
        if group.exclusive:
            terms = -(answers * logits.log_softmax(dim=1)).sum(dim=1)
        else:
            each = F.binary_cross_entropy_with_logits(logits, answers, reduction="none")
            terms = (each * known).sum(dim=1)
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
    mean, deviation = train[0].mean(axis=0), train[0].std(axis=0)
    deviation[deviation == 0] = 1
    standard = [((features - mean) / deviation).astype(np.float32) for features, _ in (train, val)]
    solutions = [
        _best_fit(standard, [truths[:, vocabulary.columns[group.name]] for _, truths in (train, val)], group)
        for group in vocabulary.groups
    ]
    solution = torch.cat(solutions, dim=1)  # (D + 1, T)
    weights = solution[:-1] / torch.from_numpy(deviation)[:, None]
    return weights.T.contiguous(), solution[-1] - torch.from_numpy(mean) @ weights


def _best_fit(features: Sequence[Features], truths: Sequence[Truths], group: TagGroup) -> Tensor:
    rows = is_labelled(truths[0], group)
    solutions = [fit(features[0][rows], truths[0][rows], group, strength) for strength in STRENGTHS]
    if not (truths[1] == 1).any():
        return solutions[len(solutions) // 2]
    reached = [mean_average_precision(predict(features[1], each, group), truths[1]) for each in solutions]
    return solutions[int(np.argmax(reached))]
