"""Heads that several networks put on their features."""

from torch import Tensor, nn
from torch.nn import functional as F

DROPOUT = 0.2  # as in MobileNetV2's and EfficientNet's classifiers


class TagHead(nn.Linear):
    """One linear layer with dropout before it.

    Args:
        width: F of the features.
        tags: T of the logits, at least 1.
    """

    def __init__(self, width: int, tags: int) -> None:
        super().__init__(width, tags)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) features -> (B, T) logits."""
        return super().forward(self.dropout(features))


def tag_head(width: int, tags: int) -> TagHead | None:
    """The head of a network with so many tags; none for a network without tags."""
    return TagHead(width, tags) if tags else None


def tag_logits(head: nn.Module | None, features: Tensor) -> Tensor:
    """(B, T) fp32 logits of (B, F) features; (B, 0) where there is no head."""
    return features[:, :0].float() if head is None else head(features).float()


def unit_vectors(values: Tensor) -> Tensor:
    """(B, D) values -> (B, D) fp32 rows of unit length."""
    return F.normalize(values.float(), dim=1)
