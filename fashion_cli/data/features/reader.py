"""Read a feature file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import layout
from fashion_cli.data.features.file_errors import damage, naming_damage, naming_unreadable
from fashion_cli.data.features.roots import (
    LOOKED_FOR,
    absolute_path,
    likeliest_root,
    recorded_roots,
    stored_path,
)
from fashion_cli.data.features.rows import (
    FeatureRows,
    Identity,
    decode_text,
    encode_text,
    non_finite_row,
    unsound_rows,
)
from fashion_cli.data.features.transactions import TransactionFile, open_locked
from fashion_cli.data.file_stamps import FileStamp
from fashion_cli.errors import FeatureFileError
from fashion_cli.message_text import printable
from fashion_cli.model_cards import ModelCard
from fashion_cli.suggestions import suggest

Selection = slice | Sequence[int] | npt.NDArray[np.integer]
EVERYTHING = slice(None)
CHUNK = 8192  # rows at a time


class FeatureFile:
    """A feature file to read from. Made by `open`; a context manager. Others may read it at the same time.

    Every method raises FeatureFileError where the bytes on the disk do not follow the format, and IndexError
    for a row that is not there.

    Attributes:
        path: Where it lies.
        header: What all rows have in common; its root is where that folder is now.
        recorded_root: Where the root is by what the file itself says.
        column_names: The further texts of each row.
        stamped: Whether it says of each photograph all that its `FileStamp` has; older files say less.
        damaged: Rows that only some datasets have, since their writer was cut off. They are left out.
    """

    def __init__(self, path: Path, stream: FileIO) -> None:
        self.path = path
        self._stream = stream
        opened = layout.open_features(path, TransactionFile(stream), "r")
        self.header = opened.header
        self._recorded_roots = recorded_roots(opened.header.root, opened.way, path)
        self.recorded_root = ""
        self.column_names = opened.columns
        self.stamped = opened.stamped
        self.damaged = opened.damaged
        self._file = opened.file
        self._rows = opened.rows
        self._row_of_path: dict[bytes, int] = {}

    @classmethod
    def open(cls, path: Path, *, root: str = "", fallback: str = "") -> Self:
        """Open a feature file.

        Args:
            path: Where it lies.
            root: The folder that its photographs lie below; "" for what the file says.
            fallback: Where they may lie if they are not where the file says.

        Raises:
            FeatureFileError: If it is missing, being written, damaged, of another format or a newer version.
        """
        with naming_unreadable(path):
            stream = open_locked(path)
        try:
            features = cls(path, stream)
            features._find_root(root, fallback)
        except BaseException:
            stream.close()
            raise
        return features

    def __len__(self) -> int:
        return self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        try:
            with naming_damage(self.path):
                self._file.close()
        finally:
            self._stream.close()

    def paths(self) -> list[str]:
        """Every path, in row order."""
        return self._paths(EVERYTHING)

    def sha256s(self) -> list[str]:
        """The sha256 of every photograph's bytes, hexadecimal, in row order."""
        return self._texts("sha256", EVERYTHING)

    def sizes(self) -> npt.NDArray[np.int64]:
        """How many bytes every photograph's file had, in row order."""
        return np.asarray(self._read("size", EVERYTHING), np.int64)

    def dimensions(self) -> npt.NDArray[np.int64]:
        """Width and height of every upright photograph, pixels, (N, 2), in row order."""
        return np.stack([np.asarray(self._read(name, EVERYTHING), np.int64) for name in ("width", "height")], axis=1)

    def vectors(self, rows: Selection | None = None) -> npt.NDArray[np.float16]:
        """Vectors of all or some rows, (N, D), finite, of unit length."""
        return self._finite("vectors", EVERYTHING if rows is None else rows)

    def scores(self, rows: Selection | None = None) -> npt.NDArray[np.float16]:
        """Tag scores of all or some rows, (N, T), finite, in [0, 1]."""
        return self._finite("tags/scores", EVERYTHING if rows is None else rows)

    def column(self, name: str) -> list[str]:
        """A further text of every row."""
        if name not in self.column_names:
            raise FeatureFileError(
                f"{self.path}: no column {name!r}",
                hint=suggest(name, self.column_names) if self.column_names else "it has no columns",
            )
        return self._texts(name, EVERYTHING)

    def read(self, rows: Selection) -> FeatureRows:
        """Everything about some rows, in the given order."""
        return FeatureRows(
            paths=tuple(self._paths(rows)),
            sha256=tuple(self._texts("sha256", rows)),
            sizes=self._read("size", rows),
            mtimes_ns=self._read("mtime_ns", rows),
            widths=self._read("width", rows),
            heights=self._read("height", rows),
            vectors=self.vectors(rows),
            scores=self.scores(rows),
            columns={name: tuple(self._texts(name, rows)) for name in self.column_names},
            inodes=self._read_stamps("inode", rows),
            ctimes_ns=self._read_stamps("ctime_ns", rows),
        )

    def identities(self, rows: Selection = EVERYTHING) -> list[Identity]:
        """What tells the photographs of all or some rows apart from others, without their vectors."""
        return [
            Identity(path, sha256, size, FileStamp(mtime_ns, inode, ctime_ns))
            for path, sha256, size, mtime_ns, inode, ctime_ns in zip(
                self._paths(rows),
                self._texts("sha256", rows),
                self._read("size", rows).tolist(),
                self._read("mtime_ns", rows).tolist(),
                self._read_stamps("inode", rows).tolist(),
                self._read_stamps("ctime_ns", rows).tolist(),
                strict=True,
            )
        ]

    def chunks(self, size: int = CHUNK) -> Iterator[FeatureRows]:
        """All rows, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield self.read(slice(start, start + size))

    def find(self, path: str) -> int | None:
        """The row of an absolute path; the last one, should it occur several times."""
        if not self._row_of_path:
            stored = self._read("path", EVERYTHING).tolist()
            self._row_of_path = dict(zip(stored, range(len(stored)), strict=True))
        return self._row_of_path.get(encode_text(stored_path(path, self.header.root)))

    def require_model(self, card: ModelCard) -> None:
        """Make sure that the vectors are this model's.

        Raises:
            FeatureFileError: If they are another model's.
        """
        self.require_weights(card.name, card.weights_sha256)

    def require_weights(self, model: str, weights_sha256: str) -> None:
        """Make sure that the vectors are those of a model with this name and identity.

        Raises:
            FeatureFileError: If they are another model's.
        """
        header = self.header
        if not header.same_weights(model, weights_sha256):
            raise FeatureFileError(
                f"{self.path}: vectors of {header.model} (weights {header.weights_sha256[:12]}…) "
                f"do not compare with those of {model} (weights {weights_sha256[:12]}…)",
                hint=f"use {header.options_instead_of(model)}, or make the file again: fashion embed IMAGES… -o FILE",
            )

    def require_sound(self) -> None:
        """Make sure that every row can be searched and tagged: other programs write such files too.

        Raises:
            FeatureFileError: If a vector is not finite or not of unit length, or a score is not in [0, 1].
        """
        for start in range(0, len(self), CHUNK):
            chunk = slice(start, start + CHUNK)
            faults = unsound_rows(self._read("vectors", chunk), self._read("tags/scores", chunk))
            for row, what in faults.items():
                (path,) = self._paths([start + row])
                raise FeatureFileError(
                    f"{self.path}: row {start + row}, {printable(path)}: its {what}",
                    hint="docs/feature-file.md says what a row holds; mend what wrote the file, or leave the row out",
                )

    def _find_root(self, root: str, fallback: str) -> None:
        """Settle which folder relative paths start from. A file that stores absolute paths has none."""
        roots = self._recorded_roots
        if not roots:
            return
        spread = range(0, len(self), max(1, len(self) // LOOKED_FOR))
        paths = self._texts("path", spread) if len({*roots, fallback} - {""}) > 1 else []
        self.recorded_root = likeliest_root(roots, paths)
        further = [fallback] if fallback and paths else []
        now = root or likeliest_root((*further, self.recorded_root), paths)
        self.header = replace(self.header, root=now)

    def _paths(self, rows: Selection) -> list[str]:
        root = self.header.root
        return [absolute_path(path, root) for path in self._texts("path", rows)]

    def _texts(self, name: str, rows: Selection) -> list[str]:
        contents = self._read(name, rows).tolist()
        with naming_damage(self.path):
            return [decode_text(content) for content in contents]

    def _finite(self, name: str, rows: Selection) -> npt.NDArray[np.float16]:
        matrix = self._read(name, rows)
        bad = non_finite_row(matrix)
        if bad is not None:
            row = range(len(self))[rows][bad] if isinstance(rows, slice) else rows[bad]
            raise damage(self.path, f"row {row} of {name!r} holds a value that is not a finite number")
        return matrix

    def _read_stamps(self, name: str, rows: Selection) -> npt.NDArray[np.int64]:
        """Inodes or times; zeros in a file that has none."""
        if self.stamped:
            return self._read(name, rows)
        return np.zeros(len(range(len(self))[rows] if isinstance(rows, slice) else rows), np.int64)

    def _read(self, name: str, rows: Selection) -> npt.NDArray[Any]:
        if isinstance(rows, slice):
            chosen = range(len(self))[rows]
            if chosen.step == 1:
                with naming_damage(self.path):
                    return layout.read_slice(self._file, name, chosen.start, max(chosen.start, chosen.stop))
            rows = chosen
        unique, places = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
        if len(unique) and not 0 <= unique[0] <= unique[-1] < len(self):
            raise IndexError(f"{self.path}: rows {unique[0]} to {unique[-1]} where there are {len(self)}")
        with naming_damage(self.path):
            return layout.read_rows(self._file, name, unique)[places]


def is_feature_file(path: Path) -> bool:
    """Whether a file is HDF5, by its first bytes; `FeatureFile.open` says whether it is a feature file."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(layout.SIGNATURE)) == layout.SIGNATURE
    except OSError:
        return False
