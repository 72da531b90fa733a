"""How a feature file is laid out in HDF5. With `header` the only user of h5py.

Default library version and uncompressed chunks, so that every HDF5 program reads it. Chunks are not cached
(`rdcc_nbytes=0`): a batch writes its own rows only, and a reader of 50 rows reads no more than those.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fashion_cli.data.features.file_errors import damage, naming_damage
from fashion_cli.data.features.header import (
    GIVE_ANOTHER,
    TEXT,
    dataset_of,
    dtype_of,
    encode_values,
    is_of,
    read_header,
    read_way,
    write_header,
)
from fashion_cli.data.features.rows import SHA256_DIGITS, FeatureHeader, FeatureRows
from fashion_cli.data.features.transactions import TransactionFile
from fashion_cli.errors import FeatureFileError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
CHUNK_ROWS = 1024
FEW_ROWS = 256  # up to here HDF5 picks single rows faster than it reads the stretches that hold them

ROW_DATASETS = {  # name in the file: (field of FeatureRows, type)
    "path": ("paths", TEXT),
    "sha256": ("sha256", f"S{SHA256_DIGITS}"),
    "size": ("sizes", "<i8"),
    "mtime_ns": ("mtimes_ns", "<i8"),
    "width": ("widths", "<i4"),
    "height": ("heights", "<i4"),
    "vectors": ("vectors", "<f2"),
    "tags/scores": ("scores", "<f2"),
}
STAMP_DATASETS = {"inode": ("inodes", "<i8"), "ctime_ns": ("ctimes_ns", "<i8")}  # came later: may be missing
STANDARD_DATASETS = frozenset((*ROW_DATASETS, *STAMP_DATASETS))
MATRICES = ("vectors", "tags/scores")


@dataclass(frozen=True)
class Opened:
    """A feature file that was checked when it was opened.

    Attributes:
        file: The HDF5 file.
        header: What all rows have in common.
        columns: The names of the further texts of each row.
        stamped: Whether it has the datasets that came later.
        rows: How many rows are whole.
        damaged: How many more some datasets have.
        way: The root as seen from the file's folder.
    """

    file: h5py.File
    header: FeatureHeader
    columns: tuple[str, ...]
    stamped: bool
    rows: int
    damaged: int
    way: str


def open_features(path: Path, transaction: TransactionFile, mode: str) -> Opened:
    """Open a feature file and check all but the values of its rows.

    Args:
        path: Its name in messages.
        transaction: The file.
        mode: "r" or "r+".

    Raises:
        FeatureFileError: If it is damaged, of another format or of a newer version.
    """
    with naming_damage(path):
        transaction.seek(0)
        signature = transaction.read(len(SIGNATURE))
    if signature != SIGNATURE:
        raise FeatureFileError(f"{path}: not a feature file (it is not HDF5)", hint=GIVE_ANOTHER)
    with naming_damage(path):
        file = h5py.File(transaction, mode, rdcc_nbytes=0)
    try:
        header = read_header(path, file)
        columns = _read_columns(path, file)
        stamped = _is_stamped(path, file)
        rows, damaged_rows = _count_rows(path, file, header, columns, stamped=stamped)
        return Opened(file, header, columns, stamped, rows, damaged_rows, read_way(path, file))
    except BaseException:
        with suppress(OSError, RuntimeError):  # a damaged file may fail again
            file.close()
        raise


def empty_file(path: Path, header: FeatureHeader, columns: Collection[str]) -> bytes:
    """A whole feature file without rows.

    Raises:
        FeatureFileError: If the format cannot hold such columns or tags.
    """
    for name in columns:
        if not _can_be_column(name, columns):
            raise FeatureFileError(
                f"{path}: no column can have the name {name!r}", hint="use letters: item_id, label/colour"
            )
    content = BytesIO()
    with h5py.File(content, "w") as file:
        _make(path, file, header, columns)
        if read_header(path, file) != header:
            raise FeatureFileError(
                f"{path}: the format cannot hold the tags of {header.model}",
                hint="every tag group needs tags and a name of its own",
            )
    return content.getvalue()


def cut(file: h5py.File, columns: Iterable[str], rows: int, *, stamped: bool) -> None:
    """Leave the first rows of every dataset only."""
    for name in _row_kinds(columns, stamped=stamped):
        file[name].resize(rows, axis=0)
    file.flush()


def append(file: h5py.File, rows: FeatureRows, *, stamped: bool) -> None:
    """Add rows to every dataset, and hand all of it to the transaction."""
    start = int(file.attrs["rows"])
    stop = start + len(rows)
    values = {name: getattr(rows, field) for name, (field, _) in ROW_DATASETS.items()} | dict(rows.columns)
    for name, (field, _) in STAMP_DATASETS.items():
        stamps = getattr(rows, field)
        values[name] = np.zeros(len(rows), np.int64) if stamps is None else stamps
    for name, kind in _row_kinds(rows.columns, stamped=stamped).items():
        dataset = file[name]
        dataset.resize(stop, axis=0)
        dataset[start:stop] = encode_values(values[name], kind)
    file.attrs.modify("rows", np.int64(stop))
    file.flush()


def read_slice(file: h5py.File, name: str, start: int, stop: int) -> npt.NDArray[Any]:
    """Rows `start` to `stop` of a dataset; text as bytes."""
    return np.asarray(file[name][start:stop])


def read_rows(file: h5py.File, name: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Single rows of a dataset; text as bytes.

    Args:
        file: The file.
        name: The dataset.
        rows: (N,) in ascending order, each once.
    """
    dataset = file[name]
    if len(rows) <= FEW_ROWS:
        return np.asarray(dataset[rows])
    picked = np.empty((len(rows), *dataset.shape[1:]), dataset.dtype)
    edges = np.flatnonzero(np.diff(rows // CHUNK_ROWS, prepend=-1, append=-1))
    for first, last in pairwise(edges):
        start = rows[first]
        stretch = dataset[start : rows[last - 1] + 1]
        picked[first:last] = stretch[rows[first:last] - start]
    return picked


def _read_columns(path: Path, file: h5py.File) -> tuple[str, ...]:
    """The names of the further texts of each row: every one-dimensional text dataset outside `tags`."""
    names: list[str] = []

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        is_standard = name in STANDARD_DATASETS or name.startswith("tags/")
        if not is_standard and is_of(item, TEXT, dimensions=1):
            names.append(name)

    with naming_damage(path):
        file.visititems(visit)
    return tuple(names)


def _is_stamped(path: Path, file: h5py.File) -> bool:
    """Whether it has the datasets that came later, for every row: an older program may have added rows without."""
    with naming_damage(path):
        rows = file.attrs.get("rows")
        datasets = [(file.get(name), kind) for name, (_, kind) in STAMP_DATASETS.items()]
        return isinstance(rows, np.integer) and all(
            item is not None and is_of(item, kind, dimensions=1) and len(item) >= rows for item, kind in datasets
        )


def _count_rows(
    path: Path, file: h5py.File, header: FeatureHeader, columns: Iterable[str], *, stamped: bool
) -> tuple[int, int]:
    """How many rows are whole, and how many more some dataset has.

    Raises:
        FeatureFileError: If a dataset is missing, of another type, or has fewer rows than the file says.
    """
    with naming_damage(path):
        rows = file.attrs.get("rows")
    if not isinstance(rows, np.integer) or rows < 0:
        raise damage(path, "its attribute 'rows' is missing or no number")
    lengths = {}
    for name, kind in _row_kinds(columns, stamped=stamped).items():
        dataset = dataset_of(path, file, name, kind, dimensions=2 if name in MATRICES else 1)
        lengths[name] = len(dataset)
        if len(dataset) < rows:
            raise damage(path, f"unequal row counts: {rows} rows, but {len(dataset)} in {name!r}")
    if (width := file["tags/scores"].shape[1]) != len(header.vocabulary):
        raise damage(path, f"{width} scores a row, but {len(header.vocabulary)} tags")
    return int(rows), max(lengths.values()) - int(rows)


def _make(path: Path, file: h5py.File, header: FeatureHeader, columns: Iterable[str]) -> None:
    write_header(path, file, header)
    widths = {"vectors": header.vector_width, "tags/scores": len(header.vocabulary)}
    for name, kind in _row_kinds(columns, stamped=True).items():
        _make_row_dataset(file, name, kind, widths.get(name))


def _can_be_column(name: str, columns: Collection[str]) -> bool:
    parts = name.split("/")
    folders = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
    return (
        all(part not in ("", ".") and "\0" not in part for part in parts)
        and parts[0] != "tags"
        and name not in STANDARD_DATASETS
        and folders.isdisjoint(STANDARD_DATASETS)
        and folders.isdisjoint(columns)
    )


def _row_kinds(columns: Iterable[str], *, stamped: bool) -> dict[str, str]:
    numbers = ROW_DATASETS | STAMP_DATASETS if stamped else ROW_DATASETS
    return {name: kind for name, (_, kind) in numbers.items()} | dict.fromkeys(columns, TEXT)


def _make_row_dataset(file: h5py.File, name: str, kind: str, width: int | None) -> None:
    shape, limit, chunk = ((), (), ()) if width is None else ((width,), (max(width, 1),), (max(width, 1),))
    file.create_dataset(
        name, shape=(0, *shape), maxshape=(None, *limit), chunks=(CHUNK_ROWS, *chunk), dtype=dtype_of(kind)
    )
