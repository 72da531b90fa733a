"""Write an index directory so that the old or the new index is there, whole, whenever the process is killed.

Data files carry a generation in their names. Nothing that the current manifest names is touched until a new
manifest has taken its place in one `replace`; only then are the files of older generations removed.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from fashion_cli import __version__
from fashion_cli.atomic_files import atomic_path, lock, output_errors, partial_path, sync
from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import IndexDirectoryError
from fashion_cli.plurals import counted
from fashion_cli.retrieval.annoy_index import FULL, Progress, build_annoy, why_not_annoy
from fashion_cli.retrieval.calibration import Calibration
from fashion_cli.retrieval.equal_rows import EqualRows
from fashion_cli.retrieval.generations import current_manifest, next_generation, recover, replace_manifest
from fashion_cli.retrieval.manifest import MANIFEST_FILE, Kind, Manifest
from fashion_cli.retrieval.same_neighbours import still_fits

# With fewer rows the exact scan is used. Measured with vectors of 256 on one core, ms per query of 50 at 5k,
# 20k, 50k and 100k rows: scan by a new process 0.7, 3, 8, 14, and 0.3, 1, 3, 7 to read them; by a running one
# 0.1, 0.6, 1.9, 3.7. Annoy at recall 0.99: 0.1 to 0.5 (10 on vectors without structure), but 2 to 6 s and 70
# MB at 50k to be built.
EXACT_BELOW = 50_000
RECALL = 0.99
FEWEST_DISTINCT = 2  # vectors that Annoy can tell apart
Choice = Literal["auto", "annoy", "exact"]
LOCK_FILE = "lock"
WORKING_FEATURES = "features.h5.partial"


def working_features(directory: Path) -> Path:
    """Where the next feature file of an index is made. It outlives a killed run, and is then continued."""
    return directory / WORKING_FEATURES


@contextmanager
def writing(directory: Path) -> Iterator[Path]:
    """Make the directory, keep other writers out, and take up what a killed run left.

    Yields:
        `working_features(directory)`, which may exist: rows that are there need not be made again.

    Raises:
        IndexDirectoryError: If another process writes it, or it belongs to a newer version.
        OutputError: If it cannot be made or written.
    """
    with output_errors(directory, FULL):
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        message = f"{directory}: another process is writing this index"
        lock(descriptor, busy=IndexDirectoryError(message, hint="wait until it is done, or stop it"))
        with output_errors(directory, FULL):
            recover(directory, working_features(directory))
        yield working_features(directory)
    finally:
        os.close(descriptor)


def publish(  # noqa: PLR0913  # where the models lie, and how neighbours are to be found
    directory: Path,
    *,
    model_location: str,
    tagger_location: str = "",
    catalog: str = "",
    features: Path | None = None,
    recall: float = RECALL,
    choice: Choice = "auto",
    exact_below: int = EXACT_BELOW,
    progress: Progress | None = None,
) -> Manifest:
    """Make a feature file the index of a directory. Call it inside `writing(directory)`.

    Args:
        directory: The index directory.
        model_location: What `--model` takes to find the model again.
        tagger_location: What `--tagger` takes, where there were two models.
        catalog: Where the photographs' product catalogue is, without a password.
        features: A closed feature file, `working_features(directory)` where None. It is moved if it lies in
            the directory and is not part of the current index, else copied.
        recall: The share of the true 50 nearest rows that a search has to find, in (0, 1].
        choice: How neighbours are found; "auto" is Annoy where it reaches the recall and is faster.
        exact_below: With fewer rows, "auto" compares all of them.
        progress: Told about each stage.

    Raises:
        FeatureFileError: If the feature file is missing or damaged, or holds what cannot be searched.
        IndexDirectoryError: If it holds no rows.
        OutputError: If something cannot be written. The old index is still there, and so is the feature file.
    """
    source = features or working_features(directory)
    draft = partial_path(directory / MANIFEST_FILE)
    generation = next_generation(directory)
    neighbours = directory / f"neighbours-{generation:06}.ann"
    equal_rows = directory / f"equal-rows-{generation:06}.npy"
    target = directory / f"features-{generation:06}.h5"
    try:
        with FeatureFile.open(source) as opened:
            opened.require_sound()
            current = current_manifest(directory)
            is_large = choice == "annoy" or (choice == "auto" and len(opened) >= exact_below)
            if current is not None and is_large and still_fits(current, directory, opened, recall):
                plan = _Plan("annoy", "", current.calibration)  # its files stay, under the names that they have
                existing = directory / current.neighbours
                manifest = _manifest(opened, generation, model_location, target.name, existing, recall, plan)
                manifest = replace(manifest, equal_rows=current.equal_rows)
            else:
                plan = _plan(opened, neighbours, recall, choice, exact_below, progress)
                manifest = _manifest(opened, generation, model_location, target.name, neighbours, recall, plan)
            manifest = replace(manifest, tagger_location=tagger_location, catalog=catalog)
            with output_errors(directory, FULL):
                if plan.equal is not None:
                    plan.equal.write(equal_rows)
                    sync(equal_rows)
                    manifest = replace(manifest, equal_rows=equal_rows.name)
                _write(draft, manifest.dumps())
                _place(source, target)
    except BaseException:
        for unfinished in (draft, neighbours, equal_rows):
            with suppress(OSError):
                unfinished.unlink()
        raise
    replace_manifest(directory, draft, manifest)
    return manifest


def publish_same_rows(directory: Path, features: Path | None, catalog: str) -> Manifest:
    """Publish the current index with another catalogue: same photographs, same vectors, so the same neighbours.

    Call it inside `writing(directory)`.

    Args:
        directory: The index directory.
        features: A closed file in the directory with the same rows and other columns, which is moved; None if those
            stay too.
        catalog: Where the photographs' product catalogue is, without a password.

    Raises:
        IndexDirectoryError: If there is no index.
        OutputError: If something cannot be written. The old index is still there.
    """
    generation = next_generation(directory)
    manifest = replace(Manifest.read(directory), generation=generation, catalog=catalog)
    draft, target = partial_path(directory / MANIFEST_FILE), directory / f"features-{generation:06}.h5"
    try:
        with output_errors(directory, FULL):
            if features is not None:
                manifest = replace(manifest, features=target.name)
                sync(features)
                features.replace(target)
            _write(draft, manifest.dumps())
    except BaseException:
        for unfinished in (draft, target):
            with suppress(OSError):
                unfinished.unlink()
        raise
    replace_manifest(directory, draft, manifest)
    return manifest


@dataclass(frozen=True)
class _Plan:
    """How neighbours will be found, and why."""

    kind: Kind
    reason: str
    calibration: Calibration | None = None
    equal: EqualRows | None = None

    @property
    def note(self) -> str:
        """That Annoy finds less than was asked for, and why."""
        calibration = self.calibration
        if self.kind == "exact" or calibration is None or not calibration.stopped:
            return ""
        return (
            f"calibration was stopped after {calibration.seconds:.0f} s, at recall@50"
            f" {calibration.recall_reached:.3f} of {calibration.recall_target:g} on {calibration.queries} photographs"
        )


def _plan(
    features: FeatureFile,
    path: Path,
    recall: float,
    choice: Choice,
    exact_below: int,
    progress: Progress | None,
) -> _Plan:
    """Decide how neighbours are found; the Annoy file exists afterwards where the answer is Annoy."""
    rows = len(features)
    if rows == 0:
        raise IndexDirectoryError(f"{features.path}: holds no photographs", hint="give a folder with photographs")
    if choice == "exact":
        return _Plan("exact", "as asked for")
    if rows < max(exact_below if choice == "auto" else 0, 2):
        return _Plan("exact", f"{counted(rows, 'photograph')}: below {exact_below}, comparing all of them is as fast")
    if complaint := why_not_annoy():
        return _Plan("exact", complaint)
    vectors = features.vectors()
    equal = EqualRows.of(vectors)
    if equal.distinct < FEWEST_DISTINCT:
        return _Plan("exact", "all photographs have the same vector")
    calibration = build_annoy(vectors, path, recall, progress=progress, equal=equal, patient=choice == "annoy")
    if calibration.useful or choice == "annoy":
        return _Plan("annoy", "", calibration, equal if equal.distinct < rows else None)
    path.unlink()
    return _Plan(
        "exact",
        f"annoy reaches recall {calibration.recall_reached:.4f} in {calibration.milliseconds:.1f} ms a query:"
        f" comparing all photographs takes {calibration.exact_milliseconds:.1f} ms"
        + (f"; calibration was stopped after {calibration.seconds:.0f} s" if calibration.stopped else ""),
        calibration,
    )


def _manifest(
    features: FeatureFile,
    generation: int,
    model_location: str,
    features_name: str,
    neighbours: Path,
    recall: float,
    plan: _Plan,
) -> Manifest:
    is_annoy = plan.kind == "annoy"
    return Manifest(
        created_by=f"fashion-cli {__version__}",
        generation=generation,
        model=features.header.model,
        model_location=model_location,
        weights_sha256=features.header.weights_sha256,
        vector_width=features.header.vector_width,
        rows=len(features),
        features=features_name,
        kind=plan.kind,
        reason=plan.reason,
        neighbours=neighbours.name if is_annoy else "",
        neighbours_bytes=neighbours.stat().st_size if is_annoy else 0,
        recall_target=recall,
        calibration=plan.calibration,
        note=plan.note,
    )


def _place(source: Path, target: Path) -> None:
    """Bring the feature file to its name. A copy that is cut off never has that name."""
    if source == working_features(target.parent):
        sync(source)
        source.replace(target)
        return
    with atomic_path(target) as copy:
        shutil.copyfile(source, copy)
        sync(copy)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
