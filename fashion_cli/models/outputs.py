"""What a network returns while it is still differentiable."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ImageOutputs:
    """One forward pass.

    Attributes:
        vectors: (B, D), rows of unit length.
        logits: (B, T), columns in the order of the vocabulary; T is 0 for a network without tags.
    """

    vectors: Tensor
    logits: Tensor
