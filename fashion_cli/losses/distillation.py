"""What a student learns from a teacher's vectors of the same views.

Two ways at once: the teacher's vector is predicted by a linear layer that is thrown away afterwards (as in FitNets,
Romero et al., ICLR 2015, on the last features); and images are as similar to each other as they are to the teacher
(CompRess, Koohpayegani et al., NeurIPS 2020: divergence of softmax similarities, here within a batch).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fashion_cli.layers.heads import unit_vectors

TEMPERATURE = 0.1  # of similarities, of teacher and student alike
ITSELF = -1e4  # an image's similarity with itself, which counts nothing


class Distillation(nn.Module):
    """The loss against one teacher.

    Args:
        width: D of the student's vectors.
        teacher_width: D' of the teacher's.
        relations: Weight of the similarities, beside 1 for the values.
    """

    def __init__(self, width: int, teacher_width: int, relations: float) -> None:
        super().__init__()
        self.head = nn.Linear(width, teacher_width)
        self.relations = relations

    def forward(self, vectors: Tensor, targets: Tensor) -> Tensor:
        """A scalar: the mean over images.

        Args:
            vectors: (B, D) of unit length.
            targets: (B, D') the teacher's, of unit length; rows with NaN are of images that it has not seen.
        """
        seen = targets.isfinite().all(dim=1)
        vectors, targets = vectors[seen], targets[seen]
        if len(vectors) < 2:  # nothing to relate; a loss of 0 with a gradient for everything
            return 0 * vectors.sum() + 0 * self.head.weight.sum() + 0 * self.head.bias.sum()
        values = 1 - (unit_vectors(self.head(vectors)) * targets).sum(dim=1).mean()
        return values + self.relations * similarity_divergence(vectors, targets)


def similarity_divergence(vectors: Tensor, targets: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the teacher's to the student's distribution of neighbours; a scalar.

    Args:
        vectors: (B, D) of unit length.
        targets: (B, D') of unit length.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    student, teacher = (
        ((each @ each.T) / TEMPERATURE).masked_fill(itself, ITSELF).log_softmax(dim=1) for each in (vectors, targets)
    )
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True)
