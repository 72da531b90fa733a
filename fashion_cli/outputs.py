"""The outputs of a model for a batch of photographs. Numpy only: every engine and every step speaks this."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Predictions:
    """Vectors and tag scores of a batch, one row per photograph.

    Attributes:
        vectors: (B, D) float32, rows of unit length.
        scores: (B, T) float32 probabilities in [0, 1]; columns in the order of the model card's vocabulary.
    """

    vectors: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.vectors)
