"""Which rows of a feature file are a photograph's: by its path, and by its bytes wherever it lies now."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import file_sha256
from fashion_cli.embedding.reuse import is_current
from fashion_cli.errors import ImageError


class StoredPhotographs:
    """Looks photographs up in a feature file.

    Args:
        features: Open, and not closed before this is done with.
    """

    def __init__(self, features: FeatureFile) -> None:
        self._features = features

    def rows(self, paths: Sequence[Path]) -> dict[Path, int]:
        """The row that says what is on a photograph, of each that has one.

        It is that of its path, unless the file was changed since, else one of a file with the same bytes. A photograph
        that is gone cannot contradict its row.
        """
        rows_by_path = {path: row for path in paths if (row := self._features.find(os.path.abspath(path))) is not None}
        identities = self._features.identities(list(rows_by_path.values())) if rows_by_path else []
        current = {
            path: row
            for (path, row), each in zip(rows_by_path.items(), identities, strict=True)
            if is_current(each, path)
        }
        for path in paths:
            if path not in current and len(same := self._rows_with_bytes_of(path)):
                current[path] = int(same[0])
        return current

    def rows_of_photograph(self, path: Path) -> frozenset[int]:
        """All rows that are this photograph: that of its path, and those of files with the same bytes."""
        row = self._features.find(os.path.abspath(path))
        if row is None:
            return frozenset(self._rows_with_bytes_of(path).tolist())
        (identity,) = self._features.identities([row])
        if not is_current(identity, path):
            return frozenset({row, *self._rows_with_bytes_of(path).tolist()})
        return frozenset({row, *self._rows_with_bytes(identity.size, identity.sha256).tolist()})

    @cached_property
    def _sizes(self) -> npt.NDArray[np.int64]:
        return self._features.sizes()

    def _rows_with_bytes_of(self, path: Path) -> npt.NDArray[np.int64]:
        try:
            size = path.stat().st_size
            if not (self._sizes == size).any():
                return np.empty(0, np.int64)
            return self._rows_with_bytes(size, file_sha256(path))
        except (OSError, ValueError, ImageError):  # reading it will fail too, and say why
            return np.empty(0, np.int64)

    def _rows_with_bytes(self, size: int, sha256: str) -> npt.NDArray[np.int64]:
        rows = np.flatnonzero(self._sizes == size)
        same = [each.sha256 == sha256 for each in self._features.identities(rows)] if len(rows) else []
        return rows[np.array(same, np.bool_)]
