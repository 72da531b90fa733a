"""Features of photographs for a measurement: from a feature file that is kept, or from a passing one."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pair import Models
from fashion_cli.inference.pipeline import Progress, Skipped
from fashion_cli.inference.update import update_features


@dataclass(frozen=True)
class OnDemand:
    """Photographs that could be read, and the others.

    Attributes:
        features: Holds at least those photographs.
        places: (P,) which of the photographs asked for could be read, in the order asked for.
        rows: (P,) their rows in `features`.
        skipped: Those that could not be read.
    """

    features: FeatureFile
    places: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    skipped: tuple[Skipped, ...]


@contextmanager
def features_on_demand(
    photographs: Sequence[Path],
    model: Models,
    options: InferenceOptions,
    progress: Progress,
    keep: Path | None = None,
) -> Iterator[OnDemand]:
    """Embed photographs, as far as that was not done before.

    Args:
        photographs: Any paths; one that comes twice has two places and one row.
        model: What embeds them.
        options: How it runs.
        progress: Called with (done, total) photographs.
        keep: A feature file to look into and to add to; what else it holds stays. None: nothing is kept.

    Raises:
        FeatureFileError: If the feature file is damaged or another model's.
        OutputError: If it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="fashion-") as scratch:
        target = keep or Path(scratch) / "features.h5"
        update = update_features(photographs, target, model, options, progress, keep_others=True)
        with FeatureFile.open(target) as features:
            yield _found(photographs, features, update.skipped)


@contextmanager
def stored_features(photographs: Sequence[Path], file: Path) -> Iterator[OnDemand]:
    """What a feature file says of photographs, whatever made it; no photograph is looked at.

    Args:
        photographs: Any paths; those that the file does not have count as skipped.
        file: The feature file.

    Raises:
        FeatureFileError: If it is missing or damaged.
    """
    with FeatureFile.open(file) as features:
        absent = (path for path in photographs if features.find(os.path.abspath(path)) is None)
        yield _found(photographs, features, tuple(Skipped(str(path), f"not in {file}") for path in absent))


def _found(photographs: Sequence[Path], features: FeatureFile, skipped: tuple[Skipped, ...]) -> OnDemand:
    found = [features.find(os.path.abspath(path)) for path in photographs]
    places = [place for place, row in enumerate(found) if row is not None]
    rows = [row for row in found if row is not None]
    return OnDemand(features, np.array(places, np.int64), np.array(rows, np.int64), skipped)
