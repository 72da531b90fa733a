"""What a network returns while it is still differentiable."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ImageOutputs:
    """One forward pass.

    Attributes:
        vectors: (B, D), rows of unit length.
        logits: (B, T), columns in the order of the vocabulary.
    """

    vectors: Tensor
    logits: Tensor
