"""The attribute loss of Lim & Nang: attributes are 1 or -1, and a class weight makes up for rare ones."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

LARGEST_WEIGHT = 20.0  # of a rare class, so that a handful of photographs does not steer the network


def class_weights(targets: npt.NDArray[np.int8]) -> Tensor:
    """What each answer to each attribute weighs, so that both answers weigh the same in all.

    Args:
        targets: (N, T): 1 true, 0 false, -1 unknown.

    Returns:
        (2, T) float: weights where the attribute is -1, and where it is 1.
    """
    counts = np.stack([(targets == value).sum(axis=0) for value in (0, 1)])  # (2, T)
    weights = counts.sum(axis=0) / (2 * np.maximum(counts, 1))
    return torch.from_numpy(np.minimum(weights, LARGEST_WEIGHT).astype(np.float32))


def signed_attribute_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """The weighted soft margin log(1 + exp(-y z)) of attributes y in {1, -1}, over the labelled entries only.

    Args:
        logits: (B, T), z.
        targets: (B, T): 1 true (y = 1), 0 false (y = -1), -1 unknown.
        weights: (2, T), as `class_weights` gives them.

    Returns:
        A scalar: the mean over images of the sum over attributes.
    """
    signs = torch.where(targets == 1, 1.0, -1.0)
    weight = torch.where(targets == 1, weights[1], weights[0])
    terms = F.softplus(-signs * logits) * weight * (targets >= 0)
    return terms.sum(dim=1).mean()
