"""Vectors of several views of photographs, kept while a model is trained from them. A file of its own kind, in HDF5.

Dataset `vectors` is (N, V, D) float16, NaN where a photograph could not be read; `done` says how many photographs were
looked at, from the first; the attribute `identity` whose vectors of what these are. All of it has its place in the
file from the beginning: a process that is killed leaves a file that goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from fashion_cli.atomic_files import atomic_path
from fashion_cli.data.features.file_errors import naming_unwritable

VectorShape = tuple[int, int, int]  # N photographs, V views of each, D
Vectors = npt.NDArray[np.float16]

_DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)  # what h5py raises over wrong bytes


def read_view_vectors(path: Path, identity: str, shape: VectorShape) -> Vectors | None:
    """All vectors of a file; None where it is not there, damaged, of something else, or not done.

    Raises:
        FeatureFileError: If another process has the file.
    """
    with naming_unwritable(path):
        try:
            with h5py.File(path, "r") as file:
                if _done(file, identity, shape) == shape[0]:
                    return np.asarray(file["vectors"], np.float16)
        except BlockingIOError:
            raise
        except _DAMAGED:
            return None
    return None


class ViewVectorWriter:
    """Fills a file in the order of its photographs.

    Args:
        file: Open, and of the right shape.

    Attributes:
        done: Photographs that were looked at.
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self.done = int(file["done"][0])

    def append(self, block: Vectors) -> None:
        """Write the (B, V, D) vectors of the next photographs; they are on the disk before they count as done."""
        end = self.done + len(block)
        self._file["vectors"][self.done : end] = block
        self._file.flush()
        self._file["done"][0] = end
        self._file.flush()
        self.done = end


@contextmanager
def writing_view_vectors(path: Path, identity: str, shape: VectorShape) -> Iterator[ViewVectorWriter]:
    """A file to go on with; a new one where there is none, or a damaged one, or one of something else.

    Raises:
        FeatureFileError: If another process has the file.
        OutputError: If it cannot be written.
    """
    with naming_unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _can_go_on(path, identity, shape):
            _create(path, identity, shape)
        with h5py.File(path, "r+") as file:
            yield ViewVectorWriter(file)


def _create(path: Path, identity: str, shape: VectorShape) -> None:
    with atomic_path(path) as draft, h5py.File(draft, "w") as file:
        file.attrs["identity"] = identity
        file.create_dataset("done", data=np.zeros(1, np.int64))
        vectors = file.create_dataset("vectors", shape, np.float16, fillvalue=np.float16(np.nan))
        if vectors.size:
            vectors[-1] = np.nan  # takes the place of all of them: a full disk shows now, not in an hour


def _can_go_on(path: Path, identity: str, shape: VectorShape) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return 0 <= _done(file, identity, shape) <= shape[0]
    except BlockingIOError:
        raise
    except _DAMAGED:
        return False


def _done(file: h5py.File, identity: str, shape: VectorShape) -> int:
    """Photographs that were looked at; -1 where the file is of something else."""
    fits = file.attrs["identity"] == identity and file["vectors"].shape == shape
    return int(file["done"][0]) if fits and file["vectors"].dtype == np.float16 else -1
