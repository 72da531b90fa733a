"""Photographs by number: whatever a test writes, the row of photograph n is known and can be compared."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.model_cards import TagGroup, Vocabulary

WIDTH = 8
VOCABULARY = Vocabulary(
    (
        TagGroup("category", ("dress", "trousers"), exclusive=False, thresholds=(0.3, 0.1 + 0.2)),
        TagGroup("colour", ("red", "grün", "青"), exclusive=True),
    )
)
HEADER = FeatureHeader(
    model="fashion-mobilenet",
    weights_sha256="5e" * 32,
    vector_width=WIDTH,
    vocabulary=VOCABULARY,
    created_by="fashion-cli 0.1.0",
)

RowsOf = Callable[..., FeatureRows]
MakeFile = Callable[..., Path]


def example_rows(numbers: Iterable[int], columns: Sequence[str] = ()) -> FeatureRows:
    """The rows of photographs with these numbers."""
    n = np.array(list(numbers), dtype=np.int64)
    vectors = np.cos(n[:, None] * (0.1 + np.arange(WIDTH)))
    return FeatureRows(
        paths=tuple(f"/photos/{number // 100}/é {number}.jpg" for number in n),
        sha256=tuple(f"{number:064x}" for number in n),
        sizes=n * 3 + 2**33,
        mtimes_ns=n + 1_700_000_000_123_456_789,
        widths=(n % 7 + 400).astype(np.int32),
        heights=(n % 5 + 500).astype(np.int32),
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16),
        scores=(n[:, None] % np.array([2, 3, 5, 7, 11]) / 11).astype(np.float16),
        columns={name: tuple(f"{name} {number}" for number in n) for name in columns},
    )


def assert_same_rows(found: FeatureRows, expected: FeatureRows) -> None:
    """Compare every field of two sets of rows."""
    assert found.paths == expected.paths
    assert found.sha256 == expected.sha256
    assert dict(found.columns) == dict(expected.columns)
    for name in ("sizes", "mtimes_ns", "widths", "heights", "vectors", "scores"):
        values, others = getattr(found, name), getattr(expected, name)
        assert values.dtype == others.dtype, name
        assert np.array_equal(values, others), name


def assert_holds(path: Path, numbers: Sequence[int]) -> None:
    """Compare every row of a file with the photographs that it is to hold."""
    with FeatureFile.open(path) as file:
        assert len(file) == len(numbers)
        assert file.damaged == 0
        assert_same_rows(file.read(slice(None)), example_rows(numbers, file.column_names))


@pytest.fixture
def header() -> FeatureHeader:
    return HEADER


@pytest.fixture
def rows_of() -> RowsOf:
    return example_rows


@pytest.fixture
def same_rows() -> Callable[[FeatureRows, FeatureRows], None]:
    return assert_same_rows


@pytest.fixture
def holds() -> Callable[[Path, Sequence[int]], None]:
    return assert_holds


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Write photographs 0 to `count` into a new feature file."""

    def make(count: int = 100, *, batch: int = 40, columns: Sequence[str] = (), name: str = "clothes.h5") -> Path:
        path = tmp_path / name
        with FeatureWriter.create(path, HEADER, columns) as writer:
            for start in range(0, count, batch):
                writer.append(example_rows(range(start, min(start + batch, count)), columns))
        return path

    return make
