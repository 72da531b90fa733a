"""Vectors and pooled features of photographs, kept in a feature file per network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.model_quality.networks import Network
from fashion_cli.embedding.cached_features import cached_features
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Embedded:
    """Photographs as a network sees them.

    Attributes:
        rows: Path -> row.
        vectors: (N, D) of unit length.
        features: (N, F) pooled features of unit length; None where the vectors are all there is.
    """

    rows: dict[Path, int]
    vectors: Matrix
    features: Matrix | None

    def places(self, paths: Sequence[Path]) -> npt.NDArray[np.int64]:
        return np.array([self.rows[path] for path in paths], np.int64)

    def vectors_of(self, paths: Sequence[Path]) -> Matrix:
        return self.vectors[self.places(paths)]

    @cached_property
    def columns(self) -> dict[str, Matrix]:
        """What a probe can be given."""
        pooled = {} if self.features is None else {"features": self.features}
        return {"vectors": self.vectors, **pooled}


def embed(network: Network, photographs: Sequence[Path], work: Path, workers: int, progress: Progress) -> Embedded:
    """Embed photographs, as far as that was not done before.

    Raises:
        FashionError: If one of them cannot be read.
    """
    paths = list(dict.fromkeys(photographs))
    keep = work / "features" / f"{network.identity[:16]}.h5"
    keep.parent.mkdir(parents=True, exist_ok=True)
    options = InferenceOptions(model=str(network.frozen.directory), engine="onnx", workers=workers)
    with cached_features(paths, network.frozen, options, progress, keep) as found:
        if found.skipped:
            raise SystemExit(f"unreadable: {found.skipped[0].reason}")
        joined = found.features.vectors(found.rows).astype(np.float32)
    rows = {path: row for row, path in enumerate(paths)}
    vectors, features = (_unit(each) for each in np.split(joined, [network.width], axis=1))
    return Embedded(rows, vectors, features if features.shape[1] else None)


def _unit(rows: Matrix) -> Matrix:
    """Both halves of a joined vector are shorter than it, and float16 has rounded them."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)
