"""Whether an index finds the same neighbours after a change as before: of new time stamps, tags or columns, yes."""

from pathlib import Path

import numpy as np

from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import FeatureFileError
from fashion_cli.retrieval.manifest import Manifest

ROWS_AT_ONCE = 65536


def still_fits(manifest: Manifest | None, directory: Path, features: FeatureFile, recall: float) -> bool:
    """Whether the Annoy file of an index is right for another feature file too, and as good as is asked for.

    Args:
        manifest: Of the index that is there; None without one.
        directory: Where it lies.
        features: What is to be searched in.
        recall: The share of the true 50 nearest rows that a search has to find.
    """
    if manifest is None or manifest.kind != "annoy" or manifest.calibration is None:
        return False
    if manifest.recall_target != recall or manifest.calibration.stopped or manifest.rows != len(features):
        return False
    neighbours = directory / manifest.neighbours
    if not neighbours.exists() or neighbours.stat().st_size != manifest.neighbours_bytes:
        return False
    if manifest.equal_rows and not (directory / manifest.equal_rows).exists():
        return False
    try:
        with FeatureFile.open(directory / manifest.features) as old:
            return _same_vectors(old, features)
    except FeatureFileError:
        return False


def _same_vectors(one: FeatureFile, other: FeatureFile) -> bool:
    if len(one) != len(other) or one.header.vector_width != other.header.vector_width:
        return False
    chunks = (slice(start, start + ROWS_AT_ONCE) for start in range(0, len(one), ROWS_AT_ONCE))
    return all(np.array_equal(one.vectors(chunk), other.vectors(chunk)) for chunk in chunks)
