"""Features of photographs for a measurement: from a feature file that is kept, or from a temporary one."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import Box
from fashion_cli.embedding.update import update_features
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.inference.multi_model import Models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped, predict
from fashion_cli.plurals import none_can_be_read


@dataclass(frozen=True)
class FeatureSubset:
    """The rows of a feature file for photographs that could be read, and those that could not.

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
def cached_features(
    photographs: Sequence[Path],
    model: Models,
    options: InferenceOptions,
    progress: Progress,
    keep: Path | None = None,
) -> Iterator[FeatureSubset]:
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
            yield _find_rows(photographs, features, update.skipped)


@dataclass(frozen=True)
class ScoreSubset:
    """Tag scores of photographs that could be read, and the others.

    Attributes:
        places: (P,) which of the photographs asked for could be read, in the order asked for.
        scores: (P, T) probabilities, of the model's own tags.
        skipped: Those that could not be read.
    """

    places: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    skipped: tuple[Skipped, ...]


def cached_scores(
    photographs: Sequence[Path],
    model: Models,
    options: InferenceOptions,
    progress: Progress,
    *,
    boxes: Mapping[Path, Box],
    keep: Path | None = None,
) -> ScoreSubset:
    """Tag photographs, as far as that was not done before.

    Args:
        photographs: Any paths; one may come twice.
        model: What tags them.
        options: How it runs.
        progress: Called with (done, total) photographs.
        boxes: The part of a photograph to look at, for those that are not looked at whole.
        keep: As in `cached_features`.

    Raises:
        FeatureFileError, OutputError: As `cached_features`.
        UsageError: If parts are to be kept in a feature file, whose rows are those of whole photographs.
    """
    if not boxes:
        with cached_features(photographs, model, options, progress, keep) as subset:
            # A kept file may hold tags of further models behind this one's.
            scores = subset.features.scores(subset.rows)[:, : len(model.card.vocabulary)]
            return ScoreSubset(subset.places, scores.astype(np.float32), subset.skipped)
    if keep is not None:
        raise UsageError(
            f"{keep}: a feature file holds whole photographs, and these are cut to their boxes",
            hint="measure without a feature file",
        )
    return _scores_of_parts(photographs, model, options, progress, boxes)


def _scores_of_parts(
    photographs: Sequence[Path],
    model: Models,
    options: InferenceOptions,
    progress: Progress,
    boxes: Mapping[Path, Box],
) -> ScoreSubset:
    paths = list(dict.fromkeys(photographs))
    scores: dict[str, npt.NDArray[np.float16]] = {}
    skipped: list[Skipped] = []
    with closing(predict(paths, model, options, boxes=boxes)) as batches:
        for batch in batches:
            scores |= zip(batch.rows.paths, batch.rows.scores, strict=True)
            skipped += batch.skipped
            progress(len(scores) + len(skipped), len(paths))
    names = [os.path.abspath(path) for path in photographs]
    places = [place for place, name in enumerate(names) if name in scores]
    _require_some(places, skipped)
    rows = np.stack([scores[names[place]] for place in places])
    return ScoreSubset(np.array(places, np.int64), rows.astype(np.float32), tuple(skipped))


@contextmanager
def read_features(photographs: Sequence[Path], file: Path) -> Iterator[FeatureSubset]:
    """What a feature file says of photographs, whatever made it; no photograph is looked at.

    Args:
        photographs: Any paths; those that the file does not have count as skipped.
        file: The feature file.

    Raises:
        FeatureFileError: If it is missing or damaged.
    """
    with FeatureFile.open(file) as features:
        absent = (path for path in photographs if features.find(os.path.abspath(path)) is None)
        yield _find_rows(photographs, features, tuple(Skipped(str(path), f"not in {file}") for path in absent))


def _require_some(rows: Sequence[int], skipped: Sequence[Skipped]) -> None:
    """Make sure that there is something to measure.

    Raises:
        ImageError: If not one of the photographs can be read.
    """
    if skipped and not rows:
        raise ImageError(none_can_be_read(len(skipped)), hint=f"the first: {skipped[0].reason}")


def _find_rows(photographs: Sequence[Path], features: FeatureFile, skipped: tuple[Skipped, ...]) -> FeatureSubset:
    all_rows = [features.find(os.path.abspath(path)) for path in photographs]
    places = [place for place, row in enumerate(all_rows) if row is not None]
    rows = [row for row in all_rows if row is not None]
    _require_some(rows, skipped)
    return FeatureSubset(features, np.array(places, np.int64), np.array(rows, np.int64), skipped)
