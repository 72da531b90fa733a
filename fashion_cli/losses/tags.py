"""The tag loss: every group counts, what nobody labelled does not."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.model_cards import Vocabulary

UNKNOWN = -1


def masked_tag_loss(
    logits: Tensor,
    targets: Tensor,
    vocabulary: Vocabulary,
    weights: Mapping[str, float] | None = None,
    smoothing: float = 0.05,
) -> Tensor:
    """Cross-entropy in exclusive groups, binary cross-entropy elsewhere, over the labelled entries only.

    Binary terms are summed over the tags of an image before the mean over images, so that a tag's gradient does not
    shrink as the vocabulary grows.

    Args:
        logits: (B, T).
        targets: (B, T): 1 true, 0 false, -1 unknown.
        vocabulary: The groups.
        weights: Of the groups, by name; 1 where nothing is said.
        smoothing: Of the labels of exclusive groups.

    Returns:
        A scalar: the weighted sum over groups of the mean over the images that the group is labelled in.
    """
    total = logits.new_zeros(())
    for group in vocabulary.groups:
        window = vocabulary.columns[group.name]
        answers, truths = logits[:, window], targets[:, window]
        labelled = (truths == 1).any(dim=1) if group.exclusive else (truths != UNKNOWN).any(dim=1)
        if not bool(labelled.any()):
            continue
        answers, truths = answers[labelled], truths[labelled]
        weight = (weights or {}).get(group.name, 1.0)
        if group.exclusive:
            total = total + weight * F.cross_entropy(answers, truths.argmax(dim=1), label_smoothing=smoothing)
        else:
            terms = F.binary_cross_entropy_with_logits(answers, truths.clamp(min=0).float(), reduction="none")
            total = total + weight * torch.where(truths == UNKNOWN, 0.0, terms).sum(dim=1).mean()
    return total
