"""From logits to probabilities, as each group of tags means them."""

import torch
from torch import Tensor

from fashion_cli.model_cards import Vocabulary


def tag_probabilities(logits: Tensor, vocabulary: Vocabulary) -> Tensor:
    """Softmax inside exclusive groups, sigmoid elsewhere.

    Args:
        logits: (B, T), columns in the order of the vocabulary.
        vocabulary: The tags and their groups.

    Returns:
        (B, T) probabilities in [0, 1]; T is 0 for a model without tags.
    """
    if not vocabulary.groups:
        return logits
    parts = []
    for group in vocabulary.groups:
        answers = logits[:, vocabulary.columns[group.name]]
        parts.append(answers.softmax(dim=1) if group.exclusive else answers.sigmoid())
    return torch.cat(parts, dim=1)
