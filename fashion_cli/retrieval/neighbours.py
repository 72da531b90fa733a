"""The interface of every kind of index: neighbours, and the cosine that all of them mean."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float16] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of each query, nearest first; equal cosines stand in the order of their rows.

    Attributes:
        rows: (Q, k) int64 row numbers.
        cosines: (Q, k) float32 in [-1, 1].
    """

    rows: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)


class NeighbourIndex(Protocol):
    """Anything that finds the nearest of N stored vectors."""

    def __len__(self) -> int: ...

    def nearest(self, vectors: npt.NDArray[np.float32], k: int) -> Neighbours:
        """The k nearest rows by cosine.

        Args:
            vectors: (Q, D) queries of any length; a query of zeros has cosine 0 with everything.
            k: How many, at least 1; clipped to the number of rows.
        """
        ...


def unit_rows(vectors: Vectors) -> npt.NDArray[np.float32]:
    """(N, D) float32 copies whose rows have unit length; rows of zeros stay zeros."""
    rows = as_float32(vectors)
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    lengths[lengths == 0] = 1
    rows /= lengths[:, None]
    return rows


def as_float32(vectors: Vectors) -> npt.NDArray[np.float32]:
    """A float32 copy of finite numbers.

    numpy converts float16 one number at a time, which takes ten times as long as the scan itself. Here sign,
    exponent and mantissa are moved to their places in float32, and the exponent's bias is mended by a
    multiplication: exact, subnormal numbers included, and five times faster.
    """
    if vectors.dtype != np.float16:
        return np.array(vectors, dtype=np.float32)
    bits = np.ascontiguousarray(vectors).view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(-0x70002000)  # the sign in bit 31, exponent and mantissa in bits 27 to 13
    numbers = bits.view(np.float32)
    numbers *= np.float32(2.0**112)  # float32's bias of 127 less float16's of 15
    return numbers
