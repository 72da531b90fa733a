"""The index directory, to search in: a manifest, a feature file and, above some size, an Annoy file.

`publish` writes it. Data files are never changed once a manifest names them, and opening finds either the
state before or the state after a publication.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureFile, FeatureRows, absolute_path
from fashion_cli.errors import FeatureFileError, IndexDirectoryError, UsageError
from fashion_cli.model_cards import ModelCard
from fashion_cli.retrieval.annoy_index import AGAIN, AnnoyIndex
from fashion_cli.retrieval.calibration import Calibration
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.manifest import MANIFEST_FILE, Kind, Manifest
from fashion_cli.retrieval.neighbours import Neighbours

INDEX_FOLDER = ".fashion"
INDEX_VARIABLE = "FASHION_INDEX"
OPENINGS = 20  # a publication may take the files away between reading the manifest and opening them
MAX_CACHED_BYTES = 256 << 20  # of rows that `keep_rows` holds
TEXT_BYTES = 600  # about what paths and further texts of a row take in memory
FEW = 8  # rows are picked one by one where fewer than one in so many is wanted


class Gallery:
    """An index to search in. Made by `open`; a context manager.

    Attributes:
        directory: Where it lies.
        manifest: What it says about itself.
        features: Its photographs, one row each.
        kind: How neighbours are found here.
        note: Why that differs from what the manifest says; mostly empty.
    """

    def __init__(self, directory: Path, manifest: Manifest, features: FeatureFile) -> None:
        self.directory = directory
        self.manifest = manifest
        self.features = features
        self.kind: Kind = manifest.kind
        self.note = ""
        self._rows: FeatureRows | None = None
        calibration = manifest.calibration if manifest.kind == "annoy" else None
        self._annoy = self._open_annoy(calibration) if calibration else None

    @classmethod
    def open(cls, directory: Path, root: Path | None = None) -> Self:
        """Open an index directory. One that is replaced at this moment is opened before or after.

        Args:
            directory: The index directory.
            root: The folder that the photographs lie below now; None for what the index says.

        Raises:
            IndexDirectoryError: If there is no index, it is damaged or of a newer version, or it has no root.
            FeatureFileError: If its feature file is damaged.
            UsageError: If the root is no folder.
        """
        if root is not None and not root.is_dir():
            raise UsageError(f"{root}: no such folder", hint="--root takes the folder that holds the photographs")
        manifest = Manifest.read(directory)
        for _ in range(OPENINGS):
            try:
                return cls._open(directory, manifest, root)
            except (IndexDirectoryError, FeatureFileError):
                latest = Manifest.read(directory)
                if latest == manifest:
                    raise
                manifest = latest
        raise IndexDirectoryError(f"{directory}: replaced again and again", hint="wait until the other command is done")

    @classmethod
    def _open(cls, directory: Path, manifest: Manifest, root: Path | None) -> Self:
        path = directory / manifest.features
        if not path.exists():
            raise IndexDirectoryError(f"{path}: this part of the index is missing", hint=AGAIN)
        try:
            features = FeatureFile.open(path, root=os.path.abspath(root) if root is not None else "")
        except FeatureFileError as error:  # of a file that a command of its own made, it would say how
            raise FeatureFileError(str(error), hint=AGAIN if "embed" in error.hint else error.hint) from error
        try:
            _require_agreement(features, manifest)
            if root is not None and not features.header.root:
                raise IndexDirectoryError(
                    f"{directory}: stores absolute paths, so its photographs cannot lie below another root",
                    hint="call `fashion index` once where they are: it embeds nothing again",
                )
            return cls(directory, manifest, features)
        except BaseException:
            features.close()
            raise

    def __len__(self) -> int:
        return self.manifest.rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self.features.close()
        self._annoy = None

    @property
    def catalog(self) -> str:
        """Where the product catalogue of the photographs is, without a password; "" where there is none."""
        stored = self.manifest.catalog
        return absolute_path(stored, self.features.header.root) if stored and "://" not in stored else stored

    @property
    def moved_hint(self) -> str:
        """What to do where its photographs are not there any more."""
        again = "fashion index brings the index up to date"
        return (
            f"--root DIR says where they are now, or {again}"
            if self.features.header.root
            else f"{again} where they are now"
        )

    def keep_rows(self) -> None:
        """Hold what hits say in memory, where that is little: for a process that searches again and again."""
        header = self.features.header
        if len(self) * (2 * header.vector_width + 2 * len(header.vocabulary) + TEXT_BYTES) <= MAX_CACHED_BYTES:
            self._rows = self.features.read(slice(None))

    def read(self, rows: npt.NDArray[np.int64]) -> FeatureRows:
        """Everything about some rows, in the given order."""
        return self.features.read(rows) if self._rows is None else self._rows.take(rows)

    def scores(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float16]:
        """(k, T) tag scores of some rows, in the given order."""
        return self.features.scores(rows) if self._rows is None else self._rows.scores[rows]

    def vectors(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float16]:
        """(k, D) vectors of some rows, in the given order."""
        return self.features.vectors(rows) if self._rows is None else self._rows.vectors[rows]

    def require_model(self, card: ModelCard) -> None:
        """Make sure that a model's vectors can be compared with these.

        Raises:
            IndexDirectoryError: If the index was made with other weights.
        """
        if not self.features.header.same_weights(card.name, card.weights_sha256):
            raise IndexDirectoryError(
                f"{self.directory}: made by the model {self.manifest.model}, and vectors of {card.name} do"
                " not compare with its vectors",
                hint=f"{self.manifest.options_instead_of(card.name)}, or call `fashion index` again with this model",
            )

    def nearest(
        self,
        vectors: npt.NDArray[np.float32],
        k: int,
        *,
        exact: bool = False,
        rows: npt.NDArray[np.int64] | None = None,
    ) -> Neighbours:
        """The k nearest photographs by cosine.

        Args:
            vectors: (Q, D) queries of any length.
            k: How many, at least 1; clipped to the number of photographs, or of `rows`.
            exact: Compare with every photograph, whatever the index is.
            rows: The only rows allowed; these are always scanned exactly.
        """
        if rows is not None:
            return self._nearest_of(np.unique(rows), vectors, k)
        if exact or self._annoy is None:
            return self._exact.nearest(vectors, k)
        return self._annoy.nearest(vectors, k)

    def _nearest_of(self, rows: npt.NDArray[np.int64], vectors: npt.NDArray[np.float32], k: int) -> Neighbours:
        if "_exact" in self.__dict__ or len(rows) * FEW >= len(self):
            return self._exact.nearest(vectors, k, rows)
        few = ExactIndex(self.features.vectors(rows)).nearest(vectors, k)
        return Neighbours(rows[few.rows], few.cosines)

    @cached_property
    def _exact(self) -> ExactIndex:
        return ExactIndex(self.features.vectors())

    def _open_annoy(self, calibration: Calibration) -> AnnoyIndex | None:
        manifest, path = self.manifest, self.directory / self.manifest.neighbours
        try:
            size = path.stat().st_size
        except OSError:
            raise IndexDirectoryError(f"{path}: this part of the index is missing", hint=AGAIN) from None
        if size != manifest.neighbours_bytes:
            raise IndexDirectoryError(f"{path}: {size} bytes long instead of {manifest.neighbours_bytes}", hint=AGAIN)
        try:
            equal_rows = self.directory / manifest.equal_rows if manifest.equal_rows else None
            return AnnoyIndex.open(path, manifest.vector_width, calibration.search_k, manifest.rows, equal_rows)
        except ImportError as error:
            self.kind, self.note = "exact", f"annoy cannot be used here ({error}): comparing all photographs"
            return None


def _require_agreement(features: FeatureFile, manifest: Manifest) -> None:
    actual = (len(features), features.header.vector_width, features.header.weights_sha256)
    if actual != (manifest.rows, manifest.vector_width, manifest.weights_sha256):
        raise IndexDirectoryError(f"{features.path}: does not hold what {MANIFEST_FILE} says", hint=AGAIN)


def find_index(option: Path | None, environment: Mapping[str, str], here: Path | None = None) -> Path:
    """Where the index is: `--index`, else `$FASHION_INDEX`, else `.fashion` here or in the nearest parent.

    Args:
        option: The value of `--index`.
        environment: Variables, as `os.environ`; an empty one counts as unset.
        here: Where to start; the working directory where None.

    Raises:
        IndexDirectoryError: If there is no index there.
    """
    if option is not None:
        return _with_manifest(option, f"fashion index FOLDER -o {option}")
    if named := environment.get(INDEX_VARIABLE):
        return _with_manifest(Path(named), f"fashion index FOLDER -o {named}, or unset {INDEX_VARIABLE}")
    start = (here or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / INDEX_FOLDER).is_dir():
            return _with_manifest(folder / INDEX_FOLDER, f"cd {folder} && fashion index FOLDER")
    raise IndexDirectoryError(
        f"{start}: no index here or in any parent",
        hint="fashion index FOLDER, or --index DIR, or $FASHION_INDEX",
    )


def _with_manifest(directory: Path, hint: str) -> Path:
    if (directory / MANIFEST_FILE).exists():
        return directory
    unfinished = any(directory.glob("features*.h5*"))
    raise IndexDirectoryError(
        f"{directory}: the index is not finished" if unfinished else f"{directory}: no index here", hint=hint
    )
