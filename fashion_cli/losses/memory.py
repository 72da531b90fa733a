"""Vectors of earlier batches as further examples.

Wang et al., Cross-batch memory for embedding learning (CVPR 2020): vectors drift slowly once training has warmed up, so
those of the last thousands of images are as good as fresh ones, and cost nothing.
"""

import torch
from pytorch_metric_learning.losses import CrossBatchMemory
from torch import Tensor, nn


class VectorMemory(nn.Module):
    """A loss over a batch, and over it and what came before it in equal parts; kept in checkpoints.

    Args:
        loss: Of pytorch-metric-learning, over vectors and labels.
        width: D.
        size: Vectors that are remembered.
        after: Batches before the memory counts; it is filled from the first one on.
    """

    def __init__(self, loss: nn.Module, width: int, size: int, after: int) -> None:
        super().__init__()
        self.loss = loss
        self.memory = CrossBatchMemory(loss, width, memory_size=size)
        self.after, self.batches = after, 0

    def forward(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """A scalar.

        Args:
            vectors: (B, D) of unit length; B is not more than the memory holds.
            labels: (B,) int64.
        """
        self.batches += 1
        loss = torch.as_tensor(self.loss(vectors, labels))
        if self.batches <= self.after:
            self.memory.add_to_memory(vectors, labels, len(vectors))
            return loss
        return (loss + torch.as_tensor(self.memory(vectors, labels))) / 2

    def get_extra_state(self) -> dict[str, int]:
        """How much is remembered; what, is in buffers."""
        return {
            "place": self.memory.queue_idx,
            "full": int(self.memory.has_been_filled),
            "batches": self.batches,
        }

    def set_extra_state(self, state: dict[str, int]) -> None:
        self.memory.queue_idx, self.memory.has_been_filled = state["place"], bool(state["full"])
        self.batches = state["batches"]
