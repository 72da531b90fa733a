"""Vectors of views are kept block by block, whatever ends the process."""

import fcntl
from pathlib import Path

import h5py
import numpy as np
import pytest

from fashion_cli.data.features.view_vectors import read_view_vectors, writing_view_vectors
from fashion_cli.errors import FeatureFileError, OutputError

SHAPE = (5, 2, 3)
VECTORS = np.random.default_rng(0).random(SHAPE).astype(np.float16)


def fill(path: Path, until: int = 5, identity: str = "a") -> int:
    """Append one photograph after the other; how many were there before."""
    with writing_view_vectors(path, identity, SHAPE) as file:
        before = file.done
        for row in range(file.done, until):
            file.append(VECTORS[row : row + 1])
    return before


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "t.h5"
    assert read_view_vectors(path, "a", SHAPE) is None
    assert fill(path, 2) == 0
    assert read_view_vectors(path, "a", SHAPE) is None
    assert fill(path) == 2
    found = read_view_vectors(path, "a", SHAPE)
    assert found is not None
    assert np.array_equal(found, VECTORS)


@pytest.mark.parametrize(("identity", "shape"), [("b", SHAPE), ("a", (4, 2, 3)), ("a", (5, 2, 4))])
def test_vectors_of_something_else_are_not_taken(tmp_path: Path, identity: str, shape: tuple[int, int, int]) -> None:
    fill(tmp_path / "t.h5")
    assert read_view_vectors(tmp_path / "t.h5", identity, shape) is None
    with writing_view_vectors(tmp_path / "t.h5", identity, shape) as file:
        assert file.done == 0


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_bytes(b"not a file of this kind")
        case "number":
            with h5py.File(path, "r+") as file:
                file["done"][0] = 9
        case _:
            with h5py.File(path, "r+") as file:
                del file[how]


@pytest.mark.parametrize("how", ["cut", "empty", "text", "number", "done", "vectors"])
def test_a_damaged_file_is_made_again(tmp_path: Path, how: str) -> None:
    fill(tmp_path / "t.h5")
    damage(tmp_path / "t.h5", how)
    assert read_view_vectors(tmp_path / "t.h5", "a", SHAPE) is None
    assert fill(tmp_path / "t.h5") == 0
    found = read_view_vectors(tmp_path / "t.h5", "a", SHAPE)
    assert found is not None
    assert np.array_equal(found, VECTORS)


def test_a_file_that_another_process_has_open_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    fill(path, 2)
    before = path.read_bytes()
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # as HDF5 does
        with pytest.raises(FeatureFileError, match="in use"):
            read_view_vectors(path, "a", SHAPE)
        with pytest.raises(FeatureFileError, match="in use"):
            fill(path, identity="b")
    assert path.read_bytes() == before
    assert fill(path) == 2


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="cannot be written"),
        writing_view_vectors(tmp_path / "file" / "t.h5", "a", SHAPE),
    ):
        pass
