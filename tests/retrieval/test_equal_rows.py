"""Equal vectors stand in the trees once, and in the answers as often as there are rows."""

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.errors import IndexDirectoryError
from fashion_cli.retrieval import calibration
from fashion_cli.retrieval.annoy_index import AnnoyIndex, build_annoy
from fashion_cli.retrieval.equal_rows import EqualRows
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.retrieval.publish import publish, writing
from tests.retrieval.conftest import WIDTH, DrawVectors, MakeFeatures

Vectors = npt.NDArray[np.float16]


@pytest.fixture
def stored(draw_vectors: DrawVectors) -> Vectors:
    """2,000 vectors: 900 copies of one, 30 of another, here and there."""
    stored = draw_vectors(2000)
    places = np.random.default_rng(3).permutation(2000)
    stored[places[:900]] = stored[places[0]]
    stored[places[900:930]] = stored[places[900]]
    return stored


def plain_groups(vectors: Vectors) -> list[list[int]]:
    groups: dict[bytes, list[int]] = {}
    for row, vector in enumerate(vectors):
        groups.setdefault(vector.tobytes(), []).append(row)
    return list(groups.values())


@pytest.mark.parametrize("width", [1, 3, WIDTH])
def test_groups_are_those_of_a_plain_loop(width: int) -> None:
    vectors = np.random.default_rng(0).integers(0, 3, (500, width)).astype(np.float16)
    equal = EqualRows.of(vectors)
    assert [part.tolist() for part in np.split(equal.rows, equal.starts[1:-1])] == plain_groups(vectors)
    assert equal.first.tolist() == [rows[0] for rows in plain_groups(vectors)]
    assert (len(equal), equal.distinct) == (500, len(plain_groups(vectors)))


def test_what_is_written_is_read(stored: Vectors, tmp_path: Path) -> None:
    equal = EqualRows.of(stored)
    equal.write(tmp_path / "e.npy")
    read = EqualRows.read(tmp_path / "e.npy")
    assert np.array_equal(read.rows, equal.rows)
    assert np.array_equal(read.starts, equal.starts)


@pytest.mark.parametrize("k", [1, 5, 6, 7, 100])
def test_groups_become_rows(k: int) -> None:
    equal = EqualRows.of(np.array([[1], [2], [1], [3], [1], [2], [4]], np.float16))  # 0 2 4 | 1 5 | 3 | 6
    rows, distances = equal.expand([1, 3, 0], [0.1, 0.2, 0.3], k)
    assert rows.tolist() == [1, 5, 6, 0, 2, 4][:k]
    assert distances.tolist() == [0.1, 0.1, 0.2, 0.3, 0.3, 0.3][:k]


@pytest.mark.usefixtures("slow_scan")
def test_answers_are_those_of_the_exact_scan(stored: Vectors, tmp_path: Path) -> None:
    equal = EqualRows.of(stored)
    calibration = build_annoy(stored, tmp_path / "a.ann", 1.0, equal=equal, patient=True)
    equal.write(tmp_path / "e.npy")
    index = AnnoyIndex.open(tmp_path / "a.ann", WIDTH, calibration.search_k, 2000, tmp_path / "e.npy")
    assert len(index) == 2000
    asked = stored[:40].astype(np.float32)
    for k in (1, 10, 50, 1000, 2000, 2001):
        found, truth = index.nearest(asked, k), ExactIndex(stored).nearest(asked, k)
        assert found.rows.shape == truth.rows.shape
        assert all(len(set(rows)) == len(rows) for rows in found.rows.tolist())
        np.testing.assert_allclose(found.cosines, truth.cosines, atol=2e-3 if k > 50 else 1e-6)
    alone = AnnoyIndex.open(tmp_path / "a.ann", WIDTH, calibration.search_k, equal.distinct)
    assert len(alone) == len(plain_groups(stored))  # each vector once


def test_many_copies_cost_no_candidates(draw_vectors: DrawVectors, tmp_path: Path, slow_scan: None) -> None:
    """A third that is one vector: as few candidates as without it."""
    plain = draw_vectors(2000)
    copies = np.concatenate([plain, np.repeat(plain[:1], 1000, axis=0)])
    without = build_annoy(plain, tmp_path / "a.ann", 0.95)
    with_copies = build_annoy(copies, tmp_path / "b.ann", 0.95, equal=EqualRows.of(copies))
    assert with_copies.passed
    assert with_copies.search_k == without.search_k
    assert (tmp_path / "a.ann").stat().st_size == (tmp_path / "b.ann").stat().st_size


def test_calibration_ends_in_time_and_says_so(stored: Vectors, tmp_path: Path, slow_scan: None) -> None:
    calibration = build_annoy(stored, tmp_path / "a.ann", 1.0, patient=True, seconds=0)
    assert calibration.stopped
    assert not calibration.passed
    assert calibration.queries == 1
    assert build_annoy(stored, tmp_path / "a.ann", 0.5).stopped is False


@pytest.mark.usefixtures("slow_scan")
def test_an_index_whose_calibration_ran_out_of_time_is_there_and_says_so(
    make_features: MakeFeatures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(step=50.0)  # seconds go by whenever it is looked at
    monkeypatch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    stages: list[str] = []
    with writing(tmp_path / "index") as working:
        make_features(working, 300)
        manifest = publish(
            tmp_path / "index",
            model_location="small",
            choice="annoy",
            progress=lambda stage, done, total: stages.append(stage),
        )
    assert manifest.note.startswith("calibration was stopped after ")
    assert "growing 48 trees" in stages
    assert "growing 96 trees" not in stages  # what is left of the time is theirs
    assert Manifest.read(tmp_path / "index").note == manifest.note


@pytest.fixture
def copies_index(
    make_features: MakeFeatures, stored: Vectors, draw_vectors: DrawVectors, tmp_path: Path, slow_scan: None
) -> Path:
    """An index of 2,000 photographs, many with one vector."""
    import h5py

    directory = tmp_path / "index"
    with writing(directory) as working:
        make_features(working, 2000)
        with h5py.File(working, "r+") as file:
            file["vectors"][:] = stored
        publish(directory, model_location="small", choice="annoy", recall=0.9)
    return directory


def test_an_index_finds_every_copy(copies_index: Path, stored: Vectors) -> None:
    manifest = Manifest.read(copies_index)
    assert manifest.equal_rows == "equal-rows-000001.npy"
    (most,) = (rows for rows in plain_groups(stored) if len(rows) == 900)
    with Gallery.open(copies_index) as gallery:
        found = gallery.nearest(stored[most[:1]].astype(np.float32), 900)
        assert found.rows[0].tolist() == most
        assert found.cosines == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "pickle"])
def test_a_damaged_file_of_equal_rows(copies_index: Path, damage: str) -> None:
    path = copies_index / "equal-rows-000001.npy"
    content = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(content[:-80])
        case "other":
            EqualRows.of(np.eye(4, dtype=np.float16)).write(path)
        case "pickle":
            np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(IndexDirectoryError, match="index") as caught:
        Gallery.open(copies_index)
    assert "fashion index" in caught.value.hint


def test_a_new_index_takes_the_old_files_away(copies_index: Path, make_features: MakeFeatures) -> None:
    with writing(copies_index) as working:
        make_features(working, 60)
        publish(copies_index, model_location="small")
    assert not list(copies_index.glob("equal-rows*"))


def test_one_vector_alone_needs_no_trees(make_features: MakeFeatures, tmp_path: Path) -> None:
    import h5py

    with writing(tmp_path / "index") as working:
        make_features(working, 60)
        with h5py.File(working, "r+") as file:
            file["vectors"][:] = file["vectors"][0]
        manifest = publish(tmp_path / "index", model_location="small", choice="annoy")
    assert (manifest.kind, manifest.reason) == ("exact", "all photographs have the same vector")
