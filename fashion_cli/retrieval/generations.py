"""The states of an index directory: each has a number, which stands in the names of its data files."""

import re
from contextlib import suppress
from pathlib import Path

from fashion_cli.atomic_files import output_errors, sync
from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import FeatureFileError, IndexDirectoryError
from fashion_cli.retrieval.annoy_index import FULL
from fashion_cli.retrieval.manifest import MANIFEST_FILE, Manifest, NewerIndexError

_FEATURES = re.compile(r"features-(\d{6,})\.h5")
_LEFTOVERS = re.compile(
    r"features-\d{6,}\.h5(\.partial)?|neighbours-\d{6,}\.ann|equal-rows-\d{6,}\.npy|manifest\.json\.partial"
)


def current_manifest(directory: Path) -> Manifest | None:
    """The manifest, where there is a good one."""
    try:
        return Manifest.read(directory)
    except NewerIndexError:
        raise
    except IndexDirectoryError:
        return None


def _generations(directory: Path) -> dict[int, Path]:
    """The feature files by generation."""
    named = ((_FEATURES.fullmatch(path.name), path) for path in directory.iterdir())
    return {int(match[1]): path for match, path in named if match}


def next_generation(directory: Path) -> int:
    current = current_manifest(directory)
    return 1 + max((current.generation if current else 0, *_generations(directory)), default=0)


def recover(directory: Path, working: Path) -> None:
    """Take back the feature file of a run that was killed after naming it and before its manifest.

    One that cannot be read any more is put aside under the name of `damaged_path`, so that the index can be made anew.

    Args:
        directory: The index directory.
        working: What it becomes again, unless that is there.
    """
    current = current_manifest(directory)
    newest, path = max(_generations(directory).items(), default=(0, directory))
    _put_aside_damaged(working)
    if newest > (current.generation if current else 0) and not working.exists():
        path.replace(working)
        _put_aside_damaged(working)


def _put_aside_damaged(path: Path) -> None:
    if path.exists():
        try:
            FeatureFile.open(path).close()
        except FeatureFileError as error:
            if isinstance(error.__cause__, BlockingIOError):  # nothing is wrong with it: somebody writes it
                raise
            path.replace(damaged_path(path))


def damaged_path(path: Path) -> Path:
    """Where a file is put aside that cannot be read."""
    return path.with_name(f"{path.name}.damaged")


def _remove_leftovers(directory: Path, manifest: Manifest) -> None:
    """Remove what no manifest names any more. Files that cannot be removed are left for the next time."""
    current = (manifest.features, manifest.neighbours, manifest.equal_rows)
    for path in directory.iterdir():
        if _LEFTOVERS.fullmatch(path.name) and path.name not in current:
            with suppress(OSError):
                path.unlink()


def replace_manifest(directory: Path, draft: Path, manifest: Manifest) -> None:
    """Make a state the current one."""
    with output_errors(directory, FULL):
        sync(directory)
        draft.replace(directory / MANIFEST_FILE)
        sync(directory)
    _remove_leftovers(directory, manifest)
