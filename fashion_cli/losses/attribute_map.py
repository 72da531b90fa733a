"""Losses of an attribute map: places reconstruct the attributes, and the plane is used evenly."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from fashion_cli.model_cards import TagGroup


def soft_cross_entropy(logits: Tensor, attributes: Tensor, groups: Sequence[TagGroup]) -> Tensor:
    """Cross-entropy of each question against soft answers, added up over questions.

    The softmax of an exclusive group answers one question; each tag of another group is a question of its own.

    Args:
        logits: (B, A).
        attributes: (B, A) probabilities in [0, 1].
        groups: Whose tags the columns are, side by side.

    Returns:
        (B,).
    """
    total = torch.zeros(len(logits), dtype=logits.dtype, device=logits.device)
    start = 0
    for group in groups:
        window = slice(start, start + len(group.tags))
        predicted, true = logits[:, window], attributes[:, window]
        if group.exclusive:
            total = total - (true * predicted.log_softmax(dim=1)).sum(dim=1)
        else:
            total = total + F.binary_cross_entropy_with_logits(predicted, true, reduction="none").sum(dim=1)
        start = window.stop
    return total


def sliced_wasserstein(places: Tensor, even: Tensor, directions: Tensor) -> Tensor:
    """The sliced Wasserstein distance, squared: how far places are from being spread as others are.

    Kolouri et al., Sliced-Wasserstein auto-encoders (ICLR 2019), equation 13: seen from one side, two clouds of as many
    points are as far apart as their points in order.

    Args:
        places: (B, 2).
        even: (B, 2) places drawn evenly from the unit square.
        directions: (S, 2) unit vectors: the sides.

    Returns:
        Scalar, the mean over points and directions.
    """
    projected, target = places @ directions.T, even @ directions.T  # (B, S)
    return (projected.sort(dim=0).values - target.sort(dim=0).values).square().mean()
